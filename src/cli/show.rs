//! `simlab show`: a lesson on paper, and why it must come out so for every seed.

use super::args::ShowArgs;
use super::output::{Exit, Output};
use super::story;
use super::wrap::{WIDTH, filled};
use simlab_core::{Argument, Distribution, Duration, FaultKind, Layered, Member, Time};
use simlab_scenarios::storm::Storm;
use simlab_scenarios::{Catalogue, Machine, Scenario, Workload};
use simlab_sim::Fault;

/// What stands before what belongs to a line of the story.
const DEEP: &str = "            ";

pub(super) fn show(args: &ShowArgs, catalogue: &Catalogue, output: &mut Output) -> Exit {
    let scenario = match story::scenario(&args.scenario, &[], catalogue, output) {
        Ok(scenario) => scenario,
        Err(exit) => return exit,
    };
    let lang = story::language(args.lang.as_deref());
    print("", scenario.title.get(&lang), 2, output);
    if let Some(summary) = &scenario.summary {
        output.line("");
        print("", summary.get(&lang), 0, output);
    }
    output.line("");
    let (seed, until) = (scenario.seed, scenario.until);
    let times = format!(
        "Seed {seed}, {until} s of virtual time; scripted operations begin up to their jitter early \
         or late."
    );
    print("", &times, 0, output);
    output.line("");
    nodes(&scenario, output);
    network(&scenario, output);
    timeline(&scenario, &lang, output);
    variants(&scenario, &lang, catalogue, output);
    expectations(&scenario, &lang, output);
    Exit::Passed
}

/// Prints a text in lines that fit a terminal: after `first`, and then indented.
fn print(first: &str, text: &str, indent: usize, output: &mut Output) {
    for line in filled(first, text, indent, WIDTH) {
        output.line(line.trim_end());
    }
}

fn nodes(scenario: &Scenario, output: &mut Output) {
    output.line("Nodes");
    for node in &scenario.nodes {
        let site = node.site.as_deref().map(|site| format!(" at {site}")).unwrap_or_default();
        output.line(&format!("  {:<14} {}{site}", node.name, node.service));
        let machines = || scenario.variants.iter().filter_map(|v| v.machines.get(node.id.index()));
        if let Some(first) = machines().next()
            && machines().all(|other| other == first)
        {
            for words in machine(first) {
                print(&" ".repeat(19), &words, 21, output);
            }
        }
    }
    output.line("");
}

/// What the links are like, by the rules that are in force.
fn network(scenario: &Scenario, output: &mut Output) {
    let (default, same) = (scenario.network.default_link(), scenario.network.same_site_link());
    output.line("Links");
    print(&format!("  {:<14} ", "in general"), &default.to_string(), 19, output);
    if same != default {
        print(&format!("  {:<14} ", "within a site"), &same.to_string(), 19, output);
    }
    for (from, to, link) in scenario.network.exceptions() {
        let name = |id: simlab_core::NodeId| scenario.nodes[id.index()].name.as_str();
        print(&format!("  {} -> {}: ", name(from), name(to)), &link.to_string(), 6, output);
    }
    output.line("");
}

