//! Who can talk to whom: the network as a graph.

use petgraph::algo::{has_path_connecting, tarjan_scc};
use petgraph::graphmap::DiGraphMap;
use simlab_core::NodeId;

/// The open links at one moment, as a directed graph.
#[derive(Clone, Debug)]
pub struct Reach {
    graph: DiGraphMap<NodeId, ()>,
}

impl Reach {
    /// The graph over `nodes` nodes with an edge wherever `open(from, to)`.
    pub fn new(nodes: u32, open: impl Fn(NodeId, NodeId) -> bool) -> Self {
        let mut graph = DiGraphMap::with_capacity(nodes as usize, 0);
        let ids = || (0..nodes).map(NodeId);
        for id in ids() {
            graph.add_node(id);
        }
        for from in ids() {
            for to in ids() {
                if from != to && open(from, to) {
                    graph.add_edge(from, to, ());
                }
            }
        }
        Reach { graph }
    }

    /// Whether a datagram of `from` can get to `to` directly.
    #[must_use]
    pub fn direct(&self, from: NodeId, to: NodeId) -> bool {
        from == to || self.graph.contains_edge(from, to)
    }

    /// Whether word of `from` can get to `to`, through others if need be.
    #[must_use]
    pub fn reaches(&self, from: NodeId, to: NodeId) -> bool {
        has_path_connecting(&self.graph, from, to, None)
    }

    /// The groups within which everybody can talk with everybody, through others if need be: the
    /// strongly connected components. Groups and their members are sorted by id.
    #[must_use]
    pub fn groups(&self) -> Vec<Vec<NodeId>> {
        let mut groups = tarjan_scc(&self.graph);
        for group in &mut groups {
            group.sort_unstable();
        }
        groups.sort_unstable();
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shape;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const NODES: u32 = 6;

    fn set() -> impl Strategy<Value = BTreeSet<NodeId>> {
        proptest::collection::btree_set((0..NODES).prop_map(NodeId), 0..4)
    }

    fn shape() -> impl Strategy<Value = Shape> {
        prop_oneof![
            (set(), set()).prop_map(|(a, b)| Shape::Groups(vec![&a - &b, b])),
            (set(), set()).prop_map(|(from, to)| Shape::OneWay { from, to }),
            (set(), set(), set()).prop_map(|(left, right, via)| Shape::Bridge {
                left: &left - &via,
                right: &(&right - &left) - &via,
                via,
            }),
            set().prop_map(Shape::Isolated),
        ]
    }

    proptest! {
        /// petgraph's answer against Warshall's closure of the same cuts.
        #[test]
        fn it_agrees_with_the_transitive_closure(
            cuts in proptest::collection::vec(shape(), 0..3),
        ) {
            let open = |a, b| !cuts.iter().any(|cut| cut.separates(a, b));
            let reach = Reach::new(NODES, open);
            let n = NODES as usize;
            let mut closure = vec![vec![false; n]; n];
            for (a, row) in closure.iter_mut().enumerate() {
                for (b, cell) in row.iter_mut().enumerate() {
                    *cell = a == b || open(NodeId(a as u32), NodeId(b as u32));
                }
            }
            for via in 0..n {
                for a in 0..n {
                    for b in 0..n {
                        closure[a][b] |= closure[a][via] && closure[via][b];
                    }
                }
            }
            let groups = reach.groups();
            for (a, row) in (0..NODES).map(NodeId).zip(&closure) {
                for (b, expected) in (0..NODES).map(NodeId).zip(row) {
                    prop_assert_eq!(reach.reaches(a, b), *expected);
                    prop_assert_eq!(reach.direct(a, b), a == b || open(a, b));
                    let together = groups.iter().any(|g| g.contains(&a) && g.contains(&b));
                    prop_assert_eq!(together, *expected && closure[b.index()][a.index()]);
                }
            }
        }
    }

    #[test]
    fn a_bridge_joins_its_sides() {
        let one = |n| BTreeSet::from([NodeId(n)]);
        let bridge = Shape::Bridge { left: one(0), right: one(1), via: one(2) };
        let reach = Reach::new(3, |a, b| !bridge.separates(a, b));
        assert!(!reach.direct(NodeId(0), NodeId(1)));
        assert!(reach.reaches(NodeId(0), NodeId(1)));
        assert_eq!(reach.groups().len(), 1);
    }

    #[test]
    fn isolation_is_complete() {
        let cut = Shape::Isolated(BTreeSet::from([NodeId(0), NodeId(1)]));
        let reach = Reach::new(4, |a, b| !cut.separates(a, b));
        let groups = reach.groups();
        assert_eq!(groups, [vec![NodeId(0)], vec![NodeId(1)], vec![NodeId(2), NodeId(3)]]);
    }
}
