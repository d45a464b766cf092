//! The log: entries behind a snapshot (Ongaro 2014, §3.3 to §3.6 and chapter 5).
//!
//! ```text
//!      snapshot            entries
//!   ┌────────────┬────┬────┬────┬────┬────┐
//!   │  up to 7   │ 8  │ 9  │ 10 │ 11 │ 12 │
//!   └────────────┴────┴────┴────┴────┴────┘
//!   base: 7, term 2                    last: 12
//! ```
//!
//! Indices begin with 1; 0 is before all entries, in term 0.

use super::configuration::Configuration;
use simlab_core::wire::{Decode, Encode, Reader, WireError, put_bytes};

/// An index and the term of its entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Position {
    /// Where.
    pub index: u64,
    /// In which term the entry was made.
    pub term: u64,
}

impl Position {
    /// Whether a log that ends here is at least as up to date as one that ends there: a vote is granted to no other
    /// (§3.6.1).
    #[must_use]
    pub const fn is_up_to_date(self, with: Position) -> bool {
        self.term > with.term || (self.term == with.term && self.index >= with.index)
    }
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Payload {
    /// Nothing: what a leader begins its term with, so that it may commit (§6.4).
    Nothing,
    /// What the state machine is to do.
    Command(Vec<u8>),
    /// Who is in the cluster from here on.
    Configuration(Configuration),
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// In which term a leader made it.
    pub term: u64,
    /// What it says.
    pub payload: Payload,
}

/// What became of entries that a leader sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Accepted {
    /// The log is that of the leader up to here. What was different from there on is gone, if anything was.
    Up {
        /// The last entry that is the leader's.
        to: u64,
        /// The first of those that were taken away.
        truncated: Option<u64>,
    },
    /// The entry before them is another one, or missing: the leader is to look from here on.
    Conflict(Hint),
}

/// Where a leader should look for the last entry that both logs have: one question for each term, not for each entry
/// (§3.5, the last paragraph).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hint {
    /// The term of the entry that is another one; `None` if there is none.
    pub term: Option<u64>,
    /// The first entry of that term; or the first one that is missing.
    pub index: u64,
}

/// A log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Log {
    /// The last entry that is dropped: a snapshot has it, and perhaps some that are still here (`trailing`).
    base: Position,
    entries: Vec<Entry>,
}

impl Log {
    /// A log behind a snapshot that has everything up to `base`.
    #[must_use]
    pub const fn behind(base: Position) -> Self {
        Log { base, entries: Vec::new() }
    }

    /// The last entry that is dropped, since a snapshot has it.
    #[must_use]
    pub const fn base(&self) -> Position {
        self.base
    }

    /// The last entry, or the snapshot's.
    #[must_use]
    pub fn last(&self) -> Position {
        match self.entries.last() {
            Some(entry) => {
                Position { index: self.base.index + self.entries.len() as u64, term: entry.term }
            }
            None => self.base,
        }
    }

    /// The term of an entry; `None` if there is no such entry, or the snapshot has it and more.
    #[must_use]
    pub fn term(&self, index: u64) -> Option<u64> {
        if index == self.base.index {
            return Some(self.base.term);
        }
        self.entry(index).map(|entry| entry.term)
    }

    /// An entry that is behind the snapshot.
    #[must_use]
    pub fn entry(&self, index: u64) -> Option<&Entry> {
        let place = index.checked_sub(self.base.index + 1)?;
        self.entries.get(usize::try_from(place).ok()?)
    }

    /// The entries from an index on, so many at most. None if the snapshot has the first of them.
    #[must_use]
    pub fn from(&self, index: u64, most: usize) -> &[Entry] {
        let place = index.checked_sub(self.base.index + 1).and_then(|n| usize::try_from(n).ok());
        let rest = place.and_then(|place| self.entries.get(place..)).unwrap_or(&[]);
        &rest[..rest.len().min(most)]
    }

    /// Appends an entry; where it is.
    pub fn append(&mut self, entry: Entry) -> u64 {
        assert!(entry.term >= self.last().term, "terms do not go back");
        self.entries.push(entry);
        self.last().index
    }

