//! `simlab log`: a run, event by event.

use super::args::LogArgs;
use super::output::{Exit, Output};
use super::story;
use simlab_core::{Dissection, Duration, Kind, NodeId, Time, TraceEvent};
use simlab_scenarios::run::{Run, Setup, run};
use simlab_scenarios::{Catalogue, advice};
use simlab_sim::trace::{Describe, Names, line};
use std::collections::BTreeSet;

pub(super) fn log(args: &LogArgs, catalogue: &Catalogue, output: &mut Output) -> Exit {
    match try_log(args, catalogue, output) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_log(args: &LogArgs, catalogue: &Catalogue, output: &mut Output) -> Result<Exit, Exit> {
    let ask = &args.scenario;
    let scenario = story::scenario(&ask.scenario, &ask.set, catalogue, output)?;
    let variant = match &args.variant {
        Some(name) => story::variant(&scenario, name, output)?,
        None => 0,
    };
    let seed = ask.seed.unwrap_or(scenario.seed);
    let setup = Setup { scenario: &scenario, catalogue, variant, seed, recording: true };
    let run = run(setup).map_err(|problem| {
        let colour = output.colour();
        output.error(problem.render(colour).trim_end());
        Exit::BadInput
    })?;
    let filter = Filter::new(args, &run, output)?;
    let words = Words { run: &run };
    let Some(trace) = run.world.trace() else { return Ok(Exit::Passed) };
    let mut printed = 0_u64;
    for event in trace.iter().filter(|event| filter.passes(event, &words)) {
        printed += 1;
        let cause = event.cause.map(|cause| format!("<-{cause}")).unwrap_or_default();
        let (at, seq) = (event.at, event.seq);
        let at = format!("{}.{:09}", at.nanos() / 1_000_000_000, at.nanos() % 1_000_000_000);
        output.line(&format!("{at:>13} {seq:>8} {cause:<10} {}", line(&event, &words)));
        if output.closed() {
            break;
        }
    }
    if printed == 0 {
        output.error("no event passes these filters");
    }
    output.error(&format!(
        "{} · {} · seed {} · trace hash {:016x}",
        scenario.name,
        scenario.variants[variant].name,
        seed,
        run.world.trace_hash()
    ));
    Ok(Exit::Passed)
}

/// Names and dissectors of a run, for the formatter.
struct Words<'a> {
    run: &'a Run<'a>,
}

impl Describe for Words<'_> {
    fn names(&self) -> &Names {
        self.run.world.names()
    }
    fn dissect(&self, from: NodeId, to: NodeId, bytes: &[u8]) -> Option<Dissection> {
        self.run.setup.dissect(from, to, bytes)
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
    fn new(args: &'a LogArgs, run: &Run<'_>, output: &mut Output) -> Result<Self, Exit> {
        let scenario = run.setup.scenario;
        let mut nodes = BTreeSet::new();
        for name in &args.node {
            let Some(node) = scenario.node(name) else {
                output.error(&format!("error: {} has no node `{name}`", scenario.name));
                let known = scenario.nodes.iter().map(|n| n.name.as_str());
                for line in advice(name, "nodes", known) {
                    output.error(&format!("help: {line}"));
                }
                return Err(Exit::BadInput);
            };
            nodes.insert(node.id);
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
    let name = format!("{}.{}", words.names().node(op.node()), op.number());
    wanted.contains(&name)
}
