//! Datagrams of Raft and of its service in words.

use super::configuration::Configuration;
use super::log::{Entry, Payload, Position};
use super::message::{Appended, Ballot, Body, Message};
use super::service::kvs;
use super::store::{Command, What};
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
            walk.shown("ballot", Ballot::decode, |ballot| ballot_name(*ballot).to_owned())?;
            walk.field("last entry", Position::decode)?;
            format!("term {term}, log to {last}")
        }
        Body::Voted { granted, .. } => {
            walk.shown("ballot", Ballot::decode, |ballot| ballot_name(*ballot).to_owned())?;
            walk.field("granted", Reader::bool)?;
            format!("term {term}: {}", if *granted { "yes" } else { "no" })
        }
        Body::Append { before, commit, entries, .. } => {
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
                    format!("term {term}, {} after {before}: {words}", entries[0].term)
                }
                count => format!("term {term}, {count} entries after {before}"),
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
            walk.field("offset", Reader::u64)?;
            format!("term {term}, up to {index}: from byte {offset} on")
        }
        Body::TimeoutNow => format!("term {term}"),
    };
    walk.finish(body.kind(), &words, port)
}

const fn ballot_name(ballot: Ballot) -> &'static str {
    match ballot {
        Ballot::PreVote => "pre-vote",
        Ballot::Vote => "vote",
        Ballot::Transfer => "vote, the leader gives way",
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
            Appended::Matches(index) => write!(f, "has up to {index}"),
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
        Ok(command) => command.what.to_string(),
        Err(_) => format!("{} bytes", bytes.len()),
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Open => f.write_str("open a session"),
            What::Once { session, number, act, .. } => write!(f, "{act} ({session}/{number})"),
            What::Always(act) => act.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::tests::message;
    use super::*;
    use proptest::prelude::*;
    use simlab_core::wire::Encode;

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
