//! What the procedure of a service is given, and how it goes on.

use super::monitor::JobId;
use crate::rpc::client::{Client, Completed, Options};
use crate::rpc::error::CallError;
use crate::rpc::interface::{Call, Reply};
use crate::rpc::message::{CallId, Header};
use crate::rpc::request::{Handle, Request};
use crate::rpc::value::Value;
use simlab_core::{Duration, Env, Fields, NodeId, Time};
use std::fmt;
use std::hash::Hash;

/// A service that a [`Server`](super::Server) runs. [`service!`](crate::service) makes one of who executes its procedures.
pub trait Service: Clone + fmt::Debug + Hash + Send + 'static {
    /// Its calls.
    type Call: Call;
    /// Its results.
    type Reply: Reply;
    /// What is kept of a call that waits.
    type Job: Clone + fmt::Debug + Hash + Send + 'static;

    /// Whether its procedures call others ([`Context::call`]). A crash does not undo what is done there, so that it is
    /// written down that a call begins, and after a restart nobody knows of such a one whether it was executed.
    const CALLS: bool = false;

    /// Whether a caller may call a procedure: by who the channel says that it is, before anything else is looked at.
    fn may(&self, _caller: NodeId, _procedure: u16) -> bool {
        true
    }

    /// Executes a call, from its beginning.
    fn start(
        &mut self,
        call: Self::Call,
        context: &mut Context<'_, '_>,
    ) -> Step<Self::Reply, Self::Job>;

    /// Goes on with a call that has waited.
    fn resume(
        &mut self,
        job: Self::Job,
        woken: Woken,
        context: &mut Context<'_, '_>,
    ) -> Step<Self::Reply, Self::Job>;

    /// Does again what a call has done before a restart.
    fn redo(&mut self, effect: &[u8]);

    /// All that the effects so far come to.
    fn snapshot(&self) -> Vec<u8>;

    /// Begins with a snapshot; whether it was one.
    fn restore(&mut self, snapshot: &[u8]) -> bool;

    /// What it shows of itself.
    fn inspect(&self, _: &mut Fields) {}
}

/// What a procedure complains of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Failure {
    /// Its own code.
    pub code: i64,
    /// One sentence.
    pub message: String,
}

/// How a call goes on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step<R, J> {
    /// It is over, and this came of it.
    Done(Result<R, Failure>),
    /// It computes for so long.
    Work(Duration, J),
    /// It waits until a call that it made ([`Context::call`]) has ended.
    Await(CallId, J),
    /// It waits for a mutex.
    Lock(u32, J),
    /// It gives a mutex back, and waits for a condition and then for the mutex.
    Wait {
        /// The condition.
        condition: u32,
        /// The mutex.
        mutex: u32,
        /// Where to go on.
        job: J,
    },
    /// It waits until the parent of the server ends it ([`Server::finish`](super::Server::finish)) or forgets it
    /// ([`Server::forget`](super::Server::forget)). That nobody waits any more does not end it. After a
    /// crash it is executed again: the parent knows its requests by numbers of their own.
    Park(J),
}

impl<R, J> Step<R, J> {
    /// It returns this.
    pub const fn returns(result: R) -> Self {
        Step::Done(Ok(result))
    }

    /// It fails so.
    pub fn fails(code: i64, message: impl Into<String>) -> Self {
        Step::Done(Err(Failure { code, message: message.into() }))
    }

    /// The same with another result.
    pub fn map<T>(self, with: impl FnOnce(R) -> T) -> Step<T, J> {
        match self {
            Step::Done(result) => Step::Done(result.map(with)),
            Step::Work(time, job) => Step::Work(time, job),
            Step::Await(call, job) => Step::Await(call, job),
            Step::Lock(mutex, job) => Step::Lock(mutex, job),
            Step::Wait { condition, mutex, job } => Step::Wait { condition, mutex, job },
            Step::Park(job) => Step::Park(job),
        }
    }
}

