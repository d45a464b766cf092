//! A register that can be written on a condition: the strongest of the small objects, since it
//! solves consensus among any number of clients (Herlihy 1991).

use super::{Specification, compare_and_set, done};
use simlab_core::{Call, Value};

/// A register with compare-and-set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CasRegister {
    /// The value before the first write.
    pub initial: Value,
}

impl Specification for CasRegister {
    type State = Value;

    fn initial(&self) -> Value {
        self.initial.clone()
    }

    fn register(&self) -> Option<&Value> {
        Some(&self.initial)
    }

    fn weight(&self, state: &Value) -> usize {
        super::weight(state)
    }

    fn accepts(&self, call: &Call) -> bool {
        matches!(call, Call::Read | Call::Write(_) | Call::Cas { .. })
    }

    fn apply(&self, state: &Value, call: &Call) -> Option<(Value, Value)> {
        match call {
            Call::Read => Some((state.clone(), state.clone())),
            Call::Write(value) => done(value.clone()),
            Call::Cas { from, to } => Some(compare_and_set(state, from, to)),
            _ => None,
        }
    }

    fn changes(&self, call: &Call, result: &Value) -> bool {
        call.writes() && *result != Value::Bool(false)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::results;
    use super::*;

    #[test]
    fn a_compare_and_set_changes_only_what_it_expects() {
        let spec = CasRegister { initial: Value::Int(1) };
        let cas = |from, to| Call::Cas { from: Value::Int(from), to: Value::Int(to) };
        let calls = [cas(2, 3), Call::Read, cas(1, 2), cas(2, 3), Call::Read];
        let expected = [
            Value::Bool(false),
            Value::Int(1),
            Value::Bool(true),
            Value::Bool(true),
            Value::Int(3),
        ];
        assert_eq!(results(&spec, &calls), expected.map(Some));
    }
}
