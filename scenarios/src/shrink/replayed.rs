//! A counterexample, run once more.

use super::trial::way;
use crate::decisions::departed;
use crate::report::{VariantReport, judge, judge_as};
use crate::run::{Setup, run, run_prepared};
use crate::{Catalogue, Counterexample, Diagnostics, Scenario};
use simlab_sim::Script;

/// What a counterexample shows now.
#[derive(Debug)]
pub struct Replayed<'a> {
    /// The counterexample.
    pub counterexample: &'a Counterexample,
    /// Its run, recorded.
    pub report: VariantReport<'a>,
    /// What fails, in words; `None` if the check does not fail.
    pub detail: Option<String>,
}

impl<'a> Replayed<'a> {
    /// Runs the first variant of a scenario that is a counterexample; `None` if it is none.
    ///
    /// # Errors
    /// If a service refuses its arguments.
    pub fn of(
        scenario: &'a Scenario,
        catalogue: &'a Catalogue,
    ) -> Result<Option<Self>, Diagnostics> {
        let Some(counterexample) = &scenario.counterexample else { return Ok(None) };
        let setup = Setup { scenario, catalogue, variant: 0, seed: scenario.seed, recording: true };
        let report = judge(run(setup)?);
        let detail = way(&report, &counterexample.check).map(|(_, detail)| detail);
        Ok(Some(Replayed { counterexample, report, detail }))
    }

    /// The number of the record that shows that it fails; of what is found at the end, of the last one.
    #[must_use]
    pub fn place(&self) -> u64 {
        self.report.broke(&self.counterexample.check).map_or(self.report.events, |seq| seq.get())
    }

    /// Whether it fails as it did, event for event.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.detail.is_some() && self.report.trace_hash == self.counterexample.trace_hash
    }

    /// Where the run did not ask what the counterexample answers, in words.
    #[must_use]
    pub fn departures(&self) -> Vec<String> {
        let world = &self.report.run.world;
        departed(&world.departures(), world.names())
    }
}

/// Whether a counterexample fails as it says when a script answers some more choices.
pub(crate) fn fails_too(
    scenario: &Scenario,
    catalogue: &Catalogue,
    script: Script,
) -> Result<bool, Diagnostics> {
    let Some(Counterexample { check, .. }) = &scenario.counterexample else { return Ok(false) };
    let setup = Setup { scenario, catalogue, variant: 0, seed: scenario.seed, recording: false };
    let run = run_prepared(setup, |world| world.follow(script))?;
    Ok(way(&judge_as(run, false), check).is_some())
}
