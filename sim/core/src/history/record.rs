//! The record of the client history: every operation that clients invoked, and how it ended.
//!
//! ```text
//!   Record:   invoked ├────────────┤ returned: done(result) / not done
//!             invoked ├─────────────────────▶  unknown, or never completed: may still take effect
//! ```
//!
//! The kernel writes it from the processes' effects, the checkers of `simlab-check` read it. What would make it meaningless is refused with a [`HistoryError`] and leaves it as it was: a
//! user's process can cause that, so it is no panic.

use super::{Operation, Outcome, Value};
use crate::{NodeId, OpId, Seq, Session, Time};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Where in the trace, and when, something happened. Marks are ordered by their sequence numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// The trace record.
    pub seq: Seq,
    /// The world's clock.
    pub at: Time,
}

/// One operation of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its id.
    pub op: OpId,
    /// The logical thread of the client that invoked it.
    pub session: Session,
    /// What was asked.
    pub operation: Operation,
    /// When it began.
    pub invoked: Mark,
    /// When and how it ended; `None` while it is open, for ever if its client crashed.
    pub returned: Option<(Mark, Outcome)>,
}

impl Record {
    /// What it returned, if it is certain that it took effect.
    #[must_use]
    pub const fn result(&self) -> Option<&Value> {
        match &self.returned {
            Some((_, Outcome::Done(value))) => Some(value),
            _ => None,
        }
    }

    /// Whether it is certain that it did not take effect and never will.
    #[must_use]
    pub const fn refused(&self) -> bool {
        matches!(self.returned, Some((_, Outcome::NotDone(_))))
    }

    /// Whether it may have taken effect, and may do so at any later time: it was never completed,
    /// or as unknown.
    #[must_use]
    pub const fn pending(&self) -> bool {
        matches!(self.returned, None | Some((_, Outcome::Unknown(_))))
    }

    /// Whether it had returned, however, before the point `mark`.
    #[must_use]
    pub fn returned_before(&self, mark: Mark) -> bool {
        self.returned.as_ref().is_some_and(|(returned, _)| *returned < mark)
    }
}

/// Why something cannot be part of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryError {
    /// The id was used before.
    Reinvoked(OpId),
    /// The session still has an open operation.
    Overlap {
        /// The operation that was refused.
        op: OpId,
        /// The session.
        session: Session,
        /// The operation that is still open.
        open: OpId,
    },
    /// The session has an operation whose outcome is unknown and which may still take effect.
    Retired {
        /// The operation that was refused.
        op: OpId,
        /// The session.
        session: Session,
        /// The operation that ended unknown.
        unknown: OpId,
    },
    /// An operation ended that never began.
    NotInvoked(OpId),
    /// An operation ended twice.
    CompletedTwice(OpId),
    /// The event does not come after the last one.
    Backwards(OpId),
}

impl fmt::Display for HistoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |op: &OpId| format!("operation {}", op.number());
        match self {
            Self::Reinvoked(op) => write!(f, "{} was invoked twice", name(op)),
            Self::Overlap { op, session, open } => write!(
                f,
                "{} was invoked in session {} while operation {} was open there",
                name(op),
                session.0,
                open.number()
            ),
            Self::Retired { op, session, unknown } => write!(
                f,
                "{} was invoked in session {}, which operation {} retired by ending unknown",
                name(op),
                session.0,
                unknown.number()
            ),
            Self::NotInvoked(op) => write!(f, "{} was completed but never invoked", name(op)),
            Self::CompletedTwice(op) => write!(f, "{} was completed twice", name(op)),
            Self::Backwards(op) => {
                write!(f, "an event of {} is not later than the one before it", name(op))
            }
        }
    }
}

impl std::error::Error for HistoryError {}

/// Which of the two ends of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// Its invocation.
    Invoked,
    /// Its return.
    Returned,
}

/// All operations of a run, in the order of their invocation. Copies share their records until one
/// of them is written to.
#[derive(Clone, Debug, Default)]
pub struct History {
    shared: Arc<Shared>,
}

