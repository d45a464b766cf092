//! Load shedding: a server's queue that refuses what has waited too long, and what matters least.
//!
//! A queue is there for bursts. One that stays (a *standing queue*) makes every call late and none faster: Nichols and
//! Jacobson ("Controlling Queue Delay", ACM Queue 10(5), 2012; RFC 8289) tell the two apart by the *least* delay over
//! an interval. For servers after Maurer ("Fail at Scale", ACM Queue 13(8), 2015):
//!
//! * **Controlled delay.** A queue is standing when for an interval it was never empty, and all that was taken from it
//!   had waited longer than the target. It is until it has been empty. From a standing queue whatever has waited
//!   longer than the target is refused. So nothing is ever executed that has waited for the interval and the target.
//! * **Adaptive LIFO.** From a standing queue the newest is taken first: it is the one whose caller most surely waits.
//! * **Priority.** Calls have a [`Class`], as in Google's "Site Reliability Engineering" (2016, chapter 21). Each
//!   class has a queue of its own, and is taken from when those above it are empty. They share the room: where there
//!   is none, a call has the place of one that matters less.
//!
//! What is refused is found when something is taken, so nothing is to be done at any time in between. The target
//! should be longer than the time from one taking to the next, or all that was waiting is refused at each.

use simlab_core::{Duration, Time};
use std::collections::VecDeque;

/// How much a call matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Without it much else fails, and people see that.
    CriticalPlus,
    /// People see that it fails.
    Critical,
    /// It may fail for minutes, and be made again.
    SheddablePlus,
    /// It may fail for hours.
    Sheddable,
}

impl Class {
    /// All of them, what matters most first.
    pub const ALL: [Class; 4] =
        [Class::CriticalPlus, Class::Critical, Class::SheddablePlus, Class::Sheddable];
    /// The names in scenarios, in the same order.
    pub const NAMES: [&'static str; 4] =
        ["critical-plus", "critical", "sheddable-plus", "sheddable"];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The class of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let index = Self::NAMES.iter().position(|known| *known == name)?;
        Self::ALL.get(index).copied()
    }
}

/// When a queue is standing, and what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Control {
    /// What has waited no longer is never refused. Maurer says 5 ms.
    pub target: Duration,
    /// How long a queue must not have been good to be standing. Maurer says 100 ms.
    pub interval: Duration,
    /// Whether the newest is taken first from a standing queue.
    pub newest_first: bool,
}

/// What waits in a queue, and what of it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// How many calls may wait, of all classes.
    pub size: usize,
    /// By how long calls wait; `None` to refuse none for that.
    pub control: Option<Control>,
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// There is no room for it, or one that matters more came and has its place.
    Full,
    /// It has waited too long.
    Late,
}

/// A call that is not executed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Refused<T> {
    /// Which.
    pub item: T,
    /// Why.
    pub why: Reason,
}

/// What waits for a worker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Queue<T> {
    config: Config,
    /// One of each class.
    lanes: [Lane<T>; 4],
    len: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Lane<T> {
    /// Since when, the oldest first.
    waiting: VecDeque<(Time, T)>,
    /// When it was good last: empty, or not standing and something was taken that had waited no longer than the target.
    good: Time,
}

impl<T> Lane<T> {
    const EMPTY: Self = Lane { waiting: VecDeque::new(), good: Time::ZERO };

    fn standing(&self, control: Option<Control>, now: Time) -> Option<Control> {
        control
            .filter(|control| !self.waiting.is_empty() && now.since(self.good) >= control.interval)
    }
}

impl<T> Queue<T> {
    /// An empty queue.
    #[must_use]
    pub const fn new(config: Config) -> Self {
        Queue { config, lanes: [const { Lane::EMPTY }; 4], len: 0 }
    }

    /// A call comes, while so many workers are `free`, which will take as many from the queue at once. What it says is
    /// refused for it: itself, or of what matters least and less than it the one that has waited longest.
    #[must_use = "who made the call that is refused is to be told"]
    pub fn push(&mut self, item: T, class: Class, free: usize, now: Time) -> Option<Refused<T>> {
        let mut refused = None;
        if self.len >= self.config.size.saturating_add(free) {
            let below = &mut self.lanes[class as usize + 1..];
            let displaced = below.iter_mut().rev().find_map(|lane| lane.waiting.pop_front());
            let Some((_, displaced)) = displaced else {
                return Some(Refused { item, why: Reason::Full });
            };
            self.len -= 1;
            refused = Some(Refused { item: displaced, why: Reason::Full });
        }
        let lane = &mut self.lanes[class as usize];
        if lane.waiting.is_empty() {
            lane.good = now;
        }
        lane.waiting.push_back((now, item));
        self.len += 1;
        refused
    }

