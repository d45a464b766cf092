//! The rules of which each can be left out, to see what it is good for.

/// A rule of the protocol. A run that leaves one out has a switch on; [`CasPaxos::without`] turns it.
///
/// [`CasPaxos::without`]: super::CasPaxos::without
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// An acceptor answers others only when what it tells is durable (§2.2). Without it, a crash takes
    /// back what others count on.
    DurableFirst,
    /// A promise is part of what is durable (§2.2). Without it the file holds what was accepted and
    /// nothing else, so that a crash frees the acceptor from all it promised since.
    KeptPromise,
    /// An acceptor refuses what is below its promise (§2.2). Without it, it accepts whatever comes, and
    /// an old value replaces a newer one.
    Refusal,
    /// Any two quorums share an acceptor (§2.2). Without it, half of the acceptors, rounded down, are
    /// enough, and two halves need not meet.
    Majority,
    /// A ballot tells its proposer (§2.1). Without it, two proposers may use the same one, each for a
    /// value of its own.
    OwnBallot,
    /// A read of differing answers completes the highest vote before it tells it (Attiya, Bar-Noy and
    /// Dolev 1995, §3). Without it, the next read may miss that vote.
    CompleteRead,
}
