//! Events in few words.

use super::super::pen::{clip, width};
use crate::app::operation;
use crate::film::Film;
use simlab_core::wire::Decode;
use simlab_core::{Damage, Kind, NodeId, Operation, Outcome, TraceEvent};
use simlab_sim::trace::{self, line};

/// An event in few words, and in fewer still for where these do not fit.
pub(super) struct Label {
    pub(super) long: String,
    pub(super) short: Option<String>,
}

impl Label {
    /// The longer one that takes at most so many cells, or the begin of the shorter.
    pub(super) fn fitting(&self, room: u16, more: &str) -> String {
        let all = [Some(&self.long), self.short.as_ref()];
        let mut fitting = all.into_iter().flatten().filter(|words| width(words) <= room);
        fitting.next().cloned().unwrap_or_else(|| {
            let short = self.short.as_ref().unwrap_or(&self.long);
            format!("{}{more}", clip(short, room.saturating_sub(1)))
        })
    }
}

pub(super) fn label(film: &Film<'_>, event: &TraceEvent<'_>) -> Label {
    let kind = film.index().message(event.seq.get()).unwrap_or("datagram");
    let message = || {
        let read = film.dissect(event).map(|dissection| dissection.summary);
        read.unwrap_or_else(|| format!("{} bytes", event.bytes.len()))
    };
    let (long, short) = match event.kind {
        Kind::Sent { to, .. } => {
            (format!("{} to {}", message(), film.names().node(to)), kind.to_owned())
        }
        Kind::Delivered { datagram, .. } => {
            let index = film.index();
            let sent = film.event(datagram.get());
            let damaged = sent.is_some_and(|sent| sent.bytes != event.bytes);
            let odd = [
                (damaged, "damaged"),
                (index.is_again(event.seq.get()), "again"),
                (index.is_late(event.seq.get()), "late"),
            ];
            let odd: Vec<&str> = odd.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
            if odd.is_empty() {
                (message(), kind.to_owned())
            } else {
                (format!("{}: {}", odd.join(", "), message()), odd.join(" "))
            }
        }
        Kind::Dropped { why, .. } => (format!("lost: {why} ({})", message()), why.to_string()),
        Kind::Corrupted { damage: Damage::Edited { .. }, .. } => {
            (format!("edited ({})", message()), "edited".to_owned())
        }
        Kind::Corrupted { .. } => (format!("damaged ({})", message()), "damaged".to_owned()),
        Kind::Duplicated { .. } => (format!("a second {kind}"), "again".to_owned()),
        Kind::Replayed { .. } => (format!("a replayed {kind}"), "replayed".to_owned()),
        _ => return Label { long: words(film, event), short: None },
    };
    Label { long, short: Some(short) }
}

/// An event that is no datagram's.
fn words(film: &Film<'_>, event: &TraceEvent<'_>) -> String {
    let bytes = || String::from_utf8_lossy(event.bytes).into_owned();
    let timer = |scope, key| {
        let node = event.node.unwrap_or(NodeId(u32::MAX));
        trace::timer(node, scope, key, &film.words())
    };
    match event.kind {
        Kind::Invoked { .. } => Operation::from_bytes(event.bytes)
            .map_or_else(|error| error.to_string(), |o| o.to_string()),
        Kind::Returned { op } => {
            let told = Outcome::from_bytes(event.bytes)
                .map_or_else(|error| error.to_string(), |outcome| outcome.to_string());
            let asked = operation(film, event).unwrap_or_default();
            let verdict = film.verdict();
            let wrong = match verdict.and_then(|verdict| verdict.stale(op)) {
                Some(read) => format!(" ({} too many)", read.units),
                None if verdict.is_some_and(|v| v.broke_at(event.seq.get()).is_some()) => {
                    " (no order explains it)".to_owned()
                }
                None => String::new(),
            };
            format!("{asked}: {told}{wrong}")
        }
        Kind::Cut { fault } => format!("CUT {}", film.names().fault(fault)),
        Kind::Healed { fault } => format!("HEAL {}", film.names().fault(fault)),
        Kind::Began { fault } => format!("FAULT {}: {}", film.names().fault(fault), bytes()),
        Kind::Ended { fault } => format!("over: {}", film.names().fault(fault)),
        Kind::Crashed => "CRASH".to_owned(),
        Kind::Restarted => "RESTART".to_owned(),
        Kind::Halted => "HALT".to_owned(),
        Kind::Left => "LEFT".to_owned(),
        Kind::Wiped => "WIPED".to_owned(),
        Kind::Paused => "PAUSE".to_owned(),
        Kind::Noted { name, .. } => {
            let words = bytes();
            if words.is_empty() { name.to_owned() } else { format!("{name}: {words}") }
        }
        Kind::Found { name } => format!("{name}: {}", bytes()),
        Kind::TimerFired { scope, key } => format!("timer {}", timer(scope, key)),
        Kind::TimerSet { scope, key, due } => format!("sets timer {} to {due}", timer(scope, key)),
        Kind::TimerCancelled { scope, key } => format!("forgets timer {}", timer(scope, key)),
        _ => {
            // As the log has it, without the node and the name of the kind.
            let whole = line(event, &film.words());
            let name = event.node.map(|node| film.names().node(node)).unwrap_or_default();
            let rest = whole.strip_prefix(name.as_str()).unwrap_or(&whole);
            let words: Vec<&str> = rest.split_whitespace().collect();
            words.join(" ")
        }
    }
}
