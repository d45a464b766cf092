//! What a caller remembers of what a registry said.
//!
//! ```text
//!   asked                fresh                              stale
//!     │ used              │ used, and asked again            │ not used
//!     ┼───────────────────┼──────────────────────────────────┼──────────▶ age
//! ```
//!
//! An answer ages from when it was *asked* for, which is no later than when it was true. Until it is
//! [`stale`](Config::stale) it is used while a newer one is under way, and when none comes since the registry cannot be
//! reached: as HTTP's caches do (RFC 5861). So a server that is gone for good is returned no later than that and its
//! lease after the registry heard it last, whatever happens. When a server is [found bad](Cache::found_bad), the
//! registry is asked again at once; what it said before is used until it answers, since a server that is slow once is no
//! reason to know none.

use simlab_core::{Duration, NodeId, Time};
use std::collections::BTreeMap;

/// How long what was said is used, and how much is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// How old an answer is that is asked for again.
    pub fresh: Duration,
    /// How old one is that is not used any more. Not less than `fresh`; with as much, none is used that is not fresh.
    pub stale: Duration,
    /// How long to wait for an answer before the registry is asked again.
    pub patience: Duration,
    /// How many services are remembered, at least 1. For one more, the one is forgotten that was looked up least
    /// lately.
    pub services_max: usize,
    /// How many servers of each; of more, those with the lowest ids.
    pub servers_max: usize,
}

/// What is remembered of a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Found {
    /// Who offers it, in the order of their ids; `None` if nothing is known, or only what is too old.
    pub servers: Option<Vec<NodeId>>,
    /// What the registry is to be asked now, if anything. It is then taken to be asked, so that no other look-up says
    /// so too.
    pub ask: Option<Question>,
}

/// A question to the registry, to be given back with its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// Those of one cache are numbered in the order in which they are asked.
    number: u64,
    asked: Time,
}

