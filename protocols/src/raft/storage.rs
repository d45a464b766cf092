//! What a node keeps on its disk: its term and vote, the log, and the snapshot behind it (Ongaro 2014, figure 3.1,
//! "persistent state"; §5.1).
//!
//! ```text
//! record    4 length   4 CRC-32C of the record before's and the body   body
//! body      1 begin      term, vote, snapshot, the position before the first entry
//!           2 vote       term, vote
//!           3 entries    where they begin; they take the place of all that was there from there on
//!           4 truncate   from where on nothing is there
//! ```
//!
//! All is appended to one file. With a snapshot a file of the next number is begun, by one atomic write; those before
//! stay until that is durable, and the last of them is what counts if the new one has no beginning. What a crash has torn is never
//! written behind: the next life begins another file.
//!
//! **A chain.** Each record's checksum is also of the one before. A disk may lose a write, or fail it, and keep a later one;
//! without the chain that one would be read behind what it never followed, and make a log that no node ever had.
//!
//! **One sync at a time.** What is written while the disk is at one waits for the next, which covers all of it (group
//! commit). Whoever must wait asks with the number of the write.

use super::configuration::Configuration;
use super::log::{Entry, Log, Position};
use super::message;
use crate::checksum::{CRC_32C, Checksum};
use simlab_core::wire::{Decode, Encode, Reader, WireError, put_bytes, put_count};
use simlab_core::{DiskError, Env, NodeId, Ticket};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;

/// The names of the files begin so; their numbers follow.
const FILES: &str = "raft.";

/// How many entries a record has at most.
const ENTRIES_MAX: usize = 1_024;

fn file(number: u64) -> String {
    format!("{FILES}{number}")
}

/// The state of the machine at an entry, and who was in the cluster then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Snapshot {
    /// The last entry that is in it.
    pub last: Position,
    /// Who was in the cluster at that entry.
    pub configuration: Configuration,
    /// The state of the machine.
    pub machine: Vec<u8>,
}

/// A term, and whom the node has voted for in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Vote {
    /// The term.
    pub term: u64,
    /// Whom.
    pub candidate: Option<NodeId>,
}

/// What earlier lives have left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Recovered {
    /// The last term and vote.
    pub vote: Vote,
    /// The last snapshot, if there was one.
    pub snapshot: Option<Snapshot>,
    /// The log.
    pub log: Log,
    /// How many bytes at the end could not be read.
    pub torn: usize,
}

/// A place in the order of writes: what has a lower one is on the disk before it.
pub type WriteNumber = u64;

/// Where a node writes.
#[derive(Clone, Debug, Default, Hash)]
pub struct Storage {
    number: u64,
    /// The files before this one, the oldest first, each with the write that makes it superfluous.
    before: VecDeque<(u64, WriteNumber)>,
    /// The last write, the last that the sync under way covers, and the last that is durable.
    written: WriteNumber,
    covered: WriteNumber,
    durable: WriteNumber,
    syncing: Option<Ticket>,
    /// The checksum of the file's last record; 0 before the first.
    chain: u32,
    /// Where the log ended at each write that is not durable.
    ends: VecDeque<(WriteNumber, u64)>,
    /// Where it ends on the disk.
    durable_end: u64,
}

impl Storage {
    /// Reads what earlier lives have left.
    ///
    /// # Errors
    /// If the disk does.
    pub fn open(&mut self, env: &mut Env<'_>) -> Result<Recovered, DiskError> {
        let names = env.list(FILES);
        let numbers = names.iter().filter_map(|name| name.strip_prefix(FILES)?.parse().ok());
        let mut numbers: Vec<u64> = numbers.collect();
        numbers.sort_unstable();
        let mut found = Recovered::default();
        while let Some(number) = numbers.pop() {
            let bytes = env.read(&file(number))?.unwrap_or_default();
            let (recovered, chain, begun) = replay(bytes);
            if !begun && number > 0 {
                env.remove(&file(number));
                continue;
            }
            (self.number, self.chain, found) = (number, chain, recovered);
            break;
        }
        for number in numbers {
            env.remove(&file(number));
        }
        self.durable_end = found.log.last().index;
        Ok(found)
    }

    /// Writes a term and a vote.
    pub fn vote(&mut self, vote: Vote, env: &mut Env<'_>) -> WriteNumber {
        self.append(&Record::Vote(vote), env)
    }

    /// Writes entries from `first` on; nothing else is there from there on.
    pub fn entries(&mut self, first: u64, entries: &[Entry], env: &mut Env<'_>) -> WriteNumber {
        self.cut(first);
        let mut at = first;
        for part in entries.chunks(ENTRIES_MAX) {
            let write = self.append(&Record::Entries { first: at, entries: part.into() }, env);
            at += part.len() as u64;
            self.ends.push_back((write, at - 1));
        }
        self.written
    }

