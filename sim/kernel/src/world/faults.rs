//! Faults begin and end; what holds at a node is a function of those that hold then.

use super::send::weight;
use super::{Due, Rare, World};
use crate::disk::{Aftermath, DiskFault, Trouble};
use crate::fault::Fault;
use crate::network::Flight;
use crate::node::{Status, Work};
use crate::timers::TimerEntry;
use simlab_core::{DiskAct, DropReason, Duration, FaultId, Kind, NodeId, Seq};

impl World {
    /// Defines a fault, to begin and to end by [`Action`](super::Action)s.
    pub fn define_fault(&mut self, name: impl Into<String>, fault: Fault) -> FaultId {
        self.names.faults.push(name.into());
        self.faults.define(fault)
    }

    /// How many things a fault has changed so far: datagrams that a cut kept back or that other
    /// links lost, damaged, doubled or delayed; nodes that crashed or left; events that waited for a
    /// pause to end or for a slow worker; events handled under a changed clock; writes, reads and
    /// syncs that a disk spoilt. Where faults of a kind overlap, each of them counts what any of them
    /// changed; cuts count what the first of them kept back.
    #[must_use]
    pub fn hits(&self, fault: FaultId) -> u64 {
        self.faults.get(fault).map_or(0, |planned| planned.hits)
    }

    pub(super) fn begin(&mut self, id: FaultId) {
        let Some(fault) = self.faults.set(id, true) else { return };
        let words = fault.in_words(&|node| self.names.node(node));
        let kind = match fault {
            Fault::Cut(_) => Kind::Cut { fault: id },
            _ => Kind::Began { fault: id },
        };
        let seq = self.record(None, None, kind, words.as_bytes());
        match fault {
            Fault::Cut(shape) => {
                // What waits in front of a link that is cut dies too, and makes nobody wait later.
                self.links.clear_backlog(self.now, |from, to| shape.separates(from, to));
                let dead = self.kill(|flight| shape.separates(flight.from, flight.to));
                self.faults.hit(id, dead.len() as u64);
                self.cuts.begin(id, shape);
                for flight in dead {
                    self.drop_flight(&flight, seq, DropReason::CutInFlight);
                }
            }
            Fault::Links(weather) => self.links.begin(id, weather),
            Fault::Crash { nodes, wiped } => {
                for node in nodes {
                    let crashed = self.crash(node, Some(seq));
                    let status = self.nodes[node.index()].status;
                    let wipes = wiped && matches!(status, Status::Down | Status::Halted);
                    if wipes {
                        self.on_disk(node, |disk, _| disk.wipe());
                        self.record(Some(node), Some(seq), Kind::Wiped, &[]);
                    }
                    self.faults.hit(id, u64::from(crashed || wipes));
                    // What was down before is not this fault's to start.
                    self.nodes[node.index()].owed |= crashed || wipes;
                }
            }
            Fault::Clock { nodes, jump, .. } => {
                for node in nodes {
                    self.set_clock(node, jump.into(), seq);
                }
            }
            Fault::Disk { nodes, what } => {
                for node in nodes {
                    self.set_trouble(node);
                    if let DiskFault::Rot(bits) = what {
                        self.rot(id, node, bits, seq);
                    }
                }
            }
            Fault::Leave(nodes) => {
                for node in nodes {
                    let status = self.nodes[node.index()].status;
                    if status != Status::Left && status != Status::Panicked {
                        let seq = self.record(Some(node), Some(seq), Kind::Left, &[]);
                        self.stop(node, seq, Status::Left);
                        self.faults.hit(id, 1);
                    }
                }
            }
            Fault::Pause(nodes) => {
                for node in nodes {
                    if !self.nodes[node.index()].pause() {
                        self.record(Some(node), Some(seq), Kind::Paused, &[]);
                    }
                }
            }
            Fault::Slow { nodes, .. } => nodes.into_iter().for_each(|node| self.set_slow(node)),
            Fault::CrashAtSync { .. } => {}
        }
    }

    pub(super) fn end(&mut self, id: FaultId) {
        let Some(fault) = self.faults.set(id, false) else { return };
        let words = fault.in_words(&|node| self.names.node(node));
        let kind = match fault {
            Fault::Cut(_) => Kind::Healed { fault: id },
            _ => Kind::Ended { fault: id },
        };
        let seq = self.record(None, None, kind, words.as_bytes());
        match fault {
            Fault::Cut(_) => self.cuts.end(id),
            Fault::Links(_) => self.links.end(id),
            Fault::Crash { nodes, .. } => {
                for node in nodes {
                    if self.nodes[node.index()].owed {
                        self.restart(node, Some(seq));
                    }
                }
            }
            Fault::Clock { nodes, jump, .. } => {
                for node in nodes {
                    self.set_clock(node, -i128::from(jump), seq);
                }
            }
            Fault::Disk { nodes, .. } => nodes.into_iter().for_each(|node| self.set_trouble(node)),
            Fault::Pause(nodes) => nodes.into_iter().for_each(|node| self.resume(node, seq)),
            Fault::Slow { nodes, .. } => nodes.into_iter().for_each(|node| self.set_slow(node)),
            Fault::CrashAtSync { .. } | Fault::Leave(_) => {}
        }
    }

    /// Counts a hit of every fault on a node that `is` one.
    pub(super) fn hit(&mut self, node: NodeId, is: impl Fn(&Fault) -> bool) {
        self.faults.hit_all(node, 1, is);
    }

