//! Diagrams of histories. `SNAPSHOTS=overwrite cargo test -p simlab-check --test diagram` draws them anew; look
//! at them before you commit them.

#![allow(unreachable_pub, reason = "it is one test")]

mod any;
mod lines;
mod page;

use lines::{Line, history, op, read, text, write};
use page::Page;
use simlab_check::diagram::{Glyphs, Marks, Options, SVG_WIDTH, Ticks, WIDTH, diagram};
use simlab_check::{Evidence, Limits, Linearizer, Verdict, model};
use simlab_core::history::{Access, History};
use simlab_core::{Call, NodeId, OpId, Session, Value};

/// Compares a diagram, in all its forms, with the files of this name.
fn compare(name: &str, history: &History, marks: Marks<'_>, options: &Options) {
    let picture = diagram(history, marks, options);
    let golden = |ending: &str| {
        let path = format!("{}/tests/diagram/golden/{name}.{ending}", env!("CARGO_MANIFEST_DIR"));
        snapbox::Data::read_from(path.as_ref(), None).raw()
    };
    snapbox::assert_data_eq!(picture.text(WIDTH, &Glyphs::UNICODE), golden("txt"));
    snapbox::assert_data_eq!(picture.text(WIDTH, &Glyphs::ASCII), golden("ascii.txt"));
    let svg = picture.svg(SVG_WIDTH);
    snapbox::assert_data_eq!(svg.clone(), golden("svg"));
    Page::read(&svg).check();
}

/// Takes in a history of objects that are nil, or empty, at first.
fn judged(history: &History, name: &str) -> Linearizer {
    let mut linearizer = Linearizer::new(Limits::default());
    let object = model(name).expect("it is in the table").object(&Value::Nil);
    linearizer.declare_others(object.expect("it fits"));
    linearizer.read(history);
    linearizer
}

/// What is wrong with a history.
fn evidence(history: &History, name: &str) -> Evidence {
    let linearizer = judged(history, name);
    let Verdict::NotLinearizable(first) = linearizer.verdict(history) else {
        panic!("it is linearizable");
    };
    let found = linearizer.evidence(history).expect("it is broken");
    let mark = simlab_core::history::Mark { seq: first.seq, at: first.at };
    let (op, object, why) = (first.op, first.object, first.why);
    Evidence { op, mark, object, why, operations: found.operations, minimal: found.minimal }
}

#[test]
fn a_witness_is_an_order_of_numbered_points() {
    let lines = [
        write(0, 1, 0, 30),
        read(1, 1, 10, 20),
        write(1, 2, 25, 60),
        read(2, 1, 35, 50),
        read(0, 2, 40, 70),
    ];
    let history = history(&lines);
    let orders: Vec<Vec<OpId>> =
        judged(&history, "register").witness(&history).into_values().collect();
    compare("linearizable", &history, Marks::Witness(&orders), &Options::default());
}

#[test]
fn evidence_stands_out_and_the_break_is_crossed() {
    let lines = [
        write(0, 1, 0, 10),
        write(0, 2, 20, 30),
        read(1, 2, 25, 45),
        read(2, 1, 5, 50),
        read(1, 1, 60, 70),
    ];
    let history = history(&lines);
    let evidence = evidence(&history, "register");
    assert_eq!(evidence.op, op(4));
    compare("stale_read", &history, Marks::from(&evidence), &Options::default());
}

#[test]
fn a_queue_that_lost_its_order() {
    let enqueue = |client, value, from, to| {
        Line::done(client, Call::Enqueue(Value::Int(value)), from, to, Value::Nil)
    };
    let dequeue =
        |client, value, from, to| Line::done(client, Call::Dequeue, from, to, Value::Int(value));
    let lines = [
        enqueue(0, 1, 0, 10),
        enqueue(0, 2, 12, 22),
        enqueue(1, 3, 5, 30),
        dequeue(2, 2, 25, 35),
        dequeue(1, 1, 40, 50),
        Line::done(2, Call::Dequeue, 42, 60, Value::Int(3)),
    ];
    let history = history(&lines);
    let evidence = evidence(&history, "queue");
    compare("queue", &history, Marks::from(&evidence), &Options::default());
}

/// The first took effect though nobody was told, the third did not; the second certainly did not.
#[test]
fn what_is_pending_and_what_was_refused_look_different() {
    let cas = |from, to| Call::Cas { from: Value::Int(from), to: Value::Int(to) };
    let lines = [
        Line::unknown(0, Call::Write(Value::Int(1)), 0, 30),
        Line::refused(1, Call::Write(Value::Int(7)), 5, 15),
        Line::open(2, Call::Write(Value::Int(9)), 10),
        read(1, 1, 40, 50),
        Line::done(3, cas(1, 2), 45, 60, Value::Bool(true)),
        Line::done(1, cas(1, 3), 65, 75, Value::Bool(false)),
    ];
    let order = [[0, 3, 4, 5].map(op).to_vec()];
    compare("pending", &history(&lines), Marks::Witness(&order), &Options::default());
}

/// Of 10,000 operations by four clients one read, late, returns what was overwritten long ago.
fn long() -> History {
    let mut lines = Vec::new();
    for round in 0..2_500 {
        let at = |client: u64| 20 * round + 3 * client;
        let value = round as i64;
        let seen = if round == 2_000 { 40 } else { value };
        lines.push(write(0, value, at(0), at(0) + 5));
        lines.push(read(1, value, at(1) + 3, at(1) + 9));
        lines.push(read(2, seen, at(2) + 3, at(2) + 10));
        lines.push(read(3, value, at(3), at(3) + 9));
    }
    history(&lines)
}

