use super::super::log::Payload;
use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use simlab_core::{Counters, Disk, Effect, Moment, Outbox, Seeded, Time};
use std::collections::BTreeMap;

type Files = BTreeMap<String, Vec<u8>>;

#[derive(Clone, Debug)]
enum Write {
    Append(String, Vec<u8>),
    Replace(String, Vec<u8>),
    Remove(String),
}

impl Write {
    fn apply(self, files: &mut Files) {
        match self {
            Write::Append(file, bytes) => files.entry(file).or_default().extend(bytes),
            Write::Replace(file, bytes) => drop(files.insert(file, bytes)),
            Write::Remove(file) => drop(files.remove(&file)),
        }
    }
}

/// A disk that writes down what is done to it, so that a test can say what of that a crash leaves.
#[derive(Clone, Debug, Default)]
struct Drive {
    files: Files,
    writes: Vec<Write>,
    broken: bool,
    counters: Counters,
    tickets: Vec<Ticket>,
}

struct View<'a>(&'a Files, bool);

impl Disk for View<'_> {
    fn read(&self, file: &str) -> Result<Option<&[u8]>, DiskError> {
        if self.1 { Err(DiskError::Read) } else { Ok(self.0.get(file).map(Vec::as_slice)) }
    }

    fn list(&self, prefix: &str) -> Vec<&str> {
        self.0.keys().map(String::as_str).filter(|name| name.starts_with(prefix)).collect()
    }
}

