//! The configuration in force.

use super::logs::Logs;
use super::{Law, Said};
use crate::raft::notes::{
    COMMITTED, CONFIGURATION, CONFIGURED, INSTALLED, RECOVERED, TRUNCATED, unpacked,
};
use simlab_core::NodeId;
use std::collections::BTreeMap;

type Names<'a> = &'a dyn Fn(NodeId) -> String;

#[derive(Clone, Debug, Default)]
pub(super) struct ConfigurationOfLog {
    logs: Logs,
    /// The configurations of each node's log and of what its snapshots have, by their index.
    nodes: BTreeMap<NodeId, BTreeMap<u64, u64>>,
    /// Those that some node knows to be committed.
    committed: BTreeMap<u64, u64>,
    /// What the cluster begins with.
    initial: Option<u64>,
}

impl Law for ConfigurationOfLog {
    const NAME: &'static str = "configuration_of_log";

    fn judge(&mut self, said: Said, name: Names<'_>) -> Option<String> {
        let at = unpacked(said.a);
        let same = self.logs.term(said.node, at.index) == Some(at.term);
        self.logs.hear(said);
        let node = self.nodes.entry(said.node).or_default();
        match said.name {
            RECOVERED => {
                node.split_off(&(at.index + 1));
            }
            TRUNCATED => {
                node.split_off(&said.a);
            }
            CONFIGURATION => {
                node.insert(at.index, said.b);
            }
            COMMITTED => {
                self.committed.extend(node.range(..=said.a).map(|(index, digest)| (*index, *digest)));
            }
            INSTALLED => {
                let later = node.split_off(&(at.index + 1));
                *node = self.committed.clone();
                node.split_off(&(at.index + 1));
                if same {
                    node.extend(later);
                }
            }
            CONFIGURED => {
                let initial = *self.initial.get_or_insert(said.b);
                let (index, digest) = node.last_key_value().map_or((0, initial), |(i, d)| (*i, *d));
                if digest != said.b {
                    let who = name(said.node);
                    return Some(match index {
                        0 => format!("{who} goes by another configuration than the first, which is that of its log"),
                        _ => format!("{who} goes by another configuration than that of entry {index}, the last of its log"),
                    });
                }
            }
            _ => {}
        }
        None
    }
}
