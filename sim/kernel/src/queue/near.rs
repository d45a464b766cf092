//! The ring of slots for what is due soon.

use super::{Entry, Item};

/// A slot is 2^9 ns: even where a thousand nodes talk to each other most slots hold little, and mostly
/// one entry or none where fifty do.
const SLOT_BITS: u32 = 9;
/// So many nanoseconds.
pub(super) const SLOT: u64 = 1 << SLOT_BITS;
/// There are 2^15 of them.
const RING_BITS: u32 = 15;
const SLOTS: usize = 1 << RING_BITS;
const WORDS: usize = SLOTS / 64;
const SUMMARIES: usize = WORDS / 64;
/// So long is the ring.
pub(super) const REACH_BITS: u32 = SLOT_BITS + RING_BITS;

/// What a slot holds: mostly one entry, which is then found in one line of the cache.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Run {
    first: Entry,
    more: Vec<Entry>,
}

/// The slots from `base` on, once around the ring.
#[derive(Clone, Debug)]
pub(super) struct Near {
    /// The slot that was opened last, or to which the ring was turned, counted from the beginning of time.
    base: u64,
    /// Which of the words of `filled` may be other than zero, a bit each: that one has become zero is
    /// found out when the next one is looked for.
    words: [u64; SUMMARIES],
    /// Which slots hold something, a bit each.
    filled: Box<[u64; WORDS]>,
    /// Where each slot that holds something has it among the runs. A table of its own, and small, since it
    /// is asked for slots all over the ring.
    slots: Box<[u32; SLOTS]>,
    runs: Vec<Run>,
    /// The first `spare` of these are runs that no slot has, to be used again, the latest last: it is
    /// still in the cache. It has as many places as there are runs, so that putting one back never
    /// makes it grow.
    free: Vec<u32>,
    /// How many of `free` count.
    spare: usize,
}

impl Near {
    pub(super) fn new() -> Self {
        Near {
            base: 0,
            words: [0; SUMMARIES],
            filled: Box::new([0; WORDS]),
            slots: Box::new([0; SLOTS]),
            runs: Vec::new(),
            free: Vec::new(),
            spare: 0,
        }
    }

    /// Whether what is due at `at`, after what is open, has a slot here.
    #[inline(always)]
    pub(super) const fn reaches(&self, at: u64) -> bool {
        (at >> SLOT_BITS) - self.base < SLOTS as u64
    }

    #[inline(always)]
    pub(super) fn put(&mut self, entry: Entry) {
        let slot = (entry.at >> SLOT_BITS) as usize % SLOTS;
        let bit = 1 << (slot % 64);
        if self.filled[slot / 64] & bit != 0 {
            self.runs[self.slots[slot] as usize].more.push(entry);
            return;
        }
        self.filled[slot / 64] |= bit;
        self.words[slot / 4096] |= 1 << (slot / 64 % 64);
        if self.spare == 0 {
            return self.put_first(slot, entry.at, entry.order, entry.item);
        }
        self.spare -= 1;
        let run = self.free[self.spare];
        self.slots[slot] = run;
        self.runs[run as usize].first = entry;
    }

    /// Puts something into an empty slot when there is no spare run.
    #[cold]
    #[inline(never)]
    fn put_first(&mut self, slot: usize, at: u64, order: u64, item: Item) {
        self.slots[slot] = self.runs.len() as u32;
        self.free.push(0);
        self.runs.push(Run { first: Entry { at, order, item }, more: Vec::new() });
    }

    /// The place of the first slot that holds something, from that of the base on around the ring.
    #[inline]
    fn first(&mut self) -> Option<usize> {
        let from = self.base as usize % SLOTS;
        let (word, bit) = (from / 64, from % 64);
        let here = self.filled[word] >> bit;
        if here != 0 {
            return Some(from + here.trailing_zeros() as usize);
        }
        self.first_after(word)
    }

    /// The place of the first slot that holds something in the words after this one, around the ring;
    /// this word comes last.
    fn first_after(&mut self, word: usize) -> Option<usize> {
        for ahead in 0..=SUMMARIES {
            let summary = (word / 64 + ahead) % SUMMARIES;
            let after = if ahead == 0 { u64::MAX << (word % 64) << 1 } else { u64::MAX };
            while let words @ 1.. = self.words[summary] & after {
                let at = words.trailing_zeros() as usize;
                let filled = self.filled[summary * 64 + at];
                if filled != 0 {
                    return Some((summary * 64 + at) * 64 + filled.trailing_zeros() as usize);
                }
                self.words[summary] &= !(1 << at);
            }
        }
        None
    }

