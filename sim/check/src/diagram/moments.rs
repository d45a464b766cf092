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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Line, history, id, open, read, write};
    use simlab_core::Call;

    fn points(lines: &[Line], order: &[usize]) -> (Vec<Option<(usize, usize)>>, usize) {
        let history = history(lines);
        let order = order.iter().map(|&line| id(lines, line)).collect();
        let moments = moments(&history, &ends(&history), &[order]);
        let places = moments.points.iter().map(|p| p.map(|p| (p.after, p.number))).collect();
        (places, moments.late)
    }

    /// Events: 0 write 1 begins, 1 read begins, 2 it returns, 3 write 2 begins, 4 and 5 the writes return.
    #[test]
    fn each_takes_effect_as_early_as_it_can() {
        let lines = [write(0, 1, 0, 40), read(1, 10, 20, 1), write(2, 2, 30, 50)];
        let early = (vec![Some((0, 1)), Some((1, 2)), Some((3, 3))], 0);
        assert_eq!(points(&lines, &[0, 1, 2]), early);
        let late = (vec![Some((3, 3)), Some((1, 1)), Some((3, 2))], 0);
        assert_eq!(points(&lines, &[1, 2, 0]), late);
    }

    #[test]
    fn what_would_take_effect_after_its_return_has_no_point() {
        let lines = [write(0, 1, 0, 10), read(1, 20, 30, 1)];
        assert_eq!(points(&lines, &[1, 0]), (vec![None, Some((2, 1))], 1));
        let lines = [open(0, Call::Read, 0), read(1, 20, 30, 1)];
        assert_eq!(points(&lines, &[1, 0]), (vec![Some((1, 2)), Some((1, 1))], 0));
    }

    #[test]
    fn the_points_of_all_objects_are_numbered_together() {
        let lines = [write(0, 1, 0, 10), write(1, 2, 20, 30)];
        let history = history(&lines);
        let orders = [vec![id(&lines, 1)], vec![id(&lines, 0), OpId(99), id(&lines, 0)]];
        let moments = moments(&history, &ends(&history), &orders);
        let numbers: Vec<_> = moments.points.iter().flatten().map(|point| point.number).collect();
        assert_eq!(numbers, [1, 2], "by when they are, each once, and unknown ones never");
    }
}
