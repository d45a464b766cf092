//! Queues into which nothing is put twice, in O(n log n).
//!
//! Henzinger, Sezgin, Vafeiadis ("Aspect-Oriented Linearizability Proofs", CONCUR 2013) and Bouajjani, Emmi, Enea,
//! Hamza ("On Reducing Linearizability to State Reachability", ICALP 2015) name all that can be wrong; Lee
//! and Mathur (arXiv 2410.04581) and Abdulla et al. (arXiv 2509.17795) look for it fast:
//!
//! * an element is taken out that was not yet put in,
//! * or is taken out twice;
//! * one was put in before another one, but the other one was taken out before it, or it is still there;
//! * the queue is said to be empty, although at every moment something must have been in it.
//!
//! An open dequeue may have taken out any one element that is missing. That can only help: so for each missing
//! element it is found out by when it must be gone, and asked whether as many open dequeues began in
//! time.

use super::finished::{Known, NEVER, Op, Place, Polynomial, Tested};
use hashbrown::HashMap;
use simlab_core::{Call, Digest, Value};
use std::hash::BuildHasherDefault;

/// The test for queues into which nothing is put twice.
#[derive(Debug)]
pub(super) struct Queues;

/// An element that was taken out.
struct Element<'a> {
    put: &'a Op<'a>,
    taken: &'a Op<'a>,
}

/// The elements and whatever else a history says.
struct Story<'a> {
    /// Those that were taken out.
    taken: Vec<Element<'a>>,
    /// Those that were put in, and that nobody is known to have taken out, by when they were there.
    missing: Vec<&'a Op<'a>>,
    /// Dequeues that found nothing, by their returns.
    empty: Vec<&'a Op<'a>>,
    /// Where dequeues began of which nothing more is known, sorted.
    open: Vec<Place>,
}

impl Polynomial for Queues {
    fn test(&self, ops: &[Op<'_>]) -> Tested {
        let found = Story::of(ops).and_then(|story| {
            story.out_of_order()?;
            story.never_empty(story.deadlines()?)
        });
        found.map_or_else(|tested| tested, |()| Tested::Possible)
    }
}

fn impossible<'a>(ops: impl IntoIterator<Item = &'a Op<'a>>) -> Tested {
    Tested::Impossible(ops.into_iter().map(|op| op.op).collect())
}

/// By when each of the first missing elements must be gone; the others may stay.
type Deadlines = Vec<Place>;

