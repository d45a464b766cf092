//! The one trace event.
//!
//! The kernel is its only writer; checkers, the log, exporters and the debugger all read it. An
//! event is a small fixed head and, for some kinds, a run of bytes.

use crate::{NodeId, OpId, Scope, Seq, Session, Ticket, Time, TimerKey};
use std::fmt;

/// A name in the trace's side table: a file, a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(pub u32);

/// A partition of the network, from its start to its heal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CutId(pub u32);

/// Something that happened, with what led to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceEvent<'a> {
    /// Its number; records are numbered without gaps.
    pub seq: Seq,
    /// When, on the world's clock.
    pub at: Time,
    /// Where; `None` for what concerns the whole world.
    pub node: Option<NodeId>,
    /// The event that led to it: a delivery's is its send, a timer's the setting of it, a send's
    /// the event whose handler sent it.
    pub cause: Option<Seq>,
    /// What happened.
    pub kind: Kind,
    /// Bytes that belong to it, as `kind` says; empty if recording is off and they are not at hand.
    pub bytes: &'a [u8],
}

/// How a file was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteKind {
    /// Bytes were added at its end.
    Append,
    /// It has a new content.
    Replace,
    /// It was cut.
    Truncate,
    /// It is gone.
    Remove,
}

/// Why a datagram was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DropReason {
    /// The link lost it.
    Loss,
    /// The link was cut when it was sent.
    Cut,
    /// The link was cut while it was under way.
    CutInFlight,
    /// It is larger than the link's MTU.
    TooLarge,
    /// The queue in front of the link was full.
    QueueFull,
    /// The receiver was not running.
    ReceiverDown,
    /// There is no link between the two.
    NoLink,
}

impl DropReason {
    /// All reasons, in the order of their declaration.
    pub const ALL: [DropReason; 7] = [
        DropReason::Loss,
        DropReason::Cut,
        DropReason::CutInFlight,
        DropReason::TooLarge,
        DropReason::QueueFull,
        DropReason::ReceiverDown,
        DropReason::NoLink,
    ];