    /// Takes entries of a leader that follow `prev` (§3.5). What is the same stays, whatever comes after it: an old
    /// message must not take away what a newer one brought.
    pub fn accept(&mut self, prev: Position, entries: &[Entry]) -> Accepted {
        if prev.index > self.last().index {
            let index = self.last().index + 1;
            return Accepted::Conflict(Hint { term: None, index });
        }
        // What the snapshot has is committed, and so is the leader's too.
        let skipped = self.base.index.saturating_sub(prev.index);
        if skipped == 0
            && let Some(term) = self.term(prev.index).filter(|term| *term != prev.term)
        {
            return Accepted::Conflict(Hint { term: Some(term), index: self.first_of(term) });
        }
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX).min(entries.len());
        let mut truncated = None;
        let mut at = prev.index + skipped as u64;
        for entry in &entries[skipped..] {
            at += 1;
            if self.term(at - 1).is_some_and(|before| entry.term < before) {
                // No leader has such a log.
                return Accepted::Up { to: at - 1, truncated };
            }
            if self.term(at).is_some_and(|term| term != entry.term) {
                truncated = truncated.or(Some(at));
                self.truncate(at);
            }
            if at > self.last().index {
                self.append(entry.clone());
            }
        }
        Accepted::Up { to: prev.index + entries.len() as u64, truncated }
    }

    /// Takes away an entry and all that follow it.
    ///
    /// # Panics
    /// If the snapshot has it: what is committed stays.
    pub fn truncate(&mut self, from: u64) {
        assert!(from > self.base.index, "what a snapshot has is committed");
        let keep = usize::try_from(from - self.base.index - 1).unwrap_or(usize::MAX);
        self.entries.truncate(keep);
    }

    /// The first entry behind the snapshot that is of a term, or the one after the last of earlier terms.
    #[must_use]
    pub fn first_of(&self, term: u64) -> u64 {
        let before = self.entries.partition_point(|entry| entry.term < term);
        self.base.index + 1 + before as u64
    }

    /// The last entry of a term or an earlier one, at or before `most`: where a leader looks next that was told of a
    /// conflict in that term.
    #[must_use]
    pub fn last_up_to_term(&self, term: u64, most: u64) -> u64 {
        let before = self.entries.partition_point(|entry| entry.term <= term);
        (self.base.index + before as u64).min(most)
    }

    /// Everything up to an entry is in a snapshot now.
    ///
    /// # Panics
    /// If there is no such entry.
    pub fn compact(&mut self, to: u64) {
        let term = self.term(to).expect("what is compacted is in the log");
        let gone = usize::try_from(to - self.base.index).unwrap_or(usize::MAX);
        self.entries.drain(..gone);
        self.base = Position { index: to, term };
    }

    /// A leader's snapshot is in place of everything up to `base`. If the entry there is the same, those behind it
    /// stay (chapter 5, figure 5.3, step 6); else nothing does.
    pub fn install(&mut self, base: Position) {
        if self.term(base.index) == Some(base.term) && base.index >= self.base.index {
            self.compact(base.index);
        } else {
            *self = Log::behind(base);
        }
    }

    /// The configurations behind the snapshot, with where they are, the last one first.
    pub fn configurations(&self) -> impl Iterator<Item = (u64, &Configuration)> {
        let first = self.base.index + 1;
        self.entries.iter().enumerate().rev().filter_map(move |(place, entry)| {
            match &entry.payload {
                Payload::Configuration(configuration) => {
                    Some((first + place as u64, configuration))
                }
                _ => None,
            }
        })
    }

    /// How many entries are behind the snapshot.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Encode for Entry {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.term.to_be_bytes());
        match &self.payload {
            Payload::Nothing => out.push(0),
            Payload::Command(command) => {
                out.push(1);
                put_bytes(out, command);
            }
            Payload::Configuration(configuration) => {
                out.push(2);
                configuration.encode(out);
            }
        }
    }
}

impl Decode<'_> for Entry {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let term = reader.u64()?;
        let payload = match reader.u8()? {
            0 => Payload::Nothing,
            1 => Payload::Command(reader.bytes()?.to_vec()),
            2 => Payload::Configuration(Configuration::decode(reader)?),
            tag => return Err(WireError::Tag { what: "entry", tag }),
        };
        Ok(Entry { term, payload })
    }
}

#[cfg(test)]
mod tests;
