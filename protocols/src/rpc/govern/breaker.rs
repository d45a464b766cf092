//! A circuit breaker: a server that fails is left alone for a while (Nygard, "Release It!", 2007, §5.2).
//!
//! ```text
//!            too many of the last calls failed
//!   closed ──────────────────────────────────────▶ open ◀──┐
//!     ▲                                             │      │ a probe failed, or never ended
//!     │                            a time has passed│      │
//!     │                                             ▼      │
//!     └───────────────────────────────────────── half-open ┘
//!               so many probes went well
//! ```
//!
//! Closed, it counts. Open, every call ends at once, which spares its caller the wait, and the server the call.
//! Half-open, a few calls go through to probe whether the server is well again.
//!
//! What a call says of the server it was begun to say when it began: one that was begun before the breaker last
//! changed says nothing of what is now, and is not counted.

use simlab_core::{Duration, Ratio, Switch, Time};
use std::collections::{BTreeMap, VecDeque};

/// An open breaker stays open for ever.
pub const NEVER_HALF_OPENS: Switch = Switch {
    name: "rpc-breaker-never-half-opens",
    breaks: "an open breaker lets a probe through after a time (Nygard, \"Release It!\", 2007, §5.2)",
    caught_by: "recovers",
};

/// The most calls that [`Config::window`] can have.
pub const WINDOW_MAX: usize = 1 << 16;

/// When a breaker opens and closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// How many of the last calls count: 1 to [`WINDOW_MAX`]; what is outside counts as the nearer of the two.
    pub window: usize,
    /// Of fewer calls than this nothing follows: 1 to `window`, likewise.
    pub minimum: usize,
    /// It opens when at least this share of them failed, and at least one.
    pub failures: Ratio,
    /// How long it stays open.
    pub open: Duration,
    /// How many probes may be under way at once, at least 1.
    pub probes: u32,
    /// How many probes must go well before it closes, at least 1.
    pub successes: u32,
    /// A probe that has not ended after this has failed: else one that is lost would hold its place for ever.
    pub probe_timeout: Duration,
    /// The switch [`NEVER_HALF_OPENS`].
    pub never_half_opens: bool,
}

/// What a breaker does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// They pass, and their ends are counted.
    Closed,
    /// None passes.
    Open,
    /// A few pass, as probes.
    HalfOpen,
}

/// Leave to make one call, which is to be given back with what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[must_use = "a probe that is not given back counts as one that failed"]
pub struct Permit {
    /// How often the breaker had changed.
    era: u64,
    number: u64,
}

/// What a call says of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It is well: it answered, be it with an error of the application.
    Good,
    /// It is ill: it did not answer in time, or said that it cannot.
    Bad,
    /// Nothing: the call was taken back, or never sent.
    Unknown,
}

/// A breaker before one server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Breaker {
    config: Config,
    phase: Phase,
    era: u64,
    permits: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Closed {
        /// Whether the last calls failed, the oldest first.
        window: VecDeque<bool>,
        failed: usize,
    },
    Open {
        until: Time,
    },
    HalfOpen {
        /// Until when each of the probes that are under way must end.
        probes: BTreeMap<u64, Time>,
        good: u32,
    },
}

const CLOSED: Phase = Phase::Closed { window: VecDeque::new(), failed: 0 };

