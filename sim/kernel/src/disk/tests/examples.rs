//! What a disk does, each by the example that people get wrong.

use super::super::*;
use simlab_core::Ratio;
use std::collections::BTreeSet;

/// All files with their contents as text, zeros as dots.
type Seen = Vec<(String, String)>;

fn seen<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Seen {
    let text = |data: &[u8]| String::from_utf8_lossy(data).replace('\0', ".");
    files.map(|(name, data)| (name.to_owned(), text(data))).collect()
}

fn files(list: &[(&str, &str)]) -> Seen {
    list.iter().map(|(name, data)| ((*name).to_owned(), (*data).to_owned())).collect()
}

/// Answers all choices with the same number.
fn always(answer: u64) -> impl FnMut(Choice, u64, Domain<'_>) -> u64 {
    move |_, _, domain| answer.min(if domain.admits(answer) { answer } else { 0 })
}

fn append(disk: &mut SimDisk, file: &str, data: &str) {
    let change = Change::Append { file: file.to_owned(), data: data.into() };
    disk.write(change, &mut always(0));
}

fn replace(disk: &mut SimDisk, file: &str, data: &str) {
    let change = Change::Replace { file: file.to_owned(), data: Vec::from(data).into() };
    disk.write(change, &mut always(0));
}

fn rename(disk: &mut SimDisk, from: &str, to: &str) {
    let change = Change::Rename { from: from.to_owned(), to: to.to_owned() };
    disk.write(change, &mut always(0));
}

fn sync(disk: &mut SimDisk, file: Option<&str>) -> Result<(), DiskError> {
    let covers = disk.begin_sync(file);
    disk.end_sync(&covers, &mut always(0)).result
}

/// Everything that a crash can leave: the disk under all answers, by trying each in turn.
fn after_a_crash(disk: &SimDisk) -> BTreeSet<Seen> {
    let (mut outcomes, mut answers) = (BTreeSet::new(), Vec::new());
    loop {
        let (mut crashed, mut asked) = (disk.clone(), Vec::new());
        crashed.crash(&mut |_, _, domain| {
            let Domain::Below(bound) = domain else { panic!("a crash counts outcomes") };
            let answer = answers.get(asked.len()).copied().unwrap_or(0);
            asked.push((answer, bound));
            answer
        });
        assert_eq!(crashed.pending(), 0);
        outcomes.insert(seen(crashed.visible()));
        // The next answers, like a counter.
        while asked.last().is_some_and(|(answer, bound)| answer + 1 == *bound) {
            asked.pop();
        }
        let Some((last, _)) = asked.last_mut() else { return outcomes };
        *last += 1;
        answers = asked.into_iter().map(|(answer, _)| answer).collect();
    }
}

#[test]
fn a_crash_keeps_any_subset_of_what_was_not_synced() {
    let mut disk = SimDisk::default();
    replace(&mut disk, "vote", "1");
    sync(&mut disk, None).expect("it works");
    replace(&mut disk, "vote", "2");
    append(&mut disk, "log", "x");
    let expected = [
        files(&[("vote", "1")]),
        files(&[("vote", "2")]),
        files(&[("log", "x"), ("vote", "1")]),
        files(&[("log", "x"), ("vote", "2")]),
    ];
    assert_eq!(after_a_crash(&disk), BTreeSet::from(expected));
}

#[test]
fn an_append_that_survives_a_lost_one_leaves_a_hole() {
    let mut disk = SimDisk::default();
    append(&mut disk, "log", "ab");
    append(&mut disk, "log", "cd");
    let expected =
        [files(&[]), files(&[("log", "ab")]), files(&[("log", "..cd")]), files(&[("log", "abcd")])];
    assert_eq!(after_a_crash(&disk), BTreeSet::from(expected));
}

#[test]
fn a_long_write_is_torn_where_its_sectors_meet() {
    let mut disk = SimDisk::default();
    append(&mut disk, "log", "");
    sync(&mut disk, None).expect("it works");
    // It begins 2 bytes before the end of the first sector.
    let at = SECTOR - 2;
    let data = b"abcd".to_vec();
    disk.write(Change::WriteAt { file: "log".to_owned(), offset: at, data }, &mut always(0));
    let zeros = ".".repeat(at as usize);
    let left = |rest: &str| files(&[("log", &format!("{zeros}{rest}"))]);
    let expected = [files(&[("log", "")]), left("ab"), left("..cd"), left("abcd")];
    assert_eq!(after_a_crash(&disk), BTreeSet::from(expected));
}

#[test]
fn a_whole_file_is_replaced_or_not() {
    let mut disk = SimDisk::default();
    replace(&mut disk, "vote", &"a".repeat(2_000));
    sync(&mut disk, None).expect("it works");
    replace(&mut disk, "vote", &"b".repeat(3_000));
    let expected = [2_000, 3_000].map(|n| if n == 2_000 { "a" } else { "b" }.repeat(n));
    let expected = expected.map(|data| files(&[("vote", &data)]));
    assert_eq!(after_a_crash(&disk), BTreeSet::from(expected));
}

