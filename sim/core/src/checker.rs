//! Online checkers: they watch the trace as it is written and object.

use crate::{Fields, Kind, NodeId, Seq, Time, TraceEvent};
use std::fmt;

/// What a checker may look at besides the event itself.
pub trait View {
    /// The world's clock.
    fn now(&self) -> Time;
    /// How many nodes there are; their ids are below it.
    fn nodes(&self) -> u32;
    /// A node's name.
    fn name(&self, node: NodeId) -> &str;
    /// The name of the service that runs on a node; empty if nobody has said it.
    fn service(&self, _node: NodeId) -> &str {
        ""
    }
    /// A node's state, as its process shows it; `None` while it is down.
    fn inspect(&self, node: NodeId) -> Option<Fields>;
}

/// An objection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Violation {
    /// What is wrong, in one sentence.
    pub detail: String,
}

/// What of a run a checker judges. A run in which nobody looks at the datagrams takes less time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interest(u8);

impl Interest {
    /// Nothing.
    pub const NONE: Interest = Interest(0);
    /// Remarks of processes: [`Kind::Noted`].
    pub const NOTES: Interest = Interest(1);
    /// Operations of clients: [`Kind::Invoked`], [`Kind::Returned`].
    pub const OPERATIONS: Interest = Interest(1 << 1);
    /// What becomes of datagrams: [`Kind::Sent`], [`Kind::Delivered`], [`Kind::Dropped`],
    /// [`Kind::Corrupted`], [`Kind::Duplicated`], [`Kind::Replayed`].
    pub const DATAGRAMS: Interest = Interest(1 << 2);
    /// Records of all other kinds.
    pub const OTHERS: Interest = Interest(1 << 3);
    /// The states that handlers leave: [`Checker::after`].
    pub const STATES: Interest = Interest(1 << 4);
    /// All of it.
    pub const ALL: Interest = Interest((1 << 5) - 1);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Interest) -> Interest {
        Interest(self.0 | other.0)
    }

    /// Whether they have something in common.
    #[must_use]
    pub const fn overlaps(self, other: Interest) -> bool {
        self.0 & other.0 != 0
    }

    /// To what records of this kind belong.
    #[must_use]
    pub const fn of(kind: &Kind) -> Interest {
        match kind {
            Kind::Noted { .. } => Interest::NOTES,
            Kind::Invoked { .. } | Kind::Returned { .. } => Interest::OPERATIONS,
            Kind::Sent { .. }
            | Kind::Delivered { .. }
            | Kind::Dropped { .. }
            | Kind::Corrupted { .. }
            | Kind::Duplicated { .. }
            | Kind::Replayed { .. } => Interest::DATAGRAMS,
            _ => Interest::OTHERS,
        }
    }
}

/// One invariant, judged incrementally. It holds no more than it needs; it is copied with the
/// world when a run is forked.
pub trait Checker: CheckerErased + Send {
    /// The name under which reports and expectations know it.
    fn name(&self) -> &'static str;
    /// What it judges; it is not asked about the rest. Called once, when a world gets the checker.
    fn interest(&self) -> Interest {
        Interest::ALL
    }
    /// Judges one more event.
    ///
    /// An event that a node handles is written before its handler runs; for the state that the
    /// handler leaves there is [`Checker::after`].
    fn on_event(&mut self, event: &TraceEvent<'_>, view: &dyn View) -> Option<Violation>;
    /// Judges the state that `node` is in after it has handled the event `cause` and its effects were
    /// carried out.
    fn after(&mut self, _node: NodeId, _cause: Seq, _view: &dyn View) -> Option<Violation> {
        None
    }
}

/// Copies a boxed checker; every `Clone` checker has it.
pub trait CheckerErased {
    /// A copy that goes on independently.
    fn fork(&self) -> Box<dyn Checker>;
}

impl<C: Checker + Clone + 'static> CheckerErased for C {
    fn fork(&self) -> Box<dyn Checker> {
        Box::new(self.clone())
    }
}

impl fmt::Debug for dyn Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checker({})", self.name())
    }
}
