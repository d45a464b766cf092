//! Where faults begin and end, as rows of a picture.

use super::lanes::Lanes;
use super::{Row, RowKind};
use crate::{Fault, Node};
use simlab_core::{Duration, FaultKind, Time};
use simlab_sim::Fault as What;

/// In so many lanes a fault is drawn; one that falls on more is told in words.
const LANES_MAX: usize = 3;

/// What the begin of a fault is the moment of.
pub(super) const fn moment(what: &What) -> &'static str {
    match what {
        What::Cut(_) => "cut",
        What::Crash { wiped: false, .. } | What::CrashAtSync { .. } => "crash",
        What::Crash { wiped: true, .. } => "wipe",
        What::Pause(_) => "pause",
        What::Clock { .. } => "clocks",
        What::Disk { .. } => "disks",
        What::Leave(_) => "leave",
        What::Links(_) => "bad links",
        What::Slow { .. } => "slow-down",
    }
}

/// The begin of a fault: in the lanes of its nodes, or in words.
pub(super) fn begin(fault: &Fault, nodes: &[Node], lanes: &Lanes) -> Vec<Row> {
    let words = match &fault.what {
        What::Crash { wiped: false, .. } => "CRASH".to_owned(),
        What::Crash { wiped: true, .. } => "CRASH, WIPE".to_owned(),
        What::CrashAtSync { .. } => "crashes at syncs".to_owned(),
        What::Pause(_) => "PAUSE".to_owned(),
        What::Leave(_) => "LEAVE".to_owned(),
        What::Slow { .. } => "slow".to_owned(),
        What::Clock { jump, drift, .. } => match drift {
            Some(gain) if *jump == 0 => format!("clock {}/s", signed(*gain)),
            _ => format!("CLOCK {}", signed(*jump)),
        },
        What::Disk { .. } => kinds(fault),
        What::Cut(_) | What::Links(_) => return vec![told(fault.at, called(fault))],
    };
    blows(fault, fault.at, &words, true, nodes, lanes)
}

/// The end of a fault; of one that has none nothing.
pub(super) fn end(fault: &Fault, nodes: &[Node], lanes: &Lanes) -> Vec<Row> {
    let Some(until) = fault.until else { return Vec::new() };
    let (words, whose) = match &fault.what {
        What::Crash { .. } => ("restart".to_owned(), true),
        What::Pause(_) => ("resume".to_owned(), true),
        What::Clock { jump, .. } if *jump != 0 => ("clock right".to_owned(), true),
        What::Clock { .. } => ("drift is over".to_owned(), false),
        What::CrashAtSync { .. } => ("crashes are over".to_owned(), false),
        What::Slow { .. } => ("slow is over".to_owned(), false),
        What::Disk { .. } => (format!("{} is over", kinds(fault)), false),
        What::Leave(_) => return Vec::new(),
        What::Cut(_) | What::Links(_) => {
            return vec![told(until, format!("over: {}", called(fault)))];
        }
    };
    blows(fault, until, &words, whose, nodes, lanes)
}

/// A row for each lane in which the fault has nodes: all of them in it, or none.
fn blows(
    fault: &Fault,
    at: Time,
    words: &str,
    whose: bool,
    nodes: &[Node],
    lanes: &Lanes,
) -> Vec<Row> {
    let mut hit: Vec<(usize, Vec<&str>)> = Vec::new();
    for node in fault.what.nodes().into_iter().flatten() {
        let (lane, name) = (lanes.of(*node), nodes[node.index()].name.as_str());
        match hit.iter_mut().find(|(known, _)| *known == lane) {
            Some((_, names)) => names.push(name),
            None => hit.push((lane, vec![name])),
        }
    }
    let text = |names: &[&str]| {
        if whose { format!("{words} {}", names.join(", ")) } else { words.to_owned() }
    };
    if hit.len() > LANES_MAX {
        let names: Vec<&str> = hit.into_iter().flat_map(|(_, names)| names).collect();
        return vec![told(at, text(&names))];
    }
    let local = |(lane, names): (usize, Vec<&str>)| {
        let text = text(&names);
        Row { at, kind: RowKind::Local { lane, text, broken: false } }
    };
    hit.into_iter().map(local).collect()
}

fn told(at: Time, text: String) -> Row {
    Row { at, kind: RowKind::Words { text } }
}

fn called(fault: &Fault) -> String {
    fault.name.clone().unwrap_or_else(|| kinds(fault))
}

fn kinds(fault: &Fault) -> String {
    let kinds: Vec<&str> = fault.kinds().into_iter().map(FaultKind::name).collect();
    kinds.join(", ")
}

fn signed(nanos: i64) -> String {
    format!("{}{}", if nanos < 0 { "-" } else { "+" }, Duration(nanos.unsigned_abs()))
}
