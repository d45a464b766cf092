//! What the clients do: the scripted operations with their jitter, and the fillers.
//!
//! Each line of the story has a stream of its own, named by what it says, so that another line, or
//! another client, never shifts what it draws.

use crate::{Filler, Scenario};
use rand::Rng;
use simlab_core::{Distribution, Duration, NodeId, Operation, Time, stream};

/// An operation that a client is told to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// When.
    pub at: Time,
    /// Which client.
    pub client: NodeId,
    /// What.
    pub operation: Operation,
    /// Whether it is a filler and no line of the story.
    pub filler: bool,
}

/// All operations of a run, in the order of time.
#[must_use]
pub fn workload(scenario: &Scenario, seed: u64) -> Vec<Planned> {
    let mut planned = scripted(scenario, seed);
    let writes: Vec<(Time, NodeId)> =
        planned.iter().filter(|p| p.operation.call.writes()).map(|p| (p.at, p.client)).collect();
    for filler in &scenario.fillers {
        for client in &filler.clients {
            let name = &scenario.nodes[client.index()].name;
            let label = format!("{name} from {}: {}", filler.from, filler.operation);
            fill(scenario, filler, *client, &writes, stream(seed, &label), &mut planned);
        }
    }
    // Stable: what falls on the same instant keeps the order of the file.
    planned.sort_by_key(|p| p.at);
    planned
}

fn scripted(scenario: &Scenario, seed: u64) -> Vec<Planned> {
    let plan = scenario.operations.iter().map(|scripted| {
        let name = &scenario.nodes[scripted.client.index()].name;
        let label = format!("{name} at {}: {}", scripted.at, scripted.operation);
        let bits = stream(seed, &label).next_u64();
        let width = Distribution::Uniform { min: Duration::ZERO, max: scripted.jitter.times(2) };
        let at = (scripted.at + width.sample(bits) - scripted.jitter).min(scenario.until);
        let operation = scripted.operation.clone();
        Planned { at, client: scripted.client, operation, filler: false }
    });
    plan.collect()
}

fn fill(
    scenario: &Scenario,
    filler: &Filler,
    client: NodeId,
    writes: &[(Time, NodeId)],
    mut stream: impl Rng,
    planned: &mut Vec<Planned>,
) {
    let mut at = filler.from;
    loop {
        // A gap of zero would never get to the end.
        at += filler.every.sample(stream.next_u64()).max(Duration::from_micros(1));
        if at >= filler.until {
            return;
        }
        let mut boundaries =
            scenario.faults.iter().flat_map(|fault| [Some(fault.at), fault.until]).flatten();
        let near_a_fault =
            boundaries.any(|t| t.since(at).max(at.since(t)) < filler.keep_off_faults);
        let after_a_write = writes.iter().any(|(write, writer)| {
            *writer != client && *write <= at && at.since(*write) < filler.keep_off_writes
        });
        if !near_a_fault && !after_a_write {
            let operation = filler.operation.clone();
            planned.push(Planned { at, client, operation, filler: true });
        }
    }
}
