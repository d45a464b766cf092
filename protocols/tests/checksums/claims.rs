//! Every claim is proven here, and every miss shown. A claim of a kind that has no proof fails.

use crate::text;
use simlab_protocols::checksum::{ALL, Checksum, Claim, Errors, Example, Order};
use std::collections::BTreeSet;

mod sums;

#[test]
fn every_miss_is_one() {
    for checksum in ALL {
        assert!(!checksum.misses().is_empty());
        for miss in checksum.misses() {
            let (one, other) = match miss.example {
                Example::Pair(one, other) => (one.to_vec(), other.to_vec()),
                Example::Flip { bytes, bits, order } => {
                    let one = text(bytes);
                    let mut other = one.clone();
                    bits.iter().for_each(|bit| other[bit / 8] ^= order.mask(*bit));
                    (one, other)
                }
            };
            let (name, what) = (checksum.name(), miss.what);
            assert_ne!(one, other, "{name}: {what}");
            assert_eq!(checksum.of(&one), checksum.of(&other), "{name}: {what}");
        }
    }
}

#[test]
fn every_claim_is_proven() {
    for checksum in ALL {
        assert!(!checksum.claims().is_empty());
        for claim in checksum.claims() {
            if checksum.name().starts_with("crc") {
                divided(checksum, claim);
            } else {
                sums::summed(checksum, claim);
            }
        }
    }
}

// CRCs. The checksums of two texts of one length differ by the remainder of their difference, so that it
// is enough to know what each bit leaves: bit n from the end of a frame leaves the n-th power of x.

/// The generator, by what a last bit leaves behind a byte.
struct Powers {
    bits: u32,
    generator: u64,
}

impl Powers {
    fn of(checksum: &dyn Checksum) -> Self {
        let generator = match checksum.name() {
            "crc-16-arc" => 0x1_8005,
            "crc-16-ccitt-false" => 0x1_1021,
            "crc-32" => 0x1_04c1_1db7,
            "crc-32c" => 0x1_1edc_6f41,
            name => panic!("{name} divides by nothing that is known"),
        };
        let powers = Powers { bits: checksum.bits(), generator };
        // It is the one by which frames are divided: a frame that differs by it has the same checksum.
        let order = if checksum.low_byte_first() { Order::LowFirst } else { Order::HighFirst };
        let mut frame = text(40);
        checksum.seal(&mut frame);
        let last = frame.len() * 8 - 1;
        for power in (0..=powers.bits).filter(|power| generator >> power & 1 == 1) {
            let bit = last - power as usize - 9;
            frame[bit / 8] ^= order.mask(bit);
        }
        assert!(checksum.open(&frame).is_some(), "{}", checksum.name());
        powers
    }

    fn times(&self, mut one: u64, other: u64) -> u64 {
        let mut product = 0;
        for bit in 0..self.bits {
            product ^= if other >> bit & 1 == 1 { one } else { 0 };
            one <<= 1;
            one ^= if one >> self.bits & 1 == 1 { self.generator } else { 0 };
        }
        product
    }

    /// x to this power.
    fn power(&self, exponent: u64) -> u64 {
        let (mut result, mut square) = (1, 2);
        for bit in 0..64 - exponent.leading_zeros() {
            result = if exponent >> bit & 1 == 1 { self.times(result, square) } else { result };
            square = self.times(square, square);
        }
        result
    }

    /// The powers below this.
    fn below(&self, exponent: usize) -> Vec<u64> {
        let next = |power: &u64| Some(self.times(*power, 2));
        std::iter::successors(Some(1), next).take(exponent).collect()
    }

    /// x + 1 divides it, and so all that it divides.
    fn even(&self) -> bool {
        self.generator.count_ones().is_multiple_of(2)
    }

    /// The least power above 0 that is 1; it divides every other. The primes are those of 2^n - 1.
    fn order(&self) -> u64 {
        let (order, primes): (u64, &[u64]) = match (self.bits, self.even()) {
            (16, true) => ((1 << 15) - 1, &[7, 31, 151]),
            (32, true) => ((1 << 31) - 1, &[(1 << 31) - 1]),
            _ => ((1 << 32) - 1, &[3, 5, 17, 257, 65_537]),
        };
        assert_eq!(primes.iter().product::<u64>(), order);
        assert_eq!(self.power(order), 1);
        assert!(primes.iter().all(|prime| self.power(order / prime) != 1));
        order
    }
}

/// Powers that can be looked up fast, since nearly all questions have the answer no.
struct Lookup {
    rough: Vec<bool>,
    exact: BTreeSet<u64>,
}

impl Lookup {
    fn new(numbers: impl Iterator<Item = u64>) -> Self {
        let (mut rough, mut exact) = (vec![false; 1 << 22], BTreeSet::new());
        for number in numbers {
            rough[(number % (1 << 22)) as usize] = true;
            exact.insert(number);
        }
        Lookup { rough, exact }
    }

