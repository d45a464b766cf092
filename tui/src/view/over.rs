//! What lies over the diagram: help, palette, search, filter, the chain of causes.

use super::pen::{Pen, width, wrap};
use crate::app::command::{Entry, Group};
use crate::app::{App, Over};
use ratatui::layout::Rect;
use ratatui::style::Style;

pub(super) fn draw(app: &App<'_>, pen: &mut Pen<'_>, area: Rect) {
    match app.over() {
        Over::Nothing => {}
        Over::Help(text, chosen) => help(app, pen, area, text, *chosen),
        Over::Palette(text, chosen) => palette(app, pen, area, text, *chosen),
        Over::Glossary(text, chosen) => glossary(app, pen, area, text, *chosen),
        Over::Search(text) => asked(app, pen, area, "/", text, "words, node:NAME, t=12s, #120"),
        Over::Filter(text) => {
            let hint = "node:NAME type:NAME kind:NAME op:WORD words, - for without; empty: all";
            asked(app, pen, area, "show only: ", text, hint);
        }
        Over::Chain(lines, chosen) => chain(app, pen, area, lines, *chosen),
    }
}

/// A line to type into, in the place of the hints.
fn asked(app: &App<'_>, pen: &mut Pen<'_>, area: Rect, what: &str, text: &str, hint: &str) {
    let y = area.height - 1;
    pen.clear(Rect::new(0, y, area.width, 1));
    // Of a long text the end is seen.
    let room = area.width.saturating_sub(width(what) + 3);
    let mut text = text.to_owned();
    while width(&text) > room {
        text.remove(0);
    }
    let end = pen.text(1, y, &format!("{what}{text}"), app.theme().strong);
    pen.cell(end, y, " ", app.theme().cursor);
    if text.is_empty() {
        pen.text(end + 2, y, hint, app.theme().faint);
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

fn help(app: &App<'_>, pen: &mut Pen<'_>, area: Rect, text: &str, chosen: usize) {
    let theme = app.theme();
    let mut lines: Vec<(Style, String)> = Vec::new();
    let mut group: Option<Group> = None;
    let mut at = 0;
    for (number, entry) in app.found().into_iter().enumerate() {
        if group != Some(entry.group) {
            group = Some(entry.group);
            lines.push((theme.strong, entry.group.title().to_owned()));
        }
        let (style, line) = line(app, entry);
        if number == chosen {
            at = lines.len();
        }
        lines.push((if number == chosen { theme.cursor } else { style }, line));
    }
    let typed = text.to_lowercase();
    let signs = app.glyphs().legend();
    let signs = signs.iter().filter(|(_, meaning)| format!("signs {meaning}").contains(&typed));
    let signs: Vec<_> =
        signs.map(|(sign, meaning)| (theme.text, format!("{sign:>18}  {meaning}"))).collect();
    if !signs.is_empty() {
        lines.push((theme.strong, "Signs".to_owned()));
        lines.extend(signs);
    }
    if lines.is_empty() {
        lines.push((theme.faint, "nothing of that name".to_owned()));
    }
    let count = u16::try_from(crate::app::command::COMMANDS.len() + 28).unwrap_or(u16::MAX);
    let title = "help: type to find, Enter does it, Esc closes";
    let inside = framed(app, pen, area, count, title);
    let end = pen.text(inside.x, inside.y, &format!("?{text}"), theme.strong);
    pen.cell(end, inside.y, " ", theme.cursor);
    let rows = usize::from(inside.height.saturating_sub(1)).max(1);
    // What comes after the last command is seen once that is chosen.
    let last = app.found().len().saturating_sub(1);
    let at = if chosen == last { lines.len().saturating_sub(1) } else { at };
    let top = if at < rows { 0 } else { at + 1 - rows };
    let shown = lines.iter().skip(top);
    for ((style, text), y) in shown.zip(inside.y + 1..inside.bottom()) {
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
    let count = u16::try_from(crate::app::command::COMMANDS.len() + 1).unwrap_or(u16::MAX);
    let inside = framed(app, pen, area, count, "commands: type, Enter does it, Esc closes");
    let end = pen.text(inside.x, inside.y, &format!(":{text}"), theme.strong);
    pen.cell(end, inside.y, " ", theme.cursor);
    if found.is_empty() {
        pen.text(inside.x, inside.y + 1, "no command of that name", theme.faint);
    }
    let rows = usize::from(inside.height.saturating_sub(1)).max(1);
    let top = (chosen + 1).saturating_sub(rows);
    let shown = found.iter().enumerate().skip(top);
    for ((number, entry), y) in shown.zip(inside.y + 1..inside.bottom()) {
        let (style, text) = line(app, entry);
        let style = if number == chosen { theme.cursor } else { style };
        pen.clipped(inside.x, y, &text, inside.width, style);
    }
}

/// The glossary: a term in a row or two, the chosen one whole.
fn glossary(app: &App<'_>, pen: &mut Pen<'_>, area: Rect, text: &str, chosen: usize) {
    let theme = app.theme();
    let terms = app.terms();
    let title = "words: type to find, Esc closes; those of this event come first";
    let inside = framed(app, pen, area, 40, title);
    let end = pen.text(inside.x, inside.y, &format!(":{text}"), theme.strong);
    pen.cell(end, inside.y, " ", theme.cursor);
    if terms.is_empty() {
        pen.text(inside.x, inside.y + 1, "no such word here", theme.faint);
    }
    let words = terms.iter().map(|term| width(term.word)).max().unwrap_or(0).min(14);
    let room = inside.width.saturating_sub(words + 2);
    let mut lines: Vec<(usize, &str, String)> = Vec::new();
    for (number, term) in terms.iter().enumerate() {
        for (row, line) in wrap(term.meaning, room, 4).into_iter().enumerate() {
            lines.push((number, if row == 0 { term.word } else { "" }, line));
        }
    }
    let rows = usize::from(inside.height.saturating_sub(1)).max(1);
    let at = lines.iter().rposition(|(number, ..)| *number == chosen).unwrap_or(0);
    let top = (at + 1).saturating_sub(rows);
    for ((number, word, line), y) in lines.iter().skip(top).zip(inside.y + 1..inside.bottom()) {
        let style = if *number == chosen { theme.cursor } else { theme.strong };
        pen.clipped(inside.x, y, word, words, style);
        pen.clipped(inside.x + words + 2, y, line, room, theme.text);
    }
}

/// The chain of causes: a line for each, the chosen one marked; Enter goes there.
fn chain(app: &App<'_>, pen: &mut Pen<'_>, area: Rect, all: &[(u64, String)], chosen: usize) {
    let width = area.width.saturating_sub(6).min(94);
    let lines: Vec<(usize, String)> = all
        .iter()
        .enumerate()
        .flat_map(|(number, (_, line))| {
            wrap(line, width, 2).into_iter().map(move |line| (number, line))
        })
        .collect();
    let count = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let title = "what led to it, the first cause first: arrows choose, Enter goes there";
    let inside = framed(app, pen, area, count, title);
    let at = lines.iter().rposition(|(number, _)| *number == chosen).unwrap_or(0);
    let top = (at + 1).saturating_sub(usize::from(inside.height));
    for ((number, text), y) in lines.iter().skip(top).zip(inside.y..inside.bottom()) {
        let style = if *number == chosen { app.theme().cursor } else { app.theme().text };
        pen.clipped(inside.x, y, text, inside.width, style);
    }
}
