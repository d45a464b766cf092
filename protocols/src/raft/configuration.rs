//! Who is in the cluster (Ongaro 2014, chapter 4).
//!
//! *Joint consensus* (§4.3): while the cluster changes, a decision takes a majority of the old voters and a majority
//! of the new ones. *Learners* (§4.2.1) are sent the log and have no vote.

use simlab_core::NodeId;
use simlab_core::wire::{Decode, Encode, Reader, WireError, put_count};
use std::collections::BTreeSet;
use std::fmt;

/// Who decides, and who is sent the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Configuration {
    /// Who votes.
    pub voters: BTreeSet<NodeId>,
    /// Who voted before, while the cluster changes: a majority of these is needed too.
    pub outgoing: Option<BTreeSet<NodeId>>,
    /// Who is sent the log, and has no vote.
    pub learners: BTreeSet<NodeId>,
}

/// How many of a set must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Share {
    /// A majority: any two of them share a node.
    MoreThanHalf,
    /// Half, rounded down, but one at least: two of them need not meet. It is there to show what a majority is good for.
    Half,
}

impl Share {
    fn of(self, all: usize) -> usize {
        match self {
            Share::MoreThanHalf => all / 2 + 1,
            Share::Half => (all / 2).max(1),
        }
    }
}

impl Configuration {
    /// These vote, and nobody else is there.
    #[must_use]
    pub fn of(voters: impl IntoIterator<Item = NodeId>) -> Self {
        Configuration { voters: voters.into_iter().collect(), ..Configuration::default() }
    }

    /// Whether the cluster is changing.
    #[must_use]
    pub const fn is_joint(&self) -> bool {
        self.outgoing.is_some()
    }

    /// Whether a node has a vote, in either half.
    #[must_use]
    pub fn is_voter(&self, node: NodeId) -> bool {
        self.halves().any(|half| half.contains(&node))
    }

    /// Whether a node is sent the log.
    #[must_use]
    pub fn is_member(&self, node: NodeId) -> bool {
        self.is_voter(node) || self.learners.contains(&node)
    }

    /// All that are sent the log, by their ids.
    pub fn members(&self) -> impl Iterator<Item = NodeId> + '_ {
        let all: BTreeSet<NodeId> =
            self.halves().flatten().chain(&self.learners).copied().collect();
        all.into_iter()
    }

    /// The sets of which each must agree by a majority.
    fn halves(&self) -> impl Iterator<Item = &BTreeSet<NodeId>> {
        std::iter::once(&self.voters).chain(&self.outgoing)
    }

    /// Whether these are a quorum: a majority of the voters, and of the outgoing ones if there are some. Who has no
    /// vote does not count.
    #[must_use]
    pub fn is_quorum(&self, agree: impl Fn(NodeId) -> bool) -> bool {
        self.is_quorum_of(Share::MoreThanHalf, agree)
    }

    /// The same for another share.
    #[must_use]
    pub fn is_quorum_of(&self, share: Share, agree: impl Fn(NodeId) -> bool) -> bool {
        self.halves().all(|half| {
            let yes = half.iter().filter(|node| agree(**node)).count();
            yes >= share.of(half.len())
        })
    }

    /// The highest index that a quorum has, by what each voter is known to have.
    #[must_use]
    pub fn agreed(&self, has: impl Fn(NodeId) -> u64) -> u64 {
        self.agreed_by(Share::MoreThanHalf, has)
    }

    /// The same for another share.
    #[must_use]
    pub fn agreed_by(&self, share: Share, has: impl Fn(NodeId) -> u64) -> u64 {
        let of_half = |half: &BTreeSet<NodeId>| {
            // Room for a cluster of any usual size, so that nothing is allocated for each acknowledgement.
            let mut few = [0; 16];
            let mut many = Vec::new();
            let all = match few.get_mut(..half.len()) {
                Some(few) => few,
                None => {
                    many.resize(half.len(), 0);
                    &mut many[..]
                }
            };
            for (place, node) in all.iter_mut().zip(half) {
                *place = has(*node);
            }
            all.sort_unstable_by(|a, b| b.cmp(a));
            all.get(share.of(half.len()) - 1).copied().unwrap_or(0)
        };
        self.halves().map(of_half).min().unwrap_or(0)
    }

    /// The joint configuration on the way from this one to these voters and learners; `None` if the cluster is changing
    /// already, or nobody would vote.
    #[must_use]
    pub fn joint(&self, voters: BTreeSet<NodeId>, learners: BTreeSet<NodeId>) -> Option<Self> {
        let possible = !self.is_joint() && !voters.is_empty() && voters.is_disjoint(&learners);
        possible.then(|| Configuration { voters, outgoing: Some(self.voters.clone()), learners })
    }

    /// What a joint configuration leads to.
    #[must_use]
    pub fn settled(&self) -> Self {
        Configuration { outgoing: None, ..self.clone() }
    }

    /// Whether no more than one voter comes or goes: then any two majorities meet without a joint step (§4.2).
    #[must_use]
    pub fn is_single_step(&self, to: &Configuration) -> bool {
        let settled = !self.is_joint() && !to.is_joint() && !to.voters.is_empty();
        settled && self.voters.symmetric_difference(&to.voters).count() <= 1
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = |nodes: &BTreeSet<NodeId>, f: &mut fmt::Formatter<'_>| {
            f.write_str("{")?;
            for (place, node) in nodes.iter().enumerate() {
                write!(f, "{}{node}", if place == 0 { "" } else { " " })?;
            }
            f.write_str("}")
        };
        if let Some(outgoing) = &self.outgoing {
            set(outgoing, f)?;
            f.write_str(" and ")?;
        }
        set(&self.voters, f)?;
        if !self.learners.is_empty() {
            f.write_str(" with learners ")?;
            set(&self.learners, f)?;
        }
        Ok(())
    }
}

