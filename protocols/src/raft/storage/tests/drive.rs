//! A disk for tests.

use super::super::{Recovered, Storage};
use simlab_core::{
    Counters, Disk, DiskError, Effect, Env, Moment, NodeId, Outbox, Seeded, Ticket, Time,
};
use std::collections::BTreeMap;

pub(super) type Files = BTreeMap<String, Vec<u8>>;

#[derive(Clone, Debug)]
pub(super) enum Write {
    Append(String, Vec<u8>),
    Replace(String, Vec<u8>),
    Remove(String),
}

impl Write {
    fn apply(self, files: &mut Files) {
        match self {
            Write::Append(file, bytes) => files.entry(file).or_default().extend(bytes),
            Write::Replace(file, bytes) => drop(files.insert(file, bytes)),
            Write::Remove(file) => drop(files.remove(&file)),
        }
    }
}

/// A disk that writes down what is done to it, so that a test can say what of that a crash leaves.
#[derive(Clone, Debug, Default)]
pub(super) struct Drive {
    pub(super) files: Files,
    pub(super) writes: Vec<Write>,
    pub(super) broken: bool,
    pub(super) counters: Counters,
    pub(super) tickets: Vec<Ticket>,
}

struct View<'a>(&'a Files, bool);

impl Disk for View<'_> {
    fn read(&self, file: &str) -> Result<Option<&[u8]>, DiskError> {
        if self.1 { Err(DiskError::Read) } else { Ok(self.0.get(file).map(Vec::as_slice)) }
    }

    fn list(&self, prefix: &str) -> Vec<&str> {
        self.0.keys().map(String::as_str).filter(|name| name.starts_with(prefix)).collect()
    }
}

impl Drive {
    pub(super) fn with<T>(&mut self, operation: impl FnOnce(&mut Env<'_>) -> T) -> T {
        let moment = Moment { me: NodeId(1), now: Time::ZERO, wall: Time::ZERO, life: 0 };
        let (mut outbox, mut seeded) = (Outbox::new(), Seeded::new(1));
        let view = View(&self.files, self.broken);
        let outcome =
            operation(&mut Env::new(moment, &mut outbox, &mut self.counters, &mut seeded, &view));
        for effect in outbox.effects() {
            let name = |file| outbox.text(file).to_owned();
            let write = match *effect {
                Effect::Append { file, data } => {
                    Write::Append(name(file), outbox.bytes(data).to_vec())
                }
                Effect::Replace { file, data } => {
                    Write::Replace(name(file), outbox.bytes(data).to_vec())
                }
                Effect::Remove { file } => Write::Remove(name(file)),
                Effect::Sync { ticket, .. } => {
                    self.tickets.push(ticket);
                    continue;
                }
                other => panic!("storage asks for nothing of that kind: {other:?}"),
            };
            write.clone().apply(&mut self.files);
            self.writes.push(write);
        }
        outcome
    }

    /// The disk after a crash that has left these of all writes, each whole or the first bytes of an append.
    pub(super) fn crashed(&self, kept: impl Fn(usize) -> Option<Option<usize>>) -> Drive {
        let mut left = Drive::default();
        for (number, write) in self.writes.iter().enumerate() {
            match (write.clone(), kept(number)) {
                (_, None) => {}
                (Write::Append(file, mut bytes), Some(Some(len))) => {
                    bytes.truncate(len);
                    Write::Append(file, bytes).apply(&mut left.files);
                }
                (write, Some(_)) => write.apply(&mut left.files),
            }
        }
        left
    }

    pub(super) fn first(&self, writes: usize) -> Drive {
        self.crashed(|number| (number < writes).then_some(None))
    }

    pub(super) fn open(&mut self) -> (Storage, Recovered) {
        let mut storage = Storage::default();
        let found = self.with(|env| storage.open(env)).expect("it can be read");
        (storage, found)
    }
}
