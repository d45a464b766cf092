//! Counted work, and the question whether anybody still wants the answer.

use super::Budget;
use crate::words;

/// So many steps cost about as much as making one configuration of a search.
const STEPS: u64 = 64;
/// So many steps lie between two questions whether to stop.
const QUESTION: u64 = 1 << 16;

/// Why a check gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spent {
    /// The limit of counted work was hit.
    Limit(u64),
    /// So many bytes would not have been enough.
    Memory(usize),
    /// Who asked has no more time.
    Stopped,
}

impl Spent {
    /// What stopped the check `of` a model, in one sentence.
    pub(super) fn sentence(self, of: &str) -> String {
        match self {
            Spent::Limit(limit) => {
                let limit = words::count(limit, "configuration");
                format!("the check of {of} did work worth {limit} and was stopped")
            }
            Spent::Memory(bytes) => {
                let room = bytes >> 20;
                format!("the check of {of} took {room} MiB of memory and was stopped")
            }
            Spent::Stopped => format!("the check of {of} was stopped before its end"),
        }
    }
}

/// Counts the work of a check.
pub(super) struct Meter<'a> {
    budget: Budget<'a>,
    limit: u64,
    left: u64,
    until_question: u64,
    stopped: bool,
}

impl<'a> Meter<'a> {
    /// A full one.
    pub(super) fn new(budget: Budget<'a>) -> Self {
        let limit = budget.limits.configurations;
        let left = limit.saturating_mul(STEPS);
        Meter { budget, limit, left, until_question: 0, stopped: false }
    }

    /// Another full one, for work that begins when the verdict is known.
    pub(super) fn again(&self) -> Self {
        Meter { stopped: self.stopped, ..Meter::new(self.budget) }
    }

    /// Takes a share of what is left away, for a part that must not use up all of it.
    pub(super) fn part(&mut self, share: u64) -> Self {
        let left = self.left / share.max(1);
        self.left -= left;
        Meter { left, ..self.again() }
    }

    /// Takes back what a part did not use.
    pub(super) const fn put_back(&mut self, part: &Self) {
        self.left = self.left.saturating_add(part.left);
        self.stopped |= part.stopped;
    }

    /// So many steps are about to be done.
    pub(super) fn steps(&mut self, steps: u64) -> Result<(), Spent> {
        self.until_question = self.until_question.saturating_sub(steps);
        if self.until_question == 0 && !self.stopped {
            self.until_question = QUESTION;
            self.stopped = self.budget.stopped();
        }
        if self.stopped {
            return Err(Spent::Stopped);
        }
        self.left = self.left.checked_sub(steps).ok_or(Spent::Limit(self.limit))?;
        Ok(())
    }

    /// A configuration of so many words is about to be made.
    pub(super) fn configuration(&mut self, words: usize) -> Result<(), Spent> {
        self.steps(STEPS + 4 * words as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Stop};

    #[test]
    fn a_meter_runs_down_to_its_limit() {
        let budget = Budget::of(Limits { configurations: 2 });
        let mut meter = Meter::new(budget);
        assert_eq!(meter.steps(2 * STEPS), Ok(()));
        assert_eq!(meter.steps(1), Err(Spent::Limit(2)));
        assert_eq!(meter.again().steps(1), Ok(()));
        let said = Spent::Limit(2).sentence("causal");
        assert_eq!(said, "the check of causal did work worth 2 configurations and was stopped");
    }

    #[test]
    fn who_has_no_more_time_is_obeyed() {
        let stop = Stop::when(|| true);
        let budget = Budget { stop: Some(&stop), ..Budget::of(Limits::default()) };
        assert_eq!(Meter::new(budget).steps(1), Err(Spent::Stopped));
    }

    #[test]
    fn what_a_part_leaves_is_put_back() {
        let mut meter = Meter::new(Budget::of(Limits { configurations: 4 }));
        let mut part = meter.part(2);
        assert_eq!(part.steps(STEPS), Ok(()));
        assert_eq!(part.steps(2 * STEPS), Err(Spent::Limit(4)));
        meter.put_back(&part);
        assert_eq!(meter.steps(3 * STEPS), Ok(()));
        assert!(meter.steps(1).is_err());
    }
}
