//! A datagram under way.

use super::FrameId;
use simlab_core::{NodeId, Seq};

/// One direction of a link that has carried something, by its place among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinkId(pub(crate) u32);

impl LinkId {
    /// It has no place, or had none when the datagram was sent.
    pub(crate) const NONE: LinkId = LinkId(u32::MAX);
}

/// A copy of a datagram that is under way, or waits for its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flight {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) frame: FrameId,
    pub(crate) link: LinkId,
    /// The record of its send.
    pub(crate) datagram: Seq,
    /// The record that put this copy under way: its send, duplication or corruption.
    pub(crate) cause: Seq,
}
