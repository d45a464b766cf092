//! Through the run: steps, jumps, search, play.

use super::App;
use super::command::Command;
use super::filter::Filter;
use super::sight::{first_after, last_before};
use crate::film::is_fault;
use simlab_core::{Duration, Kind, Seq, Time, TraceEvent};

impl App<'_> {
    /// Goes where a command leads, or says that there is nothing.
    pub(super) fn go(&mut self, command: Command) {
        let cursor = self.cursor();
        let (sight, film) = (self.sight(self.shown), self.film());
        let node = self.inspected_node();
        let any = |_: &TraceEvent<'_>| true;
        let here = |event: &TraceEvent<'_>| event.node == node;
        let ends = |event: &TraceEvent<'_>| {
            matches!(event.kind, Kind::Invoked { .. } | Kind::Returned { .. })
        };
        let fault = |event: &TraceEvent<'_>| is_fault(&event.kind);
        let index = film.index();
        let found = match command {
            Command::Forward => sight.next(cursor, any),
            Command::Back => sight.last(cursor, any),
            Command::ForwardHere => sight.next(cursor, here),
            Command::BackHere => sight.last(cursor, here),
            Command::ForwardPage | Command::BackPage => self.page(command == Command::ForwardPage),
            Command::NextFault => first_after(film, cursor, fault),
            Command::LastFault => last_before(film, cursor, fault),
            Command::NextOperation => first_after(film, cursor, ends),
            Command::LastOperation => last_before(film, cursor, ends),
            Command::NextChange => index.next_change(cursor, true),
            Command::LastChange => index.next_change(cursor, false),
            Command::NextViolation => after(film.violations().iter(), cursor),
            Command::LastViolation => before(film.violations().iter(), cursor),
            Command::NextMark => after(self.marks().iter(), cursor),
            Command::LastMark => before(self.marks().iter(), cursor),
            Command::NextDifference => self.difference(true),
            Command::LastDifference => self.difference(false),
            Command::Divergence => self.divergence(),
            Command::First => sight.next(0, any).or(Some(1)),
            Command::Last => sight.last(film.len() + 1, any).or(Some(film.len())),
            Command::Cause => film.event(cursor).and_then(|event| event.cause).map(Seq::get),
            Command::OtherEnd => self.other_end(),
            Command::SearchNext | Command::SearchLast => {
                match self.search(command == Command::SearchNext) {
                    Ok(Some(found)) => Some(found),
                    Ok(None) => {
                        let way = if command == Command::SearchNext { "after" } else { "before" };
                        let text = format!("`{}` is not found {way} this event", self.needle);
                        return self.message = Some(text);
                    }
                    Err(reason) => return self.message = Some(reason),
                }
            }
            _ => return,
        };
        match found {
            Some(number) => self.jump(number),
            None => self.message = Some("nothing more that way".to_owned()),
        }
    }

    /// Goes to a record, which has a row from then on if it had none.
    pub(super) fn jump(&mut self, number: u64) {
        let number = number.clamp(1, self.film().len().max(1));
        self.place(number);
        self.moment = self.now();
        self.playing = self.playing.map(|_| self.moment);
        self.node = None;
    }

    /// What has a row is decided anew: no record has one only because somebody went there.
    pub(super) fn unpin(&mut self) {
        self.pinned.fill(None);
    }

    /// Puts the cursor of the shown variant at a record.
    pub(super) fn place(&mut self, number: u64) {
        self.cursors[self.shown] = number;
        let event = self.film().event(number);
        let shown = event.is_none_or(|event| self.sight(self.shown).shows(&event));
        if !shown {
            self.pinned[self.shown] = Some(number);
        }
    }

    /// Moves the cursor to a record that has a row: the one before, if its own has none.
    pub(super) fn snap(&mut self) {
        let cursor = self.cursor();
        let sight = self.sight(self.shown);
        let near = sight.last(cursor + 1, |_| true).or_else(|| sight.next(cursor, |_| true));
        self.cursors[self.shown] = near.unwrap_or(cursor);
        self.moment = self.now();
        self.playing = self.playing.map(|_| self.moment);
    }

    fn page(&self, forward: bool) -> Option<u64> {
        let sight = self.sight(self.shown);
        let rows = self.layout().map_or(2, |layout| layout.body.height.max(2));
        let mut number = None;
        for _ in 0..rows - 1 {
            let from = number.unwrap_or(self.cursor());
            let next =
                if forward { sight.next(from, |_| true) } else { sight.last(from, |_| true) };
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
            | Kind::Duplicated { datagram, .. }
            | Kind::Replayed { datagram, .. } => Some(datagram.get()),
            Kind::Invoked { op, .. } | Kind::Returned { op } => {
                let operation = self.film().index().operation_of(op)?;
                if operation.invoked == event.seq.get() {
                    operation.returned
                } else {
                    Some(operation.invoked)
                }
            }
            _ => None,
        }
    }

    fn search(&self, forward: bool) -> Result<Option<u64>, String> {
        let (film, needle) = (self.film(), self.needle.trim());
        if let Some(number) = needle.strip_prefix('#') {
            let number = number.parse().ok();
            return Ok(number.filter(|number| (1..=film.len()).contains(number)));
        }
        if let Some(time) = needle.strip_prefix("t=") {
            let time: Duration =
                time.parse().map_err(|_| "a time is meant so: t=12.5s".to_owned())?;
            let first = film.trace().first_at(Time::ZERO + time);
            return Ok((first <= film.len()).then_some(first));
        }
        let filter = Filter::parse(needle, film)?;
        let hit = |event: &TraceEvent<'_>| filter.fits(film, event);
        Ok(if forward {
            first_after(film, self.cursor(), hit)
        } else {
            last_before(film, self.cursor(), hit)
        })
    }

    /// So many milliseconds of the audience's time have passed.
    pub fn tick(&mut self, ms: u64) {
        if self.playing.is_some() {
            self.play(ms);
            self.settle();
        }
    }

    /// Goes to the last record that was by then.
    fn play(&mut self, ms: u64) {
        let Some(at) = self.playing else { return };
        let at = at + Duration(ms.saturating_mul(self.speed).saturating_mul(1_000));
        let sight = self.sight(self.shown);
        let cursor = self.cursor();
        let coming = self.film().trace().iter_from(cursor + 1);
        let passed = coming.take_while(|event| event.at <= at).filter(|event| sight.shows(event));
        let last = passed.last().map(|event| event.seq.get());
        let over = self.film().is_over() && at >= self.film().index().end();
        self.playing = (!over).then_some(at);
        self.cursors[self.shown] = last.unwrap_or(cursor);
        self.moment = self.now();
    }
}

/// The first of some records, in their order, that comes after this one.
fn after<'a>(mut all: impl Iterator<Item = &'a u64>, number: u64) -> Option<u64> {
    all.find(|other| **other > number).copied()
}

/// The last of them that comes before it.
fn before<'a>(all: impl Iterator<Item = &'a u64>, number: u64) -> Option<u64> {
    all.take_while(|other| **other < number).last().copied()
}
