use super::super::log::Payload;
use super::*;
use drive::{Drive, Write};

mod drive;
mod properties;

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
        let (found, _, begun) = replay(&whole[..len]);
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
        let (found, ..) = replay(&bytes);
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

/// Whichever of two beginnings a crash leaves, all is there that was written before.
#[test]
fn of_two_beginnings_each_is_one_to_go_back_to() {
    let (mut storage, mut drive) = (Storage::default(), Drive::default());
    drive.with(|env| {
        storage.entries(1, &entries(&[1, 1, 1]), env);
        storage.begin(vote(1), &snapshot(at(1, 1)), &log(at(1, 1), &[1, 1]), env);
        storage.begin(vote(1), &snapshot(at(2, 1)), &log(at(2, 1), &[1]), env);
        storage.sync(env);
    });
    assert_eq!(drive.files.keys().collect::<Vec<_>>(), ["raft.0", "raft.1", "raft.2"]);
    for (writes, base) in [(1, 0), (2, 1), (3, 2)] {
        let (_, found) = drive.first(writes).open();
        assert_eq!((found.log.base().index, found.log.last().index), (base, 3), "{writes}");
    }
    assert!(synced(&mut storage, &mut drive));
    assert_eq!(drive.files.keys().collect::<Vec<_>>(), ["raft.2"]);
}

/// A sync makes a vote durable that is in one file, while the next is begun already: that file stays until the next is durable.
#[test]
fn what_a_sync_under_way_covers_a_new_file_does_not_take_away() {
    let (mut storage, mut drive) = (Storage::default(), Drive::default());
    drive.with(|env| {
        storage.entries(1, &entries(&[1, 1]), env);
        storage.begin(vote(1), &snapshot(at(1, 1)), &log(at(1, 1), &[1]), env);
    });
    let write = drive.with(|env| {
        let write = storage.vote(vote(2), env);
        storage.sync(env);
        write
    });
    let covered = drive.writes.len();
    drive.with(|env| {
        storage.begin(vote(2), &snapshot(at(2, 1)), &log(at(2, 1), &[]), env);
    });
    assert!(synced(&mut storage, &mut drive) && storage.is_durable(write));
    // Of what the sync did not cover the crash takes the first write away, and leaves the rest.
    for lost in covered..drive.writes.len() {
        let (_, found) = drive.crashed(|number| (number != lost).then_some(None)).open();
        assert_eq!(found.vote, vote(2), "without write {lost}");
    }
    assert!(drive.files.contains_key("raft.1"));
    drive.with(|env| storage.sync(env));
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

/// A record that is there without the one before it is not read: it would be behind what it never followed.
#[test]
fn a_record_without_the_one_before_is_not_read() {
    let (mut storage, mut drive) = (Storage::default(), Drive::default());
    drive.with(|env| {
        storage.entries(1, &entries(&[1, 1]), env);
        storage.entries(2, &entries(&[2]), env);
        storage.vote(vote(3), env);
    });
    let (_, found) = drive.crashed(|number| (number != 1).then_some(None)).open();
    assert_eq!((found.vote, terms(&found.log)), (Vote::default(), vec![1, 1]));
    assert!(found.torn > 0, "the next life begins another file");
}

/// The next life writes on behind what it has found, or its records would follow nothing.
#[test]
fn what_a_next_life_writes_follows_what_it_found() {
    let (mut storage, mut drive) = (Storage::default(), Drive::default());
    drive.with(|env| storage.vote(vote(1), env));
    let (mut storage, _) = drive.open();
    drive.with(|env| storage.entries(1, &entries(&[1]), env));
    let (mut storage, _) = drive.open();
    drive.with(|env| storage.begin(vote(2), &snapshot(at(1, 1)), &log(at(1, 1), &[]), env));
    let (mut storage, _) = drive.open();
    drive.with(|env| storage.entries(2, &entries(&[2]), env));
    let (_, found) = drive.open();
    assert_eq!((found.vote, terms(&found.log), found.torn), (vote(2), vec![2], 0));
}

/// What cannot follow what is before it is not taken, though its sum is right.
#[test]
fn a_record_that_cannot_follow_ends_the_file() {
    let file = |records: &[Record<'_>]| {
        let (mut bytes, mut chain) = (Vec::new(), 0);
        for record in records {
            chain = frame(record, chain, &mut bytes);
        }
        replay(&bytes).0
    };
    let some = |first, terms: &[u64]| Record::Entries { first, entries: entries(terms).into() };
    let begin = || Record::Begin {
        vote: vote(3),
        snapshot: Cow::Owned(snapshot(at(5, 3))),
        base: at(5, 3),
    };
    for wrong in [some(5, &[3]), some(7, &[3]), some(6, &[2]), Record::Truncate(5)] {
        let found = file(&[begin(), wrong.clone(), Record::Vote(vote(9))]);
        assert!(found.log.is_empty() && found.torn > 0, "{wrong:?}");
        assert_eq!(found.vote, vote(3), "{wrong:?}");
    }
    let found = file(&[begin(), some(6, &[3, 4]), some(7, &[5]), Record::Truncate(9)]);
    assert_eq!((terms(&found.log), found.torn), (vec![3, 5], 0));
}
