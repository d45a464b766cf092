//! A node's disk: what was written, what of it is durable, and what it does instead.
//!
//! ```text
//!   write ──▶ visible (what a read sees) ──sync──▶ durable ──crash──▶ visible again
//!        └──▶ pending, in order ─────────────┘
//! ```
//!
//! A write is visible at once and durable after a sync. A crash keeps *any subset* of what was
//! pending, and of a write that spans sectors perhaps only some: storage reorders, and only a sync
//! orders it. An append is a write at what was then the end of the file, so one that survives while
//! an earlier one did not leaves a hole of zeros. Replacing a whole file, renaming, truncating and
//! removing are atomic, but a rename can survive what was written to its file, and then the new name
//! has an empty one. The order within one file is kept.
//!
//! What a disk does wrong is in [`Trouble`]; everything that could go one way or another is asked for.

mod change;
#[cfg(test)]
mod tests;
mod trouble;

pub(crate) use change::Change;
pub use trouble::DiskFault;
pub(crate) use trouble::Trouble;

use change::{Files, apply};
use simlab_core::{Choice, Disk, DiskAct, DiskError, Domain};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{Hash, Hasher};
use std::ops::Bound;
use std::sync::Arc;

/// A write to a sector is atomic, one that spans sectors is not.
pub(crate) const SECTOR: u64 = 512;

/// No file is longer; a write beyond it finds the disk full.
const FILE_MAX: u64 = 256 << 20;

/// What answers the disk's choices: which one, its ordinal, and what the answer may be.
pub(crate) type Ask<'a> = &'a mut dyn FnMut(Choice, u64, Domain<'_>) -> u64;

/// The disk of one node.
#[derive(Clone, Debug, Default)]
pub(crate) struct SimDisk {
    visible: Files,
    durable: Files,
    pending: VecDeque<Pending>,
    /// How many bytes are visible.
    size: u64,
    /// How many bytes pending writes hold.
    waiting: u64,
    /// How many writes there ever were; their numbers name the choices about them.
    written: u64,
    /// How many bits ever rotted.
    rotted: u64,
    trouble: Trouble,
    /// How many reads of each file failed. Counted, and no part of the state.
    failed_reads: RefCell<BTreeMap<String, u64>>,
}

/// A write that is not durable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pending {
    number: u64,
    /// What becomes durable.
    change: Change,
    /// What was asked for, and is visible, if that is something else: it went astray.
    asked: Option<Change>,
    /// Why it was not carried out.
    failed: Option<DiskError>,
}

/// What a write did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// Where in the file it begins, or the new length for a truncation.
    pub(crate) at: u64,
    /// What the disk did instead.
    pub(crate) act: Option<DiskAct>,
}

/// What a sync covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Covers {
    /// All writes before this one.
    Before(u64),
    /// These writes.
    These(BTreeSet<u64>),
}

/// How a sync ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SyncEnd {
    /// What the disk says.
    pub(crate) result: Result<(), DiskError>,
    /// Whether it lies: something it covers is not durable.
    pub(crate) lied: bool,
}

/// What a crash did to the writes that were not durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Aftermath {
    pub(crate) lost: u32,
    pub(crate) torn: u32,
    pub(crate) kept: u32,
}

impl Pending {
    /// All names that it concerns, as far as its process knows and as it is.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.change.names().chain(self.asked.iter().flat_map(Change::names))
    }

    /// How many bytes it holds.
    fn len(&self) -> u64 {
        let changes = std::iter::once(&self.change).chain(&self.asked);
        changes.map(|change| change.data().map_or(0, |data| data.len() as u64)).sum()
    }

    /// Whether a byte of a file that reads find is not the one that was there before it.
    fn hides(&self, file: &str, byte: u64) -> bool {
        self.failed.is_none() && self.asked.as_ref().unwrap_or(&self.change).hides(file, byte)
    }
}

