//! The hostile world of a scenario loads to what it says: machines, faults, workloads.

mod common;

use common::{catalogue, folder};
use simlab_core::{Call, Distribution, Duration, FaultKind, NodeId, Ratio, Time};
use simlab_scenarios::run::{Planned, Setup, workload};
use simlab_scenarios::{Catalogue, Fault, Flap, Machine, Mix, Scenario, Source, Workload, load};
use simlab_sim::{
    Adversary, ClockSpec, Corruption, Cost, DiskFault, Fault as What, Patch, Shape, Weather,
};
use std::collections::BTreeSet;

const A: NodeId = NodeId(0);
const B: NodeId = NodeId(1);
const C: NodeId = NodeId(2);
const CUSTOMER: NodeId = NodeId(3);
const OTHER: NodeId = NodeId(4);

fn hostile(overrides: &[(&str, &str)]) -> Scenario {
    let source = Source::read(&folder("good").join("hostile.toml")).expect("the file is there");
    let overrides: Vec<_> =
        overrides.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    load(source, &catalogue(), &overrides).unwrap_or_else(|e| panic!("{e}"))
}

fn setup<'a>(scenario: &'a Scenario, catalogue: &'a Catalogue, seed: u64) -> Setup<'a> {
    Setup { scenario, catalogue, variant: 0, seed, recording: false }
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn at(secs: u64) -> Time {
    Time::ZERO + Duration::from_secs(secs)
}

fn set(nodes: &[NodeId]) -> BTreeSet<NodeId> {
    nodes.iter().copied().collect()
}

fn percent(text: &str) -> Ratio {
    text.parse().expect("a probability")
}

#[test]
fn machines_are_as_the_nodes_say_and_variants_may_say_otherwise() {
    let scenario = hostile(&[]);
    let usual = Machine {
        joins: Time::ZERO,
        clock: ClockSpec::default(),
        cost: Cost::default(),
        sync_delay: Distribution::Fixed(Duration::ZERO),
        restart_after: None,
    };
    let costs = |service| Cost { service: Distribution::Fixed(service), ..Cost::default() };
    let service = Distribution::Exponential { min: Duration::ZERO, mean: ms(2) };
    let a = Machine {
        clock: ClockSpec { drift: 200_000, offset: -3_000_000_000 },
        cost: Cost { service, workers: 2, buffer: 50 },
        sync_delay: Distribution::Fixed(ms(5)),
        restart_after: Some(ms(1_000)),
        ..usual
    };
    let clock = ClockSpec { drift: -5_000_000, offset: 0 };
    let b = Machine { clock, cost: costs(ms(1)), ..usual };
    let c = Machine { joins: at(10), cost: costs(ms(1)), ..usual };
    assert_eq!(scenario.variants[0].machines, [a, b, c, usual, usual]);
    let quick = costs(Duration::from_micros(10));
    let strong = Machine {
        clock: ClockSpec::default(),
        cost: quick,
        sync_delay: Distribution::Fixed(ms(1)),
        restart_after: Some(ms(3_000)),
        ..a
    };
    let others = [Machine { cost: quick, ..b }, Machine { cost: quick, ..c }, usual, usual];
    assert_eq!(scenario.variants[1].machines[0], strong, "the node over the service");
    assert_eq!(scenario.variants[1].machines[1..], others);
    assert_eq!(scenario.variants[0].switches, [""; 0]);
    assert_eq!(scenario.variants[1].switches, ["forget"]);
}

#[test]
fn faults_do_what_they_say() {
    let scenario = hostile(&[]);
    let north = set(&[A, B]);
    let a = set(&[A]);
    let disk = |what| What::Disk { nodes: a.clone(), what };
    let adversary = Adversary {
        edit: percent("10%"),
        replay: percent("20%"),
        replay_after: Distribution::Uniform { min: ms(1_000), max: ms(2_000) },
    };
    let patch = Patch {
        adversary: Some(adversary),
        loss: Some(percent("30%")),
        delay: Some(Distribution::Fixed(ms(1_000))),
        ..Patch::default()
    };
    let weather =
        Weather { from: a.clone(), to: north.clone(), both: true, patch: Box::new(patch) };
    let expected = [
        What::Crash { nodes: set(&[B]), wiped: true },
        What::CrashAtSync { nodes: north.clone(), rate: percent("10%"), down: ms(200) },
        What::Pause(north),
        What::Slow { nodes: set(&[B]), percent: 250 },
        What::Clock { nodes: a.clone(), jump: -3_000_000_000, drift: Some(1_000_000) },
        What::Links(weather),
        What::Cut(Shape::Isolated(set(&[C]))),
        What::Cut(Shape::Groups(vec![a.clone(), set(&[B, C])])),
        What::Cut(Shape::OneWay { from: a.clone(), to: set(&[B]) }),
        disk(DiskFault::WriteErrors(percent("10%"))),
        disk(DiskFault::ReadErrors("log".to_owned())),
        disk(DiskFault::SlowSync(Distribution::Fixed(ms(1_000)))),
        disk(DiskFault::LyingSync),
        disk(DiskFault::Misdirected(percent("1/8"))),
        disk(DiskFault::Full(4_096)),
        disk(DiskFault::Rot(3)),
        What::Leave(set(&[C])),
    ];
    let faults: Vec<_> = scenario.faults.iter().map(|fault| fault.what.clone()).collect();
    assert_eq!(faults, expected);
    let breaks = scenario.faults[0].outside.as_ref().expect("it is outside");
    assert_eq!(breaks.get("zh"), "忘记");
    assert_eq!(scenario.faults[1].outside, None);
    // The last flap outlasts the run; what has no end is over as soon as it has happened.
    assert_eq!(setup(&scenario, &catalogue(), 1).healed(), at(100));
    assert_eq!(scenario.faults[16].over(scenario.until), at(39));
}

#[test]
fn links_damage_in_several_ways() {
    let scenario = hostile(&[]);
    let how = |from, to| scenario.link(from, to).corruption;
    assert_eq!(how(CUSTOMER, C), Corruption::Burst(16));
    assert_eq!(how(A, B), Corruption::SwapWords);
    assert_eq!(how(B, A), Corruption::ZeroRun(8));
    assert_eq!(how(C, A), Corruption::Bits(2));
    for (option, expected) in [
        ("swap-words", Corruption::SwapWords),
        ("{ zero_run = 3 }", Corruption::ZeroRun(3)),
        ("{ bits = 7 }", Corruption::Bits(7)),
    ] {
        let scenario = hostile(&[("network.default.corruption", option)]);
        assert_eq!(scenario.link(CUSTOMER, C).corruption, expected);
    }
    let scenario = hostile(&[("network.default.corrupt_bits", "4")]);
    assert_eq!(scenario.link(CUSTOMER, C).corruption, Corruption::Bits(4));
}

fn lengths(spells: &[(Time, Option<Time>)], end: Time) -> Vec<(Duration, Duration)> {
    let next = spells.iter().skip(1).map(|(from, _)| *from).chain([end]);
    let both = spells.iter().zip(next);
    both.map(|((from, until), next)| {
        let until = until.unwrap_or(end);
        (until.since(*from), next.since(until))
    })
    .collect()
}

#[test]
fn a_flap_comes_and_goes_as_the_seed_draws_it() {
    let (scenario, catalogue) = (hostile(&[]), catalogue());
    let fault = &scenario.faults[6];
    assert_eq!(fault.kinds(), [FaultKind::Cut, FaultKind::Flap]);
    let down = Distribution::Uniform { min: ms(500), max: ms(1_000) };
    assert_eq!(fault.flap, Some(Flap { down, up: Distribution::Fixed(ms(2_000)) }));
    for seed in 0..200 {
        let spells = setup(&scenario, &catalogue, seed).spells(fault);
        assert_eq!(spells[0].0, at(13), "it begins cut");
        assert!(spells.iter().all(|(from, until)| until.is_some_and(|u| *from < u && u <= at(23))));
        let all = lengths(&spells, at(23));
        let (_, whole) = all.split_last().expect("a spell");
        for (down, up) in whole {
            assert!(
                (ms(500)..=ms(1_000)).contains(down) && *up == ms(2_000),
                "seed {seed}: {all:?}"
            );
        }
    }
    let drawn = |seed| setup(&scenario, &catalogue, seed).spells(fault);
    assert_eq!(drawn(5), drawn(5));
    assert_ne!(drawn(5), drawn(6));
    // Of fixed lengths: cut for 100 ms, whole for 100 ms, and whole at the end.
    let fixed = setup(&scenario, &catalogue, 1).spells(&scenario.faults[7]);
    let half = |n: u64| at(24) + ms(200 * n);
    let expected: Vec<_> = (0..5).map(|n| (half(n), Some(half(n) + ms(100)))).collect();
    assert_eq!(fixed, expected);
    // Without an end: cut from 25 s to 75 s, whole to 115 s.
    let endless = setup(&scenario, &catalogue, 1).spells(&scenario.faults[8]);
    assert_eq!(endless, [(at(25), Some(at(75)))]);
    // What does not flap holds once.
    let once = Fault::new(at(1), None, What::Pause(set(&[A])));
    assert_eq!(setup(&scenario, &catalogue, 1).spells(&once), [(at(1), None)]);
}

#[test]
fn a_workload_is_drawn_inside_its_bounds() {
    let scenario = hostile(&[]);
    let mix = Mix { read: 2, sell: 3, take_back: 1, ..Mix::default() };
    let clients = vec![CUSTOMER, OTHER];
    let (from, until) = (at(5), at(60));
    let first = Workload {
        clients,
        objects: vec![0, 1],
        count: 200,
        from,
        until,
        mix,
        least: 10,
        most: 500,
    };
    assert_eq!(scenario.workloads[0], first);
    let (mut early, mut late) = (at(100), Time::ZERO);
    let mut verbs = [0; 3];
    for seed in 0..100 {
        let all = workload(&scenario, seed);
        let mut times = all.iter().map(|planned| planned.at);
        assert!(times.by_ref().is_sorted());
        let reads = |p: &&Planned| p.client == CUSTOMER && p.operation.call == Call::Read;
        assert!(all.iter().filter(reads).filter(|p| p.operation.object == "book").count() >= 5_000);
        assert_eq!(all.len(), 5_200);
        let mut amounts = BTreeSet::new();
        let changes = all.iter().filter_map(|planned| match planned.operation.call {
            Call::Sell(n) => Some((n, 1, planned)),
            Call::TakeBack(n) => Some((n, 2, planned)),
            _ => None,
        });
        for (amount, verb, planned) in changes {
            assert!(
                (10..=500).contains(&amount) && amounts.insert(amount),
                "seed {seed}: {amount}"
            );
            assert!((from..=until).contains(&planned.at), "seed {seed}: {planned:?}");
            (early, late) = (early.min(planned.at), late.max(planned.at));
            verbs[verb] += 1;
        }
        verbs[0] += 200 - amounts.len();
    }
    // 20,000 draws in the shares 2 : 3 : 1, over all of the time.
    assert!(verbs[0].abs_diff(6_667) < 400 && verbs[1].abs_diff(10_000) < 400, "{verbs:?}");
    assert!(verbs[2].abs_diff(3_333) < 400, "{verbs:?}");
    assert!(early < at(6) && late > at(59), "{early} {late}");
}

/// Every amount is drawn once if there are just as many as operations.
#[test]
fn amounts_run_out_just_in_time() {
    let text = std::fs::read_to_string(folder("good").join("hostile.toml")).expect("a text");
    let text = text.replace("amounts = [10, 500]", "amounts = [1, 200]");
    let text = text.replace("read = 2, sell = 3, take_back = 1", "sell = 1");
    let scenario = load(Source::new("all.toml", text), &catalogue(), &[]).expect("a scenario");
    let drawn = workload(&scenario, 3).into_iter().filter_map(|p| match p.operation.call {
        Call::Sell(n) => Some(n),
        _ => None,
    });
    let drawn: Vec<u32> = drawn.collect();
    assert_ne!(drawn, (1..=200).collect::<Vec<_>>(), "they are shuffled");
    assert_eq!(drawn.iter().copied().collect::<BTreeSet<_>>(), (1..=200).collect());
}

/// An earlier end leaves out what comes later, and moves nothing else.
#[test]
fn an_earlier_end_cuts_a_workload_off() {
    let (whole, half) = (workload(&hostile(&[]), 7), workload(&hostile(&[("until", "30s")]), 7));
    let kept: Vec<_> = whole.into_iter().filter(|planned| planned.at <= at(30)).collect();
    assert_eq!(half, kept);
    assert!(half.len() > 1_000);
}