    /// Takes all entries away from `from` on.
    pub fn truncate(&mut self, from: u64, env: &mut Env<'_>) -> WriteNumber {
        self.cut(from);
        self.append(&Record::Truncate(from), env)
    }

    /// Begins anew with a snapshot and what is behind it.
    pub fn begin(
        &mut self,
        vote: Vote,
        snapshot: &Snapshot,
        log: &Log,
        env: &mut Env<'_>,
    ) -> WriteNumber {
        let mut bytes = Vec::new();
        let begin = Record::Begin { vote, snapshot: Cow::Borrowed(snapshot), base: log.base() };
        self.chain = frame(&begin, 0, &mut bytes);
        let mut at = log.base().index + 1;
        for part in log.from(at, usize::MAX).chunks(ENTRIES_MAX) {
            let record = Record::Entries { first: at, entries: part.into() };
            self.chain = frame(&record, self.chain, &mut bytes);
            at += part.len() as u64;
        }
        // Nothing goes before this one is durable: the sync under way may cover what is in the file before.
        self.written += 1;
        self.before.push_back((self.number, self.written));
        self.number += 1;
        env.replace(&file(self.number), &bytes[..]);
        self.cut(log.last().index + 1);
        self.ends.push_back((self.written, log.last().index));
        self.written
    }

    fn append(&mut self, record: &Record<'_>, env: &mut Env<'_>) -> WriteNumber {
        let mut bytes = Vec::new();
        self.chain = frame(record, self.chain, &mut bytes);
        env.append(&file(self.number), &bytes[..]);
        self.written += 1;
        self.written
    }

    /// No entry from `from` on is known to be durable.
    pub fn cut(&mut self, from: u64) {
        self.durable_end = self.durable_end.min(from - 1);
        for (_, end) in &mut self.ends {
            *end = (*end).min(from - 1);
        }
    }

    /// Asks for a sync if there is something to sync, and none is under way. Called at the end of every event.
    pub fn sync(&mut self, env: &mut Env<'_>) {
        if self.syncing.is_none() && self.written > self.durable {
            self.covered = self.written;
            self.syncing = Some(env.sync());
        }
    }

    /// A sync has ended well; whether it was ours.
    pub fn synced(&mut self, ticket: Ticket, env: &mut Env<'_>) -> bool {
        if self.syncing.take_if(|asked| *asked == ticket).is_none() {
            return false;
        }
        self.durable = self.covered;
        while let Some((write, end)) = self.ends.front().copied()
            && write <= self.durable
        {
            self.ends.pop_front();
            self.durable_end = end;
        }
        while let Some((before, write)) = self.before.front().copied()
            && write <= self.durable
        {
            self.before.pop_front();
            env.remove(&file(before));
        }
        true
    }

    /// Whether a write is on the disk.
    #[must_use]
    pub const fn is_durable(&self, write: WriteNumber) -> bool {
        write <= self.durable
    }

    /// The last write.
    #[must_use]
    pub const fn written(&self) -> WriteNumber {
        self.written
    }

    /// Where the log ends on the disk.
    #[must_use]
    pub const fn durable_end(&self) -> u64 {
        self.durable_end
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Record<'a> {
    Begin { vote: Vote, snapshot: Cow<'a, Snapshot>, base: Position },
    Vote(Vote),
    Entries { first: u64, entries: Cow<'a, [Entry]> },
    Truncate(u64),
}

impl Encode for Vote {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.term.to_be_bytes());
        out.push(u8::from(self.candidate.is_some()));
        if let Some(candidate) = self.candidate {
            out.extend(candidate.0.to_be_bytes());
        }
    }
}

impl Decode<'_> for Vote {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let term = message::term(reader)?;
        let candidate = if reader.bool()? { Some(NodeId(reader.u32()?)) } else { None };
        Ok(Vote { term, candidate })
    }
}

impl Encode for Snapshot {
    fn encode(&self, out: &mut Vec<u8>) {
        self.last.encode(out);
        self.configuration.encode(out);
        put_bytes(out, &self.machine);
    }
}

impl Decode<'_> for Snapshot {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let (last, configuration) = (Position::decode(reader)?, Configuration::decode(reader)?);
        Ok(Snapshot { last, configuration, machine: reader.bytes()?.to_vec() })
    }
}

impl Encode for Record<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Record::Begin { vote, snapshot, base } => {
                out.push(1);
                vote.encode(out);
                snapshot.encode(out);
                base.encode(out);
            }
            Record::Vote(vote) => {
                out.push(2);
                vote.encode(out);
            }
            Record::Entries { first, entries } => {
                out.push(3);
                out.extend(first.to_be_bytes());
                put_count(out, entries.len());
                for entry in entries.iter() {
                    entry.encode(out);
                }
            }
            Record::Truncate(from) => {
                out.push(4);
                out.extend(from.to_be_bytes());
            }
        }
    }
}

