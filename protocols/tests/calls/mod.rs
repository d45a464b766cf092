//! Nodes in the hand of a test, with no simulator: a datagram arrives when the test delivers it, time passes when the
//! test says so, and a disk forgets in a crash what was not synced.

#![allow(dead_code, reason = "each test uses a part of it")]

#[path = "../fuzz/dice.rs"]
pub(crate) mod dice;
mod disk;
pub(crate) mod phone;

use dice::Dice;
use disk::Files;
use simlab_core::{
    Argument, Arguments, Counters, Disk, Duration, Effect, Entry, Env, Event, Fields, Layered,
    Member, Moment, NodeId, Outbox, Parameter, Process, Scope, Seeded, Stack, Ticket, Time,
};
use std::collections::{BTreeMap, VecDeque};

/// A datagram that is under way.
#[derive(Clone, Debug)]
pub(crate) struct Flight {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) bytes: Vec<u8>,
}

/// What a node did that the test may want to know of.
#[derive(Clone, Debug)]
pub(crate) enum Did {
    /// The number of the flight.
    Sent(u64),
    Noted {
        name: &'static str,
        a: u64,
        b: u64,
        text: String,
    },
    Synced,
    Rang,
    Halted,
}

/// What the network does while it is left to itself: of how many datagrams one is lost, doubled, damaged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    pub(crate) loss: usize,
    pub(crate) double: usize,
    pub(crate) damage: usize,
}

struct Sync {
    at: Time,
    scope: Scope,
    ticket: Ticket,
    writes: u64,
}

struct Node {
    pristine: Box<dyn Process>,
    process: Option<Box<dyn Process>>,
    life: u32,
    counters: Counters,
    timers: BTreeMap<(Scope, u64), Time>,
    files: Files,
    syncs: VecDeque<Sync>,
}

/// The nodes and what is between them.
pub(crate) struct Lab {
    nodes: Vec<Node>,
    pub(crate) now: Time,
    /// What is under way, by number: the next one is `sent`.
    pub(crate) flights: BTreeMap<u64, Flight>,
    pub(crate) sent: u64,
    /// How long a sync takes.
    pub(crate) sync: Duration,
    /// What was done since somebody took it away.
    pub(crate) did: Vec<(NodeId, Did)>,
    decide: Seeded,
    outbox: Outbox,
}

impl Lab {
    /// These nodes, which begin their first life at once.
    pub(crate) fn new(seed: u64, processes: Vec<Box<dyn Process>>) -> Lab {
        let node = |pristine: Box<dyn Process>| Node {
            process: None,
            pristine,
            life: 0,
            counters: Counters::default(),
            timers: BTreeMap::new(),
            files: Files::default(),
            syncs: VecDeque::new(),
        };
        let mut lab = Lab {
            nodes: processes.into_iter().map(node).collect(),
            now: Time::ZERO,
            flights: BTreeMap::new(),
            sent: 0,
            sync: Duration::from_millis(1),
            did: Vec::new(),
            decide: Seeded::new(seed),
            outbox: Outbox::new(),
        };
        (0..lab.nodes.len() as u32).for_each(|node| lab.start(NodeId(node)));
        lab
    }

    pub(crate) fn is_up(&self, node: NodeId) -> bool {
        self.nodes[node.index()].process.is_some()
    }

    pub(crate) fn life(&self, node: NodeId) -> u32 {
        self.nodes[node.index()].life
    }

    pub(crate) fn process(&self, node: NodeId) -> Option<&dyn Process> {
        self.nodes[node.index()].process.as_deref()
    }

    /// What a node shows of itself.
    pub(crate) fn inspect(&self, node: NodeId) -> Fields {
        let mut fields = Fields::new();
        if let Some(process) = self.process(node) {
            process.inspect(&mut fields);
        }
        fields
    }

    fn start(&mut self, node: NodeId) {
        let of = &mut self.nodes[node.index()];
        of.process = Some(of.pristine.fork());
        self.handle(node, Event::Start);
    }

    /// A node that is down begins its next life.
    pub(crate) fn restart(&mut self, node: NodeId) {
        let of = &mut self.nodes[node.index()];
        assert!(of.process.is_none(), "it is up");
        of.life += 1;
        self.start(node);
    }

    /// A node crashes. Of the writes that were not synced those are kept of which `keep` says so.
    pub(crate) fn crash(&mut self, node: NodeId, keep: impl FnMut() -> bool) {
        let of = &mut self.nodes[node.index()];
        of.process = None;
        of.timers.clear();
        of.syncs.clear();
        of.files.crash(keep);
    }

    /// Delivers a flight, and keeps a copy of it under way if it is to be doubled.
    pub(crate) fn deliver(&mut self, number: u64, keep: bool) {
        let flight =
            if keep { self.flights.get(&number).cloned() } else { self.flights.remove(&number) };
        let Flight { from, to, bytes } = flight.expect("it is under way");
        self.hear(to, from, &bytes);
    }

