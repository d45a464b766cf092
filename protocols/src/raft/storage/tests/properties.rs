//! What holds for whatever a node writes and whatever a crash leaves of it.

use super::super::{Record, Storage, Vote, in_words, replay};
use super::drive::Drive;
use super::{entry, snapshot, synced, vote};
use crate::checksum::{CRC_32C, Checksum};
use crate::raft::log::Log;
use proptest::collection::vec;
use proptest::prelude::*;
use simlab_core::Env;
use simlab_core::wire::{Decode, Encode};

/// What a node does to its storage; terms are those of the step.
#[derive(Clone, Copy, Debug)]
enum Operation {
    Vote,
    /// So many entries, over so many that are there.
    Entries(usize, usize),
    Truncate(usize),
    Begin,
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        Just(Operation::Vote),
        (1..4_usize, 0..3_usize).prop_map(|(new, over)| Operation::Entries(new, over)),
        (1..3_usize).prop_map(Operation::Truncate),
        Just(Operation::Begin),
    ]
}

/// What should be on the disk.
#[derive(Clone, Debug, Default)]
struct Model {
    vote: Vote,
    log: Log,
}

impl Model {
    /// The first entry that goes if so many do.
    fn without(&self, count: usize) -> u64 {
        let last = self.log.last().index;
        (last + 1).saturating_sub(count as u64).max(self.log.base().index + 1)
    }

    /// Does it; from where on the log is another one.
    fn operation(
        &mut self,
        operation: Operation,
        term: u64,
        storage: &mut Storage,
        env: &mut Env<'_>,
    ) -> u64 {
        match operation {
            Operation::Vote => {
                self.vote = vote(term);
                storage.vote(self.vote, env);
                u64::MAX
            }
            Operation::Entries(new, over) => {
                let first = self.without(over);
                self.log.truncate(first);
                for _ in 0..new {
                    self.log.append(entry(term));
                }
                storage.entries(first, self.log.from(first, usize::MAX), env);
                first
            }
            Operation::Truncate(count) => {
                let first = self.without(count);
                self.log.truncate(first);
                storage.truncate(first, env);
                first
            }
            Operation::Begin => {
                let last = self.log.last();
                let base = last.index - self.log.len() as u64 / 2;
                self.log.compact(base);
                storage.begin(self.vote, &snapshot(last), &self.log, env);
                u64::MAX
            }
        }
    }
}

proptest! {
    /// A crash after any write leaves what was so then.
    #[test]
    fn after_any_write_the_disk_is_what_was_written(acts in vec(operation(), 1..12)) {
        let (mut storage, mut drive) = (Storage::default(), Drive::default());
        let mut model = Model::default();
        for (term, operation) in (1..).zip(acts) {
            drive.with(|env| model.operation(operation, term, &mut storage, env));
            let (_, found) = drive.first(drive.writes.len()).open();
            prop_assert_eq!((found.vote, found.log, found.torn), (model.vote, model.log.clone(), 0));
        }
    }

    /// Whatever a crash leaves of what was not durable, what was durable is there: the term, and all entries that were
    /// not meant to go.
    #[test]
    fn what_is_durable_no_crash_takes_away(
        before in vec(operation(), 0..8), meanwhile in vec(operation(), 0..4), during in vec(operation(), 0..6), kept: u32,
        torn in 0..40_usize,
    ) {
        let (mut storage, mut drive) = (Storage::default(), Drive::default());
        let mut model = Model::default();
        let mut steps = 1..;
        for (operation, term) in before.into_iter().zip(&mut steps) {
            drive.with(|env| model.operation(operation, term, &mut storage, env));
        }
        drive.with(|env| storage.sync(env));
        let (safe, durable, mut same) = (drive.writes.len(), model.clone(), u64::MAX);
        for (operation, term) in meanwhile.into_iter().zip(&mut steps) {
            same = same.min(drive.with(|env| model.operation(operation, term, &mut storage, env)));
        }
        if !drive.tickets.is_empty() {
            prop_assert!(synced(&mut storage, &mut drive));
        }
        for (operation, term) in during.into_iter().zip(steps) {
            same = same.min(drive.with(|env| model.operation(operation, term, &mut storage, env)));
        }
        let mut left = drive.crashed(|number| match number.checked_sub(safe) {
            None => Some(None),
            Some(later) if kept >> (2 * later % 32) & 1 == 0 => None,
            Some(later) => Some((kept >> ((2 * later + 1) % 32) & 1 == 1).then_some(torn)),
        });
        let (_, found) = left.open();
        prop_assert!(found.vote.term >= durable.vote.term);
        let first = found.log.base().index.max(durable.log.base().index) + 1;
        for index in first..=durable.log.last().index.min(same - 1) {
            prop_assert_eq!(found.log.entry(index), durable.log.entry(index), "entry {}", index);
        }
    }

    #[test]
    fn no_bytes_make_reading_panic(bodies in vec(any::<(u8, Vec<u8>)>(), 0..4), rest: Vec<u8>) {
        let (mut bytes, mut chain) = (Vec::new(), 0_u32);
        for (tag, body) in bodies {
            let body = [&[tag % 6][..], &body].concat();
            chain = CRC_32C.of(&[&chain.to_be_bytes()[..], &body].concat());
            bytes.extend((body.len() as u32).to_be_bytes());
            bytes.extend(chain.to_be_bytes());
            bytes.extend(body);
        }
        bytes.extend(rest);
        let (found, ..) = replay(&bytes);
        prop_assert!(found.torn <= bytes.len());
        prop_assert!(in_words(&bytes).len() <= bytes.len() / 8);
        let mut drive = Drive::default();
        drive.files.insert("raft.0".to_owned(), bytes);
        drive.files.insert("raft.x".to_owned(), b"not ours".to_vec());
        drive.open();
    }

    #[test]
    fn a_record_is_read_as_it_was_written(tag in 0..6_u8, bytes: Vec<u8>) {
        let bytes = [&[tag][..], &bytes].concat();
        if let Ok(record) = Record::from_bytes(&bytes) {
            prop_assert_eq!(record.to_bytes(), bytes);
        }
    }
}
