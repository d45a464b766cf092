//! Which operations of a history are worth drawing.

use super::moments::{Ends, index};
use super::{Marks, Options};
use simlab_core::history::History;
use simlab_core::{NodeId, OpId, Session};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Takes operations one by one, the more important ones first, until there is no more room.
struct Chosen<'a> {
    history: &'a History,
    options: &'a Options,
    indices: BTreeSet<usize>,
    lanes: BTreeSet<(NodeId, Session)>,
}

impl Chosen<'_> {
    fn take(&mut self, index: usize) {
        let record = &self.history.records()[index];
        let lane = (record.op.node(), record.session);
        let fits = self.lanes.contains(&lane) || self.lanes.len() < self.options.lanes;
        if fits && self.indices.len() < self.options.operations && self.indices.insert(index) {
            self.lanes.insert(lane);
        }
    }
}

/// What is drawn of a history.
pub(super) struct Selection {
    /// The indices of the records, sorted.
    pub(super) indices: Vec<usize>,
    /// Those of them that are evidence or were asked for, sorted.
    pub(super) wanted: Vec<usize>,
    /// The first and the last event that is drawn, if what is around the evidence is not drawn to its ends.
    pub(super) events: Option<(usize, usize)>,
}

pub(super) fn select(
    history: &History,
    ends: &[Ends],
    marks: Marks<'_>,
    options: &Options,
) -> Selection {
    let (indices, lanes) = (BTreeSet::new(), BTreeSet::new());
    let mut chosen = Chosen { history, options, indices, lanes };
    let around = options.around.and_then(|op| index(history, op));
    let Marks::Evidence { operations, broke, .. } = marks else {
        for index in outwards(around.unwrap_or(0), options.operations, ends.len()) {
            chosen.take(index);
        }
        let indices = chosen.indices.into_iter().collect();
        return Selection { indices, wanted: Vec::new(), events: None };
    };
    for index in wanted(history, operations, broke, around) {
        chosen.take(index);
    }
    let wanted: Vec<usize> = chosen.indices.iter().copied().collect();
    let spans: Vec<_> = wanted.iter().map(|&index| span(history, ends, index)).collect();
    let first = spans.iter().map(|&(from, _)| from).min();
    let events = first.zip(spans.iter().map(|&(_, to)| to).max());
    if is_small(history, options) {
        // What comes after the evidence has no part in it.
        let last = events.map_or(usize::MAX, |(_, last)| last);
        let indices: Vec<usize> =
            (0..ends.len()).filter(|&index| ends[index].invoked <= last).collect();
        let events = (indices.len() < ends.len()).then_some((0, last));
        return Selection { indices, wanted, events };
    }
    let most = wanted.len().saturating_add(options.context);
    for index in neighbours(history, ends, &wanted, &spans) {
        if chosen.indices.len() >= most {
            break;
        }
        chosen.take(index);
    }
    Selection { indices: chosen.indices.into_iter().collect(), wanted, events }
}

/// Whether all of a history can be drawn.
fn is_small(history: &History, options: &Options) -> bool {
    let records = history.records();
    records.len() <= options.operations && {
        let lanes: BTreeSet<_> = records.iter().map(|r| (r.op.node(), r.session)).collect();
        lanes.len() <= options.lanes
    }
}

/// The first and the last event of an operation. One that is never answered overlaps all that comes after
/// it; it is of interest where it began.
fn span(history: &History, ends: &[Ends], index: usize) -> (usize, usize) {
    let Ends { invoked, returned } = ends[index];
    let end = if history.records()[index].pending() { None } else { returned };
    (invoked, end.unwrap_or(invoked))
}

/// The numbers below `end` that are less than `reach` away from `middle`, the nearest first.
fn outwards(middle: usize, reach: usize, end: usize) -> impl Iterator<Item = usize> {
    let pair = move |away| {
        let before = (away > 0).then(|| middle.checked_sub(away)).flatten();
        [middle.checked_add(away), before]
    };
    (0..reach.min(end)).flat_map(pair).flatten().filter(move |&index| index < end)
}

