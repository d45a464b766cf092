//! The names that the lines of a file refer to.

use serde_json::Value;
use simlab_core::{NameId, NodeId};
use simlab_sim::trace::Names;
use std::collections::BTreeMap;

/// How many files the disks of a run may have had, all names counted once.
const FILES_MAX: usize = 1 << 20;
/// How long all their names may be together, in bytes.
const FILES_BYTES_MAX: usize = 64 << 20;

/// The names of a run, and what they mean.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(crate) names: Names,
    nodes: BTreeMap<String, NodeId>,
    files: usize,
    files_bytes: usize,
}

impl Known {
    /// With these nodes and faults.
    pub(crate) fn new(nodes: Vec<String>, faults: Vec<String>) -> Self {
        let ids = nodes.iter().zip(0..).map(|(name, id)| (name.clone(), NodeId(id))).collect();
        let mut names = Names::default();
        (names.nodes, names.faults) = (nodes, faults);
        Known { names, nodes: ids, files: 0, files_bytes: 0 }
    }

    /// The node of this name.
    pub(crate) fn node(&self, name: &str) -> Option<NodeId> {
        self.nodes.get(name).copied()
    }

    /// The names of the nodes.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &str> {
        self.names.nodes.iter().map(String::as_str)
    }

    /// A node as it is written in a file: its name, or `#7` if it has none, since a process may send
    /// to whom it likes.
    pub(super) fn read_node(&self, text: &str) -> Result<NodeId, String> {
        if let Some(node) = self.node(text) {
            return Ok(node);
        }
        let number = text.strip_prefix('#').and_then(|digits| digits.parse().ok());
        number.map(NodeId).ok_or_else(|| "the name of a node of this run".to_owned())
    }

    /// A file's name as a number.
    pub(super) fn read_file(&mut self, value: &Value) -> Result<NameId, String> {
        let Some(name) = value.as_str() else { return Err("the name of a file".to_owned()) };
        let id = self.names.intern_file(name);
        if id.0 as usize == self.files {
            self.files += 1;
            self.files_bytes += name.len();
        }
        if self.files > FILES_MAX || self.files_bytes > FILES_BYTES_MAX {
            return Err(format!("one of at most {FILES_MAX} files"));
        }
        Ok(id)
    }
}

/// A node as it is written in a file.
pub(super) fn node_text(node: NodeId, names: &Names) -> String {
    match names.nodes.get(node.index()) {
        Some(name) => name.clone(),
        None => format!("#{}", node.0),
    }
}
