//! Changes of the cluster: joint consensus with learners (Ongaro 2014, §4.3, §4.2.1), and one server at a time (§4.2).

use super::config::Rule;
use super::configuration::{Configuration, Share};
use super::goals;
use super::log::{Payload, Position};
use super::machine::Machine;
use super::node::{Raft, Refused, Role};
use super::notes;
use simlab_core::{Env, NodeId};
use std::collections::BTreeSet;

/// How far the log of a learner may be behind what is committed when it gets a vote (§4.2.1).
const BEHIND_MAX: u64 = 100;

/// How the cluster gets from one configuration to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// By a configuration in which both majorities are needed (§4.3).
    Joint,
    /// Directly, where no more than one voter comes or goes (§4.2).
    Single,
}

impl<M: Machine> Raft<M> {
    /// Whether these are a quorum, as far as the rules say so.
    pub(super) fn is_quorum(&self, agree: impl Fn(NodeId) -> bool) -> bool {
        self.counted().is_quorum_of(self.share(), agree)
    }

    /// The highest number that a quorum has.
    pub(super) fn agreed(&self, has: impl Fn(NodeId) -> u64) -> u64 {
        self.counted().agreed_by(self.share(), has)
    }

    const fn share(&self) -> Share {
        if self.rules.keeps(Rule::Majority) { Share::MoreThanHalf } else { Share::Half }
    }

    fn counted(&self) -> std::borrow::Cow<'_, Configuration> {
        if self.rules.keeps(Rule::LearnersDoNotCount) || self.configuration.learners.is_empty() {
            return std::borrow::Cow::Borrowed(&self.configuration);
        }
        let mut all = self.configuration.clone();
        all.voters.append(&mut all.learners);
        std::borrow::Cow::Owned(all)
    }

    /// Whether it may stand for election.
    pub(super) fn may_stand(&self) -> bool {
        self.configuration.is_voter(self.me)
    }

    /// Whom a candidate asks.
    pub(super) fn electorate(&self) -> Vec<NodeId> {
        let counted = self.counted();
        counted.members().filter(|n| *n != self.me && counted.is_voter(*n)).collect()
    }

    /// Begins to change the cluster to these voters and learners. What becomes of it an
    /// [`Output::Configured`](super::node::Output::Configured) that is not joint tells, at the place that is returned
    /// or behind it.
    ///
    /// # Errors
    /// If it cannot be done here, now, or in this mode.
    pub fn change(
        &mut self,
        voters: BTreeSet<NodeId>,
        learners: BTreeSet<NodeId>,
        mode: Mode,
        env: &mut Env<'_>,
    ) -> Result<Position, Refused> {
        let leader = self.may_propose()?;
        let too_early = self.commit < leader.first;
        if too_early && self.rules.keeps(Rule::CommitBeforeChange) {
            return Err(Refused::TooEarly);
        }
        let changing = self.configured_at > self.commit || self.configuration.is_joint();
        let joins = |node: &NodeId| !self.configuration.is_voter(*node);
        let behind = voters.iter().filter(|node| joins(node)).find(|node| {
            let progress = leader.progress.get(node);
            let matched = progress.map_or(0, |progress| progress.matched);
            self.configuration.learners.contains(node) && matched + BEHIND_MAX < self.commit
        });
        if let Some(node) = behind {
            return Err(Refused::Behind(*node));
        }
        let known = |node: &NodeId| *node == self.me || self.peers.contains(node);
        let all_known = voters.iter().chain(&learners).all(known);
        if voters.is_empty() || !all_known || !voters.is_disjoint(&learners) {
            return Err(Refused::NoConfiguration);
        }
        let to = Configuration { voters, outgoing: None, learners };
        let next = match mode {
            _ if changing && self.rules.keeps(Rule::OneChange) => return Err(Refused::Changing),
            Mode::Joint => self.configuration.joint(to.voters, to.learners),
            Mode::Single => self.configuration.is_single_step(&to).then_some(to),
        };
        let Some(next) = next else {
            return Err(if changing { Refused::Changing } else { Refused::NotOneStep });
        };
        Ok(self.propose_payload(Payload::Configuration(next), env))
    }

    /// A configuration is committed: a leader goes on from it (§4.3), or gives up if it is not in it (§4.2.2).
    pub(super) fn on_configuration_committed(&mut self, env: &mut Env<'_>) {
        if !self.leads() || self.configured_at > self.commit {
            return;
        }
        if self.configuration.is_joint() {
            let settled = self.configuration.settled();
            self.propose_payload(Payload::Configuration(settled), env);
        } else if !self.configuration.is_voter(self.me) {
            env.reached(goals::REMOVED_LEADER);
            let words = format_args!("it is not in the cluster any more");
            env.note_with(notes::STEPS_DOWN, self.vote.term, 1, words);
            // Who is left learns before that it is committed.
            self.beat_once(env);
            self.step_down(env);
        }
    }

    /// Nodes that have come get a progress, and those that have gone lose theirs.
    pub(super) fn track_members(&mut self, env: &Env<'_>) {
        let Raft { me, role, configuration, log, .. } = self;
        let Role::Leader(leader) = role else { return };
        leader.progress.retain(|node, _| configuration.is_member(*node));
        for node in configuration.members().filter(|node| node != me) {
            leader.track(node, log.last().index, env.now());
        }
    }
}
