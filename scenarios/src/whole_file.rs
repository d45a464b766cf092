//! Files that are there whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file that takes its name when it is complete. Until then it is called `<name>.partial-<process>`
/// beside it, and goes away if it is not finished.
///
/// What is no plain file (a device, a named pipe, a symbolic link to anything) is written to as it
/// is: it cannot be replaced.
#[derive(Debug)]
pub struct WholeFile {
    out: BufWriter<File>,
    path: PathBuf,
    partial: Option<PathBuf>,
}

impl WholeFile {
    /// Begins a file. One of this name stays as it is until this one is finished.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn create(path: &Path) -> io::Result<Self> {
        let plain = match fs::symlink_metadata(path) {
            Ok(there) => there.is_file(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        let partial = match path.file_name() {
            Some(name) if plain => {
                let mut name = name.to_owned();
                name.push(format!(".partial-{}", std::process::id()));
                Some(path.with_file_name(name))
            }
            _ => None,
        };
        let out = BufWriter::new(File::create(partial.as_deref().unwrap_or(path))?);
        Ok(WholeFile { out, path: path.to_owned(), partial })
    }

    /// What it is called until it is finished, if that is another name.
    #[must_use]
    pub fn unfinished(&self) -> Option<&Path> {
        self.partial.as_deref()
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// If not all of it could be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()?;
        if let Some(partial) = &self.partial {
            fs::rename(partial, &self.path)?;
            self.partial = None;
        }
        Ok(())
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if let Some(partial) = &self.partial {
            // Nobody is left to tell.
            let _ = fs::remove_file(partial);
        }
    }
}
