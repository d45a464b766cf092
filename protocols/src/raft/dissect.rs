//! Datagrams of Raft and of its service in words.

use super::configuration::Configuration;
use super::log::{Entry, Payload, Position};
use super::message::{Appended, Body, Campaign, Message};
use super::service::kvs;
use super::store::{Command, Request};
use crate::dissect::Walk;
use crate::rpc;
use simlab_core::Dissection;
use simlab_core::wire::{Decode, Reader};
use std::fmt;

/// Dissects a datagram of a node of the service, its port included: a call, or a message of Raft.
pub(super) fn dissect(bytes: &[u8]) -> Option<Dissection> {
    let (&port, message) = bytes.split_last()?;
    if port == rpc::PORT.0.get() {
        return kvs::dissect(bytes);
    }
    (port == super::service::RAFT.0.get()).then_some(())?;
    raft(message, port, command)
}

/// Dissects a message of Raft whose port a parent has peeled off; `command` says what a command of its log is.
pub(crate) fn raft(bytes: &[u8], port: u8, command: fn(&[u8]) -> String) -> Option<Dissection> {
    let Message { term, body } = Message::from_bytes(bytes).ok()?;
    let mut walk = Walk::new(bytes);
    walk.shown("type", Reader::u8, |_| body.kind().to_owned())?;
    walk.field("term", Reader::u64)?;
    let words = match &body {
        Body::RequestVote { last, .. } => {
            walk.shown("campaign", Campaign::decode, |campaign| {
                campaign_name(*campaign).to_owned()
            })?;
            walk.field("last entry", Position::decode)?;
            format!("term {term}, log to {last}")
        }
        Body::Voted { granted, .. } => {
            walk.shown("campaign", Campaign::decode, |campaign| {
                campaign_name(*campaign).to_owned()
            })?;
            walk.field("granted", Reader::bool)?;
            format!("term {term}: {}", if *granted { "yes" } else { "no" })
        }
        Body::Append { prev, commit, entries, .. } => {
            walk.field("entry before", Position::decode)?;
            walk.field("commit", Reader::u64)?;
            walk.field("round", Reader::u64)?;
            let count = walk.field("entries", Reader::u16)?;
            for _ in 0..count {
                walk.shown("entry", Entry::decode, |entry| words(entry, command))?;
            }
            match entries.len() {
                0 => format!("term {term}, commit {commit}"),
                1 => {
                    let words = words(&entries[0], command);
                    format!("term {term}, {} after {prev}: {words}", entries[0].term)
                }
                count => format!("term {term}, {count} entries after {prev}"),
            }
        }
        Body::Appended { log, .. } => {
            walk.field("round", Reader::u64)?;
            walk.field("log", Appended::decode)?;
            format!("term {term}, {log}")
        }
        Body::Install { last, offset, total, chunk, .. } => {
            walk.field("last entry", Position::decode)?;
            walk.field("members", Configuration::decode)?;
            walk.field("round", Reader::u64)?;
            walk.field("offset", Reader::u64)?;
            walk.field("total", Reader::u64)?;
            walk.shown("part", Reader::bytes, |part| format!("{} bytes", part.len()))?;
            let end = offset + chunk.len() as u64;
            format!("term {term}, up to {last}: bytes {offset} to {end} of {total}")
        }
        Body::Installing { index, offset, .. } => {
            walk.field("round", Reader::u64)?;
            walk.field("last entry", Reader::u64)?;
            walk.field("answered part", Reader::u64)?;
            walk.field("offset", Reader::u64)?;
            format!("term {term}, up to {index}: from byte {offset} on")
        }
        Body::TimeoutNow => format!("term {term}"),
    };
    walk.finish(body.kind(), &words, port)
}

const fn campaign_name(campaign: Campaign) -> &'static str {
    match campaign {
        Campaign::PreVote => "pre-vote",
        Campaign::Election => "vote",
        Campaign::Transfer => "vote, the leader gives way",
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.term, self.index)
    }
}

impl fmt::Display for Appended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Appended::Matches(0) => f.write_str("says of its log nothing"),
            Appended::Matches(index) => write!(f, "matches up to {index}"),
            Appended::Conflict { asked, hint } => match hint.term {
                Some(term) => write!(f, "not {asked}: has term {term} from {} on", hint.index),
                None => write!(f, "not {asked}: has nothing from {} on", hint.index),
            },
        }
    }
}

/// An entry in words.
fn words(entry: &Entry, command: fn(&[u8]) -> String) -> String {
    match &entry.payload {
        Payload::Nothing => "nothing".to_owned(),
        Payload::Configuration(configuration) => format!("members {configuration}"),
        Payload::Command(bytes) => command(bytes),
    }
}

