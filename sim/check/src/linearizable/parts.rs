//! Objects that consist of parts which have nothing to do with each other, as the elements of a set: each is
//! judged on its own.
//!
//! That is Herlihy and Wing's theorem 1 once more: a history is linearizable if that of each part is. A call
//! that concerns all parts, such as a read of the whole set, ends it: then the search judges all of it.
//!
//! A set from which nothing is taken out needs neither, read as a whole or not (see `grow_only`); the first
//! removal ends that.

use super::bound::Bound;
use super::foreseen::Foreseen;
use super::grow_only::GrowOnly;
use super::judge::{Claim, Judge};
use super::log::Log;
use super::search::{Search, Step};
use super::zones::Conflict;
use crate::Specification;
use simlab_core::history::Record;
use simlab_core::{Call, OpId, Outcome, Value};
use std::collections::BTreeMap;

/// A judge of an object whose calls mostly concern one part each.
#[derive(Clone, Debug)]
pub(super) struct PartsJudge<S: Specification> {
    spec: S,
    bound: Bound,
    width: usize,
    trail: bool,
    /// What happened, for another way to begin with if it has to; nothing once there is none.
    log: Log,
    by: By<S>,
}

#[derive(Clone, Debug)]
enum By<S: Specification> {
    GrowOnly(Box<GrowOnly>),
    Parts(Parts<S>),
    Whole(Box<Search<S>>),
}

#[derive(Clone, Debug)]
struct Parts<S: Specification> {
    searches: BTreeMap<Value, Search<S>>,
    /// Which part an operation concerns, and where it began in the order of events.
    concerns: BTreeMap<OpId, (Value, usize)>,
    work: u64,
}

impl<S: Specification> Parts<S> {
    const fn new() -> Self {
        Parts { searches: BTreeMap::new(), concerns: BTreeMap::new(), work: 0 }
    }
}

impl<S> PartsJudge<S>
where
    S: Specification + Clone + Send + Sync + 'static,
    S::State: Send + Sync,
{
    pub(super) fn new(spec: S, bound: Bound) -> Self {
        let by = if spec.is_set() { By::GrowOnly(Box::default()) } else { By::Parts(Parts::new()) };
        PartsJudge { spec, bound, width: usize::MAX, trail: false, log: Log::default(), by }
    }

    fn search(&self) -> Search<S> {
        let mut search = Search::new(self.spec.clone(), self.bound.clone());
        search.narrow(self.width);
        if self.trail {
            search.keep_trail();
        }
        search
    }

    /// Begins again in another way.
    fn again(&mut self, by: By<S>) -> Step {
        self.by = by;
        std::mem::take(&mut self.log).replay(self)
    }

    /// Lets the search of the part that a call concerns take part; or that of the whole.
    fn on_part(
        &mut self,
        op: OpId,
        call: &Call,
        then: impl FnOnce(&mut Search<S>) -> Step,
    ) -> Step {
        let fresh = self.search();
        let at = self.log.len();
        let parts = match &mut self.by {
            By::Whole(search) => return then(search),
            By::Parts(parts) => parts,
            By::GrowOnly(_) => return Step::Fine,
        };
        // What the object cannot do concerns no part, and is found out by the whole.
        let Some(part) = self.spec.part(call) else {
            return self.again(By::Whole(Box::new(fresh)));
        };
        parts.concerns.insert(op, (part.clone(), at));
        let search = parts.searches.entry(part.clone()).or_insert(fresh);
        let before = search.work();
        let step = then(search);
        parts.work += search.work() - before;
        step
    }
}

