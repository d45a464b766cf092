//! The event queue: what is due, in the order of (time, order number).
//!
//! A hierarchical timing wheel (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987),
//! made exact: what a slot holds is sorted when its time comes.
//!
//! ```text
//!   front   what is open, sorted, the first by itself: one slot, or everything if that is little
//!   late    a small heap: what came in for a moment that is open, when the front was long
//!   near    32,768 slots of 0.5 us, a ring: the next 16.8 ms
//!   far     levels of 64 slots each, of 16.8 ms, 1.07 s, 69 s …: a slot is handed down, to the
//!           levels below or to the ring, before anything in its time is opened
//! ```
//!
//! Datagrams of a busy world go into the ring at once and are sorted a few at a time. A world in
//! which little is due has all of it open, and touches no slot.
//!
//! Stores are the bottleneck: each takes as long as three other instructions. So things are counted a
//! batch at a time, and what happens rarely is in functions that are not inlined and take plain words, so
//! that the common way need not save registers for it.

mod far;
mod near;
#[cfg(test)]
mod tests;

use far::Far;
use near::Near;
use simlab_core::Time;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// So much may be in the front, beside the first, apart from what one slot held.
const OPEN_MAX: usize = 16;
/// The late heap keeps room for so many when it is empty.
const LATE_KEPT: usize = 1 << 10;
/// With no more than this in, all of it is open.
const FEW: usize = OPEN_MAX / 2;

/// What the queue holds, as its owner packs it. Plain words: the queue hands them on one by one, since a
/// structure that is written field by field and copied as a whole a moment later has to wait until
/// all of it is in the cache.
pub(crate) type Item = [u64; 2];

/// So many bits of an order number are left for what has no name.
const SPACE_BITS: u32 = 16;

/// The order number that names something: records are numbered too, and a thing that is decided on
/// with a record of its own need not carry the number of that along.
#[inline(always)]
pub(crate) const fn order_of(name: u64) -> u64 {
    name << SPACE_BITS
}

/// What an order number names.
#[inline(always)]
pub(crate) const fn name_of(order: u64) -> u64 {
    order >> SPACE_BITS
}

/// A priority queue of things due. Things due at the same time come out in the order of their order
/// numbers, which are given out at [`Queue::reserve`]; so the order in which they were *decided on*
/// counts, whenever their entry was put in.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    /// The first of what is open, if `is_open`.
    first: Entry,
    is_open: bool,
    /// The rest of what is open, the earliest last.
    front: Vec<Entry>,
    near: Near,
    far: Far,
    /// What is open and found no place in the front.
    late: BinaryHeap<Reverse<Entry>>,
    len: usize,
    /// Apart from what is counted for every entry: the compiler would count both in one go, and
    /// wait for the one that was counted last.
    orders: Box<Orders>,
}

/// Gives out order numbers.
#[derive(Clone, Debug, Default)]
struct Orders {
    next: u64,
}

#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
struct Entry {
    at: u64,
    order: u64,
    item: Item,
}

impl Entry {
    const fn key(&self) -> (u64, u64) {
        (self.at, self.order)
    }
}

impl Queue {
    pub(crate) fn new() -> Self {
        Queue {
            first: Entry { at: 0, order: 0, item: [0; 2] },
            is_open: false,
            front: Vec::new(),
            near: Near::new(),
            far: Far::new(),
            late: BinaryHeap::new(),
            len: 0,
            orders: Box::default(),
        }
    }

    /// The next order number.
    #[inline(always)]
    pub(crate) const fn reserve(&mut self) -> u64 {
        let order = self.orders.next;
        self.orders.next += 1;
        order
    }

    /// Whether there are order numbers that [name](order_of) `name` and what comes after it.
    #[inline(always)]
    pub(crate) const fn can_name(&self, name: u64) -> bool {
        name < 1 << (u64::BITS - SPACE_BITS) && self.orders.next <= order_of(name)
    }

    /// Takes note that the order numbers up to the one that names `name` were given out.
    #[inline(always)]
    pub(crate) const fn named(&mut self, name: u64) {
        debug_assert!(self.can_name(name), "order numbers are given out in their order");
        self.orders.next = order_of(name) + 1;
    }

    /// Puts in an item with a new order number.
    #[inline(always)]
    pub(crate) fn push(&mut self, at: Time, item: Item) {
        let order = self.reserve();
        self.push_reserved(at, order, item);
    }

    /// Puts in an item with an order number that was reserved for it.
    #[inline(always)]
    pub(crate) fn push_reserved(&mut self, at: Time, order: u64, item: Item) {
        self.len += 1;
        self.push_uncounted(at, order, item);
    }

