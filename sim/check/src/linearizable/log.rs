//! What a judge was told, for another one to begin with.

use super::foreseen::Foreseen;
use super::judge::Judge;
use super::search::Step;
use simlab_core::{Call, OpId, Outcome, Value};
use std::collections::BTreeMap;

/// All that a judge was told, in order. A long result that was foreseen is kept once.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    entries: Vec<Entry>,
    /// Where the open operations stand that will return something long.
    long: BTreeMap<OpId, usize>,
}

#[derive(Clone, Debug)]
enum Entry {
    Invoked(OpId, Call, Foreseen),
    /// `None` if it returned what was foreseen.
    Completed(OpId, Option<Outcome>),
    Freed(OpId, Call, bool),
}

impl Log {
    pub(super) const fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn invoked(&mut self, op: OpId, call: &Call, foreseen: &Foreseen) {
        if let Foreseen::Done { result: Value::List(_) | Value::Text(_), .. } = foreseen {
            self.long.insert(op, self.entries.len());
        }
        self.entries.push(Entry::Invoked(op, call.clone(), foreseen.clone()));
    }

    pub(super) fn completed(&mut self, op: OpId, outcome: &Outcome) {
        let begun = self.long.remove(&op).and_then(|at| self.entries.get(at));
        let foreseen = match (begun, outcome) {
            (Some(Entry::Invoked(_, _, Foreseen::Done { result, .. })), Outcome::Done(value)) => {
                result == value
            }
            _ => false,
        };
        self.entries.push(Entry::Completed(op, (!foreseen).then(|| outcome.clone())));
    }

    pub(super) fn freed(&mut self, op: OpId, call: &Call, endless: bool) {
        self.entries.push(Entry::Freed(op, call.clone(), endless));
    }

    /// The calls that were made, in the order of invocation.
    pub(super) fn calls(&self) -> impl Iterator<Item = (OpId, &Call)> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Invoked(op, call, _) => Some((*op, call)),
            Entry::Completed(..) | Entry::Freed(..) => None,
        })
    }

    /// What operations returned.
    pub(super) fn results(&self) -> BTreeMap<OpId, &Value> {
        let mut foreseen = BTreeMap::new();
        let mut results = BTreeMap::new();
        for entry in &self.entries {
            match entry {
                Entry::Invoked(op, _, Foreseen::Done { result, .. }) => {
                    foreseen.insert(*op, result);
                }
                Entry::Completed(op, None) => results.extend(foreseen.remove(op).map(|r| (*op, r))),
                Entry::Completed(op, Some(Outcome::Done(value))) => {
                    results.insert(*op, value);
                }
                _ => {}
            }
        }
        results
    }

    /// Tells a judge all of it, until that is sure.
    pub(super) fn replay(self, judge: &mut dyn Judge) -> Step {
        let mut open = BTreeMap::new();
        for entry in self.entries {
            let step = match entry {
                Entry::Invoked(op, call, foreseen) => {
                    let step = judge.invoke(op, &call, &foreseen);
                    if let Foreseen::Done {
                        result: result @ (Value::List(_) | Value::Text(_)),
                        ..
                    } = foreseen
                    {
                        open.insert(op, result);
                    }
                    step
                }
                Entry::Completed(op, Some(outcome)) => {
                    open.remove(&op);
                    judge.complete(op, &outcome)
                }
                Entry::Completed(op, None) => match open.remove(&op) {
                    Some(result) => judge.complete(op, &Outcome::Done(result)),
                    None => Step::Fine,
                },
                Entry::Freed(op, call, endless) => judge.free(op, &call, endless),
            };
            if step != Step::Fine {
                return step;
            }
        }
        Step::Fine
    }
}
