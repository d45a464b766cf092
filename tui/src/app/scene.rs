//! What stands in the rows of the screen: the records around the cursor that are worth a row, and how they are
//! related to the one at the cursor.

use super::sight::Sight;
use crate::film::{Film, is_fault};
use simlab_core::{Kind, NodeId, Time, TraceEvent};
use std::collections::BTreeSet;

/// How much is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Operations, faults, losses, remarks, violations.
    Story,
    /// Deliveries too.
    #[default]
    Messages,
    /// Every record.
    Everything,
}

impl Detail {
    /// The one after it, around.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Detail::Story => Detail::Messages,
            Detail::Messages => Detail::Everything,
            Detail::Everything => Detail::Story,
        }
    }

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Detail::Story => "the story",
            Detail::Messages => "messages",
            Detail::Everything => "everything",
        }
    }

    /// Whether a record has a row.
    #[must_use]
    pub fn shows(self, event: &TraceEvent<'_>) -> bool {
        let least = match event.kind {
            Kind::Dropped { .. }
            | Kind::Corrupted { .. }
            | Kind::Invoked { .. }
            | Kind::Returned { .. }
            | Kind::Noted { .. }
            | Kind::Found { .. }
            | Kind::LostOnCrash { .. }
            | Kind::Unheard => Detail::Story,
            kind if is_fault(&kind) => Detail::Story,
            Kind::Delivered { .. } | Kind::Duplicated { .. } | Kind::Replayed { .. } => {
                Detail::Messages
            }
            _ => Detail::Everything,
        };
        least <= self
    }
}

/// How a record is related to that at the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It is that one.
    Same,
    /// It may have led to it.
    Past,
    /// It may have been led to by it.
    Future,
    /// Neither can have known of the other.
    Concurrent,
}

/// A record that has a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub number: u64,
    /// How it is related to that at the cursor.
    pub relation: Relation,
}

/// What stands in a row of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A record.
    Event(Row),
    /// Words about records that have no row.
    Folded(String),
    /// Nothing: another variant has something there.
    Blank,
}

impl Line {
    /// The record in it.
    #[must_use]
    pub const fn row(&self) -> Option<Row> {
        match self {
            Line::Event(row) => Some(*row),
            Line::Folded(_) | Line::Blank => None,
        }
    }
}

/// The rows of a screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// From the top to the bottom.
    pub lines: Vec<Line>,
}

/// Relations are found out among so many records before and after the cursor.
const RELATED: u64 = 20_000;

impl Scene {
    /// The rows around the record `cursor`, which has one in any case.
    pub(super) fn around(sight: Sight<'_>, cursor: u64, height: usize) -> Scene {
        if sight.film.is_empty() || height == 0 {
            return Scene::default();
        }
        // A third of the screen is for what was.
        let above = height / 3;
        let before = walk(sight, cursor, false, height - 1);
        let after = walk(sight, cursor, true, height - 1);
        // At the ends of the run the rows that are missing here are shown there.
        let lack = above.saturating_sub(before.len());
        let below = (height - 1 - above + lack).min(after.len());
        let above = (height - 1 - below).min(before.len());
        let gone = before.into_iter().take(above).rev();
        let all: Vec<Found> =
            gone.chain([Found::Event(cursor)]).chain(after.into_iter().take(below)).collect();
        Scene { lines: related(sight.film, cursor, all) }
    }

