//! The other Raft, the crate `raft` (of TiKV), in the same network of queues, with its own storage in memory.

use crate::sum::{command, number};
use crate::{BATCH_BYTES, CLIENTS, WINDOW};
use raft::eraftpb::{Entry, Message};
use raft::storage::MemStorage;
use raft::{Config, RawNode, StateRole};
use slog::{Discard, Logger, o};
use std::collections::VecDeque;

struct Node {
    raw: RawNode<MemStorage>,
    sum: u64,
    applied: u64,
}

/// The nodes, and what is under way.
pub struct Cluster {
    nodes: Vec<Node>,
    inboxes: Vec<VecDeque<Message>>,
    proposed: u64,
}

/// Its nodes have numbers from 1 on.
const fn place(id: u64) -> usize {
    id as usize - 1
}

impl Cluster {
    /// So many nodes, of which the first leads. With `batch_append` it puts what is proposed before a message is taken
    /// into that message; without, as by default, there is a message for each proposal.
    pub fn new(nodes: u32, batch_append: bool) -> Cluster {
        let ids: Vec<u64> = (1..=u64::from(nodes)).collect();
        let node = |id: &u64| {
            let config = Config {
                id: *id,
                election_tick: 10,
                heartbeat_tick: 3,
                max_size_per_msg: BATCH_BYTES as u64,
                max_inflight_msgs: WINDOW,
                batch_append,
                ..Config::default()
            };
            let storage = MemStorage::new_with_conf_state((ids.clone(), vec![]));
            let logger = Logger::root(Discard, o!());
            let raw = RawNode::new(&config, storage, &logger).expect("the configuration is right");
            Node { raw, sum: 0, applied: 0 }
        };
        let mut cluster = Cluster {
            nodes: ids.iter().map(node).collect(),
            inboxes: ids.iter().map(|_| VecDeque::new()).collect(),
            proposed: 0,
        };
        cluster.nodes[0].raw.campaign().expect("it may stand");
        cluster.ready(0);
        while !cluster.quiet() {
            cluster.turn();
        }
        assert_eq!(cluster.nodes[0].raw.raft.state, StateRole::Leader, "it was elected");
        cluster
    }

    fn quiet(&self) -> bool {
        self.inboxes.iter().all(VecDeque::is_empty)
    }

    /// Has so many commands applied at the leader; the clients ask for the next as soon as they have their answers.
    pub fn run(&mut self, commands: u64) -> u64 {
        self.propose(CLIENTS.min(commands));
        let mut answered = 0;
        while self.nodes[0].applied < commands {
            assert!(!self.quiet(), "somebody has something to say");
            self.turn();
            let free = self.nodes[0].applied - answered;
            answered = self.nodes[0].applied;
            self.propose(free.min(commands - self.proposed));
        }
        self.nodes[0].applied
    }

    fn propose(&mut self, count: u64) {
        if count > 0 {
            for number in self.proposed..self.proposed + count {
                self.nodes[0].raw.propose(Vec::new(), command(number)).expect("it leads");
            }
            self.proposed += count;
            self.ready(0);
        }
    }

    /// Every node handles what has arrived, and then what comes of all of it at once.
    fn turn(&mut self) {
        for at in 0..self.nodes.len() {
            if self.inboxes[at].is_empty() {
                continue;
            }
            while let Some(message) = self.inboxes[at].pop_front() {
                self.nodes[at].raw.step(message).expect("a message of a peer");
            }
            self.ready(at);
        }
    }

    /// As its manual says.
    fn ready(&mut self, at: usize) {
        let Cluster { nodes, inboxes, .. } = self;
        let node = &mut nodes[at];
        while node.raw.has_ready() {
            let mut send = |messages: Vec<Message>| {
                for message in messages {
                    inboxes[place(message.to)].push_back(message);
                }
            };
            let mut ready = node.raw.ready();
            send(ready.take_messages());
            let committed = ready.take_committed_entries();
            apply(&mut node.sum, &mut node.applied, &committed);
            let store = node.raw.raft.raft_log.store.clone();
            if !ready.entries().is_empty() {
                store.wl().append(ready.entries()).expect("they follow");
            }
            if let Some(state) = ready.hs() {
                store.wl().set_hardstate(state.clone());
            }
            send(ready.take_persisted_messages());
            let mut light = node.raw.advance(ready);
            if let Some(commit) = light.commit_index() {
                store.wl().mut_hard_state().set_commit(commit);
            }
            send(light.take_messages());
            let committed = light.take_committed_entries();
            apply(&mut node.sum, &mut node.applied, &committed);
            node.raw.advance_apply();
        }
    }
}

fn apply(sum: &mut u64, applied: &mut u64, entries: &[Entry]) {
    // A leader's first entry is empty.
    for entry in entries.iter().filter(|entry| !entry.data.is_empty()) {
        *sum = sum.wrapping_add(number(&entry.data));
        *applied += 1;
    }
}
