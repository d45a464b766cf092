//! No message waits longer for its fragments than it may.

use super::reassembly::Over;
use simlab_core::{
    Checker, Duration, Env, Interest, Invariant, Kind, NodeId, Time, TraceEvent, View, Violation,
};
use std::collections::{BTreeMap, BTreeSet};

/// Judged at every fragment that begins a message, by the clock of its node: a node that was paused or
/// busy may be late with its timer, but not after it has listened to the network again.
pub(super) const NO_STALE_PARTIAL: Invariant = Invariant {
    name: "no_stale_partial",
    summary: "no message waits longer for its fragments than the time-out",
    build: || Box::new(NoStalePartial::default()),
};

/// `a`: the time-out in nanoseconds. `b`: the life.
const STARTED: &str = "fragments.started";
/// `a`: the peer, and in the lower half which of its partial messages this is. `b`: the node's time.
const BEGUN: &str = "fragments.begun";
/// What a partial message comes to. `a`: as above. `b`: the message.
const OVER: [&str; 4] =
    ["fragments.passed", "fragments.timed-out", "fragments.evicted", "fragments.refused"];

pub(super) fn note_started(timeout: Duration, env: &mut Env<'_>) {
    env.note(STARTED, timeout.nanos(), env.life().into());
}

pub(super) fn note_begun(from: NodeId, number: u32, env: &mut Env<'_>) {
    let now = env.now();
    env.note(BEGUN, key(from, number), now.nanos());
}

pub(super) fn note_over(how: &'static str, from: NodeId, over: Over, env: &mut Env<'_>) {
    debug_assert!(OVER.contains(&how), "{how}");
    env.note(how, key(from, over.number), over.message);
}

fn key(from: NodeId, number: u32) -> u64 {
    u64::from(from.0) << 32 | u64::from(number)
}

/// What a node waits for.
#[derive(Clone, Debug, Default)]
struct Waiting {
    timeout: Duration,
    /// The partial messages, by peer and number, with the time at which each was begun.
    begun: BTreeMap<u64, Time>,
    /// The same by that time: the oldest first.
    by_age: BTreeSet<(Time, u64)>,
}

#[derive(Clone, Debug, Default)]
struct NoStalePartial {
    nodes: BTreeMap<NodeId, Waiting>,
}

impl Checker for NoStalePartial {
    fn name(&self) -> &'static str {
        NO_STALE_PARTIAL.name
    }

    fn interest(&self) -> Interest {
        Interest::NOTES
    }

    fn on_event(&mut self, event: &TraceEvent<'_>, view: &dyn View) -> Option<Violation> {
        let node = event.node?;
        let Kind::Noted { name, a, b } = event.kind else { return None };
        if name == STARTED {
            // What an earlier life waited for it has forgotten.
            let waiting = Waiting { timeout: Duration(a), ..Waiting::default() };
            self.nodes.insert(node, waiting);
            return None;
        }
        let waiting = self.nodes.get_mut(&node)?;
        if OVER.contains(&name) {
            if let Some(begun) = waiting.begun.remove(&a) {
                waiting.by_age.remove(&(begun, a));
            }
            return None;
        }
        if name != BEGUN {
            return None;
        }
        let now = Time(b);
        waiting.begun.insert(a, now);
        waiting.by_age.insert((now, a));
        let (begun, oldest) = *waiting.by_age.first()?;
        let age = now.since(begun);
        (age > waiting.timeout).then(|| {
            let peer = view.name(NodeId((oldest >> 32) as u32));
            let (node, timeout) = (view.name(node), waiting.timeout);
            let detail = format!(
                "{node} has waited {age} for fragments from {peer}, and the time-out is {timeout}"
            );
            Violation { detail }
        })
    }
}
