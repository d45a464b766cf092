//! States of the object, by number: two configurations are in the same state if the numbers are the same.

use crate::Specification;
use hashbrown::HashTable;
use simlab_core::{Call, Digest};
use std::hash::Hash;

/// The number of a state, in the order in which they were met.
pub(super) type StateId = u32;

/// So many bytes may all states together take.
const HELD_MAX: usize = 1 << 29;

/// To make a state of so many bytes takes about as long as to make a configuration.
const HEAVY: usize = 1_024;

/// The states that were met.
#[derive(Clone, Debug)]
pub(super) struct States<T> {
    states: Vec<T>,
    /// The digest of each: a state may be long.
    digests: Vec<u64>,
    index: HashTable<StateId>,
    /// How many bytes they take together, roughly.
    held: usize,
}

fn digest<T: Hash>(state: &T) -> u64 {
    let mut digest = Digest::new();
    state.hash(&mut digest);
    digest.value()
}

impl<T: Eq + Hash> States<T> {
    pub(super) const fn new() -> Self {
        States { states: Vec::new(), digests: Vec::new(), index: HashTable::new(), held: 0 }
    }

    pub(super) fn get(&self, id: StateId) -> &T {
        &self.states[id as usize]
    }

    pub(super) const fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether they take more memory than they may.
    pub(super) const fn too_much(&self) -> bool {
        self.held > HELD_MAX
    }

    /// Whether they take so much that those should be forgotten that nobody is in.
    pub(super) const fn is_heavy(&self) -> bool {
        self.held > HELD_MAX / 4
    }

    /// How long it takes to make one of them, mostly, in configurations.
    pub(super) const fn heaviness(&self) -> u64 {
        (self.held / HEAVY / (self.states.len() + 1)) as u64
    }

    /// The number of a state.
    pub(super) fn number<S>(&mut self, spec: &S, state: T) -> StateId
    where
        S: Specification<State = T>,
    {
        let digest = digest(&state);
        let States { states, digests, index, .. } = self;
        let same = |id: &StateId| digests[*id as usize] == digest && states[*id as usize] == state;
        if let Some(known) = index.find(digest, same) {
            return *known;
        }
        self.add(spec, state, digest)
    }

    /// The number of the state to which a call leads from another; of that one if it is impossible there.
    pub(super) fn after<S>(&mut self, spec: &S, state: StateId, call: &Call) -> StateId
    where
        S: Specification<State = T>,
    {
        match spec.apply(self.get(state), call) {
            Some((next, _)) => self.number(spec, next),
            None => state,
        }
    }

    fn add<S>(&mut self, spec: &S, state: T, digest: u64) -> StateId
    where
        S: Specification<State = T>,
    {
        let id = self.states.len() as StateId;
        self.held += size_of::<T>() + spec.weight(&state);
        self.states.push(state);
        self.digests.push(digest);
        let digests = &self.digests;
        self.index.insert_unique(digest, id, |id| digests[*id as usize]);
        id
    }

    /// Forgets all states but these, which get new numbers.
    pub(super) fn keep<'a, S>(&mut self, spec: &S, live: impl Iterator<Item = &'a mut StateId>)
    where
        S: Specification<State = T>,
    {
        let old = std::mem::take(&mut self.states);
        let digests = std::mem::take(&mut self.digests);
        let mut old: Vec<Option<T>> = old.into_iter().map(Some).collect();
        let mut renamed = vec![None; old.len()];
        self.index.clear();
        self.held = 0;
        for id in live {
            let at = *id as usize;
            if let Some(state) = old[at].take() {
                renamed[at] = Some(self.add(spec, state, digests[at]));
            }
            *id = renamed[at].unwrap_or(*id);
        }
    }
}
