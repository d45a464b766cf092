//! Whether the scheduled faults stay inside what the services say they tolerate.
//!
//! A fault that goes further proves nothing about a protocol, unless that is the point; then the
//! file says so (`outside`). Faults that hold at the same time count together.

use super::Context;
use crate::diagnostic::{Diagnostic, Problems, Span};
use crate::{Catalogue, Fault, Variant};
use simlab_core::{FaultKind, FaultModel, NodeId, Time, Tolerance};
use simlab_sim::{Fault as What, Shape};
use std::collections::{BTreeMap, BTreeSet};

/// A fault of the file and where it stands.
pub(super) struct Scheduled {
    pub(super) fault: Fault,
    /// What it does.
    pub(super) action: Span,
    /// Where it says that it goes too far.
    pub(super) outside: Option<Span>,
}

/// The nodes that a fault counts for.
enum Victims<'f> {
    All,
    These(BTreeSet<&'f NodeId>),
}

/// A fault is done to nodes; one of links counts for the nodes at both of their ends.
fn victims(what: &What) -> Victims<'_> {
    Victims::These(match what {
        What::Cut(Shape::Isolated(_)) => return Victims::All,
        What::Cut(Shape::Groups(groups)) => groups.iter().flatten().collect(),
        What::Cut(Shape::OneWay { from, to }) => from.iter().chain(to).collect(),
        What::Cut(Shape::Bridge { left, right, via: _ }) => left.iter().chain(right).collect(),
        What::Links(weather) => weather.from.iter().chain(&weather.to).collect(),
        _ => what.nodes().into_iter().flatten().collect(),
    })
}

/// When the nodes no longer suffer from it.
fn end(fault: &Fault) -> Time {
    match (&fault.what, fault.until) {
        (What::CrashAtSync { down, .. }, Some(until)) => until + *down,
        (_, until) => until.unwrap_or(Time::NEVER),
    }
}

/// What a fault breaks, in words.
struct Breach {
    service: &'static str,
    variant: usize,
    model: &'static FaultModel,
    words: String,
}

/// Reports faults that go further than a service of the nodes concerned tolerates, and do not say
/// so, and faults that say so and do not. A service without a model is not judged.
pub(super) fn check(
    scheduled: &[Scheduled],
    context: &Context<'_>,
    variants: &[Variant],
    problems: &mut Problems,
) {
    // Of a cast that is known in part nothing can be counted.
    if variants.iter().any(|variant| variant.roster.len() != context.names.nodes.len()) {
        return;
    }
    let mut breaches: BTreeMap<usize, Breach> = BTreeMap::new();
    for (number, variant) in variants.iter().enumerate() {
        for (service, nodes) in services(variant) {
            let entry = context.catalogue.service(service);
            let Some(model) = entry.and_then(|entry| entry.faults) else { continue };
            let shields = shields(&nodes, &variant.name, variants, context.catalogue);
            for (index, words) in judge(scheduled, model, &shields, &nodes) {
                let breach = || Breach { service, variant: number, model, words };
                breaches.entry(index).or_insert_with(breach);
            }
        }
    }
    for (index, Scheduled { action, outside, .. }) in scheduled.iter().enumerate() {
        match (breaches.get(&index), outside) {
            (Some(breach), None) => problems.push(too_far(*action, breach, variants)),
            (None, Some(outside)) => {
                let message =
                    "this fault is inside the fault models of all services that it concerns";
                let diagnostic = Diagnostic::at(*outside, message);
                problems.push(diagnostic.help("leave `outside` out, or go further"));
            }
            _ => {}
        }
    }
}

fn too_far(action: Span, breach: &Breach, variants: &[Variant]) -> Diagnostic {
    let Breach { service, variant, model, words } = breach;
    let place = match variants {
        [_] => String::new(),
        _ => variants.get(*variant).map_or_else(String::new, |v| format!(" in `{}`", v.name)),
    };
    let message = format!("this fault is outside the fault model of `{service}`{place}");
    let diagnostic = Diagnostic::at(action, message).label(words.clone());
    diagnostic
        .help(format!("`{service}`: {}", model.summary))
        .help("if that is the point, say what it breaks: outside = \"…\"")
}

/// The kinds of fault that each of some nodes of a variant is kept from by a layer that its service
/// stands on.
pub(super) fn shields(
    nodes: &BTreeSet<NodeId>,
    variant: &str,
    variants: &[Variant],
    catalogue: &Catalogue,
) -> Vec<FaultKind> {
    let Some(variant) = variants.iter().find(|known| known.name == variant) else {
        return Vec::new();
    };
    let shielded = |node: &NodeId, kind: &FaultKind| {
        let stack = variant.roster.get(node.index()).map_or(&[][..], |member| &member.stack);
        let layers = stack.iter().filter_map(|layered| catalogue.layer(layered.name)?.layer);
        layers.into_iter().any(|layer| layer.shields.contains(kind))
    };
    let by_all = |kind: &FaultKind| nodes.iter().all(|node| shielded(node, kind));
    FaultKind::ALL.into_iter().filter(|kind| by_all(kind)).collect()
}

