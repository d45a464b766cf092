//! The causal past of what fails: the messages of servers that can have had a part in it.

use crate::report::VariantReport;
use simlab_core::{Kind, NodeId, Seq, TraceEvent};
use std::collections::{BTreeMap, BTreeSet};

/// A message between two nodes of which neither is a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) from: NodeId,
    pub(super) to: NodeId,
    /// Its number on its link.
    pub(super) number: u64,
    /// Its send.
    pub(super) sent: Seq,
    /// Its arrival.
    pub(super) arrived: Seq,
}

/// What happened, if it was recorded.
pub(super) fn events<'r>(
    report: &'r VariantReport<'_>,
) -> impl Iterator<Item = TraceEvent<'r>> + use<'r> {
    report.run.world.trace().into_iter().flat_map(|trace| trace.iter())
}

/// The nodes that ask for something.
pub(super) fn clients(report: &VariantReport<'_>) -> BTreeSet<NodeId> {
    let asks = |event: &TraceEvent<'_>| matches!(event.kind, Kind::Invoked { .. });
    events(report).filter(asks).filter_map(|event| event.node).collect()
}

/// The links between servers, each with the number of the last datagram that was sent over it.
pub(super) fn links(report: &VariantReport<'_>) -> BTreeMap<(NodeId, NodeId), u64> {
    let clients = clients(report);
    let mut links = BTreeMap::new();
    for event in events(report) {
        if let (Kind::Sent { to, number, .. }, Some(from)) = (event.kind, event.node)
            && !clients.contains(&from)
            && !clients.contains(&to)
        {
            links.insert((from, to), number);
        }
    }
    links
}

/// The messages that arrived and may have led to what fails, by arrival: over causes, and over the order of
/// what happened at a node.
pub(super) fn messages(report: &VariantReport<'_>) -> Vec<Message> {
    let clients = clients(report);
    let events: Vec<TraceEvent<'_>> = events(report).collect();
    let last = last(report);
    let (mut past, mut nodes) = (BTreeSet::new(), BTreeSet::new());
    let mut sends: BTreeMap<Seq, (NodeId, u64)> = BTreeMap::new();
    for event in &events {
        if let Kind::Sent { to, number, .. } = event.kind {
            sends.insert(event.seq, (to, number));
        }
    }
    let mut messages = Vec::new();
    for event in events.iter().rev() {
        // What a client was told, and what was found, is what fails; or what is there in the end.
        let told = matches!(event.kind, Kind::Returned { .. } | Kind::Found { .. });
        let root = last.is_none_or(|last| told && event.seq <= last);
        let here = event.node.filter(|_| happens_there(&event.kind));
        if !(root || past.contains(&event.seq) || here.is_some_and(|node| nodes.contains(&node))) {
            continue;
        }
        past.extend(event.cause);
        nodes.extend(here);
        let (Kind::Delivered { from, datagram }, Some(to)) = (event.kind, event.node) else {
            continue;
        };
        if let Some((_, number)) = sends.get(&datagram)
            && !clients.contains(&from)
            && !clients.contains(&to)
        {
            let (number, sent, arrived) = (*number, datagram, event.seq);
            messages.push(Message { from, to, number, sent, arrived });
        }
    }
    messages.reverse();
    messages
}

/// The record after which nothing matters, if what fails fails at a moment.
pub(super) fn last(report: &VariantReport<'_>) -> Option<Seq> {
    let counterexample = report.run.setup.scenario.counterexample.as_ref()?;
    report.broke(&counterexample.check)
}

/// Whether a record is of something that a node does or that is done to it, and not of a link's end.
const fn happens_there(kind: &Kind) -> bool {
    !matches!(kind, Kind::Dropped { .. } | Kind::Corrupted { .. } | Kind::Duplicated { .. })
}
