//! A node: the process that runs on it and what survives it.

use crate::disk::SimDisk;
use crate::timers::Timers;
use simlab_core::{Counters, Distribution, Duration, Process, Time};

/// A node to add to a world.
#[derive(Debug)]
pub struct NodeSpec {
    /// Its name, unique in the world.
    pub name: String,
    /// The site where it stands; links within a site can have their own behaviour.
    pub site: Option<String>,
    /// What runs on it. It is also what runs again after a restart: a fork of it as it was given.
    pub process: Box<dyn Process>,
    /// How long its disk takes to make writes durable.
    pub sync_delay: Distribution,
}

impl NodeSpec {
    /// A node without a site, whose disk syncs at once.
    pub fn new(name: impl Into<String>, process: Box<dyn Process>) -> Self {
        let sync_delay = Distribution::Fixed(Duration::ZERO);
        NodeSpec { name: name.into(), site: None, process, sync_delay }
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
}

/// Whether a node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It is up.
    Up,
    /// It crashed and can be restarted.
    Down,
    /// It stopped of its own accord, for good.
    Halted,
    /// Its process panicked; it stays down.
    Panicked,
}

/// A node of the world.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) status: Status,
    pub(crate) process: Box<dyn Process>,
    pristine: Box<dyn Process>,
    /// Counts the lives; what was scheduled in an earlier life concerns none of the later ones.
    pub(crate) life: u32,
    pub(crate) counters: Counters,
    pub(crate) timers: Timers,
    pub(crate) disk: SimDisk,
    pub(crate) sync_delay: Distribution,
    /// When the last sync that was asked for will be done; syncs end in order.
    pub(crate) last_sync: Time,
    pub(crate) syncs: u64,
    /// For the limit on events without time passing.
    pub(crate) instant: Time,
    pub(crate) instant_events: u32,
}

impl Clone for Node {
    fn clone(&self) -> Self {
        Node {
            process: self.process.fork(),
            pristine: self.pristine.fork(),
            timers: self.timers.clone(),
            disk: self.disk.clone(),
            ..*self
        }
    }
}

impl Node {
    pub(crate) fn new(process: Box<dyn Process>, sync_delay: Distribution) -> Self {
        Node {
            status: Status::Up,
            pristine: process.fork(),
            process,
            life: 0,
            counters: Counters::default(),
            timers: Timers::default(),
            disk: SimDisk::default(),
            sync_delay,
            last_sync: Time::ZERO,
            syncs: 0,
            instant: Time::ZERO,
            instant_events: 0,
        }
    }

    /// Ends this life. What was not durable is gone.
    pub(crate) fn stop(&mut self, status: Status) -> u32 {
        self.status = status;
        self.life += 1;
        self.timers.clear();
        self.last_sync = Time::ZERO;
        self.process = self.pristine.fork();
        self.disk.crash()
    }
}
