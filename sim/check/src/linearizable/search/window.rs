//! The window: operations that are open, and what each of them would do in which state.
//!
//! An operation together with a result is a *fact* and has a bit in the configurations, of its own as long as
//! the operation is open. One whose result is foreseen has one for that, and one for any other if that is
//! possible at all.

use super::bits::Bits;
use super::states::{StateId, States};
use crate::Specification;
use crate::linearizable::finished::{NEVER, Place};
use crate::linearizable::foreseen::Foreseen;
use simlab_core::{Call, OpId, Value};
use std::collections::BTreeMap;

/// The bit of an operation with a result.
pub(super) type Fact = u32;

/// What an operation does in some state.
#[derive(Clone, Copy, Debug)]
pub(super) enum Effect {
    /// It is impossible there, or what it returns is not what it will return.
    Nothing,
    /// It changes nothing.
    Looks(Fact),
    /// It leads to another state, which has a number only if [`Window::leads`] is asked for it: most are
    /// never entered.
    Moves(Fact),
}

/// Of states with higher numbers than this nothing is remembered.
const REMEMBERED: usize = 1 << 16;

/// So much is remembered of all operations together.
const REMEMBERED_IN_ALL: usize = 1 << 22;

/// So many bytes may be remembered of what is seen in the states: with results that nobody has foreseen there are as
/// many facts as states.
const SEEN_MAX: usize = 1 << 26;

/// Something that was found out about states.
#[derive(Clone, Debug)]
pub(super) struct Memo<T>(Vec<Option<T>>);

/// Of so many states each of `many` operations may remember something.
fn remembered(many: usize) -> usize {
    (REMEMBERED_IN_ALL / many.max(1)).min(REMEMBERED)
}

impl<T: Clone> Memo<T> {
    pub(super) const fn new() -> Self {
        Memo(Vec::new())
    }

    pub(super) fn get(&self, state: StateId) -> Option<&T> {
        self.0.get(state as usize)?.as_ref()
    }

    /// Remembers what was found out, as one of so many operations.
    pub(super) fn put(&mut self, state: StateId, found: T, many: usize) {
        let at = state as usize;
        if at >= remembered(many) {
            return;
        }
        if self.0.len() <= at {
            self.0.resize(at + 1, None);
        }
        self.0[at] = Some(found);
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

/// An operation of the window.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) op: OpId,
    pub(super) call: Call,
    /// All its facts.
    pub(super) facts: Bits,
    /// The results that the search met.
    results: BTreeMap<Value, Fact>,
    /// The result that it will return or returns now, if that is known.
    pub(super) wanted: Option<(Value, Fact)>,
    /// It returns anything but what is wanted.
    other: Option<Fact>,
    /// Nothing is followed up in which it returns anything but what is wanted.
    certain: bool,
    /// Where it returns, if that is known.
    at: Place,
    /// Those of a class have the same call and will return the same.
    pub(super) class: u64,
    effects: Memo<Effect>,
    /// Where it leads from the states in which it was let take effect.
    leads: Memo<StateId>,
}

impl Open {
    pub(super) fn wants(&self, fact: Fact) -> bool {
        self.wanted.as_ref().is_some_and(|(_, wanted)| *wanted == fact)
    }
}

/// The operations that are open, in the order of invocation.
#[derive(Clone, Debug)]
pub(super) struct Window {
    open: Vec<Open>,
    /// Their places, those of a class beside each other, in the order in which they return.
    by_class: Vec<usize>,
    /// The facts that are taken.
    facts: Bits,
    classes: u64,
    /// What those that change nothing there return, by state.
    looks: Memo<Bits>,
    /// How much memory that takes beside the size of its type, in bytes.
    seen: usize,
}

impl Window {
    pub(super) const fn new() -> Self {
        Window {
            open: Vec::new(),
            by_class: Vec::new(),
            facts: Bits::new(),
            classes: 0,
            looks: Memo::new(),
            seen: 0,
        }
    }

    pub(super) fn find(&self, op: OpId) -> Option<usize> {
        self.open.iter().position(|open| open.op == op)
    }

