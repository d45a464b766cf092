//! The moment of the fault, as rows of a space-time diagram.
//!
//! A run has thousands of events; the picture shows the dozen that carry the argument: the fault, the
//! first write after it, what of the servers' own talk got through and what did not, the operation
//! at which the history broke, the heal.

use super::VariantReport;
use crate::{Fault, Node};
use simlab_core::{Duration, Kind, NodeId, Operation, Outcome, Role, Seq, Time, TraceEvent};
use simlab_sim::history::Record;
use simlab_sim::{Fault as What, Reach, Shape, Trace};
use std::collections::BTreeSet;

/// Some events of a run, to be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// What it is the moment of: `cut`, `crash`, `pause`.
    pub moment: &'static str,
    /// The lanes, from left to right.
    pub lanes: Vec<String>,
    /// The events, from top to bottom.
    pub rows: Vec<Row>,
}

/// One event of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// When.
    pub at: Time,
    /// What.
    pub kind: RowKind,
}

/// What a row of a picture shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// Links are cut; walls stand to the right of these lanes from now on.
    Cut {
        /// The name of the cut.
        name: String,
        /// The lanes.
        walls: Vec<usize>,
    },
    /// The links work again.
    Healed {
        /// The name of the cut.
        name: String,
    },
    /// Something happened in one lane.
    Local {
        /// The lane.
        lane: usize,
        /// What, in words.
        text: String,
        /// Whether no order of operations explains it.
        broken: bool,
    },
    /// A datagram went from one lane to another.
    Datagram {
        /// The lane of the sender.
        from: usize,
        /// The lane of the receiver.
        to: usize,
        /// What it was.
        text: String,
        /// Why it never arrived.
        lost: Option<String>,
    },
}

impl Row {
    /// The time as seconds with three digits, rounded down: `12.042`.
    #[must_use]
    pub fn time_in_seconds(&self) -> String {
        let millis = self.at.millis();
        format!("{}.{:03}", millis / 1_000, millis % 1_000)
    }
}

/// How many rows a picture has at most.
const ROWS_MAX: usize = 12;

/// The moment of the first fault in a variant, if there is one and the run was recorded.
#[must_use]
pub fn picture(report: &VariantReport<'_>) -> Option<Picture> {
    let scenario = report.run.setup.scenario;
    let trace = report.run.world.trace()?;
    let is_cut = |fault: &&Fault| matches!(fault.what, What::Cut(_));
    let faults = report.run.setup.faults();
    let fault = faults.iter().find(is_cut).or_else(|| faults.first())?;
    let whole = Shape::Groups(Vec::new());
    let shape = match &fault.what {
        What::Cut(shape) => shape,
        _ => &whole,
    };
    let lanes = Lanes::new(report, shape);
    // Of a cut that comes and goes, the first time is shown.
    let heals = report.run.setup.spells(fault).first().and_then(|(_, until)| *until);
    let end = heals.unwrap_or(scenario.until);
    let mut rows = operations(report, trace, &lanes, fault.at, end);
    if rows.is_empty() {
        // Nobody asked for anything: there is no story to draw.
        return None;
    }
    rows.extend(blows(&faults, &scenario.nodes, &lanes));
    if let (What::Cut(_), Some(until)) = (&fault.what, heals) {
        rows.push(Row { at: until, kind: RowKind::Healed { name: "healed".to_owned() } });
    }
    rows.extend(heals.and_then(|until| after(report, &lanes, until)));
    rows.sort_by_key(|row| row.at);
    if let What::Cut(_) = &fault.what {
        let name = fault.name.clone().unwrap_or_else(|| "the links are cut".to_owned());
        let cut = Row { at: fault.at, kind: RowKind::Cut { name, walls: lanes.walls.clone() } };
        // It is there before all that happens at the same instant.
        let first = rows.iter().position(|row| row.at >= fault.at).unwrap_or(rows.len());
        rows.insert(first, cut);
    }
    rows.truncate(ROWS_MAX);
    Some(Picture { moment: moment(&fault.what), lanes: lanes.names, rows })
}

