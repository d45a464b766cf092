//! Histories as lists of operations.

use simlab_core::history::{End, History, Mark};
use simlab_core::{Call, NodeId, OpId, Operation, Outcome, Seq, Session, Time, Value};
use std::num::NonZeroU64;

/// An operation of a client on an object, with its times in milliseconds.
#[derive(Clone)]
pub struct Line {
    client: u32,
    object: String,
    call: Call,
    from: u64,
    end: Option<(u64, Outcome)>,
}

impl Line {
    /// A call that is never answered.
    pub fn open(client: u32, call: Call, from: u64) -> Self {
        Line { client, object: "x".into(), call, from, end: None }
    }

    pub fn done(client: u32, call: Call, from: u64, to: u64, result: Value) -> Self {
        Line { end: Some((to, Outcome::Done(result))), ..Line::open(client, call, from) }
    }

    pub fn unknown(client: u32, call: Call, from: u64, to: u64) -> Self {
        let end = Some((to, Outcome::Unknown("time-out".into())));
        Line { end, ..Line::open(client, call, from) }
    }

    pub fn refused(client: u32, call: Call, from: u64, to: u64) -> Self {
        let end = Some((to, Outcome::NotDone("no majority".into())));
        Line { end, ..Line::open(client, call, from) }
    }

    pub fn on(self, object: &str) -> Self {
        Line { object: object.into(), ..self }
    }
}

pub fn write(client: u32, value: i64, from: u64, to: u64) -> Line {
    Line::done(client, Call::Write(Value::Int(value)), from, to, Value::Nil)
}

pub fn read(client: u32, value: i64, from: u64, to: u64) -> Line {
    Line::done(client, Call::Read, from, to, Value::Int(value))
}

pub fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// The operation of the line with this number.
pub fn op(line: usize) -> OpId {
    OpId::of(NodeId(0), line as u32)
}

/// The history of these lines. Of events at the same time, that of the earlier line comes first.
pub fn history(lines: &[Line]) -> History {
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
        match (end, &line.end) {
            (End::Returned, Some((_, outcome))) => {
                history.complete(op(index), outcome.clone(), mark)
            }
            _ => {
                let operation = Operation { object: line.object.clone(), call: line.call.clone() };
                history.invoke(op(index), Session(line.client), operation, mark)
            }
        }
        .expect("the lines are well-formed");
    }
    history
}
