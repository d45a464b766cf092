//! Lines with a rolling hash, and what is wrong with them.

use super::LINE_MAX;
use crate::Diagnostics;
use crate::diagnostic::{Diagnostic, Span};
use serde_json::Value;
use simlab_core::Digest;
use std::io::{self, BufRead, Read as _};

/// What is wrong with a line, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    message: String,
    /// The byte of the line, if it is about one.
    at: Option<usize>,
    label: String,
    help: Option<String>,
    also: Option<(usize, &'static str)>,
}

impl Mistake {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Mistake { message: message.into(), at: None, label: String::new(), help: None, also: None }
    }

    pub(crate) fn at(self, at: usize) -> Self {
        Mistake { at: Some(at), ..self }
    }

    pub(crate) fn label(self, label: impl Into<String>) -> Self {
        Mistake { label: label.into(), ..self }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Mistake { help: Some(help.into()), ..self }
    }

    /// With another place of the file, by its first byte, that has to do with it.
    pub(crate) fn also(self, at: usize, label: &'static str) -> Self {
        Mistake { also: Some((at, label)), ..self }
    }

    /// The mistake in a line of `len` bytes that begins at `start`.
    pub(crate) fn diagnostic(self, start: usize, len: usize) -> Diagnostic {
        let span = match self.at {
            Some(at) => Span::file(start + at.min(len), start + at.min(len) + 1),
            None => Span::file(start, start + len),
        };
        let mut diagnostic = Diagnostic::at(span, self.message).label(self.label);
        if let Some((at, label)) = self.also {
            diagnostic = diagnostic.also(Span::file(at, at + 1), label);
        }
        match self.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }

    /// The mistake in a line of a file that is read line by line.
    pub(crate) fn in_line(self, file: &str, number: u64, text: &[u8]) -> Diagnostics {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        let text = String::from_utf8_lossy(&text[..text.len().min(SHOWN_MAX)]);
        Diagnostics::in_line(file, number, &text, self.diagnostic(0, text.len()))
    }
}

/// How much of a line is shown with its mistake.
const SHOWN_MAX: usize = 4_096;

/// The mistake that a file could not be read.
pub(crate) fn unreadable(file: &str, error: &io::Error) -> Diagnostics {
    Diagnostics::of_file(file, Diagnostic::nowhere(format!("cannot read the file: {error}")))
}

/// Reads the text of a line as JSON.
pub(crate) fn parse(text: &str) -> Result<Value, Mistake> {
    serde_json::from_str(text).map_err(|error| {
        // "… at line 1 column 7"; the line is always the first.
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or("this is no JSON");
        let at = error.column().saturating_sub(1).min(text.len());
        Mistake::new(format!("this is no JSON: {message}")).at(at)
    })
}

/// Reads a file line by line, none longer than [`LINE_MAX`].
#[derive(Debug)]
pub(crate) struct Lines<R> {
    pub(crate) from: R,
    pub(crate) number: u64,
    pub(crate) bytes: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(from: R) -> Self {
        Lines { from, number: 0, bytes: Vec::new() }
    }

    /// Reads the next line, without its end. Returns whether there was one.
    ///
    /// # Errors
    /// `Ok(Err(_))` if it is too long or does not end.
    pub(crate) fn advance(&mut self) -> io::Result<Result<bool, Mistake>> {
        self.bytes.clear();
        self.number += 1;
        let limit = LINE_MAX as u64 + 1;
        let read = self.from.by_ref().take(limit).read_until(b'\n', &mut self.bytes)?;
        if read == 0 {
            return Ok(Ok(false));
        }
        if self.bytes.last() != Some(&b'\n') {
            if read > LINE_MAX {
                let message = format!("this line is longer than {LINE_MAX} bytes");
                return Ok(Err(Mistake::new(message)));
            }
            let mistake = Mistake::new("the file is cut within this line").at(read);
            return Ok(Err(mistake.label("here it ends, and no line does")));
        }
        self.bytes.pop();
        Ok(Ok(true))
    }
}

const TAIL: &str = ",\"hash\":\"";
const DIGITS: usize = 16;
pub(super) const TAIL_LEN: usize = TAIL.len() + DIGITS + "\"}".len();

/// The hash that rolls from line to line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rolling(u64);

impl Rolling {
    /// Takes in the text of a line, and returns the hash that it ends with.
    fn take(&mut self, text: &[u8]) -> u64 {
        let mut digest = Digest::new();
        digest.word(self.0);
        digest.bytes(text);
        self.0 = digest.value();
        self.0
    }

    /// Gives a line, an object whose text ends with `}`, its hash and its end.
    pub(super) fn seal(&mut self, line: &mut String) {
        use std::fmt::Write;
        line.pop();
        let hash = self.take(line.as_bytes());
        let _ = writeln!(line, "{TAIL}{hash:016x}\"}}");
    }

    /// Checks the hash of a line, and returns how long its text before the hash is.
    pub(super) fn check(&mut self, line: &[u8]) -> Result<usize, Mistake> {
        let start = line.len().saturating_sub(TAIL_LEN);
        let (text, tail) = line.split_at(start);
        let (name, rest) = tail.split_at(tail.len().min(TAIL.len()));
        let (digits, end) = rest.split_at(rest.len().min(DIGITS));
        if name != TAIL.as_bytes() || end != b"\"}" {
            let mistake = Mistake::new("this line does not end with its hash").at(start);
            return Err(mistake.help("the line was changed or cut"));
        }
        let hash = self.take(text);
        if digits == format!("{hash:016x}").as_bytes() {
            return Ok(start);
        }
        let mistake = Mistake::new("this line is not what was written here");
        let label = format!("with the lines before it, it has the hash {hash:016x}");
        let help = "the line was changed or moved, or a line before it is missing or was added";
        Err(mistake.at(start + TAIL.len()).label(label).help(help))
    }
}
