//! Thousands of random schedules inside the fault model: loss, duplication, reordering, cuts, crashes
//! that keep any subset of the unsynced writes, disks that are slow, full, or fail to write or to read.
//! Safety all along; after the heal every request gets its answer.
//!
//! A failure names its seed; `SIMLAB_SEED=n cargo test -p simlab-protocols NAME` runs it again, and
//! `SIMLAB_RUNS` sets how many are run.

mod driver;

use driver::{Link, Op, Spec, World, linear, seeds};
use simlab_core::{Call, DiskError, Outcome, Value};
use std::collections::BTreeMap;

const PRODUCTS: [&str; 2] = ["phone", "kettle"];
const FAULTS_END: u64 = 6_000;

/// What a sweep must have met: a green one that never got anywhere is not green.
#[derive(Default)]
struct Met(BTreeMap<String, u64>);

impl Met {
    fn count(&mut self, world: &World) {
        for (name, n) in &world.notes {
            *self.0.entry((*name).to_owned()).or_default() += n;
        }
        for op in &world.history {
            let outcome = match &op.returned {
                Some((_, Outcome::Done(Value::Bool(true)))) => "sold",
                Some((_, Outcome::Done(Value::Bool(false)))) => "sold out",
                Some((_, Outcome::Done(_))) => "read",
                Some((_, Outcome::NotDone(_))) => "refused",
                Some((_, Outcome::Unknown(_))) => "unknown",
                None => "open",
            };
            *self.0.entry(outcome.to_owned()).or_default() += 1;
        }
    }

    fn must_have(&self, names: &[&str]) {
        if std::env::var_os("SIMLAB_SEED").is_none() && std::env::var_os("SIMLAB_RUNS").is_none() {
            for name in names {
                assert!(self.0.contains_key(*name), "never met: {name} in {:?}", self.0);
            }
        }
    }
}

/// Three or five cities of four units each, and three customers.
fn world(seed: u64, service: &str, with: &[(&str, &str)], timeout: &str) -> World {
    let replicas = if seed % 4 == 3 { 5 } else { 3 };
    let names: Vec<String> = (0..replicas).map(|n| format!("r{n}")).collect();
    let share = [&[("share", "4")], with].concat();
    let clients: Vec<[(&str, &str); 2]> =
        (0..3).map(|c| [("server", names[c].as_str()), ("timeout", timeout)]).collect();
    let mut spec: Vec<Spec<'_>> = Vec::new();
    spec.extend(names.iter().map(|name| (name.as_str(), service, &share[..])));
    for (name, arguments) in ["c0", "c1", "c2"].into_iter().zip(&clients) {
        spec.push((name, "shop-client", arguments));
    }
    World::new(seed, &spec)
}

/// Draws the weather; each seed leaves some kinds out (swarm testing). Returns whether disks may fail.
fn storm(world: &mut World, replicas: u32, crashes: bool) -> bool {
    let kinds = world.below(1_024);
    let on = |bit: u64| kinds >> bit & 1 == 1;
    let loss = if on(0) { 1 + world.below(25) } else { 0 };
    let duplicate = if on(1) { 1 + world.below(30) } else { 0 };
    let slowest = if on(2) { 1_200_000 } else { 60_000 };
    world.far = Link { loss, duplicate, delay: (500, slowest) };
    world.near = Link {
        loss: if on(3) { loss } else { 0 },
        duplicate,
        delay: (500, if on(4) { 900_000 } else { 2_000 }),
    };
    world.sync_us = (100, if on(5) { 150_000 } else { 2_000 });
    if on(6) {
        // Cuts: during each, the replicas whose bit is set do not hear the others, one way or both.
        let mut cuts = Vec::new();
        for _ in 0..1 + world.below(3) {
            let from = world.below(FAULTS_END);
            cuts.push((
                from,
                from + world.below(3_000),
                world.below(1 << replicas),
                world.below(2),
            ));
        }
        world.lose = Box::new(move |f| {
            let side = |node: u32, set: u64| set >> node & 1;
            f.from < replicas
                && f.to < replicas
                && cuts.iter().any(|&(from, until, set, both)| {
                    let (a, b) = (side(f.from, set), side(f.to, set));
                    (from..until).contains(&f.at_ms) && a != b && (both == 1 || a == 1)
                })
        });
    }
    if crashes && on(7) {
        for _ in 0..1 + world.below(4) {
            // All at once, or one.
            let at = world.below(FAULTS_END);
            let victims = if world.below(3) == 0 { 0..replicas } else { 0..1 };
            for victim in victims {
                let node =
                    if world.below(2) == 0 { victim } else { world.below(replicas.into()) as u32 };
                let down = 1 + world.below(1_500);
                world.crash_at(at, node);
                world.restart_at(at + down, node);
            }
        }
        if world.below(4) == 0 {
            let customer = replicas + world.below(3) as u32;
            let at = world.below(FAULTS_END);
            world.crash_at(at, customer);
            world.restart_at(at + 50, customer);
        }
    }
    world.heal_at(FAULTS_END);
    let failing = crashes && on(8);
    if failing {
        spoil(world, replicas);
    }
    if crashes && on(9) {
        unreadable(world, replicas);
    }
    failing || crashes && on(9)
}

