//! What stands in the rows of the screen: the records around the cursor that are worth a row, and how they are
//! related to the one at the cursor.

use crate::film::{Film, is_fault};
use simlab_core::{Kind, NodeId, TraceEvent};
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
            Kind::Delivered { .. } | Kind::Duplicated { .. } => Detail::Messages,
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

/// The rows of a screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// From the top to the bottom.
    pub rows: Vec<Row>,
    /// Which of them the cursor is in.
    pub at: usize,
}

/// Relations are found out among so many records before and after the cursor.
const RELATED: u64 = 20_000;

impl Scene {
    /// The rows around the record `cursor`, which has one in any case.
    #[must_use]
    pub fn around(film: &Film<'_>, cursor: u64, detail: Detail, height: usize) -> Scene {
        if film.is_empty() || height == 0 {
            return Scene::default();
        }
        let shown = |event: &TraceEvent<'_>| detail.shows(event);
        // A third of the screen is for what was.
        let above = height / 3;
        let mut before = Vec::new();
        let mut number = cursor;
        while before.len() < above.max(height - 1) {
            let Some(found) = last_before(film, number, shown) else { break };
            before.push(found);
            number = found;
        }
        let mut after = Vec::new();
        let coming = film.trace().iter_from(cursor + 1).filter(|event| shown(event));
        after.extend(coming.take(height - 1).map(|event| event.seq.get()));
        // At the ends of the run the rows that are missing here are shown there.
        let lack_above = above.saturating_sub(before.len());
        let below = (height - 1 - above + lack_above).min(after.len());
        let above = (height - 1 - below).min(before.len());
        let numbers = before[..above].iter().rev().copied();
        let numbers: Vec<u64> =
            numbers.chain([cursor]).chain(after[..below].iter().copied()).collect();
        let (first, last) = (numbers[0], numbers[numbers.len() - 1]);
        let past = past(film, cursor, first);
        let future = future(film, cursor, last);
        let relation = |number: u64| match number {
            _ if number == cursor => Relation::Same,
            _ if past.contains(&number) => Relation::Past,
            _ if future.contains(&number) => Relation::Future,
            _ => Relation::Concurrent,
        };
        let rows =
            numbers.iter().map(|number| Row { number: *number, relation: relation(*number) });
        Scene { rows: rows.collect(), at: above }
    }
}

/// The last record before this one for which `wanted`.
pub(super) fn last_before(
    film: &Film<'_>,
    number: u64,
    wanted: impl Fn(&TraceEvent<'_>) -> bool,
) -> Option<u64> {
    // Records are read forwards, a block at a time.
    const BLOCK: u64 = 64;
    let mut end = number;
    while end > 1 {
        let begin = (end - 2) / BLOCK * BLOCK + 1;
        let block = film.trace().iter_from(begin).take((end - begin) as usize);
        if let Some(found) = block.filter(|event| wanted(event)).last() {
            return Some(found.seq.get());
        }
        end = begin;
    }
    None
}

/// The first record after this one for which `wanted`.
pub(super) fn first_after(
    film: &Film<'_>,
    number: u64,
    wanted: impl Fn(&TraceEvent<'_>) -> bool,
) -> Option<u64> {
    film.trace().iter_from(number + 1).find(|event| wanted(event)).map(|event| event.seq.get())
}

/// Whether a record is an event of its node, and not only of a datagram on its way there.
const fn is_of_node(kind: &Kind) -> bool {
    !matches!(kind, Kind::Dropped { .. } | Kind::Corrupted { .. } | Kind::Duplicated { .. })
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
