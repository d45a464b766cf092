//! The recorded trace in memory.
//!
//! ```text
//!   Trace ─┬─ chunks of 4,096 records ── blocks of 64, each readable by itself
//!          └─ chunks of 64 KiB of bytes, that records refer to
//! ```
//!
//! Closed chunks are shared by the copies of a trace, so that forking a world costs no more than its
//! open ones.

mod chunk;
mod code;
mod iter;
mod payloads;
#[cfg(test)]
mod tests;

pub use iter::Iter;
pub use payloads::Payload;

use chunk::{Chunk, Open, RECORDS_PER_BLOCK, RECORDS_PER_CHUNK, Reader};
use code::{Delivered, Record, Sent};
use payloads::Payloads;
use simlab_core::{Kind, NodeId, Seq, Time, TraceEvent};
use std::num::NonZeroU64;
use std::sync::Arc;

/// What an [`Arc`] takes beside what it shares: its two counts.
const SHARED: usize = 2 * size_of::<usize>();

/// A recorded run.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    full: Vec<Arc<Chunk>>,
    open: Open,
    payloads: Payloads,
}

/// How many bytes a trace takes on the heap. What it shares with its copies counts in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// For the records, with all that it takes to find them.
    pub records: usize,
    /// For the bytes that they refer to.
    pub payloads: usize,
}

