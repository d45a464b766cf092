//! Sessions of clients, by which a write takes effect once (Ongaro 2014, §6.3).
//!
//! They are part of the state machine: what it knows of them every node knows, and so does a snapshot. A session has
//! the index of the entry that opened it for a number. It ends when no entry of it has come for a time; the time is
//! that of the log, which is what leaders wrote into their entries, so that all nodes let it end at the same entry.

use super::kv::Answer;
use super::tally::Tally;
use simlab_core::wire::{Decode, Encode, Reader, WireError, put_count};
use simlab_core::{Digest, Duration, Time};
use std::collections::BTreeMap;

/// How many answers a session keeps. Of a client that waits for more writes at a time what becomes of the first of them is not
/// known any more, and those that come later still are not done.
const ANSWERS_MAX: usize = 1_024;

/// What is known of a write when it is to be applied.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Known {
    /// It was not applied before.
    New,
    /// It was, and this came of it.
    Answered(Answer),
    /// Its client has said that it has had the answer, so that it is an old copy; or waits for too many others.
    Settled,
    /// There is no such session, or no longer: whether it was applied nobody knows.
    Expired,
}

/// One client's writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Session {
    /// Below this number the client waits for nothing any more.
    settled: u64,
    answers: BTreeMap<u64, Answer>,
    /// Of the answers, by their numbers.
    tally: Tally,
    /// The time of its last entry.
    used: Time,
}

impl Session {
    /// What the digest of all sessions has of this one.
    const fn told(&self, id: u64) -> (u64, u64, Tally, Time) {
        (id, self.settled, self.tally, self.used)
    }

    fn keep(&mut self, number: u64, answer: Answer) {
        self.tally.add(&(number, &answer));
        if let Some(before) = self.answers.insert(number, answer) {
            self.tally.take(&(number, before));
        }
    }

    /// The client waits for nothing below this number any more.
    fn settle(&mut self, below: u64) {
        self.settled = self.settled.max(below);
        while let Some(first) = self.answers.first_entry()
            && *first.key() < self.settled
        {
            self.tally.take(&first.remove_entry());
        }
    }
}

/// All sessions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sessions {
    open: BTreeMap<u64, Session>,
    /// The time of the log.
    now: Time,
    tally: Tally,
}

impl Default for Sessions {
    fn default() -> Self {
        Sessions { open: BTreeMap::new(), now: Time::ZERO, tally: Tally::default() }
    }
}

impl Sessions {
    /// An entry of this time is applied: which sessions end by it. The time of the log never goes back.
    pub fn advance(&mut self, to: Time, lifetime: Duration) -> Vec<u64> {
        self.now = self.now.max(to);
        let over = |session: &Session| self.now.since(session.used) > lifetime;
        let gone = self.open.iter().filter(|(_, session)| over(session));
        let gone: Vec<u64> = gone.map(|(id, _)| *id).collect();
        for id in &gone {
            self.end(*id);
        }
        gone
    }

    /// Opens a session, which has the index of its entry for a number. Of more than `most` the one ends that was used
    /// least lately.
    pub fn open(&mut self, index: u64, most: usize) -> Option<u64> {
        let session = Session { used: self.now, ..Session::default() };
        self.tally.add(&session.told(index));
        self.open.insert(index, session);
        if self.open.len() <= most.max(1) {
            return None;
        }
        let least = self.open.iter().min_by_key(|(id, session)| (session.used, **id));
        let least = least.map(|(id, _)| *id)?;
        self.end(least);
        Some(least)
    }

    fn end(&mut self, id: u64) {
        if let Some(session) = self.open.remove(&id) {
            self.tally.take(&session.told(id));
        }
    }

    /// Changes a session, if it is open.
    fn change<T>(&mut self, id: u64, change: impl FnOnce(&mut Session) -> T) -> Option<T> {
        let session = self.open.get_mut(&id)?;
        self.tally.take(&session.told(id));
        let came = change(session);
        self.tally.add(&session.told(id));
        Some(came)
    }

    /// What is known of a write of a session; its client waits for no write below `settled` any more.
    pub fn look(&mut self, session: u64, number: u64, settled: u64) -> Known {
        let now = self.now;
        let known = self.change(session, |session| {
            session.used = now;
            session.settle(settled.min(number));
            match session.answers.get(&number) {
                Some(answer) => Known::Answered(answer.clone()),
                None if number < session.settled => Known::Settled,
                None => Known::New,
            }
        });
        known.unwrap_or(Known::Expired)
    }

    /// A write was applied.
    pub fn answer(&mut self, session: u64, number: u64, answer: Answer) {
        self.change(session, |session| {
            session.keep(number, answer);
            if session.answers.len() > ANSWERS_MAX
                && let Some((first, _)) = session.answers.first_key_value()
            {
                session.settle(first + 1);
            }
        });
    }

    /// A digest of all that is known of them.
    #[must_use]
    pub const fn digest(&self) -> u64 {
        let mut digest = Digest::new();
        digest.word(self.now.nanos());
        digest.word(self.tally.value());
        digest.value()
    }

    /// How many are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

impl Encode for Sessions {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.now.nanos().to_be_bytes());
        put_count(out, self.open.len());
        for (id, session) in &self.open {
            out.extend(id.to_be_bytes());
            out.extend(session.settled.to_be_bytes());
            out.extend(session.used.nanos().to_be_bytes());
            put_count(out, session.answers.len());
            for (number, answer) in &session.answers {
                out.extend(number.to_be_bytes());
                answer.encode(out);
            }
        }
    }
}

