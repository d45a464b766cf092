//! What the clients do: the scripted operations with their jitter, the workloads, and the fillers.
//!
//! Each line of the story has a stream of its own, named by what it says, so that another line, or
//! another client, never shifts what it draws.

use crate::{Filler, Mix, Scenario, Workload};
use rand::Rng;
use simlab_core::{Call, Distribution, Duration, NodeId, Operation, Time, Value, stream};
use std::collections::BTreeMap;

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
    let mut labels = Labels::default();
    for filler in &scenario.fillers {
        for client in &filler.clients {
            let name = &scenario.nodes[client.index()].name;
            let label = format!("{name} from {}: {}", filler.from, filler.operation);
            let stream = stream(seed, &labels.unique(label));
            fill(scenario, filler, *client, &writes, stream, &mut planned);
        }
    }
    for workload in &scenario.workloads {
        planned.extend(draw(scenario, workload, seed, &mut labels));
    }
    // Stable: what falls on the same instant keeps the order of the file.
    planned.sort_by_key(|p| p.at);
    planned
}

/// The names of streams. Lines of the story that say the same draw from streams of their own.
#[derive(Debug, Default)]
struct Labels(BTreeMap<String, u32>);

impl Labels {
    fn unique(&mut self, label: String) -> String {
        let times = self.0.entry(label.clone()).or_default();
        *times += 1;
        if *times == 1 { label } else { format!("{label} ({times})") }
    }
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

/// The operations of a workload. What comes after an earlier end of the run than that of the file is
/// left out, and moves nothing else.
fn draw(scenario: &Scenario, workload: &Workload, seed: u64, labels: &mut Labels) -> Vec<Planned> {
    let Workload { clients, objects, count, from, until, mix, least, most } = workload;
    let names: Vec<&str> =
        clients.iter().map(|c| scenario.nodes[c.index()].name.as_str()).collect();
    let about: Vec<&str> = objects.iter().map(|o| scenario.objects[*o].name.as_str()).collect();
    let mix_named = named(mix);
    let label = format!("{count} of {names:?} about {about:?} from {from} to {until}: {mix_named}");
    let mut stream = stream(seed, &labels.unique(label));
    let span = Distribution::Uniform { min: Duration::ZERO, max: until.since(*from) };
    let mut times: Vec<Time> =
        (0..*count).map(|_| *from + span.sample(stream.next_u64())).collect();
    times.sort_unstable();
    let mut amounts = Amounts::new(*least, *most);
    let mut written: BTreeMap<usize, Value> = BTreeMap::new();
    let planned = times.into_iter().map(|at| {
        let client = clients[below(clients.len() as u64, &mut stream) as usize];
        let object = objects[below(objects.len() as u64, &mut stream) as usize];
        let last = written.get(&object).cloned().unwrap_or(Value::Nil);
        let call = call(mix, last, &mut amounts, &mut stream);
        if let Call::Write(to) | Call::Cas { to, .. } = &call {
            written.insert(object, to.clone());
        }
        let operation = Operation { object: scenario.objects[object].name.clone(), call };
        Planned { at, client, operation, filler: false }
    });
    planned.filter(|planned| planned.at <= scenario.until).collect()
}

/// A number below `n`, which is not zero.
fn below(n: u64, stream: &mut impl Rng) -> u64 {
    ((u128::from(stream.next_u64()) * u128::from(n)) >> 64) as u64
}

/// A mix as the names of streams have it. Kinds that came later are named only where they are drawn, so that no older
/// workload draws anything else.
fn named(mix: &Mix) -> String {
    let Mix { read, sell, take_back, write, .. } = mix;
    let mut name =
        format!("Mix {{ read: {read}, sell: {sell}, take_back: {take_back}, write: {write} }}");
    for (kind, weight) in [("cas", mix.cas), ("append", mix.append), ("delete", mix.delete)] {
        if weight > 0 {
            name += &format!(", {kind}: {weight}");
        }
    }
    name
}

/// `last` is what the object was to be given last.
fn call(mix: &Mix, last: Value, amounts: &mut Amounts, stream: &mut impl Rng) -> Call {
    let Mix { read, sell, take_back, write, cas, append, delete } = *mix;
    let weights = [read, sell, take_back, write, cas, append, delete].map(u64::from);
    let mut drawn = below(weights.iter().sum(), stream);
    let mut kind = 0;
    while drawn >= weights[kind] {
        drawn -= weights[kind];
        kind += 1;
    }
    let mut value = || Value::Int(amounts.next(stream).into());
    match kind {
        0 => Call::Read,
        1 => Call::Sell(amounts.next(stream)),
        2 => Call::TakeBack(amounts.next(stream)),
        3 => Call::Write(value()),
        4 => Call::Cas { from: last, to: value() },
        5 => Call::Append(format!("{} ", amounts.next(stream))),
        _ => Call::Write(Value::Nil),
    }
}

/// Amounts, none of which is drawn twice: the shuffle of Fisher and Yates, of which only what has
/// moved is stored.
struct Amounts {
    least: u32,
    /// How many are left.
    left: u64,
    moved: BTreeMap<u64, u64>,
}

impl Amounts {
    fn new(least: u32, most: u32) -> Self {
        Amounts { least, left: u64::from(most - least) + 1, moved: BTreeMap::new() }
    }

    fn next(&mut self, stream: &mut impl Rng) -> u32 {
        let place = below(self.left, stream);
        self.left -= 1;
        let last = self.moved.remove(&self.left).unwrap_or(self.left);
        let drawn =
            if place == self.left { last } else { self.moved.insert(place, last).unwrap_or(place) };
        self.least + drawn as u32
    }
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
