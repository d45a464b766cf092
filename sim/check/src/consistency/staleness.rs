//! How stale reads were, in versions and in time.
//!
//! A read *missed* a write if the write had returned before the read began and is certainly newer
//! than what the read returned: that had been written by an operation that had returned before the
//! missed write began, or was the initial value. Whatever the order of the operations was, if it is
//! compatible with real time, all missed writes stand between the write that was read and the read.
//! So their number is a lower bound that the observations force: a read that missed k − 1 of them is
//! not within k versions (Aiyer, Alvisi, Bazzi: On the Availability of Non-strict Quorum Systems,
//! 2005: k-atomicity). And a read that began Δ after the first of them had returned is Δ late
//! (Golab, Li, Shah: Analyzing consistency properties for fun and profit, 2011: Δ-atomicity).
//!
//! Reads of what nobody wrote, or whose writer was not told that it succeeded, are not called stale.

use super::accesses::{Access, Accesses, Ended, Source};
use super::sentence::named;
use super::{Answer, Evidence, Subject};
use crate::words;
use simlab_core::history::Mark;
use simlab_core::{Duration, OpId};

/// How stale the reads of a history were, at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staleness {
    /// How many completed reads there were; a compare-and-set that matched is one too.
    pub reads: u64,
    /// How many of them were stale.
    pub stale: u64,
    /// The most writes that a read missed.
    pub versions: u64,
    /// The longest time by which a read came too late.
    pub time: Duration,
    /// The read that missed the most writes; of several the one that was late by more, then the
    /// first to return.
    pub worst: Option<Missed>,
}

/// What a stale read missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missed {
    /// The read.
    pub read: OpId,
    /// The write that it saw; `None` if it saw the initial value.
    pub saw: Option<OpId>,
    /// Of the writes that it missed, the one that had returned first.
    pub write: OpId,
    /// How many writes it missed, at least 1.
    pub versions: u64,
    /// How long before the read began the first of them had returned.
    pub time: Duration,
}

/// How stale the reads of a history on registers or keys were, at least. It takes O(n log n).
///
/// # Errors
/// If that cannot be told, for instance since a value was written twice; why, in one sentence.
pub fn staleness(subject: Subject<'_>) -> Result<Staleness, String> {
    let accesses = Accesses::new(subject)?;
    let mut found = Staleness { reads: 0, stale: 0, versions: 0, time: Duration(0), worst: None };
    found.reads = accesses.all.iter().filter(|access| is_read(access)).count() as u64;
    for (_, missed) in missed(&accesses) {
        found.stale += 1;
        found.versions = found.versions.max(missed.versions);
        found.time = found.time.max(missed.time);
        let rank = |missed: &Missed| (missed.versions, missed.time);
        if found.worst.as_ref().is_none_or(|worst| rank(worst) < rank(&missed)) {
            found.worst = Some(missed);
        }
    }
    Ok(found)
}

/// Judges whether no read is stale. The first break is the first return of a stale read.
pub(super) fn fresh(accesses: &Accesses<'_>) -> Answer {
    let Some((mark, first)) = missed(accesses).into_iter().next() else {
        return Answer::Satisfied;
    };
    let record = |op: OpId| accesses.records.iter().find(|record| record.op == op);
    let (Some(read), Some(write)) = (record(first.read), record(first.write)) else {
        return Answer::Satisfied;
    };
    let mut operations = vec![first.read, first.write];
    operations.extend(first.saw);
    operations.sort_unstable();
    let returned = read.result().map_or_else(String::new, ToString::to_string);
    let others = match first.versions - 1 {
        0 => String::new(),
        more => format!(", and {} after that", words::count(more, "newer write")),
    };
    let why = format!(
        "{} returned {returned}, but {} had returned {}before it began{others}",
        named(read),
        named(write),
        words::ago(first.time),
    );
    let object = read.operation.object.clone();
    Answer::Violated(Evidence { op: first.read, mark, object, why, operations, minimal: true })
}

const fn is_read(access: &Access) -> bool {
    matches!((access.reads, access.ended), (Some(_), Ended::Done(_)))
}

/// A write that is known to have taken effect.
struct Write {
    access: usize,
    invoked: Mark,
    returned: Mark,
}

