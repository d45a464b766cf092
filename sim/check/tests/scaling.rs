//! The cost of the search follows the concurrency and what stays unknown, not the length of the
//! history. It is counted in configurations, so that these figures are the same on every machine.

use rand::RngExt;
use simlab_check::{
    Counter, Limits, Linearizer, Object, Queue, Register, Specification, Stock, Stop, Verdict,
};
use simlab_core::history::{History, Mark};
use simlab_core::{Call, NodeId, OpId, Operation, Outcome, Seq, Session, Time, Value, stream};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes a history of the object `x` down, one event after the other.
#[derive(Default)]
struct Story {
    history: History,
    events: u64,
    ops: u32,
}

impl Story {
    fn mark(&mut self) -> Mark {
        self.events += 1;
        let seq = Seq(NonZeroU64::new(self.events).expect("counted from 1"));
        Mark { seq, at: Time(self.events * 1_000_000) }
    }

    fn invoke(&mut self, call: Call) -> OpId {
        let op = OpId::of(NodeId(0), self.ops);
        let (session, mark) = (Session(self.ops), self.mark());
        self.ops += 1;
        let operation = Operation { object: "x".into(), call };
        self.history.invoke(op, session, operation, mark).expect("each has its own session");
        op
    }

    fn complete(&mut self, op: OpId, outcome: Outcome) {
        let mark = self.mark();
        self.history.complete(op, outcome, mark).expect("it is open");
    }

    fn does(&mut self, call: Call, outcome: Outcome) {
        let op = self.invoke(call);
        self.complete(op, outcome);
    }

    fn judge(&self, object: Object, configurations: u64) -> (Verdict, u64) {
        let mut linearizer = Linearizer::new(Limits { configurations });
        linearizer.declare("x", object);
        linearizer.read(&self.history);
        (linearizer.verdict(&self.history), linearizer.work())
    }
}

fn unknown() -> Outcome {
    Outcome::Unknown("time-out".into())
}

/// 2,000 operations by 8 clients, of which up to `busy` overlap, on a register with five values.
fn crowd(busy: usize) -> Story {
    let mut rng = stream(1, "crowd");
    let mut story = Story::default();
    let mut state = Value::Int(0);
    let mut open: Vec<(OpId, Call, Option<Value>)> = Vec::new();
    while story.ops < 2_000 {
        match rng.random_range(0..3) {
            0 if open.len() < busy => {
                let write = rng.random_ratio(1, 2);
                let value = Value::Int(rng.random_range(0..5));
                let call = if write { Call::Write(value) } else { Call::Read };
                open.push((story.invoke(call.clone()), call, None));
            }
            1 if !open.is_empty() => {
                let at = rng.random_range(0..open.len());
                let (_, call, result) = &mut open[at];
                if result.is_none() {
                    *result = Some(match call {
                        Call::Write(value) => {
                            state = value.clone();
                            Value::Nil
                        }
                        _ => state.clone(),
                    });
                }
            }
            2 if open.iter().any(|(.., result)| result.is_some()) => {
                let done = open.iter().position(|(.., result)| result.is_some());
                let (op, _, result) = open.remove(done.expect("there is one"));
                story.complete(op, Outcome::Done(result.expect("it has one")));
            }
            _ => {}
        }
    }
    story
}

fn register() -> Object {
    Object::new(Register { initial: Value::Int(0) })
}

#[test]
fn operations_that_hardly_overlap_cost_next_to_nothing() {
    let (verdict, work) = crowd(2).judge(register(), 20_000);
    assert_eq!(verdict, Verdict::Linearizable);
    println!("2,000 operations, at most 2 at a time: {work} configurations");
}

#[test]
fn eight_clients_at_once_can_be_judged() {
    let mut story = crowd(8);
    let (verdict, work) = story.judge(register(), 2_000_000);
    assert_eq!(verdict, Verdict::Linearizable);
    println!("2,000 operations, at most 8 at a time: {work} configurations");
    story.does(Call::Read, Outcome::Done(Value::Int(9)));
    let (verdict, _) = story.judge(register(), 2_000_000);
    assert!(matches!(verdict, Verdict::NotLinearizable(_)), "nobody wrote 9: {verdict}");
}

#[test]
fn unknown_reads_are_forgotten() {
    let mut story = Story::default();
    for n in 0..1_000 {
        story.does(Call::Read, unknown());
        story.does(Call::Write(Value::Int(n)), Outcome::Done(Value::Nil));
        // Never completed: its client crashed.
        story.invoke(Call::Read);
    }
    story.does(Call::Read, Outcome::Done(Value::Int(999)));
    let (verdict, work) = story.judge(register(), 10_000);
    assert_eq!(verdict, Verdict::Linearizable, "{work} configurations");
}

#[test]
fn unknown_sales_of_the_same_size_are_counted_and_not_told_apart() {
    let mut story = Story::default();
    for _ in 0..200 {
        story.does(Call::Sell(1), unknown());
    }
    story.does(Call::Read, Outcome::Done(Value::Int(900)));
    story.does(Call::Read, Outcome::Done(Value::Int(850)));
    let stock = || Object::new(Stock { initial: 1_000 });
    let (verdict, work) = story.judge(stock(), 2_000);
    assert_eq!(verdict, Verdict::Linearizable, "{work} configurations");
    story.does(Call::Read, Outcome::Done(Value::Int(799)));
    let (verdict, _) = story.judge(stock(), 2_000);
    assert!(matches!(verdict, Verdict::NotLinearizable(_)), "{verdict}");
}

