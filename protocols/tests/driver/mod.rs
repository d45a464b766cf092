//! A small driver for the tests of this crate: nodes, a timed queue, a disk that forgets.
//!
//! It is a second, dumber kernel, so that these tests need none: one queue, one seed, no trace but
//! a list of lines. Links lose, duplicate and delay; a crash keeps any subset of the unsynced writes.

#![allow(dead_code, unused_imports, reason = "each test uses a part of it")]

mod calls;
mod disk;
mod effects;
mod harness;
pub(crate) mod linear;
mod roster;
pub(crate) mod three_cities;

pub(crate) use calls::request;
use disk::Files;
pub(crate) use harness::{golden, seeds};
use rand::Rng;
pub(crate) use roster::Spec;
use simlab_core::wire::{Decode, Encode};
use simlab_core::*;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;

/// What a link does. Percentages; delays in microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) loss: u64,
    pub(crate) duplicate: u64,
    pub(crate) delay: (u64, u64),
}

/// A datagram, as a test's filter sees it.
#[derive(Clone, Debug)]
pub(crate) struct Flight {
    pub(crate) from: u32,
    pub(crate) to: u32,
    /// What the dissector calls it.
    pub(crate) kind: String,
    pub(crate) at_ms: u64,
}

/// An operation of the history.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub(crate) id: OpId,
    pub(crate) session: Session,
    pub(crate) operation: Operation,
    /// The step at which it began.
    pub(crate) invoked: u64,
    /// The step at which it ended, and how.
    pub(crate) returned: Option<(u64, Outcome)>,
}

#[derive(Clone, Debug)]
enum Action {
    Arrive { from: NodeId, to: NodeId, bytes: Vec<u8> },
    Timer { node: NodeId, life: u32, scope: Scope, key: u64 },
    Synced { node: NodeId, life: u32, scope: Scope, ticket: Ticket, writes: u64 },
    Command { node: NodeId, operation: Operation },
    Crash { node: NodeId },
    Restart { node: NodeId },
    Unreadable { node: NodeId, unreadable: bool },
    Heal,
}

struct Node {
    name: String,
    entry: &'static Entry,
    pristine: Box<dyn Process>,
    process: Option<Box<dyn Process>>,
    life: u32,
    files: Files,
    timers: BTreeMap<(Scope, u64), Time>,
    counters: Counters,
}

struct Glance<'a>(&'a [Node], Time);

impl View for Glance<'_> {
    fn now(&self) -> Time {
        self.1
    }
    fn nodes(&self) -> u32 {
        self.0.len() as u32
    }
    fn name(&self, node: NodeId) -> &str {
        &self.0[node.index()].name
    }
    fn inspect(&self, node: NodeId) -> Option<Fields> {
        let mut fields = Fields::new();
        self.0[node.index()].process.as_ref()?.inspect(&mut fields);
        Some(fields)
    }
}

/// Says whether a datagram is lost, whatever its link does.
pub(crate) type Filter = Box<dyn FnMut(&Flight) -> bool>;

/// Says whether a write of a node fails at a time in milliseconds, and why.
pub(crate) type Spoil = Box<dyn FnMut(u32, u64) -> Option<DiskError>>;

pub(crate) struct World {
    nodes: Vec<Node>,
    queue: BTreeMap<(Time, u64), Action>,
    pub(crate) now: Time,
    steps: u64,
    order: u64,
    decide: Seeded,
    rng: Box<dyn Rng>,
    /// Between a client and its replica, and between replicas.
    pub(crate) near: Link,
    pub(crate) far: Link,
    pub(crate) sync_us: (u64, u64),
    /// A node whose disk takes so much longer.
    pub(crate) slow_disk: Option<(u32, u64)>,
    pub(crate) lose: Filter,
    pub(crate) spoil: Spoil,
    /// How long a node that halted is down; `None` leaves it down.
    pub(crate) restart_halted_after: Option<u64>,
    /// What happened, a line each.
    pub(crate) log: Vec<String>,
    /// How often each note was left, and each kind of datagram sent.
    pub(crate) notes: BTreeMap<&'static str, u64>,
    pub(crate) sent: BTreeMap<String, u64>,
    pub(crate) history: Vec<Op>,
    pub(crate) halted: BTreeSet<u32>,
    checkers: Vec<Box<dyn Checker>>,
    pub(crate) violations: Vec<String>,
}

