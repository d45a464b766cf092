//! What the events say of why two traces part.

use super::NAMES;
use simlab_core::{Kind, NodeId, Seq, TraceEvent};
use simlab_scenarios::Diagnostics;
use simlab_scenarios::seconds;
use simlab_scenarios::tracefile::{Following, Parting, Record, Side, alike, datagram, follow};
use simlab_sim::Names;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Why the two events differ, in words: how each of them, or the datagram that it is about, fared in
/// either trace. What fared alike in both is no reason.
pub(super) fn reasons(
    parting: &Parting,
    paths: [&Path; 2],
    sides: &[Side; 2],
) -> Result<Vec<String>, Diagnostics> {
    let [Some(first), Some(second)] = &parting.events else {
        let over = usize::from(parting.events[0].is_some());
        return Ok(vec![format!("the {} trace ends here", NAMES[over])]);
    };
    let events = [first.event(), second.event()];
    let alike = alike(&events[0], &events[1]);
    let same_origin = events[0].cause == events[1].cause;
    let mut lines = Vec::new();
    if !(alike && same_origin) {
        let of = [(events[0], sides[0].names()), (events[1], sides[1].names())];
        let found =
            [follow(paths[0], parting.common, &of)?, follow(paths[1], parting.common, &of)?];
        for (n, event) in events.iter().enumerate() {
            let [first, second] = [&found[0][n], &found[1][n]];
            lines.extend(match datagram(event) {
                Some(sent) => of_datagram(event, sent, [first, second], sides[n].names()),
                None => of_cause(event, [first, second], sides[n].names()),
            });
        }
        lines.dedup();
    }
    if lines.is_empty() && alike {
        lines.push(format!("it is the same kind of event with other {}", fields(parting)));
    }
    Ok(lines)
}

/// What became of a datagram in both, if that differs.
fn of_datagram(
    event: &TraceEvent<'_>,
    sent: Seq,
    found: [&Following; 2],
    names: &Names,
) -> Option<String> {
    let [first, second] = found.map(|following| {
        let fates: Vec<String> = following.fates.iter().map(|r| became(&r.event())).collect();
        match fates.as_slice() {
            [] => "nothing more is told of it".to_owned(),
            fates => format!("it was {}", fates.join(", then ")),
        }
    });
    if first == second {
        return None;
    }
    let (from, to) = ends(event, names);
    Some(format!(
        "the same datagram (sent {sent}, {from} -> {to}): in the first {first}, in the second {second}"
    ))
}

/// When an event came of its cause in both, if that differs.
fn of_cause(event: &TraceEvent<'_>, found: [&Following; 2], names: &Names) -> Option<String> {
    let at = found.map(|following| following.equal.as_ref().map(|record| record.event().at));
    // What was not looked at to the end may be there all the same.
    let sure = found.iter().all(|following| following.whole || following.equal.is_some());
    if at[0] == at[1] || !sure {
        return None;
    }
    let place = |record: &Record| {
        let event = record.event();
        let cause = event.cause.map(|cause| format!(" <-{cause}")).unwrap_or_default();
        format!("at {} ({}{cause})", seconds(event.at), event.seq)
    };
    let [first, second] = found.map(|following| match (&following.equal, &following.other) {
        (Some(equal), _) => place(equal),
        (None, Some(other)) => format!("never, but another one {}", place(other)),
        (None, None) => "never".to_owned(),
    });
    let kind = event.kind.name();
    let node = event.node.map_or("the world".to_owned(), |node| names.node(node));
    let origin = event.cause.map(|cause| format!(" that comes of {cause}")).unwrap_or_default();
    Some(format!(
        "the next such `{kind}` at {node}{origin}: in the first {first}, in the second {second}"
    ))
}

/// From whom to whom a datagram went.
fn ends(event: &TraceEvent<'_>, names: &Names) -> (String, String) {
    let from = match event.kind {
        Kind::Delivered { from, .. }
        | Kind::Dropped { from, .. }
        | Kind::Corrupted { from, .. }
        | Kind::Duplicated { from, .. }
        | Kind::Replayed { from, .. } => from,
        _ => NodeId(u32::MAX),
    };
    (names.node(from), event.node.map_or_else(String::new, |node| names.node(node)))
}

/// What became of a datagram, after "it was".
fn became(event: &TraceEvent<'_>) -> String {
    let at = seconds(event.at);
    match event.kind {
        Kind::Delivered { .. } => format!("delivered at {at}"),
        Kind::Dropped { why, .. } => format!("lost at {at} ({why})"),
        Kind::Corrupted { .. } => format!("damaged at {at}"),
        _ => format!("doubled at {at}"),
    }
}

/// The fields in which two events of one kind differ, by name, with their values.
fn fields(parting: &Parting) -> String {
    let parse = |text: &str| -> BTreeMap<String, serde_json::Value> {
        serde_json::from_str(text).unwrap_or_default()
    };
    let [first, second] = [parse(&parting.texts[0]), parse(&parting.texts[1])];
    let names: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    let differing = names.into_iter().filter(|name| first.get(*name) != second.get(*name));
    let shown = |value: Option<&serde_json::Value>| match value {
        Some(value) => value.to_string(),
        None => "nothing".to_owned(),
    };
    let words = differing.map(|name| {
        let [one, other] = [shown(first.get(name)), shown(second.get(name))];
        if name == "bytes" {
            let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
            return format!("bytes (from byte {} on)", same.saturating_sub(1) / 2);
        }
        format!("`{name}` ({one} and {other})")
    });
    words.collect::<Vec<_>>().join(", ")
}
