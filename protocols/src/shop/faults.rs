//! What the shops and their customers tolerate, and why.
//!
//! **CASPaxos** ([`MAJORITY`]) rests on two facts: two majorities share an acceptor, and no acceptor
//! forgets what it has told (Rystsov 2018, §2.2 and appendix A). Kind by kind:
//!
//! | kinds | safe, since | goes on while |
//! |---|---|---|
//! | cuts of all forms, loss, delay, duplicates, reordering | nothing follows from silence, and a ballot says how old a message is; a second copy of a request is recognised by its number | some majority hears each other in time; what is lost is said again |
//! | crash, pause, slow, leave | what was told is durable before; nobody concludes anything from the time that passed | fewer than half are away at once |
//! | drift, jump | clocks only say when to repeat, and when to give up | always, up to a tenth: a deadline of 1 s by a slow clock still comes before a time-out of 2 s by a fast one |
//! | slow sync | an answer waits for it | a majority of the disks is quick |
//! | write error, full disk | the next sync reports it, and the node halts before anything that waited leaves | as for a crash |
//! | read error, at the start | the node halts: an acceptor that does not know its promises must not answer | as for a crash |
//!
//! Outside: an acceptor's disk that is *wiped*, *rots*, is *written to in the wrong place*, or *lies*
//! about a sync. It forgets a vote and does not know it; the two majorities then share an acceptor
//! that tells them different things. *Leave* is safe for a minority only, in all: a disk that is
//! carried away is a vote that nobody can ask for, and the account of a minority is no account.
//! *Corruption* is outside until links have checksums: a damaged ballot is a ballot.
//!
//! **Raft** ([`REPLICATED`]) rests on the same two facts, and tolerates the same; *leave* is outside, since the model of
//! Raft knows a replacement of nodes instead.
//!
//! **The counters** ([`COUNTERS`]) rest on less: an entry is counted by one node, which never forgets
//! what it has told, and the maximum takes care of everything that links do. Requests are recognised
//! by their numbers, which are written with the entry, so that duplicates and late copies are counted
//! once. Every city works alone, so any number of them may be away, and the others go on. The disk is
//! tolerated as above, and the same is outside. So is *leave*: what a city counted and had not told
//! yet goes with it.
//!
//! **Customers** ([`CUSTOMERS`]) keep nothing but the record, and never ask twice. A crash leaves
//! their operations open, silence makes them unknown, and both are told as such. A disk that they do
//! not use cannot hurt them; it is left out, so that no storm wastes its faults there. A *damaged*
//! answer would go into the record as it is.

use simlab_core::FaultKind as Kind;
use simlab_core::Tolerance::{Any, Minority};
use simlab_core::{FaultModel, Tolerates, tolerates};

/// A tenth; quartz is a thousand times better.
const DRIFT_MAX: u32 = 100_000_000;

/// What `shop-caspaxos` tolerates.
pub(super) const MAJORITY: FaultModel = FaultModel {
    summary: "safe whatever links, clocks and crashes do while disks keep what they say they keep; \
              goes on while fewer than half of the cities are away",
    tolerates: &[
        tolerates(Kind::Cut, Minority),
        tolerates(Kind::OneWay, Minority),
        tolerates(Kind::Bridge, Minority),
        tolerates(Kind::Flap, Minority),
        tolerates(Kind::Loss, Any),
        tolerates(Kind::Delay, Minority),
        tolerates(Kind::Duplicate, Any),
        tolerates(Kind::Reorder, Any),
        tolerates(Kind::Crash, Minority),
        tolerates(Kind::Pause, Minority),
        tolerates(Kind::Slow, Minority),
        tolerates(Kind::Drift, Any),
        tolerates(Kind::Jump, Any),
        tolerates(Kind::SlowSync, Minority),
        tolerates(Kind::WriteError, Minority),
        tolerates(Kind::ReadError, Minority),
        tolerates(Kind::FullDisk, Minority),
        Tolerates { kind: Kind::Leave, safety: Minority, liveness: Minority },
    ],
    drift_max: DRIFT_MAX,
};

/// What `shop-raft` tolerates: what Raft does. Deadlines come before time-outs with a drift of a fifth, too.
pub(super) const REPLICATED: FaultModel = FaultModel {
    summary: "safe whatever links, clocks and crashes do while disks keep what they say they keep; \
              goes on while fewer than half of the cities are away, once the others have a leader",
    ..crate::raft::service::FAULTS
};

/// What `shop-pn-counter` and `shop-escrow` tolerate.
pub(super) const COUNTERS: FaultModel = FaultModel {
    summary: "every city goes on alone whatever links, clocks and crashes do while disks keep what \
              they say they keep",
    tolerates: &[
        tolerates(Kind::Cut, Any),
        tolerates(Kind::OneWay, Any),
        tolerates(Kind::Bridge, Any),
        tolerates(Kind::Flap, Any),
        tolerates(Kind::Loss, Any),
        tolerates(Kind::Delay, Any),
        tolerates(Kind::Duplicate, Any),
        tolerates(Kind::Reorder, Any),
        tolerates(Kind::Crash, Any),
        tolerates(Kind::Pause, Any),
        tolerates(Kind::Slow, Any),
        tolerates(Kind::Drift, Any),
        tolerates(Kind::Jump, Any),
        tolerates(Kind::SlowSync, Any),
        tolerates(Kind::WriteError, Any),
        tolerates(Kind::ReadError, Any),
        tolerates(Kind::FullDisk, Any),
    ],
    drift_max: DRIFT_MAX,
};

/// What `shop-client` tolerates.
pub(super) const CUSTOMERS: FaultModel = FaultModel {
    summary: "records what it was told, whatever links, clocks and crashes do",
    tolerates: &[
        tolerates(Kind::Cut, Any),
        tolerates(Kind::OneWay, Any),
        tolerates(Kind::Bridge, Any),
        tolerates(Kind::Flap, Any),
        tolerates(Kind::Loss, Any),
        tolerates(Kind::Delay, Any),
        tolerates(Kind::Duplicate, Any),
        tolerates(Kind::Reorder, Any),
        tolerates(Kind::Crash, Any),
        tolerates(Kind::Pause, Any),
        tolerates(Kind::Slow, Any),
        tolerates(Kind::Drift, Any),
        tolerates(Kind::Jump, Any),
        tolerates(Kind::Leave, Any),
    ],
    drift_max: DRIFT_MAX,
};
