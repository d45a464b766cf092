//! Sequential consistency of all kinds of object against an oracle that tries every interleaving.
//!
//! Half of the histories are drawn from an execution in one order, with at most one result changed;
//! in the others every result is drawn. The oracle has its own idea of what the objects
//! do. `SIMLAB_SEED=17 cargo test -p simlab-check --test sequential` replays one history of each
//! kind, `SIMLAB_HISTORIES=100000` judges more of them.

use rand::{Rng, RngExt};
use simlab_check::{Answer, Budget, Evidence, Limits, Subject, consistency, judge, model};
use simlab_core::history::{End, History, Mark};
use simlab_core::{
    Access, Call, NodeId, OpId, Operation, Outcome, Seq, Session, Time, Value, stream,
};
use std::num::NonZeroU64;

const HISTORIES: u64 = 3_000;

/// A kind of object: what it does, as the oracle knows it, and what is drawn.
struct Kind {
    model: &'static str,
    initial: Value,
    /// What a call does in a state and returns; `None` if it is impossible there.
    does: fn(&Value, &Call) -> Option<(Value, Value)>,
    call: fn(&mut dyn Rng) -> Call,
}

fn list(state: &Value) -> Vec<Value> {
    match state {
        Value::List(values) => values.clone(),
        _ => Vec::new(),
    }
}

fn queue() -> Kind {
    let does = |state: &Value, call: &Call| {
        let mut values = list(state);
        let result = match call {
            Call::Enqueue(value) => {
                values.push(value.clone());
                Value::Nil
            }
            _ if values.is_empty() => Value::Nil,
            _ => values.remove(0),
        };
        Some((Value::List(values), result))
    };
    let call = |rng: &mut dyn Rng| match rng.random_range(0..5) {
        0..2 => Call::Enqueue(Value::Int(rng.random_range(1..4))),
        _ => Call::Dequeue,
    };
    Kind { model: "queue", initial: Value::Nil, does, call }
}

fn set() -> Kind {
    let does = |state: &Value, call: &Call| {
        let mut values = list(state);
        let result = match call {
            Call::Insert(value) => {
                let is_new = !values.contains(value);
                values.extend(is_new.then(|| value.clone()));
                values.sort();
                Value::Bool(is_new)
            }
            Call::Contains(value) => Value::Bool(values.contains(value)),
            Call::Read => Value::List(values.clone()),
            Call::Remove(value) => {
                let before = values.len();
                values.retain(|other| other != value);
                Value::Bool(values.len() < before)
            }
            other => panic!("not drawn: {other}"),
        };
        Some((Value::List(values), result))
    };
    let call = |rng: &mut dyn Rng| {
        let value = Value::Int(rng.random_range(1..3));
        match rng.random_range(0..5) {
            0..2 => Call::Insert(value),
            2 => Call::Contains(value),
            3 => Call::Remove(value),
            _ => Call::Read,
        }
    };
    Kind { model: "set", initial: Value::Nil, does, call }
}

fn counter() -> Kind {
    let does = |state: &Value, call: &Call| match (state, call) {
        (Value::Int(n), Call::Add(more)) => Some((Value::Int(n + more), Value::Nil)),
        (state, _) => Some((state.clone(), state.clone())),
    };
    let call = |rng: &mut dyn Rng| match rng.random_range(0..5) {
        0..2 => Call::Add(rng.random_range(1..3)),
        _ => Call::Read,
    };
    Kind { model: "counter", initial: Value::Int(0), does, call }
}

