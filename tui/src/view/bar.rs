//! The bar below the diagram: how much happened when, what was broken then, and where the cursor is.

use super::pen::{Pen, width};
use crate::app::{App, seconds};
use crate::film::Film;
use ratatui::layout::Rect;
use simlab_core::{Kind, Time};

pub(super) fn draw(app: &App<'_>, pen: &mut Pen<'_>, area: Rect) {
    let (film, theme, glyphs) = (app.film(), app.theme(), app.glyphs());
    let cells = area.width.saturating_sub(2);
    if cells == 0 {
        return;
    }
    let (begin, end) = app.window();
    let first = |cell: u16| film.trace().first_at(app.time_at(cell, cells));
    let starts: Vec<u64> = (0..=cells).map(first).collect();
    let most = starts.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0).max(1);
    for (cell, pair) in (0..cells).zip(starts.windows(2)) {
        let many = pair[1] - pair[0];
        let level = (many * 8).div_ceil(most) as usize;
        pen.cell(1 + cell, area.y, glyphs.density[level.min(8)], theme.faint);
        pen.cell(1 + cell, area.y + 1, glyphs.calm, theme.faint);
    }
    broken(app, pen, area, &starts);
    let here = |time: Time| {
        let into = u128::from(time.since(begin).nanos()) * u128::from(cells);
        let cell = into / u128::from(end.since(begin).nanos().max(1));
        1 + cell.min(u128::from(cells - 1)) as u16
    };
    let from = if begin == Time::ZERO { "0s".to_owned() } else { begin.to_string() };
    let last = end.to_string();
    let now = app.now();
    let label = seconds(now);
    let at = here(now);
    pen.restyle(Rect::new(at, area.y, 1, 2), theme.cursor);
    let begin = at.min(area.width.saturating_sub(width(&label) + 2));
    let right = area.width.saturating_sub(width(&last) + 1);
    if begin > width(&from) + 1 {
        pen.text(1, area.y + 2, &from, theme.faint);
    }
    if begin + width(&label) + 2 < right {
        pen.text(right, area.y + 2, &last, theme.faint);
    }
    pen.text(begin, area.y + 2, &format!("{}{label}", glyphs.here), theme.strong);
}

/// What was broken when: cuts as walls for as long as they hold, all else where it happens.
fn broken(app: &App<'_>, pen: &mut Pen<'_>, area: Rect, starts: &[u64]) {
    let (film, theme, glyphs) = (app.film(), app.theme(), app.glyphs());
    for (cell, pair) in (0..).zip(starts.windows(2)) {
        let last = pair[1].saturating_sub(1).max(1);
        let parted = film.index().groups(last).len() > 1;
        if parted {
            pen.cell(1 + cell, area.y + 1, glyphs.wall, theme.fault);
        }
    }
    let cells = starts.len().saturating_sub(1);
    let cell_of = |number: u64| {
        let after = starts.partition_point(|start| *start <= number);
        // What is before the window, or after it, has no place in it.
        after.checked_sub(1).filter(|cell| *cell < cells).map(|cell| 1 + cell as u16)
    };
    for number in app.marks() {
        if let Some(x) = cell_of(*number) {
            pen.cell(x, area.y + 1, glyphs.mark, theme.strong);
        }
    }
    for number in film.index().faults() {
        if let (Some(glyph), Some(x)) = (glyph(app, film, *number), cell_of(*number)) {
            pen.cell(x, area.y + 1, glyph, theme.fault);
        }
    }
    for number in film.violations() {
        if let Some(x) = cell_of(*number) {
            pen.cell(x, area.y + 1, glyphs.violation, theme.fault);
        }
    }
}

fn glyph(app: &App<'_>, film: &Film<'_>, number: u64) -> Option<&'static str> {
    let glyphs = app.glyphs();
    match film.event(number)?.kind {
        Kind::Crashed | Kind::Halted | Kind::Left | Kind::Wiped => Some(glyphs.crash),
        Kind::Restarted => Some(glyphs.restart),
        // However short it is.
        Kind::Cut { .. } => Some(glyphs.wall),
        Kind::Paused => Some(glyphs.paused),
        Kind::ClockChanged { .. } | Kind::DiskActed { .. } | Kind::Began { .. } => {
            Some(glyphs.damaged)
        }
        _ => None,
    }
}
