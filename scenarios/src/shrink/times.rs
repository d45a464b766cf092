//! Shorter runs, and times that are easy to read.

use super::Shrinker;
use crate::Concrete;
use simlab_core::{Duration, Time};

/// How long a run goes on after it broke.
const AFTERWARDS: Duration = Duration::from_millis(10);

/// Gaps between two things that happen are tried to be no longer than these.
const GAPS: [Duration; 4] = [
    Duration::from_millis(1),
    Duration::from_millis(20),
    Duration::from_millis(200),
    Duration::from_secs(1),
];

/// Times are tried to be multiples of these.
const STEPS: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_millis(100),
    Duration::from_millis(10),
    Duration::from_millis(1),
    Duration::from_micros(100),
    Duration::from_micros(1),
];

impl Shrinker<'_> {
    /// Ends the run earlier: as long after the last thing that happens as it was, or, where nothing that
    /// comes later could mend it, as soon as it broke.
    pub(super) fn sooner_over(&mut self) -> bool {
        let mut changed = self.end_at(self.best.last_event() + self.rest);
        if self.may_end {
            if let Some(broke) = self.seen.at {
                changed |= self.end_at(broke + AFTERWARDS);
            }
            for part in [8, 2] {
                let left = self.best.until.since(self.best.last_event());
                changed |= self.end_at(self.best.last_event() + Duration(left.nanos() / part));
            }
        }
        changed
    }

    fn end_at(&mut self, until: Time) -> bool {
        if until >= self.best.until || until == Time::ZERO {
            return false;
        }
        let mut candidate = self.best.clone();
        candidate.until = until;
        candidate.operations.retain(|planned| planned.at <= until);
        candidate.commands.retain(|command| command.at <= until);
        candidate.faults.retain(|fault| fault.at < until);
        for fault in &mut candidate.faults {
            fault.until = fault.until.map(|end| end.min(until));
        }
        self.accept(candidate)
    }

    /// Lets everything happen sooner: shortens the gaps in which nothing begins or ends.
    pub(super) fn sooner(&mut self) -> bool {
        let mut changed = false;
        let mut at = 0;
        loop {
            let times = times(&self.best);
            let Some(&end) = times.get(at) else { return changed };
            let begin = if at == 0 { Time::ZERO } else { times[at - 1] };
            for gap in GAPS.into_iter().filter(|gap| *gap < end.since(begin)) {
                let by = Duration(end.since(begin).nanos() - gap.nanos());
                let candidate = moved(&self.best, &|time| {
                    if time >= end { Time(time.nanos() - by.nanos()) } else { time }
                });
                if self.accept(candidate) {
                    changed = true;
                    break;
                }
            }
            at += 1;
            if self.exhausted {
                return changed;
            }
        }
    }

    /// Rounds times, all at once and one by one.
    pub(super) fn rounder(&mut self) -> bool {
        let mut changed = false;
        for step in STEPS {
            let candidate = moved(&self.best, &|time| rounded(time, step));
            if self.best_differs(&candidate) && self.accept(candidate) {
                return true;
            }
        }
        for time in times(&self.best) {
            for step in STEPS {
                let to = rounded(time, step);
                let candidate = moved(&self.best, &|other| if other == time { to } else { other });
                if to != time && self.accept(candidate) {
                    changed = true;
                    break;
                }
            }
        }
        changed
    }

    fn best_differs(&self, candidate: &Concrete<'_>) -> bool {
        times(candidate) != times(&self.best)
    }
}

/// When something begins or ends, each moment once.
fn times(concrete: &Concrete<'_>) -> Vec<Time> {
    let operations = concrete.operations.iter().map(|planned| planned.at);
    let commands = concrete.commands.iter().map(|command| command.at);
    let faults = concrete.faults.iter().flat_map(|fault| [Some(fault.at), fault.until]);
    let mut times: Vec<Time> = operations.chain(commands).chain(faults.flatten()).collect();
    times.sort_unstable();
    times.dedup();
    times
}

/// The same with other times, in their order. The run goes on as long after the last of them as it did.
fn moved<'a>(concrete: &Concrete<'a>, to: &dyn Fn(Time) -> Time) -> Concrete<'a> {
    let mut moved = concrete.clone();
    let left = concrete.until.since(concrete.last_event());
    moved.operations.iter_mut().for_each(|planned| planned.at = to(planned.at));
    moved.operations.sort_by_key(|planned| planned.at);
    moved.commands.iter_mut().for_each(|command| command.at = to(command.at));
    moved.commands.sort_by_key(|command| command.at);
    for fault in &mut moved.faults {
        (fault.at, fault.until) = (to(fault.at), fault.until.map(to));
    }
    moved.faults.sort_by_key(|fault| fault.at);
    moved.until = moved.last_event() + left;
    moved
}

/// The nearest multiple of a step.
fn rounded(time: Time, step: Duration) -> Time {
    let half = step.nanos() / 2;
    Time(time.nanos().saturating_add(half) / step.nanos() * step.nanos())
}