    /// The rows around one time in two films: what happens at the same time stands in the same row.
    pub(super) fn beside(sights: [Sight<'_>; 2], cursors: [u64; 2], height: usize) -> [Scene; 2] {
        if height == 0 || sights.iter().any(|sight| sight.film.is_empty()) {
            return [Scene::default(), Scene::default()];
        }
        let [first, second] = [0, 1].map(|side| timed(sights[side], cursors[side], height));
        let pairs = merged(&first, &second);
        let place = |pair: &[Option<u64>; 2]| pair[0] == Some(cursors[0]);
        let here = pairs.iter().position(place).unwrap_or(0);
        let last = pairs.len().saturating_sub(height);
        let from = here.saturating_sub(height / 3).min(last);
        let shown = &pairs[from..(from + height).min(pairs.len())];
        [0, 1].map(|side| {
            let found = |pair: &[Option<u64>; 2]| pair[side].map_or(Found::Nothing, Found::Event);
            let all = shown.iter().map(found).collect();
            Scene { lines: related(sights[side].film, cursors[side], all) }
        })
    }
}

/// What was found for a row.
#[derive(Clone, Debug)]
enum Found {
    Event(u64),
    Folded(String),
    Nothing,
}

/// Up to so many rows in one direction, the nearest first.
fn walk(sight: Sight<'_>, from: u64, forward: bool, most: usize) -> Vec<Found> {
    let mut found = Vec::new();
    let mut number = from;
    while found.len() < most {
        let next =
            if forward { sight.next(number, |_| true) } else { sight.last(number, |_| true) };
        let edge = if forward { sight.film.len() + 1 } else { 0 };
        let (low, high) = {
            let next = next.unwrap_or(edge);
            (number.min(next), number.max(next))
        };
        found.extend(sight.between(low, high).map(Found::Folded));
        let Some(next) = next else { break };
        found.push(Found::Event(next));
        number = next;
    }
    found.truncate(most);
    found
}

/// The records around a cursor with their times.
fn timed(sight: Sight<'_>, cursor: u64, height: usize) -> Vec<(Time, u64)> {
    let numbers = |found: Vec<Found>| {
        found.into_iter().filter_map(|found| match found {
            Found::Event(number) => Some(number),
            Found::Folded(_) | Found::Nothing => None,
        })
    };
    let before: Vec<u64> = numbers(walk(sight, cursor, false, height)).collect();
    let after = numbers(walk(sight, cursor, true, height));
    let all = before.into_iter().rev().chain([cursor]).chain(after);
    all.filter_map(|number| Some((sight.film.event(number)?.at, number))).collect()
}

/// Two rows of records as one row of pairs, by time.
fn merged(first: &[(Time, u64)], second: &[(Time, u64)]) -> Vec<[Option<u64>; 2]> {
    let (mut one, mut other) = (first.iter().peekable(), second.iter().peekable());
    let mut pairs = Vec::new();
    loop {
        let at = |place: Option<&&(Time, u64)>| place.map_or(Time::NEVER, |(at, _)| *at);
        let (here, there) = (at(one.peek()), at(other.peek()));
        if one.peek().is_none() && other.peek().is_none() {
            return pairs;
        }
        let left = (here <= there).then(|| one.next()).flatten();
        let right = (there <= here).then(|| other.next()).flatten();
        pairs.push([left, right].map(|found| found.map(|(_, number)| *number)));
    }
}

/// Rows with how their records are related to the one at the cursor.
fn related(film: &Film<'_>, cursor: u64, all: Vec<Found>) -> Vec<Line> {
    let numbers = all.iter().filter_map(|found| match found {
        Found::Event(number) => Some(*number),
        Found::Folded(_) | Found::Nothing => None,
    });
    let first = numbers.clone().min().unwrap_or(cursor).min(cursor);
    let last = numbers.max().unwrap_or(cursor).max(cursor);
    let (past, future) = (past(film, cursor, first), future(film, cursor, last));
    let relation = |number: u64| match number {
        _ if number == cursor => Relation::Same,
        _ if past.contains(&number) => Relation::Past,
        _ if future.contains(&number) => Relation::Future,
        _ => Relation::Concurrent,
    };
    let line = |found| match found {
        Found::Event(number) => Line::Event(Row { number, relation: relation(number) }),
        Found::Folded(words) => Line::Folded(words),
        Found::Nothing => Line::Blank,
    };
    all.into_iter().map(line).collect()
}

/// Whether a record is an event of its node, and not only of a datagram on its way there.
const fn is_of_node(kind: &Kind) -> bool {
    !matches!(
        kind,
        Kind::Dropped { .. }
            | Kind::Corrupted { .. }
            | Kind::Duplicated { .. }
            | Kind::Replayed { .. }
    )
}

fn node_of(event: &TraceEvent<'_>) -> Option<NodeId> {
    event.node.filter(|_| is_of_node(&event.kind))
}

/// The records from `first` on that may have led to `cursor`: any way between two records goes over
/// records between them, so that nothing else has to be looked at.
fn past(film: &Film<'_>, cursor: u64, first: u64) -> BTreeSet<u64> {
    let first = first.max(cursor.saturating_sub(RELATED)).max(1);
    let events: Vec<_> =
        film.trace().iter_from(first).take((cursor - first + 1) as usize).collect();
    let (mut past, mut nodes) = (BTreeSet::from([cursor]), BTreeSet::new());
    for event in events.iter().rev() {
        let node = node_of(event);
        if past.contains(&event.seq.get()) || node.is_some_and(|node| nodes.contains(&node)) {
            past.insert(event.seq.get());
            past.extend(event.cause.map(|cause| cause.get()));
            nodes.extend(node);
        }
    }
    past
}

/// The records up to `last` that `cursor` may have led to.
fn future(film: &Film<'_>, cursor: u64, last: u64) -> BTreeSet<u64> {
    let many = (last - cursor).min(RELATED) as usize + 1;
    let (mut future, mut nodes) = (BTreeSet::from([cursor]), BTreeSet::new());
    for event in film.trace().iter_from(cursor).take(many) {
        let node = node_of(&event);
        let caused = event.cause.is_some_and(|cause| future.contains(&cause.get()));
        if event.seq.get() == cursor || caused || node.is_some_and(|node| nodes.contains(&node)) {
            future.insert(event.seq.get());
            nodes.extend(node);
        }
    }
    future
}