impl Breaker {
    /// A closed breaker that has counted nothing.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let window = config.window.clamp(1, WINDOW_MAX);
        let config = Config {
            window,
            minimum: config.minimum.clamp(1, window),
            probes: config.probes.max(1),
            successes: config.successes.max(1),
            ..config
        };
        Breaker { config, phase: CLOSED, era: 0, permits: 0 }
    }

    /// Leave to make a call now, if it may be made.
    pub fn allow(&mut self, now: Time) -> Option<Permit> {
        self.advance(now);
        let permit = Permit { era: self.era, number: self.permits };
        match &mut self.phase {
            Phase::Closed { .. } => {}
            Phase::Open { .. } => return None,
            Phase::HalfOpen { probes, .. } => {
                if probes.len() >= self.config.probes as usize {
                    return None;
                }
                probes.insert(permit.number, now + self.config.probe_timeout);
            }
        }
        self.permits += 1;
        Some(permit)
    }

    /// The call of this permit has ended.
    pub fn end(&mut self, permit: Permit, outcome: Outcome, now: Time) {
        self.advance(now);
        if permit.era != self.era {
            return;
        }
        let config = self.config;
        match &mut self.phase {
            Phase::Closed { window, failed } => {
                if outcome == Outcome::Unknown {
                    return;
                }
                if window.len() >= config.window && window.pop_front() == Some(true) {
                    *failed -= 1;
                }
                let bad = outcome == Outcome::Bad;
                window.push_back(bad);
                *failed += usize::from(bad);
                let (share, of) = (config.failures, window.len());
                let reached = *failed as u128 * u128::from(share.denominator())
                    >= of as u128 * u128::from(share.numerator());
                if of >= config.minimum && *failed > 0 && reached {
                    self.change(Phase::Open { until: now + config.open });
                }
            }
            Phase::Open { .. } => {}
            Phase::HalfOpen { probes, good } => {
                if probes.remove(&permit.number).is_none() {
                    return;
                }
                match outcome {
                    Outcome::Unknown => {}
                    Outcome::Bad => self.change(Phase::Open { until: now + config.open }),
                    Outcome::Good => {
                        *good += 1;
                        if *good >= config.successes {
                            self.change(CLOSED);
                        }
                    }
                }
            }
        }
    }

    /// What it does with calls now.
    #[must_use]
    pub fn state(&mut self, now: Time) -> State {
        self.advance(now);
        match self.phase {
            Phase::Closed { .. } => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    /// When it changes next if no call ends before, if it does: it opens half, or gives a probe up.
    #[must_use]
    pub fn changes_at(&self) -> Option<Time> {
        match &self.phase {
            Phase::Closed { .. } => None,
            Phase::Open { .. } if self.config.never_half_opens => None,
            Phase::Open { until } => Some(*until),
            Phase::HalfOpen { probes, .. } => probes.values().min().copied(),
        }
    }

    /// Does what is due by now, each at its own time, so that it does not matter how often one looks.
    fn advance(&mut self, now: Time) {
        while let Some(at) = self.changes_at().filter(|at| *at <= now && *at < Time::NEVER) {
            let next = match self.phase {
                Phase::Open { .. } => Phase::HalfOpen { probes: BTreeMap::new(), good: 0 },
                _ => Phase::Open { until: at + self.config.open },
            };
            self.change(next);
        }
    }

    fn change(&mut self, phase: Phase) {
        self.phase = phase;
        self.era += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome::{Bad, Good, Unknown};
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    const fn ms(n: u64) -> Time {
        Time(n * 1_000_000)
    }

    fn config() -> Config {
        Config {
            window: 10,
            minimum: 4,
            failures: Ratio::new(1, 2).expect("a half"),
            open: Duration::from_millis(1_000),
            probes: 1,
            successes: 2,
            probe_timeout: Duration::from_millis(300),
            never_half_opens: false,
        }
    }

    fn call(breaker: &mut Breaker, outcome: Outcome, now: Time) -> bool {
        let Some(permit) = breaker.allow(now) else { return false };
        breaker.end(permit, outcome, now);
        true
    }

    /// One that four calls have failed at 0 ms.
    fn opened(config: Config) -> Breaker {
        let mut breaker = Breaker::new(config);
        assert!((0..4).all(|_| call(&mut breaker, Bad, ms(0))));
        breaker
    }

    #[test]
    fn it_opens_when_half_of_the_last_calls_failed() {
        use State::{Closed, Open};
        fn after(breaker: &mut Breaker, outcome: Outcome) -> State {
            assert!(call(breaker, outcome, ms(1)));
            breaker.state(ms(1))
        }
        let mut breaker = Breaker::new(config());
        assert_eq!([Bad; 3].map(|o| after(&mut breaker, o)), [Closed; 3], "too few to say");
        let mut breaker = Breaker::new(config());
        assert_eq!([Good; 10].map(|o| after(&mut breaker, o)), [Closed; 10]);
        let outcomes = [Bad, Unknown, Bad, Bad, Bad];
        assert_eq!(outcomes.map(|o| after(&mut breaker, o)), [Closed; 5]);
        assert_eq!(after(&mut breaker, Bad), Open, "5 of the last 10");
    }

    #[test]
    fn an_open_one_lets_nothing_through_for_a_time() {
        let mut breaker = opened(config());
        assert_eq!(breaker.changes_at(), Some(ms(1_000)));
        assert_eq!(breaker.allow(ms(999)), None);
        assert!(breaker.allow(ms(1_000)).is_some());
        assert_eq!(breaker.allow(ms(1_000)), None, "one probe at a time");
    }

    #[test]
    fn it_closes_after_good_probes() {
        let mut breaker = opened(config());
        assert!(call(&mut breaker, Good, ms(1_000)));
        assert_eq!(breaker.state(ms(1_000)), State::HalfOpen);
        assert!(call(&mut breaker, Unknown, ms(1_000)), "the place of a probe is free again");
        assert!(call(&mut breaker, Good, ms(1_001)));
        assert_eq!(breaker.state(ms(1_001)), State::Closed);
        assert!((0..3).all(|_| call(&mut breaker, Bad, ms(1_002))));
        assert_eq!(breaker.state(ms(1_002)), State::Closed, "it counts anew");
    }

    #[test]
    fn a_bad_probe_opens_it_again() {
        let mut breaker = opened(config());
        assert!(call(&mut breaker, Good, ms(1_000)));
        assert!(call(&mut breaker, Bad, ms(1_100)));
        assert_eq!(breaker.allow(ms(2_099)), None);
        assert_eq!(breaker.state(ms(2_100)), State::HalfOpen);
    }

    #[test]
    fn a_probe_that_never_ends_is_a_bad_one() {
        let mut breaker = opened(config());
        let lost = breaker.allow(ms(1_000)).expect("a probe");
        assert_eq!(breaker.changes_at(), Some(ms(1_300)));
        assert_eq!(breaker.state(ms(1_300)), State::Open);
        assert_eq!(breaker.state(ms(2_300)), State::HalfOpen, "a second after it was given up");
        breaker.end(lost, Good, ms(2_300));
        assert!(call(&mut breaker, Good, ms(2_300)));
        assert_eq!(
            breaker.state(ms(2_300)),
            State::HalfOpen,
            "a probe that is late counts nothing"
        );
    }

    #[test]
    fn calls_from_before_it_opened_count_nothing() {
        let mut breaker = Breaker::new(config());
        let early: Vec<Permit> = (0..8).filter_map(|_| breaker.allow(ms(0))).collect();
        early[..4].iter().for_each(|permit| breaker.end(*permit, Bad, ms(10)));
        assert_eq!(breaker.state(ms(1_010)), State::HalfOpen);
        early[4..].iter().for_each(|permit| breaker.end(*permit, Good, ms(1_010)));
        assert_eq!(breaker.state(ms(1_010)), State::HalfOpen);
        early[4..].iter().for_each(|permit| breaker.end(*permit, Bad, ms(1_010)));
        assert_eq!(breaker.state(ms(1_010)), State::HalfOpen);
        assert!((0..2).all(|_| call(&mut breaker, Good, ms(1_020))));
        early[4..].iter().for_each(|permit| breaker.end(*permit, Bad, ms(1_030)));
        assert_eq!(breaker.state(ms(1_030)), State::Closed, "nor once it has closed");
    }

    #[test]
    fn without_half_opening_it_never_recovers() {
        let mut breaker = opened(Config { never_half_opens: true, ..config() });
        assert_eq!(breaker.changes_at(), None);
        assert_eq!(breaker.allow(Time::NEVER), None);
        assert!(opened(config()).allow(Time::NEVER).is_some());
    }

    #[test]
    fn bounds_that_make_no_sense_become_the_nearest_that_do() {
        let zero = Config { window: 0, minimum: 9, probes: 0, successes: 0, ..config() };
        let mut breaker = Breaker::new(Config { failures: Ratio::ZERO, ..zero });
        assert!(call(&mut breaker, Good, ms(0)) && call(&mut breaker, Bad, ms(0)));
        assert_eq!(breaker.state(ms(0)), State::Open);
        assert!(call(&mut breaker, Good, ms(1_000)));
        assert_eq!(breaker.state(ms(1_000)), State::Closed);
    }

    #[derive(Clone, Debug)]
    enum Act {
        Begin,
        End(usize, Outcome),
        Wait(u64),
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let outcome = prop_oneof![2 => Just(Good), 3 => Just(Bad), 1 => Just(Unknown)];
        vec(
            prop_oneof![
                4 => Just(Act::Begin),
                4 => (any::<usize>(), outcome).prop_map(|(n, outcome)| Act::End(n, outcome)),
                1 => (0..900_u64).prop_map(Act::Wait),
            ],
            0..200,
        )
    }

    proptest! {
        /// Whatever happens: no more probes are under way than may be, and left alone it lets a call through in the
        /// end, at the time that it says.
        #[test]
        fn it_always_recovers(acts in acts(), probes in 1..4_u32, successes in 1..4_u32) {
            let mut breaker = Breaker::new(Config { probes, successes, ..config() });
            let (mut now, mut under_way) = (ms(0), Vec::new());
            for act in acts {
                match act {
                    Act::Begin => under_way.extend(breaker.allow(now)),
                    Act::End(_, _) if under_way.is_empty() => {}
                    Act::End(n, outcome) => {
                        let permit = under_way.swap_remove(n % under_way.len());
                        breaker.end(permit, outcome, now);
                    }
                    Act::Wait(millis) => now += Duration::from_millis(millis),
                }
                match &breaker.phase {
                    Phase::Closed { window, failed } => {
                        prop_assert!(window.len() <= 10);
                        prop_assert_eq!(window.iter().filter(|bad| **bad).count(), *failed);
                        prop_assert!(*failed < 5 && (window.len() < 4 || failed * 2 < window.len()));
                    }
                    Phase::Open { until } => prop_assert!(*until <= now + breaker.config.open),
                    Phase::HalfOpen { probes: under_way, good } => {
                        prop_assert!(under_way.len() <= probes as usize && *good < successes);
                    }
                }
            }
            let mut later = breaker.clone();
            while breaker.allow(now).is_none() {
                let at = breaker.changes_at().expect("it does not stay so");
                prop_assert!(at > now && breaker.clone().allow(Time(at.0 - 1)).is_none());
                now = at;
            }
            prop_assert!(later.allow(now).is_some(), "whether or not anybody looks on");
        }

        /// One that is looked at all the time does the same as one that is not.
        #[test]
        fn looking_changes_nothing(acts in acts()) {
            let (mut seen, mut unseen) = (Breaker::new(config()), Breaker::new(config()));
            let (mut now, mut under_way) = (ms(0), Vec::new());
            for act in acts {
                match act {
                    Act::Begin => {
                        let permit = seen.allow(now);
                        prop_assert_eq!(permit, unseen.allow(now));
                        under_way.extend(permit);
                    }
                    Act::End(_, _) if under_way.is_empty() => {}
                    Act::End(n, outcome) => {
                        let permit = under_way.swap_remove(n % under_way.len());
                        seen.end(permit, outcome, now);
                        unseen.end(permit, outcome, now);
                    }
                    Act::Wait(millis) => for _ in 0..millis {
                        now += Duration::from_millis(1);
                        let _ = seen.state(now);
                    }
                }
            }
            let _ = unseen.state(now);
            prop_assert_eq!(seen, unseen);
        }
    }
}
