//! Many seeds of one scenario, in parallel, and what they come to.
//!
//! Threads take the next seed as they get free; what the runs showed is added up in the order of the
//! seeds. So the result does not depend on how many threads there are, and the memory does not depend
//! on how many seeds.

mod goals;
mod in_order;
mod json;
mod results;
mod seeds;
mod shard;
mod tally;

pub use goals::GoalTally;
pub use results::{Header, Replayed, Results, ResultsError, Shards};
pub use seeds::{ParseSeedsError, Seeds};
pub use shard::{ParseShardError, Shard};
pub use tally::{CheckTally, Figures, FindingTally, Tally, VariantTally, Violation};

use crate::report::judge;
use crate::run::{Setup, run_planned};
use crate::{Catalogue, Diagnostics, Goal, Scenario};
use in_order::in_order;
use simlab_sim::guard;
use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;
use tally::Shown;

/// Which runs.
#[derive(Clone, Copy, Debug)]
pub struct Sweep<'a> {
    /// The story.
    pub scenario: &'a Scenario,
    /// What its names mean.
    pub catalogue: &'a Catalogue,
    /// The variants, by index.
    pub variants: &'a [usize],
    /// The seeds.
    pub seeds: Seeds,
    /// Which of them are run here.
    pub shard: Shard,
    /// How many threads; 0 for as many as the machine has cores.
    pub jobs: usize,
}

/// Why a sweep could not be carried out.
#[derive(Debug)]
pub enum SweepError {
    /// A service refuses the arguments that the scenario gives it.
    Refused(Diagnostics),
    /// The machine gives no threads.
    Threads(String),
    /// The results cannot be kept.
    Results(ResultsError),
}

impl fmt::Display for SweepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SweepError::Refused(problems) => f.write_str(problems.render(false).trim_end()),
            SweepError::Threads(why) => write!(f, "no threads to run on: {why}"),
            SweepError::Results(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SweepError {}

impl Sweep<'_> {
    /// What is known before any seed was run.
    #[must_use]
    pub fn begin(&self) -> Tally {
        Tally::new(self)
    }

    /// Runs the seeds. `watch` sees what is known after each of them, and now and then while one
    /// takes long, and says whether to go on; if it does not, the result is that of the seeds so far
    /// ([`Tally::seeds`]).
    ///
    /// # Errors
    /// If a service refuses its arguments, or there are no threads.
    pub fn run(&self, watch: impl FnMut(&Tally) -> bool) -> Result<Tally, SweepError> {
        let mut tally = self.begin();
        self.go_on(&mut tally, None, watch)?;
        Ok(tally)
    }

    /// Runs the seeds that a tally of this sweep does not have yet, and adds what they show to `results`
    /// too, which has just been replayed into that tally. For `watch` see [`Sweep::run`].
    ///
    /// # Errors
    /// If a service refuses its arguments, there are no threads, or the results cannot be written.
    pub fn go_on(
        &self,
        tally: &mut Tally,
        mut results: Option<&mut Results>,
        mut watch: impl FnMut(&Tally) -> bool,
    ) -> Result<(), SweepError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.jobs).build();
        let pool = pool.map_err(|error| SweepError::Threads(error.to_string()))?;
        let (done, all) = (tally.runs(), self.shard.count(self.seeds));
        let Ok(from) = u64::try_from(done) else { return Ok(()) };
        let mut place = done;
        let mut failed = None;
        let mut add = |tally: &mut Tally, shown: Vec<Shown>| {
            if let (Some(results), Some(first)) = (&mut results, shown.first()) {
                results.append(first.seed, &shown).map_err(SweepError::Results)?;
            }
            place += 1;
            tally.add(shown, self.shard.until(self.seeds, place));
            Ok(())
        };
        in_order(
            &pool,
            // The places of the seeds in the shard.
            Seeds { from, to: all },
            |place| self.shard.seed(self.seeds, place.into()).map(|seed| self.one(seed)),
            |shown| {
                let added = match shown.flatten() {
                    Some(Ok(shown)) => add(tally, shown),
                    Some(Err(problems)) => Err(SweepError::Refused(problems)),
                    None => Ok(()),
                };
                match added {
                    Ok(()) => watch(tally),
                    Err(error) => {
                        failed = Some(error);
                        false
                    }
                }
            },
        );
        failed.map_or(Ok(()), Err)
    }

    /// The goals that are asked of these variants.
    fn goals(&self) -> Vec<&Goal> {
        let goals = self.scenario.goals.iter();
        goals.filter(|goal| goal.variants.iter().any(|v| self.variants.contains(v))).collect()
    }

    /// All variants of one seed.
    fn one(&self, seed: u64) -> Result<Vec<Shown>, Diagnostics> {
        let Sweep { scenario, catalogue, .. } = *self;
        let (goals, plan) = (self.goals(), OnceCell::new());
        let variant = |&variant: &usize| {
            let setup = Setup { scenario, catalogue, variant, seed, recording: false };
            // A panic of ours costs its run, and no other.
            guard(|| {
                let plan = plan.get_or_init(|| Arc::new(setup.plan()));
                let run = run_planned(setup, Arc::clone(plan), |_| {})?;
                Ok(Shown::of(seed, &judge(run), &goals))
            })
            .unwrap_or_else(|caught| Ok(Shown::panicked(seed, &caught)))
        };
        self.variants.iter().map(variant).collect()
    }
}
