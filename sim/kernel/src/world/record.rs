//! What the world writes into the trace, and what it finds.

use super::{Glance, World};
use crate::limits::Finding;
use crate::network::FrameId;
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

    /// Writes a record whose bytes are a payload: hashed and kept once if `fresh`, else only
    /// referred to.
    pub(super) fn record_frame(&mut self, head: Head, frame: FrameId, fresh: bool) -> Seq {
        let mut kept = *self.frames.recorded(frame);
        let bytes = self.frames.bytes(frame);
        let body = if fresh {
            Body::Shared { bytes, digest: self.frames.digest(frame), kept: &mut kept }
        } else {
            Body::Again { bytes, kept }
        };
        let view = Glance { now: self.now, nodes: &self.nodes, names: &self.names };
        let seq = self.writer.write(head, body, &self.names, &view);
        *self.frames.recorded(frame) = kept;
        self.raise_objections();
        seq
    }

    /// Records what the checkers objected to: for each checker the first objection, since what
    /// follows a broken invariant is worth little, and may be without end.
    pub(super) fn raise_objections(&mut self) {
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
