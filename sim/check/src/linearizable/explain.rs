//! Why no order fits: one sentence, found by asking what would have been possible.
//!
//! ```text
//!   read returned 60, but every order of the completed operations leaves 59
//!   ~~~~ claim ~~~~~                            ~~~~~~~~~~~~~~~~~~~~~~~~~~~ objection
//!        (sell 1 had returned 3.0 s before the read began)
//!         ~~~~~~~~~~~~~~~~~~~~ evidence ~~~~~~~~~~~~~~~~~
//! ```
//!
//! The objection is what a read in the place of the operation could have returned. The evidence is
//! the latest completed operation without which the claim would be possible: the searches are run
//! again with candidates treated as if nobody knew how they ended.

use super::bound::Bound;
use super::finished::NEVER;
use super::foreseen::Foreseen;
use super::search::{Search, Step};
use crate::{Specification, words};
use simlab_core::history::{End, Mark, Record, events};
use simlab_core::{Call, Outcome, Value};

/// So many candidates are tried; of more, the latest is named.
const CANDIDATES: usize = 8;

/// The case: an operation whose return ends the shortest impossible prefix.
pub(super) struct Explanation<'a, S> {
    spec: &'a S,
    bound: &'a Bound,
    records: &'a [&'a Record],
    broken: &'a Record,
    end: Mark,
}

enum Replay<S: Specification> {
    Possible(Box<Search<S>>),
    Impossible,
    GivenUp,
}

