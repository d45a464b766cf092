//! The storm: whether there is anything to it, and whether it stays inside what services tolerate.

use super::Context;
use super::model::shields;
use super::roster::Cast;
use super::story::{check_end, typical};
use crate::diagnostic::{Diagnostic, Problems};
use crate::format::part::At;
use crate::format::storm::StormTable;
use crate::storm::{FAULTS_MAX, Group, NODES_MAX, Place, Storm};
use crate::{Network, Text, Variant};
use simlab_core::{Duration, FaultKind, Time};
use std::collections::{BTreeMap, BTreeSet};

const EVERY_MAX: Duration = Duration::from_secs(10);
const LONGEST_MAX: Duration = Duration::from_secs(8);
const RESTART: Duration = Duration::from_secs(1);

pub(super) fn storm(
    context: &Context<'_>,
    cast: &Cast<'_>,
    variants: &[Variant],
    network: &Network,
    problems: &mut Problems,
) -> Option<Storm> {
    let At { value: table, .. } = context.document.storm.as_ref()?;
    let before = problems.count();
    let (from, until) = times(table, context, problems)?;
    let length = until.since(from);
    let every = table.every.map_or(Duration(length.nanos() / 5).min(EVERY_MAX), |d| d.value);
    let longest = table.longest.map_or(Duration(length.nanos() / 4).min(LONGEST_MAX), |d| d.value);
    let restart = table.restart.map_or(RESTART.min(Duration(length.nanos() / 8)), |d| d.value);
    check_lengths(table, length, problems);
    let place = place(context, cast, variants, network);
    if place.declared().len() > NODES_MAX {
        let message = format!("a storm falls on at most {NODES_MAX} nodes");
        problems.push(Diagnostic::at(table.span, message));
        return None;
    }
    let outside = kinds(table.outside.as_ref(), problems);
    let why = table.outside_why.as_ref();
    check_outside(table, &outside, why, &place, problems);
    let outside: Vec<FaultKind> = outside.into_iter().map(|kind| kind.value).collect();
    let named = kinds(table.kinds.as_ref(), problems);
    for kind in named.iter().filter(|kind| !outside.contains(&kind.value)) {
        check_named(*kind, &place, problems);
    }
    let wanted = |kind: &FaultKind| match &table.kinds {
        Some(_) => named.iter().any(|named| named.value == *kind),
        None => *kind != FaultKind::Leave,
    };
    let drawn = |kind: &FaultKind| {
        !outside.contains(kind) && wanted(kind) && !place.inside(*kind).is_empty()
    };
    let kinds: Vec<FaultKind> = FaultKind::luck().filter(drawn).collect();
    if kinds.is_empty() && outside.is_empty() && problems.count() == before && !table.unread {
        nothing_left(table, &place, problems);
    }
    let outside_why = why.map(|why| why.value.clone());
    let restarts = variants.iter().flat_map(|v| &v.machines).filter_map(|m| m.restart_after);
    let down_max = restarts.chain([restart]).max().unwrap_or(restart);
    Some(Storm {
        from,
        until,
        every,
        longest,
        restart,
        down_max,
        kinds,
        outside,
        outside_why,
        place,
    })
}

/// When it begins and ends, if the one comes after the other.
fn times(
    table: &StormTable,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<(Time, Time)> {
    let before = problems.count();
    let from = table.from.map_or(Duration::ZERO, |from| from.value);
    let until = table.until?;
    check_end(until, "the end of the storm", context.until, problems);
    if problems.count() == before && until.value.nanos() == context.until.value.nanos() {
        let message = "the storm leaves no time to heal before the run ends";
        let help = "let it end sooner: what is expected at the end is expected of a healed world";
        let diagnostic = Diagnostic::at(until.span, message).help(help);
        problems.push(diagnostic.also(context.until.span, "the run ends here"));
    }
    if until.value <= from {
        let message = format!("this storm ends at {} and begins at {from}", until.value);
        let diagnostic = Diagnostic::at(until.span, message).label("expected a later time");
        problems.push(match table.from {
            Some(from) => diagnostic.also(from.span, "it begins here"),
            None => diagnostic,
        });
    }
    (from < until.value).then(|| (Time(from.nanos()), Time(until.value.nanos())))
}

fn check_lengths(table: &StormTable, length: Duration, problems: &mut Problems) {
    for (given, what) in [
        (table.every, "the time from one fault to the next"),
        (table.longest, "the longest fault"),
        (table.restart, "the time until a node is started again"),
    ] {
        let Some(given) = given else { continue };
        if given.value == Duration::ZERO {
            let message = format!("{what} must be longer than nothing");
            problems.push(Diagnostic::at(given.span, message));
        } else if given.value > length {
            let message = format!("{what} is longer than the storm");
            let label = format!("the storm lasts {length}");
            problems.push(Diagnostic::at(given.span, message).label(label));
        }
    }
    // A seed may draw a quarter of it.
    if let Some(every) = table.every
        && every.value > Duration::ZERO
        && length.nanos() / every.value.nanos() > FAULTS_MAX / 4
    {
        let message = format!("a storm has at most {FAULTS_MAX} faults of a kind");
        let label = format!("expected at least {}", Duration(length.nanos() * 4 / FAULTS_MAX));
        problems.push(Diagnostic::at(every.span, message).label(label));
    }
}

/// The kinds of a list; one that is there twice is reported.
fn kinds(list: Option<&At<Vec<At<FaultKind>>>>, problems: &mut Problems) -> Vec<At<FaultKind>> {
    let mut kinds: Vec<At<FaultKind>> = Vec::new();
    for kind in list.iter().flat_map(|list| &list.value) {
        match kinds.iter().find(|known| known.value == kind.value) {
            Some(first) => {
                let message = format!("`{}` is listed twice", kind.value);
                let diagnostic = Diagnostic::at(kind.span, message).label("again");
                problems.push(diagnostic.also(first.span, "first"));
            }
            None => kinds.push(*kind),
        }
    }
    kinds
}

/// Reports a kind that is drawn inside the models, and that no node is prepared for.
fn check_named(kind: At<FaultKind>, place: &Place, problems: &mut Problems) {
    let At { value: kind, span } = kind;
    if !place.inside(kind).is_empty() {
        return;
    }
    // Where it is tolerated and still nothing can be done, it has no effect.
    let tolerated = |group: &Group| group.limit(kind) > 0;
    if place.groups.iter().any(tolerated) && place.outside(kind).is_empty() {
        let message = format!("`{kind}` does nothing here");
        problems.push(Diagnostic::at(span, message).label(needs(kind)));
        return;
    }
    let mut refusing: BTreeMap<&str, bool> = BTreeMap::new();
    for group in place.groups.iter().filter(|group| !tolerated(group)) {
        refusing.insert(&group.service, group.model.is_some());
    }
    let mut diagnostic = Diagnostic::at(span, format!("no node tolerates `{kind}`"))
        .label("outside the fault model")
        .help(
            "`outside` takes kinds that are drawn all the same, and `outside_why` what they break",
        );
    for (service, declares) in refusing {
        diagnostic = diagnostic.help(match declares {
            true => format!("`{service}` does not tolerate it"),
            false => format!("`{service}` does not say what it tolerates"),
        });
    }
    problems.push(diagnostic);
}

/// What a kind of fault needs to have an effect.
fn needs(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Slow => "no node has a cost",
        FaultKind::Bridge => "it takes three nodes that tolerate it",
        _ => "it takes two nodes that tolerate it",
    }
}

