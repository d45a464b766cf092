//! Token buckets: so many calls a second, and so many at once after a quiet time.
//!
//! The *(σ, ρ)* regulator of Cruz ("A Calculus for Network Delay, Part I", IEEE Transactions on Information Theory
//! 37(1), 1991): in any time of length t no more than σ + ρ t calls pass, where σ is the burst and ρ the rate. RFC 2697
//! and RFC 4115 meter packets so.
//!
//! A token is a billion parts. In a nanosecond come as many parts as in a second come tokens, so that nothing is ever
//! rounded, however seldom or often one looks.

use simlab_core::{NodeId, Time};
use std::collections::{BTreeMap, BTreeSet};

/// How tokens come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// So many a second. With 0, what is spent never comes back.
    pub per_second: u64,
    /// The most that are saved up, and what there is at first. With 0 nothing ever passes.
    pub burst: u64,
}

/// Tokens, each good for one call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bucket {
    rate: Rate,
    /// At the time of `refilled`.
    parts: u128,
    refilled: Time,
}

const PARTS: u128 = 1_000_000_000;

impl Bucket {
    /// A full bucket.
    #[must_use]
    pub const fn new(rate: Rate) -> Self {
        Bucket { rate, parts: full(rate), refilled: Time::ZERO }
    }

    /// Takes so many tokens if there are as many; whether there were. A time before one that it was told earlier
    /// brings no tokens, and costs none later.
    pub fn take(&mut self, tokens: u64, now: Time) -> bool {
        self.refill(now);
        match self.parts.checked_sub(u128::from(tokens) * PARTS) {
            Some(left) => {
                self.parts = left;
                true
            }
            None => false,
        }
    }

    /// How many whole tokens there are.
    #[must_use]
    pub fn available(&self, now: Time) -> u64 {
        (self.parts_at(now) / PARTS) as u64
    }

    /// Whether no more can be saved up, so that this is as good as a new one.
    #[must_use]
    pub fn is_full(&self, now: Time) -> bool {
        self.parts_at(now) == full(self.rate)
    }

    /// The earliest time at which there are so many tokens if none is taken before; `None` if there never are.
    #[must_use]
    pub fn ready_at(&self, tokens: u64) -> Option<Time> {
        if tokens > self.rate.burst {
            return None;
        }
        let missing = (u128::from(tokens) * PARTS).saturating_sub(self.parts);
        if missing == 0 {
            return Some(self.refilled);
        }
        let rate = u128::from(self.rate.per_second);
        let nanos = missing.checked_add(rate.checked_sub(1)?)?.checked_div(rate)?;
        let at = u128::from(self.refilled.nanos()) + nanos;
        u64::try_from(at).ok().map(Time)
    }

    fn parts_at(&self, now: Time) -> u128 {
        let passed = now.since(self.refilled).nanos();
        let came = u128::from(passed) * u128::from(self.rate.per_second);
        self.parts.saturating_add(came).min(full(self.rate))
    }

    fn refill(&mut self, now: Time) {
        self.parts = self.parts_at(now);
        self.refilled = self.refilled.max(now);
    }
}

const fn full(rate: Rate) -> u128 {
    rate.burst as u128 * PARTS
}

/// What comes of a call that asks for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It passes.
    Passes,
    /// Its caller has called too often. It has a token again at the time, if ever.
    TooOften(Option<Time>),
    /// There are too many callers to count the calls of one more.
    TooManyCallers,
}

/// A bucket for each caller, and a bound on how many callers there are.
///
/// Only a bucket that is full again is forgotten: it is the same as a new one, so that no caller gains by being
/// forgotten. While none is, new callers are refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Buckets {
    rate: Rate,
    callers_max: usize,
    callers: BTreeMap<NodeId, Bucket>,
    /// The same ones, by when they are full.
    by_full: BTreeSet<(Time, NodeId)>,
}

impl Buckets {
    /// A bucket of this rate for each of so many callers.
    #[must_use]
    pub const fn new(rate: Rate, callers_max: usize) -> Self {
        Buckets { rate, callers_max, callers: BTreeMap::new(), by_full: BTreeSet::new() }
    }