impl<'a, S: Specification + Clone> Explanation<'a, S> {
    pub(super) const fn new(
        spec: &'a S,
        bound: &'a Bound,
        records: &'a [&'a Record],
        broken: &'a Record,
        end: Mark,
    ) -> Self {
        Explanation { spec, bound, records, broken, end }
    }

    /// The sentence; `None` if the search for it was given up.
    pub(super) fn sentence(&self) -> Option<String> {
        let call = &self.broken.operation.call;
        if !self.spec.accepts(call) {
            return Some(format!(
                "{call} was answered, but an object of this kind has no such call"
            ));
        }
        if matches!(self.before(call, &|_| false), Replay::GivenUp) {
            return None;
        }
        Some(match &self.broken.returned {
            Some((_, Outcome::Done(result))) => {
                let objection = self.objection(call, result);
                let evidence = self.evidence(call);
                format!("{call} returned {result}, but {objection}{evidence}")
            }
            _ => {
                let evidence = self.evidence_that_it_happened();
                format!(
                    "{call} was reported as not done, but no order of the completed operations \
                     does without it{evidence}"
                )
            }
        })
    }

    fn objection(&self, call: &Call, result: &Value) -> String {
        let nothing = |_: &Record| false;
        if let Replay::Possible(mut probe) = self.before(&Call::Read, &nothing)
            && let Some(values) = probe.possible(self.broken.op)
            && let Some(objection) = self.spec.objection(call, result, &values)
        {
            return format!("every order of the completed operations {objection}");
        }
        if let Replay::Possible(mut search) = self.before(call, &nothing)
            && let Some(results) = search.possible(self.broken.op)
            && !results.is_empty()
        {
            let results = words::choice(&results);
            return format!("every order of the completed operations makes it return {results}");
        }
        "no order of the completed operations allows that".to_owned()
    }

    /// The latest completed operation that the claim contradicts, in brackets.
    fn evidence(&self, call: &Call) -> String {
        let began = self.broken.invoked;
        let noun = words::noun(call);
        let only_looked = |record: &Record| !self.changed(record);
        let writes = self.completed_before(began, &|record| self.changed(record));
        if *call == Call::Read && !writes.is_empty() && self.is_out_of_thin_air() {
            return " (nothing that had begun until then makes that possible)".to_owned();
        }
        let write = self.decisive(&writes, &|_| false).or_else(|| {
            // Others may have seen what the write did, so that it takes more than to forget it.
            let anyhow = self.stays_impossible(&only_looked);
            if anyhow { self.culprit(&writes, &only_looked) } else { None }
        });
        if let Some(write) = write {
            let ago = words::ago(began.at.since(returned(write).at));
            return format!(
                " ({} had returned {ago}before the {noun} began)",
                write.operation.call
            );
        }
        if self.stays_impossible(&only_looked) {
            return format!(" (nothing that changes it had returned before the {noun} began)");
        }
        // Writes alone allow the claim: something that was seen does not.
        let mut looks = self.completed_before(self.end, &only_looked);
        looks.sort_by_key(|look| !look.returned_before(began));
        let Some(look) = self.culprit(&looks, &|_| false) else { return String::new() };
        let seen = self.seen(look);
        if !look.returned_before(began) {
            return format!(" ({seen} while this {noun} was under way)");
        }
        let ago = words::ago(began.at.since(returned(look).at));
        let comma = if ago.is_empty() { "" } else { "," };
        format!(" ({seen}{comma} {ago}before this {noun} began)")
    }

    /// Whether the claim would be impossible even if all others had ended unknown, and none of them was reported
    /// as not done: no single one of them is to blame then.
    fn is_out_of_thin_air(&self) -> bool {
        let begun = |record: &&&Record| record.invoked < self.end;
        !self.records.iter().filter(begun).any(|record| record.refused())
            && self.stays_impossible(&|_| true)
    }

    fn evidence_that_it_happened(&self) -> String {
        let all = self.completed_before(self.end, &|_| true);
        self.culprit(&all, &|_| false).map_or_else(String::new, |record| {
            let ago = words::ago(self.end.at.since(returned(record).at));
            format!(" ({}, {ago}earlier)", self.seen(record))
        })
    }

    fn seen(&self, record: &Record) -> String {
        let call = &record.operation.call;
        let result = record.result().unwrap_or(&Value::Nil);
        match (call, &self.broken.operation.call) {
            (Call::Read, Call::Read) => format!("another read had returned {result}"),
            (Call::Read, _) => format!("a read had returned {result}"),
            _ => format!("{call} had returned {result}"),
        }
    }

    /// The first of `candidates` without which (and without `relaxed`) the prefix is possible.
    fn decisive<'c>(
        &self,
        candidates: &[&'c Record],
        relaxed: &dyn Fn(&Record) -> bool,
    ) -> Option<&'c Record> {
        let mut candidates = candidates.iter().copied().take(CANDIDATES);
        candidates.find(|candidate| {
            let without = |record: &Record| relaxed(record) || record.op == candidate.op;
            !self.stays_impossible(&without)
        })
    }

    /// The decisive one of `candidates`; the first if it takes several.
    fn culprit<'c>(
        &self,
        candidates: &[&'c Record],
        relaxed: &dyn Fn(&Record) -> bool,
    ) -> Option<&'c Record> {
        self.decisive(candidates, relaxed).or_else(|| candidates.first().copied())
    }

    /// Operations with a known result that returned before `mark`, the latest first.
    fn completed_before(&self, mark: Mark, wanted: &dyn Fn(&Record) -> bool) -> Vec<&'a Record> {
        let mut completed: Vec<_> = self
            .records
            .iter()
            .copied()
            .filter(|r| r.result().is_some() && r.returned_before(mark) && wanted(r))
            .collect();
        completed.sort_by_key(|record| std::cmp::Reverse(returned(record)));
        completed
    }

    fn changed(&self, record: &Record) -> bool {
        let call = &record.operation.call;
        record.result().is_some_and(|result| self.spec.changes(call, result))
    }

    fn stays_impossible(&self, relaxed: &dyn Fn(&Record) -> bool) -> bool {
        !matches!(self.up_to_the_end(relaxed), Replay::Possible(_))
    }

    fn up_to_the_end(&self, relaxed: &dyn Fn(&Record) -> bool) -> Replay<S> {
        let Replay::Possible(mut search) = self.before(&self.broken.operation.call, relaxed) else {
            return Replay::Impossible;
        };
        let Some((_, outcome)) = &self.broken.returned else { return Replay::GivenUp };
        match search.complete(self.broken.op, outcome) {
            Step::Fine => Replay::Possible(search),
            Step::Broken => Replay::Impossible,
            Step::Exhausted => Replay::GivenUp,
        }
    }

    /// All events before the broken return, the operation itself replaced by `call`, and of those
    /// in `relaxed` only that they were invoked.
    fn before(&self, call: &Call, relaxed: &dyn Fn(&Record) -> bool) -> Replay<S> {
        let mut search = Search::new(self.spec.clone(), self.bound.clone());
        let unknown = Outcome::Unknown(String::new());
        let history = events(self.records.iter().copied());
        for (_, end, record) in history.take_while(|&(mark, ..)| mark < self.end) {
            let step = match (end, &record.returned) {
                (End::Invoked, _) if record.op == self.broken.op => {
                    search.invoke(record.op, call, &Foreseen::Nothing)
                }
                (End::Invoked, _) => {
                    let never = record.pending() || !record.returned_before(self.end);
                    let forgotten = never || record.result().is_some() && relaxed(record);
                    let nothing = Foreseen::Nothing;
                    let foreseen = if forgotten { nothing } else { Foreseen::of(record, NEVER) };
                    let step = search.invoke(record.op, &record.operation.call, &foreseen);
                    let forgotten = forgotten && step == Step::Fine;
                    if forgotten { search.complete(record.op, &unknown) } else { step }
                }
                (End::Returned, Some((_, outcome))) => search.complete(record.op, outcome),
                (End::Returned, None) => Step::Fine,
            };
            match step {
                Step::Fine => {}
                Step::Broken => return Replay::Impossible,
                Step::Exhausted => return Replay::GivenUp,
            }
        }
        Replay::Possible(Box::new(search))
    }
}

/// When a completed operation returned; an open one never did.
fn returned(record: &Record) -> Mark {
    record.returned.as_ref().map_or(record.invoked, |&(mark, _)| mark)
}