    /// The same; [`Queue::count`] takes note of it.
    #[inline(always)]
    pub(crate) fn push_uncounted(&mut self, at: Time, order: u64, [a, b]: Item) {
        let at = at.nanos();
        if self.near.reaches(at) {
            self.near.put(Entry { at, order, item: [a, b] });
        } else {
            self.put_elsewhere(at, order, a, b);
        }
    }

    /// Puts in what has no slot in the ring.
    #[inline(never)]
    fn put_elsewhere(&mut self, at: u64, order: u64, a: u64, b: u64) {
        if !self.near.has_opened(at) {
            self.put_far(at, order, a, b);
        } else if self.front.len() < OPEN_MAX {
            self.open_one(at, order, a, b);
        } else {
            self.overflow(at, order, a, b);
        }
    }

    #[inline(never)]
    fn put_far(&mut self, at: u64, order: u64, a: u64, b: u64) {
        self.far.put(Entry { at, order, item: [a, b] });
    }

    /// Puts something into the front.
    #[inline(always)]
    fn open_one(&mut self, at: u64, order: u64, a: u64, b: u64) {
        if !self.is_open {
            self.is_open = true;
            self.first = Entry { at, order, item: [a, b] };
            return;
        }
        if (at, order) < self.first.key() {
            self.front.push(self.first);
            self.first = Entry { at, order, item: [a, b] };
            return;
        }
        // What comes in is mostly due after all the rest.
        let place = self.front.iter().position(|other| other.key() < (at, order));
        let place = place.unwrap_or(self.front.len());
        self.front.insert(place, Entry { at, order, item: [a, b] });
    }

    /// Puts in what is open while the front is long.
    #[cold]
    fn overflow(&mut self, at: u64, order: u64, a: u64, b: u64) {
        let entry = Entry { at, order, item: [a, b] };
        if !self.near.has_opened_all() || !self.late.is_empty() {
            return self.late.push(Reverse(entry));
        }
        // All is open, and that is no longer little. The first half stays so, as far as it is due soon:
        // until all that is open is out, the ring cannot begin.
        let soon = self.first.at.saturating_add(near::SLOT);
        let until = self.front[self.front.len() - FEW].at.min(soon);
        self.near.turn(until, true);
        let close = self.front.partition_point(|open| !self.near.has_opened(open.at));
        let mut closed: Vec<Entry> = self.front.drain(..close).collect();
        if !self.near.has_opened(entry.at) {
            closed.push(entry);
        } else {
            self.late.push(Reverse(entry));
        }
        for entry in closed {
            if self.near.reaches(entry.at) {
                self.near.put(entry);
            } else {
                self.far.put(entry);
            }
        }
    }

    /// Takes out the first item, if it is due at `limit` or before: its time, its order number and it.
    #[inline(always)]
    pub(crate) fn pop_until(&mut self, limit: Time) -> Option<(Time, u64, Item)> {
        if !self.late.is_empty() {
            return self.pop_beside_late(limit.nanos());
        }
        if !self.is_open {
            self.open_next(limit.nanos())?;
        }
        let Entry { at, order, item } = self.first;
        if at > limit.nanos() {
            return None;
        }
        self.len -= 1;
        self.remove_first();
        Some((Time(at), order, item))
    }

    /// The first item, if it is due at `limit` or before, and nothing came late. So many as `gone` were
    /// taken out already and are not yet [uncounted](Queue::uncount).
    #[inline(always)]
    pub(crate) fn first_until(&mut self, limit: Time, gone: usize) -> Option<(Time, u64, Item)> {
        if !self.late.is_empty() {
            return None;
        }
        if !self.is_open {
            self.len -= gone;
            let opened = self.open_next(limit.nanos());
            self.len += gone;
            opened?;
        }
        let Entry { at, order, item } = self.first;
        (at <= limit.nanos()).then_some((Time(at), order, item))
    }

    /// Takes out the first item, which is open; [`Queue::uncount`] takes note of it.
    #[inline(always)]
    pub(crate) fn remove_first(&mut self) {
        if self.front.is_empty() {
            self.open_ahead();
        } else {
            self.open_rest();
        }
    }

    /// Takes note that so many items were put in.
    #[inline(always)]
    pub(crate) const fn count(&mut self, many: usize) {
        self.len += many;
    }

    /// Takes note that so many items were taken out.
    #[inline(always)]
    pub(crate) const fn uncount(&mut self, many: usize) {
        self.len -= many;
    }

    /// The next of what is open comes first.
    #[inline(never)]
    fn open_rest(&mut self) {
        match self.front.pop() {
            Some(entry) => self.first = entry,
            None => self.is_open = false,
        }
    }

