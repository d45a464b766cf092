//! A numbered message.

use simlab_core::Dissection;
use simlab_core::wire::{Decode, Encode, Reader, WireError};

/// How long the part before the filling is.
pub(super) const HEAD: usize = 20;

/// A message: which of the source's lives it is of, and its number there. Its filling follows from both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) life: u32,
    pub(super) number: u64,
    /// How long it is, 20 at least.
    pub(super) len: usize,
}

impl Message {
    /// What stands at a place of the filling: no two words of it are the same for long, so that words that
    /// change places are seen.
    fn filling(self, at: usize) -> u8 {
        let x = (self.number ^ u64::from(self.life) << 32).wrapping_add(at as u64 / 8);
        let word = x.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (word >> (8 * (at % 8))) as u8
    }
}

impl Encode for Message {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.life.to_be_bytes());
        out.extend(self.number.to_be_bytes());
        out.extend((!(self.number ^ u64::from(self.life))).to_be_bytes());
        out.extend((0..self.len.saturating_sub(HEAD)).map(|at| self.filling(at)));
    }
}

impl Decode<'_> for Message {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let (life, number, complement) = (reader.u32()?, reader.u64()?, reader.u64()?);
        let filling = reader.take(reader.rest().len())?;
        let message = Message { life, number, len: HEAD + filling.len() };
        let good = |(at, byte): (usize, &u8)| *byte == message.filling(at);
        if complement != !(number ^ u64::from(life)) || !filling.iter().enumerate().all(good) {
            return Err(WireError::Range("message"));
        }
        Ok(message)
    }
}

/// How many bytes of messages can be read in a datagram, wherever they lie: the head is found by its number
/// and the complement of it, by chance in one of 2^64 places; from there on what fits the filling is read.
pub(super) fn readable(datagram: &[u8]) -> usize {
    let (mut read, mut at) = (0, 0);
    while let Some(head) = datagram.get(at..at + HEAD) {
        let Ok(message) = Message::from_bytes(head) else {
            at += 1;
            continue;
        };
        let filling = datagram[at + HEAD..].iter().enumerate();
        let fits = filling.take_while(|(at, byte)| **byte == message.filling(*at)).count();
        read += HEAD + fits;
        at += HEAD + fits;
    }
    read
}

pub(super) fn dissect(bytes: &[u8]) -> Option<Dissection> {
    Some(match Message::from_bytes(bytes) {
        Ok(Message { life, number, len }) => {
            Dissection::new("message", format!("message {number} ({len} B)"))
                .part("life of the source", life, 0..4)
                .part("number", number, 4..12)
                .part("complement", "matches", 12..HEAD)
                .part("filling", format!("{} bytes", len - HEAD), HEAD..len)
        }
        Err(_) => Dissection::new("damaged", format!("a damaged message ({} B)", bytes.len())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_message_is_read_wherever_it_lies() {
        let message = Message { life: 1, number: 258, len: 52 }.to_bytes();
        for (before, after) in [(0, 0), (3, 0), (0, 9), (8, 8)] {
            let datagram = [&vec![0x55; before][..], &message, &vec![0x55; after]].concat();
            assert_eq!(readable(&datagram), 52);
        }
        assert_eq!(readable(&[&message[..], &message].concat()), 104);
        assert_eq!(readable(&message[..30]), 30);
        assert_eq!(readable(&message[1..]), 0);
        assert_eq!(readable(&[0; 60]), 0);
    }

    #[test]
    fn any_change_is_seen() {
        let message = Message { life: 1, number: 258, len: 52 };
        let good = message.to_bytes();
        assert_eq!(Message::from_bytes(&good), Ok(message));
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Message::from_bytes(&bad).is_err(), "bit {bit}");
        }
        for (a, b) in (0..26).flat_map(|b| (0..b).map(move |a| (a, b))) {
            let mut bad = good.clone();
            (0..2).for_each(|i| bad.swap(2 * a + i, 2 * b + i));
            assert!(bad == good || Message::from_bytes(&bad).is_err(), "words {a} and {b}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            bytes: Vec<u8>, life: u32, number: u64, cut in 0..40_usize, at: usize, bit in 0..8_u32,
        ) {
            let mut real = Message { life, number, len: 36 }.to_bytes();
            let at = at % real.len();
            real[at] ^= 1 << bit;
            real.truncate(cut);
            for bytes in [&bytes[..], &real, &[&real[..], &bytes].concat()] {
                let _ = dissect(bytes);
                prop_assert!(readable(bytes) <= bytes.len());
                if let Ok(message) = Message::from_bytes(bytes) {
                    prop_assert_eq!(message.to_bytes(), bytes);
                }
            }
        }
    }
}
