//! Nodes that come and go while the world runs.

use super::super::*;
use proptest::prelude::*;
use simlab_core::{Duration, Env, Kind, Process};
use std::collections::BTreeSet;

/// Greets everybody every 10 ms, and notes when it came up.
#[derive(Clone, Hash)]
struct Greeter {
    nodes: u32,
}

impl Process for Greeter {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Start => env.note("up", env.life().into(), 0),
            Event::Timer { .. } => env.broadcast((0..self.nodes).map(NodeId), &b"hi"[..]),
            _ => return,
        }
        env.set_timer(0, Duration::from_millis(10));
    }
}

fn at(ms: u64) -> Time {
    Time::ZERO + Duration::from_millis(ms)
}

fn greeters(nodes: u32, joins: impl Fn(u32) -> Time) -> World {
    let mut world = World::new(Options::seed(1));
    for n in 0..nodes {
        let spec = NodeSpec::new(format!("n{n}"), Box::new(Greeter { nodes }));
        world.add_node(spec.joins(joins(n)));
    }
    world
}

/// What was recorded of a node's comings and goings: at which millisecond, and what.
fn life(world: &World, node: NodeId) -> Vec<(u64, &'static str)> {
    let kinds = ["start", "restart", "crash", "leave", "halt"];
    let trace = world.trace().expect("recording");
    let own = trace.iter().filter(|e| e.node == Some(node) && kinds.contains(&e.kind.name()));
    own.map(|e| (e.at.millis(), e.kind.name())).collect()
}

fn delivered(world: &World, to: NodeId) -> Vec<u64> {
    let trace = world.trace().expect("recording");
    let own = trace.iter().filter(|e| e.node == Some(to) && e.kind.name() == "deliver");
    own.map(|e| e.at.millis()).collect()
}

#[test]
fn a_node_that_joins_later_is_not_there_before() {
    let mut world = greeters(2, |n| at(u64::from(n) * 25));
    assert_eq!(world.status(NodeId(1)), Status::Absent);
    world.run_until(at(40));
    assert_eq!(world.status(NodeId(1)), Status::Up);
    assert_eq!(life(&world, NodeId(1)), [(25, "start")]);
    assert_eq!(delivered(&world, NodeId(1)), [30, 35, 40]);
    let down = world.stats().dropped(simlab_core::DropReason::ReceiverDown);
    assert_eq!(down, 2, "what was sent to it at 10 and 20 ms");
}

#[test]
fn a_node_that_leaves_is_gone_for_good() {
    let mut world = greeters(2, |_| Time::ZERO);
    let leave = world.define_fault("leave", Fault::Leave([NodeId(1)].into()));
    world.schedule(at(15), Action::Begin(leave));
    world.schedule(at(20), Action::End(leave));
    world.schedule(at(25), Action::Restart(NodeId(1)));
    world.run_until(at(50));
    assert_eq!(world.status(NodeId(1)), Status::Left);
    assert_eq!(life(&world, NodeId(1)), [(0, "start"), (15, "leave")]);
    assert_eq!(world.hits(leave), 1);
}

#[test]
fn a_node_that_leaves_before_it_joins_never_comes() {
    let mut world = greeters(2, |n| at(u64::from(n) * 25));
    let leave = world.define_fault("leave", Fault::Leave([NodeId(1)].into()));
    world.schedule(at(15), Action::Begin(leave));
    world.run_until(at(50));
    assert_eq!(life(&world, NodeId(1)), [(15, "leave")]);
}

#[test]
fn a_node_can_be_added_in_the_middle_of_a_run() {
    let mut world = greeters(1, |_| Time::ZERO);
    world.run_until(at(15));
    let mut fork = world.fork();
    let spec = |joins| NodeSpec::new("late", Box::new(Greeter { nodes: 2 })).joins(joins);
    let late = world.add_node(spec(Time::ZERO));
    world.run_until(at(40));
    assert_eq!(life(&world, late), [(15, "start")], "the time to join is past: now");
    assert_eq!(delivered(&world, NodeId(0)), [10, 20, 25, 30, 35, 40]);
    assert!(delivered(&world, late).contains(&25), "it hears itself; n0 knows of one node only");
    let late = fork.add_node(spec(at(30)));
    fork.run_until(at(40));
    assert_eq!(life(&fork, late), [(30, "start")]);
}

