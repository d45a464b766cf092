//! Histories that read like examples.

use super::super::testing::*;
use super::super::{Answer, Budget, Subject, consistency, judge};
use crate::{Limits, Stop, model};
use simlab_core::{Call, Value};

/// Time between sessions plays no part: this is what separates it from linearizability.
#[test]
fn a_session_may_live_in_the_past() {
    let steps = [write(1, "x", 1), read(2, "x", 0), read(2, "x", 1)];
    assert_allowed(&steps, "sequential");
    assert!(matches!(judged(&steps, "kv", "linearizable"), Answer::Violated(_)));
}

/// Store buffers: each of two processors misses the other's write (Dekker's algorithm then fails).
/// Each object alone is sequentially consistent.
#[test]
fn objects_are_judged_together() {
    let steps = [write(1, "x", 1), read(1, "y", 0), write(2, "y", 2), read(2, "x", 0)];
    let why = "read x returned 0, but no order of all operations, those of each session in its \
               order, explains this: n1: write 1 to x, then read y (0); \
               n2: write 2 to y, then read x (0)";
    assert_broken(&steps, "sequential", 3, &[0, 1, 2, 3], why);
    for object in ["x", "y"] {
        let alone: Vec<Step> =
            steps.iter().filter(|step| step.object() == object).cloned().collect();
        assert_allowed(&alone, "sequential");
    }
    assert_allowed(&steps, "causal");
}

/// Values may be written more than once here.
#[test]
fn equal_values_are_tried_in_every_way() {
    let steps = [write(1, "x", 1), write(2, "x", 1), read(3, "x", 0), read(3, "x", 1)];
    assert_allowed(&steps, "sequential");
    let steps = [&steps[..], &[read(3, "x", 0)]].concat();
    assert_broken(
        &steps,
        "sequential",
        4,
        &[3, 4],
        "read x returned 0, but this session had read 1 before",
    );
}

/// A write of what is there already is not done too early: it is needed after the other one.
#[test]
fn a_write_that_changes_nothing_may_be_needed_later() {
    let steps = [write(1, "x", 2), read(1, "x", 0), write(2, "x", 0)];
    assert_allowed(&steps, "sequential");
}

#[test]
fn a_queue_gives_nothing_twice() {
    let one = || Value::Int(1);
    let steps = [
        done(1, "q", Call::Enqueue(one()), Value::Nil),
        done(2, "q", Call::Dequeue, one()),
        done(3, "q", Call::Dequeue, one()),
    ];
    let history = history(&steps);
    let queue = model("queue").expect("it is in the table");
    let subject = Subject::new(&history, queue, &Value::Nil);
    let sequential = consistency("sequential").expect("it is in the table");
    let budget = Budget::of(Limits::default());
    let Ok(Answer::Violated(evidence)) = judge(subject, sequential, budget) else {
        panic!("1 was enqueued once")
    };
    let why = "dequeue on q returned 1, but no order of all operations, those of each session in \
               its order, explains this: n2: dequeue on q (1); n3: dequeue on q (1)";
    assert_eq!((evidence.op.number(), evidence.why.as_str()), (2, why));
}

#[test]
fn who_sets_a_limit_is_told_that_it_was_hit() {
    let history = history(&[write(1, "x", 1), read(2, "x", 0), read(2, "x", 1)]);
    let kv = model("kv").expect("it is in the table");
    let subject = Subject::new(&history, kv, &Value::Int(0));
    let sequential = consistency("sequential").expect("it is in the table");
    let why = "the check of sequential did work worth 1 configuration and was stopped";
    let answer = judge(subject, sequential, Budget::of(Limits { configurations: 1 }));
    assert_eq!(answer, Ok(Answer::Unknown { why: why.into() }));
    let stop = Stop::when(|| true);
    let hurry = Budget { stop: Some(&stop), ..Budget::of(Limits::default()) };
    let why = "the check of sequential was stopped before its end";
    assert_eq!(judge(subject, sequential, hurry), Ok(Answer::Unknown { why: why.into() }));
}
