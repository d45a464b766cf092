//! Sets that only grow: elements are put in, asked for and read all together, but none is taken out.
//!
//! That is what the set tests of Jepsen do, and a search would have to follow up every subset of what is being put in
//! at the time. But what was read of such a set tells most of the order: the reads must be in the order of
//! inclusion, those that found the same are together, and each element came in between two of them.
//!
//! ```text
//!   the chain:   reads of {} ── 3 comes in ── reads of {3} ── 1 and 4 come in ── reads of {1 3 4} ── 2 comes in
//!                                   ╰ not before it was first asked to be put in, not after someone was told so
//! ```
//!
//! **An element** comes in with the first of its insertions that takes effect: with that which returned `true`,
//! if one did, and with the first that may have otherwise. Not after an insertion of it has returned, whatever it
//! returned, or a question that found it; and not before a question began that did not. If those leave
//! it a stretch of time, all other insertions of it and all questions find their moments too: whoever found it comes
//! after it, at once or at his own beginning, whoever did not comes at his beginning. So nothing remains of
//! them but the bounds.
//!
//! **The reads** order the rest. Of two that are not one in the other, each must come before the other one, which
//! cannot be. If there are none, all that is demanded is that some moments, each within its bounds, are not
//! in the wrong order: an element comes before the reads that found it, and after those that did not. As
//! the chain has no rings, there are such moments if and only if the earliest ones will do: each thing takes place
//! at the latest of the beginnings of its own and of all that must come before it. For no order can have
//! it earlier; and if all of these are within their bounds they are an order, in which what falls together
//! comes as in the chain.
//!
//! So of each place of the chain it is enough to know when it is over at the earliest. An operation that
//! returns moves bounds, or puts one more place into the chain, after which some of those behind it are over later; the
//! first time that something does not fit is the first break. A read costs as many steps as it found
//! elements, and all others a logarithm.
//!
//! What is unknown stays open: an insertion may bring its element in at any time from its invocation on, or never,
//! a look of which nothing is known forbids nothing. Sets with removals are judged by the others (see `parts`). Of
//! polynomial tests for sets with distinct elements, but without such reads, see Lee and Mathur (arXiv 2410.04581)
//! and Abdulla et al. (arXiv 2509.17795).

mod chain;
mod clash;
mod element;
mod order;
#[cfg(test)]
mod tests;

