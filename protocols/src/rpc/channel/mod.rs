//! A service as its callers see it, whoever offers it.
//!
//! ```text
//!   call ─▶ look-up ─▶ choice ─▶ breaker ─▶ call of one server ─▶ what came of it
//!              ▲          ▲                        │
//!              │          └── another server, if this one has not executed it, or it may be executed twice
//!              └── if somebody does not answer, the registry is asked again
//! ```
//!
//! A [`Channel`] is a [`Client`] with a choice of servers. **Failover** goes only as far as the semantics allow: a call
//! that was never sent, or that was refused, is made elsewhere; one that was sent and not answered is so only under
//! at-least-once. Under the others nobody else may execute it, since the first may have: it is sent again to the same
//! server, and ends with its deadline.

mod config;
mod invariant;
pub mod parameters;
mod routes;

pub use config::{Config, Naming};
pub use invariant::RECOVERS;

use super::balance::{Servers, Tried};
use super::client::{Client, Completed, Options};
use super::directory::cache::{Cache, Question};
use super::error::{CallError, Executed, Unavailable};
use super::govern::breaker::{Breaker, Permit};
use super::interface::Interface;
use super::message::{CallId, Message};
use super::request::{Handle, Plain, Request};
use super::steps::{self, Step};
use super::value::Value;
use simlab_core::{Duration, Env, Fields, NodeId, Time, TimerKey};
use std::collections::BTreeMap;

/// A call that has come to its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ended {
    /// Which, by its handle.
    pub call: CallId,
    /// The number under which it was made last.
    last: CallId,
    /// What was returned, marshalled, or why nothing was.
    pub result: Result<Vec<u8>, CallError>,
    /// The server that was asked last, if one was.
    pub server: Option<NodeId>,
}

impl Ended {
    /// Unmarshals what came of the call that `handle` is of.
    ///
    /// # Errors
    /// If nothing was returned, or nothing that makes sense.
    pub fn read<R: Value>(&self, handle: &Handle<R>) -> Result<R, CallError> {
        handle.under(self.last).read(&self.result)
    }
}

/// A call that has not ended.
#[derive(Clone, Debug, Hash)]
struct Call {
    asked: Plain,
    options: Options,
    deadline: Time,
    trace: u64,
    key: u64,
    tried: Tried,
    attempts: u32,
    /// Whether a server was asked that may execute it, and another one since.
    abandoned: bool,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// No server is known yet.
    LookingUp,
    /// A server is asked, under a number of its own.
    Asking { id: CallId, server: NodeId, permit: Option<Permit> },
}

/// What was done, for people.
#[derive(Clone, Copy, Debug, Default, Hash)]
struct Counts {
    look_ups: u64,
    moved: u64,
    bad: u64,
    no_server: u64,
    breaker_open: u64,
}

/// A caller of a service.
#[derive(Clone, Debug, Hash)]
pub struct Channel {
    config: Config,
    client: Client,
    service: &'static str,
    servers: Servers,
    cache: Cache,
    breakers: BTreeMap<NodeId, Breaker>,
    calls: BTreeMap<CallId, Call>,
    /// The calls that servers were asked for, by the number that these know.
    asked: BTreeMap<CallId, CallId>,
    /// Questions to the registry.
    questions: BTreeMap<CallId, Question>,
    /// Ended calls that are polled for.
    kept: BTreeMap<CallId, Ended>,
    counts: Counts,
}

/// What comes of an event, on the way.
#[derive(Default)]
struct Work {
    /// Calls of the client that have ended.
    done: Vec<Completed>,
    ended: Vec<Ended>,
}

/// What distinguishes a channel's timers from those of a client and a server at the same port.
const TIMER: u64 = 1 << 41;

impl Channel {
    /// A caller that has called nobody.
    #[must_use]
    pub fn new(service: &'static Interface, config: Config, client: Client) -> Self {
        let mut servers = Servers::new(config.balancer, config.points);
        if let Naming::Fixed(known) = &config.naming {
            servers.set(known.iter().copied());
        }
        let cache = Cache::new(config.cache());
        Channel {
            config,
            client,
            service: service.name,
            servers,
            cache,
            breakers: BTreeMap::new(),
            calls: BTreeMap::new(),
            asked: BTreeMap::new(),
            questions: BTreeMap::new(),
            kept: BTreeMap::new(),
            counts: Counts::default(),
        }
    }

    /// Calls a procedure. `key` says what the call is about, for balancers that care. The call ends in one of the
    /// [`Ended`] of a later event, or at once: then in `ended`.
    pub fn call<R: Value>(
        &mut self,
        request: &Request<R>,
        key: u64,
        options: Options,
        env: &mut Env<'_>,
        ended: &mut Vec<Ended>,
    ) -> Handle<R> {
        let number = self.client.number(env);
        self.client.earn();
        let trace = options.trace.unwrap_or(Client::trace(number, env));
        let own = env.now() + options.time;
        let own = if options.time == Duration::FOREVER { Time::NEVER } else { own };
        if self.client.notes_steps() {
            steps::note(Step::LookUp, trace, number, env);
        }
        let call = Call {
            asked: request.asked.clone(),
            options,
            deadline: own.min(options.until),
            trace,
            key,
            tried: Tried::new(),
            attempts: 0,
            abandoned: false,
            stage: Stage::LookingUp,
        };
        self.calls.insert(number, call);
        let mut work = Work::default();
        self.route(number, env, &mut work);
        self.settle(work, env, ended);
        Handle::new(number, options.codec)
    }

    /// What has become of a call that was made to be polled for, once it has ended. It is told once.
    pub fn poll<R: Value>(&mut self, handle: &Handle<R>) -> Option<Ended> {
        self.kept.remove(&handle.call)
    }

