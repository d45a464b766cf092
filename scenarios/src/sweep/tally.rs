//! What the runs of a sweep add up to.

use super::{GoalTally, Seeds, Shard, Sweep};
use crate::report::{Answers, Status, VariantReport};
use crate::storm::FaultFigures;
use crate::{Expected, Goal, Quantifier};
use simlab_sim::{Caught, Finding};

/// Of one check in one variant, more violations than these are only counted.
const KEPT_MAX: u64 = 100;
/// Of all checks together, more violations than these are only counted.
const KEPT_ALL_MAX: usize = 10_000;

/// What one check came to, in one variant.
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
    /// In how many it was not. No run fails `sometimes`.
    pub failed: u64,
    /// In how many the check could not tell.
    pub unknown: u64,
    /// The lowest seed that failed.
    pub first_failed: Option<u64>,
}

/// What was found in runs of one variant and no check speaks of: a panic, a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingTally {
    /// Its name.
    pub name: String,
    /// In how many runs it was found.
    pub runs: u64,
    /// The lowest seed.
    pub first: u64,
}

/// What runs of one variant measured, summed up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Trace records.
    pub events: u64,
    /// Virtual time, in milliseconds.
    pub virtual_ms: u64,
    /// Client operations, and what became of them.
    pub answers: Answers,
    /// How often each kind of fault of a storm was drawn, and hit.
    pub faults: FaultFigures,
}

/// What one variant came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VariantTally {
    /// Its name.
    pub name: String,
    /// The switches that are on in it.
    pub switches: Vec<&'static str>,
    /// How many runs there were.
    pub runs: u64,
    /// Its checks, in the order in which they are judged.
    pub checks: Vec<CheckTally>,
    /// What was found besides, in the order in which it was first found.
    pub findings: Vec<FindingTally>,
    /// What was measured.
    pub figures: Figures,
}

/// A run in which a check did not see what is expected, or could not tell.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The seeds that were run, and between them those of other shards. With all of a shard the range is
    /// that of the sweep.
    pub seeds: Seeds,
    /// Which of these seeds were run.
    pub shard: Shard,
    /// The variants, in the order of the sweep.
    pub variants: Vec<VariantTally>,
    /// The violations by seed, and within a seed in the order of the report: of each check in each
    /// variant the first 100, and 10,000 in all.
    pub violations: Vec<Violation>,
    /// How many violations there were: at most one for each run and check.
    pub violated: u64,
    /// What must have been visited.
    pub goals: Vec<GoalTally>,
    /// The first verdict of an `always` or `never` that was unknown.
    pub first_unknown: Option<Violation>,
}

/// What one run showed, as far as a sweep remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) seed: u64,
    /// Each check as the tally of one run, and in words what was wrong.
    pub(super) checks: Vec<(CheckTally, Option<String>)>,
    pub(super) findings: Vec<(String, String)>,
    pub(super) figures: Figures,
    /// Which goals of the sweep it reached, as indices that rise.
    pub(super) goals: Vec<usize>,
}

impl Shown {
    /// What a run showed, of these goals too.
    pub(super) fn of(seed: u64, report: &VariantReport<'_>, goals: &[&Goal]) -> Self {
        let checks = report.checks.iter().map(|check| {
            let matches = check.observed.matches(check.expected);
            // One run cannot fail what some run is to show, so there the status says nothing.
            let (held, failed) = match (check.quantifier, check.status) {
                (Quantifier::Sometimes, _) => (matches == Some(true), false),
                (_, status) => (status == Status::Passed, status == Status::Failed),
            };
            let tally = CheckTally {
                name: check.name.clone(),
                quantifier: check.quantifier,
                expected: check.expected,
                held: held.into(),
                failed: failed.into(),
                unknown: matches.is_none().into(),
                first_failed: failed.then_some(seed),
            };
            (tally, (failed || matches.is_none()).then(|| check.detail.clone()))
        });
        Shown {
            seed,
            checks: checks.collect(),
            findings: first_of_each(&report.findings),
            figures: Figures {
                events: report.events,
                virtual_ms: report.virtual_ms,
                answers: report.metrics.answers,
                faults: FaultFigures::of(&report.run),
            },
            goals: (0..goals.len()).filter(|&goal| goals[goal].shown(report)).collect(),
        }
    }

