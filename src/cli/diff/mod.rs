//! `simlab diff`: where two traces part, and why.

mod choices;
mod reasons;

use super::args::DiffArgs;
use super::output::{Exit, Output};
use super::replay::{Recorded, verdicts};
use super::story::SWITCH;
use simlab_core::NodeId;
use simlab_scenarios::Words;
use simlab_scenarios::run::Setup;
use simlab_scenarios::tracefile::{Header, Parting, Record, Side, part};
use simlab_scenarios::{Catalogue, Diagnostics, Scenario};
use std::fmt::Display;
use std::path::Path;

pub(super) fn diff(args: &DiffArgs, catalogue: &Catalogue, output: &mut Output) -> Exit {
    match try_diff([&args.first, &args.second], catalogue, output) {
        Ok(exit) => exit,
        Err(problems) => output.refuse(&problems),
    }
}

/// How the two are called.
const NAMES: [&str; 2] = ["first", "second"];

/// A trace, as far as it is not in its file.
struct Trace<'a> {
    path: &'a Path,
    recorded: Recorded,
    /// The scenario and the variant, if this build can load them.
    loaded: Option<(Scenario, usize)>,
}

impl Trace<'_> {
    fn setup<'s>(&'s self, catalogue: &'s Catalogue) -> Option<Setup<'s>> {
        let (scenario, variant) = self.loaded.as_ref()?;
        let (variant, seed) = (*variant, self.recorded.header.seed);
        Some(Setup { scenario, catalogue, variant, seed, recording: false })
    }
}

fn try_diff(
    paths: [&Path; 2],
    catalogue: &Catalogue,
    output: &mut Output,
) -> Result<Exit, Diagnostics> {
    let open = |path| {
        let recorded = Recorded::read(path)?;
        let loaded = recorded.header.load(catalogue).ok();
        Ok(Trace { path, recorded, loaded })
    };
    let traces = [open(paths[0])?, open(paths[1])?];
    let headers = [&traces[0].recorded.header, &traces[1].recorded.header];
    for (name, path) in NAMES.iter().zip(paths) {
        output.line(&format!("{name:<7} {}", path.display()));
    }
    let made = made_of(headers[0], headers[1]);
    for (what, words) in &made {
        output.line(&format!("        {what}: {words}"));
    }
    if traces[0].recorded.script != traces[1].recorded.script {
        output.line("        other scripts answer choices");
    }
    let mut sides = [Side::open(paths[0])?, Side::open(paths[1])?];
    let [first, second] = &mut sides;
    let Some(parting) = part(first, second)? else {
        return Ok(same_events(&traces, output));
    };
    let common = parting.common;
    output.line(&format!("the first {common} events are the same; then they part:"));
    let setups = [traces[0].setup(catalogue), traces[1].setup(catalogue)];
    for (n, name) in NAMES.iter().enumerate() {
        let words = Words { names: sides[n].names(), setup: setups[n] };
        let line = match &parting.events[n] {
            Some(record) => words.line(&record.event()),
            None => "              nothing more".to_owned(),
        };
        output.line(&format!("  {name:<7}{line}"));
    }
    let mut why = reasons::reasons(&parting, paths, &sides)?;
    let others: Vec<&str> = made.iter().map(|(what, _)| what.as_str()).collect();
    why.extend(choices::choices(&traces, catalogue, &parting, &others)?);
    for line in why {
        output.line(&format!("why: {line}"));
    }
    leading(&parting, &mut sides, setups, output)?;
    Ok(Exit::Failed)
}

/// All events are the same: the verdicts may differ all the same.
fn same_events(traces: &[Trace<'_>; 2], output: &mut Output) -> Exit {
    let [first, second] = [&traces[0].recorded.footer, &traces[1].recorded.footer];
    output.line(&format!("all {} events are the same", first.records));
    let mut lines = Vec::new();
    if first.trace_hash != second.trace_hash {
        let (first, second) = (first.trace_hash, second.trace_hash);
        lines.push(format!("trace hash: {first:016x} and {second:016x}"));
    }
    verdicts(&first.verdict, &second.verdict, ["", "and "], &mut lines);
    for line in &lines {
        output.line(line);
    }
    if lines.is_empty() { Exit::Passed } else { Exit::Failed }
}

/// What the two runs were made of, as far as it differs: what it is, and how it is in the two.
fn made_of(first: &Header, second: &Header) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    both("simlab", &first.simlab, &second.simlab, &mut lines);
    both("scenario", &first.scenario, &second.scenario, &mut lines);
    both("seed", &first.seed, &second.seed, &mut lines);
    both("variant", &first.variant, &second.variant, &mut lines);
    // Switches have a line of their own, whoever turned them on.
    let [one, other] = [first, second].map(|header| {
        let set = header.set.iter().filter(|(key, _)| key != SWITCH);
        set.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>()
    });
    lists("settings", &one, &other, &mut lines);
    lists("switches", &first.switches, &second.switches, &mut lines);
    lists("nodes", &first.nodes, &second.nodes, &mut lines);
    lists("faults", &first.faults, &second.faults, &mut lines);
    let mut texts = [first.source.text.lines(), second.source.text.lines()];
    for number in 1_u64.. {
        let [one, other] = texts.each_mut().map(Iterator::next);
        if one.is_none() && other.is_none() {
            break;
        }
        if one != other {
            let (one, other) = (one.unwrap_or("(nothing)"), other.unwrap_or("(nothing)"));
            let words = format!("{} and {}", one.trim(), other.trim());
            lines.push((format!("line {number} of the scenario"), words));
            break;
        }
    }
    lines
}

fn both<T: Display + PartialEq>(
    what: &str,
    first: &T,
    second: &T,
    lines: &mut Vec<(String, String)>,
) {
    if first != second {
        lines.push((what.to_owned(), format!("{first} and {second}")));
    }
}

/// The same of lists.
fn lists(what: &str, first: &[String], second: &[String], lines: &mut Vec<(String, String)>) {
    let words = |list: &[String]| if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    both(what, &words(first), &words(second), lines);
}

/// The last common events at the nodes concerned, and what led to the two that differ.
fn leading(
    parting: &Parting,
    sides: &mut [Side; 2],
    setups: [Option<Setup<'_>>; 2],
    output: &mut Output,
) -> Result<(), Diagnostics> {
    let mut print = |heading: String, records: Vec<Record>, side: &Side, setup| {
        output.line(&heading);
        let words = Words { names: side.names(), setup };
        for record in &records {
            output.line(&format!("         {}", words.line(&record.event())));
        }
    };
    let mut nodes: Vec<Option<NodeId>> = Vec::new();
    for (n, record) in parting.events.iter().enumerate() {
        let Some(record) = record else { continue };
        let node = record.event().node;
        if nodes.contains(&node) {
            continue;
        }
        nodes.push(node);
        let before = sides[n].before(node)?;
        let place = node.map_or("the world".to_owned(), |node| sides[n].names().node(node));
        print(format!("the last common events at {place}:"), before, &sides[n], setups[n]);
    }
    for (n, record) in parting.events.iter().enumerate() {
        let Some(record) = record else { continue };
        let (mut chain, more) = sides[n].chain(&record.event())?;
        chain.reverse();
        let heading = match (chain.is_empty(), more) {
            (true, _) => continue,
            (false, true) => format!("what led to it in the {}, the end of it:", NAMES[n]),
            (false, false) => format!("what led to it in the {}:", NAMES[n]),
        };
        print(heading, chain, &sides[n], setups[n]);
    }
    Ok(())
}
