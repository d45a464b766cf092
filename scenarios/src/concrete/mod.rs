//! A run of a scenario with all that its seed drew written out: every operation and every fault at its time,
//! and, if one likes, the answer to every choice. It can be changed piece by piece and written as a scenario
//! that stands alone.
//!
//! ```text
//!   Setup ──of──▶ Concrete ──to_toml──▶ a scenario file ──load, run──▶ the same run
//!                 fewer nodes,
//!                 operations, faults …
//! ```

mod faults;
mod values;
mod write;

use crate::run::{Planned, Setup, workload};
use crate::{Catalogue, Command, Fault, Scenario};
use simlab_core::{NodeId, Point, Time, Who};
use simlab_sim::{Fault as What, Script};
use std::collections::{BTreeMap, BTreeSet};

/// A run with all that its seed drew written out. Nodes have the ids of the scenario throughout.
#[derive(Clone, Debug)]
pub struct Concrete<'a> {
    /// The scenario that it is of.
    pub scenario: &'a Scenario,
    /// What the names of its services mean.
    pub catalogue: &'a Catalogue,
    /// The variant, by index.
    pub variant: usize,
    /// What answers the choices that nobody else does.
    pub seed: u64,
    /// When it ends.
    pub until: Time,
    /// The nodes that take part.
    pub nodes: BTreeSet<NodeId>,
    /// What clients ask, by time.
    pub operations: Vec<Planned>,
    /// Raw orders, by time.
    pub commands: Vec<Command>,
    /// What is done to the world, by time; none of these flaps.
    pub faults: Vec<Fault>,
    /// The choices that are answered.
    pub script: Script,
    /// The switches that are on.
    pub switches: Vec<&'static str>,
    /// The names of the expectations that are kept.
    pub checks: BTreeSet<String>,
}

impl<'a> Concrete<'a> {
    /// The run of a setup, whole.
    #[must_use]
    pub fn of(setup: &Setup<'a>) -> Self {
        let Setup { scenario, catalogue, variant, seed, .. } = *setup;
        let about = scenario.expectations.iter().filter(|e| e.variants.contains(&variant));
        let mut faults: Vec<Fault> =
            setup.faults().iter().flat_map(|fault| spelt_out(setup, fault)).collect();
        faults.sort_by_key(|fault| fault.at);
        let faults = without_crashes_of_who_is_down(faults);
        Concrete {
            scenario,
            catalogue,
            variant,
            seed,
            until: scenario.until,
            nodes: scenario.nodes.iter().map(|node| node.id).collect(),
            operations: workload(scenario, seed),
            commands: scenario.commands.clone(),
            faults,
            script: scenario.decisions.clone(),
            switches: scenario.variants[variant].switches.clone(),
            checks: about.map(|expectation| expectation.name.clone()).collect(),
        }
    }

    /// What a node of the file is called here: nodes of files are counted without those that are gone.
    #[must_use]
    pub fn original(&self, node: NodeId) -> Option<NodeId> {
        self.nodes.iter().nth(node.index()).copied()
    }

    /// A choice of a run of the file, as it is called here.
    #[must_use]
    pub fn original_point(&self, point: Point) -> Option<Point> {
        let who = match point.who {
            Who::Link { from, to } => {
                Who::Link { from: self.original(from)?, to: self.original(to)? }
            }
            Who::Node(node) => Who::Node(self.original(node)?),
        };
        Some(Point { who, ..point })
    }

    /// Without what concerns nobody who is left.
    #[must_use]
    pub fn without_strangers(mut self) -> Self {
        let there = |node: &NodeId| self.nodes.contains(node);
        self.operations.retain(|planned| there(&planned.client));
        self.commands.retain(|command| there(&command.node));
        self.script.answers.retain(|point, _| match point.who {
            Who::Link { from, to } => there(&from) && there(&to),
            Who::Node(node) => there(&node),
        });
        let name = |_: NodeId| String::new();
        let cast = faults::Cast { nodes: &self.nodes, name: &name };
        self.faults.retain(|fault| cast.action(&fault.what).is_some());
        self
    }

    /// When the last operation, order or fault begins or ends.
    #[must_use]
    pub fn last_event(&self) -> Time {
        let operations = self.operations.iter().map(|planned| planned.at);
        let commands = self.commands.iter().map(|command| command.at);
        let faults = self.faults.iter().map(|fault| fault.until.unwrap_or(fault.at).max(fault.at));
        operations.chain(commands).chain(faults).max().unwrap_or(Time::ZERO)
    }
}

/// Leaves out of each crash whom an earlier one keeps down: a storm draws it all the same, and a file that says so is refused as
/// a mistake. It crashes nobody, but who would have come up before its end stays down until then, by a crash of its own.
fn without_crashes_of_who_is_down(faults: Vec<Fault>) -> Vec<Fault> {
    let ends = |fault: &Fault| fault.until.unwrap_or(Time::NEVER);
    let mut kept: Vec<Fault> = Vec::new();
    // Which of these keeps a node down.
    let mut by: BTreeMap<NodeId, usize> = BTreeMap::new();
    for mut fault in faults {
        let What::Crash { nodes, wiped } = &mut fault.what else {
            kept.push(fault);
            continue;
        };
        let (at, until) = (fault.at, fault.until.unwrap_or(Time::NEVER));
        let down = |node: &NodeId| by.get(node).is_some_and(|first| ends(&kept[*first]) >= at);
        let is_down: Vec<NodeId> =
            nodes.iter().copied().filter(|node| !*wiped && down(node)).collect();
        nodes.retain(|node| !is_down.contains(node));
        by.extend(nodes.iter().map(|node| (*node, kept.len())));
        let end = fault.until;
        kept.push(fault);
        let longer = kept.len();
        for node in is_down {
            let first = by[&node];
            if ends(&kept[first]) >= until {
                continue;
            }
            let What::Crash { nodes, wiped } = &mut kept[first].what else { continue };
            nodes.remove(&node);
            let none = What::Crash { nodes: BTreeSet::new(), wiped: *wiped };
            let alike = kept[longer..].iter().position(|other| other.at == kept[first].at);
            let place = alike.map_or(kept.len(), |place| longer + place);
            if alike.is_none() {
                kept.push(Fault { until: end, what: none, ..kept[first].clone() });
            }
            if let What::Crash { nodes, .. } = &mut kept[place].what {
                nodes.insert(node);
            }
            by.insert(node, place);
        }
    }
    kept.retain(|fault| !matches!(&fault.what, What::Crash { nodes, .. } if nodes.is_empty()));
    kept.sort_by_key(|fault| fault.at);
    kept
}

/// A fault that comes and goes as the faults that it is.
fn spelt_out(setup: &Setup<'_>, fault: &Fault) -> Vec<Fault> {
    let spell = |(at, until)| Fault { at, until, flap: None, ..fault.clone() };
    setup.spells(fault).into_iter().map(spell).collect()
}
