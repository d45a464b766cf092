//! **Authentication and secrecy**: what an adversary on the way can do, and what keeps it from that.
//!
//! ```text
//!   hmac-sha-256     message | tag | number | length of the tag      everybody reads, nobody edits
//!   aead             (sealed message) | tag | number                 nobody reads, nobody edits
//! ```
//!
//! A checksum finds accidents. Who edits a datagram computes it anew, since that needs no secret. These
//! layers know a key that is not on the wire:
//!
//! * **[`HMAC_SHA_256`]** puts a message authentication code behind the frame (HMAC, RFC 2104, with SHA-256 of FIPS
//!   180-4; RFC 4231 has its examples). Of what it is taken: sender, receiver, number, frame.
//! * **[`AEAD`]** seals the frame with ChaCha20-Poly1305 (RFC 8439): it is authentic, and unreadable too. How
//!   long it is, who sends it to whom, and when, is still seen.
//! * **Keys** are per pair of nodes, derived from one key of the scenario ([`keys`]): who holds the key of one
//!   pair can neither read nor forge what others say to each other.
//! * **Numbers** make every frame of a sender to a receiver another one: the sender's life
//!   ([`Env::life`]) in the upper half, so that none comes again after a restart. An AEAD's nonce is made of it,
//!   and must never be used twice under a key (RFC 8439 §4).
//! * **A replay window** ([`window`]) refuses numbers that were here before, as well as those so old that it
//!   cannot tell (RFC 4303 §3.4.3). An authentic frame is as authentic the second time.
//!
//! A frame is judged before its number is: only authentic frames can move the window.
//!
//! What is not here: a *receiver* that restarts has forgotten its window, and takes once more what it took in an
//! earlier life. [`reliable`](crate::reliable) on top refuses that: its segments name the receiver's life, and its
//! handshake asks with a nonce. Nor are keys agreed on, or ever changed, so that whoever learns one can read what
//! was recorded before: that takes a handshake as that of TLS (RFC 8446).

mod aead;
mod hmac;
pub mod keys;
mod numbers;
#[cfg(test)]
mod tests;
pub mod window;

pub use aead::{AEAD, Aead};
pub use hmac::{HMAC_SHA_256, HmacSha256};

use simlab_core::{Arguments, BuildError, Env, Fields, Layered, NodeId, Parameter, ParameterKind};
use simlab_core::{FaultKind, Switch};
use window::{Verdict, Window};

/// Numbers that were here before are passed on.
pub const WINDOW_OFF: Switch = Switch {
    name: "replay-window-off",
    breaks: "what was received before is refused (RFC 4303 §3.4.3)",
    caught_by: "exactly_once_in_order",
};

/// What both layers make of these is a loss, or nothing.
const SHIELDS: &[FaultKind] =
    &[FaultKind::Corrupt, FaultKind::Duplicate, FaultKind::Tamper, FaultKind::Replay];

/// The key of a scenario that gives none.
const KEY: Parameter = Parameter {
    name: "key",
    kind: ParameterKind::Text,
    default: Some("a key that no adversary knows"),
    help: "the secret of all nodes, from which every pair derives its own",
};

const WINDOW: Parameter = Parameter {
    name: "window",
    kind: ParameterKind::Count { min: 0, max: window::SIZE_MAX },
    default: Some("64"),
    help: "of how many of the latest numbers it is known which were here (RFC 4303); 0 refuses none",
};

/// The size of the window that a layer is given; 0 with the switch on.
fn size(arguments: &Arguments<'_>, layer: &Layered) -> u64 {
    if arguments.switched(WINDOW_OFF.name) { 0 } else { layer.count(WINDOW.name) }
}

/// The secret of a layer.
fn secret(layer: &Layered) -> Result<Vec<u8>, BuildError> {
    let key = layer.text(KEY.name);
    if key.is_empty() {
        let message =
            format!("`{}` of `{}` is empty, and everybody knows that", KEY.name, layer.name);
        return Err(BuildError { parameter: Some(KEY.name), message });
    }
    Ok(key.as_bytes().to_vec())
}

/// What did not pass a layer.
#[derive(Clone, Copy, Debug, Default, Hash)]
struct Counts {
    /// Frames of nobody who has the key.
    forged: u64,
    /// Authentic ones that were here before.
    replayed: u64,
    /// Authentic ones that are too old to tell.
    refused: u64,
    /// Frames that were not sent, since there are no numbers left.
    unsent: u64,
}

impl Counts {
    fn forged(&mut self, from: NodeId, env: &mut Env<'_>) {
        self.forged += 1;
        env.note("auth.forged", from.0.into(), self.forged);
    }

    fn unsent(&mut self, to: NodeId, env: &mut Env<'_>) {
        self.unsent += 1;
        env.note("auth.unsent", to.0.into(), self.unsent);
    }

    /// Whether an authentic frame is to be passed on by the window.
    fn fresh(&mut self, window: &mut Window, number: u64, env: &mut Env<'_>) -> bool {
        match window.take(number) {
            Verdict::Fresh => return true,
            Verdict::Seen => {
                self.replayed += 1;
                env.note("auth.replayed", number, self.replayed);
            }
            Verdict::Old => {
                self.refused += 1;
                env.note("auth.refused", number, self.refused);
            }
        }
        false
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("forged", self.forged as i64);
        view.int("replayed", self.replayed as i64);
        view.int("refused", self.refused as i64);
        if self.unsent > 0 {
            view.int("unsent", self.unsent as i64);
        }
    }
}