    /// Takes out the first of what is open, while something is in that came late.
    #[cold]
    #[inline(never)]
    fn pop_beside_late(&mut self, limit: u64) -> Option<(Time, u64, Item)> {
        let Reverse(late) = *self.late.peek()?;
        let opened = self.is_open && self.first.key() < late.key();
        let Entry { at, order, item } = if opened { self.first } else { late };
        if at > limit {
            return None;
        }
        self.len -= 1;
        if opened {
            self.open_rest();
        } else {
            self.late.pop();
            if self.late.is_empty() {
                // A million nodes that start at once need not be paid for ever after.
                self.late.shrink_to(LATE_KEPT);
            }
        }
        Some((Time(at), order, item))
    }

    /// Opens the next slot that holds something, if it is soon: what is in it is on its way to the
    /// cache while what came out is handled.
    #[inline(always)]
    fn open_ahead(&mut self) {
        if !self.near.has_opened_all()
            && let Some((slot, begin)) = self.near.soon()
            && begin < self.far.next()
        {
            self.open(slot);
        } else {
            self.is_open = false;
        }
    }

    /// Opens a slot, which holds something, when nothing else is open.
    #[inline(always)]
    fn open(&mut self, slot: u64) {
        if self.near.open(slot, &mut self.first, &mut self.front) {
            self.sort_open();
        }
    }

    /// Sorts what is open.
    #[inline(never)]
    fn sort_open(&mut self) {
        if let [other] = &mut self.front[..] {
            if other.key() < self.first.key() {
                std::mem::swap(other, &mut self.first);
            }
            return;
        }
        self.front.push(self.first);
        self.front.sort_unstable_by_key(|entry| Reverse(entry.key()));
        self.open_rest();
    }

    /// Opens the next slot that holds something; `None` if there is none that begins at `limit` or
    /// before. Nothing is open, and nothing came late.
    #[inline]
    fn open_next(&mut self, limit: u64) -> Option<()> {
        if self.len <= FEW {
            return self.open_all();
        }
        loop {
            let (slot, begin) = self.near.next();
            let far = self.far.next();
            if begin.min(far) > limit {
                return None;
            }
            // What is far may belong before what is near, or into the same slot.
            if far <= begin {
                self.hand_down(far);
                continue;
            }
            self.is_open = true;
            self.open(slot);
            return Some(());
        }
    }

    /// Hands down the next slot of what is far, which begins before anything in the ring.
    #[cold]
    fn hand_down(&mut self, begin: u64) {
        // Nothing in the ring is before that, so that it can reach from there on; what comes in for
        // a time before has no slot any more.
        self.near.turn(begin, false);
        self.far.hand_down(&mut self.near);
    }

    /// Opens everything, which is little; `None` if there is nothing.
    #[cold]
    fn open_all(&mut self) -> Option<()> {
        if !self.near.has_opened_all() {
            self.near.take(&mut self.front);
        }
        self.far.take(&mut self.front);
        self.front.sort_unstable_by_key(|entry| Reverse(entry.key()));
        self.near.open_all();
        self.is_open = true;
        self.open_rest();
        self.is_open.then_some(())
    }

    /// When the first item is due.
    pub(crate) fn next_at(&self) -> Option<Time> {
        let open = self.is_open.then_some(self.first.at);
        let open = open.into_iter().chain(self.late.peek().map(|Reverse(late)| late.at)).min();
        let closed = || self.near.first_at().into_iter().chain(self.far.first_at()).min();
        open.or_else(closed).map(Time)
    }

    /// All items, in the order in which they would come out.
    pub(crate) fn sorted(&self) -> impl Iterator<Item = (Time, u64, &Item)> {
        let mut entries: Vec<&Entry> = self.entries().collect();
        entries.sort_unstable_by_key(|entry| entry.key());
        entries.into_iter().map(|entry| (Time(entry.at), entry.order, &entry.item))
    }

    /// All items, in no order that means anything.
    pub(crate) fn items(&self) -> impl Iterator<Item = (u64, &Item)> {
        self.entries().map(|entry| (entry.order, &entry.item))
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        let closed = self.near.entries().chain(self.far.entries());
        let late = self.late.iter().map(|Reverse(entry)| entry);
        closed.chain(self.is_open.then_some(&self.first)).chain(&self.front).chain(late)
    }

    /// Lets `change` see every item with its order number, and put another one in its place.
    pub(crate) fn change(&mut self, mut change: impl FnMut(u64, &mut Item)) {
        let mut late = std::mem::take(&mut self.late).into_vec();
        let late_ones = late.iter_mut().map(|Reverse(entry)| entry);
        let first = self.is_open.then_some(&mut self.first);
        let open = self.front.iter_mut().chain(first);
        for entry in self.far.entries_mut().chain(open).chain(late_ones) {
            change(entry.order, &mut entry.item);
        }
        self.near.change(|entry| change(entry.order, &mut entry.item));
        self.late = late.into();
    }

    /// How many items are in.
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}
