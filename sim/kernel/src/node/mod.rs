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
use crate::panics::{self, Panicked};
use crate::timers::Timers;
use simlab_core::{
    Counters, Decide, Disk, Distribution, Duration, Env, Event, Moment, NoDisk, NodeId, Outbox,
    Process, Time,
};
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

/// A node of the world. What every event needs comes first.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Node {
    pub(crate) process: Box<dyn Process>,
    /// `None` if they are right.
    clock: Option<Box<Clock>>,
    drive: Option<Box<Drive>>,
    /// For the limit on events without time passing.
    instant: Time,
    instant_events: u32,
    /// Counts the lives; what was scheduled in an earlier life concerns none of the later ones.
    pub(crate) life: u32,
    /// What keeps it from handling events there and then: [`Node::PAUSED`], [`Node::COSTS`], and how much
    /// of the desk waited for a pause to end, since what comes now comes after that. All in one number, so
    /// that one question is enough.
    hinders: u32,
    pub(crate) status: Status,
    /// Whether it is down and comes up when the last fault that keeps it down is over.
    pub(crate) owed: bool,
    /// Whether it came up and has not heard so yet: that is the first thing that it hears.
    pub(crate) starting: bool,
    pub(crate) timers: Timers,
    pub(crate) counters: Counters,
    desk: Option<Box<Desk>>,
    pub(crate) machine: Arc<Machine>,
    pristine: Box<dyn Process>,
    /// When this life began.
    pub(crate) since: Time,
}

/// A disk, and the syncs that were asked of it.
#[derive(Clone, Debug, Default)]
struct Drive {
    disk: SimDisk,
    /// How many there were.
    syncs: u64,
    /// When the last of this life will be done; syncs end in order.
    last_sync: Time,
}

/// The size counts: a world may have a million.
const _: () = assert!(size_of::<Node>() == 152);

impl Clone for Node {
    fn clone(&self) -> Self {
        Node {
            process: self.process.fork(),
            pristine: self.pristine.fork(),
            timers: self.timers.clone(),
            clock: self.clock.clone(),
            drive: self.drive.clone(),
            desk: self.desk.clone(),
            machine: Arc::clone(&self.machine),
            ..*self
        }
    }
}

impl Node {
    /// It is paused.
    const PAUSED: u32 = 1 << 31;
    /// Handling an event takes time.
    const COSTS: u32 = 1 << 30;

    /// A node that is not there yet. `like` is another one, whose machine it shares if they are the
    /// same.
    pub(crate) fn new(spec: NodeSpec, like: Option<&Node>) -> Self {
        let NodeSpec { process, sync_delay, clock, cost, joins: _, restart_after, .. } = spec;
        let machine = Machine { drift: clock.drift, sync_delay, cost, restart_after };
        let shared = like.map(|node| &node.machine).filter(|other| ***other == machine);
        let right = clock == ClockSpec::default();
        Node {
            status: Status::Absent,
            hinders: if cost.is_free() { 0 } else { Node::COSTS },
            owed: false,
            starting: false,
            life: 0,
            instant_events: 0,
            instant: Time::ZERO,
            pristine: process.fork(),
            process,
            clock: (!right).then(|| Box::new(Clock::new(clock.drift, clock.offset))),
            drive: None,
            counters: Counters::default(),
            timers: Timers::default(),
            desk: None,
            machine: shared.map_or_else(|| Arc::new(machine), Arc::clone),
            since: Time::ZERO,
        }
    }

    /// Ends this life. Returns what waited to be handled. The disk is left to the caller.
    pub(crate) fn stop(&mut self, status: Status) -> Vec<Work> {
        self.status = status;
        self.life += 1;
        self.timers.clear();
        if let Some(drive) = &mut self.drive {
            drive.last_sync = Time::ZERO;
        }
        self.starting = false;
        self.hinders &= Node::PAUSED | Node::COSTS;
        self.process = self.pristine.fork();
        self.desk.as_mut().map(|desk| desk.clear()).unwrap_or_default()
    }

