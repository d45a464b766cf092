//! A register is judged by its zones for as long as no value is written twice, and by the search from then
//! on.

use super::bound::Bound;
use super::foreseen::Foreseen;
use super::judge::{Claim, Judge};
use super::log::Log;
use super::search::{Search, Step};
use super::zones::{Conflict, Zones};
use crate::Specification;
use simlab_core::{Call, OpId, Outcome, Value};
use std::collections::BTreeMap;

/// The zones have a reason at hand, so that a search for a better one must be short.
const EXPLAINED: u64 = 10_000;

/// An object that has the calls of a register, and is one as long as no others are made.
#[derive(Clone, Debug)]
pub(super) struct RegisterJudge<S: Specification> {
    spec: S,
    initial: Value,
    bound: Bound,
    /// How many possibilities a search follows up at a time.
    width: usize,
    /// Whether a search is to remember how it went.
    trail: bool,
    by: By<S>,
}

#[derive(Clone, Debug)]
enum By<S: Specification> {
    Zones {
        zones: Zones,
        /// What happened, for the search to begin with if it has to.
        log: Log,
    },
    Search(Search<S>),
}

impl<S> RegisterJudge<S>
where
    S: Specification + Clone + Send + Sync + 'static,
    S::State: Send + Sync,
{
    pub(super) fn new(spec: S, initial: Value, bound: Bound) -> Self {
        let by = By::Zones { zones: Zones::new(&initial), log: Log::default() };
        RegisterJudge { spec, initial, bound, width: usize::MAX, trail: false, by }
    }

    /// Begins again with the search.
    fn search(&mut self) -> Step {
        let mut search = Search::new(self.spec.clone(), self.bound.clone());
        search.narrow(self.width);
        if self.trail {
            search.keep_trail();
        }
        let log = match &mut self.by {
            By::Zones { log, .. } => std::mem::take(log),
            By::Search(_) => Log::default(),
        };
        let step = log.replay(&mut search);
        self.by = By::Search(search);
        step
    }
}

impl<S> Judge for RegisterJudge<S>
where
    S: Specification + Clone + Send + Sync + 'static,
    S::State: Send + Sync,
{
    fn fresh(&self, bound: Bound) -> Box<dyn Judge> {
        Box::new(RegisterJudge::new(self.spec.clone(), self.initial.clone(), bound))
    }

    fn general(&self) -> Box<dyn Judge> {
        Box::new(Search::new(self.spec.clone(), 0.into()))
    }

    fn fork(&self) -> Box<dyn Judge> {
        Box::new(self.clone())
    }

    fn invoke(&mut self, op: OpId, call: &Call, foreseen: &Foreseen) -> Step {
        match &mut self.by {
            By::Search(search) => return search.invoke(op, call, foreseen),
            By::Zones { zones, log } => {
                log.invoked(op, call, foreseen);
                if !zones.invoke(op, call) {
                    return self.search();
                }
            }
        }
        Step::Fine
    }

    fn complete(&mut self, op: OpId, outcome: &Outcome) -> Step {
        match &mut self.by {
            By::Search(search) => search.complete(op, outcome),
            By::Zones { zones, log } => {
                log.completed(op, outcome);
                if zones.complete(op, outcome) { Step::Fine } else { Step::Broken }
            }
        }
    }

    fn free(&mut self, op: OpId, call: &Call, endless: bool) -> Step {
        match &mut self.by {
            By::Search(search) => return search.free(op, call, endless),
            By::Zones { zones, log } => {
                log.freed(op, call, endless);
                if !zones.invoke(op, call) {
                    return self.search();
                }
                zones.complete(op, &Outcome::Unknown(String::new()));
            }
        }
        Step::Fine
    }

    fn knows_endless(&self) -> bool {
        true
    }

    fn narrow(&mut self, width: usize) {
        self.width = width;
        if let By::Search(search) = &mut self.by {
            search.narrow(width);
        }
    }

    fn keep_trail(&mut self) {
        self.trail = true;
    }

    fn order(&self) -> Option<Vec<OpId>> {
        let (zones, log) = match &self.by {
            By::Search(search) => return search.order(),
            By::Zones { zones, log } => (zones, log),
        };
        // What was written or read, with who did, in the order of invocation.
        let mut by_value: BTreeMap<&Value, Vec<OpId>> = BTreeMap::new();
        let results = log.results();
        for (op, call) in log.calls() {
            let (value, write) = match call {
                Call::Write(value) => (Some(value), true),
                Call::Read => (results.get(&op).copied(), false),
                _ => continue,
            };
            if let Some(at) = value.map(|value| by_value.entry(value).or_default()) {
                // A write comes before all that read it.
                at.insert(if write { 0 } else { at.len() }, op);
            }
        }
        let of_value = |value: &Value| by_value.get(value).cloned().unwrap_or_default();
        Some(zones.order().into_iter().flat_map(of_value).collect())
    }

    fn foresees(&self) -> bool {
        matches!(self.by, By::Search(_))
    }

    fn work(&self) -> u64 {
        match &self.by {
            By::Search(search) => search.work(),
            By::Zones { .. } => 0,
        }
    }

    fn conflict(&self) -> Option<&Conflict> {
        match &self.by {
            By::Zones { zones, .. } => zones.conflict(),
            By::Search(_) => None,
        }
    }

    fn explain(&self, claim: &Claim<'_>, bound: &Bound) -> Option<String> {
        let known = self.conflict().is_some();
        let bound = bound.at_most(if known { EXPLAINED } else { u64::MAX });
        claim.explained_by(&self.spec, &bound)
    }
}
