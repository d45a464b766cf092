//! A lock.

use super::{Specification, done};
use simlab_core::Call;
use simlab_core::Value;

/// A mutex, free at first: it can be acquired while it is free, and released while it is taken. Who does so
/// is not asked: that a client releases what another one holds is a matter of its protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mutex;

impl Specification for Mutex {
    /// Whether it is taken.
    type State = bool;

    fn initial(&self) -> bool {
        false
    }

    fn accepts(&self, call: &Call) -> bool {
        matches!(call, Call::Acquire | Call::Release)
    }

    fn apply(&self, &taken: &bool, call: &Call) -> Option<(bool, Value)> {
        match call {
            Call::Acquire if !taken => done(true),
            Call::Release if taken => done(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::results;
    use super::*;

    #[test]
    fn what_is_taken_is_not_given() {
        let calls = [Call::Release, Call::Acquire, Call::Acquire, Call::Release, Call::Acquire];
        let (done, never) = (Some(Value::Nil), None);
        let expected = [never.clone(), done.clone(), never, done.clone(), done];
        assert_eq!(results(&Mutex, &calls), expected);
    }
}
