//! Which moment of a run a picture shows.

use super::super::{Break, VariantReport};
use super::talk::acknowledged;
use crate::Fault;
use simlab_core::{Kind, NodeId, OpId, Time};
use simlab_sim::{Fault as What, Trace};
use std::collections::BTreeMap;

/// The fault that the picture is of: where something broke, the last that had begun before; otherwise
/// the first cut, or the first of all.
pub(super) fn fault(faults: &[Fault], broken: Option<&Break>) -> Option<usize> {
    let before = broken.and_then(|one| faults.iter().rposition(|fault| fault.at <= one.at));
    let is_cut = |fault: &Fault| matches!(fault.what, What::Cut(_));
    let first = || faults.iter().position(is_cut).or((!faults.is_empty()).then_some(0));
    before.or_else(first)
}

/// A crash that took something of which a client had been told that it is done.
pub(super) struct Loss {
    /// The fault, by number.
    pub(super) fault: usize,
    /// What the client had been told of.
    pub(super) op: OpId,
}

/// Where a history that broke after crashes lost something: what shows it may come long after. Of
/// several crashes that may have done it, the one that took it from the most nodes, and the latest.
pub(super) fn loss(
    report: &VariantReport<'_>,
    trace: &Trace,
    faults: &[Fault],
    until: Time,
) -> Option<Loss> {
    let mut pending: BTreeMap<NodeId, Vec<Time>> = BTreeMap::new();
    // By the time of the crash: how many nodes lost it, and what.
    let mut losses: BTreeMap<Time, (usize, OpId)> = BTreeMap::new();
    for event in trace.iter().take_while(|event| event.at <= until) {
        let Some(node) = event.node else { continue };
        match event.kind {
            Kind::Wrote { .. } => pending.entry(node).or_default().push(event.at),
            Kind::LostOnCrash { lost, torn, kept } => {
                let written = pending.remove(&node).unwrap_or_default();
                let met = (lost + torn + kept) as usize;
                let unsynced = &written[written.len().saturating_sub(met)..];
                if lost + torn > 0
                    && let Some(op) = promised(report, unsynced, event.at)
                {
                    losses.entry(event.at).or_insert((0, op)).0 += 1;
                }
            }
            _ => {}
        }
    }
    let (at, (_, op)) = losses.into_iter().max_by_key(|(at, (nodes, _))| (*nodes, *at))?;
    let fault = faults.iter().rposition(|fault| {
        matches!(fault.what, What::Crash { .. } | What::CrashAtSync { .. }) && fault.at <= at
    })?;
    Some(Loss { fault, op })
}

/// The last operation during which one of these writes was made and that was done by then, as its
/// client had been told.
fn promised(report: &VariantReport<'_>, unsynced: &[Time], crash: Time) -> Option<OpId> {
    let records = report.run.world.history().records();
    let told = |record: &&simlab_core::history::Record| {
        let Some((returned, _)) = &record.returned else { return false };
        let during = |at: &Time| record.invoked.at <= *at && *at <= returned.at;
        record.operation.call.writes()
            && acknowledged(record)
            && returned.at <= crash
            && unsynced.iter().any(during)
    };
    records.iter().filter(told).max_by_key(|record| record.invoked.at).map(|record| record.op)
}
