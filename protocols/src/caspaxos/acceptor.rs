//! The acceptor: what it promises and accepts is on its disk before anybody hears of it.
//!
//! A key's file is small and replaced as a whole. A replacement is atomic, so a crash leaves the old
//! register or the new one, never a torn one, and a file that cannot be decoded is one that the disk
//! has damaged: then, and after a failed sync, the node halts, since to be silent is always safe. What
//! waited for the failed sync dies with the process.

use super::message::{self, Message, Vote};
use super::{Ballot, goals, invariant};
use crate::named::named;
use simlab_core::wire::{Decode, Encode, Reader, WireError};
use simlab_core::{DiskError, Env, Gate, Goal, NodeId, Ticket};
use std::collections::BTreeMap;
use std::fmt;

/// The files of the acceptor: one for each key.
const FILES: &str = "register/";

/// What an acceptor knows about one key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Register {
    /// It accepts nothing below this ballot.
    pub promise: Ballot,
    /// What it accepted last. Its ballot is never above `promise`.
    pub accepted: Option<Vote<Vec<u8>>>,
    /// The sync that makes the above durable.
    written: Ticket,
}

impl Default for Register {
    fn default() -> Self {
        Register { promise: Ballot::ZERO, accepted: None, written: Ticket(0) }
    }
}

impl Register {
    /// What it accepted, with no promise but that which is in it.
    fn without_promise(&self) -> Self {
        let promise = self.accepted.as_ref().map_or(Ballot::ZERO, |vote| vote.ballot);
        Register { promise, ..self.clone() }
    }
}

/// On disk: the promise and the vote, written together, so that one can never be without the other.
impl Encode for Register {
    fn encode(&self, out: &mut Vec<u8>) {
        self.promise.encode(out);
        message::put_vote(out, self.accepted.as_ref());
    }
}

impl Decode<'_> for Register {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let promise = Ballot::decode(reader)?;
        let accepted = message::vote(reader)?.map(|vote| vote.kept());
        if accepted.as_ref().is_some_and(|vote| vote.ballot > promise) {
            return Err(WireError::Range("accepted ballot"));
        }
        Ok(Register { promise, accepted, written: Ticket(0) })
    }
}

/// An answer of the acceptor, owned, since it may have to wait for a sync.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reply {
    pub(super) to: NodeId,
    pub(super) key: String,
    answer: Answer,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Answer {
    Promise { ballot: Ballot, accepted: Option<Vote<Vec<u8>>> },
    Accepted(Vote<Vec<u8>>),
    Nack { ballot: Ballot, promised: Ballot },
    State { number: u64, accepted: Option<Vote<Vec<u8>>> },
}

impl Reply {
    /// The answer as a message.
    pub(super) fn message(&self) -> Message<'_> {
        match &self.answer {
            Answer::Promise { ballot, accepted } => Message::Promise {
                ballot: *ballot,
                accepted: accepted.as_ref().map(Vote::<Vec<u8>>::borrowed),
            },
            Answer::Accepted(vote) => Message::Accepted { ballot: vote.ballot },
            Answer::Nack { ballot, promised } => {
                Message::Nack { ballot: *ballot, promised: *promised }
            }
            Answer::State { number, accepted } => Message::State {
                number: *number,
                accepted: accepted.as_ref().map(Vote::<Vec<u8>>::borrowed),
            },
        }
    }
}

/// Why an acceptor cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// The disk failed to read.
    Disk(DiskError),
    /// A file is not what the acceptor wrote.
    File(WireError),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Disk(e) => e.fmt(f),
            Broken::File(e) => e.fmt(f),
        }
    }
}

