//! One formatter for the log, the goldens, the command line and the debugger.

use super::Names;
use simlab_core::wire::Decode;
use simlab_core::{
    Damage, DiskAct, Dissection, Kind, NodeId, Operation, Outcome, TraceEvent, WriteKind,
};
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
        Kind::Started
        | Kind::Crashed
        | Kind::Restarted
        | Kind::Halted
        | Kind::Paused
        | Kind::Left
        | Kind::Wiped => String::new(),
        Kind::Sent { to, .. } => format!("-> {}: {}", names.node(to), message(here, to)),
        Kind::Delivered { from, datagram } => {
            format!("<- {}: {} (sent {datagram})", names.node(from), message(from, here))
        }
        Kind::Dropped { from, datagram, why } => {
            format!("<- {}: {} (sent {datagram}): {why}", names.node(from), message(from, here))
        }
        Kind::Corrupted { from, datagram, damage } => {
            format!("<- {}: {} (sent {datagram})", names.node(from), damaged(damage))
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
        Kind::Wrote { file, how, at, len } => {
            let file = names.file(file);
            match how {
                WriteKind::Append => format!("append {file} at {at} ({len} B)"),
                WriteKind::WriteAt => format!("write {file} at {at} ({len} B)"),
                WriteKind::Replace => format!("replace {file} ({len} B)"),
                WriteKind::Truncate => format!("truncate {file} to {at} B"),
                WriteKind::Remove => format!("remove {file}"),
                WriteKind::Rename => {
                    format!("rename {file} to {}", String::from_utf8_lossy(event.bytes))
                }
            }
        }
        Kind::SyncAsked { ticket, file: None } => format!("ticket {}", ticket.0),
        Kind::SyncAsked { ticket, file: Some(file) } => {
            format!("ticket {}: {}", ticket.0, names.file(file))
        }
        Kind::Synced { ticket, result: Ok(()) } => format!("ticket {}", ticket.0),
        Kind::Synced { ticket, result: Err(error) } => {
            format!("ticket {} failed: {error}", ticket.0)
        }
        Kind::LostOnCrash { lost, torn, kept } => {
            format!("of the writes not synced {lost} are gone, {torn} torn, {kept} there")
        }
        Kind::Cut { fault }
        | Kind::Healed { fault }
        | Kind::Began { fault }
        | Kind::Ended { fault } => {
            format!("{}: {}", names.fault(fault), String::from_utf8_lossy(event.bytes))
        }
        Kind::Resumed { held } => format!("{held} events waited"),
        Kind::ClockChanged { jump, drift } => {
            format!("jumps by {jump} ns, gains {drift} ns a second")
        }
        Kind::DiskActed { what, file, at } => {
            let file = file.map_or("", |file| names.file(file));
            match what {
                DiskAct::WriteFailed => format!("{file}: the write failed"),
                DiskAct::Full => format!("{file}: no room for the write"),
                DiskAct::Misdirected => format!("{file}: the write went astray"),
                DiskAct::Lied => format!("the sync of ticket {at} did nothing"),
                DiskAct::Rotted => format!("{file}: bit {at} flipped"),
            }
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

fn damaged(damage: Damage) -> String {
    match damage {
        Damage::Flipped { bits: 1 } => "1 bit flipped".to_owned(),
        Damage::Flipped { bits } => format!("{bits} bits flipped"),
        Damage::Burst { first, len } => format!("a burst over {len} bits from bit {first}"),
        Damage::Swapped { first, second } => format!("words {first} and {second} swapped"),
        Damage::Zeroed { start, len } => format!("{len} bytes from byte {start} zeroed"),
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
