//! Majorities. Pure: no clock, no messages.

use super::Ballot;
use simlab_core::NodeId;
use std::collections::BTreeSet;

/// The nodes among which a majority decides, as one of them sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    /// This node, a member.
    pub me: NodeId,
    members: BTreeSet<NodeId>,
    /// Whether half of the members are enough: a switch.
    pub(super) halves: bool,
    /// Whether ballots do not tell their proposer: a switch.
    pub(super) anonymous: bool,
}

impl Group {
    /// The group of `me` and `peers`.
    #[must_use]
    pub fn new(me: NodeId, peers: impl IntoIterator<Item = NodeId>) -> Self {
        let members = peers.into_iter().chain([me]).collect();
        Group { me, members, halves: false, anonymous: false }
    }

    /// How many members there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.members.len()
    }

    /// The least number of members of which any two sets share one.
    #[must_use]
    pub fn majority(&self) -> usize {
        let half = self.members.len() / 2;
        // The switch: of four or five members, two and two others do not meet.
        if self.halves { half.max(1) } else { half + 1 }
    }

    /// The node that a ballot of `proposer` names.
    #[must_use]
    pub const fn named(&self, proposer: NodeId) -> NodeId {
        // The switch: all proposers count on in one row of numbers.
        if self.anonymous { Ballot::ZERO.node } else { proposer }
    }

    /// Whether a majority is out of reach once so many members have refused.
    #[must_use]
    pub fn is_out_of_reach(&self, refused: usize) -> bool {
        self.members.len() < self.majority() + refused
    }

    /// Whether `node` is a member.
    #[must_use]
    pub fn contains(&self, node: NodeId) -> bool {
        self.members.contains(&node)
    }

    /// The members other than this node that are not in `answered`, by id.
    pub fn missing(&self, answered: &BTreeSet<NodeId>) -> impl Iterator<Item = NodeId> {
        self.members.iter().copied().filter(|n| *n != self.me && !answered.contains(n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By brute force: any two majorities share a member, and one node fewer would not do.
    #[test]
    fn two_majorities_always_meet() {
        for size in 1..=7_u32 {
            let group = Group::new(NodeId(0), (1..size).map(NodeId));
            let majority = group.majority() as u32;
            let sets = |k: u32| (0..1_u32 << size).filter(move |set| set.count_ones() == k);
            assert!(sets(majority).all(|a| sets(majority).all(|b| a & b != 0)), "{size}");
            let fewer = majority - 1;
            assert!(size == 1 || sets(fewer).any(|a| sets(fewer).any(|b| a & b == 0)), "{size}");
        }
    }

    #[test]
    fn two_halves_need_not_meet() {
        for (size, half) in [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2)] {
            let mut group = Group::new(NodeId(0), (1..size).map(NodeId));
            assert!(size == 1 || group.majority() > half);
            group.halves = true;
            assert_eq!(group.majority(), half);
            assert!(size == 1 || 2 * half <= group.size(), "two of them fit beside each other");
        }
    }

    #[test]
    fn a_ballot_names_its_proposer() {
        let mut group = Group::new(NodeId(1), [NodeId(2)]);
        assert_ne!(group.named(NodeId(1)), group.named(NodeId(2)));
        group.anonymous = true;
        assert_eq!(group.named(NodeId(1)), group.named(NodeId(2)));
    }

    #[test]
    fn a_majority_is_out_of_reach_when_too_many_refuse() {
        for (size, may_refuse) in [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2)] {
            let group = Group::new(NodeId(0), (1..size).map(NodeId));
            assert!(!group.is_out_of_reach(may_refuse), "{may_refuse} of {size}");
            assert!(group.is_out_of_reach(may_refuse + 1), "{may_refuse} of {size} and one");
        }
    }

    #[test]
    fn the_own_node_is_never_missing() {
        let group = Group::new(NodeId(1), [NodeId(0), NodeId(2)]);
        let answered = BTreeSet::from([NodeId(2)]);
        assert_eq!(group.missing(&answered).collect::<Vec<_>>(), [NodeId(0)]);
        assert!(group.contains(NodeId(1)) && !group.contains(NodeId(3)));
    }
}