/// The acceptor of all keys on one node.
///
/// Each method returns the answers that may leave at once; the others wait in the gate for their
/// sync and come out of [`Acceptor::on_synced`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Acceptor {
    registers: BTreeMap<String, Register>,
    gate: Gate<Reply>,
    /// The sync that this life began with: what was written under it is of an earlier life.
    began: Ticket,
    /// The newest sync that was asked for.
    asked: Ticket,
    /// The newest sync that is done; they come back in order.
    synced: Ticket,
    me: NodeId,
    /// Whether it answers others before what it tells is durable: a switch.
    pub(super) early: bool,
    /// Whether its promises are not in what it writes: a switch.
    pub(super) forgetful: bool,
    /// Whether it accepts what is below its promise: a switch.
    pub(super) lax: bool,
}

impl Acceptor {
    pub(super) const fn new(me: NodeId) -> Self {
        Acceptor {
            registers: BTreeMap::new(),
            gate: Gate::new(),
            began: Ticket(0),
            asked: Ticket(0),
            synced: Ticket(0),
            me,
            early: false,
            forgetful: false,
            lax: false,
        }
    }

    /// The registers, by key.
    pub(super) fn registers(&self) -> impl Iterator<Item = (&str, &Register)> {
        self.registers.iter().map(|(key, register)| (key.as_str(), register))
    }

    /// What it promised for `key`.
    pub(super) fn promise(&self, key: &str) -> Ballot {
        self.registers.get(key).map_or(Ballot::ZERO, |register| register.promise)
    }

    /// How many answers wait for a sync.
    pub(super) fn waiting(&self) -> usize {
        self.gate.len()
    }

    /// Reads back what an earlier life left, and asks for a sync.
    ///
    /// The sync makes durable whatever an earlier life wrote and did not live to see synced: what
    /// can be read after a crash need not be what the next crash leaves. No answer leaves before it.
    pub(super) fn start(&mut self, env: &mut Env<'_>) -> Result<(), Broken> {
        self.asked = env.sync();
        self.began = self.asked;
        for file in env.list(FILES) {
            let Some(bytes) = env.read(&file).map_err(Broken::Disk)? else { continue };
            let mut register = Register::from_bytes(bytes).map_err(Broken::File)?;
            register.written = self.asked;
            let key = &file[FILES.len()..];
            invariant::note_promise(key, register.promise, env);
            if let Some(vote) = &register.accepted {
                invariant::note_vote(key, vote, env);
            }
            self.registers.insert(key.to_owned(), register);
        }
        Ok(())
    }

    /// §2.2: "Returns a conflict if it already saw a greater ballot number. Persists the ballot
    /// number as a promise and returns a confirmation with […] a tuple of an accepted value and its
    /// ballot number."
    ///
    /// The same ballot again is the same proposer's repetition, whose first answer may be lost, and
    /// is answered again; but never once a value was accepted under that ballot: then the proposer
    /// is past its prepare phase, and this copy came late.
    pub(super) fn on_prepare(
        &mut self,
        from: NodeId,
        key: &str,
        ballot: Ballot,
        env: &mut Env<'_>,
    ) -> Option<Reply> {
        let promised = self.promise(key);
        if ballot < promised {
            self.note_kept(key, goals::KEPT_PROMISE, env);
            return Some(nack(from, key, ballot, promised));
        }
        let register = named(&mut self.registers, key);
        if register.accepted.as_ref().is_some_and(|vote| vote.ballot == ballot) {
            env.note("late prepare", ballot.word(), from.0.into());
            return None;
        }
        let accepted = register.accepted.clone();
        if accepted.is_some() && from != self.me {
            self.note_kept(key, goals::KEPT_VOTE, env);
        }
        if ballot > promised {
            named(&mut self.registers, key).promise = ballot;
            self.write(key, env);
        }
        self.when_durable(key, Reply::new(from, key, Answer::Promise { ballot, accepted }))
    }

