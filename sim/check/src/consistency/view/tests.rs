//! Histories that read like examples, and the sentences that students get.

use super::super::testing::*;
use crate::Answer;
use simlab_core::{Call, Value};

#[test]
fn a_session_does_not_go_back() {
    let steps = [write(1, "x", 1), write(1, "x", 2), read(2, "x", 2), read(2, "x", 1)];
    let why = "read x returned 1, but this session had read 2 before, which n1 wrote after 1";
    assert_broken(&steps, "monotonic-reads", 3, &[0, 1, 2, 3], why);
    assert_broken(&steps, "causal", 3, &[0, 1, 2, 3], why);
    assert_allowed(&steps, "read-your-writes");
    // Nobody knows which of the writes of two clients is the older one.
    let steps = [write(1, "x", 1), write(3, "x", 2), read(2, "x", 2), read(2, "x", 1)];
    assert_allowed(&steps, "causal");
    let steps = [&steps[..], &[read(2, "x", 2)]].concat();
    let why = "read x returned 2, but this session had read 1 before, when it had seen 2 already";
    assert_broken(&steps, "monotonic-reads", 4, &[2, 3, 4], why);
}

#[test]
fn what_was_there_at_first_is_older_than_all() {
    let steps = [write(1, "x", 1), read(2, "x", 1), read(2, "y", 0), read(2, "x", 0)];
    let why = "read x returned 0, but this session had read 1 before";
    assert_broken(&steps, "monotonic-reads", 3, &[1, 3], why);
}

#[test]
fn a_session_sees_what_it_wrote_or_something_newer() {
    let steps = [write(1, "x", 1), read(1, "x", 0)];
    let why = "read x returned 0, but this session had written 1 before";
    assert_broken(&steps, "read-your-writes", 1, &[0, 1], why);
    assert_broken(&steps, "pram", 1, &[0, 1], why);
    assert_allowed(&steps, "writes-follow-reads");
    let steps = [read(1, "x", 7), write(1, "x", 1), read(1, "x", 7), write(2, "x", 7)];
    let why =
        "read x returned 7, but this session had written 1 before, when it had seen 7 already";
    assert_broken(&steps, "read-your-writes", 2, &[0, 1, 2], why);
    let steps = [write(1, "x", 1), write(1, "x", 2), read(1, "x", 1)];
    let why = "read x returned 1, but this session had written 2 before, after 1";
    assert_broken(&steps, "read-your-writes", 2, &[0, 1, 2], why);
}

/// Somebody else may have overwritten what the session wrote, even if that write began earlier.
#[test]
fn to_read_what_another_wrote_meanwhile_is_no_broken_promise() {
    let steps = [write(2, "x", 2), write(1, "x", 1), read(1, "x", 2)];
    for name in ["read-your-writes", "pram", "causal", "sequential"] {
        assert_allowed(&steps, name);
    }
    assert!(matches!(judged(&steps, "kv", "linearizable"), Answer::Violated(_)));
}

#[test]
fn monotonic_writes_reach_across_objects() {
    let steps = [write(1, "x", 1), write(1, "y", 2), read(2, "y", 2), read(2, "x", 0)];
    let why = "read x returned 0, but no order of the writes, those of each session in its order, \
               lets this session never see an older one: n1: write 1 to x, then write 2 to y; \
               n2: read y (2), then read x (0)";
    assert_broken(&steps, "monotonic-writes", 3, &[0, 1, 2, 3], why);
    assert_allowed(&steps, "monotonic-reads");
    assert_allowed(&steps, "writes-follow-reads");
    assert_allowed(&steps, "read-your-writes");
}

#[test]
fn an_answer_is_not_seen_without_its_question() {
    let steps = [write(1, "x", 1), read(2, "x", 1), write(2, "y", 2), read(3, "y", 2)];
    assert_allowed(&steps, "causal");
    let steps = [&steps[..], &[read(3, "x", 0)]].concat();
    let why = "read x returned 0, but no order of all writes that puts causes before effects is \
               what a session saw: n2: read x (1), then write 2 to y; \
               n3: read y (2), then read x (0)";
    assert_broken(&steps, "causal", 4, &[1, 2, 3, 4], why);
    assert!(matches!(judged(&steps, "kv", "writes-follow-reads"), Answer::Violated(_)));
    assert_allowed(&steps, "pram");
}

