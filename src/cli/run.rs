//! `simlab run`.

use super::args::{Format, RunArgs};
use super::output::{Exit, Output};
use super::{scoreboard, story};
use simlab_scenarios::Catalogue;
use simlab_scenarios::report::{Status, report};

pub(super) fn run(args: &RunArgs, catalogue: &Catalogue, output: &mut Output) -> Exit {
    match try_run(args, catalogue, output) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_run(args: &RunArgs, catalogue: &Catalogue, output: &mut Output) -> Result<Exit, Exit> {
    let ask = &args.scenario;
    let scenario = story::scenario(&ask.scenario, &ask.set, catalogue, output)?;
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
    let seed = ask.seed.unwrap_or(scenario.seed);
    let recording = args.format == Format::Text;
    let report = report(&scenario, catalogue, seed, &variants, recording).map_err(|problem| {
        let colour = output.colour();
        output.error(problem.render(colour).trim_end());
        Exit::BadInput
    })?;
    match args.format {
        Format::Json => output.line(&report.to_json()),
        Format::Text => {
            let lang = story::language(ask.lang.as_deref());
            for line in scoreboard::text(&report, &lang, args) {
                output.line(&line);
            }
        }
    }
    for line in scoreboard::trouble(&report, args) {
        output.error(&line);
    }
    Ok(match report.status() {
        Status::Passed => Exit::Passed,
        Status::Inconclusive => Exit::Inconclusive,
        Status::Failed => Exit::Failed,
    })
}
