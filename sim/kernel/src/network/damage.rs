//! How a datagram is damaged.

use simlab_core::Damage;
use std::fmt;

/// What a link does to a datagram that it damages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Corruption {
    /// It flips so many different bits, anywhere.
    Bits(u8),
    /// It damages one run of so many bits: the first and the last of it flip, those between them
    /// perhaps. A checksum's burst length is counted so.
    Burst(u16),
    /// Two different words of 16 bits change places, as no sum notices.
    SwapWords,
    /// A run of so many bytes becomes zero.
    ZeroRun(u16),
}

impl Default for Corruption {
    fn default() -> Self {
        Corruption::Bits(1)
    }
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Corruption::Bits(1) => f.write_str("1 bit"),
            Corruption::Bits(n) => write!(f, "{n} bits"),
            Corruption::Burst(n) => write!(f, "bursts of {n} bits"),
            Corruption::SwapWords => f.write_str("swapped words"),
            Corruption::ZeroRun(n) => write!(f, "{n} zero bytes"),
        }
    }
}

impl Corruption {
    /// Damages a datagram. `below(part, n)` answers the `part`-th question, a number below `n`.
    /// Returns what was done, or `None` if nothing changed: it has no two words that differ, it is
    /// zero anyway, it is empty.
    pub(crate) fn damage(
        self,
        bytes: &mut [u8],
        mut below: impl FnMut(u8, u64) -> u64,
    ) -> Option<Damage> {
        let bits = bytes.len() as u64 * 8;
        match self {
            Corruption::Bits(wanted) => {
                let wanted = u64::from(wanted).min(bits);
                let mut taken: Vec<u64> = Vec::new();
                for part in 0..wanted {
                    // The n-th flip picks among the bits not picked yet, so that all flips count.
                    let mut bit = below(part as u8, bits - part);
                    taken.sort_unstable();
                    for earlier in &taken {
                        bit += u64::from(bit >= *earlier);
                    }
                    taken.push(bit);
                }
                taken.iter().for_each(|bit| flip(bytes, *bit));
                (wanted > 0).then_some(Damage::Flipped { bits: wanted as u32 })
            }
            Corruption::Burst(len) => {
                let len = u64::from(len).min(bits);
                if len == 0 {
                    return None;
                }
                let first = below(0, bits - len + 1);
                flip(bytes, first);
                // 32 bits of the inside for each question, as many as it takes.
                for (part, start) in (1_u64..).zip((1..len.saturating_sub(1)).step_by(32)) {
                    let mask = below(u8::try_from(part).unwrap_or(u8::MAX), 1 << 32);
                    for bit in start..(start + 32).min(len - 1) {
                        if mask >> (bit - start) & 1 == 1 {
                            flip(bytes, first + bit);
                        }
                    }
                }
                if len > 1 {
                    flip(bytes, first + len - 1);
                }
                Some(Damage::Burst { first: first as u32, len: len as u32 })
            }
            Corruption::SwapWords => {
                let words = bytes.len() as u64 / 2;
                if words < 2 {
                    return None;
                }
                let first = below(0, words) as usize;
                // From there on around, the next word that differs.
                let skip = below(1, words - 1);
                let second = (0..words - 1)
                    .map(|n| (first as u64 + 1 + (skip + n) % (words - 1)) % words)
                    .map(|word| word as usize)
                    .find(|word| word_at(bytes, *word) != word_at(bytes, first))?;
                bytes.swap(first * 2, second * 2);
                bytes.swap(first * 2 + 1, second * 2 + 1);
                Some(Damage::Swapped { first: first as u32, second: second as u32 })
            }
            Corruption::ZeroRun(len) => {
                let len = usize::from(len).min(bytes.len());
                if len == 0 {
                    return None;
                }
                let start = below(0, (bytes.len() - len + 1) as u64) as usize;
                let run = &mut bytes[start..start + len];
                if run.iter().all(|byte| *byte == 0) {
                    return None;
                }
                run.fill(0);
                Some(Damage::Zeroed { start: start as u32, len: len as u32 })
            }
        }
    }
}

fn flip(bytes: &mut [u8], bit: u64) {
    bytes[(bit / 8) as usize] ^= 0x80 >> (bit % 8);
}

fn word_at(bytes: &[u8], word: usize) -> [u8; 2] {
    [bytes[word * 2], bytes[word * 2 + 1]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn differing(a: &[u8], b: &[u8]) -> Vec<usize> {
        (0..a.len() * 8).filter(|bit| (a[bit / 8] ^ b[bit / 8]) << (bit % 8) & 0x80 != 0).collect()
    }

    fn mode() -> impl Strategy<Value = Corruption> {
        prop_oneof![
            any::<u8>().prop_map(Corruption::Bits),
            (0..400_u16).prop_map(Corruption::Burst),
            Just(Corruption::SwapWords),
            (0..60_u16).prop_map(Corruption::ZeroRun),
        ]
    }

    proptest! {
        /// What is reported is what was done, and what was done is what the mode is called.
        #[test]
        fn the_report_is_true(
            mode in mode(), bytes in proptest::collection::vec(0..3_u8, 0..50), seed: u64,
        ) {
            let mut damaged = bytes.clone();
            let mut state = seed;
            let report = mode.damage(&mut damaged, |_, bound| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(99);
                (state >> 16) % bound
            });
            let bits = differing(&bytes, &damaged);
            match report {
                None => prop_assert!(bits.is_empty()),
                Some(Damage::Flipped { bits: n }) => prop_assert_eq!(bits.len(), n as usize),
                Some(Damage::Burst { first, len }) => {
                    prop_assert_eq!(bits.first(), Some(&(first as usize)));
                    prop_assert_eq!(bits.last(), Some(&((first + len - 1) as usize)));
                }
                Some(Damage::Swapped { first, second }) => {
                    let (a, b) = (first as usize, second as usize);
                    prop_assert_eq!(word_at(&bytes, a), word_at(&damaged, b));
                    prop_assert_eq!(word_at(&bytes, b), word_at(&damaged, a));
                    prop_assert!(bits.iter().all(|bit| [a, b].contains(&(bit / 16))));
                    prop_assert!(!bits.is_empty());
                }
                Some(Damage::Edited { .. }) => prop_assert!(false, "an adversary does that"),
                Some(Damage::Zeroed { start, len }) => {
                    let run = start as usize..(start + len) as usize;
                    prop_assert!(damaged[run.clone()].iter().all(|byte| *byte == 0));
                    prop_assert!(bits.iter().all(|bit| run.contains(&(bit / 8))));
                    prop_assert!(!bits.is_empty());
                }
            }
        }
    }
}
