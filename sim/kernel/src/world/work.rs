//! From what is due at a node to its handler: the pause, the run queue, the workers.
//!
//! ```text
//!  due ─▶ admit ─▶ take ─┬─ paused ─▶ held ─resume─▶ desk ─turn─▶ take
//!                        ├─ no cost ──────────────────────────────▶ perform ─▶ handler
//!                        ├─ a worker is free ─▶ desk ─turn────────▶ perform
//!                        └─ else ─▶ inbox ─▶ the next free worker
//! ```
//!
//! What is due is judged when it is performed, not when it comes: a timer that is moved while its
//! event waits does not fire.

use super::send::weight;
use super::{Due, World};
use crate::fault::Fault;
use crate::network::Flight;
use crate::node::{Status, Turn, Work};
use crate::timers::{Popped, TimerEntry};
use crate::trace::Head;
use simlab_core::{
    Choice, Decide, Domain, DropReason, Duration, Event, Kind, NodeId, Point, Seq, Time, Who,
};

impl World {
    /// Something is due at a node that is up.
    pub(super) fn admit(&mut self, id: NodeId, work: Work) {
        if self.nodes[id.index()].catching_up() > 0 {
            self.put_on_desk(id, self.now, Turn { work, served: false, late: true });
        } else {
            self.take(id, work);
        }
    }

    /// A node gets to something, unless it has to wait.
    fn take(&mut self, id: NodeId, work: Work) {
        let node = &mut self.nodes[id.index()];
        if node.is_paused() {
            if self.has_room(id, &work) {
                self.hold(id, Turn { work, served: false, late: true });
            }
        } else if node.is_free() {
            self.perform(id, work);
        } else if node.desk().inbox.is_empty()
            && node.has_worker()
            && (!node.starting || matches!(work, Work::Start { .. }))
        {
            self.serve(id, work);
        } else if self.has_room(id, &work) {
            self.nodes[id.index()].desk().queue(work);
            self.waiting += 1;
        }
    }

    /// Whether there is room to wait. Only datagrams are dropped for want of it: the rest is the
    /// node's own, and there is no more of it than it asked for.
    fn has_room(&mut self, id: NodeId, work: &Work) -> bool {
        let Work::Datagram(flight) = work else { return true };
        if self.nodes[id.index()].has_room() {
            return true;
        }
        self.buffered -= 1;
        self.drop_flight(flight, flight.cause, DropReason::BufferFull);
        self.hit(id, |fault| matches!(fault, Fault::Pause(_) | Fault::Slow { .. }));
        false
    }

    /// Something waits for the end of a pause.
    fn hold(&mut self, id: NodeId, turn: Turn) {
        self.hit(id, |fault| matches!(fault, Fault::Pause(_)));
        self.nodes[id.index()].desk().hold(turn);
        self.waiting += 1;
    }

    /// A worker takes something on.
    fn serve(&mut self, id: NodeId, work: Work) {
        let node = &mut self.nodes[id.index()];
        let service = node.machine.cost.service;
        let desk = node.desk();
        desk.busy += 1;
        let point = Point { who: Who::Node(id), choice: Choice::Service, ordinal: desk.served };
        desk.served += 1;
        let time = self.decisions.decide(point, Domain::Span(&service));
        let time = u128::from(time) * u128::from(desk.slow) / 100;
        let slow = desk.slow != 100;
        let mut due = self.now + Duration(u64::try_from(time).unwrap_or(u64::MAX));
        if let Work::Synced { .. } = work {
            // A quick worker must not tell of a later sync before a slow one tells of an earlier.
            due = due.max(desk.last_synced);
            desk.last_synced = due;
        }
        self.put_on_desk(id, due, Turn { work, served: true, late: false });
        if slow {
            self.hit(id, |fault| matches!(fault, Fault::Slow { .. }));
        }
    }

    fn put_on_desk(&mut self, id: NodeId, due: Time, turn: Turn) {
        let node = &mut self.nodes[id.index()];
        if turn.late {
            node.add_late();
        }
        let number = node.desk().put(turn);
        self.queue.push(due, Due::Turn { node: id, number }.pack());
    }