    /// The reason as a word for reports and file formats.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            DropReason::Loss => "loss",
            DropReason::Cut => "cut",
            DropReason::CutInFlight => "cut-in-flight",
            DropReason::TooLarge => "too-large",
            DropReason::QueueFull => "queue-full",
            DropReason::ReceiverDown => "receiver-down",
            DropReason::NoLink => "no-link",
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The node came up for the first time.
    Started,
    /// The node sent a datagram. Bytes: the datagram.
    Sent {
        /// The receiver.
        to: NodeId,
        /// The datagram's number on its link, from 0.
        number: u64,
        /// Its length.
        len: u32,
    },
    /// The node received a datagram. Bytes: as they arrived.
    Delivered {
        /// The sender.
        from: NodeId,
        /// The record of the send.
        datagram: Seq,
    },
    /// A datagram to this node was lost.
    Dropped {
        /// The sender.
        from: NodeId,
        /// The record of the send.
        datagram: Seq,
        /// Why.
        why: DropReason,
    },
    /// A datagram to this node was damaged on its way. Bytes: as they will arrive.
    Corrupted {
        /// The sender.
        from: NodeId,
        /// The record of the send.
        datagram: Seq,
        /// How many bits were flipped.
        flips: u32,
    },
    /// A second copy of a datagram to this node is under way.
    Duplicated {
        /// The sender.
        from: NodeId,
        /// The record of the send.
        datagram: Seq,
    },
    /// A timer was set or moved.
    TimerSet {
        /// The component.
        scope: Scope,
        /// The timer's name.
        key: TimerKey,
        /// When it will fire, on the world's clock.
        due: Time,
    },
    /// A timer that was set is forgotten.
    TimerCancelled {
        /// The component.
        scope: Scope,
        /// The timer's name.
        key: TimerKey,
    },
    /// A timer ran out.
    TimerFired {
        /// The component.
        scope: Scope,
        /// The timer's name.
        key: TimerKey,
    },
    /// A file was changed, not yet durably. Bytes: what was written.
    Wrote {
        /// The file.
        file: NameId,
        /// How.
        how: WriteKind,
        /// The length of what was written, or the new length for a truncation.
        len: u64,
    },
    /// The node asked for a sync.
    SyncAsked {
        /// The ticket that will come back.
        ticket: Ticket,
    },
    /// A sync ended.
    Synced {
        /// The ticket given when it was asked for.
        ticket: Ticket,
        /// Whether what was written before it is durable now.
        ok: bool,
    },
    /// The crash took writes that were not durable.
    LostOnCrash {
        /// How many.
        writes: u32,
    },
    /// The node stopped without warning.
    Crashed,
    /// The node came up again.
    Restarted,
    /// The node stopped of its own accord, for good.
    Halted,
    /// Links were cut. Bytes: the shape of the cut, in words.
    Cut {
        /// The cut.
        cut: CutId,
    },
    /// The links of a cut work again. Bytes: its shape, in words.
    Healed {
        /// The cut.
        cut: CutId,
    },
    /// The node got an order from outside. Bytes: the order.
    Commanded,
    /// An order from outside came while the node was down, and was not heard. Bytes: the order.
    Unheard,
    /// A client operation began. Bytes: the encoded [`Operation`](crate::Operation).
    Invoked {
        /// The operation.
        op: OpId,
        /// Its logical thread.
        session: Session,
    },
    /// A client operation ended. Bytes: the encoded [`Outcome`](crate::Outcome).
    Returned {
        /// The operation.
        op: OpId,
    },
    /// A remark by the node's process. Bytes: the same in words, if it has any.
    Noted {
        /// What it says.
        name: &'static str,
        /// A first number, as `name` defines it.
        a: u64,
        /// A second number.
        b: u64,
    },
    /// A limit, a panic or a checker's objection. Bytes: what is wrong, in words.
    Found {
        /// The limit, the checker, or `panic`.
        name: &'static str,
    },
}

impl Kind {
    /// Every kind's name as [`Kind::name`] gives it, in the order of their declaration.
    pub const NAMES: [&'static str; 24] = [
        "start",
        "send",
        "deliver",
        "drop",
        "corrupt",
        "duplicate",
        "timer-set",
        "timer-cancel",
        "timer",
        "write",
        "sync",
        "synced",
        "lost",
        "crash",
        "restart",
        "halt",
        "cut",
        "heal",
        "command",
        "invoke",
        "return",
        "note",
        "violation",
        "unheard",
    ];

    /// The kind as a number, fixed for hashes and file formats.
    #[must_use]
    pub const fn code(&self) -> u8 {
        match self {
            Kind::Started => 0,
            Kind::Sent { .. } => 1,
            Kind::Delivered { .. } => 2,
            Kind::Dropped { .. } => 3,
            Kind::Corrupted { .. } => 4,
            Kind::Duplicated { .. } => 5,
            Kind::TimerSet { .. } => 6,
            Kind::TimerCancelled { .. } => 7,
            Kind::TimerFired { .. } => 8,
            Kind::Wrote { .. } => 9,
            Kind::SyncAsked { .. } => 10,
            Kind::Synced { .. } => 11,
            Kind::LostOnCrash { .. } => 12,
            Kind::Crashed => 13,
            Kind::Restarted => 14,
            Kind::Halted => 15,
            Kind::Cut { .. } => 16,
            Kind::Healed { .. } => 17,
            Kind::Commanded => 18,
            Kind::Invoked { .. } => 19,
            Kind::Returned { .. } => 20,
            Kind::Noted { .. } => 21,
            Kind::Found { .. } => 22,
            Kind::Unheard => 23,
        }
    }

    /// The kind as a word, for logs and filters.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        Kind::NAMES[self.code() as usize]
    }
}