impl Decode<'_> for Record<'_> {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match reader.u8()? {
            1 => {
                let (vote, snapshot) = (Vote::decode(reader)?, Snapshot::decode(reader)?);
                let snapshot = Cow::Owned(snapshot);
                Record::Begin { vote, snapshot, base: Position::decode(reader)? }
            }
            2 => Record::Vote(Vote::decode(reader)?),
            3 => {
                let first = message::index(reader)?;
                let prev = Position { index: first, term: 0 };
                let entries = message::entries(reader, prev, message::TERM_MAX)?;
                Record::Entries { first, entries: entries.into() }
            }
            4 => Record::Truncate(message::index(reader)?),
            tag => return Err(WireError::Tag { what: "record", tag }),
        })
    }
}

/// Appends a record behind one of this checksum; its own.
fn frame(record: &Record<'_>, chain: u32, out: &mut Vec<u8>) -> u32 {
    let start = out.len();
    // In the place of its own checksum stands that of the record before, until it is in this one's.
    out.extend([0; 4]);
    out.extend(chain.to_be_bytes());
    record.encode(out);
    let len = u32::try_from(out.len() - start - 8).expect("a snapshot is shorter than 4 GiB");
    let check = CRC_32C.of(&out[start + 4..]);
    out[start..start + 4].copy_from_slice(&len.to_be_bytes());
    out[start + 4..start + 8].copy_from_slice(&check.to_be_bytes());
    check
}

/// The checksum and the body of the first record, and what is behind it.
fn split(bytes: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    let (check, rest) = rest.split_first_chunk::<4>()?;
    let (body, rest) = rest.split_at_checked(u32::from_be_bytes(*len) as usize)?;
    Some((u32::from_be_bytes(*check), body, rest))
}

/// The body of the first record, its checksum, and what is behind it, if it follows one of this checksum.
fn unframe(bytes: &[u8], chain: u32) -> Option<(&[u8], u32, &[u8])> {
    let (check, body, rest) = split(bytes)?;
    let chained = [&chain.to_be_bytes()[..], body].concat();
    (CRC_32C.of(&chained) == check).then_some((body, check, rest))
}

/// What a part of a file says, a record each, whatever it follows; up to the first that cannot be read: for people.
#[must_use]
pub fn in_words(mut bytes: &[u8]) -> Vec<String> {
    let mut words = Vec::new();
    while let Some((_, body, rest)) = split(bytes)
        && let Ok(record) = Record::from_bytes(body)
    {
        words.push(record.to_string());
        bytes = rest;
    }
    words
}

impl fmt::Display for Vote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "term {}", self.term)?;
        self.candidate.map_or(Ok(()), |candidate| write!(f, ", vote for {candidate}"))
    }
}

impl fmt::Display for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Record::Begin { vote, snapshot, .. } => {
                write!(f, "a new file with everything up to {}, {vote}", snapshot.last)
            }
            Record::Vote(vote) => vote.fmt(f),
            Record::Entries { first, entries } => match entries.len() {
                1 => write!(f, "entry {first}"),
                count => write!(f, "entries {first} to {}", first + count as u64 - 1),
            },
            Record::Truncate(from) => write!(f, "nothing from {from} on"),
        }
    }
}

/// What a file comes to, up to the first record that cannot be read or follow; the checksum of the last one; and whether the
/// file has a beginning.
fn replay(mut bytes: &[u8]) -> (Recovered, u32, bool) {
    let mut found = Recovered::default();
    let (mut chain, mut begun) = (0, false);
    while let Some((body, check, rest)) = unframe(bytes, chain) {
        let Ok(record) = Record::from_bytes(body) else { break };
        let begins = matches!(record, Record::Begin { .. });
        if !found.redo(record) {
            break;
        }
        begun |= begins;
        (bytes, chain) = (rest, check);
    }
    found.torn = bytes.len();
    (found, chain, begun)
}

impl Recovered {
    /// Does again what a record says; whether it can follow those before it.
    fn redo(&mut self, record: Record<'_>) -> bool {
        match record {
            Record::Begin { vote, snapshot, base } => {
                let (log, snapshot) = (Log::behind(base), Some(snapshot.into_owned()));
                *self = Recovered { vote, snapshot, log, torn: 0 };
            }
            Record::Vote(vote) => self.vote = vote,
            Record::Entries { first, entries } => {
                if first <= self.log.base().index || first > self.log.last().index + 1 {
                    return false;
                }
                self.log.truncate(first);
                for entry in entries.into_owned() {
                    if entry.term < self.log.last().term {
                        return false;
                    }
                    self.log.append(entry);
                }
            }
            Record::Truncate(from) => {
                if from <= self.log.base().index {
                    return false;
                }
                self.log.truncate(from);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests;
