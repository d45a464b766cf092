//! Coverage goals: what a sweep must have visited, and whether a run did.

use crate::Text;
use crate::report::VariantReport;
use crate::resolve::story::verb;
use simlab_core::history::Record;
use simlab_core::{DropReason, FaultKind, Value};

/// A state that a sweep must have visited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// Its name in reports.
    pub name: String,
    /// What the state is, in a line.
    pub words: Text,
    /// The variants in which it counts, as indices.
    pub variants: Vec<usize>,
    /// Of how many seeds at least it is asked.
    pub seeds_min: u64,
    /// By what a run shows it.
    pub sight: Sight,
}

/// By what a run shows that it was in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// A process said that it reached the goal of this name ([`Env::reached`](simlab_core::Env::reached)).
    Reached(String),
    /// A process left a note of this name.
    Noted(String),
    /// A fault of this kind hit something.
    Hit(FaultKind),
    /// A datagram was dropped for this reason.
    Dropped(DropReason),
    /// An operation ended so.
    Ended {
        /// How.
        how: Ended,
        /// What was asked, as scenarios call it; `None` for anything.
        call: Option<&'static str>,
        /// What it returned; `None` for anything.
        returned: Option<Value>,
    },
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was done.
    Done,
    /// It was certainly not done.
    Refused,
    /// It may have been done or not, or never ended.
    Unknown,
}

impl Ended {
    /// All of them.
    pub const ALL: [Ended; 3] = [Ended::Done, Ended::Refused, Ended::Unknown];

    /// The word for it in scenarios.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Ended::Done => "done",
            Ended::Refused => "refused",
            Ended::Unknown => "unknown",
        }
    }

    fn of(record: &Record) -> Self {
        match (record.result(), record.refused()) {
            (Some(_), _) => Ended::Done,
            (None, true) => Ended::Refused,
            (None, false) => Ended::Unknown,
        }
    }
}

impl Goal {
    /// Whether a run shows it.
    #[must_use]
    pub fn shown(&self, report: &VariantReport<'_>) -> bool {
        self.variants.contains(&report.variant) && self.sight.seen(report)
    }
}

impl Sight {
    fn seen(&self, report: &VariantReport<'_>) -> bool {
        let world = &report.run.world;
        match self {
            Sight::Reached(goal) => world.reached(goal),
            Sight::Noted(name) => world.noted(name),
            Sight::Hit(kind) => {
                report.faults.iter().any(|fault| fault.hits > 0 && fault.kinds.contains(kind))
            }
            Sight::Dropped(why) => world.stats().dropped(*why) > 0,
            Sight::Ended { how, call, returned } => {
                world.history().records().iter().any(|record| {
                    Ended::of(record) == *how
                        && call.is_none_or(|call| verb(&record.operation.call) == call)
                        && returned.as_ref().is_none_or(|value| record.result() == Some(value))
                })
            }
        }
    }
}
