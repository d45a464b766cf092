//! What a fault does to links while it lasts, on top of what they are like.

use super::{Adversary, Corruption, LinkSpec};
use simlab_core::{Distribution, Duration, NodeId, Ratio};
use std::collections::BTreeSet;

/// The fields of a link that something sets; the others stay as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Patch {
    /// [`LinkSpec::delay`].
    pub delay: Option<Distribution>,
    /// [`LinkSpec::loss`].
    pub loss: Option<Ratio>,
    /// [`LinkSpec::duplicate`].
    pub duplicate: Option<Ratio>,
    /// [`LinkSpec::reorder`] and [`LinkSpec::reorder_by`].
    pub reorder: Option<(Ratio, Duration)>,
    /// [`LinkSpec::corrupt`].
    pub corrupt: Option<Ratio>,
    /// [`LinkSpec::corruption`].
    pub corruption: Option<Corruption>,
    /// [`LinkSpec::bandwidth`].
    pub bandwidth: Option<u64>,
    /// [`LinkSpec::queue`].
    pub queue: Option<u64>,
    /// [`LinkSpec::mtu`].
    pub mtu: Option<u32>,
    /// [`LinkSpec::adversary`].
    pub adversary: Option<Adversary>,
}

impl Patch {
    /// Sets the fields.
    pub fn apply(&self, link: &mut LinkSpec) {
        link.delay = self.delay.unwrap_or(link.delay);
        link.loss = self.loss.unwrap_or(link.loss);
        link.duplicate = self.duplicate.unwrap_or(link.duplicate);
        if let Some((probability, by)) = self.reorder {
            (link.reorder, link.reorder_by) = (probability, by);
        }
        link.corrupt = self.corrupt.unwrap_or(link.corrupt);
        link.corruption = self.corruption.unwrap_or(link.corruption);
        link.bandwidth = self.bandwidth.or(link.bandwidth);
        link.queue = self.queue.unwrap_or(link.queue);
        link.mtu = self.mtu.unwrap_or(link.mtu);
        link.adversary = self.adversary.or(link.adversary);
    }
}

/// Links, and what is different about them for a while.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Weather {
    /// The senders.
    pub from: BTreeSet<NodeId>,
    /// The receivers.
    pub to: BTreeSet<NodeId>,
    /// Whether it also holds for the way back.
    pub both: bool,
    /// What is different.
    pub patch: Box<Patch>,
}

impl Weather {
    /// Whether the link from one node to another is among them. A node's link to itself never is.
    #[must_use]
    pub fn covers(&self, from: NodeId, to: NodeId) -> bool {
        from != to
            && (self.from.contains(&from) && self.to.contains(&to)
                || self.both && self.from.contains(&to) && self.to.contains(&from))
    }

    /// In words, as in `{a, b} -> {c}: loss 30%`; `name` gives the nodes' names.
    #[must_use]
    pub fn in_words(&self, name: &dyn Fn(NodeId) -> String) -> String {
        let set = |nodes: &BTreeSet<NodeId>| {
            let names: Vec<String> = nodes.iter().map(|node| name(*node)).collect();
            format!("{{{}}}", names.join(", "))
        };
        let arrow = if self.both { "<->" } else { "->" };
        let Patch { delay, loss, duplicate, reorder, corrupt, corruption, .. } = &*self.patch;
        let Patch { bandwidth, queue, mtu, adversary, .. } = &*self.patch;
        let mut parts = Vec::new();
        parts.extend(delay.map(|delay| format!("delay {delay}")));
        parts.extend(loss.map(|loss| format!("loss {loss}")));
        parts.extend(duplicate.map(|ratio| format!("duplicates {ratio}")));
        parts.extend(reorder.map(|(ratio, by)| format!("held back {ratio} by {by}")));
        parts.extend(corrupt.map(|ratio| format!("damage {ratio}")));
        parts.extend(corruption.map(|corruption| corruption.to_string()));
        parts.extend(bandwidth.map(|bandwidth| format!("{bandwidth} B/s")));
        parts.extend(queue.map(|queue| format!("room for {queue} B")));
        parts.extend(mtu.map(|mtu| format!("MTU {mtu} B")));
        parts.extend(adversary.map(|adversary| adversary.to_string()));
        format!("{} {arrow} {}: {}", set(&self.from), set(&self.to), parts.join(", "))
    }
}
