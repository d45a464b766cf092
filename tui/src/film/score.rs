//! What a run came to, and how it stood at any of its records.

use super::{Ended, Film, Source, Tally};
use simlab_check::stock::{StaleRead, stale_reads};
use simlab_core::history::{End, History, events};
use simlab_core::{Call, Duration, NodeId, OpId, Role, Time, Value};
use simlab_scenarios::report::{Break, CheckReport, judge_as};
use simlab_scenarios::run::{Run, Setup};
use std::sync::Arc;

/// Whoever waits longer than this for an answer is not served.
const PATIENCE: Duration = Duration(1_000_000_000);

/// What a run came to.
#[derive(Debug)]
pub struct Verdict {
    /// Whether the history is linearizable, in a word.
    pub linearizable: &'static str,
    /// Where promises broke, in the order of the run.
    pub breaks: Vec<Break>,
    /// What was expected, and what was observed.
    pub checks: Vec<CheckReport>,
    violations: Vec<u64>,
    /// The stale reads, by their return.
    stale: Vec<StaleRead>,
    /// How many units were sold beyond the stock, from which record on.
    oversold: Vec<(u64, i64)>,
    stocks: bool,
}

impl Verdict {
    /// Judges a film that is over.
    pub(super) fn of(film: &Film<'_>) -> Self {
        let mut verdict = Verdict {
            linearizable: "unknown",
            breaks: Vec::new(),
            checks: Vec::new(),
            violations: film.index.violations().to_vec(),
            stale: Vec::new(),
            oversold: Vec::new(),
            stocks: false,
        };
        let Source::Run(running) = &film.source else { return verdict };
        let setup = Setup { recording: false, ..film.setup() };
        let world = running.world.fork_untraced();
        let (convergence, plan) = (running.convergence.clone(), Arc::new(setup.plan()));
        let report = judge_as(Run { setup, world, convergence, plan }, true);
        verdict.linearizable = report.linearizable_word();
        verdict.breaks = report.breaks();
        let broken = verdict.breaks.iter().map(|one| one.seq.get());
        verdict.violations.extend(broken);
        let history = running.world.history();
        let stocks = film.scenario.objects.iter().filter_map(|object| match object.initial {
            Value::Int(initial) if object.model == "stock" => Some((&object.name, initial)),
            _ => None,
        });
        let stocks: Vec<_> = stocks.collect();
        let stale = stocks.iter().flat_map(|(name, initial)| stale_reads(history, name, *initial));
        verdict.stale = stale.collect();
        verdict.stale.sort_by_key(|read| read.returned);
        verdict.stocks = !stocks.is_empty();
        verdict.oversold = oversold(history, &stocks);
        let stale = verdict.stale.iter().map(|read| read.returned.seq.get());
        let grows = verdict.oversold.windows(2).filter(|pair| pair[1].1 > pair[0].1);
        verdict.violations.extend(stale.chain(grows.map(|pair| pair[1].0)));
        verdict.violations.sort_unstable();
        verdict.violations.dedup();
        verdict.checks = report.checks;
        verdict
    }

    /// The records at which something was found, a promise broke, a read was stale, or more was sold than there
    /// was.
    #[must_use]
    pub fn violations(&self) -> &[u64] {
        &self.violations
    }

    /// What is wrong with the answer of an operation: by how many units a read was too high.
    #[must_use]
    pub fn stale(&self, op: OpId) -> Option<&StaleRead> {
        self.stale.iter().find(|read| read.op == op)
    }

    /// Where a promise broke, if it was at this record.
    #[must_use]
    pub fn broke_at(&self, number: u64) -> Option<&Break> {
        self.breaks.iter().find(|one| one.seq.get() == number)
    }
}

/// Units sold that nobody had, after each sale or return that changed that.
fn oversold(history: &History, stocks: &[(&String, i64)]) -> Vec<(u64, i64)> {
    let mut left: Vec<i64> = stocks.iter().map(|(_, initial)| *initial).collect();
    let mut all = vec![(0, 0)];
    for (mark, end, record) in events(history.records()) {
        let place = stocks.iter().position(|(name, _)| **name == record.operation.object);
        let acknowledged = record.result() == Some(&Value::Bool(true));
        let (Some(place), End::Returned, true) = (place, end, acknowledged) else { continue };
        match record.operation.call {
            Call::Sell(units) => left[place] = left[place].saturating_sub(units.into()),
            Call::TakeBack(units) => left[place] = left[place].saturating_add(units.into()),
            _ => continue,
        }
        let beyond = left.iter().map(|left| left.min(&0).saturating_neg()).sum();
        if all.last().is_some_and(|(_, known)| *known != beyond) {
            all.push((mark.seq.get(), beyond));
        }
    }
    all
}

