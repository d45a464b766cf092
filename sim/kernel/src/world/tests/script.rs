//! Decisions: a recording replays, and one of them overridden leads to another run that is as orderly.

use super::super::*;
use super::storm::{Busy, at, check};
use crate::{Cost, DiskFault, Weather};
use simlab_core::{Choice, Distribution, Duration, Env, Ratio, Who};
use std::collections::{BTreeMap, BTreeSet};

const NODES: u32 = 4;
const END: u64 = 250;

/// Four nodes with disks and cost on bad links, and faults that ask for decisions.
fn world(seed: u64) -> World {
    let ms = Duration::from_millis;
    let mut world = World::new(Options { recording: false, ..Options::seed(seed) });
    for n in 0..NODES {
        let spec = NodeSpec::new(format!("n{n}"), Box::new(Busy::default()));
        let service = Distribution::Exponential { min: ms(0), mean: Duration::from_micros(200) };
        let cost = if n % 2 == 0 { Cost::default() } else { Cost { service, ..Cost::default() } };
        let sync = Distribution::Uniform { min: ms(0), max: ms(5) };
        world.add_node(spec.cost(cost).sync_delay(sync).restart_after(ms(20)));
    }
    let tenth = Ratio::new(1, 10).expect("a ratio");
    world.set_default_link(LinkSpec {
        delay: Distribution::Uniform { min: ms(1), max: ms(20) },
        loss: tenth,
        duplicate: tenth,
        reorder: tenth,
        reorder_by: ms(15),
        corrupt: tenth,
        adversary: Some(crate::Adversary {
            edit: tenth,
            replay: tenth,
            replay_after: Distribution::Uniform { min: ms(1), max: ms(50) },
        }),
        ..LinkSpec::default()
    });
    let all: BTreeSet<NodeId> = (0..NODES).map(NodeId).collect();
    let burst =
        crate::Patch { corruption: Some(crate::Corruption::Burst(40)), ..crate::Patch::default() };
    let disk = |what| Fault::Disk { nodes: [NodeId(2)].into(), what };
    for (begin, end, fault) in [
        (
            20,
            90,
            Fault::Links(Weather {
                from: all.clone(),
                to: all.clone(),
                both: false,
                patch: Box::new(burst),
            }),
        ),
        (30, 200, Fault::CrashAtSync { nodes: [NodeId(0)].into(), rate: tenth, down: ms(10) }),
        (40, 150, disk(DiskFault::Misdirected(tenth))),
        (60, 160, disk(DiskFault::WriteErrors(tenth))),
        (70, 80, disk(DiskFault::Rot(3))),
        (100, 140, Fault::Crash { nodes: [NodeId(3)].into(), wiped: false }),
    ] {
        let fault = world.define_fault("fault", fault);
        world.schedule(at(begin), Action::Begin(fault));
        world.schedule(at(end), Action::End(fault));
    }
    world
}

fn recorded(seed: u64) -> World {
    let mut world = world(seed);
    world.record_decisions();
    world.run_until(at(END));
    assert!(world.findings().is_empty(), "{:?}", world.findings());
    world
}

fn decisions(world: &World) -> BTreeMap<Point, u64> {
    world.decisions().expect("they are recorded").iter().copied().collect()
}

#[test]
fn a_recording_replays_to_the_same_hash() {
    for seed in 0..20 {
        let original = recorded(seed);
        let answers = decisions(&original);
        let asked = original.decisions().expect("they are recorded").len();
        assert_eq!(answers.len(), asked, "each choice has a name of its own");
        // Another seed, so that the script alone can know.
        let mut replay = world(seed + 1_000);
        replay.follow(Script { answers, complete: true, ..Script::default() });
        replay.record_decisions();
        replay.run_until(at(END));
        assert_eq!(replay.trace_hash(), original.trace_hash(), "seed {seed}");
        assert_eq!(replay.decisions(), original.decisions());
        assert!(replay.departures().none(), "{:?}", replay.departures());
        // Without the script that seed goes another way.
        assert_ne!(recorded(seed + 1_000).trace_hash(), original.trace_hash());
    }
}

/// The other answers that a choice can have: what a person would try.
fn others(point: Point, answer: u64) -> Vec<u64> {
    let all = match point.choice {
        Choice::Delay { .. } | Choice::Sync | Choice::Service => {
            vec![0, 1, 1_000_000_000, u64::MAX]
        }
        Choice::Random => vec![0, 1, 2],
        Choice::Survive => vec![0, 1, 2],
        _ => vec![0, 1],
    };
    all.into_iter().filter(|other| *other != answer).collect()
}

