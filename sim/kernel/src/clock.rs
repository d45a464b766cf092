//! A node's clocks against the world's.
//!
//! The monotonic clock runs on at its own rate; the wall clock is the same plus an offset, which can
//! jump. A process sees nothing else, so its timers are due by its own clock.

use simlab_core::{Duration, Time};

/// Nanoseconds in a second: drift is counted in nanoseconds gained a second.
const SECOND: i128 = 1_000_000_000;

/// The clocks of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Clock {
    /// When the rate last changed, on the world's clock.
    since: Time,
    /// What the monotonic clock showed then.
    base: Time,
    /// Nanoseconds gained in a second of the world's.
    drift: i64,
    /// Wall clock less monotonic clock, in nanoseconds. Wide enough that jumps add up exactly, so
    /// that what jumped back is where it was.
    offset: i128,
}

impl Clock {
    /// The slowest and the fastest rate: half and twice the world's, so that no clock stands still.
    pub(crate) const DRIFT: std::ops::RangeInclusive<i64> = -500_000_000..=1_000_000_000;

    /// Clocks with this drift and this offset of the wall clock, from the start of the run on.
    pub(crate) fn new(drift: i64, offset: i64) -> Self {
        let drift = drift.clamp(*Self::DRIFT.start(), *Self::DRIFT.end());
        Clock { since: Time::ZERO, base: Time::ZERO, drift, offset: offset.into() }
    }

    fn rate(&self) -> i128 {
        SECOND + i128::from(self.drift)
    }

    /// What the monotonic clock shows at a time of the world that is not before the last change.
    #[inline]
    pub(crate) fn now(&self, world: Time) -> Time {
        if self.drift == 0 {
            return self.base + world.since(self.since);
        }
        let passed = i128::from(world.since(self.since).nanos()) * self.rate() / SECOND;
        self.base + Duration(u64::try_from(passed).unwrap_or(u64::MAX))
    }

    /// What the wall clock shows; it stops at zero if it is set back further.
    #[inline]
    pub(crate) fn wall(&self, world: Time) -> Time {
        let shown = i128::from(self.now(world).nanos()) + self.offset;
        Time(u64::try_from(shown.max(0)).unwrap_or(u64::MAX))
    }

    /// When the monotonic clock will show `local`: the first nanosecond of the world at which it
    /// shows that or more; not before the last change.
    pub(crate) fn when(&self, local: Time) -> Time {
        if local == Time::NEVER {
            return Time::NEVER;
        }
        let ahead = local.since(self.base);
        if self.drift == 0 {
            return self.since + ahead;
        }
        let (needed, rate) = (i128::from(ahead.nanos()) * SECOND, self.rate());
        let nanos = (needed + rate - 1) / rate;
        self.since + Duration(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many nanoseconds they gain in a second.
    pub(crate) const fn drift(&self) -> i64 {
        self.drift
    }

    /// Lets the clocks run at another rate from `world` on, without a jump.
    pub(crate) fn set_drift(&mut self, world: Time, drift: i64) {
        let drift = drift.clamp(*Self::DRIFT.start(), *Self::DRIFT.end());
        // A new beginning loses part of a nanosecond: none without a reason.
        if drift != self.drift {
            *self = Clock { since: world, base: self.now(world), drift, offset: self.offset };
        }
    }

    /// Moves the wall clock.
    pub(crate) fn jump(&mut self, by: i128) {
        self.offset += by;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A timer is never early, and late by no more than the rounding of one nanosecond.
        #[test]
        fn a_time_comes_when_the_clock_shows_it(
            drift in Clock::DRIFT, start in 0..1_u64 << 40, local in 0..1_u64 << 42,
        ) {
            let mut clock = Clock::new(0, 0);
            clock.set_drift(Time(start), drift);
            let local = Time(local).max(clock.base);
            let world = clock.when(local);
            prop_assert!(clock.now(world) >= local);
            if world > Time(start) {
                prop_assert!(clock.now(Time(world.nanos() - 1)) < local);
            }
        }

        /// Whatever happens to the rate, the monotonic clock is monotonic and does not jump.
        #[test]
        fn a_change_of_rate_is_no_jump(
            changes in proptest::collection::vec((Clock::DRIFT, 0..1_u64 << 30), 1..20),
        ) {
            let (mut clock, mut at) = (Clock::new(0, 0), Time::ZERO);
            for (drift, after) in changes {
                let before = clock.now(at);
                clock.set_drift(at, drift);
                prop_assert_eq!(clock.now(at), before);
                at += Duration(after);
                prop_assert!(clock.now(at) >= before);
            }
        }
    }

    #[test]
    fn the_wall_clock_jumps_and_the_other_does_not() {
        let mut clock = Clock::new(100_000_000, 5);
        let at = Time::ZERO + Duration::from_secs(10);
        assert_eq!(clock.now(at), Time::ZERO + Duration::from_secs(11));
        clock.jump(-1_000);
        assert_eq!(clock.now(at), Time::ZERO + Duration::from_secs(11));
        assert_eq!(clock.wall(at).nanos(), 11_000_000_000 - 995);
        clock.jump(i64::MIN.into());
        clock.jump(i64::MIN.into());
        assert_eq!(clock.wall(at), Time::ZERO);
        clock.jump(-2 * i128::from(i64::MIN));
        assert_eq!(clock.wall(at).nanos(), 11_000_000_000 - 995, "jumps add up");
    }

    #[test]
    fn what_is_never_due_stays_so() {
        assert_eq!(Clock::new(7, 0).when(Time::NEVER), Time::NEVER);
    }
}
