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

/// The messages that arrived before it failed, by arrival.
pub(super) fn earlier(report: &VariantReport<'_>) -> Vec<Message> {
    let last = last(report);
    let earlier = |event: &TraceEvent<'_>| last.is_none_or(|last| event.seq <= last);
    messages(report, |event, _, _| earlier(event))
}

/// Of these, those that may have led to what fails: over causes, and over the order of what happened at a
/// node.
pub(super) fn causal(report: &VariantReport<'_>) -> Vec<Message> {
    let last = last(report);
    messages(report, |event, past, nodes| {
        // What a client was told, and what was found, is what fails; or what is there in the end.
        let told = matches!(event.kind, Kind::Returned { .. } | Kind::Found { .. });
        let root = last.is_none_or(|last| told && event.seq <= last);
        let here = event.node.filter(|_| happens_there(&event.kind));
        root || past.contains(&event.seq) || here.is_some_and(|node| nodes.contains(&node))
    })
}

/// The messages whose arrival belongs to a past, which is asked of what happened from the last to the first; it
/// sees which causes and which nodes belong to it already.
fn messages(
    report: &VariantReport<'_>,
    belongs: impl Fn(&TraceEvent<'_>, &BTreeSet<Seq>, &BTreeSet<NodeId>) -> bool,
) -> Vec<Message> {
    let clients = clients(report);
    let events: Vec<TraceEvent<'_>> = events(report).collect();
    let (mut past, mut nodes) = (BTreeSet::new(), BTreeSet::new());
    let mut sends: BTreeMap<Seq, (NodeId, u64)> = BTreeMap::new();
    for event in &events {
        if let Kind::Sent { to, number, .. } = event.kind {
            sends.insert(event.seq, (to, number));
        }
    }
    let mut messages = Vec::new();
    for event in events.iter().rev() {
        if !belongs(event, &past, &nodes) {
            continue;
        }
        past.extend(event.cause);
        nodes.extend(event.node.filter(|_| happens_there(&event.kind)));
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
    !matches!(
        kind,
        Kind::Dropped { .. }
            | Kind::Corrupted { .. }
            | Kind::Duplicated { .. }
            | Kind::Replayed { .. }
    )
}
