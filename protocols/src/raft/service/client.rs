//! `raft-client`: asks the cluster, and keeps the record of what was asked and answered.
//!
//! It finds the leader, and asks again until it has an answer or its time is over. A write keeps its number in the client's
//! session, so that it is done once however often it is asked (Ongaro 2014, §6.3). An operation of which no copy was
//! ever sent, or every copy surely refused, is *not done*; else, without an answer, it ends *unknown*.
//!
//! **Sessions** of the history: see [`Threads`]; they are not those of the cluster.

use super::finder::{Finder, Found, read};
use super::kvs::{Call as Ask, Ticket};
use super::server::SERVER;
use super::{finder, inspector, value, why};
use crate::rpc::{self, value::Bytes};
use crate::threads::Threads;
use simlab_core::wire::Decode;
use simlab_core::{
    Argument, Arguments, BuildError, Call, Duration, Entry, Env, Event, FaultModel, Fields, Member,
    OpId, Operation, Outcome, Parameter, ParameterKind, Process, Time, TimerKey, Value,
};
use std::collections::BTreeMap;

/// The client.
pub static CLIENT: Entry =
    Entry::client("raft-client", "asks a cluster of raft-kv, whoever leads it", build)
        .parameters(&[
            Parameter::with_default(
                "timeout",
                ParameterKind::Timeout,
                "5s",
                "after this time an operation without an answer ends unknown",
            ),
            Parameter::with_default(
                "attempt",
                ParameterKind::Duration,
                "500ms",
                "after this time without an answer another node is asked",
            ),
            Parameter::with_default(
                "reads",
                ParameterKind::Choice(&["index", "lease", "either"]),
                "index",
                "whether reads take a round of questions, rely on the leader's lease, or each draws one of the two",
            ),
            Parameter::with_default(
                "sessions",
                ParameterKind::Flag,
                "true",
                "whether writes are known again when they come twice",
            ),
            Parameter::with_default(
                "renew",
                ParameterKind::Timeout,
                "never",
                "a write leaves a session of which none was answered for so long, and opens another; with timeout and attempt it should be less than the session of raft-kv",
            ),
        ])
        .dissector(finder::dissect)
        .inspector(inspector::client)
        .faults(&FAULTS);

const FAULTS: FaultModel = FaultModel {
    summary: "records what it was told, whatever links, clocks and crashes do",
    tolerates: crate::rpc::faults::TOLERATES,
    drift_max: crate::rpc::faults::DRIFT_MAX,
};

/// The key of the search for a session; those of operations follow.
const OPENING: u64 = 0;
/// Timers of operations, apart from those of searches.
const TIME_OUT: TimerKey = 1 << 32;

/// How reads are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Reads {
    Index,
    Lease,
    Either,
}

#[derive(Clone, Debug, Hash)]
struct Client {
    finder: Finder,
    timeout: Duration,
    reads: Reads,
    with_sessions: bool,
    /// The session of the cluster, once there is one.
    session: Option<u64>,
    /// The next number of a write in it.
    number: u64,
    /// When a write of it was last answered, or it was opened.
    used: Time,
    /// After what time without one it is left for another.
    renew: Duration,
    threads: Threads,
    /// The operations that wait, by their key.
    open: BTreeMap<u64, Open>,
    keys: u64,
}

