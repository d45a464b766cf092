//! The story of a run: what is done to the world at given times.

use super::{Incoming, World};
use crate::network::Flight;
use crate::node::Status;
use simlab_core::{CutId, DropReason, Kind, NodeId, Seq};
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
    /// A cut begins. What is under way over a link that it cuts dies.
    Cut(CutId),
    /// A cut ends.
    Heal(CutId),
    /// A node stops without warning. What was not durable on its disk is lost.
    Crash(NodeId),
    /// A crashed node comes up again, with the disk that survived.
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
            Action::Cut(_) | Action::Heal(_) => None,
        }
    }
}

impl World {
    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::Command { node, bytes } => {
                let up = self.nodes[node.index()].status == Status::Up;
                let seq = self.record(Some(node), None, Kind::Commanded, &bytes);
                if up {
                    self.handle(node, seq, Incoming::Command(bytes));
                } else {
                    self.stats.unheard += 1;
                    self.record(Some(node), Some(seq), Kind::Unheard, &bytes);
                }
            }
            Action::Cut(cut) => self.cut(cut),
            Action::Heal(cut) => {
                if self.cuts.set(cut, false) {
                    let words = self.cut_in_words(cut);
                    self.record(None, None, Kind::Healed { cut }, words.as_bytes());
                }
            }
            Action::Crash(node) => self.crash(node),
            Action::Restart(node) => {
                if self.nodes[node.index()].status == Status::Down {
                    self.nodes[node.index()].status = Status::Up;
                    let seq = self.record(Some(node), None, Kind::Restarted, &[]);
                    self.handle(node, seq, Incoming::Start);
                }
            }
        }
    }

    fn cut(&mut self, cut: CutId) {
        if !self.cuts.set(cut, true) {
            return;
        }
        let words = self.cut_in_words(cut);
        let seq = self.record(None, None, Kind::Cut { cut }, words.as_bytes());
        let shape = self.cuts.shape(cut);
        // What waits in front of a link that is cut dies too, and makes nobody wait after the heal.
        self.links.clear_backlog(self.now, |from, to| shape.separates(from, to));
        let dead = self.flights.kill(|flight| shape.separates(flight.from, flight.to));
        for flight in dead {
            self.drop_flight(&flight, seq, DropReason::CutInFlight);
        }
    }

    fn crash(&mut self, id: NodeId) {
        if self.nodes[id.index()].status != Status::Up {
            return;
        }
        self.stats.crashes += 1;
        let seq = self.record(Some(id), None, Kind::Crashed, &[]);
        self.stop(id, seq, Status::Down);
    }

    pub(super) fn stop(&mut self, id: NodeId, cause: Seq, status: Status) {
        let writes = self.nodes[id.index()].stop(status);
        if writes > 0 {
            self.record(Some(id), Some(cause), Kind::LostOnCrash { writes }, &[]);
        }
    }

    /// A copy that was under way is gone.
    pub(super) fn drop_flight(&mut self, flight: &Flight, cause: Seq, why: DropReason) {
        self.in_flight_bytes -= self.weight(flight.frame);
        self.record_drop(flight.from, flight.to, flight.frame, flight.datagram, cause, why);
        self.frames.release(flight.frame);
    }

    fn cut_in_words(&self, cut: CutId) -> String {
        self.cuts.shape(cut).in_words(&|node| self.names.node(node))
    }
}
