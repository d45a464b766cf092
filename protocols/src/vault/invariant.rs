//! What must hold of a vault.

use simlab_core::{Checker, Env, Interest, Invariant, Kind, NodeId, TraceEvent, View, Violation};

/// What a vault is for.
pub(super) const OWNER_ONLY: Invariant = Invariant {
    name: "owner_only",
    summary: "nobody but the owner takes anything out of a vault",
    build: || Box::new(OwnerOnly),
};

/// Something is taken out. `a`: who has sent the request. `b`: whose vault it is.
const TAKEN: &str = "vault.taken";

pub(super) fn note_taken(caller: NodeId, owner: NodeId, env: &mut Env<'_>) {
    env.note(TAKEN, caller.0.into(), owner.0.into());
}

#[derive(Clone, Debug)]
struct OwnerOnly;

impl Checker for OwnerOnly {
    fn name(&self) -> &'static str {
        OWNER_ONLY.name
    }

    fn interest(&self) -> Interest {
        Interest::NOTES
    }

    fn on_event(&mut self, event: &TraceEvent<'_>, view: &dyn View) -> Option<Violation> {
        let Kind::Noted { name: TAKEN, a: caller, b: owner } = event.kind else { return None };
        let name = |node: u64| u32::try_from(node).map_or("", |node| view.name(NodeId(node)));
        (caller != owner).then(|| {
            let detail = format!("{} takes what is {}'s", name(caller), name(owner));
            Violation { detail }
        })
    }
}
