//! A node: the process that runs on it, its clocks and disk, and what waits for it.

use crate::clock::Clock;
use crate::disk::SimDisk;
use crate::network::Flight;
use crate::timers::{TimerEntry, Timers};
use simlab_core::{Counters, DiskError, Distribution, Duration, Process, Scope, Seq, Ticket, Time};
use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;
use std::sync::Arc;

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
            site: None,
            process,
            sync_delay: Distribution::Fixed(Duration::ZERO),
            clock: ClockSpec::default(),
            cost: Cost::default(),
            joins: Time::ZERO,
            restart_after: None,
        }
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

/// Something that a node is to handle.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// It came up.
    Start { seq: Seq },
    /// A datagram that arrived.
    Datagram(Flight),
    /// A timer that may have run out.
    Timer(TimerEntry),
    /// A sync that ended.
    Synced { scope: Scope, ticket: Ticket, result: Result<(), DiskError>, asked: Seq },
    /// An order from outside.
    Command { bytes: Arc<[u8]> },
}

/// Work on the desk: a worker has it, or it gets its turn at this instant.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) work: Work,
    /// Whether a worker is done with it.
    pub(crate) served: bool,
    /// Whether it was held by a pause, or came just when something that was held gets its turn.
    pub(crate) late: bool,
}

impl Turn {
    /// Whether it is a datagram that no worker has.
    const fn waits(&self) -> bool {
        !self.served && matches!(self.work, Work::Datagram(_))
    }
}

/// A node of the world.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) status: Status,
    pub(crate) process: Box<dyn Process>,
    pristine: Box<dyn Process>,
    /// Counts the lives; what was scheduled in an earlier life concerns none of the later ones.
    pub(crate) life: u32,
    /// When this life began.
    pub(crate) since: Time,
    pub(crate) counters: Counters,
    pub(crate) timers: Timers,
    pub(crate) clock: Clock,
    /// The drift without faults.
    pub(crate) drift: i64,
    pub(crate) disk: SimDisk,
    pub(crate) sync_delay: Distribution,
    /// When the last sync that was asked for will be done; syncs end in order.
    pub(crate) last_sync: Time,
    pub(crate) syncs: u64,
    pub(crate) restart_after: Option<Duration>,
    pub(crate) paused: bool,
    pub(crate) cost: Cost,
    /// How many times longer events take, in percent.
    pub(crate) slow: u32,
    /// When the last sync that came back will be handled: they are handled in order, too.
    pub(crate) last_synced: Time,
    /// How many workers have something.
    pub(crate) busy: u32,
    /// How many events workers ever took on; it names the choices about them.
    pub(crate) served: u64,
    /// What waits for a worker.
    pub(crate) inbox: VecDeque<Work>,
    /// Whether it is down and comes up when the last fault that keeps it down is over.
    pub(crate) owed: bool,
    /// Whether it came up and has not heard so yet: that is the first thing that it hears.
    pub(crate) starting: bool,
    /// What came while the node stood still, in the order in which it was due.
    pub(crate) held: Vec<Turn>,
    /// What workers have, and what gets its turn at this instant, by number.
    pub(crate) desk: BTreeMap<u64, Turn>,
    pub(crate) turns: u64,
    /// How much of the desk waited for a pause to end: what comes now comes after that.
    pub(crate) catching_up: u32,
    /// How many datagrams wait, those not counted that a worker has.
    datagrams: u32,
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
            inbox: self.inbox.clone(),
            held: self.held.clone(),
            desk: self.desk.clone(),
            ..*self
        }
    }
}

impl Node {
    pub(crate) fn new(spec: NodeSpec) -> Self {
        let NodeSpec { process, sync_delay, clock, cost, joins: _, restart_after, .. } = spec;
        Node {
            status: Status::Absent,
            pristine: process.fork(),
            process,
            life: 0,
            since: Time::ZERO,
            counters: Counters::default(),
            timers: Timers::default(),
            clock: Clock::new(clock.drift, clock.offset),
            drift: clock.drift,
            disk: SimDisk::default(),
            sync_delay,
            last_sync: Time::ZERO,
            syncs: 0,
            restart_after,
            paused: false,
            cost,
            slow: 100,
            last_synced: Time::ZERO,
            busy: 0,
            served: 0,
            inbox: VecDeque::new(),
            owed: false,
            starting: false,
            held: Vec::new(),
            desk: BTreeMap::new(),
            turns: 0,
            catching_up: 0,
            datagrams: 0,
            instant: Time::ZERO,
            instant_events: 0,
        }
    }

    /// Ends this life. Returns what waited to be handled. The disk is left to the caller.
    pub(crate) fn stop(&mut self, status: Status) -> Vec<Work> {
        self.status = status;
        self.life += 1;
        self.timers.clear();
        self.last_sync = Time::ZERO;
        self.last_synced = Time::ZERO;
        self.busy = 0;
        (self.starting, self.catching_up, self.datagrams) = (false, 0, 0);
        self.process = self.pristine.fork();
        let waiting = std::mem::take(&mut self.inbox).into_iter();
        let held = std::mem::take(&mut self.held).into_iter();
        let desk = std::mem::take(&mut self.desk).into_values();
        waiting.chain(held.chain(desk).map(|turn| turn.work)).collect()
    }

    /// Lets something wait for a worker.
    pub(crate) fn queue(&mut self, work: Work) {
        self.datagrams += u32::from(matches!(work, Work::Datagram(_)));
        self.inbox.push_back(work);
    }

    /// Takes out what has waited longest for a worker.
    pub(crate) fn dequeue(&mut self) -> Option<Work> {
        let work = self.inbox.pop_front()?;
        self.datagrams -= u32::from(matches!(work, Work::Datagram(_)));
        Some(work)
    }

    /// Lets something wait for the end of a pause.
    pub(crate) fn hold(&mut self, turn: Turn) {
        self.datagrams += u32::from(turn.waits());
        self.held.push(turn);
    }

    /// Takes out what waited for the end of a pause, in the order in which it was due.
    pub(crate) fn release(&mut self) -> Vec<Turn> {
        let held = std::mem::take(&mut self.held);
        self.datagrams -= held.iter().filter(|turn| turn.waits()).count() as u32;
        held
    }

    /// Whether one of its workers has nothing to do.
    pub(crate) fn has_worker(&self) -> bool {
        self.busy < self.cost.workers.max(1)
    }

    /// Whether there is room for one more datagram to wait.
    pub(crate) const fn has_room(&self) -> bool {
        self.datagrams < self.cost.buffer || self.cost.buffer == u32::MAX
    }
}
