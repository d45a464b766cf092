//! The ring of slots for what is due soon.

use super::Entry;

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

/// Set in the place of a run that has more than one entry.
const SEVERAL: u16 = 1 << 15;
/// A slot has one run at most.
const _: () = assert!(SLOTS <= SEVERAL as usize);
/// Where the ring begins while everything is open: no time has a slot that is near.
const AFTER_ALL: u64 = 1 << 63;

/// The slots from `base` on, once around the ring.
#[derive(Clone, Debug)]
pub(super) struct Near {
    /// The first slot that is not open yet, counted from the beginning of time; [`AFTER_ALL`] while
    /// everything is open.
    base: u64,
    /// Before this slot the ring never begins again.
    floor: u64,
    /// Which of the words of `filled` may be other than zero, a bit each: that one has become zero is
    /// found out when the next one is looked for.
    words: [u64; SUMMARIES],
    /// Which slots hold something, a bit each.
    filled: Box<[u64; WORDS]>,
    /// Where each slot that holds something has it among the runs. A table of its own, and small, since it
    /// is asked for slots all over the ring.
    slots: Box<[u16; SLOTS]>,
    /// The entry of each run that came first: mostly the only one, so that all that is under way takes
    /// as little of the cache as it can.
    firsts: Vec<Entry>,
    /// The others of each run.
    more: Vec<Vec<Entry>>,
    /// The run that no slot has since the shortest time, which is still in the cache: it is used next.
    /// Its `at` is the one after it. Where there is none it is no place at all.
    free: u64,
}

impl Near {
    pub(super) fn new() -> Self {
        Near {
            base: AFTER_ALL,
            floor: 0,
            words: [0; SUMMARIES],
            filled: Box::new([0; WORDS]),
            slots: Box::new([0; SLOTS]),
            firsts: Vec::new(),
            more: Vec::new(),
            free: u64::MAX,
        }
    }

    /// Whether what is due at `at` has a slot here.
    #[inline(always)]
    pub(super) const fn reaches(&self, at: u64) -> bool {
        (at >> SLOT_BITS).wrapping_sub(self.base) < SLOTS as u64
    }

    /// Whether the slot of `at` is open already.
    pub(super) const fn has_opened(&self, at: u64) -> bool {
        at >> SLOT_BITS < self.base
    }

    /// Whether everything is open, and the ring is empty.
    pub(super) const fn has_opened_all(&self) -> bool {
        self.base == AFTER_ALL
    }

    /// Takes note that everything is open, and the ring is empty.
    pub(super) const fn open_all(&mut self) {
        if !self.has_opened_all() {
            self.floor = self.base;
            self.base = AFTER_ALL;
        }
    }

    #[inline(always)]
    pub(super) fn put(&mut self, entry: Entry) {
        let slot = (entry.at >> SLOT_BITS) as usize % SLOTS;
        let bit = 1 << (slot % 64);
        if self.filled[slot / 64] & bit != 0 {
            let [a, b] = entry.item;
            return self.put_beside(slot, entry.at, entry.order, a, b);
        }
        self.filled[slot / 64] |= bit;
        self.words[slot / 4096] |= 1 << (slot / 64 % 64);
        let free = self.free;
        let Some(first) = self.firsts.get_mut(free as usize) else {
            let [a, b] = entry.item;
            return self.put_first(slot, entry.at, entry.order, a, b);
        };
        self.free = first.at;
        *first = entry;
        self.slots[slot] = free as u16;
    }

    /// Puts something into a slot that holds something.
    #[inline(never)]
    fn put_beside(&mut self, slot: usize, at: u64, order: u64, a: u64, b: u64) {
        let run = self.slots[slot] & !SEVERAL;
        self.slots[slot] = run | SEVERAL;
        self.more[run as usize].push(Entry { at, order, item: [a, b] });
    }

