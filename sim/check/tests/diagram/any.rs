//! Any history, marked anyhow, can be drawn.

use super::page::Page;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use simlab_check::diagram::{Glyphs, Marks, Options, Ticks, diagram};
use simlab_core::history::{Access, History, Mark};
use simlab_core::{Call, NodeId, OpId, Operation, Outcome, Seq, Session, Time, Value};
use std::collections::BTreeMap;
use std::num::NonZeroU64;
use unicode_width::UnicodeWidthStr;

/// The same cases every time, so that a failing test fails again. `PROPTEST_CASES` sets how many
/// instead (other than 256), `PROPTEST_RNG_SEED` which.
fn config(cases: u32) -> Config {
    let asked = Config::default();
    Config {
        cases: if asked.cases == 256 { cases } else { asked.cases },
        rng_seed: match asked.rng_seed {
            RngSeed::Random => RngSeed::Fixed(1),
            given => given,
        },
        failure_persistence: None,
        ..asked
    }
}

fn value() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        (0..9_i64).prop_map(Value::Int),
        any::<i64>().prop_map(Value::Int),
        ".{0,12}".prop_map(Value::Text),
        any::<String>().prop_map(Value::Text),
    ];
    plain.prop_recursive(2, 6, 3, |inner| vec(inner, 0..3).prop_map(Value::List))
}

fn call() -> impl Strategy<Value = Call> {
    let access = prop_oneof![
        ".{0,3}".prop_map(Access::Read),
        (".{0,3}", value()).prop_map(|(name, value)| Access::Write(name, value)),
    ];
    prop_oneof![
        Just(Call::Read),
        value().prop_map(Call::Write),
        (value(), value()).prop_map(|(from, to)| Call::Cas { from, to }),
        ".{0,9}".prop_map(Call::Append),
        any::<i64>().prop_map(Call::Add),
        any::<u32>().prop_map(Call::Sell),
        value().prop_map(Call::Contains),
        value().prop_map(Call::Enqueue),
        Just(Call::Dequeue),
        Just(Call::Acquire),
        vec(access, 0..4).prop_map(Call::Transaction),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => value().prop_map(Outcome::Done),
        1 => ".{0,6}".prop_map(Outcome::NotDone),
        1 => ".{0,6}".prop_map(Outcome::Unknown),
    ]
}

