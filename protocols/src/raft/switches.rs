//! What can be left out of Raft, to see what it is good for.

use super::config::{Config, Rule, Rules};
use simlab_core::{Arguments, Switch};

/// Votes are not asked about beforehand.
const NO_PRE_VOTE: &str = "raft-no-pre-vote";
/// Leaders go on without a majority.
const NO_CHECK_QUORUM: &str = "raft-no-check-quorum";

/// The switches that leave out one rule each.
const RULES: [(&str, Rule); 21] = [
    ("raft-vote-not-persisted", Rule::VotePersisted),
    ("raft-term-not-persisted", Rule::TermPersisted),
    ("raft-acknowledge-before-sync", Rule::SyncBeforeAcknowledgement),
    ("raft-vote-without-log-check", Rule::VoteForUpToDate),
    ("raft-two-votes-in-a-term", Rule::OneVote),
    ("raft-commit-older-term", Rule::OwnTermCounted),
    ("raft-truncate-on-any-append", Rule::TruncateOnConflict),
    ("raft-apply-before-commit", Rule::ApplyCommitted),
    ("raft-stale-acknowledgement", Rule::FreshAcknowledgements),
    ("raft-quorum-of-half", Rule::Majority),
    ("raft-read-without-round", Rule::ReadRound),
    ("raft-lease-ignores-drift", Rule::LeaseDrift),
    ("raft-lease-kept-at-transfer", Rule::LeaseEndsAtTransfer),
    ("raft-change-before-commit", Rule::CommitBeforeChange),
    ("raft-two-changes", Rule::OneChange),
    ("raft-learner-counts", Rule::LearnersDoNotCount),
    ("raft-configuration-not-reverted", Rule::ConfigurationReverts),
    ("raft-snapshot-without-sessions", Rule::SnapshotHasSessions),
    ("raft-snapshot-without-configuration", Rule::SnapshotHasConfiguration),
    ("raft-snapshot-over-newer", Rule::SnapshotKeepsNewer),
    ("raft-no-randomness", Rule::RandomTimeouts),
];

/// The rules that are left by the switches of a run.
pub(super) fn rules(arguments: &Arguments<'_>) -> Rules {
    let off = RULES.iter().filter(|(name, _)| arguments.switched(name));
    off.fold(Rules::ALL, |rules, (_, rule)| rules.without(*rule))
}

/// How a node is set up by the switches of a run.
pub(super) fn config(config: Config, arguments: &Arguments<'_>) -> Config {
    Config {
        pre_vote: config.pre_vote && !arguments.switched(NO_PRE_VOTE),
        check_quorum: config.check_quorum && !arguments.switched(NO_CHECK_QUORUM),
        // A lease rests on it.
        leases: config.leases && !arguments.switched(NO_CHECK_QUORUM),
        ..config
    }
}

const fn switch(name: &'static str, breaks: &'static str, caught_by: &'static str) -> Switch {
    Switch { name, breaks, caught_by }
}

/// All of them, with what they break in Ongaro's dissertation (2014), and what must catch it.
pub(super) const SWITCHES: &[Switch] = &[
    switch(
        "raft-vote-not-persisted",
        "a vote is on the disk before it is told (Ongaro 2014, §3.8); a node that restarts could vote twice in a term",
        "one_vote",
    ),
    switch(
        "raft-term-not-persisted",
        "the term is on the disk before it is told (Ongaro 2014, §3.8)",
        "terms_grow",
    ),
    switch(
        "raft-acknowledge-before-sync",
        "entries are on the disk before they are acknowledged, the leader's own too (Ongaro 2014, §3.8, §10.2.1)",
        "leader_completeness",
    ),
    switch(
        "raft-vote-without-log-check",
        "a vote is for a log that is at least as up to date as the voter's (Ongaro 2014, §3.6.1)",
        "one_vote",
    ),
    switch(
        "raft-two-votes-in-a-term",
        "a node votes at most once in a term (Ongaro 2014, §3.4)",
        "one_vote",
    ),
    switch(
        "raft-commit-older-term",
        "only entries of the leader's own term are committed by counting (Ongaro 2014, §3.6.2, figure 3.7)",
        "leader_completeness",
    ),
    switch(
        "raft-truncate-on-any-append",
        "entries are taken away only if they conflict: an old message must not take back newer ones (Ongaro 2014, \
         §3.5, and figure 3.1, AppendEntries, step 3)",
        "commit_grows",
    ),
    switch(
        "raft-apply-before-commit",
        "only committed entries are applied (Ongaro 2014, §3.5)",
        "applied_is_committed",
    ),
    switch(
        "raft-stale-acknowledgement",
        "an answer counts in the term that it is of; that of an earlier leadership says nothing of the log of now \
         (Ongaro 2014, §3.3)",
        "leader_completeness",
    ),
    switch(
        "raft-quorum-of-half",
        "a quorum is a majority, so that any two share a node (Ongaro 2014, §3.4)",
        "one_leader",
    ),
    switch(
        "raft-read-without-round",
        "before it answers a read a leader hears from a majority that it still leads (Ongaro 2014, §6.4, step 3)",
        "linearizable",
    ),
    switch(
        "raft-lease-ignores-drift",
        "a lease is shorter than an election time-out by as much as clocks may drift (Ongaro 2014, §6.4.1)",
        "linearizable",
    ),
    switch(
        "raft-lease-kept-at-transfer",
        "who has told another to stand for election has no lease any more: the new leader does not wait for its end \
         (Ongaro 2014, §3.10, §6.4.1)",
        "linearizable",
    ),
    switch(
        "raft-change-before-commit",
        "a leader changes the cluster by one server only after it has committed an entry of its term (Ongaro 2014, \
         §4.2; raft-dev, 10 July 2015)",
        "leader_completeness",
    ),
    switch(
        "raft-two-changes",
        "the cluster does not change again before the last change is committed (Ongaro 2014, §4.2)",
        "leader_completeness",
    ),
    switch(
        "raft-learner-counts",
        "who has no vote is counted in no majority (Ongaro 2014, §4.2.1)",
        "leader_completeness",
    ),
    switch(
        "raft-configuration-not-reverted",
        "a configuration that is overwritten in the log is no longer in force (Ongaro 2014, §4.1)",
        "configuration_of_log",
    ),
    switch(
        "raft-snapshot-without-sessions",
        "sessions are part of the state machine, and so of its snapshot (Ongaro 2014, §6.3)",
        "same_state",
    ),
    switch(
        "raft-snapshot-without-configuration",
        "a snapshot has the configuration as of its last entry (Ongaro 2014, §5.1)",
        "configuration_of_log",
    ),
    switch(
        "raft-snapshot-over-newer",
        "a snapshot takes away no entries that are newer than it (Ongaro 2014, §5.1, figure 5.3, step 6)",
        "commit_grows",
    ),
    switch(
        "raft-no-randomness",
        "election time-outs are random, so that votes are seldom split (Ongaro 2014, §3.4)",
        "served_in_time",
    ),
    switch(
        NO_PRE_VOTE,
        "a node that would not be elected does not begin a term, and so deposes nobody (Ongaro 2014, §9.6)",
        "leader_stable",
    ),
    switch(
        NO_CHECK_QUORUM,
        "a leader that hears no majority steps down, and who hears a leader does not vote (Ongaro 2014, §6.2)",
        "progress_in_partition",
    ),
];
