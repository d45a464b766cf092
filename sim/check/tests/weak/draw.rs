//! Random small histories.

use crate::oracle::Model;
use rand::{Rng, RngExt};
use simlab_core::history::{End, History, Mark};
use simlab_core::{Call, NodeId, OpId, Operation, Outcome, Seq, Session, Time, Value, stream};
use std::num::NonZeroU64;

const OBJECTS: [&str; 2] = ["x", "y"];

/// What is drawn besides reads and writes.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    pub(crate) compare_and_set: bool,
    /// Dozens of operations, too many to try every order.
    pub(crate) long: bool,
}

/// An operation as drawn; times are places in the order of events. Values count from 1, and 0 is
/// there at first.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    pub(crate) session: usize,
    number: u32,
    pub(crate) object: usize,
    pub(crate) reads: Option<i64>,
    pub(crate) writes: Option<i64>,
    pub(crate) invoked: u64,
    pub(crate) end: Option<(u64, Ending)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Done,
    NotDone,
    Unknown,
}

impl Drawn {
    /// Two sessions share a node.
    pub(crate) fn id(&self) -> OpId {
        OpId::of(NodeId(self.session as u32 / 2), self.number)
    }

    pub(crate) fn returned_at(&self) -> Option<u64> {
        self.end.map(|(at, _)| at)
    }

    fn call(&self) -> Call {
        match (self.reads, self.writes) {
            (Some(from), Some(to)) => Call::Cas { from: Value::Int(from), to: Value::Int(to) },
            (_, Some(value)) => Call::Write(Value::Int(value)),
            _ => Call::Read,
        }
    }

    fn outcome(&self, ending: Ending) -> Outcome {
        match (ending, self.reads, self.writes) {
            (Ending::NotDone, ..) => Outcome::NotDone("refused".into()),
            (Ending::Unknown, ..) => Outcome::Unknown("time-out".into()),
            (Ending::Done, Some(_), Some(_)) => Outcome::Done(Value::Bool(true)),
            (Ending::Done, Some(value), None) => Outcome::Done(Value::Int(value)),
            (Ending::Done, None, _) => Outcome::Done(Value::Nil),
        }
    }
}

/// A copy of all objects, of a session or of everybody: what was applied to it, in order.
#[derive(Clone, Default)]
struct Copy {
    applied: Vec<usize>,
}

impl Copy {
    fn value(&self, drawn: &[Drawn], object: usize) -> i64 {
        let last = self.applied.iter().rev().find(|&&write| drawn[write].object == object);
        last.and_then(|&write| drawn[write].writes).unwrap_or(0)
    }
}

/// Draws up to seven operations of up to three sessions. Long histories all come from valid
/// executions: in others something impossible happens soon.
pub(crate) fn draw(seed: u64, model: Model, style: Style) -> Vec<Drawn> {
    let mut rng = stream(seed, model.name());
    let mut drawn = skeleton(&mut rng, style);
    if style.long || rng.random_ratio(1, 2) {
        execute(&mut drawn, model, &mut rng);
        if rng.random_ratio(if style.long { 1 } else { 4 }, if style.long { 2 } else { 5 }) {
            let reads: Vec<usize> =
                (0..drawn.len()).filter(|&i| drawn[i].reads.is_some()).collect();
            if !reads.is_empty() {
                let read = reads[rng.random_range(0..reads.len())];
                anything(&mut drawn, read, &mut rng);
            }
        }
    } else {
        for read in (0..drawn.len()).filter(|&i| drawn[i].reads.is_some()).collect::<Vec<_>>() {
            anything(&mut drawn, read, &mut rng);
        }
    }
    drawn
}

/// Lets a read return something that was written, or the initial value; now and then what nobody
/// wrote.
fn anything(drawn: &mut [Drawn], read: usize, rng: &mut dyn Rng) {
    let mut values: Vec<i64> = drawn
        .iter()
        .filter(|other| other.object == drawn[read].object)
        .filter_map(|other| other.writes)
        .filter(|&value| Some(value) != drawn[read].writes)
        .collect();
    values.push(0);
    if rng.random_ratio(1, 40) {
        values.push(99);
    }
    drawn[read].reads = Some(values[rng.random_range(0..values.len())]);
}

/// Who asks what when, and how it ends.
fn skeleton(rng: &mut dyn Rng, style: Style) -> Vec<Drawn> {
    let sessions = if rng.random_ratio(2, 3) { 2 } else { 3 };
    let objects = if rng.random_ratio(2, 3) { 1 } else { 2 };
    let count = rng.random_range(if style.long { 20..60 } else { 6..8 });
    let mut drawn: Vec<Drawn> = Vec::new();
    let mut busy: Vec<Option<usize>> = vec![None; sessions];
    let mut retired = vec![false; sessions];
    let mut now = 0;
    while drawn.len() < count || busy.iter().any(Option::is_some) {
        let session = rng.random_range(0..sessions);
        match busy[session] {
            None if drawn.len() < count && !retired[session] => {
                now += 1;
                let value = Some(drawn.len() as i64 + 1);
                let (reads, writes) = match rng.random_range(0..10) {
                    0..2 if style.compare_and_set => (Some(0), value),
                    0..4 => (None, value),
                    _ => (Some(0), None),
                };
                busy[session] = Some(drawn.len());
                let (number, object) = (drawn.len() as u32, rng.random_range(0..objects));
                let invoked = now;
                drawn.push(Drawn { session, number, object, reads, writes, invoked, end: None });
            }
            Some(op) => {
                busy[session] = None;
                now += 1;
                let ending = match rng.random_range(0..if style.long { 120 } else { 24 }) {
                    0 => Some(Ending::NotDone),
                    1 => Some(Ending::Unknown),
                    2 => None,
                    _ => Some(Ending::Done),
                };
                retired[session] = matches!(ending, None | Some(Ending::Unknown));
                drawn[op].end = ending.map(|ending| (now, ending));
            }
            None if retired.iter().all(|&retired| retired) => break,
            None => {}
        }
    }
    drawn
}

