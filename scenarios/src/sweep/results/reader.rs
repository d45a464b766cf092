//! Reading files of results, seed by seed.

use super::super::tally::Shown;
use super::line::{self, LINE_MAX};
use super::shown::Codec;
use super::{Header, ResultsError};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

/// A file of results, of which some lines were read.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) path: PathBuf,
    pub(super) header: Header,
    pub(super) input: BufReader<File>,
    /// What all lines before this one say.
    pub(super) codec: Codec,
    /// The hash of the last line that was read.
    pub(super) rolling: u64,
    /// How many lines were read, and how many bytes they have.
    lines: u64,
    pub(super) bytes: u64,
    /// How many seeds were read.
    pub(super) seeds: u128,
    /// Whether the file ends within a line.
    pub(super) torn: bool,
}

/// What is next in a file.
enum Next {
    Line(Vec<u8>),
    Torn,
    End,
}

impl Reader {
    /// Reads the first line of a file. `None` if there is not even a whole line, and what there is can be
    /// the beginning of `own`.
    pub(super) fn new(
        path: &Path,
        file: File,
        own: &str,
    ) -> Result<Result<Self, File>, ResultsError> {
        let mut input = BufReader::new(file);
        let foreign =
            |why: &str| Err(ResultsError::Foreign { file: path.to_owned(), why: why.to_owned() });
        // Something else may well be one long line.
        let limit = LINE_MAX.max(own.len() as u64);
        let mut bytes = Vec::new();
        let read = input.by_ref().take(limit).read_until(b'\n', &mut bytes);
        read.map_err(ResultsError::io(path))?;
        let length = bytes.len() as u64;
        if bytes.pop_if(|last| *last == b'\n').is_none() {
            if own.as_bytes().starts_with(&bytes) {
                return Ok(Err(input.into_inner()));
            }
            return foreign("its first line is of something else");
        }
        let mut rolling = 0;
        let object = match line::open(&bytes, &mut rolling) {
            Ok(object) => object,
            Err(why)
                if String::from_utf8_lossy(&bytes).contains("\"format\":\"simlab-results\"") =>
            {
                return Err(ResultsError::Damaged { file: path.to_owned(), line: 1, why });
            }
            Err(_) => return foreign("its first line is of something else"),
        };
        let header = Header::read(path, &object)?;
        let codec = Codec::new(header.variants.len(), header.goals.len());
        let (path, torn) = (path.to_owned(), false);
        Ok(Ok(Reader {
            path,
            header,
            input,
            codec,
            rolling,
            lines: 1,
            bytes: length,
            seeds: 0,
            torn,
        }))
    }

    /// What the variants showed of the next seed; `None` at the end, be it torn.
    pub(super) fn next(&mut self) -> Result<Option<Vec<Shown>>, ResultsError> {
        let line = match self.line()? {
            Next::Line(line) => line,
            Next::End => return Ok(None),
            Next::Torn => {
                self.torn = true;
                return Ok(None);
            }
        };
        self.lines += 1;
        let object = line::open(&line, &mut self.rolling).map_err(|why| self.damaged(why))?;
        let shown = self.shown(&object)?;
        self.bytes += line.len() as u64 + 1;
        self.seeds += 1;
        Ok(Some(shown))
    }

    fn shown(&mut self, object: &Value) -> Result<Vec<Shown>, ResultsError> {
        let Header { shard, seeds, .. } = self.header;
        let Some(seed) = shard.seed(seeds, self.seeds) else {
            return Err(self.damaged("there are no more seeds"));
        };
        let shown = self.codec.read(seed, object);
        shown.ok_or_else(|| self.damaged("it is not of the seed that is next, or incomplete"))
    }

    fn line(&mut self) -> Result<Next, ResultsError> {
        let mut line = Vec::new();
        let read = self.input.by_ref().take(LINE_MAX).read_until(b'\n', &mut line);
        read.map_err(ResultsError::io(&self.path))?;
        Ok(match line.pop() {
            None => Next::End,
            Some(b'\n') => Next::Line(line),
            Some(_) if line.len() as u64 + 1 == LINE_MAX => {
                self.lines += 1;
                return Err(self.damaged("it is too long"));
            }
            Some(_) => Next::Torn,
        })
    }

    fn damaged(&self, why: &'static str) -> ResultsError {
        ResultsError::Damaged { file: self.path.clone(), line: self.lines, why }
    }
}
