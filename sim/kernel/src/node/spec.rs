//! What a node is to be like.

use crate::clock::Clock;
use simlab_core::{Distribution, Duration, Process, Time};
use std::ops::RangeInclusive;

/// A node to add to a world.
#[derive(Debug)]
pub struct NodeSpec {
    /// Its name, unique in the world.
    pub name: String,
    /// The name of its service, by which checkers tell one cluster from another; empty for none.
    pub service: &'static str,
    /// The site where it stands; links within a site can have their own behaviour.
    pub site: Option<String>,
    /// What runs on it. It is also what runs again after a restart: a fork of it as it was given.
    pub process: Box<dyn Process>,
    /// How long its disk takes to make writes durable.
    pub sync_delay: Distribution,
    /// What its clocks are like.
    pub clock: ClockSpec,
    /// What handling an event costs.
    pub cost: Cost,
    /// When it joins; until then it is not there.
    pub joins: Time,
    /// How long after it halted, or crashed at a sync, it is started again; `None` leaves it down
    /// (after a crash at a sync: for a second).
    pub restart_after: Option<Duration>,
}

/// What the clocks of a node are like from the start on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClockSpec {
    /// How many nanoseconds they gain in a second; kept between half and twice the right rate.
    pub drift: i64,
    /// By how many nanoseconds the wall clock is ahead.
    pub offset: i64,
}

impl ClockSpec {
    /// The drifts that clocks can have: from half to twice the right rate.
    pub const DRIFT: RangeInclusive<i64> = Clock::DRIFT;
}

/// What handling an event costs a node.
///
/// An event waits until a worker is free, the worker takes the service time, and then the handler
/// runs, at one instant. With a service time of zero nothing waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cost {
    /// How long a worker takes for an event.
    pub service: Distribution,
    /// How many events are worked on at the same time; at least 1.
    pub workers: u32,
    /// How many datagrams can wait; further ones are dropped.
    pub buffer: u32,
}

impl Default for Cost {
    fn default() -> Self {
        Cost { service: Distribution::Fixed(Duration::ZERO), workers: 1, buffer: u32::MAX }
    }
}

impl Cost {
    /// Whether events are handled as they come.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.service == Distribution::Fixed(Duration::ZERO)
    }
}

impl NodeSpec {
    /// A node without a site, there from the start, with right clocks, whose disk syncs at once and
    /// whose handlers take no time.
    pub fn new(name: impl Into<String>, process: Box<dyn Process>) -> Self {
        NodeSpec {
            name: name.into(),
            service: "",
            site: None,
            process,
            sync_delay: Distribution::Fixed(Duration::ZERO),
            clock: ClockSpec::default(),
            cost: Cost::default(),
            joins: Time::ZERO,
            restart_after: None,
        }
    }

    /// Of this service.
    #[must_use]
    pub const fn of_service(mut self, service: &'static str) -> Self {
        self.service = service;
        self
    }

    /// At this site.
    #[must_use]
    pub fn at_site(mut self, site: impl Into<String>) -> Self {
        self.site = Some(site.into());
        self
    }

    /// With a disk that takes this long to sync.
    #[must_use]
    pub fn sync_delay(mut self, delay: Distribution) -> Self {
        self.sync_delay = delay;
        self
    }

    /// With these clocks.
    #[must_use]
    pub fn clock(mut self, clock: ClockSpec) -> Self {
        self.clock = clock;
        self
    }

    /// With handlers that cost time.
    #[must_use]
    pub fn cost(mut self, cost: Cost) -> Self {
        self.cost = cost;
        self
    }

    /// Joining at this time.
    #[must_use]
    pub fn joins(mut self, at: Time) -> Self {
        self.joins = at;
        self
    }

    /// Started again so long after it halted or crashed at a sync.
    #[must_use]
    pub fn restart_after(mut self, after: Duration) -> Self {
        self.restart_after = Some(after);
        self
    }
}
