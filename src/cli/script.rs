//! The `--decisions` file, and what became of it.

use super::args::{ScenarioArgs, ScriptArgs};
use super::output::{Exit, Output};
use simlab_scenarios::Scenario;
use simlab_scenarios::decisions::{Decisions, departed};
use simlab_sim::{Script, World};

/// Reads the file, if one is asked for. A recording is of one run: it sets the variants and the seed
/// unless they are given, and contradicts them if they are others.
pub(super) fn script(
    args: &ScriptArgs,
    scenario: &Scenario,
    ask: &ScenarioArgs,
    variants: &mut Vec<usize>,
    output: &mut Output,
) -> Result<(Option<Script>, u64), Exit> {
    let seed = ask.seed.unwrap_or(scenario.seed);
    let Some(path) = &args.decisions else { return Ok((None, seed)) };
    let read = Decisions::read(path, scenario).map_err(|problems| output.refuse(&problems))?;
    let mut contradiction = |what: &str, said: &str, asked: &str| {
        let path = path.display();
        output.error(&format!("error: {path} is of the {what} {said}, and {asked} is asked for"));
        Err(Exit::BadInput)
    };
    if let Some(said) = read.seed
        && ask.seed.is_some_and(|asked| asked != said)
    {
        return contradiction("seed", &said.to_string(), &seed.to_string());
    }
    if let Some(said) = &read.variant {
        let index = scenario.variant(said).unwrap_or(0);
        if let Some(other) = variants.iter().find(|asked| **asked != index) {
            return contradiction("variant", said, &scenario.variants[*other].name);
        }
        *variants = vec![index];
    }
    Ok((Some(read.script), read.seed.unwrap_or(seed)))
}

/// Says where a run did not go as its script says.
pub(super) fn departures(variant: &str, world: &World, output: &mut Output) {
    for line in departed(&world.departures(), world.names()) {
        output.error(&format!("decisions: {variant}: {line}"));
    }
}
