//! Faults as scenarios write them.

use super::values::{
    difference, distribution, drift, duration, list, number, offset, patch, ratio, table, text,
};
use simlab_core::NodeId;
use simlab_sim::{DiskFault, Fault as What, LinkSpec, Shape, Weather};
use std::collections::BTreeSet;
use toml::{Table, Value as Toml};

/// Which nodes a file has, and what they are called in it.
pub(super) struct Cast<'a> {
    pub(super) nodes: &'a BTreeSet<NodeId>,
    pub(super) name: &'a dyn Fn(NodeId) -> String,
}

impl Cast<'_> {
    /// Those of some nodes that are there; `None` if there are none.
    fn names(&self, nodes: &BTreeSet<NodeId>) -> Option<Toml> {
        let there: Vec<Toml> = nodes
            .iter()
            .filter(|node| self.nodes.contains(node))
            .map(|node| text((self.name)(*node)))
            .collect();
        (!there.is_empty()).then(|| list(there))
    }

    /// What a fault does; `None` if there is nobody left to whom it does it.
    pub(super) fn action(&self, what: &What) -> Option<Toml> {
        let one = |key, value| Some(table([(key, value)]));
        match what {
            What::Cut(shape) => self.shape(shape),
            What::Links(weather) => one("links", self.weather(weather)?),
            What::Crash { nodes, wiped: false } => one("crash", self.names(nodes)?),
            What::Crash { nodes, wiped: true } => one("wipe", self.names(nodes)?),
            What::CrashAtSync { nodes, rate, down } => {
                let names = ("nodes", self.names(nodes)?);
                let fault = table([names, ("rate", ratio(*rate)), ("down", duration(*down))]);
                one("crash_at_sync", fault)
            }
            What::Pause(nodes) => one("pause", self.names(nodes)?),
            What::Slow { nodes, percent } => {
                // Two digits after the point are exact.
                let factor = Toml::Float(f64::from(*percent) / 100.0);
                one("slow", table([("nodes", self.names(nodes)?), ("factor", factor)]))
            }
            What::Clock { nodes, jump, drift: gain } => {
                let jump = (*jump != 0).then(|| ("jump", offset(*jump)));
                let parts = [Some(("nodes", self.names(nodes)?)), jump];
                let drift = gain.map(|gain| ("drift", drift(gain)));
                one("clock", table(parts.into_iter().flatten().chain(drift)))
            }
            What::Disk { nodes, what } => {
                one("disk", table([("nodes", self.names(nodes)?), disk(what)]))
            }
            What::Leave(nodes) => one("leave", self.names(nodes)?),
        }
    }

    fn shape(&self, shape: &Shape) -> Option<Toml> {
        Some(match shape {
            Shape::Groups(groups) => {
                let groups: Vec<Toml> =
                    groups.iter().filter_map(|group| self.names(group)).collect();
                if groups.len() < 2 {
                    return None;
                }
                table([("partition", list(groups))])
            }
            Shape::OneWay { from, to } => {
                let sides = [("from", self.names(from)?), ("to", self.names(to)?)];
                table([("one_way", table(sides))])
            }
            Shape::Bridge { left, right, via } => match self.names(via) {
                Some(via) => {
                    let ends = [("left", self.names(left)?), ("right", self.names(right)?)];
                    table([("bridge", table(ends.into_iter().chain([("via", via)])))])
                }
                // Without the bridge two sides are left.
                None => table([("partition", list([self.names(left)?, self.names(right)?]))]),
            },
            Shape::Isolated(nodes) => table([("isolate", self.names(nodes)?)]),
        })
    }

    /// What holds between some nodes.
    pub(super) fn weather(&self, weather: &Weather) -> Option<Toml> {
        let Weather { from, to, both, patch: fields } = weather;
        let mut out = Table::new();
        let there = |nodes: &BTreeSet<NodeId>| -> BTreeSet<NodeId> {
            nodes.intersection(self.nodes).copied().collect()
        };
        if there(from).len() == 1 && there(from) == there(to) {
            return None;
        }
        out.insert("from".to_owned(), self.names(from)?);
        out.insert("to".to_owned(), self.names(to)?);
        if *both {
            out.insert("both".to_owned(), Toml::Boolean(true));
        }
        patch(fields, &mut out);
        Some(Toml::Table(out))
    }
}

/// What is said of a kind of link, on top of another; nothing if there is no difference.
pub(super) fn link(link: &LinkSpec, usual: &LinkSpec) -> Option<Toml> {
    let mut out = Table::new();
    patch(&difference(link, usual), &mut out);
    (!out.is_empty()).then_some(Toml::Table(out))
}

fn disk(what: &DiskFault) -> (&'static str, Toml) {
    match what {
        DiskFault::WriteErrors(rate) => ("write_errors", ratio(*rate)),
        DiskFault::ReadErrors(prefix) => ("read_errors", text(prefix)),
        DiskFault::SlowSync(delay) => ("slow_sync", distribution(delay)),
        DiskFault::LyingSync => ("lying_sync", Toml::Boolean(true)),
        DiskFault::Misdirected(rate) => ("misdirected", ratio(*rate)),
        DiskFault::Full(bytes) => ("full", number(*bytes)),
        DiskFault::Rot(bits) => ("rot", number((*bits).into())),
    }
}
