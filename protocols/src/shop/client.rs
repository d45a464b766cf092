//! `shop-client`: a customer of one replica, who keeps the record of what was asked and answered.
//!
//! It calls at-least-once and never retries: what the network doubles the shop recognises by the number of the request,
//! and a request that met a restart goes to the next life of the replica for the same reason. What asks for that life
//! (*hello*) changes nothing, and is repeated until it is answered.
//!
//! An operation that is not answered in time ends *unknown*, and stays so: an answer that comes later is ignored. One
//! whose request was never sent, since nobody has said hello, is certainly not done. There is no deadline in the
//! request: it would be on the replica's clock, and shops rely on no clock.
//!
//! **Numbers.** A request goes under the number of its operation in the history. The driver gives
//! those, and gives none twice, restarts included.
//!
//! **Sessions** of the history: see [`Threads`].

use super::faults::CUSTOMERS;
use super::{arm, front, goals, inspector, shop, timeout};
use crate::rpc::error::{CallError, Refusal, Verdict};
use crate::rpc::message::{CallId, Message, Semantics};
use crate::rpc::{self, Completed, Handle, Options};
use crate::threads::{THREADS_OF_A_LIFE, Threads};
use simlab_core::wire::Decode;
use simlab_core::{
    Arguments, BuildError, Call, Duration, Entry, Env, Event, Fields, NodeId, OpId, Operation,
    Outcome, Parameter, ParameterKind, Process, Value,
};
use std::collections::{BTreeMap, BTreeSet};

/// The customer.
pub static ENTRY: Entry = Entry::client(
    "shop-client",
    "a customer who asks one replica, waits, and never asks twice",
    build,
)
.parameters(&[
    Parameter {
        name: "server",
        kind: ParameterKind::Node,
        default: None,
        help: "the replica that this customer speaks to",
    },
    timeout("timeout", "2s", "after this time an operation without an answer ends unknown"),
])
.inspector(inspector::client)
.dissector(front::dissect)
.goals(goals::CUSTOMERS)
.faults(&CUSTOMERS);

/// How long a first hello waits for its answer.
const HELLO: Duration = Duration::from_millis(200);

const NO_SUCH_CALL: &str = "refused: a shop sells, takes back and tells its stock";
const NEVER_SENT: &str = "never sent: the replica has not answered the hello";

/// A customer.
#[derive(Clone, Debug, Hash)]
struct Client {
    rpc: rpc::Client,
    server: NodeId,
    timeout: Duration,
    threads: Threads,
    /// The operations that wait for an answer, by their call. They were called in the order of their numbers.
    open: BTreeMap<CallId, Open>,
    /// The calls whose operations ended unknown when their time was over.
    given_up: BTreeSet<CallId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Open {
    op: OpId,
    thread: u32,
    operation: Operation,
    asked: Asked,
}

/// What was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Asked {
    Change(Handle<bool>),
    Read(Handle<i64>),
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let server = arguments.node("server");
    if server == arguments.me {
        let message = "a customer cannot be its own replica".to_owned();
        return Err(BuildError { parameter: Some("server"), message });
    }
    let timeout = arguments.duration("timeout");
    let rpc = rpc::Client::new(rpc::client::Config {
        retransmit: Duration::FOREVER,
        hello: HELLO,
        // All that have a session.
        open_max: THREADS_OF_A_LIFE as usize,
        steps: false,
        ..rpc::client::Config::default()
    });
    let (threads, open, given_up) = (Threads::default(), BTreeMap::new(), BTreeSet::new());
    Ok(Box::new(Client { rpc, server, timeout, threads, open, given_up }))
}

impl Process for Client {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        if event == Event::Start {
            self.threads = Threads::of_life(env.life());
            return;
        }
        match event.peel() {
            (None, Event::Command { bytes }) => match Operation::from_bytes(bytes) {
                Ok(operation) => self.invoke(operation, env),
                Err(_) => env.note("bad command", 0, bytes.len() as u64),
            },
            (Some(rpc::PORT), Event::Datagram { from, bytes }) => {
                let read = Message::from_bytes(bytes).ok();
                if !read.is_some_and(|message| self.on_message(from, &message, env)) {
                    env.note("bad datagram", from.0.into(), bytes.len() as u64);
                }
            }
            (Some(rpc::PORT), Event::Timer { key, .. }) => {
                let mut done = Vec::new();
                self.rpc.timer(key, &mut env.at(rpc::PORT), &mut done);
                self.on_completed(done, env);
            }
            (None, Event::Timer { key, .. }) => {
                self.on_timeout(CallId::of(env.life(), key as u32), env);
            }
            (_, Event::Datagram { from, bytes }) => {
                env.note("bad datagram", from.0.into(), bytes.len() as u64);
            }
            (_, Event::Start | Event::Synced { .. })
            | (_, Event::Command { .. } | Event::Timer { .. }) => {}
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("open", self.open.len() as i64);
        if !self.open.is_empty() {
            let waiting: Vec<String> = self
                .open
                .iter()
                .map(|(call, open)| format!("{call}: {}", open.operation))
                .collect();
            view.text("waiting", waiting.join("; "));
        }
        view.int("retired", self.threads.retired(self.open.len()) as i64);
    }
}

