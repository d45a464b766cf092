//! A 64-bit digest that is the same on every platform.
//!
//! It serves the trace hash and the comparison of process states. It finds accidents; it is no
//! protection against an adversary.

use std::hash::Hasher;

/// A streaming 64-bit hash. Unlike the standard library's hashers it fixes the byte order and the
/// width of `usize`, so that a golden value holds on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(u64);

/// The golden ratio as a 64-bit fraction, the increment of `SplitMix64`.
pub(crate) const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finalizer of `SplitMix64` (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
/// Generators", 2014, variant 13 of Stafford): a bijection with full avalanche.
pub(crate) const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Arbitrary odd words, one for each place of a [`Digest::block`]: the digits of pi after the point.
const PLACES: [u64; 6] = [
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7345,
    0xa409_3822_299f_31d1,
    0x082e_fa98_ec4e_6c89,
    0x4528_21e6_38d0_1377,
    0xbe54_66cf_34e9_0c6d,
];

/// The two halves of a full product, together: every bit of both factors reaches the middle.
#[inline]
const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

impl Digest {
    /// The digest of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Digest(GAMMA)
    }

    /// Takes in one word. For a fixed earlier state this is a bijection of `word`, so two inputs
    /// that differ in one word never meet at that word.
    #[inline]
    pub const fn word(&mut self, word: u64) {
        let x = self.0 ^ word;
        let x = (x ^ (x >> 29)).wrapping_mul(GAMMA);
        self.0 = x ^ (x >> 32);
    }

    /// Takes in one word of a value that derives `Hash`: a third of the work of [`Digest::word`], and no
    /// bijection.
    #[inline]
    const fn step(&mut self, word: u64) {
        self.0 = fold(self.0 ^ word, PLACES[0]);
    }

    /// Takes in six words at once. They are multiplied in pairs, and the three products wait neither
    /// for each other nor for what was taken in before; six times [`Digest::word`] would be a chain.
    #[inline(always)]
    pub const fn block(&mut self, words: [u64; 6]) {
        let [a, b, c, d, e, f] = words;
        let first = fold(a ^ PLACES[0], b ^ PLACES[1]);
        let second = fold(c ^ PLACES[2], d ^ PLACES[3]);
        let third = fold(e ^ PLACES[4], f ^ PLACES[5]);
        self.word(first ^ second.rotate_left(21) ^ third.rotate_left(42));
    }

    /// Takes in a run of bytes and its length.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.word(u64::from_le_bytes(last));
        self.word(bytes.len() as u64);
    }

    /// The digest of all that was taken in.
    #[must_use]
    pub const fn value(&self) -> u64 {
        mix(self.0)
    }

    /// The digest of one run of bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> u64 {
        let mut digest = Digest::new();
        digest.bytes(bytes);
        digest.value()
    }

    /// Another digest of one run of bytes, for what is hashed as often as datagrams are sent: two
    /// words at a time, after the way of wyhash.
    #[must_use]
    #[inline]
    pub fn of_payload(bytes: &[u8]) -> u64 {
        let pair = |bytes: &[u8; 16]| {
            let both = u128::from_le_bytes(*bytes);
            (both as u64, (both >> 64) as u64)
        };
        let (pairs, rest) = bytes.as_chunks::<16>();
        let mut state = bytes.len() as u64 ^ PLACES[0];
        for (a, b) in pairs.iter().map(pair) {
            state = fold(a ^ PLACES[1], b ^ state);
        }
        if !rest.is_empty() {
            let mut last = [0; 16];
            last[..rest.len()].copy_from_slice(rest);
            let (a, b) = pair(&last);
            state = fold(a ^ PLACES[2], b ^ state);
        }
        mix(state)
    }
}

impl Default for Digest {
    fn default() -> Self {
        Digest::new()
    }
}

