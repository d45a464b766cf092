//! The linearizability checker against an oracle that tries every order.
//!
//! Half of the histories are drawn from valid executions, with at most one value changed; in the
//! others every result is drawn. The oracle shares nothing with the checker: it has its own idea of
//! what each object does, and finds the first break by judging every prefix.
//!
//! `SIMLAB_SEED=17 cargo test -p simlab-sim --test check_oracle` replays one history of each kind.

use rand::{Rng, RngExt};
use simlab_check::{Limits, Linearizer, Verdict, model};
use simlab_core::history::{End, History, Mark, events};
use simlab_core::{Call, NodeId, OpId, Operation, Outcome, Seq, Session, Time, Value, stream};
use std::collections::BTreeMap;
use std::num::NonZeroU64;

const HISTORIES: u64 = 10_000;

/// A kind of object under test: what the oracle knows of it, and what the generator draws.
struct Subject {
    model: &'static str,
    initial: Value,
    /// What a call does in a state, and returns.
    does: fn(&Value, &Call) -> (Value, Value),
    call: fn(&mut dyn Rng) -> Call,
    state: fn(&mut dyn Rng) -> Value,
}

/// An operation as drawn; times are places in the order of events.
#[derive(Clone, Debug)]
struct Drawn {
    object: String,
    call: Call,
    invoked: u64,
    returned: Option<(u64, Outcome)>,
}

fn small(rng: &mut dyn Rng) -> Value {
    Value::Int(rng.random_range(0..3))
}

fn text(rng: &mut dyn Rng) -> Value {
    let texts = ["", "a", "b", "ab", "ba", "aa"];
    Value::Text(texts[rng.random_range(0..texts.len())].into())
}

fn write(state: &Value, call: &Call) -> (Value, Value) {
    match call {
        Call::Read => (state.clone(), state.clone()),
        Call::Write(value) => (value.clone(), Value::Nil),
        Call::Cas { from, to } if from == state => (to.clone(), Value::Bool(true)),
        Call::Cas { .. } => (state.clone(), Value::Bool(false)),
        other => panic!("not drawn: {other}"),
    }
}

fn put(state: &Value, call: &Call) -> (Value, Value) {
    match (call, state) {
        (Call::Append(more), Value::Text(text)) => (Value::Text(text.clone() + more), Value::Nil),
        (Call::Append(more), _) => (Value::Text(more.clone()), Value::Nil),
        _ => write(state, call),
    }
}

fn trade(state: &Value, call: &Call) -> (Value, Value) {
    let &Value::Int(units) = state else { panic!("a stock is a number: {state}") };
    let (left, result) = match *call {
        Call::Read => (units, Value::Int(units)),
        Call::Sell(n) if i64::from(n) <= units => (units - i64::from(n), Value::Bool(true)),
        Call::Sell(_) => (units, Value::Bool(false)),
        Call::TakeBack(n) => (units + i64::from(n), Value::Bool(true)),
        _ => panic!("not drawn: {call}"),
    };
    (Value::Int(left), result)
}

fn register() -> Subject {
    Subject {
        model: "register",
        initial: Value::Int(0),
        does: write,
        call: |rng| if rng.random_ratio(1, 2) { Call::Read } else { Call::Write(small(rng)) },
        state: small,
    }
}

fn cas_register() -> Subject {
    let call = |rng: &mut dyn Rng| match rng.random_range(0..4) {
        0 => Call::Read,
        1 => Call::Write(small(rng)),
        _ => Call::Cas { from: small(rng), to: small(rng) },
    };
    Subject { model: "cas-register", initial: Value::Int(0), does: write, call, state: small }
}

fn kv() -> Subject {
    let call = |rng: &mut dyn Rng| match rng.random_range(0..8) {
        0..3 => Call::Read,
        3 => Call::Write(text(rng)),
        4 => Call::Cas { from: text(rng), to: text(rng) },
        5 => Call::Append("a".into()),
        _ => Call::Append("b".into()),
    };
    Subject { model: "kv", initial: Value::Nil, does: put, call, state: text }
}

fn stock() -> Subject {
    let call = |rng: &mut dyn Rng| match rng.random_range(0..6) {
        0..2 => Call::Read,
        2..5 => Call::Sell(rng.random_range(1..4)),
        _ => Call::TakeBack(rng.random_range(1..3)),
    };
    let state = |rng: &mut dyn Rng| Value::Int(rng.random_range(0..5));
    Subject { model: "stock", initial: Value::Int(4), does: trade, call, state }
}

