//! A set of elements.

use super::{IN_TREE, Specification};
use simlab_core::{Call, Value};
use std::collections::BTreeSet;

/// A set, empty at first: insert, remove, contains, and a read of all that is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Set;

impl Specification for Set {
    type State = BTreeSet<Value>;

    fn initial(&self) -> BTreeSet<Value> {
        BTreeSet::new()
    }

    fn is_set(&self) -> bool {
        true
    }

    /// Each element is there or not, whatever the others are.
    fn has_parts(&self) -> bool {
        true
    }

    fn part<'a>(&self, call: &'a Call) -> Option<&'a Value> {
        match call {
            Call::Insert(value) | Call::Remove(value) | Call::Contains(value) => Some(value),
            _ => None,
        }
    }

    fn weight(&self, state: &BTreeSet<Value>) -> usize {
        let element = |value| IN_TREE * size_of::<Value>() + super::weight(value);
        state.iter().map(element).sum()
    }

    fn accepts(&self, call: &Call) -> bool {
        matches!(call, Call::Read | Call::Insert(_) | Call::Remove(_) | Call::Contains(_))
    }

    fn apply(&self, state: &BTreeSet<Value>, call: &Call) -> Option<(BTreeSet<Value>, Value)> {
        let mut next = state.clone();
        let result = match call {
            Call::Read => Value::List(state.iter().cloned().collect()),
            Call::Insert(value) => Value::Bool(next.insert(value.clone())),
            Call::Remove(value) => Value::Bool(next.remove(value)),
            Call::Contains(value) => Value::Bool(state.contains(value)),
            _ => return None,
        };
        Some((next, result))
    }

    /// Whether an element was there before is often not told.
    fn fits(&self, call: &Call, returned: &Value, told: &Value) -> bool {
        let silent = matches!(call, Call::Insert(_) | Call::Remove(_)) && *told == Value::Nil;
        silent || returned == told
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
    fn an_element_is_in_or_not() {
        let one = || Value::Int(1);
        let calls = [
            Call::Insert(one()),
            Call::Insert(one()),
            Call::Contains(one()),
            Call::Insert(Value::Int(0)),
            Call::Read,
            Call::Remove(one()),
            Call::Remove(one()),
            Call::Contains(one()),
        ];
        let (yes, no) = (Value::Bool(true), Value::Bool(false));
        let all = Value::List(vec![Value::Int(0), Value::Int(1)]);
        let expected =
            [yes.clone(), no.clone(), yes.clone(), yes.clone(), all, yes, no.clone(), no];
        assert_eq!(results(&Set, &calls), expected.map(Some));
    }

    #[test]
    fn what_is_not_told_fits_everything() {
        let (yes, no) = (Value::Bool(true), Value::Bool(false));
        let insert = Call::Insert(Value::Int(1));
        assert!(Set.fits(&insert, &yes, &Value::Nil) && Set.fits(&insert, &no, &Value::Nil));
        assert!(!Set.fits(&insert, &yes, &no));
        assert!(!Set.fits(&Call::Contains(Value::Int(1)), &yes, &Value::Nil));
    }
}
