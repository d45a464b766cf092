//! What tests share: a way to write histories down (who does what, from when to when), and how properties are
//! tried.

use proptest::test_runner::{Config, RngSeed};
use simlab_core::history::{End, History, Mark};
use simlab_core::{Call, NodeId, OpId, Operation, Outcome, Seq, Session, Time, Value};
use std::num::NonZeroU64;

/// As many cases as proptest tries if nobody says otherwise.
const UNSET: u32 = 256;

/// The same cases every time, so that the failing test, run again, fails again. `PROPTEST_CASES` sets how
/// many instead (other than 256), `PROPTEST_RNG_SEED` which.
pub(super) fn config(cases: u32) -> Config {
    let asked = Config::default();
    Config {
        cases: if asked.cases == UNSET { cases } else { asked.cases },
        rng_seed: match asked.rng_seed {
            RngSeed::Random => RngSeed::Fixed(1),
            given => given,
        },
        failure_persistence: None,
        ..asked
    }
}

/// An operation with its times in milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Line {
    node: u32,
    call: Call,
    from: u64,
    end: Option<(u64, Outcome)>,
}

/// Node `node` makes a call at `from`, which stays open.
pub(super) const fn open(node: u32, call: Call, from: u64) -> Line {
    Line { node, call, from, end: None }
}

/// Node `node` makes a call at `from` and learns at `to` that it returned `result`.
pub(super) const fn done(node: u32, call: Call, from: u64, to: u64, result: Value) -> Line {
    Line { node, call, from, end: Some((to, Outcome::Done(result))) }
}

/// Node `node` makes a call at `from` and gives up at `to`.
pub(super) fn unknown(node: u32, call: Call, from: u64, to: u64) -> Line {
    Line { node, call, from, end: Some((to, Outcome::Unknown("time-out".into()))) }
}

/// Node `node` makes a call at `from` and learns at `to` that it did not happen.
pub(super) fn refused(node: u32, call: Call, from: u64, to: u64) -> Line {
    Line { node, call, from, end: Some((to, Outcome::NotDone("no majority".into()))) }
}

pub(super) fn read(node: u32, from: u64, to: u64, units: i64) -> Line {
    done(node, Call::Read, from, to, Value::Int(units))
}

pub(super) fn sell(node: u32, units: u32, from: u64, to: u64, sold: bool) -> Line {
    done(node, Call::Sell(units), from, to, Value::Bool(sold))
}

pub(super) fn take_back(node: u32, units: u32, from: u64, to: u64) -> Line {
    done(node, Call::TakeBack(units), from, to, Value::Bool(true))
}

pub(super) fn write(node: u32, value: i64, from: u64, to: u64) -> Line {
    done(node, Call::Write(Value::Int(value)), from, to, Value::Nil)
}

/// The id of a line, by its place.
pub(super) fn id(lines: &[Line], index: usize) -> OpId {
    OpId::of(NodeId(lines[index].node), index as u32)
}

/// The history of these lines on the object `x`, each in a session of its own. Of events at the
/// same time, that of the earlier line comes first.
pub(super) fn history(lines: &[Line]) -> History {
    let mut ends = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        ends.push((line.from, index, End::Invoked));
        ends.extend(line.end.as_ref().map(|(at, _)| (*at, index, End::Returned)));
    }
    ends.sort_unstable();
    let mut history = History::new();
    for (seq, (at, index, end)) in (1..).zip(ends) {
        let line = &lines[index];
        let seq = Seq(NonZeroU64::new(seq).expect("counted from 1"));
        let mark = Mark { seq, at: Time(at * 1_000_000) };
        let op = id(lines, index);
        match (end, &line.end) {
            (End::Returned, Some((_, outcome))) => history.complete(op, outcome.clone(), mark),
            _ => {
                let operation = Operation { object: "x".into(), call: line.call.clone() };
                history.invoke(op, Session(index as u32), operation, mark)
            }
        }
        .expect("the lines are well-formed");
    }
    history
}
