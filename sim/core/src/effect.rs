//! What a process asks its driver to do.

use crate::{Duration, NodeId, OpId, Scope, Session, Ticket, TimerKey};

/// A range of bytes in the [`Outbox`] that holds the effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slice {
    start: u32,
    len: u32,
}

/// To whom a datagram goes: a range of the receivers in the [`Outbox`] that holds the effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Receivers {
    start: u32,
    len: u32,
}

/// One wish of a handler. Effects are carried out in order, after the handler returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send a datagram, to one node or to several.
    Send {
        /// The receivers, one at least; a node may send to itself.
        to: Receivers,
        /// The bytes.
        payload: Slice,
    },
    /// Set the timer `key` of `scope`, or move it if it is set.
    SetTimer {
        /// The component.
        scope: Scope,
        /// The timer's name.
        key: TimerKey,
        /// From now, on the node's own clock.
        after: Duration,
    },
    /// Forget the timer `key` of `scope`, if it is set.
    CancelTimer {
        /// The component.
        scope: Scope,
        /// The timer's name.
        key: TimerKey,
    },
    /// Append to a file, which comes to be if need be.
    Append {
        /// The file's name.
        file: Slice,
        /// What to append.
        data: Slice,
    },
    /// Overwrite part of a file, which comes to be, and grows with zeros, if need be.
    WriteAt {
        /// The file's name.
        file: Slice,
        /// Where in the file, in bytes.
        offset: u64,
        /// What to write there.
        data: Slice,
    },
    /// Replace a file's content atomically: after a crash it is the old one or the new one.
    Replace {
        /// The file's name.
        file: Slice,
        /// The new content.
        data: Slice,
    },
    /// Cut a file to its first `len` bytes.
    Truncate {
        /// The file's name.
        file: Slice,
        /// How many bytes stay.
        len: u64,
    },
    /// Remove a file.
    Remove {
        /// The file's name.
        file: Slice,
    },
    /// Give a file another name, atomically; a file that has that name already is replaced.
    Rename {
        /// Its name.
        from: Slice,
        /// Its new name.
        to: Slice,
    },
    /// Make all earlier writes durable, or those of one file, and say so with
    /// [`Event::Synced`](crate::Event::Synced).
    Sync {
        /// The component that asked.
        scope: Scope,
        /// Tickets of a node come back in the order in which they were given.
        ticket: Ticket,
        /// The file; `None` for all of them.
        file: Option<Slice>,
    },
    /// A client operation begins.
    Invoke {
        /// Its id.
        op: OpId,
        /// The logical thread that it belongs to.
        session: Session,
        /// The encoded [`Operation`](crate::Operation).
        operation: Slice,
    },
    /// A client operation ends.
    Complete {
        /// Its id.
        op: OpId,
        /// The encoded [`Outcome`](crate::Outcome).
        outcome: Slice,
    },
    /// A remark for the trace: a change of role, bad input, a rule applied.
    Note {
        /// What it says; the same words always mean the same thing.
        name: &'static str,
        /// A first number, as `name` defines it.
        a: u64,
        /// A second number.
        b: u64,
        /// The same in words, for people; may be empty.
        text: Slice,
    },
    /// A state of the protocol was reached that sweeps are to visit. It leaves no record.
    Reached {
        /// The [goal](crate::Goal)'s name.
        name: &'static str,
    },
    /// Stop this node for good, as after an unrecoverable disk error.
    Halt,
}

/// The effects of one handler and the bytes they refer to. The driver owns it and uses it again.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    effects: Vec<Effect>,
    receivers: Vec<NodeId>,
    bytes: Vec<u8>,
}

