//! Specifications behind a trait object, with their states numbered.

use super::super::Subject;
use crate::{
    CasRegister, Counter, KeyValue, MultiRegister, Mutex, Queue, Register, Set, Specification,
    Stock,
};
use simlab_core::{Call, Value};
use std::collections::BTreeMap;

/// The number of a state; equal states have equal numbers.
pub(super) type StateId = u32;

/// What an object does, by the numbers of its states. All objects of a history share one.
pub(super) trait Machine {
    /// The state after `call`, which returned `result` if that is known; `None` if it cannot have.
    fn step(&mut self, state: StateId, call: &Call, result: Option<&Value>) -> Option<StateId>;

    /// Whether `call` can have changed the state if it returned `result`.
    fn changes(&self, call: &Call, result: &Value) -> bool;
}

/// The state of an object that nobody touched.
pub(super) const FIRST: StateId = 0;

struct Numbered<S: Specification> {
    spec: S,
    states: Vec<S::State>,
    numbers: BTreeMap<S::State, StateId>,
}

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
        self.states.push(next.clone());
        self.numbers.insert(next, fresh);
        Some(fresh)
    }

    fn changes(&self, call: &Call, result: &Value) -> bool {
        self.spec.changes(call, result)
    }
}

fn numbered<S: Specification + 'static>(spec: S) -> Box<dyn Machine>
where
    S::State: 'static,
{
    let first = spec.initial();
    let numbers = BTreeMap::from([(first.clone(), FIRST)]);
    Box::new(Numbered { spec, states: vec![first], numbers })
}

/// The machine of a kind of object; `None` if there is none of that name or the initial value does
/// not fit.
pub(super) fn machine(subject: Subject<'_>) -> Option<Box<dyn Machine>> {
    let initial = subject.initial.clone();
    Some(match (subject.model.name, &initial) {
        ("register", _) => numbered(Register { initial }),
        ("cas-register", _) => numbered(CasRegister { initial }),
        ("kv", _) => numbered(KeyValue { initial }),
        ("multi-register", _) => numbered(MultiRegister { initial }),
        ("counter", Value::Nil) => numbered(Counter { initial: 0 }),
        ("counter", &Value::Int(initial)) => numbered(Counter { initial }),
        ("set", Value::Nil) => numbered(Set),
        ("queue", Value::Nil) => numbered(Queue),
        ("mutex", Value::Nil) => numbered(Mutex),
        ("stock", &Value::Int(initial)) => numbered(Stock { initial }),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MODELS;
    use simlab_core::history::History;

    #[test]
    fn every_kind_of_object_has_a_machine() {
        let history = History::new();
        for model in MODELS {
            let fits = [Value::Nil, Value::Int(3)];
            for initial in fits.iter().filter(|initial| model.object(initial).is_ok()) {
                let subject = Subject { history: &history, model, initial };
                assert!(machine(subject).is_some(), "{} with {initial}", model.name);
            }
        }
    }

    #[test]
    fn equal_states_have_equal_numbers() {
        let (history, initial) = (History::new(), Value::Int(0));
        let model = crate::model("counter").expect("it is in the table");
        let mut counter =
            machine(Subject { history: &history, model, initial: &initial }).expect("it has one");
        let more = counter.step(FIRST, &Call::Add(1), None).expect("it can be added to");
        assert_ne!(more, FIRST);
        assert_eq!(counter.step(more, &Call::Add(-1), None), Some(FIRST));
        assert_eq!(counter.step(more, &Call::Read, Some(&Value::Int(2))), None);
        assert_eq!(counter.step(more, &Call::Dequeue, None), None);
    }
}