/// Values are written more than once, and compare-and-sets may fail.
fn keys() -> Kind {
    let does = |state: &Value, call: &Call| match call {
        Call::Read => Some((state.clone(), state.clone())),
        Call::Write(value) => Some((value.clone(), Value::Nil)),
        Call::Cas { from, to } if from == state => Some((to.clone(), Value::Bool(true))),
        Call::Cas { .. } => Some((state.clone(), Value::Bool(false))),
        Call::Append(more) => match state {
            Value::Text(text) => Some((Value::Text(format!("{text}{more}")), Value::Nil)),
            _ => None,
        },
        other => panic!("not drawn: {other}"),
    };
    let call = |rng: &mut dyn Rng| {
        let texts = ["", "a", "b", "ab"];
        let mut text = || Value::Text(texts[rng.random_range(0..texts.len())].into());
        let (from, to) = (text(), text());
        match rng.random_range(0..8) {
            0 => Call::Write(to),
            1 => Call::Append("b".into()),
            2..4 => Call::Cas { from, to },
            _ => Call::Read,
        }
    };
    Kind { model: "kv", initial: Value::Text(String::new()), does, call }
}

fn registers_together() -> Kind {
    let does = |state: &Value, call: &Call| {
        let Call::Transaction(steps) = call else { panic!("not drawn: {call}") };
        let mut values = list(state);
        if values.is_empty() {
            values = vec![Value::Int(0), Value::Int(0)];
        }
        let mut read = Vec::new();
        let place = |name: &str| usize::from(name == "b");
        for step in steps {
            match step {
                Access::Read(name) => read.push(values[place(name)].clone()),
                Access::Write(name, value) => values[place(name)] = value.clone(),
            }
        }
        Some((Value::List(values), Value::List(read)))
    };
    let call = |rng: &mut dyn Rng| {
        let mut step = || {
            let name = ["a", "b"][rng.random_range(0..2)].to_owned();
            match rng.random_range(0..3) {
                0 => Access::Write(name, Value::Int(rng.random_range(0..3))),
                _ => Access::Read(name),
            }
        };
        Call::Transaction(vec![step(), step()])
    };
    Kind { model: "multi-register", initial: Value::Int(0), does, call }
}

fn lock() -> Kind {
    let does = |state: &Value, call: &Call| match (state, call) {
        (Value::Bool(true), Call::Release) => Some((Value::Nil, Value::Nil)),
        (Value::Nil, Call::Acquire) => Some((Value::Bool(true), Value::Nil)),
        _ => None,
    };
    let call =
        |rng: &mut dyn Rng| if rng.random_ratio(1, 2) { Call::Acquire } else { Call::Release };
    Kind { model: "mutex", initial: Value::Nil, does, call }
}

#[derive(Clone, Debug)]
struct Drawn {
    session: usize,
    object: usize,
    call: Call,
    invoked: u64,
    end: Option<(u64, Outcome)>,
}

/// Up to seven operations of up to three sessions on up to two objects.
fn draw(kind: &Kind, rng: &mut dyn Rng) -> Vec<Drawn> {
    let sessions = rng.random_range(2..4);
    let objects = rng.random_range(1..3);
    let count = rng.random_range(5..8);
    let mut states = vec![kind.initial.clone(); 2];
    let mut drawn: Vec<Drawn> = Vec::new();
    let mut busy: Vec<Option<(usize, Option<Value>)>> = vec![None; sessions];
    let mut retired = vec![false; sessions];
    let mut now = 0;
    while (drawn.len() < count && !retired.iter().all(|&retired| retired))
        || busy.iter().any(Option::is_some)
    {
        let session = rng.random_range(0..sessions);
        if let Some((op, result)) = busy[session].take() {
            now += 1;
            let outcome = match (rng.random_range(0..16), result) {
                (0, _) => Some(Outcome::Unknown("time-out".into())),
                (1, _) => None,
                (_, None) => Some(Outcome::NotDone("refused".into())),
                (_, Some(result)) => Some(Outcome::Done(result)),
            };
            retired[session] = matches!(outcome, None | Some(Outcome::Unknown(_)));
            drawn[op].end = outcome.map(|outcome| (now, outcome));
        } else if drawn.len() < count && !retired[session] {
            now += 1;
            let (object, call) = (rng.random_range(0..objects), (kind.call)(rng));
            let refused = rng.random_ratio(1, 16);
            let done = (kind.does)(&states[object], &call).filter(|_| !refused);
            let result = done.map(|(next, result)| {
                states[object] = next;
                result
            });
            busy[session] = Some((drawn.len(), result));
            drawn.push(Drawn { session, object, call, invoked: now, end: None });
        }
    }
    let all = rng.random_ratio(1, 2);
    let one = (!all && rng.random_ratio(4, 5)).then(|| rng.random_range(0..drawn.len()));
    for (index, op) in drawn.iter_mut().enumerate() {
        if all || one == Some(index) {
            change(kind, op, rng);
        }
    }
    drawn
}

