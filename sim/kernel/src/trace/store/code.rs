//! Records as bytes.
//!
//! A record says how it differs from what the records before it in its block let expect. There are
//! three forms, told apart by the highest bits of the first byte:
//!
//! ```text
//!   1 n pp dd tt   a datagram delivered, by its send     then nodes, time, datagram, payload
//!   0 1 pp nn tt   a datagram sent by the event at hand  then to, number, payload
//!   0 0 ... kind   anything; three bytes of widths       then seven fields
//! ```
//!
//! The pairs of bits say how many bytes a field can do without, of three (the time of four); `n` is
//! for nodes of two bytes each. Both are written without a branch on what a field holds: each field
//! is stored whole, and the next one over its upper bytes.

use simlab_core::{DropReason, Kind, NodeId, Scope, Seq, Time};
use std::num::NonZeroU64;

/// The most bytes that a record takes.
pub(super) const RECORD_MAX: usize = 4 + FIELDS * 8;
/// How many bytes from its begin on a record's fields may be stored, or loaded, whole.
pub(super) const ROOM: usize = RECORD_MAX + 8;

const FIELDS: usize = 7;
const DELIVERED_BIT: u8 = 0x80;
const SENT_BIT: u8 = 0x40;
/// The bits of a send whose fields are all as expected: each can do without all three bytes.
const NOTHING: u8 = 0b11_11_11;

/// The kinds that have a general form without the side table.
mod tag {
    pub(super) const SENT: u32 = 0;
    pub(super) const DELIVERED: u32 = 1;
    pub(super) const DROPPED: u32 = 2;
    pub(super) const DUPLICATED: u32 = 3;
    pub(super) const TIMER_SET: u32 = 4;
    pub(super) const TIMER_CANCELLED: u32 = 5;
    pub(super) const TIMER_FIRED: u32 = 6;
    pub(super) const OTHER: u32 = 7;
}

/// A record, its bytes by their place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) at: u64,
    /// The node's id and 1; 0 for none.
    pub(super) node: u64,
    /// 0 for none.
    pub(super) cause: u64,
    pub(super) place: Option<u64>,
    /// The length in a send is what it has more than the bytes at `place`.
    pub(super) kind: Kind,
}

/// A send as the quick form takes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) at: u64,
    pub(super) node: u32,
    pub(super) cause: u64,
    pub(super) to: u32,
    pub(super) number: u64,
    pub(super) place: u64,
}

/// A delivery that was caused by its send, as the quick form takes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivered {
    pub(super) at: u64,
    pub(super) node: u32,
    pub(super) from: u32,
    pub(super) datagram: u64,
    pub(super) place: u64,
}

/// What the next record is coded against.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    /// How many records there are before it.
    pub(super) before: u64,
    at: u64,
    /// Where the last event was, and which: most records tell what a node did about it.
    node: u64,
    event: u64,
    /// To whom a broadcast goes next.
    to: u32,
    number: u64,
    /// The last place of bytes.
    pub(super) top: u64,
}

/// A signed difference as a small number.
#[inline(always)]
const fn fold(difference: u64) -> u64 {
    (difference << 1) ^ (difference.cast_signed() >> 63).cast_unsigned()
}

#[inline(always)]
const fn unfold(folded: u64) -> u64 {
    (folded >> 1) ^ (folded & 1).wrapping_neg()
}

#[inline(always)]
const fn fold32(difference: u32) -> u32 {
    (difference << 1) ^ (difference.cast_signed() >> 31).cast_unsigned()
}

#[inline(always)]
const fn unfold32(folded: u32) -> u32 {
    (folded >> 1) ^ (folded & 1).wrapping_neg()
}

/// How many bytes a field of a send can do without of the three there are.
#[inline(always)]
fn spare(field: u64) -> usize {
    usize::from(field < 1) + spare_but_one(field)
}

