//! The client protocol: one request, one reply.
//!
//! ```text
//! request  1   8 id   8 settled   operation
//! reply    2   8 id   outcome
//! ```

use crate::dissect::Walk;
use simlab_core::wire::{Decode, Encode, Reader, WireError};
use simlab_core::{Call, Dissection, Operation, Outcome};

/// What clients and replicas say to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A client asks.
    Request {
        /// The number of the request among the client's; it is never used again.
        id: u64,
        /// The client waits for no request below this number any more.
        settled: u64,
        /// What it asks.
        operation: Operation,
    },
    /// A replica answers.
    Reply {
        /// The request.
        id: u64,
        /// What came of it.
        outcome: Outcome,
    },
}

impl Encode for Message {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Message::Request { id, settled, operation } => {
                out.push(1);
                id.encode(out);
                settled.encode(out);
                operation.encode(out);
            }
            Message::Reply { id, outcome } => {
                out.push(2);
                id.encode(out);
                outcome.encode(out);
            }
        }
    }
}

impl Decode<'_> for Message {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match reader.u8()? {
            1 => Message::Request {
                id: reader.u64()?,
                settled: reader.u64()?,
                operation: Operation::decode(reader)?,
            },
            2 => Message::Reply { id: reader.u64()?, outcome: Outcome::decode(reader)? },
            tag => return Err(WireError::Tag { what: "message", tag }),
        })
    }
}

/// Dissects a datagram of the client protocol, its port included.
pub(crate) fn dissect(bytes: &[u8]) -> Option<Dissection> {
    let (&port, bytes) = bytes.split_last()?;
    if port != super::CLIENT.0.get() {
        return None;
    }
    let mut walk = Walk::new(bytes);
    let kind = |tag: &u8| if *tag == 1 { "request" } else { "reply" }.to_owned();
    match walk.shown("type", Reader::u8, kind)? {
        1 => {
            let id = walk.field("id", Reader::u64)?;
            walk.field("settled below", Reader::u64)?;
            let object = walk.shown("object", Reader::str, |object| (*object).to_owned())?;
            let call = walk.field("call", Call::decode)?;
            walk.finish("request", &format!("{id}: {object} {call}"), port)
        }
        2 => {
            let id = walk.field("id", Reader::u64)?;
            let outcome = walk.field("outcome", Outcome::decode)?;
            walk.finish("reply", &format!("{id}: {outcome}"), port)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use simlab_core::Value;

    fn with_port(message: &Message) -> Vec<u8> {
        let mut bytes = message.to_bytes();
        bytes.push(1);
        bytes
    }

    fn request(object: &str, units: u32) -> Message {
        let operation = Operation { object: object.to_owned(), call: Call::Sell(units) };
        Message::Request { id: 3, settled: 2, operation }
    }

    #[test]
    fn a_request_and_a_reply_in_words() {
        let summary = |message| dissect(&with_port(&message)).map(|d| d.summary);
        assert_eq!(summary(request("phone", 1)).as_deref(), Some("request 3: phone sell 1"));
        let reply = Message::Reply { id: 3, outcome: Outcome::Done(Value::Bool(true)) };
        assert_eq!(summary(reply).as_deref(), Some("reply 3: true"));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(object in ".{0,9}", units: u32, id: u64, text in ".{0,9}") {
            for message in [
                request(&object, units),
                Message::Reply { id, outcome: Outcome::Unknown(text) },
            ] {
                let bytes = with_port(&message);
                let dissection = dissect(&bytes).expect("ours");
                let ends = dissection.parts.iter().fold(0, |end, part| {
                    assert_eq!(part.bytes.start, end);
                    part.bytes.end
                });
                prop_assert_eq!(ends, bytes.len());
                prop_assert_eq!(Message::from_bytes(&message.to_bytes()), Ok(message));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = Message::from_bytes(&bytes);
            let _ = dissect(&bytes);
            let _ = dissect(&[&[2][..], &bytes, &[1]].concat());
        }
    }
}
