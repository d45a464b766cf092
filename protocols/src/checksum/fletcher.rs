//! Fletcher's checksums: a sum, and the sum of what it was after each word.

use super::lanes::{self, LANES, add_bytes, sums};
use super::{Checksum, Claim, Cost, Errors, Miss, Order, State, complete};

/// Fletcher's checksum of bytes, modulo 255: the sum of sums above the sum, both from 0.
#[derive(Clone, Copy, Debug)]
pub struct Fletcher16;

/// Fletcher's checksum of words of two bytes, low byte first, modulo 65,535: the sum of sums above the
/// sum, both from 0. An odd byte at the end is the low one of a word.
#[derive(Clone, Copy, Debug)]
pub struct Fletcher32;

const SOURCE: &str = "J. Fletcher: \"An Arithmetic Checksum for Serial Transmissions\", IEEE Transactions on \
                      Communications 30(1), 1982";

const CLAIMS_16: &[Claim] = &[
    Claim::new(
        Errors::Bits(2),
        "two bits can cancel in the sum only if they have one place in their bytes, and cancel in the sum \
         of sums too only if 255 divides their distance",
    )
    .up_to(254),
    Claim::new(
        Errors::Words { count: 2, bytes: 1 },
        "if the two changes cancel in the sum, what is left in the sum of sums is one of them",
    )
    .but_flipped(1),
    Claim::new(Errors::Burst(7, Order::Any), "it changes two bytes at most, and turns none over"),
    Claim::new(
        Errors::Burst(15, Order::Any),
        "of three bytes in a row the outer two would have to change by the same, which takes 16 bits",
    )
    .but_flipped(1),
];

const CLAIMS_32: &[Claim] = &[
    Claim::new(
        Errors::Bits(2),
        "two bits can cancel in the sum only if they have one place in their words, and cancel in the sum \
         of sums too only if 65,535 divides their distance",
    )
    .up_to(131_068),
    Claim::new(
        Errors::Words { count: 2, bytes: 2 },
        "if the two changes cancel in the sum, what is left in the sum of sums is one of them",
    )
    .but_flipped(2)
    .words_of(2),
    Claim::new(Errors::Burst(15, Order::Any), "it changes two words at most, and turns none over")
        .words_of(2),
    Claim::new(
        Errors::Burst(31, Order::Any),
        "of three words in a row the outer two would have to change by the same, which takes 32 bits",
    )
    .but_flipped(2)
    .words_of(2),
];

const MISSES_16: &[Miss] = &[
    Miss::pair("a byte 00 that became ff, or the reverse: a zeroed run of ff", &[7, 0], &[7, 0xff]),
    Miss::pair("three bits: one down, the next place up, one down", &[1, 0, 1], &[0, 2, 0]),
    Miss::pair("some words of two bytes in another order", &[1, 0, 0, 1], &[0, 1, 1, 0]),
    Miss::pair("zero bytes too many or missing at the begin", b"a", b"\0a"),
];

const MISSES_32: &[Miss] = &[
    Miss::pair(
        "a word 0000 that became ffff, or the reverse: a zeroed run of ff",
        &[7, 0, 0, 0],
        &[7, 0, 0xff, 0xff],
    ),
    Miss::pair(
        "three bits: one down, the next place up, one down",
        &[1, 0, 0, 0, 1, 0],
        &[0, 0, 2, 0, 0, 0],
    ),
    Miss::pair("zero words too many or missing at the begin", b"ab", b"\0\0ab"),
    Miss::pair("a zero byte too many behind an odd number of them", b"abcde", b"abcde\0"),
];

