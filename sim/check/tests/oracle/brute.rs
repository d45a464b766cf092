//! Tries every order.

use crate::draw::Drawn;
use crate::subjects::Subject;
use simlab_core::{Outcome, Value};
use std::collections::{BTreeMap, BTreeSet};

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
        let does = (subject.does)(&states[op.object.as_str()], &op.call);
        let Some((next, result)) = does else { continue };
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
pub fn oracle(subject: &Subject, objects: &[&str], drawn: &[Drawn]) -> Option<u64> {
    let mut ends: Vec<u64> = drawn.iter().filter_map(|op| Some(op.returned.as_ref()?.0)).collect();
    ends.sort_unstable();
    let states = objects.iter().map(|name| (*name, subject.start.clone())).collect();
    ends.into_iter().find(|&end| {
        let ops: Vec<_> = drawn.iter().map(|op| (op, part(op, end))).collect();
        !some_order(subject, &ops, &mut Vec::new(), &states)
    })
}

/// Whether some of the operations on one object are impossible together, if all others may take effect at any
/// time, or never, and return anything.
pub fn impossible(
    subject: &Subject,
    object: &str,
    drawn: &[Drawn],
    held: &BTreeSet<usize>,
) -> bool {
    let free = |op: &Drawn| Drawn { invoked: 0, returned: None, ..op.clone() };
    let ops = drawn.iter().enumerate().filter(|(_, op)| op.object == object);
    let ops = ops.map(|(i, op)| if held.contains(&i) { op.clone() } else { free(op) });
    let ops: Vec<Drawn> = ops.collect();
    let ops: Vec<_> = ops.iter().map(|op| (op, part(op, u64::MAX))).collect();
    let states = [(object, subject.start.clone())].into();
    !some_order(subject, &ops, &mut Vec::new(), &states)
}
