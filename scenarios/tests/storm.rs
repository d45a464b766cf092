//! Storms never leave what the services tolerate.
//!
//! The validator shares nothing with the generator but the types: it asks a cut which pairs of nodes
//! it separates, goes through the time line, and counts. One storm of it again:
//! `SIMLAB_SEED=17 cargo test -p simlab-scenarios --test storm`; more of them:
//! `SIMLAB_RUNS=100000 cargo test --release -p simlab-scenarios --test storm`.

use rand::{Rng, RngExt};
use simlab_core::{Duration, FaultKind, FaultModel, NodeId, Time, Tolerance, Tolerates, stream};
use simlab_scenarios::storm::{Drawn, Group, KindOptions, Place, Storm, Strength};
use simlab_scenarios::{Fault, Text};
use simlab_sim::{DiskFault, Fault as What, Shape};
use std::collections::{BTreeMap, BTreeSet};

fn seeds(usual: u64) -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse().ok());
    match number("SIMLAB_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("SIMLAB_RUNS").unwrap_or(usual)).collect(),
    }
}

// --- storms to draw ------------------------------------------------------------------------------

fn tolerance(r: &mut impl Rng) -> Tolerance {
    match r.random_range(0..5) {
        0 => Tolerance::Never,
        1 => Tolerance::AtMost(r.random_range(1..4)),
        2 => Tolerance::Minority,
        _ => Tolerance::Any,
    }
}

/// Models of all sorts; they are leaked, so there are only so many.
fn models() -> Vec<FaultModel> {
    let models = (0..200).map(|n| {
        let mut r = stream(n, "a model");
        let listed = FaultKind::luck().filter(|_| r.random_range(0..4) > 0);
        let listed: Vec<FaultKind> = listed.collect();
        let tolerates = listed.into_iter().map(|kind| Tolerates {
            kind,
            safety: tolerance(&mut r),
            liveness: tolerance(&mut r),
        });
        let tolerates: Vec<Tolerates> = tolerates.collect();
        let drift_max = [0, 1, 50_000_000, u32::MAX][r.random_range(0..4)];
        FaultModel { summary: "a test", tolerates: tolerates.leak(), drift_max }
    });
    models.collect()
}

/// A storm of a random world: some services in one to three variants, some sites, some costs.
fn storm(seed: u64, models: &[FaultModel]) -> Storm {
    let mut r = stream(seed, "a storm to draw");
    let nodes = r.random_range(1..12_u32);
    let mut groups = Vec::new();
    for variant in 0..r.random_range(1..4) {
        let services = r.random_range(1..4_usize);
        let mut of: Vec<BTreeSet<NodeId>> = vec![BTreeSet::new(); services];
        for node in 0..nodes {
            of[r.random_range(0..services)].insert(NodeId(node));
        }
        for (n, nodes) in of.into_iter().enumerate().filter(|(_, nodes)| !nodes.is_empty()) {
            let model = (!r.random_ratio(1, 12)).then(|| models[r.random_range(0..models.len())]);
            groups.push(Group {
                service: format!("{variant}.{n}"),
                nodes,
                model,
                shields: Vec::new(),
            });
        }
    }
    let mut some = |chance| {
        (0..nodes).map(NodeId).filter(|_| r.random_ratio(1, chance)).collect::<BTreeSet<_>>()
    };
    let place = Place {
        groups,
        sites: vec![some(2), some(3), some(4)],
        costly: some(2),
        delay: Duration::from_millis(r.random_range(0..100)),
        loss: r.random_range(0..50),
        sync: Duration::from_millis(r.random_range(0..20)),
    };
    let from = Time(r.random_range(0..20_000_000_000));
    // Some storms are too short for anything.
    let length = Duration(1_u64 << r.random_range(10..37));
    let restart = Duration(length.nanos() / r.random_range(4..100) + 1);
    let mut storm = Storm {
        from,
        until: from + length,
        every: Duration(length.nanos() / r.random_range(1..10) + 1),
        longest: Duration(length.nanos() / r.random_range(1..10) + 1),
        restart,
        down_max: restart.times(r.random_range(1..3)),
        kinds: Vec::new(),
        outside: Vec::new(),
        outside_why: None,
        place,
    };
    if r.random_ratio(1, 4) {
        let luck: Vec<FaultKind> = FaultKind::luck().collect();
        let kind = luck[r.random_range(0..luck.len())];
        storm.outside = vec![kind];
        storm.outside_why = Some(Text::plain("a test"));
    }
    let wanted = r.random_range(1..4);
    let kinds = FaultKind::luck().filter(|kind| {
        r.random_range(0..4) < wanted
            && !storm.outside.contains(kind)
            && !storm.place.inside(*kind).is_empty()
    });
    storm.kinds = kinds.collect();
    storm
}