/// Why a call goes on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Woken {
    /// It has computed.
    Worked,
    /// The call that it waited for has ended: [`Handle::read`] unmarshals the result.
    Completed(Result<Vec<u8>, CallError>),
    /// It has the mutex.
    Locked,
    /// The condition was notified, and it has the mutex. Whether it is so is to be looked at again.
    Notified,
    /// Nobody waits for it any more. It has no mutex but those it held before.
    TooLate,
}

/// What a call works with.
#[derive(Debug)]
pub struct Context<'c, 'e> {
    pub(super) env: &'c mut Env<'e>,
    pub(super) client: &'c mut Client,
    pub(super) job: JobId,
    pub(super) caller: NodeId,
    pub(super) header: Header,
    pub(super) wishes: &'c mut Wishes,
    /// [`Service::CALLS`].
    pub(super) calls: bool,
    /// The switch [`NO_DEADLINE_PASSED_ON`](super::NO_DEADLINE_PASSED_ON).
    pub(super) deadline_kept: bool,
}

/// What a call asked for on its way.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    pub(super) effects: Vec<Vec<u8>>,
    pub(super) unlocked: Vec<u32>,
    /// Conditions that were notified, and whether for all.
    pub(super) notified: Vec<(u32, bool)>,
    pub(super) called: Vec<CallId>,
    pub(super) done: Vec<Completed>,
}

impl<'e> Context<'_, 'e> {
    /// Who calls, as the channel says: on an authentic layer nobody else can have sent this.
    #[must_use]
    pub const fn caller(&self) -> NodeId {
        self.caller
    }

    /// The number of the call among its caller's.
    #[must_use]
    pub const fn call_id(&self) -> CallId {
        self.header.call
    }

    /// What the calls that were made for one have in common.
    #[must_use]
    pub const fn trace(&self) -> u64 {
        self.header.trace
    }

    /// When nobody waits any more, on this node's clock.
    #[must_use]
    pub const fn deadline(&self) -> Time {
        self.header.deadline
    }

    /// The rest of what there is.
    pub const fn env(&mut self) -> &mut Env<'e> {
        self.env
    }

    /// Writes down what this call does. It is durable before the call is answered, together with the answer, and
    /// after a restart it is done again ([`Service::redo`]). It is done in the last step of a call: a snapshot would
    /// have it before, and then it is done once more when the call ends, or when it is executed after a crash.
    pub fn effect(&mut self, effect: Vec<u8>) {
        self.wishes.effects.push(effect);
    }

    /// Gives a mutex back that it holds.
    pub fn unlock(&mut self, mutex: u32) {
        self.wishes.unlocked.push(mutex);
    }

    /// Wakes one call that waits for a condition.
    pub fn notify_one(&mut self, condition: u32) {
        self.wishes.notified.push((condition, false));
    }

    /// Wakes all calls that wait for a condition.
    pub fn notify_all(&mut self, condition: u32) {
        self.wishes.notified.push((condition, true));
    }

    /// Calls a procedure elsewhere. The deadline of this call is passed on, and so is its trace; wait for what comes of
    /// it with [`Step::Await`], now or later. What nobody waits for is taken back when this call ends.
    ///
    /// # Panics
    /// If the service does not say that its procedures do that ([`Service::CALLS`]).
    pub fn call<R: Value>(
        &mut self,
        to: NodeId,
        request: &Request<R>,
        options: Options,
    ) -> Handle<R> {
        assert!(self.calls, "a service whose procedures call others says so: `const CALLS`");
        let until = if self.deadline_kept { Time::NEVER } else { self.header.deadline };
        let trace = Some(self.header.trace);
        let until = options.until.min(until);
        let options = Options { until, trace, polled: false, ..options };
        let handle = self.client.call(to, request, options, self.env, &mut self.wishes.done);
        self.wishes.called.push(handle.call);
        handle
    }

    /// The number of the job, by which mutexes know it.
    #[must_use]
    pub const fn job(&self) -> JobId {
        self.job
    }
}
