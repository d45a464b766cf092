//! The disk against a dumb second one, and by example.

mod examples;
mod model;

use super::*;
use model::{Cover, ModelDisk, Op};
use proptest::prelude::*;
use simlab_core::{Decide, Distribution, Duration, NodeId, Point, Ratio, Seeded, Who};

/// What a test does to both disks.
#[derive(Clone, Debug)]
enum Step {
    Append(String, usize),
    WriteAt(String, u64, usize),
    Replace(String, usize),
    Truncate(String, u64),
    Remove(String),
    Rename(String, String),
    /// Asks for a sync, of one file or of all.
    Sync(Option<String>),
    /// Ends the oldest sync that is under way.
    Done,
    Crash,
    Wipe,
    Rot,
    Trouble(Vec<DiskFault>),
}

fn file() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "ab", "b", "c"]).prop_map(str::to_owned)
}

fn fault() -> impl Strategy<Value = DiskFault> {
    let rate = (1..=3_u64).prop_map(|n| Ratio::new(n, 4).expect("below one"));
    prop_oneof![
        rate.clone().prop_map(DiskFault::WriteErrors),
        rate.prop_map(DiskFault::Misdirected),
        prop::sample::select(vec!["", "a", "ab"]).prop_map(|p| DiskFault::ReadErrors(p.to_owned())),
        Just(DiskFault::LyingSync),
        (0..4_000_u64).prop_map(DiskFault::Full),
        Just(DiskFault::SlowSync(Distribution::Fixed(Duration(1)))),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let len = || prop_oneof![0..40_usize, 0..1_700_usize];
    prop_oneof![
        6 => (file(), len()).prop_map(|(file, len)| Step::Append(file, len)),
        4 => (file(), 0..1_500_u64, len()).prop_map(|(file, at, len)| Step::WriteAt(file, at, len)),
        3 => (file(), len()).prop_map(|(file, len)| Step::Replace(file, len)),
        2 => (file(), 0..1_500_u64).prop_map(|(file, len)| Step::Truncate(file, len)),
        1 => file().prop_map(Step::Remove),
        3 => (file(), file()).prop_map(|(from, to)| Step::Rename(from, to)),
        4 => proptest::option::of(file()).prop_map(Step::Sync),
        4 => Just(Step::Done),
        2 => Just(Step::Crash),
        1 => Just(Step::Rot),
        1 => proptest::collection::vec(fault(), 0..3).prop_map(Step::Trouble),
    ]
}

/// Both disks, and the same answers for both.
struct Both {
    disk: SimDisk,
    model: ModelDisk,
    seeded: Seeded,
    syncs: VecDeque<(Covers, Cover)>,
    /// Makes all data different.
    bytes: u8,
}

fn answer(seeded: Seeded, choice: Choice, ordinal: u64, domain: Domain<'_>) -> u64 {
    Seeded::decide(
        &mut seeded.clone(),
        Point { who: Who::Node(NodeId(0)), choice, ordinal },
        domain,
    )
}

impl Both {
    fn new(seed: u64) -> Self {
        Both {
            disk: SimDisk::default(),
            model: ModelDisk::default(),
            seeded: Seeded::new(seed),
            syncs: VecDeque::new(),
            bytes: 0,
        }
    }

    fn data(&mut self, len: usize) -> Vec<u8> {
        (0..len)
            .map(|_| {
                self.bytes = self.bytes % 251 + 1;
                self.bytes
            })
            .collect()
    }

    fn write(&mut self, change: Change, op: Op) {
        let seeded = self.seeded;
        let mut ask = |choice, ordinal, domain: Domain<'_>| answer(seeded, choice, ordinal, domain);
        let act = self.disk.write(change, &mut ask).act;
        assert_eq!(act, self.model.write(op, &|c, o, d| answer(seeded, c, o, d)));
    }

    fn step(&mut self, step: Step) {
        let seeded = self.seeded;
        let mut ask = |choice, ordinal, domain: Domain<'_>| answer(seeded, choice, ordinal, domain);
        let answers = |choice, ordinal, domain: Domain<'_>| answer(seeded, choice, ordinal, domain);
        match step {
            Step::Append(file, len) => {
                let data = self.data(len);
                let change = Change::Append { file: file.clone(), data: data.clone() };
                self.write(change, Op::Append(file, data));
            }
            Step::WriteAt(file, offset, len) => {
                let data = self.data(len);
                let change = Change::WriteAt { file: file.clone(), offset, data: data.clone() };
                self.write(change, Op::WriteAt(file, offset, data));
            }
            Step::Replace(file, len) => {
                let data = self.data(len);
                let change = Change::Replace { file: file.clone(), data: data.clone().into() };
                self.write(change, Op::Replace(file, data));
            }
            Step::Truncate(file, len) => {
                self.write(Change::Truncate { file: file.clone(), len }, Op::Truncate(file, len));
            }
            Step::Remove(file) => {
                self.write(Change::Remove { file: file.clone() }, Op::Remove(file));
            }
            Step::Rename(from, to) => {
                let change = Change::Rename { from: from.clone(), to: to.clone() };
                self.write(change, Op::Rename(from, to));
            }
            Step::Sync(file) => {
                let file = file.as_deref();
                self.syncs.push_back((self.disk.begin_sync(file), self.model.begin_sync(file)));
            }
            Step::Done => {
                let Some((covers, cover)) = self.syncs.pop_front() else { return };
                let end = self.disk.end_sync(&covers, &mut ask);
                assert_eq!((end.result, end.lied), self.model.end_sync(&cover, &answers));
            }
            Step::Crash => {
                let Aftermath { lost, torn, kept } = self.disk.crash(&mut ask);
                assert_eq!([lost, torn, kept], self.model.crash(&answers));
                // What was under way concerns nobody any more.
                self.syncs.clear();
            }
            Step::Wipe => {
                self.disk.wipe();
                self.model.wipe();
                self.syncs.clear();
            }
            Step::Rot => assert_eq!(self.disk.rot(&mut ask), self.model.rot(&answers)),
            Step::Trouble(faults) => {
                self.disk.set_trouble(Trouble::of(faults.iter()));
                self.model.faults = faults;
            }
        }
    }

    /// Both look the same in every way.
    fn compare(&mut self) {
        let visible = self.model.visible();
        let own = |(name, data): (&str, &[u8])| (name.to_owned(), data.to_vec());
        assert_eq!(self.disk.visible().map(own).collect::<model::Files>(), visible);
        assert_eq!(self.disk.durable().map(own).collect::<model::Files>(), self.model.durable);
        assert_eq!(self.disk.pending(), self.model.pending());
        assert_eq!(self.disk.size, visible.values().map(|data| data.len() as u64).sum::<u64>());
        let waiting: u64 = self.disk.pending.iter().map(Pending::len).sum();
        assert_eq!(self.disk.waiting, waiting);
        let mut failed = 0;
        for name in ["a", "ab", "b", "c", "d"] {
            let expected = match visible.get(name) {
                Some(_) if self.model.unreadable(name) => Err(DiskError::Read),
                content => Ok(content.map(Vec::as_slice)),
            };
            assert_eq!(self.disk.read(name), expected, "reading {name}");
            failed += u64::from(expected.is_err());
        }
        assert_eq!(self.disk.take_failed_reads().values().sum::<u64>(), failed);
        let listed: Vec<&String> = visible.keys().filter(|name| name.starts_with('a')).collect();
        assert_eq!(self.disk.list("a"), listed);
    }
}

proptest! {
    #![proptest_config(crate::testing::config(300))]

    /// Random writes, syncs that overlap, crashes and faults: the two disks never differ.
    #[test]
    fn it_agrees_with_a_dumb_one(
        seed: u64,
        steps in proptest::collection::vec(
            prop_oneof![60 => step(), 1 => Just(Step::Wipe)], 0..60,
        ),
    ) {
        let mut both = Both::new(seed);
        for step in steps {
            both.step(step);
            both.compare();
        }
    }
}