#[derive(Clone, Debug, Hash)]
struct Open {
    op: OpId,
    thread: u32,
    operation: Operation,
    /// The session of the cluster in which it was asked, and the number of the write in it, once it has one.
    session: Option<u64>,
    number: Option<u64>,
    /// Whether it was asked.
    asked: bool,
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let reads = match arguments.text("reads") {
        "index" => Reads::Index,
        "lease" => Reads::Lease,
        _ => Reads::Either,
    };
    let timeout = arguments.duration("timeout");
    if timeout == Duration::ZERO {
        let message = "`timeout` is more than nothing, or no operation is answered".to_owned();
        return Err(BuildError { parameter: Some("timeout"), message });
    }
    let has_none = |member: &&Member| {
        member.service == SERVER.name
            && member.arguments.get("leases") == Some(&Argument::Flag(false))
    };
    if let Some(member) = arguments.roster.iter().find(has_none)
        && !matches!(reads, Reads::Index)
    {
        let message = format!("`reads` by the lease, but {} has `leases` = false", member.name);
        return Err(BuildError { parameter: Some("reads"), message });
    }
    Ok(Box::new(Client {
        finder: Finder::new(arguments, SERVER.name)?,
        timeout,
        reads,
        with_sessions: arguments.flag("sessions"),
        session: None,
        number: 0,
        used: Time::ZERO,
        renew: arguments.duration("renew"),
        threads: Threads::default(),
        open: BTreeMap::new(),
        keys: OPENING,
    }))
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
            (Some(rpc::PORT), event) => {
                for found in self.finder.on_event(event, env) {
                    self.on_found(found, env);
                }
            }
            (None, Event::Timer { key, .. }) => {
                if !self.finder.on_timer(key, env)
                    && let Some(key) = key.checked_sub(TIME_OUT)
                {
                    self.on_timeout(key, env);
                }
            }
            (_, Event::Datagram { from, bytes }) => {
                env.note("bad datagram", from.0.into(), bytes.len() as u64);
            }
            _ => {}
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("open", self.open.len() as i64);
        if !self.open.is_empty() {
            let waiting = self.open.values().map(|open| open.operation.to_string());
            view.text("waiting", waiting.collect::<Vec<_>>().join("; "));
        }
        if let Some(session) = self.session {
            view.int("session", session as i64);
        }
        self.finder.inspect(view);
    }
}

impl Client {
    fn invoke(&mut self, operation: Operation, env: &mut Env<'_>) {
        let Some(thread) = self.threads.take(env) else { return };
        let op = env.invoke(self.threads.session(thread), &operation);
        if !is_served(&operation.call) {
            self.threads.give_back(thread);
            let why = "refused: the service has no such operation";
            return env.complete(op, &Outcome::NotDone(why.to_owned()));
        }
        self.keys += 1;
        let key = self.keys;
        let open = Open { op, thread, operation, session: None, number: None, asked: false };
        self.open.insert(key, open);
        if self.timeout != Duration::FOREVER {
            env.set_timer(TIME_OUT + key, self.timeout);
        }
        self.ask(key, env);
    }

    /// Asks for an operation, if it can be asked for now.
    fn ask(&mut self, key: u64, env: &mut Env<'_>) {
        let Some(open) = self.open.get(&key) else { return };
        let writes = open.operation.call.writes();
        // Between two copies of a write its session must not end: nobody could say what became of the first.
        if writes && env.now().since(self.used) > self.renew {
            self.session = None;
        }
        if writes && self.with_sessions && self.session.is_none() {
            if !self.finder.asks(OPENING) {
                self.finder.ask(OPENING, Ask::open {}, env);
            }
            return;
        }
        let lease = match self.reads {
            Reads::Index => false,
            Reads::Lease => true,
            Reads::Either => !writes && env.below(2) == 0,
        };
        let number = self.number;
        if writes {
            self.number += 1;
        }
        let session = self.session.filter(|_| self.with_sessions).unwrap_or(0);
        let Some(open) = self.open.get_mut(&key) else { return };
        (open.session, open.asked) = (self.session, true);
        open.number = writes.then_some(number);
        let settled = self.open.values().filter_map(|open| open.number).min().unwrap_or(number);
        let Some(open) = self.open.get(&key) else { return };
        let ask = asked(&open.operation, Ticket { session, number, settled }, lease);
        self.finder.ask(key, ask, env);
    }

