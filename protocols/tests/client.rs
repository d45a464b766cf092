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
    world.lose = Box::new(|f| f.kind == "request" && f.at_ms < 200);
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
    world.ask(100, CUSTOMER, "phone", Call::Read);
    world.run(200);
    world.near.delay = (1_500_000, 1_500_000);
    world.ask(300, CUSTOMER, "phone", Call::Read);
    world.run(5_000);
    assert_eq!(world.told(CUSTOMER), ["60", "unknown: timed out"]);
    assert_eq!(world.notes["rpc.late"], 1);
}

/// Whose replica has not said which life it is in has asked it for nothing; and it does not ask then.
#[test]
fn what_was_never_sent_is_not_done() {
    let mut world = world("2s");
    world.lose = Box::new(|f| f.kind == "welcome" && f.at_ms < 3_000);
    world.ask(100, CUSTOMER, "phone", Call::Sell(1));
    world.ask(4_000, CUSTOMER, "phone", Call::Read);
    world.run(5_000);
    let never = "not done: never sent: the replica has not answered the hello";
    assert_eq!(world.told(CUSTOMER), [never, "60"]);
    assert_eq!((world.sent["request"], sessions(&world)), (1, vec![0, 0]));
}

/// One lost datagram is not the end of a first operation.
#[test]
fn a_hello_is_said_again() {
    let mut world = world("2s");
    world.lose = Box::new(|f| f.kind == "hello" && f.at_ms < 500);
    world.ask(100, CUSTOMER, "phone", Call::Sell(1));
    world.run(1_000);
    assert_eq!(world.told(CUSTOMER), ["true"]);
    assert_eq!((world.sent["hello"], world.sent["request"]), (3, 1));
}

/// A request that the replica's crash has outrun is sent to its next life; the customer asks no earlier one after that.
#[test]
fn a_restart_of_the_replica_loses_no_request_that_was_under_way() {
    let mut world = world("2s");
    world.ask(100, CUSTOMER, "phone", Call::Read);
    world.run(200);
    world.near.delay = (50_000, 50_000);
    world.ask(300, CUSTOMER, "phone", Call::Sell(1));
    world.crash_at(310, 0);
    world.restart_at(320, 0);
    world.ask(1_000, CUSTOMER, "phone", Call::Sell(1));
    world.run(2_000);
    assert_eq!(world.told(CUSTOMER), ["60", "true", "true"]);
    assert_eq!((world.sent["reopen"], world.sent["request"]), (1, 4));
    assert_eq!(world.account("phone"), Some(58));
}

/// A copy of a request that the network delivers to the next life of the replica is sent on by the customer, and is
/// recognised by its number: the sale is not made again.
#[test]
fn a_copy_in_the_next_life_is_no_second_sale() {
    let mut world = world("2s");
    world.ask(100, CUSTOMER, "phone", Call::Read);
    world.run(200);
    world.near.delay = (50_000, 50_000);
    world.lose = Box::new(|f| f.kind == "reply" && f.at_ms < 500);
    world.ask(300, CUSTOMER, "phone", Call::Sell(1));
    world.run(400);
    world.crash_at(410, 0);
    world.restart_at(420, 0);
    world.run(430);
    world.inject(CUSTOMER, 0, &driver::request(0, 1, 1, "phone", Call::Sell(1)));
    world.run(3_000);
    assert_eq!(world.told(CUSTOMER), ["60", "unknown: timed out"]);
    assert_eq!((world.sent["reopen"], world.notes["second copy of a request"]), (1, 1));
    assert_eq!(world.account("phone"), Some(59));
}

#[test]
fn a_duplicated_reply_completes_once() {
    let mut world = world("2s");
    world.near.duplicate = 100;
    world.ask(100, CUSTOMER, "phone", Call::Read);
    world.run(200);
    assert_eq!(world.told(CUSTOMER), ["60"]);
    assert_eq!((world.notes["rpc.late"], world.notes["rpc.strange"]), (3, 3));
}

#[test]
fn who_never_gives_up_waits() {
    let mut world = world("never");
    world.near.delay = (50_000_000, 50_000_000);
    world.ask(100, CUSTOMER, "phone", Call::Read);
    world.run(200_000);
    assert_eq!(world.told(CUSTOMER), ["open"]);
    world.run(201_000);
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
        world.crash_at(start + 350, CUSTOMER); // the requests are under way
        world.restart_at(start + 360, CUSTOMER);
    }
    world.ask(5_000, CUSTOMER, "phone", Call::Read);
    world.run(6_000);
    assert_eq!(world.told(CUSTOMER), ["open", "open", "open", "open", "open", "open", "54"]);
    assert_eq!(world.notes["rpc.late"], 6);
    let distinct: std::collections::BTreeSet<u32> = sessions(&world).into_iter().collect();
    assert_eq!(distinct.len(), 7);
    assert!(world.history.iter().all(|op| op.id.node() == NodeId(CUSTOMER)));
}

#[test]
fn bad_input_is_noted() {
    let mut world = world("2s");
    world.inject(0, CUSTOMER, &[9, 9, 20]); // no message of calls
    world.inject(0, CUSTOMER, &[7]); // no port
    world.inject(0, CUSTOMER, &driver::request(0, 0, 0, "phone", Call::Read)); // a customer sells nothing
    let welcome = [&[2][..], &[0; 20], &[20]].concat();
    world.inject(CUSTOMER, CUSTOMER, &welcome); // nobody has said hello
    world.order(CUSTOMER, &[1, 2, 3]);
    world.run(100);
    assert_eq!(world.notes["bad datagram"], 3);
    assert_eq!((world.notes["rpc.strange"], world.notes["bad command"]), (1, 1));
}
