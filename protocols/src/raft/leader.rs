//! What a leader does: it sends its log (Ongaro 2014, §3.5), several messages at a time (§10.2.2), counts who has it
//! (§3.6.2), and makes sure that it still is one (§6.2, §6.4).

use super::config::Rule;
use super::goals;
use super::log::{Entry, Log, Payload, Position};
use super::machine::Machine;
use super::message::{Appended, Body, INDEX_MAX, Message};
use super::node::{ELECTION, HEARTBEAT, Raft, Refused, Role};
use super::notes;
use super::progress::{Progress, State};
use super::reads::Read;
use super::transfer::Transfer;
use simlab_core::wire::Encode;
use simlab_core::{Env, NodeId, Time};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

/// Of how many rounds that no quorum has answered it is known when they began.
const ROUNDS_MAX: usize = 1_024;

/// What a node knows as long as it leads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Leader {
    pub(super) progress: BTreeMap<NodeId, Progress>,
    /// The first entry of its term: with it everything before is committed (§3.6.2).
    pub(super) first: u64,
    /// The last round of heart-beats, and when those began that no quorum has answered.
    pub(super) round: u64,
    pub(super) rounds: VecDeque<(u64, Time)>,
    /// Until when no other can be elected, by its own clock (§6.4.1).
    pub(super) lease: Time,
    /// Whether it has told another to stand for election, in this term.
    pub(super) lease_over: bool,
    pub(super) reads: VecDeque<Read>,
    pub(super) transfer: Option<Transfer>,
}

impl Leader {
    /// Has heard of nobody yet.
    fn new(first: u64) -> Self {
        Self {
            progress: BTreeMap::new(),
            first,
            round: 0,
            rounds: VecDeque::new(),
            lease: Time::ZERO,
            lease_over: false,
            reads: VecDeque::new(),
            transfer: None,
        }
    }

    /// Begins to know of a follower, unless it is known.
    pub(super) fn track(&mut self, node: NodeId, last: u64, now: Time) {
        self.progress.entry(node).or_insert_with(|| Progress::new(last, now));
    }
}

impl<M: Machine> Raft<M> {
    /// It is elected.
    pub(super) fn lead(&mut self, env: &mut Env<'_>) {
        let last = self.log.last();
        let now = env.now();
        env.cancel_timer(ELECTION);
        if self.heard > Time::ZERO && now.since(self.heard) < self.config.heartbeat {
            env.reached(goals::QUICK_ELECTION);
        }
        (self.leader, self.led) = (Some(self.me), self.vote.term);
        self.role = Role::Leader(Box::new(Leader::new(last.index + 1)));
        self.track_members(env);
        let term = self.vote.term;
        let end = notes::packed(last.term, last.index);
        env.note_with(notes::LEADS, term, end, format_args!("in term {term}"));
        self.assembly = None;
        // The first round takes the first entry along.
        let index = self.log.append(Entry { term, payload: Payload::Nothing });
        self.appended(index, env);
        self.beat(env);
        self.count(env);
    }

    /// Tells all that it is there, and looks whether they are; again and again.
    pub(super) fn beat(&mut self, env: &mut Env<'_>) {
        if !self.leads() {
            return;
        }
        env.set_timer(HEARTBEAT, self.config.heartbeat);
        let now = env.now();
        if self.config.check_quorum && !self.hears_quorum(now) {
            let term = self.vote.term;
            env.note_with(notes::STEPS_DOWN, term, 0, "it has not heard a majority for too long");
            return self.step_down(env);
        }
        self.end_late_transfer(env);
        self.beat_once(env);
    }

    /// Whether it has heard a quorum within an election time-out (§6.2).
    fn hears_quorum(&self, now: Time) -> bool {
        let Role::Leader(leader) = &self.role else { return false };
        let lately = |node| {
            let heard = leader.progress.get(&node).map(|progress| progress.heard);
            heard.is_some_and(|heard| now.since(heard) < self.config.election)
        };
        self.is_quorum(|node| node == self.me || lately(node))
    }

    /// A round of heart-beats.
    pub(super) fn beat_once(&mut self, env: &mut Env<'_>) {
        let now = env.now();
        let (soon, overdue) = (self.config.heartbeat, self.config.heartbeat.times(2));
        let Role::Leader(leader) = &mut self.role else { return };
        leader.round += 1;
        leader.rounds.push_back((leader.round, now));
        if leader.rounds.len() > ROUNDS_MAX {
            leader.rounds.pop_front();
        }
        let members: Vec<NodeId> = leader.progress.keys().copied().collect();
        for to in members {
            let Role::Leader(leader) = &mut self.role else { return };
            let Some(progress) = leader.progress.get_mut(&to) else { continue };
            let late = match &progress.state {
                // Rounds of reads come as often as reads do, and are no reason to ask again.
                State::Probe { asked } => asked.is_some_and(|asked| now.since(asked) >= soon),
                State::Snapshot { asked, .. } => {
                    asked.is_some_and(|asked| now.since(asked) >= overdue)
                }
                State::Replicate { in_flight } => {
                    !in_flight.is_empty() && now.since(progress.moved) >= overdue
                }
            };
            if late {
                progress.lost();
            }
            if !self.send_log(to, env) {
                self.send_heartbeat(to, env);
            }
        }
        // A cluster of one has heard all of it.
        self.on_round(env);
    }

