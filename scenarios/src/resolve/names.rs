//! Nodes and sites by name.

use super::duplicate;
use crate::diagnostic::{Diagnostic, Problems, Span};
use crate::format::Document;
use crate::format::cast::NodeTable;
use crate::format::part::At;
use crate::format::scalar::{self, Name};
use simlab_core::NodeId;
use std::collections::{BTreeMap, BTreeSet};

/// The most nodes that a scenario can have.
const NODES_MAX: usize = 100_000;
/// How many nodes all lists of a file can name together, sites counted with all of their nodes.
const NAMED_MAX: usize = 1_000_000;

/// What the names of nodes and sites mean.
pub(super) struct Names<'a> {
    /// The nodes that have a name, by id.
    pub(super) nodes: Vec<(&'a str, &'a NodeTable)>,
    by_name: BTreeMap<&'a str, (NodeId, Span)>,
    sites: BTreeMap<&'a str, Vec<NodeId>>,
    /// Whether all of them could be read, so that a name that is not among them is unknown.
    complete: bool,
    named: usize,
}

impl<'a> Names<'a> {
    pub(super) fn new(document: &'a Document, problems: &mut Problems) -> Self {
        let mut names = Names {
            nodes: Vec::new(),
            by_name: BTreeMap::new(),
            sites: BTreeMap::new(),
            complete: document.nodes.is_some(),
            named: 0,
        };
        let mut first_in = BTreeMap::new();
        for table in document.nodes.iter().flat_map(|list| &list.value) {
            let table = &table.value;
            let Some(name) = &table.name else {
                names.complete = false;
                continue;
            };
            let id = NodeId(names.nodes.len() as u32);
            if let Some((_, first)) = names.by_name.get(name.value.0.as_str()) {
                duplicate(problems, "nodes", &name.value.0, *first, name.span);
                continue;
            }
            names.nodes.push((&name.value.0, table));
            names.by_name.insert(&name.value.0, (id, name.span));
            if let Some(site) = &table.site {
                names.sites.entry(&site.value.0).or_default().push(id);
                first_in.entry(site.value.0.as_str()).or_insert(site.span);
            }
        }
        for (site, nodes) in &names.sites {
            match names.by_name.get(site) {
                Some((node, span)) if !nodes.contains(node) => problems.push(
                    Diagnostic::at(*span, format!("`{site}` is a node and also another site"))
                        .label("this node does not stand at the site of its name")
                        .also(first_in[site], "the site"),
                ),
                _ => {}
            }
        }
        let all = document.nodes.as_ref();
        if let Some(all) = all.filter(|all| all.value.is_empty() && names.complete) {
            problems.push(Diagnostic::at(all.span, "a scenario has at least one node"));
        }
        if let Some((_, one_more)) = names.nodes.get(NODES_MAX) {
            let message = format!("a scenario has at most {NODES_MAX} nodes");
            problems.push(Diagnostic::at(one_more.span, message));
        }
        names
    }

    /// The node of this name.
    pub(super) fn node(&self, name: &str) -> Option<NodeId> {
        self.by_name.get(name).map(|(id, _)| *id)
    }

    /// Whether a name is that of a site or a node.
    pub(super) fn is_place(&self, name: &str) -> bool {
        self.sites.contains_key(name) || self.by_name.contains_key(name) || !self.complete
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    pub(super) fn of_nodes(&self) -> impl Iterator<Item = &'a str> {
        self.nodes.iter().map(|(name, _)| *name)
    }

    pub(super) fn of_places(&self) -> impl Iterator<Item = &'a str> {
        self.sites.keys().copied().chain(self.of_nodes())
    }

    /// The nodes of each site.
    pub(super) fn sites(&self) -> BTreeMap<String, Vec<NodeId>> {
        self.sites.iter().map(|(site, nodes)| ((*site).to_owned(), nodes.clone())).collect()
    }

    /// The node that `name` names.
    pub(super) fn one(&self, name: &At<Name>, problems: &mut Problems) -> Option<NodeId> {
        let id = self.node(&name.value.0);
        if id.is_none() && self.complete {
            problems.unknown(name.span, "node", "nodes", &name.value.0, self.of_nodes());
        }
        id
    }

    /// The nodes that a list names, each once and in order, with the place of the name. Of a site
    /// only those nodes count for which `keep` holds; a node that is named itself always counts.
    pub(super) fn each(
        &mut self,
        list: &scalar::Names,
        keep: impl Fn(NodeId) -> bool,
        problems: &mut Problems,
    ) -> BTreeMap<NodeId, Span> {
        let mut found = BTreeMap::new();
        for At { value: Name(name), span } in &list.0 {
            if let Some(nodes) = self.sites.get(name.as_str()) {
                let before = self.named;
                self.named = before.saturating_add(nodes.len());
                if self.named > NAMED_MAX {
                    if before <= NAMED_MAX {
                        let message = format!("the lists of this file name over {NAMED_MAX} nodes");
                        problems.push(Diagnostic::at(*span, message));
                    }
                    return found;
                }
                found.extend(nodes.iter().filter(|id| keep(**id)).map(|id| (*id, *span)));
            } else if let Some(id) = self.node(name) {
                found.entry(id).or_insert(*span);
            } else if self.complete {
                let known = self.of_places();
                problems.unknown(*span, "node or site", "nodes and sites", name, known);
            }
        }
        found
    }

    /// The nodes that a list names.
    pub(super) fn set(
        &mut self,
        list: &scalar::Names,
        problems: &mut Problems,
    ) -> BTreeSet<NodeId> {
        self.each(list, |_| true, problems).into_keys().collect()
    }
}
