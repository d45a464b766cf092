//! Histories that read like examples, and the sentences that students get.

use super::*;
use crate::testing::*;
use crate::{CasRegister, KeyValue, Register, Stock};
use simlab_core::{Call, Value};

fn shop(units: i64, lines: &[Line]) -> Verdict {
    linearizable(&history(lines), "x", Stock { initial: units }, Limits::default())
}

fn register(lines: &[Line]) -> Verdict {
    let spec = Register { initial: Value::Int(0) };
    linearizable(&history(lines), "x", spec, Limits::default())
}

/// The break must be the return of line `index`, for the reason `why`.
fn assert_breaks(verdict: Verdict, lines: &[Line], index: usize, why: &str) {
    let Verdict::NotLinearizable(first) = verdict else { panic!("it is {verdict}") };
    assert_eq!((first.op, first.why.as_str()), (id(lines, index), why));
    let at = history(lines).get(first.op).and_then(|record| record.returned.as_ref().map(|r| r.0));
    assert_eq!(at, Some(Mark { seq: first.seq, at: first.at }));
}

#[test]
fn nothing_happened_in_order() {
    assert_eq!(shop(60, &[]), Verdict::Linearizable);
}

#[test]
fn a_stale_read_names_the_sale_it_missed() {
    let lines = [
        sell(0, 1, 12_000, 12_100, true),
        read(0, 15_000, 15_100, 59),
        read(1, 15_050, 15_120, 59),
        read(2, 15_110, 15_130, 60),
    ];
    let why = "read returned 60, but every order of the completed operations leaves 59 \
               (sell 1 had returned 3.0 s before the read began)";
    assert_breaks(shop(60, &lines), &lines, 3, why);
}

#[test]
fn of_two_sales_the_one_that_was_missed_is_named() {
    let lines = [
        sell(0, 5, 0, 100, true),
        sell(0, 7, 200, 300, true),
        read(1, 1_000, 1_100, 95),
        read(1, 1_200, 1_300, 93),
    ];
    let why = "read returned 95, but every order of the completed operations leaves 88 \
               (sell 7 had returned 700 ms before the read began)";
    assert_breaks(shop(100, &lines), &lines, 2, why);
    let missed_first = [&lines[..2], &[read(1, 1_200, 1_300, 93)]].concat();
    let why = "read returned 93, but every order of the completed operations leaves 88 \
               (sell 5 had returned 1.1 s before the read began)";
    assert_breaks(shop(100, &missed_first), &missed_first, 2, why);
}

#[test]
fn a_read_during_a_sale_may_see_either_side_but_not_go_back() {
    let mut lines = vec![sell(0, 1, 0, 1_000, true), read(1, 100, 200, 59), read(2, 100, 250, 60)];
    assert_eq!(shop(60, &lines), Verdict::Linearizable);
    lines.push(read(2, 300, 400, 60));
    let why = "read returned 60, but every order of the completed operations leaves 59 \
               (another read had returned 59, 100 ms before this read began)";
    assert_breaks(shop(60, &lines), &lines, 3, why);
}

#[test]
fn a_few_possible_values_are_listed() {
    let lines = [sell(0, 1, 0, 900, true), sell(1, 2, 0, 900, true), read(2, 100, 200, 55)];
    let why = "read returned 55, but every order of the completed operations leaves \
               57, 58, 59 or 60 (nothing that changes it had returned before the read began)";
    assert_breaks(shop(60, &lines), &lines, 2, why);
}

#[test]
fn what_is_not_left_cannot_be_sold() {
    let lines =
        [sell(0, 30, 0, 100, true), sell(1, 20, 200, 300, true), sell(2, 25, 1_300, 1_400, true)];
    let why = "sell 25 returned true, but every order of the completed operations leaves 10, and \
               the sale needed 25 (sell 20 had returned 1.0 s before the sale began)";
    assert_breaks(shop(60, &lines), &lines, 2, why);
    let sold_out = [sell(0, 30, 0, 100, true), sell(1, 20, 200, 300, false)];
    let why = "sell 20 returned false, but every order of the completed operations leaves 30, and \
               the sale needed only 20 (sell 30 had returned 100 ms before the sale began)";
    assert_breaks(shop(60, &sold_out), &sold_out, 1, why);
}

#[test]
fn a_sale_that_others_saw_cannot_have_failed() {
    let lines = [sell(0, 5, 0, 1_000, false), sell(1, 4, 0, 2_000, true), read(2, 100, 200, 3)];
    let why = "sell 5 returned false, but every order of the completed operations makes it return \
               true (a read had returned 3 while this sale was under way)";
    assert_breaks(shop(8, &lines), &lines, 0, why);
    // If nobody had seen it, the other sale could have come first.
    assert_eq!(
        shop(8, &[&lines[..1], &[sell(1, 4, 0, 900, true)]].concat()),
        Verdict::Linearizable
    );
    let lines = [refused(0, Call::Sell(5), 0, 1_000), read(1, 100, 200, 55)];
    let why = "sell 5 was reported as not done, but no order of the completed operations does \
               without it (a read had returned 55, 800 ms earlier)";
    assert_breaks(shop(60, &lines), &lines, 0, why);
}

#[test]
fn a_refused_sale_did_not_happen() {
    let lines = [refused(0, Call::Sell(5), 0, 100), read(1, 200, 300, 60)];
    assert_eq!(shop(60, &lines), Verdict::Linearizable);
}

