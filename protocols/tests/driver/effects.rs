//! Carrying out what a process asked for.

use super::{Action, Flight, Glance, Op, World};
use simlab_core::wire::Decode;
use simlab_core::*;
use std::num::NonZeroU64;

impl World {
    pub(super) fn handle(&mut self, node: NodeId, event: Event<'_>) {
        let mut outbox = Outbox::new();
        let state = &mut self.nodes[node.index()];
        let Some(process) = &mut state.process else { return };
        let moment = Moment { me: node, now: self.now, wall: self.now, life: state.life };
        let mut env =
            Env::new(moment, &mut outbox, &mut state.counters, &mut self.decide, &state.files);
        process.on_event(event, &mut env);
        for effect in outbox.effects() {
            self.carry_out(node, *effect, &outbox);
            if *effect == Effect::Halt {
                break;
            }
        }
    }

    fn carry_out(&mut self, node: NodeId, effect: Effect, outbox: &Outbox) {
        let life = self.nodes[node.index()].life;
        let files = &mut self.nodes[node.index()].files;
        match effect {
            Effect::Send { to, payload } => {
                for to in outbox.receivers(to) {
                    self.send(node, *to, outbox.bytes(payload));
                }
            }
            Effect::SetTimer { scope, key, after } => {
                let due = self.now + after;
                self.nodes[node.index()].timers.insert((scope, key), due);
                self.schedule(due, Action::Timer { node, life, scope, key });
            }
            Effect::CancelTimer { scope, key } => {
                self.nodes[node.index()].timers.remove(&(scope, key));
            }
            Effect::Replace { file, data } => {
                let failed = (self.spoil)(node.0, self.now.millis());
                files.write(outbox.text(file), Some(outbox.bytes(data)), failed);
            }
            Effect::Remove { file } => files.write(outbox.text(file), None, None),
            Effect::Append { .. }
            | Effect::WriteAt { .. }
            | Effect::Truncate { .. }
            | Effect::Rename { .. } => panic!("nobody here writes parts of files"),
            Effect::Sync { scope, ticket, file } => {
                assert_eq!(file, None, "nobody here syncs single files");
                let writes = files.written();
                // In the order in which they were asked for.
                let slow = self.slow_disk.filter(|(slow, _)| *slow == node.0);
                let us = self.between(self.sync_us) + slow.map_or(0, |(_, us)| us);
                let last = self.queue.iter().filter_map(|((at, _), action)| match action {
                    Action::Synced { node: of, .. } if *of == node => Some(*at),
                    _ => None,
                });
                let at = last.max().unwrap_or(self.now).max(self.now + Duration::from_micros(us));
                self.schedule(at, Action::Synced { node, life, scope, ticket, writes });
            }
            Effect::Invoke { op, session, operation } => {
                let operation =
                    Operation::from_bytes(outbox.bytes(operation)).expect("an operation");
                let line = format!("{} asks: {operation}", self.name(node));
                self.say(&line);
                let taken = |other: &Op| {
                    other.session == session
                        && other.id.node() == node
                        && !matches!(&other.returned, Some((_, o)) if !matches!(o, Outcome::Unknown(_)))
                };
                assert!(!self.history.iter().any(taken), "{session:?} of {node} is in use");
                assert!(self.history.iter().all(|other| other.id != op), "{op:?} twice");
                let invoked = self.steps;
                self.history.push(Op { id: op, session, operation, invoked, returned: None });
            }
            Effect::Complete { op, outcome } => {
                let outcome = Outcome::from_bytes(outbox.bytes(outcome)).expect("an outcome");
                let line = format!("{} is told: {outcome}", self.name(node));
                self.say(&line);
                let found = self.history.iter_mut().find(|other| other.id == op);
                let found = found.expect("an invoked operation");
                assert_eq!(found.returned, None, "completed once");
                found.returned = Some((self.steps, outcome));
            }
            Effect::Note { name, a, b, .. } => self.note(node, name, a, b),
            // Goals are the business of sweeps.
            Effect::Reached { .. } => {}
            Effect::Halt => {
                let line = format!("{} halts", self.name(node));
                self.say(&line);
                self.halted.insert(node.0);
                self.stop(node);
                if let Some(ms) = self.restart_halted_after {
                    self.schedule(self.now + Duration::from_millis(ms), Action::Restart { node });
                }
            }
        }
    }

    fn send(&mut self, from: NodeId, to: NodeId, bytes: &[u8]) {
        let [a, b] = [from, to].map(|node| self.nodes[node.index()].entry);
        let link = if a.name == b.name { self.far } else { self.near };
        let dissection = a.dissect.and_then(|dissect| dissect(bytes)).expect("our own datagram");
        let kind = dissection.kind;
        *self.sent.entry(kind.clone()).or_default() += 1;
        let flight = Flight { from: from.0, to: to.0, kind, at_ms: self.now.millis() };
        let copies = if (self.lose)(&flight) || self.below(100) < link.loss {
            0
        } else {
            1 + u64::from(self.below(100) < link.duplicate)
        };
        for _ in 0..copies {
            let at = self.now + Duration::from_micros(self.between(link.delay));
            self.schedule(at, Action::Arrive { from, to, bytes: bytes.to_vec() });
        }
    }

    fn note(&mut self, node: NodeId, name: &'static str, a: u64, b: u64) {
        let line = format!("{} notes: {name}", self.name(node));
        self.say(&line);
        *self.notes.entry(name).or_default() += 1;
        let event = TraceEvent {
            seq: Seq(NonZeroU64::MIN),
            at: self.now,
            node: Some(node),
            cause: None,
            kind: Kind::Noted { name, a, b },
            bytes: &[],
        };
        for checker in &mut self.checkers {
            if let Some(violation) = checker.on_event(&event, &Glance(&self.nodes, self.now)) {
                self.violations.push(format!("{}: {}", checker.name(), violation.detail));
            }
        }
    }
}