    /// Whether a call passes; if it does, its caller has a token less.
    pub fn take(&mut self, caller: NodeId, now: Time) -> Verdict {
        if !self.callers.contains_key(&caller) && !self.make_room(now) {
            return Verdict::TooManyCallers;
        }
        let bucket = self.callers.entry(caller).or_insert_with(|| Bucket::new(self.rate));
        self.by_full.remove(&(full_at(bucket), caller));
        let passes = bucket.take(1, now);
        self.by_full.insert((full_at(bucket), caller));
        if passes { Verdict::Passes } else { Verdict::TooOften(bucket.ready_at(1)) }
    }

    /// How many callers are remembered.
    #[must_use]
    pub fn callers(&self) -> usize {
        self.callers.len()
    }

    /// Makes room for one caller; whether there is.
    fn make_room(&mut self, now: Time) -> bool {
        if self.callers.len() < self.callers_max {
            return true;
        }
        let Some(&(at, caller)) = self.by_full.first() else { return false };
        if !self.callers.get(&caller).is_some_and(|bucket| bucket.is_full(now)) {
            return false;
        }
        self.by_full.remove(&(at, caller));
        self.callers.remove(&caller);
        true
    }
}

fn full_at(bucket: &Bucket) -> Time {
    bucket.ready_at(bucket.rate.burst).unwrap_or(Time::NEVER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    const A: NodeId = NodeId(1);
    const B: NodeId = NodeId(2);
    const C: NodeId = NodeId(3);

    const fn ms(n: u64) -> Time {
        Time(n * 1_000_000)
    }

    fn taken(bucket: &mut Bucket, now: Time) -> usize {
        (0..100).filter(|_| bucket.take(1, now)).count()
    }

    #[test]
    fn a_burst_passes_and_then_so_many_a_second() {
        let mut bucket = Bucket::new(Rate { per_second: 10, burst: 3 });
        assert_eq!(taken(&mut bucket, ms(0)), 3, "what was saved up");
        assert_eq!(bucket.ready_at(1), Some(ms(100)));
        assert_eq!(taken(&mut bucket, Time(ms(100).0 - 1)), 0);
        assert_eq!(taken(&mut bucket, ms(100)), 1);
        assert_eq!(taken(&mut bucket, ms(350)), 2, "and half a token");
        assert_eq!(taken(&mut bucket, ms(400)), 1);
        assert_eq!(taken(&mut bucket, ms(60_000)), 3, "no more is saved up");
    }

    #[test]
    fn many_tokens_are_taken_together_or_not_at_all() {
        let mut bucket = Bucket::new(Rate { per_second: 1, burst: 5 });
        assert!(bucket.take(4, ms(0)));
        assert!(!bucket.take(2, ms(0)));
        assert_eq!(bucket.available(ms(0)), 1, "the refusal cost nothing");
        assert_eq!(bucket.ready_at(5), Some(ms(4_000)));
        assert_eq!(bucket.ready_at(6), None, "it never holds as many");
    }

    /// A bucket that kept whole tokens only, and is looked at this often, would never have any.
    #[test]
    fn nothing_is_lost_to_rounding() {
        let mut bucket = Bucket::new(Rate { per_second: 3, burst: 3 });
        assert!(bucket.take(3, ms(0)));
        for n in 0..100_000 {
            assert_eq!(bucket.available(Time(n * 7_919)), (n * 7_919 * 3) / 1_000_000_000);
            assert!(bucket.take(0, Time(n * 7_919)));
        }
    }

    #[test]
    fn without_a_rate_nothing_comes_back() {
        let mut bucket = Bucket::new(Rate { per_second: 0, burst: 1 });
        assert!(bucket.take(1, ms(5)));
        assert_eq!((bucket.ready_at(0), bucket.ready_at(1)), (Some(ms(5)), None));
        assert!(!bucket.take(1, Time::NEVER));
    }

    #[test]
    fn one_caller_takes_nothing_from_another() {
        let mut buckets = Buckets::new(Rate { per_second: 2, burst: 1 }, 8);
        assert_eq!(buckets.take(A, ms(0)), Verdict::Passes);
        assert_eq!(buckets.take(A, ms(100)), Verdict::TooOften(Some(ms(500))));
        assert_eq!(buckets.take(B, ms(100)), Verdict::Passes);
    }

    #[test]
    fn only_a_full_bucket_is_forgotten() {
        let mut buckets = Buckets::new(Rate { per_second: 1, burst: 1 }, 2);
        assert_eq!(buckets.take(A, ms(0)), Verdict::Passes);
        assert_eq!(buckets.take(B, ms(500)), Verdict::Passes);
        assert_eq!(buckets.take(C, ms(999)), Verdict::TooManyCallers);
        assert_eq!(buckets.take(A, ms(999)), Verdict::TooOften(Some(ms(1_000))));
        assert_eq!(buckets.take(C, ms(1_000)), Verdict::Passes, "A has a full bucket again");
        assert_eq!(buckets.take(A, ms(1_000)), Verdict::TooManyCallers);
        assert_eq!(buckets.take(A, ms(1_500)), Verdict::Passes, "B has");
    }

    fn rate() -> impl Strategy<Value = Rate> {
        let number = || prop_oneof![0..20_u64, any::<u64>()];
        (number(), number()).prop_map(|(per_second, burst)| Rate { per_second, burst })
    }

    proptest! {
        /// Cruz: in any interval no more than the burst and the rate times its length.
        #[test]
        fn no_interval_has_more_than_burst_and_rate(
            per_second in 0..2_000_u64, burst in 0..20_u64,
            steps in vec((0..40_000_000_u64, 0..5_u64), 1..60),
        ) {
            let mut bucket = Bucket::new(Rate { per_second, burst });
            let (mut now, mut passed) = (0, Vec::new());
            for (step, tokens) in steps {
                now += step;
                if bucket.take(tokens, Time(now)) {
                    passed.push((now, tokens));
                }
            }
            for (first, (from, _)) in passed.iter().enumerate() {
                let mut sum = 0;
                for (to, tokens) in &passed[first..] {
                    sum += u128::from(*tokens);
                    let most = u128::from(burst) * PARTS
                        + u128::from(per_second) * u128::from(to - from);
                    prop_assert!(sum * PARTS <= most);
                }
            }
        }

        /// How often one looks changes nothing, nor do times that are out of order.
        #[test]
        fn looking_changes_nothing(rate in rate(), spent: u64, looks: Vec<u64>, end: u64) {
            let (mut seldom, mut often) = (Bucket::new(rate), Bucket::new(rate));
            seldom.take(spent % rate.burst.max(1), Time::ZERO);
            often.take(spent % rate.burst.max(1), Time::ZERO);
            for at in looks {
                often.take(0, Time(at.min(end)));
            }
            prop_assert_eq!(seldom.available(Time(end)), often.available(Time(end)));
            seldom.take(0, Time(end));
            often.take(0, Time(end));
            prop_assert_eq!(seldom, often);
        }

        /// More time is never fewer tokens, and they come when it is said.
        #[test]
        fn tokens_come_when_it_is_said(rate in rate(), spent: u64, wanted: u64, now: u64) {
            let mut bucket = Bucket::new(rate);
            bucket.take(spent % rate.burst.saturating_add(1).max(1), Time(now));
            match bucket.ready_at(wanted) {
                Some(at) => {
                    prop_assert!(at >= Time(now) && bucket.available(at) >= wanted);
                    if at > Time(now) {
                        prop_assert!(bucket.available(Time(at.0 - 1)) < wanted);
                    }
                }
                None => prop_assert!(bucket.available(Time::NEVER) < wanted),
            }
        }

        /// A caller that is let in is told what it would be told if nobody were ever forgotten.
        #[test]
        fn forgetting_changes_nothing(
            per_second in 0..50_u64, burst in 1..4_u64, callers_max in 0..4_usize,
            calls in vec((0..6_u32, 0..60_000_000_u64), 0..200),
        ) {
            let rate = Rate { per_second, burst };
            let (mut bounded, mut all) = (Buckets::new(rate, callers_max), BTreeMap::new());
            let mut now = 0;
            for (caller, step) in calls {
                now += step;
                let verdict = bounded.take(NodeId(caller), Time(now));
                prop_assert!(bounded.callers() <= callers_max);
                prop_assert_eq!(bounded.by_full.len(), bounded.callers());
                if verdict == Verdict::TooManyCallers {
                    let short = |b: &&Bucket| !b.is_full(Time(now));
                    prop_assert_eq!(all.values().filter(short).count(), callers_max);
                } else {
                    let bucket = all.entry(caller).or_insert_with(|| Bucket::new(rate));
                    prop_assert_eq!(verdict == Verdict::Passes, bucket.take(1, Time(now)));
                }
            }
        }
    }
}
