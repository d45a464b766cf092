//! Faults.

use super::Context;
use super::model::{self, Scheduled};
use super::story::{check_end, typical};
use crate::diagnostic::{Diagnostic, Problems, Span};
use crate::format::fault::{
    ActionTable, Bridge, ClockFault, DISK_FAULTS, DiskFault, FaultTable, Flap as FlapTable, OneWay,
    SHAPES,
};
use crate::format::link::LinksFault;
use crate::format::part::At;
use crate::format::scalar;
use crate::{Fault, Flap, Variant};
use simlab_core::{Distribution, Duration, NodeId, Ratio, Time};
use simlab_sim::{DiskFault as Disk, Fault as What, Patch, Shape, Weather};
use std::collections::{BTreeMap, BTreeSet};

/// How long nodes are down that crashed at a sync, if nothing is said.
const DOWN: Duration = Duration::from_secs(1);
/// How often a cut comes and goes at most.
const FLAPS_MAX: u64 = 100_000;

pub(super) fn faults(
    context: &mut Context<'_>,
    variants: &[Variant],
    problems: &mut Problems,
) -> Vec<Fault> {
    let document = context.document;
    let mut scheduled = Vec::new();
    let mut crashes = Vec::new();
    for table in document.faults.iter().flat_map(|list| &list.value) {
        let table = &table.value;
        check_table(table, context.until, problems);
        let Some(action) = &table.action else { continue };
        let mut reading = Reading { context, variants, problems };
        let what = reading.what(action);
        let flap = reading.flap(table);
        let (Some(at), Some(what)) = (table.at, what) else { continue };
        let at = Time(at.value.nanos());
        let until = table.until.map(|until| Time(until.value.nanos()));
        if let What::Crash { nodes, wiped } = &what {
            let end = until.unwrap_or(Time::NEVER);
            crashes.extend(nodes.iter().map(|node| (*node, at, end, table.span, *wiped)));
        }
        let name = table.name.as_ref().map(|name| name.value.clone());
        if let Some(name) = table.name.as_ref().filter(|name| name.value.contains('\n')) {
            let message = "a name must fit on one line";
            problems.push(Diagnostic::at(name.span, message));
        }
        let outside = table.outside.as_ref().map(|text| text.value.clone());
        scheduled.push(Scheduled {
            fault: Fault { name, at, until, what, flap, outside },
            action: action.span,
            outside: table.outside.as_ref().map(|text| text.span),
        });
    }
    check_crashes(crashes, context, problems);
    scheduled.sort_by_key(|scheduled| scheduled.fault.at);
    model::check(&scheduled, context, variants, problems);
    scheduled.into_iter().map(|scheduled| scheduled.fault).collect()
}

fn check_table(table: &FaultTable, end: At<Time>, problems: &mut Problems) {
    if let Some(at) = table.at {
        check_end(at, "a fault", end, problems);
    }
    if let Some(outside) = &table.outside
        && outside.value.languages().any(|lang| outside.value.get(lang).trim().is_empty())
    {
        problems.push(Diagnostic::at(outside.span, "it is not said what this fault breaks"));
    }
    let Some(until) = table.until else { return };
    check_end(until, "the end of the fault", end, problems);
    if let Some(at) = table.at
        && until.value <= at.value
    {
        let message = format!("this fault ends at {} and begins at {}", until.value, at.value);
        let diagnostic = Diagnostic::at(until.span, message).label("expected a later time");
        problems.push(diagnostic.also(at.span, "it begins here"));
    }
    let endless = match table.action.as_ref().map(|action| &action.value) {
        Some(ActionTable::Leave(_)) => "nodes that leave do not come back",
        Some(ActionTable::Disk(disk)) if disk.rot.is_some() => "bits that flipped stay so",
        _ => return,
    };
    let diagnostic = Diagnostic::at(until.span, "this fault has no end");
    problems.push(diagnostic.label(endless).help("leave `until` out"));
}

