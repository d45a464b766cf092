//! Who sits on a link and means harm.

use simlab_core::{Damage, Distribution, Ratio};
use std::fmt;

/// What an adversary on a link does. It reads whatever passes; it may edit datagrams, and send again what it
/// has recorded. It holds nothing back: a lossy link does that as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Adversary {
    /// How likely a copy is edited: one byte of its message becomes another one, and what needs no key is put
    /// right ([`Insight::repair`]).
    pub edit: Ratio,
    /// How likely a datagram is sent again.
    pub replay: Ratio,
    /// How much later, if the adversary is still there then.
    pub replay_after: Distribution,
}

impl fmt::Display for Adversary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Adversary { edit, replay, replay_after } = self;
        f.write_str("an adversary reads")?;
        if !edit.is_zero() {
            write!(f, ", edits {edit}")?;
        }
        if !replay.is_zero() {
            write!(f, ", replays {replay} after {replay_after}")?;
        }
        Ok(())
    }
}

/// What can be made of a node's datagrams without any key by somebody who knows how the node packs them. The
/// kernel does not know it; whoever builds a node does ([`World::set_insight`](crate::World::set_insight)).
pub trait Insight: fmt::Debug + Send + Sync {
    /// How many of the first bytes of a datagram carry what is worth an edit: a message, or what can be told
    /// of it.
    fn message(&self, datagram: &[u8]) -> usize;

    /// Puts right in an edited datagram what everybody can compute.
    fn repair(&self, datagram: &mut [u8]);

    /// How many bytes of a message can be read in a datagram.
    fn readable(&self, datagram: &[u8]) -> usize;
}

/// From how many bytes on a message counts as read.
pub(crate) const LEAK: usize = 8;

/// Lets an adversary edit a datagram. `below(part, n)` answers the `part`-th question, a number below `n`.
/// Returns what was done, or `None` if the datagram is empty.
pub(crate) fn edit(
    bytes: &mut [u8],
    insight: Option<&dyn Insight>,
    mut below: impl FnMut(u8, u64) -> u64,
) -> Option<Damage> {
    let known = insight.map_or(0, |insight| insight.message(bytes));
    let end = if known == 0 { bytes.len() } else { known.min(bytes.len()) };
    if end == 0 {
        return None;
    }
    let at = below(0, end as u64) as usize;
    bytes[at] ^= 1 + below(1, 255) as u8;
    if let Some(insight) = insight {
        insight.repair(bytes);
    }
    Some(Damage::Edited { at: at as u32 })
}
