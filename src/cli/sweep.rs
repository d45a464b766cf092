//! `simlab sweep`: a scenario under many seeds.

use super::args::SweepArgs;
use super::output::{Exit, Output};
use super::progress::Progress;
use super::shrunk::Counterexamples;
use super::summary::{Summary, exit};
use super::{files, story};
use simlab_scenarios::Catalogue;
use simlab_scenarios::sweep::{Header, Replayed, Results, Seeds, Shard, Sweep, SweepError, Tally};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub(super) fn sweep(args: &SweepArgs, catalogue: &Catalogue, output: &mut Output) -> Exit {
    match try_sweep(args, catalogue, output) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_sweep(args: &SweepArgs, catalogue: &Catalogue, output: &mut Output) -> Result<Exit, Exit> {
    let scenario = story::scenario(&args.scenario, &args.set, catalogue, output)?;
    if args.shrink {
        files::folder(&args.out, output)?;
    }
    let mut variants = story::variants(&scenario, &args.variant, output)?;
    if variants.is_empty() {
        variants = (0..scenario.variants.len()).collect();
    }
    story::switched(&scenario, &variants, &args.set, output)?;
    story::judged(&scenario, &variants, &args.only, catalogue, output)?;
    let (jobs, shard) = (args.jobs.unwrap_or(0), args.shard.unwrap_or(Shard::WHOLE));
    let (scenario, variants, seeds) = (&scenario, &variants[..], args.seeds);
    let sweep = Sweep { scenario, catalogue, variants, seeds, shard, jobs };
    let interrupted = interrupted();
    let limit = args.time_limit.map(|limit| Duration::from_nanos(limit.nanos()));
    let mut progress = Progress::new(shard.count(seeds), limit);
    let result = carry_out(&sweep, args, &interrupted, &mut progress, output);
    progress.finish();
    let tally = match result {
        Ok(tally) => tally,
        Err(SweepError::Refused(problems)) => return Err(output.refuse(&problems)),
        Err(error) => {
            output.error(&format!("error: {error}"));
            return Err(Exit::BadInput);
        }
    };
    let (lang, wall) = (args.lang.as_deref(), progress.elapsed());
    let small = &Counterexamples::of(&tally, scenario, catalogue, args, output);
    Summary { scenario, settings: &args.set, format: args.format, lang, wall, small }
        .print(&tally, output);
    if let Ok(from) = u64::try_from(tally.seeds.to)
        && tally.seeds.to < seeds.to
    {
        let left = Seeds { from, to: seeds.to };
        if args.until_failure && tally.violated > 0 {
            output.error(&format!("stopped at the first failure: seeds {left} were not run"));
        } else if interrupted.load(Ordering::Relaxed) {
            output.error(&format!("interrupted: seeds {left} were not run"));
            return Ok(Exit::Interrupted);
        } else {
            output.error(&format!("the time is up: seeds {left} were not run"));
        }
    }
    Ok(exit(&tally))
}

/// Runs the seeds, after those that a file of results has already.
fn carry_out(
    sweep: &Sweep<'_>,
    args: &SweepArgs,
    interrupted: &AtomicBool,
    progress: &mut Progress,
    output: &mut Output,
) -> Result<Tally, SweepError> {
    let enough = |tally: &Tally| {
        interrupted.load(Ordering::Relaxed) || (args.until_failure && tally.violated > 0)
    };
    let mut tally = sweep.begin();
    let mut results = None;
    if let Some(path) = &args.results {
        files::apart(path, &args.scenario).map_err(SweepError::Results)?;
        let header = Header::of(sweep, &args.set);
        let results = results.insert(Results::open(path, &header).map_err(SweepError::Results)?);
        // Reading is not what a limit of time is for.
        let replayed = results.replay(sweep, &mut tally, |tally| !enough(tally));
        let replayed = replayed.map_err(SweepError::Results)?;
        let (runs, file) = (tally.runs(), path.display());
        progress.known(runs);
        if replayed == Replayed::Repaired {
            output.error(&format!("{file}: the last line was torn and is cut off"));
        }
        if runs > 0 {
            output.error(&format!("{file}: the results of {runs} seeds are known"));
        }
        if replayed == Replayed::Stopped {
            return Ok(tally);
        }
    }
    sweep.go_on(&mut tally, results.as_mut(), |tally| {
        progress.tell(tally);
        // A report is of one seed at least.
        let late = progress.is_late() && tally.runs() > 0;
        !(late || enough(tally))
    })?;
    Ok(tally)
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