/// Gives one operation the result that it has in another state, or lets one happen that did not.
fn change(kind: &Kind, op: &mut Drawn, rng: &mut dyn Rng) {
    let mut state = kind.initial.clone();
    for _ in 0..rng.random_range(0..5) {
        let call = (kind.call)(rng);
        state = (kind.does)(&state, &call).map_or(state, |(next, _)| next);
    }
    if let Some((_, outcome)) = &mut op.end
        && let Some((_, result)) = (kind.does)(&state, &op.call)
    {
        *outcome = Outcome::Done(result);
    }
}

fn id(drawn: &[Drawn], index: usize) -> OpId {
    OpId::of(NodeId(drawn[index].session as u32), index as u32)
}

fn history(drawn: &[Drawn]) -> History {
    let mut ends = Vec::new();
    for (i, op) in drawn.iter().enumerate() {
        ends.push((op.invoked, i, End::Invoked));
        ends.extend(op.end.as_ref().map(|&(at, _)| (at, i, End::Returned)));
    }
    ends.sort_unstable();
    let mut history = History::new();
    for (at, i, end) in ends {
        let seq = Seq(NonZeroU64::new(at).expect("events are counted from 1"));
        let mark = Mark { seq, at: Time(at) };
        match (end, &drawn[i].end) {
            (End::Returned, Some((_, outcome))) => {
                history.complete(id(drawn, i), outcome.clone(), mark)
            }
            _ => {
                let object = ["x", "y"][drawn[i].object].to_owned();
                let operation = Operation { object, call: drawn[i].call.clone() };
                history.invoke(id(drawn, i), Session(0), operation, mark)
            }
        }
        .expect("drawn histories are well-formed");
    }
    history
}

/// What has to be explained: the operations up to a return, or some of them.
struct Given<'a> {
    kind: &'a Kind,
    drawn: &'a [Drawn],
    until: u64,
    members: Option<&'a [usize]>,
}

impl Given<'_> {
    fn free(&self, op: usize) -> bool {
        self.members.is_some_and(|members| !members.contains(&op))
    }

    /// The result that it must have returned.
    fn must(&self, op: usize) -> Option<&Value> {
        match &self.drawn[op].end {
            Some((at, Outcome::Done(result))) if *at <= self.until && !self.free(op) => {
                Some(result)
            }
            _ => None,
        }
    }

    fn refused(&self, op: usize) -> bool {
        let end = &self.drawn[op].end;
        let refused = matches!(end, Some((at, Outcome::NotDone(_))) if *at <= self.until);
        refused && !self.free(op)
    }

    fn before(&self, a: usize, b: usize) -> bool {
        let same = self.drawn[a].session == self.drawn[b].session;
        a < b && same && !self.free(a) && !self.free(b)
    }

    fn allowed(&self) -> bool {
        self.some_order(&mut Vec::new(), &vec![self.kind.initial.clone(); 2])
    }

    fn some_order(&self, placed: &mut Vec<usize>, states: &[Value]) -> bool {
        let all = 0..self.drawn.len();
        let missing = |placed: &[usize], op| self.must(op).is_some() && !placed.contains(&op);
        if !all.clone().any(|op| missing(placed, op)) {
            return true;
        }
        for op in all.clone() {
            let out_of_order = all.clone().any(|other| {
                (self.before(other, op) && missing(placed, other))
                    || (self.before(op, other) && placed.contains(&other))
            });
            if placed.contains(&op) || self.refused(op) || out_of_order {
                continue;
            }
            let drawn = &self.drawn[op];
            let done = (self.kind.does)(&states[drawn.object], &drawn.call);
            let Some((next, result)) = done else { continue };
            if self.must(op).is_some_and(|told| *told != result) {
                continue;
            }
            let mut states = states.to_vec();
            states[drawn.object] = next;
            placed.push(op);
            if self.some_order(placed, &states) {
                return true;
            }
            placed.pop();
        }
        false
    }
}

