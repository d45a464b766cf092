//! How often each kind of fault was drawn, and how often it hit something, over many runs.

use crate::run::Run;
use serde_json::{Map, Value as Json, json};
use simlab_core::{FaultId, FaultKind};
use std::collections::BTreeMap;
use std::fmt;

/// What the storms of some runs came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultFigures {
    /// How many runs had a storm.
    pub runs: u64,
    /// By kind of fault.
    pub kinds: BTreeMap<FaultKind, KindFigures>,
    /// How many runs had so many faults of the storm that hit something.
    hitting: BTreeMap<u64, u64>,
}

/// What the faults of one kind came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindFigures {
    /// In how many runs the seed had it on.
    pub on: u64,
    /// How many faults were drawn.
    pub drawn: u64,
    /// How many of them hit something ([`World::hits`](simlab_sim::World::hits)).
    pub hit: u64,
}

impl FaultFigures {
    /// The figures of one run that is over; nothing if it had no storm.
    #[must_use]
    pub fn of(run: &Run<'_>) -> Self {
        let Some(options) = run.plan.options() else { return FaultFigures::default() };
        let mut kinds: BTreeMap<FaultKind, KindFigures> = BTreeMap::new();
        for kind in &options.off {
            kinds.entry(*kind).or_default();
        }
        for style in &options.on {
            kinds.entry(style.kind).or_default().on += 1;
        }
        let mut hitting = 0;
        for (id, (kind, fault)) in (0..).map(FaultId).zip(run.plan.faults_and_kinds()) {
            let Some(kind) = *kind else { continue };
            // A crash that comes with another fault, to make it matter, is no fault of its own.
            if !fault.kinds().contains(&kind) {
                continue;
            }
            let hit = u64::from(run.world.hits(id) > 0);
            let figures = kinds.entry(kind).or_default();
            figures.drawn += 1;
            figures.hit += hit;
            hitting += hit;
        }
        FaultFigures::of_one(hitting, kinds)
    }

    /// The figures of one run with a storm: how many of its faults hit something, and the kinds.
    pub(crate) fn of_one(hitting: u64, kinds: BTreeMap<FaultKind, KindFigures>) -> Self {
        FaultFigures { runs: 1, kinds, hitting: BTreeMap::from([(hitting, 1)]) }
    }

    /// Of the figures of one run: how many faults hit something; `None` without a storm.
    pub(crate) fn hitting_of_one(&self) -> Option<u64> {
        self.hitting.keys().next().copied()
    }

    /// Adds the figures of other runs.
    pub fn merge(&mut self, other: &FaultFigures) {
        self.runs += other.runs;
        for (kind, more) in &other.kinds {
            let figures = self.kinds.entry(*kind).or_default();
            figures.on += more.on;
            figures.drawn += more.drawn;
            figures.hit += more.hit;
        }
        for (hitting, runs) in &other.hitting {
            *self.hitting.entry(*hitting).or_default() += runs;
        }
    }

    /// How many faults hit something in at least half of the runs; zero without runs.
    #[must_use]
    pub fn median_hitting(&self) -> u64 {
        let mut runs = 0;
        let mut all = self.hitting.iter().rev();
        let median = all.find(|(_, more)| {
            runs += **more;
            runs * 2 >= self.runs
        });
        median.map_or(0, |(hitting, _)| *hitting)
    }

    /// As one JSON object.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let kinds = self.kinds.iter().map(|(kind, figures)| {
            let KindFigures { on, drawn, hit } = figures;
            (kind.name().to_owned(), json!({ "runs_on": on, "drawn": drawn, "hit": hit }))
        });
        json!({
            "runs": self.runs,
            "median_hitting": self.median_hitting(),
            "kinds": kinds.collect::<Map<_, _>>(),
        })
    }
}

/// A table with a line for each kind.
impl fmt::Display for FaultFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (runs, median) = (self.runs, self.median_hitting());
        writeln!(f, "storms of {runs} runs; in the median {median} faults hit something")?;
        writeln!(f, "  {:<12} {:>10} {:>10} {:>10}", "kind", "on in runs", "drawn", "hit")?;
        for (kind, KindFigures { on, drawn, hit }) in &self.kinds {
            writeln!(f, "  {:<12} {on:>10} {drawn:>10} {hit:>10}", kind.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(hitting: u64) -> FaultFigures {
        let crash = KindFigures { on: 1, drawn: hitting + 1, hit: hitting };
        FaultFigures {
            runs: 1,
            kinds: BTreeMap::from([(FaultKind::Crash, crash)]),
            hitting: BTreeMap::from([(hitting, 1)]),
        }
    }

    #[test]
    fn figures_add_up() {
        let mut all = FaultFigures::default();
        assert_eq!(all.median_hitting(), 0);
        for hitting in [7, 0, 5, 3] {
            all.merge(&figures(hitting));
        }
        assert_eq!(all.median_hitting(), 5);
        assert_eq!(all.kinds[&FaultKind::Crash], KindFigures { on: 4, drawn: 19, hit: 15 });
        assert_eq!(
            all.to_string(),
            "storms of 4 runs; in the median 5 faults hit something\n  \
             kind         on in runs      drawn        hit\n  \
             crash                 4         19         15\n"
        );
    }
}
