//! **Raft** (Ongaro, "Consensus: Bridging Theory and Practice", Stanford 2014; Ongaro and Ousterhout, USENIX ATC 2014).
//!
//! Its structures, which know nothing of time-outs, messages and disks:
//!
//! | module | noun of the paper |
//! |---|---|
//! | [`log`] | the log, its snapshot's end, what becomes of entries that a leader sends |
//! | [`configuration`] | who votes, what a quorum is, joint consensus, learners |
//! | [`progress`] | what a leader knows of a follower's log |
//! | [`sessions`] | the clients' sessions, by which a write takes effect once |
//! | [`kv`] | the state machine |
//!
//! The node, [`Raft`], is a component: its parent passes on events and is told what is applied. It is one struct, whose
//! methods are spread over the paper's nouns: `election`, `leader`, `follower` (with what is applied), `install`
//! (snapshots), `membership`, `transfer`, `reads`. [`storage`] is its disk, [`message`] its wire, [`config`] has the times
//! and the rules that can be left out.

pub mod config;
pub mod configuration;
pub(crate) mod dissect;
mod election;
mod follower;
mod goals;
pub(crate) mod inspector;
mod install;
mod invariant;
pub mod kv;
mod leader;
pub mod log;
pub mod machine;
mod membership;
pub mod message;
mod node;
mod notes;
mod outputs;
pub mod progress;
mod reads;
pub mod service;
pub mod sessions;
pub mod storage;
pub mod store;
mod switches;
mod tally;
mod transfer;

pub(crate) use invariant::INVARIANTS;
pub use membership::Mode;
pub use node::{Output, Raft, Refused};
pub use reads::ReadMode;
