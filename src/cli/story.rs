//! Finding and loading the scenario that an argument means.

use super::output::{Exit, Output, quoted};
use simlab_scenarios::{Catalogue, LESSONS, Scenario, Source, Variant, advice, lesson, load};
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

/// The variants of these names, each once.
pub(super) fn variants(
    scenario: &Scenario,
    names: &[String],
    output: &mut Output,
) -> Result<Vec<usize>, Exit> {
    let mut variants = Vec::new();
    for name in names {
        let variant = variant(scenario, name, output)?;
        if !variants.contains(&variant) {
            variants.push(variant);
        }
    }
    Ok(variants)
}

/// Complains of a switch of the command line that none of the variants has: it would do nothing.
pub(super) fn switched(
    scenario: &Scenario,
    variants: &[usize],
    set: &[(String, String)],
    output: &mut Output,
) -> Result<(), Exit> {
    for (_, switch) in set.iter().filter(|(key, _)| key == SWITCH) {
        let has = |variant: &&Variant| variant.switches.contains(&switch.as_str());
        let mut chosen = variants.iter().map(|index| &scenario.variants[*index]);
        if chosen.clone().any(|variant| has(&variant)) {
            continue;
        }
        let names = |all: &mut dyn Iterator<Item = &Variant>| {
            all.map(|variant| variant.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let chosen = names(&mut chosen);
        output.error(&format!("error: no service of {chosen} has the switch `{switch}`"));
        let having = names(&mut scenario.variants.iter().filter(has));
        output.error(&format!("help: variants with it: {having}"));
        return Err(Exit::BadInput);
    }
    Ok(())
}

/// Complains of a check that none of the variants is judged by.
pub(super) fn judged(
    scenario: &Scenario,
    variants: &[usize],
    checks: &[String],
    catalogue: &Catalogue,
    output: &mut Output,
) -> Result<(), Exit> {
    let rosters = variants.iter().flat_map(|index| &scenario.variants[*index].roster);
    let entries = rosters.filter_map(|member| catalogue.service(member.service));
    let invariants = entries.flat_map(|entry| entry.invariants).map(|invariant| invariant.name);
    let expected = scenario.expectations.iter().map(|expected| expected.name.as_str());
    let known: Vec<&str> = expected.chain(invariants).collect();
    let Some(unknown) = checks.iter().find(|check| !known.contains(&check.as_str())) else {
        return Ok(());
    };
    output.error(&format!("error: {} has no check `{unknown}`", scenario.name));
    for line in advice(unknown, "checks", known.into_iter()) {
        output.error(&format!("help: {line}"));
    }
    Err(Exit::BadInput)
}

/// The setting that a `--switch` is.
pub(super) const SWITCH: &str = "switch";

/// Settings as they are given on the command line, each with a blank before it.
pub(super) fn settings(set: &[(String, String)]) -> String {
    let option = |(key, value): &(String, String)| match key.as_str() {
        SWITCH => format!(" --switch {}", quoted(value)),
        _ => format!(" --set {}", quoted(&format!("{key}={value}"))),
    };
    set.iter().map(option).collect()
}

/// The language that is asked for, or that of the locale.
pub(super) fn language(asked: Option<&str>) -> String {
    asked.map(str::to_owned).or_else(sys_locale::get_locale).unwrap_or_else(|| "en".to_owned())
}
