//! Majorities, counted anew: by who has voted, and by who has an entry.

use super::logs::Logs;
use super::{Law, Said, forget_oldest};
use crate::raft::log::Position;
use crate::raft::notes::{
    COMMITTED, DEPOSED, FOLLOWS, GRANTED, LEADS, RECOVERED, STEPS_DOWN, VOTER, VOTERS, unpacked,
};
use simlab_core::NodeId;
use std::collections::{BTreeMap, BTreeSet};

type Names<'a> = &'a dyn Fn(NodeId) -> String;

/// Who leads has the votes of a majority of its configuration, of both halves of a joint one; and what a leader commits
/// such a majority has in its logs. A node that has acknowledged an entry keeps it as long as that can be committed: else it
/// has taken another leader's instead, whom a majority elected that does not need this one.
#[derive(Clone, Debug, Default)]
pub(super) struct Quorums {
    logs: Logs,
    /// Who has voted for whom in a term.
    votes: BTreeMap<(u64, NodeId), BTreeSet<NodeId>>,
    /// Up to this term not all votes are known any more.
    forgotten: u64,
    /// Who votes, as each node has it: two halves.
    voters: BTreeMap<NodeId, [BTreeSet<NodeId>; 2]>,
    leaders: BTreeSet<NodeId>,
}

impl Quorums {
    /// Whether these are no majority by the configuration of a node, and how many of how many.
    fn minority(&self, of: NodeId, agree: impl Fn(NodeId) -> bool) -> Option<(usize, usize)> {
        let halves = self.voters.get(&of)?;
        halves.iter().filter(|half| !half.is_empty()).find_map(|half| {
            let (yes, all) = (half.iter().filter(|node| agree(**node)).count(), half.len());
            (yes * 2 <= all).then_some((yes, all))
        })
    }
}

fn numbered(number: u64) -> NodeId {
    NodeId(u32::try_from(number).unwrap_or(u32::MAX))
}

impl Law for Quorums {
    const NAME: &'static str = "quorums";

    fn judge(&mut self, said: Said, name: Names<'_>) -> Option<String> {
        self.logs.hear(said);
        let node = said.node;
        match said.name {
            RECOVERED | DEPOSED | STEPS_DOWN | FOLLOWS => {
                self.leaders.remove(&node);
            }
            VOTERS => {
                self.voters.insert(node, Default::default());
            }
            VOTER => {
                let halves = self.voters.entry(node).or_default();
                halves[usize::from(said.b != 0)].insert(numbered(said.a));
            }
            GRANTED => {
                let Position { term, index } = unpacked(said.a);
                self.votes.entry((term, numbered(index))).or_default().insert(node);
                if let Some(((term, _), _)) = forget_oldest(&mut self.votes) {
                    self.forgotten = term;
                }
            }
            LEADS => {
                self.leaders.insert(node);
                if said.a <= self.forgotten {
                    return None;
                }
                let votes = self.votes.get(&(said.a, node)).cloned().unwrap_or_default();
                let (yes, all) = self.minority(node, |other| votes.contains(&other))?;
                let who = name(node);
                return Some(format!("{who} leads term {} with {yes} votes of {all}", said.a));
            }
            COMMITTED if self.leaders.contains(&node) => {
                let term = self.logs.term(node, said.a)?;
                let has = |other| {
                    said.a <= self.logs.base(other) || self.logs.term(other, said.a) == Some(term)
                };
                let (yes, all) = self.minority(node, has)?;
                let who = name(node);
                return Some(format!(
                    "{who} commits entry {term}.{}, which {yes} of {all} have",
                    said.a
                ));
            }
            _ => {}
        }
        None
    }
}
