//! A box under the message: what stands between a service and the network.
//!
//! ```text
//!   service            a message for n2
//!     │ down              ▲ up
//!   reliable           + its number          one layer puts what it needs behind the message,
//!     │                   ▲                   the same layer at the other end takes it off again
//!   crc-32c            + 4 bytes
//!     ▼                   │
//!   network            a datagram
//! ```

use crate::{Digest, Env, Event, Fields, NodeId};
use std::fmt;
use std::hash::{Hash, Hasher};

/// A part of the way between a service and the network: a checksum, a seal, fragments, repetition.
///
/// A layer knows nothing of what is above or below it. What it needs on the wire it puts *behind* the
/// frame, since to append is cheap and to take off again borrows. It runs inside a
/// [`Stack`](crate::Stack), which gives it an [`Env`] of its own: its timers, tickets and files meet
/// nobody else's. It does not send by [`Env::send`], which would pass the layers below it by, but by
/// [`Hops`].
///
/// What comes from the network may be anything: bad input is dropped with a [note](Env::note), and
/// never panics. Deriving `Clone` and `Hash` is all that is needed for [`ErasedLayer`].
pub trait Layer: ErasedLayer + Send {
    /// A frame on its way out to `to`. The layer may change it and let it pass (`true`), or keep it
    /// (`false`). What it lets pass goes before what it puts into `hops`.
    fn down(&mut self, to: NodeId, frame: &mut Vec<u8>, hops: &mut Hops, env: &mut Env<'_>)
    -> bool;

    /// A frame on its way in. The layer returns what the layer above is to get, or `None` if this frame
    /// is not, or not yet, to be passed on. What it passes on goes before what it puts into `hops`.
    fn up<'b>(
        &mut self,
        from: NodeId,
        frame: &'b [u8],
        hops: &mut Hops,
        env: &mut Env<'_>,
    ) -> Option<&'b [u8]>;

    /// The start of the node, a timer or a sync of this layer. Datagrams and commands do not come here.
    fn on_event(&mut self, _event: Event<'_>, _hops: &mut Hops, _env: &mut Env<'_>) {}

    /// Whether all that [`down`](Layer::down) does is to change the frame, in the same way for every
    /// receiver: it lets every frame pass, and asks for nothing. Through layers of which all say so a
    /// broadcast passes once, with one of its receivers for `to`, and stays one.
    fn only_seals(&self) -> bool {
        false
    }

    /// Shows the state to people, checkers and reports.
    fn inspect(&self, _view: &mut Fields) {}
}

/// What forks and exhaustive search need of a layer, for every `Clone + Hash` one.
pub trait ErasedLayer {
    /// A copy that goes on independently.
    fn fork(&self) -> Box<dyn Layer>;
    /// Takes the whole state into `digest`.
    fn digest(&self, digest: &mut Digest);
}

impl<L: Layer + Clone + Hash + 'static> ErasedLayer for L {
    fn fork(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
    fn digest(&self, digest: &mut Digest) {
        self.hash(digest);
    }
}

impl Clone for Box<dyn Layer> {
    fn clone(&self) -> Self {
        (**self).fork()
    }
}

impl Hash for dyn Layer {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut digest = Digest::new();
        self.digest(&mut digest);
        state.write_u64(digest.value());
    }
}

impl fmt::Debug for dyn Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = Fields::new();
        self.inspect(&mut fields);
        write!(f, "{fields}")
    }
}

/// A frame that a layer makes, rather than passes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hop {
    /// To the layer below, on its way to a node.
    Down {
        /// The receiver.
        to: NodeId,
        /// The frame.
        frame: Vec<u8>,
    },
    /// To the layer above, as from a node.
    Up {
        /// The sender.
        from: NodeId,
        /// The frame.
        frame: Vec<u8>,
    },
}

/// The frames that a layer makes while it handles one thing, in order.
#[derive(Clone, Debug, Default)]
pub struct Hops {
    list: Vec<Hop>,
}

impl Hops {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Hops { list: Vec::new() }
    }

    /// Sends a frame to the layer below.
    pub fn down(&mut self, to: NodeId, frame: Vec<u8>) {
        self.list.push(Hop::Down { to, frame });
    }

    /// Passes a frame to the layer above.
    pub fn up(&mut self, from: NodeId, frame: Vec<u8>) {
        self.list.push(Hop::Up { from, frame });
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Takes all of them out, in order.
    pub fn drain(&mut self) -> impl Iterator<Item = Hop> + '_ {
        self.list.drain(..)
    }
}
