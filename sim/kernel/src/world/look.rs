//! Looking at a world: nothing here changes it.

use super::send::Datagram;
use super::{Due, Glance, Rare, World};
use crate::disk::SimDisk;
use crate::limits::Finding;
use crate::network::{Flight, Reach};
use crate::node::{Desk, Node, Status, Work};
use crate::panics;
use crate::queue::Item;
use crate::stats::Stats;
use crate::trace::{Names, Trace};
use simlab_core::history::History;
use simlab_core::{Digest, Fields, NodeId, Process, Scope, Seq, Time, TimerKey, View};
use std::hash::{Hash, Hasher};

/// A copy of a datagram that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flying {
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// When it arrives, if nothing comes in between.
    pub due: Time,
    /// The record of its send.
    pub datagram: Seq,
}

fn digest_of(process: &dyn Process) -> Option<u64> {
    let digest = || {
        let mut digest = Digest::new();
        process.digest(&mut digest);
        digest.finish()
    };
    panics::guard(digest).ok()
}

impl World {
    /// The world's clock.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// When the next thing is due.
    #[must_use]
    pub fn next_at(&self) -> Option<Time> {
        self.queue.next_at()
    }

    /// Whether a finding ended the run.
    #[must_use]
    pub const fn ended(&self) -> bool {
        self.ended
    }

    /// What ought not to have happened.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether some node has said that the goal of this name is reached
    /// ([`Env::reached`](simlab_core::Env::reached)).
    #[must_use]
    pub fn reached(&self, goal: &str) -> bool {
        self.reached.contains(goal)
    }

    /// Whether some node has left a note of this name, kept in the trace or not.
    #[must_use]
    pub fn noted(&self, name: &str) -> bool {
        self.noted.contains(name)
    }

    /// What was counted.
    #[must_use]
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The client history.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// The recorded trace, if recording is on.
    #[must_use]
    pub const fn trace(&self) -> Option<&Trace> {
        self.writer.trace()
    }

