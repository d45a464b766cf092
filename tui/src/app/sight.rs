//! Which records of a film have a row, and the way from one to the next.

use super::filter::Sieve;
use super::scene::Detail;
use crate::film::Film;
use simlab_core::{Kind, TraceEvent};
use std::collections::BTreeMap;

/// Boring datagrams are counted among so many records between two rows; where there are more, they are
/// only said to be many.
const COUNTED: u64 = 4_096;

/// A film as it is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight<'a> {
    pub(super) film: &'a Film<'a>,
    pub(super) detail: Detail,
    /// Whether many datagrams in a row that led to nothing are only counted.
    pub(super) folds: bool,
    pub(super) sieve: Option<&'a Sieve>,
    /// A record that has a row in any case: somebody went there.
    pub(super) pinned: Option<u64>,
}

impl Sight<'_> {
    /// Whether a record has a row.
    pub(super) fn shows(&self, event: &TraceEvent<'_>) -> bool {
        let number = event.seq.get();
        self.pinned == Some(number) || self.passes(event) && !self.folded(number)
    }

    /// Whether a record would have a row if nothing were folded.
    fn passes(&self, event: &TraceEvent<'_>) -> bool {
        let fits = |sieve: &Sieve| sieve.contains(event.seq.get());
        self.detail.shows(event) && self.sieve.is_none_or(fits)
    }

    /// Whether a record is only counted.
    pub(super) fn folded(&self, number: u64) -> bool {
        self.folds
            && self.detail != Detail::Everything
            && self.pinned != Some(number)
            && self.film.index().is_boring(number)
    }

    /// The first record after this one that has a row, and for which `wanted`.
    pub(super) fn next(
        &self,
        number: u64,
        wanted: impl Fn(&TraceEvent<'_>) -> bool,
    ) -> Option<u64> {
        let fits = |event: &TraceEvent<'_>| self.shows(event) && wanted(event);
        match self.sieve {
            None => first_after(self.film, number, fits),
            Some(sieve) => {
                let pinned = self.pinned.filter(|pinned| *pinned > number);
                let mut coming = sieve.after(number).iter().copied();
                let found = coming.find(|number| self.fits(*number, fits));
                let pinned = pinned.filter(|number| self.fits(*number, fits));
                found.into_iter().chain(pinned).min()
            }
        }
    }

    fn fits(&self, number: u64, wanted: impl Fn(&TraceEvent<'_>) -> bool) -> bool {
        self.film.event(number).is_some_and(|event| wanted(&event))
    }

    /// The last record before this one that has a row, and for which `wanted`.
    pub(super) fn last(
        &self,
        number: u64,
        wanted: impl Fn(&TraceEvent<'_>) -> bool,
    ) -> Option<u64> {
        let fits = |event: &TraceEvent<'_>| self.shows(event) && wanted(event);
        match self.sieve {
            None => last_before(self.film, number, fits),
            Some(sieve) => {
                let pinned = self.pinned.filter(|pinned| *pinned < number);
                let mut gone = sieve.before(number).iter().rev().copied();
                let found = gone.find(|number| self.fits(*number, fits));
                let pinned = pinned.filter(|number| self.fits(*number, fits));
                found.into_iter().chain(pinned).max()
            }
        }
    }

    /// What is folded between two rows, in words.
    pub(super) fn between(&self, first: u64, last: u64) -> Option<String> {
        if !self.folds || self.detail == Detail::Everything || last <= first + 1 {
            return None;
        }
        // Of each type, how many led to nothing, and how many were lost.
        let mut types: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
        let between = self.film.trace().iter_from(first + 1).take((last - first - 1) as usize);
        let looked_at = between.take(COUNTED as usize);
        for event in looked_at.filter(|event| self.passes(event)) {
            let number = event.seq.get();
            if self.folded(number) {
                let counts = types.entry(self.film.index().message(number).unwrap_or("datagram"));
                let lost = matches!(event.kind, Kind::Dropped { .. });
                counts.or_default()[usize::from(lost)] += 1;
            }
        }
        let idle = types.iter().filter(|(_, counts)| counts[0] > 0);
        let idle: Vec<String> =
            idle.map(|(name, counts)| format!("{} {name}", counts[0])).collect();
        let lost: u64 = types.values().map(|counts| counts[1]).sum();
        let idle = (!idle.is_empty()).then(|| format!("{} without effect", idle.join(", ")));
        let lost = (lost > 0).then(|| format!("{lost} lost again"));
        let said: Vec<String> = idle.into_iter().chain(lost).collect();
        let more = if last - first > COUNTED { " and more" } else { "" };
        (!said.is_empty()).then(|| format!("{}{more}", said.join(", ")))
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

/// Whether an operation ended otherwise than in another variant of the story, or did not end there.
pub(crate) fn differs(film: &Film<'_>, other: &Film<'_>, event: &TraceEvent<'_>) -> bool {
    let Kind::Returned { op } = event.kind else { return false };
    let there = other.index().operation_of(op).and_then(|operation| operation.returned);
    let there = there.and_then(|number| other.event(number));
    let same_film = std::ptr::eq(film, other);
    !same_film && there.is_none_or(|there| there.bytes != event.bytes)
}

/// The first records in which two films differ, however little.
pub(super) fn parting(one: &Film<'_>, other: &Film<'_>) -> Option<(u64, u64)> {
    let mut pairs = one.trace().iter().zip(other.trace().iter());
    let same = |(a, b): &(TraceEvent<'_>, TraceEvent<'_>)| a == b;
    let found = pairs.find(|pair| !same(pair)).map(|(a, b)| (a.seq.get(), b.seq.get()));
    let shorter = one.len().min(other.len()) + 1;
    found.or_else(|| (one.len() != other.len()).then_some((shorter, shorter)))
}