    fn on_found(&mut self, found: Found, env: &mut Env<'_>) {
        let Found { key, result, doubtful } = found;
        if key == OPENING {
            self.session = result.ok().and_then(|bytes| read(&bytes));
            (self.number, self.used) = (0, env.now());
            let waiting: Vec<u64> =
                self.open.iter().filter(|(_, open)| !open.asked).map(|(key, _)| *key).collect();
            for key in waiting {
                self.ask(key, env);
            }
            return;
        }
        let Some(open) = self.open.get_mut(&key) else { return };
        if !doubtful && matches!(result, Err((why::EXPIRED, _))) {
            // It was never carried out: it begins anew in another session.
            (open.number, open.asked) = (None, false);
            self.session.take_if(|session| Some(*session) == open.session);
            return self.ask(key, env);
        }
        if open.number.is_some() && open.session == self.session && result.is_ok() {
            self.used = env.now();
        }
        let outcome = match result {
            Ok(bytes) => match returned(&open.operation.call, &bytes) {
                Some(value) => Outcome::Done(value),
                None => Outcome::Unknown("an answer that cannot be read".to_owned()),
            },
            Err((why::EXPIRED, message)) => {
                self.session.take_if(|session| Some(*session) == open.session);
                Outcome::Unknown(message)
            }
            Err((why::SETTLED, message)) => Outcome::Unknown(message),
            Err((why::TOO_LONG | why::NO_TEXT | why::IMPOSSIBLE, message)) if !doubtful => {
                Outcome::NotDone(message)
            }
            Err((_, message)) => Outcome::Unknown(message),
        };
        self.end(key, &outcome, env);
    }

    fn on_timeout(&mut self, key: u64, env: &mut Env<'_>) {
        let outcome = match self.finder.give_up(key, env) {
            Some(true) => Outcome::Unknown("timed out".to_owned()),
            Some(false) | None => {
                Outcome::NotDone("refused: nobody who could do it answered".to_owned())
            }
        };
        self.end(key, &outcome, env);
    }

    /// Completes an operation, once.
    fn end(&mut self, key: u64, outcome: &Outcome, env: &mut Env<'_>) {
        let Some(open) = self.open.remove(&key) else { return };
        env.cancel_timer(TIME_OUT + key);
        if !matches!(outcome, Outcome::Unknown(_)) {
            self.threads.give_back(open.thread);
        }
        env.complete(open.op, outcome);
    }
}

/// Whether the service has such an operation.
fn is_served(call: &Call) -> bool {
    let kept = |value: &Value| value::to_bytes(value).is_some();
    match call {
        Call::Read => true,
        Call::Append(text) => text.is_empty() || kept(&Value::Text(text.clone())),
        Call::Write(value) => *value == Value::Nil || kept(value),
        Call::Cas { from, to } => (*from == Value::Nil || kept(from)) && kept(to),
        _ => false,
    }
}

/// What is asked of the service. Who writes nothing deletes.
fn asked(operation: &Operation, ticket: Ticket, lease: bool) -> Ask {
    let bytes = |value: &Value| value::to_bytes(value).map(Bytes);
    let key = operation.object.clone();
    match &operation.call {
        Call::Write(value) => match bytes(value) {
            Some(value) => Ask::put { ticket, key, value },
            None => Ask::delete { ticket, key },
        },
        Call::Cas { from, to } => {
            let (expected, value) = (bytes(from), bytes(to).unwrap_or(Bytes(Vec::new())));
            Ask::compare_and_set { ticket, key, expected, value }
        }
        Call::Append(text) => Ask::append { ticket, key, value: Bytes(text.clone().into_bytes()) },
        _ => Ask::get { key, lease },
    }
}

/// What an operation returns, by what its procedure does.
fn returned(call: &Call, bytes: &[u8]) -> Option<Value> {
    Some(match call {
        Call::Read => {
            let held: Option<Bytes> = read(bytes)?;
            value::from_bytes(held.as_ref().map(|bytes| &bytes.0[..]))
        }
        Call::Cas { .. } => Value::Bool(read(bytes)?),
        _ => Value::Nil,
    })
}
