//! One holder at a time, judged from what the holders do.

use simlab_core::{Checker, Env, Interest, Invariant, Kind, TraceEvent, View, Violation};

/// The name of the invariant.
pub(super) const SINGLE_HOLDER: &str = "single_holder";

/// A holder acts. `a`: the number of its lease.
const ACTS: &str = "acts under lease";

/// The invariants of a lease.
pub(super) const INVARIANTS: &[Invariant] = &[Invariant {
    name: SINGLE_HOLDER,
    summary: "nobody acts under a lease after somebody has acted under a later one",
    build: || Box::new(SingleHolder::default()),
}];

pub(super) fn note_act(lease: u64, env: &mut Env<'_>) {
    env.note_with(ACTS, lease, 0, format_args!("{lease}"));
}

/// Leases are numbered in the order in which they are granted. So two hold at once, and both are
/// used, just if somebody acts under a number below one that was acted under before.
#[derive(Clone, Debug, Default)]
struct SingleHolder {
    newest: u64,
    by: String,
}

impl Checker for SingleHolder {
    fn name(&self) -> &'static str {
        SINGLE_HOLDER
    }

    fn interest(&self) -> Interest {
        Interest::NOTES
    }

    fn on_event(&mut self, event: &TraceEvent<'_>, view: &dyn View) -> Option<Violation> {
        let (Some(node), Kind::Noted { name: ACTS, a: lease, .. }) = (event.node, event.kind)
        else {
            return None;
        };
        let who = view.name(node);
        if lease < self.newest {
            let (newest, by) = (self.newest, &self.by);
            let detail = format!(
                "{who} acts under lease {lease}, and {by} has acted under lease {newest} already"
            );
            return Some(Violation { detail });
        }
        if lease > self.newest {
            self.newest = lease;
            who.clone_into(&mut self.by);
        }
        None
    }
}
