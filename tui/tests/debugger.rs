//! The debugger without a terminal: commands in, screens out.

mod common;

use common::{open, screen, text};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{
    Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use simlab_scenarios::{Catalogue, LESSONS, LONG_LESSONS};
use simlab_tui::app::App;
use simlab_tui::app::command::{COMMANDS, Command};
use simlab_tui::app::layout::SMALLEST;
use simlab_tui::look::Glyphs;
use simlab_tui::terminal::take;

/// Goes through the first lesson as a student would, and keeps what is seen on the way.
fn tour(width: u16, height: u16, ascii: bool) -> String {
    let catalogue = Catalogue::with(&[]);
    let mut app = open(&catalogue, "cap_partition", ascii);
    let mut seen = String::new();
    let mut look = |app: &mut App<'_>, what: &str| {
        seen.push_str(&format!("== {what}\n{}", text(&screen(app, width, height))));
    };
    look(&mut app, "the begin");
    app.run(Command::NextFault);
    look(&mut app, "the cut");
    app.run(Command::NextVariant);
    look(&mut app, "the cut where everybody goes on");
    for _ in 0..12 {
        app.run(Command::NextOperation);
    }
    app.run(Command::Chain);
    look(&mut app, "why");
    app.run(Command::Close);
    app.run(Command::MoreDetail);
    look(&mut app, "everything");
    app.run(Command::NextFault);
    look(&mut app, "the heal");
    app.run(Command::Help);
    look(&mut app, "help");
    seen
}

#[test]
fn the_first_lesson_at_80_by_24() {
    snapbox::assert_data_eq!(tour(80, 24, false), snapbox::file!["golden/tour_80x24.txt"].raw());
}

#[test]
fn the_first_lesson_at_120_by_40() {
    snapbox::assert_data_eq!(tour(120, 40, false), snapbox::file!["golden/tour_120x40.txt"].raw());
}

#[test]
fn the_first_lesson_at_200_by_60() {
    snapbox::assert_data_eq!(tour(200, 60, false), snapbox::file!["golden/tour_200x60.txt"].raw());
}

/// Without anything but ASCII nothing moves, and nothing is lost.
#[test]
fn ascii_is_the_same_cell_for_cell() {
    let catalogue = Catalogue::with(&[]);
    let (mut with, mut without) =
        (open(&catalogue, "cap_partition", false), open(&catalogue, "cap_partition", true));
    let commands = [
        Command::NextFault,
        Command::Forward,
        Command::NextVariant,
        Command::Back,
        Command::NextViolation,
        Command::Mark,
        Command::PaneDatagram,
        Command::PaneOperations,
        Command::PaneScore,
        Command::PaneNetwork,
        Command::Wide,
        Command::Wide,
        Command::Beside,
        Command::ForwardHere,
        Command::Divergence,
        Command::Chain,
    ];
    for command in commands {
        with.run(command);
        without.run(command);
        let (with, without) = (screen(&mut with, 200, 60), screen(&mut without, 200, 60));
        // Keys have longer names without arrows: they are in the last row.
        let cells = 200 * 59;
        for (one, other) in with.content.iter().zip(&without.content).take(cells) {
            assert!(other.symbol().is_ascii(), "{command:?}: {:?}", other.symbol());
            let same = (one.symbol() == " ") == (other.symbol() == " ");
            assert!(same, "{command:?}: {one:?} {other:?}");
        }
    }
}

/// Whoever types, clicks and resizes.
fn anything() -> impl Strategy<Value = Event> {
    let codes = vec![
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Backspace,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::Tab,
        KeyCode::BackTab,
    ];
    let code = prop_oneof![
        prop::sample::select(codes),
        // Not those that leave.
        prop::char::range(' ', '~').prop_map(|letter| match letter {
            'q' => KeyCode::Char('x'),
            letter => KeyCode::Char(letter),
        }),
    ];
    let shift = any::<bool>()
        .prop_map(|shift| if shift { KeyModifiers::SHIFT } else { KeyModifiers::NONE });
    let key = (code, shift).prop_map(|(code, with)| Event::Key(KeyEvent::new(code, with)));
    let kind = prop::sample::select(vec![
        MouseEventKind::ScrollUp,
        MouseEventKind::ScrollDown,
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Drag(MouseButton::Left),
    ]);
    let mouse = (kind, 0..300_u16, 0..100_u16).prop_map(|(kind, column, row)| {
        Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
    });
    let size = (1..=250_u16, 1..=80_u16).prop_map(|(width, height)| Event::Resize(width, height));
    prop_oneof![8 => key, 1 => mouse, 2 => size]
}

fn cases(default: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(asked.unwrap_or(default))
    }
}

