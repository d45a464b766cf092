//! The debugger without a terminal.

#![allow(dead_code, reason = "each test takes what it needs")]

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use simlab_scenarios::{Catalogue, lesson, load};
use simlab_tui::app::command::Command;
use simlab_tui::app::{App, Options};
use simlab_tui::film::Film;
use simlab_tui::look::{Glyphs, Theme};
use simlab_tui::terminal::take;
use simlab_tui::view::draw;
use std::rc::Rc;

fn options(name: &str, glyphs: Glyphs) -> Options {
    let origin = format!("simlab tui {name}");
    Options {
        theme: Theme::PLAIN,
        glyphs,
        lang: "en".to_owned(),
        mouse: true,
        origin,
        is_trace: false,
    }
}

/// A lesson in the debugger, loaded to its end.
pub(crate) fn open<'c>(catalogue: &'c Catalogue, name: &str, ascii: bool) -> App<'c> {
    let source = lesson(name).expect("a lesson");
    let loaded = load(source, catalogue, &[]);
    let scenario = Rc::new(loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false))));
    let variants = 0..scenario.variants.len();
    let film = |variant| Film::new(Rc::clone(&scenario), catalogue, variant, scenario.seed, None);
    let films: Vec<Film<'_>> = variants.map(|variant| film(variant).expect("it runs")).collect();
    let glyphs = if ascii { Glyphs::ASCII } else { Glyphs::UNICODE };
    let mut app = App::new(films, options(name, glyphs));
    while !app.load(10_000) {}
    app
}

pub(crate) fn screen(app: &mut App<'_>, width: u16, height: u16) -> Buffer {
    app.resize(width, height);
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    draw(app, area, &mut buffer);
    buffer
}

/// What can be read on a screen.
pub(crate) fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width).max(1);
    let rows = buffer.content.chunks(width);
    let line = |row: &[ratatui::buffer::Cell]| {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        format!("{}\n", line.trim_end())
    };
    rows.map(line).collect()
}

/// Types these keys; a line break is Enter.
pub(crate) fn keys(app: &mut App<'_>, keys: &str) {
    for key in keys.chars() {
        let code = if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) };
        take(app, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }
}

/// The records that steps lead to, from the first to the last.
pub(crate) fn all(app: &mut App<'_>) -> Vec<u64> {
    app.run(Command::First);
    let mut seen = Vec::new();
    while seen.last() != Some(&app.cursor()) {
        seen.push(app.cursor());
        app.run(Command::Forward);
    }
    seen
}
