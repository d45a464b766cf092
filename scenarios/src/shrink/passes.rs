//! What is tried, in which order.

use super::Shrinker;
use crate::Concrete;
use simlab_core::{Argument, NodeId, Who};
use std::collections::BTreeSet;

/// With so many seeds candidates are tried as long as the seed answers choices: which operation meets which
/// fault is then chance, and a few throws of the dice tell more than one.
const RESEEDS: [u64; 3] = [0, 8, 24];

/// Of more nodes than these not every two are taken out together.
const PAIRS_MAX: usize = 16;

/// More rounds than these have never changed anything.
const ROUNDS_MAX: u32 = 8;

impl Shrinker<'_> {
    pub(super) fn shrink(&mut self) {
        self.calm();
        for reseeds in RESEEDS {
            if self.is_calm() && reseeds > 0 {
                break;
            }
            self.reseeds = reseeds;
            self.sooner_over();
            self.fewer_faults();
            self.fewer_operations();
            self.fewer_nodes();
            self.calm();
        }
        self.reseeds = 0;
        self.pin();
        for _ in 0..ROUNDS_MAX {
            let mut changed = self.sooner_over();
            changed |= self.fewer_faults();
            changed |= self.fewer_operations();
            changed |= self.fewer_nodes();
            changed |= self.fewer_operations_shifted();
            changed |= self.fewer_answers();
            changed |= self.smaller_faults();
            changed |= self.sooner();
            changed |= self.rounder();
            if !changed || self.exhausted {
                break;
            }
        }
    }

    fn fewer_operations(&mut self) -> bool {
        let orders = self.thin(|c| c.commands.clone(), |c, orders| c.commands = orders);
        orders | self.thin(|c| c.operations.clone(), |c, operations| c.operations = operations)
    }

    /// Takes operations out one by one and lets the answers that follow speak of one datagram or one sync
    /// earlier: of a link, of a node, or everywhere. What was the third may be the second now.
    fn fewer_operations_shifted(&mut self) -> bool {
        let mut changed = false;
        let mut index = self.best.operations.len();
        while index > 0 && !self.exhausted {
            index -= 1;
            let owners: BTreeSet<Who> = self.best.script.answers.keys().map(|p| p.who).collect();
            let whose = std::iter::once(None).chain(owners.into_iter().map(Some));
            for whose in whose {
                let mut candidate = self.best.clone();
                if index >= candidate.operations.len() {
                    break;
                }
                candidate.operations.remove(index);
                let answers = candidate.script.answers.into_iter().map(|(mut point, answer)| {
                    if whose.is_none_or(|whose| whose == point.who) {
                        point.ordinal = point.ordinal.saturating_sub(1);
                    }
                    (point, answer)
                });
                candidate.script.answers = answers.collect();
                if self.accept(candidate) {
                    changed = true;
                    break;
                }
            }
        }
        changed
    }

    fn fewer_faults(&mut self) -> bool {
        self.thin(|c| c.faults.clone(), |c, faults| c.faults = faults)
    }

    /// Takes nodes out, each with those that cannot be without it: one by one, and two by two, since a
    /// majority of four is no smaller than one of five.
    fn fewer_nodes(&mut self) -> bool {
        let mut changed = false;
        let nodes: Vec<NodeId> = self.best.nodes.iter().rev().copied().collect();
        for node in &nodes {
            changed |= self.without(&[*node]);
        }
        if self.best.nodes.len() <= PAIRS_MAX {
            for (n, one) in nodes.iter().enumerate() {
                for other in &nodes[n + 1..] {
                    changed |= self.without(&[*one, *other]);
                }
            }
        }
        changed
    }

    fn without(&mut self, nodes: &[NodeId]) -> bool {
        if self.exhausted || !nodes.iter().all(|node| self.best.nodes.contains(node)) {
            return false;
        }
        let gone: BTreeSet<NodeId> =
            nodes.iter().flat_map(|node| dependent(&self.best, *node)).collect();
        if gone.len() == self.best.nodes.len() {
            return false;
        }
        let mut candidate = self.best.clone();
        candidate.nodes.retain(|node| !gone.contains(node));
        self.accept(candidate)
    }

    /// Makes faults shorter, and lets them hit fewer nodes.
    fn smaller_faults(&mut self) -> bool {
        let mut changed = false;
        for index in 0..self.best.faults.len() {
            // The shortest first: a fault that needs its length is tried four times, one that does not once.
            for divisor in [64, 16, 4, 2] {
                let Some(fault) = self.best.faults.get(index) else { break };
                let Some(until) = fault.until else { break };
                let length = until.since(fault.at);
                let shorter = simlab_core::Duration(length.nanos() / divisor);
                if shorter.nanos() == 0 {
                    continue;
                }
                let mut candidate = self.best.clone();
                candidate.faults[index].until = Some(fault.at + shorter);
                if self.accept(candidate) {
                    changed = true;
                    break;
                }
            }
            let nodes = self.best.faults.get(index).map(|fault| fault.what.everyone());
            for node in nodes.into_iter().flatten() {
                let Some(what) = self.best.faults[index].what.without(node) else { continue };
                let mut candidate = self.best.clone();
                candidate.faults[index].what = what;
                changed |= self.accept(candidate);
            }
        }
        changed
    }
}

/// A node and all those that name it in their parameters, and so on.
fn dependent(concrete: &Concrete<'_>, node: NodeId) -> BTreeSet<NodeId> {
    let roster = &concrete.scenario.variants[concrete.variant].roster;
    let mut gone = BTreeSet::from([node]);
    loop {
        let names = |argument: &Argument| match argument {
            Argument::Node(named) => gone.contains(named),
            _ => false,
        };
        let more: Vec<NodeId> = roster
            .iter()
            .filter(|member| !gone.contains(&member.id) && member.arguments.values().any(names))
            .map(|member| member.id)
            .filter(|id| concrete.nodes.contains(id))
            .collect();
        if more.is_empty() {
            return gone;
        }
        gone.extend(more);
    }
}
