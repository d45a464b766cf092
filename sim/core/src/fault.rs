//! The fault model: what a service tolerates, and how much of it at once.
//!
//! A test under faults proves something only if the faults are those that the protocol was made for:
//! a majority protocol loses data when an acceptor's disk is wiped, and a test that does so shows
//! nothing. So every service says what it tolerates, random storms draw only that, and a scenario
//! that steps outside says so.

use std::fmt;

/// A kind of fault, as fault models and storms know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// Groups of nodes cannot reach each other.
    Cut,
    /// Some nodes are not heard by others, which they hear.
    OneWay,
    /// Two sides cannot reach each other, and some nodes reach both.
    Bridge,
    /// A cut comes and goes, again and again.
    Flap,
    /// Datagrams are lost.
    Loss,
    /// Datagrams take longer.
    Delay,
    /// Datagrams arrive twice.
    Duplicate,
    /// Datagrams overtake each other.
    Reorder,
    /// Datagrams arrive damaged.
    Corrupt,
    /// A node stops without warning; what its disk made durable survives.
    Crash,
    /// A node stands still for a while and goes on as if nothing had happened.
    Pause,
    /// A node handles events more slowly.
    Slow,
    /// A node's clocks run fast or slow.
    Drift,
    /// A node's wall clock jumps.
    Jump,
    /// Syncs take longer.
    SlowSync,
    /// Writes fail, and the node is told.
    WriteError,
    /// Reads fail, and the node is told.
    ReadError,
    /// The disk has no room, and the node is told.
    FullDisk,
    /// The disk says that a sync is done which is not.
    LyingSync,
    /// A bit flips at rest.
    Rot,
    /// A write goes to another place.
    Misdirect,
    /// A node comes back without what was on its disk.
    Wipe,
    /// A node leaves for good.
    Leave,
    /// Somebody edits datagrams, and puts right what needs no key.
    Tamper,
    /// Somebody sends datagrams of earlier again.
    Replay,
}

impl FaultKind {
    /// All kinds, in the order of their declaration.
    pub const ALL: [FaultKind; 25] = [
        FaultKind::Cut,
        FaultKind::OneWay,
        FaultKind::Bridge,
        FaultKind::Flap,
        FaultKind::Loss,
        FaultKind::Delay,
        FaultKind::Duplicate,
        FaultKind::Reorder,
        FaultKind::Corrupt,
        FaultKind::Crash,
        FaultKind::Pause,
        FaultKind::Slow,
        FaultKind::Drift,
        FaultKind::Jump,
        FaultKind::SlowSync,
        FaultKind::WriteError,
        FaultKind::ReadError,
        FaultKind::FullDisk,
        FaultKind::LyingSync,
        FaultKind::Rot,
        FaultKind::Misdirect,
        FaultKind::Wipe,
        FaultKind::Leave,
        FaultKind::Tamper,
        FaultKind::Replay,
    ];

    /// Whether storms draw it. They are bad luck, and nobody's intent.
    #[must_use]
    pub const fn is_luck(self) -> bool {
        !matches!(self, FaultKind::Tamper | FaultKind::Replay)
    }

    /// All kinds that storms draw, in the order of their declaration.
    pub fn luck() -> impl Iterator<Item = FaultKind> {
        FaultKind::ALL.into_iter().filter(|kind| kind.is_luck())
    }

    /// The kind as scenarios and reports name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.words().0
    }

    /// What it is, in one line.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        self.words().1
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            FaultKind::Cut => ("cut", "groups of nodes cannot reach each other"),
            FaultKind::OneWay => ("one-way", "some nodes are not heard by others, which they hear"),
            FaultKind::Bridge => ("bridge", "two sides are apart, and some nodes reach both"),
            FaultKind::Flap => ("flap", "a cut comes and goes, again and again"),
            FaultKind::Loss => ("loss", "datagrams are lost"),
            FaultKind::Delay => ("delay", "datagrams take longer"),
            FaultKind::Duplicate => ("duplicate", "datagrams arrive twice"),
            FaultKind::Reorder => ("reorder", "datagrams overtake each other"),
            FaultKind::Corrupt => ("corrupt", "datagrams arrive damaged"),
            FaultKind::Crash => ("crash", "a node stops without warning, and its disk survives"),
            FaultKind::Pause => ("pause", "a node stands still, and goes on later"),
            FaultKind::Slow => ("slow", "a node handles events more slowly"),
            FaultKind::Drift => ("drift", "a node's clocks run fast or slow"),
            FaultKind::Jump => ("jump", "a node's wall clock jumps"),
            FaultKind::SlowSync => ("slow-sync", "syncs take longer"),
            FaultKind::WriteError => ("write-error", "writes fail, and the node is told"),
            FaultKind::ReadError => ("read-error", "reads fail, and the node is told"),
            FaultKind::FullDisk => ("full-disk", "the disk has no room, and the node is told"),
            FaultKind::LyingSync => ("lying-sync", "the disk says it is done, and is not"),
            FaultKind::Rot => ("rot", "a bit flips at rest"),
            FaultKind::Misdirect => ("misdirect", "a write goes to another place"),
            FaultKind::Wipe => ("wipe", "a node comes back with an empty disk"),
            FaultKind::Leave => ("leave", "a node leaves for good"),
            FaultKind::Tamper => ("tamper", "somebody edits datagrams and repairs checksums"),
            FaultKind::Replay => ("replay", "somebody sends datagrams of earlier again"),
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many nodes of a service may suffer a kind of fault at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tolerance {
    /// None.
    Never,
    /// So many.
    AtMost(u32),
    /// Fewer than half of them.
    Minority,
    /// Any number.
    Any,
}

