//! Why a history is not what a model allows, in a sentence for students.
//!
//! ```text
//!   read x returned 1, but this session had read 2 before, which n1 wrote after 1
//!   ~~~~~~~~~~~~~~~~~      ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
//!   what broke it          the evidence: in words if it is of a well-known kind, else as a list
//! ```

use super::Clients;
use crate::words;
use simlab_core::history::{Mark, Record};
use simlab_core::{Call, NodeId, Outcome, Session, Value};

/// More operations than these are not listed.
const LISTED: usize = 16;

/// The sentence. `evidence` are the operations that cannot all be, in the order of invocation, with
/// `broken` among them; `says` is what the model's views come to, for the general case.
pub(super) fn sentence(
    evidence: &[&Record],
    broken: &Record,
    says: &str,
    clients: Clients<'_>,
) -> String {
    let told = told(broken);
    let back = || went_back(evidence, broken, clients);
    if let Some(reason) = never_written(evidence, broken).or_else(back) {
        return format!("{told}, but {reason}");
    }
    if evidence.len() > LISTED {
        let count = words::count(evidence.len() as u64, "operation");
        return format!("{told}, but {says} ({count} show it)");
    }
    format!("{told}, but {says}: {}", listed(evidence, clients))
}

/// "read x", "write 1 to x".
pub(super) fn named(record: &Record) -> String {
    let object = &record.operation.object;
    match &record.operation.call {
        Call::Read => format!("read {object}"),
        Call::Write(value) => format!("write {value} to {object}"),
        Call::Transaction(_) => record.operation.call.to_string(),
        call => format!("{call} on {object}"),
    }
}

/// "read x returned 1", "write 1 to x returned".
fn told(record: &Record) -> String {
    let name = named(record);
    match &record.returned {
        Some((_, Outcome::Done(Value::Nil))) if record.operation.call.writes() => {
            format!("{name} returned")
        }
        Some((_, Outcome::Done(value))) => format!("{name} returned {value}"),
        Some((_, Outcome::NotDone(_))) => format!("{name} was reported as not done"),
        _ => format!("{name} took effect"),
    }
}

/// What an operation saw for certain.
fn saw(record: &Record) -> Option<&Value> {
    match (&record.operation.call, record.result()) {
        (Call::Read, Some(value)) => Some(value),
        (Call::Cas { from, .. }, Some(Value::Bool(true))) => Some(from),
        _ => None,
    }
}

fn wrote(record: &Record) -> Option<&Value> {
    match &record.operation.call {
        Call::Write(value) | Call::Cas { to: value, .. } => Some(value),
        _ => None,
    }
}

const fn session(record: &Record) -> (NodeId, Session) {
    (record.op.node(), record.session)
}

/// A value that nobody wrote, or that was reported as not written.
fn never_written(evidence: &[&Record], broken: &Record) -> Option<String> {
    match evidence {
        [read] => Some(format!("nobody ever wrote {}", saw(read)?)),
        [_, _] => {
            let read = evidence.iter().find(|record| saw(record).is_some())?;
            let value = saw(read)?;
            let write = evidence.iter().find(|record| wrote(record) == Some(value))?;
            let refused = write.refused() && write.operation.object == read.operation.object;
            if !refused {
                return None;
            }
            Some(if write.op == broken.op {
                format!("{} had returned {value}", named(read))
            } else {
                format!("to write {value} was reported as not done")
            })
        }
        _ => None,
    }
}

/// A read that returned something older than what its session had read or written before.
fn went_back(evidence: &[&Record], broken: &Record, clients: Clients<'_>) -> Option<String> {
    let value = saw(broken)?;
    let object = &broken.operation.object;
    if evidence.iter().any(|record| record.operation.object != *object) {
        return None;
    }
    let own = |record: &&&Record| session(record) == session(broken) && record.op != broken.op;
    let others: Vec<&Record> =
        evidence.iter().filter(|record| !own(record)).map(|record| &**record).collect();
    let own: Vec<&Record> = evidence.iter().filter(own).map(|record| &**record).collect();
    let last = *own.last()?;
    let (newer, did) = match (&last.operation.call, saw(last)) {
        (Call::Read, Some(newer)) => (newer, format!("this session had read {newer} before")),
        (Call::Write(newer), _) => (newer, format!("this session had written {newer} before")),
        _ => return None,
    };
    let writer = |value: &Value| evidence.iter().find(|record| wrote(record) == Some(value));
    match (&own[..own.len() - 1], writer(value), writer(newer)) {
        // The initial value.
        ([], None, _) if others.len() == 1 => Some(did),
        ([], Some(old), Some(new)) if session(old) == session(new) && others.len() <= 3 => {
            let who = clients.name(old.op.node());
            (old.invoked < new.invoked).then(|| format!("{did}, which {who} wrote after {value}"))
        }
        ([seen], ..) if saw(seen) == Some(value) && others.len() == 1 => {
            Some(format!("{did}, when it had seen {value} already"))
        }
        ([old], ..) if wrote(old) == Some(value) && wrote(last).is_some() && others.len() == 1 => {
            Some(format!("{did}, after {value}"))
        }
        _ => None,
    }
}

/// "n1: write 1 to x, then write 2 to x; n2: read x (2), then read x (1)".
fn listed(evidence: &[&Record], clients: Clients<'_>) -> String {
    let mut sessions: Vec<(NodeId, Session)> = Vec::new();
    for record in evidence {
        if !sessions.contains(&session(record)) {
            sessions.push(session(record));
        }
    }
    let parts = sessions.iter().map(|&(node, number)| {
        let alone = sessions.iter().filter(|&&(other, _)| other == node).count() == 1;
        let own = evidence.iter().filter(|record| session(record) == (node, number));
        let steps: Vec<String> = own
            .map(|record| match (saw(record), &record.operation.call) {
                (Some(value), Call::Read) => format!("{} ({value})", named(record)),
                _ => match record.result() {
                    Some(value) if *value != Value::Nil => format!("{} ({value})", named(record)),
                    _ => named(record),
                },
            })
            .collect();
        let (who, steps) = (clients.name(node), steps.join(", then "));
        if alone { format!("{who}: {steps}") } else { format!("{who}/{}: {steps}", number.0) }
    });
    parts.collect::<Vec<String>>().join("; ")
}

/// When a completed operation returned; an open one never did.
pub(super) fn returned(record: &Record) -> Mark {
    record.returned.as_ref().map_or(record.invoked, |&(mark, _)| mark)
}
