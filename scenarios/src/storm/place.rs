//! Where a storm falls: which nodes there are, and what they tolerate.

use simlab_core::{Duration, FaultKind, FaultModel, NodeId};
use std::collections::BTreeSet;

/// The nodes, as a storm sees them.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The nodes of each service of each variant: the same storm is told to all variants, so it keeps
    /// to what each of them tolerates. Each node is in at least one group.
    pub groups: Vec<Group>,
    /// The nodes of each site.
    pub sites: Vec<BTreeSet<NodeId>>,
    /// The nodes whose handlers take time in some variant; the others cannot be slow.
    pub costly: BTreeSet<NodeId>,
    /// How long a datagram is typically under way, over the slowest of the usual links.
    pub delay: Duration,
    /// How many of 100 datagrams the worst of the usual links loses.
    pub loss: u64,
    /// How long a sync typically takes, on the slowest disk.
    pub sync: Duration,
}

/// The nodes of a service in a variant.
#[derive(Clone, Debug)]
pub struct Group {
    /// The service.
    pub service: String,
    /// All of its nodes.
    pub nodes: BTreeSet<NodeId>,
    /// What it tolerates, if it says so.
    pub model: Option<FaultModel>,
    /// The kinds of fault that all of its nodes are kept from by what they stand on.
    pub shields: Vec<FaultKind>,
}

impl Group {
    /// How many of its nodes may suffer a kind of fault at once. What has no end is not healed when
    /// the storm is over, so the service must get on with it too.
    #[must_use]
    pub fn limit(&self, kind: FaultKind) -> usize {
        let Some(model) = &self.model else { return 0 };
        let of = self.nodes.len() as u32;
        let safety = |kind: &FaultKind| match self.shields.contains(kind) {
            true => of,
            false => model.safety(*kind).nodes(of),
        };
        let safe = also(kind).iter().map(safety).min().unwrap_or(0);
        let lives = if kind == FaultKind::Leave { model.liveness(kind).nodes(of) } else { of };
        safe.min(lives) as usize
    }
}

impl Place {
    /// The nodes of services that all say what they tolerate.
    #[must_use]
    pub fn declared(&self) -> BTreeSet<NodeId> {
        self.where_all(|group| group.model.is_some())
    }

    /// The nodes that a storm inside the fault models can do something to by this kind of fault.
    #[must_use]
    pub fn inside(&self, kind: FaultKind) -> BTreeSet<NodeId> {
        let tolerates = |group: &Group| match kind {
            FaultKind::Drift => {
                group.limit(kind) > 0 && group.model.is_some_and(|model| model.drift_max > 0)
            }
            _ => group.limit(kind) > 0,
        };
        self.that_feel(kind, self.where_all(tolerates))
    }

    /// The nodes that a storm outside the fault models can do something to.
    #[must_use]
    pub fn outside(&self, kind: FaultKind) -> BTreeSet<NodeId> {
        self.that_feel(kind, self.declared())
    }

    /// By how many nanoseconds a second the clocks of all these nodes may run fast or slow.
    #[must_use]
    pub fn drift_max(&self, nodes: &BTreeSet<NodeId>) -> u32 {
        let concerned = self.groups.iter().filter(|group| !group.nodes.is_disjoint(nodes));
        let limits = concerned.map(|group| group.model.map_or(0, |model| model.drift_max));
        limits.min().unwrap_or(0)
    }

    /// The nodes that are in no group for which `holds` does not.
    fn where_all(&self, holds: impl Fn(&Group) -> bool) -> BTreeSet<NodeId> {
        let mut nodes = BTreeSet::new();
        let (good, bad): (Vec<&Group>, Vec<&Group>) = self.groups.iter().partition(|g| holds(g));
        good.iter().for_each(|group| nodes.extend(&group.nodes));
        bad.iter().for_each(|group| nodes.retain(|node| !group.nodes.contains(node)));
        nodes
    }

    /// Those of the nodes at which this kind of fault changes anything.
    fn that_feel(&self, kind: FaultKind, mut nodes: BTreeSet<NodeId>) -> BTreeSet<NodeId> {
        let least = match kind {
            FaultKind::Slow => {
                nodes.retain(|node| self.costly.contains(node));
                1
            }
            FaultKind::Bridge => 3,
            kind if is_of_links(kind) => 2,
            _ => 1,
        };
        if nodes.len() < least { BTreeSet::new() } else { nodes }
    }
}

/// The kinds that a storm's fault of this kind is: a flap is many cuts, a disk is wiped while its node
/// is down, and since most processes read only when they start, disks that cannot be read come with
/// crashes.
pub(super) fn also(kind: FaultKind) -> Vec<FaultKind> {
    match kind {
        FaultKind::Flap => vec![FaultKind::Flap, FaultKind::Cut],
        FaultKind::Wipe => vec![FaultKind::Wipe, FaultKind::Crash],
        FaultKind::ReadError => vec![FaultKind::ReadError, FaultKind::Crash],
        kind => vec![kind],
    }
}

/// Whether a kind of fault is done to links.
pub(super) const fn is_of_links(kind: FaultKind) -> bool {
    use FaultKind::{Bridge, Corrupt, Cut, Delay, Duplicate, Flap, Loss, OneWay, Reorder};
    matches!(kind, Cut | OneWay | Bridge | Flap | Loss | Delay | Duplicate | Reorder | Corrupt)
}