/// The same for a field that always has one byte.
#[inline(always)]
fn spare_but_one(field: u64) -> usize {
    usize::from(field < 1 << 8) + usize::from(field < 1 << 16)
}

/// Stores a field whole.
#[inline(always)]
fn store(out: &mut [u8; ROOM], at: usize, field: u64) {
    out[at..at + 4].copy_from_slice(&(field as u32).to_le_bytes());
}

/// Reads a field: loads it whole, and leaves away what is of the next.
#[inline(always)]
fn load(record: &[u8; ROOM], at: &mut usize, width: usize) -> u64 {
    const MASKS: [u64; 9] = {
        let mut masks = [u64::MAX; 9];
        let mut width = 0;
        while width < 8 {
            masks[width] = (1 << (8 * width)) - 1;
            width += 1;
        }
        masks
    };
    let mut whole = [0; 8];
    whole.copy_from_slice(&record[*at..*at + 8]);
    *at += width;
    u64::from_le_bytes(whole) & MASKS[width]
}

impl State {
    /// How a block begins: nothing that is in another block is needed to read it.
    pub(super) fn begin(before: u64, at: u64, top: u64) -> State {
        State { before, at, top, node: 0, event: before, to: 0, number: 0 }
    }

    /// Whether a broadcast goes on to this node, with the number of its last send.
    #[inline(always)]
    pub(super) const fn goes_on(&self, to: u32, number: u64) -> bool {
        to == self.to && number == self.number
    }

    /// Lets a broadcast go on; returns its byte.
    #[inline(always)]
    pub(super) const fn go_on(&mut self) -> u8 {
        self.before += 1;
        self.to = self.to.wrapping_add(1);
        SENT_BIT | NOTHING
    }

    /// Writes a send by the event at hand; returns its length, or `None` if it is not as expected.
    #[inline(always)]
    pub(super) fn sent(&mut self, sent: Sent, out: &mut [u8; ROOM]) -> Option<usize> {
        let Sent { at, node, cause, to, number, place } = sent;
        let event = (at ^ self.at) | ((u64::from(node) + 1) ^ self.node) | (cause ^ self.event);
        let to_differs = to.wrapping_sub(self.to);
        let number_differs = number.wrapping_sub(self.number);
        let above = place.wrapping_sub(self.top);
        if event | u64::from(to_differs) | number_differs | above == 0 {
            out[0] = self.go_on();
            return Some(1);
        }
        let (to_fold, number_fold) = (u64::from(fold32(to_differs)), fold(number_differs));
        if event | (to_fold | number_fold | above) >> 24 != 0 {
            return None;
        }
        let spares = [spare(to_fold), spare(number_fold), spare(above)];
        store(out, 1, to_fold);
        let end = 4 - spares[0];
        store(out, end, number_fold);
        let end = end + 3 - spares[1];
        store(out, end, above);
        out[0] = SENT_BIT | (spares[0] + (spares[1] << 2) + (spares[2] << 4)) as u8;
        self.before += 1;
        self.to = to.wrapping_add(1);
        self.number = number;
        self.top = place;
        Some(end + 3 - spares[2])
    }

    /// Writes a delivery; returns its length, or `None` if a field is too large.
    #[inline(always)]
    pub(super) fn delivered(&mut self, it: Delivered, out: &mut [u8; ROOM]) -> Option<usize> {
        let Delivered { at, node, from, datagram, place } = it;
        let later = at.wrapping_sub(self.at);
        let back = self.before.wrapping_sub(datagram);
        let below = self.top.wrapping_sub(place);
        if (later >> 32) | ((back | below) >> 24) | u64::from((node | from) >> 16) != 0 {
            return None;
        }
        let large = usize::from((node | from) > 0xff);
        let spares = [spare_but_one(later >> 8), spare_but_one(back), spare_but_one(below)];
        store(out, 1, node.into());
        store(out, 2 + large, from.into());
        let end = 3 + 2 * large;
        store(out, end, later);
        let end = end + 4 - spares[0];
        store(out, end, back);
        let end = end + 3 - spares[1];
        store(out, end, below);
        let spare = spares[0] + (spares[1] << 2) + (spares[2] << 4);
        out[0] = DELIVERED_BIT | (spare + (large << 6)) as u8;
        self.before += 1;
        self.at = at;
        self.node = u64::from(node) + 1;
        self.event = self.before;
        Some(end + 3 - spares[2])
    }

