//! Which requests are executed.

use super::context::{Service, Woken};
use super::job::{self, Job, Stage};
use super::monitor::JobId;
use super::table::{Answered, Known};
use super::{Ready, Server};
use crate::rpc::error::{Refusal, Verdict};
use crate::rpc::govern::bucket;
use crate::rpc::govern::shed::Refused;
use crate::rpc::message::{CallId, Header, Message, Semantics};
use crate::rpc::steps::Step as Noted;
use simlab_core::{Env, NodeId};

impl<S: Service> Server<S> {
    pub(super) fn request(
        &mut self,
        from: NodeId,
        header: &Header,
        body: &[u8],
        env: &mut Env<'_>,
    ) {
        self.step(Noted::Receive, header, env);
        if header.life != env.life() {
            self.counts.reopened += 1;
            let (call, presence) = (header.call, Self::presence(env));
            let durable = self.config.durable;
            return env.send(from, &Message::Reopen { call, presence, durable });
        }
        let interface = Self::interface();
        let (first, known) = interface.versions;
        let last = known.min(self.config.newest);
        // These are refused whenever they come, so that there is nothing to remember.
        let refusal = if header.interface != interface.number() {
            Some(Refusal::Service)
        } else if !(first..=last).contains(&header.version) {
            Some(Refusal::Version(first, last))
        } else if interface.procedure(header.procedure).is_none_or(|p| p.since > header.version) {
            Some(Refusal::Procedure)
        } else {
            (!self.service.may(from, header.procedure)).then_some(Refusal::Denied)
        };
        if let Some(why) = refusal {
            self.counts.refused += 1;
            self.counts.denied += u64::from(why == Refusal::Denied);
            let (procedure, codec) = (header.procedure, header.codec);
            let answered = Answered { procedure, codec, verdict: Verdict::Refused(why) };
            return Self::reply_of(header.interface, from, header.call, answered, env);
        }
        if header.semantics == Semantics::AtMostOnce {
            match self.table.look(from, header.call, header.settled) {
                Known::New => {}
                Known::Answered(answered) if !self.syncing.contains(&(from, header.call)) => {
                    self.counts.duplicates += 1;
                    env.note("rpc.known", header.trace, header.call.0);
                    return self.reply(from, header.call, answered, env);
                }
                Known::Answered(_) | Known::Running => {
                    self.counts.duplicates += 1;
                    env.note("rpc.known", header.trace, header.call.0);
                    return self.at_work(from, header.call, env);
                }
                Known::Forgotten => return self.say(from, header, Verdict::Forgotten, env),
                // What cannot be remembered must not be said: a copy of it may be executed later.
                Known::Full => {
                    self.counts.refused += 1;
                    return env.note("rpc.table-full", from.0.into(), header.call.0);
                }
            }
        }
        if header.deadline <= env.now() {
            self.counts.too_late += 1;
            return self.decline(from, header, Verdict::TooLate, env);
        }
        let verdict = self.buckets.as_mut().map(|buckets| buckets.take(from, env.now()));
        if let Some(verdict) = verdict.filter(|verdict| *verdict != bucket::Verdict::Passes) {
            let why = match verdict {
                bucket::Verdict::TooManyCallers => Refusal::Busy,
                _ => Refusal::Rate,
            };
            self.counts.refused += 1;
            self.counts.limited += 1;
            return self.decline(from, header, Verdict::Refused(why), env);
        }
        let (id, free) = (self.next, self.config.workers - self.busy);
        let displaced = self.queue.push(id, header.class, free, env.now());
        if displaced.as_ref().is_some_and(|refused| refused.item == id) {
            self.counts.refused += 1;
            return self.decline(from, header, Verdict::Refused(Refusal::Busy), env);
        }
        if header.semantics == Semantics::AtMostOnce {
            self.table.begin(from, header.call);
        }
        self.next += 1;
        self.jobs.insert(id, Job::new(from, *header, body.to_vec()));
        if let Some(every) = self.config.working {
            env.set_timer(job::WORKING.of(id), every);
        }
        if let Some(refused) = displaced {
            self.shed(&refused, env);
        }
    }

    /// A call that has waited is refused for others.
    pub(super) fn shed(&mut self, refused: &Refused<JobId>, env: &mut Env<'_>) {
        self.counts.refused += 1;
        self.counts.shed += 1;
        self.drop_unexecuted(refused.item, Verdict::Refused(Refusal::Shed), env);
    }

    /// Says that a call is not executed. If it may not be executed later either, that is remembered.
    fn decline(&mut self, to: NodeId, header: &Header, verdict: Verdict, env: &mut Env<'_>) {
        if header.semantics == Semantics::AtMostOnce {
            let (procedure, codec) = (header.procedure, header.codec);
            let answered = Answered { procedure, codec, verdict: verdict.clone() };
            self.table.answer(to, header.call, answered);
        }
        self.say(to, header, verdict, env);
    }

    fn say(&mut self, to: NodeId, header: &Header, verdict: Verdict, env: &mut Env<'_>) {
        let (procedure, codec) = (header.procedure, header.codec);
        self.reply(to, header.call, Answered { procedure, codec, verdict }, env);
    }

    pub(super) fn reply(&self, to: NodeId, call: CallId, answered: Answered, env: &mut Env<'_>) {
        Self::reply_of(Self::interface().number(), to, call, answered, env);
    }

    /// Answers a call of a service, which need not be its own if it is refused.
    fn reply_of(interface: u32, to: NodeId, call: CallId, answered: Answered, env: &mut Env<'_>) {
        let Answered { procedure, codec, verdict } = answered;
        let presence = Self::presence(env);
        env.send(to, &Message::Reply { call, presence, interface, procedure, codec, verdict });
    }

    pub(super) fn at_work(&self, to: NodeId, call: CallId, env: &mut Env<'_>) {
        if self.config.working.is_some() {
            let presence = Self::presence(env);
            env.send(to, &Message::Working { call, presence });
        }
    }

    /// A caller has stopped waiting.
    pub(super) fn cancel(
        &mut self,
        from: NodeId,
        call: CallId,
        ready: &mut Ready,
        env: &mut Env<'_>,
    ) {
        let of = |(id, job): (&JobId, &Job<S::Job>)| {
            let is_it = job.caller == from && job.header.call == call;
            is_it.then_some((*id, matches!(job.stage, Stage::Queued(_))))
        };
        // Where copies are not known again, each of them is a job.
        let copies: Vec<(JobId, bool)> = self.jobs.iter().filter_map(of).collect();
        for (id, queued) in copies {
            if queued {
                self.queue.remove(|queued| *queued == id);
                self.drop_unexecuted(id, Verdict::Refused(Refusal::Cancelled), env);
            } else {
                self.too_late(id, ready);
            }
        }
    }

    /// A call that waits for a mutex or a condition need not any longer. One that computes, or waits for another
    /// server, hears of it there.
    pub(super) fn too_late(&mut self, id: JobId, ready: &mut Ready) {
        let Some(job) = self.jobs.get(&id) else { return };
        if matches!(job.stage, Stage::Locking(_) | Stage::Waiting(_)) {
            self.monitor.stop_waiting(id);
            ready.push_back((id, Woken::TooLate));
        }
    }

    /// A call that no worker has taken is not executed.
    pub(super) fn drop_unexecuted(&mut self, id: JobId, verdict: Verdict, env: &mut Env<'_>) {
        let Some(job) = self.jobs.remove(&id) else { return };
        job::cancel_timers(id, env);
        self.decline(job.caller, &job.header, verdict, env);
    }
}
