//! Objects of which a finished history can be judged in polynomial time, and the first break of one.
//!
//! [`Polynomial::conflict`] judges a whole history. The history of an object is prefix-closed: if a prefix is
//! impossible, so is all that begins with it. So the shortest impossible prefix is found by bisection.

use crate::Specification;
use simlab_core::history::{Mark, Record};
use simlab_core::{Call, OpId, Outcome, Value};
use std::fmt;
use std::sync::Arc;

/// A place in the order of events: a sequence number of the trace. 0 is before all of them.
pub(super) type Place = u64;
/// The place of what never happens.
pub(super) const NEVER: Place = Place::MAX;

/// How an operation ended, as far as is known at some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known<'a> {
    /// It took effect and returned this.
    Done(&'a Value),
    /// It did not take effect.
    Refused,
    /// It may have taken effect, and may still do so.
    Open,
}

/// An operation as it is known at some place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Op<'a> {
    pub(super) op: OpId,
    pub(super) call: &'a Call,
    pub(super) invoked: Place,
    /// [`NEVER`] if it is open.
    pub(super) returned: Place,
    pub(super) known: Known<'a>,
}

impl<'a> Op<'a> {
    /// What is known of an operation once the event at `end` has happened; `None` if it had not begun.
    pub(super) fn at(record: &'a Record, end: Place) -> Option<Self> {
        let invoked = record.invoked.seq.get();
        let (op, call) = (record.op, &record.operation.call);
        let open = Op { op, call, invoked, returned: NEVER, known: Known::Open };
        let known = match &record.returned {
            Some((mark, outcome)) if mark.seq.get() <= end => match outcome {
                Outcome::Done(value) => {
                    Op { returned: mark.seq.get(), known: Known::Done(value), ..open }
                }
                Outcome::NotDone(_) => {
                    Op { returned: mark.seq.get(), known: Known::Refused, ..open }
                }
                Outcome::Unknown(_) => open,
            },
            _ => open,
        };
        (invoked <= end).then_some(known)
    }

    /// The same operation, of which nothing is known: it may take effect at any time, and return anything.
    pub(super) fn free(record: &'a Record) -> Self {
        let (op, call) = (record.op, &record.operation.call);
        Op { op, call, invoked: 0, returned: NEVER, known: Known::Open }
    }
}

/// What a polynomial test found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tested {
    /// There is an order.
    Possible,
    /// There is none. These operations show it, as far as can be told without another search.
    Impossible(Vec<OpId>),
    /// The test is not made for such a history.
    Unfit,
}

/// A polynomial test of one kind of object.
pub(super) trait Polynomial: Send + Sync + fmt::Debug {
    /// Judges all operations on one object.
    fn test(&self, ops: &[Op<'_>]) -> Tested;
}

/// What became of a finished history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finished {
    /// There is an order.
    Possible,
    /// This return ends the shortest prefix without one; these operations may show it.
    Broken(OpId, Mark, Vec<OpId>),
}

/// So often what a test has said is taken as a hint where to look.
const GUESSES: u32 = 8;

/// Judges a finished history of one object; `None` if the test is not made for it.
pub(super) fn finished(test: &dyn Polynomial, records: &[&Record]) -> Option<Finished> {
    let known = |end: Place| -> Vec<Op<'_>> {
        records.iter().filter_map(|record| Op::at(record, end)).collect()
    };
    let mut hint = match test.test(&known(NEVER)) {
        Tested::Possible => return Some(Finished::Possible),
        Tested::Impossible(hint) => hint,
        Tested::Unfit => return None,
    };
    let mut ends: Vec<(Mark, OpId)> = records
        .iter()
        .filter_map(|record| Some((record.returned.as_ref()?.0, record.op)))
        .collect();
    ends.sort_unstable();
    // The least return after which it is impossible. Mostly the last one of what is said to be so is it, and
    // before it all is possible.
    let (mut possible, mut broken) = (0, ends.len().checked_sub(1)?);
    let mut guesses = GUESSES;
    while possible < broken {
        let mut at = possible.midpoint(broken);
        if guesses > 0 && !hint.is_empty() {
            guesses -= 1;
            hint.sort_unstable();
            let said = |(_, op): &(Mark, OpId)| hint.binary_search(op).is_ok();
            let last = ends[..broken].iter().rposition(said).filter(|_| !said(&ends[broken]));
            at = last.unwrap_or(broken - 1).max(possible);
        }
        match test.test(&known(ends[at].0.seq.get())) {
            Tested::Possible => possible = at + 1,
            Tested::Impossible(found) => (broken, hint) = (at, found),
            Tested::Unfit => return None,
        }
    }
    let (mark, op) = ends[broken];
    Some(Finished::Broken(op, mark, hint))
}

/// The polynomial test for what behaves as `spec` says, if there is one.
pub(super) fn polynomial<S: Specification>(spec: &S) -> Option<Arc<dyn Polynomial>> {
    if let Some(initial) = spec.register() {
        return Some(Arc::new(super::chains::Chains { initial: initial.clone() }));
    }
    spec.is_queue().then(|| Arc::new(super::queues::Queues) as Arc<dyn Polynomial>)
}
