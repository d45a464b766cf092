//! A queue: first in, first out.

use super::{Specification, done};
use simlab_core::{Call, Value};
use std::collections::VecDeque;

/// A queue, empty at first. A dequeue of an empty one returns nil.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue;

impl Specification for Queue {
    type State = VecDeque<Value>;

    fn initial(&self) -> VecDeque<Value> {
        VecDeque::new()
    }

    fn is_queue(&self) -> bool {
        true
    }

    fn weight(&self, state: &VecDeque<Value>) -> usize {
        state.iter().map(|value| size_of::<Value>() + super::weight(value)).sum()
    }

    fn accepts(&self, call: &Call) -> bool {
        matches!(call, Call::Enqueue(_) | Call::Dequeue)
    }

    fn apply(&self, state: &VecDeque<Value>, call: &Call) -> Option<(VecDeque<Value>, Value)> {
        let mut next = state.clone();
        match call {
            Call::Enqueue(value) => {
                next.push_back(value.clone());
                done(next)
            }
            Call::Dequeue => {
                let first = next.pop_front().unwrap_or(Value::Nil);
                Some((next, first))
            }
            _ => None,
        }
    }

    fn changes(&self, call: &Call, result: &Value) -> bool {
        !matches!((call, result), (Call::Dequeue, Value::Nil))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::results;
    use super::*;

    #[test]
    fn what_came_first_goes_first() {
        let put = |n| Call::Enqueue(Value::Int(n));
        let calls = [Call::Dequeue, put(1), put(2), Call::Dequeue, Call::Dequeue, Call::Dequeue];
        let nil = || Value::Nil;
        let expected = [nil(), nil(), nil(), Value::Int(1), Value::Int(2), nil()];
        assert_eq!(results(&Queue, &calls), expected.map(Some));
    }
}
