//! The screen, drawn from what the app is: nothing here changes anything.
//!
//! ```text
//!   head      story, variant, seed, where the cursor is, what is told then
//!   diagram   space and time                │ inspector
//!   bar       how much happened when, and what was broken
//!   hints     the most useful keys
//! ```

mod bar;
mod inspector;
mod over;
mod pen;
mod spacetime;

use crate::app::App;
use crate::app::layout::{Layout, SMALLEST};
use pen::Pen;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws the whole screen.
pub fn draw(app: &App<'_>, area: Rect, buffer: &mut Buffer) {
    let mut pen = Pen::new(buffer, area);
    let Some(layout) = Layout::of((area.width, area.height)) else {
        let (width, height) = SMALLEST;
        let text = format!("needs {width}x{height}, is {}x{}", area.width, area.height);
        pen.text(0, 0, &text, app.theme().text);
        return;
    };
    let width = area.width;
    head(app, &mut pen, width);
    rules(app, &mut pen, width, &layout);
    at_cursor(app, &mut pen, width, layout.diagram.bottom());
    spacetime::draw(app, &mut pen, layout.diagram);
    if let Some(pane) = layout.inspector {
        inspector::draw(app, &mut pen, pane);
    }
    bar::draw(app, &mut pen, layout.bar);
    hints(app, &mut pen, width, layout.hints);
    over::draw(app, &mut pen, Rect::new(0, 0, width, area.height));
}

/// The first rows: which run this is, where the cursor is, and what is told then.
fn head(app: &App<'_>, pen: &mut Pen<'_>, width: u16) {
    let (theme, dot) = (app.theme(), app.glyphs().dot);
    let film = app.film();
    let name = &app.scenario().name;
    let variants: Vec<&str> = app.films().iter().map(crate::film::Film::variant).collect();
    let mut x = pen.text(1, 0, name, theme.strong);
    x = pen.text(x, 0, &format!(" {dot} "), theme.faint);
    for variant in variants {
        let style = if variant == film.variant() { theme.cursor } else { theme.faint };
        x = pen.text(x, 0, &format!(" {variant} "), style);
    }
    x = pen.text(x, 0, &format!(" {dot} seed {}", film.seed()), theme.faint);
    let played = if app.is_playing() { app.speed_in_words() } else { "paused".to_owned() };
    let loading = if app.is_loading() { format!("loading {dot} ") } else { String::new() };
    let (cursor, all) = (app.cursor(), film.len());
    let long = format!(" {loading}event {cursor} of {all} {dot} {played} ");
    let short = format!(" {loading}{cursor}/{all} ");
    for at in [long, short] {
        let begin = width.saturating_sub(pen::width(&at));
        if begin >= x {
            pen.text(begin, 0, &at, theme.text);
            break;
        }
    }
    if let Some(departure) = app.departure() {
        pen.text(1, 1, &departure, theme.fault);
        return;
    }
    let told = app.told().unwrap_or_default();
    for (row, line) in pen::wrap(told, width.saturating_sub(2), 2).iter().enumerate() {
        pen.text(1, 1 + row as u16, line, theme.text);
    }
}

/// The event at the cursor in full, in the rule below the diagram.
fn at_cursor(app: &App<'_>, pen: &mut Pen<'_>, width: u16, y: u16) {
    let Some(event) = app.film().event(app.cursor()) else { return };
    let line = simlab_sim::trace::line(&event, &app.film().words());
    let words: Vec<&str> = line.split_whitespace().collect();
    let room = width.saturating_sub(4);
    let words = pen::wrap(&words.join(" "), room, 1);
    pen.text(1, y, &format!(" {} ", words.first().map_or("", String::as_str)), app.theme().strong);
}

fn rules(app: &App<'_>, pen: &mut Pen<'_>, width: u16, layout: &Layout) {
    let (glyphs, faint, body) = (app.glyphs(), app.theme().faint, layout.diagram);
    for (y, tee) in [(body.y - 1, glyphs.tee_down), (body.bottom(), glyphs.tee_up)] {
        for x in 0..width {
            pen.cell(x, y, glyphs.rule, faint);
        }
        if layout.inspector.is_some() {
            pen.cell(body.width, y, tee, faint);
        }
    }
    if layout.inspector.is_some() {
        for y in body.y..body.bottom() {
            pen.cell(body.width, y, glyphs.border, faint);
        }
    }
}

/// The last row: a word about what was just done, or the most useful keys.
fn hints(app: &App<'_>, pen: &mut Pen<'_>, width: u16, y: u16) {
    let theme = app.theme();
    if let Some(message) = app.message() {
        pen.text(1, y, message, theme.strong);
        return;
    }
    let mut x = 1;
    for entry in crate::app::command::COMMANDS {
        let Some(hint) = entry.hint else { continue };
        let key = app.key(entry.keys[0]);
        if x + pen::width(&key) + pen::width(hint) + 3 > width {
            break;
        }
        let enabled = app.enabled(entry.command).is_ok();
        x = pen.text(x, y, &key, if enabled { theme.strong } else { theme.faint });
        x = pen.text(x, y, &format!(" {hint}  "), theme.faint);
    }
}
