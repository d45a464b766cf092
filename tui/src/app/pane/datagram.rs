//! A datagram: what became of it, its fields layer by layer, its bytes, and which of their bits were damaged.

use super::{Goal, Line, Role, seconds, took};
use crate::app::App;
use crate::app::inspect::Datagram;
use simlab_core::{Kind, Part, Time};

pub(super) fn lines(app: &App<'_>, width: u16) -> Vec<Line> {
    let Some(found) = &app.inspected().datagram else {
        let text = "there is no datagram at the cursor: m goes from a send to its end and back";
        return vec![Line::plain(text)];
    };
    let names = app.film().names();
    let mut lines = Vec::new();
    let name = app.film().index().message(found.number).unwrap_or("datagram");
    lines.push(Line::heading(format!(
        "{name} {} {} {}",
        names.node(found.from),
        app.glyphs().right,
        names.node(found.to)
    )));
    story(app, found, &mut lines);
    lines.push(Line::heading(format!("{} bytes", found.bytes.len())));
    match &found.dissection {
        Some(read) => parts(&read.parts, found, usize::from(width), &mut lines),
        None if found.bytes.is_empty() => lines.push(Line::plain("its bytes were not kept")),
        None => lines.push(Line::plain("nobody can read it")),
    }
    dump(found, &mut lines);
    lines
}

/// When it was sent, and what became of it.
fn story(app: &App<'_>, found: &Datagram, lines: &mut Vec<Line>) {
    let film = app.film();
    let at = |number: u64| film.event(number).map_or(Time::ZERO, |event| event.at);
    if let Some((seq, sent)) = found.sent {
        let line = Line::plain(format!("sent at {} ({seq})", seconds(sent)));
        lines.push(line.to(Goal::Record(seq.get())));
        // Of a copy that ended at the cursor, that end; of all others, the last.
        let here = matches!(found.event, Kind::Delivered { .. } | Kind::Dropped { .. });
        let fate = if here { Some(found.number) } else { film.index().fate(seq.get()) };
        let end = fate.and_then(|number| film.event(number));
        let (role, text) = match end.map(|event| (event.kind, event.at)) {
            Some((Kind::Delivered { .. }, end)) => (
                Role::Plain,
                format!("arrives at {}, after {}", seconds(end), took(end.since(sent))),
            ),
            Some((Kind::Dropped { why, .. }, end)) => {
                (Role::Fault, format!("lost at {}: {why}", seconds(end)))
            }
            _ => (Role::Plain, "is still under way at the end".to_owned()),
        };
        let line = Line::new(1, role, text);
        lines.push(match fate {
            Some(number) => line.to(Goal::Record(number)),
            None => line,
        });
    }
    let index = film.index();
    if index.is_late(found.number) {
        lines.push(Line::new(1, Role::Fault, "late: one that was sent later came before it"));
    }
    if index.is_again(found.number) {
        lines.push(Line::new(1, Role::Fault, "again: a copy of it came before"));
    }
    if let Kind::Duplicated { .. } = found.event {
        let text = format!("a second copy goes on its way at {}", seconds(at(found.number)));
        lines.push(Line::new(1, Role::Fault, text));
    }
    for (place, (byte, sent)) in damaged(found).take(8) {
        let text = format!("damaged byte {place}: {byte:08b}, sent {sent:08b}");
        lines.push(Line::new(1, Role::Fault, text));
    }
}

/// The bytes that are not as they were sent.
fn damaged(found: &Datagram) -> impl Iterator<Item = (usize, (u8, u8))> {
    let pairs = found.bytes.iter().copied().zip(found.original.iter().copied());
    pairs.enumerate().filter(|(_, (now, then))| now != then)
}

/// The fields, those inside another one deeper than it.
fn parts(parts: &[Part], found: &Datagram, width: usize, lines: &mut Vec<Line>) {
    let mut around: Vec<&Part> = Vec::new();
    for part in parts {
        let inside = |outer: &Part| {
            outer.bytes.start <= part.bytes.start
                && part.bytes.end <= outer.bytes.end
                && outer.bytes != part.bytes
        };
        while around.last().is_some_and(|outer| !inside(outer)) {
            around.pop();
        }
        let indent = 1 + around.len() as u16;
        around.push(part);
        let broken = damaged(found).any(|(place, _)| part.bytes.contains(&place));
        let role = if broken { Role::Fault } else { Role::Plain };
        lines.push(Line::new(indent, role, format!("{} {}", part.name, part.value)));
        let bytes = found.bytes.get(part.bytes.clone()).unwrap_or_default();
        let (start, room) = (part.bytes.start, (width.saturating_sub(10) / 3).clamp(2, 16));
        let shown: Vec<String> =
            bytes.iter().take(room).map(|byte| format!("{byte:02x}")).collect();
        let more = if bytes.len() > room { " .." } else { "" };
        let text = format!("{start:>3}: {}{more}", shown.join(" "));
        lines.push(Line::new(indent + 1, Role::Faint, text));
    }
}

/// All bytes, those that are not as they were sent with a mark.
fn dump(found: &Datagram, lines: &mut Vec<Line>) {
    const ROW: usize = 6;
    const ROWS: usize = 64;
    if found.bytes.is_empty() {
        return;
    }
    lines.push(Line::heading("all of it"));
    for (row, bytes) in found.bytes.chunks(ROW).enumerate().take(ROWS) {
        let at = row * ROW;
        let marked = |place: usize| damaged(found).any(|(other, _)| other == at + place);
        let pairs = bytes
            .iter()
            .enumerate()
            .map(|(place, byte)| format!("{byte:02x}{}", if marked(place) { "!" } else { " " }));
        let text = format!("{at:>4} {}", pairs.collect::<String>().trim_end());
        let broken = (0..bytes.len()).any(marked);
        lines.push(Line::new(1, if broken { Role::Fault } else { Role::Faint }, text));
    }
    if found.bytes.len() > ROW * ROWS {
        let text = format!("and {} more", found.bytes.len() - ROW * ROWS);
        lines.push(Line::new(1, Role::Faint, text));
    }
}
