//! Linearizability: is there one order of all operations, compatible with real time, in which every
//! one of them returned what the object would have returned? (Herlihy & Wing 1990.)
//!
//! A history is linearizable if the history of each of its objects is (their theorem 1), so every
//! object has a search of its own. A [`Linearizer`] takes one event after the other, and can go
//! along with a run; a check of a finished history is a fold over it.

mod bound;
mod chains;
mod evidence;
mod explain;
mod finished;
mod foreseen;
mod grow_only;
mod judge;
mod log;
mod parts;
mod queues;
mod register;
mod search;
#[cfg(test)]
mod tests;
mod texts;
mod zones;

pub use bound::Stop;
pub use evidence::MinimalEvidence;
pub use judge::Object;

use super::Specification;
use bound::Bound;
use finished::{Finished, NEVER, Place, finished};
use foreseen::Foreseen;
use judge::{Claim, Judge};
use search::Step;
use simlab_core::history::{End, History, Mark, Record, events};
use simlab_core::{Call, OpId, Operation, Outcome, Seq, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What a check may use up. It is counted work and not time, so that a verdict never depends on the
/// machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many configurations the search for one object may make. An operation that overlaps no
    /// other needs two.
    pub configurations: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { configurations: 2_000_000 }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is such an order.
    Linearizable,
    /// There is none.
    NotLinearizable(FirstBreak),
    /// The check was not carried to its end.
    Unknown {
        /// What stopped it, in one sentence.
        why: String,
    },
}

/// The return that ends the shortest prefix of the history which is not linearizable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstBreak {
    /// The operation that returned.
    pub op: OpId,
    /// The record of its return.
    pub seq: Seq,
    /// When it returned.
    pub at: Time,
    /// Its object.
    pub object: String,
    /// Why no order fits any more, in one sentence.
    pub why: String,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Linearizable => f.write_str("linearizable"),
            Verdict::NotLinearizable(first) => write!(f, "not linearizable: {first}"),
            Verdict::Unknown { why } => write!(f, "unknown: {why}"),
        }
    }
}

impl fmt::Display for FirstBreak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {} s on {} ({}): {}", self.at, self.object, self.seq, self.why)
    }
}

/// Judges a history as it grows. It remembers the operations that are open or pending, and nothing
/// of those that are over.
#[derive(Clone, Debug)]
pub struct Linearizer {
    limits: Limits,
    stop: Option<Stop>,
    declared: BTreeMap<String, Object>,
    others: Option<Object>,
    undeclared: BTreeSet<String>,
    objects: BTreeMap<String, Judged>,
    open: BTreeMap<OpId, String>,
}

#[derive(Clone, Debug)]
struct Judged {
    judge: Box<dyn Judge>,
    /// Whether there is nothing more to find out.
    over: bool,
    /// The object as it was declared, for the explanation.
    object: Object,
    broken: Option<(OpId, Mark)>,
    /// What a test of the finished history said cannot all be true.
    hint: Option<Vec<OpId>>,
}

impl Judged {
    const fn is_exhausted(&self) -> bool {
        self.over && self.broken.is_none()
    }
}

