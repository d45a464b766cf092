//! The recorded trace in memory.
//!
//! Records and payload bytes are kept in chunks that copies of a trace share, so that forking a
//! world costs no more than its open chunks.

use simlab_core::{FaultId, Kind, NameId, NodeId, Seq, Time, TraceEvent};
use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::Arc;

const RECORDS_PER_CHUNK: usize = 1 << 12;
const BYTES_PER_CHUNK: usize = 1 << 16;

/// Where a trace keeps a run of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload {
    chunk: u32,
    start: u32,
    len: u32,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    at: Time,
    cause: Option<Seq>,
    node: Option<NodeId>,
    payload: Option<Payload>,
    kind: Kind,
}

/// A recorded run.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    full: Vec<Arc<Vec<Record>>>,
    open: Vec<Record>,
    full_bytes: Vec<Arc<Vec<u8>>>,
    open_bytes: Vec<u8>,
}

impl Trace {
    /// How many records it holds.
    #[must_use]
    pub fn len(&self) -> u64 {
        (self.full.len() * RECORDS_PER_CHUNK + self.open.len()) as u64
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The record with this number.
    #[must_use]
    pub fn get(&self, seq: Seq) -> Option<TraceEvent<'_>> {
        let index = usize::try_from(seq.get() - 1).ok()?;
        let record = match self.full.get(index / RECORDS_PER_CHUNK) {
            Some(chunk) => chunk.get(index % RECORDS_PER_CHUNK)?,
            None => self.open.get(index - self.full.len() * RECORDS_PER_CHUNK)?,
        };
        Some(TraceEvent {
            seq,
            at: record.at,
            node: record.node,
            cause: record.cause,
            kind: record.kind,
            bytes: record.payload.map_or(&[], |payload| self.bytes(payload)),
        })
    }

    /// All records, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = TraceEvent<'_>> + '_ {
        (1..=self.len()).filter_map(|n| self.get(Seq(NonZeroU64::new(n)?)))
    }

    /// The number of the first record at `time` or later (one past the last if there is none).
    #[must_use]
    pub fn first_at(&self, time: Time) -> u64 {
        let (mut low, mut high) = (1, self.len() + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let before = NonZeroU64::new(middle)
                .and_then(|n| self.get(Seq(n)))
                .is_some_and(|event| event.at < time);
            if before {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn bytes(&self, payload: Payload) -> &[u8] {
        let chunk = match self.full_bytes.get(payload.chunk as usize) {
            Some(chunk) => chunk.as_slice(),
            None => &self.open_bytes,
        };
        let start = payload.start as usize;
        &chunk[start..start + payload.len as usize]
    }

    pub(super) fn push_bytes(&mut self, bytes: &[u8]) -> Payload {
        if !self.open_bytes.is_empty() && self.open_bytes.len() + bytes.len() > BYTES_PER_CHUNK {
            let fresh = Vec::with_capacity(BYTES_PER_CHUNK);
            self.full_bytes.push(Arc::new(std::mem::replace(&mut self.open_bytes, fresh)));
        }
        let start = self.open_bytes.len();
        self.open_bytes.extend_from_slice(bytes);
        Payload {
            chunk: self.full_bytes.len() as u32,
            start: start as u32,
            len: bytes.len() as u32,
        }
    }

    pub(super) fn push(
        &mut self,
        at: Time,
        node: Option<NodeId>,
        cause: Option<Seq>,
        kind: Kind,
        payload: Option<Payload>,
    ) {
        self.open.push(Record { at, cause, node, payload, kind });
        if self.open.len() == RECORDS_PER_CHUNK {
            let fresh = Vec::with_capacity(RECORDS_PER_CHUNK);
            self.full.push(Arc::new(std::mem::replace(&mut self.open, fresh)));
        }
    }
}

/// The side table: names that records refer to by number.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// The nodes, by id.
    pub nodes: Vec<String>,
    /// The faults, by id.
    pub faults: Vec<String>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_and_bytes_are_found_across_chunks() {
        let mut trace = Trace::default();
        let many = RECORDS_PER_CHUNK as u64 * 2 + 10;
        for n in 0..many {
            let payload = trace.push_bytes(&n.to_be_bytes().repeat(5));
            trace.push(Time(n / 3), None, None, Kind::Started, Some(payload));
        }
        let copy = trace.clone();
        for (n, event) in (0..many).zip(copy.iter()) {
            assert_eq!((event.seq.get(), event.at), (n + 1, Time(n / 3)));
            assert_eq!(event.bytes, n.to_be_bytes().repeat(5));
        }
        assert_eq!(trace.first_at(Time(2)), 7);
        assert_eq!(trace.first_at(Time(many)), many + 1);
        assert_eq!(trace.first_at(Time(0)), 1);
    }

    #[test]
    fn a_payload_may_be_larger_than_a_chunk() {
        let mut trace = Trace::default();
        let large = vec![7; BYTES_PER_CHUNK * 2];
        let small = trace.push_bytes(b"small");
        let payload = trace.push_bytes(&large);
        let after = trace.push_bytes(b"after");
        assert_eq!(trace.bytes(payload), large);
        assert_eq!((trace.bytes(small), trace.bytes(after)), (&b"small"[..], &b"after"[..]));
    }
}
