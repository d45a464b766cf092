//! Writing the trace: number, hash, record, and show to the checkers.

use super::{Names, Observer, Payload, Trace};
use crate::limits::Finding;
use crate::panics::guard;
use simlab_core::{
    Checker, Digest, DiskError, Interest, Kind, NameId, NodeId, Seq, Time, TraceEvent, View,
    Violation,
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

/// The number after this one.
#[inline(always)]
const fn after(seq: Seq) -> NonZeroU64 {
    seq.0.checked_add(1).expect("a run has fewer than 2^64 records")
}

/// The codes of the kinds that are written most.
const SENT: u8 = Kind::Sent { to: NodeId(0), number: 0, len: 0 }.code();
const DELIVERED: u8 = Kind::Delivered { from: NodeId(0), datagram: Seq(NonZeroU64::MIN) }.code();

#[inline(always)]
fn hash_words(
    hash: &mut Digest,
    (at, node, cause): (Time, Option<NodeId>, Option<Seq>),
    code: u8,
    [x, y, z]: [u64; 3],
) {
    let node = node.map_or(0, |node| u64::from(node.0) + 1);
    let kind = u64::from(code) << 56 | node;
    hash.block([at.nanos(), kind, cause.map_or(0, Seq::get), x, y, z]);
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

/// A checker, and what it judges.
#[derive(Debug)]
struct Watching {
    checker: Box<dyn Checker>,
    interest: Interest,
}

impl Clone for Watching {
    fn clone(&self) -> Self {
        Watching { checker: self.checker.fork(), interest: self.interest }
    }
}

/// The only writer of the trace.
#[derive(Debug)]
pub(crate) struct Writer {
    next: NonZeroU64,
    hash: Digest,
    recording: Option<Trace>,
    observer: Option<Box<dyn Observer>>,
    checkers: Vec<Watching>,
    /// What at least one of them judges.
    interest: Interest,
    pub(crate) objections: Vec<Objection>,
}

/// Writes what one handler sends. What changes with every record is at hand, and put back in the end.
#[derive(Debug)]
pub(crate) struct Pen<'a> {
    at: Time,
    from: NodeId,
    cause: Seq,
    kept: Option<Payload>,
    /// Whether the next send may be written as one more of a broadcast.
    goes_on: bool,
    hash: Digest,
    next: NonZeroU64,
    writer: &'a mut Writer,
}

impl Pen<'_> {
    /// Writes that a datagram was sent.
    #[inline(always)]
    pub(crate) fn sent(&mut self, to: NodeId, number: u64, len: u32, digest: u64) -> Seq {
        let seq = Seq(self.next);
        self.next = after(seq);
        let head = (self.at, Some(self.from), Some(self.cause));
        hash_words(&mut self.hash, head, SENT, sent(to, number, len));
        self.hash.word(digest);
        if let Some(trace) = &mut self.writer.recording {
            // Those after the first are mostly as the one before.
            if !self.goes_on || !trace.push_next(to, number) {
                let kept = self.kept.expect("a payload is kept before it is sent");
                self.goes_on = trace.push_sent(self.at, self.from, self.cause, to, number, kept);
            }
        }
        seq
    }

    /// Puts it down.
    #[inline(always)]
    pub(crate) fn done(self) {
        self.writer.hash = self.hash;
        self.writer.next = self.next;
    }
}

impl Clone for Writer {
    fn clone(&self) -> Self {
        Writer {
            next: self.next,
            hash: self.hash,
            recording: self.recording.clone(),
            // What watches a run does not watch what might have become of it.
            observer: None,
            checkers: self.checkers.clone(),
            interest: self.interest,
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
            interest: Interest::NONE,
            objections: Vec::new(),
        }
    }

    /// Keeps no trace any more, and gives up the one that was kept.
    pub(crate) fn forget(&mut self) {
        self.recording = None;
    }

    pub(crate) fn observe(&mut self, observer: Box<dyn Observer>) {
        self.observer = Some(observer);
    }

