//! A byte of truths about each record.

/// It is the first of its step.
pub(super) const FIRST_OF_STEP: u8 = 1;
/// Its step left its node with another state.
pub(super) const STATE_CHANGED: u8 = 2;
/// A datagram of which a copy arrived; of its send.
pub(super) const ARRIVED: u8 = 4;
/// A datagram that led to nothing (its receiver did not change, and did nothing) or was lost like the one before
/// on its link, one of many in a row.
pub(super) const FOLDED: u8 = 8;
/// A datagram that came after one that was sent later on the same link.
pub(super) const LATE: u8 = 16;
/// A datagram that had come before.
pub(super) const AGAIN: u8 = 32;

/// So many of them, one after the other, are many.
pub(super) const MANY: usize = 3;
