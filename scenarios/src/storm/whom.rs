//! Whom a fault hits: mostly few, but correlated ones as well, since faults that come one by one
//! never find what only the loss of a whole site, or of all nodes of a service, brings to light.

use super::Place;
use super::dice::Dice;
use rand::Rng;
use rand::seq::SliceRandom;
use simlab_core::NodeId;
use std::collections::BTreeSet;

/// Some of the candidates, at least one and at most `most`, in random order.
pub(super) fn whom(
    place: &Place,
    candidates: &BTreeSet<NodeId>,
    most: usize,
    dice: &mut impl Rng,
) -> Vec<NodeId> {
    let all = || candidates.iter().copied().collect::<Vec<_>>();
    let of = |nodes: &BTreeSet<NodeId>| nodes.intersection(candidates).copied().collect::<Vec<_>>();
    let (mut chosen, size) = match dice.below(8) {
        0..=2 => (all(), 1),
        3 | 4 => (all(), 1 + dice.below(most as u64) as usize),
        5 => (pick(&place.sites, dice).map(of).unwrap_or_else(all), most),
        6 => (pick(&place.groups, dice).map(|group| of(&group.nodes)).unwrap_or_else(all), most),
        _ => {
            let group = pick(&place.groups, dice).map(|group| of(&group.nodes)).unwrap_or_else(all);
            let minority = group.len().saturating_sub(1) / 2;
            (group, minority.min(most))
        }
    };
    if chosen.is_empty() {
        chosen = all();
    }
    chosen.shuffle(dice);
    chosen.truncate(size.max(1));
    chosen
}

/// The candidates that were not chosen, in random order.
pub(super) fn others(
    candidates: &BTreeSet<NodeId>,
    chosen: &BTreeSet<NodeId>,
    dice: &mut impl Rng,
) -> Vec<NodeId> {
    let mut others: Vec<NodeId> = candidates.difference(chosen).copied().collect();
    others.shuffle(dice);
    others
}

fn pick<'t, T>(all: &'t [T], dice: &mut impl Rng) -> Option<&'t T> {
    all.get(dice.below(all.len() as u64) as usize)
}
