//! What is behind a message, or a part of one, on the wire.
//!
//! ```text
//!   message | kind                                            in one piece
//!   part    | index | count | total | message | kind          a fragment
//!             2       2       4       8         1 bytes
//! ```
//!
//! All fragments of a message but the last are of one length. Each therefore says, alone, where it belongs
//! and how long the others are; one that cannot be right is refused before anything is kept of it.

use simlab_core::wire::WireError;

/// What stands behind a message in one piece, in bytes.
pub const WHOLE_HEADER: usize = 1;

/// What stands behind a fragment, in bytes.
pub const HEADER: usize = 17;

/// The most fragments of a message.
pub const COUNT_MAX: usize = u16::MAX as usize;

const WHOLE: u8 = 0xf1;
const FRAGMENT: u8 = 0xf2;

/// A frame of this layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A message in one piece.
    Whole(&'a [u8]),
    /// A part of one.
    Fragment(Fragment<'a>),
}

/// A part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// The message: the sender's life in the upper half, and its number there.
    pub message: u64,
    /// Which of its fragments this is, from 0.
    pub index: u16,
    /// How many there are, 2 at least.
    pub count: u16,
    /// How long the message is, in bytes.
    pub total: u32,
    /// The bytes of this one.
    pub bytes: &'a [u8],
}

impl<'a> Fragment<'a> {
    /// How long all fragments of the message but the last are; `None` if what this one says cannot be.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        let (len, total) = (self.bytes.len() as u64, u64::from(self.total));
        let (index, count) = (u64::from(self.index), u64::from(self.count));
        if count < 2 || index >= count || len == 0 {
            return None;
        }
        let others = count - 1;
        let size = if index < others {
            len
        } else {
            let before = total.checked_sub(len)?;
            (before % others == 0).then_some(before / others)?
        };
        (size * others < total && total <= size * count).then_some(size)
    }

    /// Appends what stands behind its bytes.
    pub fn seal(&self, out: &mut Vec<u8>) {
        out.extend(self.index.to_be_bytes());
        out.extend(self.count.to_be_bytes());
        out.extend(self.total.to_be_bytes());
        out.extend(self.message.to_be_bytes());
        out.push(FRAGMENT);
    }

    fn open(frame: &'a [u8]) -> Option<Self> {
        let (rest, message) = frame.split_last_chunk()?;
        let (rest, total) = rest.split_last_chunk()?;
        let (rest, count) = rest.split_last_chunk()?;
        let (bytes, index) = rest.split_last_chunk()?;
        Some(Fragment {
            message: u64::from_be_bytes(*message),
            index: u16::from_be_bytes(*index),
            count: u16::from_be_bytes(*count),
            total: u32::from_be_bytes(*total),
            bytes,
        })
    }
}

/// Marks a message that goes in one piece.
pub fn seal_whole(message: &mut Vec<u8>) {
    message.push(WHOLE);
}

impl<'a> Frame<'a> {
    /// Reads a frame.
    ///
    /// # Errors
    /// If it is none of this layer, or a fragment that cannot be right.
    pub fn read(frame: &'a [u8]) -> Result<Self, WireError> {
        match frame.split_last() {
            None => Err(WireError::Truncated),
            Some((&WHOLE, message)) => Ok(Frame::Whole(message)),
            Some((&FRAGMENT, rest)) => {
                let fragment = Fragment::open(rest).ok_or(WireError::Truncated)?;
                fragment.size().ok_or(WireError::Range("fragment"))?;
                Ok(Frame::Fragment(fragment))
            }
            Some((&tag, _)) => Err(WireError::Tag { what: "frame", tag }),
        }
    }
}

/// The fragments of a message of so many bytes each.
///
/// # Panics
/// If there are fewer than 2 or more than [`COUNT_MAX`].
pub fn cut(message: u64, bytes: &[u8], size: usize) -> impl Iterator<Item = Fragment<'_>> {
    let count = bytes.len().div_ceil(size);
    assert!((2..=COUNT_MAX).contains(&count), "{count} fragments");
    let (count, total) = (count as u16, bytes.len() as u32);
    let parts = (0..count).zip(bytes.chunks(size));
    parts.map(move |(index, bytes)| Fragment { message, index, count, total, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framed(fragment: &Fragment<'_>) -> Vec<u8> {
        let mut frame = fragment.bytes.to_vec();
        fragment.seal(&mut frame);
        frame
    }

    #[test]
    fn a_fragment_that_cannot_be_right_is_refused() {
        let good = Fragment { message: 7, index: 0, count: 3, total: 10, bytes: b"abcd" };
        assert_eq!(Frame::read(&framed(&good)), Ok(Frame::Fragment(good)));
        let last = Fragment { index: 2, bytes: b"ij", ..good };
        assert_eq!(last.size(), Some(4));
        let bad = [
            Fragment { index: 3, ..good },
            Fragment { count: 0, ..good },
            Fragment { count: 1, total: 4, ..good },
            Fragment { bytes: b"", ..good },
            // Two of 4 bytes would do for 8, and three hold 12 at most.
            Fragment { total: 8, ..good },
            Fragment { total: 13, ..good },
            Fragment { total: u32::MAX, ..good },
            // 7 bytes before it are not two of one length; nor is it longer than those.
            Fragment { bytes: b"hij", ..last },
            Fragment { bytes: b"efghij", ..last },
            Fragment { total: 1, ..last },
        ];
        for fragment in bad {
            let read = framed(&fragment);
            assert_eq!(Frame::read(&read), Err(WireError::Range("fragment")), "{fragment:?}");
        }
        assert_eq!(Frame::read(&[]), Err(WireError::Truncated));
        assert_eq!(Frame::read(&[1, 2, FRAGMENT]), Err(WireError::Truncated));
        assert_eq!(Frame::read(&[0]), Err(WireError::Tag { what: "frame", tag: 0 }));
    }

    proptest! {
        #[test]
        fn what_is_cut_is_read_and_comes_to_the_message(
            message in any::<u64>(),
            bytes in proptest::collection::vec(any::<u8>(), 2..400),
            size in 1_usize..100,
        ) {
            let size = size.min(bytes.len() - 1);
            let mut all = Vec::new();
            for fragment in cut(message, &bytes, size) {
                prop_assert_eq!(fragment.size(), Some(size as u64));
                let frame = framed(&fragment);
                prop_assert_eq!(Frame::read(&frame), Ok(Frame::Fragment(fragment)));
                all.extend_from_slice(fragment.bytes);
            }
            prop_assert_eq!(all, bytes);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>(), kind in WHOLE..=FRAGMENT) {
            let mut bytes = bytes;
            bytes.push(kind);
            match Frame::read(&bytes) {
                Ok(Frame::Whole(message)) => prop_assert_eq!(message, &bytes[..bytes.len() - 1]),
                Ok(Frame::Fragment(fragment)) => prop_assert_eq!(framed(&fragment), bytes),
                Err(_) => {}
            }
        }
    }
}
