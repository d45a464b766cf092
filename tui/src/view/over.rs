//! What lies over the diagram: help, palette, search, the chain of causes.

use super::pen::{Pen, wrap};
use crate::app::command::{COMMANDS, Entry, Group};
use crate::app::{App, Over};
use ratatui::layout::Rect;
use ratatui::style::Style;

pub(super) fn draw(app: &App<'_>, pen: &mut Pen<'_>, area: Rect) {
    match app.over() {
        Over::Nothing => {}
        Over::Help(top) => help(app, pen, area, *top),
        Over::Palette(text, chosen) => palette(app, pen, area, text, *chosen),
        Over::Search(text) => {
            let y = area.height - 1;
            pen.clear(Rect::new(0, y, area.width, 1));
            let end = pen.text(1, y, &format!("/{text}"), app.theme().strong);
            pen.cell(end, y, " ", app.theme().cursor);
        }
        Over::Chain(lines) => chain(app, pen, area, lines),
    }
}

/// A box in the middle with this heading; returns the part inside.
fn framed(app: &App<'_>, pen: &mut Pen<'_>, area: Rect, lines: u16, title: &str) -> Rect {
    let theme = app.theme();
    let (width, height) = (area.width.saturating_sub(4).min(96), (lines + 2).min(area.height - 2));
    let frame = Rect::new((area.width - width) / 2, (area.height - height) / 2, width, height);
    pen.clear(frame);
    for y in [frame.y, frame.bottom() - 1] {
        for x in frame.x..frame.right() {
            pen.cell(x, y, app.glyphs().banner, theme.strong);
        }
    }
    pen.text(frame.x + 2, frame.y, &format!(" {title} "), theme.strong);
    Rect::new(frame.x + 1, frame.y + 1, frame.width - 2, frame.height - 2)
}

fn help(app: &App<'_>, pen: &mut Pen<'_>, area: Rect, top: u16) {
    let theme = app.theme();
    let mut lines: Vec<(Style, String)> = Vec::new();
    for group in [Group::Time, Group::Why, Group::Show, Group::Rest] {
        lines.push((theme.strong, group.title().to_owned()));
        for entry in COMMANDS.iter().filter(|entry| entry.group == group) {
            lines.push(line(app, entry));
        }
    }
    let count = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let inside = framed(app, pen, area, count, "help: arrows scroll, Esc closes");
    let top = top.min(count.saturating_sub(inside.height));
    let shown = lines.iter().skip(usize::from(top));
    for ((style, text), y) in shown.zip(inside.y..inside.bottom()) {
        pen.clipped(inside.x, y, text, inside.width, *style);
    }
}

/// A command in a line: its keys, what it does, and why it cannot be done now.
fn line(app: &App<'_>, entry: &Entry) -> (Style, String) {
    let keys: Vec<String> = entry.keys.iter().map(|key| app.key(key)).collect();
    let text = format!("{:>18}  {}", keys.join(" "), entry.title);
    match app.enabled(entry.command) {
        Ok(()) => (app.theme().text, text),
        Err(reason) => (app.theme().faint, format!("{text} ({reason})")),
    }
}

fn palette(app: &App<'_>, pen: &mut Pen<'_>, area: Rect, text: &str, chosen: usize) {
    let theme = app.theme();
    let found = app.found();
    let count = u16::try_from(COMMANDS.len() + 1).unwrap_or(u16::MAX);
    let inside = framed(app, pen, area, count, "commands: type, Enter does it, Esc closes");
    let end = pen.text(inside.x, inside.y, &format!(":{text}"), theme.strong);
    pen.cell(end, inside.y, " ", theme.cursor);
    let rows = usize::from(inside.height.saturating_sub(1)).max(1);
    let top = (chosen + 1).saturating_sub(rows);
    let shown = found.iter().enumerate().skip(top);
    for ((number, entry), y) in shown.zip(inside.y + 1..inside.bottom()) {
        let (style, text) = line(app, entry);
        let style = if number == chosen { theme.cursor } else { style };
        pen.clipped(inside.x, y, &text, inside.width, style);
    }
}

fn chain(app: &App<'_>, pen: &mut Pen<'_>, area: Rect, all: &[String]) {
    let width = area.width.saturating_sub(6).min(94);
    let lines: Vec<String> = all.iter().flat_map(|line| wrap(line, width, 2)).collect();
    let count = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let inside = framed(app, pen, area, count, "what led to it, the first cause first");
    // The last lines matter most.
    let skipped = lines.len().saturating_sub(usize::from(inside.height));
    for (text, y) in lines.iter().skip(skipped).zip(inside.y..inside.bottom()) {
        pen.clipped(inside.x, y, text, inside.width, app.theme().text);
    }
}
