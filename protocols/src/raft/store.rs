//! The state machine of the key-value service: keys and values, and the sessions of those who write them.

use super::kv::{Answer, Kv, Operation};
use super::machine::Machine;
use super::sessions::{Known, Sessions};
use simlab_core::wire::{Decode, Encode, Reader, WireError};
use simlab_core::{Digest, Duration, Time};

/// A command of the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Command {
    /// When a leader took it, by its clock: the time of the log (§6.3).
    pub time: Time,
    /// What is to be done.
    pub request: Request,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// A session is opened.
    Open,
    /// Something is done once in a session.
    Once {
        /// The session: the index of the entry that opened it.
        session: u64,
        /// The number of the write in it.
        number: u64,
        /// The client waits for no write below this one any more.
        settled: u64,
        /// What.
        operation: Operation,
    },
    /// Something is done as often as it is in the log.
    Always(Operation),
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A session of this number is open.
    Opened(u64),
    /// This, now or when it was done.
    Answer(Answer),
    /// It was done before, and its client has had the answer.
    Settled,
    /// There is no such session any more.
    Expired,
    /// It was no command.
    Unreadable,
}

/// What is applied, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Applied {
    /// What came of the command.
    pub outcome: Outcome,
    /// How many sessions ended at it.
    pub expired: usize,
    /// Whether it was done before.
    pub again: bool,
}

/// Keys, values and sessions.
#[derive(Clone, Debug, Hash)]
pub struct Store {
    kv: Kv,
    sessions: Sessions,
    /// How long a session lives that is not used, and how many there are.
    lifetime: Duration,
    most: usize,
    /// Whether snapshots have the sessions: without, a rule is left out.
    keeps_sessions: bool,
}

impl Store {
    /// An empty store.
    #[must_use]
    pub fn new(lifetime: Duration, most: usize, keeps_sessions: bool) -> Self {
        Store { kv: Kv::default(), sessions: Sessions::default(), lifetime, most, keeps_sessions }
    }

    /// Keys and values.
    #[must_use]
    pub const fn kv(&self) -> &Kv {
        &self.kv
    }

    /// The sessions.
    #[must_use]
    pub const fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    fn once(
        &mut self,
        session: u64,
        number: u64,
        settled: u64,
        operation: &Operation,
    ) -> (Outcome, bool) {
        match self.sessions.look(session, number, settled) {
            Known::New => {
                let answer = self.kv.apply(operation);
                self.sessions.answer(session, number, answer.clone());
                (Outcome::Answer(answer), false)
            }
            Known::Answered(answer) => (Outcome::Answer(answer), true),
            Known::Settled => (Outcome::Settled, true),
            Known::Expired => (Outcome::Expired, false),
        }
    }
}

impl Machine for Store {
    type Answer = Applied;

    fn apply(&mut self, index: u64, command: &[u8]) -> Applied {
        let Ok(Command { time, request }) = Command::from_bytes(command) else {
            return Applied { outcome: Outcome::Unreadable, expired: 0, again: false };
        };
        let mut expired = self.sessions.advance(time, self.lifetime).len();
        let (outcome, again) = match &request {
            Request::Open => {
                expired += usize::from(self.sessions.open(index, self.most).is_some());
                (Outcome::Opened(index), false)
            }
            Request::Once { session, number, settled, operation } => {
                self.once(*session, *number, *settled, operation)
            }
            Request::Always(operation) => (Outcome::Answer(self.kv.apply(operation)), false),
        };
        Applied { outcome, expired, again }
    }

    fn digest(&self) -> u64 {
        let mut digest = Digest::new();
        digest.word(self.kv.digest());
        digest.word(self.sessions.digest());
        digest.value()
    }

    fn snapshot(&self) -> Vec<u8> {
        let mut bytes = self.kv.to_bytes();
        match self.keeps_sessions {
            true => self.sessions.encode(&mut bytes),
            false => Sessions::default().encode(&mut bytes),
        }
        bytes
    }

