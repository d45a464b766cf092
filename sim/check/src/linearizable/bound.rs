//! How long a search may go on.

use std::fmt;
use std::sync::Arc;

/// Asked now and then whether to give up: by who has no more time, say. A copy asks the same.
#[derive(Clone)]
pub struct Stop(Arc<dyn Fn() -> bool + Send + Sync>);

impl Stop {
    /// Gives up once `asked` says so.
    pub fn when(asked: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Stop(Arc::new(asked))
    }

    /// Whether to give up now.
    #[must_use]
    pub fn now(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stop")
    }
}

/// What one search may use up.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    /// So many configurations.
    pub(super) configurations: u64,
    pub(super) stop: Option<Stop>,
}

impl Bound {
    /// Whether it is to be given up in any case.
    pub(super) fn stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(Stop::now)
    }

    /// The same with fewer configurations.
    pub(super) fn at_most(&self, configurations: u64) -> Bound {
        let configurations = configurations.min(self.configurations);
        Bound { configurations, stop: self.stop.clone() }
    }
}

impl From<u64> for Bound {
    fn from(configurations: u64) -> Self {
        Bound { configurations, stop: None }
    }
}
