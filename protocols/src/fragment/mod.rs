//! **Fragmentation**: messages longer than what a link takes, in fragments.
//!
//! ```text
//!  sender                                          receiver
//!    │ ── fragment 1 of 3 of message 7 ──────────▶ │ keeps it
//!    │ ── fragment 2 of 3 of message 7 ─────✗      │
//!    │ ── fragment 3 of 3 of message 7 ──────────▶ │ keeps it
//!    │                                             │ … 2 does not come: after `timeout` both are dropped
//!    │ ── message 8, short enough ───────────────▶ │ passes it on
//! ```
//!
//! * **Fragments** say of which message they are, which of how many, and how long the message is
//!   ([`frame`]). All but the last are of one length, so that each says where it belongs. A message that
//!   fits goes in one piece, with one byte behind it.
//! * **Identification**: a message's number has the sender's life ([`Env::life`](simlab_core::Env::life)) in its upper half, so that
//!   fragments of an earlier life are never put together with those of a later one.
//! * **Reassembly** ([`reassembly`]) has a part for each peer, with bounds on its bytes and its partial
//!   messages. Nothing is allocated for what a fragment only speaks of. If a bound is reached the oldest
//!   partial message goes. Whatever a peer sends, it takes no memory that another's messages need.
//! * **Time-out**: a partial message is dropped some time after its first fragment came, and later fragments
//!   do not prolong that (RFC 791 §3.2; RFC 1122 §3.3.2: a fixed one, of 60 s to 120 s).
//! * **Contradictions**: a fragment that was here before is dropped; one that says something else of its
//!   message than those before it, or has other bytes in the same place, ends the message, and nothing
//!   of it is passed on (RFC 5722 §3).
//!
//! Nothing is sent again: of a message one of whose fragments is lost, nothing arrives. With loss p for each
//! datagram, of messages of n fragments 1 − (1 − p)^n are missing; RFC 8085 §3.2 says for that reason that
//! applications should send what fits. What a link *damages* this layer does not see: put a checksum below it.

mod dissector;
pub mod frame;
mod invariant;
mod layer;
pub mod reassembly;

pub use layer::{FRAGMENTS, Fragments};

use reassembly::Limits;
use simlab_core::{Duration, Switch};

/// How the layer is set up.
#[derive(Clone, Copy, Debug, Hash)]
pub struct Config {
    /// How many bytes a frame that goes below has at most, with what this layer puts behind it;
    /// more than [`frame::HEADER`].
    pub mtu: usize,
    /// How long a partial message is kept; longer than no time.
    pub timeout: Duration,
    /// What may wait of a peer's messages.
    pub limits: Limits,
    /// The switch [`WITHOUT_TIMEOUT`].
    pub never_times_out: bool,
}

/// Partial messages stay until they are complete, or there is no room for them.
pub const WITHOUT_TIMEOUT: Switch = Switch {
    name: "reassembly-without-timeout",
    breaks: "what is incomplete after a fixed time is given up (RFC 1122 §3.3.2)",
    caught_by: "no_stale_partial",
};