impl Tolerance {
    /// How many nodes that is, of a service of so many.
    #[must_use]
    pub const fn nodes(self, of: u32) -> u32 {
        match self {
            Tolerance::Never => 0,
            Tolerance::AtMost(n) => {
                if n < of {
                    n
                } else {
                    of
                }
            }
            Tolerance::Minority => of.saturating_sub(1) / 2,
            Tolerance::Any => of,
        }
    }
}

/// As it follows "on": `on no node`, `on fewer than half of the nodes`.
impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tolerance::Never => f.write_str("no node"),
            Tolerance::AtMost(1) => f.write_str("one node at a time"),
            Tolerance::AtMost(n) => write!(f, "{n} nodes at a time"),
            Tolerance::Minority => f.write_str("fewer than half of the nodes at a time"),
            Tolerance::Any => f.write_str("any number of nodes"),
        }
    }
}

/// That a service tolerates a kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerates {
    /// The kind.
    pub kind: FaultKind,
    /// How many of the service's nodes may suffer it at once without a promise being broken.
    pub safety: Tolerance,
    /// How many of them may suffer it at once while the service still gets on.
    pub liveness: Tolerance,
}

/// What a service tolerates. A kind that is not listed is not tolerated.
///
/// A fault of a link counts for the nodes at both of its ends; one that several kinds of fault fit,
/// counts for each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultModel {
    /// The model in one sentence, for people.
    pub summary: &'static str,
    /// What it tolerates, each kind at most once.
    pub tolerates: &'static [Tolerates],
    /// By how many nanoseconds a second the clocks of its nodes may run fast or slow, if
    /// [`FaultKind::Drift`] is tolerated.
    pub drift_max: u32,
}

impl FaultModel {
    /// How many nodes may suffer `kind` at once without a promise being broken.
    #[must_use]
    pub fn safety(&self, kind: FaultKind) -> Tolerance {
        self.entry(kind).map_or(Tolerance::Never, |entry| entry.safety)
    }

    /// How many nodes may suffer `kind` at once while the service still gets on.
    #[must_use]
    pub fn liveness(&self, kind: FaultKind) -> Tolerance {
        self.entry(kind).map_or(Tolerance::Never, |entry| entry.liveness)
    }

    fn entry(&self, kind: FaultKind) -> Option<&Tolerates> {
        self.tolerates.iter().find(|entry| entry.kind == kind)
    }
}

/// That any number of nodes may suffer `kind` without a promise being broken, and `liveness` of them
/// while the service still gets on.
#[must_use]
pub const fn tolerates(kind: FaultKind, liveness: Tolerance) -> Tolerates {
    Tolerates { kind, safety: Tolerance::Any, liveness }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minority_is_fewer_than_half() {
        let minority = |of| Tolerance::Minority.nodes(of);
        assert_eq!([0, 1, 2, 3, 4, 5].map(minority), [0, 0, 0, 1, 1, 2]);
        assert_eq!(Tolerance::AtMost(4).nodes(3), 3);
    }

    #[test]
    fn what_a_model_does_not_list_it_does_not_tolerate() {
        const CRASHES: &[Tolerates] = &[tolerates(FaultKind::Crash, Tolerance::Minority)];
        let model = FaultModel { summary: "", tolerates: CRASHES, drift_max: 0 };
        assert_eq!(model.safety(FaultKind::Crash), Tolerance::Any);
        assert_eq!(model.liveness(FaultKind::Crash), Tolerance::Minority);
        assert_eq!(model.safety(FaultKind::Wipe), Tolerance::Never);
    }
}
