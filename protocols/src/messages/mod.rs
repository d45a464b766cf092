//! Numbered messages, for looking at what layers do to them.
//!
//! A source sends the same messages to every sink. Each says from which life of the source it is, which
//! number it has there, and the rest follows from that, so that a sink sees any change of any bit. A sink counts
//! what it can see; if it is told that everything comes once and in order, it objects to the rest.

mod invariant;
mod message;
mod sink;
mod source;

pub use sink::SINK;
pub use source::SOURCE;

use simlab_core::{FaultKind, FaultModel, Tolerance, Tolerates, tolerates};

/// Messages tolerate what their layers do: they promise nothing themselves. Nothing is on a disk.
const FAULTS: FaultModel = FaultModel {
    summary: "promises what its layers promise; what a crash forgets is numbered anew",
    tolerates: ANYTHING,
    drift_max: 100_000_000,
};

/// What links, clocks and crashes can do: what promises nothing tolerates all of it.
pub(crate) const ANYTHING: &[Tolerates] = &[
    tolerates(FaultKind::Cut, Tolerance::Any),
    tolerates(FaultKind::OneWay, Tolerance::Any),
    tolerates(FaultKind::Bridge, Tolerance::Any),
    tolerates(FaultKind::Flap, Tolerance::Any),
    tolerates(FaultKind::Loss, Tolerance::Any),
    tolerates(FaultKind::Delay, Tolerance::Any),
    tolerates(FaultKind::Duplicate, Tolerance::Any),
    tolerates(FaultKind::Reorder, Tolerance::Any),
    tolerates(FaultKind::Corrupt, Tolerance::Any),
    tolerates(FaultKind::Crash, Tolerance::Any),
    tolerates(FaultKind::Pause, Tolerance::Any),
    tolerates(FaultKind::Slow, Tolerance::Any),
    tolerates(FaultKind::Drift, Tolerance::Any),
    tolerates(FaultKind::Jump, Tolerance::Any),
    tolerates(FaultKind::Leave, Tolerance::Any),
    tolerates(FaultKind::Tamper, Tolerance::Any),
    tolerates(FaultKind::Replay, Tolerance::Any),
];
