//! Distributions of delays, sampled from 64 bits each.
//!
//! Parameters are whole numbers, so that a distribution can be compared and hashed. The curves use
//! the pure-Rust `libm`, never the platform's, so a sample is the same on every machine.

use crate::Duration;
use std::fmt;

/// How long something takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Distribution {
    /// Always the same.
    Fixed(Duration),
    /// Anything between the two, both included, equally likely.
    Uniform {
        /// The shortest.
        min: Duration,
        /// The longest.
        max: Duration,
    },
    /// `min` plus an exponential part, so that the mean is `min + mean`: a memoryless wait.
    Exponential {
        /// The least it takes.
        min: Duration,
        /// The mean of the part above `min`.
        mean: Duration,
    },
    /// Log-normal: half of all samples lie below `median`; the logarithm has standard deviation
    /// `sigma_milli / 1000`. A usual model of network and service times.
    LogNormal {
        /// Half of the samples are shorter.
        median: Duration,
        /// The spread, in thousandths.
        sigma_milli: u32,
    },
    /// Pareto (a long tail): `P(X > x) = (min / x)^shape`. With a shape of at most 2 the variance is
    /// infinite, with at most 1 the mean; `max` cuts the tail off.
    LongTail {
        /// The least it takes.
        min: Duration,
        /// The exponent of the tail, in thousandths; not zero.
        shape_milli: u32,
        /// No sample is longer.
        max: Duration,
    },
}

impl Distribution {
    /// The shortest that it can be; of a log-normal one, which has none, the median.
    #[must_use]
    pub const fn least(&self) -> Duration {
        match *self {
            Distribution::Fixed(d) => d,
            Distribution::Uniform { min, .. }
            | Distribution::Exponential { min, .. }
            | Distribution::LongTail { min, .. } => min,
            Distribution::LogNormal { median, .. } => median,
        }
    }

    /// The sample that 64 uniform bits stand for. The result never exceeds an hour's worth of
    /// `2^64` ns: it saturates.
    #[must_use]
    #[inline(always)]
    pub fn sample(&self, bits: u64) -> Duration {
        match *self {
            Distribution::Fixed(d) => d,
            Distribution::Uniform { min, max } => {
                // Of all 2^64 lengths the bits themselves are one.
                let above = match max.0.saturating_sub(min.0).checked_add(1) {
                    Some(width) => ((u128::from(bits) * u128::from(width)) >> 64) as u64,
                    None => bits,
                };
                Duration(min.0 + above)
            }
            Distribution::Exponential { min, mean } => {
                min + nanos(mean.0 as f64 * -libm::log(unit(bits >> 11)))
            }
            Distribution::LogNormal { median, sigma_milli } => {
                let sigma = f64::from(sigma_milli) / 1_000.0;
                nanos(median.0 as f64 * libm::exp(sigma * normal(bits)))
            }
            Distribution::LongTail { min, shape_milli, max } => {
                let exponent = -1_000.0 / f64::from(shape_milli.max(1));
                nanos(min.0 as f64 * libm::pow(unit(bits >> 11), exponent)).min(max)
            }
        }
    }
}

/// Rounds down to whole nanoseconds; too long saturates (`as` does so for floats by definition).
fn nanos(x: f64) -> Duration {
    Duration(x as u64)
}

/// 53 bits as a number in (0, 1]; zero is left out since its logarithm is.
fn unit(bits53: u64) -> f64 {
    (bits53 + 1) as f64 / (1_u64 << 53) as f64
}

/// A standard normal sample by Box and Muller (1958), 32 bits for the radius and 32 for the angle.
fn normal(bits: u64) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(((bits >> 32) + 1) as f64 / 4_294_967_296.0));
    let angle = std::f64::consts::TAU * ((bits & 0xffff_ffff) as f64 / 4_294_967_296.0);
    radius * libm::cos(angle)
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(d) => write!(f, "{d}"),
            Self::Uniform { min, max } => write!(f, "{min} to {max}"),
            Self::Exponential { min, mean } => write!(f, "{min} + exponential with mean {mean}"),
            Self::LogNormal { median, sigma_milli } => {
                write!(f, "log-normal, median {median}, sigma {}", thousandths(*sigma_milli))
            }
            Self::LongTail { min, shape_milli, max } => {
                write!(f, "long tail from {min}, shape {}, up to {max}", thousandths(*shape_milli))
            }
        }
    }
}

fn thousandths(n: u32) -> String {
    let text = format!("{}.{:03}", n / 1_000, n % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;
    use rand::Rng;

    fn samples(distribution: Distribution) -> Vec<u64> {
        let mut rng = stream(1, "distribution");
        let mut all: Vec<u64> =
            (0..20_000).map(|_| distribution.sample(rng.next_u64()).nanos()).collect();
        all.sort_unstable();
        all
    }

    fn near(measured: u64, expected: u64) {
        assert!(measured.abs_diff(expected) * 20 < expected, "{measured}, expected {expected}");
    }

    #[test]
    fn uniform_fills_its_range() {
        let min = Duration::from_millis(20);
        let max = Duration::from_millis(60);
        let all = samples(Distribution::Uniform { min, max });
        assert!(all[0] >= min.0 && all[all.len() - 1] <= max.0);
        near(all[all.len() / 2], 40_000_000);
        assert_eq!(Distribution::Uniform { min, max }.sample(u64::MAX), max);
        assert_eq!(Distribution::Uniform { min, max }.sample(0), min);
    }

    #[test]
    fn exponential_has_its_mean() {
        let min = Duration::from_millis(1);
        let all = samples(Distribution::Exponential { min, mean: Duration::from_millis(10) });
        near(all.iter().sum::<u64>() / all.len() as u64, 11_000_000);
        assert!(all[0] >= min.0);
    }

    #[test]
    fn log_normal_has_its_median_and_spread() {
        let median = Duration::from_millis(10);
        let all = samples(Distribution::LogNormal { median, sigma_milli: 500 });
        near(all[all.len() / 2], 10_000_000);
        // One standard deviation above the median: exp(0.5) = 1.6487.
        near(all[all.len() * 8_413 / 10_000], 16_487_000);
    }

    #[test]
    fn long_tail_has_its_quantiles_and_end() {
        let (min, max) = (Duration::from_millis(1), Duration::from_millis(50));
        let all = samples(Distribution::LongTail { min, shape_milli: 1_000, max });
        near(all[all.len() / 2], 2_000_000);
        near(all[all.len() * 9 / 10], 10_000_000);
        assert_eq!(all[all.len() - 1], max.0);
    }

    /// Golden: these values hold on every platform.
    #[test]
    fn curves_are_the_same_everywhere() {
        let (min, max) = (Duration::from_millis(1), Duration::FOREVER);
        let bits = 0x0123_4567_89ab_cdef;
        let of = |d: Distribution| d.sample(bits).nanos();
        assert_eq!(of(Distribution::Exponential { min, mean: min }), 6_416_100);
        assert_eq!(of(Distribution::LogNormal { median: min, sigma_milli: 700 }), 106_536);
        assert_eq!(of(Distribution::LongTail { min, shape_milli: 1_500, max }), 36_993_181);
    }
}