/// Fills in what the reads return in an execution that the model allows: every session has a copy
/// of its own, to which writes come in an order that the model allows. Each operation takes effect
/// when it returns, and a pending one perhaps when it was invoked.
fn execute(drawn: &mut [Drawn], model: Model, rng: &mut dyn Rng) {
    let mut order: Vec<usize> = (0..drawn.len()).collect();
    order.sort_by_key(|&op| drawn[op].returned_at().unwrap_or(drawn[op].invoked));
    let shared = model == Model::Sequential;
    let mut copies = vec![Copy::default(); 3];
    // What must be applied before each write.
    let mut needs: Vec<Vec<usize>> = vec![Vec::new(); drawn.len()];
    let mut done: Vec<usize> = Vec::new();
    let mut saw: Vec<Vec<usize>> = vec![Vec::new(); 3];
    for op in order {
        let refused = matches!(drawn[op].end, Some((_, Ending::NotDone)));
        let pending = !matches!(drawn[op].end, Some((_, Ending::Done)));
        if refused || (pending && rng.random_ratio(1, 2)) {
            continue;
        }
        let session = drawn[op].session;
        let copy = if shared { 0 } else { session };
        while rng.random_ratio(2, 3) {
            let ready: Vec<usize> = done
                .iter()
                .copied()
                .filter(|write| !copies[copy].applied.contains(write))
                .filter(|&write| {
                    needs[write].iter().all(|need| copies[copy].applied.contains(need))
                })
                .collect();
            if ready.is_empty() {
                break;
            }
            copies[copy].applied.push(ready[rng.random_range(0..ready.len())]);
        }
        let object = drawn[op].object;
        if drawn[op].reads.is_some() {
            let mut value = copies[copy].value(drawn, object);
            if model == Model::ReadYourWrites && drawn[op].writes.is_none() {
                value = any_since_own_write(drawn, &copies[copy], session, object, rng);
            }
            drawn[op].reads = Some(value);
            saw[session].extend(
                (0..drawn.len())
                    .filter(|&w| drawn[w].writes == Some(value) && drawn[w].object == object),
            );
        }
        if drawn[op].writes.is_some() {
            let earlier = done.iter().copied().filter(|&write| {
                drawn[write].session == session
                    && (drawn[write].object == object
                        || matches!(model, Model::MonotonicWrites | Model::Pram | Model::Causal))
            });
            needs[op] = earlier.collect();
            match model {
                Model::Causal => needs[op].extend(copies[copy].applied.iter().copied()),
                Model::WritesFollowReads => needs[op].extend(saw[session].iter().copied()),
                _ => {}
            }
            needs[op].retain(|&need| need != op);
            copies[copy].applied.push(op);
            done.push(op);
        }
    }
}

/// Any value that the object had since the session's last write on it.
fn any_since_own_write(
    drawn: &[Drawn],
    copy: &Copy,
    session: usize,
    object: usize,
    rng: &mut dyn Rng,
) -> i64 {
    let versions: Vec<usize> =
        copy.applied.iter().copied().filter(|&write| drawn[write].object == object).collect();
    let own = versions.iter().rposition(|&write| drawn[write].session == session);
    let mut values: Vec<i64> =
        versions[own.unwrap_or(0)..].iter().filter_map(|&write| drawn[write].writes).collect();
    if own.is_none() {
        values.push(0);
    }
    values[rng.random_range(0..values.len())]
}

pub(crate) fn history(drawn: &[Drawn]) -> History {
    let mut ends: Vec<(u64, usize, End)> = Vec::new();
    for (i, op) in drawn.iter().enumerate() {
        ends.push((op.invoked, i, End::Invoked));
        ends.extend(op.returned_at().map(|at| (at, i, End::Returned)));
    }
    ends.sort_unstable();
    let mut history = History::new();
    for (at, i, end) in ends {
        let op = &drawn[i];
        let seq = Seq(NonZeroU64::new(at).expect("events are counted from 1"));
        let mark = Mark { seq, at: Time(at) };
        match (end, op.end) {
            (End::Returned, Some((_, ending))) => {
                history.complete(op.id(), op.outcome(ending), mark)
            }
            _ => {
                let object = OBJECTS[op.object].to_owned();
                let operation = Operation { object, call: op.call() };
                history.invoke(op.id(), Session(op.session as u32), operation, mark)
            }
        }
        .expect("drawn histories are well-formed");
    }
    history
}
