//! The register of the textbooks.

use super::{Specification, done};
use simlab_core::{Call, Value};

/// A register: a write sets its value, a read returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// The value before the first write.
    pub initial: Value,
}

impl Specification for Register {
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
        matches!(call, Call::Read | Call::Write(_))
    }

    fn apply(&self, state: &Value, call: &Call) -> Option<(Value, Value)> {
        match call {
            Call::Read => Some((state.clone(), state.clone())),
            Call::Write(value) => done(value.clone()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::results;
    use super::*;

    #[test]
    fn a_read_returns_the_last_write() {
        let spec = Register { initial: Value::Nil };
        let calls = [Call::Read, Call::Write(Value::Int(7)), Call::Read];
        let expected = [Value::Nil, Value::Nil, Value::Int(7)];
        assert_eq!(results(&spec, &calls), expected.map(Some));
        assert!(!spec.accepts(&Call::Sell(1)));
        assert_eq!(spec.apply(&Value::Nil, &Call::Sell(1)), None);
    }
}
