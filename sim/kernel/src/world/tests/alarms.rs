//! Timers under drift, jumps and pauses, against a model that looks at the clock every nanosecond.

use super::super::*;
use crate::ClockSpec;
use proptest::prelude::*;
use simlab_core::{Duration, Env, Kind, Process};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// Sets and forgets timers as it is told, and notes when it is told and when they fire, with what
/// both its clocks show.
#[derive(Clone, Hash)]
struct Alarm;

impl Process for Alarm {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        let (now, wall) = (env.now().nanos(), env.wall().nanos());
        match event {
            Event::Command { bytes: &[key, after] } => {
                env.note("told", now, wall);
                match after {
                    u8::MAX => env.cancel_timer(key.into()),
                    after => env.set_timer(key.into(), Duration(after.into())),
                }
            }
            Event::Timer { key, .. } => {
                env.note(["timer 0", "timer 1", "timer 2"][key as usize], now, wall);
            }
            _ => {}
        }
    }
}

/// A line of the story.
#[derive(Clone, Debug)]
enum Deed {
    /// Set this timer, so far ahead; the last of all times means: forget it.
    Tell(u8, u8),
    Begin(usize),
    End(usize),
}

/// What is done to the node.
#[derive(Clone, Debug)]
enum Harm {
    Clock { jump: i64, drift: Option<i64> },
    Pause,
}