/// What must be there: first the operation that broke, then the one that is asked for, then the other
/// evidence, the latest first.
fn wanted(
    history: &History,
    operations: &[OpId],
    broke: OpId,
    around: Option<usize>,
) -> Vec<usize> {
    let mut others: Vec<usize> = operations.iter().filter_map(|op| index(history, *op)).collect();
    others.sort_unstable_by_key(|&index| Reverse(index));
    others.dedup();
    let mut wanted: Vec<usize> = index(history, broke).into_iter().chain(around).collect();
    wanted.dedup();
    let first = wanted.len();
    others.retain(|index| !wanted[..first].contains(index));
    wanted.extend(others);
    wanted
}

/// What overlaps the evidence or stands between, the more interesting ones first: those on the same objects; of
/// these the nearest one to each piece of evidence, then the second nearest, and so on.
fn neighbours(
    history: &History,
    ends: &[Ends],
    wanted: &[usize],
    spans: &[(usize, usize)],
) -> impl Iterator<Item = usize> {
    let records = history.records();
    let objects: BTreeSet<&str> =
        wanted.iter().map(|&index| records[index].operation.object.as_str()).collect();
    let first = spans.iter().map(|&(from, _)| from).min().unwrap_or(usize::MAX);
    let last = spans.iter().map(|&(_, to)| to).max().unwrap_or(0);
    let mut near: Vec<Vec<_>> = vec![Vec::new(); spans.len()];
    for (index, record) in records.iter().enumerate() {
        let (from, to) = span(history, ends, index);
        if from > last || to < first {
            continue;
        }
        // How far apart they are; for what overlaps, how far their ends are from each other.
        let distance = |&(begin, end): &(usize, usize)| {
            let apart = begin.saturating_sub(to).max(from.saturating_sub(end));
            (apart, begin.abs_diff(from) + end.abs_diff(to))
        };
        let nearest = spans.iter().enumerate().min_by_key(|(_, span)| distance(span));
        if let Some((place, span)) = nearest {
            let elsewhere = !objects.contains(record.operation.object.as_str());
            near[place].push((elsewhere, distance(span), index));
        }
    }
    let mut ranked = Vec::new();
    for near in &mut near {
        near.sort_unstable();
        let rank = |(rank, &(elsewhere, distance, index))| (elsewhere, rank, distance, index);
        ranked.extend(near.iter().enumerate().map(rank));
    }
    ranked.sort_unstable();
    ranked.into_iter().map(|(.., index)| index)
}

#[cfg(test)]
mod tests {
    use super::super::moments::ends;
    use super::*;
    use crate::testing::{history, id, open, read, write};
    use simlab_core::{Call, Value};

    #[test]
    fn a_window_grows_from_its_middle() {
        assert_eq!(outwards(0, 3, 9).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(outwards(4, 3, 6).collect::<Vec<_>>(), [4, 5, 3, 2]);
        assert_eq!(outwards(0, 3, 0).count(), 0);
    }

    /// Twenty writes one after the other, with reads beside the eighth and the twelfth, and a write that
    /// began with the third and was never answered.
    #[test]
    fn what_is_near_the_evidence_goes_before_what_is_far_from_it() {
        let mut lines: Vec<_> = (0..20).map(|n| write(0, n as i64, 10 * n, 10 * n + 5)).collect();
        lines.extend([read(1, 72, 82, 7), read(1, 122, 132, 12)]);
        lines.push(open(2, Call::Write(Value::Int(99)), 22));
        let history = history(&lines);
        let numbers = |operations, context, lanes| {
            let evidence = [7, 12].map(|line| id(&lines, line));
            let marks = Marks::Evidence { operations: &evidence, broke: evidence[1], why: "" };
            let options = Options { operations, context, lanes, ..Options::default() };
            let selection = select(&history, &ends(&history), marks, &options);
            let drawn = selection.indices.iter().map(|&index| history.records()[index].op.number());
            drawn.collect::<Vec<_>>()
        };
        assert_eq!(numbers(2, 5, 24), vec![7, 12]);
        assert_eq!(numbers(10, 2, 24), vec![7, 20, 12, 21], "they overlap");
        assert_eq!(numbers(10, 4, 24), vec![7, 20, 8, 11, 12, 21], "then the neighbours");
        assert_eq!(numbers(10, 9, 24).len(), 8, "what is outside is not of interest");
        assert_eq!(numbers(10, 0, 1), vec![12], "each is in a session of its own");
        let small = numbers(40, 2, 24);
        assert_eq!(small.len(), 16, "a small one is whole, but for what comes after");
        assert_eq!(small.last(), Some(&21));
    }
}
