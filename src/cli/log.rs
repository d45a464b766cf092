//! `simlab log`: a run, event by event.

use super::args::LogArgs;
use super::output::{Exit, Output};
use super::replay::Recorded;
use super::words::Words;
use super::{script, story};
use simlab_core::{Duration, Kind, NodeId, Time, TraceEvent};
use simlab_scenarios::run::{Setup, build};
use simlab_scenarios::tracefile::{self, Reader, Tap};
use simlab_scenarios::{Catalogue, advice};
use simlab_sim::trace::Describe;
use std::collections::BTreeSet;
use std::path::Path;

pub(super) fn log(args: &LogArgs, catalogue: &Catalogue, output: &mut Output) -> Exit {
    let file = Path::new(&args.scenario.scenario);
    let logged = if tracefile::is_one(file) {
        of_trace(file, args, catalogue, output)
    } else {
        of_scenario(args, catalogue, output)
    };
    match logged {
        Ok(exit) | Err(exit) => exit,
    }
}

/// Prints a run while it goes on.
fn of_scenario(args: &LogArgs, catalogue: &Catalogue, output: &mut Output) -> Result<Exit, Exit> {
    let ask = &args.scenario;
    let scenario = story::scenario(&ask.scenario, &ask.set, catalogue, output)?;
    let mut variants = story::variants(&scenario, args.variant.as_slice(), output)?;
    let (script, seed) = script::script(&args.script, &scenario, ask, &mut variants, output)?;
    let variant = variants.first().copied().unwrap_or(0);
    story::switched(&scenario, &[variant], &ask.set, output)?;
    let nodes: Vec<&str> = scenario.nodes.iter().map(|node| node.name.as_str()).collect();
    let filter = Filter::new(args, &scenario.name, &nodes, output)?;
    let setup = Setup { scenario: &scenario, catalogue, variant, seed, recording: false };
    let mut world = build(setup).map_err(|problem| output.refuse(&problem))?;
    if let Some(script) = script {
        world.follow(script);
    }
    let tap = Tap::on(&mut world);
    let mut printed = 0;
    while !output.closed() && world.step_until(scenario.until) {
        let words = Words { names: world.names(), setup: Some(setup) };
        for record in tap.take() {
            printed += filter.print(&record.event(), &words, output);
        }
    }
    let name = &scenario.variants[variant].name;
    script::departures(name, &world, output);
    finish(printed, output);
    let hash = world.trace_hash();
    summary(&scenario.name, name, seed, hash, output);
    Ok(Exit::Passed)
}

/// Prints a trace file: first it is checked, then the run is made again, since only what comes out
/// again can be read with the services of this build.
fn of_trace(
    path: &Path,
    args: &LogArgs,
    catalogue: &Catalogue,
    output: &mut Output,
) -> Result<Exit, Exit> {
    let ask = &args.scenario;
    let decided = args.variant.is_some() || args.script.decisions.is_some();
    if ask.seed.is_some() || !ask.set.is_empty() || decided {
        let what = "--seed, --set, --switch, --variant or --decisions";
        output.error(&format!("error: a trace file is of one run: it takes no {what}"));
        return Err(Exit::BadInput);
    }
    let recorded = Recorded::read(path).map_err(|problems| output.refuse(&problems))?;
    recorded.tell_version(output);
    let Recorded { header, script, footer } = recorded;
    let nodes: Vec<&str> = header.nodes.iter().map(String::as_str).collect();
    let filter = Filter::new(args, &header.scenario, &nodes, output)?;
    let loaded = header.load(catalogue);
    let setup = match &loaded {
        Ok((scenario, variant)) => {
            let (variant, seed) = (*variant, header.seed);
            Some(Setup { scenario, catalogue, variant, seed, recording: false })
        }
        Err(_) => None,
    };
    let again = setup.and_then(|setup| {
        let mut world = build(setup).ok()?;
        if let Some(script) = script {
            world.follow(script);
        }
        world.run_until(setup.scenario.until);
        Some(world.trace_hash())
    });
    match again {
        Some(hash) if hash == footer.trace_hash => {}
        Some(hash) => output.error(&format!(
            "note: events only: this build makes another run of it (trace hash {hash:016x}), and may \
             read datagrams otherwise"
        )),
        None => output.error(
            "note: events only: this build cannot run the scenario, and datagrams stay unread",
        ),
    }
    let mut reader = Reader::open(path).map_err(|problems| output.refuse(&problems))?;
    let mut printed = 0;
    while !output.closed() && reader.advance().map_err(|problems| output.refuse(&problems))? {
        let words = Words { names: reader.names(), setup };
        if let Some(event) = reader.event() {
            printed += filter.print(&event, &words, output);
        }
    }
    finish(printed, output);
    summary(&header.scenario, &header.variant, header.seed, footer.trace_hash, output);
    Ok(Exit::Passed)
}