/// What is scripted, in the order of time: faults, operations, and what is told about them.
fn timeline(scenario: &Scenario, lang: &str, output: &mut Output) {
    let name = |id: &simlab_core::NodeId| scenario.nodes[id.index()].name.as_str();
    let mut lines: Vec<(Time, String)> = Vec::new();
    for note in &scenario.narration {
        lines.push((note.at, format!("* {}", note.text.get(lang).trim())));
    }
    for fault in &scenario.faults {
        let label = fault.name.as_deref().unwrap_or("fault");
        let what = fault.in_words(&|id| name(&id).to_owned());
        let end = match &fault.what {
            Fault::Cut(_) => "heals",
            Fault::Crash { .. } => "ends, restart",
            Fault::Pause(_) => "ends, they go on",
            _ => "ends",
        };
        lines.push((fault.at, format!("{label}: {what}")));
        if let Some(breaks) = &fault.outside {
            lines.push((fault.at, format!("  outside the model: {}", breaks.get(lang).trim())));
        }
        if let Some(until) = fault.until {
            lines.push((until, format!("{label} {end}")));
        }
    }
    for scripted in &scenario.operations {
        let (who, what) = (name(&scripted.client), &scripted.operation);
        let jitter = match scripted.jitter {
            Duration::ZERO => String::new(),
            jitter => format!(" (±{jitter})"),
        };
        lines.push((scripted.at, format!("{who}: {what}{jitter}")));
    }
    for command in &scenario.commands {
        lines.push((command.at, format!("{}: {:?}", name(&command.node), command.text)));
    }
    lines.sort_by_key(|(at, _)| *at);
    output.line("Story");
    for (at, line) in lines {
        // What is indented belongs to the line before.
        let deep = line.len() - line.trim_start().len();
        let first = format!("  {at:>8}  {}", &line[..deep]);
        print(&first, &line, first.len() + 2, output);
    }
    for workload in &scenario.workloads {
        workload_lines(scenario, workload, output);
    }
    if let Some(storm) = &scenario.storm {
        storm_lines(storm, lang, output);
    }
    for filler in &scenario.fillers {
        let clients: Vec<&str> = filler.clients.iter().map(name).collect();
        let (who, what, every) = (clients.join(", "), &filler.operation, filler.every);
        print("  at random ", &format!("{who}: {what}, every {every}"), 14, output);
        let (faults, writes) = (filler.keep_off_faults, filler.keep_off_writes);
        let off = [
            (faults, format!("not within {faults} of a fault's begin or end")),
            (writes, format!("not within {writes} after another's write")),
        ];
        let off: Vec<String> =
            off.into_iter().filter(|(span, _)| *span != Duration::ZERO).map(|(_, w)| w).collect();
        if !off.is_empty() {
            print(DEEP, &off.join(", "), 14, output);
        }
    }
    output.line("");
}

fn workload_lines(scenario: &Scenario, workload: &Workload, output: &mut Output) {
    let Workload { clients, objects, count, from, until, mix, least, most } = workload;
    let clients: Vec<&str> =
        clients.iter().map(|id| scenario.nodes[id.index()].name.as_str()).collect();
    let objects: Vec<&str> =
        objects.iter().map(|index| scenario.objects[*index].name.as_str()).collect();
    let (who, what) = (clients.join(", "), objects.join(", "));
    let words = format!("{who}: {count} operations on {what}, {from} to {until} s");
    print("  at random ", &words, 14, output);
    let kinds = [
        ("read", mix.read),
        ("sell", mix.sell),
        ("take_back", mix.take_back),
        ("write", mix.write),
        ("cas", mix.cas),
        ("append", mix.append),
        ("delete", mix.delete),
    ];
    let kinds = kinds.iter().filter(|(_, weight)| *weight > 0);
    let kinds: Vec<String> = kinds.map(|(verb, weight)| format!("{weight} {verb}")).collect();
    let amounts = if mix.changes() {
        format!("; different amounts, {least} to {most}")
    } else {
        String::new()
    };
    print(DEEP, &format!("{}{amounts}", kinds.join(" : ")), 14, output);
}

/// What is different about a machine from the usual one, in words.
fn machine(machine: &Machine) -> Vec<String> {
    let Machine { joins, clock, cost, sync_delay, restart_after } = machine;
    let mut words = Vec::new();
    if *joins != Time::ZERO {
        words.push(format!("joins at {joins} s"));
    }
    let signed =
        |n: i64| format!("{}{}", if n < 0 { "-" } else { "+" }, Duration(n.unsigned_abs()));
    if clock.offset != 0 {
        words.push(format!("wall clock {}", signed(clock.offset)));
    }
    if clock.drift != 0 {
        words.push(format!("clocks gain {} a second", signed(clock.drift)));
    }
    if !cost.is_free() {
        let room = match cost.buffer {
            u32::MAX => String::new(),
            buffer => format!(", room for {buffer} datagrams"),
        };
        words.push(format!("an event costs {}, {} at a time{room}", cost.service, cost.workers));
    }
    if *sync_delay != Distribution::Fixed(Duration::ZERO) {
        words.push(format!("a sync takes {sync_delay}"));
    }
    words.extend(restart_after.map(|after| format!("started again {after} after it halted")));
    words
}