    /// A run in which our own code panicked.
    pub(super) fn panicked(seed: u64, caught: &Caught) -> Self {
        let detail = format!("simlab itself panicked: {caught}");
        Shown {
            seed,
            checks: Vec::new(),
            findings: vec![(Finding::PANIC.to_owned(), detail)],
            figures: Figures::default(),
            goals: Vec::new(),
        }
    }
}

/// Of findings of the same name, the first in words.
fn first_of_each(findings: &[Finding]) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for finding in findings {
        if all.iter().all(|(name, _)| name != finding.name) {
            all.push((finding.name.to_owned(), finding.to_string()));
        }
    }
    all
}

impl Tally {
    pub(super) fn new(sweep: &Sweep<'_>) -> Self {
        let variant = |&variant: &usize| {
            let variant = &sweep.scenario.variants[variant];
            let (name, switches) = (variant.name.clone(), variant.switches.clone());
            VariantTally { name, switches, ..VariantTally::default() }
        };
        let (seeds, shard) = (sweep.seeds, sweep.shard);
        Tally {
            seeds: Seeds { to: shard.until(seeds, 0), ..seeds },
            shard,
            variants: sweep.variants.iter().map(variant).collect(),
            violations: Vec::new(),
            violated: 0,
            goals: sweep.goals().into_iter().map(GoalTally::new).collect(),
            first_unknown: None,
        }
    }

    /// How many seeds were run.
    #[must_use]
    pub fn runs(&self) -> u128 {
        self.shard.count(self.seeds)
    }

    /// Adds what the variants showed of the next seed; the one to be run then is `to`, or it is the end.
    pub(super) fn add(&mut self, shown: Vec<Shown>, to: u128) {
        for (place, goal) in self.goals.iter_mut().enumerate() {
            if let Some(shown) = shown.iter().find(|shown| shown.goals.contains(&place)) {
                goal.hit(shown.seed);
            }
        }
        for (index, shown) in shown.into_iter().enumerate() {
            self.add_variant(index, shown);
        }
        self.seeds.to = to;
    }

    fn add_variant(&mut self, index: usize, shown: Shown) {
        let Shown { seed, checks, findings, figures, goals: _ } = shown;
        let Tally { variants, violations, violated, first_unknown, .. } = self;
        let tally = &mut variants[index];
        tally.runs += 1;
        tally.figures.add(&figures);
        let variant = &tally.name;
        let mut violation = |check: String, detail: String, before: u64| {
            *violated += 1;
            if before < KEPT_MAX && violations.len() < KEPT_ALL_MAX {
                violations.push(Violation { seed, variant: variant.clone(), check, detail });
            }
        };
        for (place, (check, detail)) in checks.into_iter().enumerate() {
            let detail = detail.unwrap_or_default();
            if check.failed > 0 {
                let before = tally.checks.get(place).map_or(0, |all| all.failed);
                violation(check.name.clone(), detail, before);
            } else if check.open() > 0 && check.quantifier != Quantifier::Sometimes {
                let (variant, check) = (variant.clone(), check.name.clone());
                first_unknown.get_or_insert(Violation { seed, variant, check, detail });
            }
            match tally.checks.get_mut(place) {
                Some(all) => all.add(&check),
                None => tally.checks.push(check),
            }
        }
        for (name, detail) in findings {
            let known = tally.findings.iter().position(|finding| finding.name == name);
            let place = known.unwrap_or_else(|| {
                tally.findings.push(FindingTally { name: name.clone(), runs: 0, first: seed });
                tally.findings.len() - 1
            });
            violation(name, detail, tally.findings[place].runs);
            tally.findings[place].runs += 1;
        }
    }

    /// The checks that no run met although some run was to, each with its variant.
    pub fn unmet(&self) -> impl Iterator<Item = (&VariantTally, &CheckTally)> {
        let checks = self.variants.iter().flat_map(|v| v.checks.iter().map(move |c| (v, c)));
        checks.filter(|(_, check)| check.is_unmet())
    }

