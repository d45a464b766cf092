//! One fault of a storm.

use super::dice::Dice;
use super::ledger::Ledger;
use super::place::is_of_links;
use super::whom::{others, whom};
use super::{KindOptions, Slot, Storm, Strength};
use crate::{Fault, Flap};
use rand::Rng;
use simlab_core::{Distribution, Duration, FaultKind, NodeId};
use simlab_sim::{Corruption, DiskFault, Fault as What, Patch, Shape, Weather};
use std::collections::BTreeSet;

/// The fault of a slot; `None` if there is no room for it in the fault models.
pub(super) fn fault(
    storm: &Storm,
    style: &KindOptions,
    slot: &Slot,
    ledger: &Ledger<'_>,
    dice: &mut impl Rng,
) -> Option<Fault> {
    let kind = style.kind;
    let candidates = storm.candidates(kind);
    let wanted = whom(&storm.place, &candidates, style.nodes, dice);
    let times = (slot.at, slot.until + storm.aftermath(style));
    let near = ledger.admit(kind, wanted.iter().copied(), times);
    let what = if is_of_links(kind) {
        let near = if spares_others(kind) { but_one(near, &candidates) } else { near };
        let far = others(&candidates, &near, dice);
        let all = ledger.admit(kind, near.iter().copied().chain(far), times);
        links(style, near, all, dice)?
    } else if near.is_empty() {
        return None;
    } else {
        nodes(style, near, dice)?
    };
    let lasting = matches!(kind, FaultKind::Leave | FaultKind::Rot);
    let until = (!lasting).then_some(slot.until);
    let flap = match style.strength {
        Strength::Comes { down, up } => Some(Flap { down: near_to(down), up: near_to(up) }),
        _ => None,
    };
    let outside = storm.outside_why.clone().filter(|_| storm.outside.contains(&kind));
    Some(Fault { flap, outside, ..Fault::new(slot.at, until, what) })
}

/// The fault without which another would do nothing.
pub(super) fn companion(style: &KindOptions, fault: &Fault) -> Option<Fault> {
    let nodes = fault.what.nodes().filter(|_| style.kind == FaultKind::ReadError)?.clone();
    let half = Duration(fault.until?.since(fault.at).nanos() / 2);
    let crash = What::Crash { nodes, wiped: false };
    let up = (half > Duration::ZERO).then_some(fault.at + half)?;
    Some(Fault { outside: fault.outside.clone(), ..Fault::new(fault.at, Some(up), crash) })
}

/// From half to one and a half of a length.
const fn near_to(mean: Duration) -> Distribution {
    let half = Duration(mean.nanos() / 2);
    Distribution::Uniform { min: half, max: Duration(mean.nanos().saturating_add(half.nanos())) }
}

/// Whether a fault of links needs somebody on the other side.
const fn spares_others(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Cut | FaultKind::OneWay | FaultKind::Bridge | FaultKind::Flap)
}

/// The nodes without the last, if they are all that there are.
fn but_one(mut nodes: BTreeSet<NodeId>, all: &BTreeSet<NodeId>) -> BTreeSet<NodeId> {
    if nodes.len() == all.len() {
        nodes.pop_last();
    }
    nodes
}

/// A fault of the links between `near` and `all`, which has `near` in it.
fn links(
    style: &KindOptions,
    near: BTreeSet<NodeId>,
    all: BTreeSet<NodeId>,
    dice: &mut impl Rng,
) -> Option<What> {
    let far = &all - &near;
    if near.is_empty() || all.len() < 2 || spares_others(style.kind) && far.is_empty() {
        return None;
    }
    let other_way = dice.one_in(2);
    match style.kind {
        FaultKind::Cut | FaultKind::Flap => {
            let mut groups = vec![near, far];
            if groups[1].len() > 1 && dice.one_in(4) {
                let third = split(&mut groups[1], dice);
                groups.push(third);
            }
            Some(What::Cut(Shape::Groups(groups)))
        }
        FaultKind::OneWay => {
            let (from, to) = if other_way { (far, near) } else { (near, far) };
            Some(What::Cut(Shape::OneWay { from, to }))
        }
        FaultKind::Bridge => {
            let mut right = far;
            if right.len() < 2 {
                return None;
            }
            let via = split(&mut right, dice);
            Some(What::Cut(Shape::Bridge { left: near, right, via }))
        }
        _ => {
            let both = dice.one_in(2);
            let (from, to) = if other_way { (all, near) } else { (near, all) };
            let patch = patch(style, dice)?;
            Some(What::Links(Weather { from, to, both, patch: Box::new(patch) }))
        }
    }
}

