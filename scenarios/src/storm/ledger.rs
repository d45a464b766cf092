//! What is taken at the same time: it keeps a storm inside the fault models.
//!
//! Three limits hold for each service. A *kind* is suffered by no more nodes at once than the model
//! says. Kinds that *stop* a process (it crashes, or halts since its disk failed) come to the same for
//! the others: together they stop no more nodes at once than the strictest of them may. Kinds that
//! take a node's *data* are not undone when they end, and nobody can say when a node has got its data
//! back from the others: those that a storm takes are counted from its beginning to its end.
//!
//! Overlaps are judged on the safe side: what overlaps a fault counts, whether or not it overlaps
//! something else that does.

use super::Storm;
use super::place::also;
use crate::Fault;
use simlab_core::{Duration, FaultKind, NodeId, Time};
use simlab_sim::{DiskFault, Fault as What, Shape};
use std::collections::BTreeSet;

/// Kinds after which a process begins another life, or none.
pub(super) const STOPS: [FaultKind; 6] = [
    FaultKind::Crash,
    FaultKind::WriteError,
    FaultKind::ReadError,
    FaultKind::FullDisk,
    FaultKind::Wipe,
    FaultKind::Leave,
];

/// Kinds after which a node may lack what it knew.
pub(super) const TAKES_DATA: [FaultKind; 5] =
    [FaultKind::LyingSync, FaultKind::Rot, FaultKind::Misdirect, FaultKind::Wipe, FaultKind::Leave];

/// Nodes that suffer a kind of fault for a while.
struct Taken {
    kind: FaultKind,
    nodes: BTreeSet<NodeId>,
    from: Time,
    until: Time,
}

/// What has been given out.
pub(super) struct Ledger<'s> {
    storm: &'s Storm,
    taken: Vec<Taken>,
}

impl<'s> Ledger<'s> {
    pub(super) fn new(storm: &'s Storm) -> Self {
        Ledger { storm, taken: Vec::new() }
    }

    /// Enters a fault of the storm. One outside the models leaves no room to keep account of.
    pub(super) fn enter(&mut self, kind: FaultKind, fault: &Fault) {
        if !self.storm.outside.contains(&kind) {
            also(kind).into_iter().for_each(|kind| self.enter_as(kind, fault));
        }
    }

    /// Enters a fault that happens anyway.
    pub(super) fn enter_scheduled(&mut self, fault: &Fault) {
        for kind in fault.kinds() {
            self.enter_as(kind, fault);
        }
    }

    fn enter_as(&mut self, kind: FaultKind, fault: &Fault) {
        let nodes = self.concerned(&fault.what);
        let until = fault.until.map_or(Time::NEVER, |until| until + self.aftermath(&fault.what));
        self.taken.push(Taken { kind, nodes, from: fault.at, until });
    }

    /// Those of `wanted`, the first first, that may suffer a kind of fault from `at` to `until`.
    pub(super) fn admit(
        &self,
        kind: FaultKind,
        wanted: impl IntoIterator<Item = NodeId>,
        (at, until): (Time, Time),
    ) -> BTreeSet<NodeId> {
        let wanted = wanted.into_iter();
        if self.storm.outside.contains(&kind) {
            return wanted.collect();
        }
        let until = if kind == FaultKind::Leave { Time::NEVER } else { until };
        let mut rooms = self.rooms(kind, at, until);
        let mut admitted = BTreeSet::new();
        for node in wanted {
            if rooms.iter().all(|room| room.has_place(node)) {
                rooms.iter_mut().for_each(|room| room.take(node));
                admitted.insert(node);
            }
        }
        admitted
    }

    /// The limits that a fault must keep to, with what is taken of them while it lasts.
    fn rooms(&self, kind: FaultKind, at: Time, until: Time) -> Vec<Room<'s>> {
        let place = &self.storm.place;
        let mut rooms = Vec::new();
        let mut add = |kinds: &[FaultKind], ever: bool| {
            let at_once = |taken: &&Taken| {
                kinds.contains(&taken.kind) && (ever || taken.from <= until && at <= taken.until)
            };
            let taken: Vec<&Taken> = self.taken.iter().filter(at_once).collect();
            for group in &place.groups {
                let mut used = BTreeSet::new();
                let mut limit = group.limit(kind);
                for other in &taken {
                    if !other.nodes.is_disjoint(&group.nodes) {
                        used.extend(other.nodes.intersection(&group.nodes).copied());
                        limit = limit.min(group.limit(other.kind));
                    }
                }
                rooms.push(Room { of: &group.nodes, used, limit });
            }
        };
        also(kind).into_iter().for_each(|kind| add(&[kind], false));
        if STOPS.contains(&kind) {
            add(&STOPS, false);
        }
        if TAKES_DATA.contains(&kind) {
            add(&TAKES_DATA, true);
        }
        rooms
    }

    /// The nodes that a fault concerns: of a fault of links those at both ends.
    fn concerned(&self, what: &What) -> BTreeSet<NodeId> {
        match what {
            What::Cut(Shape::Groups(groups)) => groups.iter().flatten().copied().collect(),
            What::Cut(Shape::OneWay { from, to }) => from | to,
            What::Cut(Shape::Bridge { left, right, via: _ }) => left | right,
            What::Cut(Shape::Isolated(_)) => {
                self.storm.place.groups.iter().flat_map(|group| &group.nodes).copied().collect()
            }
            What::Links(weather) => &weather.from | &weather.to,
            other => other.nodes().cloned().unwrap_or_default(),
        }
    }

    /// How long after the end of a fault its nodes may still be down.
    fn aftermath(&self, what: &What) -> Duration {
        match what {
            What::CrashAtSync { down, .. } => *down,
            What::Disk {
                what: DiskFault::WriteErrors(_) | DiskFault::ReadErrors(_) | DiskFault::Full(_),
                ..
            } => self.storm.down_max,
            _ => Duration::ZERO,
        }
    }
}

/// How many nodes of a group may still be taken.
struct Room<'s> {
    of: &'s BTreeSet<NodeId>,
    used: BTreeSet<NodeId>,
    limit: usize,
}

impl Room<'_> {
    fn has_place(&self, node: NodeId) -> bool {
        let after = self.used.len() + usize::from(!self.used.contains(&node));
        !self.of.contains(&node) || after <= self.limit
    }

    fn take(&mut self, node: NodeId) {
        if self.of.contains(&node) {
            self.used.insert(node);
        }
    }
}
