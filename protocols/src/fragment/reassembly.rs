//! Messages of one peer that have come in part.

use super::frame::Fragment;
use simlab_core::{Duration, Time};
use std::collections::{BTreeMap, VecDeque};

/// What keeping a fragment counts for beside its bytes: about what the lists around it take.
pub const FRAGMENT_COST: usize = 64;

/// What keeping a message counts for beside its fragments.
pub const MESSAGE_COST: usize = 512;

/// How many messages that are over are remembered, so that a late fragment of one does not begin it anew.
const OVER_MAX: usize = 64;

/// What may wait of a peer's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// The longest message, in bytes.
    pub message: usize,
    /// How many bytes all of them may take, each fragment counted with [`FRAGMENT_COST`] and each message
    /// with [`MESSAGE_COST`].
    pub memory: usize,
    /// How many of them there may be.
    pub partials: usize,
}

impl Limits {
    /// What the longest message takes while its last fragment is missing, if the others have so many bytes.
    #[must_use]
    pub const fn longest(&self, fragment: usize) -> usize {
        let count = self.message.div_ceil(fragment);
        MESSAGE_COST.saturating_add(self.message + count * FRAGMENT_COST)
    }
}

/// The messages of one peer that have come in part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reassembly {
    limits: Limits,
    partials: BTreeMap<u64, Partial>,
    /// What they count for.
    bytes: usize,
    /// How many were ever begun; each gets its number.
    begun: u32,
    /// The last ones that are no longer waited for, for whatever reason.
    over: VecDeque<u64>,
}

/// A message that has come in part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Partial {
    number: u32,
    begun: Time,
    count: u16,
    total: u32,
    /// How long its fragments but the last are.
    size: u64,
    pieces: BTreeMap<u16, Box<[u8]>>,
}

/// A partial message of a peer that is no longer waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// Which of those that were begun.
    pub number: u32,
    /// The message.
    pub message: u64,
}

/// What became of a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It waits for others.
    Kept,
    /// It was the last one that was missing; this is the message.
    Complete(Vec<u8>, Over),
    /// It was here before.
    Again,
    /// Its message is over.
    Late,
    /// Its message is longer than any may be, or it says what cannot be.
    Unfit,
    /// It contradicts what came of its message before, and the message is given up.
    Contradiction(Over),
    /// Its message takes more memory than there is for all of them, and is given up.
    NoRoom,
}

/// What a fragment led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// What became of it.
    pub outcome: Outcome,
    /// The number of the message that it began.
    pub begun: Option<u32>,
    /// What had to go to make room for it, the oldest first.
    pub evicted: Vec<Over>,
}

impl Partial {
    fn new(number: u32, begun: Time, fragment: &Fragment<'_>, size: u64) -> Self {
        let Fragment { count, total, .. } = *fragment;
        Partial { number, begun, count, total, size, pieces: BTreeMap::new() }
    }

    fn cost(&self) -> usize {
        let pieces = self.pieces.values();
        MESSAGE_COST + pieces.map(|piece| piece.len() + FRAGMENT_COST).sum::<usize>()
    }

    /// The message, of all that is here and the one fragment that was missing.
    fn with_last(&self, last: &Fragment<'_>) -> Vec<u8> {
        let mut whole = Vec::with_capacity(self.total as usize);
        for (_, piece) in self.pieces.range(..last.index) {
            whole.extend_from_slice(piece);
        }
        whole.extend_from_slice(last.bytes);
        for (_, piece) in self.pieces.range(last.index..) {
            whole.extend_from_slice(piece);
        }
        whole
    }
}

