//! What is due, as the queue keeps it.

use crate::network::FlightId;
use simlab_core::NodeId;

/// Something due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// A datagram arrives.
    Arrival(FlightId),
    /// A timer may have run out.
    Timer { node: NodeId, slot: u32 },
    /// A node comes up for the first time.
    Start(NodeId),
    /// Something that does not come up for every datagram, by its place among them.
    Rare(u32),
}

/// The same in eight bytes, since the queue moves it about: the kind in the two highest bits, then a
/// node's number in 32 bits, and a place in the rest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed(u64);

const SLOT_BITS: u32 = 30;
const SLOT: u64 = (1 << SLOT_BITS) - 1;

impl Packed {
    #[inline(always)]
    pub(super) fn new(due: Due) -> Self {
        Packed(match due {
            Due::Arrival(flight) => u64::from(flight.index()),
            Due::Timer { node, slot } => {
                assert!(u64::from(slot) <= SLOT, "a node has fewer than 2^30 timers");
                1 << 62 | u64::from(node.0) << SLOT_BITS | u64::from(slot)
            }
            Due::Start(node) => 2 << 62 | u64::from(node.0),
            Due::Rare(place) => 3 << 62 | u64::from(place),
        })
    }

    #[inline(always)]
    pub(super) const fn unpack(self) -> Due {
        let low = self.0 as u32;
        match self.0 >> 62 {
            0 => Due::Arrival(FlightId::of(low)),
            1 => {
                let node = NodeId((self.0 >> SLOT_BITS) as u32);
                Due::Timer { node, slot: (self.0 & SLOT) as u32 }
            }
            2 => Due::Start(NodeId(low)),
            _ => Due::Rare(low),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again() {
        let most = NodeId(u32::MAX);
        for due in [
            Due::Arrival(FlightId::of(0)),
            Due::Arrival(FlightId::of(u32::MAX)),
            Due::Timer { node: NodeId(0), slot: (1 << 30) - 1 },
            Due::Timer { node: most, slot: 5 },
            Due::Start(most),
            Due::Rare(u32::MAX),
        ] {
            assert_eq!(Packed::new(due).unpack(), due);
        }
    }
}