impl Trace {
    /// How many records it holds.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.open.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The record with this number. To read one after the other, [`Trace::iter_from`] is quicker.
    #[must_use]
    pub fn get(&self, seq: Seq) -> Option<TraceEvent<'_>> {
        let before = seq.get() - 1;
        if before >= self.len() {
            return None;
        }
        let record = self.read(before)?.next();
        Some(self.event(seq.get(), record))
    }

    /// All records, in order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter::new(self, 0)
    }

    /// The records from this number on, in order.
    #[must_use]
    pub fn iter_from(&self, number: u64) -> Iter<'_> {
        Iter::new(self, number.saturating_sub(1))
    }

    /// The number of the first record at `time` or later (one past the last if there is none).
    #[must_use]
    pub fn first_at(&self, time: Time) -> u64 {
        let begins_before = |chunk: &Chunk| chunk.blocks_before(time.nanos()) > 0;
        let mut chunks = self.full.partition_point(|chunk| begins_before(chunk));
        if chunks == self.full.len() && begins_before(self.open.chunk()) {
            chunks += 1;
        }
        let Some(last) = chunks.checked_sub(1) else { return 1 };
        let blocks = self.chunk(last).blocks_before(time.nanos()) as u64;
        // Of the last block that begins before, some may be later; what follows it is.
        let block = last as u64 * RECORDS_PER_CHUNK + (blocks - 1) * RECORDS_PER_BLOCK;
        let earlier = self.iter_from(block + 1).take(RECORDS_PER_BLOCK as usize);
        block + 1 + earlier.take_while(|event| event.at < time).count() as u64
    }

    /// How much memory it takes.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let each = |chunk: &Arc<Chunk>| SHARED + size_of::<Chunk>() + chunk.memory();
        Memory {
            records: self.full.capacity() * size_of::<Arc<Chunk>>()
                + self.full.iter().map(each).sum::<usize>()
                + self.open.chunk().memory(),
            payloads: self.payloads.memory(),
        }
    }

    fn chunk(&self, number: usize) -> &Chunk {
        self.full.get(number).map_or(self.open.chunk(), |chunk| chunk)
    }

    /// Ready to read the record with so many before it.
    fn read(&self, before: u64) -> Option<Reader<'_>> {
        let skipped = before % RECORDS_PER_BLOCK;
        let block = (before % RECORDS_PER_CHUNK / RECORDS_PER_BLOCK) as usize;
        let chunk = self.chunk((before / RECORDS_PER_CHUNK) as usize);
        let mut reader = chunk.read(block, before - skipped)?;
        for _ in 0..skipped {
            reader.next();
        }
        Some(reader)
    }

    #[inline]
    fn event(&self, number: u64, record: Record) -> TraceEvent<'_> {
        let bytes = record.place.map_or(&[][..], |place| self.payloads.get(place));
        let mut kind = record.kind;
        if let Kind::Sent { len, .. } = &mut kind {
            *len = len.wrapping_add(bytes.len() as u32);
        }
        TraceEvent {
            seq: Seq(NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN)),
            at: Time(record.at),
            node: record.node.checked_sub(1).map(|id| NodeId(id as u32)),
            cause: NonZeroU64::new(record.cause).map(Seq),
            kind,
            bytes,
        }
    }

    /// Adds an event that was read from somewhere else, as the next one: its number is not asked for, and
    /// its time must not be before that of the last.
    pub fn add(&mut self, event: &TraceEvent<'_>) {
        let payload = (!event.bytes.is_empty()).then(|| self.push_bytes(event.bytes));
        self.push(event.at, event.node, event.cause, event.kind, payload);
    }

    #[inline]
    pub(super) fn push_bytes(&mut self, bytes: &[u8]) -> Payload {
        self.payloads.push(bytes)
    }

    /// Writes a record of any kind.
    pub(super) fn push(
        &mut self,
        at: Time,
        node: Option<NodeId>,
        cause: Option<Seq>,
        kind: Kind,
        payload: Option<Payload>,
    ) {
        self.make_room(at);
        self.push_any(at, node, cause, kind, payload);
    }

    /// Writes that a datagram was sent, whose length is that of its bytes. Returns whether
    /// [`Trace::push_next`] can go on with it: not if later bytes were kept since its own.
    #[inline]
    pub(super) fn push_sent(
        &mut self,
        at: Time,
        node: NodeId,
        cause: Seq,
        to: NodeId,
        number: u64,
        payload: Payload,
    ) -> bool {
        self.make_room(at);
        let sent = Sent {
            at: at.nanos(),
            node: node.0,
            cause: cause.get(),
            to: to.0,
            number,
            place: payload.place,
        };
        if !self.open.sent(sent) {
            let kind = Kind::Sent { to, number, len: payload.len };
            self.push_any(at, Some(node), Some(cause), kind, Some(payload));
        }
        self.open.is_last(payload.place)
    }

    /// Writes that a datagram was sent to one more node by the event that sent the last, if it can be said
    /// in a byte: the same payload, to the next node, with the same number. Returns whether it was. The last
    /// record must be one after which [`Trace::push_sent`] said that it can go on.
    #[inline(always)]
    pub(super) fn push_next(&mut self, to: NodeId, number: u64) -> bool {
        self.open.next(to.0, number)
    }

    /// Writes that a datagram was delivered.
    #[inline(always)]
    pub(super) fn push_delivered(
        &mut self,
        at: Time,
        node: NodeId,
        cause: Seq,
        from: NodeId,
        datagram: Seq,
        payload: Payload,
    ) {
        self.make_room(at);
        let delivered = Delivered {
            at: at.nanos(),
            node: node.0,
            from: from.0,
            datagram: datagram.get(),
            place: payload.place,
        };
        if cause != datagram || !self.open.delivered(delivered) {
            let kind = Kind::Delivered { from, datagram };
            self.push_any(at, Some(node), Some(cause), kind, Some(payload));
        }
    }

    #[inline(always)]
    fn make_room(&mut self, at: Time) {
        if self.open.is_block_full() {
            self.begin_block(at);
        }
    }

    #[cold]
    #[inline(never)]
    fn begin_block(&mut self, at: Time) {
        self.full.extend(self.open.begin_block(at.nanos()));
    }

    #[cold]
    #[inline(never)]
    fn push_any(
        &mut self,
        at: Time,
        node: Option<NodeId>,
        cause: Option<Seq>,
        mut kind: Kind,
        payload: Option<Payload>,
    ) {
        if let Kind::Sent { len, .. } = &mut kind {
            *len = len.wrapping_sub(payload.map_or(0, |payload| payload.len));
        }
        self.open.any(Record {
            at: at.nanos(),
            node: node.map_or(0, |node| u64::from(node.0) + 1),
            cause: cause.map_or(0, Seq::get),
            place: payload.map(|payload| payload.place),
            kind,
        });
    }
}

impl<'a> IntoIterator for &'a Trace {
    type Item = TraceEvent<'a>;
    type IntoIter = Iter<'a>;
    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}
