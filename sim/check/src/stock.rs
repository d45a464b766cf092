//! What a shop's customers can complain about: units sold twice, answers out of date, units that
//! disappear. All of it is judged from the client history alone.
//!
//! Three kinds of sale matter: *acknowledged* ones returned `true`, *pending* ones are unknown or
//! were never completed and may have happened, all others did not happen.

use super::words::count;
use simlab_core::history::{History, Mark, Record};
use simlab_core::{Call, Duration, OpId, Value};
use std::collections::BTreeSet;

/// How many units were promised that did not exist: acknowledged sales, minus acknowledged returns,
/// minus `initial`; 0 if there were enough.
#[must_use]
pub fn oversold(history: &History, object: &str, initial: i64) -> i64 {
    let sums = Sums::of(history, object);
    to_i64((sums.sold - sums.taken_back - i128::from(initial)).max(0))
}

/// The reads that answered with more than there can have been.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stale {
    /// How many.
    pub reads: u64,
    /// By how many units the worst of them was too high.
    pub units_max: i64,
    /// How long ago the oldest sale that one of them missed had returned, when that read began: at
    /// least so long. `None` if no read was stale, or none for want of a sale.
    pub oldest_missed: Option<Duration>,
    /// The first of them to return.
    pub first: Option<OpId>,
}

/// A read that answered with more than there can have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaleRead {
    /// The read.
    pub op: OpId,
    /// When it returned.
    pub returned: Mark,
    /// By how many units it was too high.
    pub units: i64,
    /// How long ago the oldest sale that it missed had returned when it began: at least so long. `None` if
    /// there was no such sale.
    pub missed: Option<Duration>,
}

/// What the reads that are certainly out of date come to; see [`stale_reads`].
#[must_use]
pub fn stale(history: &History, object: &str, initial: i64) -> Stale {
    let mut stale = Stale::default();
    for read in stale_reads(history, object, initial) {
        stale.reads += 1;
        stale.units_max = stale.units_max.max(read.units);
        stale.oldest_missed = stale.oldest_missed.max(read.missed);
        stale.first = stale.first.or(Some(read.op));
    }
    stale
}

/// Finds the reads that are certainly out of date, in the order in which they returned.
///
/// A read is *stale* if its value exceeds the most that the completed operations allow: `initial`,
/// minus all sales acknowledged before it was invoked, plus all units whose taking back had been
/// invoked before it returned (and was not refused). A read that is too low is not stale.
///
/// The age of a missed sale is a lower bound: of the acknowledged sales that returned before the
/// read began, the latest ones that together make up the missing units are taken to be the missed
/// ones. Sales by the reader's own node count as missed only if those by others do not suffice,
/// since a node is usually served by the replica that made them.
#[must_use]
pub fn stale_reads(history: &History, object: &str, initial: i64) -> Vec<StaleRead> {
    let mut records: Vec<&Record> = history.on(object).collect();
    records.retain(|record| !record.refused());
    let bounds = Bounds::of(&records, initial);
    let mut stale: Vec<StaleRead> = records
        .iter()
        .filter_map(|read| {
            let (returned, _) = *read.returned.as_ref()?;
            let (Call::Read, &Value::Int(value)) = (&read.operation.call, read.result()?) else {
                return None;
            };
            let units = i128::from(value) - bounds.most(read.invoked, returned);
            let missed = || age(&records, read, units);
            (units > 0).then(|| StaleRead {
                op: read.op,
                returned,
                units: to_i64(units),
                missed: missed(),
            })
        })
        .collect();
    stale.sort_by_key(|read| read.returned);
    stale
}

/// What there can have been at most, at any time.
struct Bounds {
    initial: i64,
    /// Where an acknowledged sale returned, and the units of all up to it.
    sold: Vec<(Mark, i128)>,
    /// Where the taking back of units was invoked, and the units of all up to it.
    taken_back: Vec<(Mark, i128)>,
}