impl Linearizer {
    /// A judge who knows no object yet.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Linearizer {
            limits,
            stop: None,
            declared: BTreeMap::new(),
            others: None,
            undeclared: BTreeSet::new(),
            objects: BTreeMap::new(),
            open: BTreeMap::new(),
        }
    }

    /// Gives up when `stop` says so: the verdict is then unknown, unless something was seen to break.
    pub fn stop_when(&mut self, stop: Stop) {
        self.stop = Some(stop);
    }

    fn bound(&self) -> Bound {
        Bound { configurations: self.limits.configurations, stop: self.stop.clone() }
    }

    /// Says how the object `name` behaves; to be said before the first operation on it.
    pub fn declare(&mut self, name: &str, object: Object) {
        self.declared.insert(name.to_owned(), object);
    }

    /// Says how all objects behave that are not declared by name. If nothing is said, an operation
    /// on one of them makes the verdict unknown.
    pub fn declare_others(&mut self, object: Object) {
        self.others = Some(object);
    }

    /// An operation begins.
    pub fn invoke(&mut self, op: OpId, operation: &Operation) {
        self.begin(op, operation, &Foreseen::Nothing, None);
    }

    fn begin(&mut self, op: OpId, operation: &Operation, foreseen: &Foreseen, mark: Option<Mark>) {
        let name = &operation.object;
        if !self.objects.contains_key(name) {
            let Some(object) = self.declared.get(name).or(self.others.as_ref()) else {
                self.undeclared.insert(name.clone());
                return;
            };
            let judge = object.judge(self.bound());
            let (over, object) = (false, object.clone());
            let judged = Judged { judge, over, object, broken: None, hint: None };
            self.objects.insert(name.clone(), judged);
        }
        if let Some(judged) = self.objects.get_mut(name).filter(|judged| !judged.over) {
            let step = judged.judge.invoke(op, &operation.call, foreseen);
            judged.over = step != Step::Fine;
            if step == Step::Broken {
                // A judge who has only now begun to search has seen what returns later.
                judged.broken = mark.map(|mark| (op, mark));
            }
            self.open.insert(op, name.clone());
        }
    }

    /// An operation ends. Its client crashed, say: then nobody will ever know, and
    /// [`Outcome::Unknown`] may be said at once.
    pub fn complete(&mut self, op: OpId, outcome: &Outcome, mark: Mark) {
        let Some(name) = self.open.remove(&op) else { return };
        let Some(judged) = self.objects.get_mut(&name) else { return };
        if judged.over {
            return;
        }
        let step = judged.judge.complete(op, outcome);
        if step == Step::Broken {
            judged.broken = Some((op, mark));
        }
        judged.over = step != Step::Fine;
    }

    /// Whether an object was seen to break; the verdict says which and why.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.objects.values().any(|judged| judged.broken.is_some())
    }

    /// How many configurations the searches made so far.
    #[must_use]
    pub fn work(&self) -> u64 {
        self.objects.values().map(|judged| judged.judge.work()).sum()
    }

    /// Takes in a whole history. What operations return, and which are never answered, is known in
    /// advance then, which spares work and changes neither the verdict nor the first break.
    pub fn read(&mut self, history: &History) {
        self.take(&history.records().iter().collect::<Vec<_>>());
    }

    /// Judges a finished history, after which nothing may come. The answers are those of
    /// [`Linearizer::read`], but objects for which there is a test in polynomial time need no search.
    pub fn finish(&mut self, history: &History) {
        let mut by_object: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
        for record in history.records() {
            by_object.entry(record.operation.object.as_str()).or_default().push(record);
        }
        for (name, records) in by_object {
            if !self.test(name, &records) {
                self.take(&records);
            }
        }
    }

    /// Judges an object by a test in polynomial time, if there is one that is better than going along.
    fn test(&mut self, name: &str, records: &[&Record]) -> bool {
        let declared = self.declared.get(name).or(self.others.as_ref());
        let Some((object, test)) = declared.and_then(|object| Some((object, object.polynomial()?)))
        else {
            return false;
        };
        let zones = |record: &&Record| matches!(record.operation.call, Call::Read | Call::Write(_));
        if records.iter().all(zones) {
            return false;
        }
        let (broken, hint) = match finished(test, records) {
            None => return false,
            Some(Finished::Possible) => (None, None),
            Some(Finished::Broken(op, mark, hint)) => (Some((op, mark)), Some(hint)),
        };
        let judge = object.judge(self.bound());
        let judged = Judged { judge, over: broken.is_some(), object: object.clone(), broken, hint };
        self.objects.insert(name.to_owned(), judged);
        true
    }

    /// Takes in all of a finished history, of some objects.
    fn take(&mut self, records: &[&Record]) {
        self.go(records, NEVER);
        // Where it broke is known, if that made use of what returned later, for the prefixes up to there
        // alone: those are possible. So now only what returns up to there is foreseen.
        let mut by_object: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
        for record in records {
            by_object.entry(record.operation.object.as_str()).or_default().push(record);
        }
        for (name, records) in by_object {
            let judged = self.objects.get(name).filter(|judged| judged.judge.foresees());
            if let Some((_, mark)) = judged.and_then(|judged| judged.broken) {
                self.objects.remove(name);
                self.go(&records, mark.seq.get());
            }
        }
    }

    /// Takes in all of a finished history, of which it is certain what returns up to `horizon`.
    fn go(&mut self, records: &[&Record], horizon: Place) {
        for (mark, end, record) in events(records.iter().copied()) {
            match (end, &record.returned) {
                (End::Invoked, _) => {
                    let foreseen = Foreseen::of(record, horizon);
                    self.begin(record.op, &record.operation, &foreseen, Some(mark));
                    if record.pending() {
                        self.complete(record.op, &Outcome::Unknown(String::new()), mark);
                    }
                }
                (End::Returned, Some((_, outcome))) => self.complete(record.op, outcome, mark),
                (End::Returned, None) => {}
            }
        }
    }

    /// The object that broke first, and where.
    fn first_break(&self) -> Option<(Mark, OpId, &str, &Judged)> {
        let broken = self.objects.iter().filter_map(|(name, judged)| {
            let (op, mark) = judged.broken?;
            Some((mark, op, name.as_str(), judged))
        });
        broken.min_by_key(|&(mark, ..)| mark)
    }

    /// Operations of `history`, which is that of the events taken in, that cannot all be true; `None` if
    /// nothing was seen to break.
    #[must_use]
    pub fn evidence(&self, history: &History) -> Option<MinimalEvidence> {
        let (_, op, name, judged) = self.first_break()?;
        let records: Vec<&Record> = history.on(name).collect();
        let hint = judged.judge.conflict().map(|conflict| conflict.evidence(&records));
        let hint = hint.or_else(|| judged.hint.clone());
        Some(evidence::minimal(&judged.object, &records, op, hint, &self.bound()))
    }

    /// For each object of a finished history an order in which its operations can have taken effect, each between
    /// its invocation and its return, with what they returned: a witness that it is linearizable. Objects
    /// for which none is found are left out.
    #[must_use]
    pub fn witness(&self, history: &History) -> BTreeMap<String, Vec<OpId>> {
        let mut orders = BTreeMap::new();
        for name in history.objects() {
            let Some(object) = self.declared.get(name).or(self.others.as_ref()) else { continue };
            // With few possibilities at a time one is mostly found, and at once.
            let found = [BEAM, usize::MAX].into_iter().find_map(|width| {
                let mut linearizer = Linearizer::new(self.limits);
                linearizer.declare(name, object.clone());
                let mut judge = object.judge(self.bound());
                judge.narrow(width);
                judge.keep_trail();
                let (over, object) = (false, object.clone());
                let judged = Judged { judge, over, object, broken: None, hint: None };
                linearizer.objects.insert(name.to_owned(), judged);
                linearizer.go(&history.on(name).collect::<Vec<_>>(), NEVER);
                let judged = linearizer.objects.get(name)?;
                if judged.over { None } else { judged.judge.order() }
            });
            orders.extend(found.map(|order| (name.to_owned(), order)));
        }
        orders
    }

    /// The verdict so far. `history` is that of the events taken in; it is asked for the reasons of
    /// a break. If one object broke and the search on another was given up, the break is that of
    /// the one that is known to have broken.
    #[must_use]
    pub fn verdict(&self, history: &History) -> Verdict {
        if let Some((mark, op, name, judged)) = self.first_break() {
            let records: Vec<&Record> = history.on(name).collect();
            let broken = records.iter().find(|record| record.op == op);
            let why = broken.map_or_else(String::new, |broken| {
                let claim = Claim { records: &records, broken, end: mark };
                judged.explain(&claim, &self.bound().at_most(EXPLAINED))
            });
            let (seq, at, object) = (mark.seq, mark.at, name.to_owned());
            return Verdict::NotLinearizable(FirstBreak { op, seq, at, object, why });
        }
        let exhausted = |(_, judged): &(&String, &Judged)| judged.is_exhausted();
        if let Some((name, judged)) = self.objects.iter().find(exhausted) {
            let (made, limit) = (judged.judge.work(), self.limits.configurations);
            let why = if self.bound().stopped() {
                format!("the search on {name} was given up when its time was over")
            } else if made <= limit {
                format!("the search on {name} would have taken too much memory and was stopped")
            } else {
                format!("the search on {name} made {limit} configurations and was stopped")
            };
            return Verdict::Unknown { why };
        }
        match self.undeclared.first() {
            None => Verdict::Linearizable,
            Some(name) => {
                Verdict::Unknown { why: format!("nothing says what kind of object {name} is") }
            }
        }
    }
}