#[test]
fn an_unknown_write_may_take_effect_much_later() {
    let mut lines = vec![
        unknown(0, Call::Write(Value::Int(7)), 0, 2_000),
        read(1, 3_000, 3_100, 0),
        write(1, 1, 4_000, 4_100),
        read(1, 5_000, 5_100, 1),
        read(1, 600_000, 600_100, 7),
        read(1, 601_000, 601_100, 7),
    ];
    assert_eq!(register(&lines), Verdict::Linearizable);
    // But only once.
    lines.push(write(1, 2, 602_000, 602_100));
    lines.push(read(1, 603_000, 603_100, 7));
    let why = "read returned 7, but every order of the completed operations leaves 2 \
               (write 2 had returned 900 ms before the read began)";
    assert_breaks(register(&lines), &lines, 7, why);
}

#[test]
fn a_write_whose_client_crashed_may_take_effect_too() {
    let lines = [open(0, Call::Write(Value::Int(7)), 0), read(1, 3_000, 3_100, 7)];
    assert_eq!(register(&lines), Verdict::Linearizable);
}

/// Concurrent writes of the same value: one of them may come before the other's overwriting, the
/// other after it.
#[test]
fn a_write_that_could_have_come_earlier_may_come_later() {
    let lines = [
        write(0, 1, 0, 10),
        write(1, 1, 20, 100),
        write(2, 2, 20, 90),
        read(3, 200, 300, 1),
        write(0, 2, 400, 410),
        read(3, 420, 430, 2),
    ];
    assert_eq!(register(&lines), Verdict::Linearizable);
}

#[test]
fn a_compare_and_set_must_find_what_it_expects() {
    let cas = |from, to| Call::Cas { from: Value::Int(from), to: Value::Int(to) };
    let spec = CasRegister { initial: Value::Int(0) };
    let lines = [
        done(0, cas(0, 1), 0, 100, Value::Bool(true)),
        done(1, cas(0, 2), 200, 300, Value::Bool(true)),
    ];
    let verdict = linearizable(&history(&lines), "x", spec, Limits::default());
    let why = "cas 0 2 returned true, but every order of the completed operations leaves 1 \
               (cas 0 1 had returned 100 ms before the compare-and-set began)";
    assert_breaks(verdict, &lines, 1, why);
}

#[test]
fn a_lost_append_is_noticed() {
    let append = |text: &str| Call::Append(text.into());
    let text = |text: &str| Value::Text(text.into());
    let lines = [
        done(0, append("a"), 0, 300, Value::Nil),
        done(1, append("b"), 100, 400, Value::Nil),
        done(2, Call::Read, 500, 600, text("b")),
    ];
    let spec = KeyValue { initial: Value::Nil };
    let verdict = linearizable(&history(&lines), "x", spec, Limits::default());
    let why = "read returned \"b\", but every order of the completed operations leaves \
               \"ab\" or \"ba\" (append \"a\" had returned 200 ms before the read began)";
    assert_breaks(verdict, &lines, 2, why);
}

#[test]
fn a_call_that_the_object_does_not_have_is_said_to_be_so() {
    let lines = [sell(0, 1, 0, 100, true)];
    let why = "sell 1 was answered, but an object of this kind has no such call";
    assert_breaks(register(&lines), &lines, 0, why);
}

#[test]
fn a_wrong_kind_of_answer_is_no_answer() {
    let lines = [done(0, Call::TakeBack(1), 0, 100, Value::Bool(false))];
    let why = "take back 1 returned false, but every order of the completed operations makes it \
               return true (nothing that changes it had returned before the taking back began)";
    assert_breaks(shop(1, &lines), &lines, 0, why);
}

#[test]
fn an_object_that_nobody_declared_is_not_judged() {
    let history = history(&[read(0, 0, 100, 1)]);
    let mut linearizer = Linearizer::new(Limits::default());
    linearizer.read(&history);
    let why = "nothing says what kind of object x is".to_owned();
    assert_eq!(linearizer.verdict(&history), Verdict::Unknown { why });
}

#[test]
fn a_copy_goes_its_own_way() {
    let lines = [sell(0, 1, 0, 100, true), read(1, 200, 300, 60)];
    let (before, after) = (history(&lines[..1]), history(&lines));
    let mut linearizer = Linearizer::new(Limits::default());
    linearizer.declare("x", Object::new(Stock { initial: 60 }));
    linearizer.read(&before);
    let mut fork = linearizer.clone();
    let record = &after.records()[1];
    fork.invoke(record.op, &record.operation);
    let (mark, outcome) = record.returned.clone().expect("it was completed");
    fork.complete(record.op, &outcome, mark);
    assert!(fork.is_broken() && !linearizer.is_broken());
    assert_eq!(linearizer.verdict(&before), Verdict::Linearizable);
}

#[test]
fn a_read_among_very_many_states_of_which_nothing_is_foreseen_ends_the_search() {
    let mut linearizer = Linearizer::new(Limits::default());
    linearizer.declare("x", Object::new(KeyValue { initial: Value::Nil }));
    let append = |n: u32| unknown(n, Call::Append(format!("{n} ")), 0, 1);
    let mut lines: Vec<Line> = (0..8).map(append).collect();
    lines.push(done(8, Call::Append("8 ".into()), 2, 3, Value::Nil));
    lines.push(unknown(9, Call::Read, 4, 5));
    let history = history(&lines);
    for record in history.records() {
        linearizer.invoke(record.op, &record.operation);
        if let Some((mark, outcome)) = &record.returned {
            linearizer.complete(record.op, outcome, *mark);
        }
    }
    let why = "the search on x would have taken too much memory and was stopped".to_owned();
    assert_eq!(linearizer.verdict(&history), Verdict::Unknown { why });
    // Nothing follows from what nobody has read.
    let mut finished = Linearizer::new(Limits::default());
    finished.declare("x", Object::new(KeyValue { initial: Value::Nil }));
    finished.finish(&history);
    assert_eq!(finished.verdict(&history), Verdict::Linearizable);
}
