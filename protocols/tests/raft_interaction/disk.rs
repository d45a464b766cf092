//! A node's disk, in the hand of a file: what was not synced a crash takes away, but for what the file says.

use simlab_core::{Disk, DiskError};
use std::collections::{BTreeMap, VecDeque};

type Files = BTreeMap<String, Vec<u8>>;

/// What is done to a file.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Append(Vec<u8>),
    Replace(Vec<u8>),
    Remove,
}

/// What of a write that was not synced is on the disk after a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// Which write, from 1, of those that were not synced.
    pub(super) write: usize,
    /// How many of its bytes; `None` for all.
    pub(super) bytes: Option<usize>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Drive {
    /// What a read sees.
    view: Files,
    /// What is safe.
    durable: Files,
    /// What is not safe yet, in order; the first is number `settled`.
    pending: VecDeque<(String, Change)>,
    settled: usize,
}

fn apply(files: &mut Files, (file, change): (String, Change)) {
    match change {
        Change::Append(bytes) => files.entry(file).or_default().extend(bytes),
        Change::Replace(bytes) => drop(files.insert(file, bytes)),
        Change::Remove => drop(files.remove(&file)),
    }
}

impl Drive {
    pub(super) fn write(&mut self, file: &str, change: Change) {
        let write = (file.to_owned(), change);
        apply(&mut self.view, write.clone());
        self.pending.push_back(write);
    }

    /// How many writes there were so far.
    pub(super) fn written(&self) -> usize {
        self.settled + self.pending.len()
    }

    /// Makes the first `writes` writes safe.
    pub(super) fn settle(&mut self, writes: usize) {
        while self.settled < writes
            && let Some(write) = self.pending.pop_front()
        {
            apply(&mut self.durable, write);
            self.settled += 1;
        }
    }

    /// What was not safe is gone, but for what is kept.
    pub(super) fn crash(&mut self, kept: &[Kept]) -> Result<(), String> {
        if let Some(kept) = kept.iter().find(|kept| !(1..=self.pending.len()).contains(&kept.write))
        {
            let pending = self.pending.len();
            return Err(format!(
                "{pending} writes are not synced: there is no write {}",
                kept.write
            ));
        }
        self.settled += self.pending.len();
        for (number, (file, change)) in (1..).zip(std::mem::take(&mut self.pending)) {
            let Some(kept) = kept.iter().find(|kept| kept.write == number) else { continue };
            let change = match (change, kept.bytes) {
                (Change::Append(mut bytes), Some(len)) => {
                    bytes.truncate(len);
                    Change::Append(bytes)
                }
                (change, None) => change,
                (_, Some(_)) => {
                    return Err(format!("write {number} is kept as a whole or not at all"));
                }
            };
            apply(&mut self.durable, (file, change));
        }
        self.view = self.durable.clone();
        Ok(())
    }
}

impl Disk for Drive {
    fn read(&self, file: &str) -> Result<Option<&[u8]>, DiskError> {
        Ok(self.view.get(file).map(Vec::as_slice))
    }

    fn list(&self, prefix: &str) -> Vec<&str> {
        self.view.keys().map(String::as_str).filter(|name| name.starts_with(prefix)).collect()
    }
}
