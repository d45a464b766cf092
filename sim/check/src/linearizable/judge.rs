//! The search behind a trait object, so that objects of different kinds can be judged side by side.

use super::explain::Explanation;
use super::search::{Search, Step};
use crate::Specification;
use simlab_core::history::{Mark, Record};
use simlab_core::{Call, OpId, Outcome, Value};
use std::fmt;

/// How one object behaves: a specification with its initial value, whatever its type.
#[derive(Clone, Debug)]
pub struct Object {
    prototype: Box<dyn Judge>,
}

impl Object {
    /// An object that behaves as `spec` says.
    #[must_use]
    pub fn new<S>(spec: S) -> Self
    where
        S: Specification + Clone + Send + Sync + 'static,
        S::State: Send + Sync,
    {
        Object { prototype: Box::new(Search::new(spec, 0)) }
    }

    /// A search on this object that has seen nothing.
    pub(super) fn judge(&self, bound: u64) -> Box<dyn Judge> {
        self.prototype.fresh(bound)
    }
}

/// One object's search, whatever its specification.
pub(super) trait Judge: Send + Sync {
    /// A search that has seen nothing, with this bound.
    fn fresh(&self, bound: u64) -> Box<dyn Judge>;
    /// A copy that goes on independently.
    fn fork(&self) -> Box<dyn Judge>;
    /// An operation begins; `wanted` is what it will return, if that is known already.
    fn invoke(&mut self, op: OpId, call: &Call, wanted: Option<&Value>);
    /// An operation ends.
    fn complete(&mut self, op: OpId, outcome: &Outcome) -> Step;
    /// The configurations made so far.
    fn work(&self) -> u64;
    /// Why the return of `op` at `end` cannot be; `records` are the operations on the object.
    fn explain(&self, records: &[&Record], op: OpId, end: Mark) -> String;
}

impl<S> Judge for Search<S>
where
    S: Specification + Clone + Send + Sync + 'static,
    S::State: Send + Sync,
{
    fn fresh(&self, bound: u64) -> Box<dyn Judge> {
        Box::new(Search::new(self.spec().clone(), bound))
    }
    fn fork(&self) -> Box<dyn Judge> {
        Box::new(self.clone())
    }
    fn invoke(&mut self, op: OpId, call: &Call, wanted: Option<&Value>) {
        Search::invoke(self, op, call, wanted);
    }
    fn complete(&mut self, op: OpId, outcome: &Outcome) -> Step {
        Search::complete(self, op, outcome)
    }
    fn work(&self) -> u64 {
        Search::work(self)
    }
    fn explain(&self, records: &[&Record], op: OpId, end: Mark) -> String {
        let broken = records.iter().find(|record| record.op == op);
        broken.map_or_else(String::new, |broken| {
            Explanation::new(self.spec(), self.bound(), records, broken, end).sentence()
        })
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
