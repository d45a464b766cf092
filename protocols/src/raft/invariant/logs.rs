//! Which entries each node has, by their terms.

use super::{Law, Said};
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

    /// Below this index every node has snapshots only.
    fn all_rest_on(&self) -> u64 {
        self.nodes.values().map(|log| log.base.index).min().unwrap_or(0)
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
        if said.name == SNAPSHOT {
            let keep = self.logs.all_rest_on();
            self.entries = self.entries.split_off(&(keep, 0));
        }
        let at = unpacked(said.a);
        let before =
            (said.name == APPENDED).then(|| self.logs.term(said.node, at.index.saturating_sub(1)));
        self.logs.hear(said);
        let before = before?;
        let own = (said.b, before, said.node);
        let first = *self.entries.entry((at.index, at.term)).or_insert(own);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::notes::packed;

    /// What every node has in a snapshot is forgotten, so that what is remembered does not grow with the run.
    #[test]
    fn what_all_have_snapshots_of_is_forgotten() {
        let mut law = LogMatching::default();
        let mut say = |node, name, a| {
            let said = Said { node: NodeId(node), name, a, b: 0 };
            assert_eq!(law.judge(said, &|node| node.to_string()), None);
            law.entries.len()
        };
        for node in [0, 1] {
            for index in 1..=5 {
                say(node, APPENDED, packed(1, index));
            }
        }
        assert_eq!(say(0, SNAPSHOT, packed(1, 3)), 5);
        assert_eq!(say(1, SNAPSHOT, packed(1, 2)), 5, "the second node had none");
        assert_eq!(say(0, APPENDED, packed(1, 6)), 6, "only a snapshot is a reason to look");
        assert_eq!(say(1, SNAPSHOT, packed(1, 2)), 5, "2 to 6");
        let left = |node: u32| law.logs.nodes[&NodeId(node)].terms.len();
        assert_eq!((left(0), left(1)), (3, 3));
    }
}
