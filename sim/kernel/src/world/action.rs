//! The story of a run: what is done to the world at given times.

use super::World;
use crate::node::{Status, Work};
use simlab_core::{FaultId, Kind, NodeId};
use std::sync::Arc;

/// Something done to the world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A node gets an order. One that is down does not hear it.
    Command {
        /// The node.
        node: NodeId,
        /// The order; clients take an encoded [`Operation`](simlab_core::Operation).
        bytes: Arc<[u8]>,
    },
    /// A fault begins.
    Begin(FaultId),
    /// A fault is over.
    End(FaultId),
    /// A node stops without warning.
    Crash(NodeId),
    /// A node that crashed or halted comes up again, with the disk that survived, unless a fault
    /// keeps it down.
    Restart(NodeId),
}

impl Action {
    /// The node that it concerns, if it is one.
    #[must_use]
    pub const fn node(&self) -> Option<NodeId> {
        match self {
            Action::Command { node, .. } | Action::Crash(node) | Action::Restart(node) => {
                Some(*node)
            }
            Action::Begin(_) | Action::End(_) => None,
        }
    }
}

impl World {
    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::Command { node, bytes } => {
                if self.nodes[node.index()].status == Status::Up {
                    self.admit(node, Work::Command { bytes });
                } else {
                    let seq = self.record(Some(node), None, Kind::Commanded, &bytes);
                    self.stats.unheard += 1;
                    self.record(Some(node), Some(seq), Kind::Unheard, &bytes);
                }
            }
            Action::Begin(fault) => self.begin(fault),
            Action::End(fault) => self.end(fault),
            Action::Crash(node) => {
                self.crash(node, None);
            }
            Action::Restart(node) => self.restart(node, None),
        }
    }
}
