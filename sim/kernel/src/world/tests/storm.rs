//! Random worlds under everything that can be done to them, at once.

use super::super::*;
use super::{NODES, link, set};
use crate::{ClockSpec, Cost, DiskFault, Patch, Shape, Weather};
use proptest::prelude::*;
use simlab_core::{Distribution, DropReason, Duration, Env, Kind, Process, Ratio};

/// Does everything that a process can do, at random.
#[derive(Clone, Hash, Default)]
pub(super) struct Busy {
    heard: u64,
    unreadable: u64,
}

impl Busy {
    fn write(env: &mut Env<'_>) {
        let file = ["log", "index", "new"][env.below(3) as usize];
        let most = if env.below(8) == 0 { 1_500 } else { 30 };
        let len = env.below(most) as usize;
        let (at, data) = (env.below(600), vec![7; len]);
        match env.below(8) {
            0 => env.replace(file, &data[..]),
            1 => env.write_at(file, at, &data[..]),
            2 => env.truncate(file, at),
            3 => env.rename("new", "index"),
            4 => env.remove(file),
            _ => env.append(file, &data[..]),
        }
        match env.below(4) {
            0 => drop(env.sync_file(file)),
            1 => {}
            _ => drop(env.sync()),
        }
    }
}

impl Process for Busy {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        match event {
            Event::Start => env.set_timer(0, Duration::from_millis(1)),
            Event::Timer { .. } => {
                for name in env.list("") {
                    self.unreadable += u64::from(env.read(&name).is_err());
                }
                let size = env.below(80) as usize;
                let to = NodeId(env.below(NODES.into()) as u32);
                env.send(to, &vec![b'?'; size][..]);
                if env.below(5) == 0 {
                    env.broadcast((0..NODES).map(NodeId), &b"!all"[..]);
                }
                let after = 5 + env.below(10);
                env.set_timer(env.now().nanos() % 2, Duration::from_millis(after));
                env.set_timer(2, Duration::from_millis(20));
                Self::write(env);
            }
            Event::Datagram { from, bytes } => {
                self.heard += 1;
                if bytes.first() == Some(&b'?') {
                    env.send(from, &b"hello"[..]);
                }
                if self.heard.is_multiple_of(3) {
                    Self::write(env);
                }
            }
            Event::Synced { result: Err(_), .. } if env.below(2) == 0 => env.halt(),
            Event::Synced { .. } | Event::Command { .. } => {}
        }
    }
}

/// What a node is like.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    cost: Cost,
    clock: ClockSpec,
    joins: u64,
    restart_after: Option<u64>,
    sync: Distribution,
}

/// A world and what is done to it: each fault with its begin and its length in milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) seed: u64,
    link: LinkSpec,
    machines: Vec<Machine>,
    pub(super) faults: Vec<(u64, u64, Fault)>,
}

fn ratio() -> impl Strategy<Value = Ratio> {
    (0..=4_u64).prop_map(|n| Ratio::new(n, 4).expect("below one"))
}

fn sync() -> impl Strategy<Value = Distribution> {
    (0..3_u64, 0..15_u64).prop_map(|(min, width)| Distribution::Uniform {
        min: Duration::from_millis(min),
        max: Duration::from_millis(min + width),
    })
}

prop_compose! {
    fn machine()(
        service in prop_oneof![Just(0), 0..5_000_u64], workers in 1..4_u32,
        buffer in prop_oneof![0..8_u32, Just(u32::MAX)],
        drift in prop_oneof![Just(0), -500_000_000..1_000_000_000_i64],
        offset in 0..1_000_000_000_i64,
        joins in prop_oneof![2 => Just(0), 1 => 0..600_u64],
        restart_after in proptest::option::of(1..200_u64), sync in sync(),
    ) -> Machine {
        let service = match service {
            0 => Distribution::Fixed(Duration::ZERO),
            n => Distribution::Uniform { min: Duration::ZERO, max: Duration::from_micros(n) },
        };
        let (cost, clock) = (Cost { service, workers, buffer }, ClockSpec { drift, offset });
        Machine { cost, clock, joins, restart_after, sync }
    }
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        (set(), set()).prop_map(|(a, b)| Shape::Groups(vec![&a - &b, b])),
        (set(), set()).prop_map(|(from, to)| Shape::OneWay { from, to }),
        (set(), set(), set()).prop_map(|(left, right, via)| Shape::Bridge {
            left: &left - &via,
            right: &(&right - &left) - &via,
            via,
        }),
        set().prop_map(Shape::Isolated),
    ]
}

