//! Draws histories of an object that clients keep busy all the time: each invokes something, has it done at
//! some later moment, and is told so at another.

use rand::{Rng, RngExt};
pub use simlab_core::history::History;
use simlab_core::history::Mark;
use simlab_core::{Call, NodeId, OpId, Operation, Outcome, Seq, Session, Time, Value, stream};
use std::collections::{BTreeSet, VecDeque};
use std::num::NonZeroU64;

/// What clients do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Read and write a register, no value twice.
    Unique,
    /// The same with five values.
    FiveValues,
    /// Read, write and compare-and-set, no value twice; most compare-and-sets fail.
    Cas,
    /// Append to a text, and read all of it.
    Append,
    /// Put something into a queue and take something out, nothing twice.
    Queue,
    /// Put something into a set, take it out, and ask for it, nothing twice.
    Set,
    /// Put something into a set, nothing twice, and now and then read all of it.
    SetRead,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Unique => "check-register-unique",
            Kind::FiveValues => "check-register-five-values",
            Kind::Cas => "check-cas-unique",
            Kind::Append => "check-append-unique",
            Kind::Queue => "check-queue-unique",
            Kind::Set => "check-set-unique",
            Kind::SetRead => "check-set-read",
        }
    }

    pub const fn model(self) -> &'static str {
        match self {
            Kind::Unique | Kind::FiveValues => "register",
            Kind::Cas => "cas-register",
            Kind::Append => "kv",
            Kind::Queue => "queue",
            Kind::Set | Kind::SetRead => "set",
        }
    }

    pub const fn initial(self) -> Value {
        match self {
            Kind::Queue | Kind::Set | Kind::SetRead => Value::Nil,
            Kind::Append => Value::Text(String::new()),
            _ => Value::Int(-1),
        }
    }
}

/// The object, as it behaves.
struct Object {
    value: Value,
    set: BTreeSet<i64>,
    queue: VecDeque<i64>,
}

impl Object {
    fn does(&mut self, kind: Kind, call: &Call) -> Value {
        match call {
            Call::Read if kind == Kind::SetRead => {
                Value::List(self.set.iter().copied().map(Value::Int).collect())
            }
            Call::Read => self.value.clone(),
            Call::Write(value) => {
                self.value = value.clone();
                Value::Nil
            }
            Call::Cas { from, to } if *from == self.value => {
                self.value = to.clone();
                Value::Bool(true)
            }
            Call::Append(text) => {
                let Value::Text(before) = &self.value else { panic!("a text") };
                self.value = Value::Text(format!("{before}{text}"));
                Value::Nil
            }
            Call::Enqueue(Value::Int(n)) => {
                self.queue.push_back(*n);
                Value::Nil
            }
            Call::Dequeue => self.queue.pop_front().map_or(Value::Nil, Value::Int),
            Call::Insert(Value::Int(n)) => Value::Bool(self.set.insert(*n)),
            Call::Remove(Value::Int(n)) => Value::Bool(self.set.remove(n)),
            Call::Contains(Value::Int(n)) => Value::Bool(self.set.contains(n)),
            _ => Value::Bool(false),
        }
    }
}

/// All reads of a set find so many elements together, whatever the number of operations.
const FOUND: u32 = 2_500_000;

/// One operation in so many is a read: of 10,000 one in twenty, of 100,000 one in two thousand.
fn reads_in(operations: u32) -> u32 {
    (operations / (2 * FOUND / operations).max(1)).max(2)
}

fn call(kind: Kind, n: u32, operations: u32, object: &Object, rng: &mut impl Rng) -> Call {
    let fresh = || Value::Int(n.into());
    let recent = |rng: &mut dyn Rng| Value::Int(i64::from(n) - rng.random_range(1..20_i64));
    match (kind, rng.random_range(0..4)) {
        (Kind::Queue, 0..2) => Call::Enqueue(fresh()),
        (Kind::Queue, _) => Call::Dequeue,
        (Kind::SetRead, _) if rng.random_ratio(1, reads_in(operations)) => Call::Read,
        (Kind::SetRead, _) => Call::Insert(fresh()),
        (Kind::Set, 0) => Call::Insert(fresh()),
        (Kind::Set, 1) => Call::Remove(recent(rng)),
        (Kind::Set, _) => Call::Contains(recent(rng)),
        (_, 0..2) => Call::Read,
        (Kind::FiveValues, _) => Call::Write(Value::Int(rng.random_range(0..5))),
        (Kind::Append, _) => Call::Append(format!("{n};")),
        (Kind::Cas, 2) => Call::Cas { from: object.value.clone(), to: fresh() },
        _ => Call::Write(fresh()),
    }
}

/// What cannot have been returned, of what was.
fn wrong(kind: Kind, result: &Value) -> Option<Value> {
    match (kind, result) {
        (Kind::Queue, Value::Int(n)) => Some(Value::Int(n - 400)),
        (Kind::Set, Value::Bool(there)) => Some(Value::Bool(!there)),
        // Without one that was there long ago.
        (Kind::SetRead, Value::List(all)) if all.len() > 400 => {
            Some(Value::List(all[1..].to_vec()))
        }
        (Kind::FiveValues, Value::Int(_)) => Some(Value::Int(77)),
        (Kind::Append, Value::Text(text)) if text.len() > 8 => {
            Some(Value::Text(text[..text.len() / 2].to_owned()))
        }
        (Kind::Unique | Kind::Cas, Value::Int(n)) if *n > 400 => Some(Value::Int(n - 400)),
        _ => None,
    }
}

/// An operation that was invoked, and what it returned once it is done.
type Open = Option<(OpId, Call, Option<Value>)>;

/// So many operations by so many clients; if it is not to be `valid`, late in the history something wrong is
/// returned.
pub fn drawn(kind: Kind, operations: u32, clients: u32, valid: bool) -> History {
    let mut rng = stream(7, kind.name());
    let mut history = History::new();
    let mut object = Object { value: kind.initial(), set: BTreeSet::new(), queue: VecDeque::new() };
    let mut open: Vec<Open> = vec![None; clients as usize];
    let (mut invoked, mut events, mut spoilt) = (0, 0, valid);
    while invoked < operations || open.iter().any(Option::is_some) {
        let client = rng.random_range(0..clients as usize);
        let mut mark = || {
            events += 1;
            Mark { seq: Seq(NonZeroU64::new(events).expect("from 1")), at: Time(events) }
        };
        match &mut open[client] {
            None if invoked < operations => {
                let call = call(kind, invoked, operations, &object, &mut rng);
                let op = OpId::of(NodeId(client as u32), invoked);
                invoked += 1;
                let operation = Operation { object: "x".into(), call: call.clone() };
                history.invoke(op, Session(0), operation, mark()).expect("it is free");
                open[client] = Some((op, call, None));
            }
            None => {}
            Some((_, call, result @ None)) => *result = Some(object.does(kind, call)),
            Some((op, call, Some(result))) => {
                let late = invoked > operations / 10 * 9;
                let looks = !matches!(call, Call::Write(_) | Call::Insert(_) | Call::Remove(_));
                if !spoilt
                    && late
                    && looks
                    && let Some(other) = wrong(kind, result)
                {
                    (*result, spoilt) = (other, true);
                }
                let outcome = Outcome::Done(result.clone());
                history.complete(*op, outcome, mark()).expect("it is open");
                open[client] = None;
            }
        }
    }
    assert!(spoilt, "something wrong was returned");
    history
}
