//! What holds in every run with intact disks, judged from the replicas' notes.

use super::Entry;
use simlab_core::{
    Checker, Digest, Env, Interest, Invariant, Kind, NodeId, TraceEvent, View, Violation,
};
use std::collections::BTreeMap;

/// A node's own entry is durable, noted when the sync is done and when it is read back after a
/// restart. `a`: digest of counter, node and sign, `b`: the count.
const DURABLE: &str = "entry durable";
/// A replica holds another node's entry. `a` and `b` as above.
const HELD: &str = "entry held";

/// The invariants of a gossiped PN-counter, for the entry of a service that uses it.
pub const INVARIANTS: &[Invariant] = &[Invariant {
    name: "entry_monotone",
    summary: "no replica ever holds an entry of a node above what that node restarts with",
    build: || Box::new(EntryMonotone::default()),
}];

fn note(name: &'static str, counter: &str, node: NodeId, entry: Entry, env: &mut Env<'_>) {
    let counts = [(0, "up", entry.increments), (1, "down", entry.decrements)];
    for (sign, direction, count) in counts {
        let mut place = Digest::new();
        place.bytes(counter.as_bytes());
        place.word(u64::from(node.0) << 1 | sign);
        let words = format_args!("{counter} of {node}, {direction} {count}");
        env.note_with(name, place.value(), count, words);
    }
}

pub(crate) fn note_durable(counter: &str, entry: Entry, env: &mut Env<'_>) {
    note(DURABLE, counter, env.me(), entry, env);
}

pub(crate) fn note_held(counter: &str, node: NodeId, entry: Entry, env: &mut Env<'_>) {
    note(HELD, counter, node, entry, env);
}

/// A node that forgets an entry others hold will count the same numbers again, for other sales, and
/// the maximum swallows them.
#[derive(Clone, Debug, Default)]
struct EntryMonotone {
    entries: BTreeMap<u64, Seen>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// What the node itself would restart with.
    durable: u64,
    /// The most that any other replica holds.
    held: u64,
}

impl Checker for EntryMonotone {
    fn name(&self) -> &'static str {
        "entry_monotone"
    }

    fn interest(&self) -> Interest {
        Interest::NOTES
    }

    fn on_event(&mut self, event: &TraceEvent<'_>, view: &dyn View) -> Option<Violation> {
        let (Some(node), Kind::Noted { name, a, b }) = (event.node, event.kind) else {
            return None;
        };
        let who = view.name(node);
        let detail = match name {
            DURABLE => {
                let seen = self.entries.entry(a).or_default();
                seen.durable = b;
                (seen.held > b)
                    .then(|| format!("{who} has {b} on its disk, another holds {}", seen.held))
            }
            HELD => {
                let seen = self.entries.entry(a).or_default();
                seen.held = seen.held.max(b);
                (b > seen.durable)
                    .then(|| format!("{who} holds {b} of a node that has {}", seen.durable))
            }
            _ => None,
        };
        detail.map(|detail| Violation { detail })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use simlab_core::{Fields, Seq, Time};
    use std::num::NonZeroU64;

    struct Names;

    impl View for Names {
        fn now(&self) -> Time {
            Time::ZERO
        }
        fn nodes(&self) -> u32 {
            2
        }
        fn name(&self, node: NodeId) -> &str {
            ["a", "b"][node.index()]
        }
        fn inspect(&self, _node: NodeId) -> Option<Fields> {
            None
        }
    }

    fn judge(notes: &[(u32, &'static str, u64, u64)]) -> Vec<Option<String>> {
        let mut checker = (INVARIANTS[0].build)();
        assert_eq!(checker.name(), INVARIANTS[0].name);
        let mut judge = |&(node, name, a, b): &(u32, &'static str, u64, u64)| {
            let event = TraceEvent {
                seq: Seq(NonZeroU64::MIN),
                at: Time::ZERO,
                node: Some(NodeId(node)),
                cause: None,
                kind: Kind::Noted { name, a, b },
                bytes: &[],
            };
            checker.on_event(&event, &Names).map(|violation| violation.detail)
        };
        notes.iter().map(&mut judge).collect()
    }

    #[test]
    fn an_entry_that_was_gossiped_too_early_is_found() {
        let verdicts = judge(&[(0, DURABLE, 7, 3), (1, HELD, 7, 3), (1, HELD, 7, 4)]);
        assert_eq!(verdicts[..2], [None, None]);
        assert_eq!(verdicts[2].as_deref(), Some("b holds 4 of a node that has 3"));
    }

    #[test]
    fn a_node_that_forgot_its_entry_is_found() {
        let verdicts = judge(&[(0, DURABLE, 7, 3), (1, HELD, 7, 3), (0, DURABLE, 7, 1)]);
        assert_eq!(verdicts[..2], [None, None]);
        assert_eq!(verdicts[2].as_deref(), Some("a has 1 on its disk, another holds 3"));
    }
}