/// A note: when, what, and the two clocks.
type Note = (u64, &'static str, u64, u64);

const END: u64 = 400;
const NODE: NodeId = NodeId(0);

prop_compose! {
    fn harm()(
        at in 0..300_u64, lasts in 0..90_u64,
        what in prop_oneof![
            (prop::sample::select(vec![0, 0, 7, -40]), proptest::option::of(drift()))
                .prop_map(|(jump, drift)| Harm::Clock { jump, drift }),
            Just(Harm::Pause),
        ],
    ) -> (u64, u64, Harm) {
        (at, at + lasts, what)
    }
}

fn drift() -> impl Strategy<Value = i64> {
    let million = 1_000_000;
    prop::sample::select(vec![-500 * million, -333 * million, 0, 7 * million, 1_000 * million])
}

/// What is told and done, in order.
fn story(tell: Vec<(u64, u8, u8)>, harms: &[(u64, u64, Harm)]) -> Vec<(u64, Deed)> {
    let mut story: Vec<(u64, Deed)> =
        tell.into_iter().map(|(at, key, after)| (at, Deed::Tell(key, after))).collect();
    for (n, (at, until, _)) in harms.iter().enumerate() {
        story.extend([(*at, Deed::Begin(n)), (*until, Deed::End(n))]);
    }
    story.sort_by_key(|(at, _)| *at);
    story
}

fn simulated(spec: ClockSpec, harms: &[(u64, u64, Harm)], story: &[(u64, Deed)]) -> Vec<Note> {
    let mut world = World::new(Options::seed(1));
    world.add_node(NodeSpec::new("a", Box::new(Alarm)).clock(spec));
    let nodes = || BTreeSet::from([NODE]);
    let ids: Vec<_> = harms
        .iter()
        .map(|(.., harm)| match *harm {
            Harm::Clock { jump, drift } => Fault::Clock { nodes: nodes(), jump, drift },
            Harm::Pause => Fault::Pause(nodes()),
        })
        .map(|fault| world.define_fault("harm", fault))
        .collect();
    for (at, deed) in story {
        let action = match *deed {
            Deed::Tell(key, after) => {
                Action::Command { node: NODE, bytes: Arc::from(vec![key, after]) }
            }
            Deed::Begin(n) => Action::Begin(ids[n]),
            Deed::End(n) => Action::End(ids[n]),
        };
        world.schedule(Time(*at), action);
    }
    world.run_until(Time(END));
    assert!(world.findings().is_empty(), "{:?}", world.findings());
    let notes = world.trace().expect("recording").iter();
    notes
        .filter_map(|event| match event.kind {
            Kind::Noted { name, a, b } => Some((event.at.nanos(), name, a, b)),
            _ => None,
        })
        .collect()
}

/// Something that the node is to hear.
#[derive(Clone, Copy, Debug)]
enum Item {
    Told(u8, u8),
    /// A timer, if it is still set as it was in this order.
    Timer(usize, u64),
}

/// The node, one nanosecond at a time.
struct Model {
    spec: ClockSpec,
    /// What the clock showed when its rate last changed, and what it gained since, in billionths.
    base: u64,
    gained: i128,
    drift: i64,
    /// For each timer: when it is due on the local clock, and in which order it was set.
    timers: [Option<(u64, u64)>; 3],
    orders: u64,
    /// The settings that are due already.
    due: BTreeSet<u64>,
    active: BTreeSet<usize>,
    held: VecDeque<Item>,
    /// What the node is to hear now.
    next: VecDeque<Item>,
    notes: Vec<Note>,
}

impl Model {
    fn local(&self) -> u64 {
        self.base + (self.gained / 1_000_000_000) as u64
    }

    fn wall(&self, harms: &[(u64, u64, Harm)]) -> u64 {
        let jumps = self.active.iter().map(|n| match harms[*n].2 {
            Harm::Clock { jump, .. } => jump,
            Harm::Pause => 0,
        });
        (self.local() as i64 + self.spec.offset + jumps.sum::<i64>()).max(0) as u64
    }

    fn deliver(&mut self, item: Item, paused: bool) {
        if paused { self.held.push_back(item) } else { self.next.push_back(item) }
    }

    /// Looks which timers have become due, in the order in which they were set.
    fn look(&mut self, paused: bool) {
        let local = self.local();
        let mut found: Vec<(u64, usize)> = (0..3)
            .filter_map(|key| self.timers[key].map(|(due, order)| (due, order, key)))
            .filter(|(due, order, _)| *due <= local && !self.due.contains(order))
            .map(|(_, order, key)| (order, key))
            .collect();
        found.sort_unstable();
        for (order, key) in found {
            self.due.insert(order);
            self.deliver(Item::Timer(key, order), paused);
        }
    }

    fn hear(&mut self, at: u64, item: Item, wall: u64) {
        let local = self.local();
        match item {
            Item::Told(key, after) => {
                self.orders += 1;
                let setting = (after != u8::MAX).then_some((local + u64::from(after), self.orders));
                self.timers[usize::from(key)] = setting;
                self.notes.push((at, "told", local, wall));
            }
            Item::Timer(key, order) => {
                if self.timers[key].is_some_and(|(_, set)| set == order) {
                    self.timers[key] = None;
                    let name = ["timer 0", "timer 1", "timer 2"][key];
                    self.notes.push((at, name, local, wall));
                }
            }
        }
    }

    fn run(mut self, harms: &[(u64, u64, Harm)], story: &[(u64, Deed)]) -> Vec<Note> {
        let paused =
            |active: &BTreeSet<usize>| active.iter().any(|n| matches!(harms[*n].2, Harm::Pause));
        for at in 0..=END {
            if at > 0 {
                self.gained += 1_000_000_000 + i128::from(self.drift);
            }
            for (_, deed) in story.iter().filter(|(when, _)| *when == at) {
                match *deed {
                    Deed::Tell(key, after) => {
                        let (item, still) = (Item::Told(key, after), paused(&self.active));
                        if still || !self.next.is_empty() {
                            self.deliver(item, still);
                        } else {
                            let wall = self.wall(harms);
                            self.hear(at, item, wall);
                        }
                    }
                    Deed::Begin(n) => drop(self.active.insert(n)),
                    Deed::End(n) => drop(self.active.remove(&n)),
                }
                let mut drifts = self.active.iter().filter_map(|n| match harms[*n].2 {
                    Harm::Clock { drift, .. } => drift,
                    Harm::Pause => None,
                });
                let drift = drifts.next_back().unwrap_or(self.spec.drift);
                if drift != self.drift {
                    (self.base, self.gained, self.drift) = (self.local(), 0, drift);
                }
                if !paused(&self.active) {
                    // What waited comes before what comes now.
                    let held = std::mem::take(&mut self.held);
                    self.next.extend(held);
                } else {
                    // What had not got its turn when the node stood still again waits again.
                    let next = std::mem::take(&mut self.next);
                    self.held.extend(next);
                }
            }
            let still = paused(&self.active);
            self.look(still);
            while let Some(item) = self.next.pop_front() {
                let wall = self.wall(harms);
                self.hear(at, item, wall);
                self.look(still);
            }
        }
        self.notes
    }
}

fn model(spec: ClockSpec, harms: &[(u64, u64, Harm)], story: &[(u64, Deed)]) -> Vec<Note> {
    let model = Model {
        spec,
        base: 0,
        gained: 0,
        drift: spec.drift,
        timers: [None; 3],
        orders: 0,
        due: BTreeSet::new(),
        active: BTreeSet::new(),
        held: VecDeque::new(),
        next: VecDeque::new(),
        notes: Vec::new(),
    };
    model.run(harms, story)
}

proptest! {
    #![proptest_config(crate::testing::config(400))]

    /// Each timer fires at the first instant at which the local clock shows its time and the node does
    /// not stand still; what waited comes in the order in which it was due; the wall clock is nobody's
    /// business; a clock that changes its rate takes the timers along.
    #[test]
    fn timers_follow_the_local_clock(
        drift in drift(), offset in -60..60_i64,
        tell in proptest::collection::vec(
            (0..300_u64, 0..3_u8, prop_oneof![6 => 0..100_u8, 1 => Just(u8::MAX)]), 0..14,
        ),
        harms in proptest::collection::vec(harm(), 0..6),
    ) {
        let spec = ClockSpec { drift, offset };
        let story = story(tell, &harms);
        prop_assert_eq!(simulated(spec, &harms, &story), model(spec, &harms, &story));
    }
}

/// Holds a lease for 10 ms, looks at its clock every millisecond, and says what it believes.
#[derive(Clone, Hash)]
struct Holder {
    until: Time,
}

impl Process for Holder {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        let ms = Duration::from_millis;
        match event {
            Event::Start => self.until = env.now() + ms(10),
            _ if env.now() < self.until => env.note("serve", env.now().millis(), 0),
            _ => env.note("too late", env.now().millis(), 0),
        }
        env.set_timer(0, ms(1));
    }
}