impl Drive {
    fn with<T>(&mut self, act: impl FnOnce(&mut Env<'_>) -> T) -> T {
        let moment = Moment { me: NodeId(1), now: Time::ZERO, wall: Time::ZERO, life: 0 };
        let (mut outbox, mut seeded) = (Outbox::new(), Seeded::new(1));
        let view = View(&self.files, self.broken);
        let came = act(&mut Env::new(moment, &mut outbox, &mut self.counters, &mut seeded, &view));
        for effect in outbox.effects() {
            let name = |file| outbox.text(file).to_owned();
            let write = match *effect {
                Effect::Append { file, data } => {
                    Write::Append(name(file), outbox.bytes(data).to_vec())
                }
                Effect::Replace { file, data } => {
                    Write::Replace(name(file), outbox.bytes(data).to_vec())
                }
                Effect::Remove { file } => Write::Remove(name(file)),
                Effect::Sync { ticket, .. } => {
                    self.tickets.push(ticket);
                    continue;
                }
                other => panic!("storage asks for nothing of that kind: {other:?}"),
            };
            write.clone().apply(&mut self.files);
            self.writes.push(write);
        }
        came
    }

    /// The disk after a crash that has left these of all writes, each whole or the first bytes of an append.
    fn crashed(&self, kept: impl Fn(usize) -> Option<Option<usize>>) -> Drive {
        let mut left = Drive::default();
        for (number, write) in self.writes.iter().enumerate() {
            match (write.clone(), kept(number)) {
                (_, None) => {}
                (Write::Append(file, mut bytes), Some(Some(len))) => {
                    bytes.truncate(len);
                    Write::Append(file, bytes).apply(&mut left.files);
                }
                (write, Some(_)) => write.apply(&mut left.files),
            }
        }
        left
    }

    fn first(&self, writes: usize) -> Drive {
        self.crashed(|number| (number < writes).then_some(None))
    }

    fn open(&mut self) -> (Storage, Recovered) {
        let mut storage = Storage::default();
        let found = self.with(|env| storage.open(env)).expect("it can be read");
        (storage, found)
    }
}

fn entry(term: u64) -> Entry {
    Entry { term, payload: Payload::Command(vec![term as u8; 3]) }
}

fn entries(terms: &[u64]) -> Vec<Entry> {
    terms.iter().map(|term| entry(*term)).collect()
}

fn terms(log: &Log) -> Vec<u64> {
    log.from(log.base().index + 1, usize::MAX).iter().map(|entry| entry.term).collect()
}

const fn vote(term: u64) -> Vote {
    Vote { term, candidate: Some(NodeId(7)) }
}

const fn at(index: u64, term: u64) -> Position {
    Position { index, term }
}

fn snapshot(last: Position) -> Snapshot {
    let configuration = Configuration::of([NodeId(1), NodeId(2)]);
    Snapshot { last, configuration, machine: b"all that it is".to_vec() }
}

/// A log behind a snapshot.
fn log(base: Position, terms: &[u64]) -> Log {
    let mut log = Log::behind(base);
    for term in terms {
        log.append(entry(*term));
    }
    log
}

fn synced(storage: &mut Storage, drive: &mut Drive) -> bool {
    let ticket = drive.tickets.remove(0);
    drive.with(|env| storage.synced(ticket, env))
}

#[test]
fn what_is_written_is_there_in_the_next_life() {
    let (mut storage, mut drive) = (Storage::default(), Drive::default());
    drive.with(|env| {
        storage.vote(vote(1), env);
        storage.entries(1, &entries(&[1, 1, 1]), env);
        storage.truncate(3, env);
        storage.vote(Vote { term: 3, candidate: None }, env);
        storage.entries(2, &entries(&[3]), env);
    });
    let (storage, found) = drive.open();
    assert_eq!(found.vote, Vote { term: 3, candidate: None });
    assert_eq!((terms(&found.log), found.snapshot, found.torn), (vec![1, 3], None, 0));
    assert_eq!(storage.durable_end(), 2);
}

#[test]
fn an_empty_disk_is_the_first_life() {
    let (storage, found) = Drive::default().open();
    assert_eq!((found, storage.durable_end()), (Recovered::default(), 0));
}

#[test]
fn a_disk_that_cannot_be_read_says_so() {
    let mut drive = Drive { broken: true, ..Drive::default() };
    drive.files.insert("raft.0".to_owned(), Vec::new());
    let found = drive.with(|env| Storage::default().open(env));
    assert_eq!(found, Err(DiskError::Read));
}

/// Of a file that was torn at any byte, all records are there that are whole, and it is told how much is not.
#[test]
fn every_prefix_of_a_file_is_what_its_whole_records_say() {
    let (mut storage, mut drive) = (Storage::default(), Drive::default());
    drive.with(|env| {
        storage.vote(vote(1), env);
        storage.entries(1, &entries(&[1, 1]), env);
        storage.vote(vote(2), env);
        storage.entries(2, &entries(&[2, 2]), env);
        storage.truncate(3, env);
    });
    let after = [(0, &[][..]), (1, &[]), (1, &[1, 1]), (2, &[1, 1]), (2, &[1, 2, 2]), (2, &[1, 2])];
    let mut ends = vec![0];
    for write in &drive.writes {
        let Write::Append(_, bytes) = write else { panic!("all is appended: {write:?}") };
        ends.push(ends[ends.len() - 1] + bytes.len());
    }
    let whole = drive.files["raft.0"].clone();
    for len in 0..=whole.len() {
        let (found, begun) = replay(&whole[..len]);
        let records = ends.iter().rposition(|end| *end <= len).expect("0 is before all");
        let (term, log) = after[records];
        assert_eq!((found.vote.term, &terms(&found.log)[..]), (term, log), "{len} bytes");
        assert_eq!((found.torn, begun), (len - ends[records], false), "{len} bytes");
    }
}

/// A flipped bit ends what is read, wherever it is, and nothing else comes of it.
#[test]
fn what_is_damaged_is_not_read() {
    let (mut storage, mut drive) = (Storage::default(), Drive::default());
    drive.with(|env| {
        storage.vote(vote(1), env);
        storage.entries(1, &entries(&[1]), env);
    });
    let whole = drive.files["raft.0"].clone();
    let Write::Append(_, first) = &drive.writes[0] else { panic!("it is appended") };
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let (found, _) = replay(&bytes);
        let damaged = bit / 8 < first.len();
        assert_eq!(found.vote.term, u64::from(!damaged), "bit {bit}");
        assert!(found.log.is_empty() && found.torn > 0, "bit {bit}");
    }
}

