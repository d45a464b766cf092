//! The kinds of object under test: what the oracle knows of them, and what is drawn.

use rand::{Rng, RngExt};
use simlab_core::{Access, Call, Value};

/// A kind of object.
pub struct Subject {
    /// What the test calls it.
    pub name: &'static str,
    pub model: &'static str,
    /// The initial value, as the model is told.
    pub initial: Value,
    /// The state before the first call.
    pub start: Value,
    /// What a call does in a state, and returns; `None` if it is impossible there.
    pub does: fn(&Value, &Call) -> Option<(Value, Value)>,
    /// Draws a call, knowing how many there are.
    pub call: fn(i64, &mut dyn Rng) -> Call,
    pub state: fn(&mut dyn Rng) -> Value,
}

fn pick(values: &[Value], rng: &mut dyn Rng) -> Value {
    values[rng.random_range(0..values.len())].clone()
}

fn small(rng: &mut dyn Rng) -> Value {
    Value::Int(rng.random_range(0..3))
}

fn text(rng: &mut dyn Rng) -> Value {
    pick(&["", "a", "b", "ab", "ba", "aa"].map(|text| Value::Text(text.into())), rng)
}

/// A value that one of the operations may have written, or the initial one.
fn one_of_seven(rng: &mut dyn Rng) -> Value {
    Value::Int(rng.random_range(0..8))
}

fn write(state: &Value, call: &Call) -> Option<(Value, Value)> {
    Some(match call {
        Call::Read => (state.clone(), state.clone()),
        Call::Write(value) => (value.clone(), Value::Nil),
        Call::Cas { from, to } if from == state => (to.clone(), Value::Bool(true)),
        Call::Cas { .. } => (state.clone(), Value::Bool(false)),
        other => panic!("not drawn: {other}"),
    })
}

fn put(state: &Value, call: &Call) -> Option<(Value, Value)> {
    match (call, state) {
        (Call::Append(more), Value::Text(text)) => {
            Some((Value::Text(text.clone() + more), Value::Nil))
        }
        (Call::Append(more), _) => Some((Value::Text(more.clone()), Value::Nil)),
        _ => write(state, call),
    }
}

fn trade(state: &Value, call: &Call) -> Option<(Value, Value)> {
    let &Value::Int(units) = state else { panic!("a stock is a number: {state}") };
    let (left, result) = match *call {
        Call::Read => (units, Value::Int(units)),
        Call::Sell(n) if i64::from(n) <= units => (units - i64::from(n), Value::Bool(true)),
        Call::Sell(_) => (units, Value::Bool(false)),
        Call::TakeBack(n) => (units + i64::from(n), Value::Bool(true)),
        Call::Add(n) => (units + n, Value::Nil),
        _ => panic!("not drawn: {call}"),
    };
    Some((Value::Int(left), result))
}

fn elements(state: &Value) -> Vec<Value> {
    let Value::List(elements) = state else { panic!("not a list: {state}") };
    elements.clone()
}

fn gather(state: &Value, call: &Call) -> Option<(Value, Value)> {
    let mut all = elements(state);
    let at = |value: &Value| all.binary_search(value);
    let result = match call {
        Call::Read => state.clone(),
        Call::Contains(value) => Value::Bool(at(value).is_ok()),
        Call::Insert(value) => {
            let place = at(value);
            if let Err(place) = place {
                all.insert(place, value.clone());
            }
            Value::Bool(place.is_err())
        }
        Call::Remove(value) => {
            let place = at(value);
            if let Ok(place) = place {
                all.remove(place);
            }
            Value::Bool(place.is_ok())
        }
        _ => panic!("not drawn: {call}"),
    };
    Some((Value::List(all), result))
}

fn line_up(state: &Value, call: &Call) -> Option<(Value, Value)> {
    let mut all = elements(state);
    let result = match call {
        Call::Enqueue(value) => {
            all.push(value.clone());
            Value::Nil
        }
        Call::Dequeue if all.is_empty() => Value::Nil,
        Call::Dequeue => all.remove(0),
        _ => panic!("not drawn: {call}"),
    };
    Some((Value::List(all), result))
}

