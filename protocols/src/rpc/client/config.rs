//! How a caller is set up.

use crate::reliable::backoff::Backoff;
use crate::reliable::budget::Limit;
use simlab_core::{Duration, Switch};

/// How calls are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// How long to wait for an answer before a call is sent again.
    pub retransmit: Duration,
    /// How long to wait for a welcome before the hello is said again, if calls are never sent again.
    pub hello: Duration,
    /// How much longer each time.
    pub backoff: Backoff,
    /// The longest wait.
    pub retransmit_max: Duration,
    /// How much may be sent again.
    pub budget: Option<Limit>,
    /// How long a server that is at work may be silent before it is asked again.
    pub patience: Duration,
    /// How many calls may be under way, or have ended and wait to be polled for.
    pub open_max: usize,
    /// How long a call may be, with its parameters.
    pub size_max: usize,
    /// By how many millionths the clocks of two nodes may drift apart.
    pub drift: u64,
    /// Whether the steps of a call are noted.
    pub steps: bool,
    /// The switch [`NEW_ID`].
    pub new_id: bool,
}

impl Default for Config {
    /// What a scenario gets that says nothing; and enough for who never calls.
    fn default() -> Self {
        Config {
            retransmit: Duration::from_millis(200),
            hello: Duration::FOREVER,
            backoff: Backoff::Exponential,
            retransmit_max: Duration::from_secs(2),
            budget: None,
            patience: Duration::from_secs(2),
            open_max: 10_000,
            size_max: 1 << 20,
            drift: 1_000,
            steps: true,
            new_id: false,
        }
    }
}

impl Config {
    /// How a hello is said again: nothing is executed for one, so that it may be where calls may not.
    pub(super) const fn of_hello(self) -> Config {
        match self.retransmit {
            Duration::FOREVER => Config { retransmit: self.hello, ..self },
            _ => self,
        }
    }
}

/// What is sent again is another call to the server.
pub const NEW_ID: Switch = Switch {
    name: "rpc-retry-with-new-id",
    breaks: "a call that is sent again keeps its number (Birrell and Nelson 1984, §3.2)",
    caught_by: "effects_once",
};
