//! Payloads: a slab of reference-counted, reusable buffers.
//!
//! A broadcast puts its bytes here once; every datagram under way refers to them by number. A
//! corrupted datagram gets a frame of its own.

use crate::trace::Payload;
use simlab_core::Digest;

/// A payload in the slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameId(u32);

impl FrameId {
    /// No payload.
    pub(crate) const NONE: FrameId = FrameId(u32::MAX);

    /// The one at this place.
    #[inline]
    pub(crate) const fn of(index: u32) -> Self {
        FrameId(index)
    }

    /// Its place.
    #[inline]
    pub(crate) const fn index(self) -> u32 {
        self.0
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    bytes: Vec<u8>,
    references: u32,
    recorded: Option<Payload>,
}

impl Frame {
    #[inline(always)]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes away a reference; returns whether it was the last.
    #[inline(always)]
    pub(crate) const fn release(&mut self) -> bool {
        assert!(self.references > 0, "a frame is released once for each reference");
        self.references -= 1;
        self.references == 0
    }

    /// Where the trace keeps the payload, if it does.
    #[inline(always)]
    pub(crate) const fn kept(&self) -> Option<Payload> {
        self.recorded
    }
}

/// A payload with what is asked of it for every datagram.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) frame: FrameId,
    pub(crate) len: u32,
    /// So that a broadcast is hashed once.
    pub(crate) digest: u64,
}

/// All payloads under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frames {
    slab: Vec<Frame>,
    free: Vec<u32>,
}

impl Frames {
    /// Takes in a payload, with one reference.
    #[inline(always)]
    pub(crate) fn insert(&mut self, bytes: &[u8]) -> Load {
        let index = self.free.pop().unwrap_or_else(|| {
            assert!(self.slab.len() < FrameId::NONE.0 as usize, "fewer than 2^32 payloads");
            self.slab.push(Frame::default());
            (self.slab.len() - 1) as u32
        });
        let frame = &mut self.slab[index as usize];
        frame.bytes.clear();
        frame.bytes.extend_from_slice(bytes);
        frame.references = 1;
        frame.recorded = None;
        let digest = Digest::of_payload(bytes);
        Load { frame: FrameId(index), len: bytes.len() as u32, digest }
    }

    /// Adds so many references.
    #[inline(always)]
    pub(crate) fn retain(&mut self, id: FrameId, times: u32) {
        self.slab[id.0 as usize].references += times;
    }

    #[inline(always)]
    pub(crate) fn release(&mut self, id: FrameId) {
        if self.slab[id.0 as usize].release() {
            self.free(id);
        }
    }

    /// Takes back a payload to which nothing refers any more.
    #[inline(always)]
    pub(crate) fn free(&mut self, id: FrameId) {
        self.free.push(id.0);
    }

    #[inline(always)]
    pub(crate) fn get_mut(&mut self, id: FrameId) -> &mut Frame {
        &mut self.slab[id.0 as usize]
    }

    #[inline(always)]
    pub(crate) fn get(&self, id: FrameId) -> &Frame {
        &self.slab[id.0 as usize]
    }

    #[inline]
    pub(crate) fn bytes(&self, id: FrameId) -> &[u8] {
        &self.slab[id.0 as usize].bytes
    }

    /// Where the trace keeps the payload, once it does.
    pub(crate) fn recorded(&mut self, id: FrameId) -> &mut Option<Payload> {
        &mut self.slab[id.0 as usize].recorded
    }

    /// A payload, and where the trace is to note that it keeps it.
    #[inline]
    pub(crate) fn recording(&mut self, id: FrameId) -> (&[u8], &mut Option<Payload>) {
        let frame = &mut self.slab[id.0 as usize];
        (&frame.bytes, &mut frame.recorded)
    }

    /// How many payloads are held.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.slab.len() - self.free.len()
    }
}
