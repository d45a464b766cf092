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

pub mod configuration;
pub mod kv;
pub mod log;
pub mod progress;
pub mod sessions;
