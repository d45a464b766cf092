//! How much longer to wait each time that nobody answers.
//!
//! The jittered ones are after Marc Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog,
//! 2015): without jitter all that failed together try again together.

use simlab_core::Duration;

/// A way to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backoff {
    /// Always as long as at first.
    Fixed,
    /// Twice as long each time: RFC 6298 (5.5).
    Exponential,
    /// Anything up to what exponential back-off would wait.
    FullJitter,
    /// Anything from the first wait to three times the last one.
    DecorrelatedJitter,
}

impl Backoff {
    /// The names in scenarios, in the order of declaration.
    pub const NAMES: [&'static str; 4] =
        ["fixed", "exponential", "full-jitter", "decorrelated-jitter"];

    /// The way of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = [
            Backoff::Fixed,
            Backoff::Exponential,
            Backoff::FullJitter,
            Backoff::DecorrelatedJitter,
        ];
        let index = Self::NAMES.iter().position(|known| *known == name)?;
        all.get(index).copied()
    }

    /// How long to wait after the `attempt`-th transmission in a row that nobody answered, from 1: `base`
    /// is how long was waited for the first one, `last` for the one before this, and nothing is longer
    /// than `max`. `below` draws a number below another. No wait is shorter than a quarter of `base`: an
    /// answer could not have come.
    pub fn wait(
        self,
        base: Duration,
        last: Duration,
        attempt: u32,
        max: Duration,
        below: &mut dyn FnMut(u64) -> u64,
    ) -> Duration {
        let base = base.nanos().min(max.nanos());
        let doubled = 1_u64.checked_shl(attempt).and_then(|factor| base.checked_mul(factor));
        let doubled = doubled.unwrap_or(u64::MAX).min(max.nanos());
        let mut between = |least: u64, most: u64| {
            least + below(most.saturating_sub(least).saturating_add(1).max(1))
        };
        Duration(match self {
            Backoff::Fixed => base,
            Backoff::Exponential => doubled,
            Backoff::FullJitter => between(base / 4, doubled),
            Backoff::DecorrelatedJitter => {
                let most = last.nanos().saturating_mul(3).min(max.nanos());
                between(base, most.max(base))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use simlab_core::Duration as D;

    fn waits(backoff: Backoff, draw: fn(u64) -> u64) -> Vec<u64> {
        let (base, max) = (D::from_millis(100), D::from_millis(1_000));
        let mut last = base;
        let wait = |attempt| {
            last = backoff.wait(base, last, attempt, max, &mut |bound| draw(bound));
            last.millis()
        };
        (1..=5).map(wait).collect()
    }

    #[test]
    fn waits_grow_as_their_names_say() {
        let least = |_| 0;
        let most = |bound| bound - 1;
        assert_eq!(waits(Backoff::Fixed, most), [100; 5]);
        assert_eq!(waits(Backoff::Exponential, most), [200, 400, 800, 1_000, 1_000]);
        assert_eq!(waits(Backoff::FullJitter, least), [25; 5]);
        assert_eq!(waits(Backoff::FullJitter, most), [200, 400, 800, 1_000, 1_000]);
        assert_eq!(waits(Backoff::DecorrelatedJitter, least), [100; 5]);
        assert_eq!(waits(Backoff::DecorrelatedJitter, most), [300, 900, 1_000, 1_000, 1_000]);
    }

    #[test]
    fn nothing_overflows() {
        for backoff in Backoff::NAMES.map(|name| Backoff::named(name).expect("it is one")) {
            let wait = backoff.wait(D(u64::MAX), D(u64::MAX), u32::MAX, D::FOREVER, &mut |_| 0);
            assert!(wait <= D::FOREVER);
        }
    }
}
