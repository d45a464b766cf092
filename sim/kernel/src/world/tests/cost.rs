//! Handlers that take time: the run queue against a loop over instants, and what the rest of the world
//! does to it.

use super::super::*;
use crate::Cost;
use proptest::prelude::*;
use simlab_core::{
    Choice, Decide, Distribution, Domain, DropReason, Duration, Env, Kind, Point, Process, Seeded,
    Who,
};
use std::collections::VecDeque;
use std::sync::Arc;

/// Sends every order on to the other node, which notes what it hears.
#[derive(Clone, Hash)]
struct Relay;

impl Process for Relay {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Command { bytes } => env.send(SERVER, bytes),
            Event::Datagram { bytes, .. } => env.note("heard", bytes[0].into(), 0),
            Event::Start => env.note("start", 0, 0),
            _ => {}
        }
    }
}

const CLIENT: NodeId = NodeId(0);
const SERVER: NodeId = NodeId(1);

/// A server with this cost, and a client that sends it the n-th datagram at the n-th of these times.
fn world_with(seed: u64, cost: Cost, sends: &[u64]) -> World {
    let mut world = World::new(Options::seed(seed));
    world.add_node(NodeSpec::new("client", Box::new(Relay)));
    world.add_node(NodeSpec::new("server", Box::new(Relay)).cost(cost));
    for (n, at) in (0..).zip(sends) {
        world.schedule(Time(*at), Action::Command { node: CLIENT, bytes: Arc::from(vec![n]) });
    }
    world
}

/// When the server heard which datagram, and which ones found no room.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    heard: Vec<(u64, u64)>,
    dropped: Vec<u64>,
}

fn heard(world: &World) -> Heard {
    let trace = world.trace().expect("recording");
    let mut heard = Heard::default();
    for event in trace.iter() {
        match event.kind {
            Kind::Noted { name: "heard", a, .. } => heard.heard.push((event.at.nanos(), a)),
            Kind::Dropped { why: DropReason::BufferFull, datagram, .. } => {
                let sent = trace.get(datagram).expect("it was sent");
                heard.dropped.push(sent.bytes[0].into());
            }
            _ => {}
        }
    }
    heard
}

/// Steps to the end; no datagram is ever unaccounted for.
fn run(world: &mut World, end: u64) {
    while world.step_until(Time(end)) {
        let stats = world.stats();
        let gone = stats.delivered + stats.dropped_total();
        assert_eq!(
            stats.sent + stats.duplicated + stats.replayed,
            gone + world.in_flight(),
            "at {}",
            world.now()
        );
    }
    assert!(world.findings().is_empty(), "{:?}", world.findings());
}

/// A queue in front of some workers, one instant after the other. At each instant first the workers
/// that are done go on, in the order in which they began, and then comes what arrives.
fn queue(seed: u64, cost: Cost, sends: &[u64], slow: Option<(u64, u64, u32)>, end: u64) -> Heard {
    let (mut result, mut inbox, mut begun) = (Heard::default(), VecDeque::new(), 0);
    // What each worker has, and until when; the first thing is that the node came up.
    let mut workers: Vec<(u64, Option<u64>)> = Vec::new();
    let mut service = |at: u64| {
        let point = Point { who: Who::Node(SERVER), choice: Choice::Service, ordinal: begun };
        begun += 1;
        let time = Seeded::new(seed).decide(point, Domain::Span(&cost.service));
        let percent = slow.filter(|(from, until, _)| (*from..*until).contains(&at));
        at + time * u64::from(percent.map_or(100, |(.., percent)| percent)) / 100
    };
    workers.push((service(0), None));
    for at in 0..=end {
        let mut n = 0;
        while n < workers.len() {
            if workers[n].0 != at {
                n += 1;
                continue;
            }
            let (_, item) = workers.remove(n);
            match item {
                Some(item) => result.heard.push((at, item)),
                None => {
                    while workers.len() + 1 < cost.workers as usize && !inbox.is_empty() {
                        let next = inbox.pop_front();
                        workers.push((service(at), next));
                    }
                }
            }
            if let Some(next) = inbox.pop_front() {
                workers.push((service(at), Some(next)));
            }
        }
        for (item, _) in (0..).zip(sends).filter(|(_, when)| **when == at) {
            let starting = workers.iter().any(|(_, item)| item.is_none());
            if workers.len() < cost.workers as usize && inbox.is_empty() && !starting {
                workers.push((service(at), Some(item)));
            } else if inbox.len() < cost.buffer as usize {
                inbox.push_back(item);
            } else {
                result.dropped.push(item);
            }
        }
    }
    result
}