/// For values that derive [`Hash`](std::hash::Hash), states of processes above all: they are hashed after
/// every event of some runs. Trace hashes use [`Digest::word`] and [`Digest::block`]; what a protocol hashes
/// by this and puts into a note is in them too.
impl Hasher for Digest {
    fn finish(&self) -> u64 {
        self.value()
    }
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.step(u64::from_le_bytes(*word));
        }
        // The length is the caller's to add, as `[T]` and `str` do; up to seven bytes leave room for
        // their number.
        if !rest.is_empty() {
            let last = rest
                .iter()
                .rev()
                .fold(rest.len() as u64, |word, byte| word << 8 | u64::from(*byte));
            self.step(last);
        }
    }
    fn write_u8(&mut self, i: u8) {
        self.step(i.into());
    }
    fn write_u16(&mut self, i: u16) {
        self.step(i.into());
    }
    fn write_u32(&mut self, i: u32) {
        self.step(i.into());
    }
    fn write_u64(&mut self, i: u64) {
        self.step(i);
    }
    fn write_u128(&mut self, i: u128) {
        self.step(i as u64);
        self.step((i >> 64) as u64);
    }
    fn write_usize(&mut self, i: usize) {
        self.step(i as u64);
    }
    fn write_i8(&mut self, i: i8) {
        self.step(i64::from(i).cast_unsigned());
    }
    fn write_i16(&mut self, i: i16) {
        self.step(i64::from(i).cast_unsigned());
    }
    fn write_i32(&mut self, i: i32) {
        self.step(i64::from(i).cast_unsigned());
    }
    fn write_i64(&mut self, i: i64) {
        self.step(i.cast_unsigned());
    }
    fn write_i128(&mut self, i: i128) {
        self.write_u128(i.cast_unsigned());
    }
    fn write_isize(&mut self, i: isize) {
        self.step((i as i64).cast_unsigned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden: a change here changes every trace hash and must be made on purpose.
    #[test]
    fn the_digest_is_fixed() {
        assert_eq!(Digest::of(b""), 0x6431_a76a_8265_962e);
        assert_eq!(Digest::of_payload(b"123456789"), 0xa517_ea51_961c_df99);
        assert_eq!(Digest::of(b"123456789"), 0x753d_4b56_7a87_9d6d);
    }

    /// Each bit of each word, and the place of each word, moves about half of the digest.
    #[test]
    fn every_bit_of_a_block_counts() {
        let of = |words| {
            let mut digest = Digest::new();
            digest.block(words);
            digest.value()
        };
        assert_eq!(of([1, 2, 3, 4, 5, 6]), 0x7969_518b_b739_3905);
        for words in [[0; 6], [1, 2, 3, 4, 5, 6], [u64::MAX; 6]] {
            let plain = of(words);
            for bit in 0..6 * 64 {
                let mut other = words;
                other[bit / 64] ^= 1 << (bit % 64);
                let moved = (of(other) ^ plain).count_ones();
                assert!((10..=54).contains(&moved), "bit {bit} of {words:?} moves {moved}");
            }
        }
        let all = [1, 2, 3, 4, 5, 6];
        for (a, b) in (0..6).flat_map(|a| (0..a).map(move |b| (a, b))) {
            let mut other = all;
            other.swap(a, b);
            assert_ne!(of(other), of(all), "{a} and {b}");
        }
    }

    /// The same of the digest of a payload, wherever the bit is.
    #[test]
    fn every_bit_of_a_payload_counts() {
        for len in [1, 8, 15, 16, 17, 31, 64, 70] {
            for fill in [0, 0xff, 0x5a] {
                let plain = vec![fill; len];
                for bit in 0..len * 8 {
                    let mut other = plain.clone();
                    other[bit / 8] ^= 1 << (bit % 8);
                    let moved = Digest::of_payload(&other) ^ Digest::of_payload(&plain);
                    let moved = moved.count_ones();
                    assert!((10..=54).contains(&moved), "bit {bit} of {len} moves {moved}");
                }
            }
        }
    }

    #[test]
    fn length_and_order_count() {
        let short = [&b"a"[..], b"a\0", b"\0a", b"", b"\0", b"abcdefgh", b"abcdefgh\0"];
        let long = [&[7; 48][..], &[7; 49], &[7; 96], &[7; 97], &[0; 48], &[0; 96]];
        let values: Vec<&[u8]> = short.into_iter().chain(long).collect();
        for (i, a) in values.iter().enumerate() {
            for b in &values[i + 1..] {
                assert_ne!(Digest::of(a), Digest::of(b), "{a:?} and {b:?}");
                assert_ne!(Digest::of_payload(a), Digest::of_payload(b), "{a:?} and {b:?}");
            }
        }
    }
}
