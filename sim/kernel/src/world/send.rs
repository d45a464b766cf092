//! A datagram's way from its sender to its receiver, or to its end.

use super::{Due, Incoming, World};
use crate::limits::Finding;
use crate::network::{Flight, FlightId, FrameId, LinkSpec};
use crate::node::Status;
use crate::trace::Head;
use simlab_core::{
    Choice, Decide, Domain, DropReason, Duration, Kind, NodeId, Point, Seq, Time, Who,
};

/// A datagram that was sent, on its way to its fate.
#[derive(Clone, Copy)]
struct Datagram {
    from: NodeId,
    to: NodeId,
    frame: FrameId,
    number: u64,
    /// The record of its send.
    seq: Seq,
}

impl World {
    /// Sends the payload `frame`.
    pub(super) fn send(&mut self, from: NodeId, to: NodeId, frame: FrameId, cause: Seq) {
        let len = self.frames.bytes(frame).len() as u32;
        self.stats.sent += 1;
        self.stats.bytes_sent += u64::from(len);
        let exists = to.index() < self.nodes.len();
        let (spec, number) = if exists {
            let (spec, state) = self.links.link(from, to);
            let number = state.sent;
            state.sent += 1;
            (*spec, number)
        } else {
            (LinkSpec::default(), 0)
        };
        let kind = Kind::Sent { to, number, len };
        let head = Head { at: self.now, node: Some(from), cause: Some(cause), kind };
        let seq = self.record_frame(head, frame, true);
        let datagram = Datagram { from, to, frame, number, seq };
        if !exists {
            self.lose(datagram, DropReason::NoLink);
        } else if from == to {
            self.launch(datagram, frame, self.now, seq);
        } else {
            self.transmit(datagram, &spec, len);
        }
    }

    fn transmit(&mut self, datagram: Datagram, spec: &LinkSpec, len: u32) {
        let Datagram { from, to, .. } = datagram;
        if len > spec.mtu {
            return self.lose(datagram, DropReason::TooLarge);
        }
        if !self.cuts.open(from, to) {
            return self.lose(datagram, DropReason::Cut);
        }
        let Some(left) = self.queue_on_link(datagram, spec, len) else {
            return self.lose(datagram, DropReason::QueueFull);
        };
        if self.decide(datagram, Choice::Lose, Domain::Chance(spec.loss)) == 1 {
            return self.lose(datagram, DropReason::Loss);
        }
        let twice = self.decide(datagram, Choice::Duplicate, Domain::Chance(spec.duplicate)) == 1;
        self.copy(datagram, spec, 0, left, datagram.seq);
        if twice {
            self.stats.duplicated += 1;
            let kind = Kind::Duplicated { from, datagram: datagram.seq };
            let seq = self.record(Some(to), Some(datagram.seq), kind, &[]);
            self.copy(datagram, spec, 1, left, seq);
        }
    }

    /// When the last byte leaves the sender; `None` if there is no room to wait.
    fn queue_on_link(&mut self, datagram: Datagram, spec: &LinkSpec, len: u32) -> Option<Time> {
        let Some(bandwidth) = spec.bandwidth else { return Some(self.now) };
        let transmission = |bytes: u64| {
            let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(bandwidth.max(1));
            Duration(u64::try_from(nanos).unwrap_or(u64::MAX))
        };
        let (_, state) = self.links.link(datagram.from, datagram.to);
        let backlog = state.busy_until.since(self.now);
        if backlog > Duration::ZERO && backlog + transmission(len.into()) > transmission(spec.queue)
        {
            return None;
        }
        state.busy_until = state.busy_until.max(self.now) + transmission(len.into());
        Some(state.busy_until)
    }

    /// Puts one copy of a datagram under way.
    fn copy(&mut self, datagram: Datagram, spec: &LinkSpec, copy: u8, left: Time, cause: Seq) {
        let delay = self.decide(datagram, Choice::Delay { copy }, Domain::Span(&spec.delay));
        let mut due = left + Duration(delay);
        if self.decide(datagram, Choice::HoldBack { copy }, Domain::Chance(spec.reorder)) == 1 {
            due += spec.reorder_by;
        }
        let corrupt = Domain::Chance(spec.corrupt);
        let damaged = self.decide(datagram, Choice::Corrupt { copy }, corrupt) == 1;
        if damaged && let Some((frame, seq)) = self.corrupt(datagram, spec, copy, cause) {
            self.launch(datagram, frame, due, seq);
            self.frames.release(frame);
            return;
        }
        self.launch(datagram, datagram.frame, due, cause);
    }

