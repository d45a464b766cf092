//! Online checkers: they watch the trace as it is written and object.

use crate::{Fields, NodeId, Seq, Time, TraceEvent};
use std::fmt;

/// What a checker may look at besides the event itself.
pub trait View {
    /// The world's clock.
    fn now(&self) -> Time;
    /// How many nodes there are; their ids are below it.
    fn nodes(&self) -> u32;
    /// A node's name.
    fn name(&self, node: NodeId) -> &str;
    /// A node's state, as its process shows it; `None` while it is down.
    fn inspect(&self, node: NodeId) -> Option<Fields>;
}

/// An objection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Violation {
    /// What is wrong, in one sentence.
    pub detail: String,
}

/// One invariant, judged incrementally. It holds no more than it needs; it is copied with the
/// world when a run is forked.
pub trait Checker: CheckerErased + Send {
    /// The name under which reports and expectations know it.
    fn name(&self) -> &'static str;
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