/// Where the cursor's mark is.
fn marked(buffer: &Buffer, glyphs: Glyphs) -> usize {
    let first = |y: u16| buffer.cell((0, y)).is_some_and(|cell| cell.symbol() == glyphs.cursor);
    (0..buffer.area.height).filter(|y| first(*y)).count()
}

/// The lessons whose runs are not so long that reading them takes most of the time.
fn short() -> impl Iterator<Item = &'static str> {
    LESSONS.iter().map(|(name, _)| *name).filter(|name| !LONG_LESSONS.contains(name))
}

proptest! {
    #![proptest_config(cases(24))]

    /// Whatever is done, at any size: no panic, and where there is room the cursor is seen.
    #[test]
    fn nothing_breaks_it(
        which in 0..short().count(),
        events in prop::collection::vec(anything(), 1..60),
    ) {
        let catalogue = Catalogue::with(&[]);
        let mut app = open(&catalogue, short().nth(which).expect("a lesson"), false);
        let (mut width, mut height) = (80, 24);
        for event in events {
            if let Event::Resize(to_width, to_height) = event {
                (width, height) = (to_width, to_height);
            }
            take(&mut app, event);
            app.tick(33);
            let buffer = screen(&mut app, width, height);
            take(&mut app, Event::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)));
            let free = screen(&mut app, width, height);
            if width >= SMALLEST.0 && height >= SMALLEST.1 {
                prop_assert_eq!(marked(&free, *app.glyphs()), 1, "{}", text(&free));
            }
            prop_assert_eq!(buffer.area.width, width);
        }
    }

    /// So many steps forward and as many back: the same screen, from anywhere.
    #[test]
    fn back_is_the_inverse_of_forward(
        which in 0..short().count(),
        place in 0.0..1.0_f64,
        steps in 1..80_usize,
        details in 0..3_usize,
        width in 60..220_u16,
        height in 16..70_u16,
    ) {
        let catalogue = Catalogue::with(&[]);
        let mut app = open(&catalogue, short().nth(which).expect("a lesson"), false);
        let last = app.film().len() as f64;
        for letter in format!("/#{}", (place * last) as u64 + 1).chars() {
            take(&mut app, Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)));
        }
        take(&mut app, Event::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
        for _ in 0..details {
            app.run(Command::MoreDetail);
        }
        app.run(Command::Close);
        let before = screen(&mut app, width, height);
        // At the end there is nothing more to come back from.
        let mut taken = 0;
        for _ in 0..steps {
            let cursor = app.cursor();
            app.run(Command::Forward);
            taken += usize::from(app.cursor() != cursor);
        }
        for _ in 0..taken {
            app.run(Command::Back);
        }
        let after = screen(&mut app, width, height);
        if taken > 0 {
            prop_assert_eq!(text(&before), text(&after));
        }
    }
}

/// A click goes to its row, and in the bar to its time.
#[test]
fn the_mouse_points() {
    let catalogue = Catalogue::with(&[]);
    let mut app = open(&catalogue, "cap_partition", false);
    screen(&mut app, 80, 24);
    let click = |app: &mut App<'_>, column, row| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        let modifiers = KeyModifiers::NONE;
        take(app, Event::Mouse(MouseEvent { kind, column, row, modifiers }));
    };
    for row in [9, 12, 5, 18] {
        let line = app.scenes()[0].1.lines[usize::from(row) - 4].clone();
        click(&mut app, 30, row);
        if let Some(row) = line.row() {
            assert_eq!(app.cursor(), row.number);
        }
    }
    // A fifth of 50 s: the cut, and what is shown next before it.
    click(&mut app, 1 + 16, 20);
    assert!((9_000..=11_000).contains(&app.now().millis()), "{}", app.now());
    let before = app.cursor();
    click(&mut app, 70, 10);
    assert_eq!(app.cursor(), before, "nothing is behind the inspector");
}

/// Every command has keys that reach it, a line in the help, and can be found in the palette.
#[test]
fn every_command_is_found() {
    let catalogue = Catalogue::with(&[]);
    let mut app = open(&catalogue, "cap_partition", false);
    for entry in COMMANDS {
        assert!(!entry.keys.is_empty(), "{}", entry.name);
        app.run(Command::Palette);
        for letter in entry.name.chars() {
            app.typed(Some(letter));
        }
        let found: Vec<Command> = app.found().iter().map(|found| found.command).collect();
        assert!(found.contains(&entry.command), "{}", entry.name);
        app.run(Command::Close);
    }
    app.run(Command::Help);
    let help = text(&screen(&mut app, 120, 80));
    for entry in COMMANDS {
        assert!(help.contains(entry.title), "{} in\n{help}", entry.title);
    }
}
