//! The one trace event.
//!
//! The kernel is its only writer; checkers, the log, exporters and the debugger all read it. An
//! event is a small fixed head and, for some kinds, a run of bytes.

use crate::{DiskError, NodeId, OpId, Scope, Seq, Session, Ticket, Time, TimerKey};
use std::fmt;

/// A name in the trace's side table: a file, a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(pub u32);

/// A fault of the run, from its begin to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FaultId(pub u32);

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

/// What was done to the bits of a datagram. Bits and words are counted from the first one sent; bit 0
/// is the highest of byte 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Damage {
    /// So many bits were flipped, anywhere.
    Flipped {
        /// How many.
        bits: u32,
    },
    /// Bits were flipped within one run, the first and the last of it for certain.
    Burst {
        /// The first bit.
        first: u32,
        /// How many bits the run has.
        len: u32,
    },
    /// Two words of 16 bits changed places.
    Swapped {
        /// One of them.
        first: u32,
        /// The other.
        second: u32,
    },
    /// A run of bytes became zero.
    Zeroed {
        /// The first byte.
        start: u32,
        /// How many bytes the run has.
        len: u32,
    },
    /// Somebody changed a byte, and put right whatever needs no key.
    Edited {
        /// The byte.
        at: u32,
    },
}

/// What a disk did other than it was told, or said other than it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiskAct {
    /// It did not write; the next sync that covers the write fails.
    WriteFailed,
    /// It had no room to write; the next sync that covers the write fails.
    Full,
    /// It wrote to another place than it was told, and says nothing.
    Misdirected,
    /// It said that a sync was done and did nothing.
    Lied,
    /// A bit flipped at rest.
    Rotted,
}

impl DiskAct {
    /// All of them, in the order of their declaration.
    pub const ALL: [DiskAct; 5] =
        [DiskAct::WriteFailed, DiskAct::Full, DiskAct::Misdirected, DiskAct::Lied, DiskAct::Rotted];

    /// The same as words for logs and file formats.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            DiskAct::WriteFailed => "write-failed",
            DiskAct::Full => "full",
            DiskAct::Misdirected => "misdirected",
            DiskAct::Lied => "lied",
            DiskAct::Rotted => "rotted",
        }
    }
}

/// How a file was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteKind {
    /// Bytes were added at its end.
    Append,
    /// Part of it was overwritten.
    WriteAt,
    /// It has a new content.
    Replace,
    /// It was cut.
    Truncate,
    /// It is gone.
    Remove,
    /// It has another name.
    Rename,
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
    /// The receiver had no room for it among those that waited for it.
    BufferFull,
}

impl DropReason {
    /// All reasons, in the order of their declaration.
    pub const ALL: [DropReason; 8] = [
        DropReason::Loss,
        DropReason::Cut,
        DropReason::CutInFlight,
        DropReason::TooLarge,
        DropReason::QueueFull,
        DropReason::ReceiverDown,
        DropReason::NoLink,
        DropReason::BufferFull,
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
            DropReason::BufferFull => "buffer-full",
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
        /// What was done to it.
        damage: Damage,
    },
    /// A second copy of a datagram to this node is under way.
    Duplicated {
        /// The sender.
        from: NodeId,
        /// The record of the send.
        datagram: Seq,
    },
    /// Somebody who has recorded a datagram to this node sends it again.
    Replayed {
        /// The sender, or so it seems.
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
    /// A file was changed, not yet durably. Bytes: what was written; for a rename the new name.
    Wrote {
        /// The file.
        file: NameId,
        /// How.
        how: WriteKind,
        /// Where in the file what was written begins, or the new length for a truncation.
        at: u64,
        /// The length of what was written.
        len: u64,
    },
    /// The node asked for a sync.
    SyncAsked {
        /// The ticket that will come back.
        ticket: Ticket,
        /// The file, if it is for one alone.
        file: Option<NameId>,
    },
    /// The node's process learns that a sync ended.
    Synced {
        /// The ticket given when it was asked for.
        ticket: Ticket,
        /// What the disk said. (A lying disk says that all is well; see [`Kind::DiskActed`].)
        result: Result<(), DiskError>,
    },
    /// The crash met writes that were not durable.
    LostOnCrash {
        /// How many are gone.
        lost: u32,
        /// How many are there in part: some of their sectors are, others are not.
        torn: u32,
        /// How many are there all the same.
        kept: u32,
    },
    /// The node stopped without warning.
    Crashed,
    /// The node came up again.
    Restarted,
    /// The node stopped of its own accord, for good.
    Halted,
    /// Links were cut. Bytes: the shape of the cut, in words.
    Cut {
        /// The fault that cuts them.
        fault: FaultId,
    },
    /// The links of a cut work again. Bytes: its shape, in words.
    Healed {
        /// The fault that is over.
        fault: FaultId,
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
    /// The node stands still: nothing is handled until it goes on.
    Paused,
    /// The node goes on.
    Resumed {
        /// How many events waited for it.
        held: u32,
    },
    /// The node's clocks were changed.
    ClockChanged {
        /// By how many nanoseconds its wall clock jumped.
        jump: i64,
        /// How many nanoseconds its clocks gain in a second from now on.
        drift: i64,
    },
    /// The node left for good.
    Left,
    /// A fault other than a cut began. Bytes: what it does, in words.
    Began {
        /// The fault.
        fault: FaultId,
    },
    /// A fault other than a cut is over. Bytes: what it did, in words.
    Ended {
        /// The fault.
        fault: FaultId,
    },
    /// The node's disk did other than it was told. Its process does not see this record.
    DiskActed {
        /// What it did.
        what: DiskAct,
        /// The file concerned, if it is one.
        file: Option<NameId>,
        /// Where in the file, in bytes; of a bit that flipped, in bits. For a sync, its ticket.
        at: u64,
    },
    /// The node's disk lost everything.
    Wiped,
}

impl Kind {
    /// Every kind's name as [`Kind::name`] gives it, in the order of their declaration.
    pub const NAMES: [&'static str; 33] = [
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
        "pause",
        "resume",
        "clock",
        "leave",
        "fault",
        "fault-end",
        "disk-fault",
        "wipe",
        "replay",
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
            Kind::Paused => 24,
            Kind::Resumed { .. } => 25,
            Kind::ClockChanged { .. } => 26,
            Kind::Left => 27,
            Kind::Began { .. } => 28,
            Kind::Ended { .. } => 29,
            Kind::DiskActed { .. } => 30,
            Kind::Wiped => 31,
            Kind::Replayed { .. } => 32,
        }
    }

    /// The kind as a word, for logs and filters.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        Kind::NAMES[self.code() as usize]
    }
}