/// Takes some of the nodes away, but not all; there are at least two.
fn split(nodes: &mut BTreeSet<NodeId>, dice: &mut impl Rng) -> BTreeSet<NodeId> {
    let size = 1 + dice.below(nodes.len() as u64 - 1) as usize;
    let mut taken = others(nodes, &BTreeSet::new(), dice);
    taken.truncate(size);
    nodes.retain(|node| !taken.contains(node));
    taken.into_iter().collect()
}

/// What is different about links; `None` for kinds that are not of links.
fn patch(style: &KindOptions, dice: &mut impl Rng) -> Option<Patch> {
    let mut patch = Patch::default();
    match (style.kind, style.strength) {
        (FaultKind::Loss, Strength::Rate(rate)) => patch.loss = Some(rate),
        (FaultKind::Duplicate, Strength::Rate(rate)) => patch.duplicate = Some(rate),
        (FaultKind::Reorder, Strength::Held { rate, by }) => patch.reorder = Some((rate, by)),
        (FaultKind::Delay, Strength::UpTo(max)) => {
            let min = Duration(max.nanos() / 2);
            patch.delay = Some(Distribution::Uniform { min, max });
        }
        (FaultKind::Corrupt, Strength::Rate(rate)) => {
            patch.corrupt = Some(rate);
            patch.corruption = Some(match dice.below(4) {
                0 => Corruption::Bits(1 + dice.below(8) as u8),
                1 => Corruption::Burst(dice.scaled(2, 6) as u16),
                2 => Corruption::SwapWords,
                _ => Corruption::ZeroRun(dice.scaled(1, 6) as u16),
            });
        }
        _ => return None,
    }
    Some(patch)
}

/// A fault of nodes; `None` for kinds that are of links.
fn nodes(style: &KindOptions, nodes: BTreeSet<NodeId>, dice: &mut impl Rng) -> Option<What> {
    let disk = |nodes, what| Some(What::Disk { nodes, what });
    match (style.kind, style.strength) {
        (FaultKind::Crash, Strength::AtSync { rate, down }) if dice.one_in(2) => {
            Some(What::CrashAtSync { nodes, rate, down })
        }
        (FaultKind::Crash, _) => Some(What::Crash { nodes, wiped: false }),
        (FaultKind::Wipe, _) => Some(What::Crash { nodes, wiped: true }),
        (FaultKind::Pause, _) => Some(What::Pause(nodes)),
        (FaultKind::Leave, _) => Some(What::Leave(nodes)),
        (FaultKind::Slow, Strength::Percent(percent)) => Some(What::Slow { nodes, percent }),
        (FaultKind::Drift, Strength::Drift(most)) => {
            let drift = i64::from(most) - dice.below(u64::from(most) / 2 + 1) as i64;
            let drift = Some(if dice.one_in(2) { -drift } else { drift });
            Some(What::Clock { nodes, jump: 0, drift })
        }
        (FaultKind::Jump, Strength::UpTo(most)) => {
            let jump = i64::try_from(1 + dice.below(most.nanos())).unwrap_or(i64::MAX);
            let jump = if dice.one_in(2) { -jump } else { jump };
            Some(What::Clock { nodes, jump, drift: None })
        }
        (FaultKind::SlowSync, Strength::UpTo(max)) => {
            let min = Duration(max.nanos() / 2);
            disk(nodes, DiskFault::SlowSync(Distribution::Uniform { min, max }))
        }
        (FaultKind::WriteError, Strength::Rate(rate)) => disk(nodes, DiskFault::WriteErrors(rate)),
        (FaultKind::Misdirect, Strength::Rate(rate)) => disk(nodes, DiskFault::Misdirected(rate)),
        (FaultKind::ReadError, _) => disk(nodes, DiskFault::ReadErrors(String::new())),
        (FaultKind::FullDisk, Strength::Room(bytes)) => disk(nodes, DiskFault::Full(bytes)),
        (FaultKind::LyingSync, _) => disk(nodes, DiskFault::LyingSync),
        (FaultKind::Rot, Strength::Bits(bits)) => disk(nodes, DiskFault::Rot(bits)),
        _ => None,
    }
}