    pub(crate) fn add_checker(&mut self, checker: Box<dyn Checker>) {
        let interest = checker.interest();
        self.checkers.push(Watching { checker, interest });
        self.interest = self.interest.and(interest);
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

    /// Whether a checker judges records of this kind. Mostly there is no checker.
    #[inline(always)]
    fn checks(&self, kind: &Kind) -> bool {
        self.interest != Interest::NONE && self.is_checked(Interest::of(kind))
    }

    /// Whether a checker judges this.
    #[inline]
    pub(crate) const fn is_checked(&self, what: Interest) -> bool {
        self.interest.overlaps(what)
    }

    /// Whether anyone sees the records of datagrams as they are written.
    #[inline]
    pub(crate) const fn datagrams_observed(&self) -> bool {
        self.observer.is_some() || self.is_checked(Interest::DATAGRAMS)
    }

    /// Whether the records are kept.
    #[inline]
    pub(crate) const fn recording(&self) -> bool {
        self.recording.is_some()
    }

    /// Keeps a payload, unless it is kept already or nothing is.
    #[inline]
    pub(crate) fn keep(&mut self, bytes: &[u8], kept: &mut Option<Payload>) {
        if let Some(trace) = &mut self.recording
            && kept.is_none()
        {
            *kept = Some(trace.push_bytes(bytes));
        }
    }

    /// To write what one handler sends, while nobody looks on. `kept` is where its payload is.
    #[inline(always)]
    pub(crate) fn pen(
        &mut self,
        at: Time,
        from: NodeId,
        cause: Seq,
        kept: Option<Payload>,
    ) -> Pen<'_> {
        let (hash, next) = (self.hash, self.next);
        Pen { at, from, cause, kept, goes_on: false, hash, next, writer: self }
    }

    /// Writes that a datagram was delivered as it was sent, while nobody looks on. `kept` tells where its
    /// payload is.
    #[inline(always)]
    pub(crate) fn delivered(
        &mut self,
        at: Time,
        (from, to): (NodeId, NodeId),
        datagram: Seq,
        kept: impl FnOnce() -> Option<Payload>,
    ) -> Seq {
        let seq = Seq(self.next);
        self.next = after(seq);
        hash_words(
            &mut self.hash,
            (at, Some(to), Some(datagram)),
            DELIVERED,
            copied(from, datagram),
        );
        if let Some(trace) = &mut self.recording {
            let kept = kept().expect("a payload is kept when it is sent");
            trace.push_delivered(at, to, datagram, from, datagram, kept);
        }
        seq
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
        self.next = after(seq);
        self.hash_head(&head, names);
        match &body {
            Body::Empty | Body::Unhashed(_) | Body::Again { .. } => {}
            Body::Bytes(bytes) => self.hash.bytes(bytes),
            Body::Shared { digest, .. } => self.hash.word(*digest),
        }
        if self.recording() || self.observer.is_some() || self.checks(&head.kind) {
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
        if self.checks(&head.kind) && !matches!(head.kind, Kind::Found { .. }) {
            let Head { at, node, cause, kind } = head;
            let event = TraceEvent { seq, at, node, cause, kind, bytes };
            let of = Interest::of(&kind);
            self.ask(of, node, Some(seq), |checker| checker.on_event(&event, view));
        }
    }

    /// Shows the checkers the world as a handler left it.
    pub(crate) fn after(&mut self, node: NodeId, cause: Seq, view: &dyn View) {
        self.ask(Interest::STATES, Some(node), Some(cause), |c| c.after(node, cause, view));
    }

    /// Asks every checker that judges this. One that panics is dismissed.
    fn ask(
        &mut self,
        about: Interest,
        node: Option<NodeId>,
        cause: Option<Seq>,
        mut question: impl FnMut(&mut dyn Checker) -> Option<Violation>,
    ) {
        let objections = &mut self.objections;
        self.checkers.retain_mut(|Watching { checker, interest }| {
            if !interest.overlaps(about) {
                return true;
            }
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
            Kind::Delivered { from, datagram }
            | Kind::Duplicated { from, datagram }
            | Kind::Replayed { from, datagram } => copied(from, datagram),
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
        let Head { at, node, cause, kind } = *head;
        hash_words(&mut self.hash, (at, node, cause), kind.code(), words);
    }
}