    /// A worker is free: what it is to execute, if anything waits. What is refused meanwhile is put into `refused`,
    /// what matters most first.
    pub fn pop(&mut self, now: Time, refused: &mut Vec<Refused<T>>) -> Option<T> {
        let control = self.config.control;
        for lane in &mut self.lanes {
            let Some(Control { target, .. }) = lane.standing(control, now) else { continue };
            let late = |(since, _): &(Time, T)| now.since(*since) > target;
            while lane.waiting.front().is_some_and(late) {
                let Some((_, item)) = lane.waiting.pop_front() else { break };
                refused.push(Refused { item, why: Reason::Late });
                self.len -= 1;
            }
        }
        let lane = self.lanes.iter_mut().find(|lane| !lane.waiting.is_empty())?;
        let standing = lane.standing(control, now);
        let (since, item) = match standing {
            Some(Control { newest_first: true, .. }) => lane.waiting.pop_back()?,
            _ => lane.waiting.pop_front()?,
        };
        self.len -= 1;
        if standing.is_none() && control.is_some_and(|c| now.since(since) <= c.target) {
            lane.good = now;
        }
        Some(item)
    }

    /// Takes out the oldest call of which this is true, of the class that matters most: one that was taken back.
    pub fn remove(&mut self, mut which: impl FnMut(&T) -> bool) -> Option<T> {
        for lane in &mut self.lanes {
            if let Some(place) = lane.waiting.iter().position(|(_, item)| which(item)) {
                self.len -= 1;
                return lane.waiting.remove(place).map(|(_, item)| item);
            }
        }
        None
    }

    /// Whether the queue of a class is standing.
    #[must_use]
    pub fn is_standing(&self, class: Class, now: Time) -> bool {
        self.lanes[class as usize].standing(self.config.control, now).is_some()
    }

    /// How many calls wait.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether none does.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use super::Class::{Critical, CriticalPlus, Sheddable, SheddablePlus};
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    const fn ms(n: u64) -> Time {
        Time(n * 1_000_000)
    }

    const CONTROL: Control = Control {
        target: Duration::from_millis(5),
        interval: Duration::from_millis(100),
        newest_first: false,
    };

    fn queue(size: usize, control: Option<Control>) -> Queue<u64> {
        Queue::new(Config { size, control })
    }

    /// What is taken, and what is refused.
    fn pop(queue: &mut Queue<u64>, now: Time) -> (Option<u64>, Vec<u64>) {
        let mut refused = Vec::new();
        let taken = queue.pop(now, &mut refused);
        assert!(refused.iter().all(|refused| refused.why == Reason::Late));
        (taken, refused.into_iter().map(|refused| refused.item).collect())
    }

    #[test]
    fn a_burst_is_executed_in_order() {
        let mut queue = queue(10, Some(CONTROL));
        assert!((0..5).all(|n| queue.push(n, Critical, 0, ms(0)).is_none()));
        for n in 0..5 {
            assert_eq!(pop(&mut queue, ms(n * 20)), (Some(n), vec![]), "late, but not for long");
        }
        assert_eq!(pop(&mut queue, ms(100)), (None, vec![]));
    }

    #[test]
    fn a_standing_queue_refuses_what_has_waited_too_long() {
        for (newest_first, next) in [(false, 220), (true, 229)] {
            let mut queue = queue(1_000, Some(Control { newest_first, ..CONTROL }));
            // Two come in each ms, one is taken.
            for n in 0..200 {
                assert!(queue.push(n, Critical, 0, Time(n * 500_000)).is_none());
                if n % 2 == 1 {
                    assert_eq!(pop(&mut queue, Time(n * 500_000)), (Some(n / 2), vec![]));
                }
            }
            // The last one that had waited no longer than 5 ms was taken at 10 ms.
            assert!(!queue.is_standing(Critical, ms(105)));
            assert!(queue.is_standing(Critical, ms(111)));
            assert_eq!(pop(&mut queue, ms(103)), (Some(100), vec![]));
            for n in 200..230 {
                assert!(queue.push(n, Critical, 0, Time(n * 500_000)).is_none());
            }
            let (taken, refused) = pop(&mut queue, ms(115));
            assert_eq!(refused, (101..220).collect::<Vec<u64>>(), "before 110 ms");
            assert_eq!(taken, Some(next));
        }
    }

    #[test]
    fn a_queue_stands_until_it_was_empty() {
        let mut queue = queue(10, Some(CONTROL));
        assert!((0..3).all(|n| queue.push(n, Critical, 0, ms(0)).is_none()));
        assert_eq!(queue.push(3, Critical, 0, ms(99)), None);
        assert_eq!(queue.push(4, Critical, 0, ms(99)), None);
        assert_eq!(pop(&mut queue, ms(100)), (Some(3), vec![0, 1, 2]));
        assert!(queue.is_standing(Critical, ms(100)), "the short wait of one is no sign");
        assert_eq!(pop(&mut queue, ms(101)), (Some(4), vec![]));
        assert_eq!(queue.push(5, Critical, 0, ms(102)), None);
        assert_eq!(pop(&mut queue, ms(150)), (Some(5), vec![]), "it was empty");
    }

    #[test]
    fn what_matters_most_is_taken_first() {
        let mut queue = queue(10, Some(CONTROL));
        for (n, class) in [(1, Sheddable), (2, Critical), (3, CriticalPlus), (4, Critical)] {
            assert_eq!(queue.push(n, class, 0, ms(0)), None);
        }
        assert_eq!(
            [0; 5].map(|_| pop(&mut queue, ms(1)).0),
            [Some(3), Some(2), Some(4), Some(1), None]
        );
    }

