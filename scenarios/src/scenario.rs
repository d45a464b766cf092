//! A scenario after loading: every name resolved, every value checked.

use crate::diagnostic::{Diagnostic, Given, Problems, Span};
use crate::storm::{Drawn, Storm};
use crate::{Diagnostics, Goal, Network, Source, Text};
use simlab_core::{
    Argument, BuildError, Distribution, Duration, FaultKind, Member, NodeId, Operation, Time,
};
use simlab_sim::{ClockSpec, Cost, Fault as What, LinkSpec, Script};
use std::collections::BTreeMap;
use std::fmt;

/// Something that clients operate on.
pub use simlab_core::Declared as Object;

/// A story, the variants in which it is told, and what is expected of it.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The file.
    pub source: Source,
    /// What was given on the command line besides.
    pub(crate) given: Given,
    /// Its name in reports and commands.
    pub name: String,
    /// What people call it.
    pub title: Text,
    /// What it is about.
    pub summary: Option<Text>,
    /// The seed, unless another is asked for.
    pub seed: u64,
    /// When a run ends.
    pub until: Time,
    /// What clients operate on.
    pub objects: Vec<Object>,
    /// The nodes, by id.
    pub nodes: Vec<Node>,
    /// The nodes of each site, by id.
    pub sites: BTreeMap<String, Vec<NodeId>>,
    /// What the links are like.
    pub network: Network,
    /// Client operations at scripted times, by time.
    pub operations: Vec<ScriptedOperation>,
    /// Raw orders, by time.
    pub commands: Vec<Command>,
    /// Client operations at random times.
    pub fillers: Vec<Filler>,
    /// Client operations of which the seed draws everything but their number.
    pub workloads: Vec<Workload>,
    /// Scheduled faults, by time.
    pub faults: Vec<Fault>,
    /// Faults that the seed draws.
    pub storm: Option<Storm>,
    /// What is told in between, by time.
    pub narration: Vec<Narration>,
    /// The variants; at least one.
    pub variants: Vec<Variant>,
    /// What is expected.
    pub expectations: Vec<Expectation>,
    /// What a sweep must have visited: the goals of the services, if there is a storm, and its own.
    pub goals: Vec<Goal>,
    /// Limits of a run.
    pub limits: Limits,
    /// The choices that it answers itself.
    pub decisions: Script,
    /// Where it is from, if it is a counterexample.
    pub counterexample: Option<Counterexample>,
}

/// What a counterexample says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterexample {
    /// The name of the scenario that was swept.
    pub of: String,
    /// The seed that failed.
    pub seed: u64,
    /// The check, invariant or finding that fails.
    pub check: String,
    /// The hash of the trace in which it does.
    pub trace_hash: u64,
    /// What fails, in words.
    pub detail: String,
}

impl Counterexample {
    /// The scenario of which a file says that it is a counterexample, whatever else it says: its services may
    /// be unknown here.
    #[must_use]
    pub fn of_text(text: &str) -> Option<String> {
        let file: toml::Table = toml::from_str(text).ok()?;
        file.get("counterexample")?.get("of")?.as_str().map(str::to_owned)
    }
}

/// A node of the story. What it runs is up to the variant ([`Variant::roster`]).
#[derive(Clone, Debug)]
pub struct Node {
    /// Its id.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub site: Option<String>,
    /// The service or role that it has in the story.
    pub service: String,
    /// Where it is declared.
    pub(crate) span: Span,
}

/// An operation of one client at a scripted time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptedOperation {
    /// The middle of the time at which it begins.
    pub at: Time,
    /// How much earlier or later it may begin. It never begins before the start or after the end.
    pub jitter: Duration,
    /// The client.
    pub client: NodeId,
    /// What it asks.
    pub operation: Operation,
}

/// A raw order for a node's process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// When.
    pub at: Time,
    /// For whom.
    pub node: NodeId,
    /// The order.
    pub text: String,
}

/// Operations of clients at times that the seed draws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filler {
    /// The clients; each draws its own times.
    pub clients: Vec<NodeId>,
    /// What they ask.
    pub operation: Operation,
    /// Not before this.
    pub from: Time,
    /// Not at or after this.
    pub until: Time,
    /// The time from one to the next.
    pub every: Distribution,
    /// None within this of the start or the end of a fault.
    pub keep_off_faults: Duration,
    /// None for this long after a scripted write of another client, from the earliest time at which
    /// it can begin, counted from the latest.
    pub keep_off_writes: Duration,
}

