//! Division without looking up, for long texts.
//!
//! A text may first be divided by a multiple of the generator, since what is left of that leaves the same.
//! There are multiples with few terms, and the fewer they are the less there is to do for a bit:
//! add the quotient so far, at as many distances as there are terms behind the first.
//!
//! ```text
//!   text      ──┬───────────────────▶ ⊕ ──▶ quotient ──┬──┬─────┬──▶
//!                                     ▲    145 back ◀──┘  │     │
//!                                     └─── 183 back ◀─────┘ …   │   x^300 + x^155 + x^117 + x^89 + 1
//!                                          300 back ◀───────────┘
//! ```
//!
//! Bits in the middle of bytes would have to be shifted. But if P(x) divides M(x), then it divides M(x^8), which
//! over two elements is M(x)^8: so the distances may be counted in bytes, and a hundred of them at once are
//! nothing but exclusive ors of what lies in a row. (S. Russell: "Chorba: A novel CRC32 implementation",
//! arXiv:2412.16398, 2024, divides by such a polynomial bit by bit.)
//!
//! A multiple with few terms is also an error of as few bits that the CRC does not find: see the misses of
//! each.

/// So many bytes are divided at once; the shortest distance may not be below it.
const BLOCK: usize = 128;
/// The longest distance is not above it.
const SPAN_MAX: usize = 320;
/// So many blocks have their quotient in one buffer.
const BLOCKS: usize = 8;
/// Texts shorter than the longest distance and this are not worth it.
const BLOCKS_MIN: usize = 2;

/// A multiple of the generator with so many terms behind its first.
#[derive(Debug)]
pub(super) struct Fold<const TERMS: usize> {
    /// By how much the power of each is below the first, ascending.
    pub(super) taps: [usize; TERMS],
}

impl<const TERMS: usize> Fold<TERMS> {
    pub(super) const fn new(taps: [usize; TERMS]) -> Self {
        assert!(taps[0] >= BLOCK && taps[TERMS - 1] <= SPAN_MAX, "they do not fit the buffer");
        Fold { taps }
    }

    /// How many bytes are left of a division.
    pub(super) const fn span(&self) -> usize {
        self.taps[TERMS - 1]
    }

    /// How many blocks of a text of this length are divided.
    pub(super) const fn blocks(&self, len: usize) -> usize {
        let blocks = len.saturating_sub(self.span()) / BLOCK;
        if blocks < BLOCKS_MIN { 0 } else { blocks }
    }

    /// Divides so many blocks of a text, of which at least a span more is there. What is left of the whole text
    /// is what is left of the first span of the answer, followed by the rest.
    pub(super) fn fold<'b>(
        &self,
        register: u32,
        bytes: &'b [u8],
        blocks: usize,
    ) -> ([u8; SPAN_MAX], &'b [u8]) {
        // The end of the quotient so far, and then what is added to it.
        let mut quotient = [0; SPAN_MAX + BLOCKS * BLOCK];
        let (text, behind) = bytes.split_at(blocks * BLOCK);
        let mut register = register;
        let (text, _) = text.as_chunks::<BLOCK>();
        for blocks in text.chunks(BLOCKS) {
            for (at, block) in (SPAN_MAX..).step_by(BLOCK).zip(blocks) {
                let mut sum = *block;
                xor(&mut sum, &register.to_le_bytes());
                register = 0;
                for tap in self.taps {
                    xor(&mut sum, &quotient[at - tap..][..BLOCK]);
                }
                quotient[at..][..BLOCK].copy_from_slice(&sum);
            }
            let done = blocks.len() * BLOCK;
            quotient.copy_within(done..done + SPAN_MAX, 0);
        }
        let (tail, rest) = behind.split_at(self.span());
        let mut left = [0; SPAN_MAX];
        left[..tail.len()].copy_from_slice(tail);
        for tap in self.taps {
            xor(&mut left[..tap], &quotient[SPAN_MAX - tap..SPAN_MAX]);
        }
        (left, rest)
    }

    /// How many bytes of so many are divided, and what that takes in additions of eight bytes at once.
    pub(super) fn cost(&self, bytes: u64) -> (u64, u64) {
        // A text that does not fit the memory would be cut into pieces that do.
        let blocks = self.blocks(usize::try_from(bytes).unwrap_or(usize::MAX));
        if blocks == 0 {
            return (0, 0);
        }
        let folded = (blocks * BLOCK) as u64;
        let tail: usize = self.taps.iter().map(|tap| tap.div_ceil(8)).sum();
        (folded, folded / 8 * TERMS as u64 + tail as u64 + 1)
    }
}

/// Adds bytes to others.
#[inline(always)]
fn xor(sum: &mut [u8], bytes: &[u8]) {
    for (sum, byte) in sum.iter_mut().zip(bytes) {
        *sum ^= byte;
    }
}
