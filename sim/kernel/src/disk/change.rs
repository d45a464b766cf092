//! One change of the files, and what becomes of it.

use super::SECTOR;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) type Files = BTreeMap<String, Arc<Vec<u8>>>;

/// One change of the files.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Change {
    Append { file: String, data: Vec<u8> },
    WriteAt { file: String, offset: u64, data: Vec<u8> },
    Replace { file: String, data: Arc<Vec<u8>> },
    Truncate { file: String, len: u64 },
    Remove { file: String },
    Rename { from: String, to: String },
}

/// Carries out a change.
pub(super) fn apply(files: &mut Files, change: &Change) {
    match change {
        Change::Append { file, data } => {
            content_mut(files, file).extend_from_slice(data);
        }
        Change::WriteAt { file, offset, data } => {
            let content = content_mut(files, file);
            let start = *offset as usize;
            if content.len() < start + data.len() {
                content.resize(start + data.len(), 0);
            }
            content[start..start + data.len()].copy_from_slice(data);
        }
        Change::Replace { file, data } => {
            if let Some(content) = files.get_mut(file) {
                *content = Arc::clone(data);
            } else {
                files.insert(file.clone(), Arc::clone(data));
            }
        }
        Change::Truncate { file, len } => {
            if let Some(content) = files.get_mut(file) {
                let len = usize::try_from(*len).unwrap_or(usize::MAX);
                Arc::make_mut(content).truncate(len);
            }
        }
        Change::Remove { file } => {
            files.remove(file);
        }
        Change::Rename { from, to } => {
            // It is asked for only if there is such a file: if it is not there, what was written to
            // it was lost, and the new name finds nothing behind it.
            let content = files.remove(from).unwrap_or_default();
            files.insert(to.clone(), content);
        }
    }
}

/// The content of a file, which comes to be if need be. Most files are there, and then the name need not
/// be copied.
fn content_mut<'a>(files: &'a mut Files, file: &str) -> &'a mut Vec<u8> {
    if !files.contains_key(file) {
        files.insert(file.to_owned(), Arc::default());
    }
    Arc::make_mut(files.get_mut(file).expect("it is there now"))
}

impl Change {
    /// The file that it changes; of a rename, the one that is renamed.
    pub(crate) fn file(&self) -> &str {
        match self {
            Change::Append { file, .. }
            | Change::WriteAt { file, .. }
            | Change::Replace { file, .. }
            | Change::Truncate { file, .. }
            | Change::Remove { file }
            | Change::Rename { from: file, .. } => file,
        }
    }

    /// All names that it concerns.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let second = match self {
            Change::Rename { to, .. } => Some(to.as_str()),
            _ => None,
        };
        std::iter::once(self.file()).chain(second)
    }

    /// Whether it does nothing to files like these.
    pub(super) fn is_void(&self, files: &Files) -> bool {
        matches!(self, Change::Rename { from, to } if from == to || !files.contains_key(from))
    }

    /// Whether a bit of a file that it left alone is no longer the one that reads find.
    pub(super) fn hides(&self, name: &str, byte: u64) -> bool {
        match self {
            Change::WriteAt { file, .. } => file == name && (self.at()..self.end()).contains(&byte),
            Change::Truncate { file, len } => file == name && byte >= *len,
            Change::Append { .. }
            | Change::Replace { .. }
            | Change::Remove { .. }
            | Change::Rename { .. } => self.names().any(|own| own == name),
        }
    }

    /// The data that it writes.
    pub(super) fn data(&self) -> Option<&[u8]> {
        match self {
            Change::Append { data, .. } | Change::WriteAt { data, .. } => Some(data),
            Change::Replace { data, .. } => Some(data),
            Change::Truncate { .. } | Change::Remove { .. } | Change::Rename { .. } => None,
        }
    }

    /// An append with its place: that is decided when it is asked for.
    pub(super) fn settled(self, files: &Files) -> Self {
        match self {
            Change::Append { file, data } => {
                let offset = files.get(&file).map_or(0, |content| content.len() as u64);
                Change::WriteAt { file, offset, data }
            }
            other => other,
        }
    }

    /// Where in the file it begins, or the new length for a truncation.
    pub(super) fn at(&self) -> u64 {
        match self {
            Change::WriteAt { offset, .. } => *offset,
            Change::Truncate { len, .. } => *len,
            _ => 0,
        }
    }

    /// The bytes that it takes away from the files, and those that it brings.
    pub(super) fn space(&self, files: &Files) -> (u64, u64) {
        let len = |file: &str| files.get(file).map_or(0, |content| content.len() as u64);
        match self {
            Change::Append { file, data } => (len(file), len(file) + data.len() as u64),
            Change::WriteAt { file, offset, data } => {
                (len(file), len(file).max(offset.saturating_add(data.len() as u64)))
            }
            Change::Replace { file, data } => (len(file), data.len() as u64),
            Change::Truncate { file, len: cut } => (len(file), len(file).min(*cut)),
            Change::Remove { file } => (len(file), 0),
            Change::Rename { to, .. } => (len(to), 0),
        }
    }

    /// Where in the file the data that it writes ends.
    pub(super) fn end(&self) -> u64 {
        self.at().saturating_add(self.data().map_or(0, |data| data.len() as u64))
    }

    /// The parts of it that are atomic.
    pub(super) fn sectors(&self) -> Vec<Change> {
        let Change::WriteAt { file, offset, data } = self else { return vec![self.clone()] };
        let mut parts = Vec::new();
        let (mut at, mut rest) = (*offset, data.as_slice());
        while !rest.is_empty() {
            let room = (SECTOR - at % SECTOR) as usize;
            let (part, after) = rest.split_at(room.min(rest.len()));
            parts.push(Change::WriteAt { file: file.clone(), offset: at, data: part.to_vec() });
            (at, rest) = (at + part.len() as u64, after);
        }
        parts
    }

    /// The same data so many bytes further on. A file that is replaced as a whole is not there then.
    pub(super) fn shifted(self, by: u64) -> Self {
        match self {
            Change::WriteAt { file, offset, data } => {
                Change::WriteAt { file, offset: offset.saturating_add(by), data }
            }
            Change::Replace { file, data } => {
                Change::WriteAt { file, offset: by, data: Arc::unwrap_or_clone(data) }
            }
            other => other,
        }
    }

    /// The same data at the same place of another file.
    pub(super) fn into_file(self, other: String) -> Self {
        match self {
            Change::WriteAt { offset, data, .. } => Change::WriteAt { file: other, offset, data },
            Change::Replace { data, .. } => Change::Replace { file: other, data },
            change => change,
        }
    }
}
