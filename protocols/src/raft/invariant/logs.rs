//! Which entries each node has, by their terms.

use super::{Law, Said, forget_oldest};
use crate::raft::log::Position;
use crate::raft::notes::{
    APPENDED, DEPOSED, FOLLOWS, INSTALLED, LEADS, RECOVERED, SNAPSHOT, STEPS_DOWN, TRUNCATED,
    unpacked,
};
use simlab_core::NodeId;
use std::collections::{BTreeMap, BTreeSet};

type Names<'a> = &'a dyn Fn(NodeId) -> String;

/// A node's log: what it is based on, and the terms of what is behind.
#[derive(Clone, Debug, Default)]
struct Terms {
    base: Position,
    terms: Vec<u64>,
}

impl Terms {
    fn last(&self) -> Position {
        let index = self.base.index + self.terms.len() as u64;
        let term = self.terms.last().copied().unwrap_or(self.base.term);
        Position { index, term }
    }

    fn place(&self, index: u64) -> Option<usize> {
        usize::try_from(index.checked_sub(self.base.index + 1)?).ok()
    }

    /// `None` if it is before the base, or there is no such entry.
    fn term(&self, index: u64) -> Option<u64> {
        if index == self.base.index {
            return Some(self.base.term);
        }
        self.terms.get(self.place(index)?).copied()
    }

    /// Everything before an entry is in a snapshot.
    fn rest_on(&mut self, base: Position) {
        if base.index <= self.base.index {
            return;
        }
        let gone = usize::try_from(base.index - self.base.index).unwrap_or(usize::MAX);
        self.terms.drain(..gone.min(self.terms.len()));
        self.base = base;
    }
}

/// The logs of all nodes.
#[derive(Clone, Debug, Default)]
pub(super) struct Logs {
    nodes: BTreeMap<NodeId, Terms>,
}

impl Logs {
    /// Takes in what a node says of its log.
    pub(super) fn hear(&mut self, said: Said) {
        let log = match said.name {
            RECOVERED | APPENDED | TRUNCATED | INSTALLED | SNAPSHOT => {
                self.nodes.entry(said.node).or_default()
            }
            _ => return,
        };
        let at = unpacked(said.a);
        match said.name {
            RECOVERED => *log = Terms { base: at, terms: Vec::new() },
            APPENDED => {
                if let Some(place) = log.place(at.index) {
                    log.terms.truncate(place);
                    log.terms.push(at.term);
                }
            }
            TRUNCATED => {
                if let Some(place) = log.place(said.a) {
                    log.terms.truncate(place);
                }
            }
            INSTALLED if log.term(at.index) != Some(at.term) => {
                *log = Terms { base: at, terms: Vec::new() };
            }
            _ => log.rest_on(at),
        }
    }

    /// Where a node's log ends.
    pub(super) fn last(&self, node: NodeId) -> Position {
        self.nodes.get(&node).map_or(Position::default(), Terms::last)
    }

    /// The term of an entry of a node; `None` if a snapshot has it, or it has none.
    pub(super) fn term(&self, node: NodeId, index: u64) -> Option<u64> {
        self.nodes.get(&node)?.term(index)
    }

    /// What a node's log is based on.
    pub(super) fn base(&self, node: NodeId) -> u64 {
        self.nodes.get(&node).map_or(0, |log| log.base.index)
    }
}

/// By induction: an entry is what its index and term say, and so is the one before it.
#[derive(Clone, Debug, Default)]
pub(super) struct LogMatching {
    logs: Logs,
    /// By index and term: a digest, and the term of the entry before; and who said so.
    entries: BTreeMap<(u64, u64), (u64, Option<u64>, NodeId)>,
}

impl Law for LogMatching {
    const NAME: &'static str = "log_matching";

    fn judge(&mut self, said: Said, name: Names<'_>) -> Option<String> {
        let at = unpacked(said.a);
        let before =
            (said.name == APPENDED).then(|| self.logs.term(said.node, at.index.saturating_sub(1)));
        self.logs.hear(said);
        let before = before?;
        let own = (said.b, before, said.node);
        let first = *self.entries.entry((at.index, at.term)).or_insert(own);
        forget_oldest(&mut self.entries);
        let ((digest, term, other), node) = (first, name(said.node));
        let differs = term.zip(before).is_some_and(|(term, before)| term != before);
        (digest != said.b || differs)
            .then(|| format!("{} and {node} have different logs up to entry {at}", name(other)))
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct LeaderAppendOnly {
    leaders: BTreeSet<NodeId>,
}

impl Law for LeaderAppendOnly {
    const NAME: &'static str = "leader_append_only";

    fn judge(&mut self, said: Said, name: Names<'_>) -> Option<String> {
        match said.name {
            LEADS => {
                self.leaders.insert(said.node);
            }
            DEPOSED | STEPS_DOWN | FOLLOWS | RECOVERED => {
                self.leaders.remove(&said.node);
            }
            TRUNCATED | INSTALLED if self.leaders.contains(&said.node) => {
                return Some(format!(
                    "{} leads, and takes entries of its log away",
                    name(said.node)
                ));
            }
            _ => {}
        }
        None
    }
}
