//! The faults of a run, drawn once for all who ask.

use super::Setup;
use crate::storm::Options;
use crate::{Fault, Scenario};
use simlab_core::{FaultKind, Time};

/// The faults of a run: those that the scenario schedules, and those that the seed makes of its storm.
/// All variants under one seed have the same.
#[derive(Clone, Debug)]
pub struct FaultPlan {
    /// By the time at which they begin; those of the storm with the kind as which they were drawn.
    faults: Vec<(Option<FaultKind>, Fault)>,
    options: Option<Options>,
    healed: Time,
}

impl FaultPlan {
    /// What a seed makes of a scenario.
    #[must_use]
    pub fn draw(scenario: &Scenario, seed: u64) -> Self {
        let drawn = scenario.draw_storm(seed);
        let (options, storm) = drawn.map(|drawn| (drawn.options, drawn.faults)).unzip();
        let scheduled = scenario.faults.iter().map(|fault| (None, fault.clone()));
        let storm = storm.into_iter().flatten().map(|(kind, fault)| (Some(kind), fault));
        // The run may end sooner than the file says.
        let storm = storm.filter(|(_, fault)| fault.at <= scenario.until);
        let mut faults: Vec<_> = scheduled.chain(storm).collect();
        faults.sort_by_key(|(_, fault)| fault.at);
        let ends = faults.iter().map(|(_, fault)| fault.over(scenario.until));
        let over = scenario.storm.as_ref().map(|storm| storm.until.min(scenario.until));
        let healed = ends.chain(over).max().unwrap_or(Time::ZERO);
        FaultPlan { faults, options, healed }
    }

    /// The faults, by the time at which they begin. The n-th of them is the n-th fault of the world.
    pub fn faults(&self) -> impl ExactSizeIterator<Item = &Fault> {
        self.faults.iter().map(|(_, fault)| fault)
    }

    /// The same; those of the storm with the kind as which they were drawn.
    pub(crate) fn faults_and_kinds(&self) -> &[(Option<FaultKind>, Fault)] {
        &self.faults
    }

    /// What the seed drew for the whole of the storm, if there is one.
    #[must_use]
    pub const fn options(&self) -> Option<&Options> {
        self.options.as_ref()
    }

    /// When the last fault ended, and the storm was over whatever the seed made of it; the start of the
    /// run if there was neither.
    #[must_use]
    pub const fn healed(&self) -> Time {
        self.healed
    }
}

impl Setup<'_> {
    /// The faults of the run, with what the seed drew for them.
    #[must_use]
    pub fn plan(&self) -> FaultPlan {
        FaultPlan::draw(self.scenario, self.seed)
    }

    /// The faults of the run, by the time at which they begin. The n-th of them is the n-th fault of
    /// the world.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.plan().faults.into_iter().map(|(_, fault)| fault).collect()
    }

    /// When the last fault of the run ended ([`FaultPlan::healed`]).
    #[must_use]
    pub fn healed(&self) -> Time {
        self.plan().healed
    }
}
