//! What a follower does with a leader's entries (Ongaro 2014, §3.5), and what is committed and applied (§3.6, §3.8).

use super::config::Rule;
use super::goals;
use super::log::{Accepted, Entry, Payload, Position};
use super::machine::Machine;
use super::message::{Appended, Body};
use super::node::{ELECTION, Output, Raft, Role, Waiting};
use super::notes;
use simlab_core::{Env, NodeId};

impl<M: Machine> Raft<M> {
    /// There is a leader of this term; whether this node follows it.
    pub(super) fn follow(&mut self, from: NodeId, round: u64, env: &mut Env<'_>) -> bool {
        if self.leads() {
            // Two leaders of one term: a rule is left out.
            env.note("raft.two-leaders", self.vote.term, from.0.into());
            return false;
        }
        self.role = Role::Follower;
        if self.leader.replace(from) != Some(from) {
            let term = self.vote.term;
            env.note_with(
                notes::FOLLOWS,
                term,
                from.0.into(),
                format_args!("{from} in term {term}"),
            );
        }
        self.heard = env.now();
        self.round = self.round.max(round);
        env.set_timer(ELECTION, self.election_timeout);
        true
    }

    pub(super) fn on_append(
        &mut self,
        from: NodeId,
        prev: Position,
        commit: u64,
        entries: &[Entry],
        env: &mut Env<'_>,
    ) {
        if !self.rules.keeps(Rule::TruncateOnConflict) {
            self.truncate_anyway(prev, env);
        }
        let was = self.log.last();
        let (to, truncated) = match self.log.accept(prev, entries) {
            Accepted::Conflict(hint) => {
                self.counts.conflicts += 1;
                let log = Appended::Conflict { asked: prev.index, hint };
                let message = self.of_term(Body::Appended { round: self.round, log });
                return self.say(from, message, env);
            }
            Accepted::Up { to, truncated } => (to, truncated),
        };
        if let Some(first) = truncated {
            if was.term == self.led {
                env.reached(goals::OVERWRITTEN);
            }
            self.truncated(first, env);
        }
        let first = truncated.unwrap_or(was.index + 1).min(self.log.last().index + 1);
        if self.log.last().index >= first {
            self.appended(first, env);
        }
        self.commit_to(commit.min(to), env);
        self.acknowledge(from, to, !entries.is_empty(), env);
    }

    /// Takes entries away although they may be those of the leader: a rule less.
    fn truncate_anyway(&mut self, prev: Position, env: &mut Env<'_>) {
        let first = prev.index.max(self.log.base().index) + 1;
        if self.log.term(prev.index) == Some(prev.term) && first <= self.log.last().index {
            self.log.truncate(first);
            self.truncated(first, env);
            self.storage.truncate(first, env);
        }
    }

    /// Entries from `first` on are gone, and so is the configuration among them (§4.1).
    fn truncated(&mut self, first: u64, env: &mut Env<'_>) {
        env.note_with(notes::TRUNCATED, first, 0, format_args!("entries from {first} on"));
        if first <= self.configured_at {
            if self.rules.keeps(Rule::ConfigurationReverts) {
                env.reached(goals::CONFIGURATION_REVERTED);
                self.reconfigure_before(first);
            }
            self.note_configured(env);
        }
    }

    /// Tells the leader that the log is its own up to an entry, as far as that is durable. What is not yet waits for
    /// the disk; a heart-beat is answered all the same.
    pub(super) fn acknowledge(&mut self, to: NodeId, index: u64, wait: bool, env: &mut Env<'_>) {
        let matches = |index| Body::Appended { round: self.round, log: Appended::Matches(index) };
        let durable = match self.rules.keeps(Rule::SyncBeforeAcknowledgement) {
            true => self.storage.durable_end(),
            false => index,
        };
        if durable >= index || !wait {
            let message = self.of_term(matches(index.min(durable)));
            return self.say(to, message, env);
        }
        let message = self.of_term(matches(index));
        self.waiting.push((self.storage.written(), Waiting::Acknowledge(to, message)));
    }

    /// Everything up to an index is committed.
    pub(super) fn commit_to(&mut self, index: u64, env: &mut Env<'_>) {
        let index = index.min(self.log.last().index);
        if index > self.commit {
            self.commit = index;
            env.note_with(notes::COMMITTED, index, self.vote.term, format_args!("up to {index}"));
        }
        self.apply(env);
    }

    /// Applies what is committed.
    fn apply(&mut self, env: &mut Env<'_>) {
        let mut configured = false;
        while self.applied < self.may_apply() {
            let index = self.applied + 1;
            let Some(Entry { term, payload }) = self.log.entry(index) else { return };
            let at = Position { index, term: *term };
            match payload {
                Payload::Nothing => {}
                Payload::Command(command) => {
                    let answer = self.machine.apply(index, command);
                    self.outputs.push(Output::Applied { at, answer });
                }
                Payload::Configuration(configuration) => {
                    self.applied_configuration = configuration.clone();
                    let joint = configuration.is_joint();
                    self.outputs.push(Output::Configured { at, joint });
                    configured = true;
                }
            }
            self.applied = index;
            self.note_state(index, env);
        }
        // A new leader may have applied a joint configuration before it led.
        if configured || self.leads() {
            self.on_configuration_committed(env);
        }
        self.answer_reads(env);
        self.compact(env);
    }

    fn may_apply(&self) -> u64 {
        if self.rules.keeps(Rule::ApplyCommitted) { self.commit } else { self.log.last().index }
    }
}