    /// Takes a message in; whether it was one for callers.
    pub fn hear(
        &mut self,
        from: NodeId,
        message: &Message<'_>,
        env: &mut Env<'_>,
        ended: &mut Vec<Ended>,
    ) -> bool {
        let mut work = Work::default();
        let known = self.client.hear(from, message, env, &mut work.done);
        if let Message::Working { call, .. } = message {
            self.at_work(from, *call, env);
        }
        self.settle(work, env, ended);
        known
    }

    /// A server is at work for a call: it is well, and is given as long once more.
    fn at_work(&mut self, from: NodeId, id: CallId, env: &mut Env<'_>) {
        let Some(number) = self.asked.get(&id).copied() else { return };
        let stage = self.calls.get(&number).map(|call| call.stage);
        if stage.is_some_and(|s| matches!(s, Stage::Asking { server, .. } if server == from)) {
            self.wait(number, env);
        }
    }

    /// Sets when another server is asked for a call, if there is another one.
    fn wait(&self, number: CallId, env: &mut Env<'_>) {
        if self.servers.known().count() > 1 && self.config.attempt < Duration::FOREVER {
            env.set_timer(timer(number), self.config.attempt);
        } else {
            env.cancel_timer(timer(number));
        }
    }

    /// The timer of this key; whether it was a caller's.
    pub fn timer(&mut self, key: TimerKey, env: &mut Env<'_>, ended: &mut Vec<Ended>) -> bool {
        let mut work = Work::default();
        let counter = key.checked_sub(TIMER).and_then(|n| u32::try_from(n).ok());
        let known = match counter {
            Some(counter) => {
                self.waited(CallId::of(env.life(), counter), env, &mut work);
                true
            }
            None => self.client.timer(key, env, &mut work.done),
        };
        self.settle(work, env, ended);
        known
    }

    /// Follows up what has ended until nothing more has.
    fn settle(&mut self, mut work: Work, env: &mut Env<'_>, ended: &mut Vec<Ended>) {
        while let Some(done) = work.done.pop() {
            if let Some(question) = self.questions.remove(&done.call) {
                self.answered(question, &done, env, &mut work);
            } else if let Some(number) = self.asked.remove(&done.call) {
                self.replied(number, done, env, &mut work);
            }
        }
        ended.append(&mut work.ended);
    }

    /// Nothing has come of a call for some time.
    fn waited(&mut self, number: CallId, env: &mut Env<'_>, work: &mut Work) {
        let Some(call) = self.calls.get(&number) else { return };
        match call.stage {
            Stage::LookingUp => {
                self.finish(number, number, Err(CallError::Deadline(Executed::No)), env, work);
            }
            Stage::Asking { id, server, permit } => {
                self.found_bad(server, env);
                if !self.may_move(number, id) || !self.has_attempts(number) {
                    return;
                }
                if !self.has_another(number, server, env) || !self.client.spend(env) {
                    return env.set_timer(timer(number), self.config.attempt);
                }
                self.asked.remove(&id);
                let sent = self.client.was_asked(id);
                if let Some(call) = self.calls.get_mut(&number) {
                    call.abandoned |= sent;
                }
                self.client.cancel(id, env, &mut Vec::new());
                self.judged(server, permit, super::govern::breaker::Outcome::Bad, env);
                self.move_on(number, server, env);
                self.route(number, env, work);
            }
        }
    }

    /// A call leaves a server for another one. `a` of the note: the trace. `b`: the server that it leaves.
    fn move_on(&mut self, number: CallId, server: NodeId, env: &mut Env<'_>) {
        self.counts.moved += 1;
        let trace = self.calls.get(&number).map_or(0, |call| call.trace);
        env.note("rpc.elsewhere", trace, server.0.into());
    }

    /// Whether a call that is not answered may be made elsewhere.
    fn may_move(&self, number: CallId, id: CallId) -> bool {
        let repeatable = |call: &Call| call.options.semantics.repeats_anywhere();
        !self.client.was_asked(id) || self.calls.get(&number).is_some_and(repeatable)
    }

    fn finish(
        &mut self,
        number: CallId,
        last: CallId,
        result: Result<Vec<u8>, CallError>,
        env: &mut Env<'_>,
        work: &mut Work,
    ) {
        let Some(call) = self.calls.remove(&number) else { return };
        env.cancel_timer(timer(number));
        match &result {
            Err(CallError::Unavailable(Unavailable::NoServer)) => self.counts.no_server += 1,
            Err(CallError::Unavailable(Unavailable::BreakerOpen)) => self.counts.breaker_open += 1,
            _ => {}
        }
        let server = match call.stage {
            Stage::LookingUp => None,
            Stage::Asking { server, .. } => Some(server),
        };
        let result = match call.abandoned {
            true => result.map_err(CallError::after_another),
            false => result,
        };
        let ended = Ended { call: number, last, result, server };
        if call.options.polled {
            self.kept.insert(number, ended);
        } else {
            work.ended.push(ended);
        }
    }

    /// What it shows of itself.
    pub fn inspect(&self, view: &mut Fields) {
        self.client.inspect(view);
        let Counts { look_ups, moved, bad, no_server, breaker_open } = self.counts;
        view.int("look_ups", look_ups as i64);
        view.int("moved", moved as i64);
        view.int("found_bad", bad as i64);
        view.int("no_server", no_server as i64);
        view.int("breaker_open", breaker_open as i64);
        let known: Vec<String> = self.servers.known().map(|server| server.to_string()).collect();
        view.text("servers", known.join(" "));
    }
}

fn timer(number: CallId) -> TimerKey {
    TIMER + u64::from(number.counter())
}

#[cfg(test)]
mod tests;
