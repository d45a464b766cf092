//! Online checkers: they watch the trace as it is written and object.

use crate::{Fields, NodeId, Time, TraceEvent};
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
    fn on_event(&mut self, event: &TraceEvent<'_>, view: &dyn View) -> Option<Violation>;
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