impl Reassembly {
    /// Nothing has come yet.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Reassembly { limits, partials: BTreeMap::new(), bytes: 0, begun: 0, over: VecDeque::new() }
    }

    /// Takes a fragment in.
    pub fn arrive(&mut self, fragment: &Fragment<'_>, now: Time) -> Arrived {
        let mut evicted = Vec::new();
        let (outcome, begun) = match fragment.size() {
            None => (Outcome::Unfit, None),
            Some(size) => match self.partials.contains_key(&fragment.message) {
                true => (self.go_on(fragment, size, &mut evicted), None),
                false => self.begin(fragment, size, now, &mut evicted),
            },
        };
        Arrived { outcome, begun, evicted }
    }

    /// A fragment of a message of which there is none yet.
    fn begin(
        &mut self,
        fragment: &Fragment<'_>,
        size: u64,
        now: Time,
        evicted: &mut Vec<Over>,
    ) -> (Outcome, Option<u32>) {
        let message = fragment.message;
        if self.over.contains(&message) {
            return (Outcome::Late, None);
        }
        if fragment.total as usize > self.limits.message {
            self.close(message);
            return (Outcome::Unfit, None);
        }
        let cost = MESSAGE_COST + FRAGMENT_COST + fragment.bytes.len();
        while self.partials.len() >= self.limits.partials || self.bytes + cost > self.limits.memory
        {
            let Some(oldest) = self.oldest_but(message) else {
                self.close(message);
                return (Outcome::NoRoom, None);
            };
            evicted.extend(self.drop(oldest));
        }
        let number = self.begun;
        self.begun = self.begun.wrapping_add(1);
        let mut partial = Partial::new(number, now, fragment, size);
        partial.pieces.insert(fragment.index, fragment.bytes.into());
        self.partials.insert(message, partial);
        self.bytes += cost;
        (Outcome::Kept, Some(number))
    }

    /// A fragment of a message of which there are some.
    fn go_on(&mut self, fragment: &Fragment<'_>, size: u64, evicted: &mut Vec<Over>) -> Outcome {
        let Fragment { message, index, bytes, .. } = *fragment;
        let Some(partial) = self.partials.get(&message) else { return Outcome::Late };
        let here = partial.pieces.get(&index);
        let same = (partial.count, partial.total, partial.size)
            == (fragment.count, fragment.total, size)
            && here.is_none_or(|here| **here == *bytes);
        if !same {
            return self.drop(message).map_or(Outcome::Late, Outcome::Contradiction);
        }
        if here.is_some() {
            return Outcome::Again;
        }
        if partial.pieces.len() + 1 == usize::from(partial.count) {
            let whole = partial.with_last(fragment);
            let over = self.drop(message);
            return over.map_or(Outcome::Late, |over| Outcome::Complete(whole, over));
        }
        let cost = FRAGMENT_COST + bytes.len();
        while self.bytes + cost > self.limits.memory {
            let oldest = self.oldest_but(message);
            evicted.extend(self.drop(oldest.unwrap_or(message)));
            if oldest.is_none() {
                return Outcome::NoRoom;
            }
        }
        if let Some(partial) = self.partials.get_mut(&message) {
            partial.pieces.insert(index, bytes.into());
            self.bytes += cost;
        }
        Outcome::Kept
    }

    /// The message that was begun first, another one than this.
    fn oldest_but(&self, message: u64) -> Option<u64> {
        let others = self.partials.iter().filter(|(id, _)| **id != message);
        others.min_by_key(|(_, partial)| (partial.begun, partial.number)).map(|(id, _)| *id)
    }

    /// Waits no longer for a message.
    fn drop(&mut self, message: u64) -> Option<Over> {
        let partial = self.partials.remove(&message)?;
        self.bytes -= partial.cost();
        self.close(message);
        Some(Over { number: partial.number, message })
    }

    fn close(&mut self, message: u64) {
        if self.over.len() == OVER_MAX {
            self.over.pop_front();
        }
        self.over.push_back(message);
    }

    /// Drops what was begun so long ago, or longer.
    pub fn expire(&mut self, now: Time, timeout: Duration) -> Vec<Over> {
        let old =
            |(id, partial): (&u64, &Partial)| (now.since(partial.begun) >= timeout).then_some(*id);
        let old: Vec<u64> = self.partials.iter().filter_map(old).collect();
        old.into_iter().filter_map(|message| self.drop(message)).collect()
    }

    /// When the oldest of them was begun.
    #[must_use]
    pub fn oldest(&self) -> Option<Time> {
        self.partials.values().map(|partial| partial.begun).min()
    }

    /// How many messages have come in part.
    #[must_use]
    pub fn partials(&self) -> usize {
        self.partials.len()
    }

    /// What they count for, in bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests;