/// Reports a crash of a node that is down already: it would do nothing.
fn check_crashes(
    mut crashes: Vec<(NodeId, Time, Time, Span, bool)>,
    context: &Context<'_>,
    problems: &mut Problems,
) {
    crashes.sort_unstable();
    // Two faults that crash a whole site at once are one mistake.
    let mut reported = BTreeSet::new();
    for pair in crashes.windows(2) {
        let [(node, _, end, first, _), (again, at, _, second, wiped)] = pair else { continue };
        if node == again && at <= end && !wiped && reported.insert((*first, *second)) {
            let name = context.names.nodes.get(node.index()).map_or("", |n| n.0);
            problems.push(
                Diagnostic::at(*second, format!("`{name}` is down already when it crashes here"))
                    .also(*first, "it crashed here"),
            );
        }
    }
}

type Named<'t> = (&'static str, &'t scalar::Names);

struct Reading<'c, 'a> {
    context: &'c mut Context<'a>,
    variants: &'c [Variant],
    problems: &'c mut Problems,
}

impl Reading<'_, '_> {
    fn set(&mut self, names: &scalar::Names) -> BTreeSet<NodeId> {
        self.context.names.set(names, self.problems)
    }

    fn what(&mut self, action: &At<ActionTable>) -> Option<What> {
        Some(match &action.value {
            ActionTable::Partition(groups) => What::Cut(self.groups(groups)),
            ActionTable::OneWay(table) => What::Cut(self.one_way(table)?),
            ActionTable::Bridge(table) => What::Cut(self.bridge(table)?),
            ActionTable::Isolate(names) => What::Cut(Shape::Isolated(self.set(names))),
            ActionTable::Flap(table) => What::Cut(self.shape(table, action.span)?),
            ActionTable::Links(table) => What::Links(self.weather(table, action.span)?),
            ActionTable::Crash(names) => What::Crash { nodes: self.set(names), wiped: false },
            ActionTable::Wipe(names) => What::Crash { nodes: self.set(names), wiped: true },
            ActionTable::CrashAtSync(table) => What::CrashAtSync {
                nodes: self.set(&table.nodes.as_ref()?.value),
                rate: self.some_rate(table.rate?)?,
                down: table.down.map_or(DOWN, |down| down.value),
            },
            ActionTable::Pause(names) => What::Pause(self.set(names)),
            ActionTable::Slow(table) => {
                let names = &table.nodes.as_ref()?.value;
                let nodes = self.context.names.each(names, |_| true, self.problems);
                self.check_costs(&nodes);
                let nodes = nodes.into_keys().collect();
                What::Slow { nodes, percent: table.factor?.value.0 }
            }
            ActionTable::Clock(table) => self.clock(table, action.span)?,
            ActionTable::Disk(table) => What::Disk {
                nodes: self.set(&table.nodes.as_ref()?.value),
                what: self.disk(table, action.span)?,
            },
            ActionTable::Leave(names) => What::Leave(self.set(names)),
        })
    }

    fn one_way(&mut self, table: &OneWay) -> Option<Shape> {
        Some(Shape::OneWay {
            from: self.set(&table.from.as_ref()?.value),
            to: self.set(&table.to.as_ref()?.value),
        })
    }

    fn groups(&mut self, groups: &[At<scalar::Names>]) -> Shape {
        let groups: Vec<Named<'_>> = groups.iter().map(|g| ("in two groups", &g.value)).collect();
        Shape::Groups(disjoint(&groups, self.context, self.problems))
    }

    fn bridge(&mut self, table: &Bridge) -> Option<Shape> {
        let sides = [
            ("on two sides", &table.left.as_ref()?.value),
            ("on two sides", &table.right.as_ref()?.value),
            ("on two sides", &table.via.as_ref()?.value),
        ];
        let sides = disjoint(&sides, self.context, self.problems);
        let [left, right, via] = sides.try_into().ok()?;
        Some(Shape::Bridge { left, right, via })
    }

