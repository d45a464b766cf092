//! What a server writes down: what calls have done, and that they have done it, in one record.
//!
//! ```text
//! record    4 length   4 CRC-32C   body
//! body      1 snapshot   service   table
//!           2 done       effects   the call and its answer, if they are to be remembered
//! ```
//!
//! The file is begun anew with a snapshot when it has become long, under the next number; the one before stays until the new one
//! is durable, and is what counts if the snapshot turns out to be torn.
//!
//! A record is written at one go and there is one sync for it, so that after a crash there is all of it or nothing. What
//! is torn at the end was never acknowledged, and what is written next begins another file: records that survived a crash
//! behind a hole must not come back, since who asked again may have been told that they never will.
//!
//! What reads a journal is public, for tools that look into one.

use super::table::Answered;
use crate::checksum::{CRC_32C, Checksum};
use crate::rpc::message::CallId;
use simlab_core::wire::{Decode, Encode, Reader, WireError, put_bytes};
use simlab_core::{DiskError, Env, NodeId, Ticket};

/// The names of the files begin so; their numbers follow.
const FILES: &str = "journal.";

fn file(number: u64) -> String {
    format!("{FILES}{number}")
}

/// Where a server writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Journal {
    number: u64,
    len: usize,
    /// How long it may get, and how long at least.
    most: usize,
    most_least: usize,
    /// The file before this one, and the sync that makes it superfluous.
    before: Option<(u64, Ticket)>,
}

impl Journal {
    pub(super) const fn new(most: usize) -> Self {
        Journal { number: 0, len: 0, most, most_least: most, before: None }
    }

    /// Finds what earlier lives have written: the records of the newest file that has a beginning, and how many
    /// bytes of it were torn.
    pub(super) fn open<'a>(
        &mut self,
        env: &mut Env<'a>,
    ) -> Result<(Vec<Record<'a>>, usize), DiskError> {
        let names = env.list(FILES);
        let numbers = names.iter().filter_map(|name| name.strip_prefix(FILES)?.parse().ok());
        let mut numbers: Vec<u64> = numbers.collect();
        numbers.sort_unstable();
        let mut found = (Vec::new(), 0);
        while let Some(number) = numbers.pop() {
            let bytes = env.read(&file(number))?.unwrap_or_default();
            let (all, end) = records(bytes);
            let begins = matches!(all.first(), Some(Record::Snapshot { .. }));
            if !begins && number > 0 {
                env.remove(&file(number));
                continue;
            }
            let torn = bytes.len() - end;
            // Nothing is written over what is torn, or records behind a hole could be read when another fills it.
            self.len = if torn > 0 { end.max(self.most) } else { end };
            self.number = number;
            found = (all, torn);
            break;
        }
        // What is left is older.
        for number in numbers {
            env.remove(&file(number));
        }
        Ok(found)
    }

    /// Writes a record, or begins anew with a snapshot that has it; whether it did that. The ticket is that of the
    /// sync that makes it durable.
    pub(super) fn write(
        &mut self,
        record: &Record<'_>,
        snapshot: impl FnOnce() -> (Vec<u8>, Vec<u8>),
        env: &mut Env<'_>,
    ) -> (Ticket, bool) {
        let record = framed(record);
        if self.len + record.len() <= self.most || self.before.is_some() {
            self.len += record.len();
            env.append(&file(self.number), &record[..]);
            return (env.sync(), false);
        }
        let (service, table) = snapshot();
        let snapshot = framed(&Record::Snapshot { service: &service, table: &table });
        let before = self.number;
        self.number += 1;
        self.len = snapshot.len();
        self.most = self.most_least.max(snapshot.len() * 2);
        env.replace(&file(self.number), &snapshot[..]);
        let ticket = env.sync();
        self.before = Some((before, ticket));
        (ticket, true)
    }

    /// A sync has ended well.
    pub(super) fn synced(&mut self, ticket: Ticket, env: &mut Env<'_>) {
        if let Some((before, _)) = self.before.take_if(|(_, needed)| *needed <= ticket) {
            env.remove(&file(before));
        }
    }
}

/// A call that has ended, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Who made it.
    pub caller: NodeId,
    /// Its number.
    pub call: CallId,
    /// What came of it.
    pub answered: Answered,
}

