//! A brute-force linearizability check of a stock: for every order that real time allows, does some
//! run of the sequential stock give all the answers that clients got?

use super::Op;
use simlab_core::{Call, Outcome, Value};
use std::collections::BTreeSet;

/// One operation: what it may do, and in which window it may do it.
struct Step<'a> {
    call: &'a Call,
    /// The answer, if there was one.
    answer: Option<&'a Value>,
    invoked: u64,
    /// `u64::MAX` if it may take effect at any later time, or never.
    returned: u64,
}

/// Whether the operations on `object` are those of a stock of `initial` units.
pub(crate) fn is_linearizable(history: &[Op], object: &str, initial: i64) -> bool {
    let steps: Vec<Step<'_>> = history
        .iter()
        .filter(|op| op.operation.object == object)
        .filter_map(|op| {
            let (answer, returned) = match &op.returned {
                Some((_, Outcome::NotDone(_))) => return None,
                Some((at, Outcome::Done(value))) => (Some(value), *at),
                Some((_, Outcome::Unknown(_))) | None => (None, u64::MAX),
            };
            // A read without an answer says nothing.
            let silent = answer.is_none() && op.operation.call == Call::Read;
            let call = &op.operation.call;
            (!silent).then_some(Step { call, answer, invoked: op.invoked, returned })
        })
        .collect();
    assert!(steps.len() <= 64, "{} operations are too many", steps.len());
    search(&steps, 0, initial, &mut BTreeSet::new())
}

/// Wing and Gong (1993) with the memory of Lowe (2017).
fn search(steps: &[Step<'_>], done: u64, stock: i64, seen: &mut BTreeSet<(u64, i64)>) -> bool {
    let open = || steps.iter().enumerate().filter(move |(i, _)| done >> i & 1 == 0);
    let first_return = open().map(|(_, step)| step.returned).min().unwrap_or(u64::MAX);
    if first_return == u64::MAX {
        return true;
    }
    if !seen.insert((done, stock)) {
        return false;
    }
    open().filter(|(_, step)| step.invoked <= first_return).any(|(i, step)| {
        let (answer, left) = match step.call {
            Call::Read => (Value::Int(stock), stock),
            Call::Sell(n) if stock >= i64::from(*n) => (Value::Bool(true), stock - i64::from(*n)),
            Call::Sell(_) => (Value::Bool(false), stock),
            Call::TakeBack(n) => (Value::Bool(true), stock + i64::from(*n)),
            other => panic!("{other} is no call on a stock"),
        };
        step.answer.is_none_or(|expected| *expected == answer)
            && search(steps, done | 1 << i, left, seen)
    })
}