/// What a caller knows of who offers what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cache {
    config: Config,
    services: BTreeMap<String, Entry>,
    /// The number of the next question.
    next: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Entry {
    answer: Option<Answer>,
    /// What the registry was asked last, if no answer to it has come.
    open: Option<Question>,
    /// The number of the first question whose answer counts: after others there is a newer one, or what is known was
    /// doubted.
    counts: u64,
    used: Time,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Answer {
    servers: Vec<NodeId>,
    asked: Time,
    /// One of them was bad, or there was none.
    doubted: bool,
}

impl Cache {
    /// One that knows nothing.
    #[must_use]
    pub const fn new(config: Config) -> Self {
        Cache { config, services: BTreeMap::new(), next: 0 }
    }

    /// Who offers a service, as far as is known.
    pub fn look_up(&mut self, service: &str, now: Time) -> Found {
        if !self.services.contains_key(service) {
            self.make_room();
            let entry = Entry { answer: None, open: None, counts: self.next, used: now };
            self.services.insert(service.to_owned(), entry);
        }
        let Config { fresh, stale, patience, .. } = self.config;
        let Some(entry) = self.services.get_mut(service) else {
            return Found { servers: None, ask: None };
        };
        entry.used = entry.used.max(now);
        entry.answer.take_if(|answer| now.since(answer.asked) >= stale);
        let old = |answer: &Answer| answer.doubted || now.since(answer.asked) >= fresh;
        let wanted = entry.answer.as_ref().is_none_or(old);
        let waited = entry.open.is_none_or(|open| now.since(open.asked) >= patience);
        let ask = (wanted && waited).then_some(Question { number: self.next, asked: now });
        if ask.is_some() {
            entry.open = ask;
            self.next += 1;
        }
        Found { servers: entry.answer.as_ref().map(|answer| answer.servers.clone()), ask }
    }

    /// The registry has answered; whether that was news. It is not if a newer answer came before, or one of its
    /// servers was found bad after the question, or the service was forgotten in the meantime.
    pub fn learned(
        &mut self,
        service: &str,
        question: Question,
        servers: impl IntoIterator<Item = NodeId>,
    ) -> bool {
        let entry = self.services.get_mut(service);
        let Some(entry) = entry.filter(|entry| question.number >= entry.counts) else {
            return false;
        };
        let mut servers: Vec<NodeId> = servers.into_iter().collect();
        servers.sort_unstable();
        servers.dedup();
        servers.truncate(self.config.servers_max);
        // Who asks before any server has registered need not wait until that is old. A registry that has just restarted
        // says so too, which is no reason to forget whom it named before.
        let doubted = servers.is_empty();
        match &mut entry.answer {
            Some(answer) if doubted && !answer.servers.is_empty() => answer.doubted = true,
            answer => *answer = Some(Answer { servers, asked: question.asked, doubted }),
        }
        entry.counts = question.number + 1;
        entry.open.take_if(|open| open.number <= question.number);
        true
    }

    /// A server did not answer, or is no longer what it was: the registry is asked again for the services that it
    /// offers, and an answer that is under way does not count, since it says what was before. What is doubted already
    /// is asked for already, so that many calls to one server that is gone are one question. The server is named still,
    /// as it is by the registry while its lease lasts: to leave it alone for a time is for
    /// [`Servers::exclude`](super::super::balance::Servers::exclude).
    pub fn found_bad(&mut self, server: NodeId) {
        for entry in self.services.values_mut() {
            if let Some(answer) = &mut entry.answer
                && !answer.doubted
                && answer.servers.binary_search(&server).is_ok()
            {
                answer.doubted = true;
                entry.open = None;
                entry.counts = self.next;
            }
        }
    }

    /// How many services are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.services.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.services.is_empty()
    }

    fn make_room(&mut self) {
        while self.services.len() >= self.config.services_max.max(1) {
            let by_use = self.services.iter().min_by_key(|(_, entry)| entry.used);
            let Some(least) = by_use.map(|(name, _)| name.clone()) else { return };
            self.services.remove(&least);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    const A: NodeId = NodeId(1);
    const B: NodeId = NodeId(2);
    const C: NodeId = NodeId(3);

    const fn ms(n: u64) -> Time {
        Time(n * 1_000_000)
    }

    const CONFIG: Config = Config {
        fresh: Duration::from_millis(100),
        stale: Duration::from_millis(1_000),
        patience: Duration::from_millis(50),
        services_max: 2,
        servers_max: 3,
    };

    /// Who is known at a time, and whether the registry is asked.
    fn look(cache: &mut Cache, service: &str, now: Time) -> (Option<Vec<NodeId>>, bool) {
        let Found { servers, ask } = cache.look_up(service, now);
        (servers, ask.is_some())
    }

    fn ask(cache: &mut Cache, service: &str, now: Time) -> Question {
        cache.look_up(service, now).ask.expect("it is asked")
    }

    fn known(servers: &[NodeId], ask: bool) -> (Option<Vec<NodeId>>, bool) {
        (Some(servers.to_vec()), ask)
    }

    const UNKNOWN: Option<Vec<NodeId>> = None;

    /// One that was told of A and B when it asked at 0 ms.
    fn cache() -> Cache {
        let mut cache = Cache::new(CONFIG);
        let question = ask(&mut cache, "arith", ms(0));
        assert!(cache.learned("arith", question, [B, A, B]));
        cache
    }

    #[test]
    fn the_registry_is_asked_once() {
        let mut cache = Cache::new(CONFIG);
        assert_eq!(look(&mut cache, "arith", ms(0)), (UNKNOWN, true));
        assert_eq!(look(&mut cache, "arith", ms(49)), (UNKNOWN, false), "an answer is under way");
        let question = ask(&mut cache, "arith", ms(50));
        assert!(cache.learned("arith", question, [A]), "the one before was lost");
        assert_eq!(look(&mut cache, "arith", ms(149)), known(&[A], false));
        assert_eq!(
            look(&mut cache, "arith", ms(150)),
            known(&[A], true),
            "100 ms after the question"
        );
    }

    #[test]
    fn a_stale_answer_is_used_while_the_registry_cannot_be_reached() {
        let mut cache = cache();
        assert_eq!(look(&mut cache, "arith", ms(99)), known(&[A, B], false));
        assert_eq!(look(&mut cache, "arith", ms(100)), known(&[A, B], true));
        assert_eq!(look(&mut cache, "arith", ms(101)), known(&[A, B], false));
        assert_eq!(look(&mut cache, "arith", ms(999)), known(&[A, B], true));
        assert_eq!(look(&mut cache, "arith", ms(1_000)), (UNKNOWN, false));
        assert_eq!(look(&mut cache, "arith", ms(1_049)), (UNKNOWN, true));
    }

    #[test]
    fn an_old_answer_does_not_replace_a_newer_one() {
        let mut cache = cache();
        let (old, new) = (ask(&mut cache, "arith", ms(100)), ask(&mut cache, "arith", ms(150)));
        assert!(cache.learned("arith", new, [A]));
        assert!(!cache.learned("arith", old, [A, B]));
        let next = ask(&mut cache, "arith", ms(250));
        assert!(cache.learned("arith", next, []));
        let before = look(&mut cache, "arith", ms(251));
        assert_eq!(before, known(&[A], true), "a registry that names nobody may be new");
        let next = ask(&mut cache, "shop", ms(260));
        assert!(cache.learned("shop", next, []));
        assert_eq!(look(&mut cache, "shop", ms(261)), known(&[], true), "nobody, so far");
    }

    #[test]
    fn the_registry_is_asked_again_when_a_server_is_bad() {
        let mut cache = cache();
        cache.found_bad(C);
        assert_eq!(look(&mut cache, "arith", ms(90)), known(&[A, B], false), "nobody named it");
        let before = ask(&mut cache, "arith", ms(100));
        cache.found_bad(B);
        let after = ask(&mut cache, "arith", ms(100));
        assert!(!cache.learned("arith", before, [A, B]), "that was true before, if ever");
        assert!(cache.learned("arith", after, [A, C]));
        assert_eq!(look(&mut cache, "arith", ms(130)), known(&[A, C], false));
    }

    /// Else a caller that has many calls under way to servers that are gone asks at each that comes to nothing, and
    /// believes no answer.
    #[test]
    fn many_calls_in_vain_are_one_question() {
        let mut cache = cache();
        cache.found_bad(B);
        let question = ask(&mut cache, "arith", ms(10));
        for millis in 11..20 {
            cache.found_bad(B);
            assert_eq!(look(&mut cache, "arith", ms(millis)), known(&[A, B], false));
        }
        assert!(cache.learned("arith", question, [A]));
        assert_eq!(look(&mut cache, "arith", ms(20)), known(&[A], false));
    }

    #[test]
    fn who_is_bad_is_known_while_the_registry_cannot_be_reached() {
        let mut cache = cache();
        cache.found_bad(A);
        cache.found_bad(B);
        assert_eq!(look(&mut cache, "arith", ms(10)), known(&[A, B], true));
    }

    #[test]
    fn what_was_looked_up_least_lately_is_forgotten() {
        let mut cache = cache();
        let shop = ask(&mut cache, "shop", ms(10));
        assert_eq!(look(&mut cache, "arith", ms(20)), known(&[A, B], false));
        assert_eq!(look(&mut cache, "files", ms(30)), (UNKNOWN, true));
        assert!(!cache.learned("shop", shop, [C]), "nobody asks any more");
        assert_eq!(look(&mut cache, "arith", ms(40)), known(&[A, B], false));
        assert_eq!(cache.len(), 2);
    }

    #[test]
    fn so_many_servers_are_remembered() {
        let mut cache = Cache::new(CONFIG);
        let question = ask(&mut cache, "arith", ms(0));
        assert!(cache.learned("arith", question, (0..9).rev().map(NodeId)));
        assert_eq!(look(&mut cache, "arith", ms(2)), known(&[NodeId(0), A, B], false));
    }

    #[derive(Clone, Debug)]
    enum Act {
        LookUp(usize),
        /// The registry answers the question of this number, or never does.
        Answer(usize),
        Bad(u32),
        Wait(u64),
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        vec(
            prop_oneof![
                4 => (0..3_usize).prop_map(Act::LookUp),
                2 => any::<usize>().prop_map(Act::Answer),
                1 => (0..4_u32).prop_map(Act::Bad),
                3 => (0..120_u64).prop_map(Act::Wait),
            ],
            0..200,
        )
    }

    proptest! {
        /// What is said to be known is what the registry said when it was asked, less than `stale` ago; and it is not
        /// asked while an answer is awaited, unless a server was found bad.
        #[test]
        fn nothing_older_than_stale_is_used(acts in acts(), services_max in 1..4_usize) {
            let mut cache = Cache::new(Config { services_max, ..CONFIG });
            let names = ["a", "b", "c"];
            // What the registry says depends on when it was asked, so that answers can be told apart.
            let says = |question: Question| {
                let first = question.asked.millis() as u32;
                (0..3).map(move |n| NodeId((first + n) % 4))
            };
            let (mut now, mut open) = (ms(0), Vec::new());
            let mut last: BTreeMap<usize, Question> = BTreeMap::new();
            let mut any_bad = 0;
            for act in acts {
                match act {
                    Act::Wait(millis) => now += Duration::from_millis(millis),
                    Act::Bad(server) => {
                        cache.found_bad(NodeId(server));
                        any_bad = cache.next;
                    }
                    Act::Answer(_) if open.is_empty() => {}
                    Act::Answer(n) => {
                        let (service, question) = open.swap_remove(n % open.len());
                        if cache.learned(names[service], question, says(question)) {
                            prop_assert!(last.get(&service).is_none_or(|q| q.number < question.number));
                            last.insert(service, question);
                        }
                    }
                    Act::LookUp(service) => {
                        let found = cache.look_up(names[service], now);
                        prop_assert!(cache.len() <= services_max);
                        if let Some(question) = found.ask {
                            let young = |(of, q): &&(usize, Question)| {
                                *of == service && q.number >= any_bad
                                    && now.since(q.asked) < CONFIG.patience
                            };
                            // One that was forgotten is asked again.
                            prop_assert!(services_max < 3 || open.iter().filter(young).count() == 0);
                            open.push((service, question));
                        }
                        let Some(servers) = found.servers else { continue };
                        let answered = last[&service];
                        prop_assert!(now.since(answered.asked) < CONFIG.stale);
                        let mut expected: Vec<NodeId> = says(answered).collect();
                        expected.sort_unstable();
                        prop_assert_eq!(servers, expected);
                    }
                }
            }
        }
    }
}