/// A command of the key-value service in words.
fn command(bytes: &[u8]) -> String {
    match Command::from_bytes(bytes) {
        Ok(command) => command.request.to_string(),
        Err(_) => format!("{} bytes", bytes.len()),
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Request::Open => f.write_str("open a session"),
            Request::Once { session, number, operation, .. } => {
                write!(f, "{operation} ({session}/{number})")
            }
            Request::Always(operation) => operation.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::kv::Operation;
    use super::super::log::Hint;
    use super::super::message::tests::message;
    use super::*;
    use proptest::prelude::*;
    use simlab_core::wire::Encode;
    use simlab_core::{NodeId, Time};

    /// What is told of a message, and of each of its fields.
    fn told(body: Body<'_>) -> (String, Vec<String>) {
        let mut bytes = Message { term: 4, body }.to_bytes();
        bytes.push(super::super::service::RAFT.0.get());
        let dissection = dissect(&bytes).expect("a message");
        let fields = dissection.parts.into_iter().map(|part| part.value).collect();
        (format!("{} {}", dissection.kind, dissection.summary), fields)
    }

    #[test]
    fn messages_are_told_in_words() {
        let last = Position { index: 7, term: 3 };
        let operation = Operation::Put { key: "x".to_owned(), value: vec![1] };
        let once =
            Request::Once { session: 2, number: 5, settled: 4, operation: operation.clone() };
        let command = |request| Payload::Command(Command { time: Time::ZERO, request }.to_bytes());
        let members = Configuration::of([NodeId(0), NodeId(1)]);
        let payloads = [
            (Payload::Nothing, "nothing"),
            (Payload::Configuration(members.clone()), "members {n0 n1}"),
            (command(Request::Open), "open a session"),
            (command(once), "put x (2/5)"),
            (command(Request::Always(operation)), "put x"),
            (Payload::Command(vec![9, 9, 9]), "3 bytes"),
        ];
        let append = |payloads: Vec<Payload>| {
            let entries = payloads.into_iter().map(|payload| Entry { term: 4, payload });
            Body::Append { prev: last, commit: 6, round: 1, entries: entries.collect() }
        };
        for (payload, words) in payloads.clone() {
            let (summary, fields) = told(append(vec![payload]));
            assert!(summary.ends_with(&format!("term 4, 4 after 3.7: {words}")), "{summary}");
            assert_eq!(fields[fields.len() - 2], words, "before the port");
        }
        let (summary, fields) = told(append(payloads.map(|(payload, _)| payload).to_vec()));
        assert!(summary.ends_with("term 4, 6 entries after 3.7"), "{summary}");
        assert_eq!(fields[3..5], ["6", "1"], "the commit and the round");
        assert!(told(append(vec![])).0.ends_with("term 4, commit 6"));

        for (campaign, words) in [
            (Campaign::PreVote, "pre-vote"),
            (Campaign::Election, "vote"),
            (Campaign::Transfer, "vote, the leader gives way"),
        ] {
            let (summary, fields) = told(Body::RequestVote { campaign, last });
            assert!(summary.ends_with("term 4, log to 3.7"), "{summary}");
            assert_eq!(fields[2..4], [words, "3.7"]);
            let (summary, fields) = told(Body::Voted { campaign, granted: false });
            assert!(summary.ends_with("term 4: no"), "{summary}");
            assert_eq!(fields[2], words);
        }
        let appended = |log| told(Body::Appended { round: 1, log }).0;
        let hint = |term| Appended::Conflict { asked: 9, hint: Hint { term, index: 8 } };
        assert!(appended(Appended::Matches(7)).ends_with("term 4, matches up to 7"));
        assert!(appended(hint(Some(2))).ends_with("term 4, not 9: has term 2 from 8 on"));
        assert!(appended(hint(None)).ends_with("term 4, not 9: has nothing from 8 on"));
        let chunk = vec![0; 10].into();
        let (configuration, round, offset, total) = (members, 1, 20, 40);
        let install = Body::Install { last, configuration, round, offset, total, chunk };
        assert!(told(install).0.ends_with("term 4, up to 3.7: bytes 20 to 30 of 40"));
        let installing = told(Body::Installing { round: 1, index: 7, part: 20, offset: 30 }).0;
        assert!(installing.ends_with("term 4, up to 7: from byte 30 on"), "{installing}");
    }

    proptest! {
        /// Every byte of a datagram belongs to exactly one field, in order.
        #[test]
        fn fields_cover_the_datagram(message in message()) {
            let mut bytes = message.to_bytes();
            bytes.push(super::super::service::RAFT.0.get());
            let dissection = dissect(&bytes).expect("a message");
            prop_assert_eq!(&dissection.kind, message.body.kind());
            let mut end = 0;
            for part in &dissection.parts {
                prop_assert_eq!(part.bytes.start, end);
                end = part.bytes.end;
            }
            prop_assert_eq!(end, bytes.len());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, port in 0..5_u8) {
            let _ = dissect(&[&bytes[..], &[port]].concat());
        }
    }
}
