//! How many datagrams were sent and lost up to any record.

use simlab_core::{Kind, TraceEvent};
use simlab_sim::Trace;

/// What was counted up to a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Datagrams that were sent.
    pub sent: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Datagrams that were lost, however.
    pub lost: u64,
}

impl Tally {
    fn add(&mut self, event: &TraceEvent<'_>) {
        match event.kind {
            Kind::Sent { len, .. } => {
                self.sent += 1;
                self.bytes += u64::from(len);
            }
            Kind::Dropped { .. } => self.lost += 1,
            _ => {}
        }
    }
}

/// A tally is kept of every so many records; what is between is counted when it is asked for.
const EVERY: u64 = 1_024;

/// The tallies of a trace.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    /// After so many times [`EVERY`] records.
    kept: Vec<Tally>,
    now: Tally,
    records: u64,
}

impl Tallies {
    /// Counts the next record.
    pub(super) fn add(&mut self, event: &TraceEvent<'_>) {
        if self.records.is_multiple_of(EVERY) {
            self.kept.push(self.now);
        }
        self.records += 1;
        self.now.add(event);
    }

    /// What was counted up to this record, itself included.
    pub(super) fn at(&self, trace: &Trace, number: u64) -> Tally {
        let block = number / EVERY;
        let Some(kept) = self.kept.get(block as usize) else { return self.now };
        let mut tally = *kept;
        let rest = trace.iter_from(block * EVERY + 1).take((number - block * EVERY) as usize);
        rest.for_each(|event| tally.add(&event));
        tally
    }
}
