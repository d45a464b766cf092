//! A node: the process that runs on it, its clocks and disk, and what waits for it.
//!
//! A world may have a million of them, so a node is small: what many do without (a clock that is
//! off, a disk with files, a queue) is made when it is needed.

mod desk;
mod spec;

pub(crate) use desk::{Desk, Turn, Work};
pub use spec::{ClockSpec, Cost, NodeSpec};

use crate::clock::Clock;
use crate::disk::SimDisk;
use crate::timers::Timers;
use simlab_core::{Counters, Disk, Distribution, Duration, NoDisk, Process, Time};
use std::sync::Arc;

/// Whether a node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It has not joined yet.
    Absent,
    /// It is up.
    Up,
    /// It crashed and can be restarted.
    Down,
    /// It stopped of its own accord; someone may start it again.
    Halted,
    /// Its process panicked; it stays down.
    Panicked,
    /// It left for good.
    Left,
}

/// What a node runs on, the same for many of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Machine {
    /// The drift of its clocks without faults.
    pub(crate) drift: i64,
    pub(crate) sync_delay: Distribution,
    pub(crate) cost: Cost,
    pub(crate) restart_after: Option<Duration>,
}

/// A node of the world.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) status: Status,
    pub(crate) paused: bool,
    /// Whether handling an event costs nothing.
    free: bool,
    /// Whether it is down and comes up when the last fault that keeps it down is over.
    pub(crate) owed: bool,
    /// Whether it came up and has not heard so yet: that is the first thing that it hears.
    pub(crate) starting: bool,
    /// How much of the desk waited for a pause to end: what comes now comes after that.
    pub(crate) catching_up: u32,
    /// Counts the lives; what was scheduled in an earlier life concerns none of the later ones.
    pub(crate) life: u32,
    /// For the limit on events without time passing.
    pub(crate) instant_events: u32,
    pub(crate) instant: Time,
    pub(crate) process: Box<dyn Process>,
    /// `None` if they are right.
    clock: Option<Box<Clock>>,
    disk: Option<Box<SimDisk>>,
    pub(crate) counters: Counters,
    pub(crate) timers: Timers,
    desk: Option<Box<Desk>>,
    pub(crate) machine: Arc<Machine>,
    pristine: Box<dyn Process>,
    /// When this life began.
    pub(crate) since: Time,
    /// When the last sync that was asked for will be done; syncs end in order.
    pub(crate) last_sync: Time,
    pub(crate) syncs: u64,
}

impl Clone for Node {
    fn clone(&self) -> Self {
        Node {
            process: self.process.fork(),
            pristine: self.pristine.fork(),
            timers: self.timers.clone(),
            clock: self.clock.clone(),
            disk: self.disk.clone(),
            desk: self.desk.clone(),
            machine: Arc::clone(&self.machine),
            ..*self
        }
    }
}

impl Node {
    /// A node that is not there yet. `like` is another one, whose machine it shares if they are the
    /// same.
    pub(crate) fn new(spec: NodeSpec, like: Option<&Node>) -> Self {
        let NodeSpec { process, sync_delay, clock, cost, joins: _, restart_after, .. } = spec;
        let machine = Machine { drift: clock.drift, sync_delay, cost, restart_after };
        let shared = like.map(|node| &node.machine).filter(|other| ***other == machine);
        let right = clock == ClockSpec::default();
        Node {
            status: Status::Absent,
            paused: false,
            free: cost.is_free(),
            owed: false,
            starting: false,
            catching_up: 0,
            life: 0,
            instant_events: 0,
            instant: Time::ZERO,
            pristine: process.fork(),
            process,
            clock: (!right).then(|| Box::new(Clock::new(clock.drift, clock.offset))),
            disk: None,
            counters: Counters::default(),
            timers: Timers::default(),
            desk: None,
            machine: shared.map_or_else(|| Arc::new(machine), Arc::clone),
            since: Time::ZERO,
            last_sync: Time::ZERO,
            syncs: 0,
        }
    }

    /// Ends this life. Returns what waited to be handled. The disk is left to the caller.
    pub(crate) fn stop(&mut self, status: Status) -> Vec<Work> {
        self.status = status;
        self.life += 1;
        self.timers.clear();
        self.last_sync = Time::ZERO;
        (self.starting, self.catching_up) = (false, 0);
        self.process = self.pristine.fork();
        self.desk.as_mut().map(|desk| desk.clear()).unwrap_or_default()
    }

    /// Whether what is due is handled there and then.
    #[inline]
    pub(crate) fn handles_at_once(&self) -> bool {
        self.status == Status::Up && self.free && !self.paused && self.catching_up == 0
    }

    /// Whether handling an event costs nothing.
    pub(crate) const fn is_free(&self) -> bool {
        self.free
    }

    /// Its clocks.
    #[inline]
    pub(crate) fn clock(&self) -> Clock {
        self.clock.as_deref().copied().unwrap_or_default()
    }

    /// Its clocks, to be changed.
    pub(crate) fn clock_mut(&mut self) -> &mut Clock {
        self.clock.get_or_insert_default()
    }

    /// What its clocks show: the monotonic one and the wall clock.
    #[inline]
    pub(crate) fn clocks(&self, world: Time) -> (Time, Time) {
        match &self.clock {
            None => (world, world),
            Some(clock) => (clock.now(world), clock.wall(world)),
        }
    }

    /// Its disk, if anything was ever done to it.
    pub(crate) fn disk(&self) -> Option<&SimDisk> {
        self.disk.as_deref()
    }

    /// Its disk, to do something to it.
    pub(crate) fn disk_mut(&mut self) -> &mut SimDisk {
        self.disk.get_or_insert_default()
    }

    /// Whether its disk failed to read something for the last handler.
    pub(crate) fn has_failed_reads(&mut self) -> bool {
        self.disk.as_mut().is_some_and(|disk| disk.has_failed_reads())
    }

    /// What a handler needs: the process, what is counted for it, and its disk.
    #[inline]
    pub(crate) fn parts(&mut self) -> (&mut dyn Process, &mut Counters, &dyn Disk) {
        let disk: &dyn Disk = match &self.disk {
            Some(disk) => &**disk,
            None => &NoDisk,
        };
        (&mut *self.process, &mut self.counters, disk)
    }

    /// What waits at it, if anything ever did.
    pub(crate) fn waits(&self) -> Option<&Desk> {
        self.desk.as_deref()
    }

    /// Where something can wait.
    pub(crate) fn desk(&mut self) -> &mut Desk {
        self.desk.get_or_insert_default()
    }

    /// How much waits for a worker, or for the end of a pause.
    pub(crate) fn waiting(&self) -> usize {
        self.desk.as_ref().map_or(0, |desk| desk.waiting())
    }

    /// Whether one of its workers has nothing to do.
    pub(crate) fn has_worker(&self) -> bool {
        let busy = self.desk.as_ref().map_or(0, |desk| desk.busy);
        busy < self.machine.cost.workers.max(1)
    }

    /// Whether there is room for one more datagram to wait.
    pub(crate) fn has_room(&self) -> bool {
        let buffer = self.machine.cost.buffer;
        self.desk.as_ref().map_or(buffer > 0, |desk| desk.has_room(buffer))
    }
}