/// The body of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// What all before it comes to.
    Snapshot {
        /// What [`Service::snapshot`](super::context::Service::snapshot) wrote.
        service: &'a [u8],
        /// What [`Table::put`](super::table::Table::put) wrote.
        table: &'a [u8],
    },
    /// A call has done this.
    Done {
        /// What [`Service::redo`](super::context::Service::redo) does again, in order.
        effects: Vec<&'a [u8]>,
        /// The call, if it is to be known again.
        entry: Option<Entry>,
    },
}

impl Encode for Record<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Record::Snapshot { service, table } => {
                out.push(1);
                put_bytes(out, service);
                put_bytes(out, table);
            }
            Record::Done { effects, entry } => {
                out.push(2);
                out.extend((effects.len() as u32).to_be_bytes());
                for effect in effects {
                    put_bytes(out, effect);
                }
                if let Some(Entry { caller, call, answered }) = entry {
                    out.extend(caller.0.to_be_bytes());
                    out.extend(call.0.to_be_bytes());
                    answered.encode(out);
                }
            }
        }
    }
}

impl<'a> Decode<'a> for Record<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, WireError> {
        Ok(match reader.u8()? {
            1 => Record::Snapshot { service: reader.bytes()?, table: reader.bytes()? },
            2 => {
                let mut effects = Vec::new();
                for _ in 0..reader.u32()? {
                    effects.push(reader.bytes()?);
                }
                let entry = if reader.rest().is_empty() {
                    None
                } else {
                    let (caller, call) = (NodeId(reader.u32()?), CallId(reader.u64()?));
                    Some(Entry { caller, call, answered: Answered::decode(reader)? })
                };
                Record::Done { effects, entry }
            }
            tag => return Err(WireError::Tag { what: "record", tag }),
        })
    }
}

/// A record with what it is known by.
#[must_use]
pub fn framed(record: &Record<'_>) -> Vec<u8> {
    let body = record.to_bytes();
    let mut out = Vec::with_capacity(body.len() + 8);
    put_bytes(&mut out, &body);
    out.splice(4..4, CRC_32C.of(&body).to_be_bytes());
    out
}

/// The records of a journal, and how long they are together: what is behind is torn.
#[must_use]
pub fn records(journal: &[u8]) -> (Vec<Record<'_>>, usize) {
    let mut reader = Reader::new(journal);
    let (mut all, mut end) = (Vec::new(), 0);
    while let Ok(record) = record(&mut reader) {
        all.push(record);
        end = reader.position();
    }
    (all, end)
}

fn record<'a>(reader: &mut Reader<'a>) -> Result<Record<'a>, WireError> {
    let (len, sum) = (reader.u32()?, reader.u32()?);
    let body = reader.take(len as usize)?;
    if CRC_32C.of(body) != sum {
        return Err(WireError::Range("checksum"));
    }
    Record::from_bytes(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::error::Verdict;
    use crate::rpc::message::Codec;
    use proptest::prelude::*;

    fn examples() -> Vec<Record<'static>> {
        let verdict = Verdict::Returned(b"result".to_vec());
        let answered = Answered { procedure: 3, codec: Codec::Json, verdict };
        let entry = Some(Entry { caller: NodeId(4), call: CallId::of(1, 2), answered });
        vec![
            Record::Snapshot { service: b"state", table: b"calls" },
            Record::Done { effects: vec![b"one", b"", b"three"], entry: entry.clone() },
            Record::Done { effects: vec![], entry },
            Record::Done { effects: vec![b"alone"], entry: None },
        ]
    }

    #[test]
    fn records_come_back_whatever_is_torn_behind_them() {
        let all: Vec<Vec<u8>> = examples().iter().map(framed).collect();
        let journal = all.concat();
        assert_eq!(records(&journal), (examples(), journal.len()));
        for len in 0..journal.len() {
            let (read, end) = records(&journal[..len]);
            let whole = all.iter().scan(0, |sum, r| {
                *sum += r.len();
                Some(*sum)
            });
            assert_eq!(read.len(), whole.take_while(|sum| *sum <= len).count());
            assert_eq!(journal[..end], all[..read.len()].concat()[..]);
        }
    }

    #[test]
    fn what_is_damaged_ends_the_journal() {
        let journal: Vec<u8> = examples().iter().flat_map(framed).collect();
        for at in 0..journal.len() {
            let mut bad = journal.clone();
            bad[at] ^= 4;
            assert!(records(&bad).0.len() < examples().len(), "byte {at}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_journal_that_ends_somewhere(bytes: Vec<u8>) {
            let (_, end) = records(&bytes);
            prop_assert!(end <= bytes.len());
        }
    }
}