    /// The goals that were asked of so many seeds and that none of them reached.
    pub fn missed(&self) -> impl Iterator<Item = &GoalTally> {
        let runs = self.runs();
        self.goals.iter().filter(move |goal| goal.seeds == 0 && goal.is_asked_of(runs))
    }

    /// How many verdicts are open: those that were unknown, less those of a `sometimes` that other
    /// runs met.
    #[must_use]
    pub fn unknown(&self) -> u64 {
        self.variants.iter().flat_map(|variant| &variant.checks).map(CheckTally::open).sum()
    }

    /// How the sweep came out.
    #[must_use]
    pub fn status(&self) -> Status {
        // What was unknown may have been what some run was to show.
        let unmet = self.unmet().any(|(_, check)| check.unknown == 0);
        if self.violated > 0 || unmet || self.missed().next().is_some() {
            Status::Failed
        } else if self.unknown() > 0 {
            Status::Inconclusive
        } else {
            Status::Passed
        }
    }

    /// What the storms of all variants came to.
    #[must_use]
    pub fn faults(&self) -> FaultFigures {
        let mut all = FaultFigures::default();
        self.variants.iter().for_each(|variant| all.merge(&variant.figures.faults));
        all
    }
}

impl CheckTally {
    fn add(&mut self, one: &CheckTally) {
        self.held += one.held;
        self.failed += one.failed;
        self.unknown += one.unknown;
        self.first_failed = self.first_failed.or(one.first_failed);
    }

    /// Whether no run showed what at least one was to show.
    #[must_use]
    pub fn is_unmet(&self) -> bool {
        self.quantifier == Quantifier::Sometimes && self.held == 0
    }

    /// How many of its unknown verdicts matter: none, if another run showed what some run was to show.
    #[must_use]
    pub fn open(&self) -> u64 {
        match self.quantifier {
            Quantifier::Sometimes if self.held > 0 => 0,
            _ => self.unknown,
        }
    }

    /// As it was expected: `always true`.
    #[must_use]
    pub fn expectation(&self) -> String {
        format!("{} {}", self.quantifier.name(), self.expected)
    }
}