    /// §2.2: "Returns a conflict if it already saw a greater ballot number. Erases the promise,
    /// marks the received tuple (ballot number, value) as the accepted value and returns a
    /// confirmation." The promise is not erased but raised to the ballot: a repeated prepare of it
    /// must not find the way open again.
    pub(super) fn on_accept(
        &mut self,
        from: NodeId,
        key: &str,
        vote: Vote<&[u8]>,
        env: &mut Env<'_>,
    ) -> Option<Reply> {
        let promised = self.promise(key);
        let register = named(&mut self.registers, key);
        match &register.accepted {
            // It has accepted this already. To say so again is true whatever it promised since, and
            // spares a proposer or a reader whose answer was lost another round.
            Some(old) if old.ballot == vote.ballot => {
                if old.value != vote.value {
                    env.note("two values under one ballot", vote.ballot.word(), from.0.into());
                    return None;
                }
            }
            _ if vote.ballot < promised && !self.lax => {
                self.note_kept(key, goals::KEPT_PROMISE, env);
                return Some(nack(from, key, vote.ballot, promised));
            }
            _ => {
                register.promise = promised.max(vote.ballot);
                register.accepted = Some(vote.kept());
                self.write(key, env);
            }
        }
        self.when_durable(key, Reply::new(from, key, Answer::Accepted(vote.kept())))
    }

    /// Tells a reader what it accepted last. This promises nothing and writes nothing, but what is
    /// told must be durable: a vote that a crash can take back is no vote.
    pub(super) fn on_read(&mut self, from: NodeId, key: &str, number: u64) -> Option<Reply> {
        let register = self.registers.get(key);
        let accepted = register.and_then(|register| register.accepted.clone());
        self.when_durable(key, Reply::new(from, key, Answer::State { number, accepted }))
    }

    /// Lets go what `ticket` makes durable.
    pub(super) fn on_synced(&mut self, ticket: Ticket, env: &mut Env<'_>) -> Vec<Reply> {
        self.synced = ticket;
        let replies: Vec<Reply> = std::iter::from_fn(|| self.gate.open(ticket)).collect();
        for reply in &replies {
            match &reply.answer {
                Answer::Promise { ballot, .. } => invariant::note_promise(&reply.key, *ballot, env),
                Answer::Accepted(vote) => invariant::note_vote(&reply.key, vote, env),
                Answer::Nack { .. } | Answer::State { .. } => {}
            }
        }
        replies
    }

    /// Says that a goal is reached if what the acceptor knows of `key` is from an earlier life.
    fn note_kept(&self, key: &str, goal: Goal, env: &mut Env<'_>) {
        if self.registers.get(key).is_some_and(|register| register.written == self.began) {
            env.reached(goal);
        }
    }

    fn write(&mut self, key: &str, env: &mut Env<'_>) {
        let Some(register) = self.registers.get_mut(key) else { return };
        let file = [FILES, key].concat();
        if self.forgetful {
            env.replace(&file, &register.without_promise());
        } else {
            env.replace(&file, register);
        }
        self.asked = env.sync();
        register.written = self.asked;
    }

    fn is_durable(&self, key: &str) -> bool {
        self.registers.get(key).is_none_or(|register| register.written <= self.synced)
    }

    /// Returns the answer if all that it tells is durable, else holds it. It then waits for the
    /// newest sync, which may be another key's: that one comes at the same time or soon after.
    fn when_durable(&mut self, key: &str, reply: Reply) -> Option<Reply> {
        // The switch leaves the own proposer out: to that nothing is acknowledged, and as long as it
        // waits no ballot is used for two values, which would be another rule.
        if self.is_durable(key) || self.early && reply.to != self.me {
            return Some(reply);
        }
        self.gate.hold(self.asked, reply);
        None
    }
}

/// A refusal waits for no sync: it commits the acceptor to nothing.
fn nack(to: NodeId, key: &str, ballot: Ballot, promised: Ballot) -> Reply {
    Reply::new(to, key, Answer::Nack { ballot, promised })
}

impl Reply {
    fn new(to: NodeId, key: &str, answer: Answer) -> Self {
        Reply { to, key: key.to_owned(), answer }
    }
}
