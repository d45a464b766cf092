//! What is sent along a path.

use super::BLOCKS_MAX;
use super::check::Check;
use simlab_core::Dissection;
use simlab_core::wire::{Decode, Encode, Reader, WireError};
use std::fmt;

/// An attempt to send a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Attempt {
    /// Which of its lives the source is in: after a restart it begins with its first file again.
    pub(super) life: u32,
    /// The number of the file there.
    pub(super) file: u32,
    /// The number of the attempt, from 1 on.
    pub(super) number: u32,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "file {}, attempt {}", self.file, self.number)
    }
}

/// A message between the ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message<'a> {
    /// A part of the file.
    Block {
        /// Of which attempt.
        of: Attempt,
        /// Which part, from 0 on.
        number: u16,
        /// What it says: one byte at least.
        data: &'a [u8],
    },
    /// The last message of an attempt.
    End {
        /// Which attempt.
        of: Attempt,
        /// Of how many blocks the file is.
        blocks: u16,
        /// How the file was checked.
        check: Check,
        /// What the check made of it.
        value: &'a [u8],
    },
    /// What the sink says of an attempt that it has all of.
    Answer {
        /// Which attempt.
        of: Attempt,
        /// Whether it has taken the file.
        whole: bool,
    },
}

/// What an answer says: they differ in every bit, so that only damage to all 32 makes one of the other.
const YES: u32 = 0xffff_ffff;
const NO: u32 = 0;

const BLOCK: u8 = 1;
const END: u8 = 2;
const ANSWER: u8 = 3;

impl Encode for Message<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        let (tag, of) = match self {
            Message::Block { of, .. } => (BLOCK, of),
            Message::End { of, .. } => (END, of),
            Message::Answer { of, .. } => (ANSWER, of),
        };
        out.push(tag);
        for number in [of.life, of.file, of.number] {
            out.extend(number.to_be_bytes());
        }
        match *self {
            Message::Block { number, data, .. } => {
                out.extend(number.to_be_bytes());
                out.extend(data);
            }
            Message::End { blocks, check, value, .. } => {
                out.extend(blocks.to_be_bytes());
                out.push(check.number());
                out.extend(value);
            }
            Message::Answer { whole, .. } => out.extend(if whole { YES } else { NO }.to_be_bytes()),
        }
    }
}

impl<'a> Decode<'a> for Message<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, WireError> {
        let tag = reader.u8()?;
        let of = Attempt { life: reader.u32()?, file: reader.u32()?, number: reader.u32()? };
        Ok(match tag {
            BLOCK => {
                let (number, data) = (reader.u16()?, reader.take(reader.rest().len())?);
                if number >= BLOCKS_MAX || data.is_empty() {
                    return Err(WireError::Range("block"));
                }
                Message::Block { of, number, data }
            }
            END => {
                let (blocks, check) = (reader.u16()?, reader.u8()?);
                let check = Check::numbered(check);
                let check = check.ok_or(WireError::Range("check"))?;
                if blocks == 0 || blocks > BLOCKS_MAX {
                    return Err(WireError::Range("number of blocks"));
                }
                let value = reader.take(reader.rest().len())?;
                if value.len() > VALUE_MAX {
                    return Err(WireError::Range("value of a check"));
                }
                Message::End { of, blocks, check, value }
            }
            ANSWER => {
                let answer = reader.u32()?;
                if ![YES, NO].contains(&answer) {
                    return Err(WireError::Range("answer"));
                }
                Message::Answer { of, whole: answer == YES }
            }
            tag => return Err(WireError::Tag { what: "message of a file", tag }),
        })
    }
}

/// How long what a check makes of a file is at most: that of SHA-256.
const VALUE_MAX: usize = 32;

/// How long the part that all messages have is.
const HEAD: usize = 13;

pub(super) fn dissect(bytes: &[u8]) -> Option<Dissection> {
    let message = Message::from_bytes(bytes).ok()?;
    let (of, shown) = match message {
        Message::Block { of, number, data } => {
            let summary = format!("block {number} of {of} ({} B)", data.len());
            let shown = Dissection::new("block", summary).part("block", number, HEAD..HEAD + 2);
            (of, shown.part("data", format!("{} bytes", data.len()), HEAD + 2..bytes.len()))
        }
        Message::End { of, blocks, check, .. } => {
            let shown = Dissection::new("end", format!("end of {of}: {blocks} blocks"))
                .part("blocks", blocks, HEAD..HEAD + 2)
                .part("check", check.name(), HEAD + 2..HEAD + 3);
            (of, shown.part("value of the check", "", HEAD + 3..bytes.len()))
        }
        Message::Answer { of, whole } => {
            let word = if whole { "whole" } else { "wrong" };
            let shown = Dissection::new(word, format!("{of}: {word}"));
            (of, shown.part("answer", word, HEAD..HEAD + 4))
        }
    };
    let head = [("life of the source", of.life), ("file", of.file), ("attempt", of.number)];
    let head = head.iter().zip([1..5, 5..9, 9..13]);
    Some(head.fold(shown, |shown, ((name, value), at)| shown.part(name, value, at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OF: Attempt = Attempt { life: 0, file: 7, number: 2 };

    fn examples() -> Vec<Vec<u8>> {
        let check = Check::named("crc-32c").expect("a check");
        let messages = [
            Message::Block { of: OF, number: 3, data: b"what it says" },
            Message::End { of: OF, blocks: 20, check, value: &[1, 2, 3, 4] },
            Message::Answer { of: OF, whole: true },
            Message::Answer { of: OF, whole: false },
        ];
        messages.iter().map(Encode::to_bytes).collect()
    }

    #[test]
    fn what_is_written_is_read() {
        for bytes in examples() {
            let message = Message::from_bytes(&bytes).expect("a message");
            assert_eq!(message.to_bytes(), bytes);
        }
    }

    #[test]
    fn people_read_every_byte_once() {
        let told = ["block 3 of file 7, attempt 2 (12 B)", "end of file 7, attempt 2: 20 blocks"];
        for (bytes, told) in examples().iter().zip(told) {
            let shown = dissect(bytes).expect("a message");
            assert_eq!(shown.summary, told);
            let covered: usize = shown.parts.iter().map(|part| part.bytes.len()).sum();
            assert_eq!(covered, bytes.len() - 1, "all but the kind");
        }
    }

    /// No burst of up to 31 bits, and no interchange of two neighbours, turns a 'wrong' into a 'whole'.
    #[test]
    fn no_answer_becomes_the_other() {
        let yes = Message::Answer { of: OF, whole: true };
        let no = Message::Answer { of: OF, whole: false }.to_bytes();
        let bits = no.len() * 8;
        for first in 0..bits {
            let mut bad = no.clone();
            for bit in first..bits.min(first + 31) {
                bad[bit / 8] ^= 0x80 >> (bit % 8);
                assert_ne!(Message::from_bytes(&bad), Ok(yes), "bits {first} to {bit}");
            }
        }
        for at in 1..no.len() {
            let mut bad = no.clone();
            bad.swap(at - 1, at);
            assert_ne!(Message::from_bytes(&bad), Ok(yes));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_much(
            tag in 0_u8..5,
            rest in proptest::collection::vec(any::<u8>(), 0..60),
        ) {
            let bytes = [&[tag][..], &rest].concat();
            if let Ok(message) = Message::from_bytes(&bytes) {
                prop_assert_eq!(message.to_bytes(), bytes.clone());
            }
            prop_assert_eq!(dissect(&bytes).is_some(), Message::from_bytes(&bytes).is_ok());
        }
    }
}
