//! What a sweep came to, for people: a table for each variant, and what went wrong with the command
//! that shows it.

use simlab_scenarios::sweep::{CheckTally, GoalTally, Tally, VariantTally, Violation};
use simlab_scenarios::{Quantifier, Scenario};
use std::time::Duration;

/// How many violations of one check in one variant are told of.
const TOLD_OF_EACH: usize = 3;
/// How many violations are told of in all.
const TOLD_MAX: usize = 30;

/// The result, line by line.
pub(super) fn text(
    tally: &Tally,
    scenario: &Scenario,
    (wall, lang): (Duration, &str),
    told: &dyn Fn(&Violation) -> Vec<String>,
) -> Vec<String> {
    let mut out = Vec::new();
    let width = names(tally).map(|name| name.chars().count()).max().unwrap_or(0);
    for variant in &tally.variants {
        out.push(String::new());
        table(variant, width, &mut out);
    }
    let faults = tally.faults();
    if faults.runs > 0 {
        out.push(String::new());
        out.extend(faults.to_string().lines().map(str::to_owned));
    }
    if !tally.goals.is_empty() {
        out.push(String::new());
        goals(tally, lang, &mut out);
    }
    out.push(String::new());
    let (seeds, seconds) = (tally.runs(), wall.as_secs_f64());
    let rate = if seconds > 0.0 { seeds as f64 / seconds } else { 0.0 };
    let missed = match tally.missed().count() {
        0 => String::new(),
        1 => ", 1 goal never reached".to_owned(),
        missed => format!(", {missed} goals never reached"),
    };
    out.push(format!(
        "{seeds} seeds in {seconds:.1} s ({rate:.0} a second): {} violations, {} unknown{missed}",
        tally.violated,
        tally.unknown()
    ));
    let words = |violation: &Violation| words(violation, scenario, told);
    violations(tally, &words, &mut out);
    open(tally, &words, &mut out);
    out
}

/// The names of all that tables have lines for.
fn names(tally: &Tally) -> impl Iterator<Item = &str> {
    tally.variants.iter().flat_map(|variant| {
        let checks = variant.checks.iter().map(|check| check.name.as_str());
        checks.chain(variant.findings.iter().map(|finding| finding.name.as_str()))
    })
}

fn table(variant: &VariantTally, width: usize, out: &mut Vec<String>) {
    let figures = &variant.figures;
    out.push(format!(
        "{}: {} runs, {} of virtual time, {} events",
        variant.name,
        variant.runs,
        long(figures.virtual_ms),
        figures.events
    ));
    if !variant.switches.is_empty() {
        out.push(format!("  switched on: {}", variant.switches.join(", ")));
    }
    let answers = &figures.answers;
    if answers.invoked > 0 {
        out.push(format!(
            "  operations {}: done {}, refused {}, unknown {}",
            answers.invoked, answers.done, answers.refused, answers.unknown
        ));
    }
    for check in &variant.checks {
        out.push(format!("  {:<width$}  {}", check.name, outcome(check, variant.runs)));
    }
    for finding in &variant.findings {
        let (runs, all, seed) = (finding.runs, variant.runs, finding.first);
        let words = format!("FOUND in {runs} of {all}, first with seed {seed}");
        out.push(format!("  {:<width$}  {words}", finding.name));
    }
}

/// `always true      held in 7 of 20, FAILED in 13, first with seed 0`
fn outcome(check: &CheckTally, runs: u64) -> String {
    let held = check.held;
    let mut words = format!("{:<16} ", check.expectation());
    words.push_str(&match check.quantifier {
        Quantifier::Sometimes if held == 0 => "NEVER SEEN".to_owned(),
        Quantifier::Sometimes => format!("seen in {held} of {runs}"),
        Quantifier::Always | Quantifier::Never => format!("held in {held} of {runs}"),
    });
    if check.failed > 0 {
        words.push_str(&format!(", FAILED in {}", check.failed));
    }
    if let Some(seed) = check.first_failed {
        words.push_str(&format!(", first with seed {seed}"));
    }
    if check.unknown > 0 {
        words.push_str(&format!(", unknown in {}", check.unknown));
    }
    words
}

