//! The terminal: taken over at the begin, given back at the end, however that comes.

use crate::app::command::Command;
use crate::app::keys::of_key;
use crate::app::library::Library;
use crate::app::{App, Over};
use ratatui::crossterm::clipboard::CopyToClipboard;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{
    self, DisableMouseCapture, EnableMouseCapture, Event, KeyCode, KeyEvent, KeyEventKind,
    KeyModifiers, MouseButton, MouseEventKind,
};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::{Terminal, backend::CrosstermBackend};
use std::io::{self, Stdout, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
#[allow(clippy::disallowed_types, reason = "people look at it")]
use std::time::Instant;

/// A frame of what plays, or of what loads.
const FRAME: Duration = Duration::from_millis(33);
/// How long nothing is looked at when nothing happens: a signal waits so long at most.
const IDLE: Duration = Duration::from_millis(200);
/// So many steps are loaded between two looks at the keys.
const STEPS: u32 = 2_000;

/// The terminal while it is this program's. Gives it back when it is dropped.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    mouse: bool,
    told_to_end: Arc<AtomicBool>,
}

/// How somebody left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Done with what is shown.
    Done,
    /// Done with all of it.
    Gone,
    /// Somebody else told this program to end.
    Ended,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// If it cannot be written, or signals cannot be caught.
    pub fn take(mouse: bool) -> io::Result<Self> {
        // Without that, a terminal that asks for no colours would lose the mark of the cursor as well.
        ratatui::crossterm::style::force_color_output(true);
        let told_to_end = signals::told_to_end()?;
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            previous(panic);
        }));
        enter(mouse)?;
        let terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        Ok(Screen { terminal, mouse, told_to_end })
    }

    /// Gives the terminal back until the shell lets this program go on.
    fn leave_for_a_while(&mut self) -> io::Result<()> {
        restore();
        signals::stop()?;
        enter(self.mouse)?;
        self.blank()
    }

    /// Begins with nothing on the screen. (ratatui would ask the terminal where its cursor is, and not every
    /// terminal answers.)
    fn blank(&mut self) -> io::Result<()> {
        execute!(stdout(), Clear(ClearType::All))?;
        self.terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        Ok(())
    }

    /// Takes the mouse, or leaves it to the terminal.
    fn set_mouse(&mut self, mouse: bool) -> io::Result<()> {
        if mouse == self.mouse {
            return Ok(());
        }
        self.mouse = mouse;
        if mouse {
            execute!(stdout(), EnableMouseCapture)
        } else {
            execute!(stdout(), DisableMouseCapture)
        }
    }

    fn is_to_end(&self) -> bool {
        self.told_to_end.load(Ordering::Relaxed)
    }

    /// Shows the debugger until the user leaves, or someone tells it to end.
    ///
    /// # Errors
    /// If the terminal cannot be read or written.
    pub fn show(&mut self, app: &mut App<'_>) -> io::Result<Leave> {
        let size = self.terminal.size()?;
        app.resize(size.width, size.height);
        self.blank()?;
        let mut since = now();
        loop {
            self.terminal.draw(|frame| {
                let area = frame.area();
                crate::view::draw(app, area, frame.buffer_mut());
            })?;
            let wait = match (app.is_loading(), app.is_playing()) {
                (true, _) => Duration::ZERO,
                (false, true) => FRAME,
                (false, false) => IDLE,
            };
            if event::poll(wait)? {
                let event = event::read()?;
                if is_interrupt(&event) {
                    return Ok(Leave::Gone);
                }
                take(app, event);
            }
            let passed = since.elapsed().as_millis() as u64;
            if passed > 0 {
                since += Duration::from_millis(passed);
                app.tick(passed);
            }
            if app.is_loading() {
                app.load(STEPS);
            }
            self.set_mouse(app.has_mouse())?;
            if let Some(text) = app.copies() {
                execute!(stdout(), CopyToClipboard::to_clipboard_from(text))?;
            }
            if app.takes_leave() {
                self.leave_for_a_while()?;
            }
            if self.is_to_end() {
                return Ok(Leave::Ended);
            }
            if app.is_done() {
                return Ok(Leave::Done);
            }
        }
    }

    /// Shows the library until a lesson is chosen, which is returned, or the user leaves.
    ///
    /// # Errors
    /// If the terminal cannot be read or written.
    pub fn browse(&mut self, library: &mut Library) -> io::Result<Result<&'static str, Leave>> {
        self.blank()?;
        loop {
            self.terminal.draw(|frame| {
                let area = frame.area();
                let rows = crate::view::library::rows(area.height, library.offers().len());
                library.set_rows(rows);
                crate::view::library::draw(library, area, frame.buffer_mut());
            })?;
            if event::poll(IDLE)? {
                let event = event::read()?;
                if is_interrupt(&event) {
                    return Ok(Err(Leave::Gone));
                }
                choose(library, &event);
            }
            self.set_mouse(library.options().mouse)?;
            if library.takes_leave() {
                self.leave_for_a_while()?;
            }
            if let Some(name) = library.opens() {
                return Ok(Ok(name));
            }
            if self.is_to_end() {
                return Ok(Err(Leave::Ended));
            }
            if library.is_done() {
                return Ok(Err(Leave::Done));
            }
        }
    }
}