/// During a window some disks are full, or fail to write now and then. Who halts comes back soon.
fn spoil(world: &mut World, replicas: u32) {
    let (from, victims) = (world.below(FAULTS_END), 1 + world.below((1 << replicas) - 1));
    let until = from + 1 + world.below(3_000);
    let (rate, mut dice) = (1 + world.below(40), world.below(u64::MAX));
    let what = if world.below(3) == 0 { DiskError::Full } else { DiskError::Write };
    world.spoil = Box::new(move |node, at_ms| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let fails = what == DiskError::Full || (dice >> 33) % 100 < rate;
        (fails && (from..until).contains(&at_ms) && victims >> node & 1 == 1).then_some(what)
    });
    world.restart_halted_after = Some(1 + world.below(1_500));
}

/// A replica crashes and finds its files unreadable for a while.
fn unreadable(world: &mut World, replicas: u32) {
    let (at, node) = (world.below(FAULTS_END), world.below(replicas.into()) as u32);
    let (down, longer) = (1 + world.below(500), world.below(1_000));
    world.unreadable_at(at, node, true);
    world.crash_at(at, node);
    world.restart_at(at + down, node);
    world.unreadable_at(at + down + longer, node, false);
    world.restart_halted_after = Some(100 + world.below(500));
}

/// Three customers, two products, distinct amounts where that helps to tell operations apart.
fn workload(world: &mut World, replicas: u32) {
    for _ in 0..8 + world.below(14) {
        let at = world.below(FAULTS_END);
        let customer = replicas + world.below(3) as u32;
        let product = PRODUCTS[world.below(2) as usize];
        let units = 1 + world.below(4) as u32;
        let call = match world.below(8) {
            0..=3 => Call::Sell(units),
            4 => Call::TakeBack(units),
            _ => Call::Read,
        };
        world.ask(at, customer, product, call);
    }
}

fn units(history: &[Op], object: &str, of: fn(&Op) -> i64) -> i64 {
    history.iter().filter(|op| op.operation.object == object).map(of).sum()
}

/// Acknowledged sales less returns.
fn acknowledged(op: &Op) -> i64 {
    match (&op.operation.call, &op.returned) {
        (Call::Sell(n), Some((_, Outcome::Done(Value::Bool(true))))) => i64::from(*n),
        (Call::TakeBack(n), Some((_, Outcome::Done(_)))) => -i64::from(*n),
        _ => 0,
    }
}

/// Sales that nobody knows of, and returns.
fn in_doubt_sales(op: &Op) -> i64 {
    match (&op.operation.call, &op.returned) {
        (Call::Sell(n), Some((_, Outcome::Unknown(_))) | None) => i64::from(*n),
        _ => 0,
    }
}

fn in_doubt_returns(op: &Op) -> i64 {
    match (&op.operation.call, &op.returned) {
        (Call::TakeBack(n), Some((_, Outcome::Unknown(_))) | None) => i64::from(*n),
        _ => 0,
    }
}

/// What is left lies between what the acknowledged operations leave and what the doubtful ones can
/// make of it.
fn assert_conserved(world: &World, total: i64, floor: i64) {
    for product in PRODUCTS {
        let left = world.account(product).expect("an account");
        let certain = total - units(&world.history, product, acknowledged);
        let least = certain - units(&world.history, product, in_doubt_sales);
        let most = certain + units(&world.history, product, in_doubt_returns);
        assert!((least..=most).contains(&left), "{product}: {left} is not in {least}..={most}");
        assert!(left >= floor, "{product}: {left} left");
    }
}

/// After the heal every customer reads, and one takes back; all must be answered. Where a deadline
/// may refuse what meets the storm's leftovers, they ask again, and then all must be done.
fn afterwards(world: &mut World, replicas: u32, may_refuse: bool) {
    let rounds = if may_refuse { 2 } else { 1 };
    let mut now = FAULTS_END + 5_000;
    for round in 1..=rounds {
        world.run(now);
        let before = world.history.len();
        for (i, product) in PRODUCTS.into_iter().enumerate() {
            let start = now + 100 + 1_500 * i as u64;
            for customer in replicas..replicas + 3 {
                world.ask(start, customer, product, Call::Read);
            }
            world.ask(start + 400, replicas, product, Call::TakeBack(1));
        }
        now += 7_000;
        world.run(now);
        let asked = &world.history[before..];
        assert_eq!(asked.len(), 8);
        let done = |op: &Op| match &op.returned {
            Some((_, Outcome::Done(_))) => true,
            Some(_) => round < rounds,
            None => false,
        };
        if let Some(op) = asked.iter().find(|op| !done(op)) {
            panic!("{op:?}\n{}", world.log.join("\n"));
        }
    }
    for node in 0..replicas {
        let state = world.inspect(node).expect("all are up");
        assert_eq!(state.get(&["waiting"]), None, "{state}");
    }
}