/// A client does its next thing after so many nanoseconds: it asks, or it is answered.
type Turn = (u32, u64, &'static str, Call, Outcome);

fn turn() -> impl Strategy<Value = Turn> {
    let wait = prop_oneof![0..3_000_000_u64, Just(1_000_000), any::<u32>().prop_map(u64::from)];
    let object = prop_oneof![3 => Just("x"), 1 => Just("漢<&")];
    (0..7_u32, wait, object, call(), outcome())
}

fn history(turns: Vec<Turn>) -> History {
    let mut history = History::new();
    let mut busy: BTreeMap<u32, OpId> = BTreeMap::new();
    let mut lives: BTreeMap<u32, u32> = BTreeMap::new();
    let mut at = 0_u64;
    for (number, (client, wait, object, call, outcome)) in (1_u32..).zip(turns) {
        at += wait;
        let seq = NonZeroU64::new(u64::from(number)).expect("counted from 1");
        let mark = Mark { seq: Seq(seq), at: Time(at) };
        let life = lives.entry(client).or_default();
        let done = if let Some(op) = busy.remove(&client) {
            *life += u32::from(matches!(outcome, Outcome::Unknown(_)));
            history.complete(op, outcome, mark)
        } else {
            let op = OpId::of(NodeId(client % 2), number);
            busy.insert(client, op);
            let operation = Operation { object: object.into(), call };
            history.invoke(op, Session(client + 10 * *life), operation, mark)
        };
        done.expect("a client does one thing at a time");
    }
    history
}

/// How a history is marked.
#[derive(Clone, Debug)]
struct Chosen {
    what: u8,
    indices: Vec<prop::sample::Index>,
    why: String,
}

fn options() -> impl Strategy<Value = Options> {
    let limit = prop_oneof![Just(40_usize), 0..70_usize];
    let name = prop::option::of(".{0,20}");
    let around = prop::option::of(0..120_u32);
    (limit, 0..20_usize, 0..30_usize, name, around, any::<bool>()).prop_map(
        |(operations, context, lanes, name, around, records)| Options {
            names: name.map(|name| ((NodeId(0), Session(0)), name)).into_iter().collect(),
            operations,
            context,
            lanes,
            around: around.map(|number| OpId::of(NodeId(number % 2), number)),
            ticks: if records { Ticks::Records } else { Ticks::Seconds },
        },
    )
}

fn chosen() -> impl Strategy<Value = Chosen> {
    (0..3_u8, vec(any::<prop::sample::Index>(), 0..60), any::<String>())
        .prop_map(|(what, indices, why)| Chosen { what, indices, why })
}

proptest! {
    #![proptest_config(config(400))]

    /// There is no panic, no line is too wide, ASCII is ASCII, the SVG is XML in which nothing lies on
    /// anything else.
    #[test]
    fn any_history_can_be_drawn(
        turns in vec(turn(), 0..120),
        chosen in chosen(),
        options in options(),
        width in 20..200_usize,
    ) {
        let history = history(turns);
        let known = history.records().iter().map(|record| record.op);
        let ids: Vec<OpId> = known.chain([OpId::of(NodeId(9), 9)]).collect();
        let some: Vec<OpId> = chosen.indices.iter().map(|index| *index.get(&ids)).collect();
        let orders = [some.clone()];
        let marks = match chosen.what {
            0 => Marks::Nothing,
            1 => Marks::Witness(&orders),
            _ => {
                let broke = some.last().copied().unwrap_or(ids[0]);
                Marks::Evidence { operations: &some, broke, why: &chosen.why }
            }
        };
        let picture = diagram(&history, marks, &options);
        for glyphs in [Glyphs::UNICODE, Glyphs::ASCII] {
            let text = picture.text(width, &glyphs);
            for line in text.lines() {
                prop_assert!(line.width() <= width, "{} > {width}: {line:?}", line.width());
                prop_assert_eq!(line.trim_end(), line);
            }
            prop_assert!(glyphs == Glyphs::UNICODE || text.is_ascii(), "{}", text);
        }
        let page = Page::read(&picture.svg(width * 8));
        let drawn = history.records().len() - picture.left_out();
        prop_assert!(drawn <= options.operations && drawn <= page.bars());
        page.check();
    }

    /// Clients write and read a register that does what it should, one of them at a time doing its next step: it
    /// asks, it is served, it is answered.
    #[test]
    fn a_witness_has_a_point_for_every_operation(turns in vec(0..4_u32, 0..100)) {
        let mut history = History::new();
        let mut doing: BTreeMap<u32, (OpId, Call, Option<Value>)> = BTreeMap::new();
        let (mut value, mut answered) = (Value::Nil, 0);
        for (number, client) in (1_u32..).zip(turns) {
            let seq = NonZeroU64::new(u64::from(number)).expect("counted from 1");
            let mark = Mark { seq: Seq(seq), at: Time(u64::from(number)) };
            let next = match doing.remove(&client) {
                None => {
                    let write = Call::Write(Value::Int(i64::from(number % 5)));
                    let call = if number.is_multiple_of(2) { Call::Read } else { write };
                    let op = OpId::of(NodeId(0), number);
                    let operation = Operation { object: "x".into(), call: call.clone() };
                    history.invoke(op, Session(client), operation, mark).expect("it is idle");
                    Some((op, call, None))
                }
                Some((op, Call::Write(new), None)) => {
                    value = new.clone();
                    Some((op, Call::Write(new), Some(Value::Nil)))
                }
                Some((op, call, None)) => Some((op, call, Some(value.clone()))),
                Some((op, _, Some(result))) => {
                    history.complete(op, Outcome::Done(result), mark).expect("it was open");
                    answered += 1;
                    None
                }
            };
            doing.extend(next.map(|next| (client, next)));
        }
        let orders: Vec<_> =
            super::judged(&history, "register").witness(&history).into_values().collect();
        let options = Options { operations: 100, ..Options::default() };
        let picture = diagram(&history, Marks::Witness(&orders), &options);
        prop_assert!(!picture.text(80, &Glyphs::ASCII).contains("no real-time order"));
        let page = Page::read(&picture.svg(16_000));
        prop_assert!(page.points() >= answered, "{} < {answered}", page.points());
        page.check();
    }
}
