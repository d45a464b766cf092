//! What the words of the lab mean, in a sentence each; the terms are those of the papers.

/// A term, and what it means.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// The word.
    pub word: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

const fn term(word: &'static str, meaning: &'static str) -> Term {
    Term { word, meaning }
}

/// All terms, by their words.
pub const GLOSSARY: &[Term] = &[
    term(
        "accept",
        "Paxos: asks the members to take a value under a ballot that they have promised",
    ),
    term(
        "accepted",
        "Paxos: a member has taken the value, durably; with a majority of these it is decided",
    ),
    term(
        "acknowledgement",
        "says which messages have arrived, so that they need not be sent again",
    ),
    term("adversary", "somebody on a link who reads, edits and sends again, and has no key"),
    term(
        "available",
        "every request to a node that runs gets an answer, whatever the network does (Gilbert and Lynch 2002)",
    ),
    term("ballot", "Paxos: the number of an attempt, with the node that makes it; higher ones win"),
    term("block", "a part of a file, as long as a message may be"),
    term("buffer-full", "lost, since too much waited for the receiver already"),
    term(
        "call id",
        "the number of a remote call among its caller's, by which a server knows it again",
    ),
    term("cancel", "a caller waits no more for a call: it need not be executed"),
    term(
        "cause",
        "the event that led to this one: of a delivery its send, of a send what its node handled then",
    ),
    term("checksum", "a number made from the bytes, by which damage is noticed"),
    term(
        "clock",
        "what a node believes the time is; it may run fast or slow, and its wall clock may jump",
    ),
    term("command", "an order from outside, as a client gets one"),
    term("concurrent", "neither of two events can have known of the other (Lamport 1978)"),
    term("consistent", "here: linearizable"),
    term("converged", "all replicas show the same again"),
    term("corrupt", "some bits of a datagram were changed on its way"),
    term("crash", "a node stops without warning; what it had not synced may be gone"),
    term("cut", "links carry nothing between some nodes, until the cut is healed"),
    term("cut-in-flight", "lost, since the link was cut while it was under way"),
    term("damaged", "of a numbered message: it does not say what it was sent to say"),
    term("datagram", "a message that may be lost, doubled, late, overtaken or damaged"),
    term("deliver", "a datagram arrives and is handled"),
    term("disk-fault", "a disk did other than it was told, or said other than it did"),
    term("drop", "a datagram is lost; the reason stands beside it"),
    term("duplicate", "a second copy of a datagram goes on its way"),
    term(
        "duplicate table",
        "what a server remembers of calls it has executed, and what it answered",
    ),
    term(
        "end",
        "the last message of a file: how many blocks it has, and the check over all of them",
    ),
    term(
        "end-to-end",
        "what only the two ends can judge they must check, whatever is between them (Saltzer, Reed and Clark 1984)",
    ),
    term(
        "escrow",
        "each city sells its own share only, so that nobody has to be asked (O'Neil 1986)",
    ),
    term("fault", "something that is done to the world from outside"),
    term("fault-end", "a fault is over"),
    term(
        "fencing token",
        "a number that grows with each holder of a lock, so that late ones can be refused",
    ),
    term("fragment", "a part of a message that is too long for a link"),
    term("gossip", "replicas tell each other now and then all that they know"),
    term("granted", "the lease is given to the one that asked, for a while"),
    term("halt", "a node stopped of its own accord"),
    term("heal", "a cut is over: the links carry again what is sent from now on"),
    term("hello", "asks a peer which life it is in, before anything is sent to it"),
    term("incarnation", "one life of a node, from its start to its crash"),
    term("invoke", "a client begins an operation"),
    term(
        "lease",
        "a right that ends by itself after a while, unless it is renewed (Gray and Cheriton 1989)",
    ),
    term("leave", "a node goes away for good"),
    term(
        "linearizable",
        "some order of the operations, compatible with real time, explains all answers (Herlihy and Wing 1990)",
    ),
    term("loss", "lost by chance on the link"),
    term("lost", "what a crash left of writes that were not synced"),
    term("majority", "more than half of the members: any two majorities share one"),
    term("message", "what a service sends: with its layers around it, it is a datagram"),
    term("nack", "Paxos: no, I have promised a higher ballot"),
    term("no-link", "lost, since there is no link between the two"),
    term("note", "a remark that a process makes about what it does"),
    term("number", "a numbered datagram of a stream, with its complement as a checksum"),
    term(
        "operation",
        "what a client asks, from its begin to its end; some end with nobody knowing whether they were done",
    ),
    term("oversold", "more units were promised to customers than there were"),
    term("partition", "a cut that parts the nodes into groups that cannot talk to each other"),
    term(
        "pause",
        "a node stands still, as in a long collection of garbage; what comes meanwhile waits",
    ),
    term(
        "PN-counter",
        "two counters for each node, one up and one down, merged by the larger: no order matters (Shapiro 2011)",
    ),
    term(
        "prepare",
        "Paxos: asks the members to promise a ballot, and to tell what they have accepted",
    ),
    term(
        "promise",
        "Paxos: a member will take nothing under a lower ballot, and tells what it accepted last",
    ),
    term("queue-full", "lost, since too much waited in front of a slow link"),
    term(
        "quorum",
        "as many members as it takes to decide: any two quorums share one; here a majority",
    ),
    term(
        "read",
        "asks the members what they have accepted; if a majority says the same, that is the answer",
    ),
    term("receiver-down", "lost, since the receiver did not run"),
    term("refused", "certainly not done; of a lease: somebody else has it"),
    term("reopen", "a server is in another life than the one that was asked"),
    term("replay", "somebody has sent a datagram again that was here before"),
    term("replica", "one of several nodes that keep the same data"),
    term("reply", "the answer to a client's request"),
    term("request", "what a client asks a replica"),
    term("restart", "a crashed node comes up again, with what its disk kept"),
    term("resume", "a node that stood still goes on"),
    term("return", "an operation of a client ends: done, refused, or nobody knows"),
    term("sealed", "encrypted and authenticated: only who has the key can read it, or has made it"),
    term("seed", "the number that answers every random choice: one seed is one execution"),
    term("send", "a node sends a datagram"),
    term("stale", "an answer that is older than what had been completed before it was asked"),
    term("start", "a node comes up for the first time"),
    term("state", "a member's answer to a read: what it has promised and accepted"),
    term("sync", "asks the disk to make all writes before it durable"),
    term("synced", "the disk says that what was written before is durable"),
    term("timer", "a timer ran out"),
    term("timer-cancel", "a timer that was set is forgotten"),
    term("timer-set", "a timer was set, or moved"),
    term("too-large", "lost, since it is larger than the link carries"),
    term("unheard", "an order came while the node was down"),
    term(
        "unknown",
        "the client never learns whether its operation was done: it may have been, or may be yet",
    ),
    term("variant", "one way to tell the same story, with another protocol"),
    term("violation", "a promise is broken: a checker objects, or no order explains the answers"),
    term("welcome", "says which life a node is in"),
    term("whole", "the sink of a file has all of it, and found nothing wrong"),
    term("wipe", "a disk lost everything"),
    term("working", "a server is at work on a call: it need not be sent again"),
    term("write", "a file was changed, not yet durably"),
    term(
        "wrong",
        "the sink of a file has all of it, and the check over it says that it is another",
    ),
];
