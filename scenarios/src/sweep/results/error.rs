//! What can be wrong with files of results.

use super::super::Shard;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What is wrong with a file of results, or with some of them together.
#[derive(Debug)]
pub enum ResultsError {
    /// It cannot be opened, read or written.
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is something else, and stays as it is.
    Foreign {
        /// The file.
        file: PathBuf,
        /// How one sees it.
        why: String,
    },
    /// A line is not as it was written.
    Damaged {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// How one sees it.
        why: &'static str,
    },
    /// It is of another sweep.
    Differs {
        /// The file.
        file: PathBuf,
        /// In what.
        what: &'static str,
        /// What it says there.
        found: String,
        /// What it should say.
        expected: String,
    },
    /// Another process writes it.
    Busy {
        /// The file.
        file: PathBuf,
    },
    /// Two files are of the same shard.
    Twice {
        /// The shard.
        shard: Shard,
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// Shards are missing, or were not run to their end: each with how one sees it.
    Missing(Vec<(Shard, String)>),
}

impl ResultsError {
    pub(super) fn io(file: &Path) -> impl Fn(io::Error) -> Self {
        move |error| ResultsError::Io { file: file.to_owned(), error }
    }
}

impl fmt::Display for ResultsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResultsError::Io { file, error } => write!(f, "{}: {error}", file.display()),
            ResultsError::Foreign { file, why } => {
                write!(f, "{} is no file of results: {why}", file.display())
            }
            ResultsError::Damaged { file, line, why } => {
                write!(f, "{}, line {line} is damaged: {why}", file.display())
            }
            ResultsError::Differs { file, what, found, expected } => {
                let file = file.display();
                write!(f, "{file} is of another sweep: its {what} is {found}, not {expected}")
            }
            ResultsError::Busy { file } => {
                write!(f, "{} is being written by another sweep", file.display())
            }
            ResultsError::Twice { shard, first, second } => {
                let (first, second) = (first.display(), second.display());
                match shard.of() {
                    1 => write!(f, "two files are of the whole sweep: {first} and {second}"),
                    _ => write!(f, "two files are of shard {shard}: {first} and {second}"),
                }
            }
            ResultsError::Missing(shards) => {
                f.write_str("not all seeds were run:")?;
                for (n, (shard, why)) in shards.iter().enumerate() {
                    write!(f, "{} shard {shard} {why}", if n > 0 { "," } else { "" })?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for ResultsError {}
