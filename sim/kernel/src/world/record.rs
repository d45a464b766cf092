//! What the world writes into the trace, and what it finds.

use super::{Glance, World};
use crate::limits::Finding;
use crate::network::{FrameId, Load};
use crate::trace::{Body, Head};
use simlab_core::{Kind, NodeId, Seq};

impl World {
    /// Writes a record with bytes of its own.
    pub(super) fn record(
        &mut self,
        node: Option<NodeId>,
        cause: Option<Seq>,
        kind: Kind,
        bytes: &[u8],
    ) -> Seq {
        let body = if bytes.is_empty() { Body::Empty } else { Body::Bytes(bytes) };
        let head = Head { at: self.now, node, cause, kind };
        let view = Glance { now: self.now, nodes: &self.nodes, names: &self.names };
        let seq = self.writer.write(head, body, &self.names, &view);
        self.raise_objections();
        seq
    }

    /// Records that a datagram was sent.
    pub(super) fn record_sent(
        &mut self,
        from: NodeId,
        to: NodeId,
        number: u64,
        load: Load,
        cause: Seq,
    ) -> Seq {
        let kind = Kind::Sent { to, number, len: load.len };
        let head = Head { at: self.now, node: Some(from), cause: Some(cause), kind };
        self.record_payload(head, load)
    }

    /// Writes a record whose bytes are a payload that no record had before: hashed, and kept once.
    pub(super) fn record_payload(&mut self, head: Head, load: Load) -> Seq {
        let mut kept = *self.frames.recorded(load.frame);
        let bytes = self.frames.bytes(load.frame);
        let body = Body::Shared { bytes, digest: load.digest, kept: &mut kept };
        let view = Glance { now: self.now, nodes: &self.nodes, names: &self.names };
        let seq = self.writer.write(head, body, &self.names, &view);
        *self.frames.recorded(load.frame) = kept;
        self.raise_objections();
        seq
    }

    /// Writes a record that refers to the payload of an earlier one.
    pub(super) fn record_again(&mut self, head: Head, frame: FrameId) -> Seq {
        let kept = *self.frames.recorded(frame);
        let body = Body::Again { bytes: self.frames.bytes(frame), kept };
        let view = Glance { now: self.now, nodes: &self.nodes, names: &self.names };
        let seq = self.writer.write(head, body, &self.names, &view);
        self.raise_objections();
        seq
    }

    /// Records what the checkers objected to: for each checker the first objection, since what
    /// follows a broken invariant is worth little, and may be without end.
    #[inline]
    pub(super) fn raise_objections(&mut self) {
        if !self.writer.objections.is_empty() {
            self.raise();
        }
    }

    #[cold]
    fn raise(&mut self) {
        for objection in std::mem::take(&mut self.writer.objections) {
            if !self.findings.iter().any(|finding| finding.name == objection.checker) {
                let (node, cause) = (objection.node, objection.cause);
                self.find(objection.checker, node, cause, &objection.detail);
            }
            self.ended |= objection.fatal;
        }
    }

    pub(super) fn find(
        &mut self,
        name: &'static str,
        node: Option<NodeId>,
        cause: Option<Seq>,
        detail: &str,
    ) {
        let head = Head { at: self.now, node, cause, kind: Kind::Found { name } };
        let view = Glance { now: self.now, nodes: &self.nodes, names: &self.names };
        let body = Body::Unhashed(detail.as_bytes());
        let seq = self.writer.write(head, body, &self.names, &view);
        let detail = detail.to_owned();
        self.findings.push(Finding { name, seq, at: self.now, node, detail });
    }

    pub(super) fn find_and_end(
        &mut self,
        name: &'static str,
        node: Option<NodeId>,
        cause: Option<Seq>,
        detail: &str,
    ) {
        self.find(name, node, cause, detail);
        self.ended = true;
    }
}
