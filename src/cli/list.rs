//! `simlab list`: it reads the tables, so it cannot go out of date.

use super::args::{ListArgs, Topic};
use super::output::{Exit, Output};
use super::story;
use super::wrap::filled;
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
                told(output, &format!("{:<18} ", model.name), model.summary);
                if let Ok(known) = simlab_check::model(model.name) {
                    told(output, "    initially: ", known.initial);
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
        told(output, &format!("{name:<18} "), &title);
    }
}

fn services(catalogue: &Catalogue, output: &mut Output) {
    for entry in &catalogue.services {
        let role = match entry.role {
            Role::Server => "server",
            Role::Client => "client",
            Role::Layer => "layer",
        };
        let summary = format!("{} ({role})", entry.summary);
        told(output, &format!("{:<18} ", entry.name), &summary);
        parts(entry, output);
        if let Some(model) = entry.faults {
            told(output, "    faults: ", model.summary);
        }
    }
}

fn layers(catalogue: &Catalogue, output: &mut Output) {
    for entry in &catalogue.layers {
        told(output, &format!("{:<18} ", entry.name), entry.summary);
        parts(entry, output);
        let shields = entry.layer.map_or(&[][..], |layer| layer.shields);
        if !shields.is_empty() {
            let kinds: Vec<&str> = shields.iter().map(|kind| kind.name()).collect();
            told(output, "    keeps from what stands on it: ", &kinds.join(", "));
        }
    }
}

/// What services and layers have.
fn parts(entry: &Entry, output: &mut Output) {
    parameters(entry.parameters, output);
    for invariant in entry.invariants {
        told(output, &format!("    invariant {}: ", invariant.name), invariant.summary);
    }
    for switch in entry.switches {
        told(output, &format!("    switch {} leaves out the rule: ", switch.name), switch.breaks);
    }
    for goal in entry.goals {
        told(output, &format!("    goal {}: ", goal.name), goal.summary);
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
        told(output, &format!("{:<28} ", switch.name), &services.join(", "));
        told(output, "    leaves out the rule: ", switch.breaks);
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
        told(output, &format!("{name:<28} "), &services.join(", "));
        told(output, "    ", summary);
        if *seeds_min > 1 {
            output.line(&format!("    asked of {seeds_min} seeds or more"));
        }
    }
}

fn faults(catalogue: &Catalogue, output: &mut Output) {
    for kind in FaultKind::ALL {
        told(output, &format!("{:<14} ", kind.name()), kind.summary());
    }
    for entry in &catalogue.services {
        output.line("");
        let Some(model) = entry.faults else {
            output.line(&format!("{}: says nothing of faults", entry.name));
            continue;
        };
        told(output, &format!("{}: ", entry.name), model.summary);
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
            told(output, "    ", &kinds.join(", "));
            let words = match safety {
                Tolerance::Never => "not tolerated".to_owned(),
                _ => format!("safe if it strikes {safety}, live if it strikes {liveness}"),
            };
            told(output, "        ", &words);
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
        told(output, &format!("{:<20} ", model.name), model.summary);
        if !model.implies.is_empty() {
            told(output, "    implies: ", &model.implies.join(", "));
        }
        told(output, "    ", model.source);
    }
}

fn checks(catalogue: &Catalogue, output: &mut Output) {
    for check in &catalogue.checks {
        let kind = if check.figure { "a figure" } else { "true or false" };
        told(output, &format!("{:<18} ", check.name), &format!("{} ({kind})", check.summary));
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
        told(output, &format!("    {name:<14} "), &format!("{help} [{kind}; {default}]"));
    }
}

/// A text behind a name, in lines of a terminal.
fn told(output: &mut Output, name: &str, text: &str) {
    const COLUMNS: usize = 80;
    let behind = name.chars().count();
    let indent = if behind <= 20 { behind } else { 8 };
    for line in filled(name, text, indent, COLUMNS) {
        output.line(&line);
    }
}
