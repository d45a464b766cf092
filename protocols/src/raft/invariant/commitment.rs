//! What is committed is so for good.

use super::logs::Logs;
use super::{Law, REMEMBERED, Said};
use crate::raft::notes::{
    COMMITTED, DEPOSED, FOLLOWS, INSTALLED, LEADS, RECOVERED, STEPS_DOWN, TRUNCATED, unpacked,
};
use simlab_core::NodeId;
use std::collections::{BTreeMap, VecDeque};

type Names<'a> = &'a dyn Fn(NodeId) -> String;

/// A committed entry: its own term, and the one in which it was first said to be committed.
#[derive(Clone, Copy, Debug)]
struct Entry {
    term: u64,
    committed_in: u64,
    by: NodeId,
}

/// What all nodes together know to be committed.
#[derive(Clone, Debug, Default)]
struct Committed {
    logs: Logs,
    /// The last ones, and how many there were before.
    entries: VecDeque<Entry>,
    forgotten: u64,
    /// Up to where each node's were compared, in its life.
    compared: BTreeMap<NodeId, u64>,
}

impl Committed {
    /// Takes a note in; what is wrong, if a node commits something else than another.
    fn hear(&mut self, said: Said) -> Option<(u64, NodeId)> {
        self.logs.hear(said);
        match said.name {
            RECOVERED | INSTALLED => {
                self.compared.insert(said.node, unpacked(said.a).index);
                None
            }
            COMMITTED => self.commit(said.node, said.a, said.b),
            _ => None,
        }
    }

    fn commit(&mut self, node: NodeId, to: u64, term: u64) -> Option<(u64, NodeId)> {
        let from = self.compared.insert(node, to).unwrap_or(0).max(self.logs.base(node));
        for index in from + 1..=to {
            let Some(place) = index.checked_sub(self.forgotten + 1) else { continue };
            let (own, place) = (self.logs.term(node, index), usize::try_from(place).ok()?);
            match (own, self.entries.get(place)) {
                (Some(own), Some(entry)) if own == entry.term => {}
                (_, Some(entry)) => return Some((index, entry.by)),
                (Some(own), None) if place == self.entries.len() => {
                    self.entries.push_back(Entry { term: own, committed_in: term, by: node });
                    if self.entries.len() > REMEMBERED {
                        self.entries.pop_front();
                        self.forgotten += 1;
                    }
                }
                // It commits what it does not have, or what nobody has.
                (_, None) => return Some((index, node)),
            }
        }
        None
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct StateMachineSafety(Committed);

impl Law for StateMachineSafety {
    const NAME: &'static str = "state_machine_safety";

    fn judge(&mut self, said: Said, name: Names<'_>) -> Option<String> {
        let (index, other) = self.0.hear(said)?;
        let node = name(said.node);
        Some(match other == said.node {
            true => format!("{node} commits {index}, which it does not have"),
            false => format!("{node} commits another entry at {index} than {}", name(other)),
        })
    }
}

/// A leader is asked when it is elected; and whoever leads already, when something is committed in an earlier term.
#[derive(Clone, Debug, Default)]
pub(super) struct LeaderCompleteness {
    committed: Committed,
    /// Who leads, and in which term.
    leaders: BTreeMap<NodeId, u64>,
}

impl LeaderCompleteness {
    /// The last entry that was committed in a term before this one, if a leader does not have it. With that it has all before
    /// it, since logs match.
    fn lacks(&self, leader: NodeId, term: u64) -> Option<(u64, Entry)> {
        let Committed { logs, entries, forgotten, .. } = &self.committed;
        let last = entries.iter().rposition(|entry| entry.committed_in < term)?;
        let (index, entry) = (forgotten + last as u64 + 1, entries[last]);
        let has = index < logs.base(leader) || logs.term(leader, index) == Some(entry.term);
        (!has).then_some((index, entry))
    }
}

impl Law for LeaderCompleteness {
    const NAME: &'static str = "leader_completeness";

    fn judge(&mut self, said: Said, name: Names<'_>) -> Option<String> {
        // That others commit something else is another law's.
        let _ = self.committed.hear(said);
        let (leader, term, (index, entry)) = match said.name {
            LEADS => {
                self.leaders.insert(said.node, said.a);
                (said.node, said.a, self.lacks(said.node, said.a)?)
            }
            DEPOSED | STEPS_DOWN | FOLLOWS | RECOVERED => {
                self.leaders.remove(&said.node);
                return None;
            }
            COMMITTED => {
                let mut later = self.leaders.iter().filter(|(_, term)| **term > said.b);
                later.find_map(|(leader, term)| {
                    Some((*leader, *term, self.lacks(*leader, *term)?))
                })?
            }
            _ => return None,
        };
        Some(format!(
            "{} leads term {term} without entry {}.{index}, which {} has committed in term {}",
            name(leader),
            entry.term,
            name(entry.by),
            entry.committed_in,
        ))
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct CommitGrows {
    commits: BTreeMap<NodeId, u64>,
}

impl Law for CommitGrows {
    const NAME: &'static str = "commit_grows";

    fn judge(&mut self, said: Said, name: Names<'_>) -> Option<String> {
        let commit = self.commits.entry(said.node).or_default();
        let (before, node) = (*commit, name(said.node));
        match said.name {
            RECOVERED => *commit = 0,
            COMMITTED => {
                *commit = said.a;
                return (said.a < before)
                    .then(|| format!("{node} has committed {} after {before}", said.a));
            }
            INSTALLED => {
                let last = unpacked(said.a).index;
                *commit = last;
                return (last < before).then(|| {
                    format!(
                        "{node} goes back to a snapshot of {last} after it has committed {before}"
                    )
                });
            }
            TRUNCATED if said.a <= before => {
                return Some(format!(
                    "{node} takes entry {} away, and has committed {before}",
                    said.a
                ));
            }
            _ => {}
        }
        None
    }
}
