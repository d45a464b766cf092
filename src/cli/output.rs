//! Writing to the terminal, a file or a pipe.

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
}

/// Results go to standard output, everything else to standard error. A reader that closes its end
/// early has seen enough: what follows is dropped without a word.
pub(super) struct Output {
    out: BufWriter<StdoutLock<'static>>,
    err: StderrLock<'static>,
    closed: bool,
}

impl Output {
    pub(super) fn new() -> Self {
        Output { out: BufWriter::new(io::stdout().lock()), err: io::stderr().lock(), closed: false }
    }

    /// A line of the result.
    pub(super) fn line(&mut self, text: &(impl Display + ?Sized)) {
        if !self.closed {
            self.closed = writeln!(self.out, "{text}").is_err();
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

    pub(super) fn flush(&mut self) {
        if !self.closed {
            self.closed = self.out.flush().is_err();
        }
    }

    /// Whether diagnostics may be coloured.
    pub(super) fn colour(&self) -> bool {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        self.err.is_terminal() && !refused
    }
}