impl SimDisk {
    /// Carries out a write, or does what its trouble makes it do instead.
    pub(crate) fn write(&mut self, change: Change, ask: Ask<'_>) -> Written {
        let number = self.written;
        self.written += 1;
        if change.is_void(&self.visible) {
            return Written { at: 0, act: None };
        }
        let change = change.settled(&self.visible);
        let at = change.at();
        let fails = self
            .trouble
            .fails
            .is_some_and(|rate| ask(Choice::FailWrite, number, Domain::Chance(rate)) == 1);
        if fails {
            self.wait(Pending { number, change, asked: None, failed: Some(DiskError::Write) });
            return Written { at, act: Some(DiskAct::WriteFailed) };
        }
        let (old, new) = change.space(&self.visible);
        let after = (self.size - old).saturating_add(new);
        // On a disk that is too full already, what needs no room still works. A file that is replaced
        // as a whole is a new one, which has to find room.
        let needs_room = new > old || new > 0 && matches!(change, Change::Replace { .. });
        let full = needs_room && self.trouble.capacity.is_some_and(|room| after > room);
        if full || change.data().is_some() && change.end() > FILE_MAX {
            self.wait(Pending { number, change, asked: None, failed: Some(DiskError::Full) });
            return Written { at, act: Some(DiskAct::Full) };
        }
        apply(&mut self.visible, &change);
        self.size = after;
        let astray = self.trouble.misdirects.is_some_and(|rate| {
            change.data().is_some() && ask(Choice::Misdirect, number, Domain::Chance(rate)) == 1
        });
        let (change, asked) = match astray {
            true => (self.astray(change.clone(), number, ask), Some(change)),
            false => (change, None),
        };
        self.wait(Pending { number, change, asked, failed: None });
        Written { at, act: astray.then_some(DiskAct::Misdirected) }
    }

    fn wait(&mut self, pending: Pending) {
        self.waiting += pending.len();
        self.pending.push_back(pending);
    }

    /// Where a write that goes astray ends up: at the same place of another file, or if there is none
    /// some sectors on in its own.
    fn astray(&self, change: Change, number: u64, ask: Ask<'_>) -> Change {
        let own = change.file();
        let others: Vec<&String> = self.visible.keys().filter(|name| *name != own).collect();
        if others.is_empty() {
            let sectors = 1 + ask(Choice::Astray, number, Domain::Below(8));
            return change.shifted(sectors * SECTOR);
        }
        let other = ask(Choice::Astray, number, Domain::Below(others.len() as u64));
        change.into_file(others[other as usize].clone())
    }

    /// What a sync that is asked for now covers: everything, or what a file's content and name
    /// depend on.
    pub(crate) fn begin_sync(&self, file: Option<&str>) -> Covers {
        let Some(file) = file else { return Covers::Before(self.written) };
        // Backwards: whatever touches a name that matters makes all of its names matter.
        let mut names = BTreeSet::from([file]);
        let mut numbers = BTreeSet::new();
        for pending in self.pending.iter().rev() {
            if pending.names().any(|name| names.contains(name)) {
                names.extend(pending.names());
                numbers.insert(pending.number);
            }
        }
        Covers::These(numbers)
    }

    /// Ends a sync: what it covers becomes durable, unless one of the writes had failed or the disk
    /// lies.
    pub(crate) fn end_sync(&mut self, covers: &Covers, ask: Ask<'_>) -> SyncEnd {
        let covered = |pending: &Pending| match covers {
            Covers::Before(number) => pending.number < *number,
            Covers::These(numbers) => numbers.contains(&pending.number),
        };
        if self.trouble.lies {
            return SyncEnd { result: Ok(()), lied: self.pending.iter().any(covered) };
        }
        let all = std::mem::take(&mut self.pending);
        let (ending, staying): (Vec<_>, Vec<_>) = all.into_iter().partition(covered);
        self.pending = staying.into();
        self.waiting = self.pending.iter().map(Pending::len).sum();
        let failed = ending.iter().find_map(|pending| pending.failed);
        for pending in ending.iter().filter(|pending| pending.failed.is_none()) {
            // When a sync fails, its other writes may have been done or not, and nobody will ever
            // try them again: what is read now may be gone after the next crash.
            let done =
                failed.is_none() || ask(Choice::Survive, pending.number, Domain::Below(2)) == 1;
            if done {
                apply(&mut self.durable, &pending.change);
            }
        }
        SyncEnd { result: failed.map_or(Ok(()), Err), lied: false }
    }

    /// Keeps of what was not durable what the choices say.
    pub(crate) fn crash(&mut self, ask: Ask<'_>) -> Aftermath {
        let mut aftermath = Aftermath::default();
        for Pending { number, change, failed, .. } in std::mem::take(&mut self.pending) {
            if failed.is_some() {
                aftermath.lost += 1;
                continue;
            }
            let sectors = change.sectors();
            let outcomes = if sectors.len() > 1 { 3 } else { 2 };
            match ask(Choice::Survive, number, Domain::Below(outcomes)) {
                0 => aftermath.lost += 1,
                1 => {
                    apply(&mut self.durable, &change);
                    aftermath.kept += 1;
                }
                _ => {
                    let mut kept = 0;
                    for (n, sector) in (0_u64..).zip(&sectors) {
                        // Beyond the last number that a choice has, sectors share their fate.
                        let sector_number = u16::try_from(n).unwrap_or(u16::MAX);
                        let keep = Choice::KeepSector { sector: sector_number };
                        if ask(keep, number, Domain::Below(2)) == 1 {
                            apply(&mut self.durable, sector);
                            kept += 1;
                        }
                    }
                    match kept {
                        0 => aftermath.lost += 1,
                        n if n == sectors.len() => aftermath.kept += 1,
                        _ => aftermath.torn += 1,
                    }
                }
            }
        }
        self.visible = self.durable.clone();
        self.size = self.visible.values().map(|data| data.len() as u64).sum();
        self.waiting = 0;
        aftermath
    }

