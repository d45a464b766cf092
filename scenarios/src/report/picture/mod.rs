//! The moment of the fault, as rows of a space-time diagram.
//!
//! A run has thousands of events; the picture shows the dozen that carry the argument: what broke, the
//! last fault before it (the first fault, if nothing broke), the write that was missed, the other
//! faults that held, what of the servers' own talk got through and what did not, the heal.

mod blows;
mod lanes;
mod moment;
mod talk;

use super::{Break, VariantReport};
use crate::Fault;
use lanes::Lanes;
use simlab_core::history::Record;
use simlab_core::{OpId, Time};
use simlab_sim::{Fault as What, Shape, Trace};
use talk::{acknowledged, bars};

/// Some events of a run, to be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// What it is the moment of: `cut`, `crash`, `pause`.
    pub moment: &'static str,
    /// The lanes, from left to right.
    pub lanes: Vec<String>,
    /// The events, from top to bottom.
    pub rows: Vec<Row>,
    /// How many more there would be if there were room.
    pub left_out: usize,
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
    /// Something happened that has no place in a lane.
    Words {
        /// What.
        text: String,
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

/// How much each part of a picture matters: where there is no room for all, the last go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Break,
    Begin,
    Write,
    End,
    OtherBegin,
    Began,
    Talk,
    Answer,
    OtherEnd,
    Rest,
}

/// Rows that are drawn together or not at all.
type Part = (Weight, Vec<Row>);

/// The moment of a fault in a variant, in so many rows at most, if there is a fault and a story and the
/// run was recorded.
#[must_use]
pub fn picture(report: &VariantReport<'_>, room: usize) -> Option<Picture> {
    let trace = report.run.world.trace()?;
    let faults: Vec<Fault> = report.run.plan.faults().cloned().collect();
    // What broke before anything was done is not what the picture is of.
    let done_to = |one: &Break| faults.iter().any(|fault| fault.at <= one.at);
    let broken = report.breaks().into_iter().find(done_to);
    let moment = Moment::new(report, trace, &faults, broken)?;
    let mut parts = moment.operations();
    if parts.is_empty() {
        // Nobody asked for anything, and nothing broke: there is no story to draw.
        return None;
    }
    parts.extend(moment.faults());
    parts.sort_by_key(|(weight, _)| *weight);
    let (rows, left_out) = fill(parts, room.min(ROWS_MAX));
    let what = blows::moment(&moment.fault().what);
    Some(Picture { moment: what, lanes: moment.lanes.names, rows, left_out })
}

/// The rows of the parts that there is room for, in the order of time, and how many others there are.
/// That there are others takes a row as well.
fn fill(parts: Vec<Part>, room: usize) -> (Vec<Row>, usize) {
    let all: usize = parts.iter().map(|(_, rows)| rows.len()).sum();
    let room = if all > room { room.saturating_sub(1) } else { room };
    let mut rows: Vec<Row> = Vec::new();
    for (_, part) in parts {
        if rows.len() + part.len() <= room {
            rows.extend(part);
        }
    }
    // A cut is there before all that happens at the same instant.
    rows.sort_by_key(|row| (row.at, !matches!(row.kind, RowKind::Cut { .. })));
    let left_out = all - rows.len();
    (rows, left_out)
}

/// What a picture is of.
struct Moment<'a> {
    report: &'a VariantReport<'a>,
    trace: &'a Trace,
    faults: &'a [Fault],
    /// The fault, by number.
    number: usize,
    broken: Option<Break>,
    /// The write that was missed, where something broke; otherwise the first after the fault's begin.
    write: Option<&'a Record>,
    from: Time,
    /// When the fault ended, for the first time if it comes and goes; `None` if it outlasted the run.
    heals: Option<Time>,
    /// The same, or the end of the run.
    until: Time,
    lanes: Lanes,
}