impl Figures {
    fn add(&mut self, one: &Figures) {
        self.events += one.events;
        self.virtual_ms += one.virtual_ms;
        self.answers += one.answers;
        self.faults.merge(&one.faults);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Text;

    /// A tally of one variant, to which each of these runs is added: the quantifier of its only
    /// check, and what that saw, if it could tell.
    fn tally(quantifier: Quantifier, runs: &[Option<bool>]) -> Tally {
        let mut tally = empty();
        for (seed, seen) in (0..).zip(runs) {
            tally.add(vec![run(seed, quantifier, *seen)], u128::from(seed) + 1);
        }
        tally
    }

    fn empty() -> Tally {
        let only = VariantTally { name: "only".to_owned(), ..VariantTally::default() };
        let seeds = Seeds { from: 0, to: 0 };
        let (shard, variants, violations) = (Shard::WHOLE, vec![only], Vec::new());
        let (goals, first_unknown) = (Vec::new(), None);
        Tally { seeds, shard, variants, violations, violated: 0, goals, first_unknown }
    }

    fn run(seed: u64, quantifier: Quantifier, seen: Option<bool>) -> Shown {
        let failed = quantifier == Quantifier::Always && seen == Some(false);
        let check = CheckTally {
            name: "check".to_owned(),
            quantifier,
            expected: Expected::Truth(true),
            held: (seen == Some(true)).into(),
            failed: failed.into(),
            unknown: seen.is_none().into(),
            first_failed: failed.then_some(seed),
        };
        let detail = (failed || seen.is_none()).then(|| "why".to_owned());
        let (checks, findings) = (vec![(check, detail)], Vec::new());
        Shown { seed, checks, findings, figures: Figures::default(), goals: Vec::new() }
    }

    const HELD: Option<bool> = Some(true);
    const BROKE: Option<bool> = Some(false);

    #[test]
    fn always_is_every_run() {
        let of = |runs: &[_]| tally(Quantifier::Always, runs);
        assert_eq!(of(&[HELD, HELD]).status(), Status::Passed);
        let unknown = of(&[HELD, None, None]);
        assert_eq!((unknown.status(), unknown.unknown()), (Status::Inconclusive, 2));
        assert_eq!(unknown.first_unknown.expect("there is one").seed, 1);
        let failed = of(&[HELD, None, BROKE, BROKE]);
        assert_eq!((failed.status(), failed.violated, failed.unknown()), (Status::Failed, 2, 1));
        assert_eq!(failed.variants[0].checks[0].first_failed, Some(2));
        assert_eq!(failed.violations[0].seed, 2);
        assert_eq!(failed.seeds, Seeds { from: 0, to: 4 });
    }

    #[test]
    fn sometimes_is_at_least_one_run() {
        let of = |runs: &[_]| tally(Quantifier::Sometimes, runs);
        assert_eq!(of(&[BROKE, HELD, BROKE]).status(), Status::Passed);
        let unmet = of(&[BROKE, BROKE]);
        assert_eq!((unmet.status(), unmet.violated), (Status::Failed, 0));
        assert_eq!(unmet.unmet().count(), 1);
        let met = of(&[None, HELD]);
        assert_eq!((met.status(), met.unknown()), (Status::Passed, 0), "another run showed it");
        let open = of(&[BROKE, None]);
        assert_eq!((open.status(), open.unknown()), (Status::Inconclusive, 1), "it may have been");
    }

    /// A seed of two variants that reach these goals.
    fn reaching(seed: u64, goals: [&[usize]; 2]) -> Vec<Shown> {
        let both = goals
            .map(|goals| Shown { goals: goals.to_vec(), ..run(seed, Quantifier::Always, HELD) });
        both.into()
    }

    #[test]
    fn a_goal_is_reached_by_a_seed_once_in_whichever_variants() {
        let mut tally = empty();
        tally.variants.push(tally.variants[0].clone());
        let goal = |name: &str, seeds_min| {
            let (name, words) = (name.to_owned(), Text::plain("where nobody has been"));
            GoalTally { name, words, seeds_min, seeds: 0, first: None }
        };
        tally.goals = vec![goal("often", 1), goal("seldom", 1), goal("in many", 4)];
        let mut missed = Vec::new();
        for (seed, goals) in (0..).zip([[&[][..], &[0]], [&[0], &[0]], [&[1], &[]], [&[], &[]]]) {
            tally.add(reaching(seed, goals), u128::from(seed) + 1);
            let names = tally.missed().map(|goal| goal.name.clone());
            missed.push((names.collect::<Vec<_>>().join(", "), tally.status()));
        }
        let counts = tally.goals.iter().map(|goal| (goal.seeds, goal.first));
        assert_eq!(counts.collect::<Vec<_>>(), [(2, Some(0)), (1, Some(2)), (0, None)]);
        let expected = [
            ("seldom", Status::Failed),
            ("seldom", Status::Failed),
            ("", Status::Passed),
            ("in many", Status::Failed),
        ];
        assert_eq!(missed, expected.map(|(names, status)| (names.to_owned(), status)));
        assert_eq!(tally.violated, 0, "no run did anything wrong");
    }

    #[test]
    fn of_each_check_some_violations_are_kept_and_all_are_counted() {
        let mut tally = tally(Quantifier::Always, &[BROKE; 150]);
        let caught = Caught { message: String::new(), place: String::new() };
        tally.add(vec![Shown::panicked(150, &caught)], 151);
        assert_eq!((tally.violated, tally.violations.len()), (151, 101));
        assert_eq!(tally.variants[0].checks[0].failed, 150);
        let panic = FindingTally { name: "panic".to_owned(), runs: 1, first: 150 };
        assert_eq!(tally.variants[0].findings, [panic]);
        assert_eq!(tally.violations[100].check, "panic");
        assert_eq!(tally.variants[0].runs, 151);
    }
}