/// So many possibilities are followed up at a time where any witness will do.
const BEAM: usize = 64;

/// How many configurations each search for a reason may make.
const EXPLAINED: u64 = 200_000;

impl Judged {
    /// Why a return cannot be, in one sentence.
    fn explain(&self, claim: &Claim<'_>, bound: &Bound) -> String {
        let explained = self.judge.explain(claim, bound);
        let conflict = || self.judge.conflict().map(|conflict| conflict.sentence(claim));
        explained.or_else(conflict).unwrap_or_else(|| claim.refusal())
    }
}

/// Judges all operations on the object `name` of a finished history.
#[must_use]
pub fn check(history: &History, name: &str, object: &Object, limits: Limits) -> Verdict {
    let mut linearizer = Linearizer::new(limits);
    linearizer.declare(name, object.clone());
    let records: Vec<&Record> = history.on(name).collect();
    if !linearizer.test(name, &records) {
        linearizer.take(&records);
    }
    linearizer.verdict(history)
}

/// Judges all operations on the object `name` of a finished history by a specification, which may
/// be one of the user's own.
#[must_use]
pub fn linearizable<S>(history: &History, name: &str, spec: S, limits: Limits) -> Verdict
where
    S: Specification + Clone + Send + Sync + 'static,
    S::State: Send + Sync,
{
    check(history, name, &Object::new(spec), limits)
}
