//! The event queue: what is due, in the order of (time, order number).

use simlab_core::Time;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A priority queue of things due. Things due at the same time come out in the order of their order
/// numbers, which are given out at [`Queue::reserve`]; so the order in which they were *decided on*
/// counts, whenever their entry was put in.
#[derive(Clone, Debug)]
pub(crate) struct Queue<T> {
    heap: BinaryHeap<Entry<T>>,
    next_order: u64,
}

#[derive(Clone, Debug)]
struct Entry<T> {
    at: Time,
    order: u64,
    item: T,
}

impl<T> Queue<T> {
    pub(crate) const fn new() -> Self {
        Queue { heap: BinaryHeap::new(), next_order: 0 }
    }

    /// The next order number.
    pub(crate) const fn reserve(&mut self) -> u64 {
        let order = self.next_order;
        self.next_order += 1;
        order
    }

    /// Puts in an item with a new order number.
    pub(crate) fn push(&mut self, at: Time, item: T) {
        let order = self.reserve();
        self.push_reserved(at, order, item);
    }

    /// Puts in an item with an order number that was reserved for it.
    pub(crate) fn push_reserved(&mut self, at: Time, order: u64, item: T) {
        self.heap.push(Entry { at, order, item });
    }

    /// Takes out the first item, if it is due at `limit` or before.
    pub(crate) fn pop_until(&mut self, limit: Time) -> Option<(Time, T)> {
        if self.heap.peek()?.at > limit {
            return None;
        }
        self.heap.pop().map(|entry| (entry.at, entry.item))
    }

    /// When the first item is due.
    pub(crate) fn next_at(&self) -> Option<Time> {
        self.heap.peek().map(|entry| entry.at)
    }

    /// All items, in the order in which they would come out.
    pub(crate) fn sorted(&self) -> impl Iterator<Item = (Time, &T)> {
        let mut entries: Vec<&Entry<T>> = self.heap.iter().collect();
        entries.sort_unstable_by_key(|entry| (entry.at, entry.order));
        entries.into_iter().map(|entry| (entry.at, &entry.item))
    }

    /// How many items are in.
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    /// Reversed, since the heap's greatest is to be the earliest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a test does to the queue.
    #[derive(Clone, Debug)]
    enum Step {
        Push(u64),
        Reserve,
        PushReserved(u64),
        PopUntil(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0..50_u64).prop_map(Step::Push),
            1 => Just(Step::Reserve),
            1 => (0..50_u64).prop_map(Step::PushReserved),
            3 => (0..60_u64).prop_map(Step::PopUntil),
        ]
    }

    proptest! {
        /// The queue against a sorted list.
        #[test]
        fn it_agrees_with_a_sorted_list(steps in proptest::collection::vec(step(), 0..200)) {
            let mut queue = Queue::new();
            let mut model: Vec<(u64, u64, u32)> = Vec::new();
            let mut reserved = Vec::new();
            let mut order = 0;
            for (item, step) in (0_u32..).zip(steps) {
                match step {
                    Step::Push(at) => {
                        queue.push(Time(at), item);
                        model.push((at, order, item));
                        order += 1;
                    }
                    Step::Reserve => {
                        prop_assert_eq!(queue.reserve(), order);
                        reserved.push(order);
                        order += 1;
                    }
                    Step::PushReserved(at) => {
                        if let Some(order) = reserved.pop() {
                            queue.push_reserved(Time(at), order, item);
                            model.push((at, order, item));
                        }
                    }
                    Step::PopUntil(limit) => {
                        model.sort_unstable();
                        let expected = model.first().copied().filter(|(at, ..)| *at <= limit);
                        if expected.is_some() {
                            model.remove(0);
                        }
                        let popped = queue.pop_until(Time(limit));
                        prop_assert_eq!(popped, expected.map(|(at, _, item)| (Time(at), item)));
                    }
                }
                prop_assert_eq!(queue.len(), model.len());
            }
        }
    }
}
