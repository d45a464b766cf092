//! A datagram's way from its sender to its receiver, or to its end.

use super::{Due, Rare, World};
use crate::limits::Finding;
use crate::network::{Corruption, Flight, FrameId, LinkId, LinkSpec, Load, Passage, Patch};
use crate::node::{Status, Work};
use crate::queue::order_of;
use crate::trace::{Head, Payload};
use simlab_core::{
    Choice, Decide, Domain, DropReason, Duration, Kind, NodeId, Point, Seq, Time, Who,
};

/// A datagram that was sent, on its way to its fate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Datagram {
    pub(super) from: NodeId,
    pub(super) to: NodeId,
    pub(super) load: Load,
    /// Its number on its link.
    number: u64,
    link: LinkId,
    /// The record of its send.
    pub(super) seq: Seq,
}

impl World {
    /// Whether nothing can happen to a datagram on most links but a delay, and nobody looks on.
    #[inline(always)]
    fn sends_quickly(&self) -> bool {
        self.cuts.is_empty() && !self.decisions.attended() && !self.writer.datagrams_observed()
    }

    /// Sends a payload to one node, if nothing can happen to it but a delay and nobody looks on: the
    /// same as [`World::send`] does, without what is certain. Returns whether it did.
    #[inline(never)]
    pub(super) fn send_one(&mut self, from: NodeId, to: NodeId, bytes: &[u8], cause: Seq) -> bool {
        let len = bytes.len() as u32;
        let weight = weight(len);
        if !self.sends_quickly() || self.in_flight_bytes + weight > self.limits.in_flight_bytes {
            return false;
        }
        let Some((link, number, delay)) = self.pass(from, to, len) else { return false };
        // Its one reference is that of the datagram.
        let Load { frame, digest, .. } = self.frames.insert(bytes);
        let kept = self.keep(frame);
        let mut pen = self.writer.pen(self.now, from, cause, kept);
        let datagram = pen.sent(to, number, len, digest);
        pen.done();
        let flight = Flight { from, to, frame, link, datagram, cause: datagram };
        self.push_flight(self.now + Duration(delay), flight);
        self.in_flight_bytes += weight;
        self.stats.sent += 1;
        self.stats.bytes_sent += u64::from(len);
        true
    }

    /// Lets one datagram onto its link; see `Lanes::send`.
    #[inline(always)]
    fn pass(&mut self, from: NodeId, to: NodeId, len: u32) -> Option<(LinkId, u64, u64)> {
        let mut lanes = self.links.lanes(from, len);
        let passage = lanes.send(to);
        lanes.done();
        if passage.is_none() { self.pass_prepared(from, to, len) } else { passage }
    }

    /// The same where the link is not ready yet.
    #[cold]
    #[inline(never)]
    fn pass_prepared(&mut self, from: NodeId, to: NodeId, len: u32) -> Option<(LinkId, u64, u64)> {
        self.links.prepare(from, to);
        let mut lanes = self.links.lanes(from, len);
        let passage = lanes.send(to);
        lanes.done();
        passage
    }

    /// The same as [`World::send_one`] for a payload with several receivers, as far as nothing else can
    /// happen to it. Returns to how many of the first it sent.
    #[inline(never)]
    pub(super) fn send_quickly(
        &mut self,
        from: NodeId,
        to: &[NodeId],
        load: Load,
        cause: Seq,
    ) -> usize {
        let Load { frame, len, digest } = load;
        let most = weight(len).saturating_mul(to.len() as u64);
        let limit = self.limits.in_flight_bytes;
        let written = self.writer.written();
        let named =
            self.queue.can_name(written + 1) && self.queue.can_name(written + to.len() as u64);
        if !named || !self.sends_quickly() || self.in_flight_bytes.saturating_add(most) > limit {
            return 0;
        }
        let kept = self.keep(frame);
        let mut pen = self.writer.pen(self.now, from, cause, kept);
        let mut lanes = self.links.lanes(from, len);
        let mut sent = 0;
        for &to in to {
            let mut passage = lanes.send(to);
            if passage.is_none() {
                lanes.done();
                self.links.prepare(from, to);
                lanes = self.links.lanes(from, len);
                passage = lanes.send(to);
            }
            let Some((link, number, delay)) = passage else { break };
            let datagram = pen.sent(to, number, len, digest);
            let flight = Flight { from, to, frame, link, datagram, cause: datagram };
            let due = self.now + Duration(delay);
            self.queue.push_uncounted(due, order_of(datagram.get()), Due::Arrival(flight).pack());
            sent += 1;
        }
        lanes.done();
        pen.done();
        if sent > 0 {
            self.queue.named(self.writer.written());
            self.queue.count(sent as usize);
        }
        self.frames.retain(frame, sent as u32);
        self.in_flight_bytes += sent * weight(len);
        self.stats.sent += sent;
        self.stats.bytes_sent += sent * u64::from(len);
        sent as usize
    }

    /// Lets the trace keep a payload, if there is one.
    #[inline(always)]
    fn keep(&mut self, frame: FrameId) -> Option<Payload> {
        if !self.writer.recording() {
            return None;
        }
        let (bytes, kept) = self.frames.recording(frame);
        self.writer.keep(bytes, kept);
        *kept
    }

