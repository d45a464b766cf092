//! What a run has shown: verdicts, figures, and a picture, as data.
//!
//! Nothing here prints; the command line lays it out as text or as JSON.

mod broken;
mod faults;
mod json;
mod metrics;
mod picture;

pub use broken::{Break, Claim};
pub use faults::FaultReport;
pub use metrics::{Answers, Metrics, SiteAnswers};
pub use picture::{Picture, Row, RowKind, picture};

use crate::checks::{Evidence, Observation, Observed, observe};
use crate::run::{FaultPlan, Run, Setup, run_planned};
use crate::storm::Drawn;
use crate::{Catalogue, Diagnostics, Expectation, Expected, Quantifier, Scenario};
use simlab_check::FirstBreak;
use simlab_core::Invariant;
use simlab_sim::Finding;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How an expectation, or a whole run, came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// As expected.
    Passed,
    /// A checker gave up.
    Inconclusive,
    /// Not as expected.
    Failed,
}

/// One expectation and what was observed.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// Its name.
    pub name: String,
    /// The check or invariant that it is about.
    pub check: &'static str,
    /// Of which seeds it is expected.
    pub quantifier: Quantifier,
    /// What is expected (with `never`, what is not).
    pub expected: Expected,
    /// What was observed.
    pub observed: Observed,
    /// How it came out.
    pub status: Status,
    /// What was seen, in words.
    pub detail: String,
}

/// One variant of a run.
#[derive(Debug)]
pub struct VariantReport<'a> {
    /// The variant, by index.
    pub variant: usize,
    /// Its name.
    pub name: String,
    /// The hash of its trace.
    pub trace_hash: u64,
    /// How many trace records it has.
    pub events: u64,
    /// How much virtual time passed, in milliseconds.
    pub virtual_ms: u64,
    /// What was expected and what was observed.
    pub checks: Vec<CheckReport>,
    /// What ought not to happen, whatever the scenario expects.
    pub findings: Vec<Finding>,
    /// What was done to the world, by the time at which it began.
    pub faults: Vec<FaultReport>,
    /// What was measured.
    pub metrics: Metrics,
    /// Whether every object's history is linearizable; `None` if a search was given up, or if the
    /// run was not recorded and no check is about it.
    pub linearizable: Option<bool>,
    /// The first operation that no order explains, if the history is not linearizable.
    pub first_break: Option<FirstBreak>,
    /// The run itself, for pictures.
    pub run: Run<'a>,
}

/// A scenario's run.
#[derive(Debug)]
pub struct Report<'a> {
    /// The story.
    pub scenario: &'a Scenario,
    /// What answered its random choices.
    pub seed: u64,
    /// The variants that ran.
    pub variants: Vec<VariantReport<'a>>,
}

impl VariantReport<'_> {
    /// How the variant came out. A finding (a panic, a limit, a broken invariant) is a failure, and
    /// so is a departure from a complete recording of decisions: it was not the run that was asked
    /// for.
    #[must_use]
    pub fn status(&self) -> Status {
        let checks = self.checks.iter().map(|check| check.status);
        let findings = self.findings.iter().map(|_| Status::Failed);
        let world = &self.run.world;
        let recording = world.script().is_some_and(|script| script.complete);
        let departed = (recording && !world.departures().none()).then_some(Status::Failed);
        checks.chain(findings).chain(departed).max().unwrap_or(Status::Passed)
    }
}

impl Report<'_> {
    /// What the seed made of the scenario's storm, if it has one: the same for all variants.
    #[must_use]
    pub fn storm(&self) -> Option<Drawn> {
        self.scenario.draw_storm(self.seed)
    }

    /// How the run came out.
    #[must_use]
    pub fn status(&self) -> Status {
        self.variants.iter().map(VariantReport::status).max().unwrap_or(Status::Passed)
    }
}

/// Runs some variants of a scenario and judges them.
///
/// # Errors
/// If a service refuses the arguments that the scenario gives it.
pub fn report<'a>(
    scenario: &'a Scenario,
    catalogue: &'a Catalogue,
    seed: u64,
    variants: &[usize],
    recording: bool,
) -> Result<Report<'a>, Diagnostics> {
    let plan = Arc::new(FaultPlan::draw(scenario, seed));
    let variants = variants.iter().map(|&variant| {
        let setup = Setup { scenario, catalogue, variant, seed, recording };
        Ok(judge(run_planned(setup, Arc::clone(&plan), |_| {})?))
    });
    Ok(Report { scenario, seed, variants: variants.collect::<Result<_, Diagnostics>>()? })
}

