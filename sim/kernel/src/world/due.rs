//! What is due, as the queue keeps it.

use crate::network::{Flight, FrameId, LinkId};
use crate::queue::{Item, name_of};
use simlab_core::{NodeId, Seq};
use std::num::NonZeroU64;

/// Something due. The queue holds it in two words, a datagram whole, so that its arrival finds all of
/// it there:
///
/// * two numbers of 32 bits;
/// * two more; without a datagram, no frame, and what it is, in 8 bits: the other 24 are the highest of a
///   turn's number.
///
/// The record of a datagram's send is [named](name_of) by the order number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// A datagram arrives. Its cause is its send; another copy is among what is [rare](Due::Rare).
    Arrival(Flight),
    /// A timer may have run out.
    Timer { node: NodeId, slot: u32 },
    /// A node comes up for the first time.
    Start(NodeId),
    /// What is on a node's desk under this number, which is below 2^56, gets its turn.
    Turn { node: NodeId, number: u64 },
    /// Something that does not come up for every datagram, by its place among them.
    Rare(u32),
    /// Nothing any more: a datagram that died in a cut.
    Gone,
}

const TIMER: u32 = 0;
const START: u32 = 1;
const RARE: u32 = 2;
const GONE: u32 = 3;
const TURN: u32 = 4;
const CODE_BITS: u32 = 8;

const fn pair(low: u32, high: u32) -> u64 {
    low as u64 | (high as u64) << 32
}

impl Due {
    /// As the queue holds it. The record of a datagram and its cause, which is the same, are left out.
    #[inline(always)]
    pub(super) const fn pack(self) -> Item {
        let (ends, what) = match self {
            Due::Arrival(Flight { from, to, frame, link, .. }) => {
                return [pair(from.0, to.0), pair(frame.index(), link.0)];
            }
            Due::Timer { node, slot } => (pair(node.0, slot), TIMER),
            Due::Start(node) => (node.0 as u64, START),
            Due::Turn { node, number } => {
                let high = (number >> 32) as u32;
                (pair(node.0, number as u32), TURN | high << CODE_BITS)
            }
            Due::Rare(place) => (place as u64, RARE),
            Due::Gone => (0, GONE),
        };
        [ends, pair(FrameId::NONE.index(), what)]
    }

    #[inline(always)]
    pub(super) const fn unpack(order: u64, [ends, load]: Item) -> Due {
        if load as u32 != FrameId::NONE.index()
            && let Some(datagram) = NonZeroU64::new(name_of(order))
        {
            return Due::Arrival(Flight {
                from: NodeId(ends as u32),
                to: NodeId((ends >> 32) as u32),
                frame: FrameId::of(load as u32),
                link: LinkId((load >> 32) as u32),
                datagram: Seq(datagram),
                cause: Seq(datagram),
            });
        }
        let what = (load >> 32) as u32;
        match what & ((1 << CODE_BITS) - 1) {
            TIMER => Due::Timer { node: NodeId(ends as u32), slot: (ends >> 32) as u32 },
            START => Due::Start(NodeId(ends as u32)),
            TURN => {
                let high = ((what >> CODE_BITS) as u64) << 32;
                Due::Turn { node: NodeId(ends as u32), number: high | ends >> 32 }
            }
            RARE => Due::Rare(ends as u32),
            _ => Due::Gone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::order_of;

    #[test]
    fn what_is_packed_comes_out_again() {
        let most = NodeId(u32::MAX);
        let datagram = NonZeroU64::new(77).expect("it is not zero");
        let flight = |from, to, frame, link| Flight {
            from,
            to,
            frame: FrameId::of(frame),
            link: LinkId(link),
            datagram: Seq(datagram),
            cause: Seq(datagram),
        };
        for due in [
            Due::Arrival(flight(most, NodeId(0), u32::MAX - 1, 0)),
            Due::Arrival(flight(NodeId(0), most, 0, u32::MAX)),
            Due::Timer { node: NodeId(0), slot: u32::MAX },
            Due::Timer { node: most, slot: 0 },
            Due::Start(most),
            Due::Turn { node: most, number: (1 << 56) - 1 },
            Due::Turn { node: NodeId(0), number: 1 << 32 },
            Due::Rare(u32::MAX),
            Due::Gone,
        ] {
            assert_eq!(Due::unpack(order_of(77), due.pack()), due);
        }
    }
}
