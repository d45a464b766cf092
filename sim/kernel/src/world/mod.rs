//! The world: nodes, network, clock, and the loop that moves them.

mod action;
mod adversary;
mod bounds;
mod disk;
mod due;
mod effects;
mod faults;
mod look;
mod quiet;
mod record;
mod send;
#[cfg(test)]
mod tests;
mod work;

pub use action::Action;
use due::Due;
pub use look::Flying;
use send::Datagram;

use crate::decisions::{Decisions, Departures, Script};
use crate::disk::Covers;
use crate::fault::{Fault, Faults};
use crate::limits::{Finding, Limits};
use crate::network::{Cuts, Flight, FrameId, Frames, Insight, LinkSpec, Links};
use crate::node::{Node, NodeSpec, Status};
use crate::panics::{self, Panicked};
use crate::queue::Queue;
use crate::stats::Stats;
use crate::timers::TimerEntry;
use crate::trace::{Names, Observer, Writer};
use simlab_core::history::History;
use simlab_core::{
    Checker, Event, Fields, Interest, NodeId, Outbox, Point, Scope, Seeded, Seq, Ticket, Time, View,
};
use slab::Slab;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How a world is run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What answers the random choices.
    pub seed: u64,
    /// Whether the trace is kept in memory. Its hash is computed either way.
    pub recording: bool,
    /// What the run may use up.
    pub limits: Limits,
}

impl Options {
    /// With this seed, recording, within the default limits.
    #[must_use]
    pub fn seed(seed: u64) -> Self {
        Options { seed, recording: true, limits: Limits::default() }
    }
}

/// Something due that does not come up for every datagram.
#[derive(Clone, Debug)]
enum Rare {
    /// A sync ends.
    Sync(SyncDue),
    /// A copy of a datagram arrives that something else put under way than its send.
    Arrival(Flight),
    /// A line of the story.
    Action(Action),
    /// A node that went down in this life is started again.
    Restart { node: NodeId, life: u32 },
    /// An adversary sends again what it has recorded.
    Replay(Datagram),
}

/// A sync under way.
#[derive(Clone, Debug)]
struct SyncDue {
    node: NodeId,
    /// The life that goes on when it ends.
    life: u32,
    /// Its number among the node's syncs.
    number: u64,
    scope: Scope,
    ticket: Ticket,
    covers: Covers,
    asked: Seq,
}

/// A whole simulated world. It can be cloned at any step, and the clone goes on exactly as the
/// original would.
#[derive(Clone, Debug)]
pub struct World {
    now: Time,
    queue: Queue,
    rare: Slab<Rare>,
    nodes: Vec<Node>,
    sites: BTreeMap<String, u32>,
    links: Links,
    cuts: Cuts,
    faults: Faults,
    /// What can be made of a node's datagrams without a key, by node; it decides nothing by itself.
    insights: BTreeMap<NodeId, Arc<dyn Insight>>,
    frames: Frames,
    in_flight_bytes: u64,
    /// How many datagrams have arrived and wait for their receivers.
    buffered: u64,
    /// How many events wait at nodes, out of the queue already.
    waiting: usize,
    /// How many bytes the disks hold.
    disk_bytes: u64,
    decisions: Decisions,
    /// Where handlers put their wishes; empty between two of them, and away while these are carried
    /// out, and during [`World::deliver_quietly`].
    outbox: Option<Box<Outbox>>,
    writer: Writer,
    names: Names,
    history: History,
    findings: Vec<Finding>,
    /// The goals that nodes said are reached, and the names of their notes. Neither decides anything.
    reached: BTreeSet<&'static str>,
    noted: BTreeSet<&'static str>,
    ended: bool,
    limits: Limits,
    /// At which of these numbers a closer look is taken at the limits.
    alarms: Limits,
    stats: Stats,
    /// The nodes whose state the last step may have changed.
    touched: Vec<NodeId>,
}

/// What checkers may see of the world.
struct Glance<'a> {
    now: Time,
    nodes: &'a [Node],
    names: &'a Names,
}

impl View for Glance<'_> {
    fn now(&self) -> Time {
        self.now
    }
    fn nodes(&self) -> u32 {
        self.nodes.len() as u32
    }
    fn name(&self, node: NodeId) -> &str {
        self.names.nodes.get(node.index()).map_or("", String::as_str)
    }
    fn service(&self, node: NodeId) -> &str {
        self.names.services.get(node.index()).copied().unwrap_or_default()
    }
    fn inspect(&self, node: NodeId) -> Option<Fields> {
        let node = self.nodes.get(node.index())?;
        (node.status == Status::Up).then(|| {
            let shown = panics::guard(|| {
                let mut fields = Fields::new();
                node.process.inspect(&mut fields);
                fields
            });
            shown.unwrap_or_else(|caught| {
                let mut fields = Fields::new();
                fields.text("inspect panicked", caught);
                fields
            })
        })
    }
}

