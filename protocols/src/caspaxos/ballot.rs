//! Ballots: who may speak, and after whom.

use simlab_core::NodeId;
use simlab_core::wire::{Decode, Encode, Reader, WireError};
use std::fmt;

/// A ballot number: a counter, and the proposer's id to break ties (§2.1), so that no two proposers
/// ever share one. Ordered by counter, then by node.
///
/// 32 bits each, so that a ballot is one word of a note in the trace. Four thousand million rounds on
/// one key are more than any run has; a counter that is used up is reported, not wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ballot {
    /// The round.
    pub counter: u32,
    /// The proposer.
    pub node: NodeId,
}

impl Ballot {
    /// Below every ballot that a proposer uses: the promise of an acceptor that never gave one.
    pub const ZERO: Ballot = Ballot { counter: 0, node: NodeId(0) };

    /// The lowest ballot of `node` that is above this one for certain; `None` if there is none left.
    #[must_use]
    pub fn next(self, node: NodeId) -> Option<Ballot> {
        Some(Ballot { counter: self.counter.checked_add(1)?, node })
    }

    /// The ballot as one number; the order is the same.
    #[must_use]
    pub const fn word(self) -> u64 {
        (self.counter as u64) << 32 | self.node.0 as u64
    }

    /// The ballot that [`Ballot::word`] made this number of.
    #[must_use]
    pub const fn from_word(word: u64) -> Self {
        Ballot { counter: (word >> 32) as u32, node: NodeId(word as u32) }
    }
}

/// `3.n1`: round 3, proposer n1.
impl fmt::Display for Ballot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.counter, self.node)
    }
}

impl Encode for Ballot {
    fn encode(&self, out: &mut Vec<u8>) {
        self.word().encode(out);
    }
}

impl Decode<'_> for Ballot {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        reader.u64().map(Ballot::from_word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_order_of_words_is_the_order_of_ballots(a: u64, b: u64) {
            let (x, y) = (Ballot::from_word(a), Ballot::from_word(b));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(Ballot::from_bytes(&x.to_bytes()), Ok(x));
        }

        #[test]
        fn the_next_ballot_is_above(word: u64, node: u32) {
            let ballot = Ballot::from_word(word);
            match ballot.next(NodeId(node)) {
                Some(next) => prop_assert!(next > ballot && next.node == NodeId(node)),
                None => prop_assert_eq!(ballot.counter, u32::MAX),
            }
        }
    }
}
