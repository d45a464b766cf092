//! The terminal: taken over at the begin, given back at the end, however that comes.

use crate::app::command::{Command, of_key};
use crate::app::{App, Over};
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{
    self, DisableMouseCapture, EnableMouseCapture, Event, KeyCode, KeyEvent, KeyEventKind,
    KeyModifiers, MouseButton, MouseEventKind,
};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::{Terminal, backend::CrosstermBackend};
use std::io::{self, Stdout, stdout};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A frame of what plays, or of what loads.
const FRAME: Duration = Duration::from_millis(33);
/// How long nothing is looked at when nothing happens: a signal waits so long at most.
const IDLE: Duration = Duration::from_millis(200);
/// So many steps are loaded between two looks at the keys.
const STEPS: u32 = 2_000;

/// Gives the terminal back when it is dropped.
struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    fn take(mouse: bool) -> io::Result<Self> {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            previous(panic);
        }));
        enter(mouse)?;
        let terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        Ok(Screen { terminal })
    }

    /// Gives the terminal back until the shell lets this program go on.
    fn leave_for_a_while(&mut self, mouse: bool) -> io::Result<()> {
        restore();
        signals::stop()?;
        enter(mouse)?;
        self.terminal.clear()
    }
}

fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen)?;
    if mouse {
        execute!(stdout(), EnableMouseCapture)?;
    }
    Ok(())
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// As it was before. What fails cannot be helped, and the rest is done all the same.
fn restore() {
    let _ = execute!(stdout(), DisableMouseCapture, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

/// Shows the debugger until the user leaves, or someone tells it to end. Returns whether it was the user.
///
/// # Errors
/// If the terminal cannot be read or written.
pub fn show(app: &mut App<'_>, mouse: bool) -> io::Result<bool> {
    // Without that, a terminal that asks for no colours would lose the mark of the cursor as well.
    ratatui::crossterm::style::force_color_output(true);
    let told_to_end = signals::told_to_end()?;
    let mut screen = Screen::take(mouse)?;
    let size = screen.terminal.size()?;
    app.resize(size.width, size.height);
    while !app.is_done() && !told_to_end.load(Ordering::Relaxed) {
        screen.terminal.draw(|frame| {
            let area = frame.area();
            crate::view::draw(app, area, frame.buffer_mut());
        })?;
        let wait = match (app.is_loading(), app.is_playing()) {
            (true, _) => Duration::ZERO,
            (false, true) => FRAME,
            (false, false) => IDLE,
        };
        if event::poll(wait)? {
            take(app, event::read()?);
        } else {
            app.tick(FRAME.as_millis() as u64);
        }
        if app.is_loading() {
            app.load(STEPS);
        }
        if app.takes_leave() {
            screen.leave_for_a_while(mouse)?;
        }
    }
    Ok(app.is_done())
}

/// Does what an event of the terminal asks for.
pub fn take(app: &mut App<'_>, event: Event) {
    match event {
        Event::Resize(width, height) => app.resize(width, height),
        Event::Key(key) if key.kind != KeyEventKind::Release => take_key(app, key),
        Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::ScrollDown => app.run(Command::Forward),
            MouseEventKind::ScrollUp => app.run(Command::Back),
            MouseEventKind::Down(MouseButton::Left) | MouseEventKind::Drag(MouseButton::Left) => {
                app.point(mouse.column, mouse.row);
            }
            _ => {}
        },
        _ => {}
    }
}

fn take_key(app: &mut App<'_>, key: KeyEvent) {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    if control && key.code == KeyCode::Char('c') {
        return app.run(Command::Quit);
    }
    let typing = matches!(app.over(), Over::Palette(..) | Over::Search(_));
    match key.code {
        KeyCode::Esc => app.run(Command::Close),
        KeyCode::Enter => app.confirm(),
        KeyCode::Up if *app.over() != Over::Nothing => app.choose(false),
        KeyCode::Down if *app.over() != Over::Nothing => app.choose(true),
        KeyCode::Backspace if typing => app.typed(None),
        KeyCode::Char(letter) if typing && !control => app.typed(Some(letter)),
        _ if typing => {}
        _ => {
            if let Some(command) = of_key(key) {
                if *app.over() != Over::Nothing {
                    app.run(Command::Close);
                }
                app.run(command);
            }
        }
    }
}

/// What others want of this program.
#[cfg(unix)]
mod signals {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGTSTP};
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    /// Becomes true when this program is to end.
    pub(super) fn told_to_end() -> io::Result<Arc<AtomicBool>> {
        let told = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGHUP, SIGINT] {
            signal_hook::flag::register(signal, Arc::clone(&told))?;
        }
        Ok(told)
    }

    /// Stops this program; returns when the shell lets it go on.
    pub(super) fn stop() -> io::Result<()> {
        signal_hook::low_level::emulate_default_handler(SIGTSTP)
    }
}

/// Nobody sends signals here.
#[cfg(not(unix))]
mod signals {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    pub(super) fn told_to_end() -> io::Result<Arc<AtomicBool>> {
        Ok(Arc::default())
    }

    pub(super) fn stop() -> io::Result<()> {
        Ok(())
    }
}