impl Bounds {
    fn of(records: &[&Record], initial: i64) -> Self {
        let sold = records.iter().filter_map(|record| match record.operation.call {
            Call::Sell(units) if acknowledged(record) => {
                record.returned.as_ref().map(|(mark, _)| (*mark, units.into()))
            }
            _ => None,
        });
        let taken_back = records.iter().filter_map(|record| match record.operation.call {
            Call::TakeBack(units) => Some((record.invoked, units.into())),
            _ => None,
        });
        Bounds { initial, sold: summed(sold), taken_back: summed(taken_back) }
    }

    /// The most that a read can rightly have seen that was invoked and returned then.
    fn most(&self, invoked: Mark, returned: Mark) -> i128 {
        let upto = |sums: &[(Mark, i128)], count: usize| {
            count.checked_sub(1).map_or(0, |last| sums[last].1)
        };
        let sold = self.sold.partition_point(|(mark, _)| *mark < invoked);
        // What was invoked after the read had returned it cannot have seen.
        let taken_back = self.taken_back.partition_point(|(mark, _)| *mark <= returned);
        i128::from(self.initial) - upto(&self.sold, sold) + upto(&self.taken_back, taken_back)
    }
}

/// Numbers by their marks, each with all before it.
fn summed(all: impl Iterator<Item = (Mark, i128)>) -> Vec<(Mark, i128)> {
    let mut all: Vec<(Mark, i128)> = all.collect();
    all.sort_by_key(|(mark, _)| *mark);
    let mut sum = 0;
    for (_, units) in &mut all {
        sum += *units;
        *units = sum;
    }
    all
}

/// How long before `read` the oldest of the latest sales that make up `missed` units had returned.
fn age(records: &[&Record], read: &Record, missed: i128) -> Option<Duration> {
    let mut sales: Vec<_> = records
        .iter()
        .filter_map(|record| match (&record.operation.call, &record.returned) {
            (Call::Sell(n), Some((mark, _)))
                if acknowledged(record) && record.returned_before(read.invoked) =>
            {
                Some((*mark, i128::from(*n), record.op.node()))
            }
            _ => None,
        })
        .collect();
    sales.sort_by_key(|&(mark, ..)| std::cmp::Reverse(mark));
    let by_others = sales.iter().filter(|(.., node)| *node != read.op.node());
    let others_suffice = by_others.clone().map(|&(_, n, _)| n).sum::<i128>() >= missed;
    let mut units = 0;
    let mut oldest = None;
    for &(mark, n, node) in &sales {
        if units >= missed {
            break;
        }
        if !others_suffice || node != read.op.node() {
            units += n;
            oldest = Some(mark.at);
        }
    }
    oldest.map(|at| read.invoked.at.since(at))
}

/// Whether the units that are left are those that the sales left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conserved {
    /// `None` if too many operations are pending to tell.
    pub holds: Option<bool>,
    /// What would be left if no pending operation had taken effect.
    pub expected: i64,
    /// The calculation, and what is missing or too much, in words.
    pub detail: String,
}

/// More different sums than these are not followed up.
const SUMS_MAX: usize = 1 << 16;

/// Checks that `last`, the stock once everything has settled, is `initial` minus the acknowledged
/// sales plus the acknowledged returns, give or take pending operations: each of those may have
/// taken effect or not.
#[must_use]
pub fn conserved(history: &History, object: &str, initial: i64, last: i64) -> Conserved {
    let sums = Sums::of(history, object);
    let expected = i128::from(initial) - sums.sold + sums.taken_back;
    let difference = i128::from(last) - expected;
    let holds = if difference == 0 { Some(true) } else { sums.can_make(difference) };
    let books =
        format!("{initial} - {} sold + {} taken back = {expected}", sums.sold, sums.taken_back);
    let pending = match sums.pending.len() {
        0 => String::new(),
        n => format!(", with {} pending", count(n as u64, "operation")),
    };
    let judgement = match (difference, holds) {
        (0, _) => format!("and {last} are left"),
        (_, Some(true)) => format!("and {last} are left, which pending operations account for"),
        (_, None) => format!("and {last} are left, too many pending operations to tell"),
        (d, Some(false)) if d < 0 => {
            format!("but {last} are left: {} missing", count(-d, "unit"))
        }
        (d, Some(false)) => format!("but {last} are left: {} too much", count(d, "unit")),
    };
    let expected = to_i64(expected);
    Conserved { holds, expected, detail: format!("{books}{pending}, {judgement}") }
}

