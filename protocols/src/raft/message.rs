//! What nodes of Raft say to each other: `RequestVote`, `AppendEntries` and `InstallSnapshot` of the paper with their
//! answers, and `TimeoutNow` (Ongaro 2014, figures 3.1, 5.3 and §3.10).
//!
//! ```text
//! message   1 kind   8 term   what the kind has
//! ```
//!
//! Numbers beyond [`TERM_MAX`] and [`INDEX_MAX`] are no message: nobody gets there, and sums of what is below them
//! do not overflow.

use super::configuration::Configuration;
use super::log::{Entry, Hint, Position};
use simlab_core::wire::{Decode, Encode, Reader, WireError, put_bytes, put_count};
use std::borrow::Cow;

/// The largest term.
pub const TERM_MAX: u64 = (1 << 24) - 1;
/// The largest index.
pub const INDEX_MAX: u64 = (1 << 40) - 1;
/// How long a snapshot may be, in bytes.
pub const SNAPSHOT_MAX: u64 = 1 << 30;

/// A message, of a term.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message<'a> {
    /// The sender's term; of a question before an election, and a yes to it, the one that would begin.
    pub term: u64,
    /// What it says.
    pub body: Body<'a>,
}

/// For what a vote is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Campaign {
    /// Whether there would be one (§9.6).
    PreVote,
    /// A vote.
    Election,
    /// A vote, on the word of the leader that gives way (§3.10): who hears it need not keep silent.
    Transfer,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Body<'a> {
    /// A candidate asks for a vote.
    RequestVote {
        /// What for.
        campaign: Campaign,
        /// Where its log ends.
        last: Position,
    },
    /// The answer.
    Voted {
        /// What for.
        campaign: Campaign,
        /// Whether it is given.
        granted: bool,
    },
    /// A leader's entries, or none: a heart-beat.
    Append {
        /// The entry before them: `prevLogIndex` and `prevLogTerm` of the paper.
        prev: Position,
        /// Up to where the leader has committed.
        commit: u64,
        /// The number of the leader's round of questions whether it still is one (§6.4).
        round: u64,
        /// The entries.
        entries: Cow<'a, [Entry]>,
    },
    /// The answer.
    Appended {
        /// The highest round that the follower has heard of in this term.
        round: u64,
        /// What is so.
        log: Appended,
    },
    /// A part of a leader's snapshot.
    Install {
        /// The last entry that is in it.
        last: Position,
        /// Who is in the cluster at that entry.
        configuration: Configuration,
        /// As of an [`Append`](Body::Append).
        round: u64,
        /// Where the part begins.
        offset: u64,
        /// How long the whole is.
        total: u64,
        /// The part.
        chunk: Cow<'a, [u8]>,
    },
    /// The answer, if the snapshot is not there as a whole.
    Installing {
        /// As of an [`Appended`](Body::Appended).
        round: u64,
        /// The last entry of the snapshot.
        index: u64,
        /// Where the part begins that this is the answer to.
        part: u64,
        /// From where on it is missing.
        offset: u64,
    },
    /// Stand for election at once (§3.10).
    TimeoutNow,
}

/// What a follower says of its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Appended {
    /// It is the leader's up to here, durably.
    Matches(u64),
    /// The entry at `asked` is another one, or missing.
    Conflict {
        /// Which.
        asked: u64,
        /// Where to look.
        hint: Hint,
    },
}

impl Body<'_> {
    /// Its name in the paper.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Body::RequestVote { campaign: Campaign::PreVote, .. } => "request pre-vote",
            Body::RequestVote { .. } => "request vote",
            Body::Voted { campaign: Campaign::PreVote, .. } => "pre-vote",
            Body::Voted { .. } => "vote",
            Body::Append { entries, .. } if entries.is_empty() => "heartbeat",
            Body::Append { .. } => "append",
            Body::Appended { .. } => "appended",
            Body::Install { .. } => "install snapshot",
            Body::Installing { .. } => "installing",
            Body::TimeoutNow => "timeout now",
        }
    }
}

