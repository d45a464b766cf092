//! Running a variant of a scenario.

mod bind;
mod convergence;
mod flap;
mod insight;
mod peel;
mod plan;
mod promised;
mod workload;

pub use bind::build;
pub use convergence::Convergence;
pub use plan::FaultPlan;
pub use workload::{Planned, workload};

use crate::{Catalogue, Diagnostics, Scenario};
use simlab_core::{Dissection, Entry, NodeId};
use simlab_sim::{World, guard};
use std::sync::Arc;

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
    /// What was done to it.
    pub plan: Arc<FaultPlan>,
}

impl Setup<'_> {
    /// What a node runs.
    #[must_use]
    pub fn service(&self, node: NodeId) -> Option<&Entry> {
        let member = self.scenario.variants[self.variant].roster.get(node.index())?;
        self.catalogue.service(member.service)
    }

    /// A datagram in words, as the layers and the service of its receiver read it, or those of its
    /// sender.
    #[must_use]
    pub fn dissect(&self, from: NodeId, to: NodeId, bytes: &[u8]) -> Option<Dissection> {
        [to, from].into_iter().find_map(|node| {
            guard(|| peel::dissect(self, node, bytes)).unwrap_or_else(|caught| {
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
    run_planned(setup, Arc::new(setup.plan()), |_| {})
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
    run_planned(setup, Arc::new(setup.plan()), prepare)
}

/// The same where the plan of the seed is known.
///
/// # Errors
/// If a service refuses the arguments that the scenario gives it.
pub(crate) fn run_planned<'a>(
    setup: Setup<'a>,
    plan: Arc<FaultPlan>,
    prepare: impl FnOnce(&mut World),
) -> Result<Run<'a>, Diagnostics> {
    let mut world = bind::build_planned(setup, &plan)?;
    prepare(&mut world);
    let end = setup.scenario.until;
    let mut convergence = Convergence::new(&setup, plan.healed());
    if convergence.watches() {
        world.run_until(plan.healed().min(end));
        convergence.look(&world);
        while world.step_until(end) {
            convergence.look(&world);
        }
    }
    world.run_until(end);
    Ok(Run { setup, world, convergence, plan })
}
