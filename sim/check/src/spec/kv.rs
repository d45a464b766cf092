//! One key of a key-value store. Each key is an object of its own, so that a history is judged key
//! by key, which is sound for linearizability (Herlihy & Wing 1990, theorem 1).

use super::{Specification, compare_and_set, done};
use simlab_core::{Call, Value};

/// A key: get (`Read`), put (`Write`), compare-and-set, and append for texts. A missing key reads
/// as nil, and appending to it acts on the empty text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValue {
    /// The value before the first write; [`Value::Nil`] if the key is missing.
    pub initial: Value,
}

impl Specification for KeyValue {
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
        matches!(call, Call::Read | Call::Write(_) | Call::Cas { .. } | Call::Append(_))
    }

    fn apply(&self, state: &Value, call: &Call) -> Option<(Value, Value)> {
        match (call, state) {
            (Call::Read, _) => Some((state.clone(), state.clone())),
            (Call::Write(value), _) => done(value.clone()),
            (Call::Cas { from, to }, _) => Some(compare_and_set(state, from, to)),
            (Call::Append(more), Value::Nil) => done(Value::Text(more.clone())),
            (Call::Append(more), Value::Text(text)) => done(Value::Text(format!("{text}{more}"))),
            // Nothing can be appended to a number: such a call never takes effect.
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
    fn appending_to_a_missing_key_makes_it() {
        let spec = KeyValue { initial: Value::Nil };
        let text = |text: &str| Value::Text(text.into());
        let calls = [
            Call::Read,
            Call::Append("a".into()),
            Call::Append("b".into()),
            Call::Read,
            Call::Cas { from: text("ab"), to: text("c") },
            Call::Read,
        ];
        let expected =
            [Value::Nil, Value::Nil, Value::Nil, text("ab"), Value::Bool(true), text("c")];
        assert_eq!(results(&spec, &calls), expected.map(Some));
    }

    #[test]
    fn nothing_is_appended_to_a_number() {
        let spec = KeyValue { initial: Value::Int(1) };
        assert_eq!(results(&spec, &[Call::Append("a".into())]), [None]);
    }
}