#[test]
fn too_many_unknown_sales_make_the_verdict_unknown() {
    let mut story = Story::default();
    for bit in 0..30 {
        story.does(Call::Sell(1 << bit), unknown());
    }
    // More was sold than the sum of any of them; it takes all 2³⁰ sums to know.
    story.does(Call::Read, Outcome::Done(Value::Int(-1)));
    let stock = Object::new(Stock { initial: 1 << 30 });
    let (verdict, _) = story.judge(stock, 100_000);
    let why = "the search on x made 100000 configurations and was stopped".to_owned();
    assert_eq!(verdict, Verdict::Unknown { why });
}

#[test]
fn a_bound_that_is_too_small_is_never_an_ok() {
    let mut story = crowd(6);
    story.does(Call::Read, Outcome::Done(Value::Int(9)));
    for exponent in 0..18 {
        let (verdict, _) = story.judge(register(), 1 << exponent);
        assert_ne!(verdict, Verdict::Linearizable, "with a bound of 2^{exponent}");
    }
}

/// Each of so many that may still happen leads somewhere else, before anything is decided.
#[test]
fn it_is_asked_in_time_whether_to_give_up() {
    let mut story = Story::default();
    for n in 0..3_000 {
        story.does(Call::Add(n), unknown());
    }
    story.does(Call::Read, Outcome::Done(Value::Int(-1)));
    let mut linearizer = Linearizer::new(Limits { configurations: 200_000 });
    linearizer.declare("x", Object::new(Counter { initial: 0 }));
    linearizer.stop_when(Stop::when(|| true));
    linearizer.read(&story.history);
    let why = "the search on x was given up when its time was over".to_owned();
    assert_eq!(linearizer.verdict(&story.history), Verdict::Unknown { why });
    assert!(linearizer.work() < 5_000, "{} configurations", linearizer.work());
}

/// The same when each return alone needs little work.
#[test]
fn it_is_asked_now_and_then_however_little_is_to_be_done_at_a_time() {
    let mut story = crowd(6);
    story.does(Call::Read, Outcome::Done(Value::Int(9)));
    let mut linearizer = Linearizer::new(Limits { configurations: 2_000_000 });
    linearizer.declare("x", register().searched());
    linearizer.stop_when(Stop::when(|| true));
    linearizer.read(&story.history);
    assert!(matches!(linearizer.verdict(&story.history), Verdict::Unknown { .. }));
    assert!(linearizer.work() < 2_000, "{} configurations", linearizer.work());
}

/// What shows that something broke is looked for as long as there is time, and not for every operation
/// after that.
#[test]
fn nothing_more_is_left_out_of_the_evidence_when_the_time_is_over() {
    let mut story = crowd(2);
    story.does(Call::Read, Outcome::Done(Value::Int(9)));
    let mut linearizer = Linearizer::new(Limits::default());
    linearizer.declare("x", register());
    linearizer.read(&story.history);
    let asked = Arc::new(AtomicU64::new(0));
    let count = asked.clone();
    linearizer.stop_when(Stop::when(move || {
        count.fetch_add(1, Ordering::Relaxed);
        true
    }));
    let evidence = linearizer.evidence(&story.history).expect("nobody wrote 9");
    assert!(!evidence.minimal && evidence.operations.len() == story.ops as usize);
    let asked = asked.load(Ordering::Relaxed);
    assert!(asked < 20, "it was asked {asked} times");
}

/// All dequeues overlap everything, and each may have found the queue empty at any of thousands of moments: to try
/// them one by one for each of the dequeues would take hours.
#[test]
fn long_dequeues_that_found_nothing_take_no_longer_than_others() {
    const MANY: i64 = 20_000;
    let mut story = Story::default();
    for _ in 0..MANY {
        story.does(Call::Dequeue, unknown());
    }
    let long: Vec<OpId> = (0..MANY).map(|_| story.invoke(Call::Dequeue)).collect();
    let done = || Outcome::Done(Value::Nil);
    for n in 0..MANY {
        story.does(Call::Enqueue(Value::Int(2 * n)), done());
        story.does(Call::Enqueue(Value::Int(2 * n + 1)), done());
        story.does(Call::Dequeue, Outcome::Done(Value::Int(2 * n + 1)));
    }
    long.into_iter().for_each(|op| story.complete(op, done()));
    let judge = |story: &Story| {
        let mut linearizer = Linearizer::new(Limits { configurations: 0 });
        linearizer.declare("x", Object::new(Queue));
        linearizer.finish(&story.history);
        linearizer.verdict(&story.history)
    };
    assert_eq!(judge(&story), Verdict::Linearizable);
    story.does(Call::Enqueue(Value::Int(-1)), done());
    story.does(Call::Dequeue, done());
    assert!(matches!(judge(&story), Verdict::NotLinearizable(_)), "-1 must have been there");
}

/// A counter whose states are said to take a lot of memory.
#[derive(Clone, Copy)]
struct Heavy;

impl Specification for Heavy {
    type State = i64;

    fn initial(&self) -> i64 {
        0
    }
    fn weight(&self, _: &i64) -> usize {
        1 << 24
    }
    fn accepts(&self, call: &Call) -> bool {
        Counter { initial: 0 }.accepts(call)
    }
    fn apply(&self, state: &i64, call: &Call) -> Option<(i64, Value)> {
        Counter { initial: 0 }.apply(state, call)
    }
}

#[test]
fn few_states_are_forgotten_too_if_they_take_much_memory() {
    let mut story = Story::default();
    for _ in 0..1_000 {
        story.does(Call::Add(1), Outcome::Done(Value::Nil));
    }
    let (verdict, _) = story.judge(Object::new(Heavy), 10_000);
    assert_eq!(verdict, Verdict::Linearizable);
}
