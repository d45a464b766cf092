//! Faults: what can be done to a world for a while.
//!
//! A fault is data. It is defined once, begins and ends at given times, and counts what it hit. What
//! holds at a moment is a function of the faults that hold then, so overlapping ones need no care:
//! where only one of a kind can have its way, it is the one that was defined last (of capacities the
//! smallest, of slow nodes the slowest).

use crate::disk::DiskFault;
use crate::network::{Shape, Weather};
use simlab_core::{Duration, FaultId, FaultKind, NodeId, Ratio};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::hash::{Hash, Hasher};

/// What is done to the world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Links are cut; what is under way over them dies.
    Cut(Shape),
    /// Links are other than usual.
    Links(Weather),
    /// Nodes stop without warning, and come up again at the end.
    Crash {
        /// Which.
        nodes: BTreeSet<NodeId>,
        /// Whether they come up with an empty disk.
        wiped: bool,
    },
    /// Each sync of these nodes crashes them so often, half of the time just before it is done; they
    /// come up again after a while.
    CrashAtSync {
        /// Which.
        nodes: BTreeSet<NodeId>,
        /// How often.
        rate: Ratio,
        /// How long they are down.
        down: Duration,
    },
    /// Nodes stand still, and go on at the end with what has come meanwhile.
    Pause(BTreeSet<NodeId>),
    /// Nodes take longer to handle events; it needs nodes with a cost.
    Slow {
        /// Which.
        nodes: BTreeSet<NodeId>,
        /// How many times longer, in percent: 1000 is ten times.
        percent: u32,
    },
    /// The clocks of nodes change.
    Clock {
        /// Which.
        nodes: BTreeSet<NodeId>,
        /// By how many nanoseconds their wall clocks jump at the beginning; at the end they are set
        /// right again.
        jump: i64,
        /// How many nanoseconds their clocks gain in a second; `None` leaves it as it is.
        drift: Option<i64>,
    },
    /// Disks of nodes do not do what they are told.
    Disk {
        /// Whose.
        nodes: BTreeSet<NodeId>,
        /// What they do.
        what: DiskFault,
    },
    /// Nodes leave for good; there is no end to that.
    Leave(BTreeSet<NodeId>),
}

impl Fault {
    /// The nodes that it is done to; none for faults of links.
    #[must_use]
    pub fn nodes(&self) -> Option<&BTreeSet<NodeId>> {
        match self {
            Fault::Cut(_) | Fault::Links(_) => None,
            Fault::Crash { nodes, .. }
            | Fault::CrashAtSync { nodes, .. }
            | Fault::Pause(nodes)
            | Fault::Slow { nodes, .. }
            | Fault::Clock { nodes, .. }
            | Fault::Disk { nodes, .. }
            | Fault::Leave(nodes) => Some(nodes),
        }
    }

    /// All nodes that it names, those of links too.
    #[must_use]
    pub fn everyone(&self) -> BTreeSet<NodeId> {
        let mut all = BTreeSet::new();
        self.clone().each_set(&mut |nodes| all.extend(nodes.iter().copied()));
        all
    }

    /// The same fault without a node; `None` if that leaves a set of nodes empty, or if it does not name it.
    #[must_use]
    pub fn without(&self, node: NodeId) -> Option<Fault> {
        let mut less = self.clone();
        let (mut named, mut empty) = (false, false);
        less.each_set(&mut |nodes| {
            named |= nodes.remove(&node);
            empty |= nodes.is_empty();
        });
        (named && !empty).then_some(less)
    }

    fn each_set(&mut self, look: &mut dyn FnMut(&mut BTreeSet<NodeId>)) {
        match self {
            Fault::Cut(Shape::Groups(groups)) => groups.iter_mut().for_each(look),
            Fault::Cut(Shape::OneWay { from, to }) | Fault::Links(Weather { from, to, .. }) => {
                look(from);
                look(to);
            }
            Fault::Cut(Shape::Bridge { left, right, via }) => {
                [left, right, via].into_iter().for_each(look);
            }
            Fault::Cut(Shape::Isolated(nodes))
            | Fault::Crash { nodes, .. }
            | Fault::CrashAtSync { nodes, .. }
            | Fault::Pause(nodes)
            | Fault::Slow { nodes, .. }
            | Fault::Clock { nodes, .. }
            | Fault::Disk { nodes, .. }
            | Fault::Leave(nodes) => look(nodes),
        }
    }

    /// The kinds of fault that it is, as fault models speak of them: several, if it does several
    /// things.
    #[must_use]
    pub fn kinds(&self) -> Vec<FaultKind> {
        match self {
            Fault::Cut(Shape::OneWay { .. }) => vec![FaultKind::OneWay],
            Fault::Cut(Shape::Bridge { .. }) => vec![FaultKind::Bridge],
            Fault::Cut(Shape::Groups(_) | Shape::Isolated(_)) => vec![FaultKind::Cut],
            Fault::Links(weather) => {
                let patch = &weather.patch;
                let slower = patch.delay.is_some() || patch.bandwidth.is_some();
                let narrower = patch.loss.is_some() || patch.queue.is_some() || patch.mtu.is_some();
                let damages = patch.corrupt.is_some() || patch.corruption.is_some();
                let kinds = [
                    (narrower, FaultKind::Loss),
                    (slower, FaultKind::Delay),
                    (patch.duplicate.is_some(), FaultKind::Duplicate),
                    (patch.reorder.is_some(), FaultKind::Reorder),
                    (damages, FaultKind::Corrupt),
                    (patch.adversary.is_some_and(|a| !a.edit.is_zero()), FaultKind::Tamper),
                    (patch.adversary.is_some_and(|a| !a.replay.is_zero()), FaultKind::Replay),
                ];
                kinds.into_iter().filter(|(is, _)| *is).map(|(_, kind)| kind).collect()
            }
            Fault::Crash { wiped: false, .. } | Fault::CrashAtSync { .. } => vec![FaultKind::Crash],
            Fault::Crash { wiped: true, .. } => vec![FaultKind::Crash, FaultKind::Wipe],
            Fault::Pause(_) => vec![FaultKind::Pause],
            Fault::Slow { .. } => vec![FaultKind::Slow],
            Fault::Clock { jump, drift, .. } => {
                let jumps = (*jump != 0).then_some(FaultKind::Jump);
                jumps.into_iter().chain(drift.map(|_| FaultKind::Drift)).collect()
            }
            Fault::Disk { what, .. } => vec![match what {
                DiskFault::WriteErrors(_) => FaultKind::WriteError,
                DiskFault::ReadErrors(_) => FaultKind::ReadError,
                DiskFault::SlowSync(_) => FaultKind::SlowSync,
                DiskFault::LyingSync => FaultKind::LyingSync,
                DiskFault::Misdirected(_) => FaultKind::Misdirect,
                DiskFault::Full(_) => FaultKind::FullDisk,
                DiskFault::Rot(_) => FaultKind::Rot,
            }],
            Fault::Leave(_) => vec![FaultKind::Leave],
        }
    }

