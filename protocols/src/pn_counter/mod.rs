//! The **PN-counter** (Shapiro, Preguiça, Baquero, Zawirski: "A comprehensive study of Convergent
//! and Commutative Replicated Data Types", INRIA RR-7506, 2011, §3.1.3).
//!
//! Each node counts its own increments and its own decrements, and nobody else's. Two states are
//! merged by the pointwise maximum: commutative, associative and idempotent, so that states may be
//! lost, repeated and reordered on their way. A state never shrinks; replicas that have heard of each
//! other's last change agree.
//!
//! Pure: no clock, no messages, no disk. [`message`] puts it on the wire; `shop/stock.rs` keeps it on
//! disk and gossips it.

mod invariant;
pub mod message;

pub use invariant::INVARIANTS;
pub(crate) use invariant::{note_durable, note_held};

use simlab_core::NodeId;
use simlab_core::wire::{Decode, Encode, Reader, WireError, put_count};

/// What one node has counted. Both only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Units added.
    pub increments: u64,
    /// Units taken.
    pub decrements: u64,
}

impl Entry {
    /// The larger of both, each for itself.
    #[must_use]
    pub fn join(self, other: Entry) -> Entry {
        Entry {
            increments: self.increments.max(other.increments),
            decrements: self.decrements.max(other.decrements),
        }
    }

    /// Whether this says nothing that `other` does not say.
    #[must_use]
    pub fn is_covered_by(self, other: Entry) -> bool {
        self.increments <= other.increments && self.decrements <= other.decrements
    }
}

/// A counter that every node can change alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PnCounter {
    /// The payload: an entry for each node that has counted anything, sorted by node.
    entries: Vec<(NodeId, Entry)>,
}

impl PnCounter {
    /// All increments less all decrements. It saturates at the bounds of its type.
    #[must_use]
    pub fn value(&self) -> i64 {
        let sum: i128 = (self.entries.iter())
            .map(|(_, entry)| i128::from(entry.increments) - i128::from(entry.decrements))
            .sum();
        sum.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }

    /// What `node` has counted.
    #[must_use]
    pub fn entry(&self, node: NodeId) -> Entry {
        self.place(node).map_or(Entry::default(), |place| self.entries[place].1)
    }

    /// The entries, by node.
    pub fn entries(&self) -> impl Iterator<Item = (NodeId, Entry)> {
        self.entries.iter().copied()
    }

    /// Whether nobody has counted anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// `node` counts so many units more. Only the node itself may do so.
    pub fn increment(&mut self, node: NodeId, units: u64) {
        let entry = self.entry_mut(node);
        entry.increments = entry.increments.saturating_add(units);
    }

    /// `node` counts so many units less. Only the node itself may do so.
    pub fn decrement(&mut self, node: NodeId, units: u64) {
        let entry = self.entry_mut(node);
        entry.decrements = entry.decrements.saturating_add(units);
    }

    /// Merges one entry; returns whether it said anything new.
    pub fn join(&mut self, node: NodeId, entry: Entry) -> bool {
        let mine = self.entry_mut(node);
        let news = !entry.is_covered_by(*mine);
        *mine = mine.join(entry);
        news
    }

    /// Whether this holds all that a state says: merging it would change nothing. The entries are those
    /// of the state, by node.
    pub fn covers(&self, mut entries: impl Iterator<Item = (NodeId, Entry)>) -> bool {
        let mut mine = self.entries.iter();
        entries.all(|(node, entry)| {
            let same = mine.find(|(mine, _)| *mine >= node).filter(|(mine, _)| *mine == node);
            same.is_some_and(|(_, mine)| entry.is_covered_by(*mine))
        })
    }

    /// Where the entry of `node` is, or would be.
    fn place(&self, node: NodeId) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&node, |(node, _)| *node)
    }

    fn entry_mut(&mut self, node: NodeId) -> &mut Entry {
        let place = self.place(node).unwrap_or_else(|place| {
            self.entries.insert(place, (node, Entry::default()));
            place
        });
        &mut self.entries[place].1
    }

    /// Merges another state: the pointwise maximum.
    pub fn merge(&mut self, other: &PnCounter) {
        for (node, entry) in other.entries() {
            self.join(node, entry);
        }
    }
}

impl Encode for PnCounter {
    fn encode(&self, out: &mut Vec<u8>) {
        put_count(out, self.entries.len());
        for (node, entry) in &self.entries {
            out.extend(node.0.to_be_bytes());
            entry.increments.encode(out);
            entry.decrements.encode(out);
        }
    }
}

/// The length of an encoded entry.
const ENTRY_LEN: usize = 20;

/// A state as it lies in a datagram: checked, and not copied. Most of what is gossiped was heard before,
/// and that can be seen without a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard<'a> {
    entries: &'a [[u8; ENTRY_LEN]],
}

