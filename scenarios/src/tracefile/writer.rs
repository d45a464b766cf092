//! Writing a trace file while the run goes on.

use super::footer::{Footer, Verdict};
use super::header::Header;
use super::intern::NAME_MAX;
use super::line::Rolling;
use super::{LINE_MAX, record};
use crate::WholeFile;
use crate::decisions::answer;
use simlab_core::{Kind, TraceEvent};
use simlab_sim::trace::{Names, Observer};
use simlab_sim::{Script, World};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Writes the lines of a trace file, one after the other, to anything.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    rolling: Rolling,
    line: String,
    records: u64,
    trace_hash: u64,
}

impl<W: Write> Writer<W> {
    /// Writes the header, and the answers of the run's script.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn new(
        out: W,
        header: &Header,
        script: Option<&Script>,
        names: &Names,
    ) -> io::Result<Self> {
        let rolling = Rolling::default();
        let mut writer = Writer { out, rolling, line: String::new(), records: 0, trace_hash: 0 };
        header.write(&mut writer.line);
        writer.end_line()?;
        for (point, scripted) in script.iter().flat_map(|script| &script.answers) {
            answer::write(*point, *scripted, names, &mut writer.line);
            writer.end_line()?;
        }
        Ok(writer)
    }

    /// Writes an event. `hash` is the hash of the trace up to and with it.
    ///
    /// # Errors
    /// If it cannot be written, or if its line would be longer than a line may be.
    pub fn record(&mut self, event: &TraceEvent<'_>, names: &Names, hash: u64) -> io::Result<()> {
        let long_name = match event.kind {
            Kind::Noted { name, .. } | Kind::Found { name } => name.len() > NAME_MAX,
            _ => false,
        };
        // A line has every byte twice, and other words besides.
        if long_name || event.bytes.len() > LINE_MAX / 2 {
            return Err(too_long(event.seq.get()));
        }
        record::write(event, names, &mut self.line);
        (self.records, self.trace_hash) = (event.seq.get(), hash);
        self.end_line()
    }

    /// Writes the footer, and hands back what was written to.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(mut self, verdict: Verdict) -> io::Result<W> {
        let Writer { records, trace_hash, .. } = self;
        Footer { records, trace_hash, verdict }.write(&mut self.line);
        self.end_line()?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.rolling.seal(&mut self.line);
        if self.line.len() > LINE_MAX {
            return Err(too_long(self.records));
        }
        self.out.write_all(self.line.as_bytes())?;
        self.line.clear();
        Ok(())
    }
}

fn too_long(record: u64) -> io::Error {
    io::Error::other(format!("the line of record {record} would be too long"))
}

/// A trace file that is written while a world runs. It has its name only when it is finished.
#[derive(Debug)]
pub struct TraceFile {
    shared: Arc<Mutex<State>>,
}

#[derive(Debug)]
enum State {
    Created(WholeFile),
    Writing(Box<Writer<WholeFile>>),
    /// The first thing that went wrong; nothing was written after it.
    Failed(io::Error),
    Over,
}

impl TraceFile {
    /// Creates the file.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn create(path: &Path) -> io::Result<Self> {
        let state = State::Created(WholeFile::create(path)?);
        Ok(TraceFile { shared: Arc::new(Mutex::new(state)) })
    }

    /// What the file is called until it is finished, if that is another name.
    #[must_use]
    pub fn unfinished(&self) -> Option<PathBuf> {
        match &*self.state() {
            State::Created(file) => file.unfinished().map(Path::to_owned),
            _ => None,
        }
    }

    /// Writes the header, and from now on every event of the world. `set` are the `--set` options of
    /// the scenario. What goes wrong is told by [`TraceFile::finish`].
    pub fn observe(&self, world: &mut World, header: &Header) {
        let mut state = self.state();
        if let State::Created(file) = std::mem::replace(&mut *state, State::Over) {
            *state = match Writer::new(file, header, world.script(), world.names()) {
                Ok(writer) => State::Writing(Box::new(writer)),
                Err(error) => State::Failed(error),
            };
            world.observe(Box::new(Watch { shared: Arc::clone(&self.shared) }));
        }
    }

    /// Writes the footer, and gives the file its name.
    ///
    /// # Errors
    /// The first thing that went wrong. There is no file of that name then, or the one that was
    /// there before.
    pub fn finish(self, verdict: Verdict) -> io::Result<()> {
        match std::mem::replace(&mut *self.state(), State::Over) {
            State::Writing(writer) => writer.finish(verdict)?.finish(),
            State::Failed(error) => Err(error),
            State::Created(_) | State::Over => Err(io::Error::other("nothing was run")),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a trace file that a world holds.
struct Watch {
    shared: Arc<Mutex<State>>,
}

impl Observer for Watch {
    fn record(&mut self, event: &TraceEvent<'_>, names: &Names, hash: u64) {
        let mut state = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Writing(writer) = &mut *state
            && let Err(error) = writer.record(event, names, hash)
        {
            *state = State::Failed(error);
        }
    }
}
