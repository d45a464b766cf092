//! Every message once and in order, judged over all lives of both ends.

use simlab_core::{Checker, Env, Interest, Invariant, Kind, NodeId, TraceEvent, View, Violation};
use std::collections::BTreeMap;

/// What strict sinks promise.
pub(super) const EXACTLY_ONCE_IN_ORDER: Invariant = Invariant {
    name: "exactly_once_in_order",
    summary: "a strict sink gets every message once, in order, undamaged, and none of an earlier life",
    build: || Box::new(ExactlyOnceInOrder::default()),
};

const STARTED: &str = "message.sink-started";
/// `a`: the number. `b`: the source, and its life in the lower half.
const PASSED: &str = "message.passed";
/// `a`: the source.
const BROKEN: &str = "message.broken";

pub(super) fn note_started(env: &mut Env<'_>) {
    env.note(STARTED, 0, 0);
}

pub(super) fn note_passed(from: NodeId, life: u32, number: u64, env: &mut Env<'_>) {
    env.note(PASSED, number, u64::from(from.0) << 32 | u64::from(life));
}

pub(super) fn note_damaged(from: NodeId, env: &mut Env<'_>) {
    env.note(BROKEN, from.0.into(), 0);
}

/// What a sink has got from a source, by the one's and the other's last life.
#[derive(Clone, Copy, Debug, Default)]
struct Stream {
    life: u32,
    next: u64,
    /// Whether the sink is in another life than when it got the last message: what was on its way to the
    /// earlier one is lost, so that numbers may be missing, but none may come again.
    restarted: bool,
}

#[derive(Clone, Debug, Default)]
struct ExactlyOnceInOrder {
    /// By sink and source.
    streams: BTreeMap<(NodeId, NodeId), Stream>,
    /// How often each sink has started.
    starts: BTreeMap<NodeId, u32>,
}

impl ExactlyOnceInOrder {
    fn passed(&mut self, sink: NodeId, from: NodeId, life: u32, number: u64) -> Option<String> {
        // What was sent to an earlier life of the sink that got nothing is lost as well.
        let restarted = self.starts.get(&sink).is_some_and(|starts| *starts > 1);
        let fresh = Stream { restarted, ..Stream::default() };
        let stream = self.streams.entry((sink, from)).or_insert(fresh);
        if life < stream.life {
            return Some(format!(
                "message {number} of life {life} after one of life {}",
                stream.life
            ));
        }
        if life > stream.life {
            *stream = Stream { life, next: 0, restarted: stream.restarted };
        }
        let next = stream.next;
        if number < next {
            return Some(format!("message {number} again, after message {}", next - 1));
        }
        if number > next && !stream.restarted {
            return Some(format!("message {number}, and message {next} has not come"));
        }
        (stream.next, stream.restarted) = (number.saturating_add(1), false);
        None
    }
}

impl Checker for ExactlyOnceInOrder {
    fn name(&self) -> &'static str {
        EXACTLY_ONCE_IN_ORDER.name
    }

    fn interest(&self) -> Interest {
        Interest::NOTES
    }

    fn on_event(&mut self, event: &TraceEvent<'_>, view: &dyn View) -> Option<Violation> {
        let sink = event.node?;
        let Kind::Noted { name, a, b } = event.kind else { return None };
        let (from, what) = match name {
            STARTED => {
                *self.starts.entry(sink).or_default() += 1;
                let own = self.streams.iter_mut().filter(|((of, _), _)| *of == sink);
                own.for_each(|(_, stream)| stream.restarted = true);
                return None;
            }
            PASSED => {
                let from = NodeId((b >> 32) as u32);
                (from, self.passed(sink, from, b as u32, a)?)
            }
            BROKEN => (NodeId(u32::try_from(a).ok()?), "a damaged message".to_owned()),
            _ => return None,
        };
        let (sink, from) = (view.name(sink), view.name(from));
        Some(Violation { detail: format!("{sink} gets {what}, from {from}") })
    }
}
