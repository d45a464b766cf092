//! Whom a call goes to, and where next.

use super::{Call, Channel, Naming, Stage, Work, invariant, timer};
use crate::rpc::balance::Ask;
use crate::rpc::client::{Completed, Options};
use crate::rpc::directory::cache::Question;
use crate::rpc::directory::registry;
use crate::rpc::error::{CallError, Executed, Refusal, Unavailable};
use crate::rpc::govern::breaker::{Breaker, Outcome, Permit, State};
use crate::rpc::message::{CallId, Codec, Semantics};
use crate::rpc::request::Handle;
use simlab_core::{Duration, Env, NodeId, Time};

impl Channel {
    /// Asks a server for a call, or the registry for servers first.
    pub(super) fn route(&mut self, number: CallId, env: &mut Env<'_>, work: &mut Work) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        call.stage = Stage::LookingUp;
        let deadline = call.deadline;
        if deadline <= env.now() {
            let late = Err(CallError::Deadline(Executed::No));
            return self.finish(number, number, late, env, work);
        }
        if !self.looked_up(env, work) {
            if deadline < Time::NEVER {
                env.set_timer(timer(number), deadline.since(env.now()));
            }
            return;
        }
        self.go(number, env, work);
    }

    /// Asks one of the servers that are known.
    fn go(&mut self, number: CallId, env: &mut Env<'_>, work: &mut Work) {
        match self.choose(number, env) {
            Ok((server, permit)) => self.ask(number, server, permit, env, work),
            Err(why) => {
                self.finish(number, number, Err(CallError::Unavailable(why)), env, work);
            }
        }
    }

    /// Whether it is known who offers the service; if not, or no longer surely, the registry is asked.
    fn looked_up(&mut self, env: &mut Env<'_>, work: &mut Work) -> bool {
        let Naming::Registry { at, cache, .. } = self.config.naming else { return true };
        let found = self.cache.look_up(self.service, env.now());
        if let Some(question) = found.ask {
            self.counts.look_ups += 1;
            // The answer is for all calls, and no work for this one: it has a trace and a deadline of its own.
            let options = Options::new(Semantics::AtLeastOnce, cache.patience);
            let id = self.client.number(env);
            self.questions.insert(id, question);
            let request = registry::look_up(self.service.to_owned());
            self.client.begin(id, at, &request.asked, options, env, &mut work.done);
        }
        let known = found.servers.is_some();
        if let Some(servers) = found.servers {
            self.set_servers(servers, env.now());
        }
        known
    }

    /// These are the servers from now on.
    fn set_servers(&mut self, servers: Vec<NodeId>, now: Time) {
        self.breakers.retain(|server, _| servers.contains(server));
        self.servers.set(servers.iter().copied());
        // Those that they were left alone for may be gone: then there are no others.
        if !servers.iter().any(|server| self.servers.is_well(*server, now)) {
            servers.into_iter().for_each(|server| self.servers.restore(server));
        }
    }

    /// The registry has answered, or not.
    pub(super) fn answered(
        &mut self,
        question: Question,
        done: &Completed,
        env: &mut Env<'_>,
        work: &mut Work,
    ) {
        let handle: Handle<Vec<u32>> = Handle::new(done.call, Codec::Binary);
        let mut news = false;
        if let (Ok(servers), Naming::Registry { nodes, .. }) =
            (handle.read(&done.result), &self.config.naming)
        {
            let known = servers.into_iter().filter(|server| server < nodes).map(NodeId);
            let known: Vec<NodeId> = known.collect();
            news = self.cache.learned(self.service, question, known.iter().copied());
            if news {
                self.set_servers(known, env.now());
            }
        }
        let waiting =
            |(number, call): (&CallId, &Call)| (call.stage == Stage::LookingUp).then_some(*number);
        let waiting: Vec<CallId> = self.calls.iter().filter_map(waiting).collect();
        for number in waiting {
            // Who has waited for an answer uses it, however soon it is too old for others.
            if news {
                self.go(number, env, work);
            } else {
                self.route(number, env, work);
            }
        }
    }

    /// A server that may be asked, of those that were not asked yet while there are some.
    fn choose(
        &mut self,
        number: CallId,
        env: &mut Env<'_>,
    ) -> Result<(NodeId, Option<Permit>), Unavailable> {
        let Channel { servers, client, calls, breakers, config, .. } = self;
        let Some(call) = calls.get_mut(&number) else { return Err(Unavailable::NoServer) };
        let now = env.now();
        let mut shut = None;
        for _ in 0..servers.known().count() {
            let outstanding = |server: NodeId| client.outstanding(Some(server));
            let mut below = |bound: u64| env.below(bound);
            let ask = Ask { now, key: call.key, outstanding: &outstanding, below: &mut below };
            let Some(server) = servers.choose(&mut call.tried, ask) else { break };
            let Some(config) = config.breaker else { return Ok((server, None)) };
            let breaker = breakers.entry(server).or_insert_with(|| Breaker::new(config));
            if let Some(permit) = breaker.allow(now) {
                if breaker.state(now) == State::HalfOpen {
                    invariant::note_probe(server, &config, env);
                }
                return Ok((server, Some(permit)));
            }
            shut = Some(server);
        }
        let Some(server) = shut else { return Err(Unavailable::NoServer) };
        invariant::note_shut(server, env);
        Err(Unavailable::BreakerOpen)
    }

