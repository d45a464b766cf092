//! Who calls.
//!
//! [`Client`] is a component: its parent hands it the events of its port, and gets [`Completed`] calls back, or asks
//! for them later ([`Client::poll`]). Any number of calls can be under way, to any number of servers.

mod config;
mod peer;
mod pending;

pub use config::{Config, NEW_ID};
pub use pending::Options;

use super::error::{CallError, Executed, Refusal, Unavailable, Unknown};
use super::message::{CallId, Header, Message, Presence, Semantics};
use super::request::{Handle, Plain, Request, renumbered};
use super::steps::{self, Step};
use super::value::Value;
use crate::reliable::budget::Budget;
use peer::Peer;
use pending::Pending;
use simlab_core::{Env, Fields, NodeId, Time, TimerKey};
use std::collections::BTreeMap;

/// A call that has come to its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Completed {
    /// Which.
    pub call: CallId,
    /// What was returned, marshalled, or why nothing was: [`Handle::read`] unmarshals it.
    pub result: Result<Vec<u8>, CallError>,
}

/// What was done, for people.
#[derive(Clone, Copy, Debug, Default, Hash)]
struct Counts {
    calls: u64,
    again: u64,
    refused: u64,
    late: u64,
    strange: u64,
}

/// A caller of remote procedures.
#[derive(Clone, Debug, Hash)]
pub struct Client {
    config: Config,
    /// How many calls it has made in this life.
    made: u32,
    open: BTreeMap<CallId, Pending>,
    /// Other numbers under which calls were sent: there are none but with [`NEW_ID`].
    others: BTreeMap<CallId, CallId>,
    /// Ended calls that are polled for.
    kept: BTreeMap<CallId, Result<Vec<u8>, CallError>>,
    peers: BTreeMap<NodeId, Peer>,
    budget: Budget,
    counts: Counts,
}

/// What distinguishes a client's timers from those of a server at the same port.
const TIMER: u64 = 1 << 40;