impl Encode for Campaign {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }
}

impl Decode<'_> for Campaign {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match reader.u8()? {
            0 => Campaign::PreVote,
            1 => Campaign::Election,
            2 => Campaign::Transfer,
            tag => return Err(WireError::Tag { what: "campaign", tag }),
        })
    }
}

/// Reads a number that is not above `most`.
fn up_to(reader: &mut Reader<'_>, most: u64, what: &'static str) -> Result<u64, WireError> {
    let number = reader.u64()?;
    if number > most { Err(WireError::Range(what)) } else { Ok(number) }
}

/// Reads a term.
pub(super) fn term(reader: &mut Reader<'_>) -> Result<u64, WireError> {
    up_to(reader, TERM_MAX, "term")
}

/// Reads an index.
pub(super) fn index(reader: &mut Reader<'_>) -> Result<u64, WireError> {
    up_to(reader, INDEX_MAX, "index")
}

impl Encode for Position {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.index.to_be_bytes());
        out.extend(self.term.to_be_bytes());
    }
}

impl Decode<'_> for Position {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Position { index: index(reader)?, term: term(reader)? })
    }
}

impl Encode for Appended {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Appended::Matches(index) => {
                out.push(0);
                out.extend(index.to_be_bytes());
            }
            Appended::Conflict { asked, hint } => {
                out.push(1);
                out.extend(asked.to_be_bytes());
                out.extend(hint.index.to_be_bytes());
                out.push(u8::from(hint.term.is_some()));
                if let Some(term) = hint.term {
                    out.extend(term.to_be_bytes());
                }
            }
        }
    }
}

impl Decode<'_> for Appended {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match reader.u8()? {
            0 => Appended::Matches(index(reader)?),
            1 => {
                let (asked, at) = (index(reader)?, index(reader)?);
                let term = if reader.bool()? { Some(term(reader)?) } else { None };
                Appended::Conflict { asked, hint: Hint { term, index: at } }
            }
            tag => return Err(WireError::Tag { what: "appended", tag }),
        })
    }
}

/// Reads entries that follow `prev` in the log of a leader of `term`: their terms do not go back, and are not to come.
pub(super) fn entries(
    reader: &mut Reader<'_>,
    prev: Position,
    term: u64,
) -> Result<Vec<Entry>, WireError> {
    let mut last = prev.term;
    let mut entries = Vec::new();
    for _ in 0..reader.count(9)? {
        let entry = Entry::decode(reader)?;
        if entry.term < last || entry.term > term {
            return Err(WireError::Range("term of an entry"));
        }
        last = entry.term;
        entries.push(entry);
    }
    if prev.index + entries.len() as u64 > INDEX_MAX {
        return Err(WireError::Range("index"));
    }
    Ok(entries)
}

impl Encode for Message<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        let tag = match &self.body {
            Body::RequestVote { .. } => 1,
            Body::Voted { .. } => 2,
            Body::Append { .. } => 3,
            Body::Appended { .. } => 4,
            Body::Install { .. } => 5,
            Body::Installing { .. } => 6,
            Body::TimeoutNow => 7,
        };
        out.push(tag);
        out.extend(self.term.to_be_bytes());
        match &self.body {
            Body::RequestVote { campaign, last } => {
                campaign.encode(out);
                last.encode(out);
            }
            Body::Voted { campaign, granted } => {
                campaign.encode(out);
                out.push(u8::from(*granted));
            }
            Body::Append { prev, commit, round, entries } => {
                prev.encode(out);
                out.extend(commit.to_be_bytes());
                out.extend(round.to_be_bytes());
                put_count(out, entries.len());
                for entry in entries.iter() {
                    entry.encode(out);
                }
            }
            Body::Appended { round, log } => {
                out.extend(round.to_be_bytes());
                log.encode(out);
            }
            Body::Install { last, configuration, round, offset, total, chunk } => {
                last.encode(out);
                configuration.encode(out);
                out.extend(round.to_be_bytes());
                out.extend(offset.to_be_bytes());
                out.extend(total.to_be_bytes());
                put_bytes(out, chunk);
            }
            Body::Installing { round, index, part, offset } => {
                out.extend(round.to_be_bytes());
                out.extend(index.to_be_bytes());
                out.extend(part.to_be_bytes());
                out.extend(offset.to_be_bytes());
            }
            Body::TimeoutNow => {}
        }
    }
}

