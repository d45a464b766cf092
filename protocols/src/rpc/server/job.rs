//! A call at its server.

use super::monitor::JobId;
use crate::rpc::error::CallError;
use crate::rpc::message::{CallId, Header};
use simlab_core::{Env, NodeId, TimerKey};
use std::collections::{BTreeMap, BTreeSet};

/// A call that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Job<J> {
    pub(super) caller: NodeId,
    pub(super) header: Header,
    pub(super) stage: Stage<J>,
    /// What it has done so far.
    pub(super) effects: Vec<Vec<u8>>,
    /// Calls that it has made and that have not ended.
    pub(super) calls: BTreeSet<CallId>,
    /// What has come of others before it asked.
    pub(super) arrived: BTreeMap<CallId, Result<Vec<u8>, CallError>>,
}

/// What a call is at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage<J> {
    /// It waits for a worker, with its parameters.
    Queued(Vec<u8>),
    /// It has a worker, and waits until it is durable that it begins.
    Beginning(Vec<u8>),
    /// It takes a step.
    Executing,
    /// It computes.
    Computing(J),
    /// It waits for a call that it has made.
    Awaiting(CallId, J),
    /// It waits for a mutex.
    Locking(J),
    /// It waits for a condition.
    Waiting(J),
    /// It waits for the parent of the server.
    Parked(J),
}

impl<J> Job<J> {
    pub(super) fn new(caller: NodeId, header: Header, body: Vec<u8>) -> Self {
        let (calls, arrived) = (BTreeSet::new(), BTreeMap::new());
        Job { caller, header, stage: Stage::Queued(body), effects: Vec::new(), calls, arrived }
    }
}

/// The timers of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimerKind(u64);

/// It has computed.
pub(super) const WORK: TimerKind = TimerKind(0);
/// Nobody waits any more.
pub(super) const DEADLINE: TimerKind = TimerKind(1);
/// Its caller is told that it is worked at.
pub(super) const WORKING: TimerKind = TimerKind(2);

/// The timers of a client at the same port have higher keys.
const KEYS: u64 = 1 << 40;

impl TimerKind {
    /// The timer of this kind of a call.
    pub(super) fn of(self, job: JobId) -> TimerKey {
        assert!(job < KEYS >> 2, "a server executes fewer calls");
        job << 2 | self.0
    }

    /// Which timer of which call this is; `None` if it is of none.
    pub(super) fn read(key: TimerKey) -> Option<(TimerKind, JobId)> {
        (key < KEYS && key & 3 < 3).then_some((TimerKind(key & 3), key >> 2))
    }
}

pub(super) fn cancel_timers(job: JobId, env: &mut Env<'_>) {
    for kind in [WORK, DEADLINE, WORKING] {
        env.cancel_timer(kind.of(job));
    }
}
