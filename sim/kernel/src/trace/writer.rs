//! Writing the trace: number, hash, record, and show to the checkers.

use super::{Names, Observer, Payload, Trace};
use crate::limits::Finding;
use crate::panics::guard;
use simlab_core::{
    Checker, Digest, DiskError, Kind, NameId, NodeId, Seq, Time, TraceEvent, View, Violation,
};
use std::num::NonZeroU64;

/// A file's name in the hash: by its text, not by its number.
fn named(file: Option<NameId>, names: &Names) -> u64 {
    file.map_or(0, |file| Digest::of(names.file(file).as_bytes()))
}

/// What is hashed of a send.
const fn sent(to: NodeId, number: u64, len: u32) -> [u64; 3] {
    [to.0 as u64, number, len as u64]
}

/// What is hashed of a copy that came into being, or arrived.
const fn copied(from: NodeId, datagram: Seq) -> [u64; 3] {
    [from.0 as u64, datagram.get(), 0]
}

/// The fixed part of a record to write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) at: Time,
    pub(crate) node: Option<NodeId>,
    pub(crate) cause: Option<Seq>,
    pub(crate) kind: Kind,
}

/// The bytes of a record to write.
#[derive(Debug)]
pub(crate) enum Body<'a> {
    /// None.
    Empty,
    /// These; they are hashed and, when recording, kept.
    Bytes(&'a [u8]),
    /// These, kept when recording, but no part of the hash: words for people, which may name a
    /// line of source.
    Unhashed(&'a [u8]),
    /// A payload that is hashed by its digest and kept once for all records that share it.
    Shared { bytes: &'a [u8], digest: u64, kept: &'a mut Option<Payload> },
    /// A payload that an earlier record has hashed.
    Again { bytes: &'a [u8], kept: Option<Payload> },
}

/// An objection of a checker, to be recorded.
#[derive(Clone, Debug)]
pub(crate) struct Objection {
    pub(crate) checker: &'static str,
    pub(crate) node: Option<NodeId>,
    pub(crate) cause: Option<Seq>,
    pub(crate) detail: String,
    /// The checker itself failed, and the run ends.
    pub(crate) fatal: bool,
}

/// The only writer of the trace.
#[derive(Debug)]
pub(crate) struct Writer {
    next: NonZeroU64,
    hash: Digest,
    recording: Option<Trace>,
    observer: Option<Box<dyn Observer>>,
    checkers: Vec<Box<dyn Checker>>,
    pub(crate) objections: Vec<Objection>,
}

impl Clone for Writer {
    fn clone(&self) -> Self {
        Writer {
            next: self.next,
            hash: self.hash,
            recording: self.recording.clone(),
            // What watches a run does not watch what might have become of it.
            observer: None,
            checkers: self.checkers.iter().map(|c| c.fork()).collect(),
            objections: self.objections.clone(),
        }
    }
}

impl Writer {
    pub(crate) fn new(recording: bool) -> Self {
        Writer {
            next: NonZeroU64::MIN,
            hash: Digest::new(),
            recording: recording.then(Trace::default),
            observer: None,
            checkers: Vec::new(),
            objections: Vec::new(),
        }
    }

    pub(crate) fn observe(&mut self, observer: Box<dyn Observer>) {
        self.observer = Some(observer);
    }

    pub(crate) fn add_checker(&mut self, checker: Box<dyn Checker>) {
        self.checkers.push(checker);
    }

    pub(crate) const fn trace(&self) -> Option<&Trace> {
        self.recording.as_ref()
    }

    /// How many records were written.
    pub(crate) const fn written(&self) -> u64 {
        self.next.get() - 1
    }

    pub(crate) const fn hash(&self) -> u64 {
        self.hash.value()
    }

    /// Whether anyone checks the run as it goes on.
    #[inline]
    pub(crate) const fn has_checkers(&self) -> bool {
        !self.checkers.is_empty()
    }

    /// Whether anyone wants the records themselves, and not only their hash.
    #[inline]
    pub(crate) const fn attended(&self) -> bool {
        self.recording.is_some() || self.observer.is_some() || !self.checkers.is_empty()
    }

    /// Writes a record about a datagram, of which nobody wants more than the hash.
    #[inline(always)]
    pub(crate) fn pass(&mut self, head: Head, digest: Option<u64>) -> Seq {
        let seq = Seq(self.next);
        self.next = self.next.checked_add(1).expect("a run has fewer than 2^64 records");
        let words = match head.kind {
            Kind::Sent { to, number, len } => sent(to, number, len),
            Kind::Delivered { from, datagram } => copied(from, datagram),
            _ => unreachable!("only these are passed"),
        };
        self.hash_words(&head, words);
        if let Some(digest) = digest {
            self.hash.word(digest);
        }
        seq
    }

    #[inline(always)]
    fn hash_words(&mut self, head: &Head, [x, y, z]: [u64; 3]) {
        let node = head.node.map_or(0, |node| u64::from(node.0) + 1);
        let kind = u64::from(head.kind.code()) << 56 | node;
        let cause = head.cause.map_or(0, Seq::get);
        self.hash.block([head.at.nanos(), kind, cause, x, y, z]);
    }

    /// Writes one record.
    pub(crate) fn write(
        &mut self,
        head: Head,
        body: Body<'_>,
        names: &Names,
        view: &dyn View,
    ) -> Seq {
        let seq = Seq(self.next);
        self.next = self.next.checked_add(1).expect("a run has fewer than 2^64 records");
        self.hash_head(&head, names);
        match &body {
            Body::Empty | Body::Unhashed(_) | Body::Again { .. } => {}
            Body::Bytes(bytes) => self.hash.bytes(bytes),
            Body::Shared { digest, .. } => self.hash.word(*digest),
        }
        if self.attended() {
            self.show(seq, head, body, names, view);
        }
        seq
    }

    /// Keeps a record, and shows it to whoever looks on.
    fn show(&mut self, seq: Seq, head: Head, body: Body<'_>, names: &Names, view: &dyn View) {
        let bytes = match body {
            Body::Empty => &[],
            Body::Bytes(b)
            | Body::Unhashed(b)
            | Body::Shared { bytes: b, .. }
            | Body::Again { bytes: b, .. } => b,
        };
        if let Some(trace) = &mut self.recording {
            let payload = match body {
                Body::Empty => None,
                Body::Bytes(bytes) | Body::Unhashed(bytes) => Some(trace.push_bytes(bytes)),
                Body::Shared { bytes, kept, .. } => {
                    Some(*kept.get_or_insert_with(|| trace.push_bytes(bytes)))
                }
                Body::Again { bytes, kept } => {
                    Some(kept.unwrap_or_else(|| trace.push_bytes(bytes)))
                }
            };
            let Head { at, node, cause, kind } = head;
            match (kind, node, cause, payload) {
                (Kind::Sent { to, number, len }, Some(node), Some(cause), Some(payload))
                    if len as usize == bytes.len() =>
                {
                    trace.push_sent(at, node, cause, to, number, payload);
                }
                (Kind::Delivered { from, datagram }, Some(node), Some(cause), Some(payload)) => {
                    trace.push_delivered(at, node, cause, from, datagram, payload);
                }
                _ => trace.push(at, node, cause, kind, payload),
            }
        }
        if let Some(observer) = &mut self.observer {
            let Head { at, node, cause, kind } = head;
            let event = TraceEvent { seq, at, node, cause, kind, bytes };
            observer.record(&event, names, self.hash.value());
        }
        if !self.checkers.is_empty() && !matches!(head.kind, Kind::Found { .. }) {
            let Head { at, node, cause, kind } = head;
            let event = TraceEvent { seq, at, node, cause, kind, bytes };
            self.ask(node, Some(seq), |checker| checker.on_event(&event, view));
        }
    }

    /// Shows the checkers the world as a handler left it.
    pub(crate) fn after(&mut self, node: NodeId, cause: Seq, view: &dyn View) {
        if !self.checkers.is_empty() {
            self.ask(Some(node), Some(cause), |checker| checker.after(node, cause, view));
        }
    }

    /// Asks every checker. One that panics is dismissed.
    fn ask(
        &mut self,
        node: Option<NodeId>,
        cause: Option<Seq>,
        mut question: impl FnMut(&mut dyn Checker) -> Option<Violation>,
    ) {
        let objections = &mut self.objections;
        self.checkers.retain_mut(|checker| {
            let (name, detail, fatal) = match guard(|| question(&mut **checker)) {
                Ok(None) => return true,
                Ok(Some(violation)) => (checker.name(), violation.detail, false),
                Err(caught) => {
                    let detail = format!("the checker {} panicked: {caught}", checker.name());
                    (Finding::PANIC, detail, true)
                }
            };
            objections.push(Objection { checker: name, node, cause, detail, fatal });
            !fatal
        });
    }

    /// The canonical encoding: the same words on every platform, and no number that is an accident
    /// of how the kernel stores things.
    fn hash_head(&mut self, head: &Head, names: &Names) {
        let words = match head.kind {
            Kind::Started
            | Kind::Crashed
            | Kind::Restarted
            | Kind::Halted
            | Kind::Commanded
            | Kind::Unheard
            | Kind::Paused
            | Kind::Left
            | Kind::Wiped => [0; 3],
            Kind::Sent { to, number, len } => sent(to, number, len),
            Kind::Delivered { from, datagram } | Kind::Duplicated { from, datagram } => {
                copied(from, datagram)
            }
            Kind::Dropped { from, datagram, why } => {
                [u64::from(from.0), datagram.get(), Digest::of(why.name().as_bytes())]
            }
            // What the damage did is in the digest of the payload.
            Kind::Corrupted { from, datagram, damage: _ } => [u64::from(from.0), datagram.get(), 0],
            Kind::TimerSet { scope, key, due } => [u64::from(scope.bits()), key, due.nanos()],
            Kind::TimerCancelled { scope, key } | Kind::TimerFired { scope, key } => {
                [u64::from(scope.bits()), key, 0]
            }
            Kind::Wrote { file, how, at, len } => {
                [named(Some(file), names) ^ at.rotate_left(32), how as u64, len]
            }
            Kind::SyncAsked { ticket, file } => [ticket.0, named(file, names), 0],
            Kind::Synced { ticket, result } => {
                let code = match result {
                    Ok(()) => 1,
                    Err(DiskError::Read) => 2,
                    Err(DiskError::Write) => 3,
                    Err(DiskError::Full) => 4,
                };
                [ticket.0, code, 0]
            }
            Kind::LostOnCrash { lost, torn, kept } => [lost, torn, kept].map(u64::from),
            Kind::Cut { fault }
            | Kind::Healed { fault }
            | Kind::Began { fault }
            | Kind::Ended { fault } => [u64::from(fault.0), 0, 0],
            Kind::Resumed { held } => [u64::from(held), 0, 0],
            Kind::ClockChanged { jump, drift } => [jump.cast_unsigned(), drift.cast_unsigned(), 0],
            Kind::DiskActed { what, file, at } => {
                [Digest::of(what.name().as_bytes()), named(file, names), at]
            }
            Kind::Invoked { op, session } => [op.0, u64::from(session.0), 0],
            Kind::Returned { op } => [op.0, 0, 0],
            Kind::Noted { name, a, b } => [Digest::of(name.as_bytes()), a, b],
            Kind::Found { name } => [Digest::of(name.as_bytes()), 0, 0],
        };
        self.hash_words(head, words);
    }
}
