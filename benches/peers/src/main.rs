//! The work of `benches/work` on this project's kernel, on floors, and on other simulators, all in
//! one run, so that the figures can be compared. `run.sh` beside it builds and runs it.

#![forbid(unsafe_code)]

#[cfg(not(madsim))]
compile_error!("build with run.sh, or in this folder: its .cargo/config.toml switches madsim on");

mod madsim;
mod nexosim;
mod simcore;
mod turmoil;
#[allow(dead_code, reason = "timers, W3, are not compared")]
#[path = "../../work/mod.rs"]
mod work;

use clap::{Parser, ValueEnum};
use std::collections::BTreeSet;
use std::time::Duration;
use work::floor::{SlabHeap, Wheel};
use work::{W1_DELIVERIES, W2_NODES, floor, simlab, w2_rounds};

/// The allocator of `simlab`; all have it.
#[global_allocator]
static ALLOCATOR: ::mimalloc::MiMalloc = ::mimalloc::MiMalloc;

/// The wheel of the floors: slots of 4 us, as in `cargo bench`.
const FINE: u32 = 12;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Work {
    /// W1.
    PingPong {
        /// How many datagrams are delivered.
        deliveries: u64,
    },
    /// W2.
    Broadcast {
        /// How many nodes there are.
        nodes: u32,
        /// How many times each sends.
        rounds: u64,
    },
}

impl Work {
    /// All of it, or one part in `parts`.
    fn part(self, parts: u64) -> Work {
        match self {
            Work::PingPong { deliveries } => Work::PingPong { deliveries: deliveries / parts },
            Work::Broadcast { nodes, rounds } => {
                Work::Broadcast { nodes, rounds: rounds.div_ceil(parts) }
            }
        }
    }

    /// How many datagrams are delivered.
    fn deliveries(self) -> u64 {
        match self {
            Work::PingPong { deliveries } => deliveries,
            Work::Broadcast { nodes, rounds } => rounds * u64::from(nodes) * u64::from(nodes - 1),
        }
    }

    fn name(self) -> String {
        match self {
            Work::PingPong { .. } => "W1".to_owned(),
            Work::Broadcast { nodes, .. } => format!("W2, {} nodes", grouped(nodes.into())),
        }
    }
}

/// Work that is ready to be run, once; it returns how many datagrams were delivered. Making it and
/// dropping it is not measured.
pub type Ready = Box<dyn FnMut() -> u64>;

/// The first datagram of W1: 64 bytes that begin with a count.
fn ping() -> [u8; 64] {
    let mut body = [7; 64];
    body[..8].copy_from_slice(&1_u64.to_le_bytes());
    body
}

/// Counts on; returns the new count.
fn pong(body: &mut [u8; 64]) -> u64 {
    let (count, _) = body.split_first_chunk_mut().expect("eight bytes");
    let next = u64::from_le_bytes(*count) + 1;
    *count = next.to_le_bytes();
    next
}

/// The bytes of a datagram of W2.
fn round_to(round: u64, sent: u64) -> [u8; 16] {
    let mut body = [0; 16];
    body[..8].copy_from_slice(&round.to_le_bytes());
    body[8..].copy_from_slice(&sent.to_le_bytes());
    body
}

/// What a datagram of W2 says: the round, and when it was sent.
fn round_from(body: &[u8; 16]) -> (u64, u64) {
    let word = |at: usize| u64::from_le_bytes(body[at..at + 8].try_into().expect("eight bytes"));
    (word(0), word(8))
}

fn floor_heap(work: Work) -> Ready {
    match work {
        Work::PingPong { .. } => Box::new(floor::w1::<SlabHeap<_>>),
        Work::Broadcast { nodes, .. } => Box::new(move || floor::w2::<SlabHeap<_>>(nodes)),
    }
}

fn floor_wheel(work: Work) -> Ready {
    match work {
        Work::PingPong { .. } => Box::new(floor::w1::<Wheel<_, FINE>>),
        Work::Broadcast { nodes, .. } => Box::new(move || floor::w2::<Wheel<_, FINE>>(nodes)),
    }
}

fn kernel(work: Work, recording: bool) -> Ready {
    let mut world = match work {
        Work::PingPong { .. } => simlab::w1(recording),
        Work::Broadcast { nodes, .. } => simlab::w2(nodes, recording),
    };
    Box::new(move || simlab::run(&mut world))
}

/// Who does the work.
struct Contender {
    name: String,
    /// Makes the work ready.
    prepare: fn(Work) -> Ready,
    /// One part in so many of the work is measured: some are slow.
    parts: u64,
    /// How often it is measured.
    times: u32,
    /// With how many nodes it ends in reasonable time.
    most_nodes: u32,
}

impl Contender {
    /// One of this project.
    fn own(name: &str, prepare: fn(Work) -> Ready) -> Contender {
        Contender { name: name.to_owned(), prepare, parts: 1, times: 5, most_nodes: u32::MAX }
    }

    /// A peer that is about as fast.
    fn fast(package: &str, prepare: fn(Work) -> Ready) -> Contender {
        let version = version(include_str!("../Cargo.lock"), package).expect("in Cargo.lock");
        Contender::own(&format!("{package} {version}"), prepare)
    }

    /// A peer that is not.
    fn slow(package: &str, prepare: fn(Work) -> Ready) -> Contender {
        Contender { parts: 10, times: 3, ..Contender::fast(package, prepare) }
    }

