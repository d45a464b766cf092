//! Runs of records, coded.

use super::code::{Delivered, RECORD_MAX, ROOM, Record, Sent, State};
use simlab_core::Kind;
use std::sync::Arc;

/// A record is found by reading its block from its begin.
pub(super) const RECORDS_PER_BLOCK: u64 = 64;
const BLOCKS_PER_CHUNK: u64 = 64;
pub(super) const RECORDS_PER_CHUNK: u64 = RECORDS_PER_BLOCK * BLOCKS_PER_CHUNK;

/// Where a block begins, and what it takes to read it.
#[derive(Clone, Copy, Debug)]
struct Block {
    /// When its first record was.
    at: u64,
    /// The last place of bytes before it.
    top: u64,
    start: u32,
    /// How many kinds the blocks before it have in the side table.
    others: u32,
}

/// A run of records.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunk {
    bytes: Vec<u8>,
    blocks: Vec<Block>,
    others: Vec<Kind>,
}

impl Chunk {
    /// Ready to read from the begin of a block; `before` is how many records there are before it.
    pub(super) fn read(&self, block: usize, before: u64) -> Option<Reader<'_>> {
        let Block { at, top, start, others } = *self.blocks.get(block)?;
        let others = self.others.get(others as usize..)?;
        let state = State::begin(before, at, top);
        Some(Reader { bytes: &self.bytes, others, at: start as usize, state })
    }

    /// How many of its blocks begin before this time.
    pub(super) fn blocks_before(&self, time: u64) -> usize {
        self.blocks.partition_point(|block| block.at < time)
    }

    /// How many bytes it takes on the heap.
    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity()
            + self.blocks.capacity() * size_of::<Block>()
            + self.others.capacity() * size_of::<Kind>()
    }
}

/// Reads the records of a block.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    others: &'a [Kind],
    at: usize,
    state: State,
}

impl Reader<'_> {
    /// The next record. That there is one is for the caller to know.
    #[inline]
    pub(super) fn next(&mut self) -> Record {
        let bytes = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk);
        self.state.read(bytes.unwrap_or(&[0; ROOM]), &mut self.at, &mut self.others)
    }

    /// How many records there are before the next.
    pub(super) const fn before(&self) -> u64 {
        self.state.before
    }
}

/// The chunk that is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Open {
    chunk: Chunk,
    /// How many of its bytes are written; the others are there to be.
    end: usize,
    state: State,
}

impl Open {
    pub(super) const fn chunk(&self) -> &Chunk {
        &self.chunk
    }

    /// How many records there are, with those of closed chunks.
    pub(super) const fn len(&self) -> u64 {
        self.state.before
    }

    /// Whether a block has to begin before the next record.
    #[inline(always)]
    pub(super) const fn is_block_full(&self) -> bool {
        self.state.before.is_multiple_of(RECORDS_PER_BLOCK)
    }

    /// Whether no bytes were kept after those at this place.
    pub(super) const fn is_last(&self, place: u64) -> bool {
        self.state.top == place
    }

    /// Begins a block, with room for all its records. If the chunk is full, it is returned.
    pub(super) fn begin_block(&mut self, at: u64) -> Option<Arc<Chunk>> {
        let full = self.chunk.blocks.len() as u64 == BLOCKS_PER_CHUNK;
        let closed = full.then(|| self.close());
        let most = self.end + RECORDS_PER_BLOCK as usize * RECORD_MAX + ROOM;
        if self.chunk.bytes.len() < most {
            self.chunk.bytes.resize(most, 0);
        }
        let top = self.state.top;
        self.chunk.blocks.push(Block {
            at,
            top,
            start: self.end as u32,
            others: self.chunk.others.len() as u32,
        });
        self.state = State::begin(self.state.before, at, top);
        closed
    }

    /// Copies the chunk to where it takes no more room than it needs, and empties this one.
    fn close(&mut self) -> Arc<Chunk> {
        let Chunk { bytes, blocks, others } = &mut self.chunk;
        let closed = Arc::new(Chunk {
            // A record is read out of so many, whether it needs them or not.
            bytes: bytes[..self.end + ROOM].to_vec(),
            blocks: blocks.clone(),
            others: others.clone(),
        });
        blocks.clear();
        others.clear();
        self.end = 0;
        closed
    }

    /// Writes a send in the quick form, if it can be.
    #[inline(always)]
    pub(super) fn sent(&mut self, sent: Sent) -> bool {
        let Some(out) = self.chunk.bytes[self.end..].first_chunk_mut() else { return false };
        let Some(len) = self.state.sent(sent, out) else { return false };
        self.end += len;
        true
    }

    /// Writes one more send of a broadcast, if it is as expected and there is room.
    #[inline(always)]
    pub(super) fn next(&mut self, to: u32, number: u64) -> bool {
        let goes_on = self.state.goes_on(to, number) && !self.is_block_full();
        if goes_on && let Some(out) = self.chunk.bytes.get_mut(self.end) {
            *out = self.state.go_on();
            self.end += 1;
            return true;
        }
        false
    }

    /// Writes a delivery in the quick form, if it can be.
    #[inline(always)]
    pub(super) fn delivered(&mut self, delivered: Delivered) -> bool {
        let Some(out) = self.chunk.bytes[self.end..].first_chunk_mut() else { return false };
        let Some(len) = self.state.delivered(delivered, out) else { return false };
        self.end += len;
        true
    }

    /// Writes any record.
    pub(super) fn any(&mut self, record: Record) {
        let out = self.chunk.bytes[self.end..].first_chunk_mut();
        let out = out.expect("there is room for all records of a block");
        self.end += self.state.any(record, &mut self.chunk.others, out);
    }
}