#[derive(Clone, Debug, Default)]
struct Shared {
    records: Vec<Record>,
    index: BTreeMap<OpId, usize>,
    /// The operation that a session is busy with, or that retired it.
    busy: BTreeMap<(NodeId, Session), OpId>,
    last: Option<Seq>,
}

impl History {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        History::default()
    }

    /// Adds an operation.
    ///
    /// # Errors
    /// If its id was used before, its session is busy or retired, or `mark` is not later than all
    /// before it. The history is then as it was.
    pub fn invoke(
        &mut self,
        op: OpId,
        session: Session,
        operation: Operation,
        mark: Mark,
    ) -> Result<(), HistoryError> {
        if self.shared.index.contains_key(&op) {
            return Err(HistoryError::Reinvoked(op));
        }
        if let Some(&other) = self.shared.busy.get(&(op.node(), session)) {
            let open = self.get(other).is_some_and(|record| record.returned.is_none());
            return Err(if open {
                HistoryError::Overlap { op, session, open: other }
            } else {
                HistoryError::Retired { op, session, unknown: other }
            });
        }
        self.check_order(op, mark)?;
        let shared = Arc::make_mut(&mut self.shared);
        shared.last = Some(mark.seq);
        shared.index.insert(op, shared.records.len());
        shared.busy.insert((op.node(), session), op);
        shared.records.push(Record { op, session, operation, invoked: mark, returned: None });
        Ok(())
    }

    /// Ends an operation.
    ///
    /// # Errors
    /// If it was never invoked or has ended already, or `mark` is not later than all before it. The
    /// history is then as it was.
    pub fn complete(&mut self, op: OpId, outcome: Outcome, mark: Mark) -> Result<(), HistoryError> {
        let &index = self.shared.index.get(&op).ok_or(HistoryError::NotInvoked(op))?;
        if self.shared.records[index].returned.is_some() {
            return Err(HistoryError::CompletedTwice(op));
        }
        self.check_order(op, mark)?;
        let shared = Arc::make_mut(&mut self.shared);
        shared.last = Some(mark.seq);
        let record = &mut shared.records[index];
        // An unknown operation stays in `busy`: it retires its session.
        if !matches!(outcome, Outcome::Unknown(_)) {
            shared.busy.remove(&(op.node(), record.session));
        }
        record.returned = Some((mark, outcome));
        Ok(())
    }

    fn check_order(&self, op: OpId, mark: Mark) -> Result<(), HistoryError> {
        match self.shared.last {
            Some(last) if mark.seq <= last => Err(HistoryError::Backwards(op)),
            _ => Ok(()),
        }
    }

    /// All operations, in the order of their invocation.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.shared.records
    }

    /// An operation by its id.
    #[must_use]
    pub fn get(&self, op: OpId) -> Option<&Record> {
        self.shared.index.get(&op).map(|&index| &self.shared.records[index])
    }

    /// The operations that were not completed, in the order of their invocation.
    pub fn open(&self) -> impl Iterator<Item = &Record> {
        self.records().iter().filter(|record| record.returned.is_none())
    }

    /// The names of the objects that operations were invoked on, sorted.
    #[must_use]
    pub fn objects(&self) -> Vec<&str> {
        let mut names: Vec<_> =
            self.records().iter().map(|r| r.operation.object.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The operations on one object, in the order of their invocation.
    pub fn on<'a>(&'a self, object: &'a str) -> impl Iterator<Item = &'a Record> {
        self.records().iter().filter(move |record| record.operation.object == object)
    }
}

/// The invocations and returns of some operations, in the order in which they happened.
pub fn events<'a>(
    records: impl IntoIterator<Item = &'a Record>,
) -> impl Iterator<Item = (Mark, End, &'a Record)> {
    let mut events = Vec::new();
    for record in records {
        events.push((record.invoked, End::Invoked, record));
        if let Some((mark, _)) = record.returned {
            events.push((mark, End::Returned, record));
        }
    }
    events.sort_unstable_by_key(|&(mark, ..)| mark.seq);
    events.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Call;
    use std::num::NonZeroU64;

    fn mark(n: u64) -> Mark {
        Mark { seq: Seq(NonZeroU64::new(n).expect("not zero")), at: Time(n) }
    }

    fn read() -> Operation {
        Operation { object: "x".into(), call: Call::Read }
    }

    fn op(number: u32) -> OpId {
        OpId::of(NodeId(3), number)
    }

    const S: Session = Session(0);

    #[test]
    fn a_session_does_one_thing_at_a_time() {
        let mut history = History::new();
        history.invoke(op(0), S, read(), mark(1)).expect("the session is free");
        let refused = history.invoke(op(1), S, read(), mark(2));
        assert_eq!(refused, Err(HistoryError::Overlap { op: op(1), session: S, open: op(0) }));
        history.invoke(op(1), Session(1), read(), mark(2)).expect("another session is free");
        let other = OpId::of(NodeId(4), 0);
        history.invoke(other, S, read(), mark(3)).expect("sessions belong to a node");
        history.complete(op(0), Outcome::Done(Value::Nil), mark(4)).expect("it was open");
        history.invoke(op(2), S, read(), mark(5)).expect("the session is free again");
        assert_eq!(history.open().map(|r| r.op).collect::<Vec<_>>(), [op(1), other, op(2)]);
    }

    #[test]
    fn an_unknown_outcome_retires_the_session() {
        let mut history = History::new();
        history.invoke(op(0), S, read(), mark(1)).expect("the session is free");
        history.complete(op(0), Outcome::Unknown("time-out".into()), mark(2)).expect("open");
        let refused = history.invoke(op(1), S, read(), mark(3)).expect_err("it is retired");
        assert_eq!(refused, HistoryError::Retired { op: op(1), session: S, unknown: op(0) });
        assert_eq!(
            refused.to_string(),
            "operation 1 was invoked in session 0, which operation 0 retired by ending unknown"
        );
        assert!(history.get(op(0)).is_some_and(Record::pending));
        assert_eq!(history.open().count(), 0);
    }

    #[test]
    fn an_operation_ends_once_and_a_refusal_changes_nothing() {
        let mut history = History::new();
        let done = || Outcome::Done(Value::Int(1));
        assert_eq!(history.complete(op(0), done(), mark(1)), Err(HistoryError::NotInvoked(op(0))));
        history.invoke(op(0), S, read(), mark(1)).expect("the session is free");
        assert_eq!(history.complete(op(0), done(), mark(1)), Err(HistoryError::Backwards(op(0))));
        history.complete(op(0), done(), mark(2)).expect("it was open");
        let again = history.complete(op(0), Outcome::Unknown(String::new()), mark(3));
        assert_eq!(again, Err(HistoryError::CompletedTwice(op(0))));
        let again = history.invoke(op(0), S, read(), mark(3));
        assert_eq!(again, Err(HistoryError::Reinvoked(op(0))));
        assert_eq!(history.get(op(0)).and_then(Record::result), Some(&Value::Int(1)));
        assert_eq!(history.records().len(), 1);
    }

    #[test]
    fn copies_go_their_own_ways() {
        let mut history = History::new();
        history.invoke(op(0), S, read(), mark(1)).expect("the session is free");
        let before = history.clone();
        history.complete(op(0), Outcome::NotDone("busy".into()), mark(2)).expect("it was open");
        assert_eq!((before.open().count(), history.open().count()), (1, 0));
    }

    #[test]
    fn events_are_in_the_order_of_the_trace() {
        let mut history = History::new();
        history.invoke(op(0), S, read(), mark(1)).expect("free");
        history.invoke(op(1), Session(1), read(), mark(2)).expect("free");
        history.complete(op(1), Outcome::Done(Value::Nil), mark(3)).expect("open");
        let order: Vec<_> = events(history.records()).map(|(_, end, r)| (end, r.op)).collect();
        let expected = [(End::Invoked, op(0)), (End::Invoked, op(1)), (End::Returned, op(1))];
        assert_eq!(order, expected);
    }
}
