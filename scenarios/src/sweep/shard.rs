//! A part of a sweep that one machine of many runs.

use super::Seeds;
use std::fmt;
use std::str::FromStr;

/// One of some parts into which the seeds of a sweep are dealt like cards: of `A..B` the shard K/N has
/// the seeds A+K-1, A+K-1+N, A+K-1+2N and so on. So no seed is in two shards, all of them together are
/// the sweep, their sizes differ by one at most, and what has been run of all of them at any time is
/// mostly the low seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: u32,
    of: u32,
}

impl Shard {
    /// The only shard: all seeds.
    pub const WHOLE: Shard = Shard { number: 1, of: 1 };
    /// The most shards of a sweep; who merges them has all their files open at once.
    pub const MAX: u32 = 1_000;

    /// The shard of this number, from 1 to `of`, which is at most [`Shard::MAX`].
    #[must_use]
    pub const fn new(number: u32, of: u32) -> Option<Self> {
        if 1 <= number && number <= of && of <= Self::MAX {
            Some(Shard { number, of })
        } else {
            None
        }
    }

    /// Its number, from 1.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.number
    }

    /// How many shards there are.
    #[must_use]
    pub const fn of(self) -> u32 {
        self.of
    }

    /// How many of these seeds are in it.
    #[must_use]
    pub fn count(self, seeds: Seeds) -> u128 {
        let before = u128::from(self.number - 1);
        seeds.count().saturating_sub(before).div_ceil(self.of.into())
    }

    /// The seed at a place, counted from 0; `None` beyond the last seed of all.
    pub(super) fn seed(self, seeds: Seeds, place: u128) -> Option<u64> {
        let step = place.checked_mul(self.of.into())?.checked_add((self.number - 1).into())?;
        let seed = u128::from(seeds.from).checked_add(step)?;
        u64::try_from(seed).ok().filter(|_| seed < seeds.to)
    }

    /// Before which seed the first so many of it are: the next seed of it, or the end.
    pub(super) fn until(self, seeds: Seeds, places: u128) -> u128 {
        self.seed(seeds, places).map_or(seeds.to, u128::from)
    }
}

/// `2/4`
impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

/// A text is no shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseShardError;

impl fmt::Display for ParseShardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let max = Shard::MAX;
        write!(f, "expected K/N, with K from 1 to N and N at most {max}, as in 2/4")
    }
}

impl std::error::Error for ParseShardError {}

impl FromStr for Shard {
    type Err = ParseShardError;

    fn from_str(text: &str) -> Result<Self, ParseShardError> {
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            text.parse().ok().filter(|_| digits)
        };
        let (shard, of) = text.split_once('/').ok_or(ParseShardError)?;
        let both = number(shard).zip(number(of));
        both.and_then(|(number, of)| Shard::new(number, of)).ok_or(ParseShardError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_is_in_one_shard() {
        for (seeds, of) in [("7..107", 4), ("0..3", 5), ("0..1", 1), ("9..1009", 7)] {
            let seeds: Seeds = seeds.parse().expect("seeds");
            let mut all = Vec::new();
            for number in 1..=of {
                let shard = Shard::new(number, of).expect("a shard");
                let own: Vec<_> = (0..).map_while(|n| shard.seed(seeds, n)).collect();
                assert_eq!(own.len() as u128, shard.count(seeds), "{shard} of {seeds}");
                for (n, seed) in (0..).zip(&own) {
                    assert_eq!(shard.until(seeds, n), u128::from(*seed));
                }
                assert_eq!(shard.until(seeds, own.len() as u128), seeds.to);
                all.extend(own);
            }
            all.sort_unstable();
            assert!(all.into_iter().map(u128::from).eq(seeds.from.into()..seeds.to));
        }
    }

    #[test]
    fn the_last_seed_is_in_a_shard() {
        let seeds = Seeds { from: u64::MAX - 2, to: 1 << 64 };
        let shard = Shard::new(1, 2).expect("a shard");
        assert_eq!(
            [0, 1, 2].map(|n| shard.seed(seeds, n)),
            [Some(u64::MAX - 2), Some(u64::MAX), None]
        );
        assert_eq!((shard.until(seeds, 1), shard.until(seeds, 2)), (u64::MAX.into(), 1 << 64));
    }

    #[test]
    fn shards_are_written_as_they_are_displayed() {
        for text in ["1/1", "2/4", "1000/1000"] {
            assert_eq!(text.parse::<Shard>().expect(text).to_string(), text);
        }
        for text in ["", "1", "/", "0/4", "5/4", "1/1001", "+1/4", "1/-4", " 1/4", "1/4/4", "a/b"] {
            assert_eq!(text.parse::<Shard>(), Err(ParseShardError), "{text}");
        }
    }
}
