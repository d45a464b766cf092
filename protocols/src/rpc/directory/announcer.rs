//! Who tells the registry, again and again, that a service is offered here.

use super::{invariant, registry};
use crate::rpc::client::{Client, Completed, Options};
use crate::rpc::message::{CallId, Semantics};
use simlab_core::{Duration, Env, Fields, NodeId, TimerKey};
use std::collections::BTreeSet;

/// The heart-beats of a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Announcer {
    registry: NodeId,
    /// From one to the next.
    every: Duration,
    /// Heart-beats that have not ended: when one is sent, the deadline of the one before is only just over.
    beats: BTreeSet<CallId>,
    told: u64,
    failed: u64,
}

/// What distinguishes its timer from those of others at the same port.
const TIMER: TimerKey = 1 << 42;

impl Announcer {
    /// Tells this registry so often; that is to be a third of its lease or less, so that two in a row may be lost.
    #[must_use]
    pub const fn new(registry: NodeId, every: Duration) -> Self {
        Announcer { registry, every, beats: BTreeSet::new(), told: 0, failed: 0 }
    }

    /// Tells the registry now, and from then on.
    ///
    /// A heart-beat has a deadline, which is the next one: the registry does not believe one that comes later, so that
    /// who is gone is gone after a lease and one heart-beat, however long the network holds things back.
    pub fn announce(
        &mut self,
        service: &str,
        client: &mut Client,
        env: &mut Env<'_>,
        done: &mut Vec<Completed>,
    ) {
        invariant::note_announced(self.every, env);
        env.set_timer(TIMER, self.every);
        let request = registry::register(service.to_owned());
        let options = Options::new(Semantics::AtLeastOnce, self.every);
        self.beats.insert(client.call(self.registry, &request, options, env, done).call);
    }

    /// Whether a timer is its own.
    #[must_use]
    pub const fn is_timer(&self, key: TimerKey) -> bool {
        key == TIMER
    }

    /// Takes out of `done` what was its own.
    pub fn take(&mut self, done: &mut Vec<Completed>) {
        done.retain(|Completed { call, result }| {
            let own = self.beats.remove(call);
            if own {
                self.told += u64::from(result.is_ok());
                self.failed += u64::from(result.is_err());
            }
            !own
        });
    }

    /// What it shows of itself.
    pub fn inspect(&self, view: &mut Fields) {
        view.int("heartbeats", self.told as i64);
        view.int("heartbeats_failed", self.failed as i64);
    }
}
