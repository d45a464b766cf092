//! The screen, drawn from what the app is: nothing here changes anything.
//!
//! ```text
//!   head      story, variant, seed, where the cursor is, what is told then
//!   diagram   space and time                │ panes
//!   bar       how much happened when, and what was broken
//!   hints     the most useful keys
//! ```

mod bar;
pub(crate) mod library;
mod network;
mod over;
mod pane;
mod pen;
mod spacetime;

use crate::app::App;
use crate::app::command::Command;
use crate::app::layout::{Layout, SMALLEST};
use pen::Pen;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws the whole screen.
pub fn draw(app: &App<'_>, area: Rect, buffer: &mut Buffer) {
    let mut pen = Pen::new(buffer, area);
    let Some(layout) = app.layout() else {
        let (width, height) = SMALLEST;
        let text = format!("needs {width}x{height}, is {}x{}", area.width, area.height);
        pen.text(0, 0, &text, app.theme().text);
        return;
    };
    let width = area.width;
    head(app, &mut pen, width);
    rules(app, &mut pen, width, &layout);
    at_cursor(app, &mut pen, width, &layout);
    for (part, (variant, scene)) in layout.diagrams.iter().zip(app.scenes()) {
        spacetime::draw(app, *variant, scene, &mut pen, *part);
    }
    let [second, third] = app.pane().companions();
    for (number, (part, pane)) in layout.panes.iter().zip([app.pane(), second, third]).enumerate() {
        pane::draw(app, pane, number == 0, &mut pen, *part);
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
    let all: u16 = variants.iter().map(|variant| pen::width(variant) + 2).sum();
    let shown = if x + all + 26 > width { vec![film.variant()] } else { variants };
    for variant in shown {
        let style = if variant == film.variant() { theme.cursor } else { theme.faint };
        x = pen.text(x, 0, &format!(" {variant} "), style);
    }
    x = pen.text(x, 0, &format!(" {dot} seed {}", film.seed()), theme.faint);
    if let Some(filter) = app.filter() {
        x = pen.text(x, 0, &format!(" {dot} only {}", filter.text), theme.changed);
    }
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
        pen.text(1, 1, departure, theme.fault);
        return;
    }
    let told = app.told().unwrap_or_default();
    for (row, line) in pen::wrap(told, width.saturating_sub(2), 2).iter().enumerate() {
        pen.text(1, 1 + row as u16, line, theme.text);
    }
}

/// The event at the cursor in full, in the rule below the diagram.
fn at_cursor(app: &App<'_>, pen: &mut Pen<'_>, width: u16, layout: &Layout) {
    let y = layout.body.bottom();
    let Some(event) = app.film().event(app.cursor()) else { return };
    let line = simlab_sim::trace::line(&event, &app.film().words());
    let words: Vec<&str> = line.split_whitespace().collect();
    let room = width.saturating_sub(4);
    let words = pen::wrap(&words.join(" "), room, 1);
    pen.text(1, y, &format!(" {} ", words.first().map_or("", String::as_str)), app.theme().strong);
    if layout.diagrams.is_empty() {
        pen.cell(0, y, app.glyphs().cursor, app.theme().strong);
    }
}

fn rules(app: &App<'_>, pen: &mut Pen<'_>, width: u16, layout: &Layout) {
    let (glyphs, faint, body) = (app.glyphs(), app.theme().faint, layout.body);
    let level = |pen: &mut Pen<'_>, x: u16, y: u16, to: u16| {
        (x..to).for_each(|x| pen.cell(x, y, glyphs.rule, faint));
    };
    level(pen, 0, body.y - 1, width);
    level(pen, 0, body.bottom(), width);
    for pane in layout.panes.iter().skip(1) {
        level(pen, pane.x, pane.y - 1, pane.right());
    }
    // Upright ones stand left of whatever does not begin at the edge.
    let parts = layout.diagrams.iter().skip(1).chain(layout.panes.first());
    for x in parts.map(|part| part.x - 1).filter(|x| *x > 0) {
        pen.cell(x, body.y - 1, glyphs.tee_down, faint);
        (body.y..body.bottom()).for_each(|y| pen.cell(x, y, glyphs.border, faint));
        pen.cell(x, body.bottom(), glyphs.tee_up, faint);
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
    // Whoever does not know what to do finds the help first.
    let all = crate::app::command::COMMANDS.iter();
    let help = all.clone().filter(|entry| entry.command == Command::Help);
    for entry in help.chain(all.filter(|entry| entry.command != Command::Help)) {
        let Some(hint) = entry.hint else { continue };
        let key = app.key(entry.keys[0]);
        if x + pen::width(&key) + pen::width(hint) + 2 > width {
            continue;
        }
        let enabled = app.enabled(entry.command).is_ok();
        x = pen.text(x, y, &key, if enabled { theme.strong } else { theme.faint });
        x = pen.text(x, y, &format!(" {hint}  "), theme.faint);
    }
}
