//! Snapshots (Ongaro 2014, chapter 5): taken when the log has become long, sent in chunks to who needs what is gone.

use super::config::Rule;
use super::configuration::Configuration;
use super::goals;
use super::log::{Log, Position};
use super::machine::Machine;
use super::message::{Appended, Body};
use super::node::{Raft, Role, Waiting};
use super::notes;
use super::progress::State;
use super::storage::Snapshot;
use simlab_core::{Env, NodeId};
use std::borrow::Cow;

/// The part of a leader's snapshot that has arrived.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Assembly {
    last: Position,
    bytes: Vec<u8>,
}

impl<M: Machine> Raft<M> {
    /// Takes a snapshot if enough has been applied since the last one. While a follower that answers is sent the last
    /// one it is not replaced, or who needs a snapshot might never get one; unless that takes too long.
    pub(super) fn compact(&mut self, env: &mut Env<'_>) {
        let since = self.applied - self.snapshot.last.index;
        if since < self.config.compact {
            return;
        }
        let now = env.now();
        if let Role::Leader(leader) = &self.role
            && since < self.config.compact.saturating_mul(4)
            && leader.progress.values().any(|progress| {
                matches!(progress.state, State::Snapshot { .. })
                    && now.since(progress.heard) < self.config.election
            })
        {
            return;
        }
        let Some(term) = self.log.term(self.applied) else { return };
        let last = Position { index: self.applied, term };
        let mut configuration = self.applied_configuration.clone();
        if configuration.is_joint() {
            env.reached(goals::SNAPSHOT_OF_JOINT);
        }
        if !self.rules.keeps(Rule::SnapshotHasConfiguration) {
            configuration = self.initial.clone();
        }
        self.snapshot = Snapshot { last, configuration, machine: self.machine.snapshot() };
        self.counts.snapshots += 1;
        let keep = self.applied.saturating_sub(self.config.trailing);
        self.log.compact(keep.max(self.log.base().index));
        let words = format_args!("of everything up to {}", last.index);
        env.note_with(notes::SNAPSHOT, notes::packed(last.term, last.index), 0, words);
        self.storage.begin(self.kept_vote(), &self.snapshot, &self.log, env);
        self.reconfigure();
        self.note_configured(env);
    }

    /// Sends a follower the next part of the snapshot, if it is time; whether it is sent anything.
    pub(super) fn send_chunk(&mut self, to: NodeId, env: &mut Env<'_>) -> bool {
        let (term, chunk_max) = (self.vote.term, self.config.chunk.max(1));
        let Raft { role: Role::Leader(leader), snapshot, .. } = self else { return false };
        let round = leader.round;
        let Some(progress) = leader.progress.get_mut(&to) else { return false };
        let latest = snapshot.last.index;
        if !matches!(progress.state, State::Snapshot { index, .. } if index == latest) {
            progress.needs_snapshot(latest);
        }
        let State::Snapshot { offset, asked, .. } = &progress.state else { return false };
        if asked.is_some() {
            return false;
        }
        let total = snapshot.machine.len();
        let from = usize::try_from(*offset).unwrap_or(total).min(total);
        let chunk = &snapshot.machine[from..total.min(from + chunk_max)];
        let body = Body::Install {
            last: snapshot.last,
            configuration: snapshot.configuration.clone(),
            round,
            offset: from as u64,
            total: total as u64,
            chunk: Cow::Borrowed(chunk),
        };
        env.send(to, &super::message::Message { term, body });
        progress.sent(0, env.now());
        true
    }

    /// A follower has a part of the snapshot.
    pub(super) fn on_installing(
        &mut self,
        from: NodeId,
        round: u64,
        index: u64,
        (part, offset): (u64, u64),
        env: &mut Env<'_>,
    ) {
        let now = env.now();
        let Role::Leader(leader) = &mut self.role else { return };
        let round = round.min(leader.round);
        let Some(progress) = leader.progress.get_mut(&from) else { return };
        progress.heard = now;
        progress.round = progress.round.max(round);
        // Of two answers to one part the second is none: who answered both would send two parts for each from then on.
        if let State::Snapshot { index: of, offset: at, asked } = &mut progress.state
            && (*of, *at) == (index, part)
        {
            (*at, *asked) = (offset, None);
        }
        self.on_round(env);
        self.send_log(from, env);
    }

    /// A part of a leader's snapshot.
    pub(super) fn on_install(
        &mut self,
        from: NodeId,
        (last, configuration): (Position, Configuration),
        (offset, total): (u64, u64),
        chunk: &[u8],
        env: &mut Env<'_>,
    ) {
        let older = last.index <= self.commit;
        if older && self.rules.keeps(Rule::SnapshotKeepsNewer) {
            // What is committed here is the leader's too.
            self.assembly = None;
            return self.acknowledge(from, self.commit, true, env);
        }
        if self.assembly.as_ref().is_none_or(|assembly| assembly.last != last) {
            self.assembly = Some(Assembly { last, bytes: Vec::new() });
        }
        let Some(assembly) = &mut self.assembly else { return };
        let part = offset;
        if part == assembly.bytes.len() as u64 {
            assembly.bytes.extend_from_slice(chunk);
        }
        let offset = assembly.bytes.len() as u64;
        if offset < total {
            let body = Body::Installing { round: self.round, index: last.index, part, offset };
            return self.say(from, self.of_term(body), env);
        }
        let Some(Assembly { bytes, .. }) = self.assembly.take() else { return };
        if !self.install(Snapshot { last, configuration, machine: bytes }, env) {
            return;
        }
        let log = Appended::Matches(last.index);
        let message = self.of_term(Body::Appended { round: self.round, log });
        self.waiting.push((self.storage.written(), Waiting::Acknowledge(from, message)));
        self.release(env);
    }

    /// Puts a whole snapshot in the place of what it has; whether it could be read.
    fn install(&mut self, mut snapshot: Snapshot, env: &mut Env<'_>) -> bool {
        if !self.machine.restore(&snapshot.machine) {
            env.note("raft.bad-snapshot", snapshot.last.index, 0);
            return false;
        }
        let last = snapshot.last;
        if self.log.term(last.index).is_some_and(|term| term != last.term) {
            env.reached(goals::SNAPSHOT_FOR_CONFLICT);
        }
        if !self.rules.keeps(Rule::SnapshotHasConfiguration) {
            snapshot.configuration = self.initial.clone();
        }
        let goes_on = self.log.term(last.index) == Some(last.term);
        match self.rules.keeps(Rule::SnapshotKeepsNewer) {
            true => self.log.install(last),
            false => self.log = Log::behind(last),
        }
        if !goes_on {
            // What is durable of the log that was there says nothing of the snapshot.
            self.storage.cut(self.commit + 1);
        }
        self.snapshot = snapshot;
        (self.commit, self.applied) = (last.index, last.index);
        self.applied_configuration = self.snapshot.configuration.clone();
        self.counts.installed += 1;
        let words = format_args!("everything up to {}", last.index);
        env.note_with(notes::INSTALLED, notes::packed(last.term, last.index), 0, words);
        self.note_state(last.index, env);
        self.reconfigure();
        self.note_configured(env);
        self.storage.begin(self.kept_vote(), &self.snapshot, &self.log, env);
        true
    }
}
