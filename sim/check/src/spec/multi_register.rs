//! Registers that are read and written together.

use super::{IN_TREE, LEAST, Specification};
use simlab_core::{Access, Call, Value};
use std::collections::BTreeMap;

/// Several registers; a transaction reads and writes some of them at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultiRegister {
    /// The value of each before it is first written.
    pub initial: Value,
}

impl Specification for MultiRegister {
    /// What was written last, by register.
    type State = BTreeMap<String, Value>;

    fn initial(&self) -> BTreeMap<String, Value> {
        BTreeMap::new()
    }

    fn weight(&self, state: &BTreeMap<String, Value>) -> usize {
        let entry = |(name, value): (&String, &Value)| {
            IN_TREE * size_of::<(String, Value)>() + name.len().max(LEAST) + super::weight(value)
        };
        state.iter().map(entry).sum()
    }

    fn accepts(&self, call: &Call) -> bool {
        matches!(call, Call::Transaction(_))
    }

    fn apply(
        &self,
        state: &BTreeMap<String, Value>,
        call: &Call,
    ) -> Option<(BTreeMap<String, Value>, Value)> {
        let Call::Transaction(steps) = call else { return None };
        let mut next = state.clone();
        let mut read = Vec::new();
        for step in steps {
            match step {
                Access::Read(name) => read.push(next.get(name).unwrap_or(&self.initial).clone()),
                // As it was at first, so that equal states are equal.
                Access::Write(name, value) if *value == self.initial => {
                    next.remove(name);
                }
                Access::Write(name, value) => {
                    next.insert(name.clone(), value.clone());
                }
            }
        }
        Some((next, Value::List(read)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::results;
    use super::*;

    #[test]
    fn a_transaction_reads_what_it_wrote() {
        let spec = MultiRegister { initial: Value::Int(0) };
        let read = |name: &str| Access::Read(name.into());
        let write = |name: &str, n| Access::Write(name.into(), Value::Int(n));
        let calls = [
            Call::Transaction(vec![read("x"), write("x", 1), read("x"), read("y")]),
            Call::Transaction(vec![write("x", 0)]),
            Call::Transaction(vec![read("x")]),
        ];
        let list = |values: &[i64]| Value::List(values.iter().copied().map(Value::Int).collect());
        let expected = [list(&[0, 1, 0]), list(&[]), list(&[0])];
        assert_eq!(results(&spec, &calls), expected.map(Some));
        let (last, _) = spec.apply(&spec.initial(), &calls[1]).expect("it is a transaction");
        assert_eq!(last, spec.initial());
    }
}
