//! Election safety, and the votes that it rests on.

use super::logs::Logs;
use super::{Law, Said, forget_oldest};
use crate::raft::notes::{DECIDES, GRANTED, LEADS, RECOVERED, REMEMBERS, TERM, unpacked};
use simlab_core::NodeId;
use std::collections::BTreeMap;

type Names<'a> = &'a dyn Fn(NodeId) -> String;

/// The node that is packed with a term.
fn packed_node(word: u64) -> (u64, NodeId) {
    let packed = unpacked(word);
    (packed.term, NodeId(u32::try_from(packed.index).unwrap_or(u32::MAX)))
}

#[derive(Clone, Debug, Default)]
pub(super) struct OneLeader {
    leaders: BTreeMap<u64, NodeId>,
}

impl Law for OneLeader {
    const NAME: &'static str = "one_leader";

    fn judge(&mut self, said: Said, name: Names<'_>) -> Option<String> {
        if said.name != LEADS {
            return None;
        }
        let first = *self.leaders.entry(said.a).or_insert(said.node);
        forget_oldest(&mut self.leaders);
        let (first, node) = (name(first), name(said.node));
        (first != node).then(|| format!("{first} and {node} are both leaders of term {}", said.a))
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct OneVote {
    /// For whom a node has voted in a term.
    votes: BTreeMap<(u64, NodeId), NodeId>,
    logs: Logs,
    /// Nodes that have come up in a term, and have not said yet for whom they have voted in it.
    woken: BTreeMap<NodeId, u64>,
}

impl OneVote {
    /// A node has come up, and said all that it remembers: what it has forgotten.
    fn forgotten(&mut self, said: Said) -> Option<(u64, NodeId)> {
        let term = self.woken.remove(&said.node)?;
        let voted = *self.votes.get(&(term, said.node))?;
        let remembers = said.name == REMEMBERS && packed_node(said.a) == (term, voted);
        (!remembers).then_some((term, voted))
    }
}

impl Law for OneVote {
    const NAME: &'static str = "one_vote";

    fn judge(&mut self, said: Said, name: Names<'_>) -> Option<String> {
        self.logs.hear(said);
        if let Some((term, voted)) = self.forgotten(said) {
            let (node, voted) = (name(said.node), name(voted));
            return Some(format!(
                "{node} has forgotten in a crash that it voted for {voted} in term {term}"
            ));
        }
        let (term, candidate) = packed_node(said.a);
        let who = || (name(said.node), name(candidate));
        match said.name {
            RECOVERED => {
                self.woken.insert(said.node, said.b);
                None
            }
            GRANTED => {
                let first = *self.votes.entry((term, said.node)).or_insert(candidate);
                forget_oldest(&mut self.votes);
                let (node, other) = who();
                (first != candidate).then(|| {
                    format!("{node} votes for {} and for {other} in term {term}", name(first))
                })
            }
            DECIDES => {
                let (own, last) = (self.logs.last(said.node), unpacked(said.b));
                let (node, other) = who();
                (!last.is_up_to_date(own)).then(|| {
                    format!("{node}, whose log ends with {own}, votes for {other}, whose log ends with {last}")
                })
            }
            _ => None,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct TermsGrow {
    terms: BTreeMap<NodeId, u64>,
}

impl Law for TermsGrow {
    const NAME: &'static str = "terms_grow";

    fn judge(&mut self, said: Said, name: Names<'_>) -> Option<String> {
        let term = match said.name {
            TERM => said.a,
            RECOVERED => said.b,
            _ => return None,
        };
        let highest = self.terms.entry(said.node).or_insert(term);
        let (before, node) = (*highest, name(said.node));
        *highest = before.max(term);
        (term < before).then(|| format!("{node} is in term {term}, after term {before}"))
    }
}