    /// Sends a payload.
    #[inline(never)]
    pub(super) fn send(&mut self, from: NodeId, to: NodeId, load: Load, cause: Seq) {
        self.stats.sent += 1;
        self.stats.bytes_sent += u64::from(load.len);
        if to.index() >= self.nodes.len() {
            let seq = self.record_sent(from, to, 0, load, cause);
            let datagram = Datagram { from, to, load, number: 0, link: LinkId::NONE, seq };
            return self.lose(datagram, DropReason::NoLink);
        }
        let Passage { spec, number, link, .. } = self.links.send(from, to);
        let spec = *spec;
        let seq = self.record_sent(from, to, number, load, cause);
        let datagram = Datagram { from, to, load, number, link, seq };
        if from == to {
            self.launch(datagram, load, self.now, seq);
        } else {
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
        if let Some(adversary) = &spec.adversary {
            self.overhear(datagram, adversary);
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
    pub(super) fn copy(
        &mut self,
        mut datagram: Datagram,
        spec: &LinkSpec,
        copy: u8,
        left: Time,
        mut cause: Seq,
    ) {
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
        // Each of the two leaves a payload of its own.
        let edited = self.tamper(datagram, spec, copy, cause);
        if let Some((load, seq)) = edited {
            (datagram.load, cause) = (load, seq);
        }
        let corrupt = Domain::Chance(spec.corrupt);
        let damaged = self.decide(datagram, Choice::Corrupt { copy }, corrupt) == 1;
        let damaged = damaged.then(|| self.corrupt(datagram, spec, copy, cause)).flatten();
        if damaged.is_some() {
            let damages = |patch: &Patch| patch.corrupt.is_some() || patch.corruption.is_some();
            self.hit_weather(datagram, damages);
        }
        let (load, cause) = damaged.unwrap_or((datagram.load, cause));
        self.launch(datagram, load, due, cause);
        for (load, _) in edited.into_iter().chain(damaged) {
            self.frames.release(load.frame);
        }
    }

    /// Counts a hit of every fault that makes the link of a datagram so.
    pub(super) fn hit_weather(&mut self, datagram: Datagram, so: impl Fn(&Patch) -> bool) {
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

    fn launch(&mut self, datagram: Datagram, load: Load, due: Time, cause: Seq) {
        let Datagram { from, to, link, seq, .. } = datagram;
        let Load { frame, len, .. } = load;
        self.frames.retain(frame, 1);
        self.in_flight_bytes += weight(len);
        let flight = Flight { from, to, frame, link, datagram: seq, cause };
        self.push_flight(due, flight);
        let limit = self.limits.in_flight_bytes;
        if self.in_flight_bytes > limit && !self.ended {
            let detail = format!("more than {limit} bytes of datagrams under way");
            self.find_and_end(Finding::IN_FLIGHT, Some(from), Some(seq), &detail);
        }
    }

    /// Puts a datagram under way into the queue.
    #[inline(always)]
    fn push_flight(&mut self, due: Time, flight: Flight) {
        let name = flight.datagram.get();
        if flight.cause == flight.datagram && self.queue.can_name(name) {
            self.queue.named(name);
            self.queue.push_reserved(due, order_of(name), Due::Arrival(flight).pack());
        } else {
            self.push_rare(due, Rare::Arrival(flight));
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
    pub(super) fn arrive(&mut self, flight: Flight) {
        let node = &self.nodes[flight.to.index()];
        if node.status != Status::Up {
            self.drop_flight(&flight, flight.cause, DropReason::ReceiverDown);
        } else if node.handles_at_once() {
            self.deliver(flight);
        } else {
            self.buffered += 1;
            self.admit(flight.to, Work::Datagram(flight));
        }
    }

    /// Takes out all datagrams under way for which `dies`, in the order in which they were sent.
    pub(super) fn kill(&mut self, dies: impl Fn(&Flight) -> bool) -> Vec<Flight> {
        let mut dead = Vec::new();
        self.queue.change(|order, item| {
            let flight = match Due::unpack(order, *item) {
                Due::Arrival(flight) => flight,
                Due::Rare(place) => match self.rare[place as usize] {
                    Rare::Arrival(flight) => flight,
                    _ => return,
                },
                _ => return,
            };
            if dies(&flight) {
                if let Due::Rare(place) = Due::unpack(order, *item) {
                    self.rare.remove(place as usize);
                }
                dead.push(flight);
                *item = Due::Gone.pack();
            }
        });
        // The order of places is an accident; the order of records is not.
        dead.sort_unstable_by_key(|flight| (flight.datagram, flight.cause));
        dead
    }

    pub(super) fn decide(&mut self, datagram: Datagram, choice: Choice, domain: Domain<'_>) -> u64 {
        let who = Who::Link { from: datagram.from, to: datagram.to };
        self.decisions.decide(Point { who, choice, ordinal: datagram.number }, domain)
    }
}

/// What a datagram under way of so many bytes counts for: an empty one takes memory too.
pub(super) const fn weight(len: u32) -> u64 {
    len as u64 + 64
}
