//! The replay window: which of the latest numbers were here (RFC 4303 §3.4.3).
//!
//! ```text
//!   too old to tell │ 1 0 1 1 1 0 1 1 │ not here yet
//!   ────────────────┴─────────────────┴──────────────▶ numbers
//!                     ◀──  size  ──▶ ▲ the highest
//! ```
//!
//! The bits lie in a ring of words, and none is ever shifted: when the window moves on, the words that it newly
//! covers are cleared (RFC 6479). There is one word more than the size needs, so that the oldest bits of a word
//! that was just cleared were outside before.

/// The largest size, in numbers; it takes 8 KiB a sender.
pub const SIZE_MAX: u64 = 65_536;

const BITS: u64 = u64::BITS as u64;

/// What the window says to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was not here.
    Fresh,
    /// It was.
    Seen,
    /// It is below the window, so that nobody knows.
    Old,
}

/// The numbers that were here, of one sender.
#[derive(Clone, Debug, Hash)]
pub struct Window {
    size: u64,
    ring: Vec<u64>,
    /// The highest number that was here.
    highest: Option<u64>,
}

impl Window {
    /// A window of so many numbers, up to [`SIZE_MAX`], that has seen none. One of size 0 takes every number for
    /// fresh.
    #[must_use]
    pub fn new(size: u64) -> Self {
        let size = size.min(SIZE_MAX);
        let words = if size == 0 { 0 } else { size.div_ceil(BITS) + 1 };
        Window { size, ring: vec![0; words as usize], highest: None }
    }

    /// Whether a number was here; from now on it was.
    pub fn take(&mut self, number: u64) -> Verdict {
        if self.size == 0 {
            return Verdict::Fresh;
        }
        match self.highest {
            Some(highest) if number <= highest => {
                if highest - number >= self.size {
                    return Verdict::Old;
                }
            }
            Some(highest) => self.move_on(highest, number),
            None => self.highest = Some(number),
        }
        let (word, bit) = (self.place(number / BITS), 1 << (number % BITS));
        let seen = self.ring[word] & bit != 0;
        self.ring[word] |= bit;
        if seen { Verdict::Seen } else { Verdict::Fresh }
    }

    /// Clears the words that the window newly covers.
    fn move_on(&mut self, highest: u64, number: u64) {
        let (last, next) = (highest / BITS, number / BITS);
        for word in last + 1..=next.min(last + self.ring.len() as u64) {
            let place = self.place(word);
            self.ring[place] = 0;
        }
        self.highest = Some(number);
    }

    fn place(&self, word: u64) -> usize {
        (word % self.ring.len() as u64) as usize
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// The bytes of a hexadecimal text, in which there may be spaces.
    pub(crate) fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(|c| !c.is_ascii_whitespace()).collect();
        let digit = |c: u8| (c as char).to_digit(16).expect("a digit") as u8;
        digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
    }

    #[test]
    fn a_number_is_fresh_once_and_old_below_the_window() {
        let mut window = Window::new(64);
        let verdicts = [10, 9, 10, 9, 73, 10, 9, 8, 74, 11].map(|number| window.take(number));
        use Verdict::{Fresh, Old, Seen};
        assert_eq!(verdicts, [Fresh, Fresh, Seen, Seen, Fresh, Seen, Old, Old, Fresh, Fresh]);
    }

    #[test]
    fn a_new_life_leaves_all_earlier_numbers_behind() {
        let mut window = Window::new(64);
        for number in 0..40 {
            assert_eq!(window.take(number), Verdict::Fresh);
        }
        let life = 1 << 32;
        assert_eq!(window.take(life), Verdict::Fresh);
        assert_eq!(window.take(39), Verdict::Old);
        assert_eq!(window.take(life + 1), Verdict::Fresh);
        assert_eq!(window.take(life), Verdict::Seen);
    }

    #[test]
    fn without_a_size_everything_is_fresh() {
        let mut window = Window::new(0);
        assert!([5, 5, 0, u64::MAX, 5].iter().all(|number| window.take(*number) == Verdict::Fresh));
    }

    proptest! {
        /// The ring says what a set of all numbers would, wherever they are.
        #[test]
        fn it_is_a_set_with_a_lower_end(
            size in prop_oneof![1..200_u64, Just(SIZE_MAX)],
            start in prop_oneof![Just(0_u64), Just(u64::MAX - 5_000), any::<u64>()],
            steps in proptest::collection::vec(prop_oneof![-300..300_i64, -3..4_i64], 0..300),
        ) {
            let (mut window, mut number) = (Window::new(size), start);
            let mut seen = BTreeSet::new();
            for step in steps {
                number = number.saturating_add_signed(step);
                let highest = seen.last().copied().unwrap_or(number);
                let expected = match number {
                    n if n <= highest && highest - n >= size => Verdict::Old,
                    n if seen.contains(&n) => Verdict::Seen,
                    _ => Verdict::Fresh,
                };
                prop_assert_eq!(window.take(number), expected);
                if expected == Verdict::Fresh {
                    seen.insert(number);
                }
            }
        }
    }
}