    /// The shape of a flap.
    fn shape(&mut self, table: &FlapTable, span: Span) -> Option<Shape> {
        let FlapTable { partition, one_way, bridge, isolate, .. } = table;
        let given = [
            partition.as_ref().map(|shape| shape.span),
            one_way.as_ref().map(|shape| shape.span),
            bridge.as_ref().map(|shape| shape.span),
            isolate.as_ref().map(|shape| shape.span),
        ];
        exactly_one(&SHAPES, &given, table.unread, ("flap", span), self.problems)?;
        if let Some(groups) = partition {
            return Some(self.groups(&groups.value.0));
        }
        if let Some(names) = isolate {
            return Some(Shape::Isolated(self.set(&names.value)));
        }
        match (one_way, bridge) {
            (Some(table), _) => self.one_way(&table.value),
            (_, Some(table)) => self.bridge(&table.value),
            (None, None) => None,
        }
    }

    /// How a flap comes and goes.
    fn flap(&mut self, table: &FaultTable) -> Option<Flap> {
        let Some(ActionTable::Flap(flap)) = table.action.as_ref().map(|action| &action.value)
        else {
            return None;
        };
        let (up, down) = (flap.up?, flap.down?);
        let above_zero = |time: At<Distribution>, problems: &mut Problems| {
            let good = typical(&time.value) > Duration::ZERO;
            if !good {
                let message = "a flap stays as it is for longer than no time";
                problems.push(Diagnostic::at(time.span, message));
            }
            good
        };
        // Both, so that both are reported.
        if !(above_zero(up, self.problems) & above_zero(down, self.problems)) {
            return None;
        }
        let end = self.context.until.value;
        let from = table.at.map_or(Time::ZERO, |at| Time(at.value.nanos()));
        let until = table.until.map_or(end, |until| Time(until.value.nanos())).min(end);
        let cycle = typical(&up.value) + typical(&down.value);
        if end != Time::NEVER && until.since(from).nanos() / cycle.nanos().max(1) > FLAPS_MAX {
            let message = format!("this cut comes and goes over {FLAPS_MAX} times");
            self.problems.push(Diagnostic::at(up.span, message));
        }
        Some(Flap { down: down.value, up: up.value })
    }

    fn weather(&mut self, table: &LinksFault, span: Span) -> Option<Weather> {
        let patch = table.patch(self.problems);
        let from = self.set(&table.from.as_ref()?.value);
        let to_names = table.to.as_ref()?;
        let to = self.set(&to_names.value);
        if from.len() == 1 && from == to {
            let message = "this fault is about the link of a node to itself, which is perfect";
            self.problems.push(Diagnostic::at(to_names.span, message));
        }
        if patch == Patch::default() && !table.unread {
            let help = "for instance loss = \"30%\", or delay = \"500ms\"";
            let message = "it is not said what is different about these links";
            self.problems.push(Diagnostic::at(span, message).help(help));
        }
        let both = table.both.is_some_and(|both| both.value);
        Some(Weather { from, to, both, patch: Box::new(patch) })
    }

    /// Reports nodes that cannot be slow, since all that they do takes no time.
    fn check_costs(&mut self, nodes: &BTreeMap<NodeId, Span>) {
        let mut reported = BTreeSet::new();
        for (node, span) in nodes {
            let free = |variant: &&Variant| {
                let machine = variant.machines.get(node.index());
                machine.is_some_and(|machine| machine.cost.is_free())
            };
            let Some(variant) = self.variants.iter().find(free) else { continue };
            // A site without costs is one mistake.
            if reported.insert(*span) {
                let name = self.context.names.nodes.get(node.index()).map_or("", |n| n.0);
                let place = match self.variants {
                    [_] => String::new(),
                    _ => format!(" in `{}`", variant.name),
                };
                let message =
                    format!("`{name}` handles events in no time{place}: it cannot be slow");
                let help = "give the node a cost, such as cost = { service = \"1ms\" }";
                self.problems.push(Diagnostic::at(*span, message).help(help));
            }
        }
    }

    fn clock(&mut self, table: &ClockFault, span: Span) -> Option<What> {
        let nodes = self.set(&table.nodes.as_ref()?.value);
        let (jump, drift) = (table.jump, table.drift.map(|drift| drift.value.0));
        if let Some(jump) = jump.filter(|jump| jump.value.0 == 0) {
            self.problems.push(Diagnostic::at(jump.span, "a clock jumps by more than no time"));
        }
        if jump.is_none() && drift.is_none() && !table.unread {
            let message = "it is not said what these clocks do";
            let label = "expected `jump`, `drift` or both";
            self.problems.push(Diagnostic::at(span, message).label(label));
        }
        Some(What::Clock { nodes, jump: jump.map_or(0, |jump| jump.value.0), drift })
    }

