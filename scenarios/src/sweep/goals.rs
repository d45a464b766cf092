//! How often a sweep reached its goals.

use crate::{Goal, Text};

/// What one goal came to, in all variants together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalTally {
    /// Its name.
    pub name: String,
    /// What the state is, in a line.
    pub words: Text,
    /// Of how many seeds at least it is asked.
    pub seeds_min: u64,
    /// In how many seeds some variant reached it.
    pub seeds: u64,
    /// The lowest of them.
    pub first: Option<u64>,
}

impl GoalTally {
    pub(super) fn new(goal: &Goal) -> Self {
        let Goal { name, words, seeds_min, .. } = goal;
        let (name, words, seeds_min) = (name.clone(), words.clone(), *seeds_min);
        GoalTally { name, words, seeds_min, seeds: 0, first: None }
    }

    /// Counts a seed, which is above all that were counted before.
    pub(super) fn hit(&mut self, seed: u64) {
        self.seeds += 1;
        self.first.get_or_insert(seed);
    }

    /// Whether it is asked of a sweep that has run so many seeds.
    #[must_use]
    pub fn is_asked_of(&self, runs: u128) -> bool {
        runs >= self.seeds_min.into()
    }
}
