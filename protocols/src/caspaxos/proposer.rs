//! The proposer: one round at a time for each key.
//!
//! ```text
//!            ┌─────────── nack: wait at random, then a higher ballot ◀──────────┐
//!            ▼                                                                   │
//!  begin ─▶ preparing ──majority promised──▶ (parent changes the value) ─▶ accepting ──majority──▶ chosen
//! ```
//!
//! **A ballot is never used for two values**, although it is not written to disk before it is used:
//! a majority counts only with the promise *of the proposer's own acceptor* in it, which is durable.
//! Suppose a proposer asks for ballot *b*, crashes, and asks for *b* again. Had its own acceptor
//! promised *b* durably, the new life would have read it back and chosen more. So it had not; so the
//! earlier life never had its majority, and never sent an accept under *b*. Promises that the earlier
//! life was given, and that arrive only now, are true ones: who gave them has accepted nothing
//! under a lower ballot since, and nobody can have accepted anything under *b*. (That acceptors
//! refuse a repeated ballot would not do: late or duplicated promises of the earlier life would
//! still add up to a second majority.)

use super::message::{Message, Packet, Vote};
use super::{Ballot, Decision, Group, goals};
use simlab_core::{Duration, Env, NodeId};
use std::collections::{BTreeMap, BTreeSet};

/// The random wait after a refusal doubles with every refusal in a row, up to so many times: two
/// proposers that duel need a wait as long as a round, and nobody knows how long a round is.
const DOUBLINGS_MAX: u32 = 5;

/// Sets `timer` at random: between a nanosecond and `backoff`, doubled for every refusal in a row but
/// the first.
pub(super) fn back_off(timer: u64, backoff: Duration, refusals: u32, env: &mut Env<'_>) {
    let bound = backoff.times(1 << refusals.saturating_sub(1).min(DOUBLINGS_MAX));
    let wait = 1 + env.below(bound.nanos().max(1));
    env.set_timer(timer, Duration::from_nanos(wait));
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Preparing {
        promised: BTreeSet<NodeId>,
        highest: Option<Vote<Vec<u8>>>,
        /// How many of those who promised told of it.
        holders: usize,
    },
    /// The parent was told the value and has not yet said what it is to become.
    Prepared,
    Accepting {
        value: Vec<u8>,
        accepted: BTreeSet<NodeId>,
    },
    Waiting,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Round {
    /// The key of its timer.
    timer: u64,
    ballot: Ballot,
    /// The highest ballot that refused it.
    heard: Ballot,
    refusals: u32,
    /// Whether it goes on from a vote of another proposer that not all of its majority had.
    finishes: bool,
    phase: Phase,
}

/// The proposer of all keys on one node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Proposer {
    pub(super) group: Group,
    retransmit: Duration,
    backoff: Duration,
    rounds: BTreeMap<String, Round>,
}

impl Proposer {
    pub(super) const fn new(group: Group, retransmit: Duration, backoff: Duration) -> Self {
        Proposer { group, retransmit, backoff, rounds: BTreeMap::new() }
    }

    /// Makes room for a round on `key`; [`Proposer::prepare`] starts it. `false` if there is one.
    pub(super) fn begin(&mut self, key: &str, timer: u64) -> bool {
        if self.rounds.contains_key(key) {
            return false;
        }
        let (ballot, heard) = (Ballot::ZERO, Ballot::ZERO);
        let (refusals, finishes, phase) = (0, false, Phase::Waiting);
        let round = Round { timer, ballot, heard, refusals, finishes, phase };
        self.rounds.insert(key.to_owned(), round);
        true
    }

    /// Starts the prepare phase under a ballot above the own acceptor's promise and above all that
    /// refused this round; returns it, for the own acceptor.
    pub(super) fn prepare(
        &mut self,
        key: &str,
        promise: Ballot,
        env: &mut Env<'_>,
    ) -> Option<Ballot> {
        let round = self.rounds.get_mut(key)?;
        env.set_timer(round.timer, self.retransmit);
        let Some(ballot) = promise.max(round.heard).next(self.group.named(self.group.me)) else {
            env.note("ballots used up", promise.word(), round.heard.word());
            return None;
        };
        round.ballot = ballot;
        round.phase = Phase::Preparing { promised: BTreeSet::new(), highest: None, holders: 0 };
        let packet = Packet { key, message: Message::Prepare { ballot } };
        env.broadcast(self.group.missing(&BTreeSet::new()), &packet);
        Some(ballot)
    }