proptest! {
    #![proptest_config(crate::testing::config(300))]

    #[test]
    fn the_run_queue_agrees_with_a_loop(
        seed: u64,
        (min, width) in (1..20_u64, 0..60_u64),
        (workers, buffer) in (1..4_u32, prop_oneof![0..6_u32, Just(u32::MAX)]),
        mut sends in proptest::collection::vec(0..600_u64, 0..30),
        slow in proptest::option::of((1..400_u64, 0..300_u64, 1..600_u32)),
    ) {
        sends.sort_unstable();
        let service = Distribution::Uniform { min: Duration(min), max: Duration(min + width) };
        let cost = Cost { service, workers, buffer };
        let slow = slow.map(|(at, lasts, percent)| (at, at + lasts, percent.max(100)));
        let mut world = world_with(seed, cost, &sends);
        if let Some((at, until, percent)) = slow {
            let fault = Fault::Slow { nodes: [SERVER].into(), percent };
            let fault = world.define_fault("slow", fault);
            world.schedule(Time(at), Action::Begin(fault));
            world.schedule(Time(until), Action::End(fault));
        }
        let end = 20_000;
        run(&mut world, end);
        prop_assert_eq!(heard(&world), queue(seed, cost, &sends, slow, end));
        prop_assert_eq!(world.waiting(SERVER), 0);
    }

    /// Crashes and pauses while things wait, and while workers have them: everything is accounted for,
    /// nothing is heard while the node cannot hear, and all of it goes on in the end.
    #[test]
    fn nothing_gets_lost_between_the_workers(
        seed: u64, workers in 1..4_u32, buffer in prop_oneof![0..6_u32, Just(u32::MAX)],
        mut sends in proptest::collection::vec(0..600_u64, 0..30),
        spells in proptest::collection::vec((0..600_u64, 0..150_u64, any::<bool>()), 0..5),
    ) {
        sends.sort_unstable();
        let service = Distribution::Uniform { min: Duration(1), max: Duration(50) };
        let mut world = world_with(seed, Cost { service, workers, buffer }, &sends);
        for (at, lasts, crash) in &spells {
            let nodes = [SERVER].into();
            let fault = match crash {
                true => Fault::Crash { nodes, wiped: false },
                false => Fault::Pause(nodes),
            };
            let fault = world.define_fault("spell", fault);
            world.schedule(Time(*at), Action::Begin(fault));
            world.schedule(Time(at + lasts), Action::End(fault));
        }
        run(&mut world, 20_000);
        for (at, _) in heard(&world).heard {
            let inside = |(from, lasts, _): &(u64, u64, bool)| (*from..from + lasts).contains(&at);
            prop_assert!(!spells.iter().any(inside), "heard something at {}", at);
        }
        prop_assert_eq!((world.waiting(SERVER), world.in_flight(), world.waiting), (0, 0, 0));
        prop_assert_eq!(world.nodes[SERVER.index()].desk().busy, 0);
        prop_assert!(!world.is_paused(SERVER));
        let crashed = spells.iter().any(|(_, _, crash)| *crash);
        if !crashed {
            prop_assert_eq!(world.stats().dropped(DropReason::ReceiverDown), 0);
            if buffer == u32::MAX {
                prop_assert_eq!(world.stats().delivered, sends.len() as u64);
            }
        }
    }
}

fn fixed(nanos: u64, workers: u32, buffer: u32) -> Cost {
    Cost { service: Distribution::Fixed(Duration(nanos)), workers, buffer }
}

#[test]
fn one_worker_handles_one_thing_after_the_other() {
    let mut world = world_with(1, fixed(10, 1, u32::MAX), &[20, 20, 20]);
    run(&mut world, 100);
    assert_eq!(heard(&world).heard, [(30, 0), (40, 1), (50, 2)]);
}

