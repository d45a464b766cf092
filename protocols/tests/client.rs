//! `shop-client`: what goes into the history.

mod driver;

use driver::World;
use simlab_core::{Call, NodeId};

fn world(timeout: &str) -> World {
    World::new(
        1,
        &[
            ("replica", "shop-pn-counter", &[("share", "60")]),
            ("customer", "shop-client", &[("server", "replica"), ("timeout", timeout)]),
        ],
    )
}

const CUSTOMER: u32 = 1;

fn sessions(world: &World) -> Vec<u32> {
    world.history.iter().map(|op| op.session.0).collect()
}

#[test]
fn overlapping_operations_have_sessions_of_their_own() {
    let mut world = world("2s");
    for at in [100, 100, 100, 200] {
        world.ask(at, CUSTOMER, "phone", Call::Read);
    }
    world.run(300);
    assert_eq!(sessions(&world), [0, 1, 2, 0], "the lowest that is free");
    assert_eq!(world.told(CUSTOMER), ["60"; 4]);
}

#[test]
fn an_unknown_operation_keeps_its_session_for_ever() {
    let mut world = world("2s");
    world.lose = Box::new(|f| f.kind == "request" && f.at_ms == 100);
    world.ask(100, CUSTOMER, "phone", Call::Sell(1));
    world.ask(3_000, CUSTOMER, "phone", Call::Sell(1));
    world.run(4_000);
    assert_eq!(world.told(CUSTOMER), ["unknown: timed out", "true"]);
    assert_eq!(sessions(&world), [0, 1]);
    assert_eq!(world.inspect(CUSTOMER).and_then(|state| state.get_int(&["retired"])), Some(1));
}

#[test]
fn a_late_reply_is_noted_and_completes_nothing() {
    let mut world = world("2s");
    world.near.delay = (1_500_000, 1_500_000);
    world.ask(100, CUSTOMER, "phone", Call::Read);
    world.run(5_000);
    assert_eq!(world.told(CUSTOMER), ["unknown: timed out"]);
    assert_eq!(world.notes["late reply"], 1);
}

#[test]
fn a_duplicated_reply_completes_once() {
    let mut world = world("2s");
    world.near.duplicate = 100;
    world.ask(100, CUSTOMER, "phone", Call::Read);
    world.run(200);
    assert_eq!(world.told(CUSTOMER), ["60"]);
    assert_eq!(world.notes["late reply"], 3);
}

#[test]
fn who_never_gives_up_waits() {
    let mut world = world("never");
    world.near.delay = (50_000_000, 50_000_000);
    world.ask(100, CUSTOMER, "phone", Call::Read);
    world.run(100_000);
    assert_eq!(world.told(CUSTOMER), ["open"]);
    world.run(101_000);
    assert_eq!(world.told(CUSTOMER), ["60"]);
}

/// What a crash leaves open stays open; the new life uses neither its sessions nor its numbers (the
/// driver asserts both), and ignores its answers.
#[test]
fn a_crash_leaves_operations_open() {
    let mut world = world("2s");
    world.near.delay = (100_000, 100_000);
    for life in 0..3 {
        let start = life * 1_000;
        world.ask(start + 100, CUSTOMER, "phone", Call::Sell(1));
        world.ask(start + 110, CUSTOMER, "phone", Call::Sell(1));
        world.crash_at(start + 150, CUSTOMER);
        world.restart_at(start + 160, CUSTOMER);
    }
    world.ask(5_000, CUSTOMER, "phone", Call::Read);
    world.run(6_000);
    assert_eq!(world.told(CUSTOMER), ["open", "open", "open", "open", "open", "open", "54"]);
    assert_eq!(world.notes["late reply"], 6);
    let distinct: std::collections::BTreeSet<u32> = sessions(&world).into_iter().collect();
    assert_eq!(distinct.len(), 7);
    assert!(world.history.iter().all(|op| op.id.node() == NodeId(CUSTOMER)));
}

#[test]
fn bad_input_is_noted() {
    let mut world = world("2s");
    world.inject(0, CUSTOMER, &[9, 9, 1]);
    world.inject(0, CUSTOMER, &[7]);
    world.inject(CUSTOMER, CUSTOMER, &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    world.order(CUSTOMER, &[1, 2, 3]);
    world.run(100);
    assert_eq!(world.notes["bad datagram"], 2);
    assert_eq!((world.notes["stranger"], world.notes["bad command"]), (1, 1));
}
