//! A key-value service that is replicated by Raft, who uses it, and who runs it.
//!
//! ```text
//!   raft-client ───put, get …──▶ raft-kv ◀──log──▶ raft-kv …      calls: the lab's RPC; the log: bare datagrams
//!   raft-operator ──change ────▶
//! ```
//!
//! Calls are made at-most-once and parked until the log has decided. What is asked twice, of another node or another life, the
//! sessions know, which are part of the state machine (Ongaro 2014, §6.3): no table of calls could know it after a change of
//! leaders.

mod client;
mod desk;
mod finder;
mod inspector;
mod operator;
mod parameters;
mod script;
mod server;
mod value;

pub use client::CLIENT;
pub use operator::OPERATOR;
pub use server::SERVER;

use crate::rpc::value::Bytes;
use simlab_core::Tolerance::Minority;
use simlab_core::{FaultKind as Kind, FaultModel, Port, Tolerance::Any, Tolerates, tolerates};

/// The port of Raft's own messages.
pub const RAFT: Port = Port::new(3);

crate::service! {
    /// Keys and values that a leader answers for.
    pub service kvs = "raft-kv", versions 1..=1;

    records {
        /// By what a write is known when it comes again.
        Ticket {
            /// The session; 0 for none: then it is done as often as it comes.
            session: u64,
            /// The number of the write in it.
            number: u64,
            /// The client waits for no write below this one any more.
            settled: u64,
        }
        /// Who is in the cluster, as its leader knows.
        Members {
            /// Who votes.
            voters: Vec<u32>,
            /// Who is sent the log.
            learners: Vec<u32>,
            /// Whether that is about to change.
            changing: bool,
        }
    }

    procedures {
        /// Opens a session.
        1 => open() -> u64;
        /// What a key has; by the leader's lease if it may, else after a round of questions.
        2 => get(key: String, lease: bool) -> Option<Bytes>;
        /// Gives a key a value.
        3 => put(ticket: Ticket, key: String, value: Bytes);
        /// Gives a key a value if it has a certain one, or none; whether it had.
        4 => compare_and_set(ticket: Ticket, key: String, expected: Option<Bytes>, value: Bytes) -> bool;
        /// Takes a key away; what it had.
        5 => delete(ticket: Ticket, key: String) -> Option<Bytes>;
        /// Writes something behind what a key has.
        6 => append(ticket: Ticket, key: String, value: Bytes);
        /// Who is in the cluster.
        7 => members() -> Members;
        /// Changes who is in the cluster, by a joint configuration or one voter at a time; ends when it is changed.
        8 => change(voters: Vec<u32>, learners: Vec<u32>, joint: bool);
        /// Gives the leadership to another voter; ends when that has begun.
        9 => transfer(to: u32);
        /// Lets the node that is asked stand for election at once, unless it hears a leader.
        10 => stand();
    }
}

/// Why a call of the service fails, as the code of its failure.
pub(super) mod why {
    /// Another leads, perhaps the one that the message names by its number. Certainly not done.
    pub(in super::super) const NOT_LEADER: i64 = 1;
    /// Not now: too many are waiting, the leader gives way, the cluster changes already. Certainly not done.
    pub(in super::super) const NOT_NOW: i64 = 2;
    /// The leader has lost its place before it knew what becomes of it.
    pub(in super::super) const DEPOSED: i64 = 3;
    /// The session has ended: this copy was not carried out.
    pub(in super::super) const EXPIRED: i64 = 4;
    /// What became of the write is forgotten: the client has said that it knows, or has too many others under way.
    pub(in super::super) const SETTLED: i64 = 5;
    /// The value would be too long. Certainly not done.
    pub(in super::super) const TOO_LONG: i64 = 6;
    /// There is no such configuration, nobody of that number to lead, or no need to stand for election. Certainly not done.
    pub(in super::super) const IMPOSSIBLE: i64 = 7;
    /// What is there is no text, and nothing is appended to it. Certainly not done.
    pub(in super::super) const NO_TEXT: i64 = 8;
}

/// What a cluster of Raft tolerates, and why (Ongaro 2014, §3.1, chapter 6): safe is it whatever links, clocks within
/// their bound and crashes do, while disks keep what they say they keep; it goes on while a majority of the voters does.
/// A copy of a message that links damage is for a checksum.
pub(crate) const FAULTS: FaultModel = FaultModel {
    summary: "safe whatever links and crashes do while disks keep what they say they keep, and clocks drift \
              within the bound of leases; goes on while a majority of the voters does",
    tolerates: &[
        alive(Kind::Cut),
        alive(Kind::OneWay),
        alive(Kind::Bridge),
        alive(Kind::Flap),
        tolerates(Kind::Loss, Any),
        alive(Kind::Delay),
        tolerates(Kind::Duplicate, Any),
        tolerates(Kind::Reorder, Any),
        alive(Kind::Crash),
        alive(Kind::Pause),
        alive(Kind::Slow),
        tolerates(Kind::Drift, Any),
        tolerates(Kind::Jump, Any),
        alive(Kind::SlowSync),
        alive(Kind::WriteError),
        alive(Kind::ReadError),
        alive(Kind::FullDisk),
    ],
    drift_max: DRIFT_MAX,
};

/// A fifth, in parts per billion: what leases are reckoned with unless the parameter `drift` says otherwise.
pub(super) const DRIFT_MAX: u32 = 200_000_000;

/// Safe on any number of nodes, alive on a minority.
const fn alive(kind: Kind) -> Tolerates {
    Tolerates { kind, safety: Any, liveness: Minority }
}