impl<'a> Decode<'a> for Message<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, WireError> {
        let tag = reader.u8()?;
        let term = term(reader)?;
        let body = match tag {
            1 => Body::RequestVote {
                campaign: Campaign::decode(reader)?,
                last: Position::decode(reader)?,
            },
            2 => Body::Voted { campaign: Campaign::decode(reader)?, granted: reader.bool()? },
            3 => {
                let prev = Position::decode(reader)?;
                let (commit, round) = (index(reader)?, reader.u64()?);
                let entries = Cow::Owned(entries(reader, prev, term)?);
                Body::Append { prev, commit, round, entries }
            }
            4 => Body::Appended { round: reader.u64()?, log: Appended::decode(reader)? },
            5 => {
                let last = Position::decode(reader)?;
                let configuration = Configuration::decode(reader)?;
                let (round, offset) = (reader.u64()?, reader.u64()?);
                let total = up_to(reader, SNAPSHOT_MAX, "length of a snapshot")?;
                let chunk = reader.bytes()?;
                if last.term > term || offset > total || chunk.len() as u64 > total - offset {
                    return Err(WireError::Range("part of a snapshot"));
                }
                Body::Install { last, configuration, round, offset, total, chunk: chunk.into() }
            }
            6 => {
                let (round, index) = (reader.u64()?, index(reader)?);
                Body::Installing { round, index, part: reader.u64()?, offset: reader.u64()? }
            }
            7 => Body::TimeoutNow,
            tag => return Err(WireError::Tag { what: "message", tag }),
        };
        Ok(Message { term, body })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::log::Payload;
    use super::*;
    use proptest::prelude::*;
    use simlab_core::NodeId;

    fn position() -> impl Strategy<Value = Position> {
        (0..99_u64, 0..9_u64).prop_map(|(index, term)| Position { index, term })
    }

    fn entry(term: u64, payload: (u8, Vec<u8>)) -> Entry {
        let payload = match payload.0 % 3 {
            0 => Payload::Nothing,
            1 => Payload::Command(payload.1),
            _ => Payload::Configuration(Configuration::of([NodeId(1), NodeId(7)])),
        };
        Entry { term, payload }
    }

