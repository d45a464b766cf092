//! A node's disk: what was written, and what of it is durable.
//!
//! Writes are visible at once and durable after a sync; a crash takes the rest. (A crash that keeps
//! *some* unsynced writes, and disks that fail, come with the hostile world.)

use simlab_core::{Disk, DiskError};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

type Files = BTreeMap<String, Arc<Vec<u8>>>;

/// The files of one node.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct SimDisk {
    visible: Files,
    durable: Files,
    pending: VecDeque<Write>,
    /// How many writes there ever were; `pending` holds the last of them.
    written: u64,
}

/// One change of one file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Write {
    pub(crate) file: String,
    pub(crate) change: Change,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Change {
    Append(Vec<u8>),
    Replace(Vec<u8>),
    Truncate(u64),
    Remove,
}

fn apply(files: &mut Files, write: &Write) {
    match &write.change {
        Change::Append(data) => {
            Arc::make_mut(files.entry(write.file.clone()).or_default()).extend_from_slice(data);
        }
        Change::Replace(data) => {
            files.insert(write.file.clone(), Arc::new(data.clone()));
        }
        Change::Truncate(len) => {
            if let Some(file) = files.get_mut(&write.file) {
                let len = usize::try_from(*len).unwrap_or(usize::MAX);
                Arc::make_mut(file).truncate(len);
            }
        }
        Change::Remove => {
            files.remove(&write.file);
        }
    }
}

impl SimDisk {
    pub(crate) fn write(&mut self, write: Write) {
        apply(&mut self.visible, &write);
        self.pending.push_back(write);
        self.written += 1;
    }

    /// How many writes there ever were: what a sync that starts now has to cover.
    pub(crate) const fn written(&self) -> u64 {
        self.written
    }

    /// Makes the first `written` writes durable.
    pub(crate) fn synced(&mut self, written: u64) {
        while self.written - (self.pending.len() as u64) < written {
            let write = self.pending.pop_front().expect("no more than was written is synced");
            apply(&mut self.durable, &write);
        }
    }

    /// Loses what is not durable. Returns how many writes that were.
    pub(crate) fn crash(&mut self) -> u32 {
        let lost = self.pending.len();
        self.pending.clear();
        self.visible = self.durable.clone();
        u32::try_from(lost).unwrap_or(u32::MAX)
    }

    /// All files as they would be read now.
    #[cfg(test)]
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.visible.iter().map(|(name, data)| (name.as_str(), data.as_slice()))
    }
}

impl Disk for SimDisk {
    fn read(&self, file: &str) -> Result<Option<&[u8]>, DiskError> {
        Ok(self.visible.get(file).map(|data| data.as_slice()))
    }

    fn list(&self, prefix: &str) -> Vec<&str> {
        let bounds = (Bound::Included(prefix), Bound::Unbounded);
        let from = self.visible.range::<str, _>(bounds);
        from.map(|(name, _)| name.as_str()).take_while(|name| name.starts_with(prefix)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn write(file: &str, change: Change) -> Write {
        Write { file: file.to_owned(), change }
    }

    #[test]
    fn a_crash_takes_what_was_not_synced() {
        let mut disk = SimDisk::default();
        disk.write(write("log", Change::Append(b"a".to_vec())));
        let covered = disk.written();
        disk.write(write("log", Change::Append(b"b".to_vec())));
        disk.synced(covered);
        assert_eq!(disk.read("log"), Ok(Some(&b"ab"[..])));
        assert_eq!(disk.crash(), 1);
        assert_eq!(disk.read("log"), Ok(Some(&b"a"[..])));
        assert_eq!(disk.crash(), 0);
    }

    #[test]
    fn files_are_listed_by_prefix() {
        let mut disk = SimDisk::default();
        for name in ["b/2", "a/1", "b/1", "c"] {
            disk.write(write(name, Change::Replace(Vec::new())));
        }
        assert_eq!(disk.list("b/"), ["b/1", "b/2"]);
        assert_eq!(disk.list(""), ["a/1", "b/1", "b/2", "c"]);
    }

    fn change() -> impl Strategy<Value = Change> {
        let data = proptest::collection::vec(any::<u8>(), 0..4);
        prop_oneof![
            data.clone().prop_map(Change::Append),
            data.prop_map(Change::Replace),
            (0..6_u64).prop_map(Change::Truncate),
            Just(Change::Remove),
        ]
    }

    proptest! {
        /// After a crash the disk holds what one gets by doing only the synced writes.
        #[test]
        fn a_crash_leaves_the_synced_prefix(
            writes in proptest::collection::vec(("[ab]", change()), 0..20),
            synced in 0..20_usize,
        ) {
            let (mut disk, mut model) = (SimDisk::default(), SimDisk::default());
            let synced = synced.min(writes.len());
            for (n, (file, change)) in writes.into_iter().enumerate() {
                let write = write(&file, change);
                if n < synced {
                    model.write(write.clone());
                }
                disk.write(write);
            }
            disk.synced(synced as u64);
            disk.crash();
            prop_assert!(disk.files().eq(model.files()));
        }
    }
}