    /// Gives a node a datagram, whoever sent it.
    pub(crate) fn hear(&mut self, to: NodeId, from: NodeId, bytes: &[u8]) {
        self.handle(to, Event::Datagram { from, bytes });
    }

    /// Gives a node an order in words.
    pub(crate) fn command(&mut self, node: NodeId, words: &str) {
        self.order(node, words.as_bytes());
    }

    /// Gives a node an order.
    pub(crate) fn order(&mut self, node: NodeId, bytes: &[u8]) {
        self.handle(node, Event::Command { bytes });
    }

    /// Lets so many milliseconds pass, in which datagrams arrive after some three milliseconds, in any order, or not at all.
    pub(crate) fn blow(&mut self, millis: u64, weather: Weather, dice: &mut Dice) {
        for _ in 0..millis {
            self.advance(Duration::from_millis(1));
            let under_way: Vec<u64> = self.flights.keys().copied().collect();
            for number in under_way {
                if !dice.one_in(3) {
                    continue;
                }
                if dice.one_in(weather.loss) {
                    self.flights.remove(&number);
                    continue;
                }
                let flight = self.flights.get_mut(&number).expect("it is under way");
                if dice.one_in(weather.damage) {
                    let at = dice.below(flight.bytes.len());
                    flight.bytes[at] ^= 1 << dice.below(8);
                }
                self.deliver(number, dice.one_in(weather.double));
            }
        }
    }

    /// When the next timer rings or the next sync ends.
    pub(crate) fn next(&self) -> Option<Time> {
        let timers = self.nodes.iter().flat_map(|node| node.timers.values().copied());
        timers.chain(self.nodes.iter().filter_map(|node| Some(node.syncs.front()?.at))).min()
    }

    /// Lets so much time pass, and what is due meanwhile happen in its order.
    pub(crate) fn advance(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.next().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.happen(at);
        }
        self.now = until;
    }

    /// The first that is due by a time: syncs before timers, and the first node before others.
    fn happen(&mut self, by: Time) {
        for n in 0..self.nodes.len() {
            let (node, of) = (NodeId(n as u32), &mut self.nodes[n]);
            if of.syncs.front().is_some_and(|sync| sync.at <= by)
                && let Some(Sync { scope, ticket, writes, .. }) = of.syncs.pop_front()
            {
                of.files.settle(writes);
                self.did.push((node, Did::Synced));
                return self.handle(node, Event::Synced { scope, ticket, result: Ok(()) });
            }
            let due = of.timers.iter().find(|(_, at)| **at <= by).map(|(which, _)| *which);
            if let Some((scope, key)) = due {
                of.timers.remove(&(scope, key));
                self.did.push((node, Did::Rang));
                return self.handle(node, Event::Timer { scope, key });
            }
        }
    }

    fn handle(&mut self, node: NodeId, event: Event<'_>) {
        let of = &mut self.nodes[node.index()];
        let Some(process) = &mut of.process else { return };
        let moment = Moment { me: node, now: self.now, wall: self.now, life: of.life };
        let mut outbox = std::mem::take(&mut self.outbox);
        outbox.clear();
        let (counters, files) = (&mut of.counters, &of.files);
        let mut env = Env::new(moment, &mut outbox, counters, &mut self.decide, files);
        process.on_event(event, &mut env);
        for effect in outbox.effects() {
            self.carry_out(node, *effect, &outbox);
        }
        self.outbox = outbox;
    }

    fn carry_out(&mut self, node: NodeId, effect: Effect, outbox: &Outbox) {
        let (now, of) = (self.now, &mut self.nodes[node.index()]);
        match effect {
            Effect::Send { to, payload } => {
                for to in outbox.receivers(to) {
                    let bytes = outbox.bytes(payload).to_vec();
                    self.flights.insert(self.sent, Flight { from: node, to: *to, bytes });
                    self.did.push((node, Did::Sent(self.sent)));
                    self.sent += 1;
                }
            }
            Effect::SetTimer { scope, key, after } => {
                of.timers.insert((scope, key), now + after);
            }
            Effect::CancelTimer { scope, key } => {
                of.timers.remove(&(scope, key));
            }
            Effect::Append { file, data } => {
                of.files.write(outbox.text(file), Some(outbox.bytes(data)), true);
            }
            Effect::Replace { file, data } => {
                of.files.write(outbox.text(file), Some(outbox.bytes(data)), false);
            }
            Effect::Remove { file } => of.files.write(outbox.text(file), None, false),
            Effect::Sync { scope, ticket, file: None } => {
                let (at, writes) = (now + self.sync, of.files.written());
                of.syncs.push_back(Sync { at, scope, ticket, writes });
            }
            Effect::Note { name, a, b, text } => {
                let text = outbox.text(text).to_owned();
                self.did.push((node, Did::Noted { name, a, b, text }));
            }
            Effect::Halt => {
                self.did.push((node, Did::Halted));
                self.crash(node, || false);
            }
            Effect::Reached { .. } => {}
            other => panic!("nobody here does that: {other:?}"),
        }
    }

    /// A file of a node, as a read sees it.
    pub(crate) fn file(&self, node: NodeId, name: &str) -> Option<&[u8]> {
        self.nodes[node.index()].files.read(name).expect("it can be read")
    }
}

