//! What a run measured, whatever it expected.

use crate::Fault;
use crate::checks::Evidence;
use simlab_check::{Filter, Kinds, Latency, Service, service, stock};
use simlab_core::{NodeId, Time};
use simlab_sim::Stats;
use std::collections::BTreeSet;

/// What became of some operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// How many were invoked.
    pub invoked: u64,
    /// How many were done.
    pub done: u64,
    /// How many were certainly not done.
    pub refused: u64,
    /// How many may have been done or not, those included that nobody answered before the end.
    pub unknown: u64,
}

/// The operations of one site's clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteAnswers {
    /// The site.
    pub site: String,
    /// All of its operations.
    pub answers: Answers,
    /// Those invoked while a fault held.
    pub during_faults: Answers,
}

/// What a run measured.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// All operations.
    pub answers: Answers,
    /// The operations of each site that has clients, in the order of the nodes.
    pub sites: Vec<SiteAnswers>,
    /// How long the operations took that were done; `None` if there were none.
    pub latency: Option<Latency>,
    /// Stale reads, if there is a stock: summed over all of them.
    pub stale: Option<stock::Stale>,
    /// Units sold that nobody had, if there is a stock: summed over all of them.
    pub oversold: Option<i64>,
    /// What the kernel counted.
    pub stats: Stats,
}

impl From<&Service> for Answers {
    fn from(service: &Service) -> Self {
        Answers {
            invoked: service.invoked,
            done: service.done,
            refused: service.refused,
            unknown: service.unknown + service.open,
        }
    }
}

impl std::ops::AddAssign for Answers {
    fn add_assign(&mut self, other: Answers) {
        self.invoked += other.invoked;
        self.done += other.done;
        self.refused += other.refused;
        self.unknown += other.unknown;
    }
}

impl Metrics {
    /// Measures a run.
    #[must_use]
    pub fn measure(evidence: &Evidence<'_>) -> Self {
        let history = evidence.history();
        let all = service(history, &Filter::default());
        let stocks: Vec<_> = evidence.stocks().collect();
        let stale = stocks.iter().map(|(object, initial)| stock::stale(history, object, *initial));
        let oversold =
            stocks.iter().map(|(object, initial)| stock::oversold(history, object, *initial));
        Metrics {
            answers: Answers::from(&all),
            sites: sites(evidence),
            latency: all.latency,
            stale: stale.reduce(worse),
            oversold: oversold.reduce(|a, b| a + b),
            stats: *evidence.run.world.stats(),
        }
    }
}

fn worse(a: stock::Stale, b: stock::Stale) -> stock::Stale {
    stock::Stale {
        reads: a.reads + b.reads,
        units_max: a.units_max.max(b.units_max),
        oldest_missed: a.oldest_missed.max(b.oldest_missed),
        first: a.first.or(b.first),
    }
}

/// The operations of each site's clients; a client without a site stands for itself.
fn sites(evidence: &Evidence<'_>) -> Vec<SiteAnswers> {
    let scenario = evidence.run.setup.scenario;
    let clients: BTreeSet<NodeId> =
        evidence.history().records().iter().map(|record| record.op.node()).collect();
    let mut sites: Vec<(String, BTreeSet<NodeId>)> = Vec::new();
    for node in scenario.nodes.iter().filter(|node| clients.contains(&node.id)) {
        let place = node.site.as_ref().unwrap_or(&node.name);
        match sites.iter_mut().find(|(known, _)| known == place) {
            Some((_, nodes)) => {
                nodes.insert(node.id);
            }
            None => sites.push((place.clone(), BTreeSet::from([node.id]))),
        }
    }
    let answers = |nodes: &BTreeSet<NodeId>, from, until| {
        let filter = Filter { nodes: Some(nodes.clone()), from, until, kinds: Kinds::All };
        Answers::from(&service(evidence.history(), &filter))
    };
    let judged = sites.into_iter().map(|(site, nodes)| {
        let mut during_faults = Answers::default();
        for (from, until) in fault_windows(evidence) {
            during_faults += answers(&nodes, from, until);
        }
        SiteAnswers { site, answers: answers(&nodes, Time::ZERO, Time::NEVER), during_faults }
    });
    judged.collect()
}

/// When at least one fault held: windows that do not overlap, in order.
fn fault_windows(evidence: &Evidence<'_>) -> Vec<(Time, Time)> {
    let end = evidence.run.setup.scenario.until;
    let lasts = |fault: &Fault| match fault.until {
        Some(_) => (fault.at, fault.over(end)),
        None => (fault.at, Time::NEVER),
    };
    let mut all: Vec<(Time, Time)> = evidence.run.plan.faults().map(lasts).collect();
    all.sort_unstable();
    let mut windows: Vec<(Time, Time)> = Vec::new();
    for (from, until) in all {
        match windows.last_mut() {
            Some((_, end)) if from <= *end => *end = until.max(*end),
            _ => windows.push((from, until)),
        }
    }
    windows
}