/// Draws up to seven operations by up to four clients, as an atomic object would answer them. A
/// pending operation may take effect long after its client gave up, or never.
fn valid(subject: &Subject, objects: &[&str], rng: &mut dyn Rng) -> Vec<Drawn> {
    let clients = rng.random_range(2..5);
    let count = rng.random_range(3..8);
    let mut states: BTreeMap<String, Value> =
        objects.iter().map(|name| ((*name).to_owned(), subject.initial.clone())).collect();
    let mut drawn: Vec<Drawn> = Vec::new();
    let mut results: Vec<Option<Value>> = Vec::new();
    // What may still take effect; who is busy with what, and how it will end.
    let mut waiting: Vec<usize> = Vec::new();
    let mut busy: Vec<(usize, u8)> = Vec::new();
    let mut now = 0;
    while drawn.len() < count || !busy.is_empty() {
        match rng.random_range(0..3) {
            0 if drawn.len() < count && busy.len() < clients => {
                now += 1;
                let object = objects[rng.random_range(0..objects.len())].to_owned();
                let fate = rng.random_range(0..12);
                if fate != 0 {
                    waiting.push(drawn.len());
                }
                busy.push((drawn.len(), fate));
                results.push(None);
                drawn.push(Drawn {
                    object,
                    call: (subject.call)(rng),
                    invoked: now,
                    returned: None,
                });
            }
            1 if !waiting.is_empty() => {
                let op = waiting.swap_remove(rng.random_range(0..waiting.len()));
                let state = states.get_mut(&drawn[op].object).expect("every object has a state");
                let (next, result) = (subject.does)(state, &drawn[op].call);
                *state = next;
                results[op] = Some(result);
            }
            2 if !busy.is_empty() => {
                let at = rng.random_range(0..busy.len());
                let (op, fate) = busy[at];
                let outcome = match (fate, &results[op]) {
                    (0, _) => Some(Outcome::NotDone("refused".into())),
                    (1, _) => Some(Outcome::Unknown("time-out".into())),
                    (2, _) => None,
                    (_, Some(result)) => Some(Outcome::Done(result.clone())),
                    // It will be done, but is not yet.
                    (_, None) => continue,
                };
                busy.swap_remove(at);
                now += 1;
                drawn[op].returned = outcome.map(|outcome| (now, outcome));
            }
            _ => {}
        }
    }
    drawn
}

/// Draws what a call returned, as if in any state.
fn any_result(subject: &Subject, call: &Call, rng: &mut dyn Rng) -> Value {
    (subject.does)(&(subject.state)(rng), call).1
}

fn draw(subject: &Subject, objects: &[&str], rng: &mut dyn Rng) -> Vec<Drawn> {
    let mut drawn = valid(subject, objects, rng);
    let from_valid = rng.random_ratio(1, 2);
    let change = rng.random_ratio(1, 2).then(|| rng.random_range(0..drawn.len()));
    for (i, op) in drawn.iter_mut().enumerate() {
        if let Some((_, Outcome::Done(result))) = &mut op.returned
            && (!from_valid || change == Some(i))
        {
            *result = any_result(subject, &op.call, rng);
        }
    }
    drawn
}

/// What an operation is in the prefix that ends with the event `end`.
#[derive(PartialEq)]
enum Part<'a> {
    Must(&'a Value, u64),
    May,
    Not,
}

fn part(op: &Drawn, end: u64) -> Part<'_> {
    match &op.returned {
        _ if op.invoked > end => Part::Not,
        Some((at, Outcome::Done(result))) if *at <= end => Part::Must(result, *at),
        Some((at, Outcome::NotDone(_))) if *at <= end => Part::Not,
        _ => Part::May,
    }
}

