//! What the links of a scenario are like.

use simlab_core::NodeId;
use simlab_sim::{LinkSpec, Patch};
use std::collections::BTreeSet;

/// The links of a scenario, by rules rather than by pairs: a hundred thousand nodes cost no more
/// than the rules.
#[derive(Clone, Debug)]
pub struct Network {
    pub(crate) default: LinkSpec,
    pub(crate) same_site: LinkSpec,
    /// The site of each node as a number.
    pub(crate) sites: Vec<Option<u32>>,
    pub(crate) rules: Vec<Rule>,
}

/// What holds between some nodes, on top of what held before.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) from: BTreeSet<NodeId>,
    pub(crate) to: BTreeSet<NodeId>,
    /// Also the other direction.
    pub(crate) both: bool,
    pub(crate) patch: Patch,
}

impl Rule {
    fn covers(&self, from: NodeId, to: NodeId) -> bool {
        self.from.contains(&from) && self.to.contains(&to)
            || self.both && self.from.contains(&to) && self.to.contains(&from)
    }

    fn pairs(&self) -> impl Iterator<Item = (NodeId, NodeId)> {
        let forth = self.from.iter().flat_map(|&a| self.to.iter().map(move |&b| (a, b)));
        let back = self.to.iter().flat_map(|&a| self.from.iter().map(move |&b| (a, b)));
        forth.chain(back.filter(|_| self.both))
    }
}

impl Network {
    /// The link between nodes of which no more is said.
    #[must_use]
    pub const fn default_link(&self) -> LinkSpec {
        self.default
    }

    /// The link between nodes of one site, of which no more is said.
    #[must_use]
    pub const fn same_site_link(&self) -> LinkSpec {
        self.same_site
    }

    /// What the link from one node to another is like. A node's link to itself is perfect.
    #[must_use]
    pub fn link(&self, from: NodeId, to: NodeId) -> LinkSpec {
        if from == to {
            return LinkSpec::default();
        }
        let mut link = self.usual(from, to);
        for rule in self.rules.iter().filter(|rule| rule.covers(from, to)) {
            rule.patch.apply(&mut link);
        }
        link
    }

    /// The link without the rules.
    fn usual(&self, from: NodeId, to: NodeId) -> LinkSpec {
        let site = |node: NodeId| self.sites.get(node.index()).copied().flatten();
        match (site(from), site(to)) {
            (Some(a), Some(b)) if a == b => self.same_site,
            _ => self.default,
        }
    }

    /// The pairs of nodes whose link is neither the default one nor, at one site, that of a site:
    /// each once and in order. There are no more than the rules name.
    #[must_use]
    pub fn exceptions(&self) -> Vec<(NodeId, NodeId, LinkSpec)> {
        let pairs: BTreeSet<_> = self.rules.iter().flat_map(Rule::pairs).collect();
        pairs
            .into_iter()
            .filter(|(from, to)| from != to)
            .map(|(from, to)| (from, to, self.link(from, to)))
            .filter(|(from, to, link)| *link != self.usual(*from, *to))
            .collect()
    }
}
