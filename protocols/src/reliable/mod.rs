//! **Reliable transport**: every message once and in order, over links that lose, double and reorder.
//!
//! ```text
//!  sender                                receiver
//!    │ ── data 0 ────────────────────────▶ │ passes it on
//!    │ ── data 1 ────────────✗             │
//!    │ ── data 2 ────────────────────────▶ │ keeps it: 1 is missing
//!    │ ◀────────────── ack: next 1, has 2 ─│
//!    │   … no answer in time …             │
//!    │ ── data 1 ────────────────────────▶ │ passes 1 and 2 on
//!    │ ◀────────────────────── ack: next 3 │
//! ```
//!
//! * **Numbers and acknowledgements**: cumulative and selective (RFC 2018), alone or behind data that goes
//!   the other way (`ack_delay`). A *window* of messages may be under way; of one it is stop-and-wait.
//! * **Time-outs** after RFC 6298 with Karn's rule ([`rtt`]), with back-off ([`backoff`]) and, if asked for, a
//!   retry budget ([`budget`]). What three later messages have overtaken is sent again at once (RFC 6675).
//! * **Flow control**: the receiver says how many messages it takes.
//! * **Incarnations**: a connection is between a *life* of one node and a life of another
//!   ([`Env::life`]). Nothing is sent before the other has said which life it is in (one round trip, once), and
//!   what is of another life is refused. When a peer has restarted, what was sent to its earlier life
//!   and not acknowledged is given up: it may have been passed on there.
//!
//! So a message is passed on at most once, in order, without gaps, and exactly once if neither end restarts
//! and the network lets something through now and then. What a link *damages* this layer does not see:
//! put a checksum below it.
//!
//! There is no congestion control: it does not find out what the network can carry. Message numbers have 64 bits
//! and never wrap.

pub mod backoff;
pub mod budget;
mod connection;
mod dissector;
mod invariant;
mod layer;
pub mod receiver;
pub mod rtt;
pub mod segment;
pub mod sender;

pub use connection::{Connection, Counts};
pub use layer::{RELIABLE, Reliable};

use backoff::Backoff;
use budget::Limit;
use receiver::Room;
use rtt::Bounds;
#[allow(unused_imports, reason = "for the documentation")]
use simlab_core::Env;
use simlab_core::{Duration, Switch};

/// How a transport is set up.
#[derive(Clone, Copy, Debug, Hash)]
pub struct Config {
    /// How many messages may be under way to a peer.
    pub window: u64,
    /// What is taken from a peer before its turn.
    pub room: Room,
    /// How many bytes of messages to a peer may wait to be sent.
    pub backlog: usize,
    /// How long an acknowledgement waits for data to go with.
    pub ack_delay: Duration,
    /// What bounds the retransmission time-out.
    pub bounds: Bounds,
    /// Whether the time-out follows the round trip. If not it is always the initial one.
    pub adaptive: bool,
    /// Whether a time-out sends again all that is under way (go-back-N), and not only the first message.
    pub repeat_all: bool,
    /// How much longer to wait each time that nobody answers.
    pub backoff: Backoff,
    /// How much may be sent again.
    pub budget: Option<Limit>,
    /// The switch [`NO_SUPPRESSION`].
    pub duplicates_kept: bool,
    /// The switch [`GAP_ACKNOWLEDGED`].
    pub gap_acknowledged: bool,
    /// The switch [`INCARNATION_UNCHECKED`].
    pub incarnation_unchecked: bool,
    /// The switch [`KARN_IGNORED`].
    pub karn_ignored: bool,
}

/// Every message that arrives is passed on, whether or not it was here before.
pub const NO_SUPPRESSION: Switch = Switch {
    name: "no-duplicate-suppression",
    breaks: "a message that was passed on is not passed on again (Saltzer, Reed, Clark 1984, §2.3)",
    caught_by: "exactly_once_in_order",
};

/// What is missing is acknowledged with what came after it.
pub const GAP_ACKNOWLEDGED: Switch = Switch {
    name: "gap-acknowledged",
    breaks: "a cumulative acknowledgement covers only what has all arrived (RFC 9293 §3.4)",
    caught_by: "exactly_once_in_order",
};

/// Whatever arrives is taken for part of the connection there is.
pub const INCARNATION_UNCHECKED: Switch = Switch {
    name: "incarnation-unchecked",
    breaks: "a segment of an earlier incarnation is refused (RFC 9293 §3.5)",
    caught_by: "exactly_once_in_order",
};

/// The round trip of a message that was sent twice counts from its second transmission.
pub const KARN_IGNORED: Switch = Switch {
    name: "karn-ignored",
    breaks: "no round trip is taken of what was sent more than once (Karn's rule, RFC 6298 §3)",
    caught_by: "rtt_samples",
};
