//! What must wait until it is durable.

use crate::Ticket;
use std::collections::VecDeque;

/// Holds what may leave a node only after a sync: replies, votes, a leader's own acknowledgement.
///
/// It is a field of the process, so forks copy it and the inspector shows it. Syncs are first in,
/// first out, so one queue is enough.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gate<T> {
    held: VecDeque<(Ticket, T)>,
}

impl<T> Gate<T> {
    /// A gate that holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Gate { held: VecDeque::new() }
    }

    /// Holds `item` until `ticket` is synced.
    ///
    /// # Panics
    /// If `ticket` is older than one held already.
    pub fn hold(&mut self, ticket: Ticket, item: T) {
        assert!(self.held.back().is_none_or(|(last, _)| *last <= ticket), "tickets are in order");
        self.held.push_back((ticket, item));
    }

    /// The next item that `ticket` sets free, if any; call until `None`.
    pub fn open(&mut self, ticket: Ticket) -> Option<T> {
        let (held, _) = self.held.front()?;
        if *held > ticket {
            return None;
        }
        self.held.pop_front().map(|(_, item)| item)
    }

    /// How many items wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

impl<T> Default for Gate<T> {
    fn default() -> Self {
        Gate::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_frees_what_it_covers_in_order() {
        let mut gate = Gate::new();
        gate.hold(Ticket(1), 'a');
        gate.hold(Ticket(1), 'b');
        gate.hold(Ticket(2), 'c');
        assert_eq!(std::iter::from_fn(|| gate.open(Ticket(1))).collect::<String>(), "ab");
        assert_eq!(gate.open(Ticket(1)), None);
        assert_eq!(gate.open(Ticket(3)), Some('c'));
        assert!(gate.is_empty());
    }
}
