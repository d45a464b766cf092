//! What an adversary on a link does to a datagram.

use super::send::{Datagram, weight};
use super::{Rare, World};
use crate::network::{Adversary, Insight, LEAK, LinkSpec, Load, Patch, edit};
use crate::trace::Head;
use simlab_core::{Choice, Domain, DropReason, Kind, NodeId, Seq};
use std::sync::Arc;

impl World {
    /// Says what can be made of a node's datagrams without any key. Of a node of which nothing is said an
    /// adversary edits any byte, repairs nothing, and reads everything.
    pub fn set_insight(&mut self, node: NodeId, insight: Arc<dyn Insight>) {
        self.insights.insert(node, insight);
    }

    /// Lets an adversary see a datagram that passes, read what it can of it, and perhaps keep it for later.
    pub(super) fn overhear(&mut self, datagram: Datagram, adversary: &Adversary) {
        let bytes = self.frames.bytes(datagram.load.frame);
        let insight = self.insights.get(&datagram.from);
        let read = insight.map_or(bytes.len(), |insight| insight.readable(bytes));
        if read >= LEAK {
            self.stats.leaked += 1;
            self.stats.leaked_bytes += read as u64;
        }
        if self.decide(datagram, Choice::Replay, Domain::Chance(adversary.replay)) == 1 {
            let after = Domain::Span(&adversary.replay_after);
            let after = self.decide(datagram, Choice::ReplayAfter, after);
            // What it keeps takes memory as what is under way does.
            self.frames.retain(datagram.load.frame, 1);
            self.in_flight_bytes += weight(datagram.load.len);
            self.push_rare(self.now + simlab_core::Duration(after), Rare::Replay(datagram));
        }
    }

    /// Lets an adversary send again what it has recorded, if it is still there.
    pub(super) fn replay(&mut self, datagram: Datagram) {
        let Datagram { from, to, load, seq, .. } = datagram;
        self.in_flight_bytes -= weight(load.len);
        let spec = self.links.spec(from, to);
        if spec.adversary.is_some() {
            self.hit_weather(datagram, |patch| {
                patch.adversary.is_some_and(|a| !a.replay.is_zero())
            });
            self.stats.replayed += 1;
            let kind = Kind::Replayed { from, datagram: seq };
            let cause = self.record(Some(to), Some(seq), kind, &[]);
            match self.cuts.separating(from, to) {
                Some(cut) => {
                    self.faults.hit(cut, 1);
                    self.record_drop(from, to, load.frame, seq, cause, DropReason::Cut);
                }
                None => self.copy(datagram, &spec, 2, self.now, cause),
            }
        }
        self.frames.release(load.frame);
    }

    /// Lets an adversary edit a copy, if it is to; `None` if it leaves it as it is.
    pub(super) fn tamper(
        &mut self,
        datagram: Datagram,
        spec: &LinkSpec,
        copy: u8,
        cause: Seq,
    ) -> Option<(Load, Seq)> {
        let adversary = spec.adversary.filter(|_| copy < 2)?;
        let edits = Domain::Chance(adversary.edit);
        if self.decide(datagram, Choice::Tamper { copy }, edits) == 0 {
            return None;
        }
        let mut bytes = self.frames.bytes(datagram.load.frame).to_vec();
        let insight = self.insights.get(&datagram.from).cloned();
        let damage = edit(&mut bytes, insight.as_deref(), |part, bound| {
            self.decide(datagram, Choice::Edit { copy, part }, Domain::Below(bound))
        })?;
        // What was edited may be what was then repaired.
        if bytes == self.frames.bytes(datagram.load.frame) {
            return None;
        }
        let load = self.frames.insert(&bytes);
        self.stats.edited += 1;
        self.hit_weather(datagram, |patch: &Patch| {
            patch.adversary.is_some_and(|a| !a.edit.is_zero())
        });
        let Datagram { from, to, seq, .. } = datagram;
        let kind = Kind::Corrupted { from, datagram: seq, damage };
        let head = Head { at: self.now, node: Some(to), cause: Some(cause), kind };
        Some((load, self.record_payload(head, load)))
    }
}
