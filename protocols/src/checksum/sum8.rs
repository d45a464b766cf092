//! The sum of the bytes.

use super::{Checksum, Claim, Cost, Errors, Miss, Order, State};

/// The sum of all bytes, modulo 256.
///
/// The oldest of all, and still in files of hex digits (Intel HEX, where its negative is sent, and
/// Motorola S-records, where its complement is).
#[derive(Clone, Copy, Debug)]
pub struct Sum8;

const CLAIMS: &[Claim] = &[
    Claim::new(
        Errors::Bytes(1),
        "a byte that changes by d changes the sum by d, and no d but 0 from -255 to 255 is a multiple of 256",
    ),
    Claim::new(
        Errors::Burst(8, Order::Any),
        "of two neighbours one changes by less than a power of two and the other by a multiple of it: they \
         do not cancel",
    ),
];

const MISSES: &[Miss] = &[
    Miss::pair("bytes in another order", b"12", b"21"),
    Miss::pair("a byte that is more by as much as another is less", b"34", b"43"),
    Miss::pair("two flipped bits of one place, one up and one down", &[1, 0], &[0, 1]),
    Miss::pair("zero bytes too many or missing, wherever", b"a", b"a\0"),
];

impl Checksum for Sum8 {
    fn name(&self) -> &'static str {
        "sum-8"
    }

    fn bits(&self) -> u32 {
        8
    }

    fn summary(&self) -> &'static str {
        "the sum of the bytes modulo 256"
    }

    fn source(&self) -> &'static str {
        "folklore; Maxino, Koopman (2009), section 3.2, as the two's complement addition checksum"
    }

    fn reference(&self, bytes: &[u8]) -> u32 {
        let mut sum = 0;
        for byte in bytes {
            sum = (sum + u32::from(*byte)) % 256;
        }
        sum
    }

    fn start(&self) -> State {
        State::default()
    }

    fn add(&self, state: State, bytes: &[u8]) -> State {
        // As plain as the reference: compilers see by themselves that many bytes can be added at once.
        let sum = bytes.iter().fold(state.first, |sum, byte| (sum + u32::from(*byte)) % 256);
        State { first: sum, ..state }
    }

    fn finish(&self, state: State) -> u32 {
        state.first
    }

    fn check(&self) -> u32 {
        0xdd
    }

    fn claims(&self) -> &'static [Claim] {
        CLAIMS
    }

    fn misses(&self) -> &'static [Miss] {
        MISSES
    }

    /// An addition a byte.
    fn cost(&self, bytes: u64) -> Cost {
        Cost { lookups: 0, additions: bytes }
    }
}