#[test]
fn of_a_long_history_only_what_matters_is_drawn() {
    let history = long();
    let evidence = evidence(&history, "register");
    let options = Options { context: 6, ..Options::default() };
    compare("long", &history, Marks::from(&evidence), &options);
}

#[test]
fn a_window_of_a_long_history_lies_where_one_wants_it() {
    let history = long();
    let order: Vec<OpId> = (0..10_000).map(op).collect();
    let around = Some(op(5_001));
    let options = Options { operations: 9, around, ticks: Ticks::Records, ..Options::default() };
    compare("window", &history, Marks::Witness(std::slice::from_ref(&order)), &options);
    let first = Options { operations: 9, ..Options::default() };
    let picture = diagram(&history, Marks::Witness(&[order]), &first);
    assert_eq!(picture.left_out(), 9_991);
    assert!(picture.text(WIDTH, &Glyphs::UNICODE).contains("0.000"), "it begins at the beginning");
}

#[test]
fn any_text_can_be_a_value_or_a_name() {
    let put = |value: &str| Call::Write(text(value));
    let transaction = Call::Transaction(vec![
        Access::Read("x".into()),
        Access::Write("y".into(), Value::Int(5)),
        Access::Read("z".into()),
    ]);
    let results = Value::List(vec![text("<&\"'>"), Value::Nil]);
    let lines = [
        Line::done(0, put("<&\"'>"), 0, 10, Value::Nil),
        Line::done(1, put("漢字 and 🦀"), 2, 12, Value::Nil).on("größe"),
        Line::done(0, Call::Append("\n\u{202e}\u{7}".into()), 20, 30, Value::Nil).on("a<b"),
        Line::done(1, transaction, 25, 40, results),
        Line::done(0, put(&"long ".repeat(1_000)), 50, 60, Value::Nil).on("größe"),
    ];
    let mut options = Options::default();
    options.names.insert((NodeId(0), Session(0)), "Zoë & <Söhne>".into());
    options.names.insert((NodeId(0), Session(1)), "客戶 二\u{0}".into());
    compare("any_text", &history(&lines), Marks::Nothing, &options);
}

#[test]
fn what_is_too_long_for_the_width_goes_on_below() {
    let lines: Vec<Line> =
        (0..6).map(|n| write(n as u32 % 2, n, 10 * n as u64, 10 * n as u64 + 15)).collect();
    let order = [(0..6).map(op).collect()];
    let picture = diagram(&history(&lines), Marks::Witness(&order), &Options::default());
    snapbox::assert_data_eq!(
        picture.text(40, &Glyphs::UNICODE),
        snapbox::str![[r#"
          w(0)                w(2)
client 0  ├───●1──────────┤   ├───●3────
                  w(1)
client 1          ├───●2───────────────┤
seconds   ┬───────┬───────┬────────────┬
          0.000   0.010   0.015    0.025

          …w(2)    w(4)
client 0  ──────┤  ├──●5───────────┤
          w(3)               w(5)
client 1  ├──●4───────────┤  ├──●6─────┤
seconds   ┬─────┬─────────┬────────┬────
          0.030 0.035     0.045    0.055

●1 ●2 an order in which they can have
taken effect

"#]]
    );
}

#[test]
fn an_order_that_real_time_forbids_is_said_to_be_one() {
    let lines = [write(0, 1, 0, 10), read(1, 1, 20, 30)];
    let order = [vec![op(1), op(0)]];
    let picture = diagram(&history(&lines), Marks::Witness(&order), &Options::default());
    snapbox::assert_data_eq!(
        picture.text(WIDTH, &Glyphs::UNICODE),
        snapbox::str![[r#"
          w(1)
client 0  ├┄┄┄┄┄┤
                      r→1
client 1              ├─────●1───────┤
seconds   ┬─────┬─────┬──────────────┬
          0.000 0.010 0.020      0.030

●1 ●2 an order in which they can have taken effect   ├┄┤ has no place in that order
1 operation would take effect only after the return: no real-time order

"#]]
    );
}

#[test]
fn an_empty_history_has_nothing_to_show() {
    let picture = diagram(&History::new(), Marks::Nothing, &Options::default());
    assert_eq!(picture.text(WIDTH, &Glyphs::UNICODE), "no operations\n");
    Page::read(&picture.svg(SVG_WIDTH)).check();
}

#[test]
fn evidence_that_is_not_drawn_is_counted() {
    let history = long();
    let all: Vec<OpId> = (0..10_000).map(op).collect();
    let marks = Marks::Evidence { operations: &all, broke: op(8_000), why: "much too much" };
    let options = Options { operations: 5, ..Options::default() };
    let text = diagram(&history, marks, &options).text(WIDTH, &Glyphs::UNICODE);
    assert!(
        text.ends_with("\n… 9,995 operations left out; 9,995 of them are evidence too\n"),
        "{text}"
    );
}

/// Whatever the width, the last panel has a time below it, and so an event.
#[test]
fn no_panel_is_there_for_what_does_not_happen() {
    let lines: Vec<Line> = (0..14).map(|n| write(n, 1, 2 * u64::from(n), 40)).collect();
    let history = history(&lines);
    let ops = [op(0), op(7)];
    let marks = Marks::Evidence { operations: &ops, broke: op(7), why: "so" };
    let options = Options { operations: 10, ..Options::default() };
    for width in 30..60 {
        let text = diagram(&history, marks, &options).text(width, &Glyphs::UNICODE);
        let times = text.split("seconds").skip(1).filter_map(|below| below.lines().nth(1));
        assert!(times.clone().all(|line| line.contains("0.0")), "{width}: {text}");
        assert!(times.count() > 0);
    }
}
