//! The messages of CASPaxos, and their bytes.
//!
//! ```text
//! 1 tag   4+n key   then by type:
//!   prepare   8 ballot
//!   promise   8 ballot   vote
//!   accept    8 ballot   4+n value
//!   accepted  8 ballot
//!   nack      8 ballot   8 promised
//!   read      8 number
//!   state     8 number   vote            vote = 0 | 1, 8 ballot, 4+n value
//! ```

use super::Ballot;
use simlab_core::wire::{Decode, Encode, Reader, WireError, put_bytes};

/// The longest key that is read from a link or a disk.
pub const KEY_MAX: usize = 255;

/// What an acceptor accepted last: a ballot and the value under it. Borrowed from a message, or
/// (`Vote<Vec<u8>>`) kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Vote<V> {
    /// The ballot.
    pub ballot: Ballot,
    /// The value, opaque to the protocol.
    pub value: V,
}

impl Vote<Vec<u8>> {
    /// The vote, borrowed.
    #[must_use]
    pub fn borrowed(&self) -> Vote<&[u8]> {
        Vote { ballot: self.ballot, value: &self.value }
    }
}

impl Vote<&[u8]> {
    /// The vote, to keep.
    #[must_use]
    pub fn kept(&self) -> Vote<Vec<u8>> {
        Vote { ballot: self.ballot, value: self.value.to_vec() }
    }
}

/// A message about one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Each key is a register of its own, with ballots of its own.
    pub key: &'a str,
    /// What is said about it.
    pub message: Message<'a>,
}

/// What proposers and acceptors say to each other, in the words of §2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// Proposer: promise me to accept nothing below this ballot, and tell me what you accepted.
    Prepare {
        /// The proposer's ballot.
        ballot: Ballot,
    },
    /// Acceptor: I promise, and this is what I accepted last.
    Promise {
        /// The ballot promised.
        ballot: Ballot,
        /// What it accepted last, if anything.
        accepted: Option<Vote<&'a [u8]>>,
    },
    /// Proposer: accept this value under this ballot. A read says it too, with a ballot and a value
    /// that it found, not its own.
    Accept(Vote<&'a [u8]>),
    /// Acceptor: I accepted the value under this ballot.
    Accepted {
        /// The ballot accepted.
        ballot: Ballot,
    },
    /// Acceptor: I promised more to another ("conflict" in the paper).
    Nack {
        /// The ballot refused.
        ballot: Ballot,
        /// The ballot promised.
        promised: Ballot,
    },
    /// Reader: what did you accept last? This asks for no promise.
    Read {
        /// Names the read; the answer repeats it.
        number: u64,
    },
    /// Acceptor: this is what I accepted last.
    State {
        /// The read that is answered.
        number: u64,
        /// What it accepted last, if anything.
        accepted: Option<Vote<&'a [u8]>>,
    },
}

impl Message<'_> {
    pub(super) const fn tag(&self) -> u8 {
        match self {
            Message::Prepare { .. } => 1,
            Message::Promise { .. } => 2,
            Message::Accept(_) => 3,
            Message::Accepted { .. } => 4,
            Message::Nack { .. } => 5,
            Message::Read { .. } => 6,
            Message::State { .. } => 7,
        }
    }

    /// The type, in the paper's word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Message::Prepare { .. } => "prepare",
            Message::Promise { .. } => "promise",
            Message::Accept(_) => "accept",
            Message::Accepted { .. } => "accepted",
            Message::Nack { .. } => "nack",
            Message::Read { .. } => "read",
            Message::State { .. } => "state",
        }
    }
}

/// Reads a key, bounded.
pub(super) fn key<'a>(reader: &mut Reader<'a>) -> Result<&'a str, WireError> {
    let key = reader.str()?;
    if key.len() > KEY_MAX { Err(WireError::Range("key")) } else { Ok(key) }
}

impl<V: AsRef<[u8]>> Encode for Vote<V> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.ballot.encode(out);
        put_bytes(out, self.value.as_ref());
    }
}

impl<'a> Decode<'a> for Vote<&'a [u8]> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, WireError> {
        Ok(Vote { ballot: Ballot::decode(reader)?, value: reader.bytes()? })
    }
}