impl<'a> Moment<'a> {
    fn new(
        report: &'a VariantReport<'a>,
        trace: &'a Trace,
        faults: &'a [Fault],
        broken: Option<Break>,
    ) -> Option<Self> {
        let history = report.run.world.history();
        let mut number = moment::fault(faults, broken.as_ref())?;
        let mut write = None;
        if let Some((op, at)) = broken.as_ref().and_then(|one| Some((one.op?, one.at))) {
            write = history.get(op).and_then(|record| missed(history.records(), record));
            if let What::Crash { .. } | What::CrashAtSync { .. } = faults[number].what
                && let Some(loss) = moment::loss(report, trace, faults, at)
            {
                number = loss.fault;
                write = history.get(loss.op);
            }
        }
        let fault = &faults[number];
        // Of a cut that comes and goes, the first time is shown.
        let heals = report.run.setup.spells(fault).first().and_then(|(_, until)| *until);
        let until = heals.unwrap_or(report.run.setup.scenario.until);
        let mut writes = history.records().iter().filter(|r| r.operation.call.writes());
        let write = write.or_else(|| writes.find(|r| r.invoked.at >= fault.at));
        let from = write.map_or(fault.at, |write| write.invoked.at.min(fault.at));
        let whole = Shape::Groups(Vec::new());
        let shape = if let What::Cut(shape) = &fault.what { shape } else { &whole };
        let lanes = Lanes::new(report, shape);
        Some(Moment { report, trace, faults, number, broken, write, from, heals, until, lanes })
    }

    fn fault(&self) -> &Fault {
        &self.faults[self.number]
    }

    /// What broke, what was written, what the servers told each other, what others were told.
    fn operations(&self) -> Vec<Part> {
        let (lanes, records) = (&self.lanes, self.report.run.world.history().records());
        let mut parts = Vec::new();
        let broken_op = self.broken.as_ref().and_then(|one| one.op);
        let broken = records.iter().find(|record| Some(record.op) == broken_op);
        match (&self.broken, broken) {
            (Some(_), Some(record)) => parts.extend(told(record, lanes, true, Weight::Break)),
            (Some(one), None) => parts.push((Weight::Break, vec![breach(one, lanes)])),
            (None, _) => {}
        }
        if self.write.is_none() && parts.is_empty() {
            return parts;
        }
        let write = self.write.map(|write| told(write, lanes, false, Weight::Write));
        parts.extend(write.into_iter().flatten());
        // Where nothing broke, the other side of the cut has its say all the same: the first that was
        // turned down there after the write.
        let other = self.write.filter(|_| self.broken.is_none()).and_then(|write| {
            let there = |r: &&Record| lanes.of(r.op.node()) != lanes.of(write.op.node());
            let later = |r: &&Record| r.invoked.at > write.invoked.at && r.invoked.at < self.until;
            records.iter().filter(later).filter(there).find(|r| r.refused())
        });
        parts.extend(other.map(|other| (Weight::Answer, bars(other, lanes, false))));
        let shown = broken.or(other);
        let began = self.write.map_or(self.fault().at, |write| write.invoked.at);
        let stop = shown.map_or(self.until, |record| record.invoked.at);
        let talk = talk::talk(self.report, self.trace, lanes, (began, stop));
        parts.extend(talk.map(|row| (Weight::Talk, vec![row])));
        // What else was written while nobody could tell the others.
        let drawn = |op: OpId| self.write.into_iter().chain(shown).any(|record| record.op == op);
        let within = |r: &&Record| (self.fault().at..self.until).contains(&r.invoked.at);
        let writes = records.iter().filter(within).filter(|r| r.operation.call.writes());
        let more = writes.filter(|r| !drawn(r.op)).filter_map(|r| bars(r, lanes, false).pop());
        parts.extend(more.take(4).map(|row| (Weight::Rest, vec![row])));
        let after = talk::read_after(self.report, lanes, self.until, broken_op);
        parts.extend(after.map(|row| (Weight::Answer, vec![row])));
        parts
    }

