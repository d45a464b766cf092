//! The library: the lessons, a row each, and what the chosen one is about.

use super::pen::{Pen, clip, width, wrap};
use crate::app::layout::SMALLEST;
use crate::app::library::Library;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The row of the first lesson.
pub(crate) const FIRST: u16 = 3;

/// What stands below the lessons: the chosen one in words.
const SUMMARY: u16 = 6;

/// For how many lessons there is room, of so many, where the screen is so high.
pub(crate) fn rows(height: u16, offers: usize) -> usize {
    let room = usize::from(height.saturating_sub(FIRST + 2));
    if offers <= room { room } else { room.saturating_sub(SUMMARY.into()) }
}

/// Draws the library.
pub(crate) fn draw(library: &Library, area: Rect, buffer: &mut Buffer) {
    let mut pen = Pen::new(buffer, area);
    let theme = &library.options().theme;
    let glyphs = &library.options().glyphs;
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let (width, height) = SMALLEST;
        let text = format!("needs {width}x{height}, is {}x{}", area.width, area.height);
        pen.text(0, 0, &text, theme.text);
        return;
    }
    pen.text(1, 0, "simlab", theme.strong);
    pen.text(9, 0, "see distributed systems work, and break", theme.faint);
    for x in 0..area.width {
        pen.cell(x, 1, glyphs.rule, theme.faint);
    }
    let (offers, page) = (library.offers(), library.page());
    let title = match page.len() == offers.len() {
        true => " lessons ".to_owned(),
        false => format!(" lessons {} to {} of {} ", page.start + 1, page.end, offers.len()),
    };
    pen.text(2, 1, &title, theme.strong);
    let names = offers.iter().map(|offer| width(offer.name)).max().unwrap_or(0);
    let shown = offers.iter().enumerate().take(page.end).skip(page.start);
    for ((number, offer), y) in shown.zip(FIRST..area.height - 2) {
        let chosen = number == library.chosen();
        if chosen {
            pen.cell(1, y, glyphs.cursor, theme.strong);
        }
        pen.text(3, y, offer.name, if chosen { theme.cursor } else { theme.strong });
        let room = area.width.saturating_sub(names + 7);
        let fits = width(&offer.title) <= room;
        let more = if fits { "" } else { glyphs.more };
        let title = clip(&offer.title, room - width(more));
        pen.text(names + 6, y, &format!("{title}{more}"), theme.text);
    }
    let y = FIRST + page.len() as u16 + 1;
    if let Some(offer) = offers.get(library.chosen())
        && y < area.height - 2
    {
        let room = area.width - 4;
        let rows = usize::from(area.height - 2 - y);
        let variants = match offer.variants.len() {
            0 | 1 => String::new(),
            many => format!(" Told {many} times: {}.", offer.variants.join(", ")),
        };
        let text = format!("{}{variants}", offer.summary);
        let lines = wrap(&text, room, rows + 1);
        for (line, y) in lines.iter().take(rows).zip(y..) {
            pen.text(3, y, line, theme.text);
        }
        if lines.len() > rows {
            pen.text(area.width - 1, area.height - 3, glyphs.more, theme.strong);
        }
    }
    let hint = "Up Down PgUp PgDn choose   Enter open   t theme   q quit";
    let text = library.message().unwrap_or(hint);
    pen.text(1, area.height - 1, text, theme.faint);
}