/// Client operations at random times, of random clients, about random objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The clients; at least one.
    pub clients: Vec<NodeId>,
    /// The objects, as indices; at least one.
    pub objects: Vec<usize>,
    /// How many operations there are.
    pub count: u64,
    /// Not before this.
    pub from: Time,
    /// Not after this.
    pub until: Time,
    /// How often each kind of operation is drawn, against the others; at least one is not zero.
    pub mix: Mix,
    /// The smallest number that is sold, taken back or written; at least 1.
    pub least: u32,
    /// The largest; there are at least `count` numbers between the two.
    pub most: u32,
}

/// How often kinds of operations are drawn, against each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mix {
    /// Reads.
    pub read: u32,
    /// Sales.
    pub sell: u32,
    /// Returns.
    pub take_back: u32,
    /// Writes.
    pub write: u32,
    /// Compare-and-sets, mostly from what was written last.
    pub cas: u32,
    /// What is written behind a text.
    pub append: u32,
    /// Writes of nothing.
    pub delete: u32,
}

/// A fault of a run, as the scenario schedules it or its storm draws it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its name for people, if it has one.
    pub name: Option<String>,
    /// When it begins.
    pub at: Time,
    /// When it ends; `None` if it outlasts the run.
    pub until: Option<Time>,
    /// What it does.
    pub what: What,
    /// How it comes and goes meanwhile; `None` if it stays. Only cuts flap.
    pub flap: Option<Flap>,
    /// What it breaks, if it is more than a service that it concerns tolerates.
    pub outside: Option<Text>,
}

/// How a cut comes and goes: it begins cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flap {
    /// How long it lasts each time.
    pub down: Distribution,
    /// How long the links work in between.
    pub up: Distribution,
}

/// A remark to the audience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narration {
    /// When.
    pub at: Time,
    /// What is said.
    pub text: Text,
}

/// One way in which the story is told.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: Option<Text>,
    /// All nodes with their services and complete arguments, by id.
    pub roster: Vec<Member>,
    /// The machines of all nodes, by id.
    pub machines: Vec<Machine>,
    /// The switches that are on: what its services leave out.
    pub switches: Vec<&'static str>,
    /// Where the layers of each node are named, and their parameters and those of its service given, if they are.
    pub(crate) places: Places,
}

/// Where a layer of a node is named (`None`), and where a parameter of it, or of the node's service, is given.
pub(crate) type Places = BTreeMap<(NodeId, &'static str, Option<&'static str>), Span>;

/// The machine that a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// When it joins.
    pub joins: Time,
    /// What its clocks are like.
    pub clock: ClockSpec,
    /// What handling an event costs.
    pub cost: Cost,
    /// How long a sync of its disk takes.
    pub sync_delay: Distribution,
    /// How long after it halted it is started again.
    pub restart_after: Option<Duration>,
}

/// What is expected of some variants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The name in the report.
    pub name: String,
    /// The name of the check in the catalogue, or of an invariant of a service.
    pub check: &'static str,
    /// The variants, as indices.
    pub variants: Vec<usize>,
    /// The arguments of the check, by parameter; complete.
    pub arguments: BTreeMap<&'static str, Argument>,
    /// Of which seeds.
    pub quantifier: Quantifier,
    /// What is to be observed; with [`Quantifier::Never`], what is not.
    pub expected: Expected,
    /// Why it holds for every seed.
    pub why: Option<Text>,
}

/// Of which seeds something is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quantifier {
    /// Every seed.
    Always,
    /// No seed.
    Never,
    /// At least one seed of a sweep.
    Sometimes,
}

/// What is expected of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// This truth value.
    Truth(bool),
    /// A number that compares to `value` so.
    Figure {
        /// How.
        comparison: Comparison,
        /// The number compared with.
        value: i64,
    },
}

/// How a number compares to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `=`
    Equal,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
}

/// Limits of a run; `None` where the kernel's own hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// How many events a run may have.
    pub events: Option<u64>,
    /// How many bytes may be under way at once.
    pub in_flight_bytes: Option<u64>,
    /// How many events one node may handle at one instant.
    pub events_per_instant: Option<u64>,
}

impl Scenario {
    /// What the link from one node to another is like.
    #[must_use]
    pub fn link(&self, from: NodeId, to: NodeId) -> LinkSpec {
        self.network.link(from, to)
    }