    fn has(&self, number: u64) -> bool {
        self.rough[(number % (1 << 22)) as usize] && self.exact.contains(&number)
    }
}

/// All different sums of two.
fn pairs(powers: &[u64]) -> impl Iterator<Item = u64> + '_ {
    let behind = |(n, one): (usize, &u64)| {
        let one = *one;
        powers[n + 1..].iter().map(move |other| one ^ other)
    };
    powers.iter().enumerate().flat_map(behind)
}

/// No multiple of the generator below this power has so many terms or fewer. Divided by a power of x, one of
/// its terms is 1.
fn no_multiple(powers: &Powers, bits: u64, terms: u32) {
    assert!(bits <= powers.order(), "two terms");
    let terms = if powers.even() { terms / 2 * 2 } else { terms };
    if terms <= 2 {
        return;
    }
    let list = powers.below(usize::try_from(bits).expect("few enough to look at"));
    let rest = &list[1..];
    match terms {
        3 => {
            let one = Lookup::new(rest.iter().copied());
            assert!(!rest.iter().any(|power| one.has(power ^ 1)), "1 + a = b");
        }
        4 => {
            no_multiple_of_three(powers, bits);
            let one = Lookup::new(rest.iter().copied());
            assert!(!pairs(rest).any(|pair| one.has(pair ^ 1)), "1 + a + b = c");
        }
        5 => {
            no_multiple(powers, bits, 4);
            let two = Lookup::new(pairs(rest));
            assert!(!pairs(rest).any(|pair| two.has(pair ^ 1)), "1 + a + b = c + d");
        }
        6 => {
            no_multiple(powers, bits, 4);
            let two = Lookup::new(pairs(rest));
            let three = rest.iter().flat_map(|one| pairs(rest).map(move |pair| one ^ pair));
            let mut three = three.filter(|three| two.has(three ^ 1));
            // What cancels on both sides has four terms or fewer, and there are none of those.
            assert_eq!(three.next(), None, "1 + a + b + c = d + e");
        }
        n => panic!("there is no proof for {n} terms"),
    }
}

fn no_multiple_of_three(powers: &Powers, bits: u64) {
    if !powers.even() {
        no_multiple(powers, bits, 3);
    }
}

/// Whether all bursts of a length are found, wherever in a byte they begin: no sum of what their bits leave is
/// nothing, which elimination shows.
fn bursts(powers: &Powers, own: Order, len: u32, order: Order) -> bool {
    let list = powers.below(64);
    (0..8).all(|begin| {
        let mut basis: Vec<u64> = Vec::new();
        (begin..begin + len as usize).all(|bit| {
            let place = if order == own { bit } else { bit / 8 * 8 + 7 - bit % 8 };
            let left = basis.iter().fold(list[63 - place], |left, known| left.min(left ^ known));
            basis.push(left);
            left != 0
        })
    })
}

fn divided(checksum: &dyn Checksum, claim: &Claim) {
    let powers = Powers::of(checksum);
    assert_eq!((claim.but_flipped, claim.words_of), (0, 1));
    let own = if checksum.low_byte_first() { Order::LowFirst } else { Order::HighFirst };
    match (claim.errors, claim.up_to) {
        (Errors::Bits(n), Some(bytes)) => {
            no_multiple(&powers, bytes * 8 + u64::from(powers.bits), n);
        }
        (Errors::OddBits, None) => assert!(powers.even()),
        (Errors::Burst(len, order), None) => {
            assert!(bursts(&powers, own, len, order) && !bursts(&powers, own, len + 1, order));
        }
        other => panic!("{}: there is no proof of {other:?}", checksum.name()),
    }
}

/// One byte more, and it would not be true: the last claims about bits are as good as can be.
#[test]
fn lengths_are_the_longest() {
    let misses = |checksum: &dyn Checksum, terms: usize| {
        let flip = |example: Example| match example {
            Example::Flip { bits, .. } => Some(bits),
            Example::Pair(..) => None,
        };
        let spans = checksum.misses().iter().filter_map(|miss| flip(miss.example));
        spans.filter(|bits| bits.len() == terms).map(|bits| bits[terms - 1] as u64 + 1).min()
    };
    for (name, sure, terms) in [
        ("crc-16-arc", 3, 2),
        ("crc-16-ccitt-false", 3, 2),
        ("crc-32", 4, 4),
        ("crc-32", 3, 3),
        ("crc-32c", 5, 4),
    ] {
        let checksum = simlab_protocols::checksum::named(name).expect("it is in the table");
        let claim = checksum.claims().iter().find(|claim| claim.errors == Errors::Bits(sure));
        let bytes = claim.and_then(|claim| claim.up_to).expect("it has a length");
        let span = misses(checksum, terms).expect("it has a miss");
        let frame = |bytes: u64| bytes * 8 + u64::from(checksum.bits());
        assert!(frame(bytes) < span && span <= frame(bytes + 1), "{name}: {sure} bits");
    }
}