impl Heard<'_> {
    /// The entries, by node.
    pub fn entries(&self) -> impl Iterator<Item = (NodeId, Entry)> {
        self.entries.iter().map(entry)
    }

    /// What it says that `node` has counted.
    #[must_use]
    pub fn entry(&self, node: NodeId) -> Entry {
        self.entries()
            .find(|(other, _)| *other == node)
            .map_or(Entry::default(), |(_, entry)| entry)
    }

    /// A copy of the state.
    #[must_use]
    pub fn to_counter(&self) -> PnCounter {
        PnCounter { entries: self.entries().collect() }
    }
}

fn entry(bytes: &[u8; ENTRY_LEN]) -> (NodeId, Entry) {
    let [n0, n1, n2, n3, i0, i1, i2, i3, i4, i5, i6, i7, decrements @ ..] = *bytes;
    let increments = u64::from_be_bytes([i0, i1, i2, i3, i4, i5, i6, i7]);
    let decrements = u64::from_be_bytes(decrements);
    (NodeId(u32::from_be_bytes([n0, n1, n2, n3])), Entry { increments, decrements })
}

impl<'a> Decode<'a> for Heard<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, WireError> {
        let count = reader.count(ENTRY_LEN)?;
        let (entries, _) = reader.take(count * ENTRY_LEN)?.as_chunks::<ENTRY_LEN>();
        if entries.is_sorted_by(|a, b| entry(a).0 < entry(b).0) {
            Ok(Heard { entries })
        } else {
            Err(WireError::Range("node of an entry"))
        }
    }
}

impl Decode<'_> for PnCounter {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Heard::decode(reader).map(|heard| heard.to_counter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counter() -> impl Strategy<Value = PnCounter> {
        let entry = (0..9_u64, 0..9_u64)
            .prop_map(|(increments, decrements)| Entry { increments, decrements });
        proptest::collection::btree_map((0..4_u32).prop_map(NodeId), entry, 0..4)
            .prop_map(|entries| PnCounter { entries: entries.into_iter().collect() })
    }

    fn merged(a: &PnCounter, b: &PnCounter) -> PnCounter {
        let mut both = a.clone();
        both.merge(b);
        both
    }

    proptest! {
        #[test]
        fn merging_is_commutative_associative_and_idempotent(
            a in counter(), b in counter(), c in counter(),
        ) {
            prop_assert_eq!(merged(&a, &b), merged(&b, &a));
            prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
            prop_assert_eq!(merged(&a, &a), a);
        }

        #[test]
        fn merging_is_monotone(a in counter(), b in counter()) {
            let both = merged(&a, &b);
            for node in (0..4).map(NodeId) {
                prop_assert!(a.entry(node).is_covered_by(both.entry(node)));
                prop_assert!(b.entry(node).is_covered_by(both.entry(node)));
            }
        }

        /// Each node counts for itself and states travel in any order, some lost, some twice: when
        /// all have heard of all, the value is the plain sum.
        #[test]
        fn what_is_covered_changes_nothing(a in counter(), b in counter()) {
            prop_assert_eq!(a.covers(b.entries()), merged(&a, &b) == a);
        }

        #[test]
        fn replicas_converge_to_the_sum(
            steps in proptest::collection::vec((0..3_u32, 0..3_u32, -5..5_i64), 0..60),
        ) {
            let mut replicas = [const { PnCounter { entries: Vec::new() } }; 3];
            let mut sum = 0;
            for (from, to, change) in steps {
                let node = NodeId(from);
                let replica = &mut replicas[from as usize];
                match change {
                    0.. => replica.increment(node, change.unsigned_abs()),
                    _ => replica.decrement(node, change.unsigned_abs()),
                }
                sum += change;
                let state = replica.clone();
                replicas[to as usize].merge(&state);
            }
            let all = replicas.iter().fold(PnCounter::default(), |all, r| merged(&all, r));
            prop_assert_eq!(all.value(), sum);
        }

        #[test]
        fn what_is_encoded_is_decoded(a in counter()) {
            prop_assert_eq!(PnCounter::from_bytes(&a.to_bytes()), Ok(a));
        }

        #[test]
        fn no_bytes_make_decoding_panic(bytes: Vec<u8>) {
            if let Ok(counter) = PnCounter::from_bytes(&bytes) {
                let _ = counter.value();
                prop_assert_eq!(counter.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn sums_saturate() {
        let mut counter = PnCounter::default();
        counter.increment(NodeId(0), u64::MAX);
        counter.increment(NodeId(0), 1);
        assert_eq!(counter.value(), i64::MAX);
        counter.decrement(NodeId(1), u64::MAX);
        assert_eq!(counter.value(), 0);
    }
}
