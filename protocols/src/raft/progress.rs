//! What a leader knows of a follower's log (Ongaro 2014, §10.2.2; the states are those of etcd's raft).
//!
//! ```text
//!              is told where both logs are the same
//!     probe ───────────────────────────────────────▶ replicate
//!       ▲ ▲                                             │
//!       │ └── a conflict, or nothing heard for a time ──┘
//!       │
//!       └───── the snapshot is there, or given up ───── snapshot ◀── what it needs is compacted
//! ```

use simlab_core::Time;
use std::collections::VecDeque;

/// How a follower is sent the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// One message at a time, until it is known where both logs are the same.
    Probe {
        /// Since when an answer is awaited, if one is.
        asked: Option<Time>,
    },
    /// As many messages at a time as there is room for, without waiting for answers.
    Replicate {
        /// The last entry of each message that is under way.
        in_flight: VecDeque<u64>,
    },
    /// It is sent a snapshot.
    Snapshot {
        /// What the snapshot has.
        index: u64,
        /// How many of its bytes have arrived.
        offset: u64,
        /// Since when an answer is awaited, if one is.
        asked: Option<Time>,
    },
}

/// What is known of one follower.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Progress {
    /// The last entry that is known to be the same as the leader's, and durable there.
    pub matched: u64,
    /// The next entry to send.
    pub next: u64,
    /// How it is sent the log.
    pub state: State,
    /// When it was heard last.
    pub heard: Time,
    /// When something that is under way to it was last acknowledged, or else was sent.
    pub moved: Time,
    /// The highest round of the leader's that it has answered.
    pub round: u64,
}

impl Progress {
    /// Nothing is known of a follower: it may have all that the leader has, up to `last`.
    #[must_use]
    pub const fn new(last: u64, now: Time) -> Self {
        let state = State::Probe { asked: None };
        Progress { matched: 0, next: last + 1, state, heard: now, moved: now, round: 0 }
    }

    /// Whether it may be sent more now, with room for so many messages under way.
    #[must_use]
    pub fn has_room(&self, window: usize) -> bool {
        match &self.state {
            State::Probe { asked } | State::Snapshot { asked, .. } => asked.is_none(),
            State::Replicate { in_flight } => in_flight.len() < window.max(1),
        }
    }

    /// Entries up to `last` have been sent; or none, if that is before the next one.
    pub fn sent(&mut self, last: u64, now: Time) {
        match &mut self.state {
            State::Probe { asked } => *asked = Some(now),
            State::Replicate { in_flight } => {
                if last >= self.next {
                    if in_flight.is_empty() {
                        self.moved = now;
                    }
                    in_flight.push_back(last);
                    self.next = last + 1;
                }
            }
            State::Snapshot { asked, .. } => *asked = Some(now),
        }
    }

    /// It has everything up to `index`; whether that is news. What is known never becomes less: an old answer says
    /// less than a newer one.
    pub fn acknowledged(&mut self, index: u64, now: Time) -> bool {
        let news = index > self.matched;
        if news {
            self.moved = now;
        }
        self.matched = self.matched.max(index);
        let arrived = match &mut self.state {
            State::Replicate { in_flight } => {
                in_flight.retain(|last| *last > index);
                false
            }
            // An answer to something else may say less than is guessed, and proves nothing wrong.
            State::Probe { .. } => news || index + 1 >= self.next,
            State::Snapshot { index: wanted, .. } => index >= *wanted,
        };
        let least = self.matched + 1;
        self.next = self.next.max(least);
        if arrived {
            // From where it is known to have the log, and not from where it was guessed to.
            self.next = least;
            self.state = State::Replicate { in_flight: VecDeque::new() };
        }
        news
    }

    /// It does not have the entry before `next`, and is to be asked for the one at `at`; whether that is news. An
    /// answer to an earlier question is none.
    pub fn refused(&mut self, asked: u64, at: u64) -> bool {
        let is_news = match &self.state {
            State::Probe { .. } => asked + 1 == self.next,
            State::Replicate { .. } => asked > self.matched,
            State::Snapshot { .. } => false,
        };
        if is_news {
            self.next = (at + 1).clamp(self.matched + 1, asked.max(self.matched + 1));
            self.state = State::Probe { asked: None };
        }
        is_news
    }

    /// Nothing has come back: what was sent is taken for lost.
    pub fn lost(&mut self) {
        match &mut self.state {
            State::Probe { asked } | State::Snapshot { asked, .. } => *asked = None,
            State::Replicate { in_flight } => {
                if !in_flight.is_empty() {
                    self.next = self.matched + 1;
                    self.state = State::Probe { asked: None };
                }
            }
        }
    }

