//! Whether everything has come to rest at the end.

use super::{Check, Evidence, Observation};
use crate::CheckSignature;
use simlab_core::{Entry, FaultKind, FieldValue, NodeId, Role, Tolerance};
use std::collections::BTreeMap;

pub(super) const SETTLED: Check = Check {
    signature: CheckSignature {
        name: "settled",
        summary: "at the end no operation is open and no server waits for anything; not judged if \
                  more servers are away than their service can get on without",
        figure: false,
        parameters: &[],
    },
    observe: |evidence, _| {
        if let Some(why) = too_many_away(evidence) {
            return Observation::unknown(why);
        }
        let waiting = waiting(evidence);
        if waiting.is_empty() {
            return Observation::truth(true, "nobody waits for anything");
        }
        Observation::truth(false, waiting.join("; "))
    },
};

/// Whether a node can do anything now.
fn is_away(evidence: &Evidence<'_>, node: NodeId) -> bool {
    let world = &evidence.run.world;
    world.up_since(node).is_none() || world.is_paused(node)
}

/// The servers of a run, by service.
fn services<'a>(evidence: &Evidence<'a>) -> BTreeMap<&'a str, (&'static Entry, Vec<NodeId>)> {
    let setup = evidence.run.setup;
    let mut services: BTreeMap<&str, (&'static Entry, Vec<NodeId>)> = BTreeMap::new();
    for member in &setup.scenario.variants[setup.variant].roster {
        let entry = setup.catalogue.service(member.service);
        if let Some(entry) = entry.filter(|entry| entry.role == Role::Server) {
            services.entry(entry.name).or_insert((entry, Vec::new())).1.push(member.id);
        }
    }
    services
}

/// Why nothing can be asked of a service, if so many of its nodes are away that it cannot get on. One
/// that declares no fault model gets on without none of them.
fn too_many_away(evidence: &Evidence<'_>) -> Option<String> {
    services(evidence).into_values().find_map(|(entry, nodes)| {
        let away = nodes.iter().filter(|node| is_away(evidence, **node)).count();
        let liveness =
            entry.faults.map_or(Tolerance::Never, |model| model.liveness(FaultKind::Crash));
        (away as u64 > liveness.nodes(nodes.len() as u32).into()).then(|| {
            let (name, of) = (entry.name, nodes.len());
            format!("not judged: {away} of {of} nodes of {name} are away at the end")
        })
    })
}

/// Who waits for what: servers in their own words, clients by the operations of their present life.
/// What an earlier life left open nobody waits for.
fn waiting(evidence: &Evidence<'_>) -> Vec<String> {
    let (scenario, world) = (evidence.run.setup.scenario, &evidence.run.world);
    let name = |node: NodeId| scenario.nodes[node.index()].name.as_str();
    let servers = services(evidence).into_values().flat_map(|(_, nodes)| nodes);
    let mut waiting: Vec<String> = servers
        .filter_map(|node| {
            match world.inspect(node)?.get(&["waiting"])? {
                FieldValue::Text(what) => Some(format!("{} waits for {what}", name(node))),
                // A product may have this name.
                FieldValue::Int(_) | FieldValue::Group(_) => None,
            }
        })
        .collect();
    waiting.extend(evidence.history().open().filter_map(|record| {
        let client = record.op.node();
        let lives = world.up_since(client).is_some_and(|since| since <= record.invoked.at);
        lives.then(|| {
            let (operation, at) = (&record.operation, record.invoked.at);
            format!("{} waits for the answer to {operation}, asked at {at} s", name(client))
        })
    }));
    waiting
}
