//! How calls go on.

use super::context::{Context, Failure, Service, Step, Wishes, Woken};
use super::job::{self, Job, Stage};
use super::journal::{Entry, Record};
use super::marshal::{marshalled, unmarshalled};
use super::monitor::{Got, JobId};
use super::table::Answered;
use super::{Leaving, Ready, Server};
use crate::rpc::client::Client;
use crate::rpc::error::{Refusal, Verdict};
use crate::rpc::message::{Header, Semantics};
use crate::rpc::steps::{self, Step as Noted};
use simlab_core::{Env, Time};

impl<S: Service> Server<S> {
    /// Lets everything go on that can, and gives calls to workers.
    pub(super) fn go_on(&mut self, mut ready: Ready, client: &mut Client, env: &mut Env<'_>) {
        loop {
            if let Some((id, woken)) = ready.pop_front() {
                self.resume(id, woken, &mut ready, client, env);
            } else if self.busy < self.config.workers
                && let Some(id) = self.next_queued(env)
            {
                self.begin(id, &mut ready, client, env);
            } else {
                return;
            }
        }
    }

    /// What a worker is to take; what has waited too long for that is refused.
    fn next_queued(&mut self, env: &mut Env<'_>) -> Option<JobId> {
        let mut refused = Vec::new();
        let next = self.queue.pop(env.now(), &mut refused);
        refused.iter().for_each(|refused| self.shed(refused, env));
        next
    }

    /// A worker takes a call.
    fn begin(&mut self, id: JobId, ready: &mut Ready, client: &mut Client, env: &mut Env<'_>) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let (caller, header) = (job.caller, job.header);
        let Stage::Queued(body) = std::mem::replace(&mut job.stage, Stage::Executing) else {
            return;
        };
        if header.deadline <= env.now() {
            self.counts.too_late += 1;
            return self.drop_unexecuted(id, Verdict::TooLate, env);
        }
        let Some(call) = unmarshalled::<S::Call>(&header, &body) else {
            self.counts.refused += 1;
            return self.drop_unexecuted(id, Verdict::Refused(Refusal::Parameters), env);
        };
        self.busy += 1;
        if S::CALLS && self.written(&header) {
            if let Some(job) = self.jobs.get_mut(&id) {
                job.stage = Stage::Beginning(body);
            }
            // What it will have done elsewhere cannot be known after a crash, and must not be done again.
            let (procedure, codec) = (header.procedure, header.codec);
            let answered = Answered { procedure, codec, verdict: Verdict::Forgotten };
            let entry = Some(Entry { caller, call: header.call, answered });
            let ticket = self.write(&Record::Done { effects: Vec::new(), entry }, env);
            return self.gate.hold(ticket, Leaving::Start(id));
        }
        self.start_job(id, call, ready, client, env);
    }