    pub(super) fn get(&self, index: usize) -> &Open {
        &self.open[index]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Open> {
        self.open.iter()
    }

    pub(super) const fn len(&self) -> usize {
        self.open.len()
    }

    /// The place of an operation, class by class, and in a class in the order in which they return.
    pub(super) fn by_class(&self, turn: usize) -> usize {
        self.by_class[turn]
    }

    /// An operation enters. Returns its place.
    pub(super) fn enter(&mut self, op: OpId, call: &Call, foreseen: &Foreseen) -> usize {
        let (results, facts) = (BTreeMap::new(), Bits::new());
        let (mut wanted, mut at, mut certain) = (None, NEVER, false);
        if let Foreseen::Done { result, at: place, certain: sure } = foreseen {
            wanted = Some((result.clone(), 0));
            (at, certain) = (*place, *sure);
        }
        let told = |open: &Open| open.wanted.as_ref().map(|(told, _)| told.clone());
        let same = self.open.iter().find(|open| {
            at != NEVER
                && open.at != NEVER
                && open.certain == certain
                && open.call == *call
                && told(open).as_ref() == wanted.as_ref().map(|(told, _)| told)
        });
        let class = same.map_or_else(
            || {
                self.classes += 1;
                self.classes
            },
            |open| open.class,
        );
        let (call, effects, leads) = (call.clone(), Memo::new(), Memo::new());
        let index = self.open.len();
        let other = None;
        self.open.push(Open {
            op,
            call,
            facts,
            results,
            wanted,
            other,
            certain,
            at,
            class,
            effects,
            leads,
        });
        if self.open[index].wanted.is_some() {
            let fact = self.fact(index);
            if let Some((_, wanted)) = &mut self.open[index].wanted {
                *wanted = fact;
            }
        }
        self.changed();
        index
    }

    /// An operation leaves. Returns it; its facts may be others' from now on.
    pub(super) fn leave(&mut self, index: usize) -> Open {
        let open = self.open.remove(index);
        self.facts.remove(&open.facts);
        self.changed();
        open
    }

    fn changed(&mut self) {
        self.forget_looks();
        let Window { open, by_class, .. } = self;
        by_class.clear();
        by_class.extend(0..open.len());
        by_class.sort_by_key(|at| (open[*at].class, open[*at].at));
    }

    /// States have new numbers.
    pub(super) fn forget(&mut self) {
        self.forget_looks();
        for open in &mut self.open {
            open.effects.forget();
            open.leads.forget();
        }
    }

    /// One more fact of an operation.
    fn fact(&mut self, index: usize) -> Fact {
        let fact = self.facts.first_missing();
        self.facts.put(fact);
        self.open[index].facts.put(fact);
        fact
    }

    fn result(&mut self, index: usize, value: &Value) -> Fact {
        if let Some(known) = self.open[index].results.get(value) {
            return *known;
        }
        let fact = self.fact(index);
        self.open[index].results.insert(value.clone(), fact);
        fact
    }

    /// The results that the search met of an operation of which none was foreseen, with their facts.
    pub(super) fn results(&self, index: usize) -> &BTreeMap<Value, Fact> {
        &self.open[index].results
    }

    /// An operation that nobody has foreseen returns. Returns the facts that say so, and the one that is used
    /// from now on.
    pub(super) fn want<S: Specification>(
        &mut self,
        spec: &S,
        index: usize,
        told: &Value,
    ) -> (Bits, Fact) {
        let wanted = self.result(index, told);
        let open = &mut self.open[index];
        let mut fitting = Bits::new();
        for (value, fact) in &open.results {
            if spec.fits(&open.call, value, told) {
                fitting.put(*fact);
            }
        }
        open.wanted = Some((told.clone(), wanted));
        open.effects.forget();
        self.forget_looks();
        (fitting, wanted)
    }

    /// What an operation does in a state.
    pub(super) fn effect<S: Specification>(
        &mut self,
        index: usize,
        state: StateId,
        spec: &S,
        states: &States<S::State>,
    ) -> Effect {
        if let Some(known) = self.open[index].effects.get(state) {
            return *known;
        }
        let effect = self.find_out(index, state, spec, states);
        let many = self.open.len();
        self.open[index].effects.put(state, effect, many);
        effect
    }

    /// The state to which an operation leads from another; the same if it is impossible there.
    pub(super) fn leads<S: Specification>(
        &mut self,
        index: usize,
        state: StateId,
        spec: &S,
        states: &mut States<S::State>,
    ) -> StateId {
        let many = self.open.len();
        let Open { call, leads, .. } = &mut self.open[index];
        if let Some(known) = leads.get(state) {
            return *known;
        }
        let to = states.after(spec, state, call);
        leads.put(state, to, many);
        to
    }

    fn find_out<S: Specification>(
        &mut self,
        index: usize,
        state: StateId,
        spec: &S,
        states: &States<S::State>,
    ) -> Effect {
        let open = &self.open[index];
        let here = states.get(state);
        let Some((next, value)) = spec.apply(here, &open.call) else { return Effect::Nothing };
        let stays = next == *here;
        let fact = match &open.wanted {
            None => self.result(index, &value),
            Some((told, fact)) if spec.fits(&open.call, &value, told) => *fact,
            // What does not fit stays possible until it returns, unless it is certain. To have seen it
            // is of no use.
            Some(_) if stays || open.certain => return Effect::Nothing,
            Some(_) => match open.other {
                Some(other) => other,
                None => {
                    let other = self.fact(index);
                    self.open[index].other = Some(other);
                    other
                }
            },
        };
        if stays { Effect::Looks(fact) } else { Effect::Moves(fact) }
    }

    /// What all operations that change nothing in a state return there.
    pub(super) fn looks<S: Specification>(
        &mut self,
        state: StateId,
        spec: &S,
        states: &States<S::State>,
    ) -> Bits {
        if let Some(known) = self.looks.get(state) {
            return known.clone();
        }
        let mut looks = Bits::new();
        for index in 0..self.open.len() {
            if let Effect::Looks(fact) = self.effect(index, state, spec, states) {
                looks.put(fact);
            }
        }
        if self.seen + looks.weight() <= SEEN_MAX {
            self.seen += looks.weight();
            self.looks.put(state, looks.clone(), self.open.len());
        }
        looks
    }

    fn forget_looks(&mut self) {
        self.looks.forget();
        self.seen = 0;
    }
}