    /// A rate that is not zero: what never happens is no fault.
    fn some_rate(&mut self, rate: At<Ratio>) -> Option<Ratio> {
        if rate.value.is_zero() {
            self.problems.push(Diagnostic::at(rate.span, "what never happens is no fault"));
            return None;
        }
        Some(rate.value)
    }

    fn disk(&mut self, table: &DiskFault, span: Span) -> Option<Disk> {
        let DiskFault { write_errors, read_errors, slow_sync, lying_sync, .. } = table;
        let DiskFault { misdirected, full, rot, .. } = table;
        let given = [
            write_errors.map(|at| at.span),
            read_errors.as_ref().map(|at| at.span),
            slow_sync.map(|at| at.span),
            lying_sync.map(|at| at.span),
            misdirected.map(|at| at.span),
            full.map(|at| at.span),
            rot.map(|at| at.span),
        ];
        exactly_one(&DISK_FAULTS, &given, table.unread, ("fault of disks", span), self.problems)?;
        if let Some(lies) = lying_sync.filter(|lies| !lies.value) {
            let message = "a disk that does not lie is no fault";
            self.problems.push(Diagnostic::at(lies.span, message).label("expected true"));
            return None;
        }
        let faults = [
            write_errors.and_then(|rate| self.some_rate(rate)).map(Disk::WriteErrors),
            read_errors.as_ref().map(|prefix| Disk::ReadErrors(prefix.value.clone())),
            slow_sync.map(|delay| Disk::SlowSync(delay.value)),
            lying_sync.map(|_| Disk::LyingSync),
            misdirected.and_then(|rate| self.some_rate(rate)).map(Disk::Misdirected),
            full.map(|bytes| Disk::Full(bytes.value.0)),
            rot.map(|bits| Disk::Rot(bits.value.0)),
        ];
        faults.into_iter().flatten().next()
    }
}

/// Reports it if not exactly one of some keys is given. `Some` if one is.
fn exactly_one(
    keys: &[&str],
    given: &[Option<Span>],
    unread: bool,
    (what, span): (&str, Span),
    problems: &mut Problems,
) -> Option<()> {
    let mut found: Vec<_> =
        keys.iter().zip(given).filter_map(|(key, span)| Some((key, (*span)?))).collect();
    found.sort_unstable_by_key(|(_, span)| *span);
    match *found {
        [_] => Some(()),
        [] => {
            // One that cannot be read was reported; none at all was not.
            if !unread {
                let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
                let label = format!("expected one of {}", keys.join(", "));
                let message = format!("it is not said which {what} this is");
                problems.push(Diagnostic::at(span, message).label(label));
            }
            None
        }
        [(a, first), (b, second), ..] => {
            let message = format!("`{a}` and `{b}` exclude each other");
            let diagnostic = Diagnostic::at(second, message).label("another is here");
            problems.push(diagnostic.also(first, "one is here"));
            None
        }
    }
}

/// The nodes of each list; a node in two of them is reported.
fn disjoint(
    lists: &[Named<'_>],
    context: &mut Context<'_>,
    problems: &mut Problems,
) -> Vec<BTreeSet<NodeId>> {
    let mut seen: BTreeMap<NodeId, Span> = BTreeMap::new();
    let mut sets = Vec::new();
    for (what, list) in lists {
        let nodes = context.names.each(list, |_| true, problems);
        let mut shown: Option<Span> = None;
        for (node, span) in &nodes {
            if let Some(first) = seen.insert(*node, *span)
                && shown != Some(*span)
            {
                // A site in two groups is one mistake, however many nodes it has.
                shown = Some(*span);
                let name = context.names.nodes.get(node.index()).map_or("", |n| n.0);
                problems.push(
                    Diagnostic::at(*span, format!("`{name}` is {what}"))
                        .label("again")
                        .also(first, "first"),
                );
            }
        }
        sets.push(nodes.into_keys().collect());
    }
    sets
}
