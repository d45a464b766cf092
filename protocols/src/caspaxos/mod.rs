//! **CASPaxos** (Denis Rystsov, "CASPaxos: Replicated State Machines without logs", 2018), a
//! register for each key, replicated over a majority.
//!
//! ```text
//!  proposer (any node)             acceptors (all nodes)
//!     │── prepare b ──────────────────▶ │ promise b: accept nothing below
//!     │◀───────── promise b, (b', v') ──│ durable first
//!     │  majority: v = value under the highest b'
//!     │  parent: v → f(v)               │
//!     │── accept b, f(v) ─────────────▶ │ accept unless promised more
//!     │◀────────────────── accepted b ──│ durable first
//!     │  majority: f(v) is chosen       │
//! ```
//!
//! Each key has its own ballots, so that keys never wait for each other. There is no log and no
//! leader: a change is a round, and rounds on one key follow one another, each from the value that
//! the one before left.
//!
//! [`CasPaxos`] is a component: the parent hands it [`Event`]s, and acts on the [`Decision`]s that
//! come back. Values are opaque bytes. Its parts: [`Ballot`], messages, the *acceptor* with its
//! disk, the *proposer* with its rounds, the *reader*, and two invariants. A [`Rule`] of it can be left
//! out.
//!
//! What is *absent*: changing the members (§2.3), deleting keys (§3.1), and the one-round-trip
//! optimization, by which an accept carries the promise for the next ballot (§2.2.1).

mod acceptor;
mod ballot;
pub(crate) mod dissect;
pub mod goals;
mod invariant;
mod message;
mod proposer;
mod quorum;
mod reader;
mod rule;

pub use acceptor::Register;
pub use ballot::Ballot;
pub use invariant::INVARIANTS;
pub use message::{KEY_MAX, Message, Packet, Vote};
pub use quorum::Group;
pub use rule::Rule;

use acceptor::{Acceptor, Reply};
use proposer::Proposer;
use reader::{Again, Reader, Step};
use simlab_core::wire::Decode;
use simlab_core::{Duration, Env, Event, NodeId};
use std::collections::VecDeque;

/// What the component tells its parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A majority has promised; the parent answers with [`CasPaxos::accept`] before it returns. If it
    /// has nothing to change it gives the value back as it is: a read that cannot get on asks for
    /// such a round.
    Prepared {
        /// The key of the round.
        key: String,
        /// The value to change; `None` if there was never one.
        value: Option<Vec<u8>>,
    },
    /// The value that the parent gave is chosen, and the round over.
    Chosen {
        /// The key of the round.
        key: String,
    },
    /// A read is done.
    Read {
        /// What [`CasPaxos::read`] returned.
        number: u64,
        /// The value; `None` if there was never one.
        value: Option<Vec<u8>>,
    },
}

/// One node's part in CASPaxos: acceptor, proposer and reader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CasPaxos {
    group: Group,
    acceptor: Acceptor,
    proposer: Proposer,
    reader: Reader,
    /// Names for rounds and reads that no earlier life has used: a state that answers a read of an
    /// earlier life is too old for one of this life.
    next: u64,
}

/// How many rounds and reads a life may begin before its numbers run into the next one's.
const NUMBERS_OF_A_LIFE: u64 = 1 << 40;

impl CasPaxos {
    /// The part of `group.me`. What is not answered is said again every `retransmit`; after a refusal
    /// it waits at random, at first up to `backoff`.
    #[must_use]
    pub fn new(group: Group, retransmit: Duration, backoff: Duration) -> Self {
        CasPaxos {
            acceptor: Acceptor::new(group.me),
            proposer: Proposer::new(group.clone(), retransmit, backoff),
            reader: Reader::new(group.clone(), retransmit, backoff),
            group,
            next: 0,
        }
    }

    /// Leaves a rule out, to see what is lost then.
    #[must_use]
    pub fn without(mut self, rule: Rule) -> Self {
        match rule {
            Rule::DurableFirst => self.acceptor.early = true,
            Rule::KeptPromise => self.acceptor.forgetful = true,
            Rule::Refusal => self.acceptor.lax = true,
            Rule::Majority => self.groups(|group| group.halves = true),
            Rule::OwnBallot => self.groups(|group| group.anonymous = true),
            Rule::CompleteRead => self.reader.incomplete = true,
        }
        self
    }

