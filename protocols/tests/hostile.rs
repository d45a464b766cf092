//! `shop-caspaxos` among crashes, disks and strangers.

mod driver;

use driver::three_cities::{phone, world};
use simlab_core::Call;

const B: u32 = 3;
const H: u32 = 4;
const S: u32 = 5;

/// Hangzhou promises; before its sync is done it crashes. No promise has left, and after the restart
/// it knows of none, or of one that nobody was told: either is right.
#[test]
fn a_crash_before_the_sync_loses_an_unsaid_promise() {
    driver::seeds("a_crash_before_the_sync_loses_an_unsaid_promise", 20, |seed| {
        let mut world = world(seed, &[]);
        world.sync_us = (5_000, 5_000);
        world.ask(100, B, "phone", Call::Sell(1));
        world.crash_at(113, 1); // the prepare came at 111, the sync would end at 116
        world.restart_at(114, 1);
        world.run(130);
        let promises =
            world.log.iter().filter(|line| line.contains("hangzhou -> beijing: promise"));
        assert_eq!(promises.count(), 0, "nothing left before the sync");
        world.run(2_000);
        assert_eq!(world.told(B), ["true"], "Shanghai is majority enough");
        assert_eq!(world.violations, [""; 0]);
    });
}

#[test]
fn a_restarted_acceptor_keeps_its_promises() {
    let mut world = world(1, &[]);
    world.ask(100, B, "phone", Call::Sell(1));
    world.run(200);
    for node in 0..3 {
        world.crash_at(200, node);
        world.restart_at(300, node);
    }
    world.run(400);
    for node in 0..3 {
        assert_eq!(phone(&world, node, "stock"), Some(59));
        assert_eq!(phone(&world, node, "ballot"), Some(1));
    }
    world.ask(500, S, "phone", Call::Sell(1));
    world.run(600);
    assert_eq!(phone(&world, 0, "ballot"), Some(2), "above what was promised before the crash");
    assert_eq!(world.violations, [""; 0]);
}

/// The coordinator crashes at every step of a sale. Whatever became of the sale, it happened at most
/// once, and what the customer was told is true.
#[test]
fn a_crash_of_the_coordinator_at_every_moment() {
    for at in 100..150 {
        for (node, copies) in [(0, 0), (1, 0), (2, 0), (0, 100)] {
            let mut world = world(at, &[]);
            world.near.duplicate = copies;
            world.near.delay = (1_000, 40_000);
            world.ask(100, B, "phone", Call::Sell(1));
            world.crash_at(at, node);
            world.restart_at(at + 5, node);
            world.ask(4_000, H, "phone", Call::Read);
            world.run(5_000);
            let stock = world.account("phone");
            assert_eq!(world.told(H), [stock.expect("an account").to_string()]);
            match (world.told(B)[0].as_str(), stock) {
                ("true", Some(59)) | ("unknown: timed out", Some(59 | 60)) => {}
                other => panic!("{node} crashed at {at}: {other:?}"),
            }
            assert_eq!(world.violations, [""; 0]);
        }
    }
}

/// Beijing's disk is slow: the others have promised ballot 1 long before its own acceptor has. It
/// crashes, forgets that it ever used ballot 1, and uses it again for another sale. Had it sent an
/// accept in its first life, there would be two values under one ballot.
#[test]
fn a_ballot_that_is_used_again_gets_no_second_value() {
    let mut again = 0;
    driver::seeds("a_ballot_that_is_used_again_gets_no_second_value", 20, |seed| {
        let mut world = world(seed, &[]);
        world.slow_disk = Some((0, 500_000));
        world.lose = Box::new(|f| f.kind == "accept" && f.to == 2 && f.at_ms < 200);
        world.ask(100, B, "phone", Call::Sell(1));
        world.crash_at(200, 0);
        world.run(200);
        assert!(
            world
                .log
                .iter()
                .any(|l| l.ends_with("shanghai -> beijing: promise phone 1.n0, accepted nothing"))
        );
        assert_eq!(world.sent.get("accept"), None, "its own promise is not durable yet");
        world.slow_disk = None;
        world.restart_at(300, 0);
        world.ask(400, B, "phone", Call::Sell(2));
        world.run(3_000);
        again += u32::from(phone(&world, 0, "ballot") == Some(1));
        assert_eq!(world.told(B), ["unknown: timed out", "true"]);
        assert_eq!(world.account("phone"), Some(58));
        assert_eq!(world.violations, [""; 0]);
    });
    assert!(
        again > 0,
        "in some runs the crash took the first promise, and ballot 1 was used again"
    );
}

/// Beijing reads and crashes; the answers come late, when it has restarted and reads again. They tell
/// of a time before the second read began, and must not answer it.
#[test]
fn states_for_an_earlier_life_answer_no_read_of_this_one() {
    let mut world = world(1, &[]);
    world.ask(100, B, "phone", Call::Read);
    world.run(105);
    world.far.delay = (300_000, 300_000); // the answers leave at 111 and arrive at 411
    world.run(112);
    world.far.delay = (5_000, 5_000);
    world.crash_at(113, 0);
    world.ask(120, H, "phone", Call::Sell(1));
    world.restart_at(300, 0);
    world.ask(405, B, "phone", Call::Read); // goes out at 406; true answers come at 416
    world.run(1_000);
    assert_eq!(world.told(H), ["true"]);
    assert_eq!(world.told(B)[1], "59");
}