fn weather() -> impl Strategy<Value = Weather> {
    (set(), set(), any::<bool>(), link(), any::<[bool; 9]>()).prop_map(
        |(from, to, both, link, has)| {
            let patch = Patch {
                delay: has[0].then_some(link.delay),
                loss: has[1].then_some(link.loss),
                duplicate: has[2].then_some(link.duplicate),
                reorder: has[3].then_some((link.reorder, link.reorder_by)),
                corrupt: has[4].then_some(link.corrupt),
                corruption: has[5].then_some(link.corruption),
                bandwidth: link.bandwidth.filter(|_| has[6]),
                queue: has[6].then_some(link.queue),
                mtu: has[7].then_some(link.mtu),
                adversary: link.adversary.filter(|_| has[8]),
            };
            Weather { from, to, both, patch: Box::new(patch) }
        },
    )
}

fn disk_fault() -> impl Strategy<Value = DiskFault> {
    prop_oneof![
        ratio().prop_map(DiskFault::WriteErrors),
        prop::sample::select(vec!["", "log", "n"])
            .prop_map(|p| DiskFault::ReadErrors(p.to_owned())),
        sync().prop_map(DiskFault::SlowSync),
        Just(DiskFault::LyingSync),
        ratio().prop_map(DiskFault::Misdirected),
        (0..3_000_u64).prop_map(DiskFault::Full),
        (0..20_u32).prop_map(DiskFault::Rot),
    ]
}

pub(super) fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        2 => shape().prop_map(Fault::Cut),
        3 => weather().prop_map(Fault::Links),
        2 => (set(), any::<bool>()).prop_map(|(nodes, wiped)| Fault::Crash { nodes, wiped }),
        2 => (set(), ratio(), 0..200_u64).prop_map(|(nodes, rate, down)| Fault::CrashAtSync {
            nodes, rate, down: Duration::from_millis(down),
        }),
        2 => set().prop_map(Fault::Pause),
        2 => (set(), 0..2_000_u32).prop_map(|(nodes, percent)| Fault::Slow { nodes, percent }),
        2 => (set(), any::<i64>(), proptest::option::of(any::<i64>()))
            .prop_map(|(nodes, jump, drift)| Fault::Clock { nodes, jump, drift }),
        4 => (set(), disk_fault()).prop_map(|(nodes, what)| Fault::Disk { nodes, what }),
        1 => set().prop_map(Fault::Leave),
    ]
}

prop_compose! {
    pub(super) fn plan()(
        seed: u64, link in link(), machines in proptest::collection::vec(machine(), NODES as usize),
        faults in proptest::collection::vec((0..900_u64, 0..400_u64, fault()), 0..10),
    ) -> Plan {
        Plan { seed, link, machines, faults }
    }
}

pub(super) fn at(ms: u64) -> Time {
    Time::ZERO + Duration::from_millis(ms)
}