impl Decode<'_> for Sessions {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut sessions = Sessions { now: Time(reader.u64()?), ..Sessions::default() };
        for _ in 0..reader.count(26)? {
            let (id, settled, used) = (reader.u64()?, reader.u64()?, Time(reader.u64()?));
            let mut session = Session { settled, used, ..Session::default() };
            for _ in 0..reader.count(9)? {
                let (number, answer) = (reader.u64()?, Answer::decode(reader)?);
                if session.answers.last_key_value().is_some_and(|(last, _)| *last >= number) {
                    return Err(WireError::Range("numbers of a session"));
                }
                session.keep(number, answer);
            }
            if sessions.open.last_key_value().is_some_and(|(last, _)| *last >= id) {
                return Err(WireError::Range("sessions"));
            }
            sessions.tally.add(&session.told(id));
            sessions.open.insert(id, session);
        }
        Ok(sessions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    const fn s(n: u64) -> Time {
        Time(n * 1_000_000_000)
    }

    #[test]
    fn a_write_is_applied_once() {
        let mut sessions = Sessions::default();
        assert_eq!(sessions.open(7, 10), None);
        assert_eq!(sessions.look(7, 0, 0), Known::New);
        sessions.answer(7, 0, Answer::Done(true));
        assert_eq!(sessions.look(7, 0, 0), Known::Answered(Answer::Done(true)));
        assert_eq!(sessions.look(7, 1, 1), Known::New, "0 is settled by that");
        assert_eq!(sessions.look(7, 0, 0), Known::Settled, "an old copy");
        assert_eq!(sessions.look(8, 0, 0), Known::Expired);
    }

    #[test]
    fn a_session_ends_by_the_time_of_the_log() {
        let mut sessions = Sessions::default();
        sessions.advance(s(10), HOUR);
        sessions.open(1, 10);
        assert!(sessions.advance(s(3_610), HOUR).is_empty(), "it is as old as it may be");
        assert!(sessions.advance(s(5), HOUR).is_empty(), "time does not go back");
        assert_eq!(sessions.advance(s(3_611), HOUR), [1]);
        assert_eq!(sessions.look(1, 0, 0), Known::Expired);
    }

    #[test]
    fn there_is_room_for_so_many() {
        let mut sessions = Sessions::default();
        for index in 1..=3 {
            sessions.advance(s(index), HOUR);
            assert_eq!(sessions.open(index, 3), None);
        }
        sessions.advance(s(9), HOUR);
        sessions.look(1, 0, 0);
        assert_eq!(sessions.open(4, 3), Some(2), "1 was used later");
        assert_eq!(sessions.len(), 3);
    }

    /// Who never says what it has had the answers to is told less in time, and nothing is done twice.
    #[test]
    fn a_session_keeps_so_many_answers() {
        let mut sessions = Sessions::default();
        sessions.open(1, 1);
        for number in 0..100_000 {
            assert_eq!(sessions.look(1, number, 0), Known::New);
            sessions.answer(1, number, Answer::Done(true));
        }
        let kept = 100_000 - ANSWERS_MAX as u64;
        assert_eq!(sessions.look(1, kept, 0), Known::Answered(Answer::Done(true)));
        assert_eq!(sessions.look(1, kept - 1, 0), Known::Settled);
        assert_eq!(Sessions::from_bytes(&sessions.to_bytes()), Ok(sessions));
    }

    /// What is out of order nobody has written: the same state has the same bytes.
    #[test]
    fn bytes_are_in_order() {
        let mut sessions = Sessions::default();
        assert!(sessions.is_empty());
        sessions.open(3, 2);
        sessions.open(8, 2);
        for (session, number) in [(3, 4), (3, 5), (8, 0)] {
            sessions.answer(session, number, Answer::Done(true));
        }
        assert!(!sessions.is_empty());
        let bytes = sessions.to_bytes();
        assert_eq!(Sessions::from_bytes(&bytes), Ok(sessions));
        let places = bytes.windows(8).enumerate();
        for (word, others) in [(8_u64, [3, 2]), (5, [4, 3])] {
            let mut found = places.clone().rev().filter(|(_, bytes)| *bytes == word.to_be_bytes());
            let at = found.next().expect("it is there").0;
            for other in others {
                let mut bytes = bytes.clone();
                bytes[at..at + 8].copy_from_slice(&u64::to_be_bytes(other));
                let read = Sessions::from_bytes(&bytes);
                assert!(matches!(read, Err(WireError::Range(_))), "{other} for {word}");
            }
        }
    }

    proptest! {
        /// Whatever copies come, in whatever order, each write is new once.
        #[test]
        fn each_write_is_new_once(copies in proptest::collection::vec((0..9_u64, 0..9_u64), 0..60)) {
            let mut sessions = Sessions::default();
            sessions.open(1, 1);
            let mut applied = std::collections::BTreeSet::new();
            for (number, settled) in copies {
                if sessions.look(1, number, settled.min(number)) == Known::New {
                    prop_assert!(applied.insert(number));
                    sessions.answer(1, number, Answer::Done(true));
                }
                prop_assert_eq!(Sessions::from_bytes(&sessions.to_bytes()), Ok(sessions.clone()));
            }
        }

        #[test]
        fn no_bytes_make_decoding_panic(bytes: Vec<u8>) {
            if let Ok(sessions) = Sessions::from_bytes(&bytes) {
                prop_assert_eq!(sessions.to_bytes(), bytes);
            }
        }
    }
}
