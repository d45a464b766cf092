//! Timers over several lives, against a model that looks at the clock every nanosecond; and in which
//! order a node that stood still gets to what came meanwhile.

use super::super::*;
use crate::{ClockSpec, Fault};
use proptest::prelude::*;
use simlab_core::{Distribution, Duration, Env, Kind, Process};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const NODE: NodeId = NodeId(0);

/// How long the model watches, in nanoseconds.
const END: u64 = 500;

/// The timer that every start sets, and how long it runs.
const GREETING: (u8, u8) = (100, 7);

/// Sets timers as it is told: a command is a key and how long.
#[derive(Clone, Hash)]
struct Obedient;

impl Process for Obedient {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Start => env.set_timer(GREETING.0.into(), Duration(GREETING.1.into())),
            Event::Command { bytes: [key, after] } => {
                env.set_timer((*key).into(), Duration((*after).into()));
            }
            Event::Command { bytes: [key] } => env.cancel_timer((*key).into()),
            _ => {}
        }
    }
}

/// What is done to the node, and when.
#[derive(Clone, Debug)]
enum Step {
    Command(u64, Vec<u8>),
    Drift(u64, u64, i64),
    Jump(u64, u64, i64),
    Pause(u64, u64),
    Crash(u64, u64),
}

/// What happened to the node: when, and which command it got or which timer fired.
type Story = Vec<(u64, Result<Vec<u8>, u8>)>;

fn step() -> impl Strategy<Value = Step> {
    // Few times, so that much comes together.
    let at = || (1..80_u64).prop_map(|n| n * 5);
    let long = || (1..16_u64).prop_map(|n| n * 5);
    let after = prop_oneof![Just(0), 0..60_u8, (0..12_u8).prop_map(|n| n * 5)];
    let drift =
        prop_oneof![Just(-500_000_000), Just(1_000_000_000), -500_000_000..1_000_000_000_i64];
    prop_oneof![
        8 => (at(), 0..4_u8, after).prop_map(|(at, key, after)| Step::Command(at, vec![key, after])),
        1 => (at(), 0..4_u8).prop_map(|(at, key)| Step::Command(at, vec![key])),
        2 => (at(), long(), drift).prop_map(|(at, long, by)| Step::Drift(at, at + long, by)),
        1 => (at(), long(), -300..300_i64).prop_map(|(at, long, by)| Step::Jump(at, at + long, by)),
        3 => (at(), long()).prop_map(|(at, long)| Step::Pause(at, at + long)),
        1 => (at(), long()).prop_map(|(at, long)| Step::Crash(at, at + long)),
    ]
}

/// Something done to the node at one instant, as the model sees it.
#[derive(Clone, Debug)]
enum Act {
    Command(Vec<u8>),
    /// The drift with this number begins, or ends.
    Drift(usize, Option<i64>),
    Pause(i32),
    Crash,
    Restart,
}

/// The steps in the order in which they are scheduled.
fn acts(steps: &[Step]) -> Vec<(u64, Act)> {
    let mut acts = Vec::new();
    for (n, step) in steps.iter().enumerate() {
        match step.clone() {
            Step::Command(at, bytes) => acts.push((at, Act::Command(bytes))),
            Step::Drift(at, until, by) => {
                acts.push((at, Act::Drift(n, Some(by))));
                acts.push((until, Act::Drift(n, None)));
            }
            // The wall clock is nothing to a timer.
            Step::Jump(..) => {}
            Step::Pause(at, until) => {
                acts.push((at, Act::Pause(1)));
                acts.push((until, Act::Pause(-1)));
            }
            Step::Crash(at, until) => acts.extend([(at, Act::Crash), (until, Act::Restart)]),
        }
    }
    acts
}

#[derive(Clone, Debug)]
enum Waiting {
    Start,
    Command(Vec<u8>),
    /// A key, and which of its settings.
    Timer(u8, u64),
}

struct Model {
    /// What the monotonic clock shows, in billionths of a nanosecond.
    shown: u64,
    drifts: BTreeMap<usize, i64>,
    own_drift: i64,
    pauses: i32,
    up: bool,
    /// Of each timer: what the clock shows when it is due, the number of the setting, and whether
    /// it is due and waits.
    timers: BTreeMap<u8, (u64, u64, bool)>,
    settings: u64,
    waiting: VecDeque<Waiting>,
    story: Story,
}

const BILLION: u64 = 1_000_000_000;

impl Model {
    fn drift(&self) -> i64 {
        self.drifts.last_key_value().map_or(self.own_drift, |(_, drift)| *drift)
    }

    fn set(&mut self, key: u8, after: u8) {
        self.settings += 1;
        let due = self.shown / BILLION + u64::from(after);
        self.timers.insert(key, (due, self.settings, false));
    }

