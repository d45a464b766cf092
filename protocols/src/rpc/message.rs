//! What client and server send each other.
//!
//! ```text
//! hello     1   8 nonce
//! welcome   2   8 nonce   4 life   8 clock
//! request   3   8 call   8 settled   4 life   8 deadline   8 trace   4 service   2 version
//!               2 procedure   1 flags   parameters
//! reply     4   8 call   4 life   8 clock   4 service   2 procedure   1 flags   verdict
//! working   5   8 call   4 life   8 clock
//! reopen    6   8 call   4 life   8 clock   1 durable
//! cancel    7   8 call   4 life
//! ```
//!
//! All of it in network byte order. `clock` is the server's when it sends; `deadline` is on the server's
//! clock.

use super::error::Verdict;
use super::govern::shed::Class;
use simlab_core::Time;
use simlab_core::wire::{Decode, Encode, Reader, WireError};
use std::fmt;

/// The number of a call among its caller's: the caller's life in the upper half, and a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

impl CallId {
    /// The call of this number in this life.
    #[must_use]
    pub const fn of(life: u32, counter: u32) -> CallId {
        CallId((life as u64) << 32 | counter as u64)
    }

    /// Its number within its life.
    #[must_use]
    pub const fn counter(self) -> u32 {
        self.0 as u32
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 >> 32 {
            0 => write!(f, "{}", self.counter()),
            life => write!(f, "{}.{}", life, self.counter()),
        }
    }
}

/// What is done about calls that are not answered (Birrell, Nelson 1984; Spector 1982).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Semantics {
    /// Nothing: it is executed once, or not at all, and the caller may never know.
    Maybe,
    /// It is sent again until somebody answers, and executed each time that it arrives.
    AtLeastOnce,
    /// It is sent again, and the server knows it again: it is executed once, or not at all.
    AtMostOnce,
}

impl Semantics {
    /// Their names, in order.
    pub const NAMES: [&str; 3] = ["maybe", "at-least-once", "at-most-once"];

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Semantics> {
        Some(match name {
            "maybe" => Semantics::Maybe,
            "at-least-once" => Semantics::AtLeastOnce,
            "at-most-once" => Semantics::AtMostOnce,
            _ => return None,
        })
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Whether a call that one server was asked for may be made at another, which does not know what the first has done.
    #[must_use]
    pub const fn repeats_anywhere(self) -> bool {
        matches!(self, Semantics::AtLeastOnce)
    }
}

/// How parameters and results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// In network byte order.
    Binary,
    /// As JSON-RPC 2.0.
    Json,
}

impl Codec {
    /// Their names, in order.
    pub const NAMES: [&str; 2] = ["binary", "json"];

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Codec> {
        Some(match name {
            "binary" => Codec::Binary,
            "json" => Codec::Json,
            _ => return None,
        })
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// A life of a server and its clock: what a caller has to know before it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Presence {
    /// Which life.
    pub life: u32,
    /// The clock when this was sent.
    pub clock: Time,
}

/// A request but for its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// The call.
    pub call: CallId,
    /// The caller waits for no call below this one any more.
    pub settled: CallId,
    /// The life of the server that is asked.
    pub life: u32,
    /// When nobody waits for it any more, on the server's clock, or never.
    pub deadline: Time,
    /// What all calls have in common that were made for one.
    pub trace: u64,
    /// Of which service.
    pub interface: u32,
    /// In which version.
    pub version: u16,
    /// Of which procedure.
    pub procedure: u16,
    /// What to do with duplicates.
    pub semantics: Semantics,
    /// How parameters and results are written.
    pub codec: Codec,
    /// How much it matters.
    pub class: Class,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// "Which life of yours is this, and what is the time?"
    Hello {
        /// What the answer echoes.
        nonce: u64,
    },
    /// The answer.
    Welcome {
        /// What the hello said.
        nonce: u64,
        /// It.
        presence: Presence,
    },
    /// "Execute this."
    Request {
        /// What.
        header: Header,
        /// With which parameters, marshalled.
        body: &'a [u8],
    },
    /// "This came of it."
    Reply {
        /// Which call.
        call: CallId,
        /// Who says so.
        presence: Presence,
        /// Of which service.
        interface: u32,
        /// The procedure.
        procedure: u16,
        /// How the result is written.
        codec: Codec,
        /// What came of it.
        verdict: Verdict,
    },
    /// "I am at it": a slow call is no lost one.
    Working {
        /// Which call.
        call: CallId,
        /// Who says so.
        presence: Presence,
    },
    /// "You asked an earlier life, or a later one."
    Reopen {
        /// Which call.
        call: CallId,
        /// Who says so.
        presence: Presence,
        /// Whether it knows what its earlier lives have executed.
        durable: bool,
    },
    /// "Do not."
    Cancel {
        /// Which call.
        call: CallId,
        /// Of which life of the server.
        life: u32,
    },
}

