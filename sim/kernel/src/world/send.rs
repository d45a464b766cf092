//! A datagram's way from its sender to its receiver, or to its end.

use super::{Due, World};
use crate::limits::Finding;
use crate::network::{Corruption, Flight, FlightId, FrameId, LinkSpec, Patch};
use crate::node::{Status, Work};
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
            self.hit_weather(datagram, |patch| patch.mtu.is_some());
            return self.lose(datagram, DropReason::TooLarge);
        }
        if let Some(cut) = self.cuts.separating(from, to) {
            self.faults.hit(cut, 1);
            return self.lose(datagram, DropReason::Cut);
        }
        let Some(left) = self.queue_on_link(datagram, spec, len) else {
            self.hit_weather(datagram, |patch| patch.queue.is_some() || patch.bandwidth.is_some());
            return self.lose(datagram, DropReason::QueueFull);
        };
        if self.decide(datagram, Choice::Lose, Domain::Chance(spec.loss)) == 1 {
            self.hit_weather(datagram, |patch| patch.loss.is_some());
            return self.lose(datagram, DropReason::Loss);
        }
        let twice = self.decide(datagram, Choice::Duplicate, Domain::Chance(spec.duplicate)) == 1;
        self.copy(datagram, spec, 0, left, datagram.seq);
        if twice {
            self.hit_weather(datagram, |patch| patch.duplicate.is_some());
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
        if copy == 0 {
            let slower = |patch: &Patch| patch.delay.is_some() || patch.bandwidth.is_some();
            self.hit_weather(datagram, slower);
        }
        if self.decide(datagram, Choice::HoldBack { copy }, Domain::Chance(spec.reorder)) == 1 {
            self.hit_weather(datagram, |patch| patch.reorder.is_some());
            due += spec.reorder_by;
        }
        let corrupt = Domain::Chance(spec.corrupt);
        let damaged = self.decide(datagram, Choice::Corrupt { copy }, corrupt) == 1;
        if damaged && let Some((frame, seq)) = self.corrupt(datagram, spec, copy, cause) {
            let damages = |patch: &Patch| patch.corrupt.is_some() || patch.corruption.is_some();
            self.hit_weather(datagram, damages);
            self.launch(datagram, frame, due, seq);
            self.frames.release(frame);
            return;
        }
        self.launch(datagram, datagram.frame, due, cause);
    }

    /// Counts a hit of every fault that makes the link of a datagram so.
    fn hit_weather(&mut self, datagram: Datagram, so: impl Fn(&Patch) -> bool) {
        let weather = self.links.weather(datagram.from, datagram.to);
        for (fault, _) in weather.filter(|(_, weather)| so(&weather.patch)) {
            self.faults.hit(fault, 1);
        }
    }

    /// A damaged copy of the payload; `None` if there is nothing to damage.
    fn corrupt(
        &mut self,
        datagram: Datagram,
        spec: &LinkSpec,
        copy: u8,
        cause: Seq,
    ) -> Option<(FrameId, Seq)> {
        let mut bytes = self.frames.bytes(datagram.frame).to_vec();
        let damage = spec.corruption.damage(&mut bytes, |part, bound| {
            let choice = match spec.corruption {
                Corruption::Bits(_) => Choice::FlipBit { copy, flip: part },
                _ => Choice::Damage { copy, part },
            };
            self.decide(datagram, choice, Domain::Below(bound))
        })?;
        let frame = self.frames.insert(&bytes);
        self.stats.corrupted += 1;
        let Datagram { from, to, seq, .. } = datagram;
        let kind = Kind::Corrupted { from, datagram: seq, damage };
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
        if self.nodes[flight.to.index()].status != Status::Up {
            let cause = flight.cause;
            return self.drop_flight(&flight, cause, DropReason::ReceiverDown);
        }
        self.buffered += 1;
        self.admit(flight.to, Work::Datagram(flight));
    }

    fn decide(&mut self, datagram: Datagram, choice: Choice, domain: Domain<'_>) -> u64 {
        let who = Who::Link { from: datagram.from, to: datagram.to };
        self.decisions.decide(Point { who, choice, ordinal: datagram.number }, domain)
    }
}
