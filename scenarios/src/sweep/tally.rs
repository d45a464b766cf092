//! What the runs of a sweep add up to.

use super::{Seeds, Sweep};
use crate::report::{Status, VariantReport};
use crate::storm::FaultFigures;
use crate::{Expected, Quantifier};
use simlab_sim::Caught;

/// What one check came to, in one variant, over all runs so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckTally {
    /// Its name in reports.
    pub name: String,
    /// Of which seeds it is expected.
    pub quantifier: Quantifier,
    /// What is expected (with `never`, what is not).
    pub expected: Expected,
    /// In how many runs the observation was as expected; of `sometimes`, in how many it was what some
    /// run is to show.
    pub held: u64,
    /// In how many it was not.
    pub failed: u64,
    /// In how many the check could not tell.
    pub unknown: u64,
    /// The lowest seed that failed.
    pub first_failed: Option<u64>,
}

impl CheckTally {
    /// Whether no run showed what at least one was to show.
    #[must_use]
    pub fn is_unmet(&self) -> bool {
        self.quantifier == Quantifier::Sometimes && self.held == 0
    }
}

/// What one variant came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VariantTally {
    /// Its name.
    pub name: String,
    /// Its checks, in the order in which they are judged.
    pub checks: Vec<CheckTally>,
    /// How many runs there were.
    pub runs: u64,
    /// How many trace records they had.
    pub events: u64,
    /// How much virtual time passed in them, in milliseconds.
    pub virtual_ms: u64,
    /// Client operations that were begun.
    pub invoked: u64,
    /// Those that were done.
    pub done: u64,
    /// Those that were refused.
    pub refused: u64,
    /// Those that ended unknown, or not at all.
    pub unknown: u64,
    /// How often each kind of fault of a storm was drawn, and hit.
    pub faults: FaultFigures,
}

/// A run that did not go as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its seed.
    pub seed: u64,
    /// Its variant.
    pub variant: String,
    /// The check, or the name of what was found.
    pub check: String,
    /// What was observed, in words.
    pub detail: String,
}

/// All that a sweep knows so far.
#[derive(Clone, Debug)]
pub struct Tally {
    /// The seeds that were run.
    pub seeds: Seeds,
    /// The variants, in the order of the sweep.
    pub variants: Vec<VariantTally>,
    /// The violations by seed, and within a seed in the order of the report; the first of them.
    pub violations: Vec<Violation>,
    /// How many violations there were.
    pub violated: u64,
    /// How many verdicts were unknown, and the first of them.
    pub unknown: u64,
    /// The first of the verdicts that were unknown.
    pub first_unknown: Option<Violation>,
}

/// More violations than these are only counted.
const VIOLATIONS_MAX: usize = 1_000;

/// What one run showed, as far as a sweep remembers it.
#[derive(Debug)]
pub(super) struct Shown {
    seed: u64,
    checks: Vec<(CheckTally, Option<String>)>,
    findings: Vec<(String, String)>,
    sample: Sample,
    faults: FaultFigures,
}

/// The figures of one run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    events: u64,
    virtual_ms: u64,
    answers: [u64; 4],
}

impl Shown {
    /// What a run showed.
    pub(super) fn of(seed: u64, report: &VariantReport<'_>) -> Self {
        let checks = report.checks.iter().map(|check| {
            let mut tally = CheckTally {
                name: check.name.clone(),
                quantifier: check.quantifier,
                expected: check.expected,
                held: 0,
                failed: 0,
                unknown: 0,
                first_failed: None,
            };
            // One run cannot fail what some run is to show, so there the status says nothing.
            let matches = check.observed.matches(check.expected);
            match (check.quantifier, check.status, matches) {
                (_, Status::Inconclusive, _) | (Quantifier::Sometimes, _, None) => {
                    tally.unknown = 1;
                }
                (Quantifier::Sometimes, _, Some(hit)) => tally.held = u64::from(hit),
                (_, Status::Passed, _) => tally.held = 1,
                (_, Status::Failed, _) => {
                    tally.failed = 1;
                    tally.first_failed = Some(seed);
                }
            }
            let told = tally.failed + tally.unknown > 0;
            (tally, told.then(|| check.detail.clone()))
        });
        let answers = &report.metrics.answers;
        let found = |finding: &simlab_sim::Finding| (finding.name.to_owned(), finding.to_string());
        Shown {
            seed,
            checks: checks.collect(),
            findings: report.findings.iter().map(found).collect(),
            sample: Sample {
                events: report.events,
                virtual_ms: report.virtual_ms,
                answers: [answers.invoked, answers.done, answers.refused, answers.unknown],
            },
            faults: FaultFigures::of(&report.run),
        }
    }