/// What became of all sales and returns of an object. 2³² operations of 2³² units fit.
struct Sums {
    sold: i128,
    taken_back: i128,
    /// The change that each pending operation would make.
    pending: Vec<i128>,
}

impl Sums {
    fn of(history: &History, object: &str) -> Self {
        let mut sums = Sums { sold: 0, taken_back: 0, pending: Vec::new() };
        for record in history.on(object) {
            match record.operation.call {
                Call::Sell(n) if acknowledged(record) => sums.sold += i128::from(n),
                Call::TakeBack(n) if acknowledged(record) => sums.taken_back += i128::from(n),
                Call::Sell(n) if record.pending() => sums.pending.push(-i128::from(n)),
                Call::TakeBack(n) if record.pending() => sums.pending.push(n.into()),
                _ => {}
            }
        }
        sums
    }

    /// Whether some of the pending changes add up to `wanted`; `None` if there are too many sums.
    fn can_make(&self, wanted: i128) -> Option<bool> {
        let mut sums = BTreeSet::from([0]);
        for change in &self.pending {
            let more: Vec<_> = sums.iter().map(|sum| sum + change).collect();
            sums.extend(more);
            if sums.contains(&wanted) {
                return Some(true);
            }
            if sums.len() > SUMS_MAX {
                return None;
            }
        }
        Some(false)
    }
}

fn acknowledged(record: &Record) -> bool {
    record.result() == Some(&Value::Bool(true))
}