use super::finished::{NEVER, Place};
use super::zones::Conflict;
use chain::{By, Group, Limit};
use clash::Clash;
use element::{Element, Told};
use hashbrown::HashMap;
use simlab_core::{Call, Digest, OpId, Outcome, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasherDefault;

/// What an open operation is.
#[derive(Clone, Copy, Debug)]
enum Doing {
    /// It reads all.
    Read,
    /// It is that insertion of the element.
    Insert(u32, u32),
    /// It asks for the element.
    Contains(u32),
    /// It is something that a set cannot do.
    Nonsense,
}

/// A read or a question that was answered.
#[derive(Clone, Copy, Debug)]
struct Look {
    op: OpId,
    invoked: Place,
    found: Found,
}

#[derive(Clone, Copy, Debug)]
enum Found {
    /// So many elements.
    All(usize),
    /// This element, or not.
    One(u32, bool),
}

/// Judges one set as its history grows, as long as nothing is taken out.
#[derive(Clone, Debug, Default)]
pub(super) struct GrowOnly {
    now: Place,
    by_value: HashMap<Value, u32, BuildHasherDefault<Digest>>,
    elements: Vec<Element>,
    /// The reads that found the same, by how many elements they found.
    chain: BTreeMap<usize, Group>,
    /// Elements that no read found and that must have come in, by when at the latest.
    unread: BTreeSet<(Place, u32)>,
    open: BTreeMap<OpId, (Place, Doing)>,
    /// What was seen, for the order; `None` if nobody will ask for it.
    looks: Option<Vec<Look>>,
    /// Why it broke, and the operations that show it.
    clash: Option<(Clash, Conflict)>,
}

impl GrowOnly {
    /// Remembers what it takes to tell an order.
    pub(super) fn keep_trail(&mut self) {
        self.looks.get_or_insert_default();
    }

    /// An operation begins. Returns whether this is still a set that only grows.
    pub(super) fn invoke(&mut self, op: OpId, call: &Call) -> bool {
        self.now += 1;
        let invoked = self.now;
        self.begin(op, invoked, call)
    }

    /// An operation that may take effect at any time, and return anything. Returns the same.
    pub(super) fn free(&mut self, op: OpId, call: &Call) -> bool {
        let fits = self.begin(op, 0, call);
        self.open.remove(&op);
        fits
    }

    fn begin(&mut self, op: OpId, invoked: Place, call: &Call) -> bool {
        let doing = match call {
            Call::Read => Doing::Read,
            Call::Insert(value) => {
                let element = self.element(value);
                Doing::Insert(element, self.elements[element as usize].insert(op, invoked))
            }
            Call::Contains(value) => Doing::Contains(self.element(value)),
            Call::Remove(_) => return false,
            _ => Doing::Nonsense,
        };
        self.open.insert(op, (invoked, doing));
        true
    }

    /// The number of an element.
    fn element(&mut self, value: &Value) -> u32 {
        if let Some(&known) = self.by_value.get(value) {
            return known;
        }
        let fresh = self.elements.len() as u32;
        self.by_value.insert(value.clone(), fresh);
        self.elements.push(Element::default());
        fresh
    }

    /// An operation ends. Returns whether some order is still possible.
    pub(super) fn complete(&mut self, op: OpId, outcome: &Outcome) -> bool {
        self.now += 1;
        let Some((invoked, doing)) = self.open.remove(&op) else { return true };
        let found = match (outcome, doing) {
            (Outcome::Done(result), _) => self.done(op, invoked, doing, result),
            (Outcome::NotDone(_), Doing::Insert(element, place)) => {
                self.elements[element as usize].told(place, Told::Refused);
                self.moved(element)
            }
            (Outcome::NotDone(_) | Outcome::Unknown(_), _) => Ok(()),
        };
        self.clash = found.err().map(|clash| {
            let these = Conflict::These(self.evidence(&clash));
            (clash, these)
        });
        self.clash.is_none()
    }

    /// Why it broke, if it did.
    pub(super) fn conflict(&self) -> Option<&Conflict> {
        self.clash.as_ref().map(|(_, these)| these)
    }

    fn done(
        &mut self,
        op: OpId,
        invoked: Place,
        doing: Doing,
        result: &Value,
    ) -> Result<(), Clash> {
        let now = self.now;
        let (element, found) = match (doing, result) {
            (Doing::Read, Value::List(all)) => return self.read(op, invoked, all),
            (Doing::Insert(number, place), Value::Nil | Value::Bool(_)) => {
                let element = &mut self.elements[number as usize];
                let told = match result {
                    Value::Bool(true) => Told::Inserted,
                    Value::Bool(false) => Told::WasThere,
                    _ => Told::Done,
                };
                if let Some(other) = element.told(place, told) {
                    return Err(Clash::Twice { one: other, other: op, element: number });
                }
                element.is_in(now, op);
                return self.moved(number);
            }
            (Doing::Contains(element), Value::Bool(found)) => (element, *found),
            _ => return Err(Clash::Nonsense(op)),
        };
        if found {
            self.elements[element as usize].is_in(now, op);
        } else {
            self.elements[element as usize].was_missing(invoked, op);
        }
        self.looked(Look { op, invoked, found: Found::One(element, found) });
        self.moved(element)
    }

    fn looked(&mut self, look: Look) {
        if let Some(looks) = &mut self.looks {
            looks.push(look);
        }
    }

    /// The bounds of an element have moved: the later one to an earlier place, the earlier one to a later one.
    fn moved(&mut self, number: u32) -> Result<(), Clash> {
        let element = &self.elements[number as usize];
        let (from, until) = (element.from(), element.until());
        let size = element.read_in();
        if from == NEVER {
            let read = size.and_then(|size| Some(self.chain.get(&size)?.one));
            let seen = read.or_else(|| element.until_by());
            return seen.map_or(Ok(()), |seen| Err(Clash::Nowhere { element: number, seen }));
        }
        let by = By::Element(number);
        if until < from {
            return Err(Clash::Late { until: by, from: by });
        }
        if let Some(size) = size {
            if let Some(group) = self.chain.get_mut(&size) {
                group.bound(Limit { at: from, by }, Limit { at: until, by });
            }
            return self.settle(size);
        }
        if until < NEVER {
            self.unread.insert((until, number));
        }
        self.fit_unread()
    }
}
