//! Who adds to the account.

use super::account::{self, Receipt, dissect};
use super::desk::{DESK, desk};
use super::server::SERVER;
use super::{FAULTS, invariant};
use crate::rpc::error::{CallError, Executed};
use crate::rpc::message::{Codec, Message, Semantics};
use crate::rpc::parameters::{
    self, BACKOFF, BUDGET, CLIENT_SWITCHES, CODEC, DEADLINE, DRIFT, PATIENCE, RETRANSMIT,
    RETRANSMIT_MAX, SEMANTICS, STEPS,
};
use crate::rpc::{self, Client, Completed, Handle, NO_WORK_PAST_DEADLINE, Options};
use simlab_core::wire::Decode;
use simlab_core::{
    Arguments, BuildError, Duration, Entry, Env, Event, Fields, NodeId, Parameter, ParameterKind,
    Process, Time,
};
use std::collections::BTreeMap;

/// The caller.
pub const CALLER: Entry = Entry::server(
    "account-caller",
    "adds 1 to an account, again and again",
    build,
)
.parameters(&[
    Parameter {
        name: "server",
        kind: ParameterKind::Node,
        default: None,
        help: "the account-server or account-desk that it calls",
    },
    Parameter::with_default(
        "count",
        ParameterKind::Count { min: 1, max: 1_000_000 },
        "100",
        "how many operations it has",
    ),
    Parameter::with_default(
        "pace",
        ParameterKind::Choice(&Pace::NAMES),
        "timed",
        "when the next operation begins: after `every`, when the one before has ended, or at once; and \
         whether what has ended is told or polled for",
    ),
    Parameter::with_default(
        "every",
        ParameterKind::Duration,
        "100ms",
        "the time from one operation to the next, or from one poll to the next",
    ),
    Parameter::with_default(
        "local",
        ParameterKind::Flag,
        "false",
        "whether the account is in its own process, so that to add is no call from afar",
    ),
    Parameter::with_default(
        "take",
        ParameterKind::Flag,
        "false",
        "whether every second operation takes 1 away, which there is since version 2",
    ),
    Parameter::with_default(
        "version",
        ParameterKind::Count { min: 1, max: 65_535 },
        "1",
        "the version of the service that it speaks",
    ),
    SEMANTICS,
    CODEC,
    DEADLINE,
    RETRANSMIT,
    BACKOFF,
    RETRANSMIT_MAX,
    PATIENCE,
    DRIFT,
    BUDGET,
    STEPS,
])
.switches(&CLIENT_SWITCHES)
.invariants(&[invariant::EFFECTS_ONCE, invariant::REPLIES_MATCH, NO_WORK_PAST_DEADLINE])
.dissector(|bytes| dissect(bytes).or_else(|| desk::dissect(bytes)))
.faults(&FAULTS);

/// When operations begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Pace {
    /// One after each length of time.
    Timed,
    /// One when the one before has ended.
    Sequential,
    /// All at once.
    Pipelined,
    /// All at once, and what has ended is asked for.
    Polled,
}

impl Pace {
    const NAMES: [&str; 4] = ["timed", "sequential", "pipelined", "polled"];

    fn named(name: &str) -> Option<Pace> {
        Some(match name {
            "timed" => Pace::Timed,
            "sequential" => Pace::Sequential,
            "pipelined" => Pace::Pipelined,
            "polled" => Pace::Polled,
            _ => return None,
        })
    }
}

#[derive(Clone, Hash)]
struct Caller {
    server: NodeId,
    /// Whether that is a desk, which takes orders.
    order: bool,
    take: bool,
    /// What it holds itself, if the account is in its own process.
    local: Option<i64>,
    count: u64,
    pace: Pace,
    every: Duration,
    options: Options,
    client: Client,
    begun: u64,
    /// The operations that have not ended, and when they began.
    open: BTreeMap<Handle<Receipt>, (u64, Time)>,
    acknowledged: u64,
    /// When the last operation ended.
    last: Time,
    /// How long the shortest and the longest operation took.
    shortest: Duration,
    longest: Duration,
    errors: BTreeMap<&'static str, u64>,
    strange: u64,
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let server = arguments.node("server");
    let service = arguments.roster[server.index()].service;
    if ![SERVER.name, DESK.name].contains(&service) {
        let message = format!("`server` is a node that runs {} or {}", SERVER.name, DESK.name);
        return Err(BuildError { parameter: Some("server"), message });
    }
    if arguments.flag("take") && service == DESK.name {
        let message = "a desk takes nothing away".to_owned();
        return Err(BuildError { parameter: Some("take"), message });
    }
    let semantics = Semantics::named(arguments.text("semantics")).unwrap_or(Semantics::AtMostOnce);
    let time = arguments.duration("deadline");
    if semantics == Semantics::Maybe && time == Duration::FOREVER {
        let message = "a call that is sent once needs a deadline".to_owned();
        return Err(BuildError { parameter: Some("deadline"), message });
    }
    let codec = Codec::named(arguments.text("codec")).unwrap_or(Codec::Binary);
    let pace = Pace::named(arguments.text("pace")).unwrap_or(Pace::Timed);
    let version = Some(arguments.count("version") as u16);
    let polled = pace == Pace::Polled;
    if polled && arguments.duration("every") == Duration::ZERO {
        let message = "who polls without a pause does nothing else".to_owned();
        return Err(BuildError { parameter: Some("every"), message });
    }
    Ok(Box::new(Caller {
        server,
        order: service == DESK.name,
        take: arguments.flag("take"),
        local: arguments.flag("local").then_some(0),
        count: arguments.count("count"),
        pace,
        every: arguments.duration("every"),
        options: Options { codec, polled, version, ..Options::new(semantics, time) },
        client: Client::new(parameters::client(arguments)?),
        begun: 0,
        open: BTreeMap::new(),
        acknowledged: 0,
        last: Time::ZERO,
        shortest: Duration::FOREVER,
        longest: Duration::ZERO,
        errors: BTreeMap::new(),
        strange: 0,
    }))
}

