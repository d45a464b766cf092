//! Files that forget what was not synced, and disks that fail.

use simlab_core::{Disk, DiskError};
use std::collections::{BTreeMap, VecDeque};

#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    /// What a read sees.
    view: BTreeMap<String, Vec<u8>>,
    /// What is safe.
    durable: BTreeMap<String, Vec<u8>>,
    /// Writes that are not safe yet, in order; the first is number `settled`.
    pending: VecDeque<Write>,
    settled: u64,
    /// Whether nothing can be read now.
    pub(super) unreadable: bool,
}

#[derive(Clone, Debug)]
struct Write {
    file: String,
    content: Option<Vec<u8>>,
    /// Why it was not carried out.
    failed: Option<DiskError>,
}

fn apply(files: &mut BTreeMap<String, Vec<u8>>, file: String, content: Option<Vec<u8>>) {
    match content {
        Some(content) => files.insert(file, content),
        None => files.remove(&file),
    };
}

impl Files {
    /// A write; if it fails, the next sync that covers it says why.
    pub(super) fn write(&mut self, file: &str, content: Option<&[u8]>, failed: Option<DiskError>) {
        let (file, content) = (file.to_owned(), content.map(<[u8]>::to_vec));
        if failed.is_none() {
            apply(&mut self.view, file.clone(), content.clone());
        }
        self.pending.push_back(Write { file, content, failed });
    }

    /// How many writes there were so far.
    pub(super) fn written(&self) -> u64 {
        self.settled + self.pending.len() as u64
    }

    /// Makes the first `writes` writes safe. If one of them had failed, those of the others are safe
    /// whose bit is set, and nobody will try the rest again.
    pub(super) fn settle(&mut self, writes: u64, bits: u64) -> Result<(), DiskError> {
        let count = usize::try_from(writes.saturating_sub(self.settled)).expect("few writes");
        let covered: Vec<Write> = self.pending.drain(..count.min(self.pending.len())).collect();
        self.settled += covered.len() as u64;
        let failed = covered.iter().find_map(|write| write.failed);
        for (i, write) in covered.into_iter().enumerate() {
            if write.failed.is_none() && (failed.is_none() || bits >> (i % 64) & 1 == 1) {
                apply(&mut self.durable, write.file, write.content);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Keeps any subset of what was not safe: the writes whose bit is set.
    pub(super) fn crash(&mut self, bits: u64) {
        self.settled += self.pending.len() as u64;
        for (i, write) in std::mem::take(&mut self.pending).into_iter().enumerate() {
            if write.failed.is_none() && bits >> (i % 64) & 1 == 1 {
                apply(&mut self.durable, write.file, write.content);
            }
        }
        self.view = self.durable.clone();
    }
}

impl Disk for Files {
    fn read(&self, file: &str) -> Result<Option<&[u8]>, DiskError> {
        match self.view.get(file) {
            Some(_) if self.unreadable => Err(DiskError::Read),
            // A file that a test made unreadable.
            Some(content) if content == b"unreadable" => Err(DiskError::Read),
            content => Ok(content.map(Vec::as_slice)),
        }
    }

    fn list(&self, prefix: &str) -> Vec<&str> {
        self.view.keys().map(String::as_str).filter(|name| name.starts_with(prefix)).collect()
    }
}
