//! The world's own invariants, under random networks and stories.

mod adversary;
mod alarms;
mod clocks;
mod cost;
mod goals;
mod hits;
mod hostile;
mod members;
mod quick;
mod script;
mod storm;

use super::*;
use crate::{Adversary, Corruption, Shape};
use proptest::prelude::*;
use simlab_core::{Distribution, Duration, Env, Kind, Process, Ratio};
use std::collections::BTreeSet;

/// Talks a lot: every 10 ms it greets a random other node, and now and then everybody; every
/// greeting is answered; every third one is written down first.
#[derive(Clone, Hash)]
struct Chatter {
    nodes: u32,
    heard: u64,
}

impl Process for Chatter {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Start => env.set_timer(0, Duration::from_millis(1)),
            Event::Timer { .. } => {
                let size = env.below(80) as usize;
                let to = NodeId(env.below(self.nodes.into()) as u32);
                env.send(to, &vec![b'?'; size][..]);
                if env.below(5) == 0 {
                    env.broadcast((0..self.nodes).map(NodeId), &b"!all"[..]);
                }
                env.set_timer(0, Duration::from_millis(10));
            }
            Event::Datagram { from, bytes } => {
                self.heard += 1;
                if bytes.first() == Some(&b'?') {
                    env.send(from, &b"hello"[..]);
                }
                if self.heard.is_multiple_of(3) {
                    env.append("log", &self.heard);
                    env.sync();
                }
            }
            Event::Synced { .. } | Event::Command { .. } => {}
        }
    }

    fn inspect(&self, view: &mut Fields) {
        view.int("heard", self.heard as i64);
    }
}

fn ratio() -> impl Strategy<Value = Ratio> {
    (0..=3_u64).prop_map(|n| Ratio::new(n, 10).expect("below one"))
}

fn delay() -> impl Strategy<Value = Distribution> {
    let ms = Duration::from_millis;
    prop_oneof![
        Just(Distribution::Fixed(ms(5))),
        Just(Distribution::Uniform { min: ms(0), max: ms(40) }),
        Just(Distribution::Exponential { min: ms(1), mean: ms(20) }),
        Just(Distribution::LogNormal { median: ms(10), sigma_milli: 800 }),
        Just(Distribution::LongTail { min: ms(2), shape_milli: 1_100, max: ms(500) }),
    ]
}

prop_compose! {
    fn adversary()(edit in ratio(), replay in ratio(), replay_after in delay()) -> Adversary {
        Adversary { edit, replay, replay_after }
    }
}

prop_compose! {
    fn link()(
        delay in delay(),
        (loss, duplicate, reorder, corrupt) in (ratio(), ratio(), ratio(), ratio()),
        corrupt_bits in 1..4_u8,
        bandwidth in proptest::option::of(500..5_000_u64),
        mtu in 30..100_u32,
        adversary in proptest::option::of(adversary()),
    ) -> LinkSpec {
        let (reorder_by, corruption) = (Duration::from_millis(30), Corruption::Bits(corrupt_bits));
        LinkSpec {
            delay, loss, duplicate, reorder, reorder_by, corrupt, corruption, bandwidth,
            queue: 300, mtu, adversary,
        }
    }
}

const NODES: u32 = 4;

fn set() -> impl Strategy<Value = BTreeSet<NodeId>> {
    proptest::collection::btree_set((0..NODES).prop_map(NodeId), 0..3)
}

#[derive(Clone, Debug)]
enum Fault {
    Cut(Shape, u64),
    Crash(NodeId, u64),
}

fn fault() -> impl Strategy<Value = (u64, Fault)> {
    let shape = prop_oneof![
        (set(), set()).prop_map(|(a, b)| Shape::Groups(vec![&a - &b, b])),
        (set(), set()).prop_map(|(from, to)| Shape::OneWay { from, to }),
        set().prop_map(Shape::Isolated),
    ];
    let what = prop_oneof![
        (shape, 1..300_u64).prop_map(|(shape, ms)| Fault::Cut(shape, ms)),
        ((0..NODES).prop_map(NodeId), 1..300_u64).prop_map(|(node, ms)| Fault::Crash(node, ms)),
    ];
    (0..900_u64, what)
}

