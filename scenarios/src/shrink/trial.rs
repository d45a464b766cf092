//! One candidate: does it still fail, in the same way, and only for the reason that it is a candidate for?

use crate::checks::Observed;
use crate::report::{Status, VariantReport, judge_as};
use crate::run::{Setup, run_prepared};
use crate::{Catalogue, Concrete, Expected, Scenario, Source, load};
use simlab_core::{Point, Time};
use simlab_sim::guard;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// What fails, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// The name of the check, or of the finding.
    pub(super) name: String,
    how: How,
    /// What else was found; a candidate in which more is found fails in another way.
    findings: BTreeSet<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum How {
    /// A check saw this.
    Saw(bool),
    /// A figure was on this side of what is expected.
    Side(Ordering),
    /// It was found, with these words, numbers left out: the same panic at the same place.
    Found(String),
}

/// What a candidate showed.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) way: Way,
    pub(super) detail: String,
    pub(super) trace_hash: u64,
    pub(super) events: u64,
    /// When it broke, if it did at a moment.
    pub(super) at: Option<Time>,
    /// The choices that were not answered harmlessly.
    pub(super) harm: Vec<(Point, u64)>,
    /// Answers that nobody asked for.
    pub(super) unasked: Vec<Point>,
}

/// What of a failed run is compared; `None` if the check did not fail.
pub(super) fn way(report: &VariantReport<'_>, name: &str) -> Option<(Way, String)> {
    let findings = report.findings.iter().map(|finding| finding.name).collect();
    let check = report.checks.iter().find(|check| check.name == name);
    if let Some(check) = check.filter(|check| check.status == Status::Failed) {
        let how = match (check.observed, check.expected) {
            (Observed::Truth(saw), _) => How::Saw(saw),
            (Observed::Figure(saw), Expected::Figure { value, .. }) => How::Side(saw.cmp(&value)),
            (Observed::Figure(_), Expected::Truth(_)) | (Observed::Unknown, _) => return None,
        };
        return Some((Way { name: name.to_owned(), how, findings }, check.detail.clone()));
    }
    let finding = report.findings.iter().find(|finding| finding.name == name)?;
    let words = finding.detail.chars().filter(|c| !c.is_ascii_digit()).collect();
    let how = How::Found(words);
    Some((Way { name: name.to_owned(), how, findings }, finding.detail.clone()))
}

/// When a promise broke, as far as that is a moment.
fn moment(report: &VariantReport<'_>, name: &str) -> Option<Time> {
    let check = report.checks.iter().find(|check| check.name == name).map(|check| check.check);
    let invariant = check.unwrap_or(name);
    let found = report.run.world.findings().iter().find(|finding| finding.name == invariant);
    found.map(|finding| finding.at)
}

/// Whether a check that fails on a run fails on every longer one, so that its end can be cut off.
pub(super) fn is_about_a_begin(scenario: &Scenario, name: &str) -> bool {
    let expectation = scenario.expectations.iter().find(|e| e.name == name);
    let named = |check: &str| crate::CHECKS.iter().any(|c| c.signature.name == check);
    // Invariants and findings are no checks of the catalogue.
    expectation.is_none_or(|e| e.check == "linearizable" || !named(e.check))
}

/// What the run of a file shows of a check; `None` if it cannot be run, or if the check does not fail. With
/// `harm` the choices that are not harmless are told.
fn see(concrete: &Concrete<'_>, text: &str, name: &str, harm: bool) -> Option<Seen> {
    let scenario = read(text, concrete.catalogue)?;
    let setup = setup(&scenario, concrete.catalogue);
    let run = guard(|| {
        run_prepared(setup, |world| {
            if harm {
                world.record_harm();
            }
        })
        .map(|run| judge_as(run, false))
    });
    let report = run.ok()?.ok()?;
    let (way, detail) = way(&report, name)?;
    let world = &report.run.world;
    let original = |point: &Point| concrete.original_point(*point);
    let harm = world.decisions().unwrap_or_default().iter();
    Some(Seen {
        way,
        detail,
        trace_hash: report.trace_hash,
        events: report.events,
        at: moment(&report, name),
        harm: harm.filter_map(|(point, answer)| Some((original(point)?, *answer))).collect(),
        unasked: world.departures().unasked.iter().filter_map(original).collect(),
    })
}

fn read(text: &str, catalogue: &Catalogue) -> Option<Scenario> {
    load(Source::new("candidate", text), catalogue, &[]).ok()
}

const fn setup<'a>(scenario: &'a Scenario, catalogue: &'a Catalogue) -> Setup<'a> {
    Setup { scenario, catalogue, variant: 0, seed: scenario.seed, recording: false }
}

/// Whether the check passes.
fn passes(concrete: &Concrete<'_>, text: &str, name: &str) -> bool {
    let Some(scenario) = read(text, concrete.catalogue) else { return false };
    let run = guard(|| {
        run_prepared(setup(&scenario, concrete.catalogue), |_| {}).map(|run| judge_as(run, false))
    });
    let Ok(Ok(report)) = run else { return false };
    let held = |status: Status| status == Status::Passed;
    report.checks.iter().find(|check| check.name == name).map_or_else(
        || report.findings.iter().all(|finding| finding.name != name),
        |check| held(check.status),
    )
}

/// A candidate's run. If switches are on, its control, which is the same without them, must pass: it is they
/// that fail.
pub(super) fn trial(concrete: &Concrete<'_>, text: &str, name: &str, harm: bool) -> Option<Seen> {
    let seen = see(concrete, text, name, harm)?;
    if !concrete.switches.is_empty() {
        let control = Concrete { switches: Vec::new(), ..concrete.clone() };
        if !passes(concrete, &control.to_toml(&[], None), name) {
            return None;
        }
    }
    Some(seen)
}
