//! What is applied, and what it comes to.

use super::{Law, Said, forget_oldest};
use crate::raft::notes::{APPLIED, COMMITTED, FOLLOWS, INSTALLED, LEADS, RECOVERED, unpacked};
use simlab_core::NodeId;
use std::collections::BTreeMap;

type Names<'a> = &'a dyn Fn(NodeId) -> String;

/// A node that has come up.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    commit: u64,
    applied: u64,
    /// Its snapshot is not told yet: what it says next of its state is that.
    fresh: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct AppliedIsCommitted {
    nodes: BTreeMap<NodeId, Node>,
    committed: u64,
}

impl Law for AppliedIsCommitted {
    const NAME: &'static str = "applied_is_committed";

    fn judge(&mut self, said: Said, name: Names<'_>) -> Option<String> {
        let node = self.nodes.entry(said.node).or_default();
        match said.name {
            RECOVERED => *node = Node { fresh: true, ..Node::default() },
            INSTALLED => {
                let last = unpacked(said.a).index;
                *node = Node { commit: node.commit.max(last), applied: last, fresh: true };
            }
            // It has said what its snapshot has, if it has one: that comes before everything else.
            FOLLOWS | LEADS => node.fresh = false,
            COMMITTED => {
                node.fresh = false;
                node.commit = said.a;
                self.committed = self.committed.max(said.a);
            }
            APPLIED => {
                let most = if node.fresh { node.commit.max(self.committed) } else { node.commit };
                let (next, fresh) = (node.applied + 1, node.fresh);
                (node.applied, node.fresh) = (said.a, false);
                if said.a > most {
                    let who = name(said.node);
                    return Some(format!("{who} applies {}, and has committed {most}", said.a));
                }
                if said.a != next && !fresh {
                    return Some(format!("{} applies {} and not {next}", name(said.node), said.a));
                }
            }
            _ => {}
        }
        None
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct SameState {
    states: BTreeMap<u64, (u64, NodeId)>,
}

impl Law for SameState {
    const NAME: &'static str = "same_state";

    fn judge(&mut self, said: Said, name: Names<'_>) -> Option<String> {
        if said.name != APPLIED {
            return None;
        }
        let (digest, first) = *self.states.entry(said.a).or_insert((said.b, said.node));
        forget_oldest(&mut self.states);
        let (first, node) = (name(first), name(said.node));
        (digest != said.b).then(|| match first == node {
            true => format!("{node} has another state after entry {} than it had before", said.a),
            false => format!("{first} and {node} have different states after entry {}", said.a),
        })
    }
}
