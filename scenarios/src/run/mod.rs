//! Running a variant of a scenario.

mod bind;
mod convergence;
mod flap;
mod promised;
mod workload;

pub use bind::build;
pub use convergence::Convergence;
pub use workload::{Planned, workload};

use crate::storm::Drawn;
use crate::{Catalogue, Diagnostics, Fault, Scenario};
use simlab_core::{Dissection, Entry, FaultKind, NodeId, Time};
use simlab_sim::{World, guard};

/// Which run of a scenario.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// The story.
    pub scenario: &'a Scenario,
    /// What its names mean.
    pub catalogue: &'a Catalogue,
    /// The variant, by index.
    pub variant: usize,
    /// What answers its random choices.
    pub seed: u64,
    /// Whether the trace is kept.
    pub recording: bool,
}

/// A run that is over.
#[derive(Debug)]
pub struct Run<'a> {
    /// Which it was.
    pub setup: Setup<'a>,
    /// The world at its end.
    pub world: World,
    /// When the replicas agreed again after the last fault.
    pub convergence: Convergence,
}

impl Setup<'_> {
    /// The faults of the run, by the time at which they begin. The n-th of them is the n-th fault of
    /// the world.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.faults_and_kinds().into_iter().map(|(_, fault)| fault).collect()
    }

    /// What the seed makes of the scenario's storm, if it has one.
    #[must_use]
    pub fn storm(&self) -> Option<Drawn> {
        self.scenario.draw_storm(self.seed)
    }

    /// The faults of the run; those of the storm with the kind as which they were drawn.
    pub(crate) fn faults_and_kinds(&self) -> Vec<(Option<FaultKind>, Fault)> {
        let scheduled = self.scenario.faults.iter().map(|fault| (None, fault.clone()));
        let storm = self.storm().into_iter().flat_map(|drawn| drawn.faults);
        // The run may end sooner than the file says.
        let storm = storm.filter(|(_, fault)| fault.at <= self.scenario.until);
        let mut all: Vec<_> =
            scheduled.chain(storm.map(|(kind, fault)| (Some(kind), fault))).collect();
        all.sort_by_key(|(_, fault)| fault.at);
        all
    }

    /// When the last fault ended, and the storm was over whatever the seed made of it; the start of the
    /// run if there was neither.
    #[must_use]
    pub fn healed(&self) -> Time {
        let faults = self.faults();
        let ends = faults.iter().map(|fault| fault.over(self.scenario.until));
        let storm = self.scenario.storm.as_ref().map(|storm| storm.until.min(self.scenario.until));
        ends.chain(storm).max().unwrap_or(Time::ZERO)
    }

    /// What a node runs.
    #[must_use]
    pub fn service(&self, node: NodeId) -> Option<&Entry> {
        let member = self.scenario.variants[self.variant].roster.get(node.index())?;
        self.catalogue.service(member.service)
    }

    /// A datagram in words, as the service of its receiver reads it, or that of its sender.
    #[must_use]
    pub fn dissect(&self, from: NodeId, to: NodeId, bytes: &[u8]) -> Option<Dissection> {
        [to, from].iter().find_map(|node| {
            let dissect = self.service(*node)?.dissect?;
            guard(|| dissect(bytes)).unwrap_or_else(|caught| {
                Some(Dissection::new("dissector panicked", format!("dissector panicked: {caught}")))
            })
        })
    }
}

/// Runs a variant to its end.
///
/// # Errors
/// If a service refuses the arguments that the scenario gives it.
pub fn run(setup: Setup<'_>) -> Result<Run<'_>, Diagnostics> {
    run_prepared(setup, |_| {})
}

/// Runs a variant to its end; `prepare` sees the world first, to observe it, to let a script answer
/// its choices, or to write them down.
///
/// # Errors
/// If a service refuses the arguments that the scenario gives it.
pub fn run_prepared<'a>(
    setup: Setup<'a>,
    prepare: impl FnOnce(&mut World),
) -> Result<Run<'a>, Diagnostics> {
    let mut world = build(setup)?;
    prepare(&mut world);
    let end = setup.scenario.until;
    let mut convergence = Convergence::new(&setup);
    if convergence.watches() {
        world.run_until(setup.healed().min(end));
        convergence.look(&world);
        while world.step_until(end) {
            convergence.look(&world);
        }
    }
    world.run_until(end);
    Ok(Run { setup, world, convergence })
}
