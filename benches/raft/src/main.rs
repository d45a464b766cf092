//! What Raft costs: committed commands a second of wall time, with sixteen clients of whom each waits for its answer.
//!
//! All take turns, as machines are shared, and the least time of each counts. `run.sh` beside it builds and runs it.

#![forbid(unsafe_code)]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "it measures wall time")]

mod bare;
mod kernel;
mod peer;
mod service;
mod sum;

use simlab_core::Time;
use std::time::{Duration, Instant};

/// The allocator of `simlab`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many clients there are.
pub const CLIENTS: u64 = 16;
/// How many bytes of entries a message has at most, and how many messages may be under way to a follower.
pub const BATCH_BYTES: usize = 65_536;
/// See above.
pub const WINDOW: usize = 256;

/// So often each is run.
const TURNS: usize = 9;
const COMMANDS: u64 = 100_000;
/// Of the service, which does more for each.
const CALLS: u64 = 10_000;

/// Work that is ready, and returns how much was done.
type Ready = Box<dyn FnOnce() -> u64>;

struct Row {
    name: String,
    prepare: Box<dyn Fn() -> Ready>,
    taken: Vec<f64>,
}

impl Row {
    fn new(name: impl Into<String>, prepare: impl Fn() -> Ready + 'static) -> Row {
        Row { name: name.into(), prepare: Box::new(prepare), taken: Vec::new() }
    }

    /// Measures once: nanoseconds for each.
    fn measure(&mut self) {
        let ready = (self.prepare)();
        let start = Instant::now();
        let done = ready();
        self.taken.push(start.elapsed().as_nanos() as f64 / done as f64);
        self.taken.sort_unstable_by(f64::total_cmp);
    }

    fn least(&self) -> f64 {
        self.taken[0]
    }
}

fn rows(nodes: u32) -> Vec<Row> {
    let version = version(include_str!("../Cargo.lock"), "raft").expect("in Cargo.lock");
    vec![
        Row::new(format!("the crate raft {version}, in memory"), move || {
            let mut cluster = peer::Cluster::new(nodes, false);
            Box::new(move || cluster.run(COMMANDS))
        }),
        Row::new("the same with `batch_append`", move || {
            let mut cluster = peer::Cluster::new(nodes, true);
            Box::new(move || cluster.run(COMMANDS))
        }),
        Row::new("simlab's Raft, in memory", move || {
            let mut cluster = bare::Cluster::new(nodes);
            Box::new(move || cluster.run(COMMANDS))
        }),
        Row::new("simlab's Raft, in the kernel", move || {
            let mut world = kernel::world(nodes, CLIENTS);
            Box::new(move || kernel::run(&mut world, nodes, COMMANDS))
        }),
        Row::new("raft-kv, called by RPC", move || {
            let mut world = service::world(&service::story(nodes, CALLS));
            Box::new(move || service::run(&mut world, CALLS))
        }),
    ]
}

/// The version of a package, by the text of a `Cargo.lock`.
fn version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

fn throughput() {
    println!("| nodes | what | ns a command: least | median | commands a second | of the first |");
    println!("|---:|---|---:|---:|---:|---:|");
    for nodes in [3, 5] {
        let mut rows = rows(nodes);
        for _ in 0..TURNS {
            rows.iter_mut().for_each(Row::measure);
        }
        let first = rows[0].least();
        for row in &rows {
            let (least, median) = (row.least(), row.taken[TURNS / 2]);
            let (rate, ratio) = (1e9 / least, first / least);
            println!(
                "| {nodes} | {} | {least:.0} | {median:.0} | {rate:.0} | {ratio:.2} |",
                row.name
            );
        }
    }
}

/// How much virtual time a second of wall time is, when nobody asks for anything; and with clients, by nodes.
fn growth() {
    println!(
        "\n| nodes | idle: virtual to wall time | 16 clients: ns a command | ns a command and follower |"
    );
    println!("|---:|---:|---:|---:|");
    for nodes in [3, 5, 11, 21, 51, 101] {
        let (mut idle, mut busy) = (f64::MAX, f64::MAX);
        for _ in 0..3 {
            let virtual_time = Duration::from_secs(if nodes < 20 { 1_000 } else { 100 });
            let mut world = kernel::world(nodes, 0);
            let start = Instant::now();
            world.run_until(Time(virtual_time.as_nanos() as u64));
            idle = idle.min(start.elapsed().as_secs_f64() / virtual_time.as_secs_f64());
            let commands = COMMANDS / u64::from(nodes);
            let mut world = kernel::world(nodes, CLIENTS);
            let start = Instant::now();
            let done = kernel::run(&mut world, nodes, commands);
            busy = busy.min(start.elapsed().as_nanos() as f64 / done as f64);
        }
        let each = busy / f64::from(nodes - 1);
        println!("| {nodes} | {:.0} | {busy:.0} | {each:.0} |", 1.0 / idle);
    }
}

fn main() {
    throughput();
    growth();
}