    /// Writes any record; returns its length. What has no form of its own goes to the side table.
    pub(super) fn any(
        &mut self,
        record: Record,
        others: &mut Vec<Kind>,
        out: &mut [u8; ROOM],
    ) -> usize {
        let Record { at, node, cause, place, kind } = record;
        let to_datagram = |datagram: Seq| fold(cause.wrapping_sub(datagram.get()));
        let (tag, [a, b, c]) = match kind {
            Kind::Sent { to, number, len } => {
                let to = fold32(to.0.wrapping_sub(self.to));
                let number = fold(number.wrapping_sub(self.number));
                (tag::SENT, [to.into(), number, fold32(len).into()])
            }
            Kind::Delivered { from, datagram } => {
                (tag::DELIVERED, [from.0.into(), to_datagram(datagram), 0])
            }
            Kind::Dropped { from, datagram, why } => {
                (tag::DROPPED, [from.0.into(), to_datagram(datagram), why as u64])
            }
            Kind::Duplicated { from, datagram } => {
                (tag::DUPLICATED, [from.0.into(), to_datagram(datagram), 0])
            }
            Kind::TimerSet { scope, key, due } => {
                (tag::TIMER_SET, [scope.bits().into(), key, due.nanos().wrapping_sub(at)])
            }
            Kind::TimerCancelled { scope, key } => {
                (tag::TIMER_CANCELLED, [scope.bits().into(), key, 0])
            }
            Kind::TimerFired { scope, key } => (tag::TIMER_FIRED, [scope.bits().into(), key, 0]),
            _ => {
                others.push(kind);
                (tag::OTHER, [0; 3])
            }
        };
        let later = at.wrapping_sub(self.at);
        let cause = fold(self.event.wrapping_sub(cause));
        let place = place.map_or(0, |place| fold(place.wrapping_sub(self.top)) + 1);
        let (mut head, mut end) = (tag, 4);
        for (i, field) in [later, node ^ self.node, cause, place, a, b, c].into_iter().enumerate() {
            // Widths of 7 and 8 share a code.
            let code = (u64::BITS - field.leading_zeros()).div_ceil(8).min(7);
            head |= code << (8 + 3 * i);
            out[end..end + 8].copy_from_slice(&field.to_le_bytes());
            end += width_of(code);
        }
        store(out, 0, head.into());
        self.pass(&record);
        end
    }

    /// Reads the record that `bytes` begins with; `at` moves on by its length.
    #[inline]
    pub(super) fn read(
        &mut self,
        bytes: &[u8; ROOM],
        at: &mut usize,
        others: &mut &[Kind],
    ) -> Record {
        let head = bytes[0];
        let spare = |shift: u32| usize::from(head >> shift & 3);
        let mut end = 1;
        let record = if head & DELIVERED_BIT != 0 {
            let large = usize::from(head >> 6 & 1);
            let node = load(bytes, &mut end, 1 + large);
            let from = NodeId(load(bytes, &mut end, 1 + large) as u32);
            let later = load(bytes, &mut end, 4 - spare(0));
            let back = load(bytes, &mut end, 3 - spare(2));
            let below = load(bytes, &mut end, 3 - spare(4));
            let datagram = self.before.wrapping_sub(back);
            Record {
                at: self.at.wrapping_add(later),
                node: node + 1,
                cause: datagram,
                place: Some(self.top.wrapping_sub(below)),
                kind: Kind::Delivered { from, datagram: seq(datagram) },
            }
        } else if head & SENT_BIT != 0 {
            let to = self.to(load(bytes, &mut end, 3 - spare(0)));
            let number = self.number.wrapping_add(unfold(load(bytes, &mut end, 3 - spare(2))));
            let place = self.top.wrapping_add(load(bytes, &mut end, 3 - spare(4)));
            Record {
                at: self.at,
                node: self.node,
                cause: self.event,
                place: Some(place),
                kind: Kind::Sent { to, number, len: 0 },
            }
        } else {
            self.read_any(bytes, &mut end, others)
        };
        self.pass(&record);
        *at += end;
        record
    }