    /// Counts a promise. With a majority, the own one among it, the parent learns the value under
    /// the highest ballot that they accepted.
    pub(super) fn on_promise(
        &mut self,
        from: NodeId,
        key: &str,
        ballot: Ballot,
        accepted: Option<Vote<&[u8]>>,
    ) -> Option<Decision> {
        let round = self.rounds.get_mut(key).filter(|round| round.ballot == ballot)?;
        let Phase::Preparing { promised, highest, holders } = &mut round.phase else { return None };
        let first = promised.insert(from);
        if let Some(vote) = accepted {
            let known = highest.as_ref().map_or(Ballot::ZERO, |highest| highest.ballot);
            if highest.is_none() || vote.ballot > known {
                (*highest, *holders) = (Some(vote.kept()), 1);
            } else if vote.ballot == known && first {
                *holders += 1;
            }
        }
        if promised.len() < self.group.majority() || !promised.contains(&self.group.me) {
            return None;
        }
        let own = self.group.named(self.group.me);
        let others = highest.as_ref().is_some_and(|vote| vote.ballot.node != own);
        round.finishes = others && *holders < promised.len();
        let value = highest.take().map(|vote| vote.value);
        round.phase = Phase::Prepared;
        Some(Decision::Prepared { key: key.to_owned(), value })
    }

    /// Starts the accept phase; returns the ballot, for the own acceptor.
    ///
    /// # Panics
    /// If the round is not [`Decision::Prepared`]: a fault of the parent.
    pub(super) fn accept(&mut self, key: &str, value: &[u8], env: &mut Env<'_>) -> Ballot {
        let round = self.rounds.get_mut(key).filter(|round| round.phase == Phase::Prepared);
        let round = round.expect("accept follows Decision::Prepared");
        round.phase = Phase::Accepting { value: value.to_vec(), accepted: BTreeSet::new() };
        let ballot = round.ballot;
        let packet = Packet { key, message: Message::Accept(Vote { ballot, value }) };
        env.broadcast(self.group.missing(&BTreeSet::new()), &packet);
        env.set_timer(round.timer, self.retransmit);
        ballot
    }

    /// Counts a vote. With a majority, the value is chosen and the round over.
    pub(super) fn on_accepted(
        &mut self,
        from: NodeId,
        key: &str,
        ballot: Ballot,
        env: &mut Env<'_>,
    ) -> Option<Decision> {
        let round = self.rounds.get_mut(key).filter(|round| round.ballot == ballot)?;
        let Phase::Accepting { accepted, .. } = &mut round.phase else { return None };
        accepted.insert(from);
        if accepted.len() < self.group.majority() {
            return None;
        }
        if round.finishes {
            env.reached(goals::FINISHED);
        }
        if round.refusals > 0 {
            env.reached(goals::OUTBID);
        }
        self.abandon(key, env);
        Some(Decision::Chosen { key: key.to_owned() })
    }

    /// Gives way to a higher ballot, for a while.
    pub(super) fn on_nack(
        &mut self,
        key: &str,
        ballot: Ballot,
        promised: Ballot,
        env: &mut Env<'_>,
    ) {
        let round = self.rounds.get_mut(key).filter(|round| round.ballot == ballot);
        let Some(round) = round.filter(|_| promised > ballot) else { return };
        round.heard = round.heard.max(promised);
        if matches!(round.phase, Phase::Preparing { .. } | Phase::Accepting { .. }) {
            round.refusals += 1;
            round.phase = Phase::Waiting;
            back_off(round.timer, self.backoff, round.refusals, env);
        }
    }

    /// Says again what was not answered. Returns the key of a round that has waited long enough and
    /// must prepare again.
    pub(super) fn on_timer(&mut self, timer: u64, env: &mut Env<'_>) -> Option<String> {
        let (key, round) = self.rounds.iter().find(|(_, round)| round.timer == timer)?;
        let ballot = round.ballot;
        let (message, answered) = match &round.phase {
            Phase::Preparing { promised, .. } => (Message::Prepare { ballot }, promised),
            Phase::Accepting { value, accepted } => {
                (Message::Accept(Vote { ballot, value }), accepted)
            }
            Phase::Waiting | Phase::Prepared => return Some(key.clone()),
        };
        env.broadcast(self.group.missing(answered), &Packet { key, message });
        env.set_timer(timer, self.retransmit);
        None
    }

    /// Ends the round on `key`, if there is one. What it has sent may still take effect.
    pub(super) fn abandon(&mut self, key: &str, env: &mut Env<'_>) {
        if let Some(round) = self.rounds.remove(key) {
            env.cancel_timer(round.timer);
        }
    }

    /// What the round on `key` waits for, in words.
    pub(super) fn progress(&self, key: &str) -> Option<String> {
        let round = self.rounds.get(key)?;
        let (ballot, majority) = (round.ballot, self.group.majority());
        Some(match &round.phase {
            Phase::Preparing { promised, .. } => {
                format!("promises for ballot {ballot}, {} of {majority}", promised.len())
            }
            Phase::Accepting { accepted, .. } => {
                format!("votes for ballot {ballot}, {} of {majority}", accepted.len())
            }
            Phase::Waiting | Phase::Prepared => {
                format!("its next try, after ballot {ballot} was refused")
            }
        })
    }
}
