//! What calls tolerate, whatever they are for.

use simlab_core::{FaultKind, Tolerance, Tolerates, tolerates};

/// In parts per billion: two clocks of which one gains so much and the other loses as much drift apart by no more than
/// the 0.1 % that callers reckon with unless they are told otherwise ([`DRIFT`](super::parameters::DRIFT)).
pub(crate) const DRIFT_MAX: u32 = 500_000;

/// Whatever happens. Damage is for a layer.
pub(crate) const TOLERATES: &[Tolerates] = &[
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
    tolerates(FaultKind::SlowSync, Tolerance::Any),
    tolerates(FaultKind::WriteError, Tolerance::Any),
    tolerates(FaultKind::FullDisk, Tolerance::Any),
];