    /// A damaged copy of the payload; `None` if there is no bit to flip.
    fn corrupt(
        &mut self,
        datagram: Datagram,
        spec: &LinkSpec,
        copy: u8,
        cause: Seq,
    ) -> Option<(FrameId, Seq)> {
        let all = self.frames.bytes(datagram.frame).len() as u64 * 8;
        let wanted = u64::from(spec.corrupt_bits).min(all);
        let mut bits: Vec<u64> = Vec::new();
        for flip in 0..wanted {
            // The n-th flip picks among the bits not picked yet, so that all flips count.
            let choice = Choice::FlipBit { copy, flip: flip as u8 };
            let mut bit = self.decide(datagram, choice, Domain::Below(all - flip));
            bits.sort_unstable();
            for taken in &bits {
                bit += u64::from(bit >= *taken);
            }
            bits.push(bit);
        }
        if bits.is_empty() {
            return None;
        }
        let frame = self.frames.flipped(datagram.frame, &bits);
        self.stats.corrupted += 1;
        let Datagram { from, to, seq, .. } = datagram;
        let kind = Kind::Corrupted { from, datagram: seq, flips: bits.len() as u32 };
        let head = Head { at: self.now, node: Some(to), cause: Some(cause), kind };
        let seq = self.record_frame(head, frame, true);
        Some((frame, seq))
    }

    fn launch(&mut self, datagram: Datagram, frame: FrameId, due: Time, cause: Seq) {
        let Datagram { from, to, number, seq, .. } = datagram;
        self.frames.retain(frame);
        self.in_flight_bytes += self.weight(frame);
        let flight = Flight { from, to, frame, number, datagram: seq, cause };
        let id = self.flights.insert(flight);
        self.queue.push(due, Due::Arrival(id));
        let limit = self.limits.in_flight_bytes;
        if self.in_flight_bytes > limit && !self.ended {
            let detail = format!("more than {limit} bytes of datagrams under way");
            self.find_and_end(Finding::IN_FLIGHT, Some(from), Some(seq), &detail);
        }
    }

    /// What a datagram under way counts for: an empty one takes memory too.
    pub(super) fn weight(&self, frame: FrameId) -> u64 {
        self.frames.bytes(frame).len() as u64 + 64
    }

    /// A datagram that never got under way.
    fn lose(&mut self, datagram: Datagram, why: DropReason) {
        let Datagram { from, to, frame, seq, .. } = datagram;
        self.record_drop(from, to, frame, seq, seq, why);
    }

    pub(super) fn record_drop(
        &mut self,
        from: NodeId,
        to: NodeId,
        frame: FrameId,
        datagram: Seq,
        cause: Seq,
        why: DropReason,
    ) {
        self.stats.drop_one(why);
        let kind = Kind::Dropped { from, datagram, why };
        let head = Head { at: self.now, node: Some(to), cause: Some(cause), kind };
        self.record_frame(head, frame, false);
    }

    /// A copy gets to where it was going.
    pub(super) fn arrive(&mut self, id: FlightId) {
        let Some(flight) = self.flights.land(id) else { return };
        let Flight { from, to, frame, number, datagram, cause } = flight;
        if self.nodes[to.index()].status != Status::Up {
            return self.drop_flight(&flight, cause, DropReason::ReceiverDown);
        }
        self.in_flight_bytes -= self.weight(frame);
        self.stats.delivered += 1;
        let (_, state) = self.links.link(from, to);
        if number + 1 < state.delivered_up_to {
            self.stats.reordered += 1;
        }
        state.delivered_up_to = state.delivered_up_to.max(number + 1);
        let kind = Kind::Delivered { from, datagram };
        let head = Head { at: self.now, node: Some(to), cause: Some(cause), kind };
        let seq = self.record_frame(head, frame, false);
        self.handle(to, seq, Incoming::Datagram { from, frame });
        self.frames.release(frame);
    }

    fn decide(&mut self, datagram: Datagram, choice: Choice, domain: Domain<'_>) -> u64 {
        let who = Who::Link { from: datagram.from, to: datagram.to };
        self.decisions.decide(Point { who, choice, ordinal: datagram.number }, domain)
    }
}
