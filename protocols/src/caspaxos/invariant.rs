//! What holds in every run with intact disks, judged from the acceptors' own notes.
//!
//! An acceptor notes a promise or a vote when it is durable, just before the answer leaves, and
//! again when it reads it back after a restart. A note is a name and two numbers: keys, and values
//! under their ballot, stand there as 64-bit digests.

use super::{Ballot, Vote};
use simlab_core::{
    Checker, Digest, Env, Interest, Invariant, Kind, NodeId, TraceEvent, View, Violation,
};
use std::collections::{BTreeMap, VecDeque};

/// `a`: digest of the key, `b`: the ballot promised.
const PROMISED: &str = "promised";
/// `a`: digest of the key, `b`: the ballot accepted.
const ACCEPTED: &str = "accepted";
/// `a`: digest of key and ballot, `b`: digest of the value accepted under it.
const ACCEPTED_VALUE: &str = "accepted value";

/// The invariants of CASPaxos, for the entry of a service that uses it.
pub const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "promise_monotone",
        summary: "an acceptor's promise and accepted ballot never decrease, restarts included",
        build: || Box::new(PromiseMonotone::default()),
    },
    Invariant {
        name: "one_value_per_ballot",
        summary: "no two acceptors accept different values under one ballot",
        build: || Box::new(OneValuePerBallot::default()),
    },
];

pub(super) fn note_promise(key: &str, ballot: Ballot, env: &mut Env<'_>) {
    let words = format_args!("{key} ballot {ballot}");
    env.note_with(PROMISED, Digest::of(key.as_bytes()), ballot.word(), words);
}

pub(super) fn note_vote(key: &str, vote: &Vote<Vec<u8>>, env: &mut Env<'_>) {
    let words = format_args!("{key} ballot {}", vote.ballot);
    env.note_with(ACCEPTED, Digest::of(key.as_bytes()), vote.ballot.word(), words);
    let mut place = Digest::new();
    place.bytes(key.as_bytes());
    place.word(vote.ballot.word());
    let words = format_args!("{key} ballot {}, {} bytes", vote.ballot, vote.value.len());
    env.note_with(ACCEPTED_VALUE, place.value(), Digest::of(&vote.value), words);
}

/// An acceptor's promise and accepted ballot never decrease: all of Paxos rests on that, and it is
/// what a forgotten write or a wiped disk breaks first.
#[derive(Clone, Debug, Default)]
struct PromiseMonotone {
    highest: BTreeMap<(&'static str, NodeId, u64), u64>,
}

impl Checker for PromiseMonotone {
    fn name(&self) -> &'static str {
        "promise_monotone"
    }

    fn interest(&self) -> Interest {
        Interest::NOTES
    }

    fn on_event(&mut self, event: &TraceEvent<'_>, view: &dyn View) -> Option<Violation> {
        let (Some(node), Kind::Noted { name, a, b }) = (event.node, event.kind) else {
            return None;
        };
        if name != PROMISED && name != ACCEPTED {
            return None;
        }
        let highest = self.highest.entry((name, node, a)).or_insert(b);
        if b >= *highest {
            *highest = b;
            return None;
        }
        let [new, old] = [b, *highest].map(|word| named(Ballot::from_word(word), view));
        let who = view.name(node);
        Some(Violation { detail: format!("{who} {name} ballot {new} after ballot {old}") })
    }
}

/// A ballot by the name of its proposer, whose number says nothing to people; no proposer uses the lowest.
fn named(ballot: Ballot, view: &dyn View) -> String {
    let Ballot { counter, node } = ballot;
    match node.0 < view.nodes() {
        _ if counter == 0 => "0".to_owned(),
        true => format!("{counter}.{}", view.name(node)),
        false => ballot.to_string(),
    }
}

/// A ballot belongs to one proposer, which gives it one value.
#[derive(Clone, Debug, Default)]
struct OneValuePerBallot {
    values: BTreeMap<u64, (NodeId, u64)>,
    order: VecDeque<u64>,
}

/// Older ballots are forgotten: by then their acceptors have promised more.
const BALLOTS_KEPT: usize = 4_096;

impl Checker for OneValuePerBallot {
    fn name(&self) -> &'static str {
        "one_value_per_ballot"
    }

    fn interest(&self) -> Interest {
        Interest::NOTES
    }

    fn on_event(&mut self, event: &TraceEvent<'_>, view: &dyn View) -> Option<Violation> {
        let (Some(node), Kind::Noted { name: ACCEPTED_VALUE, a, b }) = (event.node, event.kind)
        else {
            return None;
        };
        let Some(&(first, value)) = self.values.get(&a) else {
            self.values.insert(a, (node, b));
            self.order.push_back(a);
            if self.order.len() > BALLOTS_KEPT
                && let Some(oldest) = self.order.pop_front()
            {
                self.values.remove(&oldest);
            }
            return None;
        };
        let (who, other) = (view.name(node), view.name(first));
        (value != b).then(|| Violation {
            detail: format!("{who} accepted another value than {other} under the same ballot"),
        })
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

    fn judge(index: usize, notes: &[(u32, &'static str, u64, u64)]) -> Vec<Option<String>> {
        let mut checker = (INVARIANTS[index].build)();
        assert_eq!(checker.name(), INVARIANTS[index].name);
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
    fn a_promise_that_falls_is_found() {
        let (low, high) =
            (Ballot { counter: 1, node: NodeId(0) }, Ballot { counter: 2, node: NodeId(1) });
        let (low, high) = (low.word(), high.word());
        for name in [PROMISED, ACCEPTED] {
            let verdicts = judge(
                0,
                &[
                    (0, name, 7, low),
                    (0, name, 7, high),
                    (0, name, 7, high), // the same again
                    (1, name, 7, low),  // another acceptor
                    (0, name, 8, low),  // another key
                    (0, name, 7, low),
                ],
            );
            assert_eq!(verdicts[..5], [const { None }; 5]);
            assert_eq!(verdicts[5], Some(format!("a {name} ballot 1.a after ballot 2.b")));
        }
    }

    #[test]
    fn a_second_value_under_a_ballot_is_found() {
        let name = ACCEPTED_VALUE;
        let verdicts =
            judge(1, &[(0, name, 7, 1), (1, name, 7, 1), (1, name, 8, 2), (1, name, 7, 2)]);
        assert_eq!(verdicts[..3], [const { None }; 3]);
        let detail = "b accepted another value than a under the same ballot";
        assert_eq!(verdicts[3].as_deref(), Some(detail));
    }
}
