//! How big a run is.

use super::trial::Seen;
use crate::Concrete;
use simlab_core::{Choice, Point};

/// How much there is to understand in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Records of the trace.
    pub events: u64,
    /// Nodes, clients among them.
    pub nodes: usize,
    /// Client operations and raw orders.
    pub operations: usize,
    /// Faults.
    pub faults: usize,
    /// Choices that are not answered harmlessly; what processes draw for themselves counts if it is given.
    pub decisions: usize,
}

impl Size {
    pub(super) fn of(concrete: &Concrete<'_>, seen: &Seen, harm: &[(Point, u64)]) -> Self {
        let given = |point: &Point| concrete.script.answers.contains_key(point);
        let counts = |(point, _): &&(Point, u64)| point.choice != Choice::Random || given(point);
        Size {
            events: seen.events,
            nodes: concrete.nodes.len(),
            operations: concrete.operations.len() + concrete.commands.len(),
            faults: concrete.faults.len(),
            decisions: harm.iter().filter(counts).count(),
        }
    }
}
