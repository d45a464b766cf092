//! Through the run: steps, jumps, search, play.

use super::command::Command;
use super::layout::Layout;
use super::scene::{first_after, last_before};
use super::{App, Over};
use crate::film::is_fault;
use ratatui::layout::Position;
use simlab_core::{Duration, Kind, Seq, Time, TraceEvent};
use simlab_sim::trace::line;

impl App<'_> {
    /// Goes where a command leads, or says that there is nothing.
    pub(super) fn go(&mut self, command: Command) {
        let cursor = self.cursor();
        let (detail, film) = (self.detail, self.film());
        let node = self.inspected_node();
        let shown = |event: &TraceEvent<'_>| detail.shows(event);
        let here = |event: &TraceEvent<'_>| detail.shows(event) && event.node == node;
        let ends = |event: &TraceEvent<'_>| {
            matches!(event.kind, Kind::Invoked { .. } | Kind::Returned { .. })
        };
        let fault = |event: &TraceEvent<'_>| is_fault(&event.kind);
        let violation = |event: &TraceEvent<'_>| matches!(event.kind, Kind::Found { .. });
        let index = film.index();
        let found = match command {
            Command::Forward => first_after(film, cursor, shown),
            Command::Back => last_before(film, cursor, shown),
            Command::ForwardHere => first_after(film, cursor, here),
            Command::BackHere => last_before(film, cursor, here),
            Command::ForwardPage | Command::BackPage => self.page(command == Command::ForwardPage),
            Command::NextFault => first_after(film, cursor, fault),
            Command::LastFault => last_before(film, cursor, fault),
            Command::NextOperation => first_after(film, cursor, ends),
            Command::LastOperation => last_before(film, cursor, ends),
            Command::NextChange => index.next_change(cursor, true),
            Command::LastChange => index.next_change(cursor, false),
            Command::NextViolation => first_after(film, cursor, violation),
            Command::LastViolation => last_before(film, cursor, violation),
            Command::First => Some(1),
            Command::Last => Some(film.len()),
            Command::Cause => film.event(cursor).and_then(|event| event.cause).map(Seq::get),
            Command::OtherEnd => self.other_end(),
            Command::SearchNext => self.search(true),
            Command::SearchLast => self.search(false),
            _ => return,
        };
        match found {
            Some(number) => self.jump(number),
            None => self.message = Some("nothing more that way".to_owned()),
        }
    }

    /// Goes to a record, and shows as much as it takes for it to have a row.
    pub(super) fn jump(&mut self, number: u64) {
        self.cursors[self.shown] = number.clamp(1, self.film().len().max(1));
        let shown =
            |app: &Self| app.film().event(number).is_none_or(|event| app.detail.shows(&event));
        while !shown(self) {
            self.detail = self.detail.next();
        }
        self.node = None;
    }

    /// Moves the cursor to a record that has a row: the one before, if its own has none.
    pub(super) fn snap(&mut self) {
        let cursor = self.cursor();
        let detail = self.detail;
        let shown = |event: &TraceEvent<'_>| detail.shows(event);
        let film = self.film();
        let own = film.event(cursor).filter(shown).map(|_| cursor);
        let near = own.or_else(|| last_before(film, cursor, shown));
        let near = near.or_else(|| first_after(film, cursor, shown));
        self.cursors[self.shown] = near.unwrap_or(cursor);
    }

    fn page(&self, forward: bool) -> Option<u64> {
        let detail = self.detail;
        let mut number = None;
        for _ in 0..self.rows.max(2) - 1 {
            let from = number.unwrap_or(self.cursor());
            let shown = |event: &TraceEvent<'_>| detail.shows(event);
            let next = if forward {
                first_after(self.film(), from, shown)
            } else {
                last_before(self.film(), from, shown)
            };
            number = Some(next.or(number)?);
        }
        number
    }

    /// From a send to what became of it, and back.
    fn other_end(&self) -> Option<u64> {
        let event = self.film().event(self.cursor())?;
        match event.kind {
            Kind::Sent { .. } => self.film().index().fate(event.seq.get()),
            Kind::Delivered { datagram, .. }
            | Kind::Dropped { datagram, .. }
            | Kind::Corrupted { datagram, .. }
            | Kind::Duplicated { datagram, .. } => Some(datagram.get()),
            Kind::Invoked { .. } | Kind::Returned { .. } => {
                let operation = self.film().index().operation(event.node?, event.seq.get())?;
                if operation.invoked == event.seq.get() {
                    operation.returned
                } else {
                    Some(operation.invoked)
                }
            }
            _ => None,
        }
    }

    fn search(&self, forward: bool) -> Option<u64> {
        let (film, needle) = (self.film(), self.needle.trim().to_lowercase());
        if let Some(number) = needle.strip_prefix('#') {
            return number.parse().ok().filter(|number| (1..=film.len()).contains(number));
        }
        if let Some(time) = needle.strip_prefix("t=") {
            let time: Duration = time.parse().ok()?;
            let first = film.trace().first_at(Time::ZERO + time);
            return (first <= film.len()).then_some(first);
        }
        let words = film.words();
        let hit = |event: &TraceEvent<'_>| line(event, &words).to_lowercase().contains(&needle);
        if forward {
            first_after(film, self.cursor(), hit)
        } else {
            last_before(film, self.cursor(), hit)
        }
    }

    /// The chain of causes of the event at the cursor, the first cause first.
    pub(super) fn chain(&self) -> Vec<String> {
        const MOST: usize = 64;
        let film = self.film();
        let words = film.words();
        let mut chain = Vec::new();
        let mut next = Some(self.cursor());
        while let Some(event) = next.and_then(|number| film.event(number)) {
            chain.push(format!(
                "{:>9} {:<8} {}",
                event.at.to_string(),
                event.seq,
                line(&event, &words)
            ));
            next = event.cause.map(Seq::get);
            if chain.len() == MOST {
                chain.push("and so on".to_owned());
                break;
            }
        }
        chain.reverse();
        chain
    }

    /// Goes to the row, or to the time of the bar, that was pointed at.
    pub fn point(&mut self, column: u16, row: u16) {
        let Some(layout) = Layout::of(self.size) else { return };
        let place = Position::new(column, row);
        if self.over != Over::Nothing {
            return;
        }
        if layout.diagram.contains(place) {
            let pointed = self.scene.rows.get(usize::from(row - layout.diagram.y));
            if let Some(number) = pointed.map(|pointed| pointed.number) {
                self.jump(number);
            }
        } else if layout.bar.contains(place) {
            let cells = layout.bar.width.saturating_sub(2);
            let time = self.time_at(column.saturating_sub(1).min(cells), cells);
            let first = self.film().trace().first_at(time);
            self.cursors[self.shown] = first.clamp(1, self.film().len().max(1));
            self.snap();
        }
        self.settle();
    }

    /// The time at which a cell of the bar begins, if it has so many.
    #[must_use]
    pub fn time_at(&self, cell: u16, cells: u16) -> Time {
        let end = self.end().nanos();
        Time((u128::from(end) * u128::from(cell) / u128::from(cells.max(1))) as u64)
    }

    /// The end of the bar.
    #[must_use]
    pub fn end(&self) -> Time {
        self.film().scenario().until.max(self.film().index().end())
    }

    /// So many milliseconds of the audience's time have passed: goes to the last record that was by then.
    pub(super) fn play(&mut self, ms: u64) {
        let Some(at) = self.playing else { return };
        let at = at + Duration(ms.saturating_mul(self.speed).saturating_mul(1_000));
        let detail = self.detail;
        let cursor = self.cursor();
        let coming = self.film().trace().iter_from(cursor + 1);
        let passed = coming.take_while(|event| event.at <= at).filter(|event| detail.shows(event));
        let last = passed.last().map(|event| event.seq.get());
        let over = self.film().is_over() && at >= self.film().index().end();
        self.playing = (!over).then_some(at);
        self.cursors[self.shown] = last.unwrap_or(cursor);
    }
}
