//! Raft of simlab without the kernel: messages go from queue to queue, what is written is kept in memory and safe at once.
//! The bytes are made and read all the same, checksums of what is written too.

use crate::sum::{Sum, command};
use crate::{BATCH_BYTES, CLIENTS, WINDOW};
use simlab_core::{
    Counters, Disk, DiskError, Effect, Env, Event, Moment, NodeId, Outbox, Scope, Seeded, Time,
};
use simlab_protocols::raft::config::Config;
use simlab_protocols::raft::configuration::Configuration;
use simlab_protocols::raft::service::RAFT;
use simlab_protocols::raft::{Output, Raft};
use std::collections::{BTreeMap, VecDeque};

/// As the peer is set up: nothing is compacted.
pub fn config() -> Config {
    Config {
        batch: 1_000,
        batch_bytes: BATCH_BYTES,
        window: WINDOW,
        compact: u64::MAX,
        leases: false,
        ..Config::default()
    }
}

#[derive(Default)]
struct Memory(BTreeMap<String, Vec<u8>>);

impl Disk for Memory {
    fn read(&self, file: &str) -> Result<Option<&[u8]>, DiskError> {
        Ok(self.0.get(file).map(Vec::as_slice))
    }

    fn list(&self, prefix: &str) -> Vec<&str> {
        self.0.keys().map(String::as_str).filter(|name| name.starts_with(prefix)).collect()
    }
}

struct Node {
    raft: Raft<Sum>,
    counters: Counters,
    memory: Memory,
}

/// What happens to a node.
enum Happens<'a> {
    Event(Event<'a>),
    /// So many clients ask for something, beginning with this number.
    Proposals(u64, u64),
}

/// The nodes, and what is under way.
pub struct Cluster {
    nodes: Vec<Node>,
    inboxes: Vec<VecDeque<(NodeId, Vec<u8>)>>,
    /// Memory that was a message, and is one again.
    spare: Vec<Vec<u8>>,
    outbox: Outbox,
    draws: Seeded,
    applied: u64,
    proposed: u64,
}

impl Cluster {
    /// So many nodes, of which the first leads.
    pub fn new(nodes: u32) -> Cluster {
        let ids = || (0..nodes).map(NodeId);
        let node = |me| Node {
            raft: Raft::new(me, ids(), Configuration::of(ids()), config(), Sum::default()),
            counters: Counters::default(),
            memory: Memory::default(),
        };
        let mut cluster = Cluster {
            nodes: ids().map(node).collect(),
            inboxes: ids().map(|_| VecDeque::new()).collect(),
            spare: Vec::new(),
            outbox: Outbox::new(),
            draws: Seeded::new(1),
            applied: 0,
            proposed: 0,
        };
        for me in ids() {
            cluster.happen(me, Happens::Event(Event::Start));
        }
        let election = Event::Timer { scope: Scope::ROOT, key: 0 };
        cluster.happen(NodeId(0), Happens::Event(election));
        while !cluster.quiet() {
            cluster.turn();
        }
        assert!(cluster.nodes[0].raft.leads(), "it was elected");
        cluster
    }

    fn quiet(&self) -> bool {
        self.inboxes.iter().all(VecDeque::is_empty)
    }

    /// Has so many commands applied at the leader; the clients ask for the next as soon as they have their answers.
    pub fn run(&mut self, commands: u64) -> u64 {
        self.propose(CLIENTS.min(commands));
        let mut answered = 0;
        while self.applied < commands {
            assert!(!self.quiet(), "somebody has something to say");
            self.turn();
            let free = self.applied - answered;
            answered = self.applied;
            self.propose(free.min(commands - self.proposed));
        }
        self.applied
    }

    fn propose(&mut self, count: u64) {
        if count > 0 {
            self.happen(NodeId(0), Happens::Proposals(self.proposed, count));
            self.proposed += count;
        }
    }

    /// Every node handles what has arrived.
    fn turn(&mut self) {
        for me in (0..self.nodes.len() as u32).map(NodeId) {
            for _ in 0..self.inboxes[me.index()].len() {
                let Some((from, bytes)) = self.inboxes[me.index()].pop_front() else { break };
                // The first byte says for which component of the node it is.
                let (_, event) = Event::Datagram { from, bytes: &bytes }.peel();
                self.happen(me, Happens::Event(event));
                self.spare.push(bytes);
            }
        }
    }

    fn happen(&mut self, me: NodeId, request: Happens<'_>) {
        let mut synced = self.handle(me, request);
        while let Some(ticket) = synced {
            let event = Event::Synced { scope: Scope::ROOT, ticket, result: Ok(()) };
            synced = self.handle(me, Happens::Event(event));
        }
    }

    /// What is written and to be synced.
    fn handle(&mut self, me: NodeId, request: Happens<'_>) -> Option<simlab_core::Ticket> {
        let Cluster { nodes, inboxes, spare, outbox, draws, .. } = self;
        let Node { raft, counters, memory } = &mut nodes[me.index()];
        let now = Time(1_000_000_000);
        let moment = Moment { me, now, wall: now, life: 0 };
        outbox.clear();
        let mut env = Env::new(moment, outbox, counters, draws, memory);
        let mut env = env.at(RAFT);
        let outputs = match request {
            Happens::Event(event) => raft.on_event(event, &mut env),
            Happens::Proposals(first, count) => {
                for number in first..first + count {
                    raft.propose(command(number), &mut env).expect("it leads");
                }
                raft.finish(&mut env)
            }
        };
        let mut synced = None;
        for effect in outbox.effects() {
            match *effect {
                Effect::Send { to, payload } => {
                    for to in outbox.receivers(to) {
                        let mut bytes = spare.pop().unwrap_or_default();
                        bytes.clear();
                        bytes.extend_from_slice(outbox.bytes(payload));
                        inboxes[to.index()].push_back((me, bytes));
                    }
                }
                Effect::Append { file, data } => {
                    let (file, data) = (outbox.text(file), outbox.bytes(data));
                    match memory.0.get_mut(file) {
                        Some(bytes) => bytes.extend_from_slice(data),
                        None => drop(memory.0.insert(file.to_owned(), data.to_vec())),
                    }
                }
                Effect::Sync { ticket, .. } => synced = Some(ticket),
                Effect::SetTimer { .. }
                | Effect::CancelTimer { .. }
                | Effect::Note { .. }
                | Effect::Reached { .. } => {}
                other => panic!("Raft asks for nothing of that kind here: {other:?}"),
            }
        }
        if me.0 == 0 {
            let applied = outputs.iter().filter(|output| matches!(output, Output::Applied { .. }));
            self.applied += applied.count() as u64;
        }
        synced
    }
}