    /// A run in which our own code panicked.
    pub(super) fn panicked(seed: u64, caught: &Caught) -> Self {
        Shown {
            seed,
            checks: Vec::new(),
            findings: vec![("panic".to_owned(), format!("simlab itself panicked: {caught}"))],
            sample: Sample::default(),
            faults: FaultFigures::default(),
        }
    }
}

impl Tally {
    pub(super) fn new(sweep: &Sweep<'_>) -> Self {
        let name = |&variant: &usize| sweep.scenario.variants[variant].name.clone();
        let variant = |variant| VariantTally { name: name(variant), ..VariantTally::default() };
        let from = sweep.seeds.from;
        Tally {
            seeds: Seeds { from, to: from.into() },
            variants: sweep.variants.iter().map(variant).collect(),
            violations: Vec::new(),
            violated: 0,
            unknown: 0,
            first_unknown: None,
        }
    }

    /// Adds what the variants of one seed showed.
    pub(super) fn add(&mut self, shown: Vec<Shown>) {
        for (index, shown) in shown.into_iter().enumerate() {
            self.add_variant(index, shown);
        }
    }

    fn add_variant(&mut self, index: usize, shown: Shown) {
        let Shown { seed, checks, findings, sample, faults } = shown;
        let variant = &mut self.variants[index];
        variant.runs += 1;
        variant.events += sample.events;
        variant.virtual_ms += sample.virtual_ms;
        let [invoked, done, refused, unknown] = sample.answers;
        variant.invoked += invoked;
        variant.done += done;
        variant.refused += refused;
        variant.unknown += unknown;
        variant.faults.merge(&faults);
        let name = variant.name.clone();
        let violation = |check, detail| Violation { seed, variant: name.clone(), check, detail };
        let mut violations = Vec::new();
        for (place, (check, detail)) in checks.into_iter().enumerate() {
            let told = violation(check.name.clone(), detail.unwrap_or_default());
            self.unknown += check.unknown;
            if check.unknown > 0 && self.first_unknown.is_none() {
                self.first_unknown = Some(told);
            } else if check.failed > 0 {
                violations.push(told);
            }
            match variant.checks.get_mut(place) {
                Some(all) => all.merge(&check),
                None => variant.checks.push(check),
            }
        }
        violations.extend(findings.into_iter().map(|(name, detail)| violation(name, detail)));
        self.violated += violations.len() as u64;
        let room = VIOLATIONS_MAX.saturating_sub(self.violations.len());
        self.violations.extend(violations.into_iter().take(room));
    }

    /// The checks that no run met although some run was to, each with its variant.
    pub fn unmet(&self) -> impl Iterator<Item = (&VariantTally, &CheckTally)> {
        let checks = self.variants.iter().flat_map(|v| v.checks.iter().map(move |c| (v, c)));
        checks.filter(|(_, check)| check.is_unmet())
    }

    /// How the sweep came out.
    #[must_use]
    pub fn status(&self) -> Status {
        if self.violated > 0 || self.unmet().next().is_some() {
            Status::Failed
        } else if self.unknown > 0 {
            Status::Inconclusive
        } else {
            Status::Passed
        }
    }

    /// What the storms of all variants came to.
    #[must_use]
    pub fn faults(&self) -> FaultFigures {
        let mut all = FaultFigures::default();
        self.variants.iter().for_each(|variant| all.merge(&variant.faults));
        all
    }
}

impl CheckTally {
    fn merge(&mut self, one: &CheckTally) {
        self.held += one.held;
        self.failed += one.failed;
        self.unknown += one.unknown;
        self.first_failed = self.first_failed.or(one.first_failed);
    }

    /// As it was expected: `always true`.
    #[must_use]
    pub fn expectation(&self) -> String {
        format!("{} {}", self.quantifier.name(), self.expected)
    }
}