/// What a seed may draw.
fn storm_lines(storm: &Storm, lang: &str, output: &mut Output) {
    let list =
        |kinds: &[FaultKind]| kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
    let Storm { from, until, every, longest, .. } = storm;
    let words = format!(
        "from {from} to {until} s: of each kind a fault every {every} or so, none longer than \
         {longest}"
    );
    print("  storm     ", &words, 14, output);
    if !storm.kinds.is_empty() {
        print(DEEP, &list(&storm.kinds), 12, output);
    }
    if let Some(why) = &storm.outside_why {
        let (kinds, why) = (list(&storm.outside), why.get(lang).trim());
        print(DEEP, &format!("outside the model: {kinds}: {why}"), 14, output);
    }
}

fn variants(scenario: &Scenario, lang: &str, catalogue: &Catalogue, output: &mut Output) {
    output.line("Variants");
    for variant in &scenario.variants {
        let title = variant.title.as_ref().map_or("", |title| title.get(lang));
        print(&format!("  {:<14} ", variant.name), title, 17, output);
        for switch in &variant.switches {
            output.line(&format!("      switched on: {switch}"));
        }
        // What is so in all variants was said of the nodes.
        let machines = variant.roster.iter().zip(&variant.machines).enumerate();
        let special = machines.filter_map(|(index, (member, own))| {
            let differs = scenario.variants.iter().any(|v| v.machines.get(index) != Some(own));
            let words = machine(own).join("; ");
            (differs && !words.is_empty()).then_some((member.name.as_str(), words))
        });
        alike(special, output);
        let services = variant.roster.iter().map(|member| {
            let mut words = vec![member.service.to_owned()];
            let given = member.arguments.iter();
            words.extend(given.map(|(name, value)| format!("{name}={}", written(value, scenario))));
            (member.name.as_str(), words.join(" "))
        });
        alike(services, output);
        let on = |member: &Member| {
            let layers = member.stack.iter().map(|layer| standing(layer, scenario, catalogue));
            format!("on {}", layers.collect::<Vec<_>>().join(", on "))
        };
        match &variant.roster[..] {
            [first, rest @ ..] if rest.iter().all(|member| member.stack == first.stack) => {
                if !first.stack.is_empty() {
                    print("      ", &format!("all {}", on(first)), 8, output);
                }
            }
            roster => {
                let stacked = roster.iter().filter(|member| !member.stack.is_empty());
                alike(stacked.map(|member| (member.name.as_str(), on(member))), output);
            }
        }
    }
    output.line("");
}

/// A layer, and those of its arguments that are not the usual ones.
fn standing(layer: &Layered, scenario: &Scenario, catalogue: &Catalogue) -> String {
    let parameters = catalogue.layer(layer.name).map_or(&[][..], |entry| entry.parameters);
    let usual = |name: &str, value: &Argument| {
        let parameter = parameters.iter().find(|parameter| parameter.name == name);
        let default = parameter.and_then(|p| p.kind.parse(p.default?, &|_| None).ok());
        default.as_ref() == Some(value)
    };
    let mut words = vec![layer.name.to_owned()];
    let special = layer.arguments.iter().filter(|(name, value)| !usual(name, value));
    words.extend(special.map(|(name, value)| format!("{name}={}", written(value, scenario))));
    words.join(" ")
}

/// A value as a scenario has it.
fn written(value: &Argument, scenario: &Scenario) -> String {
    match value {
        Argument::Node(node) => scenario.nodes[node.index()].name.clone(),
        other => other.to_string(),
    }
}

/// What is said of nodes; those of which the same is said share a line.
fn alike<'a>(said: impl Iterator<Item = (&'a str, String)>, output: &mut Output) {
    let mut groups: Vec<(Vec<&str>, String)> = Vec::new();
    for (name, words) in said {
        match groups.iter_mut().find(|(_, known)| *known == words) {
            Some((names, _)) => names.push(name),
            None => groups.push((vec![name], words)),
        }
    }
    for (names, words) in groups {
        print("      ", &format!("{}: {words}", names.join(", ")), 8, output);
    }
}

fn expectations(scenario: &Scenario, lang: &str, output: &mut Output) {
    output.line("What must come out, and why");
    for expectation in &scenario.expectations {
        let variants = expectation.variants.iter().map(|v| scenario.variants[*v].name.as_str());
        let variants: Vec<&str> = variants.collect();
        let (name, quantifier) = (&expectation.name, expectation.quantifier.name());
        let (expected, variants) = (&expectation.expected, variants.join(", "));
        print("  ", &format!("{name}: {quantifier} {expected} ({variants})"), 4, output);
        if let Some(why) = &expectation.why {
            print("      ", why.get(lang), 6, output);
        }
    }
}
