//! Sets as Jepsen tests them: many additions, some reads of all.

use crate::testing::*;
use crate::{Limits, Linearizer, Object, Set, Verdict};
use proptest::prelude::*;
use simlab_core::{Call, OpId, Value};

fn add(node: u32, element: i64, from: u64, to: u64) -> Line {
    done(node, Call::Insert(Value::Int(element)), from, to, Value::Nil)
}

fn all(node: u32, from: u64, to: u64, elements: &[i64]) -> Line {
    let elements = elements.iter().copied().map(Value::Int).collect();
    done(node, Call::Read, from, to, Value::List(elements))
}

fn asked(node: u32, element: i64, from: u64, to: u64, found: bool) -> Line {
    done(node, Call::Contains(Value::Int(element)), from, to, Value::Bool(found))
}

fn judged(lines: &[Line], object: Object) -> (Linearizer, Verdict) {
    let history = history(lines);
    let mut linearizer = Linearizer::new(Limits::default());
    linearizer.declare("x", object);
    linearizer.finish(&history);
    let verdict = linearizer.verdict(&history);
    (linearizer, verdict)
}

/// It must break at the return of the last line, for the reason `why`, and show it with these lines.
fn assert_breaks(lines: &[Line], why: &str, shown: &[usize]) {
    let (linearizer, verdict) = judged(lines, Object::new(Set));
    let Verdict::NotLinearizable(first) = verdict else { panic!("it is {verdict}") };
    assert_eq!((first.op, first.why.as_str()), (id(lines, lines.len() - 1), why));
    let evidence = linearizer.evidence(&history(lines)).expect("it is broken");
    let mut shown: Vec<OpId> = shown.iter().map(|&line| id(lines, line)).collect();
    shown.sort_unstable();
    assert_eq!((evidence.operations, evidence.minimal), (shown, true));
}

#[test]
fn reads_that_grow_are_in_order() {
    let lines = [
        add(0, 1, 0, 100),
        add(1, 2, 0, 900),
        all(2, 50, 200, &[1]),
        unknown(3, Call::Insert(Value::Int(3)), 0, 100),
        all(2, 300, 400, &[1, 2]),
        refused(0, Call::Insert(Value::Int(4)), 0, 450),
        all(2, 500, 600, &[1, 2]),
        all(2, 700, 90_000, &[1, 2, 3]),
        asked(0, 3, 700, 800, false),
    ];
    let (linearizer, verdict) = judged(&lines, Object::new(Set));
    assert_eq!(verdict, Verdict::Linearizable);
    // That which did not find 3 comes at its beginning, and all others as early as they can.
    let order = [0, 2, 1, 4, 6, 8, 3, 7].map(|line| id(&lines, line));
    assert_eq!(linearizer.witness(&history(&lines))["x"], order);
}

#[test]
fn an_element_must_not_be_lost() {
    let lines = [add(0, 1, 0, 100), add(0, 2, 200, 300), all(1, 1_300, 1_400, &[2])];
    let why = "read returned [2], but insert 1 had returned 1.2 s before this read without 1 began";
    assert_breaks(&lines, why, &[0, 2]);
}

#[test]
fn an_element_must_not_be_there_before_it_is_put_in() {
    let lines = [add(0, 1, 500, 600), all(1, 0, 900, &[2])];
    assert_breaks(&lines, "read returned [2], but nothing can have inserted 2", &[1]);
    let lines = [refused(0, Call::Insert(Value::Int(2)), 0, 100), all(1, 0, 900, &[2])];
    assert_breaks(&lines, "read returned [2], but nothing can have inserted 2", &[0, 1]);
}

#[test]
fn what_one_read_found_a_later_one_must_find_too() {
    let lines = [add(0, 1, 0, 900), all(1, 100, 200, &[1]), all(2, 300, 400, &[])];
    let why =
        "read returned [], but a read with 1 had returned 100 ms before this read without 1 began";
    assert_breaks(&lines, why, &[1, 2]);
}

