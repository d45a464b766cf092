//! What is sent and delivered quickly goes as if everything were looked at.

use super::super::*;
use super::end;
use crate::Cost;
use crate::Shape;
use crate::testing::config;
use proptest::prelude::*;
use simlab_core::{
    Checker, Distribution, Duration, Env, Interest, Kind, Process, Ratio, TraceEvent, View,
    Violation,
};

/// Sends something to some of the nodes now and then, to itself and to nobody too.
#[derive(Clone, Hash)]
struct Talker {
    nodes: u32,
    rounds: u32,
}

impl Process for Talker {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Timer { .. } if self.rounds > 0 => {
                self.rounds -= 1;
                let len = env.below(40) as usize;
                let first = env.below(u64::from(self.nodes)) as u32;
                let last = env.below(u64::from(self.nodes) + 2) as u32;
                env.broadcast((first..=last).map(NodeId), &vec![7; len][..]);
                env.send(NodeId(first), &b"one"[..]);
            }
            Event::Start | Event::Timer { .. } => {}
            _ => return,
        }
        let pause = env.below(3_000_000);
        env.set_timer(0, Duration(pause));
    }
}

/// A checker that never objects.
#[derive(Clone)]
struct Content(Interest);

impl Checker for Content {
    fn name(&self) -> &'static str {
        "content"
    }
    fn interest(&self) -> Interest {
        self.0
    }
    fn on_event(&mut self, _: &TraceEvent<'_>, _: &dyn View) -> Option<Violation> {
        None
    }
}

/// How a run is looked at.
#[derive(Clone, Copy, PartialEq)]
enum Look {
    Away,
    Recorded,
    Observed,
    Checked(Interest),
    Decided,
    Stepped,
}

fn run(seed: u64, nodes: u32, mtu: u32, cut: bool, look: Look) -> World {
    let recording = look == Look::Recorded;
    let mut world = World::new(Options { recording, ..Options::seed(seed) });
    let delay = Distribution::Uniform { min: Duration(1_000_000), max: Duration::from_millis(20) };
    world.set_default_link(LinkSpec { delay, mtu, ..LinkSpec::default() });
    let busy = Cost { service: Distribution::Fixed(Duration(50_000)), ..Cost::default() };
    for node in 0..nodes {
        let talker = NodeSpec::new("talker", Box::new(Talker { nodes, rounds: 12 }));
        world.add_node(if node % 3 == 0 { talker.cost(busy) } else { talker });
    }
    let slow = Distribution::Fixed(Duration::from_millis(3));
    world.set_link(NodeId(0), NodeId(1), LinkSpec { delay: slow, ..LinkSpec::default() });
    let loss = Ratio::new(1, 3).expect("a ratio");
    world.set_link(NodeId(1), NodeId(0), LinkSpec { delay, loss, ..LinkSpec::default() });
    if cut {
        let shape = Shape::Isolated([NodeId(0)].into());
        let fault = world.define_fault("cut", Fault::Cut(shape));
        world.schedule(Time(8_000_000), Action::Begin(fault));
        world.schedule(Time(13_000_000), Action::End(fault));
    }
    match look {
        Look::Away | Look::Recorded => {}
        Look::Stepped => while world.step_until(end()) {},
        Look::Observed => world.observe(Box::new(|_: &TraceEvent<'_>, _: &Names, _| {})),
        Look::Checked(interest) => world.add_checker(Box::new(Content(interest))),
        Look::Decided => world.record_decisions(),
    }
    world.run_until(end());
    assert!(world.findings().is_empty(), "{:?}", world.findings());
    world
}

/// How many copies came after one that was sent later on their link.
fn overtaken(trace: &crate::trace::Trace) -> u64 {
    let mut latest = std::collections::BTreeMap::new();
    let delivered = trace.iter().filter_map(|event| match event.kind {
        Kind::Delivered { from, datagram } => Some(((from, event.node), datagram)),
        _ => None,
    });
    let mut overtaken = 0;
    for (link, datagram) in delivered {
        let last = latest.entry(link).or_insert(datagram);
        overtaken += u64::from(datagram < *last);
        *last = datagram.max(*last);
    }
    overtaken
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn whoever_looks_on_sees_the_same_run(
        seed: u64,
        nodes in 2..40_u32,
        mtu in 20..60_u32,
        cut: bool,
    ) {
        let seen = |look| -> (u64, Stats, u64) {
            let world = run(seed, nodes, mtu, cut, look);
            (world.trace_hash(), *world.stats(), world.digest())
        };
        let recorded = run(seed, nodes, mtu, cut, Look::Recorded);
        let all = (recorded.trace_hash(), *recorded.stats(), recorded.digest());
        let checked = [Interest::NOTES, Interest::DATAGRAMS, Interest::STATES].map(Look::Checked);
        let others = [Look::Away, Look::Observed, Look::Decided, Look::Stepped];
        for look in others.into_iter().chain(checked) {
            prop_assert_eq!(seen(look), all);
        }
        let trace = recorded.trace().expect("it is recorded");
        prop_assert_eq!(all.1.reordered, overtaken(trace));
        prop_assert!(all.1.delivered > 0);
    }
}

/// Sends on what it gets, and at a turn drawn for it panics, halts, or sends nothing any more.
#[derive(Clone, Hash)]
struct Mortal {
    nodes: u32,
    end: u64,
}

impl Process for Mortal {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Start => {
                self.end = env.below(2_000);
                let all = (0..self.nodes).map(NodeId);
                env.broadcast(all, &b"begin"[..]);
            }
            Event::Datagram { from, bytes } => match self.end {
                0 => env.halt(),
                1 => panic!("enough"),
                2..500 => self.end += 500,
                _ if self.end.is_multiple_of(3) => env.send(from, bytes),
                _ => {}
            },
            _ => {}
        }
        self.end = self.end.saturating_sub(1);
    }
}

