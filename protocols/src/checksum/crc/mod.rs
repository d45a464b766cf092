//! Cyclic redundancy checks: a text is a polynomial with a bit as each coefficient, and its checksum what is
//! left of it after division by another, the *generator*.
//!
//! W. Peterson, D. Brown: "Cyclic Codes for Error Detection", Proceedings of the IRE 49(1), 1961. That frames
//! which begin with zeros are told apart, the division begins with ones; and for what the CRCs of practice do
//! beside that (in which order bits are taken, what is added at the end), there is the catalogue of
//! G. Cook, "Catalogue of parametrised CRC algorithms".

mod catalogue;
mod fold;
mod tables;

pub(crate) use catalogue::CRC_32C;
pub(super) use catalogue::{CRC_16_ARC, CRC_16_CCITT_FALSE, CRC_32};

use super::{Checksum, Claim, Cost, Miss, Order, State};
use fold::Fold;
use tables::Tables;

/// A CRC of 16 or 32 bits, with a fast version that divides by a polynomial of so many terms behind its
/// first.
#[derive(Debug)]
pub struct Crc<const TERMS: usize> {
    name: &'static str,
    summary: &'static str,
    source: &'static str,
    generator: Generator,
    /// What is in the register before the first byte: all zeros or all ones.
    start: u32,
    /// What is added behind the last byte: all zeros or all ones.
    end: u32,
    check: u32,
    claims: &'static [Claim],
    misses: &'static [Miss],
    tables: &'static Tables,
    fold: Fold<TERMS>,
}

/// What a CRC divides by, and in which order it takes bits.
#[derive(Clone, Copy, Debug)]
struct Generator {
    /// The degree: the length of the checksum in bits, 16 or 32.
    bits: u32,
    /// The coefficients of all powers but the highest, that of power 0 lowest.
    polynomial: u32,
    /// The bits of each byte, and of the checksum.
    order: Order,
}

impl Generator {
    /// One step of a division: a bit goes in, and the register is shifted by a power. The highest bit is
    /// the highest power.
    const fn step(self, register: u32, bit: bool) -> u32 {
        let top = register >> (self.bits - 1) & 1 == 1;
        let shifted = register << 1 & (u32::MAX >> (32 - self.bits));
        if top != bit { shifted ^ self.polynomial } else { shifted }
    }
}

impl<const TERMS: usize> Crc<TERMS> {
    /// The register after these bytes. As tables have it, its low byte is that of the highest powers, which
    /// meets the next byte of the text.
    #[inline]
    fn divide(&self, register: u32, bytes: &[u8]) -> u32 {
        match self.fold.blocks(bytes.len()) {
            0 => self.tables.divide(register, bytes),
            blocks => self.divide_long(register, bytes, blocks),
        }
    }

    #[cold]
    fn divide_long(&self, register: u32, bytes: &[u8], blocks: usize) -> u32 {
        let (tail, rest) = self.fold.fold(register, bytes, blocks);
        self.tables.divide(self.tables.divide(0, &tail[..self.fold.span()]), rest)
    }

    #[inline]
    fn checksum(&self, register: u32) -> u32 {
        let register = register ^ self.end;
        if self.generator.order == Order::LowFirst {
            register
        } else {
            register.swap_bytes() >> (32 - self.generator.bits)
        }
    }
}

impl<const TERMS: usize> Checksum for Crc<TERMS> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn bits(&self) -> u32 {
        self.generator.bits
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn source(&self) -> &'static str {
        self.source
    }

    fn reference(&self, bytes: &[u8]) -> u32 {
        let Generator { bits, order, .. } = self.generator;
        let mut register = self.start;
        for byte in bytes {
            for bit in 0..8 {
                register = self.generator.step(register, byte & order.mask(bit) != 0);
            }
        }
        if self.low_byte_first() {
            register = register.reverse_bits() >> (32 - bits);
        }
        register ^ self.end
    }

    fn start(&self) -> State {
        State { first: self.start, ..State::default() }
    }

    fn add(&self, state: State, bytes: &[u8]) -> State {
        State { first: self.divide(state.first, bytes), ..state }
    }

    fn finish(&self, state: State) -> u32 {
        self.checksum(state.first)
    }

    fn of(&self, bytes: &[u8]) -> u32 {
        self.checksum(self.divide(self.start, bytes))
    }

    fn check(&self) -> u32 {
        self.check
    }

    fn low_byte_first(&self) -> bool {
        self.generator.order == Order::LowFirst
    }

    fn claims(&self) -> &'static [Claim] {
        self.claims
    }

    fn misses(&self) -> &'static [Miss] {
        self.misses
    }

    /// A look-up and an addition a byte; of frames over some hundred bytes, most bytes have a few additions
    /// of eight at once instead.
    fn cost(&self, bytes: u64) -> Cost {
        let (folded, additions) = self.fold.cost(bytes);
        Cost { lookups: bytes - folded, additions: bytes - folded + additions }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a polynomial is modulo the generator; `powers` are those of its terms.
    fn modulo(generator: Generator, powers: impl Iterator<Item = usize>) -> u32 {
        let power = |n| (0..n).fold(1, |register, _| generator.step(register, false));
        powers.fold(0, |sum, n| sum ^ power(n))
    }

    fn is_sound<const TERMS: usize>(crc: &Crc<TERMS>) {
        let span = crc.fold.span();
        let terms = crc.fold.taps.iter().map(|tap| span - tap);
        assert_eq!(modulo(crc.generator, terms.chain([span])), 0, "{}", crc.name);
    }

    /// What the fast version divides by is a multiple of the generator, so the remainder stays the same.
    #[test]
    fn folding_leaves_the_remainder() {
        is_sound(&CRC_16_ARC);
        is_sound(&CRC_16_CCITT_FALSE);
        is_sound(&CRC_32);
        is_sound(&CRC_32C);
    }

    /// Pieces of all lengths around those at which folding begins and at which its buffer is full.
    #[test]
    fn the_fast_version_is_the_reference_at_every_length() {
        let text: Vec<u8> = (0..3_000_u32).map(|n| (n * n / 7 + n) as u8).collect();
        for crc in super::super::ALL {
            for len in (0..900).chain(1_100..1_160).chain(2_400..2_440).chain([3_000]) {
                let (bytes, name) = (&text[..len], crc.name());
                assert_eq!(crc.of(bytes), crc.reference(bytes), "{name} of {len} bytes");
            }
        }
    }
}
