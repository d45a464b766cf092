//! The loop for deliveries that nobody looks at: what holds for all of them is asked once.
//!
//! It does what [`World::step`] does for each, and leaves to it whatever is not the arrival of a datagram
//! as it was sent, at a node that handles it at once; and everything while someone looks on, a fault
//! holds, a limit is near, or the queue holds something that came late.
//!
//! Inside the loop the world's clock, its counts of events and deliveries, the length of the queue and
//! [`World::touched`] stay behind, and [`World::settle`] brings them up to date: before anything else
//! than a handler is called, since that reads them.

use super::World;
use super::due::Due;
use super::send::weight;
use crate::limits::Limits;
use crate::network::Flight;
use simlab_core::{Effect, Event, Interest, NodeId, Outbox, Seq, Time};

impl World {
    /// How many deliveries can follow each other without a question, if they ask for nothing.
    #[inline(always)]
    fn calm(&self) -> u64 {
        let Limits { events, queue, records, disk_bytes, .. } = self.alarms;
        let observed = self.writer.datagrams_observed() || self.writer.is_checked(Interest::STATES);
        let noted = self.ended || observed || self.faults.any();
        if noted || self.queue.len() + self.waiting > queue || self.disk_bytes > disk_bytes {
            return 0;
        }
        let records = records.saturating_sub(self.writer.written());
        events.saturating_sub(self.stats.events).min(records)
    }

    /// Whether what comes first is a datagram for a node that handles it at once.
    #[inline(always)]
    pub(super) fn has_arrival(&mut self, limit: Time) -> bool {
        let Some((_, order, item)) = self.queue.first_until(limit, 0) else { return false };
        match Due::unpack(order, item) {
            Due::Arrival(flight) => self.nodes[flight.to.index()].handles_at_once(),
            _ => false,
        }
    }

    /// Hands out the datagrams that are due at `limit` or before, until something else comes up.
    #[inline(never)]
    pub(super) fn deliver_quietly(&mut self, limit: Time) {
        let limit = limit.min(Time(self.alarms.virtual_time.nanos()));
        let mut calm = self.calm();
        let mut done = 0;
        let mut last = NodeId(0);
        let mut outbox = self.outbox.take().unwrap_or_default();
        while done < calm {
            let Some((now, order, item)) = self.queue.first_until(limit, done as usize) else {
                break;
            };
            let due = Due::unpack(order, item);
            let Due::Arrival(Flight { from, to, frame, link, datagram, .. }) = due else { break };
            let node = &mut self.nodes[to.index()];
            if !node.handles_at_once() {
                break;
            }
            self.queue.remove_first();
            debug_assert!(now >= self.now, "time does not run backwards");
            done += 1;
            last = to;
            let payload = self.frames.get_mut(frame);
            self.in_flight_bytes -= weight(payload.bytes().len() as u32);
            if self.links.deliver(link, datagram, (from, to)) {
                self.stats.reordered += 1;
            }
            let seq = self.writer.delivered(now, (from, to), datagram, || payload.kept());
            if !node.has_time(now, self.limits.events_per_instant) {
                self.frames.release(frame);
                self.settle(done, now, to);
                self.touched.clear();
                self.instant_is_over(to, seq);
                done = 0;
                break;
            }
            let event = Event::Datagram { from, bytes: payload.bytes() };
            let outcome = node.run(to, now, event, &mut outbox, &mut self.decisions);
            if payload.release() {
                self.frames.free(frame);
            }
            if let Err(panicked) = outcome {
                self.settle(done, now, to);
                self.panicked(to, seq, panicked);
                return;
            }
            if !outbox.is_empty() {
                self.settle(done, now, to);
                // What could not be sent so is tried again there, in the longer way.
                if !self.carry_out_answer(to, seq, &outbox) {
                    self.carry_out(to, seq, &outbox);
                }
                outbox.clear();
                calm = self.calm();
                done = 0;
            }
        }
        self.outbox = Some(outbox);
        if done > 0 {
            let now = self.nodes[last.index()].instant();
            self.settle(done, now, last);
        }
    }

    /// Carries out what a handler asked for, if that is to send to one node. Returns whether it did.
    #[inline(always)]
    fn carry_out_answer(&mut self, id: NodeId, cause: Seq, outbox: &Outbox) -> bool {
        let [Effect::Send { to, payload }] = *outbox.effects() else { return false };
        let [to] = *outbox.receivers(to) else { return false };
        self.send_one(id, to, outbox.bytes(payload), cause)
    }

    /// Takes note of so many deliveries, the last of which is at hand.
    #[inline(always)]
    fn settle(&mut self, delivered: u64, now: Time, last: NodeId) {
        assert!(now >= self.now, "time does not run backwards");
        self.now = now;
        self.queue.uncount(delivered as usize);
        self.stats.events += delivered;
        self.stats.delivered += delivered;
        self.touched.clear();
        self.touched.push(last);
    }
}