    /// The node of this name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|n| n.name == name)
    }

    /// What a seed makes of the storm, if there is one.
    #[must_use]
    pub fn draw_storm(&self, seed: u64) -> Option<Drawn> {
        Some(self.storm.as_ref()?.draw(&self.faults, seed))
    }

    /// The index of the variant of this name.
    #[must_use]
    pub fn variant(&self, name: &str) -> Option<usize> {
        self.variants.iter().position(|v| v.name == name)
    }

    /// The mistake that a service, or a layer of this name, found only when the node of a variant was built. It
    /// is shown where the argument is given; if it has its default, where the first argument is given that the message
    /// names in backticks; or else where the layer is named, or the node declared.
    #[must_use]
    pub fn refused(
        &self,
        variant: &Variant,
        node: NodeId,
        layer: Option<&'static str>,
        error: &BuildError,
    ) -> Diagnostics {
        let mut problems = Problems::default();
        problems.push(match self.nodes.get(node.index()) {
            Some(node) => {
                let service = variant.roster.get(node.id.index()).map_or("?", |m| m.service);
                let entry = layer.unwrap_or(service);
                let place = |parameter| variant.places.get(&(node.id, entry, parameter));
                // Of two that do not go together, the one with its default is not the one to be changed.
                let named = || error.message.split('`').skip(1).step_by(2);
                let of_it = |name| {
                    let mut given = variant.places.iter();
                    given.find(|((id, of, parameter), _)| {
                        (*id, *of, *parameter) == (node.id, entry, Some(name))
                    })
                };
                let others = || named().find_map(of_it).map(|(_, span)| span);
                let given = place(error.parameter).or_else(others).or_else(|| place(None));
                let label = format!("`{}` runs {service} in {}", node.name, variant.name);
                Diagnostic::at(*given.unwrap_or(&node.span), error.message.clone()).label(label)
            }
            None => Diagnostic::nowhere(error.message.clone()),
        });
        problems.finish(self.source.clone(), self.given.clone())
    }
}

impl Mix {
    /// Whether some operations change something, and so have an amount.
    #[must_use]
    pub const fn changes(&self) -> bool {
        self.sell > 0 || self.take_back > 0 || self.write > 0
    }
}

impl Fault {
    /// A fault without a name that stays while it lasts.
    #[must_use]
    pub const fn new(at: Time, until: Option<Time>, what: What) -> Self {
        Fault { name: None, at, until, what, flap: None, outside: None }
    }

    /// The kinds of fault that it is, as fault models speak of them.
    #[must_use]
    pub fn kinds(&self) -> Vec<FaultKind> {
        let flaps = self.flap.map(|_| FaultKind::Flap);
        self.what.kinds().into_iter().chain(flaps).collect()
    }

    /// Its name; one without is called by its number, from 1.
    #[must_use]
    pub fn called(&self, number: usize) -> String {
        self.name.clone().unwrap_or_else(|| format!("fault {number}"))
    }

    /// When there is nothing left that its end would undo; `end` is that of the run.
    #[must_use]
    pub fn over(&self, end: Time) -> Time {
        match (&self.what, self.until) {
            // It happens at once, and is not undone.
            (What::Leave(_) | What::Disk { what: simlab_sim::DiskFault::Rot(_), .. }, _) => self.at,
            // The last node that it crashes is down for so long.
            (What::CrashAtSync { down, .. }, until) => (until.unwrap_or(end) + *down).min(end),
            (_, until) => until.unwrap_or(end),
        }
    }

    /// In words; `name` gives the nodes' names.
    #[must_use]
    pub fn in_words(&self, name: &dyn Fn(NodeId) -> String) -> String {
        let what = self.what.in_words(name);
        match self.flap {
            Some(Flap { down, up }) => format!("{what}; cut for {down}, whole for {up}"),
            None => what,
        }
    }
}

impl Quantifier {
    /// As it is written in scenarios and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Quantifier::Always => "always",
            Quantifier::Never => "never",
            Quantifier::Sometimes => "sometimes",
        }
    }
}

impl Comparison {
    /// Whether `observed` compares so to `value`.
    #[must_use]
    pub const fn holds(self, observed: i64, value: i64) -> bool {
        match self {
            Comparison::Below => observed < value,
            Comparison::AtMost => observed <= value,
            Comparison::Equal => observed == value,
            Comparison::AtLeast => observed >= value,
            Comparison::Above => observed > value,
        }
    }

    /// As it is written in scenarios and reports.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Comparison::Below => "<",
            Comparison::AtMost => "<=",
            Comparison::Equal => "=",
            Comparison::AtLeast => ">=",
            Comparison::Above => ">",
        }
    }
}

/// `true`, `16`, `>= 1`.
impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expected::Truth(truth) => write!(f, "{truth}"),
            Expected::Figure { comparison: Comparison::Equal, value } => write!(f, "{value}"),
            Expected::Figure { comparison, value } => write!(f, "{} {value}", comparison.sign()),
        }
    }
}