/// Two sessions may disagree for ever on the order of two writes that know nothing of each other.
#[test]
fn causal_memory_is_not_one_memory() {
    let (one, two) = ([write(1, "x", 1), write(2, "x", 2)], [read(3, "x", 1), read(3, "x", 2)]);
    let steps = [&one[..], &two, &[read(4, "x", 2), read(4, "x", 1)]].concat();
    assert_allowed(&steps, "causal");
    assert!(matches!(judged(&steps, "kv", "sequential"), Answer::Violated(_)));
}

#[test]
fn nobody_reads_what_was_never_written() {
    let steps = [write(1, "x", 1), read(2, "x", 3)];
    let why = "read x returned 3, but nobody ever wrote 3";
    for name in ["monotonic-reads", "read-your-writes", "causal", "sequential"] {
        assert_broken(&steps, name, 1, &[1], why);
    }
    let steps = [refused(write(1, "x", 1)), read(2, "x", 1)];
    let why = "read x returned 1, but to write 1 was reported as not done";
    assert_broken(&steps, "monotonic-reads", 1, &[0, 1], why);
    let steps = [read(2, "x", 1), refused(write(1, "x", 1))];
    let why = "write 1 to x was reported as not done, but read x had returned 1";
    assert_broken(&steps, "monotonic-reads", 1, &[0, 1], why);
}

#[test]
fn what_was_read_took_effect_even_if_nobody_was_told() {
    let steps = [open(write(1, "x", 1)), read(2, "x", 1), read(2, "x", 0)];
    let why = "read x returned 0, but this session had read 1 before";
    assert_broken(&steps, "monotonic-reads", 2, &[1, 2], why);
    // What nobody read need not have.
    let steps = [write(1, "y", 5), open(write(1, "x", 1)), read(2, "x", 0), read(2, "x", 0)];
    assert_allowed(&steps, "causal");
}

/// Two sessions cannot both be the first to take a lock.
#[test]
fn a_compare_and_set_reads_and_writes_at_one_point() {
    let steps = [cas(1, "x", 0, 1), cas(1, "x", 0, 2)];
    for name in ["read-your-writes", "monotonic-reads", "causal", "sequential"] {
        assert!(matches!(judged(&steps, "kv", name), Answer::Violated(_)), "{name}");
    }
    // In the views of each other they are but writes.
    let steps = [cas(1, "x", 0, 1), cas(2, "x", 0, 2)];
    assert_allowed(&steps, "causal");
    assert!(matches!(judged(&steps, "kv", "sequential"), Answer::Violated(_)));
}

fn why_not(steps: &[Step], kind: &str, name: &str) -> String {
    match judged(steps, kind, name) {
        Answer::NotApplicable { why } => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_cannot_be_told_is_said() {
    let steps = [write(1, "x", 1), write(2, "x", 1), read(1, "x", 1)];
    let why = "1 was written to x by n1 and by n2, so that nobody can tell which of them \
               a read of it saw";
    assert_eq!(why_not(&steps, "kv", "causal"), why);
    // Nobody asks who wrote what nobody read.
    assert_allowed(&steps[..2], "causal");
    let steps = [write(1, "x", 0), read(1, "x", 0)];
    let why = "x held 0 at first, and n1 wrote it again, so that nobody can tell which of them a \
               read of it saw";
    assert_eq!(why_not(&steps, "kv", "pram"), why);
    let steps = [write(1, "x", 1), write(1, "x", 1), read(1, "x", 1)];
    let why =
        "1 was written to x twice by n1, so that nobody can tell which of them a read of it saw";
    assert_eq!(why_not(&steps, "kv", "pram"), why);
    let append = done(1, "x", Call::Append("a".into()), Value::Nil);
    let why = "this model is about reads and writes, and x append \"a\" is neither";
    assert_eq!(why_not(&[append], "kv", "pram"), why);
    let failed = Call::Cas { from: Value::Int(1), to: Value::Int(2) };
    let why = "x cas 1 2 of n1 found another value, but which one is not known";
    assert_eq!(why_not(&[done(1, "x", failed, Value::Bool(false))], "kv", "pram"), why);
    let add = done(1, "x", Call::Add(1), Value::Nil);
    let why = "this model is about registers and keys, not about a counter";
    assert_eq!(why_not(&[add], "counter", "causal"), why);
}
