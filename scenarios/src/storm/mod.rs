//! Random storms: faults that the seed draws inside what the services tolerate.
//!
//! ```text
//!  Storm ──draw(seed)──▶ Options ──▶ a timetable ──▶ faults, each held against the Ledger
//!  what, where, when     per kind:   per kind:       of what the others take at the same time
//!                        on? how     when, how long
//!                        often? …
//! ```
//!
//! Each seed switches whole kinds off and draws the rates of the others (swarm testing: Groce,
//! Zhang, Eide, Chen and Regehr, ISSTA 2012, §2): a run with a bit of everything hardly ever gets
//! to where one kind alone would lead, since the others keep it from getting there. Every option is
//! one field of one flat list and is printed, as in TigerBeetle's VOPR.
//!
//! Nothing shifts anything: each kind has a stream of its own, and each of its faults another. A kind
//! that is added, or a scheduled fault, can only keep some faults from happening.

mod dice;
mod figures;
mod ledger;
mod make;
mod options;
mod place;
mod whom;

pub use figures::{FaultFigures, KindFigures};
pub use options::{KindOptions, Options, Strength};
pub use place::{Group, Place};

use crate::{Fault, Text};
use dice::Dice;
use ledger::Ledger;
use simlab_core::{Duration, FaultKind, NodeId, Time, stream};
use std::collections::BTreeSet;

/// How many faults of a kind a storm can have.
pub(crate) const FAULTS_MAX: u64 = 1_000;
/// On how many nodes a storm can fall.
pub(crate) const NODES_MAX: usize = 1_000;

/// How far clocks drift where no model sets a bound: as far back as the kernel lets them.
const DRIFT_OUTSIDE: u32 = 500_000_000;

/// The storm of a scenario: what a seed may draw.
#[derive(Clone, Debug)]
pub struct Storm {
    /// No fault begins before this.
    pub from: Time,
    /// All faults are over at this time, and all nodes up again that come up again.
    pub until: Time,
    /// About how long it is from one fault of a kind to the next; each seed draws for each kind
    /// something from a quarter to twice of it.
    pub every: Duration,
    /// No fault lasts longer.
    pub longest: Duration,
    /// How long after it halted a node is started again, if its machine does not say.
    pub restart: Duration,
    /// How long a node is down at most after it halted, by that or by what its machine says.
    pub down_max: Duration,
    /// The kinds that it draws inside the fault models.
    pub kinds: Vec<FaultKind>,
    /// The kinds that it draws wherever it likes, although not all services tolerate them.
    pub outside: Vec<FaultKind>,
    /// What those break.
    pub outside_why: Option<Text>,
    /// Where it falls.
    pub place: Place,
}

/// The storm of one seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// What was drawn for the whole of it.
    pub options: Options,
    /// Its faults with their kinds, by the time at which they begin.
    pub faults: Vec<(FaultKind, Fault)>,
}

/// A fault before it is known whom it hits.
struct Slot {
    kind: usize,
    number: u64,
    at: Time,
    until: Time,
}

impl Storm {
    /// The kinds that it may draw, inside the fault models or outside.
    pub fn all_kinds(&self) -> impl Iterator<Item = FaultKind> {
        let drawn = |kind: &FaultKind| self.kinds.contains(kind) || self.outside.contains(kind);
        FaultKind::luck().filter(drawn)
    }

    /// The nodes that it can do something to by this kind of fault.
    #[must_use]
    pub fn candidates(&self, kind: FaultKind) -> BTreeSet<NodeId> {
        if self.outside.contains(&kind) {
            self.place.outside(kind)
        } else {
            self.place.inside(kind)
        }
    }

    /// What a seed makes of it, given the faults that happen anyway: those count as well when it is
    /// asked how many nodes suffer a kind of fault at once.
    #[must_use]
    pub fn draw(&self, scheduled: &[Fault], seed: u64) -> Drawn {
        let options = Options::draw(self, seed);
        let mut ledger = Ledger::new(self);
        scheduled.iter().for_each(|fault| ledger.enter_scheduled(fault));
        let mut faults = Vec::new();
        for slot in self.timetable(&options, seed) {
            let style = &options.on[slot.kind];
            let mut dice = stream(seed, &format!("storm: {} {}", style.kind, slot.number));
            let Some(fault) = make::fault(self, style, &slot, &ledger, &mut dice) else { continue };
            ledger.enter(style.kind, &fault);
            for mut fault in [make::companion(style, &fault), Some(fault)].into_iter().flatten() {
                fault.name = Some(format!("storm {}: {}", faults.len() + 1, style.kind));
                faults.push((style.kind, fault));
            }
        }
        Drawn { options, faults }
    }

    /// By how many nanoseconds a second clocks may run fast or slow.
    fn drift_limit(&self) -> u32 {
        if self.outside.contains(&FaultKind::Drift) {
            DRIFT_OUTSIDE
        } else {
            self.place.drift_max(&self.candidates(FaultKind::Drift)).min(DRIFT_OUTSIDE)
        }
    }

    /// When faults of all kinds begin and end, in the order in which they begin.
    fn timetable(&self, options: &Options, seed: u64) -> Vec<Slot> {
        let mut slots = Vec::new();
        for (kind, style) in options.on.iter().enumerate() {
            let mut dice = stream(seed, &format!("storm: when {}", style.kind));
            // Whatever a fault leaves behind is over at the end as well.
            let end = self.until - self.aftermath(style);
            let mut at = self.from;
            for number in 0..FAULTS_MAX {
                at += dice.wait(style.every);
                let length = dice.around(style.lasts).min(self.longest);
                let until = (at + length).min(end);
                if at >= end || until <= at {
                    break;
                }
                slots.push(Slot { kind, number, at, until });
            }
        }
        slots.sort_by_key(|slot| (slot.at, slot.kind, slot.number));
        slots
    }

    /// How long after the end of a fault a node may still be down because of it.
    fn aftermath(&self, style: &KindOptions) -> Duration {
        match (style.kind, style.strength) {
            (FaultKind::Crash, Strength::AtSync { down, .. }) => down,
            (FaultKind::WriteError | FaultKind::ReadError | FaultKind::FullDisk, _) => {
                self.down_max
            }
            _ => Duration::ZERO,
        }
    }
}
