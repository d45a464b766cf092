//! The models weaker than linearizability on long histories: what a check costs follows the
//! operations times the sessions, whatever the concurrency. The limits count work, so that a test
//! which passes here passes on every machine. `SIMLAB_OPERATIONS=100000` makes them longer.

use rand::{Rng, RngExt};
use simlab_check::{Answer, Budget, Limits, Subject, consistency, judge, model};
use simlab_core::history::{End, History, Mark, events};
use simlab_core::{Call, NodeId, OpId, Operation, Outcome, Seq, Session, Time, Value, stream};
use std::num::NonZeroU64;

/// A replicated store: each client has a copy of its own, to which the writes of each other client
/// come in their order, somewhat later.
struct Store {
    history: History,
    events: u64,
    /// Every write of each client: its object and value.
    logs: Vec<Vec<(usize, i64)>>,
    /// How much of each log each client knows.
    known: Vec<Vec<usize>>,
    /// What each client sees.
    copies: Vec<Vec<i64>>,
}

impl Store {
    /// After `count` operations on `objects` objects, of which every third is a write.
    fn run(clients: usize, objects: usize, count: u32) -> History {
        let mut store = Store {
            history: History::new(),
            events: 0,
            logs: vec![Vec::new(); clients],
            known: vec![vec![0; clients]; clients],
            copies: vec![vec![0; objects]; clients],
        };
        let mut rng = stream(1, "store");
        let mut open: Vec<Option<(OpId, Value)>> = vec![None; clients];
        let mut made = 0;
        while made < count || open.iter().any(Option::is_some) {
            let client = rng.random_range(0..clients);
            if let Some((op, result)) = open[client].take() {
                let mark = store.mark();
                store.history.complete(op, Outcome::Done(result), mark).expect("it is open");
            } else if made < count {
                open[client] = Some(store.begin(client, made, &mut rng));
                made += 1;
            }
        }
        store.history
    }

    fn mark(&mut self) -> Mark {
        self.events += 1;
        let seq = Seq(NonZeroU64::new(self.events).expect("counted from 1"));
        Mark { seq, at: Time(self.events * 1_000) }
    }

    fn begin(&mut self, client: usize, number: u32, rng: &mut dyn Rng) -> (OpId, Value) {
        let writer = rng.random_range(0..self.logs.len());
        let behind = self.logs[writer].len() - self.known[client][writer];
        self.learn(client, writer, rng.random_range(0..=behind));
        let object = rng.random_range(0..self.copies[client].len());
        let (call, result) = if rng.random_ratio(1, 3) {
            let value = i64::from(number) + 1;
            self.logs[client].push((object, value));
            self.learn(client, client, 1);
            (Call::Write(Value::Int(value)), Value::Nil)
        } else {
            (Call::Read, Value::Int(self.copies[client][object]))
        };
        let op = OpId::of(NodeId(client as u32), number);
        let operation = Operation { object: format!("k{object}"), call };
        let mark = self.mark();
        self.history.invoke(op, Session(0), operation, mark).expect("the client is free");
        (op, result)
    }

    /// A client learns of so many more writes of another.
    fn learn(&mut self, client: usize, writer: usize, writes: usize) {
        for _ in 0..writes {
            let (object, value) = self.logs[writer][self.known[client][writer]];
            self.copies[client][object] = value;
            self.known[client][writer] += 1;
        }
    }
}

/// The same history, in which a read near the end returns what its session had read long before.
fn with_a_step_back(history: &History) -> (History, OpId) {
    let records = history.records();
    let read = |index: &usize| records[*index].operation.call == Call::Read;
    let late = (records.len() * 9 / 10..records.len()).find(read).expect("there are reads");
    let same = |index: &usize| {
        records[*index].operation.object == records[late].operation.object
            && records[*index].op.node() == records[late].op.node()
            && records[*index].result().is_some_and(|value| *value != Value::Int(0))
    };
    let early = (0..late).filter(read).find(same).expect("it was read before");
    let mut changed = History::new();
    for (mark, end, record) in events(records) {
        let read = if record.op == records[late].op { &records[early] } else { record };
        match (end, &read.returned) {
            (End::Returned, Some((_, outcome))) => {
                changed.complete(record.op, outcome.clone(), mark)
            }
            _ => changed.invoke(record.op, record.session, record.operation.clone(), mark),
        }
        .expect("it is as it was");
    }
    (changed, records[late].op)
}

fn answer(history: &History, name: &str) -> Answer {
    let model = model("kv").expect("it is in the table");
    let subject = Subject::new(history, model, &Value::Int(0));
    let consistency = consistency(name).expect("it is in the table");
    judge(subject, consistency, Budget::of(Limits::default())).expect("the initial value fits")
}

/// What such a store promises.
const PROMISED: [&str; 4] = ["pram", "read-your-writes", "monotonic-writes", "monotonic-reads"];

#[test]
fn long_histories_are_judged_within_the_usual_limits() {
    let count = std::env::var("SIMLAB_OPERATIONS").ok();
    let count = count.map_or(5_000, |text| text.parse().expect("it is a number"));
    for (clients, objects) in [(4, 1), (8, 20), (20, 3)] {
        let history = Store::run(clients, objects, count);
        let (broken, late) = with_a_step_back(&history);
        for name in PROMISED {
            assert_eq!(answer(&history, name), Answer::Satisfied, "{name}, {clients} clients");
            let Answer::Violated(evidence) = answer(&broken, name) else {
                panic!("{name} allows a step back, with {clients} clients")
            };
            assert_eq!((evidence.op, evidence.minimal), (late, true), "{}", evidence.why);
        }
        for name in ["causal", "writes-follow-reads", "sequential"] {
            let Answer::Violated(evidence) = answer(&history, name) else {
                panic!("{name}: the store does not promise that, with {clients} clients")
            };
            assert!(evidence.minimal && evidence.operations.len() < 40, "{}", evidence.why);
        }
    }
}
