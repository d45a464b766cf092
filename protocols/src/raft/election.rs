//! Elections (Ongaro 2014, §3.4, §3.6.1), the question before them (§9.6), and who is not listened to (§4.2.3).

use super::config::Rule;
use super::goals;
use super::log::Position;
use super::machine::Machine;
use super::message::{Body, Campaign, Message, TERM_MAX};
use super::node::{ELECTION, Raft, Refused, Role, Waiting};
use super::notes;
use super::storage::Vote;
use simlab_core::{Env, NodeId, Time};
use std::collections::BTreeSet;

/// Who has said what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Votes {
    pub(super) granted: BTreeSet<NodeId>,
    pub(super) denied: BTreeSet<NodeId>,
}

impl<M: Machine> Raft<M> {
    /// Stands for election at once, since an operator says so.
    ///
    /// # Errors
    /// If it leads or has no vote; if it hears a leader, or may have heard one before it was restarted: a lease may rest on that it does not stand
    /// against it (§6.4.1).
    pub fn stand_for_election(&mut self, env: &mut Env<'_>) -> Result<(), Refused> {
        let now = env.now();
        if now < self.silent_until {
            return Err(Refused::WasDown);
        }
        if self.hears_leader(now) {
            return Err(Refused::HearsLeader);
        }
        if self.leads() {
            return Err(Refused::Leads(self.me));
        }
        if !self.may_stand() {
            return Err(Refused::NoVote(self.me));
        }
        if self.vote.term == TERM_MAX {
            return Err(Refused::LastTerm);
        }
        self.time_out(env);
        Ok(())
    }

    /// No leader was heard for an election time-out.
    pub(super) fn time_out(&mut self, env: &mut Env<'_>) {
        if self.leads() {
            return;
        }
        self.leader = None;
        match self.config.pre_vote {
            true => self.campaign(Campaign::PreVote, env),
            false => self.campaign(Campaign::Election, env),
        }
    }

    /// Stands for election, or asks whether it should.
    pub(super) fn campaign(&mut self, campaign: Campaign, env: &mut Env<'_>) {
        self.role = Role::Follower;
        self.wait_for_leader(env);
        // Who has no vote in the configuration that it knows stands for nothing (§4.2.2).
        if !self.may_stand() || self.vote.term == TERM_MAX {
            return;
        }
        if campaign == Campaign::PreVote {
            let granted = BTreeSet::from([self.me]);
            self.role = Role::PreCandidate(Votes { granted, ..Votes::default() });
            self.ask_all(campaign, self.vote.term + 1, env);
            return self.count_votes(env);
        }
        self.vote = Vote { term: self.vote.term + 1, candidate: Some(self.me) };
        (self.leader, self.round) = (None, 0);
        self.write_vote(env);
        self.role = Role::Candidate(Votes::default());
        let Vote { term, .. } = self.vote;
        self.waiting.push((self.vote_written, Waiting::Term(term)));
        self.waiting.push((self.vote_written, Waiting::Stand(term, campaign)));
        self.release(env);
    }

    /// Its term and its own vote are durable: it asks for those of others.
    pub(super) fn stand(&mut self, term: u64, campaign: Campaign, env: &mut Env<'_>) {
        if term != self.vote.term {
            return;
        }
        let Role::Candidate(votes) = &mut self.role else { return };
        votes.granted.insert(self.me);
        env.note_with(notes::STANDS, term, 0, format_args!("for election in term {term}"));
        notes::note_granted(term, self.me, env);
        self.ask_all(campaign, term, env);
        self.count_votes(env);
    }

    fn ask_all(&self, campaign: Campaign, term: u64, env: &mut Env<'_>) {
        let body = Body::RequestVote { campaign, last: self.log.last() };
        env.broadcast(self.electorate(), &Message { term, body });
    }

