//! What a checksum promises, in words that a test can prove.

use std::fmt;

/// Errors that a checksum is sure to find, wherever they strike a frame: the data, or the checksum that
/// [`seal`](super::Checksum::seal) put behind it. Nothing is promised of a frame that became longer or
/// shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which.
    pub errors: Errors,
    /// Not those that turn a run of so many bytes (1 or 2), aligned, from all zeros to all ones or back;
    /// 0 if there is no exception.
    pub but_flipped: u32,
    /// How many bytes of data a frame may have; `None` if it does not matter.
    pub up_to: Option<u64>,
    /// The data has to be a whole number of words of so many bytes.
    pub words_of: u32,
    /// Why it is so.
    pub why: &'static str,
}

/// A kind of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errors {
    /// At most so many bits are flipped, anywhere.
    Bits(u32),
    /// An odd number of bits is flipped, anywhere.
    OddBits,
    /// All bits that are flipped are among so many in a row.
    Burst(u32, Order),
    /// At most so many bytes have changed, anywhere, each to anything.
    Bytes(u32),
    /// All that has changed, to anything, is `count` words in a row, aligned, of `bytes` bytes each.
    Words {
        /// How many in a row.
        count: u32,
        /// How long a word is in bytes, 1 or 2.
        bytes: u32,
    },
}

/// How bits are counted in a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From the highest: as numbers are written, and as the lab's links damage.
    HighFirst,
    /// From the lowest: as Ethernet and serial lines send them.
    LowFirst,
    /// Either.
    Any,
}

/// Something that a checksum does not find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Miss {
    /// What.
    pub what: &'static str,
    /// An example of it.
    pub example: Example,
}

/// Two texts of one checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Example {
    /// These two.
    Pair(&'static [u8], &'static [u8]),
    /// Any text of so many bytes or more, and the same with these bits flipped. Bits are counted from 0,
    /// in this order in each byte.
    Flip {
        /// How long the text is, in bytes.
        bytes: usize,
        /// Which bits.
        bits: &'static [usize],
        /// How they are counted.
        order: Order,
    },
}

impl Claim {
    pub(super) const fn new(errors: Errors, why: &'static str) -> Self {
        Claim { errors, but_flipped: 0, up_to: None, words_of: 1, why }
    }

    pub(super) const fn but_flipped(self, bytes: u32) -> Self {
        Claim { but_flipped: bytes, ..self }
    }

    pub(super) const fn up_to(self, bytes: u64) -> Self {
        Claim { up_to: Some(bytes), ..self }
    }

    pub(super) const fn words_of(self, bytes: u32) -> Self {
        Claim { words_of: bytes, ..self }
    }
}

impl Miss {
    pub(super) const fn pair(what: &'static str, one: &'static [u8], other: &'static [u8]) -> Self {
        Miss { what, example: Example::Pair(one, other) }
    }

    pub(super) const fn flip(
        what: &'static str,
        bytes: usize,
        bits: &'static [usize],
        order: Order,
    ) -> Self {
        Miss { what, example: Example::Flip { bytes, bits, order } }
    }
}

impl Order {
    /// The mask of a bit in its byte. Bits are counted over the whole text.
    #[must_use]
    pub const fn mask(self, bit: usize) -> u8 {
        match self {
            Order::HighFirst => 0x80 >> (bit % 8),
            Order::LowFirst | Order::Any => 1 << (bit % 8),
        }
    }
}

/// How a number of a few is written.
fn few(n: u32) -> String {
    const WORDS: [&str; 8] = ["no", "one", "two", "three", "four", "five", "six", "seven"];
    WORDS.get(n as usize).map_or_else(|| n.to_string(), |word| (*word).to_owned())
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Errors::Bits(1) => f.write_str("any flipped bit"),
            Errors::Bits(n) => write!(f, "any {} flipped bits or fewer", few(n)),
            Errors::OddBits => f.write_str("any odd number of flipped bits"),
            Errors::Burst(n, order) => {
                write!(f, "any burst within {n} bits")?;
                match order {
                    Order::HighFirst => f.write_str(", counted from the highest of each byte"),
                    Order::LowFirst => f.write_str(", counted from the lowest of each byte"),
                    Order::Any => Ok(()),
                }
            }
            Errors::Bytes(1) => f.write_str("any change of one byte"),
            Errors::Bytes(n) => write!(f, "any change of {} bytes or fewer", few(n)),
            Errors::Words { count: 1, bytes } => write!(f, "any change of one {}", word(bytes)),
            Errors::Words { count, bytes } => {
                write!(f, "any change of {} neighbouring {}s", few(count), word(bytes))
            }
        }
    }
}

const fn word(bytes: u32) -> &'static str {
    if bytes == 1 { "byte" } else { "16-bit word" }
}

/// The errors, and of which frames it is true: `any burst within 16 bits, up to 4093 bytes`.
impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.errors)?;
        match self.but_flipped {
            0 => {}
            1 => f.write_str(", unless it turns a byte 00 into ff or back")?,
            _ => f.write_str(", unless it turns a word 0000 into ffff or back")?,
        }
        match self.up_to {
            Some(bytes) => write!(f, "; of up to {} bytes", grouped(bytes))?,
            None => f.write_str("; of any length")?,
        }
        match self.words_of {
            1 => Ok(()),
            n => write!(f, " that {n} divides"),
        }
    }
}

/// A number with commas between thousands.
fn grouped(n: u64) -> String {
    if n < 1_000 { n.to_string() } else { format!("{},{:03}", grouped(n / 1_000), n % 1_000) }
}