/// What a lease holder says, at which millisecond of the world, with the millisecond that it sees.
fn lease(fault: Fault, from: u64, until: u64) -> Vec<(u64, &'static str, u64)> {
    let mut world = World::new(Options::seed(1));
    world.add_node(NodeSpec::new("holder", Box::new(Holder { until: Time::ZERO })));
    let fault = world.define_fault("fault", fault);
    let at = |ms| Time::ZERO + Duration::from_millis(ms);
    world.schedule(at(from), Action::Begin(fault));
    world.schedule(at(until), Action::End(fault));
    world.run_until(at(40));
    let said = world.trace().expect("recording").iter().filter_map(|event| match event.kind {
        Kind::Noted { name, a, .. } => Some((event.at.millis(), name, a)),
        _ => None,
    });
    said.collect()
}

/// Its lease runs out while it stands still. It cannot know before it goes on, and then it sees.
#[test]
fn a_lease_holder_that_stood_still_finds_out_late() {
    let said = lease(Fault::Pause([NODE].into()), 5, 30);
    assert_eq!(said[..4], [1, 2, 3, 4].map(|ms| (ms, "serve", ms)));
    assert_eq!(said[4], (30, "too late", 30), "the timer of 5 ms sees the time of the resumption");
    assert_eq!(said[5], (31, "too late", 31));
}

/// A clock that runs at half the rate makes the lease last twice as long for its holder alone.
#[test]
fn a_lease_holder_with_a_slow_clock_believes_too_long() {
    let drift = Some(-500_000_000);
    let said = lease(Fault::Clock { nodes: [NODE].into(), jump: 0, drift }, 0, 40);
    let last = said.iter().rfind(|(_, word, _)| *word == "serve").expect("it served");
    assert_eq!(*last, (18, "serve", 9), "others took the lease for free at 10 ms");
}

#[test]
fn a_wall_clock_that_jumps_moves_no_timer_and_no_lease() {
    let jump = Fault::Clock { nodes: [NODE].into(), jump: -3_600_000_000_000, drift: None };
    let untouched = lease(Fault::Slow { nodes: [NODE].into(), percent: 1_000 }, 5, 30);
    assert_eq!(lease(jump, 5, 30), untouched);
}
