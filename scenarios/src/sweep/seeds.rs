//! A range of seeds, as the command line writes it.

use std::fmt;
use std::str::FromStr;

/// The seeds from one to before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeds {
    /// The first.
    pub from: u64,
    /// One past the last; at most 2^64.
    pub to: u128,
}

impl Seeds {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u128 {
        self.to.saturating_sub(self.from.into())
    }
}

/// `0..1000`
impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.from, self.to)
    }
}

/// Why a text is no range of seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseSeedsError {
    /// It is not written as one.
    Form,
    /// There is no seed in it.
    Empty,
    /// It goes beyond the last seed.
    Beyond,
}

impl fmt::Display for ParseSeedsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "expected A..B, from seed A to before seed B, as in 0..1000",
            Self::Empty => "there is no seed in it: B must be more than A",
            Self::Beyond => "the last seed is 2^64-1, so B is at most 18446744073709551616",
        })
    }
}

impl std::error::Error for ParseSeedsError {}

impl FromStr for Seeds {
    type Err = ParseSeedsError;

    fn from_str(text: &str) -> Result<Self, ParseSeedsError> {
        let (from, to) = text.split_once("..").ok_or(ParseSeedsError::Form)?;
        let number = |text: &str| -> Result<u128, ParseSeedsError> {
            let digits = text.trim().replace('_', "");
            let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
            let (digits, radix) = hex.map_or((digits.as_str(), 10), |hex| (hex, 16));
            if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
                return Err(ParseSeedsError::Form);
            }
            // There is no other mistake left.
            u128::from_str_radix(digits, radix).map_err(|_| ParseSeedsError::Beyond)
        };
        let (from, to) = (number(from)?, number(to)?);
        if to > 1 << 64 {
            return Err(ParseSeedsError::Beyond);
        }
        match u64::try_from(from) {
            Ok(from) if u128::from(from) < to => Ok(Seeds { from, to }),
            _ => Err(ParseSeedsError::Empty),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_half_open_and_reach_the_last_seed() {
        assert_eq!("0..10_000".parse(), Ok(Seeds { from: 0, to: 10_000 }));
        let last: Seeds = "0xffffffffffffffff..18446744073709551616".parse().expect("a range");
        assert_eq!((last.from, last.count()), (u64::MAX, 1));
        assert_eq!(last.to_string().parse(), Ok(last));
    }

    #[test]
    fn what_is_no_range_says_why() {
        use ParseSeedsError::{Beyond, Empty, Form};
        let cases = [
            ("", Form),
            ("7", Form),
            ("..7", Form),
            ("7..", Form),
            ("0..=7", Form),
            ("-1..7", Form),
            ("0..+7", Form),
            ("0x..7", Form),
            ("0x+1..7", Form),
            ("_..7", Form),
            ("0..7..8", Form),
            ("0..999999999999999999999999999999999999999999", Beyond),
            ("a..b", Form),
            ("7..7", Empty),
            ("8..7", Empty),
            ("0..18446744073709551617", Beyond),
            ("18446744073709551616..18446744073709551616", Empty),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<Seeds>(), Err(error), "{text}");
        }
    }
}
