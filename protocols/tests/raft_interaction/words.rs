//! What happens, in words.

use simlab_core::NodeId;
use simlab_core::wire::Decode;
use simlab_protocols::raft::kv::Answer;
use simlab_protocols::raft::log::{Entry, Payload, Position};
use simlab_protocols::raft::message::{Body, Message};
use simlab_protocols::raft::service::SERVER;
use simlab_protocols::raft::storage;
use simlab_protocols::raft::store::{Applied, Outcome};
use simlab_protocols::raft::{Mode, Refused};
use std::collections::BTreeMap;

/// What each note says of its node; what follows is the note's own text. Those that are missing are for judges.
const NOTES: [(&str, &str); 25] = [
    ("raft.recovered", "comes up with"),
    ("raft.term", "is in term"),
    ("raft.stands", "stands"),
    ("raft.decides", "decides"),
    ("raft.granted", "gives"),
    ("raft.refuses", "refuses"),
    ("raft.leads", "leads"),
    ("raft.follows", "follows"),
    ("raft.deposed", "is deposed as leader of"),
    ("raft.steps-down", "steps down:"),
    ("raft.appended", "appends"),
    ("raft.truncated", "takes away"),
    ("raft.committed", "has committed"),
    ("raft.snapshot", "takes a snapshot"),
    ("raft.installed", "installs a snapshot:"),
    ("raft.configured", "goes by the configuration"),
    ("raft.transfers", "gives the"),
    ("raft.transfer-failed", "takes back the leadership that it wanted to give"),
    ("raft.torn", "cannot read the end of its file: bytes"),
    ("raft.two-leaders", "leads, and hears of another leader in term"),
    ("raft.stale-vote", "does not count a vote of an earlier term, from node"),
    ("raft.malformed", "cannot read a message from node"),
    ("raft.matches-too-much", "is told of more than it has by node"),
    ("raft.bad-snapshot", "cannot read the snapshot up to"),
    ("raft.configuration", ""),
];

/// A note, unless it is for judges alone.
pub(super) fn note(id: NodeId, (name, a): (&str, u64), text: &str) -> Option<String> {
    let (_, words) = NOTES.iter().find(|(known, words)| *known == name && !words.is_empty())?;
    Some(if text.is_empty() { format!("{id} {words} {a}") } else { format!("{id} {words} {text}") })
}

pub(super) fn kind(bytes: &[u8]) -> &'static str {
    let message = bytes.split_last().and_then(|(_, bytes)| Message::from_bytes(bytes).ok());
    message.map_or("unreadable", |message| message.body.kind())
}

/// A message: as the dissector has it, with its entries in the words in which they were proposed.
pub(super) fn message(bytes: &[u8], proposed: &BTreeMap<Vec<u8>, String>) -> String {
    let own = bytes.split_last().and_then(|(_, bytes)| Message::from_bytes(bytes).ok());
    if let Some(Message { term, body: Body::Append { prev, commit, entries, .. } }) = &own
        && !entries.is_empty()
    {
        let each = (prev.index + 1..).zip(entries.iter()).map(|(index, entry)| {
            let at = Position { index, term: entry.term };
            format!("{at} {}", payload(entry, proposed))
        });
        let each: Vec<String> = each.collect();
        return format!("append term {term}, after {prev}: {}; commit {commit}", each.join(" | "));
    }
    let dissect = SERVER.dissect.expect("it has a dissector");
    dissect(bytes)
        .map_or_else(|| "what nobody can read".to_owned(), |dissection| dissection.summary)
}

fn payload(entry: &Entry, proposed: &BTreeMap<Vec<u8>, String>) -> String {
    match &entry.payload {
        Payload::Command(command) => match proposed.get(command) {
            Some(words) => words.clone(),
            None => format!("{} bytes", command.len()),
        },
        Payload::Nothing => "nothing".to_owned(),
        Payload::Configuration(configuration) => format!("members {configuration}"),
    }
}

/// What is written to a file.
pub(super) fn writes(id: NodeId, bytes: &[u8]) -> String {
    format!("  {id} writes: {}", storage::in_words(bytes).join("; "))
}

pub(super) fn held(answer: &Answer) -> String {
    match answer {
        Answer::Held(Some(value)) => String::from_utf8_lossy(value).into_owned(),
        Answer::Held(None) => "nothing".to_owned(),
        Answer::Done(true) => "done".to_owned(),
        Answer::Done(false) => "not done, it has another value".to_owned(),
        Answer::TooLong => "too long".to_owned(),
        Answer::NoText => "not done, it has no text".to_owned(),
    }
}

/// What comes of a command.
pub(super) fn applied(at: Position, applied: &Applied) -> String {
    let outcome = match &applied.outcome {
        Outcome::Opened(session) => format!("session {session} is open"),
        Outcome::Answer(answer) => held(answer),
        Outcome::Settled => "an old copy".to_owned(),
        Outcome::Expired => "there is no such session".to_owned(),
        Outcome::Unreadable => "it cannot be read".to_owned(),
    };
    let again = if applied.again { ", as it was answered before" } else { "" };
    match applied.expired {
        0 => format!("applies {at}: {outcome}{again}"),
        1 => format!("applies {at}: {outcome}{again}; a session ends"),
        count => format!("applies {at}: {outcome}{again}; {count} sessions end"),
    }
}

/// Whether two lines say that a node applies an entry, and that the same comes of both.
pub(super) fn same_of_next(last: &str, next: &str) -> bool {
    let parts = |line: &str| {
        let (who, what) = line.split_once(" applies ")?;
        let (_, outcome) = what.split_once(": ")?;
        Some((who.to_owned(), outcome.to_owned()))
    };
    parts(last).is_some_and(|last| Some(last) == parts(next))
}

/// What a node says to somebody who asks it for something.
pub(super) fn asked(what: &str, outcome: Result<Position, Refused>) -> String {
    match outcome {
        Ok(at) => format!("takes it as {at}: {what}"),
        Err(refused) => format!("refuses: {}", why(refused)),
    }
}

pub(super) fn why(refused: Refused) -> String {
    match refused {
        Refused::NotLeader(Some(leader)) => format!("{leader} is the leader"),
        Refused::NotLeader(None) => "it knows no leader".to_owned(),
        Refused::GivingWay(to) => format!("it is giving way to {to}"),
        Refused::TooEarly => "it has committed nothing in its term yet".to_owned(),
        Refused::Changing => "the cluster is changing".to_owned(),
        Refused::NoConfiguration => "that is no configuration of these nodes".to_owned(),
        Refused::NotOneStep => "more than one voter comes or goes".to_owned(),
        Refused::NoVote(node) => format!("{node} has no vote"),
        Refused::Leads(node) => format!("{node} leads already"),
        Refused::LastTerm => "this is the last term".to_owned(),
        Refused::Behind(node) => format!("{node} has not got the log yet"),
        Refused::HearsLeader => "it hears a leader".to_owned(),
        Refused::WasDown => "it was down lately".to_owned(),
    }
}

pub(super) fn mode(word: &str) -> Result<Mode, String> {
    match word {
        "joint" => Ok(Mode::Joint),
        "single" => Ok(Mode::Single),
        _ => Err(format!("a change is `joint` or `single`, not `{word}`")),
    }
}