#[test]
fn two_workers_handle_two_things_at_once() {
    let mut world = world_with(1, fixed(10, 2, u32::MAX), &[20, 20, 20]);
    run(&mut world, 100);
    assert_eq!(heard(&world).heard, [(30, 0), (30, 1), (40, 2)]);
}

#[test]
fn what_finds_no_room_is_dropped_with_its_reason() {
    let mut world = world_with(1, fixed(10, 1, 1), &[20, 20, 20, 35]);
    run(&mut world, 100);
    let expected = Heard { heard: vec![(30, 0), (40, 1), (50, 3)], dropped: vec![2] };
    assert_eq!(heard(&world), expected, "one is worked on and one waits");
    assert_eq!(world.stats().dropped(DropReason::BufferFull), 1);
}

#[test]
fn a_slow_node_is_slow_by_its_factor() {
    let mut world = world_with(1, fixed(10, 1, u32::MAX), &[20, 100]);
    let slow = Fault::Slow { nodes: [SERVER].into(), percent: 350 };
    let slow = world.define_fault("slow", slow);
    world.schedule(Time(50), Action::Begin(slow));
    run(&mut world, 200);
    assert_eq!(heard(&world).heard, [(30, 0), (135, 1)]);
    assert_eq!(world.hits(slow), 1);
}

#[test]
fn what_a_worker_has_when_the_pause_begins_is_done_when_it_ends() {
    let mut world = world_with(1, fixed(10, 1, u32::MAX), &[20, 20, 30]);
    let pause = world.define_fault("pause", Fault::Pause([SERVER].into()));
    world.schedule(Time(25), Action::Begin(pause));
    world.schedule(Time(70), Action::End(pause));
    run(&mut world, 200);
    assert_eq!(heard(&world).heard, [(70, 0), (80, 1), (90, 2)]);
    assert_eq!(world.hits(pause), 2, "one that a worker had, one that came");
}

#[test]
fn a_crash_drops_what_waits_and_what_a_worker_has() {
    let mut world = world_with(1, fixed(10, 1, u32::MAX), &[20, 20, 50]);
    world.schedule(Time(25), Action::Crash(SERVER));
    world.schedule(Time(26), Action::Restart(SERVER));
    run(&mut world, 200);
    assert_eq!(heard(&world).heard, [(60, 2)]);
    assert_eq!(world.stats().dropped(DropReason::ReceiverDown), 2);
}

/// However quick another worker is: a process hears first that it came up.
#[test]
fn nothing_overtakes_the_start() {
    for seed in 0..30 {
        let service = Distribution::Uniform { min: Duration(1), max: Duration(100) };
        let cost = Cost { service, workers: 4, buffer: u32::MAX };
        let mut world = world_with(seed, cost, &[1, 2, 3, 4, 5]);
        run(&mut world, 2_000);
        let first = world.trace().expect("recording").iter().find_map(|event| match event.kind {
            Kind::Noted { name, .. } if event.node == Some(SERVER) => Some(name),
            _ => None,
        });
        assert_eq!((first, heard(&world).heard.len()), (Some("start"), 5), "seed {seed}");
    }
}

/// With a cost of zero, everything is as if there were no workers at all.
#[test]
fn what_costs_nothing_waits_for_nobody() {
    let sends = [0, 0, 7, 7, 7];
    let hash = |cost| {
        let mut world = world_with(1, cost, &sends);
        run(&mut world, 100);
        assert_eq!(heard(&world).heard.iter().map(|(at, _)| *at).collect::<Vec<_>>(), sends);
        world.trace_hash()
    };
    assert_eq!(hash(Cost::default()), hash(fixed(0, 3, 0)));
}

#[test]
fn after_a_pause_what_waited_comes_before_what_comes() {
    let mut world = world_with(1, Cost::default(), &[20, 30, 40]);
    let pause = world.define_fault("pause", Fault::Pause([SERVER].into()));
    world.schedule(Time(10), Action::Begin(pause));
    // The third one is under way before the end is: it is due at the same instant.
    let delay = Distribution::Fixed(Duration(10));
    world.set_default_link(LinkSpec { delay, ..LinkSpec::default() });
    world.schedule(Time(50), Action::End(pause));
    run(&mut world, 100);
    assert_eq!(heard(&world).heard, [(50, 0), (50, 1), (50, 2)]);
}