/// A new file counts when it is there; until it is durable the one before stays, and the crash decides.
#[test]
fn a_crash_leaves_the_file_before_or_the_new_one() {
    let (mut storage, mut drive) = (Storage::default(), Drive::default());
    drive.with(|env| {
        storage.vote(vote(1), env);
        storage.entries(1, &entries(&[1, 1, 1]), env);
    });
    let old = drive.writes.len();
    drive.with(|env| {
        storage.begin(vote(1), &snapshot(at(2, 1)), &log(at(2, 1), &[1]), env);
        storage.entries(4, &entries(&[1]), env);
        storage.sync(env);
    });
    assert!(drive.files.contains_key("raft.0"), "nobody knows yet that it is not needed");
    // The new file is not there; or what is behind its beginning is, and its beginning is not.
    for mut left in [drive.first(old), drive.crashed(|number| (number != old).then_some(None))] {
        let (_, found) = left.open();
        assert_eq!((found.snapshot, terms(&found.log)), (None, vec![1, 1, 1]));
        assert_eq!(left.files.keys().collect::<Vec<_>>(), ["raft.0"]);
    }
    // It is there, with or without what is behind.
    for (writes, behind) in [(old + 1, vec![1]), (old + 2, vec![1, 1])] {
        let mut left = drive.first(writes);
        let (_, found) = left.open();
        assert_eq!(found.snapshot, Some(snapshot(at(2, 1))));
        assert_eq!((found.log.base(), terms(&found.log)), (at(2, 1), behind));
        assert_eq!(left.files.keys().collect::<Vec<_>>(), ["raft.1"]);
    }
    assert!(synced(&mut storage, &mut drive));
    assert_eq!(drive.files.keys().collect::<Vec<_>>(), ["raft.1"]);
}

/// The file to go back to is the last that was durable, however many were begun since.
#[test]
fn of_two_beginnings_that_are_not_durable_neither_is_gone_back_to() {
    let (mut storage, mut drive) = (Storage::default(), Drive::default());
    drive.with(|env| {
        storage.entries(1, &entries(&[1, 1, 1]), env);
    });
    let old = drive.writes.len();
    drive.with(|env| {
        storage.begin(vote(1), &snapshot(at(1, 1)), &log(at(1, 1), &[1, 1]), env);
        storage.begin(vote(1), &snapshot(at(2, 1)), &log(at(2, 1), &[1]), env);
        storage.sync(env);
    });
    assert_eq!(drive.files.keys().collect::<Vec<_>>(), ["raft.0", "raft.2"]);
    // The last write, which is the second beginning, is lost.
    let (_, found) = drive.first(drive.writes.len() - 1).open();
    assert_eq!((found.snapshot, terms(&found.log)), (None, vec![1, 1, 1]));
    assert!(drive.writes.len() > old + 2, "the first beginning was taken away in between");
    assert!(synced(&mut storage, &mut drive));
    assert_eq!(drive.files.keys().collect::<Vec<_>>(), ["raft.2"]);
}

/// One sync is under way at a time, and covers what was written before it was asked for.
#[test]
fn what_is_written_during_a_sync_waits_for_the_next() {
    let (mut storage, mut drive) = (Storage::default(), Drive::default());
    let first = drive.with(|env| {
        let write = storage.vote(vote(1), env);
        storage.sync(env);
        write
    });
    let second = drive.with(|env| {
        let write = storage.entries(1, &entries(&[1]), env);
        storage.sync(env);
        write
    });
    assert_eq!(drive.tickets.len(), 1, "the disk is at one already");
    assert!(!storage.is_durable(first) && first < second);
    assert!(synced(&mut storage, &mut drive));
    assert!(storage.is_durable(first) && !storage.is_durable(second));
    assert_eq!(storage.durable_end(), 0);
    drive.with(|env| storage.sync(env));
    assert!(synced(&mut storage, &mut drive));
    assert!(storage.is_durable(second));
    assert_eq!((storage.durable_end(), storage.written()), (1, second));
    drive.with(|env| storage.sync(env));
    assert_eq!(drive.tickets, [], "there is nothing to sync");
}

