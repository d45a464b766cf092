//! Switches: what the services of a variant leave out.

use super::Context;
use crate::diagnostic::{Diagnostic, Problems, Span};
use crate::format::part::At;
use simlab_core::Entry;
use std::collections::BTreeMap;

/// The switches that are on in a variant, by name: its own, each of which must be one of its services',
/// and those of the command line that one of them knows.
pub(super) fn of_variant(
    own: &[At<String>],
    services: &[&'static Entry],
    context: &Context<'_>,
    problems: &mut Problems,
) -> Vec<&'static str> {
    let mut on: BTreeMap<&'static str, Span> = BTreeMap::new();
    for asked in own {
        match known(services).find(|name| *name == asked.value) {
            Some(name) => {
                if let Some(first) = on.insert(name, asked.span) {
                    let message = format!("`{name}` is listed twice");
                    let diagnostic = Diagnostic::at(asked.span, message).label("again");
                    problems.push(diagnostic.also(first, "first"));
                }
            }
            None => unknown(asked, services, context, problems),
        }
    }
    for asked in &context.settings.switches {
        let name = known(services).find(|name| *name == asked.value);
        on.extend(name.map(|name| (name, asked.span)));
    }
    on.into_keys().collect()
}

/// Reports switches of the command line that no service of any variant knows.
pub(super) fn check(services: &[&'static Entry], context: &Context<'_>, problems: &mut Problems) {
    for asked in &context.settings.switches {
        if known(services).all(|name| name != asked.value) {
            unknown(asked, services, context, problems);
        }
    }
}

/// The switches of some services.
fn known(services: &[&'static Entry]) -> impl Iterator<Item = &'static str> {
    services.iter().flat_map(|entry| entry.switches).map(|switch| switch.name)
}

fn unknown(
    asked: &At<String>,
    services: &[&'static Entry],
    context: &Context<'_>,
    problems: &mut Problems,
) {
    let name = asked.value.as_str();
    let has = |entry: &&'static Entry| entry.switches.iter().any(|switch| switch.name == name);
    match context.catalogue.entries().find(has) {
        Some(entry) => {
            let message =
                format!("`{name}` is a switch of {}, which does not run here", entry.name);
            problems.push(Diagnostic::at(asked.span, message));
        }
        None => {
            let mut names: Vec<&str> = known(services).collect();
            names.sort_unstable();
            names.dedup();
            let what = "switches of its services";
            problems.unknown(asked.span, "switch", what, name, names.into_iter());
        }
    }
}