fn finish(printed: u64, output: &mut Output) {
    if printed == 0 {
        output.error("no event passes these filters");
    }
}

fn summary(scenario: &str, variant: &str, seed: u64, hash: u64, output: &mut Output) {
    if !output.closed() {
        output.error(&format!("{scenario} · {variant} · seed {seed} · trace hash {hash:016x}"));
    }
}

/// Which events are printed: those that pass every filter that was given.
struct Filter<'a> {
    nodes: BTreeSet<NodeId>,
    args: &'a LogArgs,
    from: Time,
    to: Time,
}

impl<'a> Filter<'a> {
    fn new(
        args: &'a LogArgs,
        scenario: &str,
        known: &[&str],
        output: &mut Output,
    ) -> Result<Self, Exit> {
        let mut nodes = BTreeSet::new();
        for name in &args.node {
            let Some(node) = known.iter().position(|known| known == name) else {
                output.error(&format!("error: {scenario} has no node `{name}`"));
                for line in advice(name, "nodes", known.iter().copied()) {
                    output.error(&format!("help: {line}"));
                }
                return Err(Exit::BadInput);
            };
            nodes.insert(NodeId(node as u32));
        }
        for op in &args.op {
            let parts = op.rsplit_once('.');
            let good = |(node, number): (&str, &str)| {
                known.contains(&node) && number.parse::<u32>().is_ok()
            };
            if !parts.is_some_and(good) {
                output.error(&format!("error: {scenario} has no operation `{op}`"));
                output.error("help: an operation is called by its client and its number: client.3");
                return Err(Exit::BadInput);
            }
        }
        let after = |offset: Duration| Time::ZERO + offset;
        let from = args.from.map_or(Time::ZERO, after);
        let to = args.to.map_or(Time::NEVER, after);
        if from >= to {
            output.error("error: --from must be before --to");
            return Err(Exit::BadInput);
        }
        Ok(Filter { nodes, args, from, to })
    }

    /// Prints the event if it passes. Returns how many were printed.
    fn print(&self, event: &TraceEvent<'_>, words: &Words<'_>, output: &mut Output) -> u64 {
        let passes = self.passes(event, words);
        if passes {
            output.line(&words.line(event));
        }
        u64::from(passes)
    }

    fn passes(&self, event: &TraceEvent<'_>, words: &Words<'_>) -> bool {
        let args = self.args;
        (self.from..self.to).contains(&event.at)
            && (self.nodes.is_empty() || event.node.is_some_and(|n| self.nodes.contains(&n)))
            && (args.kind.is_empty() || args.kind.iter().any(|kind| kind == event.kind.name()))
            && (args.message.is_empty() || message(event, words, &args.message))
            && (args.op.is_empty() || operation(event, words, &args.op))
    }
}

/// Whether the event is about a datagram of one of these types.
fn message(event: &TraceEvent<'_>, words: &Words<'_>, wanted: &[String]) -> bool {
    let (Some(node), kind) = (event.node, event.kind) else { return false };
    let (from, to) = match kind {
        Kind::Sent { to, .. } => (node, to),
        Kind::Delivered { from, .. }
        | Kind::Dropped { from, .. }
        | Kind::Corrupted { from, .. } => (from, node),
        _ => return false,
    };
    let dissection = words.dissect(from, to, event.bytes);
    dissection.is_some_and(|d| wanted.contains(&d.kind))
}

/// Whether the event is the begin or the end of one of these operations.
fn operation(event: &TraceEvent<'_>, words: &Words<'_>, wanted: &[String]) -> bool {
    let (Kind::Invoked { op, .. } | Kind::Returned { op }) = event.kind else { return false };
    let name = format!("{}.{}", words.names.node(op.node()), op.number());
    wanted.contains(&name)
}