    #[test]
    fn what_starves_is_refused_in_the_end() {
        let mut queue = queue(10, Some(CONTROL));
        assert_eq!(queue.push(1_000, Sheddable, 0, ms(0)), None);
        for n in 0..100 {
            assert_eq!(queue.push(n, Critical, 0, ms(n)), None);
            assert_eq!(pop(&mut queue, ms(n)), (Some(n), vec![]));
        }
        assert_eq!(queue.push(100, Critical, 0, ms(100)), None);
        assert_eq!(pop(&mut queue, ms(100)), (Some(100), vec![1_000]));
    }

    #[test]
    fn where_there_is_no_room_what_matters_less_makes_some() {
        let mut queue = queue(3, None);
        let full = |item| Some(Refused { item, why: Reason::Full });
        for (n, class) in [(1, SheddablePlus), (2, Sheddable), (3, Sheddable)] {
            assert_eq!(queue.push(n, class, 0, ms(n)), None);
        }
        assert_eq!(queue.push(4, Sheddable, 0, ms(4)), full(4), "it matters no more than they");
        assert_eq!(queue.push(5, Critical, 0, ms(5)), full(2), "the oldest of the least");
        assert_eq!(queue.push(6, Critical, 0, ms(6)), full(3));
        assert_eq!(queue.push(7, Critical, 0, ms(7)), full(1));
        assert_eq!(queue.push(8, Critical, 0, ms(8)), full(8));
        assert_eq!([queue.remove(|n| *n == 6), queue.remove(|n| *n == 6)], [Some(6), None]);
        assert_eq!(queue.push(9, Sheddable, 0, ms(9)), None);
        assert_eq!([0; 4].map(|_| pop(&mut queue, ms(9)).0), [Some(5), Some(7), Some(9), None]);
    }

    /// Twice as much as can be done, for two seconds, and callers that wait for 50 ms.
    #[test]
    fn shedding_keeps_what_is_done_of_use() {
        let in_time = |control| {
            let (mut queue, mut in_time) = (queue(500, control), 0);
            for half in 0..4_000 {
                let now = Time(half * 500_000);
                let _ = queue.push(now.nanos(), Critical, 0, now);
                if half % 2 == 0 {
                    let (taken, _) = pop(&mut queue, now);
                    let waited = taken.map(|since| now.since(Time(since)));
                    in_time += u32::from(waited.is_some_and(|w| w < Duration::from_millis(50)));
                }
            }
            in_time
        };
        assert_eq!(in_time(None), 100, "then all that it does is for nobody");
        assert_eq!(in_time(Some(CONTROL)), 1_990, "all but ten, which it was about to notice");
    }

    #[test]
    fn classes_have_names() {
        assert_eq!(Class::NAMES.map(Class::named), Class::ALL.map(Some));
        assert_eq!(Class::named("urgent"), None);
    }

    proptest! {
        /// Every call ends once; none that waited for the interval and the target is executed, and none that waited
        /// no longer than the target is late; nothing is taken while more important calls wait.
        #[test]
        fn calls_end_once_and_in_time(
            size in 0..12_usize, newest_first: bool,
            acts in vec((0..4_usize, 0..8_000_000_u64, any::<bool>()), 0..300),
        ) {
            let control = Control { newest_first, ..CONTROL };
            let mut queue = Queue::new(Config { size, control: Some(control) });
            let (mut now, mut waiting) = (Time::ZERO, Vec::new());
            let leave = |waiting: &mut Vec<(usize, usize, Time)>, n: usize| {
                let place = waiting.iter().position(|(item, _, _)| *item == n);
                waiting.remove(place.expect("it has not ended before"))
            };
            for (n, (class, wait, takes)) in acts.into_iter().enumerate() {
                now += Duration(wait);
                if !takes {
                    waiting.push((n, class, now));
                    if let Some(refused) = queue.push(n, Class::ALL[class], 0, now) {
                        let (_, least, _) = leave(&mut waiting, refused.item);
                        prop_assert!(waiting.len() == size && refused.why == Reason::Full);
                        prop_assert!(waiting.iter().all(|(_, class, _)| *class <= least));
                    }
                } else {
                    let mut refused = Vec::new();
                    let taken = queue.pop(now, &mut refused);
                    for Refused { item, why } in refused {
                        let (_, _, since) = leave(&mut waiting, item);
                        prop_assert!(why == Reason::Late && now.since(since) > control.target);
                    }
                    prop_assert_eq!(taken.is_none(), waiting.is_empty());
                    if let Some(taken) = taken {
                        let (_, class, since) = leave(&mut waiting, taken);
                        prop_assert!(now.since(since) < control.interval + control.target);
                        prop_assert!(waiting.iter().all(|(_, other, _)| class <= *other));
                    }
                }
                prop_assert_eq!(queue.len(), waiting.len());
                prop_assert!(queue.len() <= size);
            }
        }
    }
}