#[test]
fn a_sync_of_somebody_else_says_nothing() {
    let (mut storage, mut drive) = (Storage::default(), Drive::default());
    let write = drive.with(|env| {
        env.sync();
        let write = storage.vote(vote(1), env);
        storage.sync(env);
        write
    });
    assert!(!synced(&mut storage, &mut drive) && !storage.is_durable(write));
    assert!(synced(&mut storage, &mut drive) && storage.is_durable(write));
}

/// Entries that take the place of others are not durable because those were.
#[test]
fn entries_that_overwrite_are_durable_when_they_are() {
    let (mut storage, mut drive) = (Storage::default(), Drive::default());
    drive.with(|env| {
        storage.entries(1, &entries(&[1, 1, 1, 1]), env);
        storage.sync(env);
    });
    // The sync of the first four is under way.
    drive.with(|env| storage.entries(3, &entries(&[2]), env));
    assert!(synced(&mut storage, &mut drive));
    assert_eq!(storage.durable_end(), 2, "3 and 4 were others");
    drive.with(|env| storage.sync(env));
    assert!(synced(&mut storage, &mut drive));
    assert_eq!(storage.durable_end(), 3);
    drive.with(|env| storage.truncate(2, env));
    assert_eq!(storage.durable_end(), 1);
    assert_eq!(terms(&drive.open().1.log), [1]);
}

#[test]
fn a_new_file_has_the_entries_behind_its_snapshot() {
    let (mut storage, mut drive) = (Storage::default(), Drive::default());
    let many = vec![1; 2 * ENTRIES_MAX + 1];
    let write = drive.with(|env| {
        let write = storage.begin(vote(1), &snapshot(at(9, 1)), &log(at(5, 1), &many), env);
        storage.sync(env);
        write
    });
    assert_eq!((drive.writes.len(), storage.durable_end()), (1, 0), "it is one write");
    assert!(synced(&mut storage, &mut drive) && storage.is_durable(write));
    let end = 5 + many.len() as u64;
    assert_eq!(storage.durable_end(), end);
    let (storage, found) = drive.open();
    assert_eq!((found.log.base(), terms(&found.log)), (at(5, 1), many));
    assert_eq!((found.vote, storage.durable_end()), (vote(1), end));
}

#[test]
fn many_entries_are_several_records() {
    let (mut storage, mut drive) = (Storage::default(), Drive::default());
    let many = vec![1; ENTRIES_MAX + 2];
    drive.with(|env| storage.entries(1, &entries(&many), env));
    let words = in_words(&drive.files["raft.0"]);
    assert_eq!(words, ["entries 1 to 1024", "entries 1025 to 1026"]);
    // Of a write of several records a crash can leave some.
    let (_, found) = drive.first(1).open();
    assert_eq!(found.log.len(), ENTRIES_MAX);
}

#[test]
fn records_are_told_in_words() {
    let (mut storage, mut drive) = (Storage::default(), Drive::default());
    drive.with(|env| {
        storage.begin(vote(2), &snapshot(at(5, 1)), &log(at(5, 1), &[2]), env);
        storage.vote(Vote { term: 3, candidate: None }, env);
        storage.truncate(6, env);
    });
    let words = in_words(&[&drive.files["raft.1"][..], b"torn"].concat());
    let begin = "a new file with everything up to 1.5, term 2, vote for n7";
    assert_eq!(words, [begin, "entry 6", "term 3", "nothing from 6 on"]);
}