    fn set_clock(&mut self, id: NodeId, jump: i128, cause: Seq) {
        let drifts = self.faults.on(id).filter_map(|(_, fault)| match fault {
            Fault::Clock { drift, .. } => *drift,
            _ => None,
        });
        let node = &mut self.nodes[id.index()];
        let drift = drifts.last().unwrap_or(node.machine.drift);
        let clock = node.clock_mut();
        clock.set_drift(self.now, drift);
        clock.jump(jump);
        let clock = *clock;
        for TimerEntry { slot, at, order } in
            node.timers.retime(self.now, |local| clock.when(local))
        {
            let entry = Due::Timer { node: id, slot }.pack();
            self.queue.push_reserved(at, order, entry);
        }
        let jump = jump.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        let kind = Kind::ClockChanged { jump, drift: clock.drift() };
        self.record(Some(id), Some(cause), kind, &[]);
    }

    fn set_slow(&mut self, id: NodeId) {
        let slow = self.faults.on(id).filter_map(|(_, fault)| match fault {
            Fault::Slow { percent, .. } => Some(*percent),
            _ => None,
        });
        let slow = slow.max().unwrap_or(100);
        self.nodes[id.index()].desk().slow = slow;
    }

    fn set_trouble(&mut self, id: NodeId) {
        let faults = self.faults.on(id).filter_map(|(_, fault)| match fault {
            Fault::Disk { what, .. } => Some(what),
            _ => None,
        });
        let trouble = Trouble::of(faults);
        self.nodes[id.index()].disk_mut().set_trouble(trouble);
    }

    fn rot(&mut self, id: FaultId, node: NodeId, bits: u32, cause: Seq) {
        for _ in 0..bits.min(DiskFault::ROT_MAX) {
            let rotted = self.on_disk(node, |disk, ask| disk.rot(ask));
            let Some((file, bit)) = rotted else { return };
            let file = Some(self.names.intern_file(&file));
            let kind = Kind::DiskActed { what: DiskAct::Rotted, file, at: bit };
            self.record(Some(node), Some(cause), kind, &[]);
            self.faults.hit(id, 1);
        }
    }

    /// A node comes up for the first time, unless a fault keeps it down until later. A story may have
    /// crashed it, or let it leave, before it ever came.
    pub(super) fn start(&mut self, id: NodeId) {
        let status = self.nodes[id.index()].status;
        if self.faults.on(id).any(|(_, fault)| matches!(fault, Fault::Crash { .. })) {
            if status == Status::Absent {
                let node = &mut self.nodes[id.index()];
                (node.status, node.owed) = (Status::Down, true);
                self.hit(id, |fault| matches!(fault, Fault::Crash { .. }));
            }
        } else if matches!(status, Status::Absent | Status::Up) {
            self.come_up(id, None, Kind::Started);
        }
    }

    /// Stops a node without warning. Returns whether it was up.
    pub(super) fn crash(&mut self, id: NodeId, cause: Option<Seq>) -> bool {
        if self.nodes[id.index()].status != Status::Up {
            return false;
        }
        self.stats.crashes += 1;
        let seq = self.record(Some(id), cause, Kind::Crashed, &[]);
        self.stop(id, seq, Status::Down);
        true
    }

    /// Starts a node that is down again, unless a fault keeps it down: then the end of that does.
    pub(super) fn restart(&mut self, id: NodeId, cause: Option<Seq>) {
        let kept_down = |fault: &Fault| matches!(fault, Fault::Crash { .. });
        let startable = matches!(self.nodes[id.index()].status, Status::Down | Status::Halted);
        if !startable {
            return;
        }
        if self.faults.on(id).any(|(_, fault)| kept_down(fault)) {
            if !std::mem::replace(&mut self.nodes[id.index()].owed, true) {
                self.hit(id, kept_down);
            }
            return;
        }
        self.come_up(id, cause, Kind::Restarted);
    }

    fn come_up(&mut self, id: NodeId, cause: Option<Seq>, how: Kind) {
        let node = &mut self.nodes[id.index()];
        (node.status, node.since, node.starting) = (Status::Up, self.now, true);
        node.owed = false;
        let seq = self.record(Some(id), cause, how, &[]);
        self.admit(id, Work::Start { seq });
    }

    /// Ends a node's life, whatever the reason.
    pub(super) fn stop(&mut self, id: NodeId, cause: Seq, status: Status) {
        self.touched.push(id);
        let node = &mut self.nodes[id.index()];
        self.waiting -= node.waiting();
        let waiting = node.stop(status);
        for work in waiting {
            if let Work::Datagram(flight) = work {
                self.buffered -= 1;
                self.drop_flight(&flight, cause, DropReason::ReceiverDown);
            }
        }
        let Aftermath { lost, torn, kept } = self.on_disk(id, |disk, ask| disk.crash(ask));
        if lost + torn + kept > 0 {
            let kind = Kind::LostOnCrash { lost, torn, kept };
            self.record(Some(id), Some(cause), kind, &[]);
        }
    }

    /// Starts a node again after a while.
    pub(super) fn restart_later(&mut self, id: NodeId, after: Duration) {
        let life = self.nodes[id.index()].life;
        self.push_rare(self.now + after, Rare::Restart { node: id, life });
    }

    /// A copy that was under way, or waited for its receiver, is gone.
    pub(super) fn drop_flight(&mut self, flight: &Flight, cause: Seq, why: DropReason) {
        self.in_flight_bytes -= weight(self.frames.bytes(flight.frame).len() as u32);
        self.record_drop(flight.from, flight.to, flight.frame, flight.datagram, cause, why);
        self.frames.release(flight.frame);
    }
}
