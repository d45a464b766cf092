//! A segment in words.

use super::segment::{Acknowledgement, Body, NO_ECHO, Trailer};
use simlab_core::{Part, Peeled};

/// Reads the trailer of a frame.
pub(super) fn peel(frame: &[u8]) -> Option<Peeled> {
    let (message, trailer) = Trailer::split(frame).ok()?;
    let to = trailer.to();
    let Trailer { from, body } = trailer;
    let end = message.len();
    let kind = match body {
        Body::Hello { .. } => "hello",
        Body::Welcome { .. } => "welcome",
        Body::Reset { .. } => "reset",
        Body::Data { .. } => "data",
        Body::Ack { .. } => "acknowledgement",
    };
    let mut parts = vec![part("segment", kind, frame.len() - 1..frame.len())];
    let mut place = frame.len() - 1;
    let mut field = |name, value: String, len: usize| {
        parts.push(part(name, value, place - len..place));
        place -= len;
    };
    field("sender's life", from.to_string(), 4);
    if let Some(to) = to {
        field("receiver's life", to.to_string(), 4);
    }
    let (summary, inner) = match &body {
        Body::Hello { nonce } => {
            field("nonce", format!("{nonce:016x}"), 8);
            ("hello, which life is yours?".to_owned(), None)
        }
        Body::Welcome { nonce, .. } => {
            field("nonce", format!("{nonce:016x}"), 8);
            (format!("welcome, this is life {from}"), None)
        }
        Body::Reset { to } => (format!("reset, life {to} is over"), None),
        Body::Data { seq, ack, .. } => {
            field("number", seq.to_string(), 8);
            acknowledgement(ack, &mut field);
            (format!("message {seq}"), Some(end))
        }
        Body::Ack { ack, .. } => {
            acknowledgement(ack, &mut field);
            (told(ack), None)
        }
    };
    Some(Peeled { kind, summary, parts, inner })
}

fn part(name: &'static str, value: impl Into<String>, bytes: std::ops::Range<usize>) -> Part {
    Part { name, value: value.into(), bytes }
}

fn acknowledgement(ack: &Acknowledgement, field: &mut impl FnMut(&'static str, String, usize)) {
    field("next", ack.next.to_string(), 8);
    let echo = if ack.echo == NO_ECHO { "none".to_owned() } else { ack.echo.to_string() };
    field("echo", echo, 8);
    field("window", ack.window.to_string(), 2);
    field("blocks", ack.blocks.len().to_string(), 1);
    for (from, until) in ack.blocks.iter().rev() {
        field("has", between(*from, *until), 16);
    }
}

fn between(from: u64, until: u64) -> String {
    match until - from {
        1 => from.to_string(),
        _ => format!("{from} to {}", until - 1),
    }
}

/// An acknowledgement in one line.
fn told(ack: &Acknowledgement) -> String {
    let has: Vec<String> = ack.blocks.iter().map(|(from, until)| between(*from, *until)).collect();
    match has.is_empty() {
        true => format!("ack, next {}", ack.next),
        false => format!("ack, next {}, has {}", ack.next, has.join(", ")),
    }
}
