//! Is there a view of one session whose reads may come in any order?
//!
//! Then each read can stand right behind the write that it saw, and all that is left to find is an
//! order of the writes: there is one if the relation has no cycle. A compare-and-set is different,
//! since it is a write as well, and no other write may come between it and what it saw: of such a
//! chain, whatever comes before one link comes before the first.

use super::super::effective::{Effective, Saw};
use super::super::meter::{Meter, Spent};
use super::graph::{Edge, NONE, cycle};
use super::saturate::Relation;
use std::collections::BTreeSet;

/// Operations of which there can be no view; `None` if there is one.
pub(super) fn contradiction(
    effective: &Effective,
    relation: &mut Relation,
    meter: &mut Meter<'_>,
) -> Result<Option<Vec<usize>>, Spent> {
    meter.steps((relation.nodes + relation.edges.len()) as u64)?;
    let chains = match Chains::new(effective, relation) {
        Ok(chains) => chains,
        Err(rivals) => return Ok(Some(relation.operations(effective, rivals))),
    };
    let moved: Vec<(usize, usize)> = relation
        .edges
        .iter()
        .enumerate()
        .filter(|(_, edge)| chains.first(edge.from) != chains.first(edge.to))
        .filter(|(_, edge)| chains.first(edge.to) != edge.to)
        .map(|(index, edge)| (index, edge.to))
        .collect();
    for &(index, to) in &moved {
        relation.edges[index].to = chains.first(to);
    }
    let Some(cycle) = cycle(relation.nodes, &relation.edges) else { return Ok(None) };
    let mut nodes = BTreeSet::new();
    for index in cycle {
        let Edge { from, to, via } = relation.edges[index];
        nodes.extend([from, to, via]);
        if let Ok(at) = moved.binary_search_by_key(&index, |&(index, _)| index) {
            chains.down_from(moved[at].1, &mut nodes);
        }
    }
    Ok(Some(relation.operations(effective, nodes)))
}

/// The chains of compare-and-sets of the session, each link having seen the one before.
struct Chains {
    /// What each node saw, if it is such a link.
    saw: Vec<usize>,
    /// What the chain begins with.
    first: Vec<usize>,
}

impl Chains {
    /// Fails with operations that cannot form chains: two that saw the same, or a ring.
    fn new(effective: &Effective, relation: &Relation) -> Result<Self, Vec<usize>> {
        let mut saw = vec![NONE; relation.nodes];
        let mut seen_by = vec![NONE; relation.nodes];
        let is_link = |node: &&usize| effective.all[**node].writes;
        for &link in relation.view.iter().filter(is_link) {
            let effect = &effective.all[link];
            let source = match effect.reads {
                Some(Saw::Write(write)) => write,
                _ => relation.initial + effect.object,
            };
            saw[link] = source;
            if seen_by[source] != NONE {
                return Err(vec![seen_by[source], link]);
            }
            seen_by[source] = link;
        }
        let mut first: Vec<usize> = (0..relation.nodes).collect();
        let mut known = vec![false; relation.nodes];
        for &link in relation.view.iter().filter(is_link) {
            let mut path = Vec::new();
            let mut node = link;
            while saw[node] != NONE && !known[node] {
                known[node] = true;
                path.push(node);
                node = saw[node];
                if node == link {
                    return Err(path);
                }
            }
            let begin = first[node];
            for link in path {
                first[link] = begin;
            }
        }
        Ok(Chains { saw, first })
    }

    fn first(&self, node: usize) -> usize {
        self.first[node]
    }

    /// Adds the links from this one down to the first.
    fn down_from(&self, link: usize, nodes: &mut BTreeSet<usize>) {
        let mut node = link;
        while node != NONE {
            nodes.insert(node);
            node = self.saw[node];
        }
    }
}
