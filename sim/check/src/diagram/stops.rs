//! The axis: the *stops* at which something happens, from left to right. A stop is an event or a linearization
//! point; one more stands wherever others were left out.

use super::Ticks;
use super::scene::{Bar, Drawn};
use simlab_core::Time;
use simlab_core::history::{End, Mark, Record};

/// A place on the axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// An end of the bar with this index.
    Event { bar: usize, tick: String },
    /// The linearization point of the bar with this index.
    Point { bar: usize },
    /// So many events are not drawn here or near here.
    Gap { events: usize },
    /// The right edge, to which bars go that have no end.
    Edge,
}

/// What the axis is made of.
pub(super) struct Axis<'a> {
    pub(super) drawn: &'a [Drawn<'a>],
    pub(super) ticks: Ticks,
    /// The first and the last event that is drawn, if that is settled.
    pub(super) events: Option<(usize, usize)>,
    /// How many events the history has.
    pub(super) all: usize,
}

/// What happens to an operation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Event(End),
    /// Its linearization point, with its number.
    Point(usize),
}

/// Something that happens, in the order of the axis.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    /// The event that it is, or that it comes after.
    at: usize,
    happening: Happening,
    bar: usize,
}

impl Axis<'_> {
    /// All stops. The bars learn where theirs are.
    pub(super) fn stops(&self, bars: &mut [Bar]) -> Vec<Stop> {
        let items = self.items();
        let gaps = self.gaps(&items);
        let gap = |place: usize| match gaps.get(place) {
            None | Some(0) => None,
            Some(&events) => Some(Stop::Gap { events }),
        };
        let places = decimals(self.drawn);
        let mut stops = Vec::new();
        for (place, &Item { happening, bar: index, .. }) in items.iter().enumerate() {
            stops.extend(gap(place));
            let (stop, bar) = (stops.len(), &mut bars[index]);
            match happening {
                Happening::Point(number) => bar.point = Some((stop, number)),
                Happening::Event(End::Invoked) => bar.from = Some(stop),
                Happening::Event(End::Returned) if bar.open => bar.given_up = Some(stop),
                Happening::Event(End::Returned) => bar.to = Some(stop),
            }
            stops.push(match happening {
                Happening::Point(_) => Stop::Point { bar: index },
                Happening::Event(end) => {
                    let tick = tick(mark(self.drawn[index].record, end), self.ticks, places);
                    Stop::Event { bar: index, tick }
                }
            });
        }
        stops.extend(gap(items.len()));
        if bars.iter().any(|bar| bar.to.is_none()) {
            stops.push(Stop::Edge);
        }
        stops
    }

    fn items(&self) -> Vec<Item> {
        let mut items = Vec::new();
        for (bar, Drawn { ends, point, .. }) in self.drawn.iter().enumerate() {
            let mut add = |at, happening| items.push(Item { at, happening, bar });
            add(ends.invoked, Happening::Event(End::Invoked));
            ends.returned.into_iter().for_each(|at| add(at, Happening::Event(End::Returned)));
            point.iter().for_each(|point| add(point.after, Happening::Point(point.number)));
        }
        let within = |item: &Item| self.events.is_none_or(|(a, b)| a <= item.at && item.at <= b);
        items.retain(within);
        items.sort_unstable();
        items
    }

    /// How many events are said to be left out before each item, and after the last.
    ///
    /// The ends of what matters less lie among many that are left out. One gap for all of these is enough
    /// between two events that matter, where most are left out.
    fn gaps(&self, items: &[Item]) -> Vec<usize> {
        let mut left_out = Vec::new();
        // The first event that was not yet passed by.
        let mut next = 0;
        for item in items {
            let until = item.at + usize::from(matches!(item.happening, Happening::Point(_)));
            left_out.push(until.saturating_sub(next));
            next = item.at + 1;
        }
        left_out.push(if items.is_empty() { 0 } else { self.all.saturating_sub(next) });
        let mut gaps = vec![0; left_out.len()];
        let (mut sum, mut widest) = (0, 0);
        for (place, &events) in left_out.iter().enumerate() {
            if sum == 0 || events > left_out[widest] {
                widest = place;
            }
            sum += events;
            if items.get(place).is_none_or(|item| self.matters(item)) {
                gaps[widest] = sum;
                sum = 0;
            }
        }
        gaps
    }

    fn matters(&self, item: &Item) -> bool {
        match self.events {
            Some(_) => self.drawn[item.bar].wanted,
            None => item.happening == Happening::Event(End::Invoked),
        }
    }
}

