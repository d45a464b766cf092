//! Histories from files: of Jepsen, Knossos and Porcupine, or of one's own system.
//!
//! ```text
//!   log   lines of a Jepsen log ─┐                        call      what :f and :value mean
//!                                ├─▶ event ─▶ pairing ─▶ History
//!   edn   maps in EDN ───────────┘
//!   token ─▶ form   the notation of both
//! ```
//!
//! Pure functions of bytes: who calls them reads the file. The format is recognised from the content.
//! All mistakes of meaning are found in one pass, the first of notation ends it. Memory and time are
//! proportionate to the file.

mod call;
mod edn;
mod event;
mod form;
mod log;
mod mistake;
mod pairing;
#[cfg(test)]
mod tests;
mod token;

pub use mistake::{Mistake, Mistakes, Names};

use crate::Model;
use call::Dialect;
use pairing::Pairing;
use simlab_core::OpId;
use simlab_core::history::History;
use std::fmt;

/// What some editors put before a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// How a history is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines of a Jepsen log.
    JepsenLog,
    /// Maps in EDN.
    Edn,
    /// The trace of a run of simlab.
    Trace,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::JepsenLog => "Jepsen log",
            Format::Edn => "EDN",
            Format::Trace => "simlab trace",
        })
    }
}

/// The lines of a file in which an operation is, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where it begins.
    pub invoked: u64,
    /// Where it ends; `None` if it is open.
    pub returned: Option<u64>,
}

/// A history, and where it is from.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The operations. A process of a file is a node with this number.
    pub history: History,
    /// How it was written down.
    pub format: Format,
    /// Whether the marks have times; otherwise all are 0, and nothing but the order of the events is known.
    pub timed: bool,
    /// Whether the marks count lines of the file; otherwise, since two events share a line, they count events.
    pub by_line: bool,
    /// Where each operation is, in the order of the history.
    pub places: Vec<Place>,
}

impl Recording {
    /// Where an operation is in the file.
    #[must_use]
    pub fn place(&self, op: OpId) -> Option<Place> {
        let record = self.history.get(op)?;
        let records = self.history.records();
        let index = records.partition_point(|other| other.invoked < record.invoked);
        self.places.get(index).copied()
    }

    /// How many processes there are.
    #[must_use]
    pub fn processes(&self) -> usize {
        let ids = self.history.records().iter().map(|record| (record.op.node(), record.session));
        ids.collect::<std::collections::BTreeSet<_>>().len()
    }
}

/// Reads a history. `model` says what the operations mean where the format does not: `:add` is an
/// insertion to a set, and an addition to a counter.
///
/// What ended in `:info` may have taken effect, what ended in `:fail` did not. In a Jepsen log of a
/// register, a `:cas` that failed says that the value was another one, and a read that returned nil
/// saw nil; in EDN, neither says anything, except that a key of a key-value store can be nil.
///
/// # Errors
/// All that is wrong with it, with places.
pub fn read(bytes: &[u8], model: &'static Model) -> Result<Recording, Mistakes> {
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
    let register = matches!(model.name, "register" | "cas-register");
    let start = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
    let format = recognise(text, start).ok_or_else(|| pairing::nothing(text))?;
    let log = format == Format::JepsenLog;
    let dialect =
        Dialect { nil_is_a_value: model.name == "kv" || (log && register), failed_cas_tells: log };
    let mut pairing = Pairing::new(text, model, dialect);
    match format {
        Format::JepsenLog => log::read(text, start, &mut pairing),
        Format::Edn | Format::Trace => edn::read(text, start, &mut pairing),
    }
    pairing.finish(format)
}

/// Which format a file has; `None` if it has nothing of either.
fn recognise(text: &str, start: usize) -> Option<Format> {
    if edn::begins(text, start) {
        return Some(Format::Edn);
    }
    log::is_one(text, start).then_some(Format::JepsenLog)
}

fn not_utf8(bytes: &[u8], valid: usize) -> Mistake {
    let found = bytes.get(valid).copied().unwrap_or(0);
    let wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    Mistake::at(valid..valid + 1, "the file is not UTF-8")
        .label(format!("byte 0x{found:02x} cannot stand here"))
        .help(if wide { "this is UTF-16; save it as UTF-8" } else { "save the file as UTF-8" })
}
