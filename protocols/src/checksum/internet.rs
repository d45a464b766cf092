//! The checksum of IP, TCP and UDP.

use super::{Checksum, Claim, Cost, Errors, Miss, Order, State, complete};

/// The one's complement of the one's complement sum of all words of two bytes, high byte first; an odd
/// byte at the end is the high one of a word (RFC 1071).
///
/// The one's complement sum is the sum modulo 65,535, with ffff and not 0000 for a sum that is zero but
/// not of zeros alone. Words may be added in any order, in larger words, and even with their bytes swapped if
/// the sum's are swapped back (RFC 1071, section 2).
#[derive(Clone, Copy, Debug)]
pub struct Internet;

const CLAIMS: &[Claim] = &[
    Claim::new(
        Errors::Bits(1),
        "a bit is a power of two in its word, and none of those is a multiple of 65,535",
    ),
    Claim::new(
        Errors::Words { count: 1, bytes: 2 },
        "modulo 65,535 no two words are the same but 0000 and ffff",
    )
    .but_flipped(2),
    Claim::new(
        Errors::Burst(15, Order::Any),
        "the bits of a burst are different powers of two modulo 65,535, and fewer than 16 of those add up to \
         nothing only if there are none",
    )
    .words_of(2),
];

const MISSES: &[Miss] = &[
    Miss::pair("words of two bytes in another order", b"abcd", b"cdab"),
    Miss::pair("a word that is more by as much as another is less", &[0, 1, 0, 1], &[0, 0, 0, 2]),
    Miss::pair("a word 0000 that became ffff, or the reverse", &[0, 0, 1, 2], &[0xff, 0xff, 1, 2]),
    Miss::pair("zero words too many or missing, wherever", b"ab", b"\0\0ab"),
    Miss::pair("a zero byte too many behind an odd number of them", b"abc", b"abc\0"),
];

/// So many lanes of 64 bits are summed side by side, each of half as many bits of a row.
const LANES: usize = 16;
/// Longer pieces are taken apart, so that lanes hold: 2^32 words of 32 bits.
const PIECE: usize = 1 << 31;
/// Texts of fewer rows are summed word by word: putting lanes together takes longer than that.
const ROWS_MIN: usize = 4;

/// A sum of words as one of 32 bits, which is the same modulo 65,535, and zero only if it is.
fn folded(mut sum: u64) -> u32 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u32
}

/// The one's complement sum of words, low byte first, and the byte behind the last whole word.
fn sum(bytes: &[u8]) -> (u64, Option<u8>) {
    let (rows, rest) = match bytes.as_chunks::<{ LANES * 4 }>() {
        (rows, _) if rows.len() < ROWS_MIN => (&[][..], bytes),
        rows => rows,
    };
    let mut lanes = [0_u64; LANES];
    for row in rows {
        let (words, _) = row.as_chunks::<4>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane += u64::from(u32::from_le_bytes(*word));
        }
    }
    let mut sum = lanes.iter().map(|lane| u64::from(folded(*lane))).sum::<u64>();
    let (words, odd) = rest.as_chunks::<2>();
    sum += words.iter().map(|word| u64::from(u16::from_le_bytes(*word))).sum::<u64>();
    (sum, odd.first().copied())
}

impl Checksum for Internet {
    fn name(&self) -> &'static str {
        "internet"
    }

    fn bits(&self) -> u32 {
        16
    }

    fn summary(&self) -> &'static str {
        "the complemented one's complement sum of words, of IP, TCP and UDP"
    }

    fn source(&self) -> &'static str {
        "RFC 1071 (1988); Plummer: IEN 45 (1978)"
    }

    fn reference(&self, bytes: &[u8]) -> u32 {
        let mut sum = 0_u32;
        for word in bytes.chunks(2) {
            let low = word.get(1).copied().unwrap_or(0);
            sum += u32::from(word[0]) << 8 | u32::from(low);
            // The carry comes back in at the low end.
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !sum & 0xffff
    }

    fn start(&self) -> State {
        State::default()
    }

    fn add(&self, state: State, bytes: &[u8]) -> State {
        let mut state = state;
        let (word, bytes) = complete(state.half, bytes);
        if word.is_none() && state.half.is_some() {
            return state;
        }
        let before = word.map_or(0, u16::from_le_bytes);
        let mut total = u64::from(state.first) + u64::from(before);
        state.half = None;
        for piece in bytes.chunks(PIECE) {
            let (sum, half) = sum(piece);
            total += sum;
            state.half = half;
        }
        State { first: folded(total), ..state }
    }

    fn finish(&self, state: State) -> u32 {
        let last = state.half.map_or(0, u64::from);
        let sum = folded(u64::from(state.first) + last) as u16;
        u32::from(!sum.swap_bytes())
    }

    fn check(&self) -> u32 {
        0xf62a
    }

    fn claims(&self) -> &'static [Claim] {
        CLAIMS
    }

    fn misses(&self) -> &'static [Miss] {
        MISSES
    }

    /// An addition for four bytes; then the lanes are added up.
    fn cost(&self, bytes: u64) -> Cost {
        let row = LANES as u64 * 4;
        let rows = bytes / row;
        let (rows, lanes) = if rows < ROWS_MIN as u64 { (0, 0) } else { (rows, LANES as u64) };
        let rest = bytes - rows * row;
        Cost { lookups: 0, additions: rows * LANES as u64 + lanes + rest.div_ceil(2) + 1 }
    }
}
