//! What the faults of a run did.

use crate::Text;
use crate::run::Run;
use simlab_core::{FaultId, FaultKind, Time};

/// A fault of a run, and what it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultReport {
    /// Its name; one without is called by its number.
    pub name: String,
    /// The kinds of fault that it is.
    pub kinds: Vec<FaultKind>,
    /// When it began.
    pub at: Time,
    /// When it ended; `None` if it outlasted the run.
    pub until: Option<Time>,
    /// How many things it changed ([`World::hits`](simlab_sim::World::hits)).
    pub hits: u64,
    /// What it breaks, if it is outside the fault model of a service.
    pub outside: Option<Text>,
}

/// The faults of a run.
pub(super) fn faults(run: &Run<'_>) -> Vec<FaultReport> {
    let reports = (0..).zip(run.plan.faults()).map(|(number, fault)| FaultReport {
        name: fault.called(number as usize + 1),
        kinds: fault.kinds(),
        at: fault.at,
        until: fault.until,
        hits: run.world.hits(FaultId(number)),
        outside: fault.outside.clone(),
    });
    reports.collect()
}
