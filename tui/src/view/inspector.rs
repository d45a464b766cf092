//! What a node looks like at the cursor, and the datagram there.

use super::pen::{Pen, clip, width, wrap};
use crate::app::App;
use ratatui::layout::Rect;
use ratatui::style::Style;
use simlab_core::{FieldValue, Fields};

/// A line of the pane.
struct Line {
    indent: u16,
    name: String,
    value: String,
    was: Option<String>,
    style: Style,
}

pub(super) fn draw(app: &App<'_>, pen: &mut Pen<'_>, area: Rect) {
    let (theme, glyphs, inspected) = (app.theme(), app.glyphs(), app.inspected());
    let Some(node) = inspected.node else { return };
    let mut lines = Vec::new();
    let title = |text: &str| Line {
        indent: 0,
        name: text.to_owned(),
        value: String::new(),
        was: None,
        style: theme.strong,
    };
    let plain =
        |name: String, value: String| Line { indent: 1, name, value, was: None, style: theme.text };
    lines.push(title(&app.film().names().node(node)));
    match &inspected.state {
        Some(state) => fields(app, state, inspected.before.as_ref(), 1, &mut lines),
        None => lines.push(plain("does not run".to_owned(), String::new())),
    }
    if let Some((dissection, bytes)) = &inspected.datagram {
        lines.push(title(&format!("datagram, {} bytes", bytes.len())));
        match dissection {
            Some(dissection) => {
                for part in &dissection.parts {
                    lines.push(plain(part.name.to_owned(), part.value.clone()));
                }
            }
            None => lines.push(plain("nobody can read it".to_owned(), String::new())),
        }
        for (row, chunk) in bytes.chunks(8).take(6).enumerate() {
            let hex: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
            lines.push(Line {
                style: theme.faint,
                ..plain(format!("{:>3}", row * 8), hex.join(" "))
            });
        }
    }
    if !inspected.timers.is_empty() {
        lines.push(title("timers"));
        for (key, due) in &inspected.timers {
            lines.push(plain(key.to_string(), format!("at {due}")));
        }
    }
    if !inspected.files.is_empty() {
        lines.push(title("disk"));
        for (name, len, durable) in &inspected.files {
            let synced =
                if len == durable { "synced".to_owned() } else { format!("{durable} synced") };
            lines.push(plain(name.clone(), format!("{len} B, {synced}")));
        }
    }
    let mut y = area.y;
    for line in &lines {
        if y >= area.bottom() {
            pen.text(area.right().saturating_sub(2), area.bottom() - 1, glyphs.more, theme.strong);
            break;
        }
        let mut x = area.x + line.indent;
        x = pen.clipped(x, y, &line.name, area.right().saturating_sub(x), line.style);
        let value = match &line.was {
            Some(was) => format!(" {} {}{was}", line.value, glyphs.was),
            None if line.value.is_empty() => String::new(),
            None => format!(" {}", line.value),
        };
        let room = area.right().saturating_sub(x);
        if width(&value) <= room {
            pen.clipped(x, y, &value, room, line.style);
        } else {
            // A long value goes on below, indented.
            let first = clip(&value, room);
            pen.clipped(x, y, first, room, line.style);
            let rest = value[first.len()..].trim_start();
            let under = area.x + line.indent + 2;
            for more in wrap(rest, area.right().saturating_sub(under), 3) {
                y += 1;
                if y < area.bottom() {
                    pen.clipped(under, y, &more, area.right().saturating_sub(under), line.style);
                }
            }
        }
        y += 1;
    }
}

/// The fields of a state, each with what it was before, if that was something else.
fn fields(
    app: &App<'_>,
    state: &Fields,
    before: Option<&Fields>,
    indent: u16,
    lines: &mut Vec<Line>,
) {
    let theme = app.theme();
    for field in state {
        let old = before.and_then(|before| before.get(&[field.name.as_str()]));
        match &field.value {
            FieldValue::Group(group) => {
                let old = match old {
                    Some(FieldValue::Group(old)) => Some(old),
                    _ => None,
                };
                lines.push(Line {
                    indent,
                    name: field.name.clone(),
                    value: String::new(),
                    was: None,
                    style: theme.text,
                });
                fields(app, group, old, indent + 1, lines);
            }
            value => {
                let words = in_words(value);
                let was = before.map(|_| old.map_or_else(|| "nothing".to_owned(), in_words));
                let was = was.filter(|was| *was != words);
                let style = if was.is_some() { theme.changed } else { theme.text };
                lines.push(Line { indent, name: field.name.clone(), value: words, was, style });
            }
        }
    }
}

fn in_words(value: &FieldValue) -> String {
    match value {
        FieldValue::Int(number) => number.to_string(),
        FieldValue::Text(text) => text.clone(),
        FieldValue::Group(group) => group.to_string(),
    }
}
