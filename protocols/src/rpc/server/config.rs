//! How a server is set up.

use super::table::Limits;
use crate::rpc::govern::bucket::Rate;
use crate::rpc::govern::shed::Control;
use simlab_core::{Duration, Switch};

/// How calls are executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// The newest version of the service that is spoken, if a newer one is known.
    pub newest: u16,
    /// How many calls are executed at a time.
    pub workers: usize,
    /// How many wait for a worker; more are refused.
    pub queue: usize,
    /// Which of those that wait are refused because of how long they have waited, if any.
    pub shed: Option<Control>,
    /// How often each caller may call, if that is bounded.
    pub rate: Option<Rate>,
    /// What the duplicate table remembers.
    pub limits: Limits,
    /// Whether it survives a restart.
    pub durable: bool,
    /// How often a caller is told that its call is worked at, if at all.
    pub working: Option<Duration>,
    /// How long the journal gets before it is replaced by a snapshot.
    pub journal_max: usize,
    /// Whether the steps of a call are noted.
    pub steps: bool,
    /// Whether it is noted that a call is executed, even if its other steps are not: checks of nested calls see that.
    pub executions: bool,
    /// The switch [`TABLE_IN_MEMORY`].
    pub table_in_memory: bool,
    /// The switch [`SEPARATE_SYNCS`].
    pub separate_syncs: bool,
    /// The switch [`NO_DEADLINE_PASSED_ON`].
    pub deadline_kept: bool,
}

impl Config {
    /// A server that writes nothing down, with room for what comes, of which nothing but these limits matters.
    #[must_use]
    pub const fn in_memory(limits: Limits) -> Self {
        Config {
            newest: u16::MAX,
            workers: 1,
            queue: 1 << 16,
            shed: None,
            rate: None,
            limits,
            durable: false,
            working: None,
            journal_max: 1 << 16,
            steps: true,
            executions: true,
            table_in_memory: false,
            separate_syncs: false,
            deadline_kept: false,
        }
    }

    /// The same for a service that takes each call down in the event that it comes in, and answers later: nobody waits for
    /// a worker, and how many may wait is the service's own affair.
    #[must_use]
    pub const fn taking_down(limits: Limits) -> Self {
        Config {
            workers: usize::MAX,
            queue: 0,
            steps: false,
            executions: false,
            ..Config::in_memory(limits)
        }
    }
}

/// The table is not written down, and said to be.
pub const TABLE_IN_MEMORY: Switch = Switch {
    name: "rpc-table-in-memory",
    breaks: "what is known of completed calls survives a restart (Lee et al. 2015, §3)",
    caught_by: "effects_once",
};

/// What a call has done is durable before it is durable that it has done it.
pub const SEPARATE_SYNCS: Switch = Switch {
    name: "rpc-separate-syncs",
    breaks: "a call and the record that it was executed become durable together (Lee et al. 2015, §3)",
    caught_by: "effects_once",
};

/// Nested calls have all the time that there is.
pub const NO_DEADLINE_PASSED_ON: Switch = Switch {
    name: "rpc-deadline-not-passed-on",
    breaks: "a nested call has no later deadline than what it is made for (Beyer et al. 2016, §22)",
    caught_by: "no_work_past_deadline",
};
