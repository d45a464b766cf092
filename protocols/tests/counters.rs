//! `shop-pn-counter` and `shop-escrow`, step by step.

mod driver;

use driver::{World, golden, request};
use simlab_core::Call;

fn world(seed: u64, service: &str) -> World {
    World::new(
        seed,
        &[
            ("beijing", service, &[("share", "20")]),
            ("hangzhou", service, &[("share", "10")]),
            ("shanghai", service, &[("share", "30")]),
            ("customer-b", "shop-client", &[("server", "beijing")]),
            ("customer-h", "shop-client", &[("server", "hangzhou")]),
            ("customer-s", "shop-client", &[("server", "shanghai")]),
        ],
    )
}

const PHONE: &str = "phone";
const PN: &str = "shop-pn-counter";
const ESCROW: &str = "shop-escrow";
const B: u32 = 3;
const H: u32 = 4;
const S: u32 = 5;

fn stock(world: &World, node: u32) -> Option<i64> {
    world.inspect(node)?.get_int(&["phone", "stock"])
}

/// Shanghai is cut off until second 40.
fn cut(world: &mut World) {
    world.lose = Box::new(|f| {
        f.from < 3 && f.to < 3 && f.from + f.to >= 2 && f.from.max(f.to) == 2 && f.at_ms < 40_000
    });
}

#[test]
fn a_sale_is_durable_before_it_is_told() {
    let mut world = world(1, PN);
    world.sync_us = (5_000, 5_000);
    world.ask(100, B, "phone", Call::Sell(1));
    world.run(650);
    golden("counter", &world.log);
    assert_eq!(world.told(B), ["true"]);
    assert_eq!((0..3).map(|n| stock(&world, n)).collect::<Vec<_>>(), [Some(59); 3]);
}

/// The story of `cap_partition`: everybody answers, and 16 units too many are sold.
#[test]
fn two_sides_of_a_cut_both_sell() {
    let mut world = world(1, PN);
    cut(&mut world);
    world.ask(12_000, B, "phone", Call::Sell(1));
    world.ask(15_000, S, "phone", Call::Read);
    world.ask(18_000, B, "phone", Call::Sell(30));
    world.ask(21_000, H, "phone", Call::Sell(20));
    world.ask(24_000, S, "phone", Call::Sell(25));
    world.run(39_000);
    assert_eq!(
        (world.told(B), world.told(H)),
        (vec!["true".to_owned(); 2], vec!["true".to_owned()])
    );
    assert_eq!(world.told(S), ["60", "true"], "Shanghai cannot know");
    assert_eq!((stock(&world, 0), stock(&world, 2)), (Some(9), Some(35)));
    assert_eq!(world.account("phone"), Some(-16), "the join is known to an outside observer");
    world.ask(41_000, S, "phone", Call::Sell(9));
    world.run(42_000);
    assert_eq!((0..3).map(|n| stock(&world, n)).collect::<Vec<_>>(), [Some(-16); 3]);
    assert_eq!(world.told(S)[2], "false");
    assert_eq!(world.violations, [""; 0]);
}

/// The same story with divided shares: what does not fit is refused, and nothing is oversold.
#[test]
fn escrow_sells_what_fits_and_no_more() {
    let mut world = world(1, ESCROW);
    cut(&mut world);
    world.ask(12_000, B, "phone", Call::Sell(1));
    world.ask(15_000, S, "phone", Call::Read);
    world.ask(18_000, B, "phone", Call::Sell(30));
    world.ask(21_000, H, "phone", Call::Sell(20));
    world.ask(24_000, S, "phone", Call::Sell(25));
    world.ask(25_000, S, "phone", Call::TakeBack(2));
    world.ask(26_000, S, "phone", Call::Sell(7));
    world.ask(27_000, S, "phone", Call::Sell(1));
    world.run(42_000);
    let refused = "not done: refused: this city's share is too small".to_owned();
    assert_eq!(world.told(B), ["true".to_owned(), refused.clone()]);
    assert_eq!(world.told(H), [refused.as_str()]);
    assert_eq!(world.told(S), ["60", "true", "true", "true", &refused]);
    assert_eq!((0..3).map(|n| stock(&world, n)).collect::<Vec<_>>(), [Some(29); 3]);
    assert_eq!(world.account("phone"), Some(29));
    assert_eq!(world.inspect(2).expect("up").get_int(&["phone", "own"]), Some(0));
}

/// A crash takes back what was not synced: no reply and no gossip has told of it.
#[test]
fn a_crash_before_the_sync_takes_back_an_untold_sale() {
    driver::seeds("a_crash_before_the_sync_takes_back_an_untold_sale", 50, |seed| {
        let mut world = world(seed, PN);
        world.sync_us = (700_000, 700_000); // longer than a round of gossip
        world.ask(400, B, "phone", Call::Sell(1));
        world.ask(500, B, "phone", Call::Read);
        world.crash_at(1_050, 0);
        world.restart_at(1_060, 0);
        world.ask(5_000, H, "phone", Call::Read);
        world.run(6_000);
        assert_eq!(world.told(B), ["unknown: timed out", "60"]);
        assert_eq!(world.told(H), [world.account("phone").expect("an account").to_string()]);
        assert_eq!(world.violations, [""; 0]);
    });
}

