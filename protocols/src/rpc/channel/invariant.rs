//! What must hold of circuit breakers.

use crate::rpc::govern::breaker::Config;
use simlab_core::{
    Checker, Env, Interest, Invariant, Kind, NodeId, Time, TraceEvent, View, Violation,
};
use std::collections::BTreeMap;

/// What half-open is for.
pub const RECOVERS: Invariant = Invariant {
    name: "recovers",
    summary: "who is refused by a breaker is refused no longer than it stays open without a probe",
    build: || Box::new(Recovers::default()),
};

/// A breaker opens. `a`: the server. `b`: the longest time until the next probe, in nanoseconds.
const OPENS: &str = "rpc.breaker-opens";
/// A call goes through as a probe. `a`, `b`: likewise.
const PROBE: &str = "rpc.breaker-probe";
/// A breaker closes. `a`: the server.
const CLOSES: &str = "rpc.breaker-closes";
/// A call is refused by a breaker. `a`: the server.
const SHUT: &str = "rpc.breaker-open";

/// After a probe that is lost it is open once more.
fn longest(config: &Config) -> u64 {
    config.open.nanos().saturating_add(config.probe_timeout.nanos())
}

pub(super) fn note_opens(server: NodeId, config: &Config, env: &mut Env<'_>) {
    env.note(OPENS, server.0.into(), longest(config));
}

pub(super) fn note_probe(server: NodeId, config: &Config, env: &mut Env<'_>) {
    env.note(PROBE, server.0.into(), longest(config));
}

pub(super) fn note_closes(server: NodeId, env: &mut Env<'_>) {
    env.note(CLOSES, server.0.into(), 0);
}

pub(super) fn note_shut(server: NodeId, env: &mut Env<'_>) {
    env.note(SHUT, server.0.into(), 0);
}

/// When the breaker of a caller for a server opened or probed last, and how long it may refuse calls since.
#[derive(Clone, Debug, Default)]
struct Recovers {
    open: BTreeMap<(NodeId, u64), (Time, u64)>,
}

impl Checker for Recovers {
    fn name(&self) -> &'static str {
        RECOVERS.name
    }

    fn interest(&self) -> Interest {
        Interest::NOTES
    }

    fn on_event(&mut self, event: &TraceEvent<'_>, view: &dyn View) -> Option<Violation> {
        let (Some(node), Kind::Noted { name, a: server, b }) = (event.node, event.kind) else {
            return None;
        };
        match name {
            OPENS | PROBE => {
                self.open.insert((node, server), (event.at, b));
            }
            CLOSES => {
                self.open.remove(&(node, server));
            }
            SHUT => {
                let (since, most) = self.open.get(&(node, server)).copied()?;
                // A hundredth for clocks that run slow.
                let spent = event.at.since(since).nanos();
                if spent > most.saturating_add(most / 100) {
                    let server = u32::try_from(server).map_or("", |n| view.name(NodeId(n)));
                    let detail = format!(
                        "{} refuses a call to {server}, and has let no probe through for {} ms",
                        view.name(node),
                        event.at.since(since).millis()
                    );
                    return Some(Violation { detail });
                }
            }
            _ => {}
        }
        None
    }
}