fn lock(state: &Value, call: &Call) -> Option<(Value, Value)> {
    let taken = *state == Value::Bool(true);
    match call {
        Call::Acquire if !taken => Some((Value::Bool(true), Value::Nil)),
        Call::Release if taken => Some((Value::Bool(false), Value::Nil)),
        _ => None,
    }
}

/// The registers "a" and "b", in this order.
fn transact(state: &Value, call: &Call) -> Option<(Value, Value)> {
    let Call::Transaction(steps) = call else { panic!("not drawn: {call}") };
    let mut all = elements(state);
    let mut read = Vec::new();
    for step in steps {
        match step {
            Access::Read(name) => read.push(all[usize::from(name == "b")].clone()),
            Access::Write(name, value) => all[usize::from(name == "b")] = value.clone(),
        }
    }
    Some((Value::List(all), Value::List(read)))
}

fn list(rng: &mut dyn Rng, from: i64) -> Value {
    let mut all: Vec<Value> = (from..from + 3).map(Value::Int).collect();
    all.retain(|_| rng.random_ratio(1, 2));
    Value::List(all)
}

fn step(rng: &mut dyn Rng) -> Access {
    let name = if rng.random_ratio(1, 2) { "a" } else { "b" };
    if rng.random_ratio(1, 2) {
        Access::Read(name.into())
    } else {
        Access::Write(name.into(), small(rng))
    }
}

