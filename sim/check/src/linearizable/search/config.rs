//! A configuration of the search, and sets of them without those that others make superfluous.

use super::bits::Bits;
use super::states::StateId;
use super::trail::{Mile, Trail};
use hashbrown::HashTable;
use simlab_core::Digest;
use std::hash::Hash;

/// One way in which the operations so far can have taken effect.
///
/// ```text
///   state    what the object remembers now
///   changed  open operations that changed it already, each with the result it must return
///   saw      open operations that have not: results that they could have got on the way, at a
///            moment at which they would have changed nothing (a read always, a sale if sold out)
///   used     how many pending operations of each kind took effect
/// ```
///
/// An operation with a result is a *fact*, and has a bit (see [`Window`](super::window::Window)).
///
/// `saw` is why concurrent reads do not multiply the configurations: a read leaves the object as
/// it is, so it is enough to remember which values it had the chance to see.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) state: StateId,
    /// How it was reached; of configurations that are equal else, any way will do.
    pub(super) mile: Mile,
    pub(super) changed: Bits,
    pub(super) saw: Bits,
    used: Vec<u32>,
}

impl Config {
    pub(super) const fn new(state: StateId) -> Self {
        Config {
            state,
            mile: Trail::START,
            changed: Bits::new(),
            saw: Bits::new(),
            used: Vec::new(),
        }
    }

    /// The same in another state.
    pub(super) fn moved(&self, state: StateId) -> Self {
        let Config { mile, changed, saw, used, .. } = self.clone();
        Config { state, mile, changed, saw, used }
    }

    /// An operation with these facts leaves the window.
    pub(super) fn without(mut self, facts: &Bits) -> Self {
        self.changed.remove(facts);
        self.saw.remove(facts);
        self
    }

    /// How many pending operations of a kind took effect.
    pub(super) fn used(&self, kind: usize) -> u32 {
        self.used.get(kind).copied().unwrap_or(0)
    }

    /// One more pending operation of a kind took effect.
    pub(super) fn spend(&mut self, kind: usize) {
        if self.used.len() <= kind {
            self.used.resize(kind + 1, 0);
        }
        self.used[kind] += 1;
    }

    fn key(&self) -> u64 {
        let mut digest = Digest::new();
        digest.word(self.state.into());
        self.changed.hash(&mut digest);
        digest.value()
    }

    /// Whether they differ at most in what was seen and spent.
    fn is_beside(&self, other: &Self) -> bool {
        self.state == other.state && self.changed == other.changed
    }

    /// Whether all that `other`, which is beside it, can still explain, this one can too: it spent no
    /// more, and its open operations have seen no less.
    fn covers(&self, other: &Self) -> bool {
        self.saw.includes(&other.saw)
            && self.used.iter().enumerate().all(|(kind, &n)| n <= other.used(kind))
    }
}

/// Configurations of which none covers another, in the order in which they were found.
#[derive(Clone, Debug)]
pub(super) struct Frontier {
    /// `None` where a later one covers it.
    configs: Vec<Option<Config>>,
    /// Before each of them, the latest one that is beside it; its own place if there is none.
    beside: Vec<u32>,
    /// The latest of those that are beside each other.
    latest: HashTable<u32>,
    /// The work done so far: one for each configuration that was offered, and for every
    /// [`COMPARISONS`] with another.
    work: u64,
}

/// So many comparisons cost about as much as making one configuration.
const COMPARISONS: u64 = 16;

impl Frontier {
    pub(super) const fn new() -> Self {
        Frontier { configs: Vec::new(), beside: Vec::new(), latest: HashTable::new(), work: 0 }
    }

    pub(super) fn of(configs: impl IntoIterator<Item = Config>) -> Self {
        let mut frontier = Frontier::new();
        for config in configs {
            frontier.insert(config);
        }
        frontier
    }

    /// Adds a configuration, unless another covers it.
    pub(super) fn insert(&mut self, config: Config) {
        let Frontier { configs, beside, latest, work } = self;
        *work += 1;
        let key = config.key();
        let place = configs.len() as u32;
        // None is taken away before another one has taken its place, so that the latest is there.
        let same =
            |at: &u32| configs[*at as usize].as_ref().is_some_and(|other| other.is_beside(&config));
        let Some(head) = latest.find_mut(key, same) else {
            let rehash = |at: &u32| configs[*at as usize].as_ref().map_or(0, Config::key);
            latest.insert_unique(key, place, rehash);
            configs.push(Some(config));
            beside.push(place);
            return;
        };
        let before = |at: u32, beside: &[u32]| {
            let before = beside[at as usize];
            (before != at).then_some(before)
        };
        let (mut at, mut met) = (Some(*head), 0);
        while let Some(here) = at {
            met += 1;
            if configs[here as usize].as_ref().is_some_and(|other| other.covers(&config)) {
                *work += met / COMPARISONS;
                return;
            }
            at = before(here, beside);
        }
        *work += met / COMPARISONS;
        // The chain goes on with those that are still needed.
        beside.push(place);
        let (mut at, mut last) = (Some(*head), place);
        while let Some(here) = at {
            at = before(here, beside);
            if configs[here as usize].as_ref().is_some_and(|other| config.covers(other)) {
                configs[here as usize] = None;
            } else {
                beside[last as usize] = here;
                last = here;
            }
        }
        beside[last as usize] = last;
        *head = place;
        configs.push(Some(config));
    }

    /// How many were added, with those that are covered by now.
    pub(super) const fn len(&self) -> usize {
        self.configs.len()
    }

    /// The one at `index`, unless it is covered by now.
    pub(super) fn get(&self, index: usize) -> Option<&Config> {
        self.configs[index].as_ref()
    }

    pub(super) const fn work(&self) -> u64 {
        self.work
    }

    pub(super) fn into_configs(self) -> Vec<Config> {
        self.configs.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_saw_more_and_spent_less_covers_the_rest() {
        let mut saw = Config::new(7);
        saw.saw.put(1);
        let mut saw_more = saw.clone();
        saw_more.saw.put(100);
        let mut spent = saw.clone();
        spent.spend(2);
        let frontier = Frontier::of([spent.clone(), saw.clone(), saw_more.clone(), spent]);
        let left = frontier.into_configs();
        assert_eq!(left.len(), 1);
        assert!(left[0].saw.has(1) && left[0].saw.has(100));
    }

    #[test]
    fn what_differs_in_state_or_effect_is_kept() {
        let mut done = Config::new(7);
        done.changed.put(3);
        let frontier = Frontier::of([Config::new(7), Config::new(8), done.clone(), done]);
        assert_eq!(frontier.into_configs().len(), 3);
    }

    #[test]
    fn of_many_that_saw_different_things_only_the_covered_go() {
        let saw = |facts: &[u32]| {
            let mut config = Config::new(1);
            facts.iter().for_each(|fact| config.saw.put(*fact));
            config
        };
        let mut frontier = Frontier::of([saw(&[1]), saw(&[2]), saw(&[3, 4]), saw(&[5])]);
        frontier.insert(saw(&[1, 2]));
        frontier.insert(saw(&[3]));
        frontier.insert(saw(&[2, 5]));
        let left = frontier.into_configs();
        let saw = |facts: [u32; 2]| left.iter().any(|c| facts.iter().all(|f| c.saw.has(*f)));
        assert_eq!(left.len(), 3);
        assert!(saw([3, 4]) && saw([1, 2]) && saw([2, 5]));
    }
}
