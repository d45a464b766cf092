//! Compare-and-sets that failed: what fits, what does not, and why.

use super::super::finished::{NEVER, Op, Tested};
use super::{Chains, Polynomial};
use crate::testing::*;
use crate::{CasRegister, Limits, Linearizer, Object, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use simlab_core::history::Record;
use simlab_core::{Call, OpId, Value};
use std::cell::Cell;

fn cas(from: i64, to: i64) -> Call {
    Call::Cas { from: Value::Int(from), to: Value::Int(to) }
}

/// A compare-and-set that found another value.
fn missed(value: i64, from: u64, to: u64) -> Line {
    done(0, cas(value, -1), from, to, Value::Bool(false))
}

/// One that did what it was to do.
fn turned(value: i64, into: i64, from: u64, to: u64) -> Line {
    done(0, cas(value, into), from, to, Value::Bool(true))
}

/// The value is initially 0.
fn tested(lines: &[Line]) -> Tested {
    let history = history(lines);
    let ops: Vec<Op<'_>> =
        history.records().iter().filter_map(|record: &Record| Op::at(record, NEVER)).collect();
    Chains { initial: Value::Int(0) }.test(&ops)
}

/// These lines must be possible, and impossible with the last one of them.
fn assert_breaks_at_the_last(lines: &[Line]) {
    let (_, before) = lines.split_last().expect("there is one");
    assert_eq!(tested(before), Tested::Possible, "before the last one");
    assert!(matches!(tested(lines), Tested::Impossible(_)), "with it");
}

/// These lines must be impossible, and `to_blame` is what is said to show it.
fn assert_blames(lines: &[Line], to_blame: &[usize]) {
    let Tested::Impossible(mut ops) = tested(lines) else { panic!("{:?}", tested(lines)) };
    ops.sort_unstable();
    ops.dedup();
    let mut expected: Vec<OpId> = to_blame.iter().map(|at| id(lines, *at)).collect();
    expected.sort_unstable();
    assert_eq!(ops, expected);
}

/// ```text
///   write 1 ├┤
///   read 1     ├──┤                  ├──┤
///   cas 1 -1, failed  ├──┤
/// ```
#[test]
fn it_cannot_have_failed_while_its_value_was_there_all_the_time() {
    let lines = [write(0, 1, 0, 10), read(1, 20, 30, 1), missed(1, 40, 50), read(1, 60, 70, 1)];
    assert_blames(&lines, &[0, 2, 3]);
    let during = [write(0, 1, 0, 10), read(1, 20, 30, 1), missed(1, 40, 60), read(1, 50, 70, 1)];
    assert_eq!(tested(&during), Tested::Impossible(Vec::new()), "nothing else was written");
    let other = [&during[..], &[write(2, 2, 40, 90)]].concat();
    assert_eq!(tested(&other), Tested::Possible);
}

/// What a value was turned into ends its time, and what it was turned from ends when it begins.
#[test]
fn a_chain_is_bound_to_its_moments() {
    let lines = [turned(0, 1, 10, 100), turned(1, 2, 20, 30), missed(0, 5, 40), read(1, 5, 8, 0)];
    assert_eq!(tested(&lines), Tested::Possible);
    // 0 was there until 20 at least, and 1 until 50.
    let lines = [missed(0, 1, 15), turned(0, 1, 20, 100)];
    assert_blames(&lines, &[0, 1]);
    let lines = [turned(0, 1, 10, 20), turned(1, 2, 50, 60), missed(1, 30, 40)];
    assert_blames(&lines, &[0, 1, 2]);
}

/// 0 must end by 12, so 1 by 30; 2 begins after 35.
#[test]
fn several_of_them_can_leave_no_room() {
    let chain = [turned(0, 1, 10, 100), turned(1, 2, 10, 100), read(1, 195, 198, 2)];
    let lines = [&chain[..], &[missed(1, 20, 30), missed(0, 5, 12)]].concat();
    assert_eq!(tested(&lines), Tested::Possible);
    let early = [&lines[..], &[missed(2, 25, 190)]].concat();
    assert_eq!(tested(&early), Tested::Possible);
    let late = [&lines[..], &[missed(2, 35, 190)]].concat();
    assert_blames(&late, &[0, 1, 2, 3, 4, 5]);
}

/// The order of the chains by their first moments would put both of the others before 1.
#[test]
fn a_write_can_be_put_where_it_is_needed() {
    let others = [write(1, 2, 5, 60), write(2, 3, 6, 100)];
    let lines =
        [&others[..], &[write(0, 1, 10, 20), missed(1, 30, 40), missed(2, 1, 200)]].concat();
    assert_eq!(tested(&lines), Tested::Possible);
    // 2 for the one, 3 for the other.
    let lines =
        [&others[..], &[write(0, 1, 10, 20), missed(1, 30, 40), missed(2, 45, 55)]].concat();
    assert_eq!(tested(&lines), Tested::Possible);
    // 2 must go too early for 3.
    let lines = [&lines[..], &[missed(3, 70, 80), missed(3, 50, 65)]].concat();
    assert_eq!(tested(&lines), Tested::Possible);
    let one_each = [&lines[..], &[write(0, 4, 110, 120), read(1, 130, 140, 4)]].concat();
    assert_breaks_at_the_last(&[&one_each[..], &[missed(4, 132, 138)]].concat());
}

/// Nobody knows whether it took effect: here it must have.
#[test]
fn what_is_still_open_can_have_come_between() {
    let lines = [write(0, 1, 0, 10), open(1, Call::Write(Value::Int(2)), 15), missed(1, 20, 30)];
    assert_eq!(tested(&lines), Tested::Possible);
    let lines = [write(0, 1, 0, 10), open(1, cas(1, 2), 15), missed(1, 20, 30)];
    assert_eq!(tested(&lines), Tested::Possible);
    // And what came between must not have failed itself.
    assert_breaks_at_the_last(&[&lines[..], &[missed(2, 40, 50)]].concat());
    let lines = [&lines[..], &[open(2, cas(2, 3), 35), missed(2, 40, 50)]].concat();
    assert_eq!(tested(&lines), Tested::Possible);
    assert_breaks_at_the_last(&[&lines[..], &[read(3, 60, 70, 1)]].concat());
}

#[test]
fn what_was_refused_did_not_come_between() {
    let refused = refused(1, Call::Write(Value::Int(2)), 15, 90);
    assert_breaks_at_the_last(&[write(0, 1, 0, 10), refused, missed(1, 20, 30)]);
}

/// What an operation is to be: when it begins, how long it takes and when it takes effect, what it does, to
/// which of the latest values, and how it ends.
type Plan = (u64, (u64, u64), u8, usize, u8);

/// Carries the plans out, one value after the other; compare-and-sets that are to fail do so against all reason
/// where the value is the present one.
fn carried_out(plans: &[Plan]) -> Vec<Line> {
    let mut lines: Vec<Option<Line>> = vec![None; plans.len()];
    let mut order: Vec<usize> = (0..plans.len()).collect();
    order.sort_by_key(|&n| plans[n].0 + plans[n].1.1.min(plans[n].1.0));
    let mut values = vec![0];
    for n in order {
        let (from, (length, _), what, which, end) = plans[n];
        let fresh = n as i64 + 1;
        let now = values[values.len() - 1];
        let recent = values[values.len().saturating_sub(1 + which)];
        let (call, result) = match what {
            0..3 => (Call::Write(Value::Int(fresh)), Value::Nil),
            3 => (cas(now, fresh), Value::Bool(true)),
            4 => (Call::Read, Value::Int(recent)),
            5 => (Call::Read, Value::Int(now)),
            _ => (cas(recent, -fresh), Value::Bool(false)),
        };
        if what <= 3 && end != 0 {
            values.push(fresh);
        }
        let node = n as u32;
        lines[n] = Some(match end {
            0 | 1 => open(node, call, from),
            2 => unknown(node, call, from, from + length),
            _ => done(node, call, from, from + length, result),
        });
    }
    lines.into_iter().flatten().collect()
}

fn searched(lines: &[Line]) -> bool {
    let history = history(lines);
    let mut linearizer = Linearizer::new(Limits::default());
    linearizer.declare("x", Object::new(CasRegister { initial: Value::Int(0) }).searched());
    linearizer.read(&history);
    match linearizer.verdict(&history) {
        Verdict::Linearizable => true,
        Verdict::NotLinearizable(_) => false,
        Verdict::Unknown { why } => panic!("{why}"),
    }
}

/// The search shares nothing with the test. That is never at a loss with so few operations.
#[test]
fn it_is_as_the_search_says() {
    let plan = (0..60_u64, (1..30_u64, 0..30_u64), 0..10_u8, 0..3_usize, 0..20_u8);
    let verdicts = [Cell::new(0), Cell::new(0)];
    let found = TestRunner::new(config(4_000)).run(&vec(plan, 1..16), |plans| {
        let lines = carried_out(&plans);
        let possible = searched(&lines);
        match tested(&lines) {
            Tested::Possible => prop_assert!(possible),
            Tested::Impossible(_) => prop_assert!(!possible),
            Tested::Unfit => prop_assert!(false, "it is not judged"),
        }
        let verdict = &verdicts[usize::from(possible)];
        verdict.set(verdict.get() + 1);
        Ok(())
    });
    found.unwrap_or_else(|failed| panic!("{failed}"));
    let [impossible, possible] = verdicts.map(Cell::into_inner);
    assert!(
        3 * impossible.min(possible) > impossible + possible - 1_000,
        "{possible}, {impossible}"
    );
}
