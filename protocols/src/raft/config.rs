//! How a node of Raft is set up, and which of its rules it keeps.

use simlab_core::Duration;

/// Times, sizes and mechanisms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// The shortest election time-out; each is drawn from this to twice of it (§3.4, §3.9).
    pub election: Duration,
    /// How often a leader says that it is there; less than the shortest election time-out.
    pub heartbeat: Duration,
    /// How many entries a message has at most.
    pub batch: usize,
    /// How many bytes of entries a message has at most; one entry always fits.
    pub batch_bytes: usize,
    /// How many messages with entries may be under way to a follower.
    pub window: usize,
    /// How many bytes of a snapshot a message has at most.
    pub chunk: usize,
    /// After how many applied entries a snapshot is taken.
    pub compact: u64,
    /// How many entries stay in the log behind a snapshot, for followers that are a little late.
    pub trailing: u64,
    /// By how many millionths a clock may run fast or slow.
    pub drift: u64,
    /// Whether nodes ask whether they would be elected before they begin a term (§9.6). That those who hear a leader say no
    /// is part of `check_quorum`, as in etcd's raft.
    pub pre_vote: bool,
    /// Whether a leader that hears no quorum steps down, and nobody votes who hears a leader (§4.2.3, §6.2).
    pub check_quorum: bool,
    /// Whether a leader may have a lease, and a node that restarts therefore grants no vote for a time (§6.4.1).
    pub leases: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            election: Duration::from_millis(500),
            heartbeat: Duration::from_millis(100),
            batch: 64,
            batch_bytes: 1_024,
            window: 8,
            chunk: 1_024,
            compact: 1_000,
            trailing: 0,
            drift: 200_000,
            pre_vote: true,
            check_quorum: true,
            leases: true,
        }
    }
}

const MILLION: u64 = 1_000_000;

impl Config {
    /// How long a leader's lease is by its own clock: when the slowest leader's is over, the fastest follower has not
    /// yet forgotten that it has heard of it (§6.4.1).
    #[must_use]
    pub const fn lease(&self) -> Duration {
        let drift = if self.drift < MILLION { self.drift } else { MILLION };
        Duration::from_nanos(scaled(self.election.nanos(), MILLION - drift, MILLION + drift))
    }

    /// How long a node that has restarted grants no vote: as long as any node that it may have heard before takes to
    /// stand for election, by the fastest own clock.
    #[must_use]
    pub const fn silence(&self) -> Duration {
        let drift = if self.drift < MILLION { self.drift } else { MILLION - 1 };
        let longest = self.election.nanos().saturating_mul(2);
        Duration::from_nanos(scaled(longest, MILLION + drift, MILLION - drift))
    }
}

/// Rounded down, without overflow up to some hundreds of years.
const fn scaled(nanos: u64, by: u64, of: u64) -> u64 {
    let wide = nanos as u128 * by as u128 / of as u128;
    if wide > u64::MAX as u128 { u64::MAX } else { wide as u64 }
}

macro_rules! rules {
    ($($(#[$doc:meta])+ $rule:ident,)+) => {
        /// A rule of Raft that can be left out, to see what it is good for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Rule { $($(#[$doc])+ $rule,)+ }

        impl Rule {
            /// All of them.
            pub const ALL: &'static [Rule] = &[$(Rule::$rule),+];
        }
    };
}

rules! {
    /// A vote is durable before it leaves.
    VotePersisted,
    /// So is the term.
    TermPersisted,
    /// So are entries before they are acknowledged.
    SyncBeforeAcknowledgement,
    /// A vote is for a log that is at least as up to date as the voter's.
    VoteForUpToDate,
    /// A node votes once in a term.
    OneVote,
    /// Only entries of the leader's own term are committed by their count.
    OwnTermCounted,
    /// Entries are taken away only by others in their place.
    TruncateOnConflict,
    /// Only committed entries are applied.
    ApplyCommitted,
    /// An acknowledgement counts in the term that it is of.
    FreshAcknowledgements,
    /// A quorum is more than half.
    Majority,
    /// A leader that is asked for a read makes sure that it still is one.
    ReadRound,
    /// A lease takes the drift of clocks into account.
    LeaseDrift,
    /// Who has told another to stand for election has no lease any more.
    LeaseEndsAtTransfer,
    /// A leader changes the cluster only after it has committed an entry.
    CommitBeforeChange,
    /// The cluster changes once at a time.
    OneChange,
    /// Learners do not count.
    LearnersDoNotCount,
    /// A configuration that is taken away from the log is no longer in force.
    ConfigurationReverts,
    /// Sessions are part of a snapshot.
    SnapshotHasSessions,
    /// So is the configuration.
    SnapshotHasConfiguration,
    /// A snapshot that is older than the log takes nothing away.
    SnapshotKeepsNewer,
    /// Election time-outs are random.
    RandomTimeouts,
}

/// The rules that a node keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    without: u32,
}

impl Rules {
    /// All rules.
    pub const ALL: Rules = Rules { without: 0 };

    /// Without this one.
    #[must_use]
    pub const fn without(self, rule: Rule) -> Self {
        Rules { without: self.without | 1 << rule as u32 }
    }

    /// Whether it is kept.
    #[must_use]
    pub const fn keeps(self, rule: Rule) -> bool {
        self.without & 1 << rule as u32 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_left_out_one_by_one() {
        assert!(Rule::ALL.len() <= 32, "a bit for each");
        for rule in Rule::ALL {
            let rules = Rules::ALL.without(*rule);
            let left = Rule::ALL.iter().filter(|other| !rules.keeps(**other));
            assert_eq!(left.collect::<Vec<_>>(), [rule]);
            assert_eq!(rules.without(*rule), rules, "it cannot be left out twice");
        }
    }

    #[test]
    fn what_is_too_long_is_for_ever() {
        assert_eq!(scaled(10, 3, 2), 15);
        assert_eq!(scaled(u64::MAX, 1, 1), u64::MAX);
        assert_eq!(scaled(u64::MAX, 3, 1), u64::MAX);
    }

    /// At worst the leader's clock is slow and the follower's is fast.
    #[test]
    fn a_lease_ends_before_anybody_may_vote() {
        for drift in [0, 1_000, 200_000, 900_000] {
            let config = Config { drift, ..Config::default() };
            let by_leader = scaled(config.lease().nanos(), MILLION, MILLION - drift);
            let by_follower = scaled(config.election.nanos(), MILLION, MILLION + drift);
            assert!(by_leader <= by_follower, "{drift}: {by_leader} {by_follower}");
        }
        let config = Config { drift: MILLION, ..Config::default() };
        assert_eq!(config.lease(), Duration::from_nanos(0));
    }

    /// A fast own clock against a slow one that it was heard by.
    #[test]
    fn silence_outlasts_every_election_time_out() {
        let config = Config { drift: 200_000, ..Config::default() };
        let own = scaled(config.silence().nanos(), MILLION, MILLION + 200_000);
        let other = scaled(2 * config.election.nanos(), MILLION, MILLION - 200_000);
        assert!(own >= other - 1, "{own} {other}");
        // A clock that may stand still is waited for as long as one that hardly moves.
        for drift in [MILLION - 1, MILLION, 2 * MILLION] {
            let silence = Config { drift, ..config }.silence();
            assert_eq!(silence, config.election.times(2 * (2 * MILLION - 1)), "{drift}");
        }
    }
}
