//! **Leases** (Gray, Cheriton: "Leases: An Efficient Fault-Tolerant Mechanism for Distributed File
//! Cache Consistency", SOSP 1989): a lock that ends by itself.
//!
//! ```text
//!  holder                              granter
//!    │ ── request ───────────────────▶ │ free, or yours already?
//!    │ ◀─ granted, lease n, 2 s ────── │ free again 2 s from now, by my clock
//!    │ acts, while by my clock
//!    │ less than 2 s less the margin
//!    │ have passed since I asked
//! ```
//!
//! Whoever cannot be reached loses the lease without being told, and must find out by its own clock.
//! Three rules make that safe without synchronised clocks:
//!
//! 1. The holder counts from the moment at which it *asked*, the granter from a later one.
//! 2. The holder stops a margin early, for the case that its clock is slow or the granter's fast.
//! 3. Both count on their monotonic clocks. Wall clocks jump.
//!
//! A granter remembers nothing over a restart; it lets one whole term pass before it grants anything,
//! so that every lease of its earlier life is over.
//!
//! The holder looks at its clock in the same handler in which it acts. What it *sends* may still
//! arrive after its lease is over: that is what fencing tokens are for.

mod granter;
mod holder;
mod invariant;
mod message;
#[cfg(test)]
mod tests;

pub use granter::GRANTER;
pub use holder::HOLDER;

use simlab_core::{FaultKind, FaultModel, Tolerance, Tolerates, tolerates};

/// By how much the clocks of two nodes may differ from the right rate, in nanoseconds a second: 5 %.
/// A holder that stops 10 % early is safe then, since 1.05 / 0.95 < 1 / 0.9.
const DRIFT_MAX: u32 = 50_000_000;

/// What a lease tolerates. Nothing of it is on a disk. As long as its granter is down nobody gets
/// a lease, and whoever cannot reach it gets none.
const FAULTS: FaultModel = FaultModel {
    summary: "safe while clocks run within 5% of the right rate, whatever jumps, stops or is lost",
    tolerates: TOLERATES,
    drift_max: DRIFT_MAX,
};

const TOLERATES: &[Tolerates] = &[
    tolerates(FaultKind::Cut, Tolerance::Never),
    tolerates(FaultKind::OneWay, Tolerance::Never),
    tolerates(FaultKind::Bridge, Tolerance::Never),
    tolerates(FaultKind::Flap, Tolerance::Any),
    tolerates(FaultKind::Loss, Tolerance::Any),
    tolerates(FaultKind::Delay, Tolerance::Any),
    tolerates(FaultKind::Duplicate, Tolerance::Any),
    tolerates(FaultKind::Reorder, Tolerance::Any),
    tolerates(FaultKind::Crash, Tolerance::Never),
    tolerates(FaultKind::Pause, Tolerance::Never),
    tolerates(FaultKind::Slow, Tolerance::Any),
    tolerates(FaultKind::Drift, Tolerance::Any),
    tolerates(FaultKind::Jump, Tolerance::Any),
    tolerates(FaultKind::SlowSync, Tolerance::Any),
    tolerates(FaultKind::WriteError, Tolerance::Any),
    tolerates(FaultKind::ReadError, Tolerance::Any),
    tolerates(FaultKind::FullDisk, Tolerance::Any),
    tolerates(FaultKind::LyingSync, Tolerance::Any),
    tolerates(FaultKind::Rot, Tolerance::Any),
    tolerates(FaultKind::Misdirect, Tolerance::Any),
    tolerates(FaultKind::Wipe, Tolerance::Never),
    tolerates(FaultKind::Leave, Tolerance::Never),
];
