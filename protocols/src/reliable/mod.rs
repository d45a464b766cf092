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
//!   ([`Env::life`](simlab_core::Env::life)). Nothing is sent before the other has said which life it is in (one
//!   round trip, once for each direction that is used), and what is of another life is refused. When a peer has
//!   restarted, what is under way to its earlier life is given up: it may have been passed on there. What was
//!   not sent yet goes to the new one.
//!
//! # The handshake
//!
//! ```text
//!  sender, life 2                                  receiver, life 5
//!    │ ── hello, nonce 7f3a ─────────────────────────▶ │ answers, and believes nothing
//!    │ ◀───────────── welcome to life 2, nonce 7f3a ── │
//!    │ ── data 0, from life 2 to life 5 ─────────────▶ │ life 2 has heard of life 5: it listens to it
//! ```
//!
//! Old segments arrive late, and somebody may record them and send them again, as often and as late as they like
//! (the old duplicates of RFC 9293 §3.4). A layer below that refuses replays does not know, after a restart, what
//! was here before. What each segment can do then:
//!
//! * An old **hello** is answered, and changes nothing. Who learns from one of a life later than the one that it
//!   talks to asks by a hello of its own, and goes on as before until that is answered.
//! * An old **welcome** is refused, unless it echoes the nonce of the *last* hello; each hello has another one. Only
//!   the last one's answer shows that the receiver was in that life a moment ago. If the round trip is longer
//!   than the time between hellos, that time grows, until an answer comes before the next hello: up to the
//!   longest time-out, which a round trip must not exceed.
//! * Old **data** and **acknowledgements** name both lives. For an earlier life of their receiver, they are answered by a
//!   **reset**, if that could be of use to anybody; from an earlier life of their sender than the one that is
//!   known, they are dropped. Of the lives that there are now, they are duplicates as any others. From a later life
//!   they prove that the earlier one is over, since nobody names a life that it has not heard of; and so does a
//!   reset.
//! * An old **reset** speaks of a life that is over, or is not later than the one that is known.
//!
//! What it does not defend against:
//!
//! * *Forgery*. Who can make up segments can name any life. An authentic layer below keeps them out
//!   ([`auth`](crate::auth)), and a checksum what damage makes up: one damaged segment that names a far later
//!   life is enough to end a conversation until that life has come.
//! * *A restart while the answer to the last hello is on its way.* The message that is then sent (one, since the
//!   new life has not said what it has room for) is given up, as what is under way at any restart is.
//! * *A life that comes twice*. The driver counts lives, and a machine that forgets its count (a disk restored from
//!   a copy) speaks as one of its earlier lives did.
//! * *Delay by replay.* An answer to an earlier hello of this asking is taken for one that came too late: who repeats
//!   one makes the next wait for an answer longer, up to the longest time-out. Answers to any other are nothing.
//! * *Floods*. A hello is answered by one datagram, of 17 bytes, or by two if it names a later life; a stale segment
//!   by one of 9.
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
mod handshake;
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