impl Plan {
    pub(super) fn world(&self, recording: bool) -> World {
        let mut world = World::new(Options { recording, ..Options::seed(self.seed) });
        for (n, machine) in self.machines.iter().enumerate() {
            let Machine { cost, clock, joins, restart_after, sync } = machine.clone();
            let mut spec = NodeSpec::new(format!("n{n}"), Box::new(Busy::default()))
                .joins(at(joins))
                .clock(clock)
                .cost(cost)
                .sync_delay(sync);
            spec.restart_after = restart_after.map(Duration::from_millis);
            world.add_node(spec);
        }
        world.set_default_link(self.link);
        for (begin, lasts, fault) in &self.faults {
            let fault = world.define_fault("fault", fault.clone());
            world.schedule(at(*begin), Action::Begin(fault));
            world.schedule(at(begin + lasts), Action::End(fault));
        }
        world
    }
}

/// By this time all faults are over.
pub(super) const OVER: u64 = 1_300;

/// All that holds of a world at any moment.
pub(super) fn check(world: &World) {
    let stats = world.stats();
    let gone = stats.delivered + stats.dropped_total();
    assert_eq!(
        stats.sent + stats.duplicated + stats.replayed,
        gone + world.in_flight(),
        "at {}",
        world.now()
    );
    let waiting: usize = world.nodes.iter().map(|node| node.waiting()).sum();
    assert_eq!(world.waiting, waiting);
    let bytes: u64 =
        world.nodes.iter().map(|node| node.disk().map_or(0, |disk| disk.bytes())).sum();
    assert_eq!(world.disk_bytes, bytes);
    for node in &world.nodes {
        let served = |turn: &&crate::node::Turn| turn.served;
        let desk = node.waits().cloned().unwrap_or_default();
        let with_workers = desk.turns().chain(&desk.held).filter(served).count();
        assert_eq!(desk.busy as usize, with_workers);
        assert_eq!(node.catching_up() as usize, desk.turns().filter(|turn| turn.late).count());
        assert!(desk.turns().all(|turn| turn.late || turn.served));
        assert!(node.is_paused() || desk.held.is_empty());
        let idle = node.status != Status::Up;
        assert!(!idle || desk.waiting() + desk.turns().count() == 0);
    }
}

/// All that holds once the last fault is over: the world is as it was given.
fn check_over(plan: &Plan, world: &World) {
    assert_eq!(world.faults.active().count(), 0);
    for (id, machine) in (0..NODES).map(NodeId).zip(&plan.machines) {
        let node = &world.nodes[id.index()];
        assert!(!world.is_paused(id), "{id} stands still for ever");
        let slow = node.waits().map_or(100, |desk| desk.slow);
        assert_eq!(slow, 100);
        let right = crate::disk::Trouble::default();
        assert_eq!(node.disk().map_or(&right, |disk| disk.trouble()), &right);
        let (now, wall) = world.clocks(id);
        assert_eq!(wall, now + Duration(machine.clock.offset as u64), "the jumps add up");
        assert_eq!(node.clock().drift(), machine.clock.drift);
        let left = plan
            .faults
            .iter()
            .any(|(_, _, fault)| matches!(fault, Fault::Leave(nodes) if nodes.contains(&id)));
        match node.status {
            Status::Up | Status::Left => assert_eq!(node.status == Status::Left, left),
            Status::Halted => {}
            status => panic!("{id} is {status:?}"),
        }
        for to in (0..NODES).map(NodeId) {
            assert_eq!(world.link(id, to), plan.link);
            assert!(world.reach().direct(id, to));
        }
    }
    let links = format!("{:?}", world.links);
    assert!(links.contains("changed: []"), "nothing is kept of what links were");
}

