//! `simlab diff`: where two traces part, and why.

use super::args::DiffArgs;
use super::output::{Exit, Output};
use super::replay::{Recorded, verdicts};
use super::words::{Words, seconds};
use simlab_core::{Kind, NodeId, Point, Time, TraceEvent};
use simlab_scenarios::decisions::point_text;
use simlab_scenarios::run::{Setup, build};
use simlab_scenarios::tracefile::{Compare, Header, Parting, Record, Side, datagram, part};
use simlab_scenarios::{Catalogue, Diagnostics, Scenario};
use simlab_sim::Names;
use std::collections::BTreeMap;
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
    for line in header_lines(headers[0], headers[1]) {
        output.line(&format!("        {line}"));
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
    let mut why = reasons(&parting, &mut sides)?;
    why.extend(decision(&traces, catalogue, &parting)?);
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

/// What the two runs were made of, as far as it differs.
fn header_lines(first: &Header, second: &Header) -> Vec<String> {
    let mut lines = Vec::new();
    both("simlab", &first.simlab, &second.simlab, &mut lines);
    both("scenario", &first.scenario, &second.scenario, &mut lines);
    both("seed", &first.seed, &second.seed, &mut lines);
    both("variant", &first.variant, &second.variant, &mut lines);
    let [one, other] = [first, second].map(|header| {
        header.set.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>()
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
            lines.push(format!(
                "line {number} of the scenario: {} and {}",
                one.trim(),
                other.trim()
            ));
            break;
        }
    }
    lines
}

fn both<T: Display + PartialEq>(what: &str, first: &T, second: &T, lines: &mut Vec<String>) {
    if first != second {
        lines.push(format!("{what}: {first} and {second}"));
    }
}

/// The same of lists.
fn lists(what: &str, first: &[String], second: &[String], lines: &mut Vec<String>) {
    let words = |list: &[String]| if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    both(what, &words(first), &words(second), lines);
}

/// Why the two events differ, in words.
fn reasons(parting: &Parting, sides: &mut [Side; 2]) -> Result<Vec<String>, Diagnostics> {
    let [Some(first), Some(second)] = &parting.events else {
        let over = usize::from(parting.events[0].is_some());
        return Ok(vec![format!("the {} trace ends here", NAMES[over])]);
    };
    let events = [first.event(), second.event()];
    if events[0].kind.code() == events[1].kind.code() && events[0].node == events[1].node {
        return Ok(vec![format!("it is the same kind of event with other {}", fields(parting))]);
    }
    let mut lines = Vec::new();
    for (n, event) in events.iter().enumerate() {
        // Only what both traces know can have another fate in the other.
        let known = datagram(event).or(event.cause);
        if known.is_none_or(|seq| seq.get() > parting.common) {
            continue;
        }
        let other = 1 - n;
        let fate = sides[other].fate(event)?;
        let what = match (datagram(event), event.cause) {
            (Some(sent), _) => {
                let (from, to) = ends(event, sides[n].names());
                format!("the same datagram (sent {sent}, {from} -> {to})")
            }
            // What else happens to the same at the same time is no difference.
            (None, Some(cause)) if fate.as_ref().is_none_or(|f| f.event().at != event.at) => {
                format!("what followed from {cause}")
            }
            (None, _) => continue,
        };
        let there = match &fate {
            Some(record) => became(&record.event()),
            None => "nothing more comes of it".to_owned(),
        };
        let mut told = [became(event), there];
        told.rotate_right(n);
        let [first, second] = told;
        lines.push(format!("{what}: in the first {first}, in the second {second}"));
    }
    lines.dedup();
    Ok(lines)
}

/// From whom to whom a datagram went.
fn ends(event: &TraceEvent<'_>, names: &Names) -> (String, String) {
    let from = match event.kind {
        Kind::Delivered { from, .. }
        | Kind::Dropped { from, .. }
        | Kind::Corrupted { from, .. }
        | Kind::Duplicated { from, .. } => from,
        _ => NodeId(u32::MAX),
    };
    (names.node(from), event.node.map_or_else(String::new, |node| names.node(node)))
}

fn became(event: &TraceEvent<'_>) -> String {
    let at = seconds(event.at);
    match event.kind {
        Kind::Delivered { .. } => format!("it was delivered at {at}"),
        Kind::Dropped { why, .. } => format!("it was lost at {at} ({why})"),
        Kind::Corrupted { .. } => format!("it was damaged at {at}"),
        Kind::Duplicated { .. } => format!("it was doubled at {at}"),
        kind => format!("there is a `{}` at {at}", kind.name()),
    }
}

/// The fields in which two events of one kind differ, by name, with their values.
fn fields(parting: &Parting) -> String {
    let parse = |text: &str| -> BTreeMap<String, serde_json::Value> {
        serde_json::from_str(text).unwrap_or_default()
    };
    let [first, second] = [parse(&parting.texts[0]), parse(&parting.texts[1])];
    let names: std::collections::BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    let differing = names.into_iter().filter(|name| first.get(*name) != second.get(*name));
    let shown = |value: Option<&serde_json::Value>| match value {
        Some(value) => value.to_string(),
        None => "nothing".to_owned(),
    };
    let words = differing.map(|name| {
        let [one, other] = [shown(first.get(name)), shown(second.get(name))];
        if name == "bytes" {
            let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
            return format!("bytes (from byte {} on)", same.saturating_sub(1) / 2);
        }
        format!("`{name}` ({one} and {other})")
    });
    words.collect::<Vec<_>>().join(", ")
}

/// The first choice that was answered otherwise, found by running both again up to the parting;
/// nothing if this build does not make these runs.
fn decision(
    traces: &[Trace<'_>; 2],
    catalogue: &Catalogue,
    parting: &Parting,
) -> Result<Option<String>, Diagnostics> {
    let times = parting.events.iter().flatten().map(|record| record.event().at);
    let until = times.min().unwrap_or(Time::NEVER);
    let mut answers: Vec<Vec<(Point, u64)>> = Vec::new();
    let mut names = Names::default();
    for trace in traces {
        let Some(setup) = trace.setup(catalogue) else { return Ok(None) };
        let mut world = build(setup)?;
        if let Some(script) = &trace.recorded.script {
            world.follow(script.clone());
        }
        world.record_decisions();
        let compare = Compare::on(&mut world, trace.path)?;
        world.run_until(until.min(setup.scenario.until));
        if !compare.agrees() {
            return Ok(None);
        }
        answers.push(world.decisions().unwrap_or_default().to_vec());
        names = world.names().clone();
    }
    let [first, second] = answers.as_slice() else { return Ok(None) };
    let same = first.iter().zip(second).take_while(|(one, other)| one == other).count();
    let said = |answer: Option<&(Point, u64)>| match answer {
        Some((point, answer)) => format!("`{}` is {answer}", point_text(point, &names)),
        None => "nothing more is chosen".to_owned(),
    };
    let (one, other) = (first.get(same), second.get(same));
    if one.is_none() && other.is_none() {
        return Ok(Some("not by a choice: up to then all were answered the same".to_owned()));
    }
    let (one, other) = (said(one), said(other));
    Ok(Some(format!("the first choice that differs: in the first {one}, in the second {other}")))
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