/// Runs with some answers from outside; all that always holds still does.
fn overridden(seed: u64, answers: &[(Point, u64)]) -> World {
    let mut world = world(seed);
    world.follow(Script { answers: answers.iter().copied().collect(), ..Script::default() });
    while world.step_until(at(END)) {
        check(&world);
    }
    assert!(world.findings().is_empty(), "{answers:?}: {:?}", world.findings());
    world
}

/// `PROPTEST_CASES` sets how many are tried; each is one choice of a recorded run with another answer.
#[test]
fn any_decision_can_be_overridden() {
    let runs = crate::testing::config(1_000).cases as usize;
    let seed = 7;
    let original = recorded(seed);
    let mut changes: Vec<(Point, u64)> = Vec::new();
    for (point, answer) in decisions(&original) {
        changes.extend(others(point, answer).into_iter().map(|other| (point, other)));
    }
    // A crash at each sync is possible too, though no fault asks for it.
    for node in (0..NODES).map(NodeId) {
        for ordinal in 0..original.nodes[node.index()].syncs().0 {
            for after in [false, true] {
                let choice = Choice::CrashAtSync { after };
                changes.push((Point { who: Who::Node(node), choice, ordinal }, 1));
            }
        }
    }
    assert!(changes.len() > 2_000, "there are enough choices: {}", changes.len());
    let (mut different, mut tried) = (0, BTreeSet::new());
    for n in 0..runs {
        // Spread over all of them, so that each kind is tried.
        let (point, answer) = changes[n * changes.len() / runs];
        let world = overridden(seed, &[(point, answer)]);
        let departures = world.departures();
        let crash = matches!(point.choice, Choice::CrashAtSync { .. });
        assert!(crash || departures.unasked.is_empty(), "{point}: up to it, all is as it was");
        assert!(departures.refused.iter().all(|refused| *refused == point));
        tried.insert(point.choice.to_string().split('.').next().map(str::to_owned));
        different += usize::from(world.trace_hash() != original.trace_hash());
    }
    assert!(different * 2 > runs, "an override makes a difference: {different} of {runs}");
    assert!(runs < 1_000 || tried.len() >= 16, "only {tried:?}");
}

#[test]
fn an_override_that_no_longer_applies_is_reported() {
    let seed = 7;
    let original = recorded(seed);
    let lost = |point: &Point| Point { choice: Choice::Lose, ..*point };
    let (delay, _) = decisions(&original)
        .into_iter()
        .find(|(point, _)| matches!(point.choice, Choice::Delay { copy: 0 }))
        .expect("a datagram was under way");
    let alone = overridden(seed, &[(delay, 5)]);
    assert!(alone.departures().none());
    let both = overridden(seed, &[(delay, 5), (lost(&delay), 1)]);
    assert_eq!(both.departures().unasked, [delay], "it is lost, so nobody asks how long it takes");
}

#[test]
fn an_answer_that_makes_no_sense_is_reported_and_not_taken() {
    let seed = 7;
    let original = recorded(seed);
    let (lose, _) = decisions(&original)
        .into_iter()
        .find(|(point, _)| point.choice == Choice::Lose)
        .expect("a datagram was sent");
    let world = overridden(seed, &[(lose, 2)]);
    assert_eq!(world.departures().refused, [lose]);
    assert_eq!(world.trace_hash(), original.trace_hash());
}

/// A crash at a sync, where no fault is: just before it nothing is durable, just after it all is.
#[test]
fn a_crash_can_be_put_at_any_sync() {
    for (after, durable) in [(false, 0), (true, 1)] {
        let point =
            Point { who: Who::Node(NodeId(0)), choice: Choice::CrashAtSync { after }, ordinal: 0 };
        // What is not durable does not survive.
        let write = Point { choice: Choice::Survive, ..point };
        let mut world = World::new(Options::seed(1));
        let node = NodeSpec::new("a", Box::new(Writer)).restart_after(Duration::from_millis(30));
        world.add_node(node);
        world.follow(Script { answers: [(point, 1), (write, 0)].into(), ..Script::default() });
        world.run_until(at(10));
        assert_eq!(world.status(NodeId(0)), Status::Down);
        assert_eq!(world.durable_files(NodeId(0)).count(), durable);
        world.run_until(at(40));
        assert_eq!(world.status(NodeId(0)), Status::Up, "it comes up after its own time");
    }
}

/// Writes once, in its first life.
#[derive(Clone, Hash)]
struct Writer;

impl simlab_core::Process for Writer {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        if event == Event::Start && env.life() == 0 {
            env.append("log", &1_u64);
            env.sync();
        }
    }
}