    /// How many trace records were written, kept or not.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.writer.written()
    }

    /// The hash of the trace so far.
    #[must_use]
    pub const fn trace_hash(&self) -> u64 {
        self.writer.hash()
    }

    /// The side table of the trace.
    #[must_use]
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// How many nodes there are.
    #[must_use]
    pub fn node_count(&self) -> u32 {
        self.nodes.len() as u32
    }

    /// Whether a node runs.
    #[must_use]
    pub fn status(&self, id: NodeId) -> Status {
        self.nodes[id.index()].status
    }

    /// Since when a node runs without a break; `None` if it does not run.
    #[must_use]
    pub fn up_since(&self, id: NodeId) -> Option<Time> {
        let node = &self.nodes[id.index()];
        (node.status == Status::Up).then_some(node.since)
    }

    /// A node's state as its process shows it; `None` while it is down.
    #[must_use]
    pub fn inspect(&self, id: NodeId) -> Option<Fields> {
        Glance { now: self.now, nodes: &self.nodes, names: &self.names }.inspect(id)
    }

    /// The content of a file on a node's disk, whether or not the node could read it now.
    #[must_use]
    pub fn file(&self, id: NodeId, name: &str) -> Option<&[u8]> {
        self.nodes[id.index()].disk()?.content(name)
    }

    /// The timers of a node that are set, with the time at which each is due.
    pub fn timers(&self, id: NodeId) -> impl Iterator<Item = (Scope, TimerKey, Time)> + '_ {
        self.nodes[id.index()].timers.pending()
    }

    /// The nodes whose state the last step may have changed, in the order in which it did; a node may
    /// come twice.
    #[must_use]
    pub fn touched(&self) -> &[NodeId] {
        &self.touched
    }

    /// A digest of the state of a node's process, for whoever asks whether it has changed; `None` if it
    /// is not running, or cannot be hashed without a panic.
    #[must_use]
    pub fn state_digest(&self, id: NodeId) -> Option<u64> {
        digest_of(self.process(id)?)
    }

    /// The same of the service alone, without the layers that it may stand on.
    #[must_use]
    pub fn service_digest(&self, id: NodeId) -> Option<u64> {
        let process = self.process(id)?;
        digest_of(process.without_layers().unwrap_or(process))
    }

    fn process(&self, id: NodeId) -> Option<&dyn Process> {
        let node = &self.nodes[id.index()];
        (node.status == Status::Up).then_some(&*node.process)
    }

    /// How many copies of datagrams are under way, or wait for their receivers to handle them.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        let under_way = |(order, item): &(u64, &Item)| match Due::unpack(*order, **item) {
            Due::Arrival(_) => true,
            Due::Rare(place) => matches!(self.rare[place as usize], Rare::Arrival(_)),
            _ => false,
        };
        self.queue.items().filter(under_way).count() as u64 + self.buffered
    }

    /// The copies of datagrams that are under way, by when they are due. Those that have arrived and wait
    /// for their receivers are not among them.
    pub fn flights(&self) -> impl Iterator<Item = Flying> {
        self.queue.sorted().filter_map(|(due, order, item)| {
            let flight = match Due::unpack(order, *item) {
                Due::Arrival(flight) => flight,
                Due::Rare(place) => match self.rare[place as usize] {
                    Rare::Arrival(flight) => flight,
                    _ => return None,
                },
                _ => return None,
            };
            Some(Flying { from: flight.from, to: flight.to, due, datagram: flight.datagram })
        })
    }

    /// What a node's clocks show: the monotonic one and the wall clock.
    #[must_use]
    pub fn clocks(&self, id: NodeId) -> (Time, Time) {
        self.nodes[id.index()].clocks(self.now)
    }

    /// Whether a node stands still.
    #[must_use]
    pub fn is_paused(&self, id: NodeId) -> bool {
        self.nodes[id.index()].is_paused()
    }

    /// How many events wait at a node for a worker, or for the end of a pause.
    #[must_use]
    pub fn waiting(&self, id: NodeId) -> usize {
        self.nodes[id.index()].waiting()
    }

    /// The files on a node's disk as a read would find them, by name.
    pub fn files(&self, id: NodeId) -> impl Iterator<Item = (&str, &[u8])> {
        self.nodes[id.index()].disk().into_iter().flat_map(SimDisk::visible)
    }

    /// The files as far as they are durable, by name.
    pub fn durable_files(&self, id: NodeId) -> impl Iterator<Item = (&str, &[u8])> {
        self.nodes[id.index()].disk().into_iter().flat_map(SimDisk::durable)
    }

    /// How many writes of a node are not durable.
    #[must_use]
    pub fn unsynced(&self, id: NodeId) -> usize {
        self.nodes[id.index()].disk().map_or(0, SimDisk::pending)
    }

    /// Who can talk to whom now.
    #[must_use]
    pub fn reach(&self) -> Reach {
        Reach::new(self.nodes.len() as u32, |from, to| self.cuts.open(from, to))
    }

    /// A digest of all that decides how the run goes on: equal worlds have equal digests, however
    /// they store things. The trace so far is not part of it.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let mut digest = Digest::new();
        (self.now, self.ended).hash(&mut digest);
        let (empty, idle) = (SimDisk::default(), Desk::default());
        for node in &self.nodes {
            node.process.digest(&mut digest);
            (node.status, node.life, node.counters, node.syncs()).hash(&mut digest);
            (node.is_paused(), node.starting, node.owed).hash(&mut digest);
            node.clock().hash(&mut digest);
            node.disk().unwrap_or(&empty).hash(&mut digest);
            let desk = node.waits().unwrap_or(&idle);
            (desk.slow, desk.busy, desk.served, desk.last_synced).hash(&mut digest);
            desk.inbox.iter().for_each(|work| self.hash_work(work, node, &mut digest));
            for turn in &desk.held {
                (turn.served, turn.late).hash(&mut digest);
                self.hash_work(&turn.work, node, &mut digest);
            }
            node.timers.hash(&mut digest);
        }
        self.faults.hash(&mut digest);
        self.cuts.hash(&mut digest);
        self.links.hash(&mut digest);
        // What is due, in its order. Timers were counted with their nodes, and entries of dead
        // datagrams and moved timers mean nothing.
        for (at, order, due) in self.queue.sorted() {
            match Due::unpack(order, *due) {
                Due::Arrival(flight) => self.hash_flight(at, &flight, &mut digest),
                Due::Start(node) => (at, node).hash(&mut digest),
                Due::Turn { node, number } => self.hash_turn(at, node, number, &mut digest),
                Due::Rare(place) => self.hash_rare(at, &self.rare[place as usize], &mut digest),
                Due::Timer { .. } | Due::Gone => {}
            }
        }
        digest.finish()
    }

    fn hash_flight(&self, at: Time, flight: &Flight, digest: &mut Digest) {
        (at, flight.from, flight.to).hash(digest);
        self.frames.bytes(flight.frame).hash(digest);
    }

    fn hash_rare(&self, at: Time, rare: &Rare, digest: &mut Digest) {
        match rare {
            Rare::Sync(sync) if self.nodes[sync.node.index()].life == sync.life => {
                (at, sync.node, sync.life, sync.scope, sync.ticket).hash(digest);
                sync.covers.hash(digest);
            }
            Rare::Restart { node, life } if self.nodes[node.index()].life == *life => {
                (at, node).hash(digest);
            }
            Rare::Sync(_) | Rare::Restart { .. } => {}
            Rare::Action(action) => (at, action).hash(digest),
            Rare::Arrival(flight) => self.hash_flight(at, flight, digest),
            Rare::Replay(Datagram { from, to, load, .. }) => {
                (at, from, to, 2_u8).hash(digest);
                self.frames.bytes(load.frame).hash(digest);
            }
        }
    }

    fn hash_turn(&self, at: Time, node: NodeId, number: u64, digest: &mut Digest) {
        let state = &self.nodes[node.index()];
        let Some(turn) = state.waits().and_then(|desk| desk.turn(number)) else { return };
        (at, node, turn.served, turn.late).hash(digest);
        self.hash_work(&turn.work, state, digest);
    }

    fn hash_work(&self, work: &Work, node: &Node, digest: &mut Digest) {
        match work {
            Work::Start { .. } => 0_u8.hash(digest),
            Work::Datagram(flight) => {
                (1_u8, flight.from).hash(digest);
                self.frames.bytes(flight.frame).hash(digest);
            }
            Work::Timer(entry) => (2_u8, node.timers.ripe(*entry)).hash(digest),
            Work::Synced { scope, ticket, result, .. } => {
                (3_u8, scope, ticket, result).hash(digest);
            }
            Work::Command { bytes } => (4_u8, bytes).hash(digest),
        }
    }
}