// --- the validator -------------------------------------------------------------------------------

/// The nodes that a fault is done to; of links, both ends of each that it touches.
fn victims(what: &What, all: &BTreeSet<NodeId>) -> BTreeSet<NodeId> {
    let pairs = || all.iter().flat_map(|a| all.iter().map(move |b| (*a, *b)));
    let ends = |touched: &dyn Fn(NodeId, NodeId) -> bool| {
        pairs().filter(|(a, b)| touched(*a, *b)).flat_map(|(a, b)| [a, b]).collect()
    };
    match what {
        What::Cut(shape) => ends(&|a, b| shape.separates(a, b)),
        What::Links(weather) => ends(&|a, b| weather.covers(a, b)),
        other => other.nodes().expect("a fault of nodes").clone(),
    }
}

/// Until when a node may still be down because of it.
fn over(fault: &Fault, storm: &Storm) -> Time {
    let Some(until) = fault.until else { return Time::NEVER };
    until
        + match &fault.what {
            What::CrashAtSync { down, .. } => *down,
            What::Disk { what: DiskFault::WriteErrors(_), .. }
            | What::Disk { what: DiskFault::ReadErrors(_), .. }
            | What::Disk { what: DiskFault::Full(_), .. } => storm.down_max,
            _ => Duration::ZERO,
        }
}

fn judge(storm: &Storm, scheduled: &[Fault], drawn: &Drawn) {
    let all: BTreeSet<NodeId> = storm.place.groups.iter().flat_map(|g| g.nodes.clone()).collect();
    let on: BTreeMap<FaultKind, &KindOptions> =
        drawn.options.on.iter().map(|options| (options.kind, options)).collect();
    assert!(drawn.options.off.iter().all(|kind| !on.contains_key(kind)), "on and off");
    let known: BTreeSet<FaultKind> = storm.all_kinds().collect();
    let said: BTreeSet<FaultKind> = on.keys().chain(&drawn.options.off).copied().collect();
    assert_eq!(known, said, "each kind is either on or off");
    assert_eq!(on.is_empty(), known.is_empty(), "at least one is on");
    for (number, (kind, fault)) in (1..).zip(&drawn.faults) {
        assert_eq!(fault.name.as_deref(), Some(format!("storm {number}: {kind}").as_str()));
        let options = on.get(kind).expect("it is on");
        judge_time(storm, *kind, fault);
        let victims = victims(&fault.what, &all);
        assert!(!victims.is_empty() && victims.is_subset(&all), "{fault:?}");
        judge_strength(options, fault);
        assert_eq!(fault.outside.is_some(), storm.outside.contains(kind));
        let text = drawn.options.to_string();
        assert!(text.split("; off").next().expect("text").contains(kind.name()), "{text}");
    }
    assert!(drawn.faults.is_sorted_by_key(|(_, fault)| fault.at));
    let inside = drawn.faults.iter().filter(|(kind, _)| !storm.outside.contains(kind));
    let inside: Vec<&Fault> = inside.map(|(_, fault)| fault).collect();
    for group in &storm.place.groups {
        judge_group(storm, group, &inside, scheduled);
    }
}

fn judge_time(storm: &Storm, kind: FaultKind, fault: &Fault) {
    assert!(storm.from <= fault.at && fault.at < storm.until, "{fault:?}");
    if matches!(kind, FaultKind::Leave | FaultKind::Rot) {
        assert_eq!(fault.until, None, "nothing undoes it");
    } else {
        let until = fault.until.expect("an end");
        assert!(fault.at < until && over(fault, storm) <= storm.until, "{fault:?}");
        assert!(until.since(fault.at) <= storm.longest, "{fault:?}");
    }
}