/// The way to replace a file that everybody gets wrong once: write, rename, crash.
#[test]
fn a_rename_without_a_sync_before_it_can_lose_the_content() {
    let mut disk = SimDisk::default();
    replace(&mut disk, "vote", "old");
    sync(&mut disk, None).expect("it works");
    append(&mut disk, "vote.new", "new");
    rename(&mut disk, "vote.new", "vote");
    assert_eq!(seen(disk.visible()), files(&[("vote", "new")]));
    let lost = files(&[("vote", "")]);
    assert!(after_a_crash(&disk).contains(&lost), "neither the old content nor the new");
}

#[test]
fn a_rename_after_a_sync_is_atomic() {
    let mut disk = SimDisk::default();
    replace(&mut disk, "vote", "old");
    append(&mut disk, "vote.new", "new");
    sync(&mut disk, None).expect("it works");
    rename(&mut disk, "vote.new", "vote");
    let expected = [files(&[("vote", "old"), ("vote.new", "new")]), files(&[("vote", "new")])];
    assert_eq!(after_a_crash(&disk), BTreeSet::from(expected));
}

#[test]
fn a_rename_of_nothing_does_nothing() {
    let mut disk = SimDisk::default();
    replace(&mut disk, "a", "x");
    rename(&mut disk, "b", "a");
    rename(&mut disk, "a", "a");
    assert_eq!((seen(disk.visible()), disk.pending()), (files(&[("a", "x")]), 1));
}

#[test]
fn a_sync_of_one_file_leaves_the_others_behind() {
    let mut disk = SimDisk::default();
    append(&mut disk, "log", "x");
    append(&mut disk, "index", "y");
    sync(&mut disk, Some("log")).expect("it works");
    let expected = [files(&[("log", "x")]), files(&[("index", "y"), ("log", "x")])];
    assert_eq!(after_a_crash(&disk), BTreeSet::from(expected));
}

/// The content of a file that was renamed was written under its old name.
#[test]
fn a_sync_of_a_renamed_file_covers_what_it_was() {
    let mut disk = SimDisk::default();
    append(&mut disk, "new", "x");
    append(&mut disk, "other", "y");
    rename(&mut disk, "new", "now");
    sync(&mut disk, Some("now")).expect("it works");
    assert_eq!(seen(disk.durable()), files(&[("now", "x")]));
}

#[test]
fn a_sync_covers_what_was_written_before_it_began() {
    let mut disk = SimDisk::default();
    append(&mut disk, "log", "a");
    let covers = disk.begin_sync(None);
    append(&mut disk, "log", "b");
    assert!(disk.end_sync(&covers, &mut always(0)).result.is_ok());
    assert_eq!(seen(disk.durable()), files(&[("log", "a")]));
    assert_eq!(disk.pending(), 1);
}

#[test]
fn a_sync_under_way_at_the_crash_protects_nothing() {
    let mut disk = SimDisk::default();
    append(&mut disk, "log", "a");
    let covers = disk.begin_sync(None);
    disk.crash(&mut always(0));
    assert_eq!(seen(disk.visible()), files(&[]));
    assert!(disk.end_sync(&covers, &mut always(0)).result.is_ok());
    assert_eq!(seen(disk.durable()), files(&[]), "there is nothing left to make durable");
}

/// Rebello et al., "Can Applications Recover from fsync Failures?", 2020: what a failed sync covered is
/// not tried again, and the next one says that all is well.
#[test]
fn a_sync_that_succeeds_says_nothing_about_what_a_failed_one_covered() {
    let mut disk = SimDisk::default();
    append(&mut disk, "log", "a");
    let fails = DiskFault::WriteErrors(Ratio::new(1, 1).expect("a ratio"));
    disk.set_trouble(Trouble::of([&fails].into_iter()));
    disk.write(Change::Append { file: "log".to_owned(), data: b"b".to_vec() }, &mut always(1));
    disk.set_trouble(Trouble::default());
    assert_eq!(sync(&mut disk, None), Err(DiskError::Write));
    assert_eq!(seen(disk.visible()), files(&[("log", "a")]), "reads still find what was written");
    assert_eq!(sync(&mut disk, None), Ok(()));
    disk.crash(&mut always(1));
    assert_eq!(seen(disk.visible()), files(&[]), "and it is gone");
}

