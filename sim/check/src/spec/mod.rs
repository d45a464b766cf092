//! Sequential specifications: what an object does when one call follows the other.
//!
//! A specification is all that a checker knows of an object. Those here are deterministic: in a given
//! state, a call has one successor state and one result.

mod cas_register;
mod counter;
mod kv;
mod multi_register;
mod mutex;
mod queue;
mod register;
mod set;
mod stock;

pub use cas_register::CasRegister;
pub use counter::Counter;
pub use kv::KeyValue;
pub use multi_register::MultiRegister;
pub use mutex::Mutex;
pub use queue::Queue;
pub use register::Register;
pub use set::Set;
pub use stock::Stock;

use super::words;
use simlab_core::{Call, Value};
use std::collections::BTreeSet;
use std::fmt;
use std::hash::Hash;

/// An object as it behaves when nobody else is using it.
pub trait Specification {
    /// What the object remembers.
    type State: Clone + Eq + Ord + Hash + fmt::Debug;

    /// The state before the first call.
    fn initial(&self) -> Self::State;

    /// The initial value, if the object is a register as long as it is only read and written. Such a one can
    /// be judged without a search where no value is written twice.
    fn register(&self) -> Option<&Value> {
        None
    }

    /// Whether the object is a queue, empty at first. Such a one can be judged without a search where nothing is
    /// put in twice.
    fn is_queue(&self) -> bool {
        false
    }

    /// Whether the object is a set, empty at first. Such a one can be judged without a search as long as nothing is
    /// taken out.
    fn is_set(&self) -> bool {
        false
    }

    /// Whether the object consists of parts that have nothing to do with each other.
    fn has_parts(&self) -> bool {
        false
    }

    /// The part that a call concerns, of an object that has parts; `None` if it concerns them all.
    fn part<'a>(&self, _call: &'a Call) -> Option<&'a Value> {
        None
    }

    /// Whether the object has such a call at all.
    fn accepts(&self, call: &Call) -> bool;

    /// The state after `call` and what it returns; `None` if the call is impossible in `state`.
    fn apply(&self, state: &Self::State, call: &Call) -> Option<(Self::State, Value)>;

    /// The state after `call` returned `result`; `None` if it cannot. The result of a pending
    /// operation is not known (`None`), and then any is fine.
    fn step(
        &self,
        state: &Self::State,
        call: &Call,
        result: Option<&Value>,
    ) -> Option<Self::State> {
        let (next, returned) = self.apply(state, call)?;
        result.is_none_or(|result| self.fits(call, &returned, result)).then_some(next)
    }

    /// Whether a client may have been told `told` of a call that returned `returned`: mostly if they
    /// are the same.
    fn fits(&self, _call: &Call, returned: &Value, told: &Value) -> bool {
        returned == told
    }

    /// How much memory a state takes beside the size of its type, in bytes, roughly. A search that keeps many
    /// states has a bound for that.
    fn weight(&self, _state: &Self::State) -> usize {
        0
    }

    /// Whether `call` can have changed the state if it returned `result`. It spares the search
    /// work, and `true` is always correct.
    fn changes(&self, call: &Call, _result: &Value) -> bool {
        call.writes()
    }

    /// Why `call` cannot have returned `result`, if a read in its place could only have returned
    /// one of `values`: a clause for a student. `None` if these values are not the reason.
    fn objection(&self, call: &Call, result: &Value, values: &BTreeSet<Value>) -> Option<String> {
        let impossible = match (call, result) {
            (Call::Read, _) => !values.contains(result),
            (Call::Cas { from, .. }, Value::Bool(true)) => !values.contains(from),
            (Call::Cas { from, .. }, Value::Bool(false)) => values.iter().all(|v| v == from),
            _ => false,
        };
        impossible.then(|| format!("leaves {}", words::choice(values)))
    }
}

/// How much memory a value takes beside the size of its type, in bytes.
fn weight(value: &Value) -> usize {
    match value {
        Value::Nil | Value::Bool(_) | Value::Int(_) => 0,
        Value::Text(text) => text.len().max(LEAST),
        // They lie in each other only so deep as a value may.
        Value::List(values) => values.iter().map(|value| size_of::<Value>() + weight(value)).sum(),
    }
}

/// The least that an allocator gives, in bytes.
const LEAST: usize = 16;

/// The entries of a tree are about half of what its nodes have room for.
const IN_TREE: usize = 2;

/// `Nil`, as a call that has nothing to say returns it.
fn done<S>(state: S) -> Option<(S, Value)> {
    Some((state, Value::Nil))
}

/// The compare-and-set that register-like objects share.
fn compare_and_set(state: &Value, from: &Value, to: &Value) -> (Value, Value) {
    if state == from {
        (to.clone(), Value::Bool(true))
    } else {
        (state.clone(), Value::Bool(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes the calls one after the other and collects what they return.
    pub(super) fn results<S: Specification>(spec: &S, calls: &[Call]) -> Vec<Option<Value>> {
        let mut state = spec.initial();
        let mut results = Vec::new();
        for call in calls {
            assert!(spec.accepts(call), "{call}");
            let (next, result) = spec.apply(&state, call).unzip();
            state = next.unwrap_or(state);
            results.push(result);
        }
        results
    }

    #[test]
    fn a_step_with_a_known_result_must_fit_it() {
        let spec = Stock { initial: 1 };
        let sell = Call::Sell(1);
        assert_eq!(spec.step(&1, &sell, Some(&Value::Bool(true))), Some(0));
        assert_eq!(spec.step(&1, &sell, Some(&Value::Bool(false))), None);
        assert_eq!(spec.step(&1, &sell, None), Some(0));
    }
}
