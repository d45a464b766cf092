//! The panes beside the diagram: their lines, and the graph of the network above them.

use super::network;
use super::pen::{Pen, clip, width, wrap};
use crate::app::App;
use crate::app::pane::{Line, Pane, Role};
use ratatui::layout::Rect;
use ratatui::style::Style;

/// A line takes so many rows at most.
const TALLEST: usize = 4;

/// Draws a pane; the row above it is its heading. Only the first one can have the keys.
pub(super) fn draw(app: &App<'_>, pane: Pane, first: bool, pen: &mut Pen<'_>, area: Rect) {
    let theme = app.theme();
    let focus = app.focus().filter(|_| first);
    let title = format!(" {} ", pane.title());
    let style = if focus.is_some() { theme.cursor } else { theme.strong };
    pen.clipped(area.x, area.y - 1, &title, area.width, style);
    let mut area = area;
    if pane == Pane::Network {
        let taken = network::draw(app, pen, area);
        area = Rect { y: area.y + taken, height: area.height - taken, ..area };
    }
    let lines = app.lines(pane, area.width, area.height);
    let rows: Vec<Vec<String>> = lines.iter().map(|line| wrapped(app, line, area.width)).collect();
    let anchor =
        focus.unwrap_or_else(|| app.anchor(pane, &lines)).min(rows.len().saturating_sub(1));
    // Whose state it is stays in sight.
    let stays = usize::from(pane == Pane::Node && area.height > 1).min(rows.len());
    let taken: usize = rows[..stays].iter().map(Vec::len).sum();
    let height = usize::from(area.height).saturating_sub(taken);
    let top = stays + top(&rows[stays..], anchor.saturating_sub(stays), height);
    let mut y = area.y;
    for number in (0..stays).chain(top..rows.len()) {
        let (line, rows) = (&lines[number], &rows[number]);
        let chosen = focus == Some(number);
        let style = if chosen { theme.cursor } else { style_of(app, line.role) };
        for (row, text) in rows.iter().enumerate() {
            if y >= area.bottom() {
                let more = app.glyphs().more;
                pen.text(area.right().saturating_sub(1), area.bottom() - 1, more, theme.strong);
                return;
            }
            let indent = line.indent + if row > 0 { 2 } else { 0 };
            let x = area.x + indent.min(area.width);
            if row == 0 && chosen {
                pen.cell(area.x.saturating_sub(1), y, app.glyphs().right, theme.strong);
            }
            pen.clipped(x, y, text, area.right().saturating_sub(x), style);
            y += 1;
        }
    }
    if top > stays {
        pen.text(area.right().saturating_sub(1), area.y, app.glyphs().more, theme.strong);
    }
}

/// A line as rows of so many columns, those after the first indented.
fn wrapped(app: &App<'_>, line: &Line, columns: u16) -> Vec<String> {
    let text = match &line.was {
        Some(was) => format!("{} {}{was}", line.text, app.glyphs().was),
        None => line.text.clone(),
    };
    let room = columns.saturating_sub(line.indent);
    if width(&text) <= room {
        return vec![text];
    }
    // The blanks of tables and dumps stay where they are.
    let mut first = text
        .char_indices()
        .filter(|(at, letter)| matches!(letter, ' ' | '[') && width(&text[..*at]) <= room);
    let cut = first.next_back().map_or_else(|| clip(&text, room).len(), |(at, _)| at);
    let cut = if cut == 0 { clip(&text, room).len() } else { cut };
    let mut rows = vec![text[..cut].to_owned()];
    let columns = room.saturating_sub(2).max(1);
    let mut rest = wrap(&text[cut..], columns, TALLEST);
    let is_cut = rest.len() == TALLEST;
    rest.truncate(TALLEST - 1);
    if let Some(last) = rest.last_mut().filter(|_| is_cut) {
        let more = app.glyphs().more;
        let kept = clip(last, columns.saturating_sub(width(more))).len();
        last.truncate(kept);
        last.push_str(more);
    }
    rows.extend(rest.into_iter().filter(|row| !row.is_empty()));
    rows
}

/// The first line that is shown for this one to be seen, a third from the top if it must be.
fn top(rows: &[Vec<String>], anchor: usize, height: usize) -> usize {
    let until: usize = rows.iter().take(anchor + 1).map(Vec::len).sum();
    if until <= height {
        return 0;
    }
    let all: usize = rows.iter().map(Vec::len).sum();
    let mut skipped = 0;
    for (number, line) in rows.iter().enumerate() {
        let left = all - skipped;
        if left <= height
            || until - skipped <= height.div_ceil(3).max(line.len())
            || number >= anchor
        {
            return number;
        }
        skipped += line.len();
    }
    anchor
}

fn style_of(app: &App<'_>, role: Role) -> Style {
    let theme = app.theme();
    match role {
        Role::Plain => theme.text,
        Role::Heading => theme.strong,
        Role::Faint => theme.faint,
        Role::Changed => theme.changed,
        Role::Fault => theme.fault,
        Role::Well => theme.well,
    }
}
