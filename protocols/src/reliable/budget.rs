//! A retry budget: how much may be sent again, compared with what is sent for the first time.
//!
//! Where all that is late is sent again, an overload feeds itself: a *metastable failure* (Bronson et al.,
//! HotOS 2021). A budget bounds the load that repetition adds, whatever happens (Google, "Site Reliability
//! Engineering", 2016, chapter 22: retries are to stay below 10 % of requests).

use simlab_core::{Ratio, Time};

/// Tokens, each good for one retransmission.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    limit: Option<Limit>,
    /// In billionths of a token.
    tokens: u64,
    refilled: Time,
}

/// How tokens come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    /// So much of a token for each message that is sent for the first time.
    pub share: Ratio,
    /// So many tokens a second whatever is sent, so that the last message of all gets through too.
    pub floor: u64,
}

const TOKEN: u64 = 1_000_000_000;
/// So many tokens can be saved up.
const SAVED_MAX: u64 = 10 * TOKEN;

impl Budget {
    /// A budget, full; `None` for one without end.
    #[must_use]
    pub const fn new(limit: Option<Limit>) -> Self {
        Budget { limit, tokens: SAVED_MAX, refilled: Time::ZERO }
    }

    /// A message is sent for the first time.
    pub fn earn(&mut self) {
        if let Some(Limit { share, .. }) = self.limit {
            let part = u128::from(TOKEN) * u128::from(share.numerator())
                / u128::from(share.denominator().max(1));
            self.tokens = self.tokens.saturating_add(part as u64).min(SAVED_MAX);
        }
    }

    /// Takes a token for a retransmission; whether there was one.
    pub fn spend(&mut self, now: Time) -> bool {
        let Some(Limit { floor, .. }) = self.limit else { return true };
        let passed = now.since(self.refilled).nanos();
        self.refilled = now;
        self.tokens = self.tokens.saturating_add(passed.saturating_mul(floor)).min(SAVED_MAX);
        match self.tokens.checked_sub(TOKEN) {
            Some(left) => {
                self.tokens = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_may_be_sent_again() {
        let share = "10%".parse().expect("a probability");
        let mut budget = Budget::new(Some(Limit { share, floor: 0 }));
        let now = Time::ZERO;
        assert_eq!((0..20).filter(|_| budget.spend(now)).count(), 10, "what was saved up");
        (0..30).for_each(|_| budget.earn());
        assert_eq!((0..20).filter(|_| budget.spend(now)).count(), 3);
        assert!((0..1_000).all(|_| Budget::new(None).spend(now)));
    }

    #[test]
    fn some_come_with_time() {
        let share = "0".parse().expect("a probability");
        let mut budget = Budget::new(Some(Limit { share, floor: 2 }));
        let spent = |budget: &mut Budget, now| (0..20).filter(|_| budget.spend(now)).count();
        assert_eq!(spent(&mut budget, Time::ZERO), 10);
        assert_eq!(spent(&mut budget, Time(1_500_000_000)), 3);
        assert_eq!(spent(&mut budget, Time(u64::MAX)), 10, "no more is saved up");
    }
}
