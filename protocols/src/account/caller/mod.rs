//! Who adds to the account.

mod latency;

use super::account::{self, Receipt, dissect};
use super::desk::{DESK, desk};
use super::server::SERVER;
use super::{FAULTS, invariant};
use crate::rpc::channel::parameters::{self as of_channel, CHOOSING};
use crate::rpc::channel::{self, Ended, RECOVERS};
use crate::rpc::client::NEW_ID;
use crate::rpc::directory::{REGISTRY, registry};
use crate::rpc::error::{CallError, Executed};
use crate::rpc::govern::breaker::NEVER_HALF_OPENS;
use crate::rpc::govern::shed::Class;
use crate::rpc::message::{Codec, Message, Semantics};
use crate::rpc::parameters::{self, CALLING, CODEC, DEADLINE, SEMANTICS, STEPS, joined};
use crate::rpc::{self, Channel, Client, Handle, NO_WORK_PAST_DEADLINE, Options};
use latency::Latency;
use simlab_core::wire::Decode;
use simlab_core::{
    Arguments, BuildError, Digest, Duration, Entry, Env, Event, Fields, NodeId, Parameter,
    ParameterKind, Process, Time,
};
use std::collections::{BTreeMap, BTreeSet};

/// The caller.
pub const CALLER: Entry =
    Entry::server("account-caller", "adds 1 to an account, again and again", build)
        .parameters(&joined::<30>(&[
            &OWN,
            &CHOOSING,
            &[SEMANTICS, CODEC, DEADLINE, STEPS],
            &CALLING,
        ]))
        .switches(&[NEW_ID, NEVER_HALF_OPENS])
        .invariants(&[
            invariant::EFFECTS_ONCE,
            invariant::REPLIES_MATCH,
            NO_WORK_PAST_DEADLINE,
            RECOVERS,
        ])
        .dissector(|bytes| {
            dissect(bytes).or_else(|| desk::dissect(bytes)).or_else(|| registry::dissect(bytes))
        })
        .faults(&FAULTS);

/// What callers of other services do not have.
const OWN: [Parameter; 10] = [
    Parameter {
        name: "server",
        kind: ParameterKind::Node,
        default: None,
        help: "the account-server or account-desk that it calls, or a registry that knows account-servers",
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
        "the time from one operation to the next, from one poll to the next, or after an operation for \
         which no server could be asked",
    ),
    Parameter::with_default(
        "after",
        ParameterKind::Duration,
        "0s",
        "when its first operation begins",
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
    Parameter::with_default(
        "keys",
        ParameterKind::Count { min: 1, max: 1_000_000 },
        "1",
        "with `consistent-hash`, for how many customers the operations are, in turn",
    ),
    Parameter::with_default(
        "byte_order",
        ParameterKind::Choice(&["network", "reversed"]),
        "network",
        "in which order it writes and reads the bytes of numbers; a server knows network byte order alone",
    ),
];

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
    /// Whether it calls a desk, which takes orders.
    order: bool,
    take: bool,
    /// What it holds itself, if the account is in its own process.
    local: Option<i64>,
    count: u64,
    pace: Pace,
    every: Duration,
    after: Duration,
    options: Options,
    /// Whether it takes the first byte of a number for its last.
    reversed: bool,
    channel: Channel,
    keys: u64,
    /// The servers that have answered for each key, if there are several.
    met: BTreeMap<u64, BTreeSet<NodeId>>,
    begun: u64,
    /// The operations that have not ended.
    open: BTreeMap<Handle<Receipt>, Open>,
    acknowledged: u64,
    /// When the last operation ended.
    last: Time,
    /// How long operations took.
    latency: Latency,
    errors: BTreeMap<&'static str, u64>,
    strange: u64,
}

