//! When the operations of a witness take effect.
//!
//! Each takes effect as early as it can: after its invocation, and after the one before it in the order. That
//! is within its bar for every order that respects real time: where it were not, an operation would have
//! returned before one was invoked that comes before it.

use simlab_core::OpId;
use simlab_core::history::{End, History};

/// Where in the order of all events of a history something lies; the first event is 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) invoked: usize,
    pub(super) returned: Option<usize>,
}

/// For each record of a history, where its ends lie.
pub(super) fn ends(history: &History) -> Vec<Ends> {
    let records = history.records();
    let mut events = Vec::with_capacity(2 * records.len());
    for (index, record) in records.iter().enumerate() {
        events.push((record.invoked.seq, index, End::Invoked));
        events.extend(record.returned.as_ref().map(|(mark, _)| (mark.seq, index, End::Returned)));
    }
    events.sort_unstable();
    let mut ends = vec![Ends { invoked: 0, returned: None }; records.len()];
    for (place, (_, index, end)) in events.into_iter().enumerate() {
        match end {
            End::Invoked => ends[index].invoked = place,
            End::Returned => ends[index].returned = Some(place),
        }
    }
    ends
}

/// The index of an operation among the records of a history.
pub(super) fn index(history: &History, op: OpId) -> Option<usize> {
    let seq = history.get(op)?.invoked.seq;
    history.records().binary_search_by_key(&seq, |record| record.invoked.seq).ok()
}

/// A linearization point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Point {
    /// The last event before it.
    pub(super) after: usize,
    /// Its place in the order of all points, from 1.
    pub(super) number: usize,
}

/// The points of a witness.
#[derive(Debug)]
pub(super) struct Moments {
    /// That of each record, if it took effect.
    pub(super) points: Vec<Option<Point>>,
    /// How many operations have no point because their turn comes after their return.
    pub(super) late: usize,
}

pub(super) fn moments(history: &History, ends: &[Ends], orders: &[Vec<OpId>]) -> Moments {
    let mut points: Vec<Option<Point>> = vec![None; ends.len()];
    let mut placed = Vec::new();
    let mut late = 0;
    for order in orders {
        let mut last = 0;
        for index in order.iter().filter_map(|op| index(history, *op)) {
            let Ends { invoked, returned } = ends[index];
            last = last.max(invoked);
            let record = &history.records()[index];
            if returned.is_some_and(|returned| returned <= last) && !record.pending() {
                late += 1;
            } else if points[index].is_none() {
                points[index] = Some(Point { after: last, number: 0 });
                placed.push((last, index));
            }
        }
    }
    // Stable: points after the same event stay in the order of their object.
    placed.sort_by_key(|&(after, _)| after);
    for (number, (after, index)) in (1..).zip(placed) {
        points[index] = Some(Point { after, number });
    }
    Moments { points, late }
}
