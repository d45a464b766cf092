//! What runs on a node.

use crate::{Digest, DiskError, Env, Fields, NodeId, Port, Scope, Ticket, TimerKey};
use std::fmt;
use std::hash::Hash;

/// A state machine that a driver feeds with events.
///
/// It reads no clock but [`Env::now`] and [`Env::wall`], draws no randomness but [`Env::random`],
/// and touches nothing outside itself: what it wants done it asks for through [`Env`]. A restart
/// is a new object and then [`Event::Start`]; only the disk survives.
///
/// Handlers return nothing. Bad input becomes a counted note ([`Env::note`]); an `assert!` speaks
/// of the process's own state only.
///
/// Deriving `Clone` and `Hash` is all that is needed for [`Erased`]. Floating point, and maps with
/// random iteration order, do not derive `Hash`, which is welcome.
pub trait Process: Erased + Send {
    /// Handles one event.
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>);

    /// Shows the state to people, checkers and reports, as named fields.
    fn inspect(&self, _view: &mut Fields) {}

    /// The service alone, where this is one that stands on layers: those count frames, so that hardly an
    /// event leaves the whole as it was.
    fn without_layers(&self) -> Option<&dyn Process> {
        None
    }
}

/// What forks and exhaustive search need of a process, for every `Clone + Hash` one.
pub trait Erased {
    /// A copy that goes on independently.
    fn fork(&self) -> Box<dyn Process>;
    /// Takes the whole state into `digest`.
    fn digest(&self, digest: &mut Digest);
}

impl<P: Process + Clone + Hash + 'static> Erased for P {
    fn fork(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
    fn digest(&self, digest: &mut Digest) {
        self.hash(digest);
    }
}

impl fmt::Debug for dyn Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = Fields::new();
        self.inspect(&mut fields);
        write!(f, "{fields}")
    }
}

/// What can happen to a process. A pause, a cut link or a crash is no event: a node must not learn
/// of them but by their effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The node came up, for the first time or again. What it knew before is on its disk.
    Start,
    /// A datagram arrived.
    Datagram {
        /// The sender, as the network knows it.
        from: NodeId,
        /// The bytes, possibly damaged.
        bytes: &'a [u8],
    },
    /// A timer ran out.
    Timer {
        /// The component that set it.
        scope: Scope,
        /// The name it was set under.
        key: TimerKey,
    },
    /// A sync ended: all that was written before it is durable, or it failed.
    Synced {
        /// The component that asked for it.
        scope: Scope,
        /// What [`Env::sync`] returned.
        ticket: Ticket,
        /// On failure the process must assume nothing about what it wrote since the last success.
        result: Result<(), DiskError>,
    },
    /// An order from outside: a line of the story, the debugger, standard input. Clients of the
    /// lab expect an encoded [`Operation`](crate::Operation).
    Command {
        /// The order, in the process's own language.
        bytes: &'a [u8],
    },
}

impl<'a> Event<'a> {
    /// Peels off the outermost port, for a parent that passes events on to its components:
    /// `(Some(port), event as the component sees it)`, or `(None, event)` if it is for the parent.
    ///
    /// A datagram always counts as addressed to a port, since senders below a port put its byte at
    /// the end ([`Env::at`]); a parent that uses ports uses them for all of its datagrams. An empty
    /// datagram has none.
    #[must_use]
    pub fn peel(self) -> (Option<Port>, Event<'a>) {
        match self {
            Event::Datagram { from, bytes } => match bytes.split_last() {
                Some((&port, rest)) => match std::num::NonZeroU8::new(port) {
                    Some(port) => (Some(Port(port)), Event::Datagram { from, bytes: rest }),
                    None => (None, self),
                },
                None => (None, self),
            },
            Event::Timer { scope, key } => match scope.split() {
                Some((port, scope)) => (Some(port), Event::Timer { scope, key }),
                None => (None, self),
            },
            Event::Synced { scope, ticket, result } => match scope.split() {
                Some((port, scope)) => (Some(port), Event::Synced { scope, ticket, result }),
                None => (None, self),
            },
            Event::Start | Event::Command { .. } => (None, self),
        }
    }
}
