//! A counter, as databases have them: what is added commutes, so that it needs no order, but reads do.

use super::{Specification, done};
use simlab_core::{Call, Value};

/// A counter: add (also a negative number), read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Its value at first.
    pub initial: i64,
}

impl Specification for Counter {
    type State = i64;

    fn initial(&self) -> i64 {
        self.initial
    }

    fn accepts(&self, call: &Call) -> bool {
        matches!(call, Call::Read | Call::Add(_))
    }

    fn apply(&self, &count: &i64, call: &Call) -> Option<(i64, Value)> {
        match *call {
            Call::Read => Some((count, Value::Int(count))),
            Call::Add(n) => done(count.checked_add(n)?),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::results;
    use super::*;

    #[test]
    fn a_counter_adds_up_and_never_overflows() {
        let spec = Counter { initial: 1 };
        let calls = [Call::Add(2), Call::Add(-5), Call::Read, Call::Add(i64::MIN), Call::Read];
        let (nil, left) = (Value::Nil, Value::Int(-2));
        let expected = [Some(nil.clone()), Some(nil), Some(left.clone()), None, Some(left)];
        assert_eq!(results(&spec, &calls), expected);
    }
}