/// The limits of a run, a few of them close.
fn close_limits() -> impl Strategy<Value = Limits> {
    let most = |range: std::ops::Range<u64>| prop_oneof![2 => Just(u64::MAX), 1 => range];
    let events = (most(1..3_000), most(1..3_000), 1..9_u32);
    let sizes = (most(1..50_000_000), most(1..400), most(500..9_000));
    (events, sizes).prop_map(|((events, records, instant), (time, queue, bytes))| Limits {
        events,
        records,
        virtual_time: Duration(time),
        queue: usize::try_from(queue).unwrap_or(usize::MAX),
        in_flight_bytes: bytes,
        events_per_instant: if instant == 8 { 0 } else { instant },
        ..Limits::default()
    })
}

proptest! {
    #![proptest_config(config(192))]

    /// Whichever limit is hit, whoever panics or halts: in the same moment, with the same left behind.
    #[test]
    fn a_run_ends_as_one_that_is_stepped(
        seed: u64,
        nodes in 2..20_u32,
        limits in close_limits(),
        recording: bool,
        steady in 0..2_u64,
        pauses in proptest::collection::vec(1..40_000_000_u64, 0..6),
    ) {
        let begin = || {
            let mut world = World::new(Options { seed, recording, limits });
            let (min, max) = (Duration(1_000), Duration(1_000 + steady * 3_000_000));
            let delay = Distribution::Uniform { min, max };
            world.set_default_link(LinkSpec { delay, ..LinkSpec::default() });
            for _ in 0..nodes {
                let process = Box::new(Mortal { nodes, end: 0 });
                world.add_node(NodeSpec::new("mortal", process));
            }
            world
        };
        let (mut run, mut stepped) = (begin(), begin());
        let until = pauses.into_iter().chain([60_000_000]);
        for until in until.map(Time) {
            run.run_until(until);
            while stepped.step_until(until) {}
            stepped.run_until(until);
            let all = |world: &World| (world.trace_hash(), *world.stats(), world.digest());
            prop_assert_eq!(all(&run), all(&stepped));
            prop_assert_eq!(run.findings(), stepped.findings());
            prop_assert_eq!((run.now(), run.ended()), (stepped.now(), stepped.ended()));
            prop_assert_eq!(run.touched(), stepped.touched());
            prop_assert_eq!((run.queue.len(), run.next_at()), (stepped.queue.len(), stepped.next_at()));
            prop_assert_eq!(run.frames.held(), stepped.frames.held());
        }
    }
}

/// Where so much was decided on before the first record that no order number names the first sends, they
/// go the longer way, and all goes as it would otherwise.
#[test]
fn a_send_that_no_order_number_names_goes_the_longer_way() {
    let run = |others: u64| {
        let mut world = World::new(Options { recording: true, ..Options::seed(5) });
        for _ in 0..6 {
            world.add_node(NodeSpec::new("talker", Box::new(Talker { nodes: 6, rounds: 12 })));
        }
        let crash = world.define_fault("late", Fault::Pause([NodeId(0)].into()));
        for _ in 0..others {
            world.schedule(Time::NEVER, Action::Begin(crash));
        }
        world.run_until(end());
        (world.trace_hash(), *world.stats())
    };
    let without = run(1);
    for others in [40_000, 70_000, 3_000_000] {
        assert_eq!(run(others), without, "with {others} others");
    }
}

/// Sets its timer back again and again, as a heart-beat does with an election timer.
#[derive(Clone, Hash)]
struct Patient;

impl Process for Patient {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        if matches!(event, Event::Start | Event::Timer { key: 0, .. }) {
            env.set_timer(0, Duration::from_millis(1));
            for key in 1..=10 {
                env.set_timer(key, Duration::from_millis(150 + key));
            }
        }
    }
}

#[test]
fn a_timer_that_is_set_back_has_one_entry_in_the_queue() {
    let mut world = World::new(Options::seed(1));
    for _ in 0..20 {
        world.add_node(NodeSpec::new("patient", Box::new(Patient)));
    }
    for ms in 1..500 {
        world.run_until(Time(ms * 1_000_000));
        let timers = world.nodes.iter().flat_map(|node| node.timers.pending()).count();
        let entries = world.queue.items().map(|(order, item)| Due::unpack(order, *item));
        let entries = entries.filter(|due| matches!(due, Due::Timer { .. })).count();
        assert_eq!((timers, entries), (20 * 11, 20 * 11), "after {ms} ms");
    }
}
