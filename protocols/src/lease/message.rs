//! What holders and granters say to each other.

use crate::dissect::Walk;
use simlab_core::wire::{Decode, Encode, Reader, WireError};
use simlab_core::{Dissection, Duration};

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// Give me the lease, or let me keep it.
    Request {
        /// The holder's number for it.
        id: u64,
    },
    /// You have it.
    Granted {
        /// The number of the request.
        id: u64,
        /// The number of the lease; a later one has a higher number.
        lease: u64,
        /// How long it lasts from the request on.
        term: Duration,
    },
    /// Another one has it.
    Refused {
        /// The number of the request.
        id: u64,
    },
}

impl Encode for Message {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Message::Request { id } => {
                out.push(1);
                id.encode(out);
            }
            Message::Granted { id, lease, term } => {
                out.push(2);
                [*id, *lease, term.nanos()].iter().for_each(|word| word.encode(out));
            }
            Message::Refused { id } => {
                out.push(3);
                id.encode(out);
            }
        }
    }
}

impl Decode<'_> for Message {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match reader.u8()? {
            1 => Message::Request { id: reader.u64()? },
            2 => Message::Granted {
                id: reader.u64()?,
                lease: reader.u64()?,
                term: Duration(reader.u64()?),
            },
            3 => Message::Refused { id: reader.u64()? },
            tag => return Err(WireError::Tag { what: "lease message", tag }),
        })
    }
}

/// Dissects a datagram of the lease protocol.
pub(super) fn dissect(bytes: &[u8]) -> Option<Dissection> {
    let mut walk = Walk::new(bytes);
    let tag = walk.field("type", Reader::u8)?;
    let id = walk.field("request", Reader::u64)?;
    let (kind, summary) = match tag {
        1 => ("request", id.to_string()),
        2 => {
            let lease = walk.field("lease", Reader::u64)?;
            let term = walk.shown("term", Reader::u64, |nanos| Duration(*nanos).to_string())?;
            ("granted", format!("{id}: lease {lease} for {}", Duration(term)))
        }
        3 => ("refused", id.to_string()),
        _ => return None,
    };
    walk.end(kind, &summary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_encoded_is_decoded_and_dissected() {
        let messages = [
            (Message::Request { id: 7 }, "request 7"),
            (
                Message::Granted { id: 7, lease: 3, term: Duration::from_secs(2) },
                "granted 7: lease 3 for 2s",
            ),
            (Message::Refused { id: u64::MAX }, "refused 18446744073709551615"),
        ];
        for (message, words) in messages {
            let bytes = message.to_bytes();
            assert_eq!(Message::from_bytes(&bytes), Ok(message));
            assert_eq!(dissect(&bytes).expect("our own").summary, words);
            assert!((0..bytes.len()).all(|len| Message::from_bytes(&bytes[..len]).is_err()));
        }
        assert!(Message::from_bytes(&[9; 9]).is_err() && dissect(&[9; 9]).is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, tag in 0..5_u8) {
            for bytes in [&bytes[..], &[&[tag][..], &bytes].concat()] {
                let _ = dissect(bytes);
                if let Ok(message) = Message::from_bytes(bytes) {
                    prop_assert_eq!(message.to_bytes(), bytes);
                }
            }
        }
    }
}
