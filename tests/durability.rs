//! No acknowledged operation is lost, wherever a crash falls.
//!
//! A run is crashed at every point of its first 1.2 s: after every step of the world, and just before and
//! just after every sync; one node alone, each in turn, and all nodes of the service at once; once, and
//! once more as soon as they are up again; and for every point several fates of the writes that were not
//! synced. Then the story goes on, and its expectations are judged.
//!
//! A failure names its point: `SIMLAB_POINT="caspaxos 1 37 between all none" cargo test --test durability`
//! runs that one alone. `SIMLAB_RUNS` sets how many seeds and random fates are tried (3 and 1).

mod common;

use simlab::core::{Choice, Distribution, Duration, Kind, NodeId, Point, Time, Who};
use simlab::scenarios::report::{Status, VariantReport, judge};
use simlab::scenarios::run::{Convergence, Run, Setup, build};
use simlab::scenarios::{Catalogue, Fault, Scenario, Source, load};
use simlab::sim::{Action, DiskFault, Fault as Deed, Script, World};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// The nodes of the service.
const SERVERS: [NodeId; 3] = [NodeId(0), NodeId(1), NodeId(2)];
const VARIANTS: [&str; 3] = ["caspaxos", "pn-counter", "escrow"];
/// Where the last crash falls.
const CRASHES_END: Time = Time(1_200_000_000);
const DOWN: Duration = Duration::from_secs(1);
/// How long after it came up a node that crashes twice crashes again: its disk is still busy then.
const AGAIN: Duration = Duration::from_millis(2);
const DOWN_AGAIN: Duration = Duration::from_millis(500);
/// More writes than a node makes.
const WRITES: u64 = 200;

/// When a crash falls, seen from a step of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// After it and before the next.
    Between,
    /// In it, when the sync that it ends is about to be done.
    BeforeSync,
    /// In it, when the sync is done and the process does not know.
    AfterSync,
}

/// What becomes of the writes that were not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    None,
    All,
    /// Any of them.
    Some(u64),
}

/// One way to crash the run.
#[derive(Clone, Debug)]
struct Crash<'a> {
    variant: &'a str,
    seed: u64,
    step: usize,
    when: When,
    /// `None` for all at once.
    victim: Option<NodeId>,
    fate: Fate,
    /// Whether the victims crash again when they come up.
    twice: bool,
}

/// As `SIMLAB_POINT` takes it.
impl fmt::Display for Crash<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Crash { variant, seed, step, when, victim, fate, twice } = self;
        let when = match when {
            When::Between => "between",
            When::BeforeSync => "before-sync",
            When::AfterSync => "after-sync",
        };
        write!(f, "{variant} {seed} {step} {when} ")?;
        match victim {
            Some(node) => write!(f, "{node}")?,
            None => f.write_str("all")?,
        }
        match fate {
            Fate::None => f.write_str(" none")?,
            Fate::All => f.write_str(" all")?,
            Fate::Some(seed) => write!(f, " some-{seed}")?,
        }
        f.write_str(if *twice { " twice" } else { "" })
    }
}

/// `SIMLAB_POINT`.
fn only() -> Option<String> {
    std::env::var("SIMLAB_POINT").ok()
}

/// How many random fates are tried, or seeds.
fn runs(default: u64) -> u64 {
    match only() {
        Some(_) => 64,
        None => std::env::var("SIMLAB_RUNS").map_or(default, |n| n.parse().expect("a number")),
    }
}

impl Fate {
    /// The fates that are tried of so many writes.
    fn of(unsynced: usize) -> Vec<Fate> {
        let runs = runs(1);
        match unsynced {
            0 => vec![Fate::None],
            1 => vec![Fate::None, Fate::All],
            _ => [Fate::None, Fate::All].into_iter().chain((0..runs).map(Fate::Some)).collect(),
        }
    }

