//! What the states of nodes and clients come to, for the debugger.

use simlab_core::{Fields, Inspection};

/// A node: who it is in its term, its log as a row of cells, who it votes for, what it knows of others.
pub(super) fn node(state: &Fields) -> Inspection {
    crate::raft::inspector::node(state)
}

/// A client.
pub(super) fn client(state: &Fields) -> Inspection {
    let open = state.get_int(&["open"]).unwrap_or_default();
    Inspection { headline: (open > 0).then(|| format!("waits for {open}")), lines: Vec::new() }
}
