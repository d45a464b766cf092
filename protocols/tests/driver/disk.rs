//! Files that forget what was not synced.

use simlab_core::{Disk, DiskError};
use std::collections::{BTreeMap, VecDeque};

#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    /// What a read sees.
    view: BTreeMap<String, Vec<u8>>,
    /// What is safe.
    durable: BTreeMap<String, Vec<u8>>,
    /// Writes that are not safe yet, in order; the first is number `settled`.
    pending: VecDeque<(String, Option<Vec<u8>>)>,
    settled: u64,
}

fn apply(files: &mut BTreeMap<String, Vec<u8>>, file: String, content: Option<Vec<u8>>) {
    match content {
        Some(content) => files.insert(file, content),
        None => files.remove(&file),
    };
}

impl Files {
    pub(super) fn write(&mut self, file: &str, content: Option<&[u8]>) {
        let write = (file.to_owned(), content.map(<[u8]>::to_vec));
        apply(&mut self.view, write.0.clone(), write.1.clone());
        self.pending.push_back(write);
    }

    /// How many writes there were so far.
    pub(super) fn written(&self) -> u64 {
        self.settled + self.pending.len() as u64
    }

    /// Makes the first `writes` writes safe.
    pub(super) fn settle(&mut self, writes: u64) {
        while self.settled < writes
            && let Some((file, content)) = self.pending.pop_front()
        {
            apply(&mut self.durable, file, content);
            self.settled += 1;
        }
    }

    /// Keeps any subset of what was not safe: the writes whose bit is set.
    pub(super) fn crash(&mut self, bits: u64) {
        self.settled += self.pending.len() as u64;
        for (i, (file, content)) in std::mem::take(&mut self.pending).into_iter().enumerate() {
            if bits >> (i % 64) & 1 == 1 {
                apply(&mut self.durable, file, content);
            }
        }
        self.view = self.durable.clone();
    }
}

impl Disk for Files {
    fn read(&self, file: &str) -> Result<Option<&[u8]>, DiskError> {
        match self.view.get(file) {
            // A file that a test made unreadable.
            Some(content) if content == b"unreadable" => Err(DiskError::Read),
            content => Ok(content.map(Vec::as_slice)),
        }
    }

    fn list(&self, prefix: &str) -> Vec<&str> {
        self.view.keys().map(String::as_str).filter(|name| name.starts_with(prefix)).collect()
    }
}
