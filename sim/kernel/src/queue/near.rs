//! The ring of slots for what is due soon.

use super::Entry;

/// A slot is 2^10 ns: even where a thousand nodes talk to each other most slots hold little, and mostly
/// one entry or none where fifty do.
pub(super) const SLOT_BITS: u32 = 10;
/// There are 2^14 of them.
const RING_BITS: u32 = 14;
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
    /// The slot that was opened last, counted from the beginning of time.
    base: u64,
    /// Which of the words of `filled` are not zero, a bit each.
    words: [u64; SUMMARIES],
    /// Which slots hold something, a bit each.
    filled: Box<[u64; WORDS]>,
    /// Where each slot that holds something has it among the runs. A table of its own, and small, since it
    /// is asked for slots all over the ring.
    slots: Box<[u32; SLOTS]>,
    runs: Vec<Run>,
    /// Runs that no slot has, to be used again, the latest first: it is still in the cache.
    free: Vec<u32>,
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
        if let Some(run) = self.free.pop() {
            self.slots[slot] = run;
            self.runs[run as usize].first = entry;
        } else {
            self.slots[slot] = self.runs.len() as u32;
            self.runs.push(Run { first: entry, more: Vec::new() });
        }
    }

    /// The place of the first slot that holds something, from that of the base on around the ring.
    #[inline]
    fn first(&self) -> Option<usize> {
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
    fn first_after(&self, word: usize) -> Option<usize> {
        let (summary, bit) = (word / 64, word % 64);
        let here = self.words[summary] & (u64::MAX << bit << 1);
        let rest = (1..=SUMMARIES).map(|ahead| (summary + ahead) % SUMMARIES);
        let found = std::iter::once((summary, here)).chain(rest.map(|at| (at, self.words[at])));
        let (summary, words) = found.into_iter().find(|(_, words)| *words != 0)?;
        let word = summary * 64 + words.trailing_zeros() as usize;
        Some(word * 64 + self.filled[word].trailing_zeros() as usize)
    }

    /// The next slot that holds something: its place, and when it begins; the end of time if there is
    /// none.
    #[inline(always)]
    pub(super) fn next(&self) -> (usize, u64) {
        let Some(slot) = self.first() else { return (0, u64::MAX) };
        let ahead = slot.wrapping_sub(self.base as usize) % SLOTS;
        (slot, (self.base + ahead as u64) << SLOT_BITS)
    }

    /// The next slot that holds something, if it is at most 64 slots ahead and found at once: its place,
    /// and when it begins. Of what is opened ahead little must come in later.
    #[inline(always)]
    pub(super) fn soon(&self) -> Option<(usize, u64)> {
        let from = self.base as usize % SLOTS;
        let here = self.filled[from / 64] >> (from % 64);
        let ahead = here.trailing_zeros() as usize;
        (here != 0).then(|| (from + ahead, (self.base + ahead as u64) << SLOT_BITS))
    }

    /// Takes out what is in the next slot, into `front`, which is empty. Returns its last moment.
    #[inline(always)]
    pub(super) fn open(&mut self, slot: usize, begin: u64, front: &mut Vec<Entry>) -> u64 {
        self.base = begin >> SLOT_BITS;
        self.empty(slot);
        let index = self.slots[slot];
        self.free.push(index);
        let run = &mut self.runs[index as usize];
        if !run.more.is_empty() {
            std::mem::swap(front, &mut run.more);
        }
        // Word by word: it may have been written just now.
        let Entry { at, order, item: [a, b, c] } = run.first;
        front.push(Entry { at, order, item: [a, b, c] });
        begin | ((1 << SLOT_BITS) - 1)
    }

    /// Notes that a slot holds nothing any more.
    #[inline]
    fn empty(&mut self, slot: usize) {
        self.filled[slot / 64] &= !(1 << (slot % 64));
        if self.filled[slot / 64] == 0 {
            self.words[slot / 4096] &= !(1 << (slot / 64 % 64));
        }
    }

    /// Takes out everything.
    pub(super) fn take(&mut self, into: &mut Vec<Entry>) {
        while let Some(slot) = self.first() {
            self.empty(slot);
            let run = &mut self.runs[self.slots[slot] as usize];
            into.push(run.first);
            into.append(&mut run.more);
            self.free.push(self.slots[slot]);
        }
    }

    /// Turns the ring to begin at `at`, before which it holds nothing, unless it begins later. Returns
    /// the last moment that has no slot.
    pub(super) fn turn(&mut self, at: u64) -> u64 {
        self.base = self.base.max(at >> SLOT_BITS);
        (self.base << SLOT_BITS).saturating_sub(1)
    }

    /// When the first of what it holds is due.
    pub(super) fn first_at(&self) -> Option<u64> {
        let run = &self.runs[self.slots[self.first()?] as usize];
        run.more.iter().map(|entry| entry.at).chain([run.first.at]).min()
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
