//! What a node tells the one that it is a part of.

use super::log::Position;
use simlab_core::NodeId;

/// What its parent is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Output<A> {
    /// A command is applied, and this came of it.
    Applied {
        /// Where it is.
        at: Position,
        /// What came of it.
        answer: A,
    },
    /// A configuration is committed.
    Configured {
        /// Where it is.
        at: Position,
        /// Whether another follows of itself.
        joint: bool,
    },
    /// What the state machine has now may be answered to the read of this number.
    Readable(u64),
    /// The read of this number is not answered here.
    Unreadable(u64),
    /// It is no longer leader: of what it has proposed and is not applied it does not know what becomes.
    Deposed,
}

/// Why something cannot be asked of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refused {
    /// It is not the leader; perhaps this one is.
    NotLeader(Option<NodeId>),
    /// It is about to give way to another leader.
    GivingWay(NodeId),
    /// It has not committed anything in its term yet (§4.2, the bug of 2015).
    TooEarly,
    /// The cluster is changing already.
    Changing,
    /// That is no configuration to change to: nobody votes, somebody is voter and learner, or no node of that number is there.
    NoConfiguration,
    /// More than one voter comes or goes, and that needs a joint configuration (§4.2).
    NotOneStep,
    /// That one has no vote.
    NoVote(NodeId),
    /// That one leads already.
    Leads(NodeId),
    /// There is no term after this one.
    LastTerm,
    /// A learner that is to vote has not got the log yet.
    Behind(NodeId),
    /// It hears a leader, and does not stand against it.
    HearsLeader,
    /// It was down lately, and does not know what leader it heard before.
    WasDown,
}
