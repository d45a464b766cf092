//! **Checksums**: a few bits that say whether many are still what they were.
//!
//! ```text
//!   sum-8  internet         one sum: blind to order
//!   fletcher-16 -32 adler-32  and the sum of the sums: the place of a byte counts
//!   crc-16-arc crc-16-ccitt-false crc-32 crc-32c   the remainder of a division of polynomials
//! ```
//!
//! Each is written twice: [`Checksum::reference`] as its source defines it, bit by bit where the source
//! does, and [`Checksum::of`] as fast as safe code can be. [`Checksum::claims`] says what it is sure to
//! find and how long a frame may be for that, [`Checksum::misses`] what it does not find; the tests of
//! this crate prove the one and show the other.
//!
//! None of them protects from an adversary, who computes it anew; nor from what is whole but wrong, such
//! as a frame that comes twice.
//!
//! J. Stone, C. Partridge: "When the CRC and TCP Checksum Disagree", SIGCOMM 2000, found damaged data behind
//! correct CRCs of links in one of some thousand to some ten thousand packets: damage happens in hosts and
//! routers too, between two links, and is not random. T. Maxino, P. Koopman: "The Effectiveness of
//! Checksums for Embedded Control Networks", IEEE TDSC 6(1), 2009, compares all the kinds here.

mod adler;
mod claim;
mod crc;
mod fletcher;
mod internet;
mod lanes;
pub mod layer;
mod sum8;

pub use adler::Adler32;
pub use claim::{Claim, Errors, Example, Miss, Order};
pub(crate) use crc::CRC_32C;
pub use crc::Crc;
pub use fletcher::{Fletcher16, Fletcher32};
pub use internet::Internet;
pub use sum8::Sum8;

use std::fmt::Debug;

/// All checksums, the simplest first.
pub static ALL: [&dyn Checksum; 9] = [
    &Sum8,
    &Internet,
    &Fletcher16,
    &Fletcher32,
    &Adler32,
    &crc::CRC_16_ARC,
    &crc::CRC_16_CCITT_FALSE,
    &crc::CRC_32,
    &crc::CRC_32C,
];

/// The checksum of this name, as in `crc-32c`.
#[must_use]
pub fn named(name: &str) -> Option<&'static dyn Checksum> {
    ALL.into_iter().find(|checksum| checksum.name() == name)
}

/// A checksum algorithm.
///
/// ```
/// use simlab_protocols::checksum;
/// let crc = checksum::named("crc-32c").expect("it is in the table");
/// assert_eq!(crc.of(b"123456789"), 0xe306_9283);
///
/// let whole = crc.add(crc.add(crc.start(), b"1234"), b"56789");
/// assert_eq!(crc.finish(whole), 0xe306_9283);
/// ```
pub trait Checksum: Debug + Sync {
    /// What it is called, in small letters and hyphens.
    fn name(&self) -> &'static str;

    /// How long a checksum is, in bits: 8, 16 or 32.
    fn bits(&self) -> u32;

    /// What it is, in half a line.
    fn summary(&self) -> &'static str;

    /// Where it is defined.
    fn source(&self) -> &'static str;

    /// The checksum as the source defines it, in code as plain as the source. Slow.
    fn reference(&self, bytes: &[u8]) -> u32;

    /// What is remembered before the first byte.
    fn start(&self) -> State;

    /// What is remembered after these bytes too. Where a text is cut into pieces does not matter.
    fn add(&self, state: State, bytes: &[u8]) -> State;

    /// The checksum of all bytes so far, in the low [`bits`](Self::bits).
    fn finish(&self, state: State) -> u32;

    /// The checksum, fast.
    fn of(&self, bytes: &[u8]) -> u32 {
        self.finish(self.add(self.start(), bytes))
    }

    /// The checksum of `123456789`, by which implementations are compared.
    fn check(&self) -> u32;

    /// Whether the low byte goes first when it follows its data. CRCs whose bits are counted from the
    /// low end keep their promises about bursts only so.
    fn low_byte_first(&self) -> bool {
        false
    }

    /// What it is sure to find.
    fn claims(&self) -> &'static [Claim];

    /// What it does not find, with an example each.
    fn misses(&self) -> &'static [Miss];

    /// What [`of`](Self::of) takes for so many bytes in one piece.
    fn cost(&self, bytes: u64) -> Cost;

    /// Appends its checksum to a frame.
    fn seal(&self, frame: &mut Vec<u8>) {
        let (sum, width) = (self.of(frame), self.width());
        if self.low_byte_first() {
            frame.extend_from_slice(&sum.to_le_bytes()[..width]);
        } else {
            frame.extend_from_slice(&sum.to_be_bytes()[4 - width..]);
        }
    }

    /// The data of a frame that [`seal`](Self::seal) has made, unless the checksum says that it was
    /// damaged, or it is too short to have one.
    fn open<'f>(&self, frame: &'f [u8]) -> Option<&'f [u8]> {
        let (data, told) = frame.split_at_checked(frame.len().checked_sub(self.width())?)?;
        let mut word = [0; 4];
        let told = if self.low_byte_first() {
            word[..told.len()].copy_from_slice(told);
            u32::from_le_bytes(word)
        } else {
            word[4 - told.len()..].copy_from_slice(told);
            u32::from_be_bytes(word)
        };
        (told == self.of(data)).then_some(data)
    }

    /// How many bytes a checksum has.
    fn width(&self) -> usize {
        self.bits() as usize / 8
    }
}

/// What a checksum remembers between two pieces of a text. What the fields mean each algorithm knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// The sum or the remainder.
    first: u32,
    /// The sum of the sums.
    second: u32,
    /// The first byte of a word whose second has not come yet.
    half: Option<u8>,
}

/// What a checksum takes, whatever the machine: what its algorithm does, step by step. A compiler that
/// does several steps in one instruction makes it faster, not cheaper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cost {
    /// How often a table is looked up.
    pub lookups: u64,
    /// Additions and exclusive ors of two numbers of at most 64 bits, remainders of divisions among
    /// them.
    pub additions: u64,
}

/// A word of two bytes whose first came in an earlier piece; and the bytes that follow it.
fn complete(half: Option<u8>, bytes: &[u8]) -> (Option<[u8; 2]>, &[u8]) {
    match (half, bytes) {
        (Some(first), [second, rest @ ..]) => (Some([first, *second]), rest),
        _ => (None, bytes),
    }
}