impl<S> Judge for PartsJudge<S>
where
    S: Specification + Clone + Send + Sync + 'static,
    S::State: Send + Sync,
{
    fn fresh(&self, bound: Bound) -> Box<dyn Judge> {
        Box::new(PartsJudge::new(self.spec.clone(), bound))
    }

    fn general(&self) -> Box<dyn Judge> {
        Box::new(Search::new(self.spec.clone(), 0.into()))
    }

    fn fork(&self) -> Box<dyn Judge> {
        Box::new(self.clone())
    }

    fn invoke(&mut self, op: OpId, call: &Call, foreseen: &Foreseen) -> Step {
        if !matches!(self.by, By::Whole(_)) {
            self.log.invoked(op, call, foreseen);
        }
        if let By::GrowOnly(set) = &mut self.by {
            let grows = set.invoke(op, call);
            return if grows { Step::Fine } else { self.again(By::Parts(Parts::new())) };
        }
        self.on_part(op, call, |search| search.invoke(op, call, foreseen))
    }

    fn complete(&mut self, op: OpId, outcome: &Outcome) -> Step {
        if !matches!(self.by, By::Whole(_)) {
            self.log.completed(op, outcome);
        }
        let parts = match &mut self.by {
            By::Whole(search) => return search.complete(op, outcome),
            By::GrowOnly(set) => {
                return if set.complete(op, outcome) { Step::Fine } else { Step::Broken };
            }
            By::Parts(parts) => parts,
        };
        let part = parts.concerns.get(&op).map(|(part, _)| part);
        let Some(search) = part.and_then(|part| parts.searches.get_mut(part)) else {
            return Step::Fine;
        };
        let before = search.work();
        let step = search.complete(op, outcome);
        parts.work += search.work() - before;
        if step == Step::Fine && parts.work > self.bound.configurations {
            Step::Exhausted
        } else {
            step
        }
    }

    fn free(&mut self, op: OpId, call: &Call, endless: bool) -> Step {
        if !matches!(self.by, By::Whole(_)) {
            self.log.freed(op, call, endless);
        }
        if let By::GrowOnly(set) = &mut self.by {
            let grows = set.free(op, call);
            return if grows { Step::Fine } else { self.again(By::Parts(Parts::new())) };
        }
        self.on_part(op, call, |search| search.free(op, call, endless))
    }

    fn knows_endless(&self) -> bool {
        false
    }

    fn narrow(&mut self, width: usize) {
        self.width = width;
    }

    fn keep_trail(&mut self) {
        self.trail = true;
        if let By::GrowOnly(set) = &mut self.by {
            set.keep_trail();
        }
    }

    /// The orders of the parts in one: each operation at the first moment that it can have.
    fn order(&self) -> Option<Vec<OpId>> {
        let parts = match &self.by {
            By::Whole(search) => return search.order(),
            By::GrowOnly(set) => return set.order(),
            By::Parts(parts) => parts,
        };
        let mut all = Vec::new();
        for search in parts.searches.values() {
            let mut moment = 0;
            for op in search.order()? {
                let began = parts.concerns.get(&op).map_or(0, |(_, at)| *at);
                moment = moment.max(began);
                all.push((moment, op));
            }
        }
        // Those of one part stay in their order.
        all.sort_by_key(|(moment, _)| *moment);
        Some(all.into_iter().map(|(_, op)| op).collect())
    }

    fn foresees(&self) -> bool {
        !matches!(self.by, By::GrowOnly(_))
    }

    fn work(&self) -> u64 {
        match &self.by {
            By::Whole(search) => search.work(),
            By::Parts(parts) => parts.work,
            By::GrowOnly(_) => 0,
        }
    }

    fn conflict(&self) -> Option<&Conflict> {
        match &self.by {
            By::GrowOnly(set) => set.conflict(),
            By::Parts(_) | By::Whole(_) => None,
        }
    }

    fn explain(&self, claim: &Claim<'_>, bound: &Bound) -> Option<String> {
        let call = &claim.broken.operation.call;
        match &self.by {
            By::GrowOnly(set) if self.spec.accepts(call) => return set.sentence(claim),
            By::GrowOnly(_) | By::Whole(_) => return claim.explained_by(&self.spec, bound),
            By::Parts(_) => {}
        }
        let part = self.spec.part(call);
        let same = |record: &&Record| self.spec.part(&record.operation.call) == part;
        let records: Vec<&Record> = claim.records.iter().copied().filter(same).collect();
        Claim { records: &records, ..*claim }.explained_by(&self.spec, bound)
    }
}