    fn restore(&mut self, snapshot: &[u8]) -> bool {
        let mut reader = Reader::new(snapshot);
        let read = Kv::decode(&mut reader).and_then(|kv| Ok((kv, Sessions::decode(&mut reader)?)));
        match (read, reader.finish()) {
            (Ok((kv, sessions)), Ok(())) => {
                (self.kv, self.sessions) = (kv, sessions);
                true
            }
            _ => false,
        }
    }
}

impl Encode for Command {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.time.nanos().to_be_bytes());
        match &self.request {
            Request::Open => out.push(1),
            Request::Once { session, number, settled, operation } => {
                out.push(2);
                for word in [session, number, settled] {
                    out.extend(word.to_be_bytes());
                }
                operation.encode(out);
            }
            Request::Always(operation) => {
                out.push(3);
                operation.encode(out);
            }
        }
    }
}

impl Decode<'_> for Command {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let time = Time(reader.u64()?);
        let request = match reader.u8()? {
            1 => Request::Open,
            2 => {
                let (session, number, settled) = (reader.u64()?, reader.u64()?, reader.u64()?);
                Request::Once { session, number, settled, operation: Operation::decode(reader)? }
            }
            3 => Request::Always(Operation::decode(reader)?),
            tag => return Err(WireError::Tag { what: "command", tag }),
        };
        Ok(Command { time, request })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(keeps_sessions: bool) -> Store {
        Store::new(Duration::from_secs(10), 3, keeps_sessions)
    }

    fn at(seconds: u64, request: Request) -> Vec<u8> {
        Command { time: Time(seconds * 1_000_000_000), request }.to_bytes()
    }

    fn append(session: u64, number: u64) -> Request {
        let operation = Operation::Append { key: "k".to_owned(), value: b"x".to_vec() };
        Request::Once { session, number, settled: 0, operation }
    }

    #[test]
    fn a_copy_is_answered_and_not_done_again() {
        let mut store = store(true);
        assert_eq!(store.apply(4, &at(1, Request::Open)).outcome, Outcome::Opened(4));
        let first = store.apply(5, &at(1, append(4, 0)));
        let copy = store.apply(6, &at(2, append(4, 0)));
        assert_eq!((first.again, copy.again), (false, true));
        assert_eq!(first.outcome, copy.outcome);
        assert_eq!(store.kv().get("k"), Answer::Held(Some(b"x".to_vec())));
        let late = store.apply(7, &at(13, append(4, 0)));
        assert_eq!((late.outcome, late.expired), (Outcome::Expired, 1));
        assert_eq!(store.apply(8, b"what").outcome, Outcome::Unreadable);
    }

    /// Where there is no room for one more session the one that is used least ends, and is counted.
    #[test]
    fn a_session_that_makes_room_has_ended() {
        let mut store = store(true);
        let ended = [1, 2, 3, 4].map(|index| store.apply(index, &at(index, Request::Open)).expired);
        assert_eq!(ended, [0, 0, 0, 1]);
    }

    /// What a switch leaves out: a copy that comes after a snapshot is done again.
    #[test]
    fn sessions_are_part_of_a_snapshot() {
        for keeps in [true, false] {
            let mut before = store(keeps);
            before.apply(1, &at(1, Request::Open));
            before.apply(2, &at(1, append(1, 0)));
            let mut after = store(keeps);
            assert!(after.restore(&before.snapshot()));
            assert_eq!(after.digest() == before.digest(), keeps);
            let copy = after.apply(3, &at(1, append(1, 0)));
            assert_eq!(copy.outcome == Outcome::Expired, !keeps);
        }
    }

    #[test]
    fn what_is_no_snapshot_changes_nothing() {
        let mut store = store(true);
        store.apply(1, &at(1, Request::Open));
        let digest = store.digest();
        for bytes in [&b""[..], b"what", &[&store.snapshot()[..], &[0]].concat()] {
            assert!(!store.restore(bytes));
            assert_eq!(store.digest(), digest);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let mut store = store(true);
            store.apply(1, &bytes);
            store.restore(&bytes);
        }
    }
}
