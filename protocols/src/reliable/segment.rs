//! What is behind a message on the wire.
//!
//! ```text
//!   message | blocks, 16 bytes each | number of blocks | window | echo | next | seq | to | from | kind
//!             only in data and acknowledgements                              data
//!
//!                                                                      nonce | to | from | kind
//!                                                              hello, welcome      not in hello
//! ```
//!
//! It is read from its end, so that the message before it is neither moved nor copied.

use simlab_core::wire::{Encode, WireError};

/// The most blocks of an acknowledgement, as in RFC 2018 §3.
pub const BLOCKS_MAX: usize = 4;

/// What an acknowledgement echoes that no message has made the receiver send.
pub const NO_ECHO: u64 = u64::MAX;

/// What the receiver of data says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Acknowledgement {
    /// It has all messages before this one: the cumulative acknowledgement.
    pub next: u64,
    /// The message that made it say so, or [`NO_ECHO`]. It does not say which transmission of it.
    pub echo: u64,
    /// How many messages from `next` on it has room for.
    pub window: u16,
    /// What it has beyond a gap: from a message up to, and without, another one; in ascending order.
    /// The selective acknowledgement (RFC 2018).
    pub blocks: Vec<(u64, u64)>,
}

/// What a segment is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// "Which life of yours is this?"
    Hello {
        /// What the answer is to echo.
        nonce: u64,
    },
    /// The answer to a hello.
    Welcome {
        /// The life of the receiver that was heard.
        to: u32,
        /// What its hello said.
        nonce: u64,
    },
    /// The answer to data and acknowledgements for an earlier life: "that life is over".
    Reset {
        /// The life of the receiver that was heard.
        to: u32,
    },
    /// A message.
    Data {
        /// The life of the receiver that it is for.
        to: u32,
        /// Its number, from 0.
        seq: u64,
        /// What the sender says of the other direction.
        ack: Acknowledgement,
    },
    /// An acknowledgement alone.
    Ack {
        /// The life of the receiver that it is for.
        to: u32,
        /// It.
        ack: Acknowledgement,
    },
}

/// A trailer: who in which life says what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// The life of the sender.
    pub from: u32,
    /// What it says.
    pub body: Body,
}

const HELLO: u8 = 0xc1;
const WELCOME: u8 = 0xc2;
const DATA: u8 = 0xc3;
const ACK: u8 = 0xc4;
const RESET: u8 = 0xc5;

impl Encode for Acknowledgement {
    fn encode(&self, out: &mut Vec<u8>) {
        let blocks = &self.blocks[..self.blocks.len().min(BLOCKS_MAX)];
        for (from, until) in blocks {
            out.extend(from.to_be_bytes());
            out.extend(until.to_be_bytes());
        }
        out.push(blocks.len() as u8);
        out.extend(self.window.to_be_bytes());
        out.extend(self.echo.to_be_bytes());
        out.extend(self.next.to_be_bytes());
    }
}

impl Encode for Trailer {
    fn encode(&self, out: &mut Vec<u8>) {
        let (to, kind) = match &self.body {
            Body::Hello { nonce } => {
                out.extend(nonce.to_be_bytes());
                (None, HELLO)
            }
            Body::Welcome { to, nonce } => {
                out.extend(nonce.to_be_bytes());
                (Some(to), WELCOME)
            }
            Body::Reset { to } => (Some(to), RESET),
            Body::Data { to, seq, ack } => {
                ack.encode(out);
                out.extend(seq.to_be_bytes());
                (Some(to), DATA)
            }
            Body::Ack { to, ack } => {
                ack.encode(out);
                (Some(to), ACK)
            }
        };
        out.extend(to.into_iter().flat_map(|life| life.to_be_bytes()));
        out.extend(self.from.to_be_bytes());
        out.push(kind);
    }
}

/// Bytes that are read from their end.
struct Tail<'a>(&'a [u8]);

