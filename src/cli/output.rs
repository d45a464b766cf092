//! Writing to the terminal, a file or a pipe.

use simlab_scenarios::Diagnostics;
use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, StderrLock, StdoutLock, Write};

/// Exit statuses, as outside tools rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    /// Everything as expected.
    Passed = 0,
    /// An expectation failed.
    Failed = 1,
    /// Usage or bad input.
    BadInput = 2,
    /// A checker gave up.
    Inconclusive = 3,
    /// The user interrupted; what is known was printed.
    Interrupted = 130,
}

/// Results go to standard output, everything else to standard error. A reader that closes its end
/// early has seen enough: what follows is dropped without a word.
pub(super) struct Output {
    out: BufWriter<StdoutLock<'static>>,
    err: StderrLock<'static>,
    closed: bool,
    failed: Option<io::Error>,
}

impl Output {
    pub(super) fn new() -> Self {
        Output {
            out: BufWriter::new(io::stdout().lock()),
            err: io::stderr().lock(),
            closed: false,
            failed: None,
        }
    }

    /// A line of the result.
    pub(super) fn line(&mut self, text: &(impl Display + ?Sized)) {
        if !self.closed {
            let result = writeln!(self.out, "{text}");
            self.note(result);
        }
    }

    /// Whether nobody reads the result any more.
    pub(super) const fn closed(&self) -> bool {
        self.closed
    }

    /// A line of diagnostics.
    pub(super) fn error(&mut self, text: &(impl Display + ?Sized)) {
        self.flush();
        let _ = writeln!(self.err, "{text}");
    }

    /// Mistakes of a file, as diagnostics.
    pub(super) fn refuse(&mut self, problems: &Diagnostics) -> Exit {
        let colour = self.colour();
        self.error(problems.render(colour).trim_end());
        Exit::BadInput
    }

    pub(super) fn flush(&mut self) {
        if !self.closed {
            let result = self.out.flush();
            self.note(result);
        }
    }

    /// What became of a write. A closed pipe is its reader's wish; anything else is a failure.
    fn note(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.closed = true;
            if error.kind() != io::ErrorKind::BrokenPipe {
                self.failed = Some(error);
            }
        }
    }

    /// Writes what is left. Returns the exit status, which is a failure if the result did not get
    /// where it was to go.
    pub(super) fn finish(mut self, exit: Exit) -> Exit {
        self.flush();
        match self.failed.take() {
            Some(error) => {
                let _ = writeln!(self.err, "error: cannot write the result: {error}");
                Exit::BadInput
            }
            None => exit,
        }
    }

    /// Whether diagnostics may be coloured.
    pub(super) fn colour(&self) -> bool {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        self.err.is_terminal() && !refused
    }
}

/// The name under which the program was called, for the commands that it prints: a user's own crate
/// has another.
pub(crate) fn program() -> String {
    let called = std::env::args_os().next().map(std::path::PathBuf::from);
    let stem = called.as_deref().and_then(std::path::Path::file_stem);
    stem.map_or("simlab".into(), |stem| stem.to_string_lossy().into_owned())
}

/// A word as a shell reads it back.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:%+@,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
