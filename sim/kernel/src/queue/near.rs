//! The ring of slots for what is due soon.

use super::Entry;

/// A slot is 2^12 ns.
pub(super) const SLOT_BITS: u32 = 12;
/// There are 2^12 of them.
const RING_BITS: u32 = 12;
const SLOTS: usize = 1 << RING_BITS;
const WORDS: usize = SLOTS / 64;
/// So long is the ring.
pub(super) const REACH_BITS: u32 = SLOT_BITS + RING_BITS;

/// The slots from `base` on, once around the ring.
#[derive(Clone, Debug)]
pub(super) struct Near<T> {
    /// The slot that was opened last, counted from the beginning of time.
    base: u64,
    /// Which of the words of `filled` are not zero.
    words: u64,
    /// Which slots hold something, a bit each.
    filled: Box<[u64; WORDS]>,
    slots: Box<[Vec<Entry<T>>]>,
}

impl<T: Copy> Near<T> {
    pub(super) fn new() -> Self {
        let slots = std::iter::repeat_with(Vec::new).take(SLOTS).collect();
        Near { base: 0, words: 0, filled: Box::new([0; WORDS]), slots }
    }

    /// Whether what is due at `at`, after what is open, has a slot here.
    #[inline(always)]
    pub(super) const fn reaches(&self, at: u64) -> bool {
        (at >> SLOT_BITS) - self.base < SLOTS as u64
    }

    #[inline(always)]
    pub(super) fn put(&mut self, entry: Entry<T>) {
        let slot = (entry.at >> SLOT_BITS) as usize % SLOTS;
        self.slots[slot].push(entry);
        self.filled[slot / 64] |= 1 << (slot % 64);
        self.words |= 1 << (slot / 64);
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
        // The rest of the ring; its end lies in the same word as its beginning.
        let later = self.words.checked_shr(word as u32 + 1).unwrap_or(0);
        let word = if later != 0 {
            word + 1 + later.trailing_zeros() as usize
        } else if self.words != 0 {
            self.words.trailing_zeros() as usize
        } else {
            return None;
        };
        Some(word * 64 + self.filled[word].trailing_zeros() as usize)
    }

    /// When the next slot that holds something begins.
    #[inline]
    pub(super) fn next(&self) -> Option<u64> {
        let ahead = self.first()?.wrapping_sub(self.base as usize) % SLOTS;
        Some((self.base + ahead as u64) << SLOT_BITS)
    }

    /// Takes out what is in the next slot, into `front`, which is empty. Returns its last moment.
    #[inline]
    pub(super) fn open(&mut self, front: &mut Vec<Entry<T>>) -> u64 {
        let Some(slot) = self.first() else { return self.base << SLOT_BITS };
        self.base += (slot.wrapping_sub(self.base as usize) % SLOTS) as u64;
        self.filled[slot / 64] &= !(1 << (slot % 64));
        if self.filled[slot / 64] == 0 {
            self.words &= !(1 << (slot / 64));
        }
        std::mem::swap(front, &mut self.slots[slot]);
        self.base << SLOT_BITS | ((1 << SLOT_BITS) - 1)
    }

    /// Turns the ring to begin at `at`, before which it holds nothing.
    pub(super) fn turn(&mut self, at: u64) {
        self.base = self.base.max(at >> SLOT_BITS);
    }

    /// When the first of what it holds is due.
    pub(super) fn first_at(&self) -> Option<u64> {
        self.slots[self.first()?].iter().map(|entry| entry.at).min()
    }

    /// All that it holds.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry<T>> {
        self.slots.iter().flatten()
    }
}