const JSON: u8 = 1 << 2;
/// How far left the class is in the flags of a request.
const CLASS: u8 = 3;

fn codec(flags: u8) -> Codec {
    if flags & JSON == 0 { Codec::Binary } else { Codec::Json }
}

impl Encode for Presence {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.life.to_be_bytes());
        out.extend(self.clock.nanos().to_be_bytes());
    }
}

impl Decode<'_> for Presence {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Presence { life: reader.u32()?, clock: Time(reader.u64()?) })
    }
}

impl Encode for Header {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.call.0.to_be_bytes());
        out.extend(self.settled.0.to_be_bytes());
        out.extend(self.life.to_be_bytes());
        out.extend(self.deadline.nanos().to_be_bytes());
        out.extend(self.trace.to_be_bytes());
        out.extend(self.interface.to_be_bytes());
        out.extend(self.version.to_be_bytes());
        out.extend(self.procedure.to_be_bytes());
        let codec = if self.codec == Codec::Json { JSON } else { 0 };
        out.push(self.semantics as u8 | codec | (self.class as u8) << CLASS);
    }
}

impl Decode<'_> for Header {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let (call, settled) = (CallId(reader.u64()?), CallId(reader.u64()?));
        let (life, deadline, trace) = (reader.u32()?, Time(reader.u64()?), reader.u64()?);
        let (interface, version, procedure) = (reader.u32()?, reader.u16()?, reader.u16()?);
        let flags = reader.u8()?;
        let class = Class::ALL[usize::from(flags >> CLASS & 3)];
        let semantics = match flags & !(JSON | 3 << CLASS) {
            0 => Semantics::Maybe,
            1 => Semantics::AtLeastOnce,
            2 => Semantics::AtMostOnce,
            _ => return Err(WireError::Tag { what: "flags of a request", tag: flags }),
        };
        // A call is not settled before it is made.
        if settled > call {
            return Err(WireError::Range("settled"));
        }
        let codec = codec(flags);
        Ok(Header {
            call,
            settled,
            life,
            deadline,
            trace,
            interface,
            version,
            procedure,
            semantics,
            codec,
            class,
        })
    }
}

impl Encode for Message<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Message::Hello { nonce } => {
                out.push(1);
                out.extend(nonce.to_be_bytes());
            }
            Message::Welcome { nonce, presence } => {
                out.push(2);
                out.extend(nonce.to_be_bytes());
                presence.encode(out);
            }
            Message::Request { header, body } => {
                out.push(3);
                header.encode(out);
                out.extend(*body);
            }
            Message::Reply { call, presence, interface, procedure, codec, verdict } => {
                out.push(4);
                out.extend(call.0.to_be_bytes());
                presence.encode(out);
                out.extend(interface.to_be_bytes());
                out.extend(procedure.to_be_bytes());
                out.push(if *codec == Codec::Json { JSON } else { 0 });
                verdict.encode(out);
            }
            Message::Working { call, presence } => {
                out.push(5);
                out.extend(call.0.to_be_bytes());
                presence.encode(out);
            }
            Message::Reopen { call, presence, durable } => {
                out.push(6);
                out.extend(call.0.to_be_bytes());
                presence.encode(out);
                out.push(u8::from(*durable));
            }
            Message::Cancel { call, life } => {
                out.push(7);
                out.extend(call.0.to_be_bytes());
                out.extend(life.to_be_bytes());
            }
        }
    }
}