proptest! {
    #![proptest_config(crate::testing::config(96))]

    /// Nothing is lost without a reason, nobody waits for ever, and what is over leaves no trace.
    #[test]
    fn everything_is_accounted_for_and_comes_to_an_end(plan in plan()) {
        let mut world = plan.world(true);
        while world.step_until(at(OVER)) {
            check(&world);
        }
        // Nodes that crashed at a sync come up again.
        while world.step_until(at(OVER + 250)) {
            check(&world);
        }
        prop_assert!(world.findings().is_empty(), "{:?}", world.findings());
        check_over(&plan, &world);
        // The trace says the same as the counters, and as the hits of the faults.
        let trace = world.trace().expect("recording");
        let count = |name| trace.iter().filter(|e| e.kind.name() == name).count() as u64;
        let stats = world.stats();
        prop_assert_eq!(count("deliver"), stats.delivered);
        prop_assert_eq!(count("drop"), stats.dropped_total());
        prop_assert_eq!(count("crash"), stats.crashes);
        prop_assert_eq!(count("timer"), stats.timers_fired);
        let hits = |is: fn(&Fault) -> bool| -> u64 {
            let ids = (0..).map(simlab_core::FaultId).zip(&plan.faults);
            ids.filter(|(_, (.., fault))| is(fault)).map(|(id, _)| world.hits(id)).sum()
        };
        let cut = stats.dropped(DropReason::Cut) + stats.dropped(DropReason::CutInFlight);
        prop_assert_eq!(hits(|fault| matches!(fault, Fault::Cut(_))), cut);
        prop_assert_eq!(hits(|fault| matches!(fault, Fault::Leave(_))), count("leave"));
        // When everybody is down, nothing is held.
        for node in (0..NODES).map(NodeId) {
            world.schedule(world.now(), Action::Crash(node));
        }
        for machine in &mut world.nodes {
            std::sync::Arc::make_mut(&mut machine.machine).restart_after = None;
        }
        world.run_until(at(OVER + 100_000));
        check(&world);
        prop_assert_eq!((world.in_flight(), world.in_flight_bytes, world.frames.held()), (0, 0, 0));
        prop_assert_eq!(world.waiting, 0);
    }

    /// The same seed gives the same run, recorded or not, straight or forked half-way.
    #[test]
    fn a_fork_goes_on_as_the_original_would(plan in plan(), half in 0..1_300_u64) {
        let mut straight = plan.world(true);
        straight.run_until(at(OVER));
        let mut original = plan.world(false);
        original.run_until(at(half));
        let mut fork = original.fork();
        prop_assert_eq!(original.digest(), fork.digest());
        original.run_until(at(OVER));
        fork.run_until(at(OVER));
        for other in [&original, &fork] {
            prop_assert_eq!(straight.trace_hash(), other.trace_hash());
            prop_assert_eq!(straight.digest(), other.digest());
            prop_assert_eq!(straight.stats(), other.stats());
            for id in (0..plan.faults.len() as u32).map(simlab_core::FaultId) {
                prop_assert_eq!(straight.hits(id), other.hits(id));
            }
        }
    }

    /// Every record but the first causes has a cause that came before it, of the right kind.
    #[test]
    fn causes_come_before_their_effects(plan in plan()) {
        let mut world = plan.world(true);
        world.run_until(at(OVER));
        let trace = world.trace().expect("recording");
        for event in trace.iter() {
            let Some(cause) = event.cause else {
                let alone = matches!(
                    event.kind,
                    Kind::Started | Kind::Restarted | Kind::Crashed | Kind::Commanded
                        | Kind::Began { .. } | Kind::Ended { .. } | Kind::Cut { .. }
                        | Kind::Healed { .. }
                );
                prop_assert!(alone, "{:?} has no cause", event);
                continue;
            };
            let cause = trace.get(cause).expect("a cause is a record");
            prop_assert!(cause.seq < event.seq && cause.at <= event.at);
            let expected: &[&str] = match event.kind {
                Kind::Delivered { .. } => &["send", "duplicate", "corrupt", "replay"],
                Kind::TimerFired { .. } => &["timer-set"],
                Kind::Synced { .. } => &["sync"],
                Kind::Paused | Kind::Left | Kind::Wiped => &["fault"],
                Kind::Resumed { .. } => &["fault-end"],
                Kind::LostOnCrash { .. } => &["crash", "halt", "leave"],
                _ => continue,
            };
            prop_assert!(expected.contains(&cause.kind.name()), "{:?} of {:?}", event, cause);
        }
    }
}
