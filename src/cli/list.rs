//! `simlab list`: it reads the tables, so it cannot go out of date.

use super::args::{ListArgs, Topic};
use super::output::{Exit, Output};
use super::story;
use simlab_core::{Parameter, Role};
use simlab_scenarios::{Catalogue, LESSONS, lesson, load};

pub(super) fn list(args: &ListArgs, catalogue: &Catalogue, output: &mut Output) -> Exit {
    match args.topic {
        Topic::Scenarios => scenarios(catalogue, output),
        Topic::Services => services(catalogue, output),
        Topic::Checks => checks(catalogue, output),
        Topic::Models => {
            for model in &catalogue.models {
                output.line(&format!("{:<18} {}", model.name, model.summary));
            }
        }
    }
    Exit::Passed
}

fn scenarios(catalogue: &Catalogue, output: &mut Output) {
    let lang = story::language(None);
    for (name, _) in LESSONS {
        let Some(source) = lesson(name) else { continue };
        let title = match load(source, catalogue, &[]) {
            Ok(scenario) => scenario.title.get(&lang).to_owned(),
            Err(_) => "(does not load)".to_owned(),
        };
        output.line(&format!("{name:<18} {title}"));
    }
}

fn services(catalogue: &Catalogue, output: &mut Output) {
    for entry in &catalogue.services {
        let role = match entry.role {
            Role::Server => "server",
            Role::Client => "client",
        };
        output.line(&format!("{:<18} {} ({role})", entry.name, entry.summary));
        parameters(entry.parameters, output);
        for invariant in entry.invariants {
            output.line(&format!("    invariant {}: {}", invariant.name, invariant.summary));
        }
    }
}

fn checks(catalogue: &Catalogue, output: &mut Output) {
    for check in &catalogue.checks {
        let kind = if check.figure { "a figure" } else { "true or false" };
        output.line(&format!("{:<18} {} ({kind})", check.name, check.summary));
        parameters(check.parameters, output);
    }
}

fn parameters(parameters: &[Parameter], output: &mut Output) {
    for parameter in parameters {
        let default = match parameter.default {
            Some("") => "not given".to_owned(),
            Some(value) => format!("default {value}"),
            None => "required".to_owned(),
        };
        let (name, kind, help) = (parameter.name, parameter.kind, parameter.help);
        output.line(&format!("    {name:<14} {help} [{kind}; {default}]"));
    }
}
