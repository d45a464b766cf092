//! What a sweep over the shops must have visited.
//!
//! How many seeds a goal wants is as in [`goals`].

use crate::caspaxos::goals;
use simlab_core::Goal;

/// A second copy of a request was ignored.
pub(super) const SECOND_COPY: Goal = Goal::new(
    "second-copy-ignored",
    "a second copy of a request was recognised, and not carried out again",
)
.seeds_min(150);

/// A change found itself in the ledger already.
pub(super) const APPLIED_BEFORE: Goal =
    Goal::new("applied-before", "a change was tried again, and found itself in the ledger already")
        .seeds_min(150);

/// A merge taught an entry, from the node that counts it.
pub(super) const LEARNT: Goal =
    Goal::new("merge-taught-something", "a merge taught a replica what another had counted")
        .seeds_min(25);

/// A merge taught an entry, from another node than the one that counts it.
pub(super) const RELAYED: Goal = Goal::new(
    "merge-taught-by-a-third",
    "a merge taught a replica what another had counted, and not from that one",
)
.seeds_min(25);

/// A merge met an entry that is older than the known one.
pub(super) const OLD_NEWS: Goal =
    Goal::new("merge-met-old-news", "a merge met less than was known, and took nothing back")
        .seeds_min(25);

/// A replica restarted with its own sales.
pub(super) const RESTARTED: Goal = Goal::new(
    "restarted-with-own-entry",
    "a replica restarted from its disk with what it had counted itself",
)
.seeds_min(50);

/// A sale was refused for want of an own share.
pub(super) const SHARE_USED_UP: Goal =
    Goal::new("share-used-up", "a sale was refused although all cities together had enough")
        .seeds_min(100);

/// An operation ended unknown.
pub(super) const TIMED_OUT: Goal =
    Goal::new("timed-out", "an operation had no answer in time and ended unknown").seeds_min(25);

/// The answer came after that.
pub(super) const TOO_LATE: Goal = Goal::new(
    "done-but-too-late",
    "what had ended unknown was done after all, and its answer came too late",
)
.seeds_min(500);

/// The goals of `shop-caspaxos`.
pub(super) const CASPAXOS: &[Goal] = &[
    goals::FINISHED,
    goals::OUTBID,
    goals::READ_COMPLETED,
    goals::READ_ASKED,
    goals::KEPT_PROMISE,
    goals::KEPT_VOTE,
    APPLIED_BEFORE,
    SECOND_COPY,
];

/// The goals of `shop-pn-counter`.
pub(super) const COUNTERS: &[Goal] = &[LEARNT, RELAYED, OLD_NEWS, RESTARTED, SECOND_COPY];

/// The goals of `shop-escrow`.
pub(super) const ESCROW: &[Goal] =
    &[LEARNT, RELAYED, OLD_NEWS, RESTARTED, SECOND_COPY, SHARE_USED_UP];

/// The goals of a customer.
pub(super) const CUSTOMERS: &[Goal] = &[TIMED_OUT, TOO_LATE];