impl Client {
    fn invoke(&mut self, operation: Operation, env: &mut Env<'_>) {
        let Some(thread) = self.threads.take(env) else { return };
        let op = env.invoke(self.threads.session(thread), &operation);
        // Nothing below the lowest open number matters any more: not what was answered, not what
        // timed out, not what an earlier life left open.
        let lowest = self.open.values().next().map_or(op, |open| open.op);
        let (number, settled) = (op.number().into(), lowest.number().into());
        let product = operation.object.clone();
        let mut done = Vec::new();
        let asked = match operation.call {
            Call::Sell(units) => {
                let request = shop::sell(number, settled, product, units);
                Asked::Change(self.call(&request, env, &mut done))
            }
            Call::TakeBack(units) => {
                let request = shop::take_back(number, settled, product, units);
                Asked::Change(self.call(&request, env, &mut done))
            }
            Call::Read => Asked::Read(self.call(&shop::read(product), env, &mut done)),
            _ => {
                self.threads.give_back(thread);
                return env.complete(op, &Outcome::NotDone(NO_SUCH_CALL.to_owned()));
            }
        };
        let call = asked.call();
        self.open.insert(call, Open { op, thread, operation, asked });
        arm(env, call.counter().into(), self.timeout);
        self.on_completed(done, env);
    }

    fn call<R: rpc::value::Value>(
        &mut self,
        request: &rpc::Request<R>,
        env: &mut Env<'_>,
        done: &mut Vec<Completed>,
    ) -> Handle<R> {
        let options = Options::new(Semantics::AtLeastOnce, Duration::FOREVER);
        self.rpc.call(self.server, request, options, &mut env.at(rpc::PORT), done)
    }

    /// Takes a message in; whether it was one for callers.
    fn on_message(&mut self, from: NodeId, message: &Message<'_>, env: &mut Env<'_>) -> bool {
        if let Message::Reply { call, verdict: Verdict::Returned(_), .. } = message
            && from == self.server
            && self.given_up.remove(call)
        {
            env.reached(goals::TOO_LATE);
        }
        let mut done = Vec::new();
        let heard = self.rpc.hear(from, message, &mut env.at(rpc::PORT), &mut done);
        self.on_completed(done, env);
        heard
    }

    fn on_completed(&mut self, done: Vec<Completed>, env: &mut Env<'_>) {
        for Completed { call, result } in done {
            let Some(open) = self.open.get(&call) else { continue };
            let outcome = match open.asked {
                Asked::Change(handle) => outcome(handle.read(&result).map(Value::Bool)),
                Asked::Read(handle) => outcome(handle.read(&result).map(Value::Int)),
            };
            env.cancel_timer(call.counter().into());
            self.end(call, &outcome, env);
        }
    }

    fn on_timeout(&mut self, call: CallId, env: &mut Env<'_>) {
        let mut done = Vec::new();
        self.rpc.cancel(call, &mut env.at(rpc::PORT), &mut done);
        let never_sent = Err(CallError::Refused(Refusal::Cancelled));
        if done.iter().any(|completed| completed.result == never_sent) {
            return self.end(call, &Outcome::NotDone(NEVER_SENT.to_owned()), env);
        }
        env.reached(goals::TIMED_OUT);
        self.given_up.insert(call);
        self.end(call, &Outcome::Unknown("timed out".to_owned()), env);
    }

    /// Completes an operation, once.
    fn end(&mut self, call: CallId, outcome: &Outcome, env: &mut Env<'_>) {
        let Some(open) = self.open.remove(&call) else { return };
        if !matches!(outcome, Outcome::Unknown(_)) {
            self.threads.give_back(open.thread);
        }
        env.complete(open.op, outcome);
    }
}

impl Asked {
    const fn call(self) -> CallId {
        match self {
            Asked::Change(handle) => handle.call,
            Asked::Read(handle) => handle.call,
        }
    }
}

/// What became of an operation, as its call ended.
fn outcome(result: Result<Value, CallError>) -> Outcome {
    match result {
        Ok(value) => Outcome::Done(value),
        Err(CallError::Application { code, message }) => front::failed(code, message),
        Err(why) if why.is_certainly_not_executed() => Outcome::NotDone(why.to_string()),
        // One copy was refused, and another may be executed.
        Err(why) => Outcome::Unknown(why.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::error::{Executed, Unavailable, Unknown};

    /// *Not done* is what no copy of a request can make untrue.
    #[test]
    fn only_what_is_certain_is_told_as_certain() {
        let word = |error: CallError| match outcome(Err(error)) {
            Outcome::Done(value) => value.to_string(),
            Outcome::NotDone(_) => "not done".to_owned(),
            Outcome::Unknown(_) => "unknown".to_owned(),
        };
        for certain in [
            CallError::Refused(Refusal::Service),
            CallError::Refused(Refusal::Version(1, 2)),
            CallError::Refused(Refusal::Procedure),
            CallError::Refused(Refusal::Parameters),
            CallError::Unavailable(Unavailable::TooLong),
            CallError::Application { code: front::NOT_DONE, message: String::new() },
        ] {
            assert_eq!(word(certain.clone()), "not done", "{certain}");
        }
        for doubtful in [
            CallError::Refused(Refusal::Busy),
            CallError::Refused(Refusal::Denied),
            CallError::Refused(Refusal::Shed),
            CallError::Refused(Refusal::Rate),
            CallError::Refused(Refusal::Cancelled),
            CallError::Deadline(Executed::No),
            CallError::Deadline(Executed::Unknown),
            CallError::Application { code: front::UNKNOWN, message: String::new() },
            CallError::Application { code: 77, message: String::new() },
            CallError::Indeterminate(Unknown::Restarted),
            CallError::Indeterminate(Unknown::Unreadable),
        ] {
            assert_eq!(word(doubtful.clone()), "unknown", "{doubtful}");
        }
        assert_eq!(outcome(Ok(Value::Int(59))), Outcome::Done(Value::Int(59)));
    }
}
