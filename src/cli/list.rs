//! `simlab list`: it reads the tables, so it cannot go out of date.

use super::args::{ListArgs, Topic};
use super::output::{Exit, Output};
use super::story;
use simlab_check::CONSISTENCIES;
use simlab_core::{Duration, Entry, FaultKind, Goal, Parameter, Role, Switch, Tolerance};
use simlab_scenarios::{Catalogue, LESSONS, lesson, load};

pub(super) fn list(args: &ListArgs, catalogue: &Catalogue, output: &mut Output) -> Exit {
    match args.topic {
        Topic::Scenarios => scenarios(catalogue, output),
        Topic::Services => services(catalogue, output),
        Topic::Layers => layers(catalogue, output),
        Topic::Checks => checks(catalogue, output),
        Topic::Switches => switches(catalogue, output),
        Topic::Goals => goals(catalogue, output),
        Topic::Faults => faults(catalogue, output),
        Topic::Consistency => consistency(output),
        Topic::Models => {
            for model in &catalogue.models {
                output.line(&format!("{:<18} {}", model.name, model.summary));
                if let Ok(known) = simlab_check::model(model.name) {
                    output.line(&format!("    initially: {}", known.initial));
                }
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
            Role::Layer => "layer",
        };
        output.line(&format!("{:<18} {} ({role})", entry.name, entry.summary));
        parts(entry, output);
        if let Some(model) = entry.faults {
            output.line(&format!("    faults: {}", model.summary));
        }
    }
}

fn layers(catalogue: &Catalogue, output: &mut Output) {
    for entry in &catalogue.layers {
        output.line(&format!("{:<18} {}", entry.name, entry.summary));
        parts(entry, output);
        let shields = entry.layer.map_or(&[][..], |layer| layer.shields);
        if !shields.is_empty() {
            let kinds: Vec<&str> = shields.iter().map(|kind| kind.name()).collect();
            output.line(&format!("    keeps from what stands on it: {}", kinds.join(", ")));
        }
    }
}

/// What services and layers have.
fn parts(entry: &Entry, output: &mut Output) {
    parameters(entry.parameters, output);
    for invariant in entry.invariants {
        output.line(&format!("    invariant {}: {}", invariant.name, invariant.summary));
    }
    for switch in entry.switches {
        output.line(&format!("    switch {} leaves out the rule: {}", switch.name, switch.breaks));
    }
    for goal in entry.goals {
        output.line(&format!("    goal {}: {}", goal.name, goal.summary));
    }
}

/// Each switch once, with all services that have it.
fn switches(catalogue: &Catalogue, output: &mut Output) {
    let mut all: Vec<(&Switch, Vec<&str>)> = Vec::new();
    for entry in catalogue.entries() {
        for switch in entry.switches {
            match all.iter_mut().find(|(known, _)| known.name == switch.name) {
                Some((_, services)) => services.push(entry.name),
                None => all.push((switch, vec![entry.name])),
            }
        }
    }
    for (switch, services) in all {
        output.line(&format!("{:<28} {}", switch.name, services.join(", ")));
        output.line(&format!("    leaves out the rule: {}", switch.breaks));
        output.line(&format!("    caught by: {}", switch.caught_by));
    }
}

/// Each coverage goal once, with all services that have it.
fn goals(catalogue: &Catalogue, output: &mut Output) {
    let mut all: Vec<(&Goal, Vec<&str>)> = Vec::new();
    for entry in catalogue.entries() {
        for goal in entry.goals {
            match all.iter_mut().find(|(known, _)| known.name == goal.name) {
                Some((_, services)) => services.push(entry.name),
                None => all.push((goal, vec![entry.name])),
            }
        }
    }
    for (Goal { name, summary, seeds_min }, services) in all {
        output.line(&format!("{name:<28} {}", services.join(", ")));
        output.line(&format!("    {summary}"));
        if *seeds_min > 1 {
            output.line(&format!("    asked of {seeds_min} seeds or more"));
        }
    }
}

fn faults(catalogue: &Catalogue, output: &mut Output) {
    for kind in FaultKind::ALL {
        output.line(&format!("{:<14} {}", kind.name(), kind.summary()));
    }
    for entry in &catalogue.services {
        output.line("");
        let Some(model) = entry.faults else {
            output.line(&format!("{}: says nothing of faults", entry.name));
            continue;
        };
        output.line(&format!("{}: {}", entry.name, model.summary));
        // Kinds of which the same is true stand together.
        let mut said: Vec<((Tolerance, Tolerance), Vec<&str>)> = Vec::new();
        for kind in FaultKind::ALL {
            let tolerance = (model.safety(kind), model.liveness(kind));
            match said.iter_mut().find(|(same, _)| *same == tolerance) {
                Some((_, kinds)) => kinds.push(kind.name()),
                None => said.push((tolerance, vec![kind.name()])),
            }
        }
        for ((safety, liveness), kinds) in said {
            output.line(&format!("    {}", kinds.join(", ")));
            output.line(&match safety {
                Tolerance::Never => "        not tolerated".to_owned(),
                _ => format!("        safe if it strikes {safety}, live if it strikes {liveness}"),
            });
        }
        if model.safety(FaultKind::Drift) != Tolerance::Never {
            let drift = Duration(model.drift_max.into());
            output.line(&format!("    clocks gain or lose at most {drift} a second"));
        }
    }
}

/// The consistency models, the stronger ones first, each with the next weaker ones.
fn consistency(output: &mut Output) {
    for model in CONSISTENCIES {
        output.line(&format!("{:<20} {}", model.name, model.summary));
        if !model.implies.is_empty() {
            output.line(&format!("    implies: {}", model.implies.join(", ")));
        }
        output.line(&format!("    {}", model.source));
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
