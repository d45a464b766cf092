//! `simlab run`.

use super::args::{Format, RunArgs};
use super::output::{Exit, Output};
use super::{checks, files, scoreboard, script, story};
use simlab_scenarios::decisions::Decisions;
use simlab_scenarios::report::{Report, Status, VariantReport, judge_as};
use simlab_scenarios::run::{Setup, run_prepared};
use simlab_scenarios::tracefile::{Header, TraceFile, Verdict};
use simlab_scenarios::{Catalogue, Scenario};
use simlab_sim::Script;
use std::fmt::Display;
use std::path::Path;

pub(super) fn run(args: &RunArgs, catalogue: &Catalogue, output: &mut Output) -> Exit {
    match try_run(args, catalogue, output) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_run(args: &RunArgs, catalogue: &Catalogue, output: &mut Output) -> Result<Exit, Exit> {
    let ask = &args.scenario;
    files::distinct(args, output)?;
    let scenario = story::scenario(&ask.scenario, &ask.set, catalogue, output)?;
    let mut variants = story::variants(&scenario, &args.variant, output)?;
    let (script, seed) = script::script(&args.script, &scenario, ask, &mut variants, output)?;
    if variants.is_empty() {
        variants = (0..scenario.variants.len()).collect();
    }
    story::switched(&scenario, &variants, &ask.set, output)?;
    let asked = Asked { args, catalogue, seed, script };
    let (report, written) = asked.run(&scenario, &variants, output)?;
    match args.format {
        Format::Json => output.line(&report.to_json()),
        Format::Text => {
            let lang = story::language(ask.lang.as_deref());
            for line in scoreboard::text(&report, &lang, args) {
                output.line(&line);
            }
            if args.checks {
                for line in checks::lines(&report) {
                    output.line(&line);
                }
            }
        }
    }
    for variant in &report.variants {
        script::departures(&variant.name, &variant.run.world, output);
    }
    for line in scoreboard::trouble(&report, args) {
        output.error(&line);
    }
    if written.is_err() {
        return written.map(|()| Exit::BadInput);
    }
    Ok(match report.status() {
        Status::Passed => Exit::Passed,
        Status::Inconclusive => Exit::Inconclusive,
        Status::Failed => Exit::Failed,
    })
}

/// What the arguments ask for.
struct Asked<'a> {
    args: &'a RunArgs,
    catalogue: &'a Catalogue,
    seed: u64,
    script: Option<Script>,
}

impl Asked<'_> {
    /// Runs the variants, and writes the files that are asked for of the first of them. Whether these
    /// could be written is told beside the report, which is not their fault.
    fn run<'s>(
        &'s self,
        scenario: &'s Scenario,
        variants: &[usize],
        output: &mut Output,
    ) -> Result<(Report<'s>, Result<(), Exit>), Exit> {
        let Asked { args, catalogue, seed, script } = self;
        let mut file = match &args.trace {
            Some(path) => match TraceFile::create(path) {
                Ok(file) => {
                    files::remove_at_interrupt(file.unfinished());
                    Some((file, path.as_path()))
                }
                Err(error) => return Err(unwritten(path, &error, output)),
            },
            None => None,
        };
        let mut reports: Vec<VariantReport<'s>> = Vec::new();
        for (n, &variant) in variants.iter().enumerate() {
            let first = n == 0;
            let looked_at = args.format == Format::Text;
            // A trace that goes to a file is not kept in memory as well.
            let recording = looked_at && !(first && file.is_some());
            let setup = Setup { scenario, catalogue, variant, seed: *seed, recording };
            let run = run_prepared(setup, |world| {
                if let Some(script) = script {
                    world.follow(script.clone());
                }
                if first && args.record_decisions.is_some() {
                    world.record_decisions();
                }
                if first && let Some((file, _)) = &file {
                    let set = &args.scenario.set;
                    file.observe(world, &Header::new(&setup, set, world.script(), world.names()));
                }
            });
            reports.push(judge_as(run.map_err(|problem| output.refuse(&problem))?, looked_at));
        }
        let mut written = Ok(());
        if let Some(first) = reports.first() {
            if let Some((file, path)) = file.take()
                && let Err(error) = file.finish(Verdict::of(first))
            {
                written = Err(unwritten(path, &error, output));
            }
            if let Some(path) = &args.record_decisions
                && let Err(error) = record(first, *seed, path)
            {
                written = Err(unwritten(path, &error, output));
            }
            if variants.len() > 1 && (args.trace.is_some() || args.record_decisions.is_some()) {
                let name = &first.name;
                output.error(&format!("note: of several variants, what is written is {name}"));
            }
        }
        Ok((Report { scenario, seed: *seed, variants: reports }, written))
    }
}

/// Writes the choices of a run.
fn record(report: &VariantReport<'_>, seed: u64, path: &Path) -> std::io::Result<()> {
    let world = &report.run.world;
    let decisions = Decisions {
        scenario: Some(report.run.setup.scenario.name.clone()),
        seed: Some(seed),
        variant: Some(report.name.clone()),
        script: Script::default(),
    };
    decisions.write(world.decisions().unwrap_or_default(), path, world.names())
}

fn unwritten(path: &Path, error: &impl Display, output: &mut Output) -> Exit {
    output.error(&format!("error: cannot write {}: {error}", path.display()));
    Exit::BadInput
}