/// The options that are printed are what was drawn.
fn judge_strength(options: &KindOptions, fault: &Fault) {
    let (kind, strength, most) = (options.kind, options.strength, options.nodes);
    let mut kinds = vec![kind];
    match kind {
        FaultKind::Flap => kinds.push(FaultKind::Cut),
        FaultKind::Wipe => kinds.push(FaultKind::Crash),
        _ => {}
    }
    let is: BTreeSet<FaultKind> = fault.kinds().into_iter().collect();
    // A disk that cannot be read matters to a node that starts.
    let companion = kind == FaultKind::ReadError && is == [FaultKind::Crash].into();
    assert!(companion || is == kinds.into_iter().collect(), "{fault:?}");
    assert_eq!(fault.flap.is_some(), kind == FaultKind::Flap);
    let up_to = |least: Duration, d: Duration| matches!(strength, Strength::UpTo(max) if least <= d && d <= max);
    let good = match &fault.what {
        What::Cut(Shape::Groups(groups)) => {
            groups.len() > 1 && groups.iter().all(|g| !g.is_empty()) && groups[0].len() <= most
        }
        What::Cut(Shape::OneWay { from, to }) => {
            from.is_disjoint(to) && from.len().min(to.len()) <= most
        }
        What::Cut(Shape::Bridge { left, right, via }) => {
            let apart = left.is_disjoint(right) && left.is_disjoint(via) && right.is_disjoint(via);
            apart && left.len() <= most && !via.is_empty()
        }
        What::Cut(Shape::Isolated(_)) => false,
        What::Links(weather) => {
            let patch = &weather.patch;
            let rate = [patch.loss, patch.duplicate, patch.corrupt].into_iter().flatten().next();
            weather.from.len().min(weather.to.len()) <= most
                && match strength {
                    Strength::Rate(drawn) => rate == Some(drawn),
                    Strength::Held { rate, by } => patch.reorder == Some((rate, by)),
                    Strength::UpTo(_) => patch.delay.is_some_and(|d| {
                        up_to(Duration::ZERO, d.sample(0))
                            && up_to(Duration::ZERO, d.sample(u64::MAX))
                    }),
                    _ => false,
                }
        }
        What::Crash { nodes, .. } | What::Pause(nodes) | What::Leave(nodes) => nodes.len() <= most,
        What::CrashAtSync { nodes, rate, down } => {
            nodes.len() <= most && strength == (Strength::AtSync { rate: *rate, down: *down })
        }
        What::Slow { nodes, percent } => {
            nodes.len() <= most && strength == Strength::Percent(*percent) && *percent > 100
        }
        What::Clock { nodes, jump, drift } => {
            nodes.len() <= most
                && match (strength, drift) {
                    (Strength::Drift(max), Some(drift)) => {
                        *jump == 0 && *drift != 0 && drift.unsigned_abs() <= max.into()
                    }
                    (Strength::UpTo(max), None) => *jump != 0 && jump.unsigned_abs() <= max.nanos(),
                    _ => false,
                }
        }
        What::Disk { nodes, what } => {
            nodes.len() <= most
                && match (what, strength) {
                    (DiskFault::WriteErrors(rate), Strength::Rate(drawn))
                    | (DiskFault::Misdirected(rate), Strength::Rate(drawn)) => *rate == drawn,
                    (DiskFault::SlowSync(d), Strength::UpTo(max)) => d.sample(u64::MAX) <= max,
                    (DiskFault::Full(bytes), Strength::Room(room)) => *bytes == room,
                    (DiskFault::Rot(bits), Strength::Bits(drawn)) => *bits == drawn,
                    (DiskFault::ReadErrors(_) | DiskFault::LyingSync, Strength::Whole) => true,
                    _ => false,
                }
        }
    };
    assert!(good, "{fault:?} of {options}");
}

/// How many nodes of a group may suffer a kind of fault, for its safety, and if there is no end to it
/// for its liveness.
fn limit(group: &Group, kind: FaultKind) -> usize {
    let of = group.nodes.len() as u32;
    let safe = group.model.map_or(0, |model| model.safety(kind).nodes(of));
    let lives = group.model.map_or(0, |model| model.liveness(kind).nodes(of));
    if kind == FaultKind::Leave { safe.min(lives) as usize } else { safe as usize }
}

/// What a fault takes of a group.
struct Taking {
    own: bool,
    kinds: Vec<FaultKind>,
    nodes: BTreeSet<NodeId>,
    from: Time,
    until: Time,
}

/// After these a process begins another life, or none.
const STOPPING: [FaultKind; 6] = [
    FaultKind::Crash,
    FaultKind::Wipe,
    FaultKind::Leave,
    FaultKind::WriteError,
    FaultKind::ReadError,
    FaultKind::FullDisk,
];
/// After these a node may lack what it knew, for good.
const TAKING_DATA: [FaultKind; 5] =
    [FaultKind::Wipe, FaultKind::Leave, FaultKind::LyingSync, FaultKind::Misdirect, FaultKind::Rot];

