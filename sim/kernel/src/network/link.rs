//! What one direction of a link does to datagrams.

use super::{Adversary, Corruption};
use simlab_core::{Distribution, Duration, Ratio};
use std::fmt;

/// The behaviour of a link in one direction. The default is perfect and instantaneous.
///
/// A datagram meets the rules in this order: MTU, cut, bandwidth queue, loss; then, for itself and
/// for its duplicate if it has one: delay, being held back, an adversary's edits, corruption.
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
    /// How likely a copy is damaged.
    pub corrupt: Ratio,
    /// How it is then damaged.
    pub corruption: Corruption,
    /// Bytes a second that can leave the sender; `None` if that takes no time.
    pub bandwidth: Option<u64>,
    /// How many bytes can wait for a slow link before further datagrams are dropped.
    pub queue: u64,
    /// The largest datagram that passes, in bytes.
    pub mtu: u32,
    /// Who sits on it, if somebody does.
    pub adversary: Option<Adversary>,
}

impl LinkSpec {
    /// Whether it only delays: what is sent comes, once, as it was, after its delay.
    #[inline]
    pub(crate) const fn only_delays(&self) -> bool {
        self.loss.is_zero()
            && self.duplicate.is_zero()
            && self.reorder.is_zero()
            && self.corrupt.is_zero()
            && self.bandwidth.is_none()
            && self.adversary.is_none()
    }
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
            corruption: Corruption::default(),
            bandwidth: None,
            queue: u64::MAX,
            mtu: 65_507,
            adversary: None,
        }
    }
}

/// What differs from a perfect link, in words: `20ms to 60ms, loss 5%`.
impl fmt::Display for LinkSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let perfect = LinkSpec::default();
        write!(f, "{}", self.delay)?;
        for (name, ratio) in
            [("loss", self.loss), ("duplicates", self.duplicate), ("damage", self.corrupt)]
        {
            if !ratio.is_zero() {
                write!(f, ", {name} {ratio}")?;
            }
        }
        if self.corruption != perfect.corruption && !self.corrupt.is_zero() {
            write!(f, " ({})", self.corruption)?;
        }
        if !self.reorder.is_zero() {
            write!(f, ", held back {} by {}", self.reorder, self.reorder_by)?;
        }
        if let Some(bandwidth) = self.bandwidth {
            write!(f, ", {bandwidth} B/s")?;
        }
        if self.queue != perfect.queue {
            write!(f, ", room for {} B", self.queue)?;
        }
        if self.mtu != perfect.mtu {
            write!(f, ", MTU {} B", self.mtu)?;
        }
        if let Some(adversary) = self.adversary {
            write!(f, ", {adversary}")?;
        }
        Ok(())
    }
}
