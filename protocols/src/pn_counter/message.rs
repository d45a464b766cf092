//! Gossip: the state of one counter.
//!
//! ```text
//! gossip  1   4+n name   2 count   count × (4 node  8 increments  8 decrements)
//! ```
//!
//! One datagram for each counter, so that its size does not grow with the number of products.

use super::{Entry, Heard, PnCounter};
use crate::dissect::Walk;
use simlab_core::wire::{Decode, Encode, Reader, WireError, put_bytes};
use simlab_core::{Dissection, NodeId};

/// The longest name that is read from a link.
pub const NAME_MAX: usize = 255;

/// The state of the counter called `name`, as its sender knows it: a [`PnCounter`] to be sent, or one
/// that was [`Heard`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gossip<'a, C> {
    /// The counter's name.
    pub name: &'a str,
    /// Its state.
    pub counter: C,
}

fn name<'a>(reader: &mut Reader<'a>) -> Result<&'a str, WireError> {
    let name = reader.str()?;
    if name.len() > NAME_MAX { Err(WireError::Range("name")) } else { Ok(name) }
}

impl Encode for Gossip<'_, &PnCounter> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(1);
        put_bytes(out, self.name.as_bytes());
        self.counter.encode(out);
    }
}

impl<'a> Decode<'a> for Gossip<'a, Heard<'a>> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, WireError> {
        match reader.u8()? {
            1 => Ok(Gossip { name: name(reader)?, counter: Heard::decode(reader)? }),
            tag => Err(WireError::Tag { what: "message", tag }),
        }
    }
}

/// Dissects a datagram whose last byte is the port that a parent peeled off.
pub(crate) fn dissect(bytes: &[u8]) -> Option<Dissection> {
    let (&port, bytes) = bytes.split_last()?;
    let Gossip { name: of, counter } = Gossip::from_bytes(bytes).ok()?;
    let mut walk = Walk::new(bytes);
    walk.shown("type", Reader::u8, |_| "gossip".to_owned())?;
    walk.shown("counter", name, |name| (*name).to_owned())?;
    walk.field("entries", Reader::u16)?;
    let mut words = Vec::new();
    for (node, Entry { increments, decrements }) in counter.entries() {
        walk.field("node", |reader| reader.u32().map(NodeId))?;
        walk.field("increments", Reader::u64)?;
        walk.field("decrements", Reader::u64)?;
        words.push(format!("{node} +{increments} -{decrements}"));
    }
    walk.finish("gossip", &format!("{of}: {}", words.join(", ")), port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn gossip_in_words() {
        let mut counter = PnCounter::default();
        counter.decrement(NodeId(0), 2);
        counter.increment(NodeId(3), 1);
        let mut bytes = Gossip { name: "phone", counter: &counter }.to_bytes();
        let heard = Gossip::from_bytes(&bytes).expect("what was encoded");
        assert_eq!((heard.name, heard.counter.to_counter()), ("phone", counter));
        bytes.push(3);
        let dissection = dissect(&bytes).expect("gossip");
        assert_eq!(dissection.summary, "gossip phone: n0 +0 -2, n3 +1 -0");
        let end = dissection.parts.iter().fold(0, |end, part| {
            assert_eq!(part.bytes.start, end);
            part.bytes.end
        });
        assert_eq!(end, bytes.len());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = dissect(&bytes);
            let _ = dissect(&[&[1, 0, 0, 0, 0][..], &bytes, &[3]].concat());
        }
    }
}
