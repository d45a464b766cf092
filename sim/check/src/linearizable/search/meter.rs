//! How much a search has used up.

use crate::linearizable::bound::Bound;

/// So often it is asked whether to give up.
const ASKED_EVERY: u64 = 1_024;

/// Counts the work of a search, and says when it is over.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    bound: Bound,
    work: u64,
    /// What was done since it was asked whether to give up, with what does not count as work.
    unasked: u64,
    over: bool,
}

impl Meter {
    pub(super) const fn new(bound: Bound) -> Self {
        Meter { bound, work: 0, unasked: 0, over: false }
    }

    pub(super) const fn work(&self) -> u64 {
        self.work
    }

    /// So much work was done.
    pub(super) const fn spend(&mut self, work: u64) {
        self.work += work;
        self.unasked += work;
    }

    /// Something took as long as so much work, and is not counted: it differs from object to object.
    pub(super) const fn take_time(&mut self, work: u64) {
        self.unasked = self.unasked.saturating_add(work);
    }

    /// Whether the bound was hit. Once it was it stays so.
    pub(super) fn is_over(&mut self) -> bool {
        if self.unasked >= ASKED_EVERY {
            self.unasked = 0;
            self.over = self.over || self.bound.stopped();
        }
        self.over || self.work > self.bound.configurations
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linearizable::Stop;

    #[test]
    fn it_is_over_when_the_work_is_done_or_somebody_says_so() {
        let mut meter = Meter::new(2.into());
        meter.spend(2);
        assert!(!meter.is_over());
        meter.spend(1);
        assert!(meter.is_over() && meter.work() == 3);

        let stop = Some(Stop::when(|| true));
        let mut meter = Meter::new(Bound { configurations: u64::MAX, stop });
        meter.spend(ASKED_EVERY - 1);
        assert!(!meter.is_over(), "it is not asked all the time");
        meter.take_time(1);
        assert!(meter.is_over() && meter.is_over());
        assert_eq!(meter.work(), ASKED_EVERY - 1);
    }
}
