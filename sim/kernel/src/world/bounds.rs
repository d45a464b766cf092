//! What a run may use up, as it is used up.

use super::World;
use crate::limits::{Finding, Limits};
use simlab_core::{NodeId, Seq};

impl World {
    /// Whether the run may have hit a limit.
    #[inline(always)]
    pub(super) fn is_over_a_limit(&self) -> bool {
        let Limits { events, virtual_time, queue, records, disk_bytes, .. } = self.alarms;
        self.stats.events > events
            || self.now.nanos() > virtual_time.nanos()
            || self.queue.len() + self.waiting > queue
            || self.disk_bytes > disk_bytes
            || self.writer.written() > records
    }

    /// Sets the numbers at which a closer look is taken: the limits, apart from what nobody keeps.
    pub(super) fn set_alarms(&mut self) {
        self.alarms = self.limits;
        if self.decisions.attended() {
            // What is decided is counted elsewhere.
            self.alarms.events = 0;
        } else if !self.writer.recording() {
            self.alarms.records = u64::MAX;
        }
    }

    /// The limit that the run has hit, if any, and in words.
    #[cold]
    pub(super) fn limit_hit(&self) -> Option<(&'static str, String)> {
        let Limits { events, virtual_time, queue, records, disk_bytes, .. } = self.limits;
        if self.stats.events > events {
            return Some((Finding::EVENTS, format!("more than {events} events")));
        }
        if self.now.nanos() > virtual_time.nanos() {
            let detail = format!("more than {virtual_time} of virtual time");
            return Some((Finding::VIRTUAL_TIME, detail));
        }
        // What waits at a node was due once, and is not done with.
        if self.queue.len() + self.waiting > queue {
            return Some((Finding::QUEUE, format!("more than {queue} things due at once")));
        }
        if self.disk_bytes > disk_bytes {
            let detail = format!("more than {disk_bytes} bytes on disks or on their way there");
            return Some((Finding::DISK, detail));
        }
        let trace = self.writer.trace().map_or(0, |trace| trace.len());
        let decisions = self.decisions.recorded().map_or(0, |all| all.len() as u64);
        if trace.max(decisions) > records {
            return Some((Finding::RECORDS, format!("more than {records} records to keep")));
        }
        None
    }

    /// A node handled too many events at one instant: the run ends.
    #[cold]
    pub(super) fn instant_is_over(&mut self, id: NodeId, cause: Seq) {
        let limit = self.limits.events_per_instant;
        let name = self.names.node(id);
        let detail = format!("{name} handled more than {limit} events without time passing");
        self.find_and_end(Finding::INSTANT, Some(id), Some(cause), &detail);
    }
}
