//! What must hold of calls, whatever they are for.

use super::steps::{DEADLINE, EXECUTE};
use simlab_core::{Checker, Interest, Invariant, Kind, TraceEvent, View, Violation};
use std::collections::{BTreeSet, VecDeque};

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
    /// The same, the first that was over first.
    order: VecDeque<u64>,
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
                if self.over.insert(trace) {
                    self.order.push_back(trace);
                }
                if self.order.len() > REMEMBERED_MAX
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.over.remove(&oldest);
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

#[cfg(test)]
mod tests {
    use super::*;
    use simlab_core::{Fields, NodeId, Seq, Time};
    use std::num::NonZeroU64;

    struct Nobody;

    impl View for Nobody {
        fn now(&self) -> Time {
            Time::ZERO
        }

        fn nodes(&self) -> u32 {
            0
        }

        fn name(&self, _: NodeId) -> &str {
            "somebody"
        }

        fn inspect(&self, _: NodeId) -> Option<Fields> {
            None
        }
    }

    /// What the checker says of a note that a node leaves about a trace.
    fn hears(checker: &mut NoWorkPastDeadline, node: u32, name: &'static str, trace: u64) -> bool {
        let event = TraceEvent {
            seq: Seq(NonZeroU64::MIN),
            at: Time::ZERO,
            node: Some(NodeId(node)),
            cause: None,
            kind: Kind::Noted { name, a: trace, b: 0 },
            bytes: &[],
        };
        checker.on_event(&event, &Nobody).is_some()
    }

    /// Node 1's traces have lower numbers than node 2's. Which is forgotten when there are too many depends on when they
    /// were over, and not on whose they are.
    #[test]
    fn what_was_over_first_is_forgotten_first() {
        let mut checker = NoWorkPastDeadline::default();
        let of = |node: u64, n: u64| node << 48 | n;
        for n in 0..REMEMBERED_MAX as u64 {
            assert!(!hears(&mut checker, 2, DEADLINE, of(2, n)));
            assert!(!hears(&mut checker, 2, DEADLINE, of(2, n)), "said twice, it counts once");
        }
        hears(&mut checker, 1, DEADLINE, of(1, 0));
        assert!(hears(&mut checker, 3, EXECUTE, of(1, 0)), "the newest");
        assert!(!hears(&mut checker, 3, EXECUTE, of(2, 0)), "the oldest");
        assert!(hears(&mut checker, 3, EXECUTE, of(2, 1)), "the next to go");
    }
}
