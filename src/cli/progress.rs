//! How far a sweep is: a bar on a terminal, and elsewhere, as in the log of a batch job, a line now and
//! then.

use indicatif::{ProgressBar, ProgressStyle};
use simlab_scenarios::sweep::Tally;
use std::io::{IsTerminal, Write as _};
use std::time::Duration;

/// How often a line is written where there is no terminal.
const EVERY: Duration = Duration::from_secs(10);

/// Tells on standard error how far a sweep is. It keeps the wall clock of the sweep too.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    /// Whether what is told are lines.
    lines: bool,
    /// How many seeds there are to run.
    seeds: u128,
    limit: Option<Duration>,
    /// When the next line is due.
    due: Duration,
    /// How many seeds were known before the first was run here.
    before: u128,
}

impl Progress {
    /// Begins a sweep of so many seeds that ends after `limit`, if there is one.
    pub(super) fn new(seeds: u128, limit: Option<Duration>) -> Self {
        let lines = !std::io::stderr().is_terminal();
        let bar = if lines {
            ProgressBar::hidden()
        } else {
            ProgressBar::new(u64::try_from(seeds).unwrap_or(u64::MAX))
        };
        let bar = match ProgressStyle::with_template("{bar:20} {msg}") {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        };
        Progress { bar, lines, seeds, limit, due: EVERY, before: 0 }
    }

    /// Says that so many seeds need not be run.
    pub(super) fn known(&mut self, seeds: u128) {
        self.before = seeds;
    }

    /// How long the sweep has taken.
    pub(super) fn elapsed(&self) -> Duration {
        self.bar.elapsed()
    }

    /// Whether the time is up.
    pub(super) fn is_late(&self) -> bool {
        self.limit.is_some_and(|limit| self.elapsed() >= limit)
    }

    /// Tells what is known so far.
    pub(super) fn tell(&mut self, tally: &Tally) {
        let elapsed = self.elapsed();
        if self.lines && elapsed < self.due {
            return;
        }
        let runs = tally.runs();
        if self.lines {
            self.due = elapsed + EVERY;
            // Nobody who reads it is no reason to stop.
            let _ = writeln!(std::io::stderr(), "{}", self.words(tally, elapsed));
        } else {
            self.bar.set_position(u64::try_from(runs).unwrap_or(u64::MAX));
            self.bar.set_message(self.words(tally, elapsed));
        }
    }

    /// `300 of 20000 seeds, 310 a second, 2 violations, 0 unknown, 64 s left`
    fn words(&self, tally: &Tally, elapsed: Duration) -> String {
        let (runs, all, seconds) = (tally.runs(), self.seeds, elapsed.as_secs_f64());
        let here = runs.saturating_sub(self.before);
        let rate = if seconds > 0.0 { here as f64 / seconds } else { 0.0 };
        let (violated, unknown) = (tally.violated, tally.unknown());
        let mut words = format!(
            "{runs} of {all} seeds, {rate:.0} a second, {violated} violations, {unknown} unknown"
        );
        if let Some(left) = left(all.saturating_sub(runs), rate, self.limit, elapsed) {
            words.push_str(&format!(", {left:.0} s left"));
        }
        words
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// How many seconds are left at this rate, and at most until the limit; `None` if nobody can tell yet.
fn left(seeds: u128, rate: f64, limit: Option<Duration>, elapsed: Duration) -> Option<f64> {
    let work = (rate > 0.0).then(|| seeds as f64 / rate);
    let limit = limit.map(|limit| limit.saturating_sub(elapsed).as_secs_f64());
    match (work, limit) {
        (Some(work), Some(limit)) => Some(work.min(limit)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_the_work_or_the_time_whichever_ends_first() {
        let second = Duration::from_secs(1);
        assert_eq!(left(100, 0.0, None, second), None);
        assert_eq!(left(100, 50.0, None, second), Some(2.0));
        assert_eq!(left(100, 0.0, Some(5 * second), second), Some(4.0));
        assert_eq!(left(100, 50.0, Some(5 * second), second), Some(2.0));
        assert_eq!(left(1_000, 50.0, Some(5 * second), 9 * second), Some(0.0));
    }
}