    fn act(&mut self, now: u64, act: &Act) {
        match act {
            Act::Command(bytes) if self.up => {
                self.waiting.push_back(Waiting::Command(bytes.clone()));
                // If nothing else waits it is handled before what is yet to come.
                if self.waiting.len() == 1 {
                    self.work(now);
                }
            }
            Act::Command(_) => {
                self.story.push((now, Ok(Vec::new())));
            }
            Act::Drift(number, by) => {
                let before = self.drift();
                match by {
                    Some(by) => self.drifts.insert(*number, *by),
                    None => self.drifts.remove(number),
                };
                if self.drift() != before {
                    self.shown -= self.shown % BILLION;
                }
            }
            Act::Pause(by) => self.pauses += by,
            Act::Crash => {
                self.up = false;
                self.timers.clear();
                self.waiting.clear();
            }
            Act::Restart if !self.up => {
                self.up = true;
                self.waiting.push_back(Waiting::Start);
                self.work(now);
            }
            Act::Restart => {}
        }
    }

    fn work(&mut self, now: u64) {
        while self.pauses == 0
            && let Some(waiting) = self.waiting.pop_front()
        {
            match waiting {
                Waiting::Start => self.set(GREETING.0, GREETING.1),
                Waiting::Command(bytes) => {
                    match bytes[..] {
                        [key, after] => self.set(key, after),
                        [key] => drop(self.timers.remove(&key)),
                        _ => unreachable!("no such command"),
                    }
                    self.story.push((now, Ok(bytes)));
                }
                Waiting::Timer(key, setting) => {
                    if self.timers.get(&key).is_some_and(|timer| timer.1 == setting) {
                        self.timers.remove(&key);
                        self.story.push((now, Err(key)));
                    }
                }
            }
        }
    }

    fn tick(&mut self, now: u64, acts: &[(u64, Act)]) {
        for (_, act) in acts.iter().filter(|(at, _)| *at == now) {
            self.act(now, act);
        }
        loop {
            let shows = self.shown / BILLION;
            let mut due: Vec<(u64, u8)> = Vec::new();
            for (key, (local, setting, waits)) in &mut self.timers {
                if *local <= shows && !*waits {
                    *waits = true;
                    due.push((*setting, *key));
                }
            }
            due.sort_unstable();
            self.waiting.extend(due.into_iter().map(|(setting, key)| Waiting::Timer(key, setting)));
            if self.pauses > 0 || self.waiting.is_empty() {
                break;
            }
            self.work(now);
        }
        self.shown += BILLION.saturating_add_signed(self.drift());
    }
}

fn expected(drift: i64, steps: &[Step]) -> Story {
    let mut model = Model {
        shown: 0,
        drifts: BTreeMap::new(),
        own_drift: drift,
        pauses: 0,
        up: true,
        timers: BTreeMap::new(),
        settings: 0,
        waiting: [Waiting::Start].into(),
        story: Story::new(),
    };
    let acts = acts(steps);
    (0..=END).for_each(|now| model.tick(now, &acts));
    model.story
}

fn run(drift: i64, steps: &[Step]) -> Story {
    let mut world = World::new(Options::seed(1));
    let clock = ClockSpec { drift, offset: 0 };
    world.add_node(NodeSpec::new("node", Box::new(Obedient)).clock(clock));
    let nodes = BTreeSet::from([NODE]);
    for step in steps {
        let (at, until, fault) = match step.clone() {
            Step::Command(at, bytes) => {
                world.schedule(Time(at), Action::Command { node: NODE, bytes: bytes.into() });
                continue;
            }
            Step::Crash(at, until) => {
                world.schedule(Time(at), Action::Crash(NODE));
                world.schedule(Time(until), Action::Restart(NODE));
                continue;
            }
            Step::Drift(at, until, by) => {
                (at, until, Fault::Clock { nodes: nodes.clone(), jump: 0, drift: Some(by) })
            }
            Step::Jump(at, until, by) => {
                (at, until, Fault::Clock { nodes: nodes.clone(), jump: by, drift: None })
            }
            Step::Pause(at, until) => (at, until, Fault::Pause(nodes.clone())),
        };
        let fault = world.define_fault("fault", fault);
        world.schedule(Time(at), Action::Begin(fault));
        world.schedule(Time(until), Action::End(fault));
    }
    world.run_until(Time(END));
    assert_eq!(world.findings(), []);
    let mut story = Story::new();
    for event in world.trace().expect("recording").iter() {
        match event.kind {
            Kind::Commanded => story.push((event.at.0, Ok(event.bytes.to_vec()))),
            Kind::TimerFired { key, .. } => story.push((event.at.0, Err(key as u8))),
            // The command before it was not handled.
            Kind::Unheard => story.last_mut().expect("was sent").1 = Ok(Vec::new()),
            _ => {}
        }
    }
    story
}

