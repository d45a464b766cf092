//! Minimal evidence: operations that cannot all be true, whatever all the others did.
//!
//! A set S of operations is evidence if the history stays impossible even if every operation outside S may
//! take effect at any time, or never, and return anything. It is minimal if none of S can be left out.

use super::bound::Bound;
use super::finished::{NEVER, Op, Tested};
use super::foreseen::Foreseen;
use super::judge::{Judge, Object};
use super::search::Step;
use simlab_core::history::{End, Record, events};
use simlab_core::{OpId, Outcome};
use std::collections::BTreeSet;

/// Operations that cannot all be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinimalEvidence {
    /// The operations, sorted.
    pub operations: Vec<OpId>,
    /// Whether each of them is known to be needed. If not, a search was given up on the way.
    pub minimal: bool,
}

/// So many configurations may be made to find out whether some operations are evidence.
const ASKED: u64 = 100_000;
/// So many possibilities are followed up where one is looked for that goes all the way.
const FEW: usize = 32;
/// So many in all; after that nothing more is left out.
const TOGETHER: u64 = 4_000_000;

/// Some operations of a history of one object, the rest of which is free.
struct Case<'a> {
    object: &'a Object,
    records: &'a [&'a Record],
    bound: &'a Bound,
    spent: u64,
    /// A search was given up.
    unsure: bool,
}

impl Case<'_> {
    /// Whether `some` are known to be impossible together. Where it is not found out they are not.
    ///
    /// Many free operations make many possibilities. So it is asked first whether `some` are impossible even
    /// if each of the others may take effect again and again, and then whether one of a few
    /// possibilities goes all the way.
    fn impossible(&mut self, some: &BTreeSet<OpId>) -> bool {
        if self.given_up() {
            return false;
        }
        if let Some(found) = self.tested(some) {
            return found;
        }
        let ways = [(true, usize::MAX, ASKED), (false, FEW, ASKED), (false, usize::MAX, ASKED)];
        for (endless, width, bound) in ways {
            let mut judge = self.object.judge(self.bound.at_most(bound));
            if endless && !judge.knows_endless() {
                continue;
            }
            judge.narrow(width);
            let step = self.replay(judge.as_mut(), some, endless);
            self.spent += judge.work() + some.len() as u64;
            match step {
                Step::Broken => return true,
                Step::Fine if !endless => return false,
                Step::Fine | Step::Exhausted => {}
            }
        }
        self.unsure = true;
        false
    }

    /// Whether nothing more is to be found out.
    fn given_up(&mut self) -> bool {
        let given_up = self.spent > TOGETHER || self.bound.stopped();
        self.unsure |= given_up;
        given_up
    }

    /// What the polynomial test says, if there is one for this.
    fn tested(&mut self, some: &BTreeSet<OpId>) -> Option<bool> {
        let test = self.object.polynomial()?;
        let ops = self.records.iter().filter_map(|record| {
            if some.contains(&record.op) { Op::at(record, NEVER) } else { Some(Op::free(record)) }
        });
        self.spent += self.records.len() as u64;
        match test.test(&ops.collect::<Vec<_>>()) {
            Tested::Possible => Some(false),
            Tested::Impossible(_) => Some(true),
            Tested::Unfit => None,
        }
    }

    fn replay(&self, judge: &mut dyn Judge, some: &BTreeSet<OpId>, endless: bool) -> Step {
        // Looks that nobody has to believe do nothing.
        let free = self
            .records
            .iter()
            .filter(|record| !some.contains(&record.op) && record.operation.call.writes());
        for record in free {
            let step = judge.free(record.op, &record.operation.call, endless);
            if step != Step::Fine {
                return step;
            }
        }
        let held = self.records.iter().copied().filter(|record| some.contains(&record.op));
        for (_, end, record) in events(held) {
            let step = match (end, &record.returned) {
                (End::Invoked, _) => {
                    let step = judge.invoke(
                        record.op,
                        &record.operation.call,
                        &Foreseen::of(record, NEVER),
                    );
                    if step == Step::Fine && record.pending() {
                        judge.complete(record.op, &Outcome::Unknown(String::new()))
                    } else {
                        step
                    }
                }
                (End::Returned, Some((_, outcome))) => judge.complete(record.op, outcome),
                (End::Returned, None) => Step::Fine,
            };
            if step != Step::Fine {
                return step;
            }
        }
        Step::Fine
    }

    /// Leaves out of `some` what can be left out: first halves, then quarters, down to single ones, `last` at
    /// the very end. What cannot be left out now cannot be later: with less held more is possible.
    fn reduce(&mut self, some: &mut BTreeSet<OpId>, last: OpId) {
        let mut size = some.len();
        while size > 0 {
            let all: Vec<OpId> = some.iter().copied().filter(|op| *op != last).collect();
            for part in all.chunks(size) {
                if self.given_up() {
                    return;
                }
                let less = some.iter().copied().filter(|op| part.binary_search(op).is_err());
                self.leave(some, less.collect());
            }
            size /= 2;
        }
        let less = some.iter().copied().filter(|op| *op != last);
        self.leave(some, less.collect());
    }

    fn leave(&mut self, some: &mut BTreeSet<OpId>, less: BTreeSet<OpId>) {
        if less.len() < some.len() && self.impossible(&less) {
            *some = less;
        }
    }
}

/// Minimal evidence against an object's history, which is known to be impossible. `records` are the
/// operations on the object, `broken` that whose return broke it, and `hint`, if there is one, what is thought
/// to be enough.
pub(super) fn minimal(
    object: &Object,
    records: &[&Record],
    broken: OpId,
    hint: Option<Vec<OpId>>,
    bound: &Bound,
) -> MinimalEvidence {
    let mut case = Case { object, records, bound, spent: 0, unsure: false };
    let all = || records.iter().map(|record| record.op);
    let mut some: BTreeSet<OpId> = all().collect();
    let hint = hint.map(|hint| hint.into_iter().collect::<BTreeSet<OpId>>());
    if let Some(hint) = hint
        && case.impossible(&hint)
    {
        some = hint;
    } else {
        // Of a long history the last operations before the break are mostly enough.
        let at = records.iter().position(|record| record.op == broken).unwrap_or(records.len());
        let mut back = 8;
        while back < at {
            let few: BTreeSet<OpId> = records[at - back..].iter().map(|r| r.op).collect();
            if case.impossible(&few) {
                some = few;
                break;
            }
            back *= 2;
        }
    }
    // What was given up so far only made it take longer.
    case.unsure = false;
    case.reduce(&mut some, broken);
    MinimalEvidence { operations: some.into_iter().collect(), minimal: !case.unsure }
}
