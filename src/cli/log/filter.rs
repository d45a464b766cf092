//! Which events of a run are printed.

use super::super::args::LogArgs;
use super::super::output::{Exit, Output};
use simlab_core::{Duration, Kind, NodeId, Seq, Time, TraceEvent};
use simlab_scenarios::Words;
use simlab_scenarios::advice;
use simlab_sim::trace::Describe;
use std::collections::BTreeSet;

/// Which events are printed: those that pass every filter that was given.
pub(super) struct Filter<'a> {
    nodes: BTreeSet<NodeId>,
    args: &'a LogArgs,
    from: Time,
    to: Time,
    /// Nothing but these, if they are asked for.
    only: Option<BTreeSet<Seq>>,
    /// The types of all datagrams that could be read, if one is asked for.
    types: BTreeSet<String>,
    printed: u64,
}

impl<'a> Filter<'a> {
    /// The filter that was asked for; `known` are the nodes of the scenario.
    pub(super) fn new(
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
        let types = BTreeSet::new();
        Ok(Filter { nodes, args, from, to, only: None, types, printed: 0 })
    }

    /// Lets nothing but these events pass.
    pub(super) fn only(&mut self, events: BTreeSet<Seq>) {
        self.only = Some(events);
    }

    /// Prints the event if it passes.
    pub(super) fn print(&mut self, event: &TraceEvent<'_>, words: &Words<'_>, output: &mut Output) {
        if self.passes(event, words) {
            output.line(&words.line(event));
            self.printed += 1;
        }
    }

    fn passes(&mut self, event: &TraceEvent<'_>, words: &Words<'_>) -> bool {
        if let Some(only) = &self.only {
            return only.contains(&event.seq);
        }
        let args = self.args;
        // Types are taken down whether or not the event passes: they are what could have been asked.
        let typed = args.message.is_empty()
            || message(event, words).is_some_and(|kind| {
                let wanted = args.message.contains(&kind);
                self.types.insert(kind);
                wanted
            });
        typed
            && (self.from..self.to).contains(&event.at)
            && (self.nodes.is_empty() || event.node.is_some_and(|n| self.nodes.contains(&n)))
            && (args.kind.is_empty() || args.kind.iter().any(|kind| kind == event.kind.name()))
            && (args.op.is_empty() || operation(event, words, &args.op))
    }

    /// Says so if nothing was printed, and what may be the reason.
    pub(super) fn finish(&self, output: &mut Output) {
        if self.printed > 0 {
            return;
        }
        output.error("no event passes these filters");
        for name in self.args.message.iter().filter(|name| !self.types.contains(*name)) {
            output.error(&format!("note: no datagram that was read in this run is a `{name}`"));
            for line in advice(name, "types", self.types.iter().map(String::as_str)) {
                output.error(&format!("help: {line}"));
            }
        }
        if self.args.kind.iter().any(|kind| kind == VIOLATION) {
            output.error(
                "note: what clients saw (as by `linearizable`) is judged when the run is over, and is \
                 no event of it: `simlab run` tells it",
            );
        }
    }
}

/// The kind of event that tells of a broken promise, as `--kind` knows it.
const VIOLATION: &str = "violation";

/// The type of the datagram that the event is about, if it is about one that can be read.
fn message(event: &TraceEvent<'_>, words: &Words<'_>) -> Option<String> {
    let (node, kind) = (event.node?, event.kind);
    let (from, to) = match kind {
        Kind::Sent { to, .. } => (node, to),
        Kind::Delivered { from, .. }
        | Kind::Dropped { from, .. }
        | Kind::Corrupted { from, .. } => (from, node),
        _ => return None,
    };
    words.dissect(from, to, event.bytes).map(|dissection| dissection.kind)
}

/// Whether the event is the begin or the end of one of these operations.
fn operation(event: &TraceEvent<'_>, words: &Words<'_>, wanted: &[String]) -> bool {
    let (Kind::Invoked { op, .. } | Kind::Returned { op }) = event.kind else { return false };
    let name = format!("{}.{}", words.names.node(op.node()), op.number());
    wanted.contains(&name)
}