    /// Whether it is done to this node.
    #[must_use]
    pub fn concerns(&self, node: NodeId) -> bool {
        self.nodes().is_some_and(|nodes| nodes.contains(&node))
    }

    /// In words, as in `{a, b} stand still`; `name` gives the nodes' names.
    #[must_use]
    pub fn in_words(&self, name: &dyn Fn(NodeId) -> String) -> String {
        let mut who = String::new();
        for (n, node) in self.nodes().into_iter().flatten().enumerate() {
            let _ = write!(who, "{}{}", if n > 0 { ", " } else { "" }, name(*node));
        }
        match self {
            Fault::Cut(shape) => shape.in_words(name),
            Fault::Links(weather) => weather.in_words(name),
            Fault::Crash { wiped: false, .. } => format!("{{{who}}} crash"),
            Fault::Crash { wiped: true, .. } => format!("{{{who}}} crash and lose their disks"),
            Fault::CrashAtSync { rate, down, .. } => {
                format!("{{{who}}} crash at {rate} of their syncs, each down for {down}")
            }
            Fault::Pause(_) => format!("{{{who}}} stand still"),
            Fault::Slow { percent, .. } => {
                let times = format!("{}.{:02}", percent / 100, percent % 100);
                let times = times.trim_end_matches('0').trim_end_matches('.');
                format!("{{{who}}} take {times} times as long")
            }
            Fault::Clock { jump, drift, .. } => {
                let mut parts = Vec::new();
                if *jump != 0 {
                    let sign = if *jump < 0 { "-" } else { "+" };
                    parts.push(format!("jump by {sign}{}", Duration(jump.unsigned_abs())));
                }
                if let Some(drift) = drift {
                    let sign = if *drift < 0 { "-" } else { "+" };
                    parts.push(format!("gain {sign}{} a second", Duration(drift.unsigned_abs())));
                }
                format!("the clocks of {{{who}}} {}", parts.join(" and "))
            }
            Fault::Disk { what, .. } => format!("{{{who}}}: {what}"),
            Fault::Leave(_) => format!("{{{who}}} leave"),
        }
    }
}

/// A fault of a run.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) fault: Fault,
    /// How many things it changed.
    pub(crate) hits: u64,
}

/// All faults of a run, by id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    all: Vec<Planned>,
    /// Those that hold, in the order of their ids: what happens all the time looks at these alone.
    active: Vec<FaultId>,
}

impl Faults {
    pub(crate) fn define(&mut self, fault: Fault) -> FaultId {
        self.all.push(Planned { fault, hits: 0 });
        FaultId((self.all.len() - 1) as u32)
    }

    pub(crate) fn get(&self, id: FaultId) -> Option<&Planned> {
        self.all.get(id.0 as usize)
    }

    /// Lets a fault hold or not. Returns it if that changed anything.
    pub(crate) fn set(&mut self, id: FaultId, active: bool) -> Option<Fault> {
        match (self.active.binary_search(&id), active) {
            (Err(at), true) => self.active.insert(at, id),
            (Ok(at), false) => {
                self.active.remove(at);
            }
            _ => return None,
        }
        Some(self.all[id.0 as usize].fault.clone())
    }

    pub(crate) fn hit(&mut self, id: FaultId, times: u64) {
        self.all[id.0 as usize].hits += times;
    }

    /// Counts hits of every fault on a node that holds and `is` one.
    #[inline]
    pub(crate) fn hit_all(&mut self, node: NodeId, times: u64, is: impl Fn(&Fault) -> bool) {
        for id in &self.active {
            let Planned { fault, hits } = &mut self.all[id.0 as usize];
            if is(fault) && fault.concerns(node) {
                *hits += times;
            }
        }
    }

    /// Whether any holds.
    #[inline]
    pub(crate) const fn any(&self) -> bool {
        !self.active.is_empty()
    }

    /// The faults that hold, by id.
    pub(crate) fn active(&self) -> impl Iterator<Item = (FaultId, &Fault)> {
        self.active.iter().map(|id| (*id, &self.all[id.0 as usize].fault))
    }

    /// Those of them that are done to a node.
    pub(crate) fn on(&self, node: NodeId) -> impl Iterator<Item = (FaultId, &Fault)> {
        self.active().filter(move |(_, fault)| fault.concerns(node))
    }
}

/// The faults and which of them hold; what they hit so far decides nothing.
impl Hash for Faults {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.all.iter().for_each(|planned| planned.fault.hash(state));
        self.active.hash(state);
    }
}
