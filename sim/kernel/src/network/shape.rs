//! Shapes of partitions: which directed pairs of nodes a cut keeps apart.

use simlab_core::NodeId;
use std::collections::BTreeSet;

/// The shape of a cut. Nodes that it does not name keep all their links.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Groups that cannot reach each other; within a group all is well.
    Groups(Vec<BTreeSet<NodeId>>),
    /// Nothing gets from `from` to `to`; the way back works.
    OneWay {
        /// The senders that are not heard.
        from: BTreeSet<NodeId>,
        /// The receivers that do not hear them.
        to: BTreeSet<NodeId>,
    },
    /// Two sides that cannot reach each other, and nodes between them that reach both.
    Bridge {
        /// One side.
        left: BTreeSet<NodeId>,
        /// The other.
        right: BTreeSet<NodeId>,
        /// The nodes that reach both; they are on neither side.
        via: BTreeSet<NodeId>,
    },
    /// Nodes that reach nobody and that nobody reaches, not even each other.
    Isolated(BTreeSet<NodeId>),
}

impl Shape {
    /// Whether the cut keeps datagrams of `from` away from `to`. A node always reaches itself.
    #[must_use]
    pub fn separates(&self, from: NodeId, to: NodeId) -> bool {
        if from == to {
            return false;
        }
        match self {
            Shape::Groups(groups) => {
                let group = |node| groups.iter().position(|g| g.contains(&node));
                matches!((group(from), group(to)), (Some(a), Some(b)) if a != b)
            }
            Shape::OneWay { from: senders, to: receivers } => {
                senders.contains(&from) && receivers.contains(&to)
            }
            Shape::Bridge { left, right, via: _ } => {
                left.contains(&from) && right.contains(&to)
                    || right.contains(&from) && left.contains(&to)
            }
            Shape::Isolated(nodes) => nodes.contains(&from) || nodes.contains(&to),
        }
    }

    /// The shape in words, as in `{beijing, hangzhou} / {shanghai}`; `name` gives the nodes' names.
    #[must_use]
    pub fn in_words(&self, name: &dyn Fn(NodeId) -> String) -> String {
        let set = |nodes: &BTreeSet<NodeId>| {
            let names: Vec<String> = nodes.iter().map(|node| name(*node)).collect();
            format!("{{{}}}", names.join(", "))
        };
        match self {
            Shape::Groups(groups) => groups.iter().map(set).collect::<Vec<_>>().join(" / "),
            Shape::OneWay { from, to } => format!("{} is not heard by {}", set(from), set(to)),
            Shape::Bridge { left, right, via } => {
                format!("{} / {}, bridged by {}", set(left), set(right), set(via))
            }
            Shape::Isolated(nodes) => format!("{} isolated", set(nodes)),
        }
    }
}
