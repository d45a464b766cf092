//! The event queue: what is due, in the order of (time, order number).
//!
//! A hierarchical timing wheel (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987),
//! made exact: what a slot holds is sorted when its time comes.
//!
//! ```text
//!   late    a small heap: what came in for a moment that is open already
//!   front   the slot that is open, sorted
//!   near    4,096 slots of 4 us, a ring: the next 16.8 ms
//!   far     levels of 64 slots each, of 16.8 ms, 1.07 s, 69 s …: a slot is handed down, to the
//!           levels below or to the ring, before anything in its time is opened
//! ```
//!
//! Datagrams go into the ring at once and are sorted a few at a time; sparse traffic finds the next
//! slot by a bit mask.

mod far;
mod near;
#[cfg(test)]
mod tests;

use far::Far;
use near::Near;
use simlab_core::Time;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A priority queue of things due. Things due at the same time come out in the order of their order
/// numbers, which are given out at [`Queue::reserve`]; so the order in which they were *decided on*
/// counts, whenever their entry was put in.
#[derive(Clone, Debug)]
pub(crate) struct Queue<T> {
    /// What is open, the earliest last.
    front: Vec<Entry<T>>,
    /// The last moment of what is open.
    open_until: u64,
    near: Near<T>,
    far: Far<T>,
    /// What came in for a time that is open, or for one before it.
    late: BinaryHeap<Reverse<Entry<T>>>,
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
struct Entry<T> {
    at: u64,
    order: u64,
    item: T,
}

impl<T> Entry<T> {
    const fn key(&self) -> (u64, u64) {
        (self.at, self.order)
    }
}

impl<T: Copy> Queue<T> {
    pub(crate) fn new() -> Self {
        Queue {
            front: Vec::new(),
            open_until: 0,
            near: Near::new(),
            far: Far::new(),
            late: BinaryHeap::new(),
            len: 0,
            orders: Box::default(),
        }
    }

    /// The next order number.
    pub(crate) const fn reserve(&mut self) -> u64 {
        let order = self.orders.next;
        self.orders.next += 1;
        order
    }

    /// Puts in an item with a new order number.
    #[inline(always)]
    pub(crate) fn push(&mut self, at: Time, item: T) {
        let order = self.reserve();
        self.push_reserved(at, order, item);
    }

    /// Puts in an item with an order number that was reserved for it.
    #[inline(always)]
    pub(crate) fn push_reserved(&mut self, at: Time, order: u64, item: T) {
        let entry = Entry { at: at.nanos(), order, item };
        self.len += 1;
        if entry.at <= self.open_until {
            self.late.push(Reverse(entry));
        } else if self.near.reaches(entry.at) {
            self.near.put(entry);
        } else {
            self.far.put(entry);
        }
    }

    /// Takes out the first item, if it is due at `limit` or before: its time, its order number and it.
    #[inline(always)]
    pub(crate) fn pop_until(&mut self, limit: Time) -> Option<(Time, u64, T)> {
        let entry = if self.late.is_empty() {
            if self.front.is_empty() {
                self.open_next(limit.nanos())?;
            }
            let entry = *self.front.last()?;
            if entry.at > limit.nanos() {
                return None;
            }
            self.front.pop();
            entry
        } else {
            self.pop_beside_late(limit.nanos())?
        };
        self.len -= 1;
        Some((Time(entry.at), entry.order, entry.item))
    }

    /// Takes out the first of what is open, while something is in that came late.
    fn pop_beside_late(&mut self, limit: u64) -> Option<Entry<T>> {
        let Reverse(late) = *self.late.peek()?;
        let first = match self.front.last() {
            Some(first) if first.key() < late.key() => *first,
            _ => late,
        };
        if first.at > limit {
            return None;
        }
        if first.order == late.order && first.at == late.at {
            self.late.pop();
        } else {
            self.front.pop();
        }
        Some(first)
    }

    /// Opens the next slot that holds something; `None` if there is none that begins at `limit` or
    /// before. Nothing is open, and nothing came late.
    fn open_next(&mut self, limit: u64) -> Option<()> {
        loop {
            let near = self.near.next();
            let far = self.far.next();
            match (near, far) {
                // What is far may belong before what is near, or into the same slot.
                (near, Some(begin)) if near.is_none_or(|near| begin <= near) => {
                    if begin > limit {
                        return None;
                    }
                    // Nothing in the ring is before that, so that it can reach from there on; what
                    // comes in for a time before has no slot any more.
                    self.near.turn(begin);
                    self.open_until = self.open_until.max(begin - 1);
                    self.far.hand_down(&mut self.near);
                }
                (Some(begin), _) => {
                    if begin > limit {
                        return None;
                    }
                    self.open_until = self.near.open(&mut self.front);
                    if self.front.len() > 1 {
                        self.front.sort_unstable_by_key(|entry| Reverse(entry.key()));
                    }
                    return Some(());
                }
                (None, None) => return None,
                (None, Some(_)) => unreachable!("what is far is before nothing"),
            }
        }
    }

    /// When the first item is due.
    pub(crate) fn next_at(&self) -> Option<Time> {
        let open = self.front.last().map(|entry| entry.at);
        let open = open.into_iter().chain(self.late.peek().map(|Reverse(late)| late.at)).min();
        let closed = || self.near.first_at().into_iter().chain(self.far.first_at()).min();
        open.or_else(closed).map(Time)
    }

    /// All items, in the order in which they would come out.
    pub(crate) fn sorted(&self) -> impl Iterator<Item = (Time, &T)> {
        let closed = self.near.entries().chain(self.far.entries());
        let late = self.late.iter().map(|Reverse(entry)| entry);
        let mut entries: Vec<&Entry<T>> = closed.chain(&self.front).chain(late).collect();
        entries.sort_unstable_by_key(|entry| entry.key());
        entries.into_iter().map(|entry| (Time(entry.at), &entry.item))
    }

    /// How many items are in.
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}