impl World {
    /// A node for each `(name, service, arguments)`.
    pub(crate) fn new(seed: u64, spec: &[Spec<'_>]) -> Self {
        let mut checkers: BTreeMap<&str, Box<dyn Checker>> = BTreeMap::new();
        let mut nodes = Vec::new();
        for (entry, name, pristine) in roster::build(spec) {
            for invariant in entry.invariants {
                checkers.insert(invariant.name, (invariant.build)());
            }
            nodes.push(Node {
                name,
                entry,
                pristine,
                process: None,
                life: 0,
                files: Files::default(),
                timers: BTreeMap::new(),
                counters: Counters::default(),
            });
        }
        let calm = |us| Link { loss: 0, duplicate: 0, delay: (us, us) };
        let mut world = World {
            nodes,
            queue: BTreeMap::new(),
            now: Time::ZERO,
            steps: 0,
            order: 0,
            decide: Seeded::new(seed),
            rng: Box::new(stream(seed, "driver")),
            near: calm(1_000),
            far: calm(10_000),
            sync_us: (1_000, 1_000),
            slow_disk: None,
            lose: Box::new(|_| false),
            spoil: Box::new(|_, _| None),
            restart_halted_after: None,
            log: Vec::new(),
            notes: BTreeMap::new(),
            sent: BTreeMap::new(),
            history: Vec::new(),
            halted: BTreeSet::new(),
            checkers: checkers.into_values().collect(),
            violations: Vec::new(),
        };
        for node in 0..world.nodes.len() as u32 {
            world.restart(NodeId(node));
        }
        world
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.rng.next_u64() % bound
    }

    fn between(&mut self, (low, high): (u64, u64)) -> u64 {
        low + self.below(high - low + 1)
    }

    fn schedule(&mut self, at: Time, action: Action) {
        self.order += 1;
        self.queue.insert((at, self.order), action);
    }

    /// Lets `client` ask for `call` at a time.
    pub(crate) fn ask(&mut self, at_ms: u64, client: u32, object: &str, call: Call) {
        let operation = Operation { object: object.to_owned(), call };
        let at = Time::ZERO + Duration::from_millis(at_ms);
        self.schedule(at, Action::Command { node: NodeId(client), operation });
    }

    pub(crate) fn crash_at(&mut self, at_ms: u64, node: u32) {
        let at = Time::ZERO + Duration::from_millis(at_ms);
        self.schedule(at, Action::Crash { node: NodeId(node) });
    }

    pub(crate) fn restart_at(&mut self, at_ms: u64, node: u32) {
        let at = Time::ZERO + Duration::from_millis(at_ms);
        self.schedule(at, Action::Restart { node: NodeId(node) });
    }

    /// Lets all reads of a node's files fail from then on, or succeed again.
    pub(crate) fn unreadable_at(&mut self, at_ms: u64, node: u32, unreadable: bool) {
        let at = Time::ZERO + Duration::from_millis(at_ms);
        self.schedule(at, Action::Unreadable { node: NodeId(node), unreadable });
    }

    /// From then on every link and every node works.
    pub(crate) fn heal_at(&mut self, at_ms: u64) {
        self.schedule(Time::ZERO + Duration::from_millis(at_ms), Action::Heal);
    }

    /// Runs up to and including a time.
    pub(crate) fn run(&mut self, until_ms: u64) {
        let until = Time::ZERO + Duration::from_millis(until_ms);
        while let Some(entry) = self.queue.first_entry()
            && entry.key().0 <= until
        {
            let ((at, _), action) = entry.remove_entry();
            self.now = at;
            self.act(action);
            self.steps += 1;
            assert!(self.steps < 1_000_000, "it does not come to rest");
        }
        self.now = until;
    }

    /// Runs until `done`, at most for a minute; says whether it came.
    pub(crate) fn run_until(&mut self, done: impl Fn(&World) -> bool) -> bool {
        let end = self.now.millis() + 60_000;
        while !done(self) {
            let Some(entry) = self.queue.first_entry() else { return false };
            if entry.key().0.millis() > end {
                return false;
            }
            let ((at, _), action) = entry.remove_entry();
            self.now = at;
            self.act(action);
            self.steps += 1;
        }
        true
    }

    fn say(&mut self, line: &str) {
        self.log.push(format!("{:>7} {line}", self.now));
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Arrive { from, to, bytes } => {
                if self.nodes[to.index()].process.is_some() {
                    let line = format!(
                        "{} -> {}: {}",
                        self.name(from),
                        self.name(to),
                        self.words(to, &bytes)
                    );
                    self.say(&line);
                    self.handle(to, Event::Datagram { from, bytes: &bytes });
                }
            }
            Action::Timer { node, life, scope, key } => {
                let state = &mut self.nodes[node.index()];
                let due = state.timers.get(&(scope, key)) == Some(&self.now);
                if due && state.life == life {
                    state.timers.remove(&(scope, key));
                    let line = format!("{} timer", self.name(node));
                    self.say(&line);
                    self.handle(node, Event::Timer { scope, key });
                }
            }
            Action::Synced { node, life, scope, ticket, writes } => {
                let state = &mut self.nodes[node.index()];
                if state.life == life && state.process.is_some() {
                    let result = state.files.settle(writes, self.rng.next_u64());
                    let line = match result {
                        Ok(()) => format!("{} synced", self.name(node)),
                        Err(e) => format!("{} did not sync: {e}", self.name(node)),
                    };
                    self.say(&line);
                    self.handle(node, Event::Synced { scope, ticket, result });
                }
            }
            Action::Command { node, operation } => {
                if self.nodes[node.index()].process.is_some() {
                    self.handle(node, Event::Command { bytes: &operation.to_bytes() });
                }
            }
            Action::Crash { node } => self.crash(node),
            Action::Restart { node } => self.restart(node),
            Action::Unreadable { node, unreadable } => {
                self.nodes[node.index()].files.unreadable = unreadable;
            }
            Action::Heal => {
                self.near = Link { loss: 0, duplicate: 0, delay: (500, 2_000) };
                self.far = Link { loss: 0, duplicate: 0, delay: (500, 60_000) };
                self.sync_us = (100, 2_000);
                self.lose = Box::new(|_| false);
                self.spoil = Box::new(|_, _| None);
                for node in (0..self.nodes.len() as u32).map(NodeId) {
                    self.nodes[node.index()].files.unreadable = false;
                    self.restart(node);
                }
            }
        }
    }

