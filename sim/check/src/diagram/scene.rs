//! What is drawn, apart from how: lanes, and bars between stops.

use super::moments::{Ends, Moments, Point, ends, moments};
use super::notation::{clean, description, label};
use super::select::{Selection, select};
use super::stops::{Axis, Stop};
use super::{Marks, Options, Ticks};
use simlab_core::history::{History, Record};
use simlab_core::{NodeId, Session};
use std::collections::BTreeSet;
use std::ops::Range;

/// A diagram that is still to be laid out.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// What is wrong with the history, if anything is.
    pub(super) why: Option<String>,
    /// The names of the lanes.
    pub(super) lanes: Vec<String>,
    pub(super) bars: Vec<Bar>,
    pub(super) stops: Vec<Stop>,
    pub(super) ticks: Ticks,
    /// How many operations of the history are not drawn.
    pub(super) left_out: usize,
    /// How many of these are evidence.
    pub(super) evidence_left_out: usize,
    /// How many operations of the witness could not have a point.
    pub(super) late: usize,
}

/// An operation.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) lane: usize,
    pub(super) label: String,
    /// Everything about it.
    pub(super) whole: String,
    pub(super) role: Role,
    /// Whether it certainly did not take effect.
    pub(super) refused: bool,
    /// Whether its return is the one that broke the model.
    pub(super) broke: bool,
    /// Whether it may still take effect.
    pub(super) open: bool,
    /// The stop of its invocation; `None` if that is left of all that is drawn.
    pub(super) from: Option<usize>,
    /// The stop of its return; `None` if it has none, or that is right of all that is drawn.
    pub(super) to: Option<usize>,
    /// The stop at which its client gave it up.
    pub(super) given_up: Option<usize>,
    /// The stop at which it took effect, and the number of that.
    pub(super) point: Option<(usize, usize)>,
}

impl Bar {
    /// Whether a part of it is at these stops.
    pub(super) fn reaches(&self, stops: &Range<usize>) -> bool {
        self.from.is_none_or(|from| from < stops.end) && self.to.is_none_or(|to| to >= stops.start)
    }
}

/// What an operation is in what the diagram is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// One of many.
    Plain,
    /// One that matters less than others.
    Subdued,
    /// One of those that cannot all be true.
    Evidence,
}

/// Longer reasons than this are cut.
const WHY: usize = 1_000;
/// Longer names than this are cut.
const NAME: usize = 40;

pub(super) fn scene(history: &History, marks: Marks<'_>, options: &Options) -> Scene {
    let records = history.records();
    let ends = ends(history);
    let Selection { indices, wanted, events } = select(history, &ends, marks, options);
    let Moments { points, late } = match marks {
        Marks::Witness(orders) => moments(history, &ends, orders),
        _ => Moments { points: vec![None; ends.len()], late: 0 },
    };
    let drawn: Vec<Drawn<'_>> = indices
        .iter()
        .map(|&index| Drawn {
            record: &records[index],
            ends: ends[index],
            point: points[index],
            wanted: wanted.binary_search(&index).is_ok(),
        })
        .collect();
    let lanes: BTreeSet<_> = drawn.iter().map(|drawn| session(drawn.record)).collect();
    let lanes: Vec<_> = lanes.into_iter().collect();
    let names = names(history, &lanes, options);
    let several = records.iter().any(|r| r.operation.object != records[0].operation.object);
    let mut bars = Vec::new();
    for drawn in &drawn {
        let lane = lanes.binary_search(&session(drawn.record)).unwrap_or(0);
        bars.push(Bar {
            lane,
            label: label(drawn.record, several),
            whole: description(&names[lane], drawn.record),
            role: role(drawn, marks),
            refused: drawn.record.refused(),
            broke: matches!(marks, Marks::Evidence { broke, .. } if broke == drawn.record.op),
            open: drawn.record.pending(),
            from: None,
            to: None,
            given_up: None,
            point: None,
        });
    }
    let all = 2 * records.len() - history.open().count();
    let stops = Axis { drawn: &drawn, ticks: options.ticks, events, all }.stops(&mut bars);
    let (why, evidence) = match marks {
        Marks::Evidence { why, operations, .. } => {
            let known = operations.iter().filter(|op| history.get(**op).is_some());
            (Some(clean(why, WHY)), known.collect::<BTreeSet<_>>().len())
        }
        _ => (None, 0),
    };
    let shown = bars.iter().filter(|bar| bar.role == Role::Evidence).count();
    let (left_out, evidence_left_out) = (records.len() - indices.len(), evidence - shown);
    let (lanes, ticks) = (names, options.ticks);
    Scene { why, lanes, bars, stops, ticks, left_out, evidence_left_out, late }
}

/// An operation that is drawn.
pub(super) struct Drawn<'a> {
    pub(super) record: &'a Record,
    pub(super) ends: Ends,
    pub(super) point: Option<Point>,
    /// Whether it is evidence, or was asked for.
    pub(super) wanted: bool,
}

const fn session(record: &Record) -> (NodeId, Session) {
    (record.op.node(), record.session)
}

/// What the lanes are called. The numbers of a lane do not depend on which others are drawn.
fn names(history: &History, lanes: &[(NodeId, Session)], options: &Options) -> Vec<String> {
    let sessions: BTreeSet<_> = history.records().iter().map(session).collect();
    let nodes: BTreeSet<_> = sessions.iter().map(|(node, _)| node).collect();
    let name = |lane: &(NodeId, Session)| match (options.names.get(lane), lane) {
        (Some(name), _) => clean(name, NAME),
        (None, (_, session)) if nodes.len() == 1 => format!("client {}", session.0),
        (None, (node, _)) if nodes.len() == sessions.len() => format!("client {}", node.0),
        (None, (node, session)) => format!("client {}/{}", node.0, session.0),
    };
    lanes.iter().map(name).collect()
}

fn role(drawn: &Drawn<'_>, marks: Marks<'_>) -> Role {
    let op = drawn.record.op;
    match marks {
        Marks::Nothing => Role::Plain,
        Marks::Witness(_) if drawn.point.is_some() => Role::Plain,
        Marks::Evidence { operations, .. } if operations.contains(&op) => Role::Evidence,
        Marks::Evidence { broke, .. } if broke == op => Role::Plain,
        Marks::Witness(_) | Marks::Evidence { .. } => Role::Subdued,
    }
}