fn mark(record: &Record, end: End) -> Mark {
    match (end, &record.returned) {
        (End::Returned, Some((mark, _))) => *mark,
        _ => record.invoked,
    }
}

fn tick(mark: Mark, ticks: Ticks, places: u32) -> String {
    match ticks {
        Ticks::Records | Ticks::Lines => mark.seq.get().to_string(),
        Ticks::Seconds => seconds(mark.at, places),
    }
}

const SECOND: u64 = 1_000_000_000;

/// How many decimal places of a second are told: 3, 6 or 9, as all times need, or as the mean distance
/// of two events asks for if that is less.
fn decimals(drawn: &[Drawn<'_>]) -> u32 {
    let both =
        |drawn: &Drawn<'_>| [End::Invoked, End::Returned].map(|e| mark(drawn.record, e).at.0);
    let times: Vec<u64> = drawn.iter().flat_map(both).collect();
    let least = times.iter().min().copied().unwrap_or(0);
    let span = times.iter().max().map_or(0, |most| most - least);
    let mean = span.checked_div(times.len() as u64).unwrap_or(0);
    let within = |unit: u64| mean >= unit || times.iter().all(|time| time.is_multiple_of(unit));
    [(1_000_000, 3), (1_000, 6)].into_iter().find(|(unit, _)| within(*unit)).map_or(9, |(_, n)| n)
}

/// A time, its last place rounded down.
fn seconds(time: Time, places: u32) -> String {
    if time == Time::NEVER {
        return time.to_string();
    }
    let fraction = time.0 % SECOND / 10_u64.pow(9 - places);
    format!("{}.{fraction:0width$}", time.0 / SECOND, width = places as usize)
}

#[cfg(test)]
mod tests {
    use super::super::{Marks, Options, scene::scene};
    use super::*;
    use crate::testing::{history, id, write};

    #[test]
    fn times_have_as_many_places_as_they_need() {
        assert_eq!(seconds(Time(1_234_567_890), 3), "1.234");
        assert_eq!(seconds(Time(1_000_000), 9), "0.001000000");
        assert_eq!(seconds(Time::NEVER, 3), "never");
    }

    /// Of ten writes in a row the second and the sixth are evidence, and the fifth is near.
    #[test]
    fn between_two_that_matter_there_is_one_gap() {
        let lines: Vec<_> = (0..10).map(|n| write(0, n as i64, 10 * n, 10 * n + 5)).collect();
        let evidence = [1, 5].map(|line| id(&lines, line));
        let marks = Marks::Evidence { operations: &evidence, broke: evidence[1], why: "" };
        let options = Options { operations: 3, context: 1, ..Options::default() };
        let scene = scene(&history(&lines), marks, &options);
        let shown: Vec<String> = scene
            .stops
            .iter()
            .map(|stop| match stop {
                Stop::Event { tick, .. } => tick.clone(),
                Stop::Gap { events } => format!("{events} events"),
                Stop::Point { .. } | Stop::Edge => String::new(),
            })
            .collect();
        let gaps = ["2 events", "0.010", "0.015", "0.020", "0.025"];
        let rest = ["4 events", "0.050", "0.055", "8 events"];
        assert_eq!(shown, [&gaps[..], &rest].concat());
    }
}
