//! Histories that were recorded: of real systems, in the formats of [`simlab_check::format`], and in trace
//! files of runs.
//!
//! ```text
//!   bytes ─▶ trace file? ── yes ─▶ its begins and returns ─▶ Recorded
//!                 └──────── no ──▶ simlab_check::format ───▶   (a mistake: Diagnostics)
//! ```
//!
//! Nothing is run again.

mod shown;
mod trace;

use crate::Diagnostics;
use crate::diagnostic::Diagnostic;
use crate::tracefile::{FORMAT, Reader};
use simlab_check::format::{self, Format, Recording};
use simlab_check::{Clients, Model};
use simlab_core::OpId;
use std::io::{BufReader, Cursor, Read};

/// The longest history that is read, in bytes. An operation takes some 150. Traces are read line by line
/// and may be of any length.
const SIZE_MAX: u64 = 1 << 30;
/// So many bytes at the begin say whether a file is a trace file.
const BEGIN: u64 = 64;

/// A history from a file.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The operations, and where each is.
    pub recording: Recording,
    /// The names of the nodes of a trace, by id.
    nodes: Vec<String>,
}

impl Recorded {
    /// Reads a file that is called `name`. `variant` is the one that a trace must be of.
    ///
    /// # Errors
    /// If it cannot be read, is no history, or not one of such objects.
    pub fn read(
        name: &str,
        mut from: impl Read,
        model: &'static Model,
        variant: Option<&str>,
    ) -> Result<Self, Diagnostics> {
        let unreadable = |error: std::io::Error| {
            Diagnostics::of_file(
                name,
                Diagnostic::nowhere(format!("cannot read the file: {error}")),
            )
        };
        let mut bytes = Vec::new();
        from.by_ref().take(BEGIN).read_to_end(&mut bytes).map_err(unreadable)?;
        if is_trace(&bytes) {
            let reader = Reader::new(name, BufReader::new(Cursor::new(bytes).chain(from)))?;
            return trace::read(name, reader, model, variant);
        }
        if let Some(variant) = variant {
            let message = format!("there is no variant `{variant}` of it: this is no trace file");
            return Err(Diagnostics::of_file(name, Diagnostic::nowhere(message)));
        }
        from.take(SIZE_MAX).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > SIZE_MAX {
            let message = format!("the file is too long: a history has at most {SIZE_MAX} bytes");
            return Err(Diagnostics::of_file(name, Diagnostic::nowhere(message)));
        }
        match format::read(&bytes, model) {
            Ok(recording) => Ok(Recorded { recording, nodes: Vec::new() }),
            Err(mistakes) => Err(shown::diagnostics(name, &bytes, &mistakes)),
        }
    }

    /// What its clients are called in sentences.
    #[must_use]
    pub fn clients(&self) -> Clients<'_> {
        match self.recording.format {
            Format::Trace => Clients::Named(&self.nodes),
            Format::JepsenLog | Format::Edn => Clients::Processes,
        }
    }

    /// Who invoked an operation: "process 3", or the operation as the log of its run names it,
    /// "customer-b.3".
    #[must_use]
    pub fn who(&self, op: OpId) -> String {
        let (node, number) = (op.node().0, op.number());
        match (self.recording.format, self.nodes.get(node as usize)) {
            (Format::Trace, Some(name)) => format!("{name}.{number}"),
            _ => self.clients().name(op.node()),
        }
    }
}

/// Whether a file that begins so is a trace file, perhaps one that is cut or newer.
fn is_trace(begin: &[u8]) -> bool {
    let named = |part: &[u8]| part == FORMAT.as_bytes();
    begin.trim_ascii_start().starts_with(b"{\"format\"") && begin.windows(FORMAT.len()).any(named)
}