    /// Changes the group as each part sees it.
    fn groups(&mut self, change: impl Fn(&mut Group)) {
        change(&mut self.group);
        change(&mut self.proposer.group);
        change(&mut self.reader.group);
    }

    /// Handles an event that the parent peeled, or [`Event::Start`].
    pub fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Vec<Decision> {
        match event {
            Event::Start => {
                self.start(env);
                Vec::new()
            }
            Event::Datagram { from, bytes } => match Packet::from_bytes(bytes) {
                Ok(packet) if self.group.contains(from) => self.on_packet(from, packet, env),
                Ok(_) => {
                    env.note("stranger", from.0.into(), 0);
                    Vec::new()
                }
                Err(_) => {
                    env.note("bad datagram", from.0.into(), bytes.len() as u64);
                    Vec::new()
                }
            },
            Event::Timer { key: timer, .. } => self.on_timer(timer, env),
            Event::Synced { ticket, result: Ok(()), .. } => {
                let replies = self.acceptor.on_synced(ticket, env);
                self.deliver(replies, env)
            }
            // After a failed sync nobody knows what is on the disk. To stop is always safe.
            Event::Synced { ticket, result: Err(_), .. } => {
                env.note("sync failed", ticket.0, 0);
                env.halt();
                Vec::new()
            }
            Event::Command { .. } => Vec::new(),
        }
    }

    /// Rounds and reads have numbers that those of an earlier life had not.
    fn start(&mut self, env: &mut Env<'_>) {
        match self.acceptor.start(env) {
            Ok(()) => self.next = u64::from(env.life()).wrapping_mul(NUMBERS_OF_A_LIFE),
            // An acceptor that has forgotten a promise must never answer again.
            Err(_) => {
                env.note("disk unreadable", 0, 0);
                env.halt();
            }
        }
    }

    fn on_packet(&mut self, from: NodeId, packet: Packet<'_>, env: &mut Env<'_>) -> Vec<Decision> {
        let reply = match (packet.key, packet.message) {
            (key, Message::Prepare { ballot }) => {
                if ballot.node != self.group.named(from) {
                    // A ballot is its proposer's alone; this one was damaged on its way.
                    env.note("foreign ballot", ballot.word(), from.0.into());
                    return Vec::new();
                }
                self.acceptor.on_prepare(from, key, ballot, env)
            }
            (key, Message::Accept(vote)) => self.acceptor.on_accept(from, key, vote, env),
            (key, Message::Read { number }) => self.acceptor.on_read(from, key, number),
            (key, answer) => {
                let (decisions, replies) = self.on_answer(from, key, answer, env);
                return decisions.into_iter().chain(self.deliver(replies, env)).collect();
            }
        };
        self.deliver(reply, env)
    }

    /// An acceptor's answer, of the own one or of another.
    fn on_answer(
        &mut self,
        from: NodeId,
        key: &str,
        answer: Message<'_>,
        env: &mut Env<'_>,
    ) -> (Vec<Decision>, Option<Reply>) {
        match answer {
            Message::Promise { ballot, accepted } => {
                (Vec::from_iter(self.proposer.on_promise(from, key, ballot, accepted)), None)
            }
            // A vote is a fact about a ballot: it counts for the round and for every read that
            // wants this ballot chosen.
            Message::Accepted { ballot } => {
                let mut decisions = self.reader.on_accepted(from, key, ballot, env);
                if let Some(chosen) = self.proposer.on_accepted(from, key, ballot, env) {
                    self.reader.on_chosen(key, env);
                    decisions.push(chosen);
                }
                (decisions, None)
            }
            Message::Nack { ballot, promised } => {
                self.proposer.on_nack(key, ballot, promised, env);
                if self.reader.on_nack(from, key, ballot, promised, env) {
                    self.propose_for_read(key, promised, env);
                }
                (Vec::new(), None)
            }
            Message::State { number, accepted } => {
                match self.reader.on_state(from, key, number, accepted, env) {
                    None => (Vec::new(), None),
                    Some(Step::Done(decision)) => (vec![decision], None),
                    Some(Step::WriteBack(key, vote)) => {
                        let me = self.group.me;
                        (Vec::new(), self.acceptor.on_accept(me, &key, vote.borrowed(), env))
                    }
                }
            }
            Message::Prepare { .. } | Message::Accept(_) | Message::Read { .. } => {
                (Vec::new(), None)
            }
        }
    }

