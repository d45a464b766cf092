//! What a sweep over Raft must have visited: the states for which its rules are there. Each is asked of
//! some twenty times as many seeds as reach it once in the mean, in one variant of `raft_storm`.

use simlab_core::Goal;

/// Entries of a leader were overwritten.
pub(super) const OVERWRITTEN: Goal = Goal::new(
    "deposed-leader-overwritten",
    "a deposed leader's entries that were not committed were overwritten by its successor's",
)
.seeds_min(100);
/// A configuration was taken back.
pub(super) const CONFIGURATION_REVERTED: Goal = Goal::new(
    "configuration-reverted",
    "a configuration was in force, and reverted when its entry was overwritten",
)
.seeds_min(200);
/// A follower whose log conflicts is sent a snapshot.
pub(super) const SNAPSHOT_FOR_CONFLICT: Goal = Goal::new(
    "snapshot-for-conflict",
    "a follower whose log conflicts needed what is compacted, and was sent a snapshot",
)
.seeds_min(1_500);
/// A snapshot is of a joint configuration.
pub(super) const SNAPSHOT_OF_JOINT: Goal = Goal::new(
    "snapshot-of-joint",
    "a snapshot was taken while the cluster was in a joint configuration",
)
.seeds_min(50);
/// A leader removes itself.
pub(super) const REMOVED_LEADER: Goal = Goal::new(
    "removed-leader",
    "a leader that is not in the new configuration committed it, and stepped down",
)
.seeds_min(50);
/// A transfer of leadership fails.
pub(super) const TRANSFER_FAILED: Goal = Goal::new(
    "transfer-failed",
    "a leader gave way to another, nothing came of it, and it went on",
)
.seeds_min(50);
/// An election within a heart-beat.
pub(super) const QUICK_ELECTION: Goal = Goal::new(
    "quick-election",
    "a follower stood for election within a heart-beat, since its leader gave way",
)
.seeds_min(25);
/// A read is answered after a change of leaders.
pub(super) const READ_AFTER_CHANGE: Goal = Goal::new(
    "read-after-change",
    "a new leader was asked for a read before it knew what its predecessor had committed, and answered it when it did",
).seeds_min(25);
/// A session ends.
pub(super) const SESSION_EXPIRED: Goal =
    Goal::new("session-expired", "a client's session ended since it was not used").seeds_min(25);
/// A vote is refused.
pub(super) const VOTE_DENIED: Goal =
    Goal::new("vote-denied", "a candidate was refused a vote in its own term").seeds_min(50);
/// A write comes twice.
pub(super) const SECOND_COPY: Goal = Goal::new(
    "second-copy-known",
    "a write was in the log twice, and its session knew the second one",
)
.seeds_min(25);

/// What a sweep of a storm over the service must have visited.
pub(super) const GOALS: &[Goal] = &[
    OVERWRITTEN,
    CONFIGURATION_REVERTED,
    SNAPSHOT_FOR_CONFLICT,
    SNAPSHOT_OF_JOINT,
    REMOVED_LEADER,
    TRANSFER_FAILED,
    QUICK_ELECTION,
    READ_AFTER_CHANGE,
    SESSION_EXPIRED,
    VOTE_DENIED,
    SECOND_COPY,
];
