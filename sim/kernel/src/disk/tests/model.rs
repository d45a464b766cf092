//! A second disk, as dumb as can be: what reads find is worked out anew from everything that was ever
//! written, writes go byte by byte, and nothing is shared with the first.

use super::super::DiskFault;
use simlab_core::{Choice, DiskAct, DiskError, Domain, Ratio};
use std::collections::{BTreeMap, BTreeSet};

/// The files, by name.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// What is written.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Append(String, Vec<u8>),
    WriteAt(String, u64, Vec<u8>),
    Replace(String, Vec<u8>),
    Truncate(String, u64),
    Remove(String),
    Rename(String, String),
}

/// A write that is not durable.
#[derive(Clone, Debug)]
struct Pending {
    number: u64,
    asked: Op,
    done: Op,
    failed: Option<DiskError>,
}

/// What a sync covers: the numbers of writes.
pub(super) type Cover = BTreeSet<u64>;

/// The answers to the choices of both disks.
pub(super) type Answers<'a> = &'a dyn Fn(Choice, u64, Domain<'_>) -> u64;

/// The disk.
#[derive(Clone, Debug, Default)]
pub(super) struct ModelDisk {
    /// What was there after the last crash.
    base: Files,
    /// What reads have seen since then, in order.
    seen: Vec<Op>,
    /// Bits that flipped under what reads find, each after so many of `seen`.
    flipped: Vec<(usize, String, u64)>,
    pub(super) durable: Files,
    pending: Vec<Pending>,
    numbers: u64,
    rots: u64,
    pub(super) faults: Vec<DiskFault>,
}

/// Puts a byte into a file; what lies between its end and the byte becomes zeros.
fn put(file: &mut Vec<u8>, at: u64, byte: u8) {
    while file.len() as u64 <= at {
        file.push(0);
    }
    file[at as usize] = byte;
}

fn flip(file: &mut [u8], bit: u64) {
    file[(bit / 8) as usize] ^= 1 << (7 - bit % 8);
}

fn carry_out(files: &mut Files, op: &Op) {
    match op {
        Op::Append(name, data) => {
            let end = files.get(name).map_or(0, |file| file.len() as u64);
            carry_out(files, &Op::WriteAt(name.clone(), end, data.clone()));
        }
        Op::WriteAt(name, at, data) => {
            let file = files.entry(name.clone()).or_default();
            while (file.len() as u64) < *at {
                file.push(0);
            }
            (*at..).zip(data).for_each(|(at, byte)| put(file, at, *byte));
        }
        Op::Replace(name, data) => {
            files.remove(name);
            carry_out(files, &Op::WriteAt(name.clone(), 0, data.clone()));
        }
        Op::Truncate(name, len) => {
            if let Some(file) = files.get_mut(name) {
                file.truncate(*len as usize);
            }
        }
        Op::Remove(name) => {
            files.remove(name);
        }
        Op::Rename(from, to) => {
            let file = files.remove(from).unwrap_or_default();
            files.insert(to.clone(), file);
        }
    }
}

impl Op {
    fn names(&self) -> Vec<&str> {
        match self {
            Op::Append(name, _)
            | Op::WriteAt(name, ..)
            | Op::Replace(name, _)
            | Op::Truncate(name, _)
            | Op::Remove(name) => vec![name],
            Op::Rename(from, to) => vec![from, to],
        }
    }

    fn data(&self) -> Option<&Vec<u8>> {
        match self {
            Op::Append(_, data) | Op::WriteAt(_, _, data) | Op::Replace(_, data) => Some(data),
            Op::Truncate(..) | Op::Remove(_) | Op::Rename(..) => None,
        }
    }

    /// Whether a byte that was there before it is not the one that is there after it.
    fn covers(&self, name: &str, at: u64) -> bool {
        match self {
            Op::WriteAt(own, start, data) => {
                own == name && at >= *start && at - start < data.len() as u64
            }
            Op::Truncate(own, len) => own == name && at >= *len,
            other => other.names().contains(&name),
        }
    }
}

impl ModelDisk {
    /// What reads find.
    pub(super) fn visible(&self) -> Files {
        let mut files = self.base.clone();
        for after in 0..=self.seen.len() {
            for (_, name, bit) in self.flipped.iter().filter(|(when, ..)| *when == after) {
                flip(files.get_mut(name).expect("it rotted"), *bit);
            }
            if let Some(op) = self.seen.get(after) {
                carry_out(&mut files, op);
            }
        }
        files
    }

    fn rate(&self, of: impl Fn(&DiskFault) -> Option<Ratio>) -> Option<Ratio> {
        self.faults.iter().filter_map(of).next_back()
    }

    /// Writes. Returns what the disk did instead.
    pub(super) fn write(&mut self, op: Op, answers: Answers<'_>) -> Option<DiskAct> {
        let number = self.numbers;
        self.numbers += 1;
        let visible = self.visible();
        let asked = match op {
            Op::Rename(from, to) if from == to || !visible.contains_key(&from) => return None,
            Op::Append(name, data) => {
                let end = visible.get(&name).map_or(0, |file| file.len() as u64);
                Op::WriteAt(name, end, data)
            }
            other => other,
        };
        let refused = |this: &mut Self, why| {
            let (asked, done) = (asked.clone(), asked.clone());
            this.pending.push(Pending { number, asked, done, failed: Some(why) });
        };
        let fails = self.rate(|fault| match fault {
            DiskFault::WriteErrors(rate) => Some(*rate),
            _ => None,
        });
        if fails.is_some_and(|rate| answers(Choice::FailWrite, number, Domain::Chance(rate)) == 1) {
            refused(self, DiskError::Write);
            return Some(DiskAct::WriteFailed);
        }
        let mut after = visible.clone();
        carry_out(&mut after, &asked);
        let size = |files: &Files| files.values().map(|file| file.len() as u64).sum::<u64>();
        let too_small =
            |fault: &DiskFault| matches!(fault, DiskFault::Full(room) if size(&after) > *room);
        let replaces = matches!(&asked, Op::Replace(_, data) if !data.is_empty());
        if (replaces || size(&after) > size(&visible)) && self.faults.iter().any(too_small) {
            refused(self, DiskError::Full);
            return Some(DiskAct::Full);
        }
        self.seen.push(asked.clone());
        let strays = self.rate(|fault| match fault {
            DiskFault::Misdirected(rate) => Some(*rate),
            _ => None,
        });
        let astray = asked.data().is_some()
            && strays
                .is_some_and(|rate| answers(Choice::Misdirect, number, Domain::Chance(rate)) == 1);
        let done =
            if astray { Self::astray(&asked, number, &after, answers) } else { asked.clone() };
        self.pending.push(Pending { number, asked, done, failed: None });
        astray.then_some(DiskAct::Misdirected)
    }

    fn astray(asked: &Op, number: u64, files: &Files, answers: Answers<'_>) -> Op {
        let own = asked.names()[0].to_owned();
        let others: Vec<&String> = files.keys().filter(|name| **name != own).collect();
        if others.is_empty() {
            let by = 512 * (1 + answers(Choice::Astray, number, Domain::Below(8)));
            return match asked.clone() {
                Op::WriteAt(name, at, data) => Op::WriteAt(name, at + by, data),
                Op::Replace(name, data) => Op::WriteAt(name, by, data),
                other => other,
            };
        }
        let which = answers(Choice::Astray, number, Domain::Below(others.len() as u64));
        let other = others[which as usize].clone();
        match asked.clone() {
            Op::WriteAt(_, at, data) => Op::WriteAt(other, at, data),
            Op::Replace(_, data) => Op::Replace(other, data),
            same => same,
        }
    }

    /// What a sync of everything, or of one file and all that it depends on, covers.
    pub(super) fn begin_sync(&self, file: Option<&str>) -> Cover {
        let Some(file) = file else { return self.pending.iter().map(|p| p.number).collect() };
        let (mut names, mut cover) = (BTreeSet::from([file]), Cover::new());
        for pending in self.pending.iter().rev() {
            let own: Vec<&str> =
                pending.asked.names().into_iter().chain(pending.done.names()).collect();
            if own.iter().any(|name| names.contains(name)) {
                names.extend(own);
                cover.insert(pending.number);
            }
        }
        cover
    }

    /// Ends a sync. Returns what the disk says, and whether it lies.
    pub(super) fn end_sync(
        &mut self,
        cover: &Cover,
        answers: Answers<'_>,
    ) -> (Result<(), DiskError>, bool) {
        let covered = |pending: &Pending| cover.contains(&pending.number);
        if self.faults.contains(&DiskFault::LyingSync) {
            return (Ok(()), self.pending.iter().any(covered));
        }
        let error = self.pending.iter().filter(|p| covered(p)).find_map(|p| p.failed);
        for pending in self.pending.iter().filter(|p| covered(p) && p.failed.is_none()) {
            if error.is_none() || answers(Choice::Survive, pending.number, Domain::Below(2)) == 1 {
                carry_out(&mut self.durable, &pending.done);
            }
        }
        self.pending.retain(|pending| !covered(pending));
        (error.map_or(Ok(()), Err), false)
    }

    /// Crashes. Returns how many writes are lost, torn and kept.
    pub(super) fn crash(&mut self, answers: Answers<'_>) -> [u32; 3] {
        let mut counts = [0; 3];
        for pending in std::mem::take(&mut self.pending) {
            counts[self.outlive(&pending, answers)] += 1;
        }
        self.base = self.durable.clone();
        self.seen.clear();
        self.flipped.clear();
        counts
    }

    /// What is left of a write: 0 nothing, 1 some of it, 2 all.
    fn outlive(&mut self, pending: &Pending, answers: Answers<'_>) -> usize {
        let number = pending.number;
        if pending.failed.is_some() {
            return 0;
        }
        // Byte by byte: which of the sectors that the write touches is each in?
        let sectors = match &pending.done {
            Op::WriteAt(_, at, data) if !data.is_empty() => {
                (at + data.len() as u64 - 1) / 512 - at / 512 + 1
            }
            _ => 1,
        };
        match answers(Choice::Survive, number, Domain::Below(if sectors > 1 { 3 } else { 2 })) {
            0 => return 0,
            1 => {
                carry_out(&mut self.durable, &pending.done);
                return 2;
            }
            _ => {}
        }
        let Op::WriteAt(name, at, data) = &pending.done else { panic!("only these are torn") };
        let keeps = |sector: u64| {
            let choice = Choice::KeepSector { sector: sector as u16 };
            answers(choice, number, Domain::Below(2)) == 1
        };
        for (at_now, byte) in (*at..).zip(data) {
            if keeps(at_now / 512 - at / 512) {
                put(self.durable.entry(name.clone()).or_default(), at_now, *byte);
            }
        }
        match (0..sectors).filter(|sector| keeps(*sector)).count() as u64 {
            0 => 0,
            n if n == sectors => 2,
            _ => 1,
        }
    }

    /// Loses everything.
    pub(super) fn wipe(&mut self) {
        let ModelDisk { numbers, rots, faults, .. } = std::mem::take(self);
        *self = ModelDisk { numbers, rots, faults, ..ModelDisk::default() };
    }

    /// Flips a bit at rest. Returns the file and the bit.
    pub(super) fn rot(&mut self, answers: Answers<'_>) -> Option<(String, u64)> {
        let bits: Vec<(String, u64)> = self
            .durable
            .iter()
            .flat_map(|(name, file)| (0..file.len() as u64 * 8).map(|bit| (name.clone(), bit)))
            .collect();
        if bits.is_empty() {
            return None;
        }
        let which = answers(Choice::Rot, self.rots, Domain::Below(bits.len() as u64));
        self.rots += 1;
        let (name, bit) = bits[which as usize].clone();
        let byte = |files: &Files| files.get(&name)?.get((bit / 8) as usize).copied();
        let same = byte(&self.visible()) == byte(&self.durable);
        let covered = |p: &Pending| p.failed.is_none() && p.asked.covers(&name, bit / 8);
        if same && !self.pending.iter().any(covered) {
            self.flipped.push((self.seen.len(), name.clone(), bit));
        }
        flip(self.durable.get_mut(&name).expect("it is there"), bit);
        Some((name, bit))
    }

    /// Whether a file cannot be read.
    pub(super) fn unreadable(&self, name: &str) -> bool {
        self.faults.iter().any(
            |fault| matches!(fault, DiskFault::ReadErrors(prefix) if name.starts_with(prefix.as_str())),
        )
    }

    /// How many writes are not durable.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }
}