/// The audience's clock: it decides how fast a run is played, and nothing of the run.
#[allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "people look at it")]
fn now() -> Instant {
    Instant::now()
}

/// Ctrl-C ends everything, wherever one is.
fn is_interrupt(event: &Event) -> bool {
    matches!(event, Event::Key(KeyEvent { code: KeyCode::Char('c'), modifiers, .. })
        if modifiers.contains(KeyModifiers::CONTROL))
}

/// Does in the library what an event of the terminal asks for.
pub fn choose(library: &mut Library, event: &Event) {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => match key.code {
            KeyCode::Enter => library.open(),
            _ => {
                if let Some(command) = of_key(*key) {
                    library.run(command);
                }
            }
        },
        Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::ScrollDown => library.run(Command::Forward),
            MouseEventKind::ScrollUp => library.run(Command::Back),
            MouseEventKind::Down(MouseButton::Left) => library.point(mouse.row),
            _ => {}
        },
        _ => {}
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

/// Does what an event of the terminal asks for.
pub fn take(app: &mut App<'_>, event: Event) {
    match event {
        Event::Resize(width, height) => app.resize(width, height),
        Event::Key(key) if key.kind != KeyEventKind::Release => take_key(app, key),
        Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::ScrollDown if *app.over() != Over::Nothing => app.choose(true),
            MouseEventKind::ScrollUp if *app.over() != Over::Nothing => app.choose(false),
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
    let typing = app.over().takes_letters();
    // Up and down belong to what is open, or to the pane that the keys go to.
    let choosing = *app.over() != Over::Nothing || app.focus().is_some();
    match key.code {
        KeyCode::Esc => app.run(Command::Close),
        KeyCode::Enter => app.confirm(),
        KeyCode::Up if choosing => app.choose(false),
        KeyCode::Down if choosing => app.choose(true),
        KeyCode::PageUp if choosing => (0..10).for_each(|_| app.choose(false)),
        KeyCode::PageDown if choosing => (0..10).for_each(|_| app.choose(true)),
        KeyCode::Char('k') if choosing && !typing => app.choose(false),
        KeyCode::Char('j') if choosing && !typing => app.choose(true),
        KeyCode::Backspace if typing => app.typed(None),
        KeyCode::Char('u') if typing && control => app.untype(),
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

    /// The exit status of whoever was told to end.
    const INTERRUPTED: i32 = 130;

    /// Becomes true when this program is to end. Whoever says so twice does not wait for it. When the
    /// terminal is gone there is nothing to give back, and nothing to wait for: reading from it would
    /// never end.
    pub(super) fn told_to_end() -> io::Result<Arc<AtomicBool>> {
        let told = Arc::new(AtomicBool::new(false));
        let gone = Arc::new(AtomicBool::new(true));
        signal_hook::flag::register_conditional_shutdown(SIGHUP, INTERRUPTED, gone)?;
        for signal in [SIGTERM, SIGINT] {
            let again = Arc::clone(&told);
            signal_hook::flag::register_conditional_shutdown(signal, INTERRUPTED, again)?;
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
