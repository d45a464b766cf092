//! What nodes of Raft say of themselves in the trace: for checks, as numbers, and for people, in words.
//!
//! Of terms and votes a note is left when they are durable and others may know of them: what a crash takes back before was
//! never so. What becomes of the log and the state is noted as it happens, and all of the log again after a restart.

use super::configuration::Configuration;
use super::log::{Entry, Payload, Position};
use simlab_core::wire::Encode;
use simlab_core::{Digest, Env, NodeId};
use std::fmt;

/// What the names of all notes begin with.
pub(super) const PREFIX: &str = "raft.";

/// Numbers of a note hold a position, or a term and a node: `term << 40 | index`.
pub(super) const fn packed(term: u64, low: u64) -> u64 {
    term << 40 | low
}

/// What [`packed`] has put together.
pub(super) const fn unpacked(word: u64) -> Position {
    Position { term: word >> 40, index: word & ((1 << 40) - 1) }
}

/// The node has come up. `a`: the base of its log; `b`: its term. What its log has is noted again, as [`APPENDED`].
pub(super) const RECOVERED: &str = "raft.recovered";
/// What it remembers of its vote. `a`: the term and the candidate.
pub(super) const REMEMBERS: &str = "raft.remembers";
/// `a`: the term that the node has from now on.
pub(super) const TERM: &str = "raft.term";
/// `a`: the term that it stands for election in.
pub(super) const STANDS: &str = "raft.stands";
/// It will vote, when that is durable. `a`: the term and the candidate, `b`: where the candidate says that its log ends.
pub(super) const DECIDES: &str = "raft.decides";
/// A vote leaves. `a`: the term and the candidate.
pub(super) const GRANTED: &str = "raft.granted";
/// It does not vote for who asks, or says nothing. `a`: the term and the candidate.
const REFUSES: &str = "raft.refuses";
/// `a`: the term, `b`: where its log ends.
pub(super) const LEADS: &str = "raft.leads";
/// `a`: the term, `b`: whom it follows.
pub(super) const FOLLOWS: &str = "raft.follows";
/// A leader gives up, since there is a later term. `a`: its own, `b`: the later one.
pub(super) const DEPOSED: &str = "raft.deposed";
/// A leader steps down of its own accord. `a`: its term.
pub(super) const STEPS_DOWN: &str = "raft.steps-down";
/// `a`: the position of the entry, `b`: a digest of what it says.
pub(super) const APPENDED: &str = "raft.appended";
/// The entry has a configuration. `a`: its position, `b`: a digest of that.
pub(super) const CONFIGURATION: &str = "raft.configuration";
/// `a`: the first entry that is gone.
pub(super) const TRUNCATED: &str = "raft.truncated";
/// `a`: how far, `b`: the node's term.
pub(super) const COMMITTED: &str = "raft.committed";
/// `a`: the entry, `b`: a digest of the state that it leads to.
pub(super) const APPLIED: &str = "raft.applied";
/// A snapshot was taken. `a`: the position of its last entry.
pub(super) const SNAPSHOT: &str = "raft.snapshot";
/// A leader's snapshot is in place. `a`: the position of its last entry.
pub(super) const INSTALLED: &str = "raft.installed";
/// How many vote by the configuration in force, who are told next. `a`: voters, `b`: outgoing ones.
pub(super) const VOTERS: &str = "raft.voters";
/// Who is one of them. `a`: the node, `b`: 1 if it is an outgoing one, else 0.
pub(super) const VOTER: &str = "raft.voter";
/// A configuration is in force. `a`: its entry's index, `b`: a digest of it.
pub(super) const CONFIGURED: &str = "raft.configured";
/// A leader has told another to stand for election. `a`: the term, `b`: whom.
pub(super) const TRANSFERS: &str = "raft.transfers";

/// A digest of a configuration.
pub(super) fn digest(configuration: &Configuration) -> u64 {
    Digest::of(&configuration.to_bytes())
}

pub(super) fn note_configured(index: u64, configuration: &Configuration, env: &mut Env<'_>) {
    env.note_with(CONFIGURED, index, digest(configuration), configuration);
    let Configuration { voters, outgoing, .. } = configuration;
    let outgoing = outgoing.iter().flatten();
    env.note(VOTERS, voters.len() as u64, outgoing.clone().count() as u64);
    for (node, half) in voters.iter().map(|node| (node, 0)).chain(outgoing.map(|node| (node, 1))) {
        env.note(VOTER, node.0.into(), half);
    }
}

pub(super) fn note_appended(index: u64, entry: &Entry, env: &mut Env<'_>) {
    let word = packed(entry.term, index);
    let term = entry.term;
    match &entry.payload {
        Payload::Nothing => {
            env.note_with(APPENDED, word, 0, format_args!("{term}.{index}: nothing"));
        }
        Payload::Command(command) => {
            env.note_with(APPENDED, word, Digest::of(command), format_args!("{term}.{index}"));
        }
        Payload::Configuration(configuration) => {
            let digest = digest(configuration);
            env.note_with(APPENDED, word, digest, format_args!("{term}.{index}: {configuration}"));
            env.note(CONFIGURATION, word, digest);
        }
    }
}

pub(super) fn note_decides(term: u64, candidate: NodeId, last: Position, env: &mut Env<'_>) {
    let a = packed(term, candidate.0.into());
    let b = packed(last.term, last.index);
    env.note_with(DECIDES, a, b, format_args!("to vote for {candidate} in term {term}"));
}

pub(super) fn note_refuses(
    term: u64,
    candidate: NodeId,
    why: &dyn fmt::Display,
    env: &mut Env<'_>,
) {
    let words = format_args!("{candidate} in term {term}: {why}");
    env.note_with(REFUSES, packed(term, candidate.0.into()), 0, words);
}

pub(super) fn note_granted(term: u64, candidate: NodeId, env: &mut Env<'_>) {
    let a = packed(term, candidate.0.into());
    env.note_with(GRANTED, a, 0, format_args!("its vote in term {term} to {candidate}"));
}
