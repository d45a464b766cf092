//! One direction of a connection, at the end that receives.

use super::segment::{Acknowledgement, BLOCKS_MAX, NO_ECHO};
use std::collections::BTreeMap;

/// What has arrived, and what of it waits for others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Receiver {
    /// The number of the next message to pass on.
    next: u64,
    /// What has come before its turn.
    held: BTreeMap<u64, Vec<u8>>,
    held_bytes: usize,
    /// The message that came last, until an acknowledgement has said so.
    echo: Option<u64>,
    limits: Room,
}

/// What a receiver has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Room {
    /// How many messages from the next one on it takes.
    pub messages: u16,
    /// How many bytes of them may wait.
    pub bytes: usize,
}

/// What became of a message that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is the next one.
    Next,
    /// It is kept until those before it are there.
    Early,
    /// It was here before.
    Again,
    /// There is no room for it.
    NoRoom,
}

impl Receiver {
    /// Nothing has arrived.
    #[must_use]
    pub const fn new(limits: Room) -> Self {
        Receiver { next: 0, held: BTreeMap::new(), held_bytes: 0, echo: None, limits }
    }

    /// Takes a message in. If it is the next one, it is the caller's to pass on, and then what
    /// [`Receiver::pop`] has.
    pub fn arrive(&mut self, seq: u64, message: &[u8]) -> Arrival {
        self.echo = Some(seq);
        if seq < self.next || self.held.contains_key(&seq) {
            return Arrival::Again;
        }
        if seq == self.next {
            self.next = seq.saturating_add(1);
            return Arrival::Next;
        }
        if seq - self.next >= self.limits.messages.into()
            || self.held_bytes + message.len() > self.limits.bytes
        {
            return Arrival::NoRoom;
        }
        self.held_bytes += message.len();
        self.held.insert(seq, message.to_vec());
        Arrival::Early
    }

    /// The next message, if it is here.
    pub fn pop(&mut self) -> Option<Vec<u8>> {
        let message = self.held.remove(&self.next)?;
        self.held_bytes -= message.len();
        self.next += 1;
        Some(message)
    }

    /// Leaves out what is missing before `seq`, as if it had come: only a broken receiver does that.
    pub fn skip_to(&mut self, seq: u64) {
        self.next = self.next.max(seq);
        let next = self.next;
        self.held.retain(|held, _| *held >= next);
        self.held_bytes = self.held.values().map(Vec::len).sum();
    }

    /// What there is to say to the sender. Only the first one after an arrival names it: a later one comes
    /// at another time, and would tell a wrong round trip.
    pub fn acknowledge(&mut self) -> Acknowledgement {
        let mut blocks: Vec<(u64, u64)> = Vec::new();
        for seq in self.held.keys() {
            if let Some((_, until)) = blocks.last_mut().filter(|(_, until)| *until == *seq) {
                *until += 1;
            } else if blocks.len() < BLOCKS_MAX {
                blocks.push((*seq, *seq + 1));
            } else {
                break;
            }
        }
        let echo = self.echo.take().unwrap_or(NO_ECHO);
        Acknowledgement { next: self.next, echo, window: self.limits.messages, blocks }
    }

    /// How many messages wait for others.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// How many messages were passed on, or are the caller's to pass on.
    #[must_use]
    pub const fn passed(&self) -> u64 {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room { messages: 8, bytes: 100 };

    #[test]
    fn what_is_early_waits_for_its_turn() {
        let mut receiver = Receiver::new(ROOM);
        assert_eq!(receiver.arrive(2, b"c"), Arrival::Early);
        assert_eq!(receiver.arrive(0, b"a"), Arrival::Next);
        assert_eq!(receiver.pop(), None);
        assert_eq!(receiver.arrive(1, b"b"), Arrival::Next);
        assert_eq!(receiver.pop(), Some(b"c".to_vec()));
        assert_eq!([0, 1, 2].map(|seq| receiver.arrive(seq, b"x")), [Arrival::Again; 3]);
        assert_eq!(receiver.acknowledge().next, 3);
    }

    #[test]
    fn gaps_are_told() {
        let mut receiver = Receiver::new(ROOM);
        for seq in [0, 2, 3, 5, 7] {
            receiver.arrive(seq, b"x");
        }
        let ack = receiver.acknowledge();
        assert_eq!((ack.next, ack.echo, ack.window), (1, 7, 8));
        assert_eq!(ack.blocks, [(2, 4), (5, 6), (7, 8)]);
        assert_eq!(receiver.acknowledge().echo, NO_ECHO, "it has been told");
    }

    /// However much arrives, no more is kept than there is room for.
    #[test]
    fn room_has_an_end() {
        let mut receiver = Receiver::new(ROOM);
        assert_eq!(receiver.arrive(8, b"x"), Arrival::NoRoom, "beyond the window");
        assert_eq!(receiver.arrive(u64::MAX, b"x"), Arrival::NoRoom);
        assert_eq!(receiver.arrive(1, &[0; 60]), Arrival::Early);
        assert_eq!(receiver.arrive(2, &[0; 60]), Arrival::NoRoom, "too many bytes");
        assert_eq!(receiver.arrive(0, &[0; 1_000]), Arrival::Next, "it need not wait");
    }
}