impl Client {
    /// A caller that has called nobody.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Client {
            config,
            made: 0,
            open: BTreeMap::new(),
            others: BTreeMap::new(),
            kept: BTreeMap::new(),
            peers: BTreeMap::new(),
            budget: Budget::new(config.budget),
            counts: Counts::default(),
        }
    }

    /// Calls a procedure of the server at `to`. The call ends in one of the [`Completed`] of a later event, or at once
    /// if it cannot be made: then in `done`.
    pub fn call<R: Value>(
        &mut self,
        to: NodeId,
        request: &Request<R>,
        options: Options,
        env: &mut Env<'_>,
        done: &mut Vec<Completed>,
    ) -> Handle<R> {
        let id = self.number(env);
        self.earn();
        self.begin(id, to, &request.asked, options, env, done);
        Handle::new(id, options.codec)
    }

    /// The number of the next call. It is to be begun before any later one is, or never: a server is told below
    /// which number nothing is waited for.
    pub(super) fn number(&mut self, env: &Env<'_>) -> CallId {
        self.made += 1;
        CallId::of(env.life(), self.made - 1)
    }

    /// Whether no later number was given.
    pub(super) fn is_newest(&self, call: CallId) -> bool {
        call.counter() + 1 == self.made
    }

    /// The trace that begins with a call.
    pub(super) fn trace(id: CallId, env: &Env<'_>) -> u64 {
        u64::from(env.me().0) << 48 | id.0 & 0xffff_ffff_ffff
    }

    /// Begins a call under a number of its own.
    pub(super) fn begin(
        &mut self,
        id: CallId,
        to: NodeId,
        asked: &Plain,
        options: Options,
        env: &mut Env<'_>,
        done: &mut Vec<Completed>,
    ) {
        let trace = options.trace.unwrap_or(Self::trace(id, env));
        let body = asked.marshalled(options.codec, id);
        self.step(Step::Marshal, trace, id, env);
        let (now, version) = (env.now(), asked.interface.versions.1);
        let header = Header {
            call: id,
            settled: id,
            life: 0,
            deadline: Time::NEVER,
            trace,
            interface: asked.interface.number(),
            version: options.version.unwrap_or(version),
            procedure: asked.procedure,
            semantics: options.semantics,
            codec: options.codec,
            class: options.class,
        };
        let pending = Pending::new(to, header, body, options, now);
        let why = if self.open.len() + self.kept.len() >= self.config.open_max {
            Some(CallError::Unavailable(Unavailable::TooMany))
        } else if pending.body.len() > self.config.size_max {
            Some(CallError::Unavailable(Unavailable::TooLong))
        } else {
            (pending.deadline <= now).then_some(CallError::Deadline(Executed::No))
        };
        self.open.insert(id, pending);
        match why {
            Some(why) => self.end(id, Err(why), env, done),
            None => self.open_or_send(id, env),
        }
    }

    /// Counts a call that is sent for the first time, whoever is asked first.
    pub(super) fn earn(&mut self) {
        self.counts.calls += 1;
        self.budget.earn();
    }

    /// Takes what it costs to ask once more; whether there was as much.
    pub(super) fn spend(&mut self, env: &Env<'_>) -> bool {
        let there = self.budget.spend(env.now());
        self.counts.again += u64::from(there);
        there
    }

    /// Whether a server was asked, and may execute a call that has not ended.
    pub(super) fn was_asked(&self, call: CallId) -> bool {
        self.open.get(&call).is_some_and(Pending::asked)
    }

    /// Whether the steps of calls are noted.
    pub(super) const fn notes_steps(&self) -> bool {
        self.config.steps
    }

    /// Takes a call back. It ends now, and the server is told; whether it executes it nobody knows then.
    pub fn cancel(&mut self, call: CallId, env: &mut Env<'_>, done: &mut Vec<Completed>) {
        let Some(pending) = self.open.get(&call) else { return };
        let error = match pending.asked() {
            true => CallError::Indeterminate(Unknown::Abandoned),
            false => CallError::Refused(Refusal::Cancelled),
        };
        pending.take_back(env);
        self.end(call, Err(error), env, done);
    }

    /// What has become of a call that was made to be polled for, once it has ended. It is told once.
    pub fn poll<R: Value>(&mut self, handle: &Handle<R>) -> Option<Result<R, CallError>> {
        Some(handle.read(&self.kept.remove(&handle.call)?))
    }

    /// How many calls are under way, to one server or to all.
    #[must_use]
    pub fn outstanding(&self, to: Option<NodeId>) -> usize {
        self.open.values().filter(|pending| to.is_none_or(|to| pending.to == to)).count()
    }

    /// Whether a call has not ended.
    #[must_use]
    pub fn is_open(&self, call: CallId) -> bool {
        self.open.contains_key(&call)
    }

    /// Takes a message in; whether it was one for callers.
    pub fn hear(
        &mut self,
        from: NodeId,
        message: &Message<'_>,
        env: &mut Env<'_>,
        done: &mut Vec<Completed>,
    ) -> bool {
        match message {
            Message::Welcome { nonce, presence } => self.welcome(from, *nonce, *presence, env),
            Message::Reply { call, presence, interface, procedure, codec, verdict } => {
                if let Some(pending) = self.of_peer(*call, from, *presence, env) {
                    // An earlier life may have refused what a later one, asked again, executes.
                    if pending.life != Some(presence.life) {
                        self.counts.late += 1;
                        env.note("rpc.late", from.0.into(), call.0);
                        return true;
                    }
                    let Header { interface: service, procedure: asked, codec: how, .. } =
                        pending.header;
                    if (service, asked, how) != (*interface, *procedure, *codec) {
                        self.strange(from, env);
                        return true;
                    }
                    let Header { call: own, trace, .. } = pending.header;
                    self.step(Step::UnmarshalReply, trace, own, env);
                    let mut result = verdict.clone().into_result();
                    if *call != own {
                        result = result.map(|text| renumbered(&text, *codec, *call, own));
                    }
                    self.end(own, result, env, done);
                }
            }
            Message::Working { call, presence } => {
                let patience = self.config.patience;
                if let Some(pending) = self.of_peer(*call, from, *presence, env) {
                    pending.repeat_at = env.now() + patience;
                    pending.wake(env);
                }
            }
            Message::Reopen { call, presence, durable } => {
                self.reopen(from, *call, *presence, *durable, env, done);
            }
            Message::Hello { .. } | Message::Request { .. } | Message::Cancel { .. } => {
                return false;
            }
        }
        true
    }

    /// The timer of this key; whether it was a caller's.
    pub fn timer(&mut self, key: TimerKey, env: &mut Env<'_>, done: &mut Vec<Completed>) -> bool {
        let Some(counter) = key.checked_sub(TIMER).and_then(|n| u32::try_from(n).ok()) else {
            return false;
        };
        let id = CallId::of(env.life(), counter);
        let now = env.now();
        let Some(pending) = self.open.get_mut(&id) else { return true };
        if pending.deadline <= now {
            let executed = if pending.asked() { Executed::Unknown } else { Executed::No };
            pending.take_back(env);
            steps::note_deadline(pending.header.trace, id, env);
            self.end(id, Err(CallError::Deadline(executed)), env, done);
        } else if pending.repeat_at <= now {
            pending.attempts = pending.attempts.saturating_add(1);
            self.open_or_send(id, env);
        } else {
            pending.wake(env);
        }
        true
    }

    /// The call that a server speaks of, if it is under way to it. What the server says of itself is kept.
    fn of_peer(
        &mut self,
        call: CallId,
        from: NodeId,
        presence: Presence,
        env: &mut Env<'_>,
    ) -> Option<&mut Pending> {
        let own = self.others.get(&call).copied().unwrap_or(call);
        let pending = self.open.get_mut(&own).filter(|pending| pending.to == from);
        let Some(pending) = pending else {
            self.counts.late += 1;
            env.note("rpc.late", from.0.into(), call.0);
            return None;
        };
        let drift = self.config.drift;
        self.peers.entry(from).or_default().heard(presence, env.now(), drift);
        Some(pending)
    }

    fn strange(&mut self, from: NodeId, env: &mut Env<'_>) {
        self.counts.strange += 1;
        env.note("rpc.strange", from.0.into(), self.counts.strange);
    }

    fn welcome(&mut self, from: NodeId, nonce: u64, presence: Presence, env: &mut Env<'_>) {
        let drift = self.config.drift;
        let asked = |peer: &&mut Peer| peer.greeting.is_some_and(|(asked, _)| asked == nonce);
        let Some(peer) = self.peers.get_mut(&from).filter(asked) else {
            return self.strange(from, env);
        };
        peer.greeting = None;
        peer.heard(presence, env.now(), drift);
        let waiting = |(id, pending): (&CallId, &Pending)| {
            (pending.to == from && !pending.asked()).then_some(*id)
        };
        let waiting: Vec<CallId> = self.open.iter().filter_map(waiting).collect();
        for id in waiting {
            self.open_or_send(id, env);
        }
    }

    /// The server has had another life since it was asked, or we do not know the one it is in.
    fn reopen(
        &mut self,
        from: NodeId,
        call: CallId,
        presence: Presence,
        durable: bool,
        env: &mut Env<'_>,
        done: &mut Vec<Completed>,
    ) {
        let Some(pending) = self.of_peer(call, from, presence, env) else { return };
        // It may be an old one.
        if pending.life.is_none_or(|asked| asked >= presence.life) {
            return;
        }
        let call = pending.header.call;
        let again = match pending.header.semantics {
            Semantics::Maybe => false,
            Semantics::AtLeastOnce => true,
            Semantics::AtMostOnce => durable,
        };
        if again {
            pending.life = Some(presence.life);
            self.send(call, env);
        } else {
            self.end(call, Err(CallError::Indeterminate(Unknown::Restarted)), env, done);
        }
    }

    /// Sends a call, or asks first whom it is sent to.
    fn open_or_send(&mut self, id: CallId, env: &mut Env<'_>) {
        let Some(pending) = self.open.get_mut(&id) else { return };
        let (to, now, trace) = (pending.to, env.now(), pending.header.trace);
        let peer = self.peers.entry(to).or_default();
        if peer.life().is_some() {
            return self.send(id, env);
        }
        let config = self.config.of_hello();
        pending.repeat_later(&config, env);
        pending.wake(env);
        // Calls that begin together ask together.
        if peer.greeting.is_none_or(|(_, again)| again <= now) {
            // The same until it is answered, or no answer would do that takes longer than the wait.
            let nonce = peer.greeting.map_or_else(|| env.random(), |(nonce, _)| nonce);
            peer.greeting = Some((nonce, now + config.retransmit));
            env.send(to, &Message::Hello { nonce });
            self.step(Step::Open, trace, id, env);
        }
    }

    fn send(&mut self, id: CallId, env: &mut Env<'_>) {
        let now = env.now();
        let settled = self.settled(id);
        let Some(pending) = self.open.get_mut(&id) else { return };
        let Some(peer) = self.peers.get(&pending.to) else { return };
        let (again, repeats) = (pending.asked(), pending.header.semantics != Semantics::Maybe);
        // What was asked of one life must not be asked of another unless that is right.
        let Some(life) = pending.life.or(peer.life()) else { return };
        pending.life = Some(life);
        if repeats {
            pending.repeat_later(&self.config, env);
        } else {
            pending.repeat_at = Time::NEVER;
        }
        pending.wake(env);
        if again && !(repeats && self.budget.spend(now)) {
            return;
        }
        let deadline = peer.there(pending.deadline, self.config.drift);
        let mut header = Header { settled, life, deadline, ..pending.header };
        if again && self.config.new_id {
            header.call = CallId::of(env.life(), self.made);
            self.made += 1;
            self.others.insert(header.call, id);
        }
        let body = &pending.body;
        let named = (header.call != id).then(|| renumbered(body, header.codec, id, header.call));
        let body = named.as_ref().unwrap_or(body);
        env.send(pending.to, &Message::Request { header, body });
        pending.transmissions = pending.transmissions.saturating_add(1);
        let trace = pending.header.trace;
        if again {
            self.counts.again += 1;
            env.note("rpc.again", trace, id.0);
        }
        self.step(Step::Send, trace, id, env);
    }

    /// Below which call of its own no answer of that call's server is waited for any more.
    fn settled(&self, id: CallId) -> CallId {
        let Some(to) = self.open.get(&id).map(|pending| pending.to) else { return id };
        self.open.iter().find(|(_, pending)| pending.to == to).map_or(id, |(lowest, _)| *lowest)
    }

    fn end(
        &mut self,
        id: CallId,
        result: Result<Vec<u8>, CallError>,
        env: &mut Env<'_>,
        done: &mut Vec<Completed>,
    ) {
        let Some(pending) = self.open.remove(&id) else { return };
        if self.config.new_id {
            self.others.retain(|_, own| *own != id);
        }
        env.cancel_timer(timer(id));
        if matches!(result, Err(CallError::Refused(_) | CallError::Unavailable(_))) {
            self.counts.refused += 1;
        }
        self.step(Step::Close, pending.header.trace, id, env);
        if pending.polled {
            self.kept.insert(id, result);
        } else {
            done.push(Completed { call: id, result });
        }
    }

    fn step(&self, step: Step, trace: u64, call: CallId, env: &mut Env<'_>) {
        if self.config.steps {
            steps::note(step, trace, call, env);
        }
    }

    /// What it shows of itself.
    pub fn inspect(&self, view: &mut Fields) {
        view.int("calls", self.counts.calls as i64);
        view.int("under_way", self.open.len() as i64);
        view.int("sent_again", self.counts.again as i64);
        view.int("refused", self.counts.refused as i64);
        view.int("late", self.counts.late as i64);
        view.int("strange", self.counts.strange as i64);
    }
}

fn timer(call: CallId) -> TimerKey {
    TIMER + u64::from(call.counter())
}
