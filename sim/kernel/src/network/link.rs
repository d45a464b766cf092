//! What one direction of a link does to datagrams.

use simlab_core::{Distribution, Duration, Ratio};

/// The behaviour of a link in one direction. The default is perfect and instantaneous.
///
/// A datagram meets the rules in this order: MTU, cut, bandwidth queue, loss; then, for itself and
/// for its duplicate if it has one: delay, being held back, corruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkSpec {
    /// How long a datagram is under way, apart from what `bandwidth` adds.
    pub delay: Distribution,
    /// How likely a datagram is lost.
    pub loss: Ratio,
    /// How likely a second copy arrives, with a delay of its own.
    pub duplicate: Ratio,
    /// How likely a copy is held back by `reorder_by`, so that later datagrams overtake it.
    pub reorder: Ratio,
    /// How long it is then held back.
    pub reorder_by: Duration,
    /// How likely a copy has `corrupt_bits` of its bits flipped.
    pub corrupt: Ratio,
    /// How many different bits flip; at most 255.
    pub corrupt_bits: u8,
    /// Bytes a second that can leave the sender; `None` if that takes no time.
    pub bandwidth: Option<u64>,
    /// How many bytes can wait for a slow link before further datagrams are dropped.
    pub queue: u64,
    /// The largest datagram that passes, in bytes.
    pub mtu: u32,
}

impl Default for LinkSpec {
    fn default() -> Self {
        LinkSpec {
            delay: Distribution::Fixed(Duration::ZERO),
            loss: Ratio::ZERO,
            duplicate: Ratio::ZERO,
            reorder: Ratio::ZERO,
            reorder_by: Duration::ZERO,
            corrupt: Ratio::ZERO,
            corrupt_bits: 1,
            bandwidth: None,
            queue: u64::MAX,
            mtu: 65_507,
        }
    }
}
