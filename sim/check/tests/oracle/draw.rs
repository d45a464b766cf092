//! Draws histories.

use crate::subjects::Subject;
use rand::{Rng, RngExt};
use simlab_core::history::{End, History, Mark};
use simlab_core::{Call, NodeId, OpId, Operation, Outcome, Seq, Session, Time, Value};
use std::collections::BTreeMap;
use std::num::NonZeroU64;

/// An operation as drawn; times are places in the order of events.
#[derive(Clone, Debug)]
pub struct Drawn {
    pub object: String,
    pub call: Call,
    pub invoked: u64,
    pub returned: Option<(u64, Outcome)>,
}

/// Draws up to seven operations by up to four clients, as an atomic object would answer them. A
/// pending operation may take effect long after its client gave up, or never.
fn valid(subject: &Subject, objects: &[&str], rng: &mut dyn Rng) -> Vec<Drawn> {
    let clients = rng.random_range(2..5);
    let count = rng.random_range(3..8);
    let mut states: BTreeMap<String, Value> =
        objects.iter().map(|name| ((*name).to_owned(), subject.start.clone())).collect();
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
                let drawn_so_far = drawn.len() as i64;
                drawn.push(Drawn {
                    object,
                    call: (subject.call)(drawn_so_far, rng),
                    invoked: now,
                    returned: None,
                });
            }
            1 if !waiting.is_empty() => {
                let op = waiting.swap_remove(rng.random_range(0..waiting.len()));
                let state = states.get_mut(&drawn[op].object).expect("every object has a state");
                match (subject.does)(state, &drawn[op].call) {
                    Some((next, result)) => {
                        *state = next;
                        results[op] = Some(result);
                    }
                    // It is impossible now, and may be possible later.
                    None => waiting.push(op),
                }
            }
            2 if !busy.is_empty() => {
                let at = rng.random_range(0..busy.len());
                let (op, fate) = busy[at];
                // What never becomes possible is given up.
                let stuck = now > 0 && rng.random_range(0..40) == 0;
                let fate = if stuck && results[op].is_none() { 1 } else { fate };
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
    let result = (subject.does)(&(subject.state)(rng), call);
    result.map_or(Value::Nil, |(_, result)| result)
}

pub fn draw(subject: &Subject, objects: &[&str], rng: &mut dyn Rng) -> Vec<Drawn> {
    let mut drawn = valid(subject, objects, rng);
    let from_valid = rng.random_ratio(1, 2);
    // A lock says nothing: something is wrong only if something else was asked of it.
    let lock = subject.model == "mutex";
    let change = (lock || rng.random_ratio(1, 2)).then(|| rng.random_range(0..drawn.len()));
    for (i, op) in drawn.iter_mut().enumerate() {
        if let Some((_, Outcome::Done(result))) = &mut op.returned
            && (!from_valid || change == Some(i))
        {
            if lock {
                let release = op.call == Call::Acquire && (from_valid || rng.random_ratio(1, 2));
                op.call = if release { Call::Release } else { Call::Acquire };
            }
            *result = any_result(subject, &op.call, rng);
        }
    }
    drawn
}

fn mark(n: u64) -> Mark {
    Mark { seq: Seq(NonZeroU64::new(n).expect("events are counted from 1")), at: Time(n) }
}

pub fn history(drawn: &[Drawn]) -> History {
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