impl<'a> Story<'a> {
    fn of(ops: &'a [Op<'a>]) -> Result<Self, Tested> {
        let mut places: HashMap<&Value, usize, BuildHasherDefault<Digest>> = HashMap::default();
        let mut all: Vec<(&Op<'_>, Option<&Op<'_>>)> = Vec::new();
        for op in ops {
            if let Call::Enqueue(value) = op.call {
                if places.insert(value, all.len()).is_some() || *value == Value::Nil {
                    return Err(Tested::Unfit);
                }
                all.push((op, None));
            }
        }
        let (mut empty, mut open) = (Vec::new(), Vec::new());
        for op in ops {
            match (op.call, op.known) {
                (Call::Dequeue, Known::Done(Value::Nil)) => empty.push(op),
                (Call::Dequeue, Known::Done(value)) => {
                    let Some(&place) = places.get(value) else { return Err(impossible([op])) };
                    let (put, taken) = &mut all[place];
                    if put.known == Known::Refused || op.returned < put.invoked {
                        return Err(impossible([*put, op]));
                    }
                    if let Some(other) = taken.replace(op) {
                        return Err(impossible([other, op]));
                    }
                }
                (Call::Dequeue, Known::Open) => open.push(op.invoked),
                (Call::Enqueue(_), Known::Done(Value::Nil)) => {}
                (_, Known::Done(_)) => return Err(impossible([op])),
                (_, Known::Open | Known::Refused) => {}
            }
        }
        open.sort_unstable();
        empty.sort_unstable_by_key(|op| op.returned);
        let (mut taken, mut missing) = (Vec::new(), Vec::new());
        for (put, out) in all {
            match out {
                Some(out) => taken.push(Element { put, taken: out }),
                // What was not put in for sure need not have been there.
                None if matches!(put.known, Known::Done(_)) => missing.push(put),
                None => {}
            }
        }
        missing.sort_unstable_by_key(|put| put.returned);
        Ok(Story { taken, missing, empty, open })
    }

    /// Looks for two of which the one was put in before the other one, and was taken out after it.
    fn out_of_order(&self) -> Result<(), Tested> {
        let mut by_put: Vec<&Element<'_>> = self.taken.iter().collect();
        by_put.sort_unstable_by_key(|element| element.put.invoked);
        let mut by_return = by_put.clone();
        by_return.sort_unstable_by_key(|element| element.put.returned);
        let mut before = by_return.into_iter().peekable();
        // Of those that were put in before, that which stayed longest.
        let mut longest: Option<&Element<'_>> = None;
        for other in by_put {
            while let Some(one) = before.next_if(|one| one.put.returned < other.put.invoked) {
                if longest.is_none_or(|most| one.taken.invoked > most.taken.invoked) {
                    longest = Some(one);
                }
            }
            if let Some(one) = longest.filter(|one| one.taken.invoked > other.taken.returned) {
                return Err(impossible([one.put, one.taken, other.put, other.taken]));
            }
        }
        Ok(())
    }

    /// Missing elements must be gone before one that was put in after them is.
    fn deadlines(&self) -> Result<Deadlines, Tested> {
        let mut by_put: Vec<&Element<'_>> = self.taken.iter().collect();
        by_put.sort_unstable_by_key(|element| element.put.invoked);
        let mut later = by_put.into_iter().rev().peekable();
        let mut least: Option<&Element<'_>> = None;
        let mut deadlines = vec![NEVER; self.missing.len()];
        for (missing, deadline) in self.missing.iter().zip(&mut deadlines).rev() {
            while let Some(other) = later.next_if(|other| other.put.invoked > missing.returned) {
                if least.is_none_or(|least| other.taken.returned < least.taken.returned) {
                    least = Some(other);
                }
            }
            *deadline = least.map_or(NEVER, |least| least.taken.returned);
        }
        // The earlier one was put in, the more come after it: the deadlines do not fall.
        deadlines.truncate(deadlines.partition_point(|at| *at < NEVER));
        if self.can_be_kept(&deadlines) {
            return Ok(deadlines);
        }
        Err(impossible(
            self.missing
                .iter()
                .copied()
                .take(deadlines.len())
                .chain(least.into_iter().flat_map(|least| [least.put, least.taken])),
        ))
    }

    /// Whether there are open dequeues that can have taken the first missing elements out in time.
    fn can_be_kept(&self, deadlines: &[Place]) -> bool {
        if deadlines.len() > self.open.len() {
            return false;
        }
        let mut sorted = deadlines.to_vec();
        sorted.sort_unstable();
        // The earliest that is left does for the most urgent.
        sorted.iter().zip(&self.open).all(|(until, began)| began < until)
    }

    /// Looks for a dequeue that found nothing although something was there all the time.
    fn never_empty(&self, mut deadlines: Deadlines) -> Result<(), Tested> {
        // When something is certainly there that was taken out later, as stretches that do not touch.
        let mut stretches: Vec<(Place, Place)> = self
            .taken
            .iter()
            .map(|Element { put, taken }| (put.returned, taken.invoked))
            .filter(|(from, until)| from < until)
            .collect();
        stretches.sort_unstable();
        let mut merged: Vec<(Place, Place)> = Vec::new();
        for (from, until) in stretches {
            match merged.last_mut() {
                Some((_, end)) if from <= *end => *end = (*end).max(until),
                _ => merged.push((from, until)),
            }
        }
        for op in &self.empty {
            let kept = self.moments(&merged, op).into_iter().find_map(|at| {
                // All that is missing and was there by then must be gone by then.
                let there = self.missing.partition_point(|put| put.returned < at);
                if there > self.open.len() {
                    return None;
                }
                let mut sooner = deadlines.clone();
                sooner.resize(there.max(deadlines.len()), NEVER);
                sooner[..there].iter_mut().for_each(|until| *until = at.min(*until));
                self.can_be_kept(&sooner).then_some(sooner)
            });
            let Some(kept) = kept else { return Err(impossible([*op])) };
            deadlines = kept;
        }
        Ok(())
    }

    /// The moments during an operation at which nothing need be there of what was taken out later, the latest
    /// first: one for each different set of missing elements that must be gone by then, as far as there
    /// are enough open dequeues.
    fn moments(&self, stretches: &[(Place, Place)], op: &Op<'_>) -> Vec<Place> {
        let mut moments = Vec::new();
        let after = stretches.partition_point(|(from, _)| *from < op.returned);
        let mut until = op.returned;
        let before = stretches[..after].iter().rev().take_while(|(_, end)| *end > op.invoked);
        for &(from, end) in before.chain(&[(0, op.invoked)]) {
            if end < until {
                moments.push(until);
                let few = self.missing.iter().take(self.open.len() + 1).rev();
                let within = few.map(|put| put.returned).filter(|at| (end..until).contains(at));
                moments.extend(within);
            }
            until = from;
        }
        moments
    }
}