    /// What it needs is compacted: it is sent a snapshot of everything up to `index`.
    pub fn needs_snapshot(&mut self, index: u64) {
        self.state = State::Snapshot { index, offset: 0, asked: None };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Time = Time(0);

    #[test]
    fn a_probe_asks_once_and_then_as_much_as_there_is_room_for() {
        let mut progress = Progress::new(9, NOW);
        assert!(progress.has_room(3));
        progress.sent(9, NOW);
        assert!(!progress.has_room(3), "an answer is awaited");
        assert!(progress.refused(9, 4));
        assert_eq!((progress.next, progress.has_room(3)), (5, true));
        assert!(!progress.refused(9, 2), "that is the answer to an earlier question");
        assert!(progress.acknowledged(4, NOW));
        for last in [6, 8, 9] {
            assert!(progress.has_room(3));
            progress.sent(last, NOW);
        }
        assert!(!progress.has_room(3));
        assert!(progress.acknowledged(8, NOW) && progress.has_room(3));
        assert!(!progress.acknowledged(6, NOW), "an old answer");
        assert_eq!((progress.matched, progress.next), (8, 10));
    }

    #[test]
    fn what_is_lost_is_sent_again() {
        let mut progress = Progress::new(9, NOW);
        progress.acknowledged(3, NOW);
        progress.next = 4;
        progress.sent(6, NOW);
        progress.lost();
        assert_eq!((progress.next, &progress.state), (4, &State::Probe { asked: None }));
    }

    /// An answer to what was sent before it was taken for lost may tell of more than was sent since.
    #[test]
    fn late_answers_count() {
        let mut progress = Progress::new(9, NOW);
        assert!(progress.acknowledged(4, NOW));
        assert!(!progress.refused(4, 2), "that it has");
        assert!(progress.acknowledged(9, NOW));
        assert_eq!((progress.matched, progress.next), (9, 10));
    }

    /// Whoever lacks what it once had acknowledged is asked for what comes behind that all the same.
    #[test]
    fn what_is_acknowledged_is_not_asked_for_again() {
        let mut progress = Progress::new(9, NOW);
        assert!(progress.acknowledged(4, NOW));
        progress.sent(6, NOW);
        progress.lost();
        assert_eq!((progress.next, &progress.state), (5, &State::Probe { asked: None }));
        assert!(progress.refused(4, 2), "that is what the probe asks for");
        assert_eq!((progress.matched, progress.next), (4, 5));
    }

    /// What it is known to have already is no news; that it has all before what it is asked for is what a probe asks.
    #[test]
    fn a_probe_ends_without_news() {
        let mut progress = Progress::new(9, NOW);
        progress.acknowledged(8, NOW);
        progress.sent(10, NOW);
        progress.lost();
        assert!(!progress.acknowledged(7, NOW), "that was an answer to something else");
        assert!(matches!(progress.state, State::Probe { .. }));
        assert!(!progress.acknowledged(8, NOW));
        assert!(matches!(progress.state, State::Replicate { .. }));
    }

    #[test]
    fn a_snapshot_is_over_when_it_is_there() {
        let mut progress = Progress::new(9, NOW);
        progress.needs_snapshot(7);
        assert!(!progress.acknowledged(0, NOW), "it is at the beginning");
        assert!(matches!(progress.state, State::Snapshot { .. }));
        assert!(progress.acknowledged(7, NOW));
        assert_eq!((progress.matched, progress.next >= 8), (7, true));
        assert!(matches!(progress.state, State::Replicate { .. }));
    }

    /// Where a follower was guessed to have the log is no longer what it is sent from, once it says what it has.
    #[test]
    fn replication_goes_on_from_what_it_has() {
        let mut progress = Progress::new(9, NOW);
        progress.sent(9, NOW);
        assert!(!progress.acknowledged(0, NOW), "the answer to another leader's message");
        assert_eq!((progress.next, progress.has_room(1)), (10, false), "what is guessed may be so");
        assert!(progress.acknowledged(4, NOW), "the answer to an earlier question of its own");
        assert_eq!((progress.next, progress.has_room(1)), (5, true));
        progress.needs_snapshot(7);
        assert!(progress.acknowledged(7, NOW));
        assert_eq!(progress.next, 8);
    }

    proptest! {
        /// What is known grows, and what is sent next is behind it.
        #[test]
        fn what_is_known_grows(acts in proptest::collection::vec((0..5_u8, 0..12_u64, 0..12_u64), 0..40)) {
            let mut progress = Progress::new(8, NOW);
            for (operation, a, b) in acts {
                let before = progress.matched;
                match operation {
                    0 => progress.sent(a, NOW),
                    1 => { progress.acknowledged(a, NOW); }
                    2 => { progress.refused(a, b); }
                    3 => progress.lost(),
                    _ => progress.needs_snapshot(a.max(progress.matched + 1)),
                }
                prop_assert!(progress.matched >= before && progress.next > progress.matched);
            }
        }
    }
}
