//! Many seeds of one scenario, in parallel, and what they come to.
//!
//! Threads take the next seed as they get free; what the runs showed is added up in the order of the
//! seeds. So the result does not depend on how many threads there are, and the memory does not depend
//! on how many seeds.

mod in_order;
mod json;
mod seeds;
mod tally;

pub use seeds::{ParseSeedsError, Seeds};
pub use tally::{CheckTally, Figures, FindingTally, Tally, VariantTally, Violation};

use crate::report::judge;
use crate::run::{Setup, run};
use crate::{Catalogue, Diagnostics, Scenario};
use in_order::in_order;
use simlab_sim::guard;
use std::fmt;
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
}

impl fmt::Display for SweepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SweepError::Refused(problems) => f.write_str(problems.render(false).trim_end()),
            SweepError::Threads(why) => write!(f, "no threads to run on: {why}"),
        }
    }
}

impl std::error::Error for SweepError {}

impl Sweep<'_> {
    /// Runs the seeds. `watch` sees what is known after each of them, and now and then while one
    /// takes long, and says whether to go on; if it does not, the result is that of the seeds so far
    /// ([`Tally::seeds`]).
    ///
    /// # Errors
    /// If a service refuses its arguments, or there are no threads.
    pub fn run(&self, mut watch: impl FnMut(&Tally) -> bool) -> Result<Tally, SweepError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.jobs).build();
        let pool = pool.map_err(|error| SweepError::Threads(error.to_string()))?;
        let mut tally = Tally::new(self);
        let mut refused = None;
        in_order(
            &pool,
            self.seeds,
            |seed| self.one(seed),
            |shown| {
                match shown {
                    Some(Ok(shown)) => tally.add(shown),
                    Some(Err(problems)) => {
                        refused = Some(problems);
                        return false;
                    }
                    None => {}
                }
                watch(&tally)
            },
        );
        refused.map_or(Ok(tally), |problems| Err(SweepError::Refused(problems)))
    }

    /// All variants of one seed.
    fn one(&self, seed: u64) -> Result<Vec<Shown>, Diagnostics> {
        let Sweep { scenario, catalogue, .. } = *self;
        let variant = |&variant: &usize| {
            let setup = Setup { scenario, catalogue, variant, seed, recording: false };
            // A panic of ours costs its run, and no other.
            guard(|| Ok(Shown::of(seed, &judge(run(setup)?))))
                .unwrap_or_else(|caught| Ok(Shown::panicked(seed, &caught)))
        };
        self.variants.iter().map(variant).collect()
    }
}
