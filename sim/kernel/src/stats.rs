//! What a run has counted, whether or not it is recorded.

use simlab_core::DropReason;

/// Counters of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Queue entries handled.
    pub events: u64,
    /// Datagrams sent.
    pub sent: u64,
    /// Bytes in them.
    pub bytes_sent: u64,
    /// Datagrams delivered, duplicates included.
    pub delivered: u64,
    /// Second copies that the links made.
    pub duplicated: u64,
    /// Copies that the links damaged.
    pub corrupted: u64,
    /// Copies that an adversary edited.
    pub edited: u64,
    /// Datagrams that an adversary sent again.
    pub replayed: u64,
    /// Datagrams of which an adversary could read 8 bytes of a message or more, each once.
    pub leaked: u64,
    /// How many bytes of messages it could read in them.
    pub leaked_bytes: u64,
    /// Copies delivered after one that was sent later on the same link.
    pub reordered: u64,
    dropped: [u64; DropReason::ALL.len()],
    /// Timers that fired.
    pub timers_fired: u64,
    /// Crashes.
    pub crashes: u64,
    /// Orders from outside that a node did not hear because it was down.
    pub unheard: u64,
}

impl Stats {
    /// Datagrams that were dropped for this reason.
    #[must_use]
    pub const fn dropped(&self, why: DropReason) -> u64 {
        self.dropped[why as usize]
    }

    /// Datagrams that were dropped for any reason.
    #[must_use]
    pub fn dropped_total(&self) -> u64 {
        self.dropped.iter().sum()
    }

    pub(crate) const fn drop_one(&mut self, why: DropReason) {
        self.dropped[why as usize] += 1;
    }
}