impl<'a> Decode<'a> for Message<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, WireError> {
        Ok(match reader.u8()? {
            1 => Message::Hello { nonce: reader.u64()? },
            2 => Message::Welcome { nonce: reader.u64()?, presence: Presence::decode(reader)? },
            3 => {
                let header = Header::decode(reader)?;
                Message::Request { header, body: reader.take(reader.rest().len())? }
            }
            4 => {
                let (call, presence) = (CallId(reader.u64()?), Presence::decode(reader)?);
                let (interface, procedure) = (reader.u32()?, reader.u16()?);
                let flags = reader.u8()?;
                if flags & !JSON != 0 {
                    return Err(WireError::Tag { what: "flags of a reply", tag: flags });
                }
                let verdict = Verdict::take(reader)?;
                let codec = codec(flags);
                Message::Reply { call, presence, interface, procedure, codec, verdict }
            }
            5 => Message::Working {
                call: CallId(reader.u64()?),
                presence: Presence::decode(reader)?,
            },
            6 => Message::Reopen {
                call: CallId(reader.u64()?),
                presence: Presence::decode(reader)?,
                durable: reader.bool()?,
            },
            7 => Message::Cancel { call: CallId(reader.u64()?), life: reader.u32()? },
            tag => return Err(WireError::Tag { what: "message of a call", tag }),
        })
    }
}

/// Messages by example, one of each kind and variant.
#[cfg(test)]
pub(super) fn examples() -> Vec<Vec<u8>> {
    use super::error::Refusal;

    let call = CallId::of(1, 7);
    let presence = Presence { life: 2, clock: Time(99) };
    let header = Header {
        call,
        settled: CallId::of(1, 5),
        life: 2,
        deadline: Time(1_000),
        trace: 0xabcd,
        interface: 0x1234_5678,
        version: 3,
        procedure: 4,
        semantics: Semantics::AtMostOnce,
        codec: Codec::Json,
        class: Class::Sheddable,
    };
    let reply = |verdict| {
        let (interface, procedure, codec) = (header.interface, 4, Codec::Binary);
        Message::Reply { call, presence, interface, procedure, codec, verdict }.to_bytes()
    };
    let refused = |why| reply(Verdict::Refused(why));
    vec![
        Message::Hello { nonce: 5 }.to_bytes(),
        Message::Welcome { nonce: 5, presence }.to_bytes(),
        Message::Request { header, body: b"body" }.to_bytes(),
        Message::Request {
            header: Header { semantics: Semantics::Maybe, codec: Codec::Binary, ..header },
            body: b"",
        }
        .to_bytes(),
        reply(Verdict::Returned(b"result".to_vec())),
        reply(Verdict::Failed { code: -3, message: "no".to_owned() }),
        reply(Verdict::TooLate),
        reply(Verdict::Forgotten),
        refused(Refusal::Service),
        refused(Refusal::Version(1, 2)),
        refused(Refusal::Procedure),
        refused(Refusal::Parameters),
        refused(Refusal::Busy),
        refused(Refusal::Denied),
        refused(Refusal::Shed),
        refused(Refusal::Rate),
        refused(Refusal::Cancelled),
        Message::Working { call, presence }.to_bytes(),
        Message::Reopen { call, presence, durable: true }.to_bytes(),
        Message::Cancel { call, life: 2 }.to_bytes(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read() {
        for bytes in examples() {
            let message = Message::from_bytes(&bytes).expect("a message");
            assert_eq!(message.to_bytes(), bytes, "{message:?}");
        }
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        for bytes in examples() {
            let open_ended = matches!(
                Message::from_bytes(&bytes),
                Ok(Message::Request { .. } | Message::Reply { verdict: Verdict::Returned(_), .. })
            );
            let least = if open_ended { 28 } else { bytes.len() };
            for len in 0..least {
                assert!(Message::from_bytes(&bytes[..len]).is_err(), "{bytes:?} at {len}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            tag in 0_u8..10,
            rest in proptest::collection::vec(prop_oneof![0_u8..6, any::<u8>()], 0..80),
        ) {
            let bytes = [&[tag][..], &rest].concat();
            if let Ok(message) = Message::from_bytes(&bytes) {
                prop_assert_eq!(message.to_bytes(), bytes.clone());
            }
        }
    }
}