    /// The next slot that holds something: its place, and when it begins; the end of time if there is
    /// none.
    #[inline(always)]
    pub(super) fn next(&mut self) -> (usize, u64) {
        let Some(slot) = self.first() else { return (0, u64::MAX) };
        let ahead = slot.wrapping_sub(self.base as usize) % SLOTS;
        (slot, (self.base + ahead as u64) << SLOT_BITS)
    }

    /// The next slot that holds something, if it is in this word or in the next: its place, and when it
    /// begins. Of what is opened ahead little must come in later.
    #[inline(always)]
    pub(super) fn soon(&self) -> Option<(usize, u64)> {
        let from = self.base as usize % SLOTS;
        let (word, bit) = (from / 64, from % 64);
        let here = self.filled[word] >> bit;
        let ahead = if here != 0 {
            here.trailing_zeros() as usize
        } else {
            let there = self.filled[(word + 1) % WORDS];
            if there == 0 {
                return None;
            }
            64 - bit + there.trailing_zeros() as usize
        };
        Some(((from + ahead) % SLOTS, (self.base + ahead as u64) << SLOT_BITS))
    }

    /// Takes out what is in the next slot: one entry into `first`, the others into `rest`, which is empty.
    #[inline(always)]
    pub(super) fn open(
        &mut self,
        slot: usize,
        begin: u64,
        first: &mut Entry,
        rest: &mut Vec<Entry>,
    ) {
        self.base = begin >> SLOT_BITS;
        let run = self.empty(slot);
        let run = &mut self.runs[run];
        if !run.more.is_empty() {
            std::mem::swap(rest, &mut run.more);
        }
        // Word by word: it may have been written just now.
        first.at = run.first.at;
        first.order = run.first.order;
        first.item[0] = run.first.item[0];
        first.item[1] = run.first.item[1];
        first.item[2] = run.first.item[2];
    }

    /// Takes its run from a slot.
    #[inline(always)]
    fn empty(&mut self, slot: usize) -> usize {
        self.filled[slot / 64] &= !(1 << (slot % 64));
        let run = self.slots[slot];
        self.free[self.spare] = run;
        self.spare += 1;
        run as usize
    }

    /// Takes out everything.
    pub(super) fn take(&mut self, into: &mut Vec<Entry>) {
        while let Some(slot) = self.first() {
            let run = self.empty(slot);
            let Run { first, more } = &mut self.runs[run];
            into.push(*first);
            into.append(more);
        }
    }

    /// Turns the ring to begin at `at`, before which it holds nothing, unless it begins later. Returns
    /// the last moment before the ring, zero if it begins there.
    pub(super) fn turn(&mut self, at: u64) -> u64 {
        self.base = self.base.max(at >> SLOT_BITS);
        (self.base << SLOT_BITS).saturating_sub(1)
    }

    /// When the first of what it holds is due.
    pub(super) fn first_at(&self) -> Option<u64> {
        let from = self.base as usize % SLOTS;
        // The word of the base comes first, and last for what is almost a turn ahead.
        let slot = (0..=WORDS).find_map(|ahead| {
            let word = (from / 64 + ahead) % WORDS;
            let from = if ahead == 0 { u64::MAX << (from % 64) } else { u64::MAX };
            let filled = self.filled[word] & from;
            (filled != 0).then(|| word * 64 + filled.trailing_zeros() as usize)
        })?;
        let Run { first, more } = &self.runs[self.slots[slot] as usize];
        more.iter().map(|entry| entry.at).chain([first.at]).min()
    }

    /// The runs that slots have.
    fn used(&self) -> impl Iterator<Item = usize> {
        let bits = |word: u64| (0..64).filter(move |bit| word >> bit & 1 != 0);
        let words = self.filled.iter().enumerate().filter(|(_, word)| **word != 0);
        let slots = words.flat_map(move |(at, word)| bits(*word).map(move |bit| at * 64 + bit));
        slots.map(|slot| self.slots[slot] as usize)
    }

    /// All that it holds.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        let runs = self.used().map(|run| &self.runs[run]);
        runs.flat_map(|run| run.more.iter().chain([&run.first]))
    }

    /// Lets `change` see all that it holds.
    pub(super) fn change(&mut self, mut change: impl FnMut(&mut Entry)) {
        let used: Vec<usize> = self.used().collect();
        for run in used {
            let Run { first, more } = &mut self.runs[run];
            more.iter_mut().chain([first]).for_each(&mut change);
        }
    }
}
