//! Reads that need no entry of the log (Ongaro 2014, §6.4): a leader answers when it knows that it still is one, or
//! as long as no other can be.

use super::config::Rule;
use super::goals;
use super::machine::Machine;
use super::node::{Output, Raft, Refused, Role};
use simlab_core::{Env, NodeId};

/// How a leader makes sure that no other has written meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReadMode {
    /// It asks a quorum whether it still leads (§6.4).
    Index,
    /// It relies on its lease while it has one (§6.4.1).
    Lease,
}

/// A read that waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Read {
    /// The number by which the parent knows it.
    pub(super) id: u64,
    /// What must be applied: all that was committed when it came. `None` until the leader knows what that is.
    index: Option<u64>,
    /// The first round that began after it came.
    round: u64,
    /// Whether it needs no round.
    sure: bool,
    /// Whether it came before the leader knew what another, who had led before, has committed.
    early: bool,
}

impl<M: Machine> Raft<M> {
    /// Asks when the state machine may be read. An [`Output::Readable`](Output::Readable) of this number says so, or
    /// an [`Output::Unreadable`](Output::Unreadable) that it is not to be here.
    ///
    /// # Errors
    /// If it is not the leader.
    pub fn read(&mut self, id: u64, mode: ReadMode, env: &mut Env<'_>) -> Result<(), Refused> {
        let now = env.now();
        let round = self.rules.keeps(Rule::ReadRound);
        let Role::Leader(leader) = &mut self.role else {
            return Err(Refused::NotLeader(self.leader));
        };
        let leased = mode == ReadMode::Lease && self.config.leases && now < leader.lease;
        let (sure, begins) = (leased || !round, leader.round + 1);
        // Several reads that come while a round is under way share the next one.
        let waits = leader.reads.iter().any(|read| !read.sure);
        let early = self.commit < leader.first && self.log.term(leader.first - 1) > Some(0);
        leader.reads.push_back(Read { id, index: None, round: begins, sure, early });
        if !sure && !waits {
            self.beat_once(env);
        }
        self.answer_reads(env);
        Ok(())
    }

    /// A follower has answered a round.
    pub(super) fn on_round(&mut self, env: &mut Env<'_>) {
        let Role::Leader(leader) = &self.role else { return };
        let asked = leader.round;
        let has = |node: NodeId| match node == self.me {
            true => asked,
            false => leader.progress.get(&node).map_or(0, |progress| progress.round),
        };
        let agreed = self.agreed(has);
        let lease = match self.rules.keeps(Rule::LeaseDrift) {
            true => self.config.lease(),
            false => self.config.election,
        };
        let Role::Leader(leader) = &mut self.role else { return };
        while let Some((round, began)) = leader.rounds.front().copied()
            && round <= agreed
        {
            leader.rounds.pop_front();
            if !leader.lease_over {
                leader.lease = leader.lease.max(began + lease);
            }
        }
        let mut waits = false;
        for read in &mut leader.reads {
            read.sure |= read.round <= agreed;
            waits |= !read.sure && read.round > leader.round;
        }
        if waits {
            // Those that came meanwhile: a round of their own.
            self.beat_once(env);
        }
        self.answer_reads(env);
    }

    /// Lets those reads be answered of which all is known and applied.
    pub(super) fn answer_reads(&mut self, env: &mut Env<'_>) {
        let (commit, applied) = (self.commit, self.applied);
        let Role::Leader(leader) = &mut self.role else { return };
        if leader.reads.is_empty() || commit < leader.first {
            // Before it has committed something itself it does not know what others have (§6.4, step 1).
            return;
        }
        for read in &mut leader.reads {
            read.index.get_or_insert(commit);
        }
        let (ready, wait) = std::mem::take(&mut leader.reads)
            .into_iter()
            .partition(|read| read.sure && read.index.is_some_and(|index| index <= applied));
        leader.reads = wait;
        for read in ready {
            if read.early {
                env.reached(goals::READ_AFTER_CHANGE);
            }
            self.outputs.push(Output::Readable(read.id));
        }
    }
}
