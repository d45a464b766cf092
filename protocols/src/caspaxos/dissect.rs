//! CASPaxos datagrams in words.

use super::message::{self, Message, Packet};
use super::{Ballot, NUMBERS_OF_A_LIFE, Vote};
use crate::dissect::Walk;
use simlab_core::Dissection;
use simlab_core::wire::{Decode, Reader};

/// Dissects a datagram whose last byte is the port that a parent peeled off; `value` puts a value
/// into words.
pub(crate) fn dissect(bytes: &[u8], value: fn(&[u8]) -> String) -> Option<Dissection> {
    let (&port, bytes) = bytes.split_last()?;
    let Packet { message, .. } = Packet::from_bytes(bytes).ok()?;
    let mut walk = Walk::new(bytes);
    walk.shown("type", Reader::u8, |_| message.kind().to_owned())?;
    let key = walk.shown("key", message::key, |key| (*key).to_owned())?;
    let told = |vote: Option<Vote<&[u8]>>| match vote {
        None => "nothing".to_owned(),
        Some(vote) => format!("{} under {}", value(vote.value), vote.ballot),
    };
    let rest = match message {
        Message::Prepare { ballot } | Message::Accepted { ballot } => {
            walk.field("ballot", Ballot::decode)?;
            ballot.to_string()
        }
        Message::Promise { ballot, accepted } => {
            walk.field("ballot", Ballot::decode)?;
            walk_vote(&mut walk, value)?;
            format!("{ballot}, accepted {}", told(accepted))
        }
        Message::Accept(vote) => {
            walk.field("ballot", Ballot::decode)?;
            walk.shown("value", Reader::bytes, |bytes| value(bytes))?;
            format!("{} of {}", vote.ballot, value(vote.value))
        }
        Message::Nack { ballot, promised } => {
            walk.field("ballot", Ballot::decode)?;
            walk.field("promised", Ballot::decode)?;
            format!("{ballot}, promised {promised}")
        }
        Message::Read { number } => {
            walk.shown("number", Reader::u64, |number| in_life(*number))?;
            format!("number {}", in_life(number))
        }
        Message::State { number, accepted } => {
            walk.shown("number", Reader::u64, |number| in_life(*number))?;
            walk_vote(&mut walk, value)?;
            format!("number {}, accepted {}", in_life(number), told(accepted))
        }
    };
    walk.finish(message.kind(), &format!("{key} {rest}"), port)
}

/// A number of a read as its node's life and the number in it.
fn in_life(number: u64) -> String {
    format!("{}/{}", number / NUMBERS_OF_A_LIFE, number % NUMBERS_OF_A_LIFE)
}

fn walk_vote(walk: &mut Walk<'_>, value: fn(&[u8]) -> String) -> Option<()> {
    if walk.field("has accepted", Reader::bool)? {
        walk.field("accepted ballot", Ballot::decode)?;
        walk.shown("accepted value", Reader::bytes, |bytes| value(bytes))?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caspaxos::message::tests::each;
    use proptest::prelude::*;
    use simlab_core::wire::Encode;

    fn length(bytes: &[u8]) -> String {
        format!("{} bytes", bytes.len())
    }

    #[test]
    fn a_promise_in_words() {
        let vote = Vote { ballot: Ballot::from_word(1 << 32), value: &b"59"[..] };
        let message =
            Message::Promise { ballot: Ballot::from_word(2 << 32 | 1), accepted: Some(vote) };
        let mut bytes = Packet { key: "phone", message }.to_bytes();
        bytes.push(2);
        let dissection = dissect(&bytes, length).expect("a promise");
        assert_eq!(dissection.summary, "promise phone 2.n1, accepted 2 bytes under 1.n0");
        let part = &dissection.parts[2];
        assert_eq!(
            (part.name, part.value.as_str(), part.bytes.clone()),
            ("ballot", "2.n1", 10..18)
        );
    }

    proptest! {
        /// Every byte of a datagram belongs to exactly one field, in order.
        #[test]
        fn fields_cover_the_datagram(key in ".{0,5}", word: u64, number: u64, value: Vec<u8>) {
            each(&key, word, number, &value, |packet| {
                let mut bytes = packet.to_bytes();
                bytes.push(2);
                let dissection = dissect(&bytes, length).expect("a packet");
                assert_eq!(dissection.kind, packet.message.kind());
                let mut end = 0;
                for part in &dissection.parts {
                    assert_eq!(part.bytes.start, end);
                    end = part.bytes.end;
                }
                assert_eq!(end, bytes.len());
            });
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = dissect(&bytes, length);
        }
    }
}
