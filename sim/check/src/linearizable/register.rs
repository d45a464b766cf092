//! A register is judged by its zones for as long as no value is written twice, and by the search from then
//! on.

use super::bound::Bound;
use super::judge::{Claim, Judge};
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
        log: Vec<Logged>,
    },
    Search(Search<S>),
}

#[derive(Clone, Debug)]
enum Logged {
    Invoked(OpId, Call, Option<Value>),
    Completed(OpId, Outcome),
    Free(OpId, Call, bool),
}

impl<S: Specification + Clone> RegisterJudge<S> {
    pub(super) fn new(spec: S, initial: Value, bound: Bound) -> Self {
        let by = By::Zones { zones: Zones::new(&initial), log: Vec::new() };
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
            By::Search(_) => Vec::new(),
        };
        let mut step = Step::Fine;
        for logged in log {
            match logged {
                Logged::Invoked(op, call, wanted) => search.invoke(op, &call, wanted.as_ref()),
                Logged::Completed(op, outcome) => step = search.complete(op, &outcome),
                Logged::Free(op, call, endless) => step = search.free(op, &call, endless),
            }
            if step != Step::Fine {
                break;
            }
        }
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

    fn fork(&self) -> Box<dyn Judge> {
        Box::new(self.clone())
    }

    fn invoke(&mut self, op: OpId, call: &Call, wanted: Option<&Value>) -> Step {
        match &mut self.by {
            By::Search(search) => search.invoke(op, call, wanted),
            By::Zones { zones, log } => {
                log.push(Logged::Invoked(op, call.clone(), wanted.cloned()));
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
                log.push(Logged::Completed(op, outcome.clone()));
                if zones.complete(op, outcome) { Step::Fine } else { Step::Broken }
            }
        }
    }

    fn free(&mut self, op: OpId, call: &Call, endless: bool) -> Step {
        match &mut self.by {
            By::Search(search) => return search.free(op, call, endless),
            By::Zones { zones, log } => {
                log.push(Logged::Free(op, call.clone(), endless));
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
        let mut reads = BTreeMap::new();
        for logged in log {
            if let Logged::Completed(op, Outcome::Done(value)) = logged {
                reads.insert(*op, value);
            }
        }
        for logged in log {
            let (op, value) = match logged {
                Logged::Invoked(op, Call::Write(value), _) => (op, Some(value)),
                Logged::Invoked(op, Call::Read, _) => (op, reads.get(op).copied()),
                _ => continue,
            };
            let at = value.map(|value| by_value.entry(value).or_default());
            if let Some(at) = at {
                // A write comes before all that read it.
                let write = matches!(logged, Logged::Invoked(_, Call::Write(_), _));
                at.insert(if write { 0 } else { at.len() }, *op);
            }
        }
        let of_value = |value: &Value| by_value.get(value).cloned().unwrap_or_default();
        Some(zones.order().into_iter().flat_map(of_value).collect())
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
