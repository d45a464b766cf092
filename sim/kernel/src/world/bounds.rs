//! What a run may use up, as it is used up.

use super::World;
use crate::limits::{Finding, Limits};
use simlab_core::{NodeId, Seq};

impl World {
    /// Whether the run may have hit a limit.
    #[inline]
    pub(super) fn is_over_a_limit(&self) -> bool {
        let Limits { events, virtual_time, queue, records, disk_bytes, .. } = self.limits;
        self.stats.events > events
            || self.now.nanos() > virtual_time.nanos()
            || self.queue.len() + self.waiting > queue
            || self.disk_bytes > disk_bytes
            || self.writer.written() > records
            || self.decisions.attended()
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

    /// Counts an event of a node at one instant. Ends the run if there are too many.
    #[inline]
    pub(super) fn passes_instant_limit(&mut self, id: NodeId, cause: Seq) -> bool {
        let node = &mut self.nodes[id.index()];
        if node.instant != self.now {
            node.instant = self.now;
            node.instant_events = 0;
        }
        node.instant_events += 1;
        let limit = self.limits.events_per_instant;
        if node.instant_events <= limit {
            return true;
        }
        self.instant_is_over(id, cause);
        false
    }

    #[cold]
    fn instant_is_over(&mut self, id: NodeId, cause: Seq) {
        let limit = self.limits.events_per_instant;
        let name = self.names.node(id);
        let detail = format!("{name} handled more than {limit} events without time passing");
        self.find_and_end(Finding::INSTANT, Some(id), Some(cause), &detail);
    }
}
