//! How much memory a world of very many nodes takes: each sends a datagram to a random other once a
//! second, for ten seconds, and nobody answers.
//!
//! ```text
//! cargo run --release --example many_nodes -- 1000000
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use simlab_core::{Distribution, Duration, Env, Event, NodeId, Process, Time};
use simlab_sim::{Limits, LinkSpec, NodeSpec, Options, World};
use std::process::ExitCode;

const SECONDS: u64 = 10;

/// Sends once a second.
#[derive(Clone, Hash)]
struct Talker {
    nodes: u32,
    received: u32,
}

impl Process for Talker {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Start => {
                let begin = env.below(1_000_000_000);
                env.set_timer(0, Duration(begin));
            }
            Event::Timer { .. } => {
                // Any other node: all but oneself are equally likely.
                let other = env.below(u64::from(self.nodes) - 1) as u32;
                let to = NodeId(other + u32::from(other >= env.me().0));
                env.send(to, &env.now().nanos().to_be_bytes()[..]);
                env.set_timer(0, Duration::from_secs(1));
            }
            Event::Datagram { .. } => self.received += 1,
            _ => {}
        }
    }
}

/// What the operating system says that the program took at most, in bytes.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1_024)
}

fn main() -> ExitCode {
    let argument = std::env::args().nth(1);
    let nodes = match argument.as_deref().unwrap_or("100000").parse() {
        Ok(nodes) if (2..=10_000_000).contains(&nodes) => nodes,
        _ => {
            eprintln!("many_nodes: expected a number of nodes, from 2 to 10000000");
            return ExitCode::from(2);
        }
    };
    let before = resident();
    let limits = Limits { events: u64::MAX, queue: usize::MAX, ..Limits::default() };
    let mut world = World::new(Options { recording: false, limits, ..Options::seed(7) });
    let (min, max) = (Duration::from_millis(1), Duration::from_millis(10));
    let delay = Distribution::Uniform { min, max };
    world.set_default_link(LinkSpec { delay, ..LinkSpec::default() });
    for _ in 0..nodes {
        world.add_node(NodeSpec::new("", Box::new(Talker { nodes, received: 0 })));
    }
    world.run_until(Time::ZERO + Duration::from_secs(SECONDS) + max);
    if let Some(finding) = world.findings().first() {
        eprintln!("many_nodes: {}: {}", finding.name, finding.detail);
        return ExitCode::FAILURE;
    }
    let stats = world.stats();
    println!("nodes       {nodes}");
    println!("delivered   {}", stats.delivered);
    println!("trace hash  {:016x}", world.trace_hash());
    if let (Some(before), Some(after)) = (before, resident()) {
        let own = size_of::<Talker>() as u64;
        let kernel = (after - before) / u64::from(nodes);
        println!("memory      {kernel} bytes a node, of which {own} are its process's own");
    }
    ExitCode::SUCCESS
}