    fn body() -> impl Strategy<Value = Body<'static>> {
        let campaign = prop_oneof![
            Just(Campaign::PreVote),
            Just(Campaign::Election),
            Just(Campaign::Transfer)
        ];
        let payloads = proptest::collection::vec(any::<(u8, Vec<u8>)>(), 0..4);
        let hint = (proptest::option::of(0..9_u64), 0..99_u64)
            .prop_map(|(term, index)| Hint { term, index });
        prop_oneof![
            (campaign.clone(), position())
                .prop_map(|(campaign, last)| Body::RequestVote { campaign, last }),
            (campaign, any::<bool>())
                .prop_map(|(campaign, granted)| Body::Voted { campaign, granted }),
            (position(), 0..99_u64, any::<u64>(), payloads).prop_map(
                |(prev, commit, round, payloads)| {
                    let entries = payloads.into_iter().map(|payload| entry(9, payload));
                    let entries = Cow::Owned(entries.collect());
                    Body::Append { prev, commit, round, entries }
                }
            ),
            (any::<u64>(), 0..99_u64)
                .prop_map(|(round, at)| Body::Appended { round, log: Appended::Matches(at) }),
            (any::<u64>(), 0..99_u64, hint).prop_map(|(round, asked, hint)| Body::Appended {
                round,
                log: Appended::Conflict { asked, hint },
            }),
            (position(), any::<u64>(), 0..99_u64, any::<Vec<u8>>()).prop_map(
                |(last, round, offset, chunk)| Body::Install {
                    last,
                    configuration: Configuration::of([NodeId(3)]),
                    round,
                    offset,
                    total: offset + chunk.len() as u64 + 1,
                    chunk: chunk.into(),
                }
            ),
            (any::<u64>(), 0..99_u64, any::<u64>(), any::<u64>()).prop_map(
                |(round, index, part, offset)| Body::Installing { round, index, part, offset }
            ),
            Just(Body::TimeoutNow),
        ]
    }

    /// Messages as nodes send them.
    pub(in super::super) fn message() -> impl Strategy<Value = Message<'static>> {
        (9..99_u64, body()).prop_map(|(term, body)| Message { term, body })
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(message in message()) {
            let bytes = message.to_bytes();
            prop_assert_eq!(Message::from_bytes(&bytes), Ok(message));
        }

        #[test]
        fn no_bytes_make_decoding_panic(kind in 0..9_u8, bytes: Vec<u8>) {
            let bytes = [&[kind, 0, 0, 0, 0][..], &bytes].concat();
            if let Ok(read) = Message::from_bytes(&bytes) {
                prop_assert_eq!(read.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn numbers_have_bounds() {
        assert_eq!([TERM_MAX, INDEX_MAX, SNAPSHOT_MAX], [0xff_ffff, 0xff_ffff_ffff, 0x4000_0000]);
        let install = |last: Position, (offset, total), len: usize| {
            let configuration = Configuration::default();
            let chunk = vec![0; len].into();
            let body = Body::Install { last, configuration, round: 0, offset, total, chunk };
            Message::from_bytes(&Message { term: 5, body }.to_bytes()).is_ok()
        };
        let last = Position { index: INDEX_MAX, term: 5 };
        for (part, len) in [((0, 0), 0), ((3, 9), 6), ((9, 9), 0), ((0, SNAPSHOT_MAX), 1)] {
            assert!(install(last, part, len), "{part:?} {len}");
        }
        for (part, len) in [((10, 9), 0), ((3, 9), 7), ((0, 5), 6), ((0, SNAPSHOT_MAX + 1), 1)] {
            assert!(!install(last, part, len), "{part:?} {len}");
        }
        assert!(!install(Position { index: 1, term: 6 }, (0, 0), 0), "of a later term");
        let term = |term| Message { term, body: Body::TimeoutNow }.to_bytes();
        assert!(Message::from_bytes(&term(TERM_MAX)).is_ok());
        let entries = |prev: u64| {
            let prev = Position { index: prev, term: 2 };
            let entries = vec![entry(2, (0, Vec::new()))].into();
            let body = Body::Append { prev, commit: 0, round: 0, entries };
            Message::from_bytes(&Message { term: 5, body }.to_bytes()).is_ok()
        };
        assert!(entries(INDEX_MAX - 1) && !entries(INDEX_MAX));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let append = |prev: Position, terms: &[u64]| {
            let entries = terms.iter().map(|term| entry(*term, (0, Vec::new()))).collect();
            let body = Body::Append { prev, commit: 0, round: 0, entries };
            Message { term: 5, body }.to_bytes()
        };
        let at = |index, term| Position { index, term };
        assert!(Message::from_bytes(&append(at(3, 2), &[2, 5])).is_ok());
        for bytes in [
            append(at(3, 4), &[3]),
            append(at(3, 2), &[4, 3]),
            append(at(3, 2), &[6]),
            append(at(INDEX_MAX, 2), &[3]),
            append(at(INDEX_MAX + 1, 2), &[]),
            append(at(3, TERM_MAX + 1), &[]),
            Message { term: TERM_MAX + 1, body: Body::TimeoutNow }.to_bytes(),
        ] {
            assert!(Message::from_bytes(&bytes).is_err());
        }
    }
}