#[test]
fn caspaxos_survives_storms() {
    let mut met = Met::default();
    seeds("caspaxos_survives_storms", 4_000, |seed| {
        let patient = seed % 3 == 2;
        let (deadline, timeout) = if patient { ("never", "never") } else { ("1s", "2s") };
        let mut world = world(seed, "shop-caspaxos", &[("deadline", deadline)], timeout);
        let replicas = if seed % 4 == 3 { 5 } else { 3 };
        let failing = storm(&mut world, replicas, true);
        workload(&mut world, replicas);
        afterwards(&mut world, replicas, !patient);
        let total = 4 * i64::from(replicas);
        assert_conserved(&world, total, 0);
        for product in PRODUCTS {
            assert!(linear::is_linearizable(&world.history, product, total), "{product}");
        }
        assert_eq!(world.violations, [""; 0]);
        assert!(failing || world.halted.is_empty());
        met.count(&world);
    });
    met.must_have(&[
        "sold",
        "sold out",
        "read",
        "refused",
        "unknown",
        "open",
        "applied before",
        "read writes back",
        "read asks for a round",
        "second copy of a request",
        "late prepare",
        "rpc.late",
        "sync failed",
        "disk unreadable",
    ]);
}

/// Nobody gives up, and no replica crashes: then every request is served in the end.
#[test]
fn who_waits_is_served() {
    seeds("who_waits_is_served", 1_000, |seed| {
        let mut world = world(seed, "shop-caspaxos", &[("deadline", "never")], "never");
        let replicas = if seed % 4 == 3 { 5 } else { 3 };
        storm(&mut world, replicas, false);
        world.near = Link { loss: 0, ..world.near };
        workload(&mut world, replicas);
        world.run(FAULTS_END + 20_000);
        for op in &world.history {
            assert!(matches!(op.returned, Some((_, Outcome::Done(_)))), "{op:?}");
        }
        let total = 4 * i64::from(replicas);
        assert_conserved(&world, total, 0);
        for product in PRODUCTS {
            assert!(linear::is_linearizable(&world.history, product, total), "{product}");
        }
        assert_eq!(world.violations, [""; 0]);
    });
}

/// Counters: they converge to what was acknowledged.
#[test]
fn counters_converge_after_storms() {
    let mut met = Met::default();
    for service in ["shop-pn-counter", "shop-escrow"] {
        seeds("counters_converge_after_storms", 1_000, |seed| {
            let mut world = world(seed, service, &[], "2s");
            let replicas = if seed % 4 == 3 { 5 } else { 3 };
            storm(&mut world, replicas, true);
            workload(&mut world, replicas);
            afterwards(&mut world, replicas, false);
            let floor = if service == "shop-escrow" { 0 } else { i64::MIN };
            assert_conserved(&world, 4 * i64::from(replicas), floor);
            for product in PRODUCTS {
                let account = world.account(product);
                for node in 0..replicas {
                    let stock = world.inspect(node).expect("up").get_int(&[product, "stock"]);
                    assert_eq!(stock, account, "r{node} knows it all");
                }
            }
            assert_eq!(world.violations, [""; 0]);
            met.count(&world);
        });
    }
    met.must_have(&[
        "sold",
        "sold out",
        "read",
        "refused",
        "unknown",
        "open",
        "entry held",
        "second copy of a request",
        "sync failed",
        "disk unreadable",
    ]);
}

/// The oracle itself: it accepts what a stock does, and refuses what it does not.
#[test]
fn the_oracle_knows_right_from_wrong() {
    use simlab_core::{NodeId, OpId, Operation, Session};
    let op = |number, invoked, returned, call, value| Op {
        id: OpId::of(NodeId(0), number),
        session: Session(number),
        operation: Operation { object: "phone".to_owned(), call },
        invoked,
        returned: Some((returned, Outcome::Done(value))),
    };
    let sale = op(0, 0, 10, Call::Sell(1), Value::Bool(true));
    let read = |invoked, value| op(1, invoked, invoked + 1, Call::Read, Value::Int(value));
    let ok = |history: &[Op]| linear::is_linearizable(history, "phone", 2);
    assert!(ok(&[sale.clone(), read(11, 1)]));
    assert!(!ok(&[sale.clone(), read(11, 2)]), "a stale read");
    assert!(ok(&[sale.clone(), read(5, 1)]) && ok(&[sale.clone(), read(5, 2)]), "they overlap");
    let unknown = Op { returned: Some((10, Outcome::Unknown(String::new()))), ..sale.clone() };
    assert!(ok(&[unknown.clone(), read(11, 1)]) && ok(&[unknown.clone(), read(11, 2)]));
    assert!(!ok(&[unknown, read(11, 0)]));
    let refused = Op { returned: Some((10, Outcome::NotDone(String::new()))), ..sale.clone() };
    assert!(!ok(&[refused, read(11, 1)]));
    assert!(!ok(&[sale, op(2, 11, 12, Call::Sell(1), Value::Bool(false))]), "one is left");
}
