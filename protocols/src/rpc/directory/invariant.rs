//! What must hold of a registry.

use simlab_core::{
    Checker, Duration, Env, Interest, Invariant, Kind, NodeId, Time, TraceEvent, View, Violation,
};
use std::collections::BTreeMap;

/// What leases are for.
pub const DIRECTORY_FRESH: Invariant = Invariant {
    name: "directory_fresh",
    summary: "no look-up names a server that has been gone for longer than a lease and a heart-beat",
    build: || Box::new(DirectoryFresh::default()),
};

/// A server says that it is there. `a`: how often it does, in nanoseconds.
const ANNOUNCED: &str = "directory.announced";
/// A look-up names a server. `a`: which. `b`: how long a lease is, in nanoseconds.
const RETURNED: &str = "directory.returned";

pub(super) fn note_announced(every: Duration, env: &mut Env<'_>) {
    env.note(ANNOUNCED, every.nanos(), 0);
}

pub(super) fn note_returned(server: NodeId, lease: Duration, env: &mut Env<'_>) {
    env.note(RETURNED, server.0.into(), lease.nanos());
}

#[derive(Clone, Debug, Default)]
struct DirectoryFresh {
    /// The time from one heart-beat of each server to its next.
    beats: BTreeMap<NodeId, u64>,
    /// Since when those are down that are.
    down: BTreeMap<NodeId, Time>,
}

impl Checker for DirectoryFresh {
    fn name(&self) -> &'static str {
        DIRECTORY_FRESH.name
    }

    fn interest(&self) -> Interest {
        Interest::NOTES.and(Interest::OTHERS)
    }

    fn on_event(&mut self, event: &TraceEvent<'_>, view: &dyn View) -> Option<Violation> {
        let node = event.node?;
        match event.kind {
            Kind::Crashed | Kind::Halted => {
                self.down.entry(node).or_insert(event.at);
            }
            Kind::Restarted => {
                self.down.remove(&node);
            }
            Kind::Noted { name: ANNOUNCED, a: every, .. } => {
                self.beats.insert(node, every);
            }
            Kind::Noted { name: RETURNED, a: server, b: lease } => {
                let server = NodeId(u32::try_from(server).ok()?);
                let gone = event.at.since(*self.down.get(&server)?);
                let beat = self.beats.get(&server).copied().unwrap_or(0);
                let most = lease.saturating_add(beat);
                // A hundredth for clocks that run slow.
                if gone.nanos() > most.saturating_add(most / 100) {
                    let (who, server) = (view.name(node), view.name(server));
                    let detail = format!("{who} names {server}, gone for {} ms", gone.millis());
                    return Some(Violation { detail });
                }
            }
            _ => {}
        }
        None
    }
}
