//! The cuts that hold now.

use super::Shape;
use simlab_core::{FaultId, NodeId};

/// A link is open if no cut separates its ends; cuts may overlap.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct Cuts {
    active: Vec<(FaultId, Shape)>,
}

impl Cuts {
    pub(crate) fn begin(&mut self, fault: FaultId, shape: Shape) {
        self.active.push((fault, shape));
    }

    pub(crate) fn end(&mut self, fault: FaultId) {
        self.active.retain(|(id, _)| *id != fault);
    }

    /// Whether there is none.
    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    #[inline]
    pub(crate) fn open(&self, from: NodeId, to: NodeId) -> bool {
        self.active.is_empty() || self.separating(from, to).is_none()
    }

    /// The first cut that keeps datagrams of `from` away from `to`.
    pub(crate) fn separating(&self, from: NodeId, to: NodeId) -> Option<FaultId> {
        self.active.iter().find(|(_, shape)| shape.separates(from, to)).map(|(id, _)| *id)
    }
}