    /// Whether what is due is handled there and then.
    #[inline]
    pub(crate) fn handles_at_once(&self) -> bool {
        self.status == Status::Up && self.hinders == 0
    }

    /// Whether it is paused.
    pub(crate) const fn is_paused(&self) -> bool {
        self.hinders & Node::PAUSED != 0
    }

    /// Pauses it. Returns whether it was paused already.
    pub(crate) const fn pause(&mut self) -> bool {
        let was = self.is_paused();
        self.hinders |= Node::PAUSED;
        was
    }

    /// Lets it go on.
    pub(crate) const fn go_on(&mut self) {
        self.hinders &= !Node::PAUSED;
    }

    /// How much of the desk waited for a pause to end.
    pub(crate) const fn catching_up(&self) -> u32 {
        self.hinders & !(Node::PAUSED | Node::COSTS)
    }

    /// One thing more on the desk waited for a pause to end.
    pub(crate) fn add_late(&mut self) {
        self.hinders += 1;
        assert!(self.catching_up() > 0, "less than 2^30 things wait on a desk");
    }

    /// One thing less.
    pub(crate) fn remove_late(&mut self) {
        assert!(self.catching_up() > 0, "what was on the desk was counted");
        self.hinders -= 1;
    }

    /// Counts an event at one instant. Returns whether it is one of the first `limit`.
    #[inline(always)]
    pub(crate) fn has_time(&mut self, now: Time, limit: u32) -> bool {
        if self.instant != now {
            self.instant = now;
            self.instant_events = 1;
            return limit > 0;
        }
        self.has_time_again(limit)
    }

    #[inline(never)]
    const fn has_time_again(&mut self, limit: u32) -> bool {
        self.instant_events += 1;
        self.instant_events <= limit
    }

    /// When it last had something to handle.
    pub(crate) const fn instant(&self) -> Time {
        self.instant
    }

    /// Whether handling an event costs nothing.
    pub(crate) const fn is_free(&self) -> bool {
        self.hinders & Node::COSTS == 0
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
        self.drive.as_ref().map(|drive| &drive.disk)
    }

    /// Its disk, to do something to it.
    pub(crate) fn disk_mut(&mut self) -> &mut SimDisk {
        &mut self.drive.get_or_insert_default().disk
    }

    /// How many syncs were ever asked for, and when the last of this life will be done.
    pub(crate) fn syncs(&self) -> (u64, Time) {
        self.drive.as_ref().map_or((0, Time::ZERO), |drive| (drive.syncs, drive.last_sync))
    }

    /// Counts a sync, which takes until `due` or, if that is later, until those before it are done.
    /// Returns when it will be done.
    pub(crate) fn add_sync(&mut self, due: Time) -> Time {
        let drive = self.drive.get_or_insert_default();
        drive.syncs += 1;
        drive.last_sync = drive.last_sync.max(due);
        drive.last_sync
    }

    /// Whether its disk failed to read something for the last handler.
    pub(crate) fn has_failed_reads(&mut self) -> bool {
        self.drive.as_mut().is_some_and(|drive| drive.disk.has_failed_reads())
    }

    /// Lets its process, which runs, handle an event at this time of the world.
    ///
    /// # Errors
    /// If it panics.
    #[inline(always)]
    pub(crate) fn run(
        &mut self,
        me: NodeId,
        world: Time,
        event: Event<'_>,
        outbox: &mut Outbox,
        decisions: &mut dyn Decide,
    ) -> Result<(), Panicked> {
        assert_eq!(self.status, Status::Up, "only a running node handles events");
        let (now, wall) = self.clocks(world);
        let moment = Moment { me, now, wall, life: self.life };
        let disk: &dyn Disk = match &self.drive {
            Some(drive) => &drive.disk,
            None => &NoDisk,
        };
        let (process, counters) = (&mut *self.process, &mut self.counters);
        panics::run(|| {
            let mut env = Env::new(moment, outbox, counters, decisions, disk);
            process.on_event(event, &mut env);
        })
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
