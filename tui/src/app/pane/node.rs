//! A node: what its state comes to, the state itself with what the last step changed, timers, disk.

use super::{Goal, Line, Role, seconds, took};
use crate::app::App;
use crate::app::inspect::File;
use simlab_core::{FieldValue, Fields, Kind, Seq};
use simlab_sim::Status;

pub(super) fn lines(app: &App<'_>) -> Vec<Line> {
    let inspected = app.inspected();
    let Some(node) = inspected.node else { return Vec::new() };
    let name = app.film().names().node(node);
    let mut lines = vec![Line::heading(format!("{name} ({node})"))];
    if inspected.nothing {
        lines
            .push(Line::plain("these are events on paper: nobody knows what the node looked like"));
        return lines;
    }
    match (&inspected.state, inspected.status) {
        (Some(state), _) => {
            let before = inspected.explained_before.as_ref().map(|before| &before.lines);
            for text in &inspected.explained.lines {
                let is_new = before.is_some_and(|before| !before.contains(text));
                let role = if is_new { Role::Changed } else { Role::Well };
                // What it was the fields below tell.
                let was = is_new.then(String::new);
                lines.push(Line { was, ..Line::new(1, role, text.clone()) });
            }
            fields(state, inspected.before.as_ref(), 1, &mut lines);
        }
        (None, Some(Status::Up)) => lines.push(Line::plain("shows nothing")),
        (None, _) => lines.push(Line::new(1, Role::Fault, "does not run")),
    }
    if inspected.paused {
        let text = format!("stands still; {} wait", inspected.waiting);
        lines.push(Line::new(1, Role::Fault, text));
    } else if inspected.waiting > 0 {
        lines.push(Line::new(1, Role::Faint, format!("{} wait for it", inspected.waiting)));
    }
    if let Some((monotonic, wall)) = inspected.clocks {
        let now = app.now();
        let text = format!("clocks: {} and {}", seconds(monotonic), seconds(wall));
        if monotonic != now || wall != now {
            lines.push(Line::new(1, Role::Fault, text));
        }
    }
    datagram(app, &mut lines);
    if !inspected.timers.is_empty() {
        lines.push(Line::heading("timers"));
        for (key, due) in &inspected.timers {
            let left = due.since(app.now());
            lines.push(Line::plain(format!("{key} at {}, in {}", seconds(*due), took(left))));
        }
    }
    if !inspected.files.is_empty() {
        let unsynced = inspected.unsynced;
        let all = if unsynced == 0 { "synced".to_owned() } else { format!("{unsynced} unsynced") };
        lines.push(Line::heading(format!("disk, {all}")));
        inspected.files.iter().for_each(|file| disk(file, &mut lines));
    }
    lines
}

/// The line to be seen: what has changed of what the service says in words. If it says nothing, a field that has changed; those of
/// groups, which counters of layers are, only if there is no other.
pub(super) fn anchor(app: &App<'_>, lines: &[Line]) -> usize {
    let says = app.inspected().explained.lines.len();
    let has_changed = |line: &Line| line.role == Role::Changed;
    if says > 0 {
        return lines.iter().take(says + 1).position(has_changed).unwrap_or(0);
    }
    let field =
        |deepest| lines.iter().position(|line| line.was.is_some() && line.indent <= deepest);
    field(1).or_else(|| field(u16::MAX)).unwrap_or(0)
}

/// The datagram at the cursor in short; its own pane tells more.
fn datagram(app: &App<'_>, lines: &mut Vec<Line>) {
    let Some(found) = &app.inspected().datagram else { return };
    let event = app.film().event(app.cursor());
    if event.and_then(|event| event.node) != app.inspected().node {
        return;
    }
    let to_send = |seq: Seq| Goal::Record(seq.get());
    lines.push(Line::heading(match found.event {
        Kind::Sent { .. } => "sends",
        Kind::Delivered { .. } => "gets",
        Kind::Dropped { .. } => "does not get",
        _ => "will get",
    }));
    let words = match &found.dissection {
        Some(read) => read.summary.clone(),
        None => format!("{} bytes that nobody can read", found.bytes.len()),
    };
    lines.push(match found.sent {
        Some((seq, _)) => Line::plain(words).to(to_send(seq)),
        None => Line::plain(words),
    });
}

/// The fields of a state, each with what it was before, if that was something else.
fn fields(state: &Fields, before: Option<&Fields>, indent: u16, lines: &mut Vec<Line>) {
    for field in state {
        let old = before.and_then(|before| before.get(&[field.name.as_str()]));
        if let FieldValue::Group(group) = &field.value {
            let old = match old {
                Some(FieldValue::Group(old)) => Some(old),
                _ => before.map(|_| const { &Fields::new() }),
            };
            lines.push(Line::new(indent, Role::Plain, field.name.clone()));
            fields(group, old, indent + 1, lines);
            continue;
        }
        let words = field.value.to_string();
        let was = before.map(|_| old.map_or_else(|| "nothing".to_owned(), ToString::to_string));
        let was = was.filter(|was| *was != words);
        let role = if was.is_some() { Role::Changed } else { Role::Plain };
        let text = format!("{} {words}", field.name);
        lines.push(Line { was, ..Line::new(indent, role, text) });
    }
    // What is gone.
    for field in before.into_iter().flatten() {
        if state.get(&[field.name.as_str()]).is_none() {
            let was = Some(field.value.to_string());
            let text = format!("{} nothing", field.name);
            lines.push(Line { was, ..Line::new(indent, Role::Changed, text) });
        }
    }
}

/// A file: how long it is, what of it would survive a crash, and the bytes around where that ends.
fn disk(file: &File, lines: &mut Vec<Line>) {
    const ROW: usize = 6;
    const ROWS: usize = 3;
    let (now, durable) = (&file.now, &file.durable);
    let same = now.iter().zip(durable).take_while(|(a, b)| a == b).count();
    let synced = now == durable;
    let state = if synced { "synced" } else { "NOT synced" };
    let role = if synced { Role::Plain } else { Role::Changed };
    lines.push(Line::new(1, role, format!("{} {} B, {state}", file.name, now.len())));
    if !synced {
        lines.push(Line::new(2, Role::Faint, format!("after a crash {} B", durable.len())));
    }
    let from = if synced { 0 } else { same / ROW * ROW };
    for (row, bytes) in now.chunks(ROW).enumerate().skip(from / ROW).take(ROWS) {
        let at = row * ROW;
        let pairs = bytes.iter().enumerate().map(|(place, byte)| {
            let kept = durable.get(at + place) == Some(byte);
            format!("{byte:02x}{}", if kept { " " } else { "*" })
        });
        let text = format!("{at:>4} {}", pairs.collect::<String>().trim_end());
        lines.push(Line::new(2, Role::Faint, text));
    }
}
