//! The registry entry: all that the lab knows of a service.
//!
//! A module exports one `Entry`; the loader, the documentation, `simlab list`, completions and the
//! debugger read it. A user's crate adds its own through `simlab::main_with`.

use crate::{
    Argument, BuildLayer, Checker, Dissection, Duration, FaultKind, FaultModel, Fields, LayerEntry,
    Layered, NodeId, Parameter, Peel, Process, Ratio, Repair, Value,
};
use std::collections::BTreeMap;
use std::fmt;

/// What a service is to a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It serves others.
    Server,
    /// It takes encoded [`Operation`](crate::Operation)s as commands and records the history.
    Client,
    /// It is no service but a [`Layer`](crate::Layer) under one.
    Layer,
}

/// Makes the process of one node.
pub type Build = fn(&Arguments<'_>) -> Result<Box<dyn Process>, BuildError>;

/// Decodes a datagram that a node of this service received or sent; `None` if it is not one.
pub type Dissect = fn(&[u8]) -> Option<Dissection>;

/// How many bytes of a message of this service can be read in a datagram, wherever in it they are, by somebody
/// who knows the service and no key. It is to find what is there, and must not believe layers that say they
/// hide it.
pub type Readable = fn(&[u8]) -> usize;

/// The service's own account of what an object holds in the end, from the states of all its nodes
/// as they show them ([`Process::inspect`]); `None` if they do not say. It is the second,
/// independent witness beside the client history.
pub type Account = fn(states: &[Fields], object: &str) -> Option<i64>;

/// What a service's own inspector says of one of its nodes, from its state as it shows it
/// ([`Process::inspect`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// The node in very few words, for diagrams: `59 left`, `leader, term 4`.
    pub headline: Option<String>,
    /// What there is to say beside the fields, a line each: what they come to, what they mean.
    pub lines: Vec<String>,
}

/// A service's own inspector of its nodes.
pub type Inspect = fn(&Fields) -> Inspection;

/// An invariant that holds in every run of the service within its fault model.
#[derive(Clone, Copy, Debug)]
pub struct Invariant {
    /// The name under which reports and expectations know it.
    pub name: &'static str,
    /// What it says, in one line.
    pub summary: &'static str,
    /// Makes a fresh checker for a run.
    pub build: fn() -> Box<dyn Checker>,
}

/// A named departure from a protocol: one rule less, off unless a scenario or the command line turns
/// it on. What it breaks must be caught by the check that it names.
#[derive(Clone, Copy, Debug)]
pub struct Switch {
    /// The name under which scenarios and `--switch` know it.
    pub name: &'static str,
    /// The rule that it leaves out, and where that is from: paper and section.
    pub breaks: &'static str,
    /// The check that must catch it.
    pub caught_by: &'static str,
}

/// A state that random faults must have led to: a sweep whose seeds all passed but never got there has
/// shown little. A process says that it is there by [`Env::reached`](crate::Env::reached).
///
/// ```
/// # use simlab_core::Goal;
/// const TOOK_OVER: Goal = Goal::new("took-over", "a new leader took over from one that crashed");
/// // In the entry: .goals(&[TOOK_OVER]); in the handler: env.reached(TOOK_OVER);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goal {
    /// The name under which reports and processes know it. Two services that have one of the same name
    /// have the same goal: it is reached when a node of either says so.
    pub name: &'static str,
    /// What the state is, in one line: `a proposer finished another's write`.
    pub summary: &'static str,
    /// Of how many seeds at least it is asked: a sweep of fewer counts it, but is not failed by it. 1 for a
    /// goal that is always asked.
    pub seeds_min: u64,
}

impl Goal {
    /// A goal that is asked of every sweep.
    #[must_use]
    pub const fn new(name: &'static str, summary: &'static str) -> Self {
        Goal { name, summary, seeds_min: 1 }
    }

    /// The same, asked only of sweeps of so many seeds: for what few seeds reach.
    #[must_use]
    pub const fn seeds_min(mut self, seeds: u64) -> Self {
        self.seeds_min = seeds;
        self
    }
}

