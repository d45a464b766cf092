//! Raft of simlab in the kernel: bare, with the clients at the leader; and idle.

use crate::bare::config;
use crate::sum::{Sum, command};
use simlab_core::{Distribution, Duration, Env, Event, Fields, NodeId, Process, Time};
use simlab_protocols::raft::config::Config;
use simlab_protocols::raft::configuration::Configuration;
use simlab_protocols::raft::service::RAFT;
use simlab_protocols::raft::{Output, Raft};
use simlab_sim::{Limits, LinkSpec, NodeSpec, Options, World};

#[derive(Clone, Hash)]
struct Node {
    raft: Raft<Sum>,
    /// How many clients it has, of whom each waits for an answer; and how many commands are applied.
    clients: u64,
    waiting: u64,
    applied: u64,
}

impl Process for Node {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        let (_, event) = if event == Event::Start { (None, event) } else { event.peel() };
        let mut outputs = self.raft.on_event(event, &mut env.at(RAFT));
        loop {
            for output in &outputs {
                match output {
                    Output::Applied { .. } => {
                        self.applied += 1;
                        self.waiting = self.waiting.saturating_sub(1);
                    }
                    Output::Deposed => self.waiting = 0,
                    _ => {}
                }
            }
            if !self.raft.leads() || self.waiting == self.clients {
                return;
            }
            while self.waiting < self.clients {
                let proposed = self.raft.propose(command(self.applied), &mut env.at(RAFT));
                proposed.expect("it leads");
                self.waiting += 1;
            }
            outputs = self.raft.finish(&mut env.at(RAFT));
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("applied", self.applied as i64);
    }
}

/// A world of so many nodes, with so many clients at whoever leads; nothing is recorded.
pub fn world(nodes: u32, clients: u64) -> World {
    let most = u64::MAX;
    let limits = Limits { events: most, records: most, in_flight_bytes: most, ..Limits::default() };
    let mut world = World::new(Options { recording: false, limits, ..Options::seed(7) });
    let delay =
        Distribution::Uniform { min: Duration::from_millis(1), max: Duration::from_millis(2) };
    world.set_default_link(LinkSpec { delay, ..LinkSpec::default() });
    let ids = || (0..nodes).map(NodeId);
    for me in ids() {
        let config = Config { pre_vote: true, ..config() };
        let raft = Raft::new(me, ids(), Configuration::of(ids()), config, Sum::default());
        let node = Node { raft, clients, waiting: 0, applied: 0 };
        let sync = Distribution::Fixed(Duration::from_millis(1));
        world.add_node(NodeSpec::new("node", Box::new(node)).sync_delay(sync));
    }
    world
}

/// How many commands are applied where most are.
pub fn applied(world: &World, nodes: u32) -> u64 {
    let of = |node| {
        let fields = world.inspect(NodeId(node)).expect("it is up");
        fields.get_int(&["applied"]).unwrap_or(0) as u64
    };
    (0..nodes).map(of).max().unwrap_or(0)
}

/// Runs until so many are.
pub fn run(world: &mut World, nodes: u32, commands: u64) -> u64 {
    let mut until = Time::ZERO;
    loop {
        until = until + Duration::from_millis(100);
        world.run_until(until);
        let applied = applied(world, nodes);
        if applied >= commands {
            assert!(world.findings().is_empty(), "{:?}", world.findings());
            return applied;
        }
    }
}
