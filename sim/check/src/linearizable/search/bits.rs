//! Sets of small numbers: one word as long as they are small enough.

use std::hash::{Hash, Hasher};

/// So many numbers are in a word.
const WORD: u32 = u64::BITS;

/// A set of numbers. Equal sets are equal values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bits {
    low: u64,
    /// The words after the first; the last of them is not zero.
    more: Vec<u64>,
}

impl Bits {
    pub(super) const fn new() -> Self {
        Bits { low: 0, more: Vec::new() }
    }

    /// The words after the first, of both, up to where both end.
    fn pairs<'a>(&'a self, other: &'a Bits) -> impl Iterator<Item = (u64, u64)> + 'a {
        self.more.iter().copied().zip(other.more.iter().copied())
    }

    pub(super) fn has(&self, number: u32) -> bool {
        match (number / WORD) as usize {
            0 => self.low >> number & 1 != 0,
            at => self.more.get(at - 1).is_some_and(|word| word >> (number % WORD) & 1 != 0),
        }
    }

    pub(super) fn put(&mut self, number: u32) {
        match (number / WORD) as usize {
            0 => self.low |= 1 << number,
            at => {
                if self.more.len() < at {
                    self.more.resize(at, 0);
                }
                self.more[at - 1] |= 1 << (number % WORD);
            }
        }
    }

    /// Takes out all that is in `other`.
    pub(super) fn remove(&mut self, other: &Bits) {
        self.low &= !other.low;
        for (mine, others) in self.more.iter_mut().zip(&other.more) {
            *mine &= !others;
        }
        while self.more.last() == Some(&0) {
            self.more.pop();
        }
    }

    /// Puts in all that is in `other`.
    pub(super) fn add(&mut self, other: &Bits) {
        self.low |= other.low;
        if self.more.len() < other.more.len() {
            self.more.resize(other.more.len(), 0);
        }
        for (mine, others) in self.more.iter_mut().zip(&other.more) {
            *mine |= others;
        }
    }

    /// Whether they have something in common.
    pub(super) fn meets(&self, other: &Bits) -> bool {
        self.low & other.low != 0 || self.pairs(other).any(|(mine, others)| mine & others != 0)
    }

    /// Whether all of `other` is in it.
    pub(super) fn includes(&self, other: &Bits) -> bool {
        other.low & !self.low == 0
            && self.more.len() >= other.more.len()
            && self.pairs(other).all(|(mine, others)| others & !mine == 0)
    }

    /// How much memory it takes beside the size of its type, in bytes.
    pub(super) const fn weight(&self) -> usize {
        size_of_val(self.more.as_slice())
    }

    /// The least number that is not in it.
    pub(super) fn first_missing(&self) -> u32 {
        let words = std::iter::once(&self.low).chain(&self.more);
        let full = words.clone().take_while(|word| **word == u64::MAX).count();
        let bits = words.clone().nth(full).map_or(0, |word| word.trailing_ones());
        full as u32 * WORD + bits
    }
}

impl Hash for Bits {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.low);
        self.more.iter().for_each(|word| state.write_u64(*word));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn bits(numbers: &BTreeSet<u32>) -> Bits {
        let mut bits = Bits::new();
        numbers.iter().for_each(|number| bits.put(*number));
        bits
    }

    proptest! {
        #[test]
        fn they_are_sets(
            a in proptest::collection::btree_set(0_u32..200, 0..40),
            b in proptest::collection::btree_set(0_u32..200, 0..40),
        ) {
            let (x, y) = (bits(&a), bits(&b));
            prop_assert!((0..300).all(|n| x.has(n) == a.contains(&n)));
            prop_assert_eq!(x.meets(&y), !a.is_disjoint(&b));
            prop_assert_eq!(x.includes(&y), a.is_superset(&b));
            let mut less = x.clone();
            less.remove(&y);
            prop_assert_eq!(less, bits(&a.difference(&b).copied().collect()));
            let mut all = x.clone();
            all.add(&y);
            prop_assert_eq!(all, bits(&a.union(&b).copied().collect()));
            prop_assert_eq!(Some(x.first_missing()), (0..).find(|n| !a.contains(n)));
        }
    }
}