/// All of them.
pub fn subjects() -> Vec<Subject> {
    vec![
        Subject {
            name: "register",
            model: "register",
            initial: Value::Int(0),
            start: Value::Int(0),
            does: write,
            call: |_, rng| {
                if rng.random_ratio(1, 2) { Call::Read } else { Call::Write(small(rng)) }
            },
            state: small,
        },
        Subject {
            name: "register, no value twice",
            model: "register",
            initial: Value::Int(0),
            start: Value::Int(0),
            does: write,
            call: |n, rng| match rng.random_range(0..5) {
                0..3 => Call::Read,
                _ => Call::Write(Value::Int(n + 1)),
            },
            state: one_of_seven,
        },
        Subject {
            name: "cas-register",
            model: "cas-register",
            initial: Value::Int(0),
            start: Value::Int(0),
            does: write,
            call: |_, rng| match rng.random_range(0..4) {
                0 => Call::Read,
                1 => Call::Write(small(rng)),
                _ => Call::Cas { from: small(rng), to: small(rng) },
            },
            state: small,
        },
        Subject {
            name: "cas-register, no value twice",
            model: "cas-register",
            initial: Value::Int(0),
            start: Value::Int(0),
            does: write,
            call: |n, rng| match rng.random_range(0..4) {
                0 => Call::Read,
                1 => Call::Write(Value::Int(n + 1)),
                _ => Call::Cas { from: Value::Int(rng.random_range(0..=n)), to: Value::Int(n + 1) },
            },
            state: one_of_seven,
        },
        Subject {
            name: "cas-register, no value twice, most fail",
            model: "cas-register",
            initial: Value::Int(0),
            start: Value::Int(0),
            does: write,
            call: |n, rng| match rng.random_range(0..8) {
                0..2 => Call::Read,
                2..4 => Call::Write(Value::Int(n + 1)),
                _ => {
                    let from = rng.random_range(n.saturating_sub(3).max(0)..=n);
                    Call::Cas { from: Value::Int(from), to: Value::Int(n + 1) }
                }
            },
            state: one_of_seven,
        },
        Subject {
            name: "kv",
            model: "kv",
            initial: Value::Nil,
            start: Value::Nil,
            does: put,
            call: |_, rng| match rng.random_range(0..8) {
                0..3 => Call::Read,
                3 => Call::Write(text(rng)),
                4 => Call::Cas { from: text(rng), to: text(rng) },
                5 => Call::Append("a".into()),
                _ => Call::Append("b".into()),
            },
            state: text,
        },
        Subject {
            name: "kv, no text twice",
            model: "kv",
            initial: Value::Text(String::new()),
            start: Value::Text(String::new()),
            does: put,
            call: |n, rng| {
                let letter = char::from(b'a' + n as u8).to_string();
                match rng.random_range(0..8) {
                    0..4 => Call::Read,
                    4 => Call::Write(Value::Text(letter)),
                    _ => Call::Append(letter),
                }
            },
            state: |rng| {
                let texts = ["", "a", "b", "ab", "ba", "bc", "abc", "acb", "c", "ac", "d", "bd"];
                pick(&texts.map(|text| Value::Text(text.into())), rng)
            },
        },
        Subject {
            name: "stock",
            model: "stock",
            initial: Value::Int(4),
            start: Value::Int(4),
            does: trade,
            call: |_, rng| match rng.random_range(0..6) {
                0..2 => Call::Read,
                2..5 => Call::Sell(rng.random_range(1..4)),
                _ => Call::TakeBack(rng.random_range(1..3)),
            },
            state: |rng| Value::Int(rng.random_range(0..5)),
        },
        Subject {
            name: "counter",
            model: "counter",
            initial: Value::Int(0),
            start: Value::Int(0),
            does: trade,
            call: |_, rng| match rng.random_range(0..2) {
                0 => Call::Read,
                _ => Call::Add(rng.random_range(-1..3)),
            },
            state: |rng| Value::Int(rng.random_range(-1..5)),
        },
        Subject {
            name: "set",
            model: "set",
            initial: Value::Nil,
            start: Value::List(Vec::new()),
            does: gather,
            call: |_, rng| match rng.random_range(0..8) {
                0..2 => Call::Read,
                2..5 => Call::Insert(small(rng)),
                5..7 => Call::Remove(small(rng)),
                _ => Call::Contains(small(rng)),
            },
            state: |rng| list(rng, 0),
        },
        Subject {
            name: "set, no element twice",
            model: "set",
            initial: Value::Nil,
            start: Value::List(Vec::new()),
            does: gather,
            call: |n, rng| match rng.random_range(0..6) {
                0..2 => Call::Insert(Value::Int(n)),
                2..4 => Call::Contains(Value::Int(rng.random_range(0..=n))),
                _ => Call::Remove(Value::Int(rng.random_range(0..=n))),
            },
            state: |rng| list(rng, 0),
        },
        Subject {
            name: "set, read whole, no element twice",
            model: "set",
            initial: Value::Nil,
            start: Value::List(Vec::new()),
            does: gather,
            call: |n, rng| match rng.random_range(0..8) {
                0..4 => Call::Insert(Value::Int(n)),
                4..7 => Call::Read,
                _ => Call::Contains(Value::Int(rng.random_range(0..=n))),
            },
            state: |rng| list(rng, 0),
        },
        Subject {
            name: "set, never taken out",
            model: "set",
            initial: Value::Nil,
            start: Value::List(Vec::new()),
            does: gather,
            call: |_, rng| match rng.random_range(0..8) {
                0..4 => Call::Insert(small(rng)),
                4..7 => Call::Read,
                _ => Call::Contains(small(rng)),
            },
            state: |rng| list(rng, 0),
        },
        Subject {
            name: "queue",
            model: "queue",
            initial: Value::Nil,
            start: Value::List(Vec::new()),
            does: line_up,
            call: |_, rng| match rng.random_range(0..2) {
                0 => Call::Dequeue,
                _ => Call::Enqueue(small(rng)),
            },
            state: |rng| list(rng, 0),
        },
        Subject {
            name: "queue, no element twice",
            model: "queue",
            initial: Value::Nil,
            start: Value::List(Vec::new()),
            does: line_up,
            call: |n, rng| match rng.random_range(0..2) {
                0 => Call::Dequeue,
                _ => Call::Enqueue(Value::Int(n)),
            },
            state: |rng| {
                let from = rng.random_range(0..5);
                list(rng, from)
            },
        },
        Subject {
            name: "mutex",
            model: "mutex",
            initial: Value::Nil,
            start: Value::Bool(false),
            does: lock,
            call: |_, rng| if rng.random_ratio(1, 2) { Call::Acquire } else { Call::Release },
            state: |rng| Value::Bool(rng.random_ratio(1, 2)),
        },
        Subject {
            name: "multi-register",
            model: "multi-register",
            initial: Value::Int(0),
            start: Value::List(vec![Value::Int(0), Value::Int(0)]),
            does: transact,
            call: |_, rng| {
                let steps = rng.random_range(1..4);
                Call::Transaction((0..steps).map(|_| step(rng)).collect())
            },
            state: |rng| Value::List(vec![small(rng), small(rng)]),
        },
    ]
}