/// A layer's name, and the arguments that are not the default ones.
pub(crate) type Layering<'a> = (&'a str, &'a [(&'a str, &'a str)]);

/// A service of one of two nodes on layers, the uppermost first.
pub(crate) fn on_layers(
    layers: &[Layering<'_>],
    me: NodeId,
    app: Box<dyn Process>,
) -> Box<dyn Process> {
    let layer = |(name, given): &Layering<'_>| {
        let mut entries = simlab_protocols::entries().iter();
        let entry = entries.find(|entry| entry.name == *name).expect("a layer");
        let spec = Spec { name: "", entry, given: given.to_vec(), switches: Vec::new() };
        let parameters = entry.parameters.iter();
        let arguments = parameters.map(|p| (p.name, spec.argument(p, &|_| None))).collect();
        Layered { name: entry.name, arguments }
    };
    let layered: Vec<Layered> = layers.iter().map(layer).collect();
    let member = |id| Member {
        id: NodeId(id),
        name: format!("n{id}"),
        site: None,
        service: "",
        arguments: BTreeMap::new(),
        stack: layered.clone(),
    };
    let roster = [member(0), member(1)];
    let build = |layered: &Layered| {
        let mut entries = simlab_protocols::entries().iter();
        let entry = entries.find(|entry| entry.name == layered.name).expect("a layer");
        let arguments = Arguments { me, roster: &roster, objects: &[], switches: &[] };
        let layer = entry.layer.expect("it is a layer");
        (layered.name, (layer.build)(&arguments, layered).expect("it can be built"))
    };
    Box::new(Stack::new(layered.iter().map(build).collect(), app))
}

/// A node that is to be built.
pub(crate) struct Spec<'a> {
    pub(crate) name: &'a str,
    pub(crate) entry: &'static Entry,
    pub(crate) given: Vec<(&'a str, &'a str)>,
    pub(crate) switches: Vec<&'static str>,
}

impl<'a> Spec<'a> {
    /// A node of this service with these arguments.
    pub(crate) fn new(name: &'a str, service: &str, given: &[(&'a str, &'a str)]) -> Spec<'a> {
        let mut entries = simlab_protocols::entries().iter().copied().chain([&phone::PHONE]);
        let entry = entries.find(|entry| entry.name == service).expect("a service");
        for (name, _) in given {
            assert!(entry.parameters.iter().any(|p| p.name == *name), "{service} has no {name}");
        }
        Spec { name, entry, given: given.to_vec(), switches: Vec::new() }
    }

    /// The same with a rule left out.
    pub(crate) fn switch(mut self, name: &str) -> Spec<'a> {
        let found = self.entry.switches.iter().find(|switch| switch.name == name);
        self.switches.push(found.expect("a switch of it").name);
        self
    }

    fn argument(&self, parameter: &Parameter, find: &dyn Fn(&str) -> Option<NodeId>) -> Argument {
        let given = self.given.iter().find(|(name, _)| *name == parameter.name);
        let text = given.map(|(_, text)| *text).or(parameter.default);
        let text = text.unwrap_or_else(|| panic!("{} is needed", parameter.name));
        parameter.kind.parse(text, find).expect("a good argument")
    }
}

/// The processes of these nodes, as the scenario loader builds them.
pub(crate) fn built(specs: &[Spec<'_>]) -> Vec<Box<dyn Process>> {
    let find = |name: &str| {
        let index = specs.iter().position(|spec| spec.name == name)?;
        Some(NodeId(index as u32))
    };
    let member = |(id, spec): (usize, &Spec<'_>)| {
        let parameters = spec.entry.parameters.iter();
        let arguments = parameters.map(|p| (p.name, spec.argument(p, &find))).collect();
        let (id, name, service) = (NodeId(id as u32), spec.name.to_owned(), spec.entry.name);
        Member { id, name, site: None, service, arguments, stack: Vec::new() }
    };
    let roster: Vec<Member> = specs.iter().enumerate().map(member).collect();
    let build = |(member, spec): (&Member, &Spec<'_>)| {
        let (roster, switches) = (&roster, &spec.switches);
        let arguments = Arguments { me: member.id, roster, objects: &[], switches };
        (spec.entry.build)(&arguments).expect("it can be built")
    };
    roster.iter().zip(specs).map(build).collect()
}
