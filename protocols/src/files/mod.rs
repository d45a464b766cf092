//! A file over relays: the end-to-end argument.
//!
//! ```text
//!   source ──blocks──▶ relay ──▶ relay ──▶ relay ──▶ sink        the links: lost, damaged, repaired
//!                        │ copies, in its memory                 by the layers of each hop, if any
//!                        ▼ here no checksum of a hop looks
//!   source ◀───────────── whole, or wrong ────────── sink        the check of the ends
//! ```
//!
//! Each hop can check and repeat all it likes: what a relay does to a block between the check of the link that
//! it came by and that of the link it goes by, nobody sees but the one who knows what the file is. So a
//! *careful* transfer sends a check of the whole file after it, the sink says whether it fits, and the source
//! begins again if it does not, or if nobody answers. With `check = "none"` whatever is there from the first block to
//! the last is taken for the file, and nobody notices.
//!
//! A relay knows nothing of files: it passes on, both ways, whatever its neighbours send. So the same layers
//! can stand under every hop (`stack`), or under the two ends alone (`stacks.source`, `stacks.sink`), where
//! they become checks and repeats from end to end.
//!
//! J. H. Saltzer, D. P. Reed, D. D. Clark: "End-to-End Arguments in System Design", ACM TOCS 2(4), 1984: §2
//! is the careful file transfer, §2.2 a gateway that interchanged two bytes in every million as it
//! copied from one buffer to another, §2.3 what repeats below the ends are good for.

mod assembly;
mod check;
mod content;
mod invariant;
mod message;
mod path;
mod relay;
mod sink;
mod source;
#[cfg(test)]
mod tests;

pub use relay::RELAY;
pub use sink::SINK;
pub use source::SOURCE;

use simlab_core::{FaultKind, FaultModel, Tolerance, Tolerates, tolerates};

/// How many blocks a file has at most.
const BLOCKS_MAX: u16 = 1_024;

/// What is on a path is begun again until it arrives, as often as the source is told to. Damage is for a layer
/// or the check of the file, which a scenario can leave out.
const FAULTS: FaultModel = FaultModel {
    summary: "what does not come is sent again from the start; nothing gets past a relay that is gone",
    tolerates: TOLERATES,
    drift_max: 100_000_000,
};

const TOLERATES: &[Tolerates] = &[
    tolerates(FaultKind::Cut, Tolerance::Any),
    tolerates(FaultKind::OneWay, Tolerance::Any),
    tolerates(FaultKind::Bridge, Tolerance::Any),
    tolerates(FaultKind::Flap, Tolerance::Any),
    tolerates(FaultKind::Loss, Tolerance::Any),
    tolerates(FaultKind::Delay, Tolerance::Any),
    tolerates(FaultKind::Duplicate, Tolerance::Any),
    tolerates(FaultKind::Reorder, Tolerance::Any),
    tolerates(FaultKind::Crash, Tolerance::Any),
    tolerates(FaultKind::Pause, Tolerance::Any),
    tolerates(FaultKind::Slow, Tolerance::Any),
    tolerates(FaultKind::Drift, Tolerance::Any),
    tolerates(FaultKind::Jump, Tolerance::Any),
    tolerates(FaultKind::Leave, Tolerance::Never),
];
