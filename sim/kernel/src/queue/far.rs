//! The levels of slots for what is due later than the ring reaches.

use super::Entry;
use super::near::{Near, REACH_BITS};

/// Each level has 2^6 slots.
const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;
/// An empty slot keeps room for so many at most.
const KEPT: usize = 64;
/// As many levels as 64 bits of nanoseconds need.
const LEVELS: usize = (64 - REACH_BITS).div_ceil(BITS) as usize;

/// Each level is one slot of the level above it, and holds nothing of the slot that `base` is in:
/// that part is on the levels below.
#[derive(Clone, Debug)]
pub(super) struct Far {
    /// The levels that hold something, a bit each.
    filled: u8,
    /// All that it holds is due after the stretch of the ring's length that this begins.
    base: u64,
    /// When the next slot that holds something begins; the end of time if there is none.
    next: u64,
    levels: Box<[Level; LEVELS]>,
}

#[derive(Clone, Debug)]
struct Level {
    /// The slots that hold something, a bit each.
    filled: u64,
    slots: [Vec<Entry>; SLOTS],
}

impl Far {
    pub(super) fn new() -> Self {
        let level = |_| Level { filled: 0, slots: std::array::from_fn(|_| Vec::new()) };
        Far { filled: 0, base: 0, next: u64::MAX, levels: Box::new(std::array::from_fn(level)) }
    }

    pub(super) fn put(&mut self, entry: Entry) {
        let differing = (self.base ^ entry.at) >> REACH_BITS | 1;
        let level = (63 - differing.leading_zeros()) / BITS;
        let shift = REACH_BITS + BITS * level;
        let slot = entry.at >> shift & (SLOTS as u64 - 1);
        self.next = self.next.min(entry.at >> shift << shift);
        let level = level as usize;
        self.levels[level].slots[slot as usize].push(entry);
        self.levels[level].filled |= 1 << slot;
        self.filled |= 1 << level;
    }

    /// The first slot that holds something: its level, its place, and when it begins. What is on a
    /// lower level, or in a lower slot of the same, is earlier.
    #[inline]
    fn first(&self) -> Option<(usize, usize, u64)> {
        let level = self.filled.trailing_zeros();
        let slots = self.levels.get(level as usize)?;
        let slot = slots.filled.trailing_zeros();
        let shift = REACH_BITS + BITS * level;
        let above = self.base.checked_shr(shift + BITS).unwrap_or(0);
        let above = above.checked_shl(shift + BITS).unwrap_or(0);
        Some((level as usize, slot as usize, above | u64::from(slot) << shift))
    }

    /// When the next slot that holds something begins; the end of time if there is none.
    #[inline]
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// Takes out everything.
    pub(super) fn take(&mut self, into: &mut Vec<Entry>) {
        while let Some((level, slot, _)) = self.first() {
            into.append(&mut self.levels[level].slots[slot]);
            self.empty(level, slot);
        }
        self.next = u64::MAX;
    }

    /// Notes that a slot holds nothing any more.
    fn empty(&mut self, level: usize, slot: usize) {
        let filled = &mut self.levels[level].filled;
        *filled &= !(1 << slot);
        if *filled == 0 {
            self.filled &= !(1 << level);
        }
    }

    /// Hands down what is in the next slot: into the ring as far as that reaches, and to lower
    /// levels.
    pub(super) fn hand_down(&mut self, near: &mut Near) {
        let Some((level, slot, begin)) = self.first() else { return };
        let mut entries = std::mem::take(&mut self.levels[level].slots[slot]);
        self.empty(level, slot);
        self.base = begin;
        self.next = self.first().map_or(u64::MAX, |(_, _, begin)| begin);
        for entry in entries.drain(..) {
            if near.reaches(entry.at) {
                near.put(entry);
            } else {
                self.put(entry);
            }
        }
        if entries.capacity() <= KEPT {
            self.levels[level].slots[slot] = entries;
        }
    }

    /// When the first of what it holds is due.
    pub(super) fn first_at(&self) -> Option<u64> {
        let (level, slot, _) = self.first()?;
        self.levels[level].slots[slot].iter().map(|entry| entry.at).min()
    }

    /// All that it holds.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.levels.iter().flat_map(|level| level.slots.iter().flatten())
    }

    pub(super) fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.levels.iter_mut().flat_map(|level| level.slots.iter_mut().flatten())
    }
}
