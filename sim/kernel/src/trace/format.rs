//! One formatter for the log, the goldens, the command line and the debugger.

use super::Names;
use simlab_core::wire::Decode;
use simlab_core::{
    Damage, DiskAct, Dissection, Duration, Kind, NodeId, Operation, Outcome, Scope, Stack,
    TimerKey, TraceEvent, WriteKind,
};
use std::fmt::Write;

/// What the formatter has to know besides the event.
pub trait Describe {
    /// The names of the run.
    fn names(&self) -> &Names;
    /// A datagram from one node to another in words; `None` if nobody knows its format.
    fn dissect(&self, from: NodeId, to: NodeId, bytes: &[u8]) -> Option<Dissection>;
    /// The name of a layer that a node stands on, counted from the top; `None` if nobody knows.
    fn layer(&self, node: NodeId, place: usize) -> Option<&str>;
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
        Kind::Replayed { from, datagram } => {
            format!("<- {}: a replay (sent {datagram})", names.node(from))
        }
        Kind::TimerSet { scope, key, due } => {
            format!("{} until {due}", timer(here, scope, key, describe))
        }
        Kind::TimerCancelled { scope, key } | Kind::TimerFired { scope, key } => {
            timer(here, scope, key, describe)
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
            format!("unsynced writes: {lost} lost, {torn} torn, {kept} kept")
        }
        Kind::Cut { fault }
        | Kind::Healed { fault }
        | Kind::Began { fault }
        | Kind::Ended { fault } => {
            format!("{}: {}", names.fault(fault), String::from_utf8_lossy(event.bytes))
        }
        Kind::Resumed { held } => format!("{} waited", count(held, "event")),
        Kind::ClockChanged { jump, drift } => clock(jump, drift),
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
        Damage::Flipped { bits } => format!("{} flipped", count(bits, "bit")),
        Damage::Burst { first, len } => {
            format!("a burst over {} from bit {first}", count(len, "bit"))
        }
        Damage::Swapped { first, second } => format!("words {first} and {second} swapped"),
        Damage::Edited { at } => format!("byte {at} edited"),
        Damage::Zeroed { start, len } => {
            format!("{} from byte {start} zeroed", count(len, "byte"))
        }
    }
}

/// "1 event", "2 events".
fn count(n: impl Into<u64>, what: &str) -> String {
    let n = n.into();
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// What became of a node's clocks: a jump, and the rate from now on. A rate that is right is worth a
/// word only where there was no jump, since then it is what changed.
fn clock(jump: i64, drift: i64) -> String {
    let sign = if jump < 0 { "-" } else { "" };
    let jumps = format!("jumps by {sign}{}", Duration(jump.unsigned_abs()));
    match (jump, drift) {
        (0, 0) => "runs at the right rate".to_owned(),
        (0, _) => rate(drift),
        (_, 0) => jumps,
        (_, _) => format!("{jumps}, {}", rate(drift)),
    }
}

/// A rate in percent, exact: `drift` is in nanoseconds a second, so 10,000,000 are one percent.
fn rate(drift: i64) -> String {
    let (whole, rest) = (drift.unsigned_abs() / 10_000_000, drift.unsigned_abs() % 10_000_000);
    let percent = format!("{whole}.{rest:07}");
    let percent = percent.trim_end_matches('0').trim_end_matches('.');
    format!("runs {percent} % {}", if drift < 0 { "slow" } else { "fast" })
}

/// The name of a node's timer: that of the layer or the ports of the component that it is of, and its key.
#[must_use]
pub fn timer(node: NodeId, scope: Scope, key: TimerKey, describe: &dyn Describe) -> String {
    let layer = Stack::layer_of(scope)
        .and_then(|(place, rest)| Some((describe.layer(node, place)?.to_owned(), rest)));
    let (layer, rest) = layer.map_or((None, scope), |(name, rest)| (Some(name), rest));
    // As in the names of files: the outermost port first.
    let mut rest = rest;
    let ports = std::iter::from_fn(|| {
        let (port, inner) = rest.split()?;
        rest = inner;
        Some(port.0.to_string())
    });
    let path: Vec<String> = layer.into_iter().chain(ports).chain([key.to_string()]).collect();
    path.join("/")
}

/// A datagram in words, or its first bytes if nobody can read it.
fn message(bytes: &[u8], from: NodeId, to: NodeId, describe: &dyn Describe) -> String {
    if let Some(dissection) = describe.dissect(from, to, bytes) {
        return dissection.summary;
    }
    let mut text = count(bytes.len() as u64, "byte");
    for byte in bytes.iter().take(16) {
        let _ = write!(text, " {byte:02x}");
    }
    if bytes.len() > 16 {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use simlab_core::Port;

    #[test]
    fn clocks_are_told_by_what_changed() {
        assert_eq!(clock(0, -50_000_000), "runs 5 % slow");
        assert_eq!(clock(0, 1_000), "runs 0.0001 % fast");
        assert_eq!(clock(0, 0), "runs at the right rate");
        assert_eq!(clock(-3_000_000_000, 0), "jumps by -3s");
        assert_eq!(clock(i64::MIN, 0), format!("jumps by -{}", Duration(1 << 63)));
        assert_eq!(clock(250_000_000, 12_500_000), "jumps by 250ms, runs 1.25 % fast");
    }

    /// A run in which every node stands on two layers.
    struct Layers(Names);

    impl Describe for Layers {
        fn names(&self) -> &Names {
            &self.0
        }
        fn dissect(&self, _: NodeId, _: NodeId, _: &[u8]) -> Option<Dissection> {
            None
        }
        fn layer(&self, _: NodeId, place: usize) -> Option<&str> {
            ["reliable", "fragments"].get(place).copied()
        }
    }

    #[test]
    fn timers_of_layers_are_named_after_them() {
        let layers = Layers(Names::default());
        let told = |ports: &[u8]| {
            let child = |scope: Scope, port: &u8| scope.child(Port::new(*port));
            timer(NodeId(0), ports.iter().fold(Scope::ROOT, child), 2, &layers)
        };
        assert_eq!(told(&[]), "2");
        assert_eq!(told(&[7]), "7/2", "of a component");
        assert_eq!([told(&[248]), told(&[249])], ["reliable/2", "fragments/2"]);
        assert_eq!(told(&[249, 7]), "fragments/7/2", "of a component of a layer");
        assert_eq!(told(&[250]), "250/2", "there is no third layer");
    }

    #[test]
    fn one_of_a_thing_is_told_as_one() {
        assert_eq!(count(0_u32, "event"), "0 events");
        assert_eq!(count(1_u32, "event"), "1 event");
        assert_eq!(damaged(Damage::Flipped { bits: 1 }), "1 bit flipped");
        assert_eq!(damaged(Damage::Zeroed { start: 4, len: 2 }), "2 bytes from byte 4 zeroed");
    }
}