impl Outbox {
    /// How many effects one handler may ask for, and how many datagrams it may send.
    pub const EFFECTS_MAX: usize = 2_000_000;
    /// How many bytes one handler may send and write.
    pub const BYTES_MAX: usize = 256 << 20;

    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        Outbox { effects: Vec::new(), receivers: Vec::new(), bytes: Vec::new() }
    }

    /// Drops all effects and keeps the memory.
    pub fn clear(&mut self) {
        self.effects.clear();
        self.receivers.clear();
        self.bytes.clear();
    }

    /// Whether nobody has put anything in.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.effects.is_empty() && self.receivers.is_empty() && self.bytes.is_empty()
    }

    /// The effects, in order.
    #[must_use]
    pub fn effects(&self) -> &[Effect] {
        &self.effects
    }

    /// The receivers of a datagram of this outbox, in order.
    #[must_use]
    pub fn receivers(&self, to: Receivers) -> &[NodeId] {
        let start = to.start as usize;
        &self.receivers[start..start + to.len as usize]
    }

    /// The bytes of a slice of this outbox.
    #[must_use]
    pub fn bytes(&self, slice: Slice) -> &[u8] {
        let start = slice.start as usize;
        &self.bytes[start..start + slice.len as usize]
    }

    /// A slice that was written as text; names of files are.
    #[must_use]
    pub fn text(&self, slice: Slice) -> &str {
        std::str::from_utf8(self.bytes(slice)).expect("file names are written from &str")
    }

    /// Adds an effect.
    ///
    /// # Panics
    /// If one handler asks for more than [`Outbox::EFFECTS_MAX`]: it is in a loop.
    pub fn push(&mut self, effect: Effect) {
        assert!(self.effects.len() < Self::EFFECTS_MAX, "one handler asks for too many effects");
        self.effects.push(effect);
    }

    /// Adds the sending of a payload to each of `to`, if there is any.
    ///
    /// # Panics
    /// If one handler sends to more than [`Outbox::EFFECTS_MAX`].
    pub fn send(&mut self, to: impl IntoIterator<Item = NodeId>, payload: Slice) {
        let start = self.receivers.len();
        self.receivers.extend(to.into_iter().take(Self::EFFECTS_MAX + 1));
        assert!(self.receivers.len() <= Self::EFFECTS_MAX, "one handler sends too many datagrams");
        let to = Receivers { start: start as u32, len: (self.receivers.len() - start) as u32 };
        if to.len > 0 {
            self.push(Effect::Send { to, payload });
        }
    }

    /// Changes the payloads of the datagrams that were asked for since there were `mark` effects. `change`
    /// is given the receivers and the bytes.
    pub(crate) fn reframe(
        &mut self,
        mark: usize,
        frame: &mut Vec<u8>,
        mut change: impl FnMut(&[NodeId], &mut Vec<u8>),
    ) {
        for at in mark..self.effects.len() {
            if let Effect::Send { to, payload } = self.effects[at] {
                frame.clear();
                frame.extend_from_slice(self.bytes(payload));
                change(self.receivers(to), frame);
                let payload = self.write(|bytes| bytes.extend_from_slice(frame));
                self.effects[at] = Effect::Send { to, payload };
            }
        }
    }

    /// Adds an effect of another outbox, with what it refers to.
    pub(crate) fn adopt(&mut self, from: &Outbox, effect: Effect) {
        let mut copy =
            |slice: Slice| self.write(|bytes| bytes.extend_from_slice(from.bytes(slice)));
        let adopted = match effect {
            Effect::Send { to, payload } => {
                let payload = copy(payload);
                return self.send(from.receivers(to).iter().copied(), payload);
            }
            Effect::Append { file, data } => Effect::Append { file: copy(file), data: copy(data) },
            Effect::Replace { file, data } => {
                Effect::Replace { file: copy(file), data: copy(data) }
            }
            Effect::WriteAt { file, offset, data } => {
                Effect::WriteAt { file: copy(file), offset, data: copy(data) }
            }
            Effect::Truncate { file, len } => Effect::Truncate { file: copy(file), len },
            Effect::Rename { from, to } => Effect::Rename { from: copy(from), to: copy(to) },
            Effect::Sync { scope, ticket, file } => {
                Effect::Sync { scope, ticket, file: file.map(copy) }
            }
            Effect::Remove { file } => Effect::Remove { file: copy(file) },
            Effect::Invoke { op, session, operation } => {
                Effect::Invoke { op, session, operation: copy(operation) }
            }
            Effect::Complete { op, outcome } => Effect::Complete { op, outcome: copy(outcome) },
            Effect::Note { name, a, b, text } => Effect::Note { name, a, b, text: copy(text) },
            Effect::SetTimer { .. }
            | Effect::CancelTimer { .. }
            | Effect::Reached { .. }
            | Effect::Halt => effect,
        };
        self.push(adopted);
    }

    /// Lets `fill` append bytes, and names what it appended.
    ///
    /// # Panics
    /// If one handler writes more than [`Outbox::BYTES_MAX`].
    pub fn write(&mut self, fill: impl FnOnce(&mut Vec<u8>)) -> Slice {
        let start = self.bytes.len();
        fill(&mut self.bytes);
        assert!(self.bytes.len() <= Self::BYTES_MAX, "one handler writes too many bytes");
        Slice { start: start as u32, len: (self.bytes.len() - start) as u32 }
    }
}