    fn ask(
        &mut self,
        number: CallId,
        server: NodeId,
        permit: Option<Permit>,
        env: &mut Env<'_>,
        work: &mut Work,
    ) {
        // What is asked first and at once keeps its number, so that people see one less.
        let newest = self.client.is_newest(number);
        let id = if newest { number } else { self.client.number(env) };
        let Some(call) = self.calls.get_mut(&number) else { return };
        call.attempts = call.attempts.saturating_add(1);
        call.stage = Stage::Asking { id, server, permit };
        let options = Options {
            time: Duration::FOREVER,
            until: call.deadline,
            trace: Some(call.trace),
            polled: false,
            ..call.options
        };
        let asked = call.asked.clone();
        self.wait(number, env);
        self.asked.insert(id, number);
        self.client.begin(id, server, &asked, options, env, &mut work.done);
    }

    /// What a server was asked for has ended.
    pub(super) fn replied(
        &mut self,
        number: CallId,
        done: Completed,
        env: &mut Env<'_>,
        work: &mut Work,
    ) {
        let Some(Call { stage: Stage::Asking { server, permit, .. }, .. }) =
            self.calls.get(&number)
        else {
            return;
        };
        let (server, permit) = (*server, *permit);
        let Completed { call: id, result } = done;
        self.judged(server, permit, outcome(&result), env);
        match &result {
            Err(CallError::Deadline(_)) => self.found_bad(server, env),
            Ok(_) | Err(CallError::Application { .. }) => self.servers.restore(server),
            _ => {}
        }
        let elsewhere = matches!(&result, Err(CallError::Refused(why)) if is_of_server(*why));
        if elsewhere && self.has_another(number, server, env) && self.client.spend(env) {
            self.move_on(number, server, env);
            return self.route(number, env, work);
        }
        self.finish(number, id, result, env, work);
    }

    /// A server does not answer.
    pub(super) fn found_bad(&mut self, server: NodeId, env: &Env<'_>) {
        self.counts.bad += 1;
        self.cache.found_bad(server);
        // Who is the last that is well is asked all the same: it is better than nobody.
        let now = env.now();
        let well = |other: NodeId| other != server && self.servers.is_well(other, now);
        let others = self.servers.known().any(well);
        if others {
            self.servers.exclude(server, now + self.config.avoid);
        }
    }

    /// Whether one more server may be asked for a call, and there is one.
    pub(super) fn has_another(&self, number: CallId, than: NodeId, env: &Env<'_>) -> bool {
        let well = |server: NodeId| server != than && self.servers.is_well(server, env.now());
        self.has_attempts(number) && self.servers.known().any(well)
    }

    /// Whether one more server may be asked for a call.
    pub(super) fn has_attempts(&self, number: CallId) -> bool {
        let most = self.config.attempts_max;
        self.calls.get(&number).is_some_and(|call| call.attempts < most)
    }

    /// What a call says of its server.
    pub(super) fn judged(
        &mut self,
        server: NodeId,
        permit: Option<Permit>,
        outcome: Outcome,
        env: &mut Env<'_>,
    ) {
        let (Some(permit), Some(config)) = (permit, self.config.breaker) else { return };
        let Some(breaker) = self.breakers.get_mut(&server) else { return };
        let (now, before) = (env.now(), breaker.state(env.now()));
        breaker.end(permit, outcome, now);
        match (before, breaker.state(now)) {
            (State::Closed | State::HalfOpen, State::Open) => {
                invariant::note_opens(server, &config, env);
            }
            (State::HalfOpen, State::Closed) => invariant::note_closes(server, env),
            _ => {}
        }
    }
}

/// What the end of a call says of its server.
fn outcome(result: &Result<Vec<u8>, CallError>) -> Outcome {
    match result {
        Ok(_) | Err(CallError::Application { .. }) => Outcome::Good,
        Err(CallError::Refused(Refusal::Busy | Refusal::Shed) | CallError::Deadline(_)) => {
            Outcome::Bad
        }
        // It is there, and well enough to refuse.
        Err(CallError::Refused(why)) if *why != Refusal::Cancelled => Outcome::Good,
        _ => Outcome::Unknown,
    }
}

/// Whether another server may think otherwise.
const fn is_of_server(why: Refusal) -> bool {
    match why {
        Refusal::Service | Refusal::Version(..) | Refusal::Procedure => true,
        Refusal::Busy | Refusal::Shed => true,
        Refusal::Parameters | Refusal::Denied | Refusal::Rate | Refusal::Cancelled => false,
    }
}
