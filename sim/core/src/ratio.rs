//! Probabilities as integer ratios, so that no rounding mode can move a decision.

use std::fmt;
use std::str::FromStr;

/// A probability `numerator / denominator` between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ratio {
    numerator: u64,
    denominator: u64,
}

impl Ratio {
    /// Never.
    pub const ZERO: Ratio = Ratio { numerator: 0, denominator: 1 };
    /// Always.
    pub const ONE: Ratio = Ratio { numerator: 1, denominator: 1 };

    /// `numerator / denominator`; `None` if that is not between 0 and 1.
    #[must_use]
    pub const fn new(numerator: u64, denominator: u64) -> Option<Self> {
        if denominator == 0 || numerator > denominator {
            return None;
        }
        Some(Ratio { numerator, denominator })
    }

    /// The upper number.
    #[must_use]
    pub const fn numerator(self) -> u64 {
        self.numerator
    }

    /// The lower number, never zero.
    #[must_use]
    pub const fn denominator(self) -> u64 {
        self.denominator
    }

    /// Whether it is 0.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.numerator == 0
    }
}

impl Default for Ratio {
    fn default() -> Self {
        Ratio::ZERO
    }
}

/// As a percentage, exact to three digits after the point: `2.5%`.
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milli = u128::from(self.numerator) * 100_000 / u128::from(self.denominator);
        let (whole, rest) = (milli / 1_000, milli % 1_000);
        let text = format!("{whole}.{rest:03}");
        write!(f, "{}%", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// Why a text is not a probability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseRatioError {
    /// Not of the form `2.5%`, `1/8` or `0.025`.
    Form,
    /// Above 1, or below 0.
    Range,
}

impl fmt::Display for ParseRatioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "a probability is written \"2.5%\", \"1/8\" or \"0.025\"",
            Self::Range => "a probability lies between 0 and 1 (0% and 100%)",
        })
    }
}

impl std::error::Error for ParseRatioError {}

impl FromStr for Ratio {
    type Err = ParseRatioError;

    /// Reads `2.5%`, `1/8` and `0.025`, exactly, with at most nine digits after the point.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if let Some((n, d)) = text.split_once('/') {
            let n = n.trim().parse().map_err(|_| ParseRatioError::Form)?;
            let d = d.trim().parse().map_err(|_| ParseRatioError::Form)?;
            return Ratio::new(n, d).ok_or(ParseRatioError::Range);
        }
        let (number, scale) = match text.strip_suffix('%') {
            Some(number) => (number.trim(), 100),
            None => (text, 1),
        };
        if number.starts_with('-') {
            return Err(ParseRatioError::Range);
        }
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
            return Err(ParseRatioError::Form);
        }
        let unit = 10_u64.pow(fraction.len() as u32);
        let whole: u64 = whole.parse().map_err(|_| ParseRatioError::Range)?;
        let fraction: u64 = fraction.parse().map_err(|_| ParseRatioError::Form)?;
        let numerator = whole.checked_mul(unit).and_then(|w| w.checked_add(fraction));
        Ratio::new(numerator.ok_or(ParseRatioError::Range)?, unit * scale)
            .ok_or(ParseRatioError::Range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_read_exactly() {
        assert_eq!("2.5%".parse(), Ok(Ratio { numerator: 25, denominator: 1_000 }));
        assert_eq!("1/8".parse(), Ok(Ratio { numerator: 1, denominator: 8 }));
        assert_eq!("0.025".parse(), Ok(Ratio { numerator: 25, denominator: 1_000 }));
        assert_eq!("1".parse::<Ratio>().map(Ratio::is_zero), Ok(false));
        assert_eq!("0.025".parse::<Ratio>().expect("valid").to_string(), "2.5%");
    }

    #[test]
    fn what_is_no_probability_says_why() {
        let error = |text: &str| text.parse::<Ratio>().expect_err(text);
        assert_eq!(error("1.5"), ParseRatioError::Range);
        assert_eq!(error("101%"), ParseRatioError::Range);
        assert_eq!(error("-1%"), ParseRatioError::Range);
        assert_eq!(error("3/2"), ParseRatioError::Range);
        assert_eq!(error("1/0"), ParseRatioError::Range);
        assert_eq!(error("often"), ParseRatioError::Form);
        assert_eq!(error(""), ParseRatioError::Form);
    }
}
