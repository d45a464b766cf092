//! The rules of the shops that a run can leave out, to see what each is good for.
//!
//! Each switch is one `if` where its rule stands; this is the table of their names, of what they break,
//! and of the check that must catch them.

use crate::caspaxos::Rule;
use simlab_core::Switch;

/// A replica answers before what it tells is durable.
pub(super) const EARLY: &str = "acknowledge-before-sync";
/// The stock is checked before the round of a sale begins.
pub(super) const CHECK_OUTSIDE: &str = "check-outside-write";
/// The ledger does not say whose sales are in it.
pub(super) const FORGET_SALES: &str = "applied-sales-forgotten";
/// An entry is gossiped before it is durable.
pub(super) const GOSSIP_EARLY: &str = "gossip-before-sync";
/// What is heard replaces what is known.
pub(super) const OVERWRITE: &str = "gossip-overwrites";
/// A second copy of a request counts again.
pub(super) const COUNT_COPIES: &str = "retry-without-deduplication";

const KEPT_PROMISE: &str = "promise-not-persisted";
const REFUSAL: &str = "accept-below-promise";
const MAJORITY: &str = "quorum-of-half";
const OWN_BALLOT: &str = "ballots-without-node";
const COMPLETE_READ: &str = "read-without-completing";

/// The switches that leave out a rule of CASPaxos itself.
pub(super) const RULES: &[(&str, Rule)] = &[
    (EARLY, Rule::DurableFirst),
    (COMPLETE_READ, Rule::CompleteRead),
    (MAJORITY, Rule::Majority),
    (OWN_BALLOT, Rule::OwnBallot),
    (KEPT_PROMISE, Rule::KeptPromise),
    (REFUSAL, Rule::Refusal),
];

/// The switches of `shop-caspaxos`.
pub(super) const CASPAXOS: &[Switch] = &[
    Switch {
        name: EARLY,
        breaks: "an acceptor confirms to others only what is on its disk: it \"persists the ballot \
                 number as a promise and returns a confirmation\" (CASPaxos, §2.2)",
        caught_by: "conserved",
    },
    Switch {
        name: COMPLETE_READ,
        breaks: "a reader that got differing answers writes the highest back to a majority before it \
                 tells it; else the next reader may ask others, and go back in time (Attiya, Bar-Noy \
                 and Dolev 1995, §3)",
        caught_by: "linearizable",
    },
    Switch {
        name: MAJORITY,
        breaks: "a round takes F+1 of 2F+1 acceptors, so that any two rounds share one that tells the \
                 later of the earlier; two halves need not meet (CASPaxos, §2.2)",
        caught_by: "linearizable",
    },
    Switch {
        name: OWN_BALLOT,
        breaks: "a ballot carries its proposer's id, so that no two proposers use the same one for two \
                 values of which nobody can tell the newer (CASPaxos, §2.1)",
        caught_by: "linearizable",
    },
    Switch {
        name: KEPT_PROMISE,
        breaks: "an acceptor persists its promise; one that only remembers it forgets it in a crash, \
                 and then accepts what it had promised to refuse, or lets its own proposer use a \
                 ballot for a second value (CASPaxos, §2.2)",
        caught_by: "linearizable",
    },
    Switch {
        name: REFUSAL,
        breaks: "an acceptor \"returns a conflict if it already saw a greater ballot number\"; one that \
                 accepts all the same lets an old value replace a newer one (CASPaxos, §2.2)",
        caught_by: "linearizable",
    },
    Switch {
        name: CHECK_OUTSIDE,
        breaks: "a change is a function of the value that its own round has read, the check of the \
                 stock included; by the time of the write, what was read earlier may be sold (CASPaxos, \
                 §2.2)",
        caught_by: "linearizable",
    },
    Switch {
        name: FORGET_SALES,
        breaks: "the number of a request is kept with what it changed, in one write; a proposer that \
                 was overtaken cannot else see that another completed its sale, and sells again (Lee et \
                 al. 2015, §3)",
        caught_by: "conserved",
    },
];

/// The switches of the shops that count for themselves and gossip.
pub(super) const COUNTERS: &[Switch] = &[
    Switch {
        name: EARLY,
        breaks: "a replica answers only when its entry is durable: the memory of a process survives its \
                 crashes (Shapiro et al. 2011, §2)",
        caught_by: "conserved",
    },
    Switch {
        name: GOSSIP_EARLY,
        breaks: "a replica gossips its own entry only when it is durable; after a crash it would count \
                 the same numbers again, for other sales, and the maximum would swallow them (Shapiro et \
                 al. 2011, §2)",
        caught_by: "entry_monotone",
    },
    Switch {
        name: OVERWRITE,
        breaks: "two states are merged by the maximum of each entry, so that old gossip takes nothing \
                 back; what replaces the own state undoes every sale that its sender has not heard of \
                 (Shapiro et al. 2011, §3.1.3)",
        caught_by: "conserved",
    },
    Switch {
        name: COUNT_COPIES,
        breaks: "a request that comes again is recognised by its number and counted once, whoever \
                 repeats it, the client or the network (Lee et al. 2015, §3)",
        caught_by: "conserved",
    },
];
