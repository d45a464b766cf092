//! Reads that take no ballot.
//!
//! A read asks a majority what they accepted last. If all name the same ballot, that one was chosen
//! (a majority accepted it), and nothing above it was chosen before the read began (a majority for
//! that would share an acceptor with this one). If they differ, nobody knows whether the highest was
//! chosen; the read sees to it, and sends that vote, *under its own unchanged ballot*, to those who
//! lack it. When a majority has it, it was chosen, and no later read can see less.
//!
//! A read takes no ballot of its own, so it never overtakes a sale that is under way. If so many refuse
//! the write-back that no majority is left, because they have promised more, a sale is on its way
//! that will settle the matter, and the read starts over after a short random wait.
//!
//! *Unless that sale died.* Say a vote reached one acceptor only, and the two others promised more to
//! a proposer that has crashed since: no read can ever get a majority for that vote, and none for
//! anything else. So when the same promise has stood in the way for some tries, the read asks its
//! parent for one ordinary round that changes nothing, and goes on trying. That is as safe as any
//! round; should the proposer be alive after all, it is overtaken and tries again.
//!
//! A read is linearized where its ballot got its majority, or at its beginning if that is later.

use super::message::{Message, Packet, Vote};
use super::proposer::back_off;
use super::{Ballot, Decision, Group, goals};
use simlab_core::{Duration, Env, NodeId};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Asking { states: BTreeMap<NodeId, Ballot>, highest: Option<Vote<Vec<u8>>> },
    WritingBack { vote: Vote<Vec<u8>>, accepted: BTreeSet<NodeId>, refused: BTreeSet<NodeId> },
    Waiting,
}

impl Phase {
    const fn asking() -> Self {
        Phase::Asking { states: BTreeMap::new(), highest: None }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Read {
    key: String,
    refusals: u32,
    /// The highest promise that ever stood in its way, and in how many tries in a row it did not
    /// rise.
    wall: Ballot,
    tries: u32,
    phase: Phase,
}

/// When the same promise has stood in the way for so many tries, its proposer is taken for dead.
const TRIES_MAX: u32 = 3;

/// The reads under way on one node, by number. The number is the timer's key too, and stays the same
/// when a read starts over: an answer to the first try tells the acceptor's state at some time
/// since the read began, which is all that a read needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reader {
    pub(super) group: Group,
    retransmit: Duration,
    backoff: Duration,
    reads: BTreeMap<u64, Read>,
    /// Whether it tells the highest vote without completing it: a switch.
    pub(super) incomplete: bool,
}

impl Read {
    /// Counts a try; returns whether the same promise has now stood in its way too often.
    const fn was_in_vain(&mut self) -> bool {
        self.refusals += 1;
        self.tries += 1;
        self.tries >= TRIES_MAX
    }
}

/// A read that starts over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Again {
    pub(super) key: String,
    /// The promise that has stood in its way too often, if one has.
    pub(super) stuck: Option<Ballot>,
}

/// What comes of an acceptor's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The read is done.
    Done(Decision),
    /// The own acceptor must accept this vote too.
    WriteBack(String, Vote<Vec<u8>>),
}

impl Reader {
    pub(super) const fn new(group: Group, retransmit: Duration, backoff: Duration) -> Self {
        Reader { group, retransmit, backoff, reads: BTreeMap::new(), incomplete: false }
    }

    /// Asks all others; the parent asks the own acceptor.
    pub(super) fn begin(&mut self, number: u64, key: &str, env: &mut Env<'_>) {
        let (refusals, wall, tries) = (0, Ballot::ZERO, 0);
        let read = Read { key: key.to_owned(), refusals, wall, tries, phase: Phase::asking() };
        self.reads.insert(number, read);
        let packet = Packet { key, message: Message::Read { number } };
        env.broadcast(self.group.missing(&BTreeSet::new()), &packet);
        env.set_timer(number, self.retransmit);
    }

    /// Counts an acceptor's state.
    pub(super) fn on_state(
        &mut self,
        from: NodeId,
        key: &str,
        number: u64,
        accepted: Option<Vote<&[u8]>>,
        env: &mut Env<'_>,
    ) -> Option<Step> {
        let read = self.reads.get_mut(&number).filter(|read| read.key == key)?;
        let Phase::Asking { states, highest } = &mut read.phase else { return None };
        states.insert(from, accepted.map_or(Ballot::ZERO, |vote| vote.ballot));
        if let Some(vote) = accepted
            && highest.as_ref().is_none_or(|highest| vote.ballot > highest.ballot)
        {
            *highest = Some(vote.kept());
        }
        if states.len() < self.group.majority() {
            return None;
        }
        let Some(vote) = highest.take() else {
            // A majority has accepted nothing, so nothing was chosen before the read began.
            return Some(Step::Done(self.done(number, None, env)));
        };
        // Who accepted this ballot already counts; the others are asked to.
        let has_it = states.iter().filter(|(_, ballot)| **ballot == vote.ballot);
        let accepted: BTreeSet<NodeId> = has_it.map(|(node, _)| *node).collect();
        if accepted.len() == states.len() || self.incomplete {
            return Some(Step::Done(self.done(number, Some(vote.value), env)));
        }
        let words = format_args!("{} ballot {}", read.key, vote.ballot);
        env.note_with("read writes back", vote.ballot.word(), accepted.len() as u64, words);
        let packet = Packet { key, message: Message::Accept(vote.borrowed()) };
        env.broadcast(self.group.missing(&accepted), &packet);
        env.set_timer(number, self.retransmit);
        let step = Step::WriteBack(read.key.clone(), vote.clone());
        read.phase = Phase::WritingBack { vote, accepted, refused: BTreeSet::new() };
        Some(step)
    }