impl Checksum for Fletcher16 {
    fn name(&self) -> &'static str {
        "fletcher-16"
    }

    fn bits(&self) -> u32 {
        16
    }

    fn summary(&self) -> &'static str {
        "the sum of the bytes and the sum of its sums, modulo 255"
    }

    fn source(&self) -> &'static str {
        SOURCE
    }

    fn reference(&self, bytes: &[u8]) -> u32 {
        let (mut first, mut second) = (0, 0);
        for byte in bytes {
            first = (first + u32::from(*byte)) % 255;
            second = (second + first) % 255;
        }
        second << 8 | first
    }

    fn start(&self) -> State {
        State::default()
    }

    fn add(&self, state: State, bytes: &[u8]) -> State {
        let (first, second) = add_bytes::<255>((state.first, state.second), bytes);
        State { first, second, ..state }
    }

    fn finish(&self, state: State) -> u32 {
        state.second << 8 | state.first
    }

    fn check(&self) -> u32 {
        0x1ede
    }

    fn claims(&self) -> &'static [Claim] {
        CLAIMS_16
    }

    fn misses(&self) -> &'static [Miss] {
        MISSES_16
    }

    /// Two additions a byte; lanes are put together after every 704 bytes.
    fn cost(&self, bytes: u64) -> Cost {
        let additions = lanes::additions(bytes, lanes::ROWS_OF_BYTES as u64);
        Cost { lookups: 0, additions }
    }
}

/// So many rows of words have sums of sums below 2^32: 360 * 361 / 2 * 65,535 = 4,258,464,300.
const ROWS_OF_WORDS: usize = 360;

/// The sums, from 0 to 65,534 each, after one more word.
fn step((first, second): (u64, u64), word: [u8; 2]) -> (u64, u64) {
    let first = first + u64::from(u16::from_le_bytes(word));
    (first, second + first)
}

impl Checksum for Fletcher32 {
    fn name(&self) -> &'static str {
        "fletcher-32"
    }

    fn bits(&self) -> u32 {
        32
    }

    fn summary(&self) -> &'static str {
        "the sum of the words and the sum of its sums, modulo 65,535"
    }

    fn source(&self) -> &'static str {
        SOURCE
    }

    fn reference(&self, bytes: &[u8]) -> u32 {
        let (mut first, mut second) = (0_u32, 0_u32);
        for word in bytes.chunks(2) {
            let high = word.get(1).copied().unwrap_or(0);
            first = (first + (u32::from(high) << 8 | u32::from(word[0]))) % 65_535;
            second = (second + first) % 65_535;
        }
        second << 16 | first
    }

    fn start(&self) -> State {
        State::default()
    }

    fn add(&self, state: State, bytes: &[u8]) -> State {
        let (word, bytes) = complete(state.half, bytes);
        if word.is_none() && state.half.is_some() {
            return state;
        }
        let mut sums = (u64::from(state.first), u64::from(state.second));
        sums = word.map_or(sums, |word| step(sums, word));
        let (rows, rest) = lanes::rows::<{ LANES * 2 }>(bytes);
        for rows in rows.chunks(ROWS_OF_WORDS) {
            let lanes = self::sums(rows.iter().map(|row| {
                let (words, _) = row.as_chunks::<2>();
                std::array::from_fn(|lane| u32::from(u16::from_le_bytes(words[lane])))
            }));
            sums.1 = (sums.1 + (rows.len() * LANES) as u64 * sums.0 + lanes.weighted) % 65_535;
            sums.0 = (sums.0 + lanes.plain) % 65_535;
        }
        let (words, odd) = rest.as_chunks::<2>();
        sums = words.iter().copied().fold(sums, step);
        State {
            first: (sums.0 % 65_535) as u32,
            second: (sums.1 % 65_535) as u32,
            half: odd.first().copied(),
        }
    }

    fn finish(&self, state: State) -> u32 {
        let mut sums = (u64::from(state.first), u64::from(state.second));
        sums = state.half.map_or(sums, |low| step(sums, [low, 0]));
        (((sums.1 % 65_535) << 16) | (sums.0 % 65_535)) as u32
    }

    fn check(&self) -> u32 {
        0xdf09_d509
    }

    fn claims(&self) -> &'static [Claim] {
        CLAIMS_32
    }

    fn misses(&self) -> &'static [Miss] {
        MISSES_32
    }

    /// Two additions a word; lanes are put together after every 23,040 bytes.
    fn cost(&self, bytes: u64) -> Cost {
        let additions = lanes::additions(bytes.div_ceil(2), ROWS_OF_WORDS as u64);
        Cost { lookups: 0, additions }
    }
}