    /// What was put on a node's desk is due.
    pub(super) fn turn(&mut self, id: NodeId, number: u64) {
        let node = &mut self.nodes[id.index()];
        // A crash has cleared the desk.
        let Some(turn) = node.desk().take(number) else { return };
        if turn.late {
            node.remove_late();
        } else if node.catching_up() > 0 {
            // A worker is done with it just now: after what was held.
            self.put_on_desk(id, self.now, Turn { late: true, ..turn });
            return;
        }
        if !turn.served {
            self.take(id, turn.work);
        } else if node.is_paused() {
            self.hold(id, Turn { late: true, ..turn });
        } else {
            node.desk().busy -= 1;
            self.perform(id, turn.work);
            self.serve_next(id);
        }
    }

    fn serve_next(&mut self, id: NodeId) {
        loop {
            let node = &mut self.nodes[id.index()];
            if node.status != Status::Up || !node.has_worker() {
                return;
            }
            let Some(work) = node.desk().dequeue() else { return };
            self.waiting -= 1;
            self.serve(id, work);
        }
    }

    /// A pause is over, unless another one holds: what came meanwhile gets its turn now, in the
    /// order in which it was due.
    pub(super) fn resume(&mut self, id: NodeId, cause: Seq) {
        let pausing = |fault: &Fault| matches!(fault, Fault::Pause(_));
        let still = self.faults.on(id).any(|(_, fault)| pausing(fault));
        let node = &mut self.nodes[id.index()];
        if still || !node.is_paused() {
            return;
        }
        node.go_on();
        let held = node.desk().release();
        self.waiting -= held.len();
        let count = u32::try_from(held.len()).unwrap_or(u32::MAX);
        self.record(Some(id), Some(cause), Kind::Resumed { held: count }, &[]);
        for turn in held {
            self.put_on_desk(id, self.now, turn);
        }
    }

    /// Hands something to the node's process.
    fn perform(&mut self, id: NodeId, work: Work) {
        match work {
            Work::Start { seq } => {
                self.nodes[id.index()].starting = false;
                self.handle(id, seq, Event::Start);
            }
            Work::Datagram(flight) => {
                self.buffered -= 1;
                self.deliver(flight);
            }
            Work::Timer(entry) => self.fire(id, entry),
            Work::Synced { scope, ticket, result, asked } => {
                let kind = Kind::Synced { ticket, result };
                let seq = self.record(Some(id), Some(asked), kind, &[]);
                self.handle(id, seq, Event::Synced { scope, ticket, result });
            }
            Work::Command { bytes } => {
                let seq = self.record(Some(id), None, Kind::Commanded, &bytes);
                self.handle(id, seq, Event::Command { bytes: &bytes });
            }
        }
    }

    /// Hands a datagram to the process of its receiver.
    pub(super) fn deliver(&mut self, flight: Flight) {
        let Flight { from, to, frame, link, datagram, cause } = flight;
        self.in_flight_bytes -= weight(self.frames.get(frame).bytes().len() as u32);
        self.stats.delivered += 1;
        self.stats.reordered += u64::from(self.links.deliver(link, datagram, (from, to)));
        let seq = if cause == datagram && !self.writer.datagrams_observed() {
            let payload = self.frames.get_mut(frame);
            self.writer.delivered(self.now, (from, to), datagram, || payload.kept())
        } else {
            let kind = Kind::Delivered { from, datagram };
            let head = Head { at: self.now, node: Some(to), cause: Some(cause), kind };
            self.record_again(head, frame)
        };
        self.handle_datagram(to, seq, from, frame);
    }

    /// A timer's entry came out of the queue.
    pub(super) fn timer(&mut self, id: NodeId, entry: TimerEntry) {
        // Entries of moved and forgotten timers are none of the node's business.
        let node = &self.nodes[id.index()];
        if !node.handles_at_once() && node.timers.ripe(entry).is_some() {
            self.admit(id, Work::Timer(entry));
        } else {
            self.fire(id, entry);
        }
    }

    fn fire(&mut self, id: NodeId, entry: TimerEntry) {
        match self.nodes[id.index()].timers.popped(entry, self.now) {
            Popped::Stale => {}
            Popped::Again(due, order) => {
                let again = Due::Timer { node: id, slot: entry.slot };
                self.queue.push_reserved(due, order, again.pack());
            }
            Popped::Fire { scope, key, set } => {
                self.stats.timers_fired += 1;
                let kind = Kind::TimerFired { scope, key };
                let seq = self.record(Some(id), Some(set), kind, &[]);
                self.handle(id, seq, Event::Timer { scope, key });
            }
        }
    }
}