impl Tail<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (rest, last) = self.0.split_last_chunk().ok_or(WireError::Truncated)?;
        self.0 = rest;
        Ok(*last)
    }

    fn u32(&mut self) -> Result<u32, WireError> {
        self.take().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, WireError> {
        self.take().map(u64::from_be_bytes)
    }

    fn acknowledgement(&mut self) -> Result<Acknowledgement, WireError> {
        let (next, echo) = (self.u64()?, self.u64()?);
        let window = self.take().map(u16::from_be_bytes)?;
        let [count] = self.take()?;
        if usize::from(count) > BLOCKS_MAX {
            return Err(WireError::Range("number of blocks"));
        }
        let mut blocks = Vec::with_capacity(count.into());
        for _ in 0..count {
            let (until, from) = (self.u64()?, self.u64()?);
            blocks.push((from, until));
        }
        blocks.reverse();
        // A gap lies before each block, or it would be part of what is before it.
        let mut before = next;
        for (from, until) in &blocks {
            if *from <= before || until <= from {
                return Err(WireError::Range("block"));
            }
            before = *until;
        }
        Ok(Acknowledgement { next, echo, window, blocks })
    }
}

impl Trailer {
    /// The life of the receiver that it is for. Who says hello does not know it yet.
    #[must_use]
    pub const fn to(&self) -> Option<u32> {
        match self.body {
            Body::Hello { .. } => None,
            Body::Welcome { to, .. }
            | Body::Reset { to }
            | Body::Data { to, .. }
            | Body::Ack { to, .. } => Some(to),
        }
    }

    /// The message in a frame, and what is behind it.
    ///
    /// # Errors
    /// If it is no frame of this layer.
    pub fn split(frame: &[u8]) -> Result<(&[u8], Trailer), WireError> {
        let mut tail = Tail(frame);
        let [kind] = tail.take()?;
        let from = tail.u32()?;
        let body = match kind {
            HELLO => Body::Hello { nonce: tail.u64()? },
            WELCOME => Body::Welcome { to: tail.u32()?, nonce: tail.u64()? },
            RESET => Body::Reset { to: tail.u32()? },
            DATA => {
                let (to, seq) = (tail.u32()?, tail.u64()?);
                Body::Data { to, seq, ack: tail.acknowledgement()? }
            }
            ACK => Body::Ack { to: tail.u32()?, ack: tail.acknowledgement()? },
            tag => return Err(WireError::Tag { what: "segment", tag }),
        };
        if !matches!(body, Body::Data { .. }) && !tail.0.is_empty() {
            return Err(WireError::Trailing);
        }
        Ok((tail.0, Trailer { from, body }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn acknowledgement() -> impl Strategy<Value = Acknowledgement> {
        let steps = proptest::collection::vec((1..9_u64, 1..9_u64), 0..=BLOCKS_MAX);
        (0..1_000_u64, any::<u64>(), any::<u16>(), steps).prop_map(|(next, echo, window, steps)| {
            let mut before = next;
            let block = |(gap, len)| {
                let from = before + gap;
                before = from + len;
                (from, before)
            };
            let blocks = steps.into_iter().map(block).collect();
            Acknowledgement { next, echo, window, blocks }
        })
    }

    fn body() -> impl Strategy<Value = Body> {
        let data = (any::<u32>(), any::<u64>(), acknowledgement());
        prop_oneof![
            any::<u64>().prop_map(|nonce| Body::Hello { nonce }),
            any::<(u32, u64)>().prop_map(|(to, nonce)| Body::Welcome { to, nonce }),
            any::<u32>().prop_map(|to| Body::Reset { to }),
            data.prop_map(|(to, seq, ack)| Body::Data { to, seq, ack }),
            (any::<u32>(), acknowledgement()).prop_map(|(to, ack)| Body::Ack { to, ack }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(from in any::<u32>(), body in body(), message in any::<Vec<u8>>()) {
            let message = if matches!(body, Body::Data { .. }) { message } else { Vec::new() };
            let trailer = Trailer { from, body };
            let mut frame = message.clone();
            trailer.encode(&mut frame);
            prop_assert_eq!(Trailer::split(&frame), Ok((&message[..], trailer)));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>(), kind in HELLO..=RESET) {
            let mut bytes = bytes;
            bytes.push(kind);
            if let Ok((message, trailer)) = Trailer::split(&bytes) {
                let mut again = message.to_vec();
                trailer.encode(&mut again);
                prop_assert_eq!(again, bytes);
            }
        }
    }
}
