//! `simlab sweep`: a scenario under many seeds.

use super::args::{Format, SweepArgs};
use super::output::{Exit, Output, program, quoted};
use super::{balance, story};
use indicatif::{ProgressBar, ProgressStyle};
use simlab_scenarios::report::Status;
use simlab_scenarios::sweep::{Seeds, Sweep, SweepError, Violation};
use simlab_scenarios::{Catalogue, Scenario};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) fn sweep(args: &SweepArgs, catalogue: &Catalogue, output: &mut Output) -> Exit {
    match try_sweep(args, catalogue, output) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_sweep(args: &SweepArgs, catalogue: &Catalogue, output: &mut Output) -> Result<Exit, Exit> {
    let scenario = story::scenario(&args.scenario, &args.set, catalogue, output)?;
    let mut variants = story::variants(&scenario, &args.variant, output)?;
    if variants.is_empty() {
        variants = (0..scenario.variants.len()).collect();
    }
    story::switched(&scenario, &variants, &args.set, output)?;
    let jobs = args.jobs.unwrap_or(0);
    let sweep =
        Sweep { scenario: &scenario, catalogue, variants: &variants, seeds: args.seeds, jobs };
    let interrupted = interrupted();
    let bar = bar(args.seeds);
    let result = sweep.run(|tally| {
        bar.set_position(u64::try_from(tally.seeds.count()).unwrap_or(u64::MAX));
        if !bar.is_hidden() {
            let (violated, unknown) = (tally.violated, tally.unknown());
            bar.set_message(format!("violations {violated}, unknown {unknown}"));
        }
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
        Format::Json => output.line(&tally.to_json(&scenario.name, wall.as_secs_f64(), &replay)),
        Format::Text => {
            let title = scenario.title.get(&story::language(args.lang.as_deref())).to_owned();
            output.line(&format!("{title} ({}, seeds {})", scenario.name, tally.seeds));
            for line in balance::text(&tally, wall, &replay) {
                output.line(&line);
            }
        }
    }
    // There is at least one seed left, so what was reached is one.
    if tally.seeds.to < args.seeds.to
        && let Ok(from) = u64::try_from(tally.seeds.to)
    {
        let left = Seeds { from, to: args.seeds.to };
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

/// The command that runs once more what a violation is of.
fn replay(violation: &Violation, scenario: &Scenario, args: &SweepArgs) -> String {
    let (seed, variant) = (violation.seed, quoted(&violation.variant));
    let (source, settings) = (quoted(&scenario.source.name), story::settings(&args.set));
    format!("{} run {source} --seed {seed}{settings} --variant {variant}", program())
}
