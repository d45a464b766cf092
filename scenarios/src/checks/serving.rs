//! Checks of how the clients were served.

use super::{Check, Evidence, FROM, ONLY, Observation, Parameters, SITE, UNTIL};
use crate::CheckSignature;
use simlab_check::{Filter, Kinds, Service, service};
use simlab_core::{NodeId, Time};
use std::collections::BTreeSet;

/// The operations that the parameters speak of.
fn select(evidence: &Evidence<'_>, parameters: &Parameters<'_>) -> Service {
    let scenario = evidence.run.setup.scenario;
    let nodes: Option<BTreeSet<NodeId>> =
        parameters.text("site").map(|site| match scenario.sites.get(site) {
            Some(nodes) => nodes.iter().copied().collect(),
            None => scenario.node(site).map(|node| node.id).into_iter().collect(),
        });
    let kinds = match parameters.text("only") {
        Some("reads") => Kinds::Reads,
        Some("writes") => Kinds::Writes,
        _ => Kinds::All,
    };
    let from = parameters.time("from", Time::ZERO);
    let until = parameters.time("until", Time::NEVER);
    service(evidence.history(), &Filter { nodes, from, until, kinds })
}

/// `part` of `whole` in percent, rounded down.
fn percent(part: u64, whole: u64, what: &str) -> Observation {
    let detail = format!("{part} of {whole} operations {what}");
    match (part * 100).checked_div(whole) {
        Some(percent) => Observation::figure(percent as i64, detail),
        None => Observation::unknown("there were no such operations"),
    }
}

pub(super) const SERVED: Check = Check {
    signature: CheckSignature {
        name: "served",
        summary: "percentage of operations that were done",
        figure: true,
        parameters: &[SITE, FROM, UNTIL, ONLY],
    },
    observe: |evidence, parameters| {
        let found = select(evidence, parameters);
        percent(found.done, found.invoked, "done")
    },
};

pub(super) const REFUSED: Check = Check {
    signature: CheckSignature {
        name: "refused",
        summary: "percentage of operations that were refused: certainly not done",
        figure: true,
        parameters: &[SITE, FROM, UNTIL, ONLY],
    },
    observe: |evidence, parameters| {
        let found = select(evidence, parameters);
        percent(found.refused, found.invoked, "refused")
    },
};

pub(super) const UNKNOWN: Check = Check {
    signature: CheckSignature {
        name: "unknown",
        summary: "operations of which the client never learnt what became of them",
        figure: true,
        parameters: &[SITE, FROM, UNTIL, ONLY],
    },
    observe: |evidence, parameters| {
        let found = select(evidence, parameters);
        let unknown = found.unknown + found.open;
        let detail = format!("{} gave up, {} still wait at the end", found.unknown, found.open);
        Observation::figure(i64::try_from(unknown).unwrap_or(i64::MAX), detail)
    },
};

pub(super) const LATENCY_MAX: Check = Check {
    signature: CheckSignature {
        name: "latency_max_ms",
        summary: "the longest that an operation took that was done, in milliseconds, rounded up",
        figure: true,
        parameters: &[SITE, FROM, UNTIL, ONLY],
    },
    observe: |evidence, parameters| match select(evidence, parameters).latency {
        Some(latency) => {
            // Rounded up, so that an upper bound that holds for the figure holds for the time.
            let millis = latency.max.nanos().div_ceil(1_000_000);
            Observation::figure(millis as i64, format!("{millis} ms"))
        }
        None => Observation::unknown("no operation was done"),
    },
};
