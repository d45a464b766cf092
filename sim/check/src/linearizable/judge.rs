//! What judges one object, behind a trait object, so that objects of different kinds can be judged side by
//! side.

use super::bound::Bound;
use super::explain::Explanation;
use super::finished::{Polynomial, polynomial};
use super::foreseen::Foreseen;
use super::parts::PartsJudge;
use super::register::RegisterJudge;
use super::search::{Search, Step};
use super::zones::Conflict;
use crate::{Specification, words};
use simlab_core::history::{Mark, Record};
use simlab_core::{Call, OpId, Outcome};
use std::fmt;
use std::sync::Arc;

/// How one object behaves: a specification with its initial value, whatever its type.
#[derive(Clone, Debug)]
pub struct Object {
    prototype: Box<dyn Judge>,
    polynomial: Option<Arc<dyn Polynomial>>,
}

impl Object {
    /// An object that behaves as `spec` says.
    #[must_use]
    pub fn new<S>(spec: S) -> Self
    where
        S: Specification + Clone + Send + Sync + 'static,
        S::State: Send + Sync,
    {
        let prototype: Box<dyn Judge> = match spec.register() {
            Some(initial) => Box::new(RegisterJudge::new(spec.clone(), initial.clone(), 0.into())),
            None if spec.has_parts() => Box::new(PartsJudge::new(spec.clone(), 0.into())),
            None => Box::new(Search::new(spec.clone(), 0.into())),
        };
        Object { prototype, polynomial: polynomial(&spec) }
    }

    /// The same, judged by the general search alone, even where a faster way is known.
    #[must_use]
    pub fn searched(&self) -> Self {
        Object { prototype: self.prototype.general(), polynomial: None }
    }

    /// The test for finished histories, if there is one.
    pub(super) fn polynomial(&self) -> Option<&dyn Polynomial> {
        self.polynomial.as_deref()
    }

    /// A judge of this object that has seen nothing.
    pub(super) fn judge(&self, bound: Bound) -> Box<dyn Judge> {
        self.prototype.fresh(bound)
    }
}

/// What is to be explained: that the return of an operation cannot be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim<'a> {
    /// The operations on the object.
    pub(super) records: &'a [&'a Record],
    /// The one that returned.
    pub(super) broken: &'a Record,
    /// Where it returned.
    pub(super) end: Mark,
}

impl Claim<'_> {
    /// Why the value of zone `one` of a conflict comes before that of the other: "cas 1 2 had returned
    /// 3 ms before read began".
    pub(super) fn before(&self, conflict: &Conflict, one: usize) -> String {
        let Conflict::Both { zones } = conflict else { return String::new() };
        let find = |op: Option<OpId>| self.records.iter().find(|record| Some(record.op) == op);
        let returned = |record: &Record| record.returned.as_ref().map(|(mark, _)| mark.at);
        let first = find(zones[one].first);
        match (first.and_then(|first| Some((first, returned(first)?))), find(zones[1 - one].last)) {
            (Some((first, at)), Some(last)) => {
                let ago = words::ago(last.invoked.at.since(at));
                let (first, last) = (words::named(first), words::named(last));
                format!("{first} had returned {ago}before {last} began")
            }
            _ => "it was there at first".to_owned(),
        }
    }

    /// What can be said in any case.
    pub(super) fn refusal(&self) -> String {
        let call = &self.broken.operation.call;
        match self.broken.result() {
            Some(result) => {
                format!(
                    "{call} returned {result}, but no order of the completed operations allows that"
                )
            }
            None => format!(
                "{call} was reported as not done, but no order of the completed operations does \
                 without it"
            ),
        }
    }

    /// The explanation that searches find, if they make no more than `bound` configurations each.
    pub(super) fn explained_by<S>(&self, spec: &S, bound: &Bound) -> Option<String>
    where
        S: Specification + Clone,
    {
        let &Claim { records, broken, end } = self;
        Explanation::new(spec, bound, records, broken, end).sentence()
    }
}

/// Judges one object as its history grows.
pub(super) trait Judge: Send + Sync {
    /// One that has seen nothing, with this bound.
    fn fresh(&self, bound: Bound) -> Box<dyn Judge>;
    /// One that has seen nothing and knows nothing better than the search.
    fn general(&self) -> Box<dyn Judge>;
    /// A copy that goes on independently.
    fn fork(&self) -> Box<dyn Judge>;
    /// An operation begins.
    fn invoke(&mut self, op: OpId, call: &Call, foreseen: &Foreseen) -> Step;
    /// An operation ends.
    fn complete(&mut self, op: OpId, outcome: &Outcome) -> Step;
    /// An operation of which nothing is known: from now on it may take effect, once, and return anything. If it
    /// is `endless` it may do so any number of times, where that spares work.
    fn free(&mut self, op: OpId, call: &Call, endless: bool) -> Step;
    /// Whether it makes a difference that something is endless.
    fn knows_endless(&self) -> bool;
    /// Follows up only so many possibilities at a time, if it follows up many.
    fn narrow(&mut self, width: usize);
    /// Remembers what it takes to tell an order; to be said before anything happens.
    fn keep_trail(&mut self);
    /// An order of all that took effect, if one is possible and it can tell.
    fn order(&self) -> Option<Vec<OpId>>;
    /// Whether it has made use of what was foreseen.
    fn foresees(&self) -> bool;
    /// The configurations made so far.
    fn work(&self) -> u64;
    /// Why it broke, if that is known.
    fn conflict(&self) -> Option<&Conflict>;
    /// Why a return cannot be, in one sentence; `None` if the bound was hit.
    fn explain(&self, claim: &Claim<'_>, bound: &Bound) -> Option<String>;
}

impl<S> Judge for Search<S>
where
    S: Specification + Clone + Send + Sync + 'static,
    S::State: Send + Sync,
{
    fn fresh(&self, bound: Bound) -> Box<dyn Judge> {
        Box::new(Search::new(self.spec().clone(), bound))
    }
    fn general(&self) -> Box<dyn Judge> {
        self.fresh(0.into())
    }
    fn fork(&self) -> Box<dyn Judge> {
        Box::new(self.clone())
    }
    fn invoke(&mut self, op: OpId, call: &Call, foreseen: &Foreseen) -> Step {
        Search::invoke(self, op, call, foreseen)
    }
    fn complete(&mut self, op: OpId, outcome: &Outcome) -> Step {
        Search::complete(self, op, outcome)
    }
    fn free(&mut self, op: OpId, call: &Call, endless: bool) -> Step {
        Search::free(self, op, call, endless)
    }
    fn knows_endless(&self) -> bool {
        self.spec().register().is_some()
    }
    fn narrow(&mut self, width: usize) {
        Search::narrow(self, width);
    }
    fn keep_trail(&mut self) {
        Search::keep_trail(self);
    }
    fn order(&self) -> Option<Vec<OpId>> {
        Search::order(self)
    }
    fn foresees(&self) -> bool {
        true
    }
    fn work(&self) -> u64 {
        Search::work(self)
    }
    fn conflict(&self) -> Option<&Conflict> {
        None
    }
    fn explain(&self, claim: &Claim<'_>, bound: &Bound) -> Option<String> {
        claim.explained_by(self.spec(), bound)
    }
}

impl Clone for Box<dyn Judge> {
    fn clone(&self) -> Self {
        self.fork()
    }
}

impl fmt::Debug for dyn Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judge").field("work", &self.work()).finish_non_exhaustive()
    }
}
