//! The partitions of a run.

use super::Shape;
use simlab_core::{CutId, NodeId};

#[derive(Clone, Debug, Hash)]
struct Cut {
    shape: Shape,
    active: bool,
}

/// All cuts that were defined, and which of them hold now. A link is open if no active cut
/// separates its ends; cuts may overlap.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct Cuts {
    all: Vec<Cut>,
    active: Vec<CutId>,
}

impl Cuts {
    pub(crate) fn define(&mut self, shape: Shape) -> CutId {
        self.all.push(Cut { shape, active: false });
        CutId((self.all.len() - 1) as u32)
    }

    /// Makes a cut hold or not. Returns whether that changed anything.
    pub(crate) fn set(&mut self, id: CutId, active: bool) -> bool {
        let cut = &mut self.all[id.0 as usize];
        if cut.active == active {
            return false;
        }
        cut.active = active;
        if active {
            self.active.push(id);
        } else {
            self.active.retain(|other| *other != id);
        }
        true
    }

    #[inline]
    pub(crate) fn open(&self, from: NodeId, to: NodeId) -> bool {
        self.active.is_empty() || !self.active.iter().any(|id| self.shape(*id).separates(from, to))
    }

    pub(crate) fn shape(&self, id: CutId) -> &Shape {
        &self.all[id.0 as usize].shape
    }
}
