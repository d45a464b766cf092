//! A way to write histories down in tests: who does what, one after the other.

use super::{Answer, Budget, Evidence, Subject, consistency, judge};
use crate::{Limits, model};
use simlab_core::history::{History, Mark};
use simlab_core::{Call, NodeId, OpId, Operation, Outcome, Seq, Session, Time, Value};
use std::num::NonZeroU64;

/// An operation of a node's only session, that ends before the next one begins.
#[derive(Clone)]
pub(super) struct Step {
    node: u32,
    object: &'static str,
    call: Call,
    outcome: Option<Outcome>,
}

impl Step {
    pub(super) const fn object(&self) -> &'static str {
        self.object
    }
}

pub(super) const fn done(node: u32, object: &'static str, call: Call, result: Value) -> Step {
    Step { node, object, call, outcome: Some(Outcome::Done(result)) }
}

pub(super) const fn write(node: u32, object: &'static str, value: i64) -> Step {
    done(node, object, Call::Write(Value::Int(value)), Value::Nil)
}

pub(super) const fn read(node: u32, object: &'static str, value: i64) -> Step {
    done(node, object, Call::Read, Value::Int(value))
}

pub(super) const fn cas(node: u32, object: &'static str, from: i64, to: i64) -> Step {
    let call = Call::Cas { from: Value::Int(from), to: Value::Int(to) };
    done(node, object, call, Value::Bool(true))
}

/// The same, but nobody ever learns how it ended.
pub(super) fn open(step: Step) -> Step {
    Step { outcome: None, ..step }
}

/// The same, but it was reported as not done.
pub(super) fn refused(step: Step) -> Step {
    Step { outcome: Some(Outcome::NotDone("no majority".into())), ..step }
}

/// The history of these steps: the n-th one has the number n, and takes the n-th second.
pub(super) fn history(steps: &[Step]) -> History {
    let mut history = History::new();
    for (number, step) in (0_u32..).zip(steps) {
        let mark = |half: u64| Mark {
            seq: Seq(NonZeroU64::new(u64::from(number) * 2 + half + 1).expect("not zero")),
            at: Time((u64::from(number) * 2 + half) * 500_000_000),
        };
        let op = OpId::of(NodeId(step.node), number);
        let operation = Operation { object: step.object.into(), call: step.call.clone() };
        history.invoke(op, Session(0), operation, mark(0)).expect("the session is free");
        if let Some(outcome) = &step.outcome {
            history.complete(op, outcome.clone(), mark(1)).expect("it is open");
        }
    }
    history
}

/// What a model says of these steps on objects of a kind that hold 0 at first.
pub(super) fn judged(steps: &[Step], kind: &str, name: &str) -> Answer {
    let history = history(steps);
    let model = model(kind).expect("it is in the table");
    let subject = Subject::new(&history, model, &Value::Int(0));
    let consistency = consistency(name).expect("it is in the table");
    judge(subject, consistency, Budget::of(Limits::default())).expect("the initial value fits")
}

/// The evidence against these steps on keys.
pub(super) fn evidence(steps: &[Step], name: &str) -> Evidence {
    match judged(steps, "kv", name) {
        Answer::Violated(evidence) => evidence,
        other => panic!("{name}: {other:?}"),
    }
}

/// The model must allow these steps on keys.
pub(super) fn assert_allowed(steps: &[Step], name: &str) {
    assert_eq!(judged(steps, "kv", name), Answer::Satisfied, "{name}");
}

/// The step with the number `broken` must break the model, for the reason `why`, and `needed` must
/// be the evidence.
pub(super) fn assert_broken(steps: &[Step], name: &str, broken: u32, needed: &[u32], why: &str) {
    let evidence = evidence(steps, name);
    let mut numbers: Vec<u32> = evidence.operations.iter().map(|op| op.number()).collect();
    numbers.sort_unstable();
    assert_eq!((evidence.op.number(), evidence.why.as_str()), (broken, why), "{name}");
    assert_eq!((numbers.as_slice(), evidence.minimal), (needed, true), "{name}: {why}");
}
