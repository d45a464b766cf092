//! Carrying out what a handler asked for.

use super::{Due, World};
use crate::disk::Change;
use crate::limits::Finding;
use crate::node::Status;
use simlab_core::Time;
use simlab_core::history::Mark;
use simlab_core::wire::Decode;
use simlab_core::{Effect, Kind, NodeId, Operation, Outbox, Outcome, Seq, WriteKind};
use std::sync::Arc;

impl World {
    /// Carries out what a handler asked for.
    #[inline(never)]
    pub(super) fn carry_out_all(&mut self, id: NodeId, cause: Seq) {
        let Some(mut outbox) = self.outbox.take() else { return };
        self.carry_out(id, cause, &outbox);
        outbox.clear();
        self.outbox = Some(outbox);
    }

    /// Carries out the effects of a handler, in order.
    #[inline(never)]
    pub(super) fn carry_out(&mut self, id: NodeId, cause: Seq, outbox: &Outbox) {
        for effect in outbox.effects() {
            if self.ended {
                break;
            }
            if let Effect::Send { to, payload } = *effect {
                let (to, bytes) = (outbox.receivers(to), outbox.bytes(payload));
                if let [only] = to
                    && self.send_one(id, *only, bytes, cause)
                {
                    continue;
                }
                self.send_all(id, to, bytes, cause);
            } else if !self.carry_out_local(id, cause, outbox, *effect) {
                break;
            }
        }
    }

    /// Sends a payload to all of `to`, with one frame for all of them.
    #[inline(never)]
    fn send_all(&mut self, id: NodeId, mut to: &[NodeId], bytes: &[u8], cause: Seq) {
        let load = self.frames.insert(bytes);
        loop {
            to = &to[self.send_quickly(id, to, load, cause)..];
            let Some(first) = to.split_off_first().filter(|_| !self.ended) else { break };
            self.send(id, *first, load, cause);
        }
        self.frames.release(load.frame);
    }

    /// Carries out an effect that concerns the node alone. Returns whether the node goes on.
    #[inline(never)]
    fn carry_out_local(&mut self, id: NodeId, cause: Seq, outbox: &Outbox, effect: Effect) -> bool {
        let node = Some(id);
        match effect {
            Effect::Send { .. } => unreachable!("sends are carried out by the caller"),
            Effect::SetTimer { scope, key, after } => {
                let clock = self.nodes[id.index()].clock();
                let local = clock.now(self.now) + after;
                // A slow clock may have shown that for some nanoseconds already.
                let due = clock.when(local).max(self.now);
                let seq = self.record(node, Some(cause), Kind::TimerSet { scope, key, due }, &[]);
                if due == Time::NEVER {
                    // It never fires, so it need not wait in the queue.
                    self.nodes[id.index()].timers.cancel(scope, key);
                    return true;
                }
                let order = self.queue.reserve();
                let timers = &mut self.nodes[id.index()].timers;
                if let Some(slot) = timers.set(scope, key, (due, local), order, seq) {
                    let entry = Due::Timer { node: id, slot }.pack();
                    self.queue.push_reserved(due, order, entry);
                }
            }
            Effect::CancelTimer { scope, key } => {
                if self.nodes[id.index()].timers.cancel(scope, key) {
                    self.record(node, Some(cause), Kind::TimerCancelled { scope, key }, &[]);
                }
            }
            Effect::Append { file, data } => {
                let (file, data) = (outbox.text(file).to_owned(), outbox.bytes(data));
                let change = Change::Append { file, data: data.to_vec() };
                self.write(id, cause, change, WriteKind::Append, data);
            }
            Effect::WriteAt { file, offset, data } => {
                let (file, data) = (outbox.text(file).to_owned(), outbox.bytes(data));
                let change = Change::WriteAt { file, offset, data: data.to_vec() };
                self.write(id, cause, change, WriteKind::WriteAt, data);
            }
            Effect::Replace { file, data } => {
                let (file, data) = (outbox.text(file).to_owned(), outbox.bytes(data));
                let change = Change::Replace { file, data: Arc::new(data.to_vec()) };
                self.write(id, cause, change, WriteKind::Replace, data);
            }
            Effect::Truncate { file, len } => {
                let change = Change::Truncate { file: outbox.text(file).to_owned(), len };
                self.write(id, cause, change, WriteKind::Truncate, &[]);
            }
            Effect::Remove { file } => {
                let change = Change::Remove { file: outbox.text(file).to_owned() };
                self.write(id, cause, change, WriteKind::Remove, &[]);
            }
            Effect::Rename { from, to } => {
                let (from, new) = (outbox.text(from).to_owned(), outbox.bytes(to));
                let change = Change::Rename { from, to: outbox.text(to).to_owned() };
                self.write(id, cause, change, WriteKind::Rename, new);
            }
            Effect::Sync { scope, ticket, file } => {
                self.sync(id, cause, scope, ticket, file.map(|file| outbox.text(file)));
            }
            Effect::Invoke { op, session, operation } => {
                let bytes = outbox.bytes(operation);
                let seq = self.record(node, Some(cause), Kind::Invoked { op, session }, bytes);
                let operation = Operation::from_bytes(bytes).expect("it was encoded by Env");
                let mark = Mark { seq, at: self.now };
                if let Err(error) = self.history.invoke(op, session, operation, mark) {
                    let detail = format!("{}: {error}", self.names.node(id));
                    self.find(Finding::HISTORY, node, Some(seq), &detail);
                }
            }
            Effect::Complete { op, outcome } => {
                let bytes = outbox.bytes(outcome);
                let seq = self.record(node, Some(cause), Kind::Returned { op }, bytes);
                let outcome = Outcome::from_bytes(bytes).expect("it was encoded by Env");
                let mark = Mark { seq, at: self.now };
                if let Err(error) = self.history.complete(op, outcome, mark) {
                    let detail = format!("{}: {error}", self.names.node(id));
                    self.find(Finding::HISTORY, node, Some(seq), &detail);
                }
            }
            Effect::Note { name, a, b, text } => {
                let text = outbox.bytes(text);
                self.noted.insert(name);
                self.record(node, Some(cause), Kind::Noted { name, a, b }, text);
            }
            Effect::Reached { name } => {
                self.reached.insert(name);
            }
            Effect::Halt => {
                let seq = self.record(node, Some(cause), Kind::Halted, &[]);
                self.stop(id, seq, Status::Halted);
                if let Some(after) = self.nodes[id.index()].machine.restart_after {
                    self.restart_later(id, after);
                }
                return false;
            }
        }
        true
    }
}
