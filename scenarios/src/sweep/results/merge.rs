//! The report of a sweep from the files of its shards.

use super::super::{Shard, Sweep, Tally};
use super::reader::Reader;
use super::{Header, ResultsError};
use std::fs::File;
use std::path::PathBuf;

/// The files of the shards of one sweep.
#[derive(Debug)]
pub struct Shards {
    header: Header,
    /// The files by the number of their shard, from 1.
    files: Vec<Option<Reader>>,
}

impl Shards {
    /// Opens files, which are of different shards of one sweep.
    ///
    /// # Errors
    /// If one is something else, of another sweep, or of the shard of another; with `all`, also if one is
    /// missing.
    pub fn open(paths: &[PathBuf], all: bool) -> Result<Self, ResultsError> {
        let mut shards: Option<Shards> = None;
        for path in paths {
            let file = File::open(path).map_err(ResultsError::io(path))?;
            let Ok(reader) = Reader::new(path, file, "")? else {
                let (file, why) = (path.clone(), "it is empty".to_owned());
                return Err(ResultsError::Foreign { file, why });
            };
            let shards = shards.get_or_insert_with(|| Shards {
                header: Header { shard: Shard::WHOLE, ..reader.header.clone() },
                files: (0..reader.header.shard.of()).map(|_| None).collect(),
            });
            shards.put(reader)?;
        }
        let Some(shards) = shards else { return Err(ResultsError::Missing(Vec::new())) };
        let missing = shards.missing(|file| file.is_none().then(|| "is missing".to_owned()));
        if all && !missing.is_empty() {
            return Err(ResultsError::Missing(missing));
        }
        Ok(shards)
    }

    fn put(&mut self, reader: Reader) -> Result<(), ResultsError> {
        let shard = reader.header.shard;
        let (of, path) = (self.files.len(), reader.path.clone());
        let whole = Header { shard, ..self.header.clone() };
        whole.same_sweep(&path, &reader.header)?;
        let place = usize::try_from(shard.number() - 1).unwrap_or(usize::MAX);
        match self.files.get_mut(place) {
            Some(place) if usize::try_from(shard.of()) == Ok(of) => match place {
                Some(first) => {
                    let first = first.path.clone();
                    Err(ResultsError::Twice { shard, first, second: path })
                }
                None => {
                    *place = Some(reader);
                    Ok(())
                }
            },
            _ => {
                let (found, expected) = (shard.of().to_string(), of.to_string());
                Err(ResultsError::Differs { file: path, what: "number of shards", found, expected })
            }
        }
    }

    /// The shards of which `why` says something.
    fn missing(&self, why: impl Fn(&Option<Reader>) -> Option<String>) -> Vec<(Shard, String)> {
        let of = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        let all = (1..).zip(&self.files);
        all.filter_map(|(number, file)| Shard::new(number, of).zip(why(file))).collect()
    }

    /// Of which sweep they are.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Adds up what the files have, in the order of the seeds, for the sweep of [`Shards::header`]. `watch`
    /// is asked after each seed whether to go on. The result goes as far as there are all seeds
    /// ([`Tally::seeds`]).
    ///
    /// # Errors
    /// If a line is damaged; with `all`, also if seeds are missing.
    pub fn merge(
        mut self,
        sweep: &Sweep<'_>,
        all: bool,
        mut watch: impl FnMut(&Tally) -> bool,
    ) -> Result<Tally, ResultsError> {
        let mut tally = Tally::new(sweep);
        let (seeds, count) = (sweep.seeds, self.files.len() as u128);
        let (mut place, mut stopped) = (0, false);
        while place < seeds.count() && !stopped {
            let file = usize::try_from(place % count).ok().and_then(|n| self.files.get_mut(n));
            let Some(Some(reader)) = file else { break };
            let Some(shown) = reader.next()? else { break };
            place += 1;
            tally.add(shown, Shard::WHOLE.until(seeds, place));
            stopped = !watch(&tally);
        }
        // What does not count any more is not to be damaged either.
        for reader in self.files.iter_mut().flatten() {
            while reader.next()?.is_some() {}
        }
        if all && !stopped && place < seeds.count() {
            return Err(ResultsError::Missing(self.missing(|file| {
                let Some(reader) = file else { return Some("is missing".to_owned()) };
                let Header { shard, seeds, .. } = reader.header;
                let (done, of) = (reader.seeds, shard.count(seeds));
                let torn = if reader.torn { " and a torn line" } else { "" };
                (done < of).then(|| format!("has {done} of {of} seeds{torn}"))
            })));
        }
        Ok(tally)
    }
}