    fn crash(&mut self, node: NodeId) {
        if self.nodes[node.index()].process.is_some() {
            let line = format!("{} crashes", self.name(node));
            self.say(&line);
            self.stop(node);
        }
    }

    fn stop(&mut self, node: NodeId) {
        let bits = self.rng.next_u64();
        let state = &mut self.nodes[node.index()];
        state.process = None;
        state.files.crash(bits);
        state.timers.clear();
        state.life += 1;
    }

    fn restart(&mut self, node: NodeId) {
        let state = &mut self.nodes[node.index()];
        if state.process.is_none() {
            state.process = Some(state.pristine.fork());
            let line = format!("{} starts", self.name(node));
            self.say(&line);
            self.handle(node, Event::Start);
        }
    }

    fn name(&self, node: NodeId) -> &str {
        &self.nodes[node.index()].name
    }

    fn words(&self, node: NodeId, bytes: &[u8]) -> String {
        let dissection = self.nodes[node.index()].entry.dissect.and_then(|dissect| dissect(bytes));
        dissection.map_or_else(|| format!("{} bytes", bytes.len()), |found| found.summary)
    }

    /// The outcomes of a client, in the order of its operations, in words.
    pub(crate) fn told(&self, client: u32) -> Vec<String> {
        let of = self.history.iter().filter(|op| op.id.node() == NodeId(client));
        of.map(|op| op.returned.as_ref().map_or("open".to_owned(), |(_, o)| o.to_string()))
            .collect()
    }

    /// The state of a node.
    pub(crate) fn inspect(&self, node: u32) -> Option<Fields> {
        Glance(&self.nodes, self.now).inspect(NodeId(node))
    }

    /// What the service of node 0 says an object holds, from the nodes that are up.
    pub(crate) fn account(&self, object: &str) -> Option<i64> {
        let entry = self.nodes[0].entry;
        let group = (0..self.nodes.len() as u32)
            .filter(|n| self.nodes[*n as usize].entry.name == entry.name)
            .filter_map(|n| self.inspect(n));
        entry.account.and_then(|account| account(&group.collect::<Vec<_>>(), object))
    }

    /// Puts bytes on a link, as a damaged or forged datagram.
    pub(crate) fn inject(&mut self, from: u32, to: u32, bytes: &[u8]) {
        let (from, to, bytes) = (NodeId(from), NodeId(to), bytes.to_vec());
        self.schedule(self.now, Action::Arrive { from, to, bytes });
    }

    /// Gives a node an order, whatever it says.
    pub(crate) fn order(&mut self, node: u32, bytes: &[u8]) {
        self.handle(NodeId(node), Event::Command { bytes });
    }

    /// Writes to a node's disk behind its back.
    pub(crate) fn tamper(&mut self, node: u32, file: &str, content: Option<&[u8]>) {
        let files = &mut self.nodes[node as usize].files;
        files.write(file, content, None);
        files.settle(files.written(), 0).expect("it does not fail");
    }

    /// The content of a file of a node.
    pub(crate) fn content(&self, node: u32, file: &str) -> Vec<u8> {
        let content = self.nodes[node as usize].files.read(file);
        content.expect("it can be read").expect("it is there").to_vec()
    }

    /// The names of a node's files.
    pub(crate) fn files(&self, node: u32) -> Vec<String> {
        let files = self.nodes[node as usize].files.list("");
        files.into_iter().map(str::to_owned).collect()
    }
}
