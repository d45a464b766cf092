//! Draws of whole numbers and lengths of time.

use rand::{Rng, RngExt};
use simlab_core::{Distribution, Duration};

/// A millisecond; what is longer than some of them is drawn in whole ones, since people read it.
const MILLI: u64 = 1_000_000;

/// Draws on any stream.
pub(super) trait Dice: Rng {
    /// From 0 to below `n`; 0 if there is nothing below.
    fn below(&mut self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.random_range(0..n) }
    }

    /// Whether one of `n` equally likely things is the case.
    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// From `least` up to below `least` times 2 to the power of `octaves`; each doubling is as likely
    /// as any other.
    fn scaled(&mut self, least: u64, octaves: u32) -> u64 {
        let octave = self.below(octaves.into());
        let least = least.saturating_mul(1 << octave);
        least.saturating_add(self.below(least))
    }

    /// A length as [`scaled`](Dice::scaled) draws it.
    fn span(&mut self, least: Duration, octaves: u32) -> Duration {
        neat(Duration(self.scaled(least.nanos().max(1), octaves)))
    }

    /// A wait of this mean, never much shorter than it and without an upper bound.
    fn wait(&mut self, mean: Duration) -> Duration {
        let min = Duration(mean.nanos() / 8);
        neat(Distribution::Exponential { min, mean: mean - min }.sample(self.next_u64()))
    }

    /// A length from half to one and a half of this mean.
    fn around(&mut self, mean: Duration) -> Duration {
        neat(Duration((mean.nanos() / 2).saturating_add(self.below(mean.nanos()))))
    }
}

impl<R: Rng> Dice for R {}

/// In whole milliseconds or microseconds where that loses little; never zero.
fn neat(d: Duration) -> Duration {
    let n = d.nanos().max(1);
    let unit = [100 * MILLI, MILLI, 1_000].into_iter().find(|unit| n >= unit * 50).unwrap_or(1);
    Duration(n - n % unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use simlab_core::stream;

    #[test]
    fn lengths_are_readable_and_near_their_mean() {
        let mut dice = stream(1, "a test");
        for _ in 0..1_000 {
            let length = dice.around(Duration::from_secs(8));
            assert!((4_000..12_000).contains(&length.millis()), "{length}");
            assert_eq!(length.nanos() % MILLI, 0, "{length}");
            assert!((3..24).contains(&dice.scaled(3, 3)));
        }
        assert_eq!(neat(Duration(49_999)), Duration(49_999));
        assert_eq!(neat(Duration::ZERO), Duration(1));
    }
}