/// All that the lab knows of a service.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name in scenarios.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// What it is to a scenario.
    pub role: Role,
    /// Makes the process of one node.
    pub build: Build,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// Decodes its datagrams.
    pub dissect: Option<Dissect>,
    /// What holds in every run of it.
    pub invariants: &'static [Invariant],
    /// What its objects hold in the end.
    pub account: Option<Account>,
    /// How it explains the state of one of its nodes in the debugger.
    pub inspector: Option<Inspect>,
    /// What can be left out of it, to see what it is good for.
    pub switches: &'static [Switch],
    /// What a sweep of a storm over it must have visited.
    pub goals: &'static [Goal],
    /// What it tolerates; `None` if it does not say, and then nothing random is done to it.
    pub faults: Option<&'static FaultModel>,
    /// How many bytes of its messages can be read in a datagram.
    pub readable: Option<Readable>,
    /// What a layer has beside; `None` for services.
    pub layer: Option<LayerEntry>,
}

impl Entry {
    /// A server of this name. The remaining parts are added by the methods below, so that an entry
    /// written today still compiles when there are more.
    #[must_use]
    pub const fn server(name: &'static str, summary: &'static str, build: Build) -> Self {
        Entry {
            name,
            summary,
            role: Role::Server,
            build,
            parameters: &[],
            dissect: None,
            invariants: &[],
            account: None,
            inspector: None,
            switches: &[],
            goals: &[],
            faults: None,
            readable: None,
            layer: None,
        }
    }

    /// A client of this name.
    #[must_use]
    pub const fn client(name: &'static str, summary: &'static str, build: Build) -> Self {
        let mut entry = Entry::server(name, summary, build);
        entry.role = Role::Client;
        entry
    }

    /// A layer of this name.
    #[must_use]
    pub const fn layer(name: &'static str, summary: &'static str, build: BuildLayer) -> Self {
        let mut entry = Entry::server(name, summary, no_service);
        entry.role = Role::Layer;
        entry.layer =
            Some(LayerEntry { build, peel: None, repair: None, shields: &[], shown_as: None });
        entry
    }

    /// With this way to read its part of a frame. Only layers have one.
    #[must_use]
    pub const fn peel(mut self, peel: Peel) -> Self {
        if let Some(layer) = &mut self.layer {
            layer.peel = Some(peel);
        }
        self
    }

    /// Shown in a group of fields of this name. Only layers are.
    #[must_use]
    pub const fn shown_as(mut self, group: &'static str) -> Self {
        if let Some(layer) = &mut self.layer {
            layer.shown_as = Some(group);
        }
        self
    }

    /// With this way to repair its part of a frame that was edited. Only layers have one: those that need no key.
    #[must_use]
    pub const fn repair(mut self, repair: Repair) -> Self {
        if let Some(layer) = &mut self.layer {
            layer.repair = Some(repair);
        }
        self
    }

    /// With these kinds of fault kept from what stands on it. Only layers do that.
    #[must_use]
    pub const fn shields(mut self, kinds: &'static [FaultKind]) -> Self {
        if let Some(layer) = &mut self.layer {
            layer.shields = kinds;
        }
        self
    }

    /// With these parameters.
    #[must_use]
    pub const fn parameters(mut self, parameters: &'static [Parameter]) -> Self {
        self.parameters = parameters;
        self
    }

    /// With a dissector.
    #[must_use]
    pub const fn dissector(mut self, dissect: Dissect) -> Self {
        self.dissect = Some(dissect);
        self
    }

    /// With these invariants.
    #[must_use]
    pub const fn invariants(mut self, invariants: &'static [Invariant]) -> Self {
        self.invariants = invariants;
        self
    }

    /// With these switches.
    #[must_use]
    pub const fn switches(mut self, switches: &'static [Switch]) -> Self {
        self.switches = switches;
        self
    }

    /// With these coverage goals.
    #[must_use]
    pub const fn goals(mut self, goals: &'static [Goal]) -> Self {
        self.goals = goals;
        self
    }

    /// With this fault model.
    #[must_use]
    pub const fn faults(mut self, model: &'static FaultModel) -> Self {
        self.faults = Some(model);
        self
    }

    /// With this way to find its messages in whatever is on the wire.
    #[must_use]
    pub const fn readable(mut self, readable: Readable) -> Self {
        self.readable = Some(readable);
        self
    }

