//! Specifications behind a trait object, with their states numbered.

use crate::Specification;
use simlab_core::{Call, Value};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The number of a state; equal states have equal numbers.
pub(crate) type StateId = u32;

/// What an object does, by the numbers of its states. All objects of a history share one.
pub(crate) trait Machine {
    /// The state after `call`, which returned `result` if that is known; `None` if it cannot have.
    fn step(&mut self, state: StateId, call: &Call, result: Option<&Value>) -> Option<StateId>;

    /// Whether `call` can have changed the state if it returned `result`.
    fn changes(&self, call: &Call, result: &Value) -> bool;

    /// How much memory the states take that it met so far, in bytes, roughly.
    fn held(&self) -> usize;
}

/// The state of an object that nobody touched.
pub(super) const FIRST: StateId = 0;

struct Numbered<S: Specification> {
    spec: S,
    states: Vec<Rc<S::State>>,
    numbers: BTreeMap<Rc<S::State>, StateId>,
    held: usize,
}

/// What a state takes in the two tables beside its own size, in bytes: counts, pointers, room to grow.
const IN_TABLES: usize = 64;

impl<S: Specification> Machine for Numbered<S> {
    fn step(&mut self, state: StateId, call: &Call, result: Option<&Value>) -> Option<StateId> {
        if !self.spec.accepts(call) {
            return None;
        }
        let next = self.spec.step(&self.states[state as usize], call, result)?;
        if let Some(&known) = self.numbers.get(&next) {
            return Some(known);
        }
        let fresh = self.states.len() as StateId;
        self.held += size_of::<S::State>() + self.spec.weight(&next) + IN_TABLES;
        let next = Rc::new(next);
        self.states.push(Rc::clone(&next));
        self.numbers.insert(next, fresh);
        Some(fresh)
    }

    fn changes(&self, call: &Call, result: &Value) -> bool {
        self.spec.changes(call, result)
    }

    fn held(&self) -> usize {
        self.held
    }
}

/// The machine of objects that behave so.
pub(crate) fn numbered<S: Specification + 'static>(spec: S) -> Box<dyn Machine> {
    let first = Rc::new(spec.initial());
    let numbers = BTreeMap::from([(Rc::clone(&first), FIRST)]);
    Box::new(Numbered { spec, states: vec![first], numbers, held: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model;

    #[test]
    fn equal_states_have_equal_numbers() {
        let model = model("counter").expect("it is in the table");
        let mut counter = model.machine(&Value::Int(0)).expect("it fits");
        let more = counter.step(FIRST, &Call::Add(1), None).expect("it can be added to");
        assert_ne!(more, FIRST);
        assert_eq!(counter.step(more, &Call::Add(-1), None), Some(FIRST));
        assert_eq!(counter.step(more, &Call::Read, Some(&Value::Int(2))), None);
        assert_eq!(counter.step(more, &Call::Dequeue, None), None);
    }

    /// Each state counts once, and a larger one for more.
    #[test]
    fn what_states_take_is_counted() {
        let mut kv =
            model("kv").expect("it is in the table").machine(&Value::Nil).expect("it fits");
        let write = |text: &str| Call::Write(Value::Text(text.to_owned()));
        let mut grown = |text: &str| {
            let before = kv.held();
            kv.step(FIRST, &write(text), None).expect("it can be written");
            kv.held() - before
        };
        let (short, again, long) =
            (grown(&"a".repeat(100)), grown(&"a".repeat(100)), grown(&"a".repeat(1_100)));
        assert!(short > 0 && again == 0 && long == short + 1_000, "{short} {again} {long}");
    }
}
