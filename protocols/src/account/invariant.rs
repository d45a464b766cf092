//! What calls must come to.

use simlab_core::{Checker, Env, Interest, Invariant, Kind, NodeId, TraceEvent, View, Violation};
use std::collections::{BTreeMap, BTreeSet};

/// What at-most-once means.
pub(super) const EFFECTS_ONCE: Invariant = Invariant {
    name: "effects_once",
    summary: "no operation takes effect twice, none that was said not to be executed has any, \
              and what was acknowledged is there",
    build: || Box::new(EffectsOnce::default()),
};

/// What is answered.
pub(super) const REPLIES_MATCH: Invariant = Invariant {
    name: "replies_match",
    summary: "every reply answers its own call",
    build: || Box::new(RepliesMatch),
};

/// The operations of one account. `a`: the number of an operation.
const ASKED: &str = "account.asked";
/// `b`: how often it was done by now.
const ADDED: &str = "account.added";
/// A server begins a life, and has nothing yet.
const BEGINS: &str = "account.begins";
/// `b`: how often it was done, by what is on disk.
const RESTORED: &str = "account.restored";
/// `b`: the operation that the receipt names.
const ACKNOWLEDGED: &str = "account.acknowledged";
const NOT_EXECUTED: &str = "account.not-executed";

pub(super) fn note_asked(operation: u64, env: &mut Env<'_>) {
    env.note(ASKED, operation, 0);
}

pub(super) fn note_added(operation: u64, count: u32, env: &mut Env<'_>) {
    env.note(ADDED, operation, count.into());
}

pub(super) fn note_begins(env: &mut Env<'_>) {
    env.note(BEGINS, 0, 0);
}

pub(super) fn note_restored(operation: u64, count: u32, env: &mut Env<'_>) {
    env.note(RESTORED, operation, count.into());
}

pub(super) fn note_acknowledged(operation: u64, told: u64, env: &mut Env<'_>) {
    env.note(ACKNOWLEDGED, operation, told);
}

pub(super) fn note_not_executed(operation: u64, env: &mut Env<'_>) {
    env.note(NOT_EXECUTED, operation, 0);
}

/// Follows what each server has done. What a crash takes away is not an effect; what comes back from the disk
/// is one.
#[derive(Clone, Debug, Default)]
struct EffectsOnce {
    effects: BTreeMap<NodeId, BTreeMap<u64, u64>>,
    acknowledged: BTreeSet<u64>,
    not_executed: BTreeSet<u64>,
    /// Servers that have begun a life: what was acknowledged is judged when they do something in it.
    begun: BTreeSet<NodeId>,
}

impl EffectsOnce {
    fn count(&self, operation: u64) -> u64 {
        self.effects.values().filter_map(|effects| effects.get(&operation)).sum()
    }

    fn add(&mut self, server: NodeId, operation: u64, count: u64) -> Option<&'static str> {
        self.effects.entry(server).or_default().insert(operation, count);
        if self.not_executed.contains(&operation) {
            return Some("takes effect, and was said not to be executed");
        }
        (self.count(operation) > 1).then_some("takes effect twice")
    }

    /// After a server has told what it has from its disk, all that was acknowledged must be there.
    fn judge_restored(&mut self, server: NodeId) -> Option<(u64, &'static str)> {
        if !self.begun.remove(&server) {
            return None;
        }
        let lost = self.acknowledged.iter().find(|operation| self.count(**operation) == 0)?;
        Some((*lost, "was acknowledged, and is gone after a restart"))
    }
}

impl Checker for EffectsOnce {
    fn name(&self) -> &'static str {
        EFFECTS_ONCE.name
    }

    fn interest(&self) -> Interest {
        Interest::NOTES
    }

    fn on_event(&mut self, event: &TraceEvent<'_>, view: &dyn View) -> Option<Violation> {
        let (Some(node), Kind::Noted { name, a: operation, b }) = (event.node, event.kind) else {
            return None;
        };
        let objection = match name {
            BEGINS => {
                self.effects.remove(&node);
                self.begun.insert(node);
                None
            }
            RESTORED => self.add(node, operation, b).map(|words| (operation, words)),
            ADDED => {
                let lost = self.judge_restored(node);
                let again = self.add(node, operation, b).map(|words| (operation, words));
                again.or(lost)
            }
            ACKNOWLEDGED => {
                self.acknowledged.insert(operation);
                let there = self.count(operation) > 0;
                (!there).then_some((operation, "is acknowledged without any effect"))
            }
            NOT_EXECUTED => {
                self.not_executed.insert(operation);
                let there = self.count(operation) > 0;
                there.then_some((operation, "is said not to be executed, and took effect"))
            }
            _ => None,
        };
        objection.map(|(operation, words)| {
            let owner = u32::try_from(operation >> 48).map_or("", |n| view.name(NodeId(n)));
            let number = operation & 0xffff_ffff;
            Violation { detail: format!("operation {number} of {owner} {words}") }
        })
    }
}

#[derive(Clone, Debug)]
struct RepliesMatch;

impl Checker for RepliesMatch {
    fn name(&self) -> &'static str {
        REPLIES_MATCH.name
    }

    fn interest(&self) -> Interest {
        Interest::NOTES
    }

    fn on_event(&mut self, event: &TraceEvent<'_>, view: &dyn View) -> Option<Violation> {
        let (Some(node), Kind::Noted { name: ACKNOWLEDGED, a: asked, b: told }) =
            (event.node, event.kind)
        else {
            return None;
        };
        (asked != told).then(|| {
            let who = view.name(node);
            let (asked, told) = (asked & 0xffff_ffff, told & 0xffff_ffff);
            let detail = format!("{who} asks for operation {asked}, and is told of {told}");
            Violation { detail }
        })
    }
}
