//! What waits at a node: for a worker, for the end of a pause, for its turn.

use crate::network::Flight;
use crate::timers::TimerEntry;
use simlab_core::{DiskError, Scope, Seq, Ticket, Time};
use std::collections::VecDeque;
use std::sync::Arc;

/// Something that a node is to handle.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// It came up.
    Start { seq: Seq },
    /// A datagram that arrived.
    Datagram(Flight),
    /// A timer that may have run out.
    Timer(TimerEntry),
    /// A sync that ended.
    Synced { scope: Scope, ticket: Ticket, result: Result<(), DiskError>, asked: Seq },
    /// An order from outside.
    Command { bytes: Arc<[u8]> },
}

/// Work on the desk: a worker has it, or it gets its turn at this instant.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) work: Work,
    /// Whether a worker is done with it.
    pub(crate) served: bool,
    /// Whether it was held by a pause, or came just when something that was held gets its turn.
    pub(crate) late: bool,
}

impl Turn {
    /// Whether it is a datagram that no worker has.
    const fn waits(&self) -> bool {
        !self.served && matches!(self.work, Work::Datagram(_))
    }
}

/// What waits at a node. One that handles everything at once has none.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    /// How many times longer events take, in percent.
    pub(crate) slow: u32,
    /// When the last sync that came back will be handled: they are handled in order, too.
    pub(crate) last_synced: Time,
    /// How many workers have something.
    pub(crate) busy: u32,
    /// How many events workers ever took on; it names the choices about them.
    pub(crate) served: u64,
    /// What waits for a worker.
    pub(crate) inbox: VecDeque<Work>,
    /// What came while the node stood still, in the order in which it was due.
    pub(crate) held: Vec<Turn>,
    /// What workers have, and what gets its turn at this instant, by number.
    turns: VecDeque<(u64, Turn)>,
    /// How many turns there ever were.
    numbered: u64,
    /// How many datagrams wait, those not counted that a worker has.
    datagrams: u32,
}

impl Default for Desk {
    fn default() -> Self {
        Desk {
            slow: 100,
            last_synced: Time::ZERO,
            busy: 0,
            served: 0,
            inbox: VecDeque::new(),
            held: Vec::new(),
            turns: VecDeque::new(),
            numbered: 0,
            datagrams: 0,
        }
    }
}

impl Desk {
    /// Drops what belongs to a life that is over, and returns what waited to be handled.
    pub(super) fn clear(&mut self) -> Vec<Work> {
        self.last_synced = Time::ZERO;
        (self.busy, self.datagrams) = (0, 0);
        let waiting = std::mem::take(&mut self.inbox).into_iter();
        let held = std::mem::take(&mut self.held).into_iter();
        let turns = std::mem::take(&mut self.turns).into_iter().map(|(_, turn)| turn);
        waiting.chain(held.chain(turns).map(|turn| turn.work)).collect()
    }

    /// Puts something on the desk; returns its number.
    pub(crate) fn put(&mut self, turn: Turn) -> u64 {
        let number = self.numbered;
        self.numbered += 1;
        self.turns.push_back((number, turn));
        number
    }

    /// Takes something off the desk; `None` if a crash has cleared it.
    pub(crate) fn take(&mut self, number: u64) -> Option<Turn> {
        // Mostly it is the only one, or the one that was put there first.
        let taken = if self.turns.front().is_some_and(|(first, _)| *first == number) {
            self.turns.pop_front()
        } else {
            self.turns.remove(self.place(number)?)
        };
        taken.map(|(_, turn)| turn)
    }

    /// What is on the desk under this number.
    pub(crate) fn turn(&self, number: u64) -> Option<&Turn> {
        self.place(number).map(|place| &self.turns[place].1)
    }

    /// All that is on the desk.
    #[cfg(test)]
    pub(crate) fn turns(&self) -> impl Iterator<Item = &Turn> {
        self.turns.iter().map(|(_, turn)| turn)
    }

    fn place(&self, number: u64) -> Option<usize> {
        self.turns.binary_search_by_key(&number, |(number, _)| *number).ok()
    }

    /// Lets something wait for a worker.
    pub(crate) fn queue(&mut self, work: Work) {
        self.datagrams += u32::from(matches!(work, Work::Datagram(_)));
        self.inbox.push_back(work);
    }

    /// Takes out what has waited longest for a worker.
    pub(crate) fn dequeue(&mut self) -> Option<Work> {
        let work = self.inbox.pop_front()?;
        self.datagrams -= u32::from(matches!(work, Work::Datagram(_)));
        Some(work)
    }

    /// Lets something wait for the end of a pause.
    pub(crate) fn hold(&mut self, turn: Turn) {
        self.datagrams += u32::from(turn.waits());
        self.held.push(turn);
    }

    /// Takes out what waited for the end of a pause, in the order in which it was due.
    pub(crate) fn release(&mut self) -> Vec<Turn> {
        let held = std::mem::take(&mut self.held);
        self.datagrams -= held.iter().filter(|turn| turn.waits()).count() as u32;
        held
    }

    /// Whether there is room in a buffer of this size for one more datagram to wait.
    pub(crate) const fn has_room(&self, buffer: u32) -> bool {
        self.datagrams < buffer || buffer == u32::MAX
    }

    /// How much waits for a worker, or for the end of a pause.
    pub(crate) fn waiting(&self) -> usize {
        self.inbox.len() + self.held.len()
    }
}