/// Appends a vote that may be missing.
pub(super) fn put_vote<V: AsRef<[u8]>>(out: &mut Vec<u8>, vote: Option<&Vote<V>>) {
    out.push(u8::from(vote.is_some()));
    if let Some(vote) = vote {
        vote.encode(out);
    }
}

/// Reads a vote that may be missing.
pub(super) fn vote<'a>(reader: &mut Reader<'a>) -> Result<Option<Vote<&'a [u8]>>, WireError> {
    if reader.bool()? { Vote::decode(reader).map(Some) } else { Ok(None) }
}

impl Encode for Packet<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.message.tag());
        put_bytes(out, self.key.as_bytes());
        match &self.message {
            Message::Prepare { ballot } | Message::Accepted { ballot } => ballot.encode(out),
            Message::Promise { ballot, accepted } => {
                ballot.encode(out);
                put_vote(out, accepted.as_ref());
            }
            Message::Accept(vote) => vote.encode(out),
            Message::Nack { ballot, promised } => {
                ballot.encode(out);
                promised.encode(out);
            }
            Message::Read { number } => number.encode(out),
            Message::State { number, accepted } => {
                number.encode(out);
                put_vote(out, accepted.as_ref());
            }
        }
    }
}

impl<'a> Decode<'a> for Packet<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, WireError> {
        let tag = reader.u8()?;
        let key = key(reader)?;
        let message = match tag {
            1 => Message::Prepare { ballot: Ballot::decode(reader)? },
            2 => Message::Promise { ballot: Ballot::decode(reader)?, accepted: vote(reader)? },
            3 => Message::Accept(Vote::decode(reader)?),
            4 => Message::Accepted { ballot: Ballot::decode(reader)? },
            5 => {
                Message::Nack { ballot: Ballot::decode(reader)?, promised: Ballot::decode(reader)? }
            }
            6 => Message::Read { number: reader.u64()? },
            7 => Message::State { number: reader.u64()?, accepted: vote(reader)? },
            tag => return Err(WireError::Tag { what: "message", tag }),
        };
        Ok(Packet { key, message })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Calls `check` with one packet of every type.
    pub(in crate::caspaxos) fn each(
        key: &str,
        word: u64,
        number: u64,
        value: &[u8],
        mut check: impl FnMut(Packet<'_>),
    ) {
        let ballot = Ballot::from_word(word);
        let vote = Vote { ballot, value };
        for message in [
            Message::Prepare { ballot },
            Message::Promise { ballot, accepted: Some(vote) },
            Message::Promise { ballot, accepted: None },
            Message::Accept(vote),
            Message::Accepted { ballot },
            Message::Nack { ballot, promised: Ballot::from_word(number) },
            Message::Read { number },
            Message::State { number, accepted: Some(vote) },
            Message::State { number, accepted: None },
        ] {
            check(Packet { key, message });
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(
            key in ".{0,9}", word: u64, number: u64, value: Vec<u8>,
        ) {
            each(&key, word, number, &value, |packet| {
                assert_eq!(Packet::from_bytes(&packet.to_bytes()), Ok(packet));
            });
        }

        #[test]
        fn no_bytes_make_decoding_panic(bytes: Vec<u8>, tag in 0..9_u8) {
            let _ = Packet::from_bytes(&bytes);
            let _ = Packet::from_bytes(&[&[tag, 0, 0, 0, 1, b'k'][..], &bytes].concat());
        }

        #[test]
        fn a_cut_packet_is_refused(word: u64, number: u64, value: Vec<u8>) {
            each("phone", word, number, &value, |packet| {
                let bytes = packet.to_bytes();
                for end in 0..bytes.len() {
                    assert!(Packet::from_bytes(&bytes[..end]).is_err());
                }
            });
        }
    }

    #[test]
    fn a_key_has_an_end() {
        let packet =
            |len| Packet { key: &"k".repeat(len), message: Message::Read { number: 1 } }.to_bytes();
        assert!(Packet::from_bytes(&packet(KEY_MAX)).is_ok());
        assert_eq!(Packet::from_bytes(&packet(KEY_MAX + 1)), Err(WireError::Range("key")));
    }
}
