//! How the search came to a configuration, so that an order can be told in the end.

use simlab_core::OpId;
use std::collections::BTreeSet;

/// A place on the trail; [`Trail::START`] before the first step.
pub(super) type Mile = u32;

/// A step of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// An operation took effect and changed the state.
    Effect(OpId),
    /// An operation could have taken effect here without changing anything.
    Chance(OpId),
    /// An operation has returned what it had the chance to see.
    Took(OpId),
}

/// More steps are not kept: they take half a gigabyte.
const STEPS_MAX: usize = 20_000_000;

/// The steps to all configurations; none is kept unless it was asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Trail {
    kept: bool,
    steps: Vec<(Mile, Step)>,
}

impl Trail {
    pub(super) const START: Mile = Mile::MAX;

    /// Keeps the steps from now on.
    pub(super) const fn keep(&mut self) {
        self.kept = true;
    }

    pub(super) const fn is_kept(&self) -> bool {
        self.kept
    }

    /// Whether there are more steps than may be kept.
    pub(super) const fn too_much(&self) -> bool {
        self.steps.len() > STEPS_MAX
    }

    /// One step further.
    pub(super) fn go(&mut self, from: Mile, step: Step) -> Mile {
        if !self.kept {
            return Trail::START;
        }
        self.steps.push((from, step));
        (self.steps.len() - 1) as Mile
    }

    /// The operations on the way to a place, in the order in which they took effect.
    pub(super) fn order(&self, mut at: Mile) -> Vec<OpId> {
        let mut order = Vec::new();
        let mut taken = BTreeSet::new();
        while let Some(&(before, step)) = self.steps.get(at as usize) {
            match step {
                Step::Effect(op) => order.push(op),
                Step::Took(op) => {
                    taken.insert(op);
                }
                // Of several chances any will do.
                Step::Chance(op) => {
                    if taken.remove(&op) {
                        order.push(op);
                    }
                }
            }
            at = before;
        }
        order.reverse();
        order
    }
}
