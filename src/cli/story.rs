//! Finding and loading the scenario that an argument means.

use super::output::{Exit, Output};
use simlab_scenarios::{Catalogue, LESSONS, Scenario, Source, advice, lesson, load};
use std::path::Path;

/// Loads a scenario, or says what is wrong with it.
pub(super) fn scenario(
    argument: &str,
    overrides: &[(String, String)],
    catalogue: &Catalogue,
    output: &mut Output,
) -> Result<Scenario, Exit> {
    let loaded = source(argument, output)?;
    load(loaded, catalogue, overrides).map_err(|diagnostics| {
        let colour = output.colour();
        output.error(diagnostics.render(colour).trim_end());
        Exit::BadInput
    })
}

/// A bare word is a lesson, unless there is a file of that name; everything else is a file.
fn source(argument: &str, output: &mut Output) -> Result<Source, Exit> {
    let path = Path::new(argument);
    let bare = path.components().count() == 1 && path.extension().is_none();
    if bare && !path.is_file() {
        if let Some(source) = lesson(argument) {
            return Ok(source);
        }
        let names: Vec<&str> = LESSONS.iter().map(|(name, _)| *name).collect();
        output.error(&format!("error: there is no lesson and no file named `{argument}`"));
        for line in advice(argument, "lessons", names.into_iter()) {
            output.error(&format!("help: {line}"));
        }
        return Err(Exit::BadInput);
    }
    Source::read(path).map_err(|diagnostics| {
        let colour = output.colour();
        output.error(diagnostics.render(colour).trim_end());
        Exit::BadInput
    })
}

/// The variant of this name, or a complaint that names the others.
pub(super) fn variant(scenario: &Scenario, name: &str, output: &mut Output) -> Result<usize, Exit> {
    scenario.variant(name).ok_or_else(|| {
        output.error(&format!("error: {} has no variant `{name}`", scenario.name));
        let known = scenario.variants.iter().map(|v| v.name.as_str());
        for line in advice(name, "variants", known) {
            output.error(&format!("help: {line}"));
        }
        Exit::BadInput
    })
}

/// The language that is asked for, or that of the locale.
pub(super) fn language(asked: Option<&str>) -> String {
    asked.map(str::to_owned).or_else(sys_locale::get_locale).unwrap_or_else(|| "en".to_owned())
}
