//! The checksum of zlib.

use super::lanes::{self, add_bytes};
use super::{Checksum, Claim, Cost, Errors, Miss, Order, State};

/// Fletcher's checksum of bytes modulo 65,521, the largest prime below 2^16, with a sum that starts at 1
/// (RFC 1950, section 8.2).
///
/// A prime tells 00 from ff, and distances of any divisor. But a sum of bytes grows slowly: of frames under some
/// hundred bytes the upper half of the sum is hardly used (RFC 3309 took SCTP to CRC-32C for that).
#[derive(Clone, Copy, Debug)]
pub struct Adler32;

/// The largest prime below 2^16.
const MODULUS: u32 = 65_521;

const CLAIMS: &[Claim] = &[
    Claim::new(
        Errors::Bytes(2),
        "two changes can cancel in the sum; what is left in the sum of sums is their distance times one \
         of them, and a prime that divides neither does not divide that",
    )
    .up_to(65_520),
    Claim::new(
        Errors::Burst(16, Order::Any),
        "of three bytes in a row the outer two would have to change by the same, which takes 17 bits",
    )
    .up_to(65_520),
];

const MISSES: &[Miss] = &[
    Miss::pair("three bits: one down, the next place up, one down", &[1, 0, 1], &[0, 2, 0]),
    Miss::pair("some words of two bytes in another order", &[1, 0, 0, 1], &[0, 1, 1, 0]),
    Miss::pair("four bytes: one up, one down, one down, one up", b"adler", b"bckfr"),
];

impl Checksum for Adler32 {
    fn name(&self) -> &'static str {
        "adler-32"
    }

    fn bits(&self) -> u32 {
        32
    }

    fn summary(&self) -> &'static str {
        "Fletcher's sums of bytes modulo a prime, of zlib"
    }

    fn source(&self) -> &'static str {
        "RFC 1950 (1996), section 8.2; its weakness: RFC 3309 (2002)"
    }

    fn reference(&self, bytes: &[u8]) -> u32 {
        let (mut first, mut second) = (1, 0);
        for byte in bytes {
            first = (first + u32::from(*byte)) % MODULUS;
            second = (second + first) % MODULUS;
        }
        second << 16 | first
    }

    fn start(&self) -> State {
        State { first: 1, ..State::default() }
    }

    fn add(&self, state: State, bytes: &[u8]) -> State {
        let (first, second) = add_bytes::<MODULUS>((state.first, state.second), bytes);
        State { first, second, ..state }
    }

    fn finish(&self, state: State) -> u32 {
        state.second << 16 | state.first
    }

    fn check(&self) -> u32 {
        0x091e_01de
    }

    fn claims(&self) -> &'static [Claim] {
        CLAIMS
    }

    fn misses(&self) -> &'static [Miss] {
        MISSES
    }

    /// Two additions a byte; lanes are put together after every 704 bytes.
    fn cost(&self, bytes: u64) -> Cost {
        let additions = lanes::additions(bytes, lanes::ROWS_OF_BYTES as u64);
        Cost { lookups: 0, additions }
    }
}
