//! Where two trace files part.

use super::reader::{Place, Reader};
use super::record::Record;
use crate::Diagnostics;
use simlab_core::{NodeId, Seq, TraceEvent};
use simlab_sim::Names;
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Every so many events a place is kept, so that any event is found again without reading the file
/// from its begin.
const PLACE_EVERY: u64 = 1_024;
/// How many of the last events of a node are shown.
const BEFORE_MAX: usize = 4;
/// How many events of a causal chain are shown.
const CHAIN_MAX: usize = 8;

/// One of two trace files that are compared.
#[derive(Debug)]
pub struct Side {
    reader: Reader<BufReader<File>>,
    places: Vec<Place>,
    /// The last events of each node.
    last: BTreeMap<Option<NodeId>, VecDeque<Seq>>,
}

/// The first events that differ; `None` where a trace has ended.
#[derive(Clone, Debug)]
pub struct Parting {
    /// How many events are the same.
    pub common: u64,
    /// The events, of the first and of the second trace.
    pub events: [Option<Record>; 2],
    /// The texts of the two events.
    pub texts: [String; 2],
}

impl Side {
    /// Opens a trace file.
    ///
    /// # Errors
    /// If it is none, or is damaged.
    pub fn open(path: &Path) -> Result<Self, Diagnostics> {
        let reader = Reader::open(path)?;
        Ok(Side { reader, places: Vec::new(), last: BTreeMap::new() })
    }

    /// The names that were met so far.
    #[must_use]
    pub fn names(&self) -> &Names {
        self.reader.names()
    }

    fn advance(&mut self) -> Result<bool, Diagnostics> {
        let more = self.reader.advance()?;
        if let Some(place) = self.reader.place()
            && self.reader.event().is_some_and(|event| event.seq.get() % PLACE_EVERY == 1)
        {
            self.places.push(place);
        }
        Ok(more)
    }

    fn remember(&mut self) {
        if let Some(event) = self.reader.event() {
            let last = self.last.entry(event.node).or_default();
            last.push_back(event.seq);
            if last.len() > BEFORE_MAX {
                last.pop_front();
            }
        }
    }

    /// The event with this number, which was read before.
    fn find(&mut self, seq: Seq) -> Result<Option<Record>, Diagnostics> {
        let index = ((seq.get() - 1) / PLACE_EVERY) as usize;
        match self.places.get(index) {
            Some(place) => self.reader.find(*place, seq).map(Some),
            None => Ok(None),
        }
    }

    /// The last events at a node before the parting.
    ///
    /// # Errors
    /// If the file cannot be read any more.
    pub fn before(&mut self, node: Option<NodeId>) -> Result<Vec<Record>, Diagnostics> {
        let seqs = self.last.get(&node).cloned().unwrap_or_default();
        let found = seqs.into_iter().map(|seq| self.find(seq));
        Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// What led to an event, the nearest first, and whether there is more of it.
    ///
    /// # Errors
    /// If the file cannot be read any more.
    pub fn chain(&mut self, of: &TraceEvent<'_>) -> Result<(Vec<Record>, bool), Diagnostics> {
        let mut chain: Vec<Record> = Vec::new();
        let mut cause = of.cause;
        while let Some(seq) = cause {
            if chain.len() == CHAIN_MAX {
                return Ok((chain, true));
            }
            let Some(record) = self.find(seq)? else { break };
            cause = record.event().cause;
            chain.push(record);
        }
        Ok((chain, false))
    }
}

/// Goes through two files until they part. `None` if all of their events are the same.
///
/// # Errors
/// If one of them is damaged.
pub fn part(first: &mut Side, second: &mut Side) -> Result<Option<Parting>, Diagnostics> {
    let mut common = 0;
    loop {
        let more = [first.advance()?, second.advance()?];
        if more == [false, false] {
            return Ok(None);
        }
        if first.reader.text() != second.reader.text() {
            let sides = [&*first, &*second];
            return Ok(Some(Parting {
                common,
                events: sides.map(|side| side.reader.event().map(|event| Record::new(&event))),
                texts: sides.map(|side| side.reader.text().to_owned()),
            }));
        }
        common += 1;
        first.remember();
        second.remember();
    }
}
