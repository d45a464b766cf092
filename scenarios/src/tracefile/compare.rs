//! Whether a run is what a file says.

use super::reader::Reader;
use super::record::{self, Record};
use crate::Diagnostics;
use simlab_core::{Kind, TraceEvent};
use simlab_sim::World;
use simlab_sim::trace::{Names, Observer};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Where a run and a trace file part.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The event of the file; none if it has no more.
    pub file: Option<Record>,
    /// The event of the run; none if it had no more.
    pub run: Option<Record>,
}

/// Compares the events of a world with those of a file as they come, and keeps the first that differ.
#[derive(Debug)]
pub struct Compare(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    reader: Reader<BufReader<File>>,
    line: String,
    difference: Option<Difference>,
    failed: Option<Diagnostics>,
}

struct Watch(Arc<Mutex<State>>);

impl Compare {
    /// Compares what happens in `world` from now on.
    ///
    /// # Errors
    /// If the file is no trace file or is damaged.
    pub fn on(world: &mut World, path: &Path) -> Result<Self, Diagnostics> {
        let reader = Reader::open(path)?;
        let state = State { reader, line: String::new(), difference: None, failed: None };
        let shared = Arc::new(Mutex::new(state));
        world.observe(Box::new(Watch(Arc::clone(&shared))));
        Ok(Compare(shared))
    }

    /// Whether there was no difference so far.
    #[must_use]
    pub fn agrees(&self) -> bool {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.difference.is_none() && state.failed.is_none()
    }

    /// The first difference, now that the run is over.
    ///
    /// # Errors
    /// If the file cannot be read any more.
    pub fn finish(self) -> Result<Option<Difference>, Diagnostics> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.difference.is_none() && state.failed.is_none() && state.reader.advance()? {
            let file = state.reader.event().map(|event| Record::new(&event));
            return Ok(Some(Difference { file, run: None }));
        }
        match state.failed.take() {
            Some(failed) => Err(failed),
            None => Ok(state.difference.take()),
        }
    }
}

impl Observer for Watch {
    fn record(&mut self, event: &TraceEvent<'_>, names: &Names, _: u64) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        if state.difference.is_some() || state.failed.is_some() {
            return;
        }
        if let Err(failed) = state.reader.advance() {
            state.failed = Some(failed);
            return;
        }
        state.line.clear();
        record::write(event, names, &mut state.line);
        if state.line != state.reader.text() && !same_finding(event, state.reader.event()) {
            let file = state.reader.event().map(|event| Record::new(&event));
            state.difference = Some(Difference { file, run: Some(Record::new(event)) });
        }
    }
}

/// Whether two events are the same finding, whatever its words: they may name a line of source, and
/// are no part of the hash.
fn same_finding(run: &TraceEvent<'_>, file: Option<TraceEvent<'_>>) -> bool {
    let wordless =
        |event: &TraceEvent<'_>| (event.seq, event.at, event.node, event.cause, event.kind);
    matches!(run.kind, Kind::Found { .. })
        && file.is_some_and(|file| wordless(&file) == wordless(run))
}