/// Judges a run that is over. Of one that was not recorded only what its checks are about.
#[must_use]
pub fn judge(run: Run<'_>) -> VariantReport<'_> {
    let recording = run.setup.recording;
    judge_as(run, recording)
}

/// Judges a run that is over. A search for an order may be long; unless people look at the answer
/// (`looked_at`), only those are made that a check is about.
#[must_use]
pub fn judge_as(run: Run<'_>, looked_at: bool) -> VariantReport<'_> {
    let Setup { scenario, variant, .. } = run.setup;
    let evidence = Evidence::new(&run);
    let mut expectations: Vec<Expectation> =
        scenario.expectations.iter().filter(|e| e.variants.contains(&variant)).cloned().collect();
    let spoken_of = |name: &str| expectations.iter().any(|e| e.check == name);
    let silent: Vec<Expectation> =
        invariants(&run.setup).filter(|i| !spoken_of(i.name)).map(holds).collect();
    expectations.extend(silent);
    let checks: Vec<CheckReport> =
        expectations.iter().map(|expectation| judge_one(expectation, &evidence)).collect();
    let metrics = Metrics::measure(&evidence);
    let asked = looked_at || expectations.iter().any(|e| e.check == "linearizable");
    let first_break = asked.then(|| evidence.first_break()).flatten();
    let linearizable = asked.then(|| evidence.linearizable()).flatten();
    VariantReport {
        variant,
        name: scenario.variants[variant].name.clone(),
        trace_hash: run.world.trace_hash(),
        events: run.world.records(),
        virtual_ms: run.world.now().millis(),
        findings: unexpected(&run, &checks),
        checks,
        faults: faults::faults(&run),
        metrics,
        linearizable,
        first_break,
        run,
    }
}

/// The invariants of the services that a variant runs, each once.
fn invariants<'a>(setup: &Setup<'a>) -> impl Iterator<Item = &'static Invariant> + use<'a> {
    let mut seen = Vec::new();
    let roster = &setup.scenario.variants[setup.variant].roster;
    let entries = roster.iter().filter_map(|member| setup.catalogue.service(member.service));
    let all = entries.flat_map(|entry| entry.invariants);
    all.filter(move |invariant| {
        let fresh = !seen.contains(&invariant.name);
        seen.push(invariant.name);
        fresh
    })
}

/// What is expected of an invariant of which the scenario says nothing.
fn holds(invariant: &Invariant) -> Expectation {
    Expectation {
        name: invariant.name.to_owned(),
        check: invariant.name,
        variants: Vec::new(),
        arguments: BTreeMap::new(),
        quantifier: Quantifier::Always,
        expected: Expected::Truth(true),
        why: None,
    }
}

/// What was found and no check speaks of: panics, limits, impossible histories. That an invariant
/// breaks can be the point of a lesson; these never are.
fn unexpected(run: &Run<'_>, checks: &[CheckReport]) -> Vec<Finding> {
    let judged = |finding: &&Finding| checks.iter().any(|check| check.check == finding.name);
    run.world.findings().iter().filter(|finding| !judged(finding)).cloned().collect()
}

fn judge_one(expectation: &Expectation, evidence: &Evidence<'_>) -> CheckReport {
    let observation = if evidence.run.world.ended() {
        // What was seen of half a story proves nothing about the whole.
        let detail = format!("the run was ended at {} s", evidence.run.world.now());
        Observation { observed: Observed::Unknown, detail }
    } else {
        observe(expectation, evidence)
    };
    let status = match (expectation.quantifier, observation.observed.matches(expectation.expected))
    {
        // One run cannot fail what some run is to show.
        (Quantifier::Sometimes, _) => Status::Passed,
        (_, None) => Status::Inconclusive,
        (Quantifier::Always, Some(matches)) if matches => Status::Passed,
        (Quantifier::Never, Some(matches)) if !matches => Status::Passed,
        (Quantifier::Always | Quantifier::Never, Some(_)) => Status::Failed,
    };
    CheckReport {
        name: expectation.name.clone(),
        check: expectation.check,
        quantifier: expectation.quantifier,
        expected: expectation.expected,
        observed: observation.observed,
        status,
        detail: observation.detail,
    }
}
