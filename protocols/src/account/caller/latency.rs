//! How long operations took: a histogram whose classes are a thirty-second of what is in them.

use simlab_core::Duration;
use std::collections::BTreeMap;

/// Times, in classes of which none is wider than a thirty-second of its least (as in Tene's HdrHistogram).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Latency {
    /// How many times there are in each class, by its least.
    classes: BTreeMap<u64, u64>,
    count: u64,
    /// The shortest and the longest, in microseconds.
    ends: Option<(u64, u64)>,
}

const BITS: u32 = 5;

impl Latency {
    /// Takes one in.
    pub(super) fn add(&mut self, time: Duration) {
        let micros = time.nanos() / 1_000;
        *self.classes.entry(least(micros)).or_default() += 1;
        self.count += 1;
        let (shortest, longest) = self.ends.unwrap_or((micros, micros));
        self.ends = Some((shortest.min(micros), longest.max(micros)));
    }

    /// The least time of the class below which so many of a thousand are, in microseconds; `None` if there are none.
    pub(super) fn of_thousand(&self, share: u64) -> Option<u64> {
        let rank = (self.count * share).div_ceil(1_000).max(1);
        let mut seen = 0;
        let class = self.classes.iter().find(|(_, count)| {
            seen += **count;
            seen >= rank
        });
        class.map(|(least, _)| *least)
    }

    /// The shortest and the longest, in microseconds.
    pub(super) const fn ends(&self) -> Option<(u64, u64)> {
        self.ends
    }
}

/// The least of the class that a time is in: its highest six bits.
const fn least(micros: u64) -> u64 {
    let bits = u64::BITS - micros.leading_zeros();
    let low = bits.saturating_sub(BITS + 1);
    micros >> low << low
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_slow_one_in_a_hundred_is_the_tail() {
        let mut latency = Latency::default();
        assert_eq!((latency.of_thousand(990), latency.ends()), (None, None));
        (0..99).for_each(|n| latency.add(Duration::from_micros(20 + n % 2)));
        latency.add(Duration::from_millis(100));
        let share = |share| latency.of_thousand(share);
        assert_eq!([share(500), share(990), share(991)], [Some(20), Some(21), Some(98_304)]);
        assert_eq!(latency.ends(), Some((20, 100_000)));
    }

    proptest! {
        #[test]
        fn a_class_is_narrow(micros: u64) {
            let least = least(micros);
            prop_assert!(least <= micros && micros - least <= least / 32);
        }
    }
}