fn judge_group(storm: &Storm, group: &Group, own: &[&Fault], scheduled: &[Fault]) {
    let world = world(storm);
    let taking = |fault: &Fault, own| Taking {
        own,
        kinds: fault.kinds(),
        nodes: &victims(&fault.what, &world) & &group.nodes,
        from: fault.at,
        until: over(fault, storm),
    };
    let own = own.iter().map(|fault| (*fault, taking(fault, true)));
    let own: Vec<_> = own.filter(|(_, taking)| !taking.nodes.is_empty()).collect();
    for (fault, _) in &own {
        if let What::Clock { drift: Some(drift), .. } = &fault.what {
            let max = group.model.expect("a model").drift_max;
            assert!(drift.unsigned_abs() <= max.into(), "a drift of {drift}, at most {max}");
        }
    }
    let scheduled = scheduled.iter().map(|fault| taking(fault, false));
    let all: Vec<Taking> = own.into_iter().map(|(_, taking)| taking).chain(scheduled).collect();
    // The most hold at a moment when one of them begins.
    for at in all.iter().map(|taking| taking.from) {
        let now: Vec<&Taking> = all.iter().filter(|t| t.from <= at && at < t.until).collect();
        for kind in FaultKind::luck() {
            judge_together(group, &[kind], &now);
        }
        judge_together(group, &STOPPING, &now);
    }
    judge_together(group, &TAKING_DATA, &all.iter().collect::<Vec<_>>());
}

/// If the storm has a part in it, then all that suffer one of the kinds are no more than the strictest
/// of those kinds allows.
fn judge_together(group: &Group, kinds: &[FaultKind], all: &[&Taking]) {
    let suffer = |t: &&&Taking| kinds.iter().any(|kind| t.kinds.contains(kind));
    let suffering: Vec<&&Taking> =
        all.iter().filter(suffer).filter(|t| !t.nodes.is_empty()).collect();
    if !suffering.iter().any(|taking| taking.own) {
        return;
    }
    let nodes: BTreeSet<NodeId> = suffering.iter().flat_map(|t| t.nodes.clone()).collect();
    let there = suffering.iter().flat_map(|t| &t.kinds).filter(|kind| kinds.contains(kind));
    let limit = there.map(|kind| limit(group, *kind)).min().expect("a kind");
    assert!(nodes.len() <= limit, "{kinds:?} of {nodes:?}, {limit} in {group:?}");
}

fn world(storm: &Storm) -> BTreeSet<NodeId> {
    storm.place.groups.iter().flat_map(|group| group.nodes.clone()).collect()
}

// --- the tests -----------------------------------------------------------------------------------

/// Some faults that happen anyway.
fn scheduled(seed: u64, storm: &Storm) -> Vec<Fault> {
    let mut r = stream(seed, "scheduled faults");
    let nodes: Vec<NodeId> = world(storm).into_iter().collect();
    let faults = (0..r.random_range(0..4)).map(|_| {
        let at = storm.from + Duration(r.random_range(0..storm.until.since(storm.from).nanos()));
        let until = r.random_ratio(3, 4).then(|| at + Duration(r.random_range(1..1 << 34)));
        let whom = BTreeSet::from([nodes[r.random_range(0..nodes.len())]]);
        let what = match r.random_range(0..4) {
            0 => What::Crash { nodes: whom, wiped: false },
            1 => What::Disk { nodes: whom, what: DiskFault::LyingSync },
            2 => What::Cut(Shape::Isolated(whom)),
            _ => What::Pause(whom),
        };
        Fault::new(at, until, what)
    });
    faults.collect()
}

#[test]
fn a_storm_stays_inside_what_every_service_tolerates() {
    let models = models();
    let (mut faults, mut kinds) = (0, BTreeSet::new());
    let seeds = seeds(1_500);
    for &seed in &seeds {
        let storm = storm(seed, &models);
        let scheduled = scheduled(seed, &storm);
        let drawn = storm.draw(&scheduled, seed);
        let judged = std::panic::catch_unwind(|| judge(&storm, &scheduled, &drawn));
        assert!(
            judged.is_ok(),
            "replay: SIMLAB_SEED={seed} cargo test -p simlab-scenarios --test storm"
        );
        faults += drawn.faults.len();
        kinds.extend(drawn.faults.iter().map(|(kind, _)| *kind));
    }
    if seeds.len() > 1 {
        // A validator that sees nothing finds nothing.
        assert!(faults > 5 * seeds.len(), "{faults} faults");
        assert_eq!(kinds.len(), FaultKind::luck().count(), "{kinds:?}");
    }
    eprintln!("{} storms, {faults} faults", seeds.len());
}