fn world(seed: u64, recording: bool, link: LinkSpec, faults: &[(u64, Fault)]) -> World {
    let mut world = World::new(Options { recording, ..Options::seed(seed) });
    for n in 0..NODES {
        let process = Box::new(Chatter { nodes: NODES, heard: 0 });
        let delay = Distribution::Uniform { min: Duration(0), max: Duration::from_millis(8) };
        world.add_node(NodeSpec::new(format!("n{n}"), process).sync_delay(delay));
    }
    world.set_default_link(link);
    let at = |ms| Time::ZERO + Duration::from_millis(ms);
    for (start, fault) in faults {
        match fault {
            Fault::Cut(shape, ms) => {
                let cut = world.define_fault("cut", crate::Fault::Cut(shape.clone()));
                world.schedule(at(*start), Action::Begin(cut));
                world.schedule(at(start + ms), Action::End(cut));
            }
            Fault::Crash(node, ms) => {
                world.schedule(at(*start), Action::Crash(*node));
                world.schedule(at(start + ms), Action::Restart(*node));
            }
        }
    }
    world
}

fn end() -> Time {
    Time::ZERO + Duration::from_secs(1)
}

proptest! {
    #![proptest_config(crate::testing::config(128))]

    /// No datagram is lost without a reason, and none is invented.
    #[test]
    fn every_datagram_is_accounted_for(
        seed: u64, link in link(), faults in proptest::collection::vec(fault(), 0..6),
    ) {
        let mut world = world(seed, true, link, &faults);
        while world.step_until(end()) {
            let stats = world.stats();
            prop_assert_eq!(
                stats.sent + stats.duplicated + stats.replayed,
                stats.delivered + stats.dropped_total() + world.in_flight()
            );
        }
        prop_assert!(world.findings().is_empty(), "{:?}", world.findings());
        prop_assert!(world.stats().delivered > 0);
        // The trace says the same as the counters.
        let trace = world.trace().expect("recording");
        let count = |name| trace.iter().filter(|e| e.kind.name() == name).count() as u64;
        prop_assert_eq!(count("send"), world.stats().sent);
        prop_assert_eq!(count("deliver"), world.stats().delivered);
        prop_assert_eq!(count("drop"), world.stats().dropped_total());
        prop_assert_eq!(count("duplicate"), world.stats().duplicated);
        prop_assert_eq!(count("replay"), world.stats().replayed);
        prop_assert_eq!(count("corrupt"), world.stats().corrupted + world.stats().edited);
        prop_assert_eq!(trace.len(), world.records());
    }

    /// When nothing is under way any more, no payload is held.
    #[test]
    fn no_payload_leaks(
        seed: u64, link in link(), faults in proptest::collection::vec(fault(), 0..6),
    ) {
        let mut world = world(seed, false, link, &faults);
        world.run_until(end() + Duration::from_secs(1));
        for node in 0..NODES {
            world.schedule(world.now(), Action::Crash(NodeId(node)));
        }
        world.run_until(end() + Duration::from_secs(100));
        prop_assert_eq!((world.in_flight(), world.in_flight_bytes, world.frames.held()), (0, 0, 0));
    }

    /// The same seed gives the same run, recorded or not, straight or forked half-way.
    #[test]
    fn a_fork_goes_on_as_the_original_would(
        seed: u64, link in link(), faults in proptest::collection::vec(fault(), 0..6), at in 0..1_000_u64,
    ) {
        let mut straight = world(seed, true, link, &faults);
        straight.run_until(end());

        let mut original = world(seed, false, link, &faults);
        original.run_until(Time::ZERO + Duration::from_millis(at));
        let mut fork = original.fork();
        prop_assert_eq!(original.digest(), fork.digest());
        original.run_until(end());
        fork.run_until(end());
        for other in [&original, &fork] {
            prop_assert_eq!(straight.trace_hash(), other.trace_hash());
            prop_assert_eq!(straight.digest(), other.digest());
            prop_assert_eq!(straight.stats(), other.stats());
        }
    }

    /// Every record but the first causes has a cause that came before it, and deliveries, drops
    /// and fired timers name the right one.
    #[test]
    fn causes_come_before_their_effects(
        seed: u64, link in link(), faults in proptest::collection::vec(fault(), 0..6),
    ) {
        let mut world = world(seed, true, link, &faults);
        world.run_until(end());
        let trace = world.trace().expect("recording");
        for event in trace.iter() {
            let cause = event.cause.map(|c| trace.get(c).expect("a cause is a record"));
            if let Some(cause) = cause {
                prop_assert!(cause.seq < event.seq && cause.at <= event.at);
            }
            let cause = cause.map(|c| (c.kind.name(), c.node, c.bytes));
            match event.kind {
                Kind::Sent { .. } | Kind::TimerSet { .. } | Kind::Wrote { .. } => {
                    prop_assert_eq!(cause.expect("has a cause").1, event.node);
                }
                Kind::Delivered { from, datagram } => {
                    let (kind, _, bytes) = cause.expect("has a cause");
                    prop_assert!(matches!(kind, "send" | "duplicate" | "corrupt" | "replay"));
                    if !matches!(kind, "duplicate" | "replay") {
                        prop_assert_eq!(bytes, event.bytes);
                    }
                    let sent = trace.get(datagram).expect("was sent");
                    prop_assert_eq!((sent.kind.name(), sent.node), ("send", Some(from)));
                }
                Kind::TimerFired { .. } => {
                    let (kind, node, _) = cause.expect("has a cause");
                    prop_assert_eq!((kind, node), ("timer-set", event.node));
                }
                Kind::Synced { .. } => prop_assert_eq!(cause.expect("has a cause").0, "sync"),
                _ => {}
            }
        }
    }
}

