//! A node: what it has, what comes in, what must wait for the disk.

use super::config::{Config, Rule, Rules};
use super::configuration::Configuration;
use super::election::Votes;
use super::install::Assembly;
use super::leader::Leader;
use super::log::{Log, Payload, Position};
use super::machine::Machine;
use super::message::{Body, Campaign, Message};
use super::notes;
pub use super::outputs::{Output, Refused};
use super::storage::{Snapshot, Storage, Vote, WriteNumber};
use simlab_core::wire::Decode;
use simlab_core::{Duration, Env, Event, NodeId, Time, TimerKey};
use std::collections::BTreeSet;

/// The timers.
pub(super) const ELECTION: TimerKey = 0;
pub(super) const HEARTBEAT: TimerKey = 1;

/// What a node is in its term (§3.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// It hears a leader, or waits for one.
    Follower,
    /// It asks whether it would be elected.
    PreCandidate(Votes),
    /// It asks for votes.
    Candidate(Votes),
    /// It was elected.
    Leader(Box<Leader>),
}

/// What waits until a write is durable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Waiting {
    /// A message. Others know of the term in it.
    Say(NodeId, Message<'static>),
    /// A vote.
    Grant(NodeId, Message<'static>),
    /// An acknowledgement of entries, which only counts as long as the term is this one.
    Acknowledge(NodeId, Message<'static>),
    /// To stand for election in a term.
    Stand(u64, Campaign),
    /// To tell the trace of a term.
    Term(u64),
}

/// A node of Raft.
#[derive(Clone, Debug, Hash)]
pub struct Raft<M: Machine> {
    pub(super) me: NodeId,
    /// Every other node that may ever be in the cluster.
    pub(super) peers: BTreeSet<NodeId>,
    pub(super) config: Config,
    pub(super) rules: Rules,
    pub(super) initial: Configuration,
    pub(super) storage: Storage,
    pub(super) vote: Vote,
    pub(super) vote_written: WriteNumber,
    pub(super) log: Log,
    pub(super) snapshot: Snapshot,
    /// Who is in the cluster: the last configuration of the log, committed or not, and its index (§4.1).
    pub(super) configuration: Configuration,
    pub(super) configured_at: u64,
    /// The last one that is applied.
    pub(super) applied_configuration: Configuration,
    pub(super) machine: M,
    pub(super) commit: u64,
    pub(super) applied: u64,
    pub(super) role: Role,
    pub(super) leader: Option<NodeId>,
    /// When the leader of this term was last heard.
    pub(super) heard: Time,
    /// It grants no vote before.
    pub(super) silent_until: Time,
    /// The highest round of the leader of this term that was heard of.
    pub(super) round: u64,
    /// How long it waits for a leader.
    pub(super) election_timeout: Duration,
    pub(super) assembly: Option<Assembly>,
    pub(super) waiting: Vec<(WriteNumber, Waiting)>,
    /// The first of its own entries that are in the log, and neither written nor sent yet.
    pub(super) unsent: Option<u64>,
    pub(super) outputs: Vec<Output<M::Answer>>,
    /// The term in which it last led, in this life.
    pub(super) led: u64,
    pub(super) counts: Counts,
}

/// What has happened in this life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Counts {
    pub(super) elected: u64,
    /// How often it ceased to lead, for whatever reason.
    pub(super) deposed: u64,
    pub(super) snapshots: u64,
    pub(super) installed: u64,
    pub(super) malformed: u64,
    /// How often it told a leader that its log departs from that one's.
    pub(super) conflicts: u64,
}

impl<M: Machine> Raft<M> {
    /// A node of a cluster that begins with `initial`; `peers` are all other nodes that may ever be in it.
    #[must_use]
    pub fn new(
        me: NodeId,
        peers: impl IntoIterator<Item = NodeId>,
        initial: Configuration,
        config: Config,
        machine: M,
    ) -> Self {
        // What a log that was torn before there was a snapshot begins anew with.
        let snapshot = Snapshot {
            configuration: initial.clone(),
            machine: machine.snapshot(),
            ..Snapshot::default()
        };
        Raft {
            me,
            peers: peers.into_iter().filter(|peer| *peer != me).collect(),
            config,
            rules: Rules::ALL,
            storage: Storage::default(),
            vote: Vote::default(),
            vote_written: 0,
            log: Log::default(),
            snapshot,
            configuration: initial.clone(),
            configured_at: 0,
            applied_configuration: initial.clone(),
            initial,
            machine,
            commit: 0,
            applied: 0,
            role: Role::Follower,
            leader: None,
            heard: Time::ZERO,
            silent_until: Time::ZERO,
            round: 0,
            election_timeout: config.election,
            assembly: None,
            waiting: Vec::new(),
            unsent: None,
            outputs: Vec::new(),
            led: 0,
            counts: Counts::default(),
        }
    }

    /// The same without some rules.
    #[must_use]
    pub fn with(self, rules: Rules) -> Self {
        Raft { rules, ..self }
    }

    /// Draws how many entries a message has, up to the number that is set.
    pub fn draw_batch(&mut self, env: &mut Env<'_>) {
        // Small ones as often as large ones: they are where the rules about old entries matter.
        let most = self.config.batch.max(1);
        let drawn = 1 << env.below(u64::from(most.ilog2()) + 1);
        self.config.batch = drawn;
    }

    /// The state machine.
    pub const fn machine(&self) -> &M {
        &self.machine
    }

    /// The node's term.
    pub const fn term(&self) -> u64 {
        self.vote.term
    }

    /// Who leads, as far as the node knows.
    pub const fn leader(&self) -> Option<NodeId> {
        self.leader
    }

    /// Whether it is the leader itself.
    pub const fn leads(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// Up to where entries are applied.
    pub const fn applied(&self) -> u64 {
        self.applied
    }

    /// Who is in the cluster, and whether that is committed.
    pub const fn configuration(&self) -> (&Configuration, bool) {
        (&self.configuration, self.configured_at <= self.commit)
    }

    /// Handles an event of its port; `env` is that of the port.
    pub fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Vec<Output<M::Answer>> {
        self.send_proposed(env);
        match event {
            Event::Start => self.start(env),
            Event::Datagram { from, bytes } => match Message::from_bytes(bytes) {
                Ok(message) if self.peers.contains(&from) => self.hear(from, message, env),
                _ => {
                    self.counts.malformed += 1;
                    env.note("raft.malformed", from.0.into(), bytes.len() as u64);
                }
            },
            Event::Timer { key: ELECTION, .. } => self.time_out(env),
            Event::Timer { key: HEARTBEAT, .. } => self.beat(env),
            Event::Synced { ticket, result: Ok(()), .. } => {
                if self.storage.synced(ticket, env) {
                    self.release(env);
                }
            }
            // Nothing is known any more of what was written: a node that went on could forget a vote.
            Event::Synced { result: Err(_), .. } => env.halt(),
            Event::Timer { .. } | Event::Command { .. } => {}
        }
        self.finish(env)
    }

    /// Ends an event: writes and sends what was proposed, asks for a sync, and gives what the parent is to be told.
    /// [`on_event`](Self::on_event) does that itself; who calls `propose`, `read`, `change` or `transfer` does it next.
    pub fn finish(&mut self, env: &mut Env<'_>) -> Vec<Output<M::Answer>> {
        self.send_proposed(env);
        self.storage.sync(env);
        std::mem::take(&mut self.outputs)
    }

    fn start(&mut self, env: &mut Env<'_>) {
        let Ok(found) = self.storage.open(env) else { return env.halt() };
        (self.vote, self.log) = (found.vote, found.log);
        if let Some(snapshot) = found.snapshot {
            if !self.machine.restore(&snapshot.machine) {
                env.note("raft.bad-snapshot", snapshot.last.index, 0);
                return env.halt();
            }
            self.snapshot = snapshot;
        }
        self.commit = self.snapshot.last.index;
        self.applied = self.commit;
        self.applied_configuration = self.snapshot.configuration.clone();
        self.reconfigure();
        self.note_recovered(env);
        if found.torn > 0 {
            env.note("raft.torn", found.torn as u64, 0);
            self.storage.begin(self.vote, &self.snapshot, &self.log, env);
        }
        if self.config.leases && env.life() > 0 {
            self.silent_until = env.now() + self.config.silence();
        }
        self.wait_for_leader(env);
    }

    fn note_recovered(&self, env: &mut Env<'_>) {
        let Position { index, term } = self.log.base();
        let own = self.vote.term;
        let words = format_args!("term {own}, log {index} to {}", self.log.last().index);
        env.note_with(notes::RECOVERED, notes::packed(term, index), own, words);
        if let Vote { term, candidate: Some(candidate) } = self.vote {
            let words = format_args!("its vote in term {term} for {candidate}");
            env.note_with(notes::REMEMBERS, notes::packed(term, candidate.0.into()), 0, words);
        }
        for (at, entry) in (index + 1..).zip(self.log.from(index + 1, usize::MAX)) {
            notes::note_appended(at, entry, env);
        }
        self.note_configured(env);
        if self.applied > 0 {
            self.note_state(self.applied, env);
        }
    }

    /// Notes what the state is at an entry.
    pub(super) fn note_state(&self, index: u64, env: &mut Env<'_>) {
        env.note(notes::APPLIED, index, self.machine.digest());
    }

    fn hear(&mut self, from: NodeId, message: Message<'_>, env: &mut Env<'_>) {
        let Message { term, body } = message;
        // Of these the term is that which would begin.
        let asks = matches!(body, Body::RequestVote { .. });
        let would = matches!(body, Body::Voted { campaign: Campaign::PreVote, granted: true });
        if term > self.vote.term && !asks && !would {
            self.adopt(term, env);
        }
        if term < self.vote.term && !asks {
            return self.on_stale(from, term, &body, env);
        }
        match body {
            Body::RequestVote { campaign, last } => {
                self.on_request_vote(from, term, campaign, last, env);
            }
            Body::Voted { campaign, granted } => self.on_voted(from, term, campaign, granted, env),
            Body::Append { prev, commit, round, entries } => {
                if self.follow(from, round, env) {
                    self.on_append(from, prev, commit, &entries, env);
                }
            }
            Body::Appended { round, log } => self.on_appended(from, round, log, env),
            Body::Install { last, configuration, round, offset, total, chunk } => {
                if self.follow(from, round, env) {
                    self.on_install(from, (last, configuration), (offset, total), &chunk, env);
                }
            }
            Body::Installing { round, index, part, offset } => {
                self.on_installing(from, round, index, (part, offset), env);
            }
            Body::TimeoutNow => self.on_timeout_now(from, env),
        }
    }

    /// A message of a term that is over. A leader that does not know that learns it from the answer (§3.3).
    fn on_stale(&mut self, from: NodeId, term: u64, body: &Body<'_>, env: &mut Env<'_>) {
        match body {
            Body::Append { .. } | Body::Install { .. } => {
                let log = super::message::Appended::Matches(0);
                let body = Body::Appended { round: 0, log };
                self.say(from, Message { term: self.vote.term, body }, env);
            }
            Body::Appended { log, .. } if !self.rules.keeps(Rule::FreshAcknowledgements) => {
                self.on_appended(from, 0, *log, env);
            }
            Body::Voted { .. } => env.note("raft.stale-vote", from.0.into(), term),
            _ => {}
        }
    }

    /// There is a later term.
    pub(super) fn adopt(&mut self, term: u64, env: &mut Env<'_>) {
        if self.leads() {
            let words = format_args!("term {} by term {term}", self.vote.term);
            env.note_with(notes::DEPOSED, self.vote.term, term, words);
        }
        self.vote = Vote { term, candidate: None };
        self.write_vote(env);
        self.waiting.push((self.vote_written, Waiting::Term(term)));
        self.step_down(env);
        self.leader = None;
        self.round = 0;
        self.release(env);
    }

    /// Writes the term and the vote, as far as the rules say so.
    pub(super) fn write_vote(&mut self, env: &mut Env<'_>) {
        if self.vote.candidate.is_some() || self.rules.keeps(Rule::TermPersisted) {
            self.vote_written = self.storage.vote(self.kept_vote(), env);
        }
    }

    /// What of the vote is written.
    pub(super) const fn kept_vote(&self) -> Vote {
        match self.rules.keeps(Rule::VotePersisted) {
            true => self.vote,
            false => Vote { candidate: None, ..self.vote },
        }
    }

    /// It is a follower from now on, of whomever. Who waits for a leader goes on waiting: candidates that nobody elects must
    /// not keep others from standing (§3.4).
    pub(super) fn step_down(&mut self, env: &mut Env<'_>) {
        let role = std::mem::replace(&mut self.role, Role::Follower);
        if let Role::Leader(leader) = role {
            env.cancel_timer(HEARTBEAT);
            self.counts.deposed += 1;
            self.leader = None;
            self.outputs.extend(leader.reads.into_iter().map(|read| Output::Unreadable(read.id)));
            self.outputs.push(Output::Deposed);
            self.wait_for_leader(env);
        }
    }

    /// Waits for a leader, for as long as is drawn (§3.4).
    pub(super) fn wait_for_leader(&mut self, env: &mut Env<'_>) {
        let shortest = self.config.election;
        let more = match self.rules.keeps(Rule::RandomTimeouts) {
            true => env.below(shortest.nanos().saturating_add(1)),
            false => shortest.nanos() / 2,
        };
        self.election_timeout = shortest + Duration::from_nanos(more);
        env.set_timer(ELECTION, self.election_timeout);
    }

    /// Says something of the term, when that is durable.
    pub(super) fn say(&mut self, to: NodeId, message: Message<'static>, env: &mut Env<'_>) {
        if self.storage.is_durable(self.vote_written) {
            env.send(to, &message);
        } else {
            self.waiting.push((self.vote_written, Waiting::Say(to, message)));
        }
    }

    /// Says and does what had to wait, as far as the disk has it.
    pub(super) fn release(&mut self, env: &mut Env<'_>) {
        let is_durable = |(write, _): &(WriteNumber, Waiting)| self.storage.is_durable(*write);
        if self.waiting.iter().any(is_durable) {
            let (durable, later) =
                std::mem::take(&mut self.waiting).into_iter().partition(is_durable);
            self.waiting = later;
            for (_, waiting) in durable {
                self.let_go(waiting, env);
            }
        }
        self.count(env);
    }

    fn let_go(&mut self, waiting: Waiting, env: &mut Env<'_>) {
        match waiting {
            Waiting::Say(to, message) => env.send(to, &message),
            Waiting::Grant(to, message) => {
                notes::note_granted(message.term, to, env);
                env.send(to, &message);
            }
            Waiting::Acknowledge(to, message) => {
                if message.term == self.vote.term {
                    env.send(to, &message);
                }
            }
            Waiting::Stand(term, campaign) => self.stand(term, campaign, env),
            Waiting::Term(term) => env.note_with(notes::TERM, term, 0, format_args!("{term}")),
        }
    }

    /// What is in force: the last configuration of the log, or else the snapshot's.
    pub(super) fn reconfigure(&mut self) {
        self.reconfigure_before(u64::MAX);
    }

    /// The same, as if the log ended before an entry.
    pub(super) fn reconfigure_before(&mut self, end: u64) {
        let last = self.log.configurations().find(|(at, _)| *at < end);
        (self.configured_at, self.configuration) = match last {
            Some((at, configuration)) => (at, configuration.clone()),
            None => (self.snapshot.last.index, self.snapshot.configuration.clone()),
        };
    }

    /// Notes entries from `first` on, and lets the configuration among them take effect.
    pub(super) fn appended(&mut self, first: u64, env: &mut Env<'_>) {
        let mut changes = false;
        for (at, entry) in (first..).zip(self.log.from(first, usize::MAX)) {
            notes::note_appended(at, entry, env);
            changes |= matches!(entry.payload, Payload::Configuration(_));
        }
        if changes {
            self.reconfigure();
            self.note_configured(env);
            self.track_members(env);
        }
        let entries = self.log.from(first, usize::MAX);
        self.storage.entries(first, entries, env);
    }

    pub(super) fn note_configured(&self, env: &mut Env<'_>) {
        notes::note_configured(self.configured_at, &self.configuration, env);
    }

    /// A message of this node's term.
    pub(super) const fn of_term<'a>(&self, body: Body<'a>) -> Message<'a> {
        Message { term: self.vote.term, body }
    }
}
