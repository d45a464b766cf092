//! The bytes of records.
//!
//! Each run of bytes lies behind its own length, so that a record has to say only where it begins.

use std::sync::Arc;

pub(super) const BYTES_PER_CHUNK: usize = 1 << PLACE_BITS;
const PLACE_BITS: u32 = 16;
/// In place of a length that takes four bytes, which follow.
const LONG: u8 = u8::MAX;

/// Where a trace keeps a run of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The chunk and, in the low bits, where in it.
    pub(super) place: u64,
    pub(super) len: u32,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Payloads {
    full: Vec<Arc<Vec<u8>>>,
    open: Vec<u8>,
}

impl Payloads {
    #[inline]
    pub(super) fn push(&mut self, bytes: &[u8]) -> Payload {
        let most = bytes.len() + 1 + size_of::<u32>();
        if self.open.len() + most > BYTES_PER_CHUNK && !self.open.is_empty() {
            self.close();
        }
        let len = bytes.len() as u32;
        let place = (self.full.len() as u64) << PLACE_BITS | self.open.len() as u64;
        if len < u32::from(LONG) {
            self.open.push(len as u8);
        } else {
            self.open.push(LONG);
            self.open.extend_from_slice(&len.to_le_bytes());
        }
        self.open.extend_from_slice(bytes);
        Payload { place, len }
    }

    #[cold]
    fn close(&mut self) {
        let mut full = std::mem::replace(&mut self.open, Vec::with_capacity(BYTES_PER_CHUNK));
        full.shrink_to_fit();
        self.full.push(Arc::new(full));
    }

    /// The bytes at a place that [`Payloads::push`] gave.
    pub(super) fn get(&self, place: u64) -> &[u8] {
        let chunk = (place >> PLACE_BITS) as usize;
        let chunk = self.full.get(chunk).map_or(self.open.as_slice(), |chunk| chunk.as_slice());
        let rest = &chunk[place as usize % BYTES_PER_CHUNK..];
        let (len, bytes) = match rest {
            [LONG, a, b, c, d, bytes @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]), bytes),
            [len, bytes @ ..] => (u32::from(*len), bytes),
            [] => (0, rest),
        };
        &bytes[..len as usize]
    }

    /// How many bytes it takes on the heap.
    pub(super) fn memory(&self) -> usize {
        let each = |chunk: &Arc<Vec<u8>>| super::SHARED + size_of::<Vec<u8>>() + chunk.capacity();
        self.full.capacity() * size_of::<Arc<Vec<u8>>>()
            + self.full.iter().map(each).sum::<usize>()
            + self.open.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_may_be_larger_than_a_chunk() {
        let mut payloads = Payloads::default();
        let large = vec![7; BYTES_PER_CHUNK * 2];
        let all: [&[u8]; 6] = [b"small", &large, b"", &large[..254], &large[..255], b"after"];
        let kept = all.map(|bytes| payloads.push(bytes));
        for (bytes, payload) in all.iter().zip(kept) {
            assert_eq!(payloads.get(payload.place), *bytes);
        }
    }

    #[test]
    fn every_place_is_found_however_full_a_chunk_is() {
        for len in [0, 1, 63, 64, 254, 255, 1_000] {
            let mut payloads = Payloads::default();
            let bytes = vec![9; len];
            let kept: Vec<_> = (0..70_000).map(|_| payloads.push(&bytes)).collect();
            assert!(kept.iter().all(|payload| payloads.get(payload.place) == bytes), "{len}");
        }
    }
}