    /// Puts something into an empty slot when there is no spare run.
    #[cold]
    #[inline(never)]
    fn put_first(&mut self, slot: usize, at: u64, order: u64, a: u64, b: u64) {
        self.slots[slot] = self.firsts.len() as u16;
        self.firsts.push(Entry { at, order, item: [a, b] });
        self.more.push(Vec::new());
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

    /// The next slot that holds something, and when it begins; the end of time if there is none.
    #[inline(always)]
    pub(super) fn next(&mut self) -> (u64, u64) {
        let Some(slot) = self.first() else { return (0, u64::MAX) };
        let ahead = slot.wrapping_sub(self.base as usize) % SLOTS;
        let slot = self.base + ahead as u64;
        (slot, slot << SLOT_BITS)
    }

    /// The next slot that holds something, if it is one of the next 64, and when it begins. Of what is
    /// opened ahead little must come in later.
    #[inline(always)]
    pub(super) fn soon(&self) -> Option<(u64, u64)> {
        let from = self.base as usize % SLOTS;
        let (word, bit) = (from / 64, from % 64);
        // Both words in one: which of them has it cannot be foreseen.
        let there = u128::from(self.filled[(word + 1) % WORDS]) << 64;
        let window = ((there | u128::from(self.filled[word])) >> bit) as u64;
        if window == 0 {
            return None;
        }
        let slot = self.base + u64::from(window.trailing_zeros());
        Some((slot, slot << SLOT_BITS))
    }

    /// Takes out what is in the next slot: one entry into `first`, the others, if there are any, into
    /// `rest`, which is empty. Returns whether there are.
    #[inline(always)]
    pub(super) fn open(&mut self, slot: u64, first: &mut Entry, rest: &mut Vec<Entry>) -> bool {
        self.base = slot + 1;
        let place = slot as usize % SLOTS;
        self.filled[place / 64] &= !(1 << (place % 64));
        let run = self.slots[place];
        let several = run & SEVERAL != 0;
        let run = usize::from(run & !SEVERAL);
        if several {
            std::mem::swap(rest, &mut self.more[run]);
        }
        let entry = &mut self.firsts[run];
        *first = *entry;
        entry.at = self.free;
        self.free = run as u64;
        several
    }

    /// Takes out everything.
    pub(super) fn take(&mut self, into: &mut Vec<Entry>) {
        while let Some(slot) = self.first() {
            self.filled[slot / 64] &= !(1 << (slot % 64));
            let run = usize::from(self.slots[slot] & !SEVERAL);
            into.push(self.firsts[run]);
            into.append(&mut self.more[run]);
            self.firsts[run].at = self.free;
            self.free = run as u64;
        }
    }

    /// Turns the ring to begin with the slot of `at`, before which it holds nothing, or with that after
    /// it, unless it begins later.
    pub(super) fn turn(&mut self, at: u64, after: bool) {
        let from = if self.has_opened_all() { self.floor } else { self.base };
        self.base = from.max((at >> SLOT_BITS) + u64::from(after));
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
        let run = usize::from(self.slots[slot] & !SEVERAL);
        self.more[run].iter().chain([&self.firsts[run]]).map(|entry| entry.at).min()
    }

    /// The runs that slots have.
    fn used(&self) -> impl Iterator<Item = usize> {
        let bits = |word: u64| (0..64).filter(move |bit| word >> bit & 1 != 0);
        let words = self.filled.iter().enumerate().filter(|(_, word)| **word != 0);
        let slots = words.flat_map(move |(at, word)| bits(*word).map(move |bit| at * 64 + bit));
        slots.map(|slot| usize::from(self.slots[slot] & !SEVERAL))
    }

    /// All that it holds.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.used().flat_map(|run| self.more[run].iter().chain([&self.firsts[run]]))
    }

    /// Lets `change` see all that it holds.
    pub(super) fn change(&mut self, mut change: impl FnMut(&mut Entry)) {
        let used: Vec<usize> = self.used().collect();
        for run in used {
            self.more[run].iter_mut().chain([&mut self.firsts[run]]).for_each(&mut change);
        }
    }
}
