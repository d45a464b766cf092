//! Convergence: once nothing is written any more, does everybody see the same?
//!
//! Of the reads of an object that began after every write on it had returned, the last one of each
//! session must have returned the same value. An object with a write that never returned, or with an
//! unknown outcome, is not judged: it may still change. (Eventual consistency of a history that has
//! an end; Vogels: Eventually Consistent, 2009. Strong convergence would need the replicas' states,
//! which no client sees.)
//!
//! This is about the end of a history and not about its prefixes: what disagrees now may agree
//! later. The operation that broke it is therefore the first of the last reads that contradicts an
//! earlier one of them.

use super::sentence::{named, returned};
use super::{Answer, Evidence, Subject};
use simlab_core::history::{Mark, Record};
use simlab_core::{Call, NodeId, Outcome, Session, Value};
use std::collections::BTreeMap;

/// The models whose objects can be read.
const READABLE: [&str; 6] = ["register", "cas-register", "kv", "counter", "set", "stock"];

/// Judges a history by convergence.
pub(super) fn convergence(subject: Subject<'_>) -> Answer {
    let name = subject.model.name;
    if !READABLE.contains(&name) {
        return Answer::NotApplicable { why: format!("a {name} has no call that only reads it") };
    }
    let mut objects: BTreeMap<&str, Object<'_>> = BTreeMap::new();
    for record in subject.history.records() {
        objects.entry(&record.operation.object).or_default().take(record);
    }
    let broken = objects.values().filter_map(Object::disagreement);
    let Some((first, second)) = broken.min_by_key(|(_, second)| returned(second)) else {
        return Answer::Satisfied;
    };
    let mut operations = vec![first.op, second.op];
    operations.sort_unstable();
    let value = |record: &Record| record.result().cloned().unwrap_or(Value::Nil);
    let why = format!(
        "{} returned {} to {} at last, but {} to {}, and nothing was written any more",
        named(second),
        value(second),
        subject.clients.name(second.op.node()),
        value(first),
        subject.clients.name(first.op.node()),
    );
    let (op, mark) = (second.op, returned(second));
    let object = second.operation.object.clone();
    Answer::Violated(Evidence { op, mark, object, why, operations, minimal: true })
}

/// What is known of one object. Records come in the order of invocation.
#[derive(Default)]
struct Object<'a> {
    /// Whether a write is pending for ever.
    unsettled: bool,
    /// When the last write returned.
    settled: Option<Mark>,
    /// The reads.
    reads: Vec<&'a Record>,
}

impl<'a> Object<'a> {
    fn take(&mut self, record: &'a Record) {
        match (&record.operation.call, &record.returned) {
            (Call::Read, Some((_, Outcome::Done(_)))) => self.reads.push(record),
            (call, Some((at, Outcome::Done(_) | Outcome::NotDone(_)))) if call.writes() => {
                self.settled = self.settled.max(Some(*at));
            }
            (call, _) => self.unsettled |= call.writes(),
        }
    }

    /// Two last reads that returned different values: the first one of all, and the first one that
    /// contradicts it.
    fn disagreement(&self) -> Option<(&'a Record, &'a Record)> {
        if self.unsettled {
            return None;
        }
        let settled = |record: &&&Record| self.settled.is_none_or(|at| at < record.invoked);
        let mut last: BTreeMap<(NodeId, Session), &Record> = BTreeMap::new();
        for read in self.reads.iter().filter(settled) {
            last.insert((read.op.node(), read.session), read);
        }
        let mut last: Vec<&Record> = last.into_values().collect();
        last.sort_unstable_by_key(|read| returned(read));
        let first = *last.first()?;
        let second = last.into_iter().find(|read| read.result() != first.result())?;
        Some((first, second))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn the_last_reads_must_agree() {
        let steps = [write(1, "x", 1), write(1, "x", 2), read(2, "x", 1), read(3, "x", 2)];
        let why = "read x returned 2 to n3 at last, but 1 to n2, and nothing was written any more";
        assert_broken(&steps, "convergence", 3, &[2, 3], why);
        assert_allowed(&[&steps[..], &[read(2, "x", 2)]].concat(), "convergence");
    }

    #[test]
    fn while_something_may_be_written_nothing_is_said() {
        let steps = [open(write(1, "x", 1)), read(2, "x", 1), read(3, "x", 0)];
        assert_allowed(&steps, "convergence");
        let steps = [read(2, "x", 1), read(3, "x", 0), write(1, "x", 1)];
        assert_allowed(&steps, "convergence");
    }
}