    /// Counts a vote for every read that writes this ballot back; returns those that are done.
    pub(super) fn on_accepted(
        &mut self,
        from: NodeId,
        key: &str,
        ballot: Ballot,
        env: &mut Env<'_>,
    ) -> Vec<Decision> {
        let majority = self.group.majority();
        let mut done = Vec::new();
        for (number, read) in &mut self.reads {
            if let Phase::WritingBack { vote, accepted, .. } = &mut read.phase
                && (read.key.as_str(), vote.ballot) == (key, ballot)
            {
                accepted.insert(from);
                if accepted.len() >= majority {
                    done.push((*number, std::mem::take(&mut vote.value)));
                }
            }
        }
        if !done.is_empty() {
            env.reached(goals::READ_COMPLETED);
        }
        done.into_iter().map(|(number, value)| self.done(number, Some(value), env)).collect()
    }

    /// Counts a refusal for every read that writes this ballot back; those that have no majority left
    /// start over later. Returns whether one of them has met this promise too often.
    pub(super) fn on_nack(
        &mut self,
        from: NodeId,
        key: &str,
        ballot: Ballot,
        promised: Ballot,
        env: &mut Env<'_>,
    ) -> bool {
        let mut stuck = false;
        for (number, read) in &mut self.reads {
            if let Phase::WritingBack { vote, refused, .. } = &mut read.phase
                && (read.key.as_str(), vote.ballot) == (key, ballot)
            {
                refused.insert(from);
                if promised > read.wall {
                    (read.wall, read.tries) = (promised, 0);
                }
                if self.group.is_out_of_reach(refused.len()) {
                    stuck |= read.was_in_vain();
                    read.phase = Phase::Waiting;
                    back_off(*number, self.backoff, read.refusals, env);
                }
            }
        }
        stuck
    }

    /// Says again what was not answered. If a read starts over, the parent asks the own acceptor.
    pub(super) fn on_timer(&mut self, number: u64, env: &mut Env<'_>) -> Option<Again> {
        let read = self.reads.get_mut(&number)?;
        let mut again = None;
        match &read.phase {
            Phase::Asking { .. } => {}
            // A write-back that some refused and others did not answer may have been overtaken long
            // ago: it is better to look.
            Phase::WritingBack { refused, .. } if refused.is_empty() => {}
            Phase::WritingBack { .. } => {
                let stuck = read.was_in_vain().then_some(read.wall);
                again = Some(Again { key: read.key.clone(), stuck });
            }
            Phase::Waiting => again = Some(Again { key: read.key.clone(), stuck: None }),
        }
        if again.is_some() {
            read.phase = Phase::asking();
        }
        let answered;
        let (message, answered) = match &read.phase {
            Phase::WritingBack { vote, accepted, .. } => {
                (Message::Accept(vote.borrowed()), accepted)
            }
            Phase::Asking { states, .. } => {
                answered = states.keys().copied().collect();
                (Message::Read { number }, &answered)
            }
            Phase::Waiting => return None,
        };
        env.broadcast(self.group.missing(answered), &Packet { key: &read.key, message });
        env.set_timer(number, self.retransmit);
        again
    }

    /// A round on `key` has just been chosen: reads that could not get on look again at once.
    pub(super) fn on_chosen(&mut self, key: &str, env: &mut Env<'_>) {
        for (number, read) in &mut self.reads {
            if read.key == key && !matches!(read.phase, Phase::Asking { .. }) {
                read.phase = Phase::Waiting;
                env.set_timer(*number, Duration::ZERO);
            }
        }
    }

    /// Gives a read up.
    pub(super) fn abandon(&mut self, number: u64, env: &mut Env<'_>) {
        if self.reads.remove(&number).is_some() {
            env.cancel_timer(number);
        }
    }

    fn done(&mut self, number: u64, value: Option<Vec<u8>>, env: &mut Env<'_>) -> Decision {
        self.abandon(number, env);
        Decision::Read { number, value }
    }

    /// What the read waits for, in words.
    pub(super) fn progress(&self, number: u64) -> Option<String> {
        let read = self.reads.get(&number)?;
        let majority = self.group.majority();
        Some(match &read.phase {
            Phase::Asking { states, .. } => format!("states, {} of {majority}", states.len()),
            Phase::WritingBack { vote, accepted, .. } => {
                format!("votes for ballot {}, {} of {majority}", vote.ballot, accepted.len())
            }
            Phase::Waiting => "its next try".to_owned(),
        })
    }
}
