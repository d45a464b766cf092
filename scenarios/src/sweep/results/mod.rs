//! Files of results: what every seed of a sweep showed, one a line, in the order of the seeds.
//!
//! The first line is the [`Header`]: of which sweep and which shard of it. Each seed that is done adds a
//! line, in one write, so that a process that is killed leaves a torn line at most, and that the last. Who
//! goes on cuts it off and runs its seed again. Every line ends with the hash of its text and of the
//! line before it: one that was changed, cut, moved or left out in the middle is named by its number. The
//! hash finds accidents; it is no protection against a forger.
//!
//! A report is what these lines add up to in the order of the seeds, be they of this process, of an
//! earlier one or of the files of several machines. So all of these come to the same report.

mod error;
mod header;
mod line;
mod merge;
mod reader;
mod shown;

pub use error::ResultsError;
pub use header::Header;
pub use merge::Shards;

use super::tally::Shown;
use super::{Sweep, Tally};
use reader::Reader;
use shown::Codec;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// A file of results that a sweep reads to its end, and goes on writing.
#[derive(Debug)]
pub struct Results {
    path: PathBuf,
    state: State,
}

#[derive(Debug)]
enum State {
    Reading(Box<Reader>),
    Writing { file: File, codec: Codec, rolling: u64 },
}

impl Results {
    /// Opens the file of a sweep, or begins it. No other process can do so until this one is done.
    ///
    /// # Errors
    /// If it is something else, of another sweep, or of another shard; it stays as it is then.
    pub fn open(path: &Path, header: &Header) -> Result<Self, ResultsError> {
        let failed = ResultsError::io(path);
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(&failed)?;
        if !file.metadata().map_err(&failed)?.is_file() {
            let (file, why) = (path.to_owned(), "it is no plain file".to_owned());
            return Err(ResultsError::Foreign { file, why });
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(ResultsError::Busy { file: path.to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let mut rolling = 0;
        let own = line::seal(&header.to_json(), &mut rolling);
        let state = match Reader::new(path, file, &own)? {
            Ok(reader) => {
                header.same_sweep(path, &reader.header)?;
                let (found, expected) = (reader.header.shard, header.shard);
                if found != expected {
                    let (found, expected) = (found.to_string(), expected.to_string());
                    let (file, what) = (path.to_owned(), "shard");
                    return Err(ResultsError::Differs { file, what, found, expected });
                }
                State::Reading(Box::new(reader))
            }
            Err(mut file) => {
                file.set_len(0).map_err(&failed)?;
                file.rewind().map_err(&failed)?;
                file.write_all(own.as_bytes()).map_err(&failed)?;
                let codec = Codec::new(header.variants.len(), header.goals.len());
                State::Writing { file, codec, rolling }
            }
        };
        Ok(Results { path: path.to_owned(), state })
    }

    /// Adds what the file has to the tally of a sweep that has not begun. `watch` is asked after each seed
    /// whether to go on, as in [`Sweep::go_on`].
    ///
    /// # Errors
    /// If the file cannot be read or a line of it is damaged.
    pub fn replay(
        &mut self,
        sweep: &Sweep<'_>,
        tally: &mut Tally,
        mut watch: impl FnMut(&Tally) -> bool,
    ) -> Result<Replayed, ResultsError> {
        let State::Reading(reader) = &mut self.state else { return Ok(Replayed::All) };
        while let Some(shown) = reader.next()? {
            tally.add(shown, sweep.shard.until(sweep.seeds, reader.seeds));
            if !watch(tally) {
                return Ok(Replayed::Stopped);
            }
        }
        let failed = ResultsError::io(&self.path);
        let Reader { codec, rolling, torn, bytes, .. } = &**reader;
        let mut file = reader.input.get_ref().try_clone().map_err(&failed)?;
        let (codec, rolling, torn, bytes) = (codec.clone(), *rolling, *torn, *bytes);
        if torn {
            file.set_len(bytes).map_err(&failed)?;
        }
        file.seek(SeekFrom::Start(bytes)).map_err(&failed)?;
        self.state = State::Writing { file, codec, rolling };
        Ok(if torn { Replayed::Repaired } else { Replayed::All })
    }

    /// Adds the line of the next seed. What was not replayed to its end stays as it is.
    pub(super) fn append(&mut self, seed: u64, shown: &[Shown]) -> Result<(), ResultsError> {
        let State::Writing { file, codec, rolling } = &mut self.state else { return Ok(()) };
        let line = line::seal(&codec.write(seed, shown), rolling);
        file.write_all(line.as_bytes()).map_err(ResultsError::io(&self.path))
    }
}

/// How far a file of results was replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// To its end.
    All,
    /// To its end, where a torn line was cut off.
    Repaired,
    /// Until who watched had enough.
    Stopped,
}