/// The first violations of each check in each variant, each with the command that replays it.
fn violations(tally: &Tally, words: &dyn Fn(&Violation) -> Vec<String>, out: &mut Vec<String>) {
    let mut told: Vec<&Violation> = Vec::new();
    for violation in &tally.violations {
        let same = |other: &&&Violation| {
            (&other.variant, &other.check) == (&violation.variant, &violation.check)
        };
        if told.len() < TOLD_MAX && told.iter().filter(same).count() < TOLD_OF_EACH {
            told.push(violation);
        }
    }
    for violation in &told {
        out.push(String::new());
        out.extend(words(violation));
    }
    let more = tally.violated - told.len() as u64;
    if more > 0 {
        out.push(String::new());
        out.push(format!("and {more} more violations"));
    }
}

/// How many of the coverage goals were reached, and which were not.
fn goals(tally: &Tally, lang: &str, out: &mut Vec<String>) {
    let runs = tally.runs();
    let all = tally.goals.len();
    let reached = tally.goals.iter().filter(|goal| goal.seeds > 0).count();
    let rarest = tally.goals.iter().min_by_key(|goal| goal.seeds);
    if let Some(GoalTally { name, seeds, .. }) = rarest.filter(|_| reached == all) {
        let rarest = format!("{name} was by the fewest seeds, {seeds} of {runs}");
        return out.push(format!("coverage goals: all {all} reached; {rarest}"));
    }
    out.push(format!("coverage goals: {reached} of {all} reached"));
    for goal in tally.goals.iter().filter(|goal| goal.seeds == 0) {
        let GoalTally { name, words, seeds_min, .. } = goal;
        let words = words.get(lang);
        out.push(if goal.is_asked_of(runs) {
            format!("  NEVER REACHED in {runs} seeds: {name} ({words})")
        } else {
            format!("  not reached, and asked only of {seeds_min} seeds: {name} ({words})")
        });
    }
}

/// What nobody can tell yet: the first unknown verdict, and what no run has shown.
fn open(tally: &Tally, words: &dyn Fn(&Violation) -> Vec<String>, out: &mut Vec<String>) {
    if let Some(first) = &tally.first_unknown {
        out.push(String::new());
        out.push("the first verdict that is unknown:".to_owned());
        out.extend(words(first));
    }
    for (variant, check) in tally.unmet() {
        let (variant, name, expected) = (&variant.name, &check.name, &check.expected);
        out.push(String::new());
        out.push(format!("{variant}: no run showed {name} {expected}, and some run was to"));
    }
}

/// What was seen, the storm of that seed, if there is one, and the command that replays it.
fn words(
    violation: &Violation,
    scenario: &Scenario,
    told: &dyn Fn(&Violation) -> Vec<String>,
) -> Vec<String> {
    let Violation { seed, variant, check, detail } = violation;
    let mut words = vec![format!("seed {seed}, {variant}, {check}: {detail}")];
    if let Some(drawn) = scenario.draw_storm(*seed) {
        words.push(format!("  storm: {}", drawn.options));
    }
    words.extend(told(violation).iter().map(|line| format!("  {line}")));
    words
}

/// A long time, in the unit that people would name it in.
fn long(millis: u64) -> String {
    const MINUTE: u64 = 60_000;
    let (unit, name) = match millis {
        0..=119_999 => (1_000, "s"),
        120_000..=7_199_999 => (MINUTE, "minutes"),
        7_200_000..=172_799_999 => (60 * MINUTE, "hours"),
        _ => (24 * 60 * MINUTE, "days"),
    };
    format!("{}.{} {name}", millis / unit, millis % unit * 10 / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_times_have_large_units() {
        let of = [1_500, 119_999, 120_000, 7_199_999, 7_200_000, 172_800_000].map(long);
        let expected =
            ["1.5 s", "119.9 s", "2.0 minutes", "119.9 minutes", "2.0 hours", "2.0 days"];
        assert_eq!(of, expected);
    }
}
