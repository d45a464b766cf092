//! A node's disk, as its process sees it.

use std::fmt;

/// Reading the node's files. Writes are effects; a read sees all writes of earlier events, synced or
/// not.
pub trait Disk {
    /// The content of a file, `None` if there is none.
    ///
    /// # Errors
    /// If the disk fails to read it.
    fn read(&self, file: &str) -> Result<Option<&[u8]>, DiskError>;

    /// The names of the files that begin with `prefix`, sorted.
    fn list(&self, prefix: &str) -> Vec<&str>;
}

/// What a disk can answer instead of doing its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiskError {
    /// The data cannot be read.
    Read,
    /// A write or a sync failed; what was written since the last sync may be lost.
    Write,
    /// No space is left.
    Full,
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read error",
            Self::Write => "write error",
            Self::Full => "disk full",
        })
    }
}

impl std::error::Error for DiskError {}

/// A disk without files, for tests of processes that have none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDisk;

impl Disk for NoDisk {
    fn read(&self, _file: &str) -> Result<Option<&[u8]>, DiskError> {
        Ok(None)
    }
    fn list(&self, _prefix: &str) -> Vec<&str> {
        Vec::new()
    }
}