    /// Sends answers of the own acceptor; those to this node itself are handled at once.
    fn deliver(
        &mut self,
        replies: impl IntoIterator<Item = Reply>,
        env: &mut Env<'_>,
    ) -> Vec<Decision> {
        let mut replies = replies.into_iter();
        let mut later = VecDeque::new();
        let mut decisions = Vec::new();
        while let Some(reply) = replies.next().or_else(|| later.pop_front()) {
            if reply.to == self.group.me {
                let (more, next) = self.on_answer(reply.to, &reply.key, reply.message(), env);
                decisions.extend(more);
                later.extend(next);
            } else {
                env.send(reply.to, &Packet { key: &reply.key, message: reply.message() });
            }
        }
        decisions
    }

    fn on_timer(&mut self, timer: u64, env: &mut Env<'_>) -> Vec<Decision> {
        if let Some(key) = self.proposer.on_timer(timer, env) {
            self.prepare(&key, env);
        }
        let Some(Again { key, stuck }) = self.reader.on_timer(timer, env) else {
            return Vec::new();
        };
        if let Some(promise) = stuck {
            self.propose_for_read(&key, promise, env);
        }
        self.ask_myself(&key, timer, env)
    }

    /// A read cannot get past this promise, and nobody seems to be behind it any more.
    fn propose_for_read(&mut self, key: &str, promise: Ballot, env: &mut Env<'_>) {
        let words = format_args!("promise {promise} stands in its way");
        env.note_with("read asks for a round", promise.word(), promise.node.0.into(), words);
        env.reached(goals::READ_ASKED);
        self.propose(key, env);
    }

    /// Begins a round on `key`, unless one is under way.
    pub fn propose(&mut self, key: &str, env: &mut Env<'_>) {
        self.next += 1;
        if self.proposer.begin(key, self.next) {
            self.prepare(key, env);
        }
    }

    /// The own acceptor is asked by a call. It always has to write, so its answer waits for a sync
    /// and nothing is decided here.
    fn prepare(&mut self, key: &str, env: &mut Env<'_>) {
        let promise = self.acceptor.promise(key);
        if let Some(ballot) = self.proposer.prepare(key, promise, env) {
            let answer = self.acceptor.on_prepare(self.group.me, key, ballot, env);
            assert_eq!(answer, None, "a promise waits for its sync");
        }
    }

    /// Proposes `value`, changed from what [`Decision::Prepared`] gave, under the round's ballot.
    pub fn accept(&mut self, key: &str, value: &[u8], env: &mut Env<'_>) -> Vec<Decision> {
        let ballot = self.proposer.accept(key, value, env);
        let answer = self.acceptor.on_accept(self.group.me, key, Vote { ballot, value }, env);
        self.deliver(answer, env)
    }

    /// Ends the round on `key`, if there is one. What was sent for it may still take effect.
    pub fn abandon(&mut self, key: &str, env: &mut Env<'_>) {
        self.proposer.abandon(key, env);
    }

    /// Begins a read and returns its number. It may be done at once if this node is alone.
    pub fn read(&mut self, key: &str, env: &mut Env<'_>) -> (u64, Vec<Decision>) {
        self.next += 1;
        let number = self.next;
        self.reader.begin(number, key, env);
        (number, self.ask_myself(key, number, env))
    }

    fn ask_myself(&mut self, key: &str, number: u64, env: &mut Env<'_>) -> Vec<Decision> {
        let answer = self.acceptor.on_read(self.group.me, key, number);
        self.deliver(answer, env)
    }

    /// Gives a read up.
    pub fn abandon_read(&mut self, number: u64, env: &mut Env<'_>) {
        self.reader.abandon(number, env);
    }

    /// What this node's acceptor holds, by key.
    pub fn registers(&self) -> impl Iterator<Item = (&str, &Register)> {
        self.acceptor.registers()
    }

    /// What the round on `key` waits for, in words; `None` if there is none.
    #[must_use]
    pub fn progress(&self, key: &str) -> Option<String> {
        self.proposer.progress(key)
    }

    /// What a read waits for, in words; `None` if it is over.
    #[must_use]
    pub fn read_progress(&self, number: u64) -> Option<String> {
        self.reader.progress(number)
    }

    /// How many acceptors there are.
    #[must_use]
    pub fn members(&self) -> usize {
        self.group.size()
    }

    /// How many answers of the acceptor wait for a sync.
    #[must_use]
    pub fn unsynced(&self) -> usize {
        self.acceptor.waiting()
    }
}
