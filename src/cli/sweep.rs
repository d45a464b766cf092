//! `simlab sweep`: a scenario under many seeds.

use super::args::{Format, SweepArgs};
use super::output::{Exit, Output, program, quoted};
use super::story;
use indicatif::{ProgressBar, ProgressStyle};
use simlab_scenarios::report::Status;
use simlab_scenarios::sweep::{Seeds, Sweep, SweepError, Tally, Violation};
use simlab_scenarios::{Catalogue, Quantifier, Scenario};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How many violations are told of, each with the command that replays it.
const TOLD_MAX: usize = 10;

pub(super) fn sweep(args: &SweepArgs, catalogue: &Catalogue, output: &mut Output) -> Exit {
    match try_sweep(args, catalogue, output) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_sweep(args: &SweepArgs, catalogue: &Catalogue, output: &mut Output) -> Result<Exit, Exit> {
    let scenario = story::scenario(&args.scenario, &args.set, catalogue, output)?;
    let mut variants = Vec::new();
    for name in &args.variant {
        let variant = story::variant(&scenario, name, output)?;
        if !variants.contains(&variant) {
            variants.push(variant);
        }
    }
    if variants.is_empty() {
        variants = (0..scenario.variants.len()).collect();
    }
    let jobs = args.jobs.unwrap_or(0);
    let sweep =
        Sweep { scenario: &scenario, catalogue, variants: &variants, seeds: args.seeds, jobs };
    let interrupted = interrupted();
    let bar = bar(args.seeds);
    let result = sweep.run(|tally| {
        bar.set_position(u64::try_from(tally.seeds.count()).unwrap_or(u64::MAX));
        let (violated, unknown) = (tally.violated, tally.unknown);
        bar.set_message(format!("violations {violated}, unknown {unknown}"));
        !interrupted.load(Ordering::Relaxed)
    });
    let wall = bar.elapsed();
    bar.finish_and_clear();
    let tally = match result {
        Ok(tally) => tally,
        Err(SweepError::Refused(problems)) => return Err(output.refuse(&problems)),
        Err(error) => {
            output.error(&format!("error: {error}"));
            return Err(Exit::BadInput);
        }
    };
    let replay = |violation: &Violation| replay(violation, &scenario, args);
    match args.format {
        Format::Json => {
            output.line(&tally.to_json(&scenario.name, wall.as_secs_f64(), &replay));
        }
        Format::Text => {
            let lang = story::language(args.lang.as_deref());
            text(&tally, &scenario, &lang, wall, &replay, output);
        }
    }
    if tally.seeds.to < args.seeds.to {
        let left = Seeds { from: tally.seeds.to as u64, to: args.seeds.to };
        output.error(&format!("interrupted: seeds {left} were not run"));
        return Ok(Exit::Interrupted);
    }
    Ok(match tally.status() {
        Status::Passed => Exit::Passed,
        Status::Inconclusive => Exit::Inconclusive,
        Status::Failed => Exit::Failed,
    })
}

/// Becomes true when the user interrupts; the second time that ends the program at once.
fn interrupted() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    // Where it cannot be had, an interrupt ends the program as ever.
    let _ = ctrlc::set_handler(move || {
        if set.swap(true, Ordering::Relaxed) {
            std::process::exit(Exit::Interrupted as i32);
        }
    });
    flag
}

/// A bar on standard error, if that is a terminal.
fn bar(seeds: Seeds) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::try_from(seeds.count()).unwrap_or(u64::MAX));
    let template = "{bar:20} {pos}/{len} seeds, {per_sec}, {msg}, {eta} left";
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn replay(violation: &Violation, scenario: &Scenario, args: &SweepArgs) -> String {
    let (seed, variant) = (violation.seed, quoted(&violation.variant));
    let source = quoted(&scenario.source.name);
    let mut command = format!("{} run {source} --seed {seed} --variant {variant}", program());
    for (key, value) in &args.set {
        command.push_str(&format!(" --set {}", quoted(&format!("{key}={value}"))));
    }
    command
}

fn text(
    tally: &Tally,
    scenario: &Scenario,
    lang: &str,
    wall: Duration,
    replay: &dyn Fn(&Violation) -> String,
    output: &mut Output,
) {
    output.line(&format!(
        "{} ({}, seeds {})",
        scenario.title.get(lang),
        scenario.name,
        tally.seeds
    ));
    for variant in &tally.variants {
        output.line("");
        output.line(&format!(
            "{}: {} runs, {:.1} hours of virtual time, {} events",
            variant.name,
            variant.runs,
            variant.virtual_ms as f64 / 3_600_000.0,
            variant.events
        ));
        if variant.invoked > 0 {
            output.line(&format!(
                "  operations {}: done {}, refused {}, unknown {}",
                variant.invoked, variant.done, variant.refused, variant.unknown
            ));
        }
        for check in &variant.checks {
            let (held, runs) = (check.held, variant.runs);
            let mut line = format!("  {:<24} {:<16}", check.name, check.expectation());
            line.push_str(&match check.quantifier {
                Quantifier::Sometimes if held == 0 => "NEVER SEEN".to_owned(),
                Quantifier::Sometimes => format!("seen in {held} of {runs}"),
                Quantifier::Always | Quantifier::Never => format!("held in {held} of {runs}"),
            });
            if check.failed > 0 {
                line.push_str(&format!(", FAILED in {}", check.failed));
            }
            if let Some(seed) = check.first_failed {
                line.push_str(&format!(", first with seed {seed}"));
            }
            if check.unknown > 0 {
                line.push_str(&format!(", unknown in {}", check.unknown));
            }
            output.line(&line);
        }
    }
    let faults = tally.faults();
    if faults.runs > 0 {
        output.line("");
        output.line(faults.to_string().trim_end());
    }
    output.line("");
    let (runs, seconds) = (tally.seeds.count(), wall.as_secs_f64());
    let rate = if seconds > 0.0 { runs as f64 / seconds } else { 0.0 };
    output.line(&format!(
        "{runs} seeds in {seconds:.1} s ({rate:.0} a second): {} violations, {} unknown",
        tally.violated, tally.unknown
    ));
    for violation in tally.violations.iter().take(TOLD_MAX) {
        let Violation { seed, variant, check, detail } = violation;
        output.line("");
        output.line(&format!("seed {seed}, {variant}, {check}: {detail}"));
        output.line(&format!("  {}", replay(violation)));
    }
    let told = TOLD_MAX.min(tally.violations.len()) as u64;
    if tally.violated > told {
        output.line(&format!("and {} more", tally.violated - told));
    }
    if let Some(first) = &tally.first_unknown {
        let Violation { seed, variant, check, detail } = first;
        output.line("");
        output.line(&format!("first unknown: seed {seed}, {variant}, {check}: {detail}"));
        output.line(&format!("  {}", replay(first)));
    }
    for (variant, check) in tally.unmet() {
        let (variant, name, expected) = (&variant.name, &check.name, &check.expected);
        output.line(&format!("{variant}: no run showed {name} {expected}, and some run was to"));
    }
}