/// Five nodes that tolerate everything, and three clients.
fn tolerant() -> Storm {
    const ANY: [Tolerates; FaultKind::ALL.len()] = {
        let mut all =
            [Tolerates { kind: FaultKind::Cut, safety: Tolerance::Any, liveness: Tolerance::Any };
                FaultKind::ALL.len()];
        let mut n = 0;
        while n < all.len() {
            all[n].kind = FaultKind::ALL[n];
            n += 1;
        }
        all
    };
    const MODEL: FaultModel =
        FaultModel { summary: "tolerates everything", tolerates: &ANY, drift_max: 100_000_000 };
    let group = |service: &str, nodes: std::ops::Range<u32>| Group {
        service: service.to_owned(),
        nodes: nodes.map(NodeId).collect(),
        model: Some(MODEL),
        shields: Vec::new(),
    };
    let seconds = |n| Duration::from_secs(n);
    let place = Place {
        groups: vec![group("server", 0..5), group("client", 5..8)],
        sites: vec![[0, 1, 5].map(NodeId).into(), [2, 3, 4, 6, 7].map(NodeId).into()],
        costly: (0..5).map(NodeId).collect(),
        delay: Duration::from_millis(20),
        loss: 0,
        sync: Duration::ZERO,
    };
    Storm {
        from: Time::ZERO + seconds(5),
        until: Time::ZERO + seconds(45),
        every: seconds(8),
        longest: seconds(8),
        restart: seconds(1),
        down_max: seconds(1),
        kinds: FaultKind::luck().collect(),
        outside: Vec::new(),
        outside_why: None,
        place,
    }
}

/// Swarm testing: each kind is off in about half of the storms. One that is on mostly comes.
#[test]
fn each_seed_switches_whole_kinds_off() {
    let storm = tolerant();
    let seeds = seeds(1_000);
    let mut on: BTreeMap<FaultKind, (usize, usize)> = BTreeMap::new();
    for &seed in &seeds {
        let drawn = storm.draw(&[], seed);
        for options in &drawn.options.on {
            let comes = drawn.faults.iter().any(|(kind, _)| *kind == options.kind);
            let (on, came) = on.entry(options.kind).or_default();
            *on += 1;
            *came += usize::from(comes);
        }
    }
    if seeds.len() < 1_000 {
        return;
    }
    for kind in FaultKind::luck() {
        let (on, came) = on[&kind];
        let percent = on * 100 / seeds.len();
        assert!((30..=70).contains(&percent), "{kind} is on in {percent}% of the storms");
        assert!(came * 100 > on * 80, "{kind} comes in {came} of {on} storms");
    }
}

/// A kind more, or a scheduled fault, moves nothing.
#[test]
fn a_kind_more_shifts_no_other() {
    let all = tolerant();
    for seed in seeds(200) {
        let whole = all.draw(&[], seed);
        for left_out in [FaultKind::Cut, FaultKind::Crash, FaultKind::Leave] {
            let mut fewer = all.clone();
            fewer.kinds.retain(|kind| *kind != left_out);
            let drawn = fewer.draw(&[], seed);
            let rest = |drawn: &Drawn| -> Vec<(FaultKind, Fault)> {
                let rest = drawn.faults.iter().filter(|(kind, _)| *kind != left_out).cloned();
                rest.map(|(kind, fault)| (kind, Fault { name: None, ..fault })).collect()
            };
            assert_eq!(rest(&whole), rest(&drawn), "seed {seed} without {left_out}");
        }
    }
}

/// What single crashes never find: all nodes of the service at once, and whole sites.
#[test]
fn crashes_come_correlated_too() {
    let storm = tolerant();
    let (mut alone, mut services, mut sites, mut syncs) = (0, 0, 0, 0);
    for seed in seeds(1_000) {
        for (_, fault) in storm.draw(&[], seed).faults {
            match &fault.what {
                What::Crash { nodes, wiped: false } => {
                    alone += u64::from(nodes.len() == 1);
                    services += u64::from(storm.place.groups[0].nodes == *nodes);
                    sites += u64::from(storm.place.sites[0] == *nodes);
                }
                What::CrashAtSync { rate, .. } => {
                    syncs += 1;
                    assert!(!rate.is_zero());
                }
                _ => {}
            }
        }
    }
    let least = if seeds(1_000).len() >= 1_000 { 20 } else { 0 };
    assert!([alone, services, sites, syncs].iter().all(|n| *n >= least));
}
