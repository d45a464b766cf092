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
            story.overdue()?;
            story.never_empty()
        });
        found.map_or_else(|tested| tested, |()| Tested::Possible)
    }
}

fn impossible<'a>(ops: impl IntoIterator<Item = &'a Op<'a>>) -> Tested {
    Tested::Impossible(ops.into_iter().map(|op| op.op).collect())
}

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

    /// Looks for missing elements that must be gone before one that was put in after them is, without enough open
    /// dequeues that began in time.
    fn overdue(&self) -> Result<(), Tested> {
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
        // The earliest that is left does for the most urgent.
        let in_time = self.open.iter().zip(&deadlines).all(|(began, until)| began < until);
        if in_time && deadlines.len() <= self.open.len() {
            return Ok(());
        }
        Err(impossible(
            self.missing
                .iter()
                .copied()
                .take(deadlines.len())
                .chain(least.into_iter().flat_map(|least| [least.put, least.taken])),
        ))
    }

    /// Looks for a dequeue that found nothing although something was there all the time.
    fn never_empty(&self) -> Result<(), Tested> {
        let calm = common(&self.without_taken(), &self.without_missing());
        let never = self.empty.iter().find(|op| {
            let after = calm.partition_point(|(_, until)| *until <= op.invoked);
            calm.get(after).is_none_or(|(from, _)| *from >= op.returned)
        });
        never.map_or(Ok(()), |op| Err(impossible([*op])))
    }

    /// When nothing need be there of what was taken out later.
    fn without_taken(&self) -> Stretches {
        let there = |Element { put, taken }: &Element<'_>| (put.returned, taken.invoked);
        let mut there: Vec<_> = self.taken.iter().map(there).collect();
        there.retain(|(from, until)| from < until);
        there.sort_unstable();
        let (mut stretches, mut end) = (Vec::new(), 0);
        for (from, until) in there {
            if end < from {
                stretches.push((end, from));
            }
            end = end.max(until);
        }
        stretches.push((end, NEVER));
        stretches
    }

    /// When all missing elements that were there before can be gone: as many open dequeues must have begun. That
    /// is all, since whichever of them take the first ones out, those that are taken out by any time
    /// are the first.
    fn without_missing(&self) -> Stretches {
        let mut stretches = Vec::new();
        let mut end = 0;
        for there in 0..=self.missing.len().min(self.open.len()) {
            let began = there.checked_sub(1).map_or(0, |last| self.open[last]);
            let next = self.missing.get(there).map_or(NEVER, |put| put.returned);
            let from = began.max(end);
            if from < next {
                stretches.push((from, next));
            }
            end = next;
        }
        stretches
    }
}

/// Stretches of time in order, each of which begins after a place and ends at one. They do not overlap.
type Stretches = Vec<(Place, Place)>;

/// The stretches that are in both.
fn common(one: &Stretches, other: &Stretches) -> Stretches {
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    let mut both = Vec::new();
    while let (Some(&&(from, until)), Some(&&(began, ended))) = (one.peek(), other.peek()) {
        let (from, end) = (from.max(began), until.min(ended));
        if from < end {
            both.push((from, end));
        }
        if until <= ended {
            one.next();
        } else {
            other.next();
        }
    }
    both
}
