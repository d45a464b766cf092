//! The names of a run.

use simlab_core::{FaultId, NameId, NodeId};
use std::collections::BTreeMap;

/// The side table: names that records refer to by number.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// The nodes, by id.
    pub nodes: Vec<String>,
    /// The faults, by id.
    pub faults: Vec<String>,
    /// The services of the nodes, by id.
    pub(crate) services: Vec<&'static str>,
    files: Vec<String>,
    file_ids: BTreeMap<String, NameId>,
}

impl Names {
    /// The name of a node, or its number if it is none of this run.
    #[must_use]
    pub fn node(&self, id: NodeId) -> String {
        self.nodes.get(id.index()).cloned().unwrap_or_else(|| id.to_string())
    }

    /// The name of a fault.
    #[must_use]
    pub fn fault(&self, id: FaultId) -> &str {
        self.faults.get(id.0 as usize).map_or("", String::as_str)
    }

    /// The name of a file.
    #[must_use]
    pub fn file(&self, id: NameId) -> &str {
        self.files.get(id.0 as usize).map_or("", String::as_str)
    }

    /// The number of a file's name; a new one is added.
    pub fn intern_file(&mut self, name: &str) -> NameId {
        if let Some(id) = self.file_ids.get(name) {
            return *id;
        }
        let id = NameId(self.files.len() as u32);
        self.files.push(name.to_owned());
        self.file_ids.insert(name.to_owned(), id);
        id
    }
}
