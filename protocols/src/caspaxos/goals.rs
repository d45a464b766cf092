//! What a sweep over CASPaxos must have visited: the states for which its rules are there.
//!
//! A goal wants about twenty times as many seeds as reach it once in the mean under `kv_storm`: then chance
//! alone fails one sweep in 500 million (e^-20).

use simlab_core::Goal;

/// A round was chosen that went on from another proposer's vote which not all of its majority had.
pub const FINISHED: Goal = Goal::new(
    "finished-anothers-write",
    "a proposer found another's write on a part of its majority only, and finished it",
)
.seeds_min(50);

/// A round was chosen after a refusal.
pub const OUTBID: Goal = Goal::new(
    "refused-then-chosen",
    "a proposer was refused, tried again under a higher ballot, and was chosen",
)
.seeds_min(100);

/// A read was answered after it wrote back.
pub const READ_COMPLETED: Goal = Goal::new(
    "read-completed-a-write",
    "a read found replicas at odds, wrote the highest vote back to a majority, and answered",
)
.seeds_min(25);

/// A read asked for a round.
pub const READ_ASKED: Goal = Goal::new(
    "read-asked-for-a-round",
    "a read could not get past a promise that nobody used, and asked for a round",
)
.seeds_min(20_000);

/// A ballot was refused by a promise of an earlier life.
pub const KEPT_PROMISE: Goal = Goal::new(
    "promise-kept-over-a-crash",
    "a node restarted with a promise on its disk, and refused a lower ballot because of it",
)
.seeds_min(1_500);

/// A proposer was told of a vote of an earlier life.
pub const KEPT_VOTE: Goal = Goal::new(
    "vote-kept-over-a-crash",
    "a node restarted with a vote on its disk, and told another node's proposer of it",
)
.seeds_min(50);
