//! What clients and servers say in a picture.

use super::super::VariantReport;
use super::lanes::Lanes;
use super::{Row, RowKind};
use simlab_core::history::Record;
use simlab_core::{Duration, Kind, NodeId, OpId, Operation, Outcome, Time, TraceEvent, Value};
use simlab_sim::Trace;

/// An operation whose answer came so soon takes a single row.
const AT_ONCE: Duration = Duration::from_millis(10);

/// An operation's begin and end.
pub(super) fn bars(record: &Record, lanes: &Lanes, broken: bool) -> Vec<Row> {
    let lane = lanes.of(record.op.node());
    let row = |at, text, broken| Row { at, kind: RowKind::Local { lane, text, broken } };
    let begin = row(record.invoked.at, format!("{}?", record.operation.call), false);
    match &record.returned {
        None => vec![begin],
        Some((mark, outcome)) => {
            let end = row(mark.at, answer(&record.operation, outcome), broken);
            let soon = mark.at.since(record.invoked.at) < AT_ONCE;
            if soon { vec![end] } else { vec![begin, end] }
        }
    }
}

fn answer(operation: &Operation, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(Value::Bool(true)) => format!("{}: done", operation.call),
        Outcome::Done(Value::Bool(false)) => "sold out".to_owned(),
        Outcome::Done(value) => format!("{}: {value}", operation.call),
        Outcome::NotDone(_) => "refused".to_owned(),
        Outcome::Unknown(_) => "unknown".to_owned(),
    }
}

/// The first datagram between servers that was lost, or, if none was, the first that arrived.
pub(super) fn talk(
    report: &VariantReport<'_>,
    trace: &Trace,
    lanes: &Lanes,
    (after, until): (Time, Time),
) -> Option<Row> {
    let mut arrived = None;
    let first = trace.first_at(after);
    for event in trace.iter_from(first).take_while(|event| event.at < until) {
        let Some((from, to, lost)) = fate(&event) else { continue };
        let pair = (lanes.of(from), lanes.of(to));
        if !lanes.talkers.contains(&from) || !lanes.talkers.contains(&to) || pair.0 == pair.1 {
            continue;
        }
        let text = kind_of(report, from, to, event.bytes);
        let was_lost = lost.is_some();
        let kind = RowKind::Datagram { from: pair.0, to: pair.1, text, lost };
        let row = Row { at: event.at, kind };
        if was_lost {
            return Some(row);
        }
        arrived = arrived.or(Some(row));
    }
    arrived
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

/// The first completed read after the heal that is not `shown` anyway.
pub(super) fn read_after(
    report: &VariantReport<'_>,
    lanes: &Lanes,
    healed: Time,
    shown: Option<OpId>,
) -> Option<Row> {
    let history = report.run.world.history();
    let mut later = history.records().iter().filter(|r| r.invoked.at >= healed);
    let record = later
        .find(|r| !r.operation.call.writes() && r.returned.is_some() && Some(r.op) != shown)?;
    let (mark, outcome) = record.returned.as_ref()?;
    let (lane, text) = (lanes.of(record.op.node()), answer(&record.operation, outcome));
    Some(Row { at: mark.at, kind: RowKind::Local { lane, text, broken: false } })
}

/// Whether a client was told that it is done.
pub(super) fn acknowledged(record: &Record) -> bool {
    matches!(&record.returned, Some((_, Outcome::Done(value))) if *value != Value::Bool(false))
}
