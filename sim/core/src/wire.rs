//! Bytes on the wire: network byte order, length-prefixed, checked on the way in.
//!
//! Decoding rejects and never panics: what comes off a link may have been damaged, or may never
//! have been ours.

use std::fmt;

/// What can be written as bytes.
pub trait Encode {
    /// Appends the encoding to `out`.
    fn encode(&self, out: &mut Vec<u8>);

    /// The encoding alone.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }
}

/// What can be read from bytes, borrowing from them where it can.
pub trait Decode<'a>: Sized {
    /// Reads one value and leaves the rest.
    ///
    /// # Errors
    /// If the bytes at hand are no encoding of one.
    fn decode(reader: &mut Reader<'a>) -> Result<Self, WireError>;

    /// Reads one value that must fill `bytes` exactly.
    ///
    /// # Errors
    /// As [`Decode::decode`], and if bytes are left over.
    fn from_bytes(bytes: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        let value = Self::decode(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }
}

/// Why bytes were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireError {
    /// The bytes end before the value does.
    Truncated,
    /// Bytes are left over after the value.
    Trailing,
    /// A discriminant that is not known.
    Tag {
        /// What was being read.
        what: &'static str,
        /// The byte found.
        tag: u8,
    },
    /// A text that is not UTF-8.
    Text,
    /// A value outside its range.
    Range(&'static str),
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("truncated"),
            Self::Trailing => f.write_str("trailing bytes"),
            Self::Tag { what, tag } => write!(f, "unknown {what} {tag}"),
            Self::Text => f.write_str("text is not UTF-8"),
            Self::Range(what) => write!(f, "{what} out of range"),
        }
    }
}

impl std::error::Error for WireError {}

/// A checked cursor over received bytes.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    start: usize,
}

impl<'a> Reader<'a> {
    /// A cursor at the start of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes, start: bytes.len() }
    }

    /// How many bytes were read.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.start - self.rest.len()
    }

    /// The bytes not yet read.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// # Errors
    /// If bytes are left.
    pub const fn finish(&self) -> Result<(), WireError> {
        if self.rest.is_empty() { Ok(()) } else { Err(WireError::Trailing) }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    /// # Errors
    /// If no byte is left.
    pub fn u8(&mut self) -> Result<u8, WireError> {
        self.array::<1>().map(|[b]| b)
    }

    /// # Errors
    /// If fewer than two bytes are left.
    pub fn u16(&mut self) -> Result<u16, WireError> {
        self.array().map(u16::from_be_bytes)
    }

    /// # Errors
    /// If fewer than four bytes are left.
    pub fn u32(&mut self) -> Result<u32, WireError> {
        self.array().map(u32::from_be_bytes)
    }

    /// # Errors
    /// If fewer than eight bytes are left.
    pub fn u64(&mut self) -> Result<u64, WireError> {
        self.array().map(u64::from_be_bytes)
    }

    /// # Errors
    /// If fewer than eight bytes are left.
    pub fn i64(&mut self) -> Result<i64, WireError> {
        self.array().map(i64::from_be_bytes)
    }

    /// A byte that must be 0 or 1.
    ///
    /// # Errors
    /// If no byte is left, or it is neither.
    pub fn bool(&mut self) -> Result<bool, WireError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            tag => Err(WireError::Tag { what: "truth value", tag }),
        }
    }

    /// Exactly `len` bytes.
    ///
    /// # Errors
    /// If fewer are left.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], WireError> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }

    /// Bytes after their length as `u32`.
    ///
    /// # Errors
    /// If fewer are left than announced.
    pub fn bytes(&mut self) -> Result<&'a [u8], WireError> {
        let len = self.u32()?;
        self.take(len as usize)
    }

    /// UTF-8 text after its length as `u32`.
    ///
    /// # Errors
    /// If fewer bytes are left than announced, or they are not UTF-8.
    pub fn str(&mut self) -> Result<&'a str, WireError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| WireError::Text)
    }

    /// The number of elements that follow, each of at least `least` bytes: a count that the bytes
    /// left cannot hold is refused before anything is allocated for it.
    ///
    /// # Errors
    /// If fewer than two bytes are left, or too few for that many elements.
    pub fn count(&mut self, least: usize) -> Result<usize, WireError> {
        let count = usize::from(self.u16()?);
        if count * least > self.rest.len() {
            return Err(WireError::Truncated);
        }
        Ok(count)
    }
}

/// Appends bytes after their length as `u32`.
///
/// # Panics
/// If there are more than `u32::MAX`: no message of ours comes near.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let len = u32::try_from(bytes.len()).expect("a field is shorter than 4 GiB");
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(bytes);
}

/// Appends a number of elements as `u16`.
///
/// # Panics
/// If there are more than 65,535.
pub fn put_count(out: &mut Vec<u8>, count: usize) {
    let count = u16::try_from(count).expect("a list has at most 65535 elements");
    out.extend_from_slice(&count.to_be_bytes());
}

impl Encode for [u8] {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

impl Encode for u64 {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }
}

impl Decode<'_> for u64 {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        reader.u64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_stops_at_the_end_of_the_bytes() {
        let mut reader = Reader::new(&[0, 0, 0, 9, 1]);
        assert_eq!(reader.bytes(), Err(WireError::Truncated));
        let mut reader = Reader::new(&[0xff, 0xff, 1]);
        assert_eq!(reader.count(2), Err(WireError::Truncated));
        assert_eq!(Reader::new(&[2]).bool(), Err(WireError::Tag { what: "truth value", tag: 2 }));
        assert_eq!(u64::from_bytes(&[0; 9]), Err(WireError::Trailing));
        assert_eq!(u64::from_bytes(&7_u64.to_bytes()), Ok(7));
    }
}