/// What the begin of a fault is the moment of.
const fn moment(what: &What) -> &'static str {
    match what {
        What::Cut(_) => "cut",
        What::Crash { wiped: false, .. } | What::CrashAtSync { .. } => "crash",
        What::Crash { wiped: true, .. } => "wipe",
        What::Pause(_) => "pause",
        What::Clock { .. } => "clocks",
        What::Disk { .. } => "disks",
        What::Leave(_) => "leave",
        What::Links(_) | What::Slow { .. } => "fault",
    }
}

/// Where something is done to nodes, and where it ends: the first few.
fn blows(faults: &[Fault], all: &[Node], lanes: &Lanes) -> Vec<Row> {
    let mut rows = Vec::new();
    for fault in faults {
        let Some((begins, ends)) = words(&fault.what) else { continue };
        for node in fault.what.nodes().into_iter().flatten().take(2) {
            let name = &all[node.index()].name;
            let row = |at, what: &str| {
                let text = format!("{what} {name}");
                Row { at, kind: RowKind::Local { lane: lanes.of(*node), text, broken: false } }
            };
            rows.push(row(fault.at, &begins));
            rows.extend(fault.until.zip(ends).map(|(until, ends)| row(until, ends)));
        }
    }
    rows.truncate(4);
    rows
}

/// What a lane shows where a fault begins and where it ends; `None` if there is nothing to see.
fn words(what: &What) -> Option<(String, Option<&'static str>)> {
    Some(match what {
        What::Crash { wiped: false, .. } => ("CRASH".to_owned(), Some("restart")),
        What::Crash { wiped: true, .. } => ("CRASH, WIPE".to_owned(), Some("restart")),
        What::Pause(_) => ("PAUSE".to_owned(), Some("resume")),
        What::Leave(_) => ("LEAVE".to_owned(), None),
        What::Clock { jump, .. } if *jump != 0 => {
            let sign = if *jump < 0 { "-" } else { "+" };
            (format!("CLOCK {sign}{}", Duration(jump.unsigned_abs())), Some("clock right"))
        }
        _ => return None,
    })
}

/// The lanes of a picture: a site each, or a node each where there are no sites. Those that can still
/// talk to each other during the cut stand side by side, so that a wall is a straight line.
struct Lanes {
    names: Vec<String>,
    /// The lane of each node.
    of: Vec<usize>,
    /// The lanes to the right of which a wall stands during the cut.
    walls: Vec<usize>,
    servers: BTreeSet<NodeId>,
}

