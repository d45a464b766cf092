//! What must hold of calls, whatever they are for.

use super::steps::{DEADLINE, EXECUTE};
use simlab_core::{Checker, Interest, Invariant, Kind, TraceEvent, View, Violation};
use std::collections::BTreeSet;

/// What a deadline is for.
pub const NO_WORK_PAST_DEADLINE: Invariant = Invariant {
    name: "no_work_past_deadline",
    summary: "no procedure is begun for a call after the deadline of the call that it is made for",
    build: || Box::new(NoWorkPastDeadline::default()),
};

#[derive(Clone, Debug, Default)]
struct NoWorkPastDeadline {
    /// The traces for which nobody waits any more.
    over: BTreeSet<u64>,
}

/// So many traces are remembered; of older ones nothing is on its way any more.
const REMEMBERED_MAX: usize = 1 << 16;

impl Checker for NoWorkPastDeadline {
    fn name(&self) -> &'static str {
        NO_WORK_PAST_DEADLINE.name
    }

    fn interest(&self) -> Interest {
        Interest::NOTES
    }

    fn on_event(&mut self, event: &TraceEvent<'_>, view: &dyn View) -> Option<Violation> {
        match (event.node, event.kind) {
            // A nested call may have a deadline of its own, before that of its root.
            (Some(node), Kind::Noted { name: DEADLINE, a: trace, .. })
                if trace >> 48 == u64::from(node.0) =>
            {
                self.over.insert(trace);
                if self.over.len() > REMEMBERED_MAX {
                    self.over.pop_first();
                }
                None
            }
            (Some(node), Kind::Noted { name: EXECUTE, a: trace, .. })
                if self.over.contains(&trace) =>
            {
                let (who, call) = (view.name(node), trace & 0xffff_ffff);
                let root = u32::try_from(trace >> 48).ok().map(simlab_core::NodeId);
                let root = root.map_or("", |root| view.name(root));
                let detail =
                    format!("{who} begins to work for call {call} of {root}, which waits no more");
                Some(Violation { detail })
            }
            _ => None,
        }
    }
}