    /// Sends what there is room for; whether that was anything.
    pub(super) fn send_log(&mut self, to: NodeId, env: &mut Env<'_>) -> bool {
        let mut sent = false;
        let (me, term, commit, config) = (self.me, self.vote.term, self.commit, self.config);
        debug_assert_ne!(me, to, "nobody sends the log to itself");
        loop {
            let Raft { role: Role::Leader(leader), log, .. } = self else { return sent };
            let round = leader.round;
            let Some(progress) = leader.progress.get_mut(&to) else { return sent };
            if !progress.has_room(config.window) {
                return sent;
            }
            let gone = progress.next - 1 < log.base().index;
            if gone || matches!(progress.state, State::Snapshot { .. }) {
                return self.send_chunk(to, env) || sent;
            }
            let prev = position(log, progress.next - 1);
            let entries = batch(log, progress.next, config.batch, config.batch_bytes);
            if entries.is_empty() && !matches!(progress.state, State::Probe { .. }) {
                return sent;
            }
            let last = prev.index + entries.len() as u64;
            let entries = Cow::Borrowed(entries);
            let body = Body::Append { prev, commit, round, entries };
            env.send(to, &Message { term, body });
            progress.sent(last, env.now());
            sent = true;
        }
    }

    /// Without entries, and after one that the follower is known to have: nothing can be wrong with it.
    fn send_heartbeat(&mut self, to: NodeId, env: &mut Env<'_>) {
        let Role::Leader(leader) = &self.role else { return };
        let Some(progress) = leader.progress.get(&to) else { return };
        let known = progress.matched >= self.log.base().index;
        let prev = if known { position(&self.log, progress.matched) } else { Position::default() };
        let (commit, round) = (self.commit, leader.round);
        let body = Body::Append { prev, commit, round, entries: Cow::Borrowed(&[]) };
        env.send(to, &self.of_term(body));
    }

    /// Sends to all what there is room for.
    fn send_log_to_all(&mut self, env: &mut Env<'_>) {
        let Role::Leader(leader) = &self.role else { return };
        let members: Vec<NodeId> = leader.progress.keys().copied().collect();
        for to in members {
            self.send_log(to, env);
        }
    }

    /// Whether a leader takes proposals; if so, what it knows.
    pub(super) fn may_propose(&self) -> Result<&Leader, Refused> {
        let Role::Leader(leader) = &self.role else { return Err(Refused::NotLeader(self.leader)) };
        match &leader.transfer {
            Some(transfer) => Err(Refused::GivingWay(transfer.to)),
            None if self.log.last().index == INDEX_MAX => Err(Refused::NotLeader(None)),
            None => Ok(leader),
        }
    }

    /// Puts a command into the log. Those of one event are written and sent together: nothing is before
    /// [`finish`](Self::finish). What comes of it an [`Output::Applied`](super::node::Output::Applied) of this position tells; or there is one of the same index and another term, and nothing came of it here.
    ///
    /// # Errors
    /// If it is not the leader, or about to be none.
    pub fn propose(&mut self, command: Vec<u8>, env: &mut Env<'_>) -> Result<Position, Refused> {
        self.may_propose()?;
        Ok(self.propose_payload(Payload::Command(command), env))
    }

    pub(super) fn propose_payload(&mut self, payload: Payload, env: &mut Env<'_>) -> Position {
        let term = self.vote.term;
        let changes = matches!(payload, Payload::Configuration(_));
        let index = self.log.append(Entry { term, payload });
        self.unsent.get_or_insert(index);
        if changes {
            // It takes effect as soon as it is in the log (§4.1).
            self.send_proposed(env);
        }
        Position { index, term }
    }

    /// Writes and sends what was proposed.
    pub(super) fn send_proposed(&mut self, env: &mut Env<'_>) {
        let Some(first) = self.unsent.take() else { return };
        self.appended(first, env);
        self.send_log_to_all(env);
        self.count(env);
    }