    /// The fault itself, the others that held meanwhile, and those that came later: until something
    /// broke, if something did.
    fn faults(&self) -> Vec<Part> {
        let setup = &self.report.run.setup;
        let (nodes, lanes, end) = (&setup.scenario.nodes, &self.lanes, setup.scenario.until);
        let last = match &self.broken {
            Some(one) => one.at.max(self.until),
            // A storm goes on and on, and nothing came of it.
            None if setup.scenario.storm.is_some() => self.until,
            None => end,
        };
        let mut parts = self.itself();
        let others = self.faults.iter().enumerate().filter(|(n, _)| *n != self.number);
        let others = others.map(|(_, fault)| fault).filter(|fault| fault.at <= last);
        let (mut later, mut held): (Vec<&Fault>, Vec<&Fault>) = others
            .filter(|fault| fault.over(end) >= self.from)
            .partition(|fault| fault.at >= self.until);
        // Where there is not room for all of them, those nearest to the fault have it.
        held.reverse();
        later.sort_by_key(|fault| fault.at);
        for (fault, is_later) in
            held.iter().map(|f| (*f, false)).chain(later.iter().map(|f| (*f, true)))
        {
            let (begins, ends) = match (is_later, &fault.outside) {
                // That is what the lesson is about.
                (false, Some(_)) => (Weight::Begin, Weight::OtherEnd),
                (false, None) => (Weight::OtherBegin, Weight::OtherEnd),
                (true, Some(_)) => (Weight::OtherBegin, Weight::Rest),
                (true, None) => (Weight::Rest, Weight::Rest),
            };
            parts.push((begins, blows::begin(fault, nodes, lanes)));
            if fault.until.is_some_and(|until| until <= last) {
                parts.push((ends, blows::end(fault, nodes, lanes)));
            }
        }
        parts
    }

    fn itself(&self) -> Vec<Part> {
        let (fault, nodes) = (self.fault(), &self.report.run.setup.scenario.nodes);
        let What::Cut(_) = &fault.what else {
            return vec![
                (Weight::Begin, blows::begin(fault, nodes, &self.lanes)),
                (Weight::End, blows::end(fault, nodes, &self.lanes)),
            ];
        };
        let name = fault.name.clone().unwrap_or_else(|| "the links are cut".to_owned());
        let cut = RowKind::Cut { name, walls: self.lanes.walls.clone() };
        let mut parts = vec![(Weight::Begin, vec![Row { at: fault.at, kind: cut }])];
        if let Some(at) = self.heals {
            // A link that flaps is cut again by the same name.
            let again = |other: &Fault| {
                let is_cut = matches!(other.what, What::Cut(_));
                is_cut && other.at >= at && other.name.is_some() && other.name == fault.name
            };
            let for_now = self.report.run.plan.faults().any(again);
            let name = if for_now { "healed, for now" } else { "healed" }.to_owned();
            let kind = RowKind::Healed { name };
            parts.push((Weight::End, vec![Row { at, kind }]));
        }
        parts
    }
}

/// What the operation that broke ought to have seen: the last write of its object that was done before
/// it began.
fn missed<'a>(records: &'a [Record], broken: &Record) -> Option<&'a Record> {
    let same = |r: &&Record| {
        r.operation.object == broken.operation.object
            && r.operation.call.writes()
            && acknowledged(r)
            && r.returned_before(broken.invoked)
    };
    records.iter().filter(same).max_by_key(|r| r.returned.as_ref().map(|(mark, _)| mark.seq))
}

/// An operation: its answer matters, and that it began where there is room for it.
fn told(record: &Record, lanes: &Lanes, broken: bool, weight: Weight) -> Vec<Part> {
    let mut rows = bars(record, lanes, broken);
    let answer = rows.pop().map(|row| (weight, vec![row]));
    let began = rows.pop().map(|row| (Weight::Began, vec![row]));
    answer.into_iter().chain(began).collect()
}

/// Where an invariant broke.
fn breach(broken: &Break, lanes: &Lanes) -> Row {
    let text = format!("breaks {}", broken.invariant.unwrap_or("its promise"));
    let kind = match broken.node {
        Some(node) => RowKind::Local { lane: lanes.of(node), text, broken: true },
        None => RowKind::Words { text },
    };
    Row { at: broken.at, kind }
}