impl Lanes {
    fn new(report: &VariantReport<'_>, shape: &Shape) -> Self {
        let setup = report.run.setup;
        let nodes = &setup.scenario.nodes;
        let place = |node: &Node| node.site.clone().unwrap_or_else(|| node.name.clone());
        // The network during the cut decides the order.
        let count = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
        let reach = Reach::new(count, |from, to| !shape.separates(from, to));
        let (mut names, mut walls) = (Vec::new(), Vec::new());
        for group in reach.groups() {
            let before = names.len();
            for node in group {
                let name = place(&nodes[node.index()]);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            if before > 0 && names.len() > before {
                walls.push(before - 1);
            }
        }
        let lane = |node: &Node| names.iter().position(|name| *name == place(node)).unwrap_or(0);
        let of = nodes.iter().map(lane).collect();
        let roster = &setup.scenario.variants[setup.variant].roster;
        let serves = |name| setup.catalogue.service(name).is_some_and(|e| e.role == Role::Server);
        let servers = roster.iter().filter(|m| serves(m.service)).map(|m| m.id).collect();
        Lanes { names, of, walls, servers }
    }

    fn of(&self, node: NodeId) -> usize {
        self.of.get(node.index()).copied().unwrap_or(0)
    }
}

/// The first write after the cut, what the servers then told each other, and the operation that
/// broke.
fn operations(
    report: &VariantReport<'_>,
    trace: &Trace,
    lanes: &Lanes,
    from: Time,
    until: Time,
) -> Vec<Row> {
    let history = report.run.world.history();
    let within = |record: &&Record| (from..until).contains(&record.invoked.at);
    let write = history.records().iter().filter(within).find(|r| r.operation.call.writes());
    let Some(write) = write else { return Vec::new() };
    let broken = report.first_break.as_ref().and_then(|first| history.get(first.op));
    // Where nothing broke, the other side of the cut has its say all the same: the first operation
    // there after the write.
    let lane = lanes.of(write.op.node());
    let later = |r: &&Record| r.invoked.at > write.invoked.at && lanes.of(r.op.node()) != lane;
    let refused = history.records().iter().filter(within).filter(later).find(|r| r.refused());
    let other = broken.or(refused);
    let mut rows = bars(write, lanes, false);
    let stop = other.map_or(until, |record| record.invoked.at);
    rows.extend(talk(report, trace, lanes, write.invoked.seq, stop));
    if let Some(other) = other {
        rows.extend(bars(other, lanes, broken.is_some()));
    }
    // What else was sold while nobody could tell the others.
    let told = |r: &&Record| r.op != write.op && other.is_none_or(|other| r.op != other.op);
    let writes = history.records().iter().filter(within).filter(|r| r.operation.call.writes());
    rows.extend(writes.filter(told).filter_map(|record| bars(record, lanes, false).pop()).take(4));
    rows
}

/// An operation's begin and end.
fn bars(record: &Record, lanes: &Lanes, broken: bool) -> Vec<Row> {
    let lane = lanes.of(record.op.node());
    let row = |at, text, broken| Row { at, kind: RowKind::Local { lane, text, broken } };
    let mut rows = vec![row(record.invoked.at, format!("{}?", record.operation.call), false)];
    if let Some((mark, outcome)) = &record.returned {
        rows.push(row(mark.at, answer(&record.operation, outcome), broken));
    }
    rows
}

fn answer(operation: &Operation, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(simlab_core::Value::Bool(true)) => format!("{}: done", operation.call),
        Outcome::Done(simlab_core::Value::Bool(false)) => "sold out".to_owned(),
        Outcome::Done(value) => format!("{}: {value}", operation.call),
        Outcome::NotDone(_) => "refused".to_owned(),
        Outcome::Unknown(_) => "unknown".to_owned(),
    }
}

/// The first datagram between servers that was lost, or, if none was, the first that arrived.
fn talk(
    report: &VariantReport<'_>,
    trace: &Trace,
    lanes: &Lanes,
    after: Seq,
    until: Time,
) -> Vec<Row> {
    let mut arrived = None;
    let events = trace.iter().skip(after.get() as usize).take_while(|event| event.at < until);
    for event in events {
        let Some((from, to, lost)) = fate(&event) else { continue };
        let pair = (lanes.of(from), lanes.of(to));
        if !lanes.servers.contains(&from) || !lanes.servers.contains(&to) || pair.0 == pair.1 {
            continue;
        }
        let text = kind_of(report, from, to, event.bytes);
        let was_lost = lost.is_some();
        let kind = RowKind::Datagram { from: pair.0, to: pair.1, text, lost };
        let row = Row { at: event.at, kind };
        if was_lost {
            return vec![row];
        }
        arrived = arrived.or(Some(row));
    }
    arrived.into_iter().collect()
}

fn fate(event: &TraceEvent<'_>) -> Option<(NodeId, NodeId, Option<String>)> {
    match event.kind {
        Kind::Delivered { from, .. } => Some((from, event.node?, None)),
        Kind::Dropped { from, why, .. } => Some((from, event.node?, Some(why.to_string()))),
        _ => None,
    }
}

fn kind_of(report: &VariantReport<'_>, from: NodeId, to: NodeId, bytes: &[u8]) -> String {
    let dissection = report.run.setup.dissect(from, to, bytes);
    dissection.map_or_else(|| "datagram".to_owned(), |d| d.kind)
}

/// The first completed read after the heal.
fn after(report: &VariantReport<'_>, lanes: &Lanes, healed: Time) -> Option<Row> {
    let history = report.run.world.history();
    let mut later = history.records().iter().filter(|r| r.invoked.at >= healed);
    let record = later.find(|r| !r.operation.call.writes() && r.returned.is_some())?;
    let (mark, outcome) = record.returned.as_ref()?;
    let (lane, text) = (lanes.of(record.op.node()), answer(&record.operation, outcome));
    Some(Row { at: mark.at, kind: RowKind::Local { lane, text, broken: false } })
}
