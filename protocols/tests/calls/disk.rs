//! Files that forget in a crash what was not synced.

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
}

/// New content of a file, or what is put behind the old; or its end.
#[derive(Clone, Debug)]
struct Write {
    file: String,
    content: Option<Vec<u8>>,
    behind: bool,
}

fn apply(files: &mut BTreeMap<String, Vec<u8>>, write: Write) {
    let Write { file, content, behind } = write;
    match content {
        Some(content) if behind => files.entry(file).or_default().extend(content),
        Some(content) => {
            files.insert(file, content);
        }
        None => {
            files.remove(&file);
        }
    }
}

impl Files {
    pub(super) fn write(&mut self, file: &str, content: Option<&[u8]>, behind: bool) {
        let content = content.map(<[u8]>::to_vec);
        let write = Write { file: file.to_owned(), content, behind };
        apply(&mut self.view, write.clone());
        self.pending.push_back(write);
    }

    /// How many writes there were so far.
    pub(super) fn written(&self) -> u64 {
        self.settled + self.pending.len() as u64
    }

    /// Makes the first `writes` writes safe.
    pub(super) fn settle(&mut self, writes: u64) {
        while self.settled < writes
            && let Some(write) = self.pending.pop_front()
        {
            apply(&mut self.durable, write);
            self.settled += 1;
        }
    }

    /// Keeps those writes that were not safe of which `keep` says so.
    pub(super) fn crash(&mut self, mut keep: impl FnMut() -> bool) {
        self.settled += self.pending.len() as u64;
        for write in std::mem::take(&mut self.pending) {
            if keep() {
                apply(&mut self.durable, write);
            }
        }
        self.view = self.durable.clone();
    }
}

impl Disk for Files {
    fn read(&self, file: &str) -> Result<Option<&[u8]>, DiskError> {
        Ok(self.view.get(file).map(Vec::as_slice))
    }

    fn list(&self, prefix: &str) -> Vec<&str> {
        self.view.keys().map(String::as_str).filter(|name| name.starts_with(prefix)).collect()
    }
}