/// How the clients of a place are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answering {
    /// They have not asked anything yet.
    Silent,
    /// The last answer was given.
    Served,
    /// The last answer was no.
    Refused,
    /// The last operation ended, and nobody knows how.
    Unknown,
    /// Somebody has waited for so long.
    Waiting(Duration),
}

impl Answering {
    /// Whether they can be said to be served.
    #[must_use]
    pub const fn is_fine(self) -> bool {
        matches!(self, Answering::Silent | Answering::Served)
    }
}

/// How a run stood at a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// How the clients of each site are served, or each client where there are no sites.
    pub served: Vec<(String, Answering)>,
    /// The record at which the history stopped being linearizable, if it has.
    pub broken: Option<u64>,
    /// The other promises that were broken so far.
    pub invariants: Vec<&'static str>,
    /// Stale reads so far, and by how many units the worst was too high; `None` where nothing is sold.
    pub stale: Option<(usize, i64)>,
    /// Units sold that nobody had; `None` where nothing is sold.
    pub oversold: Option<i64>,
    /// What was sent, and lost.
    pub tally: Tally,
}

impl Score {
    pub(super) fn at(film: &Film<'_>, number: u64) -> Score {
        let tally = film.index.tally(film.trace(), number);
        let mut score = Score { served: served(film, number), tally, ..Score::default() };
        let Some(verdict) = &film.verdict else { return score };
        let history = verdict.breaks.iter().filter(|one| one.invariant.is_none());
        score.broken = history.map(|one| one.seq.get()).find(|seq| *seq <= number);
        let upto = verdict.breaks.iter().take_while(|one| one.seq.get() <= number);
        score.invariants = upto.filter_map(|one| one.invariant).collect();
        if verdict.stocks {
            let upto = verdict.stale.partition_point(|read| read.returned.seq.get() <= number);
            let worst = verdict.stale[..upto].iter().map(|read| read.units).max();
            score.stale = Some((upto, worst.unwrap_or(0)));
            let after = verdict.oversold.partition_point(|(from, _)| *from <= number);
            score.oversold = after.checked_sub(1).map(|last| verdict.oversold[last].1);
        }
        score
    }
}

fn served(film: &Film<'_>, number: u64) -> Vec<(String, Answering)> {
    let setup = film.setup();
    let is_client =
        |node: &NodeId| setup.service(*node).is_some_and(|service| service.role == Role::Client);
    let now = film.event(number).map_or(Time::ZERO, |event| event.at);
    let worst = |nodes: &mut dyn Iterator<Item = NodeId>| {
        nodes.filter(is_client).map(|node| answering(film, node, number, now)).max()
    };
    let sites = film
        .scenario
        .sites
        .iter()
        .map(|(site, nodes)| (site.clone(), worst(&mut nodes.iter().copied())));
    let mut all: Vec<_> = sites.collect();
    let alone = film.scenario.nodes.iter().filter(|node| node.site.is_none());
    all.extend(alone.map(|node| (node.name.clone(), worst(&mut std::iter::once(node.id)))));
    all.into_iter().filter_map(|(name, worst)| Some((name, worst?))).collect()
}

/// How a client was served last, or how long it has waited.
fn answering(film: &Film<'_>, node: NodeId, number: u64, now: Time) -> Answering {
    /// So many operations of a client are looked at; those before are over, or will never be.
    const LOOKED_AT: usize = 1_024;
    let own = film.index.operations(node);
    let begun = own.partition_point(|operation| operation.invoked <= number);
    let (mut last, mut oldest) = (None, now);
    for operation in own[..begun].iter().rev().take(LOOKED_AT) {
        if operation.returned.is_none_or(|end| end > number) {
            let since = film.event(operation.invoked).map_or(now, |event| event.at);
            oldest = oldest.min(since);
        } else {
            let end = operation.returned.unwrap_or(0);
            if last.is_none_or(|(latest, _)| end > latest) {
                last = Some((end, operation.ended));
            }
        }
    }
    if now.since(oldest) > PATIENCE {
        return Answering::Waiting(now.since(oldest));
    }
    match last {
        None => Answering::Silent,
        Some((_, Ended::Done)) => Answering::Served,
        Some((_, Ended::Refused)) => Answering::Refused,
        Some((_, Ended::Unknown)) => Answering::Unknown,
    }
}