    /// It is durable that a call begins.
    pub(super) fn begun(
        &mut self,
        id: JobId,
        ready: &mut Ready,
        client: &mut Client,
        env: &mut Env<'_>,
    ) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let header = job.header;
        let Stage::Beginning(body) = std::mem::replace(&mut job.stage, Stage::Executing) else {
            return;
        };
        match unmarshalled::<S::Call>(&header, &body).filter(|_| header.deadline > env.now()) {
            Some(call) => self.start_job(id, call, ready, client, env),
            None => {
                self.busy -= 1;
                self.counts.too_late += 1;
                self.drop_unexecuted(id, Verdict::TooLate, env);
            }
        }
    }

    /// Lets a procedure take its first step.
    fn start_job(
        &mut self,
        id: JobId,
        call: S::Call,
        ready: &mut Ready,
        client: &mut Client,
        env: &mut Env<'_>,
    ) {
        let Some(header) = self.jobs.get(&id).map(|job| job.header) else { return };
        self.counts.executed += 1;
        self.step(Noted::Unmarshal, &header, env);
        self.step(Noted::Dispatch, &header, env);
        if self.config.executions {
            steps::note(Noted::Execute, header.trace, header.call, env);
        }
        if header.deadline < Time::NEVER {
            env.set_timer(job::DEADLINE.of(id), header.deadline.since(env.now()));
        }
        self.execute(id, ready, client, env, |service, context| service.start(call, context));
    }

    fn resume(
        &mut self,
        id: JobId,
        woken: Woken,
        ready: &mut Ready,
        client: &mut Client,
        env: &mut Env<'_>,
    ) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        match std::mem::replace(&mut job.stage, Stage::Executing) {
            Stage::Computing(at)
            | Stage::Awaiting(_, at)
            | Stage::Locking(at)
            | Stage::Waiting(at) => {
                self.execute(id, ready, client, env, |service, context| {
                    service.resume(at, woken, context)
                });
            }
            stage @ (Stage::Queued(_)
            | Stage::Beginning(_)
            | Stage::Executing
            | Stage::Parked(_)) => job.stage = stage,
        }
    }

    /// Lets a procedure take one step.
    fn execute(
        &mut self,
        id: JobId,
        ready: &mut Ready,
        client: &mut Client,
        env: &mut Env<'_>,
        step: impl FnOnce(&mut S, &mut Context<'_, '_>) -> Step<S::Reply, S::Job>,
    ) {
        let Some(job) = self.jobs.get(&id) else { return };
        let (caller, header) = (job.caller, job.header);
        let mut wishes = Wishes::default();
        let deadline_kept = self.config.deadline_kept;
        let step = step(
            &mut self.service,
            &mut Context {
                env,
                client,
                job: id,
                caller,
                header,
                wishes: &mut wishes,
                calls: S::CALLS,
                deadline_kept,
            },
        );
        let Wishes { effects, unlocked, notified, called, mut done } = wishes;
        let job = self.jobs.get_mut(&id).expect("it is executed");
        job.effects.extend(effects);
        job.calls.extend(called);
        self.take_completed(&mut done, ready);
        for mutex in unlocked {
            wake(ready, self.monitor.unlock(mutex, id));
        }
        for (condition, all) in notified {
            wake(ready, self.monitor.notify(condition, all));
        }
        let job = self.jobs.get_mut(&id).expect("it is executed");
        let last = matches!(step, Step::Done(_));
        assert!(last || job.effects.is_empty(), "an effect is for the last step of a call");
        match step {
            Step::Done(result) => self.end(id, result, ready, client, env),
            Step::Work(time, at) => {
                job.stage = Stage::Computing(at);
                env.set_timer(job::WORK.of(id), time);
            }
            Step::Await(call, at) => {
                let arrived = job.arrived.remove(&call);
                let known = arrived.is_some() || job.calls.contains(&call);
                assert!(known, "call {call}, which it waits for, is none of its own, or has ended");
                job.stage = Stage::Awaiting(call, at);
                if let Some(result) = arrived {
                    ready.push_back((id, Woken::Completed(result)));
                }
            }
            Step::Lock(mutex, at) => {
                job.stage = Stage::Locking(at);
                if self.monitor.lock(mutex, id) {
                    ready.push_back((id, Woken::Locked));
                }
            }
            Step::Wait { condition, mutex, job: at } => {
                job.stage = Stage::Waiting(at);
                wake(ready, self.monitor.wait(condition, mutex, id));
            }
            Step::Park(at) => job.stage = Stage::Parked(at),
        }
    }

    /// Whether what comes of a call is written down.
    pub(super) fn written(&self, header: &Header) -> bool {
        let remembered = header.semantics == Semantics::AtMostOnce;
        remembered && self.config.durable && !self.config.table_in_memory
    }

    /// Takes a call from its worker.
    pub(super) fn dismiss(
        &mut self,
        id: JobId,
        ready: &mut Ready,
        client: &mut Client,
        env: &mut Env<'_>,
    ) -> Option<Job<S::Job>> {
        let job = self.jobs.remove(&id)?;
        self.busy -= 1;
        job::cancel_timers(id, env);
        wake(ready, self.monitor.leave(id));
        for call in &job.calls {
            client.cancel(*call, env, &mut Vec::new());
        }
        Some(job)
    }

    /// A call is over: what it has done is written down, and then it is answered.
    pub(super) fn end(
        &mut self,
        id: JobId,
        result: Result<S::Reply, Failure>,
        ready: &mut Ready,
        client: &mut Client,
        env: &mut Env<'_>,
    ) {
        let Some(job) = self.dismiss(id, ready, client, env) else { return };
        let (to, header) = (job.caller, job.header);
        self.step(Noted::MarshalReply, &header, env);
        let verdict = marshalled(&header, result);
        let answered = Answered { procedure: header.procedure, codec: header.codec, verdict };
        let remembered = header.semantics == Semantics::AtMostOnce;
        let written = self.written(&header);
        if written && self.config.separate_syncs && !job.effects.is_empty() {
            let effects = job.effects.iter().map(Vec::as_slice).collect();
            let ticket = self.write(&Record::Done { effects, entry: None }, env);
            return self.gate.hold(ticket, Leaving::Entry { to, header, answered });
        }
        if remembered {
            self.table.answer(to, header.call, answered.clone());
        }
        if !written && job.effects.is_empty() {
            return self.leave(to, &header, answered, env);
        }
        let entry = Entry { caller: to, call: header.call, answered: answered.clone() };
        let effects = job.effects.iter().map(Vec::as_slice).collect();
        let record = Record::Done { effects, entry: written.then_some(entry) };
        let ticket = self.write(&record, env);
        if remembered {
            self.syncing.insert((to, header.call));
        }
        self.gate.hold(ticket, Leaving::Reply { to, header, answered });
    }
}

fn wake(ready: &mut Ready, got: impl IntoIterator<Item = Got>) {
    let woken = |notified| if notified { Woken::Notified } else { Woken::Locked };
    ready.extend(got.into_iter().map(|(job, notified)| (job, woken(notified))));
}