    pub(super) fn on_request_vote(
        &mut self,
        from: NodeId,
        term: u64,
        campaign: Campaign,
        last: Position,
        env: &mut Env<'_>,
    ) {
        let now = env.now();
        if now < self.silent_until {
            // What this node said in its last life may be part of a leader's lease (§6.4.1).
            return notes::note_refuses(term, from, &"it was down lately", env);
        }
        if campaign != Campaign::Transfer && self.hears_leader(now) {
            // Not even the term is taken from it, or it would depose the leader with it (§4.2.3).
            return notes::note_refuses(term, from, &"it hears a leader", env);
        }
        if campaign == Campaign::PreVote {
            let granted = term > self.vote.term && self.is_electable(last);
            if !granted {
                self.note_why_not(term, from, last, env);
            }
            let term = if granted { term } else { self.vote.term };
            let body = Body::Voted { campaign, granted };
            return self.say(from, Message { term, body }, env);
        }
        if term > self.vote.term {
            self.adopt(term, env);
        }
        let free = self.vote.candidate.is_none_or(|candidate| candidate == from)
            || !self.rules.keeps(Rule::OneVote);
        let granted = term == self.vote.term && free && self.is_electable(last) && !self.leads();
        let message = self.of_term(Body::Voted { campaign, granted });
        if !granted {
            self.note_why_not(term, from, last, env);
            return self.say(from, message, env);
        }
        if self.vote.candidate != Some(from) {
            self.vote.candidate = Some(from);
            self.write_vote(env);
        }
        self.role = Role::Follower;
        env.set_timer(ELECTION, self.election_timeout);
        notes::note_decides(term, from, last, env);
        self.waiting.push((self.vote_written, Waiting::Grant(from, message)));
        self.release(env);
    }

    /// Notes why it does not vote for who asks.
    fn note_why_not(&self, term: u64, from: NodeId, last: Position, env: &mut Env<'_>) {
        let (own, Vote { term: at, candidate }) = (self.log.last(), self.vote);
        if term < at || (term == at && candidate.is_none() && self.is_electable(last)) {
            return notes::note_refuses(term, from, &format_args!("it is in term {at}"), env);
        }
        match candidate.filter(|candidate| term == at && *candidate != from) {
            Some(other) => {
                notes::note_refuses(term, from, &format_args!("it has voted for {other}"), env);
            }
            None => {
                let words = format_args!("that log ends with {last}, and its own with {own}");
                notes::note_refuses(term, from, &words, env);
            }
        }
    }

    /// Whether a leader was heard so lately that nobody should be elected (§4.2.3).
    fn hears_leader(&self, now: Time) -> bool {
        // Of whatever term that leader was: its lease does not end when this node hears of a later one (§6.4.1).
        let lately = self.heard > Time::ZERO && now.since(self.heard) < self.config.election;
        self.config.check_quorum && (self.leads() || lately)
    }

    fn is_electable(&self, last: Position) -> bool {
        last.is_up_to_date(self.log.last()) || !self.rules.keeps(Rule::VoteForUpToDate)
    }

    pub(super) fn on_voted(
        &mut self,
        from: NodeId,
        term: u64,
        campaign: Campaign,
        granted: bool,
        env: &mut Env<'_>,
    ) {
        let (votes, of) = match (&mut self.role, campaign) {
            (Role::PreCandidate(votes), Campaign::PreVote) => {
                (votes, self.vote.term + u64::from(granted))
            }
            (Role::Candidate(votes), Campaign::Election | Campaign::Transfer) => {
                (votes, self.vote.term)
            }
            _ => return,
        };
        if term != of {
            return;
        }
        if granted {
            votes.granted.insert(from);
        } else {
            votes.denied.insert(from);
        }
        self.count_votes(env);
    }

    fn count_votes(&mut self, env: &mut Env<'_>) {
        match &self.role {
            Role::PreCandidate(votes) if self.is_quorum(|n| votes.granted.contains(&n)) => {
                self.campaign(Campaign::Election, env);
            }
            Role::Candidate(votes) if self.is_quorum(|n| votes.granted.contains(&n)) => {
                self.counts.elected += 1;
                self.lead(env);
            }
            Role::Candidate(votes) if !votes.denied.is_empty() => {
                env.reached(goals::VOTE_DENIED);
            }
            _ => {}
        }
    }
}
