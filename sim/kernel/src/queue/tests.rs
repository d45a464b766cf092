use super::*;
use crate::testing::config;
use proptest::prelude::*;

/// What a test does to the queue. Times are counted from that of the last item that came out.
#[derive(Clone, Debug)]
enum Step {
    Push(u64),
    /// So many at once, so far apart.
    Burst(u64, u64, u8),
    Reserve,
    PushReserved(u64),
    /// An item for a time that is past.
    PushPast(u64),
    PopUntil(u64),
    PopMany(u8),
    /// Items become others, where they are.
    Change,
}

/// Spans of every length, from none to all of time.
fn span() -> impl Strategy<Value = u64> {
    (0..60_u32, 0..64_u64).prop_map(|(scale, n)| n.checked_shl(scale).unwrap_or(u64::MAX))
}

/// Spans as they occur in a run.
fn short() -> impl Strategy<Value = u64> {
    (0..30_u32, 0..64_u64).prop_map(|(scale, n)| n << scale)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => short().prop_map(Step::Push),
        1 => span().prop_map(Step::Push),
        2 => (short(), short(), 0..100_u8).prop_map(|(at, apart, n)| Step::Burst(at, apart >> 6, n)),
        1 => Just(Step::Reserve),
        1 => short().prop_map(Step::PushReserved),
        1 => short().prop_map(Step::PushPast),
        6 => short().prop_map(Step::PopUntil),
        1 => span().prop_map(Step::PopUntil),
        3 => (0..100_u8).prop_map(Step::PopMany),
        1 => Just(Step::Change),
    ]
}

/// An item of which every word tells which it is.
fn words(item: u32) -> Item {
    [u64::from(item) << 32 | u64::from(item), !u64::from(item)]
}

/// Which it is.
fn number([_, second]: Item) -> u32 {
    !second as u32
}

/// How much is added to an item that is changed.
const CHANGED: u32 = 1 << 20;

/// The queue beside a sorted list.
struct Pair {
    queue: Queue,
    model: std::collections::BTreeSet<(u64, u64, u32)>,
    reserved: Vec<u64>,
    items: u32,
    now: u64,
}

impl Pair {
    fn push(&mut self, at: u64, reserved: Option<u64>) {
        let item = self.items;
        self.items += 1;
        if let Some(order) = reserved {
            self.queue.push_reserved(Time(at), order, words(item));
            self.model.insert((at, order, item));
        } else {
            self.model.insert((at, self.queue.orders.next, item));
            self.queue.push(Time(at), words(item));
        }
    }

    fn pop(&mut self, limit: u64) -> bool {
        let expected = self.model.first().copied().filter(|(at, ..)| *at <= limit);
        if let Some(first) = expected {
            self.model.remove(&first);
            self.now = self.now.max(first.0);
        }
        let popped = self.queue.pop_until(Time(limit));
        assert_eq!(popped, expected.map(|(at, order, item)| (Time(at), order, words(item))));
        popped.is_some()
    }

    /// Takes out so many, as long as nothing came late, and counts them in the end. Returns how many.
    fn pop_open(&mut self, many: u8) -> u8 {
        let mut gone = 0;
        while gone < many
            && let Some((at, order, item)) = self.queue.first_until(Time::NEVER, gone.into())
        {
            let first = self.model.pop_first();
            let expected = first.map(|(at, order, item)| (Time(at), order, words(item)));
            assert_eq!(Some((at, order, item)), expected);
            self.now = self.now.max(at.0);
            self.queue.remove_first();
            gone += 1;
        }
        self.queue.uncount(gone.into());
        gone
    }

    fn step(&mut self, step: &Step) {
        let now = self.now;
        match *step {
            Step::Push(after) => self.push(now.saturating_add(after), None),
            Step::Burst(after, apart, many) => {
                for n in 0..u64::from(many) {
                    self.push(now.saturating_add(after).saturating_add(apart * n), None);
                }
            }
            Step::Reserve => self.reserved.push(self.queue.reserve()),
            Step::PushReserved(after) => {
                if let Some(order) = self.reserved.pop() {
                    self.push(now.saturating_add(after), Some(order));
                }
            }
            Step::PushPast(before) => self.push(now.saturating_sub(before), None),
            Step::PopUntil(after) => while self.pop(now.saturating_add(after)) {},
            Step::Change => {
                self.queue.change(|_, item| {
                    assert_eq!(*item, words(number(*item)), "all of it is there");
                    *item = words(number(*item) + CHANGED);
                });
                let changed =
                    self.model.iter().map(|(at, order, item)| (*at, *order, item + CHANGED));
                self.model = changed.collect();
            }
            Step::PopMany(many) => {
                for _ in self.pop_open(many)..many {
                    self.pop(u64::MAX);
                }
            }
        }
        assert_eq!(self.queue.len(), self.model.len());
        assert_eq!(self.queue.next_at(), self.model.first().map(|(at, ..)| Time(*at)));
    }
}

proptest! {
    #![proptest_config(config(512))]

    /// The queue against a sorted list.
    #[test]
    fn it_agrees_with_a_sorted_list(steps in proptest::collection::vec(step(), 0..200)) {
        let (queue, model) = (Queue::new(), std::collections::BTreeSet::new());
        let mut pair = Pair { queue, model, reserved: Vec::new(), items: 0, now: 0 };
        for step in &steps {
            pair.step(step);
        }
        let listed: Vec<(Time, Item)> = pair.queue.sorted().map(|(at, _, item)| (at, *item)).collect();
        let expected = pair.model.iter().map(|(at, _, item)| (Time(*at), words(*item)));
        prop_assert_eq!(listed, expected.collect::<Vec<_>>());
        let mut copy = pair.queue.clone();
        while pair.pop(u64::MAX) {
            copy.pop_until(Time(u64::MAX));
        }
        prop_assert!(copy.len() == 0 && copy.pop_until(Time(u64::MAX)).is_none());
    }
}

/// What is due at the very end of time comes out as well.
#[test]
fn the_end_of_time_is_a_time() {
    let mut queue = Queue::new();
    for (item, at) in [(0, u64::MAX), (1, 0), (2, u64::MAX - 1), (3, u64::MAX), (4, 1 << 63)] {
        queue.push(Time(at), words(item));
    }
    let mut out = Vec::new();
    while let Some((_, _, [item, _])) = queue.pop_until(Time(u64::MAX)) {
        let item = item as u32;
        out.push(item);
        if item == 2 {
            queue.push(Time(u64::MAX), words(5));
        }
    }
    assert_eq!(out, [1, 4, 2, 0, 3, 5]);
}
