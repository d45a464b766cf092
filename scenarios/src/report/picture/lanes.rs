//! The places that a picture has.

use super::super::VariantReport;
use crate::Node;
use simlab_core::{NodeId, Role};
use simlab_sim::{Reach, Shape};
use std::collections::BTreeSet;

/// The lanes of a picture: a site each, or a node each where there are no sites. Those that can still
/// talk to each other during the cut stand side by side, so that a wall is a straight line.
pub(super) struct Lanes {
    pub(super) names: Vec<String>,
    /// The lane of each node.
    of: Vec<usize>,
    /// The lanes to the right of which a wall stands during the cut.
    pub(super) walls: Vec<usize>,
    /// The nodes whose talk is drawn: the servers, or all where nobody has clients.
    pub(super) talkers: BTreeSet<NodeId>,
}

impl Lanes {
    pub(super) fn new(report: &VariantReport<'_>, shape: &Shape) -> Self {
        let setup = report.run.setup;
        let nodes = &setup.scenario.nodes;
        let place = |node: &Node| node.site.clone().unwrap_or_else(|| node.name.clone());
        // The network during the cut decides the order.
        let count = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
        let reach = Reach::new(count, |from, to| !shape.separates(from, to));
        let (mut names, mut walls) = (Vec::new(), Vec::new());
        for group in reach.groups() {
            let before = names.len();
            for node in group {
                let name = place(&nodes[node.index()]);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            if before > 0 && names.len() > before {
                walls.push(before - 1);
            }
        }
        let lane = |node: &Node| names.iter().position(|name| *name == place(node)).unwrap_or(0);
        let of = nodes.iter().map(lane).collect();
        let roster = &setup.scenario.variants[setup.variant].roster;
        let serves = |name| setup.catalogue.service(name).is_some_and(|e| e.role == Role::Server);
        let asked = !setup.scenario.objects.is_empty();
        let talks = roster.iter().filter(|m| !asked || serves(m.service));
        Lanes { names, of, walls, talkers: talks.map(|m| m.id).collect() }
    }

    pub(super) fn of(&self, node: NodeId) -> usize {
        self.of.get(node.index()).copied().unwrap_or(0)
    }
}
