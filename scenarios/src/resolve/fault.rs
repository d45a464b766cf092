//! Faults.

use super::Context;
use super::story::check_end;
use crate::Fault;
use crate::diagnostic::{Diagnostic, Problems, Span};
use crate::format::part::At;
use crate::format::scalar;
use crate::format::story::{ActionTable, FaultTable};
use simlab_core::{NodeId, Time};
use simlab_sim::{Fault as What, Shape};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn faults(context: &mut Context<'_>, problems: &mut Problems) -> Vec<Fault> {
    let document = context.document;
    let mut faults = Vec::new();
    let mut crashes = Vec::new();
    for table in document.faults.iter().flat_map(|list| &list.value) {
        let table = &table.value;
        check_times(table, context.until, problems);
        let Some(action) = &table.action else { continue };
        let what = read(action, context, problems);
        let (Some(at), Some(what)) = (table.at, what) else { continue };
        let at = Time(at.value.nanos());
        let until = table.until.map(|until| Time(until.value.nanos()));
        if let What::Crash { nodes, .. } = &what {
            let end = until.unwrap_or(Time::NEVER);
            crashes.extend(nodes.iter().map(|node| (*node, at, end, table.span)));
        }
        let name = table.name.as_ref().map(|name| name.value.clone());
        faults.push(Fault { name, at, until, what });
    }
    check_crashes(crashes, context, problems);
    faults.sort_by_key(|fault| fault.at);
    faults
}

fn check_times(table: &FaultTable, end: At<Time>, problems: &mut Problems) {
    if let Some(at) = table.at {
        check_end(at, "a fault", end, problems);
    }
    if let Some(until) = table.until {
        check_end(until, "the end of the fault", end, problems);
    }
    if let (Some(at), Some(until)) = (table.at, table.until)
        && until.value <= at.value
    {
        let message = format!("this fault ends at {} and begins at {}", until.value, at.value);
        let diagnostic = Diagnostic::at(until.span, message).label("expected a later time");
        problems.push(diagnostic.also(at.span, "it begins here"));
    }
}

/// Reports a crash of a node that is down already: it would restart at the first of two times.
fn check_crashes(
    mut crashes: Vec<(NodeId, Time, Time, Span)>,
    context: &Context<'_>,
    problems: &mut Problems,
) {
    crashes.sort_unstable();
    // Two faults that crash a whole site at once are one mistake.
    let mut reported = BTreeSet::new();
    for pair in crashes.windows(2) {
        let [(node, _, end, first), (again, at, _, second)] = pair else { continue };
        if node == again && at <= end && reported.insert((*first, *second)) {
            let name = context.names.nodes.get(node.index()).map_or("", |n| n.0);
            problems.push(
                Diagnostic::at(*second, format!("`{name}` is down already when it crashes here"))
                    .also(*first, "it crashed here"),
            );
        }
    }
}

type Named<'t> = (&'static str, &'t scalar::Names);

fn read(
    action: &At<ActionTable>,
    context: &mut Context<'_>,
    problems: &mut Problems,
) -> Option<What> {
    Some(What::Cut(match &action.value {
        ActionTable::Crash(names) => {
            let nodes = context.names.set(names, problems);
            return Some(What::Crash { nodes, wiped: false });
        }
        ActionTable::Isolate(names) => Shape::Isolated(context.names.set(names, problems)),
        ActionTable::OneWay(table) => Shape::OneWay {
            from: context.names.set(&table.from.as_ref()?.value, problems),
            to: context.names.set(&table.to.as_ref()?.value, problems),
        },
        ActionTable::Partition(groups) => {
            let groups: Vec<Named<'_>> =
                groups.iter().map(|g| ("in two groups", &g.value)).collect();
            Shape::Groups(disjoint(&groups, context, problems))
        }
        ActionTable::Bridge(table) => {
            let sides = [
                ("on two sides", &table.left.as_ref()?.value),
                ("on two sides", &table.right.as_ref()?.value),
                ("on two sides", &table.via.as_ref()?.value),
            ];
            let [left, right, via] = disjoint(&sides, context, problems).try_into().ok()?;
            Shape::Bridge { left, right, via }
        }
    }))
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