    /// Forgets everything.
    pub(crate) fn wipe(&mut self) {
        self.visible.clear();
        self.durable.clear();
        self.pending.clear();
        (self.size, self.waiting) = (0, 0);
    }

    /// How many bytes it holds: those of the files and those that are not durable.
    pub(crate) fn bytes(&self) -> u64 {
        self.size + self.waiting
    }

    /// Flips one bit at rest. Returns the file and which of its bits; `None` if nothing is there.
    pub(crate) fn rot(&mut self, ask: Ask<'_>) -> Option<(String, u64)> {
        let all: u64 = self.durable.values().map(|data| data.len() as u64 * 8).sum();
        if all == 0 {
            return None;
        }
        let mut bit = ask(Choice::Rot, self.rotted, Domain::Below(all));
        self.rotted += 1;
        let (file, _) = self.durable.iter().find(|(_, data)| {
            let len = data.len() as u64 * 8;
            let here = bit < len;
            if !here {
                bit -= len;
            }
            here
        })?;
        let file = file.clone();
        let byte = bit / 8;
        let at = |files: &Files| files.get(&file).and_then(|data| data.get(byte as usize)).copied();
        // Reads find what was written since, and not what it was written over.
        let seen = at(&self.visible) == at(&self.durable)
            && !self.pending.iter().any(|pending| pending.hides(&file, byte));
        let flip = |files: &mut Files| {
            let data = files.get_mut(&file).map(Arc::make_mut);
            if let Some(byte) = data.and_then(|data| data.get_mut(byte as usize)) {
                *byte ^= 0x80 >> (bit % 8);
            }
        };
        flip(&mut self.durable);
        if seen {
            flip(&mut self.visible);
        }
        Some((file, bit))
    }

    /// What is wrong with it from now on.
    pub(crate) fn set_trouble(&mut self, trouble: Trouble) {
        self.trouble = trouble;
    }

    /// What is wrong with it now.
    pub(crate) fn trouble(&self) -> &Trouble {
        &self.trouble
    }

    /// Whether reads failed since [`SimDisk::take_failed_reads`] was asked last.
    #[inline]
    pub(crate) fn has_failed_reads(&mut self) -> bool {
        !self.failed_reads.get_mut().is_empty()
    }

    /// How many reads of which files failed since this was asked last.
    pub(crate) fn take_failed_reads(&mut self) -> BTreeMap<String, u64> {
        std::mem::take(self.failed_reads.get_mut())
    }

    /// A file as a read that does not fail finds it.
    pub(crate) fn content(&self, file: &str) -> Option<&[u8]> {
        self.visible.get(file).map(|data| data.as_slice())
    }

    /// All files as they would be read now.
    pub(crate) fn visible(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.visible.iter().map(|(name, data)| (name.as_str(), data.as_slice()))
    }

    /// All files as far as they are durable.
    pub(crate) fn durable(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.durable.iter().map(|(name, data)| (name.as_str(), data.as_slice()))
    }

    /// How many writes are not durable.
    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }
}

impl Hash for SimDisk {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.visible, &self.durable, &self.pending).hash(state);
        (self.written, self.rotted, &self.trouble).hash(state);
    }
}

impl Disk for SimDisk {
    fn read(&self, file: &str) -> Result<Option<&[u8]>, DiskError> {
        let data = self.visible.get(file);
        if data.is_some() && self.trouble.unreadable(file) {
            *self.failed_reads.borrow_mut().entry(file.to_owned()).or_default() += 1;
            return Err(DiskError::Read);
        }
        Ok(data.map(|data| data.as_slice()))
    }

    fn list(&self, prefix: &str) -> Vec<&str> {
        let bounds = (Bound::Included(prefix), Bound::Unbounded);
        let from = self.visible.range::<str, _>(bounds);
        from.map(|(name, _)| name.as_str()).take_while(|name| name.starts_with(prefix)).collect()
    }
}
