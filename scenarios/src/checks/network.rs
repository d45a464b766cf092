//! Checks of what became of datagrams, and of what a node shows of itself.

use super::{Check, Observation, Parameters};
use crate::CheckSignature;
use crate::checks::Evidence;
use crate::nearest::advice;
use simlab_core::{DropReason, FieldValue, Fields, Parameter, ParameterKind};
use simlab_sim::Stats;

/// What can become of a datagram, as the check names it.
const FATES: [&str; 17] = [
    "sent",
    "delivered",
    "dropped",
    "duplicated",
    "corrupted",
    "edited",
    "replayed",
    "leaked",
    "reordered",
    "loss",
    "cut",
    "cut-in-flight",
    "too-large",
    "queue-full",
    "receiver-down",
    "no-link",
    "buffer-full",
];

fn count(stats: &Stats, fate: &str) -> Option<u64> {
    Some(match fate {
        "sent" => stats.sent,
        "delivered" => stats.delivered,
        "dropped" => stats.dropped_total(),
        "duplicated" => stats.duplicated,
        "corrupted" => stats.corrupted,
        "edited" => stats.edited,
        "replayed" => stats.replayed,
        "leaked" => stats.leaked,
        "reordered" => stats.reordered,
        _ => stats.dropped(DropReason::ALL.into_iter().find(|why| why.name() == fate)?),
    })
}

pub(super) const DATAGRAMS: Check = Check {
    signature: CheckSignature {
        name: "datagrams",
        summary: "how many datagrams met this fate, in the whole run",
        figure: true,
        parameters: &[Parameter {
            name: "fate",
            kind: ParameterKind::Choice(&FATES),
            default: None,
            help: "what became of them; from loss on: why they were dropped; leaked: an adversary \
                could read 8 bytes of a message or more",
        }],
    },
    observe: datagrams,
};

fn datagrams(evidence: &Evidence<'_>, parameters: &Parameters<'_>) -> Observation {
    let fate = parameters.text("fate").unwrap_or_default();
    match count(evidence.run.world.stats(), fate) {
        Some(count) => Observation::figure(count as i64, format!("{count} datagrams: {fate}")),
        None => Observation::unknown(format!("{fate:?} is no fate of a datagram")),
    }
}

pub(super) const FIELD: Check = Check {
    signature: CheckSignature {
        name: "field",
        summary: "a number that a node shows of itself at the end of the run",
        figure: true,
        parameters: &[
            Parameter { name: "node", kind: ParameterKind::Node, default: None, help: "the node" },
            Parameter {
                name: "field",
                kind: ParameterKind::Text,
                default: None,
                help: "the field's name; names of groups come first, each with a dot",
            },
        ],
    },
    observe: field,
};

fn field(evidence: &Evidence<'_>, parameters: &Parameters<'_>) -> Observation {
    let (Some(node), Some(field)) = (parameters.node("node"), parameters.text("field")) else {
        return Observation::unknown("no node or no field is named");
    };
    let world = &evidence.run.world;
    let path: Vec<&str> = field.split('.').collect();
    let name = world.names().node(node);
    let Some(fields) = world.inspect(node) else {
        return Observation::unknown(format!("{name} is down, so it shows nothing"));
    };
    match fields.get_int(&path) {
        Some(value) => Observation::figure(value, format!("{name} shows {field}={value}")),
        None => {
            let known = numbers(&fields);
            let advice = advice(field, "numbers", known.iter().map(String::as_str)).join(" ");
            Observation::unknown(format!("{name} shows no number {field}: {advice}"))
        }
    }
}

/// The names of all numbers, those in groups with the names of their groups before them.
fn numbers(fields: &Fields) -> Vec<String> {
    let mut names = Vec::new();
    for field in fields {
        match &field.value {
            FieldValue::Int(_) => names.push(field.name.to_string()),
            FieldValue::Text(_) => {}
            FieldValue::Group(group) => {
                names.extend(numbers(group).iter().map(|inner| format!("{}.{inner}", field.name)));
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fate_is_counted_and_every_reason_is_a_fate() {
        let stats = Stats::default();
        assert!(FATES.iter().all(|fate| count(&stats, fate) == Some(0)));
        assert!(DropReason::ALL.iter().all(|why| FATES.contains(&why.name())));
    }
}