impl Caller {
    /// Begins the next operation. Its number is of this node and this life, so that there is no second one.
    fn begin(&mut self, env: &mut Env<'_>) {
        let operation =
            u64::from(env.me().0) << 48 | u64::from(env.life() & 0xffff) << 32 | self.begun;
        self.begun += 1;
        invariant::note_asked(operation, env);
        if let Some(held) = &mut self.local {
            *held += 1;
            let receipt = Receipt { operation, total: *held };
            invariant::note_added(operation, 1, env);
            return self.ended(operation, Ok(receipt), env.now(), env);
        }
        let mut done = Vec::new();
        let request = match (self.order, self.take && self.begun.is_multiple_of(2)) {
            (true, _) => desk::order(operation, 1),
            (false, false) => account::add(operation, 1),
            (false, true) => account::take(operation, 1),
        };
        let mut port = env.at(rpc::PORT);
        let handle = self.client.call(self.server, &request, self.options, &mut port, &mut done);
        self.open.insert(handle, (operation, env.now()));
        self.hear(done, env);
    }

    /// Begins as many operations as it is time for.
    fn go_on(&mut self, env: &mut Env<'_>) {
        match self.pace {
            Pace::Timed => {
                if self.begun < self.count {
                    self.begin(env);
                }
                if self.begun < self.count {
                    env.set_timer(0, self.every);
                }
            }
            Pace::Sequential => {
                while self.begun < self.count && self.open.is_empty() {
                    self.begin(env);
                }
            }
            Pace::Pipelined | Pace::Polled => {
                while self.begun < self.count {
                    self.begin(env);
                }
            }
        }
        if self.pace == Pace::Polled && !self.open.is_empty() {
            env.set_timer(0, self.every);
        }
    }

    fn hear(&mut self, done: Vec<Completed>, env: &mut Env<'_>) {
        for Completed { call, result } in done {
            let handle = self.open.keys().find(|handle| handle.call == call).copied();
            if let Some((handle, (operation, begun))) =
                handle.and_then(|h| self.open.remove_entry(&h))
            {
                self.ended(operation, handle.read(&result), begun, env);
            }
        }
    }

    /// Asks for what has ended.
    fn poll(&mut self, env: &mut Env<'_>) {
        let handles: Vec<Handle<Receipt>> = self.open.keys().copied().collect();
        for handle in handles {
            if let Some(result) = self.client.poll(&handle)
                && let Some((operation, begun)) = self.open.remove(&handle)
            {
                self.ended(operation, result, begun, env);
            }
        }
    }

    fn ended(
        &mut self,
        operation: u64,
        result: Result<Receipt, CallError>,
        begun: Time,
        env: &mut Env<'_>,
    ) {
        self.last = env.now();
        let spent = env.now().since(begun);
        (self.shortest, self.longest) = (self.shortest.min(spent), self.longest.max(spent));
        match result {
            Ok(receipt) => {
                self.acknowledged += 1;
                invariant::note_acknowledged(operation, receipt.operation, env);
            }
            Err(error) => self.failed(operation, &error, env),
        }
    }

    fn failed(&mut self, operation: u64, error: &CallError, env: &mut Env<'_>) {
        *self.errors.entry(error.kind()).or_default() += 1;
        // A copy of a call that was refused may be executed where nobody knows copies.
        let known = self.options.semantics == Semantics::AtMostOnce;
        if known && error.executed() == Executed::No {
            invariant::note_not_executed(operation, env);
        }
    }
}

impl Process for Caller {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        let mut done = Vec::new();
        match event.peel() {
            (None, Event::Start) => return self.go_on(env),
            (None, Event::Timer { .. }) => {
                if self.pace == Pace::Polled {
                    self.poll(env);
                }
                return self.go_on(env);
            }
            (Some(rpc::PORT), Event::Datagram { from, bytes }) => {
                let known = Message::from_bytes(bytes).is_ok_and(|message| {
                    self.client.hear(from, &message, &mut env.at(rpc::PORT), &mut done)
                });
                self.strange += u64::from(!known);
            }
            (Some(rpc::PORT), Event::Timer { key, .. }) => {
                self.client.timer(key, &mut env.at(rpc::PORT), &mut done);
            }
            (_, Event::Datagram { .. }) => self.strange += 1,
            _ => {}
        }
        self.hear(done, env);
        if self.pace == Pace::Sequential {
            self.go_on(env);
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("operations", self.begun as i64);
        view.int("open", self.open.len() as i64);
        view.int("acknowledged", self.acknowledged as i64);
        for kind in ["refused", "unavailable", "deadline", "application", "indeterminate"] {
            view.int(kind, self.errors.get(kind).copied().unwrap_or(0) as i64);
        }
        if self.shortest <= self.longest {
            view.int("shortest_us", (self.shortest.nanos() / 1_000) as i64);
        }
        view.int("longest_us", (self.longest.nanos() / 1_000) as i64);
        view.int("last_ms", self.last.millis() as i64);
        view.int("strange_datagrams", self.strange as i64);
        view.group("calls", |view| self.client.inspect(view));
    }
}
