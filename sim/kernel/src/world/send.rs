//! A datagram's way from its sender to its receiver, or to its end.

use super::{Due, Packed, World};
use crate::limits::Finding;
use crate::network::{Corruption, Flight, FlightId, FrameId, LinkSpec, Load, Passage, Patch};
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
    load: Load,
    /// Its number on its link.
    number: u64,
    /// Where its link was found.
    place: u32,
    /// The record of its send.
    seq: Seq,
}

impl World {
    /// Sends a payload.
    #[inline]
    pub(super) fn send(&mut self, from: NodeId, to: NodeId, load: Load, cause: Seq) {
        self.stats.sent += 1;
        self.stats.bytes_sent += u64::from(load.len);
        if to.index() >= self.nodes.len() {
            let seq = self.record_sent(from, to, 0, load, cause);
            let datagram = Datagram { from, to, load, number: 0, place: 0, seq };
            return self.lose(datagram, DropReason::NoLink);
        }
        let Passage { spec, usual, number, place, delays } = self.links.send(from, to);
        let quick = usual && load.len <= spec.mtu && spec.only_delays();
        let delay = spec.delay;
        let seq = self.record_sent(from, to, number, load, cause);
        let datagram = Datagram { from, to, load, number, place, seq };
        if from == to {
            self.launch(datagram, load, self.now, seq);
        } else if quick && self.cuts.is_empty() && !self.decisions.attended() {
            // The same as below, without what is certain.
            let span = Domain::Span(&delay);
            let delay = span.certain().unwrap_or_else(|| span.sample(delays.bits(number)));
            self.launch(datagram, load, self.now + Duration(delay), seq);
        } else {
            let spec = self.links.current(from, place);
            self.transmit(datagram, &spec);
        }
    }

    fn transmit(&mut self, datagram: Datagram, spec: &LinkSpec) {
        let Datagram { from, to, load: Load { len, .. }, .. } = datagram;
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
        let busy_until = self.links.busy_until(datagram.from, datagram.to);
        let backlog = busy_until.since(self.now);
        if backlog > Duration::ZERO && backlog + transmission(len.into()) > transmission(spec.queue)
        {
            return None;
        }
        *busy_until = (*busy_until).max(self.now) + transmission(len.into());
        Some(*busy_until)
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
        if damaged && let Some((load, seq)) = self.corrupt(datagram, spec, copy, cause) {
            let damages = |patch: &Patch| patch.corrupt.is_some() || patch.corruption.is_some();
            self.hit_weather(datagram, damages);
            self.launch(datagram, load, due, seq);
            self.frames.release(load.frame);
            return;
        }
        self.launch(datagram, datagram.load, due, cause);
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
    ) -> Option<(Load, Seq)> {
        let mut bytes = self.frames.bytes(datagram.load.frame).to_vec();
        let damage = spec.corruption.damage(&mut bytes, |part, bound| {
            let choice = match spec.corruption {
                Corruption::Bits(_) => Choice::FlipBit { copy, flip: part },
                _ => Choice::Damage { copy, part },
            };
            self.decide(datagram, choice, Domain::Below(bound))
        })?;
        let load = self.frames.insert(&bytes);
        self.stats.corrupted += 1;
        let Datagram { from, to, seq, .. } = datagram;
        let kind = Kind::Corrupted { from, datagram: seq, damage };
        let head = Head { at: self.now, node: Some(to), cause: Some(cause), kind };
        let seq = self.record_payload(head, load);
        Some((load, seq))
    }

    #[inline(always)]
    fn launch(&mut self, datagram: Datagram, load: Load, due: Time, cause: Seq) {
        let Datagram { from, to, number, place, seq, .. } = datagram;
        let Load { frame, len, .. } = load;
        self.frames.retain(frame);
        self.in_flight_bytes += weight(len);
        let flight = Flight { from, to, frame, place, number, datagram: seq, cause };
        let id = self.flights.insert(flight);
        self.queue.push(due, Packed::new(Due::Arrival(id)));
        let limit = self.limits.in_flight_bytes;
        if self.in_flight_bytes > limit && !self.ended {
            let detail = format!("more than {limit} bytes of datagrams under way");
            self.find_and_end(Finding::IN_FLIGHT, Some(from), Some(seq), &detail);
        }
    }

    /// A datagram that never got under way.
    fn lose(&mut self, datagram: Datagram, why: DropReason) {
        let Datagram { from, to, load, seq, .. } = datagram;
        self.record_drop(from, to, load.frame, seq, seq, why);
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
        self.record_again(head, frame);
    }

    /// A copy gets to where it was going.
    #[inline(always)]
    pub(super) fn arrive(&mut self, id: FlightId) {
        // Field by field: each was written by itself, perhaps just now, and a processor that reads
        // them together has to wait until all of that is in the cache.
        if let Some(&Flight { from, to, frame, place, number, datagram, cause }) =
            self.flights.get(id)
            && self.nodes[to.index()].handles_at_once()
        {
            self.flights.forget(id);
            return self.deliver(Flight { from, to, frame, place, number, datagram, cause });
        }
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

/// What a datagram under way of so many bytes counts for: an empty one takes memory too.
pub(super) const fn weight(len: u32) -> u64 {
    len as u64 + 64
}