#[test]
fn a_restart_reads_the_disk() {
    for service in [PN, ESCROW] {
        let mut world = world(1, service);
        world.ask(100, B, "phone", Call::Sell(5));
        world.ask(100, B, "phone", Call::TakeBack(1));
        world.run(200);
        world.crash_at(200, 0);
        world.restart_at(210, 0);
        world.run(300);
        assert_eq!(stock(&world, 0), Some(56));
        world.crash_at(400, 0);
        world.run(400);
        world.tamper(0, "3/stock/phone", Some(b"unreadable"));
        world.restart_at(410, 0);
        world.run(500);
        assert!(world.halted.contains(&0));
    }
}

/// Outside the fault model: a wiped disk. The node counts from zero again, and the others' maximum
/// swallows its next sales. The invariant sees it as soon as the node hears its old entry.
#[test]
fn a_wiped_replica_is_found() {
    let mut world = world(1, PN);
    world.ask(100, B, "phone", Call::Sell(5));
    world.run(1_000);
    world.crash_at(1_000, 0);
    world.run(1_000);
    world.tamper(0, "3/stock/phone", None);
    world.restart_at(1_010, 0);
    world.ask(1_100, B, "phone", Call::Sell(1));
    world.run(3_000);
    assert!(world.violations.iter().any(|v| v.starts_with("entry_monotone")));
}

/// The network doubles every datagram; each request is counted once.
#[test]
fn a_duplicated_request_is_counted_once() {
    for service in [PN, ESCROW] {
        let mut world = world(1, service);
        world.near.duplicate = 100;
        world.ask(100, B, "phone", Call::Sell(1));
        world.ask(150, B, "phone", Call::TakeBack(3));
        world.run(200);
        assert_eq!(world.told(B), ["true", "true"]);
        assert_eq!(stock(&world, 0), Some(62));
        assert_eq!(world.notes["second copy of a request"], 2);
    }
}

/// A copy that comes after the replica has restarted finds its number on the disk: a sale is not made
/// again, and a 'no' stays one although there is stock by then.
#[test]
fn a_late_copy_is_counted_once_after_a_restart() {
    for service in [PN, ESCROW] {
        let mut world = world(1, service);
        world.ask(100, B, "phone", Call::Sell(15));
        world.ask(150, B, "phone", Call::Sell(51));
        world.crash_at(200, 0);
        world.restart_at(210, 0);
        world.run(220);
        world.inject(H, 0, &request(1, 7, 7, PHONE, Call::TakeBack(100)));
        world.run(230);
        assert_eq!(stock(&world, 0), Some(145));
        world.inject(B, 0, &request(1, 0, 0, PHONE, Call::Sell(15)));
        world.inject(B, 0, &request(1, 1, 1, PHONE, Call::Sell(51)));
        world.run(240);
        assert_eq!(world.notes["second copy of a request"], 2);
        assert_eq!(stock(&world, 0), Some(145));
    }
}

/// What a customer has given up by its next request is not made, however late it comes.
#[test]
fn what_was_given_up_is_not_counted() {
    let mut world = world(1, PN);
    world.inject(B, 0, &request(0, 9, 9, PHONE, Call::Sell(1)));
    world.inject(B, 0, &request(0, 8, 8, PHONE, Call::Sell(2)));
    world.run(100);
    assert_eq!(stock(&world, 0), Some(59));
}

/// A customer may have a thousand requests above the lowest open one. Another is neither counted nor
/// refused for good, since a copy of it may find room.
#[test]
fn the_memory_of_requests_is_bounded() {
    use simlab_protocols::shop::numbers::ABOVE_MAX;
    let mut world = world(1, PN);
    for n in 1..=ABOVE_MAX as u64 + 1 {
        world.inject(B, 0, &request(0, 2 * n, 0, PHONE, Call::TakeBack(1)));
    }
    world.run(100);
    assert_eq!(stock(&world, 0), Some(60 + ABOVE_MAX as i64));
    let full = "reply 2050: unknown: too many requests of this client are under way";
    assert!(world.log.iter().any(|line| line.ends_with(full)), "{:?}", world.log.last());
    world.inject(B, 0, &request(0, 9_000, 9_000, PHONE, Call::TakeBack(1)));
    world.run(200);
    assert_eq!(stock(&world, 0), Some(61 + ABOVE_MAX as i64), "the client has settled them");
}

#[test]
fn strange_gossip_is_noted_and_ignored() {
    use simlab_core::NodeId;
    use simlab_core::wire::Encode;
    use simlab_protocols::pn_counter::{PnCounter, message::Gossip};
    let mut world = world(1, PN);
    let gossip = |node| {
        let mut counter = PnCounter::default();
        counter.decrement(NodeId(node), 1);
        let mut bytes = Gossip { name: "phone", counter: &counter }.to_bytes();
        bytes.push(3);
        bytes
    };
    world.inject(B, 0, &gossip(1)); // a customer does not gossip
    world.inject(1, 0, &gossip(B)); // a customer does not count
    world.inject(1, 0, &gossip(0)); // and nobody counts for Beijing but Beijing
    world.inject(1, 0, &[9, 3]);
    world.inject(1, 0, &[]);
    world.run(100);
    assert_eq!((world.notes["stranger"], world.notes["entry of a stranger"]), (1, 1));
    assert_eq!(world.notes["bad datagram"], 2);
    assert_eq!(stock(&world, 0), None);
    assert_eq!(
        world.violations.len(),
        1,
        "an entry above what its node has: {:?}",
        world.violations
    );
}
