//! A client's logical threads in the history.
//!
//! Operations of one session of the history must not overlap, so each operation takes the lowest thread that is free. One
//! that ends unknown keeps its thread for ever, since it may still take effect at any time. So do those that a crash leaves
//! open: a client that has restarted does not know them, and therefore takes threads of a range of its own, that of its life.

use simlab_core::{Env, Session};
use std::collections::BTreeSet;

/// How many threads a life has for itself.
pub(crate) const THREADS_OF_A_LIFE: u32 = 1 << 16;

/// The threads of a life.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Threads {
    /// The first session of this life.
    first: u32,
    /// How many threads of this life have ever been used.
    used: u32,
    /// Those of them that may be used again.
    free: BTreeSet<u32>,
}

impl Threads {
    /// None was used in this life.
    pub(crate) const fn of_life(life: u32) -> Self {
        Threads { first: life.wrapping_mul(THREADS_OF_A_LIFE), used: 0, free: BTreeSet::new() }
    }

    /// Takes the lowest thread that is free; `None`, which is noted, if all are in use.
    pub(crate) fn take(&mut self, env: &mut Env<'_>) -> Option<u32> {
        if let Some(thread) = self.free.pop_first() {
            return Some(thread);
        }
        if self.used == THREADS_OF_A_LIFE {
            env.note("sessions used up", self.used.into(), 0);
            return None;
        }
        self.used += 1;
        Some(self.used - 1)
    }

    /// The session of a thread.
    pub(crate) const fn session(&self, thread: u32) -> Session {
        Session(self.first.wrapping_add(thread))
    }

    /// What the thread was taken for has ended, and will certainly not take effect any more.
    pub(crate) fn give_back(&mut self, thread: u32) {
        self.free.insert(thread);
    }

    /// How many no operation has and none will have again, when so many operations are open.
    pub(crate) fn retired(&self, open: usize) -> usize {
        self.used as usize - self.free.len() - open
    }
}
