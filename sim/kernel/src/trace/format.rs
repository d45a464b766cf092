//! One formatter for the log, the goldens, the command line and the debugger.

use super::Names;
use simlab_core::wire::Decode;
use simlab_core::{Dissection, Kind, NodeId, Operation, Outcome, TraceEvent, WriteKind};
use std::fmt::Write;

/// What the formatter has to know besides the event.
pub trait Describe {
    /// The names of the run.
    fn names(&self) -> &Names;
    /// A datagram from one node to another in words; `None` if nobody knows its format.
    fn dissect(&self, from: NodeId, to: NodeId, bytes: &[u8]) -> Option<Dissection>;
}

/// An event in one line, without its time and number:
/// `beijing      send -> hangzhou  prepare 3.0 phone`.
#[must_use]
pub fn line(event: &TraceEvent<'_>, describe: &dyn Describe) -> String {
    let names = describe.names();
    let place = event.node.map_or_else(|| "the world".to_owned(), |node| names.node(node));
    let mut out = format!("{place:<18} {:<12}", event.kind.name());
    let detail = detail(event, describe);
    if !detail.is_empty() {
        out.push(' ');
        out.push_str(&detail);
    }
    out.truncate(out.trim_end().len());
    out
}

/// What the event says beyond its kind.
fn detail(event: &TraceEvent<'_>, describe: &dyn Describe) -> String {
    let names = describe.names();
    let here = event.node.unwrap_or(NodeId(u32::MAX));
    let message = |from, to| message(event.bytes, from, to, describe);
    match event.kind {
        Kind::Started | Kind::Crashed | Kind::Restarted | Kind::Halted => String::new(),
        Kind::Sent { to, .. } => format!("-> {}: {}", names.node(to), message(here, to)),
        Kind::Delivered { from, datagram } => {
            format!("<- {}: {} (sent {datagram})", names.node(from), message(from, here))
        }
        Kind::Dropped { from, datagram, why } => {
            format!("<- {}: {} (sent {datagram}): {why}", names.node(from), message(from, here))
        }
        Kind::Corrupted { from, datagram, flips } => {
            let bits = if flips == 1 { "bit" } else { "bits" };
            format!("<- {}: {flips} {bits} flipped (sent {datagram})", names.node(from))
        }
        Kind::Duplicated { from, datagram } => {
            format!("<- {}: a second copy (sent {datagram})", names.node(from))
        }
        Kind::TimerSet { scope, key, due } => {
            format!("{} until {due}", timer(scope.bits(), key))
        }
        Kind::TimerCancelled { scope, key } | Kind::TimerFired { scope, key } => {
            timer(scope.bits(), key)
        }
        Kind::Wrote { file, how, len } => {
            let how = match how {
                WriteKind::Append => "append",
                WriteKind::Replace => "replace",
                WriteKind::Truncate => "truncate",
                WriteKind::Remove => "remove",
            };
            format!("{how} {} ({len} B)", names.file(file))
        }
        Kind::SyncAsked { ticket } => format!("ticket {}", ticket.0),
        Kind::Synced { ticket, ok: true } => format!("ticket {}", ticket.0),
        Kind::Synced { ticket, ok: false } => format!("ticket {} failed", ticket.0),
        Kind::LostOnCrash { writes } => format!("{writes} writes were not synced"),
        Kind::Cut { cut } | Kind::Healed { cut } => {
            format!("{}: {}", names.cut(cut), String::from_utf8_lossy(event.bytes))
        }
        Kind::Commanded | Kind::Unheard => match Operation::from_bytes(event.bytes) {
            Ok(operation) => operation.to_string(),
            Err(_) => format!("{:?}", String::from_utf8_lossy(event.bytes)),
        },
        Kind::Invoked { op, session } => {
            let operation = Operation::from_bytes(event.bytes);
            let text = operation.map_or_else(|e| e.to_string(), |o| o.to_string());
            format!("op {}.{} (session {}) {text}", names.node(op.node()), op.number(), session.0)
        }
        Kind::Returned { op } => {
            let outcome = Outcome::from_bytes(event.bytes);
            let text = outcome.map_or_else(|e| e.to_string(), |o| o.to_string());
            format!("op {}.{} {text}", names.node(op.node()), op.number())
        }
        Kind::Noted { name, a, b } if event.bytes.is_empty() => format!("{name} {a} {b}"),
        Kind::Noted { name, .. } => format!("{name}: {}", String::from_utf8_lossy(event.bytes)),
        Kind::Found { name } => format!("{name}: {}", String::from_utf8_lossy(event.bytes)),
    }
}

fn timer(scope: u32, key: u64) -> String {
    if scope == 0 { format!("{key}") } else { format!("{scope:x}/{key}") }
}

/// A datagram in words, or its first bytes if nobody can read it.
fn message(bytes: &[u8], from: NodeId, to: NodeId, describe: &dyn Describe) -> String {
    if let Some(dissection) = describe.dissect(from, to, bytes) {
        return dissection.summary;
    }
    let mut text = format!("{} bytes", bytes.len());
    for byte in bytes.iter().take(16) {
        let _ = write!(text, " {byte:02x}");
    }
    if bytes.len() > 16 {
        text.push('…');
    }
    text
}