/// What cannot follow what is before it is not taken, though its sum is right.
#[test]
fn a_record_that_cannot_follow_ends_the_file() {
    let file = |records: &[Record<'_>]| {
        let mut bytes = Vec::new();
        records.iter().for_each(|record| frame(record, &mut bytes));
        replay(&bytes).0
    };
    let some = |first, terms: &[u64]| Record::Entries { first, entries: entries(terms).into() };
    let begin = || Record::Begin { vote: vote(3), snapshot: snapshot(at(5, 3)), base: at(5, 3) };
    for wrong in [some(5, &[3]), some(7, &[3]), some(6, &[2]), Record::Truncate(5)] {
        let found = file(&[begin(), wrong.clone(), Record::Vote(vote(9))]);
        assert!(found.log.is_empty() && found.torn > 0, "{wrong:?}");
        assert_eq!(found.vote, vote(3), "{wrong:?}");
    }
    let found = file(&[begin(), some(6, &[3, 4]), some(7, &[5]), Record::Truncate(9)]);
    assert_eq!((terms(&found.log), found.torn), (vec![3, 5], 0));
}

/// What a node does to its storage; terms are those of the step.
#[derive(Clone, Copy, Debug)]
enum Act {
    Vote,
    /// So many entries, over so many that are there.
    Entries(usize, usize),
    Truncate(usize),
    Begin,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        Just(Act::Vote),
        (1..4_usize, 0..3_usize).prop_map(|(new, over)| Act::Entries(new, over)),
        (1..3_usize).prop_map(Act::Truncate),
        Just(Act::Begin),
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
    fn act(&mut self, act: Act, term: u64, storage: &mut Storage, env: &mut Env<'_>) -> u64 {
        match act {
            Act::Vote => {
                self.vote = vote(term);
                storage.vote(self.vote, env);
                u64::MAX
            }
            Act::Entries(new, over) => {
                let first = self.without(over);
                self.log.truncate(first);
                for _ in 0..new {
                    self.log.append(entry(term));
                }
                storage.entries(first, self.log.from(first, usize::MAX), env);
                first
            }
            Act::Truncate(count) => {
                let first = self.without(count);
                self.log.truncate(first);
                storage.truncate(first, env);
                first
            }
            Act::Begin => {
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
    fn after_any_write_the_disk_is_what_was_written(acts in vec(act(), 1..12)) {
        let (mut storage, mut drive) = (Storage::default(), Drive::default());
        let mut model = Model::default();
        for (term, act) in (1..).zip(acts) {
            drive.with(|env| model.act(act, term, &mut storage, env));
            let (_, found) = drive.first(drive.writes.len()).open();
            prop_assert_eq!((found.vote, found.log, found.torn), (model.vote, model.log.clone(), 0));
        }
    }

    /// Whatever a crash leaves of what was not durable, what was durable is there: the term, and all entries that were
    /// not meant to go.
    #[test]
    fn what_is_durable_no_crash_takes_away(
        before in vec(act(), 0..8), during in vec(act(), 0..6), kept: u32, torn in 0..40_usize,
    ) {
        let (mut storage, mut drive) = (Storage::default(), Drive::default());
        let mut model = Model::default();
        let mut steps = 1..;
        for (act, term) in before.into_iter().zip(&mut steps) {
            drive.with(|env| model.act(act, term, &mut storage, env));
        }
        drive.with(|env| storage.sync(env));
        if !drive.tickets.is_empty() {
            prop_assert!(synced(&mut storage, &mut drive));
        }
        let (safe, durable, mut same) = (drive.writes.len(), model.clone(), u64::MAX);
        for (act, term) in during.into_iter().zip(steps) {
            same = same.min(drive.with(|env| model.act(act, term, &mut storage, env)));
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
        let mut bytes = Vec::new();
        for (tag, body) in bodies {
            let body = [&[tag % 6][..], &body].concat();
            bytes.extend((body.len() as u32).to_be_bytes());
            bytes.extend(CRC_32C.of(&body).to_be_bytes());
            bytes.extend(body);
        }
        bytes.extend(rest);
        let (found, _) = replay(&bytes);
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
