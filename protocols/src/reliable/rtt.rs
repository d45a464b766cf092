//! When to send again: the retransmission time-out of RFC 6298.

use simlab_core::Duration;

/// What is known of the round trip to a peer, and the time-out that follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rtt {
    bounds: Bounds,
    smoothed: Option<Smoothed>,
    rto: Duration,
    backed_off: Option<Duration>,
}

/// SRTT and RTTVAR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Smoothed {
    mean: Duration,
    variation: Duration,
}

/// What bounds a time-out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// The time-out before the first sample; RFC 6298 (2.1) says 1 s.
    pub initial: Duration,
    /// The least; (2.4) says 1 s, and that others have done with less.
    pub min: Duration,
    /// The greatest; (2.5) says 60 s at least.
    pub max: Duration,
}

/// The granularity G of the clock: timers of the lab are exact, so this only keeps a time-out from being
/// the round trip to the nanosecond.
pub const GRANULARITY: Duration = Duration::from_millis(1);

impl Rtt {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Rtt {
            bounds,
            smoothed: None,
            rto: bounds.initial.max(bounds.min).min(bounds.max),
            backed_off: None,
        }
    }

    /// Takes in the round trip of a message that was sent once (2.2, 2.3). For one that was sent again nobody
    /// knows which of its transmissions was acknowledged: Karn's rule (3) is that it gives no sample.
    pub fn sample(&mut self, round_trip: Duration) {
        let r = round_trip.nanos();
        let next = match self.smoothed {
            None => Smoothed { mean: round_trip, variation: Duration(r / 2) },
            Some(Smoothed { mean, variation }) => {
                let (mean, variation) = (u128::from(mean.nanos()), u128::from(variation.nanos()));
                // RTTVAR first, by the SRTT from before: alpha = 1/8, beta = 1/4.
                let variation = (3 * variation + mean.abs_diff(r.into())) / 4;
                let mean = (7 * mean + u128::from(r)) / 8;
                Smoothed { mean: Duration(mean as u64), variation: Duration(variation as u64) }
            }
        };
        self.smoothed = Some(next);
        let spread = Duration(next.variation.nanos().saturating_mul(4)).max(GRANULARITY);
        let rto = Duration(next.mean.nanos().saturating_add(spread.nanos()));
        self.rto = rto.max(self.bounds.min).min(self.bounds.max);
        self.backed_off = None;
    }

    /// The time-out now.
    #[must_use]
    pub fn rto(&self) -> Duration {
        self.backed_off.unwrap_or(self.rto)
    }

    /// The time-out as it was before it was backed off.
    #[must_use]
    pub const fn unbacked(&self) -> Duration {
        self.rto
    }

    /// The mean round trip, once there was a sample.
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        self.smoothed.map(|smoothed| smoothed.mean)
    }

    /// Waits longer from now on, until the next sample (5.5).
    pub fn back_off(&mut self, next: Duration) {
        self.backed_off = Some(next.min(self.bounds.max));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn rtt(initial: u64, min: u64) -> Rtt {
        Rtt::new(Bounds { initial: ms(initial), min: ms(min), max: Duration::from_secs(60) })
    }

    /// By hand, in ms, after (2.2) and (2.3), the least time-out 1:
    ///
    /// | R | RTTVAR | SRTT | RTO = SRTT + max(G = 1, 4 RTTVAR) |
    /// |---|---|---|---|
    /// | 100 | 50 | 100 | 300 |
    /// | 100 | 3/4·50 + 1/4·0 = 37.5 | 100 | 250 |
    /// | 180 | 3/4·37.5 + 1/4·80 = 48.125 | 7/8·100 + 1/8·180 = 110 | 302.5 |
    /// | 110 | 3/4·48.125 = 36.09375 | 110 | 254.375 |
    #[test]
    fn time_outs_follow_rfc_6298_section_2() {
        let mut rtt = rtt(1_000, 1);
        assert_eq!(rtt.rto(), ms(1_000), "(2.1)");
        let mut after = |r| {
            rtt.sample(ms(r));
            rtt.rto().nanos() / 1_000
        };
        assert_eq!([100, 100, 180, 110].map(&mut after), [300_000, 250_000, 302_500, 254_375]);
    }

    /// A round trip that never varies: 4 RTTVAR shrinks by a quarter each time, and G is what is left.
    #[test]
    fn the_granularity_is_the_least_spread() {
        let mut rtt = rtt(1_000, 1);
        for _ in 0..60 {
            rtt.sample(ms(20));
        }
        assert_eq!(rtt.rto(), ms(21));
    }

    /// (2.4), (2.5): the bounds.
    #[test]
    fn time_outs_have_bounds() {
        let mut low = rtt(1_000, 200);
        low.sample(ms(10));
        assert_eq!(low.rto(), ms(200));
        let mut high = rtt(1_000, 200);
        high.sample(Duration::from_secs(50));
        assert_eq!(high.rto(), Duration::from_secs(60));
        high.back_off(Duration::from_secs(120));
        assert_eq!(high.rto(), Duration::from_secs(60));
    }

    /// (5.5), (5.7): what was backed off stays so until there is a sample.
    #[test]
    fn a_sample_ends_the_back_off() {
        let mut rtt = rtt(1_000, 200);
        rtt.sample(ms(100));
        assert_eq!(rtt.rto(), ms(300));
        rtt.back_off(ms(600));
        rtt.back_off(ms(1_200));
        assert_eq!(rtt.rto(), ms(1_200));
        rtt.sample(ms(100));
        assert_eq!(rtt.rto(), ms(250));
    }
}
