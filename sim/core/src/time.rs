//! Virtual time: whole nanoseconds, never floating point.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::str::FromStr;

/// A point in virtual time: nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

/// A length of virtual time in nanoseconds. 2⁶⁴ ns are 584 years; sums saturate there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub u64);

impl Time {
    /// The start of a run.
    pub const ZERO: Time = Time(0);
    /// A time that is never reached.
    pub const NEVER: Time = Time(u64::MAX);

    /// Nanoseconds since the start.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the start, rounded down.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// How long ago `earlier` was; zero if it is in the future.
    #[must_use]
    pub const fn since(self, earlier: Time) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Duration = Duration(0);
    /// Longer than any run.
    pub const FOREVER: Duration = Duration(u64::MAX);

    /// So many nanoseconds.
    #[must_use]
    pub const fn from_nanos(n: u64) -> Self {
        Duration(n)
    }

    /// So many microseconds (saturating).
    #[must_use]
    pub const fn from_micros(n: u64) -> Self {
        Duration(n.saturating_mul(1_000))
    }

    /// So many milliseconds (saturating).
    #[must_use]
    pub const fn from_millis(n: u64) -> Self {
        Duration(n.saturating_mul(1_000_000))
    }

    /// So many seconds (saturating).
    #[must_use]
    pub const fn from_secs(n: u64) -> Self {
        Duration(n.saturating_mul(1_000_000_000))
    }

    /// The length in nanoseconds.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// The length in whole milliseconds, rounded down.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// `self` times a whole number, saturating.
    #[must_use]
    pub const fn times(self, n: u64) -> Self {
        Duration(self.0.saturating_mul(n))
    }
}

impl Add<Duration> for Time {
    type Output = Time;
    fn add(self, d: Duration) -> Time {
        Time(self.0.saturating_add(d.0))
    }
}

impl AddAssign<Duration> for Time {
    fn add_assign(&mut self, d: Duration) {
        *self = *self + d;
    }
}

impl Sub<Duration> for Time {
    type Output = Time;
    fn sub(self, d: Duration) -> Time {
        Time(self.0.saturating_sub(d.0))
    }
}

impl Add for Duration {
    type Output = Duration;
    fn add(self, d: Duration) -> Duration {
        Duration(self.0.saturating_add(d.0))
    }
}

impl Sub for Duration {
    type Output = Duration;
    fn sub(self, d: Duration) -> Duration {
        Duration(self.0.saturating_sub(d.0))
    }
}

/// Seconds with at least millisecond digits, and as many more as are not zero: `2.500`, `0.000001`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Time::NEVER {
            return f.pad("never");
        }
        let (secs, nanos) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        let text = match nanos {
            n if n % 1_000_000 == 0 => format!("{secs}.{:03}", n / 1_000_000),
            n if n % 1_000 == 0 => format!("{secs}.{:06}", n / 1_000),
            n => format!("{secs}.{n:09}"),
        };
        f.pad(&text)
    }
}

/// The largest unit that shows the length exactly: `2s`, `200ms`, `1500us`, `7ns`; `never` for
/// [`Duration::FOREVER`].
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            u64::MAX => "never".to_owned(),
            0 => "0s".to_owned(),
            n if n % 1_000_000_000 == 0 => format!("{}s", n / 1_000_000_000),
            n if n % 1_000_000 == 0 => format!("{}ms", n / 1_000_000),
            n if n % 1_000 == 0 => format!("{}us", n / 1_000),
            n => format!("{n}ns"),
        };
        f.pad(&text)
    }
}

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseDurationError {
    /// No unit, or one that is not known.
    Unit,
    /// The part before the unit is not a plain decimal number.
    Number,
    /// A minus sign: time does not run backwards.
    Negative,
    /// More digits after the point than the unit has nanoseconds.
    TooFine,
    /// More than 2⁶⁴ nanoseconds.
    TooLong,
}

impl fmt::Display for ParseDurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unit => "a duration needs a unit: ns, us, ms, s, m or h, as in \"250ms\"",
            Self::Number => "a duration is a decimal number and a unit, as in \"2.5s\"",
            Self::Negative => "a duration cannot be negative",
            Self::TooFine => "a duration cannot be finer than a nanosecond",
            Self::TooLong => "a duration can be at most 584 years",
        })
    }
}

impl std::error::Error for ParseDurationError {}

const UNITS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

impl FromStr for Duration {
    type Err = ParseDurationError;

    /// Reads `250ms`, `2.5s`, `1m`. The fraction is exact: no floating point is involved.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.starts_with('-') {
            return Err(ParseDurationError::Negative);
        }
        let split = text
            .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'))
            .ok_or(ParseDurationError::Unit)?;
        let (number, unit) = text.split_at(split);
        let unit = unit.trim();
        let &(_, scale) =
            UNITS.iter().find(|(name, _)| *name == unit).ok_or(ParseDurationError::Unit)?;
        let number = number.replace('_', "");
        let (whole, fraction) = number.split_once('.').unwrap_or((number.as_str(), ""));
        if whole.is_empty() || (number.contains('.') && fraction.is_empty()) {
            return Err(ParseDurationError::Number);
        }
        let whole: u64 = whole.parse().map_err(|_| ParseDurationError::TooLong)?;
        let mut nanos = whole.checked_mul(scale).ok_or(ParseDurationError::TooLong)?;
        let mut place = scale;
        for digit in fraction.bytes() {
            if !digit.is_ascii_digit() {
                return Err(ParseDurationError::Number);
            }
            let digit = u64::from(digit - b'0');
            if place % 10 != 0 {
                if digit != 0 {
                    return Err(ParseDurationError::TooFine);
                }
                continue;
            }
            place /= 10;
            nanos = nanos.checked_add(digit * place).ok_or(ParseDurationError::TooLong)?;
        }
        Ok(Duration(nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_exactly() {
        assert_eq!("2.5s".parse(), Ok(Duration::from_millis(2_500)));
        assert_eq!("0.1ms".parse(), Ok(Duration::from_micros(100)));
        assert_eq!("1 h".parse(), Ok(Duration::from_secs(3_600)));
        assert_eq!("1.5m".parse(), Ok(Duration::from_secs(90)));
        assert_eq!("1_000us".parse(), Ok(Duration::from_millis(1)));
    }

    #[test]
    fn what_is_no_duration_says_why() {
        let error = |text: &str| text.parse::<Duration>().expect_err(text);
        assert_eq!(error("-1s"), ParseDurationError::Negative);
        assert_eq!(error("12"), ParseDurationError::Unit);
        assert_eq!(error("12 parsecs"), ParseDurationError::Unit);
        assert_eq!(error("1.2.3s"), ParseDurationError::Number);
        assert_eq!(error(".5s"), ParseDurationError::Number);
        assert_eq!(error("0.5ns"), ParseDurationError::TooFine);
        assert_eq!(error("99999999999999999999s"), ParseDurationError::TooLong);
        assert_eq!(error("9999999999999h"), ParseDurationError::TooLong);
        assert_eq!(error(""), ParseDurationError::Unit);
    }

    #[test]
    fn times_print_in_seconds() {
        assert_eq!(Time(2_500_000_000).to_string(), "2.500");
        assert_eq!(Time(1_000).to_string(), "0.000001");
        assert_eq!(Time(1).to_string(), "0.000000001");
        assert_eq!(Duration::from_millis(1_500).to_string(), "1500ms");
    }
}