fn check_outside(
    table: &StormTable,
    outside: &[At<FaultKind>],
    why: Option<&At<Text>>,
    place: &Place,
    problems: &mut Problems,
) {
    for At { value: kind, span } in outside {
        let nodes = place.outside(*kind);
        if nodes.is_empty() {
            let message = format!("`{kind}` does nothing here");
            let label = if place.declared().is_empty() {
                "no service says what it tolerates"
            } else {
                needs(*kind)
            };
            problems.push(Diagnostic::at(*span, message).label(label));
        } else if place.groups.iter().all(|group| group.limit(*kind) == group.nodes.len()) {
            let message = format!("`{kind}` is not outside: every service tolerates it anywhere");
            problems.push(Diagnostic::at(*span, message).help("name it in `kinds`"));
        }
    }
    match (&table.outside, why) {
        (Some(outside), None) if !table.unread => {
            let message = "a storm outside the fault models says what it breaks";
            let label = "expected `outside_why` beside it";
            problems.push(Diagnostic::at(outside.span, message).label(label));
        }
        (None, Some(why)) if !table.unread => {
            let message = "this storm stays inside the fault models, and breaks nothing";
            let label = "expected `outside` beside it";
            problems.push(Diagnostic::at(why.span, message).label(label));
        }
        _ => {}
    }
}

/// Reports a storm without any kind.
fn nothing_left(table: &StormTable, place: &Place, problems: &mut Problems) {
    let silent: BTreeSet<&str> = place
        .groups
        .iter()
        .filter(|group| group.model.is_none())
        .map(|group| group.service.as_str())
        .collect();
    let mut diagnostic = Diagnostic::at(table.end(), "no kind of fault is left for this storm");
    for service in silent {
        let help = format!("`{service}` does not say what it tolerates: nothing is done to it");
        diagnostic = diagnostic.help(help);
    }
    problems.push(diagnostic);
}

/// The nodes by the services that they run in each variant, and what the world is usually like.
fn place(context: &Context<'_>, cast: &Cast<'_>, variants: &[Variant], network: &Network) -> Place {
    let nodes = || context.names.ids();
    let mut groups: Vec<Group> = Vec::new();
    for plan in cast.plans() {
        for entry in &plan.services {
            let runs = |node: &_| cast.entry(*node, plan).is_some_and(|e| e.name == entry.name);
            let group = Group {
                service: entry.name.to_owned(),
                nodes: nodes().filter(runs).collect(),
                model: entry.faults.copied(),
                shields: Vec::new(),
            };
            let shields = shields(&group.nodes, plan.name, variants, context.catalogue);
            let group = Group { shields, ..group };
            let known = |other: &Group| {
                let Group { service, nodes, shields, .. } = other;
                (service, nodes, shields) == (&group.service, &group.nodes, &group.shields)
            };
            if !group.nodes.is_empty() && !groups.iter().any(known) {
                groups.push(group);
            }
        }
    }
    let (default, same) = (network.default_link(), network.same_site_link());
    let exceptions = network.exceptions().into_iter().map(|(_, _, link)| link);
    let links: Vec<_> = [default, same].into_iter().chain(exceptions).collect();
    let lost = |rate: simlab_core::Ratio| {
        let percent = u128::from(rate.numerator()) * 100 / u128::from(rate.denominator());
        percent as u64
    };
    let machines = || variants.iter().flat_map(|variant| nodes().zip(&variant.machines));
    let costly = machines().filter(|(_, machine)| !machine.cost.is_free());
    Place {
        groups,
        sites: context
            .names
            .sites()
            .into_values()
            .map(|nodes| nodes.into_iter().collect())
            .collect(),
        costly: costly.map(|(node, _)| node).collect(),
        delay: links.iter().map(|link| typical(&link.delay)).max().unwrap_or_default(),
        loss: links.iter().map(|link| lost(link.loss)).max().unwrap_or_default(),
        sync: machines().map(|(_, m)| typical(&m.sync_delay)).max().unwrap_or_default(),
    }
}
