//! A leader gives way to another (Ongaro 2014, §3.10).

use super::config::Rule;
use super::goals;
use super::machine::Machine;
use super::message::{Body, Campaign};
use super::node::{Raft, Refused, Role};
use super::notes;
use simlab_core::{Env, NodeId, Time};

/// A leadership that is given away.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Transfer {
    /// To whom.
    pub(super) to: NodeId,
    /// When it has failed.
    until: Time,
    /// Whether it was told to stand for election.
    told: bool,
}

impl<M: Machine> Raft<M> {
    /// Gives the leadership to a voter: takes no proposals until it has the whole log, tells it to stand for election,
    /// and goes on after an election time-out if nothing has come of it.
    ///
    /// # Errors
    /// If it is not the leader, or that one cannot be.
    pub fn transfer(&mut self, to: NodeId, env: &mut Env<'_>) -> Result<(), Refused> {
        self.may_propose()?;
        if to == self.me {
            return Err(Refused::Leads(to));
        }
        if !self.configuration.voters.contains(&to) {
            return Err(Refused::NoVote(to));
        }
        let until = env.now() + self.config.election;
        if let Role::Leader(leader) = &mut self.role {
            leader.transfer = Some(Transfer { to, until, told: false });
        }
        self.send_log(to, env);
        self.go_on_with_transfer(to, env);
        Ok(())
    }

    /// Tells it to stand for election, once it has everything.
    pub(super) fn go_on_with_transfer(&mut self, from: NodeId, env: &mut Env<'_>) {
        let last = self.log.last().index;
        let keeps = self.rules.keeps(Rule::LeaseEndsAtTransfer);
        let Role::Leader(leader) = &mut self.role else { return };
        let Some(transfer) = leader.transfer.as_mut().filter(|t| t.to == from && !t.told) else {
            return;
        };
        if leader.progress.get(&from).is_none_or(|progress| progress.matched < last) {
            return;
        }
        transfer.told = true;
        if keeps {
            // Nobody keeps silent towards who was told, and the message may be late (§6.4.1).
            (leader.lease, leader.lease_over) = (Time::ZERO, true);
        }
        let term = self.vote.term;
        let words = format_args!("leadership of term {term} to {from}");
        env.note_with(notes::TRANSFERS, term, from.0.into(), words);
        env.send(from, &self.of_term(Body::TimeoutNow));
    }

    /// Goes on as leader when a transfer has taken too long.
    pub(super) fn end_late_transfer(&mut self, env: &mut Env<'_>) {
        let Role::Leader(leader) = &mut self.role else { return };
        if let Some(transfer) = leader.transfer.take_if(|transfer| env.now() >= transfer.until) {
            env.reached(goals::TRANSFER_FAILED);
            env.note_with(
                "raft.transfer-failed",
                self.vote.term,
                transfer.to.0.into(),
                format_args!("to {}", transfer.to),
            );
        }
    }

    /// The leader gives way to this node.
    pub(super) fn on_timeout_now(&mut self, from: NodeId, env: &mut Env<'_>) {
        if self.leader == Some(from) && !self.leads() {
            self.campaign(Campaign::Transfer, env);
        }
    }
}
