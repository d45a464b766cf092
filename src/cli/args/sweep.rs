//! The arguments of sweeps.

use super::{Format, file, setting, settle};
use clap::Args;
use simlab_core::Duration;
use simlab_scenarios::shrink::Budget;
use simlab_scenarios::sweep::{Seeds, Shard};
use std::path::PathBuf;

/// Which runs, and how many at a time.
#[derive(Debug, Args)]
pub(in crate::cli) struct SweepArgs {
    /// A scenario file, or the name of a lesson
    pub(in crate::cli) scenario: String,
    /// The seeds, from A to before B
    #[arg(long, value_name = "A..B")]
    pub(in crate::cli) seeds: Seeds,
    /// How many threads [default: as many as the machine has cores]
    #[arg(long, value_name = "N", value_parser = jobs)]
    pub(in crate::cli) jobs: Option<usize>,
    /// Run only this variant; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) variant: Vec<String>,
    /// Change a setting, as for `run`
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    pub(in crate::cli) set: Vec<(String, String)>,
    /// Let services leave out a rule, in every variant that has it; see `simlab list switches`
    #[arg(long, value_name = "NAME")]
    switch: Vec<String>,
    /// Stop at the lowest seed that fails; all lower ones are run
    #[arg(long)]
    pub(in crate::cli) until_failure: bool,
    /// Stop after so much time, as in 10m, but not before the first seed. The report says which seeds it
    /// is of, and is the same as of a sweep of those
    #[arg(long, value_name = "D")]
    pub(in crate::cli) time_limit: Option<Duration>,
    /// Run only the K-th of every N seeds, with K from 1; `simlab merge` makes one report of all N
    #[arg(long, value_name = "K/N")]
    pub(in crate::cli) shard: Option<Shard>,
    /// Add what each seed showed to this file, one a line. If there are results in it already, the sweep
    /// goes on after them
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub(in crate::cli) results: Option<PathBuf>,
    /// Make the first failure of each check in each variant small, and write it as a scenario that stands
    /// alone, with every choice that matters
    #[arg(long)]
    pub(in crate::cli) shrink: bool,
    /// Make the failures of this check alone small (can be given several times)
    #[arg(long, value_name = "CHECK", requires = "shrink")]
    pub(in crate::cli) only: Vec<String>,
    /// How many smaller runs are tried for each of them
    #[arg(long, value_name = "N", default_value_t = Budget::default().candidates, requires = "shrink")]
    pub(in crate::cli) shrink_runs: u64,
    /// The folder for them; no file in it is written over
    #[arg(long, value_name = "DIR", default_value = "counterexamples", requires = "shrink")]
    pub(in crate::cli) out: PathBuf,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(in crate::cli) format: Format,
    /// The language of the title [default: the locale's]
    #[arg(long, value_name = "LANG")]
    pub(in crate::cli) lang: Option<String>,
}

impl SweepArgs {
    /// Makes of the switches the settings that they are.
    pub(in crate::cli) fn settle(&mut self) {
        settle(&mut self.switch, &mut self.set);
    }
}

/// Which results make up a sweep.
#[derive(Debug, Args)]
pub(in crate::cli) struct MergeArgs {
    /// Files that `sweep --results` wrote, of all shards of one sweep
    #[arg(required = true)]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// Report the lowest seed that fails and all lower ones, as `sweep --until-failure`; shards that stopped
    /// for that reason are complete enough
    #[arg(long)]
    pub(in crate::cli) until_failure: bool,
    /// Report the seeds up to the first that is missing, which are those that the report says
    #[arg(long)]
    pub(in crate::cli) partial: bool,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(in crate::cli) format: Format,
    /// The language of the title [default: the locale's]
    #[arg(long, value_name = "LANG")]
    pub(in crate::cli) lang: Option<String>,
}

/// More threads than these help nobody.
const JOBS_MAX: usize = 1_024;

fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs @ 1..=JOBS_MAX) => Ok(jobs),
        _ => Err(format!("expected a whole number from 1 to {JOBS_MAX}")),
    }
}