#[test]
fn a_cut_kills_what_is_under_way_and_a_heal_revives_nothing() {
    let delay = Distribution::Fixed(Duration::from_millis(50));
    let groups = Shape::Groups(vec![
        BTreeSet::from([NodeId(0), NodeId(1)]),
        BTreeSet::from([NodeId(2), NodeId(3)]),
    ]);
    let faults = [(100, Fault::Cut(groups, 20))];
    let mut world = world(3, true, LinkSpec { delay, ..LinkSpec::default() }, &faults);
    world.run_until(end());
    let trace = world.trace().expect("recording");
    let at = |ms| Time::ZERO + Duration::from_millis(ms);
    let crosses = |a: NodeId, b: NodeId| (a.0 < 2) != (b.0 < 2);
    let mut died = 0;
    for event in trace.iter() {
        let Some(node) = event.node else { continue };
        match event.kind {
            Kind::Dropped { from, why, .. } => {
                assert!(crosses(from, node));
                if why == simlab_core::DropReason::CutInFlight {
                    assert_eq!(event.at, at(100));
                    died += 1;
                } else {
                    assert!((at(100)..at(120)).contains(&event.at), "{why} at {}", event.at);
                }
            }
            Kind::Delivered { from, .. } if (at(100)..at(170)).contains(&event.at) => {
                assert!(!crosses(from, node), "delivered across the cut at {}", event.at);
            }
            _ => {}
        }
    }
    assert!(died > 0, "something was under way");
    assert!(world.reach().direct(NodeId(0), NodeId(2)));
}

#[test]
fn a_restarted_node_does_not_draw_what_it_drew_before() {
    /// Draws once at each start.
    #[derive(Clone, Hash)]
    struct Drawer;
    impl Process for Drawer {
        fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
            if event == Event::Start {
                let drawn = env.random();
                env.note("drawn", drawn, 0);
            }
        }
    }
    let mut world = World::new(Options::seed(1));
    let node = world.add_node(NodeSpec::new("drawer", Box::new(Drawer)));
    world.schedule(Time(10), Action::Crash(node));
    world.schedule(Time(20), Action::Restart(node));
    world.run_until(Time(30));
    let drawn: BTreeSet<u64> = world
        .trace()
        .expect("recording")
        .iter()
        .filter_map(|e| match e.kind {
            Kind::Noted { a, .. } => Some(a),
            _ => None,
        })
        .collect();
    assert_eq!(drawn.len(), 2);
}

/// Golden: whoever changes this hash changes every trace.
#[test]
fn the_trace_hash_is_fixed() {
    let half = |n| Ratio::new(n, 10).expect("a ratio");
    let link = LinkSpec {
        delay: Distribution::LogNormal { median: Duration::from_millis(5), sigma_milli: 900 },
        loss: half(1),
        duplicate: half(1),
        reorder: half(1),
        reorder_by: Duration::from_millis(9),
        corrupt: half(1),
        corruption: Corruption::Bits(3),
        bandwidth: Some(20_000),
        queue: 5_000,
        mtu: 75,
        adversary: None,
    };
    let faults = [
        (300, Fault::Crash(NodeId(1), 100)),
        (500, Fault::Cut(Shape::Isolated([NodeId(2)].into()), 50)),
    ];
    let mut world = world(42, false, link, &faults);
    world.run_until(end());
    assert_eq!(format!("{:016x}", world.trace_hash()), "7969e8a1de0d2823");
}