proptest! {
    #![proptest_config(crate::testing::config(1_000))]

    /// A timer fires at the first nanosecond at which the node's own clock shows its time and the
    /// node does not stand still; what was held comes first, in the order in which it was due.
    #[test]
    fn timers_agree_with_a_clock_that_is_looked_at_all_the_time(
        drift in prop_oneof![Just(0), -500_000_000..1_000_000_000_i64],
        steps in prop::collection::vec(step(), 0..24),
    ) {
        prop_assert_eq!(run(drift, &steps), expected(drift, &steps));
    }
}

fn ms(n: u64) -> Time {
    Time::ZERO + Duration::from_millis(n)
}

fn pause(world: &mut World, node: NodeId, from: Time, until: Time) {
    let pause = world.define_fault("pause", Fault::Pause([node].into()));
    world.schedule(from, Action::Begin(pause));
    world.schedule(until, Action::End(pause));
}

/// Two nodes; the first one gets one of everything while it stands still: a command at 20 ms, a
/// datagram at 30 ms, the end of a sync at 40 ms, a timer at 50 ms, and at 60 ms another timer, just
/// when it goes on.
fn one_of_everything(paused: bool) -> Vec<(Time, &'static str)> {
    #[derive(Clone, Hash)]
    struct Busy;
    impl Process for Busy {
        fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
            let name = match event {
                Event::Start if env.me() == NODE => {
                    // Set first, due last.
                    env.set_timer(60, Duration::from_millis(60));
                    env.set_timer(50, Duration::from_millis(50));
                    env.append("log", &b"x"[..]);
                    env.sync();
                    return;
                }
                Event::Start => return env.send(NODE, &b"hello"[..]),
                Event::Datagram { .. } => "datagram",
                Event::Timer { key: 50, .. } => "timer",
                Event::Timer { .. } => "timer at the resume",
                Event::Synced { .. } => "synced",
                Event::Command { .. } => "command",
            };
            env.note(name, 0, 0);
        }
    }
    let fixed = |n| Distribution::Fixed(Duration::from_millis(n));
    let mut world = World::new(Options::seed(1));
    let busy = NodeSpec::new("busy", Box::new(Busy)).sync_delay(fixed(40));
    let busy = world.add_node(busy);
    world.add_node(NodeSpec::new("friend", Box::new(Busy)));
    world.set_default_link(LinkSpec { delay: fixed(30), ..LinkSpec::default() });
    if paused {
        pause(&mut world, busy, ms(10), ms(60));
    }
    let command = Action::Command { node: busy, bytes: b"go".as_slice().into() };
    world.schedule(ms(20), command);
    // Something steps in again and again: who steps through a run must see the same.
    while world.step_until(ms(100)) {
        world = world.fork();
    }
    let trace = world.trace().expect("recording");
    let notes = trace.iter().filter_map(|event| match event.kind {
        Kind::Noted { name, .. } => Some((event.at, name)),
        _ => None,
    });
    notes.collect()
}

#[test]
fn what_was_held_comes_in_the_order_in_which_it_was_due() {
    let names = ["command", "datagram", "synced", "timer", "timer at the resume"];
    let expected: Vec<_> = [20, 30, 40, 50, 60].into_iter().map(ms).zip(names).collect();
    assert_eq!(one_of_everything(false), expected);
    let expected: Vec<_> = names.into_iter().map(|name| (ms(60), name)).collect();
    assert_eq!(one_of_everything(true), expected);
}

#[test]
fn what_workers_finished_in_a_pause_comes_before_what_they_finish_at_its_end() {
    /// Notes its orders.
    #[derive(Clone, Hash)]
    struct Clerk;
    impl Process for Clerk {
        fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
            if let Event::Command { bytes: &[order] } = event {
                env.note("done", order.into(), 0);
            }
        }
    }
    let service = Distribution::Fixed(Duration::from_millis(30));
    let cost = crate::Cost { service, workers: 2, ..crate::Cost::default() };
    let mut world = World::new(Options::seed(1));
    let clerk = world.add_node(NodeSpec::new("clerk", Box::new(Clerk)).cost(cost));
    // The workers are done at 70 and at 90 ms.
    for (at, order) in [(40, 1), (60, 2)] {
        let bytes = [order].as_slice().into();
        world.schedule(ms(at), Action::Command { node: clerk, bytes });
    }
    pause(&mut world, clerk, ms(65), ms(90));
    world.run_until(ms(200));
    let done = world.trace().expect("recording").iter().filter_map(|event| match event.kind {
        Kind::Noted { a, .. } => Some((event.at, a)),
        _ => None,
    });
    assert_eq!(done.collect::<Vec<_>>(), [(ms(90), 1), (ms(90), 2)]);
}