#[derive(Clone, Copy, Debug, Hash)]
struct Open {
    operation: u64,
    key: u64,
    begun: Time,
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let server = arguments.node("server");
    let service = arguments.roster[server.index()].service;
    if ![SERVER.name, DESK.name, REGISTRY.name].contains(&service) {
        let (server, desk, registry) = (SERVER.name, DESK.name, REGISTRY.name);
        let message = format!("`server` is a node that runs {server}, {desk} or {registry}");
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
    let order = service == DESK.name;
    let called = if order { &desk::INTERFACE } else { &account::INTERFACE };
    let class = Class::named(arguments.text("class")).unwrap_or(Class::Critical);
    let client = Client::new(parameters::client(arguments)?);
    let config: channel::Config = of_channel::channel(arguments, server)?;
    let options = Options { codec, polled, version, class, ..Options::new(semantics, time) };
    Ok(Box::new(Caller {
        order,
        take: arguments.flag("take"),
        local: arguments.flag("local").then_some(0),
        count: arguments.count("count"),
        pace,
        every: arguments.duration("every"),
        after: arguments.duration("after"),
        options,
        reversed: arguments.text("byte_order") == "reversed",
        channel: Channel::new(called, config, client),
        keys: arguments.count("keys"),
        met: BTreeMap::new(),
        begun: 0,
        open: BTreeMap::new(),
        acknowledged: 0,
        last: Time::ZERO,
        latency: Latency::default(),
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
        let (mut ended, key) = (Vec::new(), self.begun % self.keys);
        let (number, amount) = match self.reversed {
            true => (operation.swap_bytes(), 1_i64.swap_bytes()),
            false => (operation, 1),
        };
        let request = match (self.order, self.take && self.begun.is_multiple_of(2)) {
            (true, _) => desk::order(number, amount),
            (false, false) => account::add(number, amount),
            (false, true) => account::take(number, amount),
        };
        let mut port = env.at(rpc::PORT);
        let digest = Digest::of(&key.to_be_bytes());
        let handle = self.channel.call(&request, digest, self.options, &mut port, &mut ended);
        self.open.insert(handle, Open { operation, key, begun: env.now() });
        self.hear(ended, env);
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
                    // Nobody was asked: all others would end now too.
                    if self.open.is_empty() && self.local.is_none() {
                        return env.set_timer(0, self.every);
                    }
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

    fn hear(&mut self, ended: Vec<Ended>, env: &mut Env<'_>) {
        for one in ended {
            let handle = self.open.keys().find(|handle| handle.call == one.call).copied();
            if let Some(handle) = handle {
                self.hear_of(handle, &one, env);
            }
        }
    }

    fn hear_of(&mut self, handle: Handle<Receipt>, ended: &Ended, env: &mut Env<'_>) {
        let Some(Open { operation, key, begun }) = self.open.remove(&handle) else { return };
        let result = ended.read(&handle);
        if result.is_ok() && self.keys > 1 {
            self.met.entry(key).or_default().extend(ended.server);
        }
        self.ended(operation, result, begun, env);
    }

    /// Asks for what has ended.
    fn poll(&mut self, env: &mut Env<'_>) {
        let handles: Vec<Handle<Receipt>> = self.open.keys().copied().collect();
        for handle in handles {
            if let Some(ended) = self.channel.poll(&handle) {
                self.hear_of(handle, &ended, env);
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
        self.latency.add(env.now().since(begun));
        match result {
            Ok(receipt) => {
                self.acknowledged += 1;
                let told = receipt.operation;
                let told = if self.reversed { told.swap_bytes() } else { told };
                invariant::note_acknowledged(operation, told, env);
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
        let mut ended = Vec::new();
        match event.peel() {
            (None, Event::Start) if self.after > Duration::ZERO => env.set_timer(0, self.after),
            (None, Event::Start) => return self.go_on(env),
            (None, Event::Timer { .. }) => {
                if self.pace == Pace::Polled {
                    self.poll(env);
                }
                return self.go_on(env);
            }
            (Some(rpc::PORT), Event::Datagram { from, bytes }) => {
                let known = Message::from_bytes(bytes).is_ok_and(|message| {
                    self.channel.hear(from, &message, &mut env.at(rpc::PORT), &mut ended)
                });
                self.strange += u64::from(!known);
            }
            (Some(rpc::PORT), Event::Timer { key, .. }) => {
                self.channel.timer(key, &mut env.at(rpc::PORT), &mut ended);
            }
            (_, Event::Datagram { .. }) => self.strange += 1,
            _ => {}
        }
        let any = !ended.is_empty();
        self.hear(ended, env);
        if any && self.pace == Pace::Sequential {
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
        if let Some((shortest, longest)) = self.latency.ends() {
            view.int("shortest_us", shortest as i64);
            view.int("longest_us", longest as i64);
        }
        for (name, share) in [("median_us", 500), ("p99_us", 990)] {
            view.int(name, self.latency.of_thousand(share).unwrap_or(0) as i64);
        }
        if self.keys > 1 {
            let met = self.met.values().map(BTreeSet::len).max().unwrap_or(0);
            view.int("servers_per_key", met as i64);
        }
        view.int("last_ms", self.last.millis() as i64);
        view.int("strange_datagrams", self.strange as i64);
        view.group("calls", |view| self.channel.inspect(view));
    }
}