    fn all() -> Vec<Contender> {
        vec![
            Contender::own("floor, heap", floor_heap),
            Contender::own("floor, wheel", floor_wheel),
            Contender::own("simlab, trace off", |work| kernel(work, false)),
            Contender::own("simlab, trace on", |work| kernel(work, true)),
            Contender::fast("simcore", simcore::prepare),
            Contender::slow("nexosim", nexosim::prepare),
            Contender::slow("madsim", madsim::prepare),
            // Its work for a tick grows with the nodes times the links.
            Contender { most_nodes: 200, ..Contender::slow("turmoil", turmoil::prepare) },
        ]
    }

    fn can(&self, work: Work) -> bool {
        !matches!(work, Work::Broadcast { nodes, .. } if nodes > self.most_nodes)
    }
}

/// The version of a package, by the text of a `Cargo.lock`.
fn version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

/// Measures once.
#[allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "this measures wall time")]
fn measure(contender: &Contender, work: Work) -> Duration {
    let mut ready = (contender.prepare)(work);
    let start = std::time::Instant::now();
    let delivered = ready();
    let taken = start.elapsed();
    assert_eq!(delivered, work.deliveries(), "{}: {}", contender.name, work.name());
    taken
}

/// What was measured of one contender with one work, in nanoseconds a delivery.
struct Row<'a> {
    name: &'a str,
    deliveries: u64,
    median: f64,
    min: f64,
}

/// Measures all with one work. They take turns, so that what else the machine does hits all alike.
fn rows<'a>(contenders: &'a [Contender], work: Work) -> Vec<Row<'a>> {
    let contenders: Vec<_> = contenders.iter().filter(|contender| contender.can(work)).collect();
    let mut taken = vec![Vec::new(); contenders.len()];
    for time in 0..contenders.iter().map(|contender| contender.times).max().unwrap_or(0) {
        for (contender, taken) in contenders.iter().zip(&mut taken) {
            if time < contender.times {
                taken.push(measure(contender, work.part(contender.parts)));
            }
        }
    }
    let row = |(contender, taken): (&'a Contender, &mut Vec<Duration>)| {
        taken.sort_unstable();
        let deliveries = work.part(contender.parts).deliveries();
        let each = |taken: Duration| taken.as_nanos() as f64 / deliveries as f64;
        let (median, min) = (each(taken[taken.len() / 2]), each(taken[0]));
        Row { name: &contender.name, deliveries, median, min }
    };
    contenders.into_iter().zip(&mut taken).map(row).collect()
}

/// The least of those whose names begin so.
fn least(rows: &[Row<'_>], start: &str) -> Option<f64> {
    rows.iter().filter(|row| row.name.starts_with(start)).map(|row| row.min).reduce(f64::min)
}

/// 1234567 as 1,234,567.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Which work there is.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Which {
    W1,
    W2,
}

/// Measures the same work on simlab, on floors, and on other simulators.
#[derive(Debug, Parser)]
struct Args {
    /// Only this work
    which: Option<Which>,
    /// With how many nodes W2 is measured [default: 10 50 200 1000]
    #[arg(value_parser = clap::value_parser!(u32).range(2..))]
    nodes: Vec<u32>,
    /// Only contenders whose names begin with one of these
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

fn main() {
    let args = Args::parse();
    let mut contenders = Contender::all();
    if !args.only.is_empty() {
        contenders.retain(|c| args.only.iter().any(|start| c.name.starts_with(start)));
    }
    let nodes = if args.nodes.is_empty() { W2_NODES.to_vec() } else { args.nodes };
    let nodes: BTreeSet<u32> = nodes.into_iter().collect();
    let mut works = Vec::new();
    if args.which != Some(Which::W2) {
        works.push(Work::PingPong { deliveries: W1_DELIVERIES });
    }
    if args.which != Some(Which::W1) {
        let w2 = |nodes| Work::Broadcast { nodes, rounds: w2_rounds(nodes) };
        works.extend(nodes.into_iter().map(w2));
    }

    println!("| work | on | deliveries | ns each: median | min | to better floor | to simcore |");
    println!("|---|---|---:|---:|---:|---:|---:|");
    let mut asked = None;
    // Of W2 with each number of nodes: the better floor, and simlab without a trace.
    let mut growth: Vec<(u32, f64, f64)> = Vec::new();
    for work in works {
        let rows = rows(&contenders, work);
        let (floor, simcore) = (least(&rows, "floor"), least(&rows, "simcore"));
        let ratio =
            |min: f64, to: Option<f64>| to.map_or("".into(), |to| format!("{:.2}", min / to));
        for Row { name, deliveries, median, min } in &rows {
            let (work, deliveries) = (work.name(), grouped(*deliveries));
            let (floor, simcore) = (ratio(*min, floor), ratio(*min, simcore));
            println!(
                "| {work} | {name} | {deliveries} | {median:.0} | {min:.0} | {floor} | {simcore} |"
            );
        }
        if let Work::Broadcast { nodes, .. } = work {
            growth.extend(
                floor
                    .zip(least(&rows, "simlab, trace off"))
                    .map(|(floor, own)| (nodes, floor, own)),
            );
            if nodes == 50 {
                asked = floor.zip(simcore).map(|(floor, simcore)| floor / simcore);
            }
        }
    }
    let with = |nodes: u32| growth.iter().find(|(other, ..)| *other == nodes);
    if let (Some(few), Some(many)) = (with(10), with(1_000)) {
        let (floor, own) = (many.1 / few.1, many.2 / few.2);
        println!(
            "\nW2 from 10 to 1,000 nodes: better floor {floor:.2} times, simlab {own:.2} times, that is \
             {:.2} times as much (at most 1.30 asked)",
            own / floor
        );
    }
    if let Some(ratio) = asked {
        println!("\nW2 with 50 nodes: better floor / simcore = {ratio:.2} (at most 0.45 asked)");
    }
}