/// A refused sale stays refused, although a copy of its request comes after the replica restarted.
#[test]
fn a_late_copy_of_a_refused_request_is_ignored() {
    let mut world = world(1, &[]);
    world.lose = Box::new(|f| f.from < 3 && f.to < 3 && f.at_ms < 2_000);
    world.ask(100, B, "phone", Call::Sell(1));
    world.run(1_900);
    assert_eq!(world.told(B), ["not done: refused: no majority in time"]);
    world.crash_at(2_000, 0);
    world.restart_at(2_100, 0);
    world.run(2_200);
    let copy = |life| driver::request(life, 0, 0, "phone", Call::Sell(1));
    world.inject(B, 0, &copy(0)); // as the network has kept it: it was for an earlier life
    world.inject(B, 0, &copy(1)); // as a customer would repeat it
    world.run(4_000);
    assert_eq!((world.sent["reopen"], world.notes["second copy of a request"]), (1, 1));
    assert_eq!(world.account("phone"), Some(60));
}

#[test]
fn an_unreadable_disk_stops_the_node() {
    for (file, content) in [
        ("2/register/phone", &b"unreadable"[..]),
        ("2/register/phone", b"damaged"),
        ("4/client-3", b"unreadable"),
        ("4/client-3", b"damaged"),
        ("4/client-x", b""),
    ] {
        let mut world = world(1, &[]);
        world.ask(100, B, "phone", Call::Sell(1));
        world.run(200);
        assert_eq!(world.files(0), ["2/register/phone", "4/client-3"]);
        world.crash_at(200, 0);
        world.run(300);
        world.tamper(0, file, Some(content));
        world.restart_at(300, 0);
        world.run(400);
        assert!(world.halted.contains(&0), "{file}");
        assert_eq!(world.notes["disk unreadable"], 1);
    }
}

/// Outside the fault model: the disks of two acceptors are wiped, and a sale that was acknowledged is
/// gone. The invariant sees it.
#[test]
fn wiped_acceptors_are_found() {
    let mut world = world(1, &[]);
    world.ask(100, B, "phone", Call::Sell(1));
    world.ask(200, B, "phone", Call::Sell(1));
    world.run(300);
    for node in [0, 1] {
        world.crash_at(300, node);
        world.restart_at(400, node);
    }
    world.run(350);
    for node in [0, 1] {
        for file in world.files(node) {
            world.tamper(node, &file, None);
        }
    }
    world.lose = Box::new(|f| f.from == 2 || f.to == 2);
    world.ask(500, H, "phone", Call::Sell(1));
    world.run(1_000);
    assert_eq!(world.told(H), ["true"]);
    assert!(world.violations.iter().any(|v| v.starts_with("promise_monotone")));
}

#[test]
fn strange_datagrams_are_noted_and_ignored() {
    use simlab_core::NodeId;
    use simlab_core::wire::Encode;
    use simlab_protocols::caspaxos::{Ballot, Message, Packet};
    let mut world = world(1, &[]);
    let prepare = |node| {
        let ballot = Ballot { counter: 9, node: NodeId(node) };
        let mut bytes = Packet { key: "phone", message: Message::Prepare { ballot } }.to_bytes();
        bytes.push(2);
        bytes
    };
    world.inject(1, 0, &[]);
    world.inject(1, 0, &[7, 7, 7]);
    world.inject(1, 0, &[1]);
    world.inject(1, 0, &[2]);
    world.inject(B, 0, &prepare(B)); // a customer is no proposer
    world.inject(1, 0, &prepare(2)); // a ballot that is not the sender's
    world.run(100);
    assert_eq!(world.notes["bad datagram"], 4);
    assert_eq!((world.notes["stranger"], world.notes["foreign ballot"]), (1, 1));
    assert_eq!(phone(&world, 0, "stock"), None, "nothing came of it");
}

/// Counters at their end are reported, not wrapped, and the deadline still answers.
#[test]
fn used_up_ballots_are_reported() {
    use simlab_core::NodeId;
    use simlab_core::wire::Encode;
    use simlab_protocols::caspaxos::{Ballot, Message, Packet};
    let mut world = world(1, &[]);
    let ballot = Ballot { counter: u32::MAX, node: NodeId(1) };
    let mut bytes = Packet { key: "phone", message: Message::Prepare { ballot } }.to_bytes();
    bytes.push(2);
    world.inject(1, 0, &bytes);
    world.run(50);
    world.ask(100, B, "phone", Call::Sell(1));
    world.run(1_500);
    assert!(world.notes["ballots used up"] >= 1);
    assert_eq!(world.told(B), ["not done: refused: no majority in time"]);
}
