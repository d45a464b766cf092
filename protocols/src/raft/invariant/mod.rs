//! What holds in every run of Raft within its fault model (Ongaro 2014, figure 3.2, and what it rests on), judged from the
//! nodes' own notes as they are left.
//!
//! | file | what |
//! |---|---|
//! | `elections` | one leader a term, one vote a node and term, none for an older log, terms that grow |
//! | `logs` | which entries each node has, by their terms: what the others are judged by; log matching |
//! | `commitment` | leader completeness, state-machine safety, what is committed stays |
//! | `state` | what is applied is committed, and comes to the same everywhere, after restarts too |
//! | `members` | the configuration in force is that of the log; one change at a time |
//! | `quorums` | majorities, counted anew |

mod commitment;
mod elections;
mod logs;
mod members;
mod quorums;
mod state;

use super::notes;
use simlab_core::{Checker, Invariant, Kind, NodeId, TraceEvent, View, Violation};
use std::collections::BTreeMap;

/// A note of a node.
#[derive(Clone, Copy, Debug)]
struct Said {
    node: NodeId,
    name: &'static str,
    a: u64,
    b: u64,
}

/// How many entries, or votes, a law remembers: the last ones. What is older is judged no more, so that a long run does not take
/// ever more memory.
const REMEMBERED: usize = 1 << 16;

/// Takes out the oldest of more than [`REMEMBERED`].
fn forget_oldest<K: Ord, V>(map: &mut BTreeMap<K, V>) -> Option<(K, V)> {
    if map.len() > REMEMBERED { map.pop_first() } else { None }
}

/// What is judged, note by note.
trait Law: Clone + Default + Send + 'static {
    /// The invariant's name.
    const NAME: &'static str;

    /// What is wrong with this note, if anything; `name` are the names of nodes.
    fn judge(&mut self, said: Said, name: &dyn Fn(NodeId) -> String) -> Option<String>;
}

/// A law as a checker. Each service is a cluster of its own, and none knows of another's terms and entries.
#[derive(Clone, Debug, Default)]
struct Judge<L> {
    clusters: BTreeMap<String, L>,
}

impl<L: Law> Checker for Judge<L> {
    fn name(&self) -> &'static str {
        L::NAME
    }

    fn interest(&self) -> simlab_core::Interest {
        simlab_core::Interest::NOTES
    }

    fn on_event(&mut self, event: &TraceEvent<'_>, view: &dyn View) -> Option<Violation> {
        let (Some(node), Kind::Noted { name, a, b }) = (event.node, event.kind) else {
            return None;
        };
        if !name.starts_with(notes::PREFIX) {
            return None;
        }
        let of = |node: NodeId| match node.0 < view.nodes() {
            true => view.name(node).to_owned(),
            false => node.to_string(),
        };
        let service = view.service(node);
        if !self.clusters.contains_key(service) {
            self.clusters.insert(service.to_owned(), L::default());
        }
        let law = self.clusters.get_mut(service)?;
        law.judge(Said { node, name, a, b }, &of).map(|detail| Violation { detail })
    }
}

const fn invariant<L: Law>(summary: &'static str) -> Invariant {
    Invariant {
        name: L::NAME,
        summary,
        build: || Box::new(Judge::<L> { clusters: BTreeMap::new() }),
    }
}

/// All of them.
pub(crate) const INVARIANTS: &[Invariant] = &[
    invariant::<elections::OneLeader>("at most one leader is elected in a term (election safety)"),
    invariant::<elections::OneVote>(
        "no node votes twice in a term, forgets a vote in a crash, or votes for a log that is older than its own",
    ),
    invariant::<elections::TermsGrow>("no node's term decreases, restarts included"),
    invariant::<logs::LeaderAppendOnly>("a leader takes no entry of its log away"),
    invariant::<logs::LogMatching>(
        "two logs that have an entry of the same index and term are the same up to it",
    ),
    invariant::<commitment::LeaderCompleteness>(
        "what is committed in a term is in the logs of the leaders of all later terms",
    ),
    invariant::<commitment::StateMachineSafety>(
        "no two nodes commit different entries at one index",
    ),
    invariant::<commitment::CommitGrows>(
        "what a node knows to be committed it does not lose in that life",
    ),
    invariant::<state::AppliedIsCommitted>(
        "only committed entries are applied, each after the one before",
    ),
    invariant::<state::SameState>(
        "the same entry leads to the same state on every node, in every life",
    ),
    invariant::<members::ConfigurationOfLog>(
        "the configuration in force is the last one of the log, or else the snapshot's",
    ),
    invariant::<members::OneChange>(
        "a leader does not change the cluster before the last change is committed",
    ),
    invariant::<quorums::Quorums>(
        "who leads has the votes of a majority, and what a leader commits a majority has",
    ),
];

#[cfg(test)]
mod tests;
