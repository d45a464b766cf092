//! Variants beside each other, at the same virtual time.

use super::App;
use super::pane::{Pane, seconds};
use super::sight::{differs, parting};
use crate::film::{Film, Score};
use simlab_core::Time;

/// Where two variants part.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parting {
    /// The first records that differ, however little.
    records: Option<(u64, u64)>,
    /// The first answer of the one that the other does not give.
    answer: Option<u64>,
}

impl App<'_> {
    /// The variant that the shown one is compared with: the next.
    pub(super) fn partner(&self) -> Option<usize> {
        let many = self.films.len();
        (many > 1).then(|| (self.shown + 1) % many)
    }

    /// Of two variants that are shown beside each other the one that this is not.
    #[must_use]
    pub fn partner_of(&self, variant: usize) -> Option<&Film<'_>> {
        let other = self.partner().filter(|_| self.scenes.len() > 1)?;
        let which = if variant == self.shown { other } else { self.shown };
        Some(&self.films[which])
    }

    /// The last record of a variant that was by the time of the cursor.
    fn by_now(&self, variant: usize) -> u64 {
        if variant == self.shown {
            return self.cursor();
        }
        let after = Time(self.moment.nanos().saturating_add(1));
        self.films[variant].trace().first_at(after).saturating_sub(1).max(1)
    }

    /// Moves the cursor of another variant to the time of the shown one's, at a record that has a row.
    pub(super) fn follow(&mut self, variant: usize) {
        let number = self.by_now(variant);
        let sight = self.sight(variant);
        let row = sight.last(number + 1, |_| true).or_else(|| sight.next(number, |_| true));
        self.cursors[variant] = row.unwrap_or(number);
    }

    /// Shows another variant at the same virtual time.
    pub(super) fn show(&mut self, variant: usize) {
        let (now, last) = (self.moment, self.by_now(variant));
        let film = &self.films[variant];
        let known = self.cursors[variant];
        let first = film.trace().first_at(now).min(last).max(1);
        // Whoever was at that moment there comes back to the same record.
        let same = film.event(known).is_some_and(|event| event.at == now);
        let sight = self.sight(variant);
        let near = sight.last(first + 1, |_| true).unwrap_or(first);
        // The first of that moment that has a row, if there is one.
        let at_now = sight.next(first.saturating_sub(1), |event| event.at == now);
        let place = if same { known } else { at_now.unwrap_or(near) };
        self.shown = variant;
        self.place(place);
    }

    /// How a variant stood at the time of the cursor.
    #[must_use]
    pub fn score(&self, variant: usize) -> Score {
        self.films[variant].score(self.by_now(variant))
    }

    /// Finds out where the shown variant and its partner part, if somebody looks at that.
    pub(super) fn part(&mut self) {
        let Some(other) = self.partner() else { return };
        let looked_at = self.wish.beside || self.pane == Pane::Score;
        let pair = (self.shown, other);
        let (one, other) = (&self.films[self.shown], &self.films[other]);
        let known = self.partings.contains_key(&pair) || !one.is_over() || !other.is_over();
        if looked_at && !known {
            let answer = answers(one, other).first().copied();
            let parting = Parting { records: parting(one, other), answer };
            self.partings.insert(pair, parting);
        }
    }

    /// Where the shown variant and the next one part, in words, each with its record.
    #[must_use]
    pub fn parting(&self) -> Vec<(String, u64)> {
        let Some(other) = self.partner() else { return Vec::new() };
        let Some(parting) = self.partings.get(&(self.shown, other)) else { return Vec::new() };
        let name = self.films[other].variant();
        let film = self.film();
        let at = |number: u64| seconds(film.event(number).map_or(Time::ZERO, |event| event.at));
        let records = parting.records.map(|(number, _)| {
            (format!("first unlike {name} at {} (#{number})", at(number)), number)
        });
        let answer = parting.answer.map(|number| {
            (format!("answers otherwise than {name} at {} (#{number})", at(number)), number)
        });
        records.into_iter().chain(answer).collect()
    }

    /// Whether the shown variant and its partner first differ in this record of a variant.
    #[must_use]
    pub fn parts_at(&self, variant: usize, number: u64) -> bool {
        let Some(other) = self.partner().filter(|_| self.wish.beside) else { return false };
        let parting = self.partings.get(&(self.shown, other)).and_then(|parting| parting.records);
        parting.is_some_and(|(one, two)| number == if variant == self.shown { one } else { two })
    }

    /// The record where the shown variant and its partner first differ.
    pub(super) fn divergence(&mut self) -> Option<u64> {
        let other = self.partner()?;
        parting(self.film(), &self.films[other]).map(|(number, _)| number)
    }

    /// The next answer, or the last one before, that is not what the partner tells the same client.
    pub(super) fn difference(&self, forward: bool) -> Option<u64> {
        let other = self.partner()?;
        let cursor = self.cursor();
        let mut all = answers(self.film(), &self.films[other]).into_iter();
        if forward {
            all.find(|number| *number > cursor)
        } else {
            all.rfind(|number| *number < cursor)
        }
    }
}

/// The answers of one variant that another does not give, by their records.
fn answers(one: &Film<'_>, other: &Film<'_>) -> Vec<u64> {
    let ends = one.index().all_operations().iter().filter_map(|op| {
        let end = one.index().operation_of(*op)?.returned?;
        let event = one.event(end)?;
        differs(one, other, &event).then_some(end)
    });
    let mut all: Vec<u64> = ends.collect();
    all.sort_unstable();
    all
}