/// Tries all orders of all operations that must have happened and any that may have.
fn some_order(
    subject: &Subject,
    ops: &[(&Drawn, Part<'_>)],
    placed: &mut Vec<usize>,
    states: &BTreeMap<&str, Value>,
) -> bool {
    let missing =
        |placed: &[usize], i: usize| !placed.contains(&i) && matches!(ops[i].1, Part::Must(..));
    if (0..ops.len()).all(|i| !missing(placed, i)) {
        return true;
    }
    for (i, (op, part)) in ops.iter().enumerate() {
        let too_early = (0..ops.len()).any(|j| {
            i != j
                && missing(placed, j)
                && matches!(ops[j].1, Part::Must(_, returned) if returned < op.invoked)
        });
        if placed.contains(&i) || *part == Part::Not || too_early {
            continue;
        }
        let (next, result) = (subject.does)(&states[op.object.as_str()], &op.call);
        if matches!(part, Part::Must(expected, _) if **expected != result) {
            continue;
        }
        let mut states = states.clone();
        states.insert(&op.object, next);
        placed.push(i);
        if some_order(subject, ops, placed, &states) {
            return true;
        }
        placed.pop();
    }
    false
}

/// The return that ends the shortest prefix without any order.
fn oracle(subject: &Subject, objects: &[&str], drawn: &[Drawn]) -> Option<u64> {
    let mut ends: Vec<u64> = drawn.iter().filter_map(|op| Some(op.returned.as_ref()?.0)).collect();
    ends.sort_unstable();
    let states = objects.iter().map(|name| (*name, subject.initial.clone())).collect();
    ends.into_iter().find(|&end| {
        let ops: Vec<_> = drawn.iter().map(|op| (op, part(op, end))).collect();
        !some_order(subject, &ops, &mut Vec::new(), &states)
    })
}

fn mark(n: u64) -> Mark {
    Mark { seq: Seq(NonZeroU64::new(n).expect("events are counted from 1")), at: Time(n) }
}

fn history(drawn: &[Drawn]) -> History {
    let mut ends: Vec<(u64, usize, End)> = Vec::new();
    for (i, op) in drawn.iter().enumerate() {
        ends.push((op.invoked, i, End::Invoked));
        ends.extend(op.returned.as_ref().map(|(at, _)| (*at, i, End::Returned)));
    }
    ends.sort_unstable();
    let mut history = History::new();
    for (at, i, end) in ends {
        let (op, id) = (&drawn[i], OpId::of(NodeId(0), i as u32));
        match (end, &op.returned) {
            (End::Invoked, _) => {
                let operation = Operation { object: op.object.clone(), call: op.call.clone() };
                history.invoke(id, Session(i as u32), operation, mark(at))
            }
            (_, Some((_, outcome))) => history.complete(id, outcome.clone(), mark(at)),
            (_, None) => Ok(()),
        }
        .expect("drawn histories are well-formed");
    }
    history
}

/// Goes along with the run, knowing nothing of what comes.
fn online(history: &History, mut linearizer: Linearizer) -> Verdict {
    for (mark, end, record) in events(history.records()) {
        match (end, &record.returned) {
            (End::Returned, Some((_, outcome))) => linearizer.complete(record.op, outcome, mark),
            _ => linearizer.invoke(record.op, &record.operation),
        }
    }
    linearizer.verdict(history)
}

#[allow(clippy::print_stdout, reason = "the shares are worth seeing with --nocapture")]
fn compare(subject: &Subject, objects: &[&str]) {
    let only = std::env::var("SIMLAB_SEED").ok().map(|text| text.parse().expect("a number"));
    let seeds = only.map_or(0..HISTORIES, |seed: u64| seed..seed + 1);
    let (mut fine, mut broken) = (0, 0);
    for seed in seeds {
        let mut rng = stream(seed, subject.model);
        let drawn = draw(subject, objects, &mut rng);
        let history = history(&drawn);
        let expected = oracle(subject, objects, &drawn);
        let mut linearizer = Linearizer::new(Limits::default());
        let model = model(subject.model).expect("it is in the table");
        linearizer.declare_others(model.object(&subject.initial).expect("it fits"));
        let fresh = linearizer.clone();
        linearizer.read(&history);
        let verdict = linearizer.verdict(&history);
        let replay = || format!("replay with SIMLAB_SEED={seed}: {drawn:#?}");
        let found = match &verdict {
            Verdict::Linearizable => None,
            Verdict::NotLinearizable(first) => {
                assert!(first.why.contains(", but ") && !first.why.contains('\n'), "{}", replay());
                Some(first.seq.get())
            }
            Verdict::Unknown { why } => panic!("{why}; {}", replay()),
        };
        assert_eq!(found, expected, "{verdict:?}; {}", replay());
        assert_eq!(online(&history, fresh), verdict, "online; {}", replay());
        *(if found.is_none() { &mut fine } else { &mut broken }) += 1;
    }
    let all = fine + broken;
    println!("{} on {objects:?}: {fine} linearizable, {broken} not", subject.model);
    let shares = [fine, broken].map(|n| 100 * n / all);
    assert!(only.is_some() || shares.iter().all(|&share| share >= 30), "{shares:?} %");
}

#[test]
fn registers_agree_with_the_oracle() {
    compare(&register(), &["x"]);
}

#[test]
fn cas_registers_agree_with_the_oracle() {
    compare(&cas_register(), &["x"]);
}

#[test]
fn keys_agree_with_the_oracle() {
    compare(&kv(), &["x"]);
}

#[test]
fn stocks_agree_with_the_oracle() {
    compare(&stock(), &["x"]);
}

/// The oracle orders the operations on both objects together, the checker each on its own.
#[test]
fn objects_can_be_judged_one_by_one() {
    compare(&register(), &["x", "y"]);
}