impl World {
    /// An empty world.
    #[must_use]
    pub fn new(options: Options) -> Self {
        panics::install();
        let mut world = World {
            now: Time::ZERO,
            queue: Queue::new(),
            rare: Slab::new(),
            nodes: Vec::new(),
            sites: BTreeMap::new(),
            links: Links::new(Seeded::new(options.seed)),
            cuts: Cuts::default(),
            faults: Faults::default(),
            insights: BTreeMap::new(),
            frames: Frames::default(),
            in_flight_bytes: 0,
            buffered: 0,
            waiting: 0,
            disk_bytes: 0,
            decisions: Decisions::new(options.seed),
            outbox: None,
            writer: Writer::new(options.recording),
            names: Names::default(),
            history: History::default(),
            findings: Vec::new(),
            reached: BTreeSet::new(),
            noted: BTreeSet::new(),
            ended: false,
            limits: options.limits,
            alarms: options.limits,
            stats: Stats::default(),
            touched: Vec::new(),
        };
        world.set_alarms();
        world
    }

    /// Adds a node; it starts at the time at which it joins, or now if that is past. Before a run or
    /// in the middle of it.
    pub fn add_node(&mut self, mut spec: NodeSpec) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).expect("fewer than 2^32 nodes"));
        let next_site = self.sites.len() as u32;
        let site = spec.site.take().map(|site| *self.sites.entry(site).or_insert(next_site));
        self.links.add_node(site);
        self.names.nodes.push(std::mem::take(&mut spec.name));
        self.names.services.push(spec.service);
        let (now, joins) = (self.now, spec.joins);
        self.queue.push(now.max(joins), Due::Start(id).pack());
        let mut node = Node::new(spec, self.nodes.last());
        node.status = if joins > now { Status::Absent } else { Status::Up };
        self.nodes.push(node);
        id
    }

    /// The behaviour of all links that are given none of their own.
    pub fn set_default_link(&mut self, spec: LinkSpec) {
        self.links.set_default(spec);
    }

    /// The behaviour of links within a site that are given none of their own.
    pub fn set_same_site_link(&mut self, spec: LinkSpec) {
        self.links.set_same_site(spec);
    }

    /// The behaviour of the link from `from` to `to`, in this direction.
    pub fn set_link(&mut self, from: NodeId, to: NodeId, spec: LinkSpec) {
        self.links.set(from, to, spec);
    }

    /// The behaviour of the link from `from` to `to`, with what faults do to it now.
    #[must_use]
    pub fn link(&self, from: NodeId, to: NodeId) -> LinkSpec {
        self.links.spec(from, to)
    }

    /// Adds an online checker.
    pub fn add_checker(&mut self, checker: Box<dyn Checker>) {
        self.writer.add_checker(checker);
    }

    /// Shows every record to `observer` as it is written. A clone of the world is not observed.
    pub fn observe(&mut self, observer: Box<dyn Observer>) {
        self.writer.observe(observer);
    }

    /// Lets a script answer choices instead of the seed; what it says is added to what earlier ones said.
    pub fn follow(&mut self, script: Script) {
        self.decisions.follow(script);
        self.set_alarms();
    }

    /// Writes down every choice from now on.
    pub fn record_decisions(&mut self) {
        self.decisions.record();
        self.set_alarms();
    }

    /// Writes down every choice from now on that is not answered as harmlessly as it can be.
    pub fn record_harm(&mut self) {
        self.decisions.record_harm();
        self.set_alarms();
    }

    /// The choices that were written down, each with its answer, in the order in which they came up;
    /// `None` if none are written down. What could only be answered in one way is left out.
    #[must_use]
    pub fn decisions(&self) -> Option<&[(Point, u64)]> {
        self.decisions.recorded()
    }

    /// The script that answers choices, if there is one.
    #[must_use]
    pub fn script(&self) -> Option<&Script> {
        self.decisions.script()
    }

    /// Where the run has departed from its script so far.
    #[must_use]
    pub fn departures(&self) -> Departures {
        self.decisions.departures()
    }

    /// Lets something happen at `at`, or now if that is past. What is scheduled first happens first
    /// among what is due at the same time.
    ///
    /// # Panics
    /// If it concerns a node or a fault that does not exist.
    pub fn schedule(&mut self, at: Time, action: Action) {
        let node = action.node();
        assert!(node.is_none_or(|n| n.index() < self.nodes.len()), "{action:?}: no such node");
        if let Action::Begin(fault) | Action::End(fault) = action {
            let planned = self.faults.get(fault).expect("faults are defined before");
            let nodes = planned.fault.nodes().into_iter().flatten();
            assert!(nodes.into_iter().all(|n| n.index() < self.nodes.len()), "no such node");
        }
        self.push_rare(at.max(self.now), Rare::Action(action));
    }

    /// The same as a clone: a world that goes on independently.
    #[must_use]
    pub fn fork(&self) -> World {
        self.clone()
    }

    /// A clone that keeps no trace, neither of what was nor of what comes, and is not observed. Apart from
    /// that it goes on exactly as the original would.
    #[must_use]
    pub fn fork_untraced(&self) -> World {
        let mut world = self.clone();
        world.writer.forget();
        world.set_alarms();
        world
    }

    /// Handles whatever is due at `limit` or before, and sets the clock to `limit`. Returns early
    /// if the run ends by a finding ([`World::ended`]).
    pub fn run_until(&mut self, limit: Time) {
        // Where it was of no use the last time, it is worth a look whether it is now.
        let mut useful = true;
        loop {
            if useful || self.has_arrival(limit) {
                let before = self.stats.delivered;
                self.deliver_quietly(limit);
                useful = self.stats.delivered != before;
            }
            if !self.step(limit) {
                break;
            }
        }
        if !self.ended {
            self.now = self.now.max(limit);
        }
    }

    /// Handles the next thing due, if it is due at `limit` or before. Returns whether there was one.
    pub fn step_until(&mut self, limit: Time) -> bool {
        self.step(limit)
    }

    #[inline(always)]
    fn step(&mut self, limit: Time) -> bool {
        if self.ended {
            return false;
        }
        let Some((at, order, due)) = self.queue.pop_until(limit) else { return false };
        assert!(at >= self.now, "time does not run backwards");
        self.now = at;
        self.touched.clear();
        self.stats.events += 1;
        if self.is_over_a_limit()
            && let Some((name, detail)) = self.limit_hit()
        {
            self.find_and_end(name, None, None, &detail);
            return true;
        }
        match Due::unpack(order, due) {
            Due::Arrival(flight) => self.arrive(flight),
            Due::Timer { node, slot } => self.timer(node, TimerEntry { slot, at, order }),
            Due::Start(node) => self.start(node),
            Due::Turn { node, number } => self.turn(node, number),
            Due::Rare(place) => self.rare(place),
            Due::Gone => {}
        }
        true
    }

    /// Something is due that does not come up for every datagram.
    fn rare(&mut self, place: u32) {
        match self.rare.remove(place as usize) {
            Rare::Sync(sync) => self.sync_done(&sync),
            Rare::Arrival(flight) => self.arrive(flight),
            Rare::Action(action) => self.act(action),
            Rare::Replay(datagram) => self.replay(datagram),
            Rare::Restart { node, life } => {
                if self.nodes[node.index()].life == life {
                    self.restart(node, None);
                }
            }
        }
    }

    fn push_rare(&mut self, at: Time, rare: Rare) {
        let place = self.rare.insert(rare) as u32;
        self.queue.push(at, Due::Rare(place).pack());
    }

    /// Lets a process handle something else than a datagram.
    fn handle(&mut self, id: NodeId, cause: Seq, event: Event<'_>) {
        let node = &mut self.nodes[id.index()];
        if !node.has_time(self.now, self.limits.events_per_instant) {
            return self.instant_is_over(id, cause);
        }
        self.touched.push(id);
        let outbox = self.outbox.get_or_insert_default();
        let outcome = node.run(id, self.now, event, outbox, &mut self.decisions);
        let idle = outbox.is_empty();
        self.handled(id, cause, outcome, idle);
    }

    /// Lets a process handle a datagram.
    #[inline(always)]
    fn handle_datagram(&mut self, id: NodeId, cause: Seq, from: NodeId, frame: FrameId) {
        let node = &mut self.nodes[id.index()];
        if !node.has_time(self.now, self.limits.events_per_instant) {
            self.frames.release(frame);
            return self.instant_is_over(id, cause);
        }
        self.touched.push(id);
        let outbox = self.outbox.get_or_insert_default();
        let event = Event::Datagram { from, bytes: self.frames.get(frame).bytes() };
        let outcome = node.run(id, self.now, event, outbox, &mut self.decisions);
        let idle = outbox.is_empty();
        self.frames.release(frame);
        self.handled(id, cause, outcome, idle);
    }

    /// A handler has returned: carries out what it asked for.
    #[inline(always)]
    fn handled(&mut self, id: NodeId, cause: Seq, outcome: Result<(), Panicked>, idle: bool) {
        if self.faults.any() {
            self.hit(id, |fault| matches!(fault, Fault::Clock { .. }));
            self.hit_failed_reads(id);
        }
        match outcome {
            Ok(()) => {
                if !idle {
                    self.carry_out_all(id, cause);
                }
                if self.writer.is_checked(Interest::STATES) {
                    let view = Glance { now: self.now, nodes: &self.nodes, names: &self.names };
                    self.writer.after(id, cause, &view);
                    self.raise_objections();
                }
            }
            Err(panicked) => self.panicked(id, cause, panicked),
        }
    }

    /// A handler panicked. What it wished for before is dropped: half of its wishes are nobody's.
    #[cold]
    fn panicked(&mut self, id: NodeId, cause: Seq, panicked: Panicked) {
        let caught = panicked.caught();
        self.outbox = None;
        self.stop(id, cause, Status::Panicked);
        let name = self.names.node(id);
        let detail = format!("{name} panicked while handling {cause}: {caught}");
        self.find_and_end(Finding::PANIC, Some(id), Some(cause), &detail);
    }
}