fn assert_minimal(kind: &Kind, drawn: &[Drawn], evidence: &Evidence, seed: u64) {
    let place = |op| (0..drawn.len()).find(|&i| id(drawn, i) == op).expect("it was drawn");
    let members: Vec<usize> = evidence.operations.iter().map(|&op| place(op)).collect();
    let until = evidence.mark.seq.get();
    let allowed =
        |members: &[usize]| Given { kind, drawn, until, members: Some(members) }.allowed();
    let replay = format!("{evidence:?}; replay with SIMLAB_SEED={seed}: {drawn:?}");
    assert!(evidence.minimal && !allowed(&members), "it can be: {replay}");
    for without in 0..members.len() {
        let mut rest = members.clone();
        rest.remove(without);
        assert!(allowed(&rest), "{} is superfluous: {replay}", members[without]);
    }
}

#[allow(clippy::print_stdout, reason = "the shares are worth seeing with --nocapture")]
fn compare(kind: &Kind) {
    let number = |name| {
        let text = std::env::var(name).ok();
        text.map(|text| text.parse::<u64>().expect("it is a number"))
    };
    let seeds = match number("SIMLAB_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIMLAB_HISTORIES").unwrap_or(HISTORIES),
    };
    let many = seeds.end - seeds.start > 1;
    let (mut fine, mut broken) = (0_u64, 0_u64);
    for seed in seeds {
        let drawn = draw(kind, &mut stream(seed, kind.model));
        let mut ends: Vec<u64> = drawn.iter().filter_map(|op| Some(op.end.as_ref()?.0)).collect();
        ends.sort_unstable();
        let given = |until| Given { kind, drawn: &drawn, until, members: None };
        let expected = ends.into_iter().find(|&until| !given(until).allowed());
        let history = history(&drawn);
        let model = model(kind.model).expect("it is in the table");
        let subject = Subject::new(&history, model, &kind.initial);
        let sequential = consistency("sequential").expect("it is in the table");
        let answer = judge(subject, sequential, Budget::of(Limits::default()));
        let found = match answer.expect("the initial value fits") {
            Answer::Satisfied => None,
            Answer::Violated(evidence) => {
                assert_minimal(kind, &drawn, &evidence, seed);
                Some(evidence.mark.seq.get())
            }
            other => panic!("{other:?}; SIMLAB_SEED={seed}: {drawn:?}"),
        };
        assert_eq!(found, expected, "replay with SIMLAB_SEED={seed}: {drawn:?}");
        *(if found.is_none() { &mut fine } else { &mut broken }) += 1;
    }
    println!("sequential on {}: {fine} satisfied, {broken} violated", kind.model);
    let least = 30 * (fine + broken);
    assert!(!many || 100 * fine.min(broken) >= least, "{fine} satisfied, {broken} violated");
}

#[test]
fn queues_agree_with_the_oracle() {
    compare(&queue());
}

#[test]
fn sets_agree_with_the_oracle() {
    compare(&set());
}

#[test]
fn counters_agree_with_the_oracle() {
    compare(&counter());
}

#[test]
fn keys_agree_with_the_oracle() {
    compare(&keys());
}

#[test]
fn registers_written_together_agree_with_the_oracle() {
    compare(&registers_together());
}

#[test]
fn locks_agree_with_the_oracle() {
    compare(&lock());
}
