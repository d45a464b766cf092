//! Operations that may still take effect, and of which nobody will ever know.

use super::states::{StateId, States};
use super::window::Memo;
use crate::Specification;
use simlab_core::{Call, OpId};

/// So many pending operations never run out.
pub(super) const ENDLESS: u32 = u32::MAX;

/// Pending operations with the same call.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) call: Call,
    /// How many there are; [`ENDLESS`] if they are not counted.
    pub(super) members: u32,
    pub(super) ops: Vec<OpId>,
    /// Where each state leads; to itself if the call is impossible or changes nothing.
    effects: Memo<StateId>,
}

impl Pending {
    pub(super) const fn new(call: Call) -> Self {
        Pending { call, members: 0, ops: Vec::new(), effects: Memo::new() }
    }

    /// One more of them.
    pub(super) fn join(&mut self, op: OpId) {
        self.members = self.members.saturating_add(1);
        self.ops.push(op);
    }

    /// States have new numbers.
    pub(super) fn forget(&mut self) {
        self.effects.forget();
    }

    /// Where one of them leads from a state, if there are so many kinds.
    pub(super) fn leads<S: Specification>(
        &mut self,
        state: StateId,
        spec: &S,
        states: &mut States<S::State>,
        kinds: usize,
    ) -> StateId {
        if let Some(known) = self.effects.get(state) {
            return *known;
        }
        let to = states.after(spec, state, &self.call);
        self.effects.put(state, to, kinds);
        to
    }
}