/// The nodes of each service.
fn services(variant: &Variant) -> BTreeMap<&'static str, BTreeSet<NodeId>> {
    let mut services: BTreeMap<_, BTreeSet<NodeId>> = BTreeMap::new();
    for member in &variant.roster {
        services.entry(member.service).or_default().insert(member.id);
    }
    services
}

/// The faults that go further than a model, for the nodes that have it, and how.
fn judge(
    scheduled: &[Scheduled],
    model: &FaultModel,
    shields: &[FaultKind],
    nodes: &BTreeSet<NodeId>,
) -> BTreeMap<usize, String> {
    let mut kinds: BTreeMap<FaultKind, Vec<usize>> = BTreeMap::new();
    for (index, Scheduled { fault, .. }) in scheduled.iter().enumerate() {
        fault.kinds().into_iter().for_each(|kind| kinds.entry(kind).or_default().push(index));
    }
    let mut found = BTreeMap::new();
    for (kind, faults) in kinds.into_iter().filter(|(kind, _)| !shields.contains(kind)) {
        let tolerance = model.safety(kind);
        // Any number of nodes is never too many.
        if tolerance != Tolerance::Any {
            count(scheduled, &faults, kind, tolerance, nodes, &mut found);
        }
        if kind == FaultKind::Drift && tolerance != Tolerance::Never {
            for index in faults {
                let fault = &scheduled[index].fault.what;
                let What::Clock { nodes: drifting, drift: Some(drift), .. } = fault else {
                    continue;
                };
                if drift.unsigned_abs() > u64::from(model.drift_max) && !nodes.is_disjoint(drifting)
                {
                    let (drift, most) = (ppm(drift.unsigned_abs()), ppm(model.drift_max.into()));
                    let words = format!("a drift of {drift}; it is safe with up to {most}");
                    found.entry(index).or_insert(words);
                }
            }
        }
    }
    found
}

/// As scenarios write a drift, without its sign.
fn ppm(drift: u64) -> String {
    let text = format!("{}.{:03}", drift / 1_000, drift % 1_000);
    format!("{}ppm", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Goes through the time line of a kind of fault, and finds the faults with which there are too
/// many at once. What ends when another begins is over.
fn count(
    scheduled: &[Scheduled],
    faults: &[usize],
    kind: FaultKind,
    tolerance: Tolerance,
    nodes: &BTreeSet<NodeId>,
    found: &mut BTreeMap<usize, String>,
) {
    let of = nodes.len() as u32;
    let limit = tolerance.nodes(of);
    let mut moments: Vec<(Time, bool, usize)> = Vec::new();
    for &index in faults {
        let fault = &scheduled[index].fault;
        moments.push((fault.at, true, index));
        moments.push((end(fault), false, index));
    }
    moments.sort_unstable();
    let mut suffering: BTreeMap<&NodeId, u32> = BTreeMap::new();
    let mut on_all = 0_u32;
    // Those that go too far do not excuse what is done beside them, so they are not counted. Nor are
    // those that end before they begin, of which others complain.
    let mut counted: BTreeSet<usize> = BTreeSet::new();
    for (_, begins, index) in moments {
        if !begins && !counted.remove(&index) {
            continue;
        }
        let victims = victims(&scheduled[index].fault.what);
        let these = match &victims {
            Victims::All => None,
            Victims::These(these) => Some(these.iter().filter(|node| nodes.contains(node))),
        };
        let Some(these) = these else {
            if !begins {
                on_all -= 1;
            } else if of > limit {
                found.entry(index).or_insert_with(|| too_many(kind, of, of, tolerance));
            } else {
                counted.insert(index);
                on_all += 1;
            }
            continue;
        };
        if !begins {
            for node in these {
                let times = suffering.entry(node).or_default();
                *times -= 1;
                if *times == 0 {
                    suffering.remove(node);
                }
            }
            continue;
        }
        let fresh = these.clone().filter(|node| !suffering.contains_key(*node)).count();
        let now = if on_all > 0 { of } else { (suffering.len() + fresh) as u32 };
        if now > limit && these.clone().next().is_some() {
            found.entry(index).or_insert_with(|| too_many(kind, now, of, tolerance));
        } else {
            counted.insert(index);
            these.for_each(|node| *suffering.entry(node).or_default() += 1);
        }
    }
}

fn too_many(kind: FaultKind, now: u32, of: u32, tolerance: Tolerance) -> String {
    format!("`{kind}` on {now} of {of} nodes at once; it is safe on {tolerance}")
}