#[test]
fn a_lie_is_found_out_at_the_crash() {
    let mut disk = SimDisk::default();
    disk.set_trouble(Trouble::of([&DiskFault::LyingSync].into_iter()));
    append(&mut disk, "log", "a");
    let covers = disk.begin_sync(None);
    let end = disk.end_sync(&covers, &mut always(0));
    assert_eq!(end, SyncEnd { result: Ok(()), lied: true });
    let mut crashed = disk.clone();
    crashed.crash(&mut always(0));
    assert_eq!(seen(crashed.visible()), files(&[]));
    // An honest sync afterwards makes good what the lie left.
    disk.set_trouble(Trouble::default());
    sync(&mut disk, None).expect("it works");
    assert_eq!(seen(disk.durable()), files(&[("log", "a")]));
}

#[test]
fn a_write_that_goes_astray_is_seen_only_after_a_restart() {
    let mut disk = SimDisk::default();
    append(&mut disk, "index", "....");
    sync(&mut disk, None).expect("it works");
    let strays = DiskFault::Misdirected(Ratio::new(1, 1).expect("a ratio"));
    disk.set_trouble(Trouble::of([&strays].into_iter()));
    let change = Change::Append { file: "log".to_owned(), data: b"xy".to_vec() };
    let astray = |choice| u64::from(choice == Choice::Misdirect);
    let written = disk.write(change, &mut |choice, _, _| astray(choice));
    assert_eq!(written.act, Some(DiskAct::Misdirected));
    sync(&mut disk, Some("log")).expect("a sync of the file has done what it could");
    assert_eq!(seen(disk.visible()), files(&[("index", "...."), ("log", "xy")]));
    disk.crash(&mut always(0));
    assert_eq!(seen(disk.visible()), files(&[("index", "xy..")]));
}

#[test]
fn a_full_disk_takes_what_needs_no_room() {
    let mut disk = SimDisk::default();
    append(&mut disk, "log", "abcdef");
    disk.set_trouble(Trouble::of([&DiskFault::Full(4)].into_iter()));
    append(&mut disk, "log", "g");
    let data = b"AB".to_vec();
    disk.write(Change::WriteAt { file: "log".to_owned(), offset: 0, data }, &mut always(0));
    replace(&mut disk, "log", "too many");
    replace(&mut disk, "log", "as big");
    let expected = files(&[("log", "ABcdef")]);
    assert_eq!(seen(disk.visible()), expected, "it is over-full, and overwrites in place alone");
    disk.write(Change::Truncate { file: "log".to_owned(), len: 3 }, &mut always(0));
    append(&mut disk, "log", "h");
    append(&mut disk, "log", "i");
    assert_eq!(seen(disk.visible()), files(&[("log", "ABch")]));
    assert_eq!(sync(&mut disk, None), Err(DiskError::Full));
}

#[test]
fn rot_stays_under_what_was_written_over_it() {
    let mut disk = SimDisk::default();
    append(&mut disk, "log", "ab");
    sync(&mut disk, None).expect("it works");
    disk.write(
        Change::WriteAt { file: "log".to_owned(), offset: 1, data: b"b".to_vec() },
        &mut always(0),
    );
    // The last bit of each byte.
    assert_eq!(disk.rot(&mut always(7)), Some(("log".to_owned(), 7)));
    assert_eq!(disk.rot(&mut always(15)), Some(("log".to_owned(), 15)));
    assert_eq!(seen(disk.visible()), files(&[("log", "`b")]));
    assert_eq!(seen(disk.durable()), files(&[("log", "`c")]));
    sync(&mut disk, None).expect("it works");
    assert_eq!(seen(disk.durable()), files(&[("log", "`b")]));
}

#[test]
fn no_write_is_so_far_away_that_it_takes_all_memory() {
    let mut disk = SimDisk::default();
    for offset in [FILE_MAX, 1 << 40, u64::MAX] {
        let data = b"x".to_vec();
        let change = Change::WriteAt { file: "log".to_owned(), offset, data };
        assert_eq!(disk.write(change, &mut always(0)).act, Some(DiskAct::Full));
    }
    assert_eq!(sync(&mut disk, None), Err(DiskError::Full));
}

/// Choices number sectors with 16 bits; a write can have more.
#[test]
fn a_write_of_more_sectors_than_have_a_number_can_be_torn() {
    let mut disk = SimDisk::default();
    let data = vec![1; (SECTOR as usize) * 65_540];
    disk.write(Change::Append { file: "log".to_owned(), data }, &mut always(0));
    let aftermath = disk.crash(&mut |choice, _, _| match choice {
        Choice::Survive => 2,
        Choice::KeepSector { sector } => u64::from(sector == u16::MAX),
        other => panic!("{other} is no choice of a crash"),
    });
    assert_eq!(aftermath, Aftermath { lost: 0, torn: 1, kept: 0 });
    let (_, content) = disk.visible().next().expect("a file");
    assert_eq!(content.iter().filter(|byte| **byte == 1).count(), 5 * SECTOR as usize);
}
