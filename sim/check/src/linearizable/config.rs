//! A configuration of the search, and sets of them without those that others make superfluous.

use super::trail::{Mile, Trail};
use simlab_core::Digest;
use std::collections::BTreeMap;
use std::hash::Hash;

/// An operation of the window, numbered in the order of invocation.
pub(super) type Token = u32;
/// A result of an operation, numbered in the order in which the search met it.
pub(super) type ResultId = u32;

/// One way in which the operations so far can have taken effect.
///
/// ```text
///   state       what the object remembers now
///   linearized  open operations that changed it already, each with the result it must return
///   seen        open operations that have not: results that they could have got on the way, at a
///               moment at which they would have changed nothing (a read always, a sale if sold out)
///   used        how many pending operations of each kind took effect
/// ```
///
/// `seen` is why concurrent reads do not multiply the configurations: a read leaves the object as
/// it is, so it is enough to remember which values it had the chance to see.
#[derive(Clone, Debug)]
pub(super) struct Config<T> {
    pub(super) state: T,
    /// How it was reached; of configurations that are equal else, any way will do.
    pub(super) mile: Mile,
    linearized: Vec<(Token, ResultId)>,
    seen: Vec<(Token, ResultId)>,
    used: Vec<u32>,
}

impl<T: Eq + Hash> Config<T> {
    pub(super) const fn new(state: T) -> Self {
        Config {
            state,
            mile: Trail::START,
            linearized: Vec::new(),
            seen: Vec::new(),
            used: Vec::new(),
        }
    }

    /// The same in another state.
    pub(super) fn moved(&self, state: T) -> Self {
        let (linearized, seen) = (self.linearized.clone(), self.seen.clone());
        Config { state, mile: self.mile, linearized, seen, used: self.used.clone() }
    }

    /// What an open operation returns, if it took effect.
    pub(super) fn linearized(&self, token: Token) -> Option<ResultId> {
        let index = self.linearized.binary_search_by_key(&token, |&(t, _)| t).ok()?;
        Some(self.linearized[index].1)
    }

    /// An open operation takes effect and will return `result`.
    pub(super) fn linearize(&mut self, token: Token, result: ResultId) {
        self.forget(token);
        let index = self.linearized.partition_point(|&(t, _)| t < token);
        self.linearized.insert(index, (token, result));
    }

    /// The results that an open operation could have got without changing anything.
    pub(super) fn seen(&self, token: Token) -> impl Iterator<Item = ResultId> {
        let start = self.seen.partition_point(|&(t, _)| t < token);
        self.seen[start..].iter().take_while(move |&&(t, _)| t == token).map(|&(_, result)| result)
    }

    /// An open operation has the chance to return `result` and change nothing. Returns whether that is new.
    pub(super) fn see(&mut self, token: Token, result: ResultId) -> bool {
        let place = self.seen.binary_search(&(token, result));
        if let Err(index) = place {
            self.seen.insert(index, (token, result));
        }
        place.is_err()
    }

    /// It is known by now what an open operation returns: those of its results that are among `fitting` are
    /// `wanted`, and others that it saw do not matter.
    pub(super) fn settle(&mut self, token: Token, fitting: &[ResultId], wanted: ResultId) {
        for (_, result) in self.linearized.iter_mut().filter(|(t, _)| *t == token) {
            if fitting.contains(result) {
                *result = wanted;
            }
        }
        let saw = self.seen(token).any(|result| fitting.contains(&result));
        self.seen.retain(|&(t, _)| t != token);
        if saw {
            self.see(token, wanted);
        }
    }

    /// An operation leaves the window.
    pub(super) fn forget(&mut self, token: Token) {
        self.linearized.retain(|&(t, _)| t != token);
        self.seen.retain(|&(t, _)| t != token);
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
        self.state.hash(&mut digest);
        self.linearized.hash(&mut digest);
        digest.value()
    }

    /// Whether all that `other` can still explain, this one can too: it is in the same state, it
    /// spent no more, and its open operations have seen no less.
    fn covers(&self, other: &Self) -> bool {
        self.linearized == other.linearized
            && self.used.iter().enumerate().all(|(kind, &n)| n <= other.used(kind))
            && includes(&self.seen, &other.seen)
            && self.state == other.state
    }
}

/// Whether the sorted `all` has every element of the sorted `some`.
fn includes<E: Ord>(all: &[E], some: &[E]) -> bool {
    let mut rest = all.iter();
    all.len() >= some.len() && some.iter().all(|wanted| rest.any(|element| element == wanted))
}

/// Configurations of which none covers another, in the order in which they were found.
#[derive(Clone, Debug)]
pub(super) struct Frontier<T> {
    /// `None` where a later one covers it.
    configs: Vec<Option<Config<T>>>,
    index: BTreeMap<u64, Vec<u32>>,
    /// The work done so far: one for each configuration that was offered, and for every
    /// [`COMPARISONS`] with another.
    work: u64,
}

/// So many comparisons cost about as much as making one configuration.
const COMPARISONS: usize = 16;

impl<T: Eq + Hash> Frontier<T> {
    pub(super) const fn new() -> Self {
        Frontier { configs: Vec::new(), index: BTreeMap::new(), work: 0 }
    }

    pub(super) fn of(configs: impl IntoIterator<Item = Config<T>>) -> Self {
        let mut frontier = Frontier::new();
        for config in configs {
            frontier.insert(config);
        }
        frontier
    }

    /// Adds a configuration, unless another covers it.
    pub(super) fn insert(&mut self, config: Config<T>) {
        let bucket = self.index.entry(config.key()).or_default();
        self.work += 1 + (bucket.len() / COMPARISONS) as u64;
        let configs = &mut self.configs;
        let covered = |&i: &u32| configs[i as usize].as_ref().is_some_and(|c| c.covers(&config));
        if bucket.iter().any(covered) {
            return;
        }
        bucket.retain(|&i| {
            let superfluous = configs[i as usize].as_ref().is_some_and(|c| config.covers(c));
            if superfluous {
                configs[i as usize] = None;
            }
            !superfluous
        });
        bucket.push(configs.len() as u32);
        configs.push(Some(config));
    }

    /// How many were added, with those that are covered by now.
    pub(super) const fn len(&self) -> usize {
        self.configs.len()
    }

    /// The one at `index`, unless it is covered by now.
    pub(super) fn get(&self, index: usize) -> Option<&Config<T>> {
        self.configs[index].as_ref()
    }

    pub(super) const fn work(&self) -> u64 {
        self.work
    }

    pub(super) fn into_configs(self) -> Vec<Config<T>> {
        self.configs.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_saw_more_and_spent_less_covers_the_rest() {
        let mut saw = Config::new(7);
        saw.see(1, 0);
        let mut saw_more = saw.clone();
        saw_more.see(1, 1);
        let mut spent = saw.clone();
        spent.spend(2);
        let frontier = Frontier::of([spent.clone(), saw.clone(), saw_more.clone(), spent]);
        let left = frontier.into_configs();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].seen(1).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn what_differs_in_state_or_effect_is_kept() {
        let mut done = Config::new(7);
        done.linearize(3, 0);
        let frontier = Frontier::of([Config::new(7), Config::new(8), done.clone(), done]);
        assert_eq!(frontier.into_configs().len(), 3);
    }

    #[test]
    fn sets_are_compared_element_by_element() {
        assert!(includes(&[1, 2, 3], &[1, 3]));
        assert!(includes(&[1], &[]));
        assert!(!includes(&[1, 2, 3], &[0]));
        assert!(!includes(&[1, 2], &[1, 2, 3]));
    }
}