#[test]
fn a_crash_keeps_down_a_node_that_joins_meanwhile() {
    let mut world = greeters(2, |n| at(u64::from(n) * 25));
    let crash = Fault::Crash { nodes: [NodeId(1)].into(), wiped: false };
    let crash = world.define_fault("crash", crash);
    world.schedule(at(20), Action::Begin(crash));
    world.schedule(at(35), Action::End(crash));
    world.run_until(at(30));
    assert_eq!((world.status(NodeId(1)), world.hits(crash)), (Status::Down, 1));
    world.run_until(at(50));
    assert_eq!(life(&world, NodeId(1)), [(35, "restart")]);
}

#[test]
fn crashes_that_overlap_end_with_the_last_of_them() {
    let mut world = greeters(2, |_| Time::ZERO);
    for (begin, end) in [(10, 30), (20, 40)] {
        let nodes = BTreeSet::from([NodeId(1)]);
        let crash = world.define_fault("crash", Fault::Crash { nodes, wiped: false });
        world.schedule(at(begin), Action::Begin(crash));
        world.schedule(at(end), Action::End(crash));
    }
    world.schedule(at(35), Action::Restart(NodeId(1)));
    world.run_until(at(50));
    assert_eq!(life(&world, NodeId(1)), [(0, "start"), (10, "crash"), (40, "restart")]);
}

/// What a fault did not take down is not its to start, unless someone else was to do so meanwhile.
#[test]
fn the_end_of_a_crash_starts_what_it_took_down() {
    for (restart, comes_back) in [(None, None), (Some(15), Some(20)), (Some(25), Some(25))] {
        let mut world = greeters(2, |_| Time::ZERO);
        let nodes = BTreeSet::from([NodeId(1)]);
        let crash = world.define_fault("crash", Fault::Crash { nodes, wiped: false });
        world.schedule(at(5), Action::Crash(NodeId(1)));
        world.schedule(at(10), Action::Begin(crash));
        world.schedule(at(20), Action::End(crash));
        if let Some(ms) = restart {
            world.schedule(at(ms), Action::Restart(NodeId(1)));
        }
        world.run_until(at(50));
        let mut expected = vec![(0, "start"), (5, "crash")];
        expected.extend(comes_back.map(|ms| (ms, "restart")));
        assert_eq!(life(&world, NodeId(1)), expected);
        assert_eq!(world.hits(crash), u64::from(restart == Some(15)), "it kept the node down");
    }
}

proptest! {
    #![proptest_config(crate::testing::config(100))]

    /// Whenever nodes join, leave and crash: each comes up and goes down in turn, and one that left
    /// never comes back.
    #[test]
    fn comings_and_goings_are_in_order(
        joins in proptest::collection::vec(0..60_u64, 3),
        spells in proptest::collection::vec((0..60_u64, 0..40_u64, 0..3_u32, 0..4_u8), 0..8),
    ) {
        let mut world = greeters(3, |n| at(joins[n as usize]));
        for (begin, lasts, node, what) in spells {
            let nodes = BTreeSet::from([NodeId(node)]);
            let fault = match what {
                0 => Fault::Leave(nodes),
                n => Fault::Crash { nodes, wiped: n == 1 },
            };
            let fault = world.define_fault("spell", fault);
            world.schedule(at(begin), Action::Begin(fault));
            world.schedule(at(begin + lasts), Action::End(fault));
        }
        while world.step_until(at(200)) {
            let stats = world.stats();
            let gone = stats.delivered + stats.dropped_total();
            prop_assert_eq!(stats.sent, gone + world.in_flight());
        }
        prop_assert!(world.findings().is_empty());
        for node in (0..3).map(NodeId) {
            let (mut up, mut left) = (false, false);
            for (ms, word) in life(&world, node) {
                prop_assert!(!left, "{} {} after it left", node, word);
                match word {
                    "start" | "restart" => prop_assert!(!std::mem::replace(&mut up, true)),
                    "crash" => prop_assert!(std::mem::replace(&mut up, false)),
                    _ => (up, left) = (false, true),
                }
                prop_assert!(ms <= 100 && (!up || ms >= joins[node.index()]));
            }
            prop_assert_eq!(world.status(node), if left { Status::Left } else { Status::Up });
            let notes = world.trace().expect("recording").iter().filter(|e| {
                e.node == Some(node) && matches!(e.kind, Kind::Noted { name: "up", .. })
            });
            let starts =
                life(&world, node).iter().filter(|(_, word)| word.ends_with("start")).count();
            prop_assert_eq!(notes.count(), starts, "each start is heard");
        }
    }
}