    fn script(self) -> Script {
        let mut answers = BTreeMap::new();
        for node in SERVERS {
            for ordinal in 0..WRITES {
                let bits = (ordinal + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(node.0);
                let answer = match self {
                    Fate::None => 0,
                    Fate::All => 1,
                    Fate::Some(seed) => bits.wrapping_mul(2 * seed + 1).count_ones().into(),
                };
                let point = Point { who: Who::Node(node), choice: Choice::Survive, ordinal };
                answers.insert(point, answer & 1);
            }
        }
        Script { answers, ..Script::default() }
    }
}

/// The scenario, with disks that take their time, so that much is under way while one syncs.
fn scenario(catalogue: &Catalogue) -> Scenario {
    let source = Source::new("durability.toml", include_str!("durability.toml"));
    let mut scenario =
        load(source, catalogue, &[]).unwrap_or_else(|p| panic!("{}", p.render(false)));
    let (min, max) = (Duration::from_millis(4), Duration::from_millis(12));
    disks(&mut scenario, DiskFault::SlowSync(Distribution::Uniform { min, max }));
    scenario
}

fn disks(scenario: &mut Scenario, what: DiskFault) {
    let what = Deed::Disk { nodes: SERVERS.into(), what };
    scenario.faults.push(Fault::new(Time::ZERO, None, what));
}

fn setups<'a>(
    scenario: &'a Scenario,
    catalogue: &'a Catalogue,
    name: &str,
) -> impl Iterator<Item = Setup<'a>> {
    let variant = scenario.variant(name).expect("a variant");
    let setup = move |seed| Setup { scenario, catalogue, variant, seed, recording: false };
    let asked = only().map(|point| {
        point
            .split(' ')
            .nth(1)
            .and_then(|seed| seed.parse().ok())
            .expect("the second word is a seed")
    });
    asked.map_or(1..=runs(3), |seed| seed..=seed).map(setup)
}

/// Which sync each step of the undisturbed run ends: whose, and its number there.
fn syncs(setup: Setup<'_>) -> Vec<Option<(NodeId, u64)>> {
    let mut world = build(Setup { recording: true, ..setup }).expect("it can be built");
    let (mut seen, mut numbers, mut syncs) = (0, [0; SERVERS.len()], Vec::new());
    while world.step_until(CRASHES_END) {
        let trace = world.trace().expect("it is recorded");
        let ended = trace.iter().skip(seen).find_map(|event| match event.kind {
            Kind::Synced { .. } => event.node,
            _ => None,
        });
        seen = trace.len() as usize;
        syncs.push(ended.map(|node| {
            numbers[node.index()] += 1;
            (node, numbers[node.index()] - 1)
        }));
    }
    syncs
}

/// Every way to crash a variant's run, each tried on a world that has come as far as it needs: `visit`
/// is told how it went and says whether to go on. Returns how many were tried.
fn crash_everywhere(
    setup: Setup<'_>,
    mut visit: impl FnMut(&Crash<'_>, &VariantReport<'_>) -> bool,
) -> usize {
    let (variant, seed) = (setup.scenario.variants[setup.variant].name.as_str(), setup.seed);
    let only = only();
    let mut tried = 0;
    let mut world = build(setup).expect("it can be built");
    for (step, sync) in syncs(setup).into_iter().enumerate() {
        let mut crashes = Vec::new();
        let mut add = |world: &World, when, victim| {
            for fate in Fate::of(unsynced(world, victim)) {
                for twice in [false, true] {
                    crashes.push(Crash { variant, seed, step, when, victim, fate, twice });
                }
            }
        };
        let before = world.fork();
        if let Some((node, _)) = sync {
            for when in [When::BeforeSync, When::AfterSync] {
                add(&before, when, Some(node));
                add(&before, when, None);
            }
        }
        assert!(world.step_until(CRASHES_END));
        for victim in SERVERS.map(Some).into_iter().chain([None]) {
            add(&world, When::Between, victim);
        }
        for crash in crashes {
            if only.as_ref().is_some_and(|only| *only != crash.to_string()) {
                continue;
            }
            tried += 1;
            let start = if crash.when == When::Between { &world } else { &before };
            if !visit(&crash, &judge(crashed(setup, &crash, start.fork(), sync))) {
                return tried;
            }
        }
    }
    tried
}

fn unsynced(world: &World, victim: Option<NodeId>) -> usize {
    victim.map_or_else(
        || SERVERS.iter().map(|node| world.unsynced(*node)).sum(),
        |node| world.unsynced(node),
    )
}

