//! Limits on everything that can grow, and what is found when a run goes wrong.

use simlab_core::{Duration, NodeId, Seq, Time};
use std::fmt;

/// What a run may use up. Each limit that is hit becomes a [`Finding`] and ends the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many events (queue entries handled) a run may have.
    pub events: u64,
    /// How much virtual time may pass.
    pub virtual_time: Duration,
    /// How many bytes of datagrams may be under way at once; each counts for 64 more than it has.
    pub in_flight_bytes: u64,
    /// How many events one node may handle without time passing.
    pub events_per_instant: u32,
    /// How many things may be due at once: arrivals, timers, syncs, the story, and what was due and
    /// waits for its node.
    pub queue: usize,
    /// How many records a trace that is kept may have, and how many choices may be written down.
    pub records: u64,
    /// How many bytes the files of all nodes may have, with what is on its way to their disks.
    pub disk_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            events: 20_000_000,
            virtual_time: Duration::from_secs(365 * 24 * 3_600),
            in_flight_bytes: 1 << 30,
            events_per_instant: 100_000,
            queue: 20_000_000,
            records: 30_000_000,
            disk_bytes: 1 << 30,
        }
    }
}

/// Something that ought not to happen, whatever the scenario expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The name of the limit or of the checker, or [`Finding::PANIC`] or [`Finding::HISTORY`].
    pub name: &'static str,
    /// The trace record that says so.
    pub seq: Seq,
    /// When.
    pub at: Time,
    /// Where, if it concerns one node.
    pub node: Option<NodeId>,
    /// What is wrong, in one sentence.
    pub detail: String,
}

impl Finding {
    /// A process panicked.
    pub const PANIC: &'static str = "panic";
    /// A client recorded an impossible history.
    pub const HISTORY: &'static str = "history";
    /// [`Limits::events`] was hit.
    pub const EVENTS: &'static str = "limit-events";
    /// [`Limits::virtual_time`] was hit.
    pub const VIRTUAL_TIME: &'static str = "limit-virtual-time";
    /// [`Limits::in_flight_bytes`] was hit.
    pub const IN_FLIGHT: &'static str = "limit-in-flight-bytes";
    /// [`Limits::queue`] was hit.
    pub const QUEUE: &'static str = "limit-queue";
    /// [`Limits::disk_bytes`] was hit.
    pub const DISK: &'static str = "limit-disk-bytes";
    /// [`Limits::records`] was hit.
    pub const RECORDS: &'static str = "limit-records";
    /// [`Limits::events_per_instant`] was hit.
    pub const INSTANT: &'static str = "limit-events-per-instant";
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} ({}): {}", self.name, self.at, self.seq, self.detail)
    }
}