/// Units as reports show them; what does not fit is far beyond any scenario.
fn to_i64(units: i128) -> i64 {
    i64::try_from(units).unwrap_or(if units < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Line, history, id, read, refused, sell, take_back, unknown};

    fn stale_of(lines: &[Line]) -> Stale {
        stale(&history(lines), "x", 60)
    }

    #[test]
    fn what_was_promised_twice_is_counted() {
        let mut lines = vec![
            sell(0, 31, 0, 10, true),
            sell(1, 20, 0, 10, true),
            sell(2, 25, 0, 10, true),
            sell(0, 9, 20, 30, false),
            refused(1, Call::Sell(9), 20, 30),
            unknown(2, Call::Sell(9), 20, 30),
        ];
        assert_eq!(oversold(&history(&lines), "x", 60), 16);
        assert_eq!(oversold(&history(&lines), "y", 60), 0);
        lines.push(take_back(0, 20, 40, 50));
        assert_eq!(oversold(&history(&lines), "x", 60), 0);
    }

    #[test]
    fn a_read_that_missed_a_sale_is_stale() {
        let lines = [
            sell(0, 1, 12_000, 12_100, true),
            read(0, 15_000, 15_100, 59),
            read(2, 15_100, 15_200, 60),
            sell(0, 10, 16_000, 16_100, true),
            read(2, 18_100, 18_200, 60),
        ];
        let expected = Stale {
            reads: 2,
            units_max: 11,
            oldest_missed: Some(Duration::from_millis(6_000)),
            first: Some(id(&lines, 2)),
        };
        assert_eq!(stale_of(&lines), expected);
    }

    #[test]
    fn what_may_be_so_is_not_stale() {
        let lines = [
            // A sale under way, an unknown one, one that failed.
            sell(0, 1, 100, 300, true),
            read(1, 200, 400, 60),
            unknown(0, Call::Sell(2), 500, 600),
            refused(0, Call::Sell(3), 500, 600),
            read(1, 700, 800, 59),
            // Units on their way back.
            take_back(0, 1, 900, 1_100),
            read(1, 950, 1_000, 60),
            // Too little is wrong, but not out of date.
            read(1, 1_200, 1_300, 7),
        ];
        assert_eq!(stale_of(&lines), Stale::default());
    }

    #[test]
    fn units_that_were_not_taken_back_are_not_there() {
        let lines = [refused(0, Call::TakeBack(5), 0, 100), read(1, 200, 300, 65)];
        let found = stale_of(&lines);
        assert_eq!((found.reads, found.units_max, found.oldest_missed), (1, 5, None));
        let later = [read(1, 200, 300, 65), take_back(0, 5, 400, 500)];
        assert_eq!(stale_of(&later).reads, 1);
        let unknown = [unknown(0, Call::TakeBack(5), 0, 100), read(1, 200, 300, 65)];
        assert_eq!(stale_of(&unknown).reads, 0);
    }

    #[test]
    fn the_missed_sales_are_the_latest_of_others() {
        let age = |lines: &[Line]| stale_of(lines).oldest_missed.map(Duration::millis);
        let mut lines = vec![
            sell(0, 5, 0, 1_000, true),
            sell(1, 5, 0, 2_000, true),
            sell(2, 5, 0, 3_000, true),
            // Node 2 reads: its own sale of second 3 is the last that it would miss.
            read(2, 4_000, 4_100, 50),
        ];
        assert_eq!(age(&lines), Some(2_000));
        lines[3] = read(2, 4_000, 4_100, 51);
        assert_eq!(age(&lines), Some(3_000));
        // Those by others do not suffice: its own may be among them.
        lines[1] = sell(2, 5, 0, 2_000, true);
        assert_eq!(age(&lines), Some(2_000));
    }

    #[test]
    fn the_books_balance_or_say_what_is_missing() {
        let lines = [sell(0, 20, 0, 100, true), take_back(0, 4, 200, 300)];
        let check = |last| conserved(&history(&lines), "x", 60, last);
        let good = check(44);
        assert_eq!((good.holds, good.expected), (Some(true), 44));
        assert_eq!(good.detail, "60 - 20 sold + 4 taken back = 44, and 44 are left");
        let bad = check(43);
        assert_eq!((bad.holds, bad.expected), (Some(false), 44));
        let said = "60 - 20 sold + 4 taken back = 44, but 43 are left: 1 unit missing";
        assert_eq!(bad.detail, said);
        assert!(check(46).detail.ends_with("but 46 are left: 2 units too much"));
    }

    #[test]
    fn pending_operations_may_account_for_the_difference() {
        let lines = [
            unknown(0, Call::Sell(3), 0, 100),
            unknown(1, Call::Sell(5), 0, 100),
            unknown(2, Call::TakeBack(1), 0, 100),
        ];
        let holds = |last| conserved(&history(&lines), "x", 60, last).holds;
        let possible: Vec<i64> = (50..65).filter(|&last| holds(last) == Some(true)).collect();
        assert_eq!(possible, [52, 53, 55, 56, 57, 58, 60, 61]);
        assert_eq!(holds(54), Some(false));
        let said = "60 - 0 sold + 0 taken back = 60, with 3 operations pending, \
                    and 57 are left, which pending operations account for";
        assert_eq!(conserved(&history(&lines), "x", 60, 57).detail, said);
    }

    #[test]
    fn too_many_possible_sums_are_unknown() {
        let lines: Vec<_> = (0..30).map(|bit| unknown(0, Call::Sell(1 << bit), 0, 100)).collect();
        let judged = conserved(&history(&lines), "x", 60, 61);
        assert_eq!(judged.holds, None);
        assert!(judged.detail.ends_with("too many pending operations to tell"));
    }
}
