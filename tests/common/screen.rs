//! A terminal for tests: a pseudo-terminal, and the screen that its bytes make.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a thread reads the terminal, and nothing is waited for without end"
)]

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::Child;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Nothing that is waited for takes so long; whoever waits longer waits for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// `simlab` in a terminal.
pub(crate) struct Terminal {
    pty: Arc<Pty>,
    child: Child,
    bytes: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// All that was written so far.
    pub(crate) written: Vec<u8>,
}

fn cells(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a screen has cells")
}

impl Terminal {
    /// Starts it with these arguments, in a terminal of this size.
    pub(crate) fn start(args: &[&str], (cols, rows): (u16, u16), env: &[(&str, &str)]) -> Self {
        let (pty, end) = open().expect("a pseudo-terminal");
        pty.resize(Size::new(rows, cols)).expect("it has a size");
        let mut command = Command::new(env!("CARGO_BIN_EXE_simlab"));
        command = command.args(args).current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("NO_COLOR");
        let known = [("LC_ALL", "en_US.UTF-8"), ("TERM", "xterm-256color")];
        let command = command.envs(known).envs(env.iter().copied());
        let child = command.spawn(end).expect("simlab runs");
        let pty = Arc::new(pty);
        let (send, bytes) = channel();
        let output = Arc::clone(&pty);
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(read @ 1..) = (&*output).read(&mut buffer) {
                if send.send(buffer[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        let screen = vt100::Parser::new(cells(rows), cells(cols), 0);
        Terminal { pty, child, bytes, screen, written: Vec::new() }
    }

    /// Types.
    pub(crate) fn keys(&mut self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).expect("it reads");
    }

    /// Makes the terminal another size.
    pub(crate) fn resize(&mut self, cols: u16, rows: u16) {
        self.pty.resize(Size::new(rows, cols)).expect("it can");
        self.screen.screen_mut().set_size(cells(rows), cells(cols));
    }

    /// What can be read.
    pub(crate) fn text(&self) -> String {
        let rows = self.screen.screen().rows(0, self.screen.screen().size().1.get());
        rows.map(|row| format!("{}\n", row.trim_end())).collect()
    }

    /// The cells that are shown in reverse.
    pub(crate) fn reversed(&self) -> usize {
        let screen = self.screen.screen();
        let (rows, cols) = screen.size();
        let all = (0..rows.get()).flat_map(|row| (0..cols.get()).map(move |col| (row, col)));
        all.filter(|(row, col)| screen.cell(*row, *col).is_some_and(vt100::Cell::inverse)).count()
    }

    fn take(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        self.written.extend_from_slice(bytes);
    }

    /// Waits until this can be read, or what stands after a `|`, and nothing more comes for the moment.
    pub(crate) fn until(&mut self, what: &str) -> String {
        let begun = Instant::now();
        loop {
            // What belongs to one frame comes in one go.
            while let Ok(bytes) = self.bytes.recv_timeout(Duration::from_millis(120)) {
                self.take(&bytes);
            }
            if what.split('|').any(|what| self.text().contains(what)) {
                return self.text();
            }
            assert!(begun.elapsed() < PATIENCE, "{what:?} never came:\n{}", self.text());
        }
    }

    /// Waits for its end, and returns the exit status.
    pub(crate) fn end(&mut self) -> Option<i32> {
        loop {
            match self.bytes.recv_timeout(PATIENCE) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end:\n{}", self.text()),
            }
        }
        self.child.wait().expect("it has ended").code()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = std::process::Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.expect("kill runs").success());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
