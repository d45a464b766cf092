//! A configuration of the search, and sets of them without those that others make superfluous.

use super::bits::Bits;
use super::meter::Meter;
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
///   used     how many pending operations of each kind took effect, if any did
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
    /// In the order of the kinds. Mostly few of many are used.
    used: Vec<(u32, u32)>,
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
    pub(super) fn used(&self, kind: u32) -> u32 {
        let found = self.used.binary_search_by_key(&kind, |(kind, _)| *kind);
        found.map_or(0, |at| self.used[at].1)
    }

    /// One more pending operation of a kind took effect.
    pub(super) fn spend(&mut self, kind: u32) {
        match self.used.binary_search_by_key(&kind, |(kind, _)| *kind) {
            Ok(at) => self.used[at].1 += 1,
            Err(at) => self.used.insert(at, (kind, 1)),
        }
    }

    /// How much memory it takes beside the size of its type, in bytes, roughly.
    pub(super) fn weight(&self) -> usize {
        self.changed.weight() + self.saw.weight() + size_of_val(self.used.as_slice())
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
        self.used.len() <= other.used.len()
            && self.saw.includes(&other.saw)
            && self.used.iter().all(|&(kind, n)| n <= other.used(kind))
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
    /// How much memory they take beside the size of their type, in bytes.
    held: usize,
}

/// More configurations than these are not kept in memory at a time: they take half a gigabyte.
const LIVE_MAX: usize = 2_000_000;
/// So many bytes may they take beside the size of their type.
pub(super) const HELD_MAX: usize = 1 << 28;

/// So many comparisons cost about as much as making one configuration.
const COMPARISONS: u64 = 16;

impl Frontier {
    pub(super) const fn new() -> Self {
        Frontier { configs: Vec::new(), beside: Vec::new(), latest: HashTable::new(), held: 0 }
    }

    /// `None` if the bound was hit.
    pub(super) fn of(configs: impl IntoIterator<Item = Config>, meter: &mut Meter) -> Option<Self> {
        let mut frontier = Frontier::new();
        for config in configs {
            frontier.insert(config, meter);
            if meter.is_over() {
                return None;
            }
        }
        Some(frontier)
    }

    /// Adds a configuration, unless another covers it. The work is one for each that is offered, and for every
    /// [`COMPARISONS`] with another.
    pub(super) fn insert(&mut self, config: Config, meter: &mut Meter) {
        let Frontier { configs, beside, latest, held } = self;
        meter.spend(1);
        let key = config.key();
        let place = configs.len() as u32;
        // None is taken away before another one has taken its place, so that the latest is there.
        let same =
            |at: &u32| configs[*at as usize].as_ref().is_some_and(|other| other.is_beside(&config));
        let Some(head) = latest.find_mut(key, same) else {
            let rehash = |at: &u32| configs[*at as usize].as_ref().map_or(0, Config::key);
            latest.insert_unique(key, place, rehash);
            *held += config.weight();
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
                meter.spend(met / COMPARISONS);
                return;
            }
            at = before(here, beside);
        }
        meter.spend(met / COMPARISONS);
        // The chain goes on with those that are still needed.
        beside.push(place);
        let (mut at, mut last) = (Some(*head), place);
        while let Some(here) = at {
            at = before(here, beside);
            let there = &mut configs[here as usize];
            if let Some(covered) = there.take_if(|other| config.covers(other)) {
                *held -= covered.weight();
            } else {
                beside[last as usize] = here;
                last = here;
            }
        }
        beside[last as usize] = last;
        *head = place;
        *held += config.weight();
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

    /// Whether they, or they and `others`, take more memory than they may.
    pub(super) const fn too_much(&self, others: &Frontier) -> bool {
        self.configs.len() + others.configs.len() > LIVE_MAX || self.held + others.held > HELD_MAX
    }

    pub(super) fn into_configs(self) -> Vec<Config> {
        self.configs.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frontier(configs: impl IntoIterator<Item = Config>) -> Frontier {
        let mut meter = Meter::new(u64::MAX.into());
        Frontier::of(configs, &mut meter).expect("the bound is not hit")
    }

    #[test]
    fn what_saw_more_and_spent_less_covers_the_rest() {
        let mut saw = Config::new(7);
        saw.saw.put(1);
        let mut saw_more = saw.clone();
        saw_more.saw.put(100);
        let mut spent = saw.clone();
        spent.spend(2);
        let all = frontier([spent.clone(), saw.clone(), saw_more.clone(), spent]);
        let left = all.into_configs();
        assert_eq!(left.len(), 1);
        assert!(left[0].saw.has(1) && left[0].saw.has(100));
    }

    #[test]
    fn what_differs_in_state_or_effect_is_kept() {
        let mut done = Config::new(7);
        done.changed.put(3);
        let all = frontier([Config::new(7), Config::new(8), done.clone(), done]);
        assert_eq!(all.into_configs().len(), 3);
    }

    #[test]
    fn of_many_that_saw_different_things_only_the_covered_go() {
        let saw = |facts: &[u32]| {
            let mut config = Config::new(1);
            facts.iter().for_each(|fact| config.saw.put(*fact));
            config
        };
        let mut meter = Meter::new(u64::MAX.into());
        let mut all = frontier([saw(&[1]), saw(&[2]), saw(&[3, 4]), saw(&[5])]);
        all.insert(saw(&[1, 2]), &mut meter);
        all.insert(saw(&[3]), &mut meter);
        all.insert(saw(&[2, 5]), &mut meter);
        let left = all.into_configs();
        let saw = |facts: [u32; 2]| left.iter().any(|c| facts.iter().all(|f| c.saw.has(*f)));
        assert_eq!(left.len(), 3);
        assert!(saw([3, 4]) && saw([1, 2]) && saw([2, 5]));
    }

    #[test]
    fn what_they_take_is_counted_as_long_as_they_are_needed() {
        let mut far = Config::new(1);
        far.saw.put(64 * 100);
        let mut farther = far.clone();
        farther.saw.put(64 * 200);
        let mut spent = Config::new(2);
        spent.spend(30_000);
        let words = |n| n * size_of::<u64>();
        assert_eq!(frontier([far.clone()]).held, words(100));
        assert_eq!(frontier([far, farther, spent]).held, words(200) + words(1));
    }
}