/// Crashes a world that has come to the point, starts everybody again, and runs it to the end.
fn crashed<'a>(
    setup: Setup<'a>,
    crash: &Crash<'_>,
    mut world: World,
    sync: Option<(NodeId, u64)>,
) -> Run<'a> {
    let mut script = crash.fate.script();
    if let (Some((node, ordinal)), When::BeforeSync | When::AfterSync) = (sync, crash.when) {
        let choice = Choice::CrashAtSync { after: crash.when == When::AfterSync };
        script.answers.insert(Point { who: Who::Node(node), choice, ordinal }, 1);
        world.follow(script);
        assert!(world.step_until(CRASHES_END) && world.up_since(node).is_none(), "{crash}");
    } else {
        world.follow(script);
    }
    let now = world.now();
    for node in crash.victim.map_or_else(|| SERVERS.to_vec(), |node| vec![node]) {
        world.schedule(now, Action::Crash(node));
        world.schedule(now + DOWN, Action::Restart(node));
        if crash.twice {
            world.schedule(now + DOWN + AGAIN, Action::Crash(node));
            world.schedule(now + DOWN + DOWN_AGAIN, Action::Restart(node));
        }
    }
    world.run_until(setup.scenario.until);
    let plan = Arc::new(setup.plan());
    Run { setup, world, convergence: Convergence::new(&setup, plan.healed()), plan }
}

/// The checks that did not come out as expected, and what was found besides.
fn broken(report: &VariantReport<'_>) -> BTreeSet<String> {
    let checks = report.checks.iter().filter(|check| check.status != Status::Passed);
    let findings = report.findings.iter().map(|finding| finding.name.to_owned());
    checks.map(|check| check.check.to_owned()).chain(findings).collect()
}

fn details(report: &VariantReport<'_>) -> String {
    let checks = report.checks.iter().filter(|check| check.status != Status::Passed);
    let checks = checks.map(|check| format!("  {}: {}\n", check.name, check.detail));
    checks.chain(report.findings.iter().map(|found| format!("  {found:?}\n"))).collect()
}

fn replay(crash: &Crash<'_>) -> String {
    format!("SIMLAB_POINT=\"{crash}\" cargo test --test durability")
}

#[test]
fn no_acknowledged_operation_is_lost_wherever_a_crash_falls() {
    let catalogue = common::catalogue();
    let scenario = scenario(&catalogue);
    let mut all = 0;
    for variant in VARIANTS {
        let (mut tried, mut acknowledged, mut points) = (0, BTreeSet::new(), BTreeSet::new());
        for setup in setups(&scenario, &catalogue, variant) {
            tried += crash_everywhere(setup, |crash, report| {
                let found = broken(report);
                assert!(found.is_empty(), "{}{}", details(report), replay(crash));
                let records = report.run.world.history().records().iter();
                acknowledged.insert(records.filter(|record| record.result().is_some()).count());
                points.insert((crash.seed, crash.step, crash.when as u8));
                true
            });
        }
        let points = points.len();
        println!("{variant}: {tried} crashes at {points} points, {acknowledged:?} acknowledged");
        all += tried;
        if only().is_none() {
            assert!(points > 150 && tried > 8 * points, "{tried} at {points}");
            assert!(acknowledged.len() > 2, "some crashes hurt and some do not: {acknowledged:?}");
        }
    }
    assert!(all > 0, "SIMLAB_POINT is no point of these runs");
}

/// Finds the first crash of a run by which something is lost, and which checks say so.
fn first_loss(setup: Setup<'_>) -> Option<(String, BTreeSet<String>)> {
    let mut loss = None;
    crash_everywhere(setup, |crash, report| {
        let found = broken(report);
        if found.contains("conserved") {
            loss = Some((format!("{}{}", details(report), replay(crash)), found));
        }
        loss.is_none()
    });
    loss
}

/// The control: the same crashes lose something as soon as the disks lie, which is outside the fault
/// model, or the one rule is left out. So the test above looks where losses are.
#[test]
fn a_lying_disk_or_an_early_acknowledgement_loses_something() {
    if only().is_some() {
        return;
    }
    let catalogue = common::catalogue();
    let (mut lying, mut switched) = (scenario(&catalogue), scenario(&catalogue));
    disks(&mut lying, DiskFault::LyingSync);
    for variant in &mut switched.variants {
        variant.switches = vec!["acknowledge-before-sync"];
    }
    for scenario in [&lying, &switched] {
        for name in VARIANTS {
            let setup = setups(scenario, &catalogue, name).next().expect("a seed");
            let (point, found) = first_loss(setup).expect("something is lost");
            println!("{point}");
            let linearizable = name != "caspaxos" || found.contains("linearizable");
            assert!(linearizable, "{point}: {found:?}");
        }
    }
}
