//! From "it is not allowed" to *which return broke it* and *which operations show it*.
//!
//! Both follow from one question: can this part of the history be, if all that is not in it may be
//! as it likes? The more is in a part, the less is allowed: take an order (or views) of the larger
//! part, leave out the reads and those writes of which the smaller part knows nothing and nobody
//! reads, and what is left explains the smaller part, since each read still has the same last write
//! before it, and less has to be respected. So the shortest prefix that cannot be is found by
//! bisection over the returns, and a smallest set of operations by taking away.
//!
//! That is why a prefix lets everything take effect that has not returned in it, even what is only
//! invoked later: models without real time allow a read to return it, and a prefix must not forbid
//! what the whole allows.

use super::effective::Part;
use super::meter::{Meter, Spent};
use super::{Answer, Budget, Evidence};
use simlab_core::OpId;
use simlab_core::history::{History, Mark};

/// A model of which parts of a history can be judged.
pub(super) trait Check {
    /// Operations of the part that cannot all be, by their places in increasing order: all of them,
    /// or fewer if it is easy to tell. `None` if the model allows the part.
    fn contradiction(
        &mut self,
        part: &Part<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<Option<Vec<usize>>, Spent>;

    /// The same, but it is enough to look where the last contradiction was found: an answer of `None`
    /// need not be true of the rest.
    fn suspicion(
        &mut self,
        part: &Part<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<Option<Vec<usize>>, Spent>;

    /// The returns of operations whose ends are known.
    fn returns(&self) -> Vec<(Mark, usize)>;

    /// The id of the operation in this place.
    fn op(&self, index: usize) -> OpId;

    /// Why, in one sentence: the return of the operation `broken` made `operations` impossible.
    fn why(&self, broken: usize, operations: &[usize]) -> String;
}

/// One search for the first break, or for evidence without some operations, may use this share of
/// what is left.
const SHARE: u64 = 8;
/// So many operations are taken away one by one.
const FEW: usize = 8;

/// Judges a history by a model, under whose name it says what stopped it.
pub(super) fn answer(
    check: &mut impl Check,
    name: &str,
    history: &History,
    budget: Budget<'_>,
) -> Answer {
    let mut meter = Meter::new(budget);
    match check.contradiction(&Part::default(), &mut meter) {
        Ok(None) => Answer::Satisfied,
        Ok(Some(found)) => violated(check, history, found, meter.again()),
        Err(spent) => Answer::Unknown { why: spent.sentence(name) },
    }
}

/// `found` cannot be in the whole history.
fn violated(
    check: &mut impl Check,
    history: &History,
    found: Vec<usize>,
    mut meter: Meter<'_>,
) -> Answer {
    let mut returns = check.returns();
    returns.sort_unstable();
    let first = first_break(check, &returns, found, &mut meter);
    let Some(&(mark, broken)) = returns.get(first.at) else {
        return Answer::Unknown { why: "nothing returned that could have been wrong".into() };
    };
    let (operations, minimal) = smallest(check, mark, first.found, &mut meter.again());
    let mut why = check.why(broken, &operations);
    if !first.exact {
        why.push_str(" (it may have been broken earlier: the search for that was given up)");
    }
    let op = check.op(broken);
    let object = history.get(op).map(|record| record.operation.object.clone());
    let mut operations: Vec<OpId> = operations.into_iter().map(|index| check.op(index)).collect();
    operations.sort_unstable();
    let object = object.unwrap_or_default();
    Answer::Violated(Evidence { op, mark, object, why, operations, minimal })
}

/// The shortest prefix that cannot be.
struct First {
    /// The place of the return that ends it.
    at: usize,
    /// Operations of it that cannot all be.
    found: Vec<usize>,
    /// Whether it is known to be the shortest.
    exact: bool,
}

/// Bisection where the contradiction was found, until no other one is in the prefix that ends just
/// before.
fn first_break(
    check: &mut impl Check,
    returns: &[(Mark, usize)],
    mut found: Vec<usize>,
    meter: &mut Meter<'_>,
) -> First {
    let until = |at: usize| Part { until: Some(returns[at].0), members: None };
    let (mut high, mut exact) = (returns.len().saturating_sub(1), true);
    loop {
        let mut low = 0;
        while low < high {
            let middle = low.midpoint(high);
            let mut share = meter.part(SHARE);
            match check.suspicion(&until(middle), &mut share) {
                Ok(Some(operations)) => (high, found) = (middle, operations),
                Ok(None) => low = middle + 1,
                Err(_) => (low, exact) = (middle + 1, false),
            }
            meter.put_back(&share);
        }
        let Some(before) = high.checked_sub(1) else { return First { at: high, found, exact } };
        match check.contradiction(&until(before), meter) {
            Ok(Some(operations)) => (high, found) = (before, operations),
            Ok(None) => return First { at: high, found, exact },
            Err(_) => return First { at: high, found, exact: false },
        }
    }
}

/// Takes operations away as long as the rest cannot be: first many at once, at last each of them.
fn smallest(
    check: &mut impl Check,
    until: Mark,
    found: Vec<usize>,
    meter: &mut Meter<'_>,
) -> (Vec<usize>, bool) {
    let mut members = found;
    let mut size = (members.len() / 2).max(1);
    loop {
        let mut minimal = true;
        let mut start = 0;
        while start < members.len() {
            let end = (start + size).min(members.len());
            let rest: Vec<usize> = [&members[..start], &members[end..]].concat();
            let part = Part { until: Some(until), members: Some(&rest) };
            let mut share = meter.part(SHARE);
            match check.contradiction(&part, &mut share) {
                // What comes before `start` is needed, so that it is still there.
                Ok(Some(mut fewer)) => {
                    fewer.retain(|index| rest.binary_search(index).is_ok());
                    let kept = |index: &&usize| rest[..start].binary_search(index).is_ok();
                    start = fewer.iter().filter(kept).count();
                    members = fewer;
                }
                Ok(None) => start = end,
                Err(_) => (start, minimal) = (end, false),
            }
            meter.put_back(&share);
        }
        if size == 1 {
            return (members, minimal);
        }
        size = if members.len() <= FEW { 1 } else { (size / 2).max(1) };
    }
}