    /// With an inspector of its own.
    #[must_use]
    pub const fn inspector(mut self, inspect: Inspect) -> Self {
        self.inspector = Some(inspect);
        self
    }

    /// With its own account of its objects.
    #[must_use]
    pub const fn account(mut self, account: Account) -> Self {
        self.account = Some(account);
        self
    }
}

/// A node of the scenario, as every other node may know it at its start.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its id.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// The site where it stands, if the scenario says so.
    pub site: Option<String>,
    /// The name of its service's entry.
    pub service: &'static str,
    /// Its arguments, by parameter; complete.
    pub arguments: BTreeMap<&'static str, Argument>,
    /// What its service stands on, the uppermost layer first.
    pub stack: Vec<Layered>,
}

/// An object that the scenario's clients operate on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// The name of its model: `stock`, `register` …
    pub model: &'static str,
    /// What it holds at the start.
    pub initial: Value,
}

/// What a process is built from.
#[derive(Clone, Copy, Debug)]
pub struct Arguments<'a> {
    /// The node to build.
    pub me: NodeId,
    /// All nodes of the scenario, by id.
    pub roster: &'a [Member],
    /// The objects of the scenario: what a service cannot hold it refuses here, rather than let its
    /// clients be told nonsense.
    pub objects: &'a [Declared],
    /// The switches that are on, of this service's and others'.
    pub switches: &'a [&'static str],
}

/// Why a process cannot be built, in words for the scenario's author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    /// The parameter at fault, if it is one.
    pub parameter: Option<&'static str>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for BuildError {}

impl<'a> Arguments<'a> {
    /// The node to build, as its peers know it.
    #[must_use]
    pub fn member(&self) -> &'a Member {
        &self.roster[self.me.index()]
    }

    /// Whether a switch is on.
    #[must_use]
    pub fn switched(&self, name: &str) -> bool {
        self.switches.contains(&name)
    }

    /// All nodes of the same service, this one included, by id.
    pub fn group(&self) -> impl Iterator<Item = &'a Member> + use<'a> {
        let service = self.member().service;
        self.roster.iter().filter(move |m| m.service == service)
    }

    /// The ids of all other nodes of the same service.
    #[must_use]
    pub fn peers(&self) -> Vec<NodeId> {
        self.group().map(|m| m.id).filter(|id| *id != self.me).collect()
    }

    /// A duration or a time-out, where [`Duration::FOREVER`] stands for `never`.
    ///
    /// # Panics
    /// If the entry declares no such parameter: a fault of the entry, not of the scenario. The same
    /// holds for the methods below.
    #[must_use]
    pub fn duration(&self, parameter: &str) -> Duration {
        self.member().duration(parameter)
    }

    /// A whole number.
    #[must_use]
    pub fn count(&self, parameter: &str) -> u64 {
        self.member().count(parameter)
    }

    /// A probability.
    #[must_use]
    pub fn probability(&self, parameter: &str) -> Ratio {
        self.member().argument(parameter).probability(parameter)
    }

    /// A node.
    #[must_use]
    pub fn node(&self, parameter: &str) -> NodeId {
        self.member().argument(parameter).node(parameter)
    }

    /// A truth value.
    #[must_use]
    pub fn flag(&self, parameter: &str) -> bool {
        self.member().argument(parameter).flag(parameter)
    }

    /// A text.
    #[must_use]
    pub fn text(&self, parameter: &str) -> &'a str {
        self.member().argument(parameter).text(parameter)
    }
}

impl Member {
    fn argument(&self, parameter: &str) -> &Argument {
        let value = self.arguments.get(parameter);
        value.unwrap_or_else(|| panic!("{} declares no parameter {parameter:?}", self.service))
    }

    /// A duration argument of this node; panics as [`Arguments::duration`].
    #[must_use]
    pub fn duration(&self, parameter: &str) -> Duration {
        self.argument(parameter).duration(parameter)
    }

    /// A whole number of this node; panics as [`Arguments::duration`].
    #[must_use]
    pub fn count(&self, parameter: &str) -> u64 {
        self.argument(parameter).count(parameter)
    }
}

/// Layers make no processes; the loader asks none to.
fn no_service(_: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    let message = "this is a layer, and stands under a service".to_owned();
    Err(BuildError { parameter: None, message })
}