/// The stale reads in the order in which they returned.
fn missed(accesses: &Accesses<'_>) -> Vec<(Mark, Missed)> {
    let mut writes: Vec<Vec<Write>> = Vec::new();
    let mut reads: Vec<Vec<(usize, Mark)>> = Vec::new();
    writes.resize_with(accesses.objects, Vec::new);
    reads.resize_with(accesses.objects, Vec::new);
    for (index, access) in accesses.all.iter().enumerate() {
        let Ended::Done(returned) = access.ended else { continue };
        if access.writes {
            let invoked = access.invoked;
            writes[access.object].push(Write { access: index, invoked, returned });
        }
        if access.reads.is_some() {
            reads[access.object].push((index, returned));
        }
    }
    let mut found = Vec::new();
    for (writes, reads) in writes.iter().zip(&reads) {
        missed_on_object(accesses, writes, reads, &mut found);
    }
    found.sort_unstable_by_key(|&(mark, _)| mark);
    found
}

/// Both lists are in the order of invocation. The writes that a read missed are those invoked after
/// what it saw returned, counted while the reads come in the order in which they began and each
/// write is entered when it returned.
fn missed_on_object(
    accesses: &Accesses<'_>,
    writes: &[Write],
    reads: &[(usize, Mark)],
    found: &mut Vec<(Mark, Missed)>,
) {
    // Of the writes from each one on, the one that returned first.
    let mut soonest: Vec<usize> = (0..writes.len()).collect();
    for at in (1..writes.len()).rev() {
        let later = soonest[at];
        if writes[later].returned < writes[at - 1].returned {
            soonest[at - 1] = later;
        }
    }
    let mut by_return: Vec<usize> = (0..writes.len()).collect();
    by_return.sort_unstable_by_key(|&at| writes[at].returned);
    let mut by_return = by_return.into_iter().peekable();
    let mut returned = Sums::new(writes.len());
    for &(read, end) in reads {
        let began = accesses.all[read].invoked;
        while let Some(at) = by_return.next_if(|&at| writes[at].returned < began) {
            returned.enter(at);
        }
        let (saw, after) = match accesses.all[read].reads {
            Some(Source::Initial) => (None, 0),
            Some(Source::Write(write)) => {
                let Ended::Done(seen) = accesses.all[write].ended else { continue };
                (Some(write), writes.partition_point(|write| write.invoked < seen))
            }
            _ => continue,
        };
        let versions = returned.from(after);
        if versions == 0 {
            continue;
        }
        let write = &writes[soonest[after]];
        found.push((
            end,
            Missed {
                read: accesses.op(read),
                saw: saw.map(|write| accesses.op(write)),
                write: accesses.op(write.access),
                versions,
                time: began.at.since(write.returned.at),
            },
        ));
    }
}

/// How many places were entered from some place on (Fenwick 1994).
struct Sums {
    counts: Vec<u64>,
}

impl Sums {
    fn new(places: usize) -> Self {
        Sums { counts: vec![0; places + 1] }
    }

    fn enter(&mut self, place: usize) {
        let mut at = place + 1;
        while at > 0 {
            self.counts[at] += 1;
            at &= at - 1;
        }
    }

    fn from(&self, place: usize) -> u64 {
        let (mut at, mut sum) = (place + 1, 0);
        while at < self.counts.len() {
            sum += self.counts[at];
            at += at & at.wrapping_neg();
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::model;
    use simlab_core::Value;

    fn figures(steps: &[Step]) -> Result<Staleness, String> {
        let history = history(steps);
        let model = model("register").expect("it is in the table");
        staleness(Subject::new(&history, model, &Value::Int(0)))
    }

    #[test]
    fn a_read_is_as_stale_as_the_writes_that_it_missed() {
        let steps = [write(1, "x", 1), write(1, "x", 2), write(2, "x", 3), read(3, "x", 1)];
        let found = figures(&steps).expect("the values are unique");
        assert_eq!((found.reads, found.stale, found.versions), (1, 1, 2));
        let why = "read x returned 1, but write 2 to x had returned 1.5 s before it began, and 1 \
                   newer write after that";
        assert_broken(&steps, "fresh", 3, &[0, 1, 3], why);
        assert_eq!(found.time, Duration::from_millis(1_500));
        let worst = found.worst.expect("one is stale");
        assert_eq!((worst.read.number(), worst.saw.map(OpId::number)), (3, Some(0)));
    }

    /// If nobody was told that a write succeeded, nobody knows when it took effect.
    #[test]
    fn only_what_is_certain_counts() {
        let steps = [open(write(1, "x", 1)), write(2, "x", 2), read(3, "x", 1), read(3, "x", 9)];
        let found = figures(&steps).expect("the values are unique");
        assert_eq!((found.reads, found.stale, found.worst), (2, 0, None));
        assert_allowed(&steps, "fresh");
    }

    #[test]
    fn places_from_one_on_are_counted() {
        let mut sums = Sums::new(5);
        for place in [4, 0, 2] {
            sums.enter(place);
        }
        assert_eq!([0, 1, 2, 3, 4, 5].map(|place| sums.from(place)), [3, 2, 2, 1, 1, 0]);
    }
}