/// Two clients see two additions come in in different orders.
#[test]
fn two_reads_must_not_each_miss_what_the_other_found() {
    let lines =
        [add(0, 1, 0, 900), add(1, 2, 0, 900), all(2, 100, 200, &[1]), all(3, 100, 300, &[2])];
    let why = "read returned [2], but this read found 2 without 1, and another read 1 without 2";
    assert_breaks(&lines, why, &[2, 3]);
}

/// 1 was in before 2 was begun to be put in, so that nobody can have found 2 without 1.
#[test]
fn a_read_of_the_later_element_alone_is_wrong() {
    let lines = [add(0, 1, 0, 100), add(0, 2, 200, 300), all(1, 0, 400, &[2])];
    let why = "read returned [2], but insert 1 had returned 100 ms before insert 2 began, and this \
               read found 2 without 1";
    assert_breaks(&lines, why, &[0, 1, 2]);
}

#[test]
fn a_question_is_a_read_of_one_element() {
    let lines = [add(0, 1, 0, 900), asked(1, 1, 100, 200, true), asked(2, 1, 300, 400, false)];
    let why = "contains 1 returned false, but contains 1 (true) had returned 100 ms before this \
               question began";
    assert_breaks(&lines, why, &[1, 2]);
}

#[test]
fn an_insertion_that_finds_its_element_is_not_the_first() {
    let insert =
        |node, from, to, new| done(node, Call::Insert(Value::Int(1)), from, to, Value::Bool(new));
    let lines = [insert(0, 0, 100, true), insert(1, 50, 200, false), insert(2, 300, 400, false)];
    assert_eq!(judged(&lines, Object::new(Set)).1, Verdict::Linearizable);
    let twice = [insert(0, 0, 100, true), insert(1, 50, 200, true)];
    let why = "insert 1 returned true, but another insertion of 1 returned true too";
    assert_breaks(&twice, why, &[0, 1]);
}

/// After a removal the other ways of judging go on with all that happened.
#[test]
fn a_removal_ends_it() {
    let remove = done(0, Call::Remove(Value::Int(1)), 400, 500, Value::Bool(true));
    let mut lines = vec![add(0, 1, 0, 100), all(1, 200, 300, &[1]), remove, all(1, 600, 700, &[])];
    assert_eq!(judged(&lines, Object::new(Set)).1, Verdict::Linearizable);
    lines.push(all(1, 800, 900, &[1]));
    let Verdict::NotLinearizable(first) = judged(&lines, Object::new(Set)).1 else {
        panic!("1 was taken out");
    };
    assert_eq!(first.op, id(&lines, 4));
}

/// Additions of elements from 0 on, of which each client makes one, and reads of any of them.
fn lines() -> impl Strategy<Value = Vec<Line>> {
    let line = (0..6_u32, 0..40_u64, 1..20_u64, any::<u8>(), 0..3_u8);
    proptest::collection::vec(line, 1..14).prop_map(|drawn| {
        let ops = drawn.into_iter().zip(0..);
        let line = |((kind, from, length, found, fate), number): ((u32, u64, u64, u8, u8), u32)| {
            let (from, to) = (from * 10, (from + length) * 10);
            let elements: Vec<i64> = (0..6).filter(|bit| found >> bit & 1 == 1).collect();
            match (kind, fate) {
                (0..3, 0) => unknown(number, Call::Insert(Value::Int(kind.into())), from, to),
                (0..5, _) => add(number, kind.into(), from, to),
                (_, 0) => asked(number, (found % 6).into(), from, to, found > 127),
                _ => all(number, from, to, &elements),
            }
        };
        ops.map(line).collect()
    })
}

proptest! {
    #![proptest_config(config(2_000))]

    /// The search must find the same first break.
    #[test]
    fn the_search_says_the_same(lines in lines()) {
        let broken = |object| match judged(&lines, object).1 {
            Verdict::NotLinearizable(first) => Some(first.op),
            Verdict::Linearizable => None,
            Verdict::Unknown { why } => panic!("{why}"),
        };
        prop_assert_eq!(broken(Object::new(Set)), broken(Object::new(Set).searched()));
    }
}
