//! Consistent hashing (Karger et al., "Consistent Hashing and Random Trees", STOC 1997).
//!
//! Servers and keys are points on a circle, and a key belongs to the server that comes next. When a server
//! goes, its keys are those of who comes after it, and no other key moves: of n servers about one n-th. Modulo n,
//! nearly all would. Each server has many points (*virtual nodes*), so that their shares differ
//! less, and what one leaves goes to many.

use simlab_core::{Digest, NodeId};
use std::collections::BTreeSet;

/// The most points that a server can have.
pub const POINTS_MAX: usize = 1 << 10;

/// Servers on a circle of 2⁶⁴ places.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ring {
    /// Sorted; should two servers have the same place, the lower id has it.
    points: Vec<(u64, NodeId)>,
}

impl Ring {
    /// A ring without servers.
    pub const EMPTY: Ring = Ring { points: Vec::new() };

    /// A ring of these servers, with so many points each: 1 to [`POINTS_MAX`], and what is outside counts as the
    /// nearer of the two.
    #[must_use]
    pub fn new(servers: impl IntoIterator<Item = NodeId>, points: usize) -> Self {
        let each = points.clamp(1, POINTS_MAX) as u64;
        let of = |server: NodeId| (0..each).map(move |n| (place(&[server.0.into(), n]), server));
        let mut points: Vec<(u64, NodeId)> = servers.into_iter().flat_map(of).collect();
        points.sort_unstable();
        points.dedup();
        Ring { points }
    }

    /// Whom a key belongs to; `None` if there are no servers.
    #[must_use]
    pub fn owner(&self, key: u64) -> Option<NodeId> {
        self.successors(key).next()
    }

    /// The servers in the order in which they come after a key, each once: whom it belongs to, and whom it would if
    /// those before were not there.
    pub fn successors(&self, key: u64) -> impl Iterator<Item = NodeId> + '_ {
        // Keys are hashed once more, lest those that are small numbers all have one place.
        let place = place(&[key]);
        let start = self.points.partition_point(|(point, _)| *point < place);
        let (before, after) = self.points.split_at(start);
        let mut seen = BTreeSet::new();
        after.iter().chain(before).map(|(_, server)| *server).filter(move |s| seen.insert(*s))
    }
}

/// The number of words is part of what is hashed, so that no key is where a server is by design.
fn place(words: &[u64]) -> u64 {
    let mut digest = Digest::new();
    digest.word(words.len() as u64);
    words.iter().for_each(|word| digest.word(*word));
    digest.value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::btree_set;
    use proptest::prelude::*;

    const KEYS: u64 = 10_000;

    fn ring(servers: u32, points: usize) -> Ring {
        Ring::new((0..servers).map(NodeId), points)
    }

    /// How many of the keys each of so many servers has.
    fn shares(servers: u32, points: usize) -> Vec<u64> {
        let (ring, mut shares) = (ring(servers, points), vec![0; servers as usize]);
        (0..KEYS).for_each(|key| shares[ring.owner(key).expect("a server").index()] += 1);
        shares
    }

    #[test]
    fn many_points_make_shares_even() {
        let spread = |points| {
            let shares = shares(10, points);
            (shares.iter().min().copied(), shares.iter().max().copied())
        };
        let expected = [(6, 2_198), (643, 1_408), (922, 1_094)];
        assert_eq!([1, 16, 256].map(spread), expected.map(|(min, max)| (Some(min), Some(max))));
    }

    /// Of 10,000 keys that 10 servers have, a tenth moves when one leaves; modulo the number of servers it is nine
    /// tenths.
    #[test]
    fn about_one_nth_of_the_keys_moves_when_a_server_leaves() {
        let moved = |before: &dyn Fn(u64) -> u64, after: &dyn Fn(u64) -> u64| {
            (0..KEYS).filter(|key| before(*key) != after(*key)).count()
        };
        let (ten, nine) = (ring(10, 256), ring(9, 256));
        let owner = |ring: &Ring, key| u64::from(ring.owner(key).expect("a server").0);
        assert_eq!(moved(&|key| owner(&ten, key), &|key| owner(&nine, key)), 1_010);
        assert_eq!(moved(&|key| key % 10, &|key| key % 9), 8_992);
    }

    #[test]
    fn without_servers_nobody_has_anything() {
        assert_eq!(Ring::EMPTY.owner(7), None);
        assert_eq!(Ring::new([NodeId(3)], 0).owner(7), Some(NodeId(3)));
        assert_eq!(Ring::new([NodeId(3)], usize::MAX).points.len(), POINTS_MAX);
        assert_eq!(Ring::new([NodeId(3), NodeId(3)], 2), Ring::new([NodeId(3)], 2), "it is one");
    }

    proptest! {
        /// When one leaves, exactly its keys move, each to who came next; so when one joins, all that moves is its.
        #[test]
        fn only_keys_of_who_leaves_move(
            servers in btree_set(any::<u32>(), 2..12), which: prop::sample::Index, points in 1..20_usize,
            keys in btree_set(any::<u64>(), 1..200),
        ) {
            let all = || servers.iter().copied().map(NodeId);
            let leaves = NodeId(**which.get(&Vec::from_iter(&servers)));
            let before = Ring::new(all(), points);
            let after = Ring::new(all().filter(|server| *server != leaves), points);
            for key in keys {
                let order: Vec<NodeId> = before.successors(key).collect();
                let mut sorted = order.clone();
                sorted.sort_unstable();
                prop_assert_eq!(sorted, Vec::from_iter(all()), "each once");
                let left: Vec<NodeId> = order.into_iter().filter(|s| *s != leaves).collect();
                prop_assert_eq!(after.successors(key).collect::<Vec<_>>(), left);
            }
        }

        /// The order in which servers are named is of no matter.
        #[test]
        fn everybody_who_knows_the_servers_has_the_same_ring(servers: Vec<u32>, points in 1..20_usize) {
            let forth = Ring::new(servers.iter().copied().map(NodeId), points);
            let back = Ring::new(servers.iter().rev().copied().map(NodeId), points);
            prop_assert_eq!(forth, back);
        }
    }
}
