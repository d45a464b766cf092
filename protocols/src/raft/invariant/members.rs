//! The configuration in force.

use super::logs::Logs;
use super::{Law, Said, forget_oldest};
use crate::raft::notes::{
    COMMITTED, CONFIGURATION, CONFIGURED, DEPOSED, FOLLOWS, INSTALLED, LEADS, RECOVERED,
    STEPS_DOWN, TRUNCATED, unpacked,
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
                forget_oldest(node);
            }
            COMMITTED => {
                let known = self.committed.last_key_value().map_or(0, |(index, _)| *index);
                let news = node.range(known..).take_while(|(index, _)| **index <= said.a);
                for (index, digest) in news {
                    self.committed.insert(*index, *digest);
                    forget_oldest(&mut self.committed);
                }
            }
            INSTALLED => {
                let later = node.split_off(&(at.index + 1));
                // All of them: a crash may take the snapshot back.
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
                        0 => format!(
                            "{who} goes by another configuration than the first, which is that of its log"
                        ),
                        _ => format!(
                            "{who} goes by another configuration than that of entry {index}, the last of its log"
                        ),
                    });
                }
            }
            _ => {}
        }
        None
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct OneChange {
    /// Leaders, with what they have committed and where the last configuration of their log is.
    nodes: BTreeMap<NodeId, Changing>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Changing {
    leads: bool,
    commit: u64,
    last: u64,
}

impl Law for OneChange {
    const NAME: &'static str = "one_change";

    fn judge(&mut self, said: Said, name: Names<'_>) -> Option<String> {
        let node = self.nodes.entry(said.node).or_default();
        match said.name {
            RECOVERED => *node = Changing::default(),
            LEADS => node.leads = true,
            DEPOSED | STEPS_DOWN | FOLLOWS => node.leads = false,
            COMMITTED => node.commit = said.a,
            INSTALLED => node.commit = unpacked(said.a).index,
            CONFIGURED => node.last = said.a,
            CONFIGURATION if node.leads && node.last > node.commit => {
                let (last, next) = (node.last, unpacked(said.a).index);
                let who = name(said.node);
                return Some(format!(
                    "{who} changes the cluster at {next} before its change at {last} is committed"
                ));
            }
            _ => {}
        }
        None
    }
}