fn put_nodes(nodes: &BTreeSet<NodeId>, out: &mut Vec<u8>) {
    put_count(out, nodes.len());
    for node in nodes {
        out.extend(node.0.to_be_bytes());
    }
}

/// Only in order, so that one set is written in one way.
fn take_nodes(reader: &mut Reader<'_>) -> Result<BTreeSet<NodeId>, WireError> {
    let mut nodes = BTreeSet::new();
    for _ in 0..reader.count(4)? {
        let node = NodeId(reader.u32()?);
        if nodes.last().is_some_and(|last| *last >= node) {
            return Err(WireError::Range("members"));
        }
        nodes.insert(node);
    }
    Ok(nodes)
}

impl Encode for Configuration {
    fn encode(&self, out: &mut Vec<u8>) {
        put_nodes(&self.voters, out);
        out.push(u8::from(self.is_joint()));
        if let Some(outgoing) = &self.outgoing {
            put_nodes(outgoing, out);
        }
        put_nodes(&self.learners, out);
    }
}

impl Decode<'_> for Configuration {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let voters = take_nodes(reader)?;
        let outgoing = if reader.bool()? { Some(take_nodes(reader)?) } else { None };
        Ok(Configuration { voters, outgoing, learners: take_nodes(reader)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::btree_set;
    use proptest::prelude::*;

    fn nodes(ids: impl IntoIterator<Item = u32>) -> BTreeSet<NodeId> {
        ids.into_iter().map(NodeId).collect()
    }

    #[test]
    fn a_majority_is_more_than_half() {
        let three = Configuration::of(nodes([1, 2, 3]));
        assert!(!three.is_quorum(|node| node.0 == 1));
        assert!(three.is_quorum(|node| node.0 <= 2));
        let four = Configuration::of(nodes([1, 2, 3, 4]));
        assert!(!four.is_quorum(|node| node.0 <= 2), "half is not enough");
        assert_eq!(three.agreed(|node| u64::from(node.0) * 10), 20);
        assert_eq!(four.agreed(|node| u64::from(node.0) * 10), 20);
    }

    #[test]
    fn a_joint_decision_takes_a_majority_of_both() {
        let old = Configuration::of(nodes([1, 2, 3]));
        let joint = old.joint(nodes([3, 4, 5]), nodes([6])).expect("it can change");
        assert!(!joint.is_quorum(|node| [1, 2].contains(&node.0)), "of the old ones alone");
        assert!(!joint.is_quorum(|node| [4, 5, 6].contains(&node.0)), "of the new ones alone");
        assert!(joint.is_quorum(|node| [1, 3, 4].contains(&node.0)));
        assert_eq!(joint.joint(nodes([1]), nodes([])), None, "one change at a time");
        assert_eq!(joint.settled().members().collect::<BTreeSet<_>>(), nodes([3, 4, 5, 6]));
    }

    #[test]
    fn a_single_step_is_one_voter_more_or_less() {
        let of = |voters: &[u32]| Configuration::of(nodes(voters.iter().copied()));
        let three = of(&[1, 2, 3]);
        for to in [&[1, 2, 3, 4][..], &[1, 2], &[1, 2, 3]] {
            assert!(three.is_single_step(&of(to)), "{to:?}");
        }
        for to in [&[1, 2, 4][..], &[1], &[1, 2, 3, 4, 5]] {
            assert!(!three.is_single_step(&of(to)), "{to:?}");
        }
        assert!(!of(&[1]).is_single_step(&of(&[])), "nobody would vote");
        let joint = three.joint(nodes([1, 2]), nodes([])).expect("it can change");
        assert!(!joint.is_single_step(&of(&[1, 2])) && !three.is_single_step(&joint));
    }

    #[test]
    fn it_is_told_in_one_line() {
        let mut all = Configuration::of(nodes([1, 2, 3]));
        assert_eq!(all.to_string(), "{n1 n2 n3}");
        all.learners = nodes([5]);
        let joint = all.joint(nodes([3, 4]), nodes([5])).expect("it can change");
        assert_eq!(joint.to_string(), "{n1 n2 n3} and {n3 n4} with learners {n5}");
    }

    /// What a switch makes of it.
    #[test]
    fn two_halves_need_not_meet() {
        let four = Configuration::of(nodes([1, 2, 3, 4]));
        assert!(four.is_quorum_of(Share::Half, |node| node.0 <= 2));
        assert!(four.is_quorum_of(Share::Half, |node| node.0 > 2));
        assert_eq!(four.agreed_by(Share::Half, |node| u64::from(node.0)), 3);
        let one = Configuration::of(nodes([1]));
        assert!(!one.is_quorum_of(Share::Half, |_| false));
    }

    #[test]
    fn a_learner_does_not_count() {
        let mut three = Configuration::of(nodes([1, 2, 3]));
        three.learners = nodes([4, 5]);
        assert!(!three.is_quorum(|node| [1, 4, 5].contains(&node.0)));
        assert_eq!(three.agreed(|node| if node.0 > 2 { 9 } else { 0 }), 0);
        assert!(three.is_member(NodeId(4)) && !three.is_voter(NodeId(4)));
    }

    fn members() -> impl Strategy<Value = BTreeSet<NodeId>> {
        btree_set((0..9_u32).prop_map(NodeId), 1..7)
    }

    proptest! {
        /// Any two quorums of one configuration share a node, and so do those of both ends of a change with the joint
        /// one, and those of both ends of a single step.
        #[test]
        fn quorums_meet(old in members(), new in members(), a: u16, b: u16) {
            let (old, to) = (Configuration::of(old), Configuration::of(new.clone()));
            let joint = old.joint(new, BTreeSet::new()).expect("it can change");
            let (first, second) = (|n: NodeId| a >> n.0 & 1 == 1, |n: NodeId| b >> n.0 & 1 == 1);
            let meet = (0..9).map(NodeId).any(|node| first(node) && second(node));
            for (one, other) in [(&old, &old), (&joint, &joint), (&old, &joint), (&joint, &to)] {
                prop_assert!(meet || !(one.is_quorum(first) && other.is_quorum(second)));
            }
            if old.is_single_step(&to) {
                prop_assert!(meet || !(old.is_quorum(first) && to.is_quorum(second)));
            }
        }

        /// What is agreed on is what a quorum has, and no more is.
        #[test]
        fn what_is_agreed_a_quorum_has(
            old in members(), new in members(), has in proptest::collection::vec(0..6_u64, 9),
        ) {
            let joint = Configuration::of(old).joint(new, BTreeSet::new()).expect("it can change");
            let has = |node: NodeId| has[node.index()];
            let agreed = joint.agreed(has);
            prop_assert!(joint.is_quorum(|node| has(node) >= agreed));
            prop_assert!(!joint.is_quorum(|node| has(node) > agreed));
        }

        #[test]
        fn what_is_encoded_is_decoded(
            voters in members(), outgoing in proptest::option::of(members()), learners in members(),
            bytes: Vec<u8>,
        ) {
            let all = Configuration { voters, outgoing, learners };
            prop_assert_eq!(Configuration::from_bytes(&all.to_bytes()), Ok(all));
            if let Ok(read) = Configuration::from_bytes(&bytes) {
                prop_assert_eq!(read.to_bytes(), bytes);
            }
        }
    }
}