    fn read_any(&self, bytes: &[u8; ROOM], end: &mut usize, others: &mut &[Kind]) -> Record {
        let head = load(bytes, &mut 0, 4);
        *end = 4;
        let mut fields = [0; FIELDS];
        for (i, field) in fields.iter_mut().enumerate() {
            *field = load(bytes, end, width_of(head as u32 >> (8 + 3 * i) & 7));
        }
        let [later, node, cause, place, a, b, c] = fields;
        let at = self.at.wrapping_add(later);
        let cause = self.event.wrapping_sub(unfold(cause));
        let from = NodeId(a as u32);
        let datagram = || seq(cause.wrapping_sub(unfold(b)));
        let scope = || Scope::from_bits(a as u32).unwrap_or(Scope::ROOT);
        let kind = match head as u32 & 7 {
            tag::SENT => Kind::Sent {
                to: self.to(a),
                number: self.number.wrapping_add(unfold(b)),
                len: unfold32(c as u32),
            },
            tag::DELIVERED => Kind::Delivered { from, datagram: datagram() },
            tag::DROPPED => {
                let why = DropReason::ALL[c as usize % DropReason::ALL.len()];
                Kind::Dropped { from, datagram: datagram(), why }
            }
            tag::DUPLICATED => Kind::Duplicated { from, datagram: datagram() },
            tag::TIMER_SET => {
                Kind::TimerSet { scope: scope(), key: b, due: Time(at.wrapping_add(c)) }
            }
            tag::TIMER_CANCELLED => Kind::TimerCancelled { scope: scope(), key: b },
            tag::TIMER_FIRED => Kind::TimerFired { scope: scope(), key: b },
            _ => others.split_off_first().copied().unwrap_or(Kind::Started),
        };
        let place = place.checked_sub(1).map(|place| self.top.wrapping_add(unfold(place)));
        Record { at, node: node ^ self.node, cause, place, kind }
    }

    #[inline(always)]
    const fn to(&self, folded: u64) -> NodeId {
        NodeId(self.to.wrapping_add(unfold32(folded as u32)))
    }

    /// Takes note of a record. The quick forms do the same where they are written.
    #[inline]
    fn pass(&mut self, record: &Record) {
        self.before += 1;
        self.at = record.at;
        self.top = record.place.map_or(self.top, |place| self.top.max(place));
        match record.kind {
            Kind::Sent { to, number, .. } => {
                (self.node, self.event) = (record.node, record.cause);
                (self.to, self.number) = (to.0.wrapping_add(1), number);
            }
            Kind::TimerSet { .. } | Kind::TimerCancelled { .. } => {
                (self.node, self.event) = (record.node, record.cause);
            }
            Kind::Delivered { .. }
            | Kind::TimerFired { .. }
            | Kind::Synced { .. }
            | Kind::Commanded
            | Kind::Started
            | Kind::Restarted => (self.node, self.event) = (record.node, self.before),
            // These come between the others, and say nothing of what comes next.
            _ => {}
        }
    }
}

#[inline(always)]
const fn width_of(code: u32) -> usize {
    if code < 7 { code as usize } else { 8 }
}

fn seq(number: u64) -> Seq {
    Seq(NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN))
}