    pub(super) fn on_appended(
        &mut self,
        from: NodeId,
        round: u64,
        log: Appended,
        env: &mut Env<'_>,
    ) {
        let now = env.now();
        let Raft { role: Role::Leader(leader), log: own, .. } = self else { return };
        let last = own.last().index;
        let round = round.min(leader.round);
        let Some(progress) = leader.progress.get_mut(&from) else { return };
        progress.heard = now;
        let rounds = round > progress.round;
        progress.round = progress.round.max(round);
        match log {
            Appended::Matches(index) if index > last => {
                env.note("raft.matches-too-much", from.0.into(), index);
            }
            Appended::Matches(index) => {
                if progress.acknowledged(index, now) {
                    self.count(env);
                }
            }
            Appended::Conflict { asked, hint } => {
                let at = match hint.term {
                    None => hint.index.saturating_sub(1),
                    Some(term) => {
                        let looked = own.last_up_to_term(term, asked.saturating_sub(1));
                        let same = own.term(looked) == Some(term);
                        if same { looked } else { looked.min(hint.index.saturating_sub(1)) }
                    }
                };
                let news = progress.refused(asked, at);
                if news && hint.term.is_some() && progress.next - 1 < own.base().index {
                    env.reached(goals::SNAPSHOT_FOR_CONFLICT);
                }
            }
        }
        if rounds {
            self.on_round(env);
        }
        self.send_log(from, env);
        self.go_on_with_transfer(from, env);
    }

    /// Its own log counts as far as its disk has it.
    fn own_end(&self) -> u64 {
        match self.rules.keeps(Rule::SyncBeforeAcknowledgement) {
            true => self.storage.durable_end(),
            false => self.log.last().index,
        }
    }

    /// Commits what a quorum has, if the last of it is of this term (§3.6.2, figure 3.7).
    pub(super) fn count(&mut self, env: &mut Env<'_>) {
        let Role::Leader(leader) = &self.role else { return };
        let own = self.own_end();
        let has = |node: NodeId| match node == self.me {
            true => own,
            false => leader.progress.get(&node).map_or(0, |progress| progress.matched),
        };
        let agreed = self.agreed(has);
        let own_term = self.log.term(agreed) == Some(self.vote.term);
        if agreed > self.commit && (own_term || !self.rules.keeps(Rule::OwnTermCounted)) {
            self.commit_to(agreed, env);
        }
    }
}

/// A position in the log that is known to be there, or what the snapshot ends with.
fn position(log: &Log, index: u64) -> Position {
    Position { index, term: log.term(index).unwrap_or_default() }
}

/// The entries of one message from an index on: one at least, if there is one.
fn batch(log: &Log, from: u64, most: usize, bytes: usize) -> &[Entry] {
    let entries = log.from(from, most.max(1));
    let mut room = bytes;
    let fits = entries.iter().take_while(|entry| {
        let len = entry.len();
        let fits = len <= room;
        room = room.saturating_sub(len);
        fits
    });
    &entries[..fits.count().max(1).min(entries.len())]
}

impl Entry {
    /// How many bytes it takes in a message.
    fn len(&self) -> usize {
        match &self.payload {
            Payload::Nothing => 9,
            Payload::Command(command) => 13 + command.len(),
            Payload::Configuration(configuration) => 9 + configuration.to_bytes().len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::Config;
    use super::super::configuration::Configuration;
    use super::super::store::Store;
    use super::*;
    use simlab_core::Duration;

    /// A leader whose log ends at the last index that there is takes nothing any more.
    #[test]
    fn a_log_that_is_full_takes_nothing() {
        let leader = Leader::new(1);
        for (index, taken) in [(INDEX_MAX - 1, true), (INDEX_MAX, false)] {
            let store = Store::new(Duration::from_secs(1), 1, true);
            let alone = Configuration::of([NodeId(1)]);
            let mut raft = Raft::new(NodeId(1), [], alone, Config::default(), store);
            raft.log = Log::behind(Position { index, term: 1 });
            raft.role = Role::Leader(Box::new(leader.clone()));
            assert_eq!(raft.may_propose().is_ok(), taken, "{index}");
        }
    }

    /// What is reckoned with is what is written.
    #[test]
    fn an_entry_is_as_long_as_its_bytes() {
        let members = Configuration::of([NodeId(1), NodeId(2)]);
        for payload in
            [Payload::Nothing, Payload::Command(vec![7; 30]), Payload::Configuration(members)]
        {
            let entry = Entry { term: 3, payload };
            assert_eq!(entry.len(), entry.to_bytes().len(), "{entry:?}");
        }
    }

    /// A message has as many entries as fit, and one at least.
    #[test]
    fn a_batch_is_what_fits() {
        let mut log = Log::default();
        for len in [10, 10, 90, 10] {
            log.append(Entry { term: 1, payload: Payload::Command(vec![0; len]) });
        }
        for (from, most, bytes, count) in [
            (1, 9, 45, 1),
            (1, 9, 46, 2),
            (1, 9, 148, 2),
            (1, 9, 149, 3),
            (1, 9, 999, 4),
            (1, 2, 999, 2),
            (1, 0, 999, 1),
            (3, 9, 0, 1),
            (5, 9, 999, 0),
        ] {
            assert_eq!(batch(&log, from, most, bytes).len(), count, "{from} {most} {bytes}");
        }
    }
}
