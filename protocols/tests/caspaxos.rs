//! `shop-caspaxos`, step by step: the happy path as a lesson, and the classic failures.

mod driver;

use driver::three_cities::{phone, world};
use driver::{World, golden};
use simlab_core::Call;

const B: u32 = 3;
const H: u32 = 4;
const S: u32 = 5;

/// The log from a time on.
fn since(world: &World, ms: u64) -> Vec<String> {
    let from = |line: &&String| {
        let (seconds, rest) = line.trim_start().split_once('.').expect("a time");
        let millis: u64 = rest[..3].parse().expect("milliseconds");
        seconds.parse::<u64>().expect("seconds") * 1_000 + millis >= ms
    };
    world.log.iter().filter(from).cloned().collect()
}

#[test]
fn a_sale_is_prepared_accepted_and_acknowledged() {
    let mut world = world(1, &[]);
    world.ask(100, B, "phone", Call::Sell(1));
    world.run(200);
    golden("sale", &since(&world, 100));
    assert_eq!(world.told(B), ["true"]);
    for node in 0..3 {
        assert_eq!(phone(&world, node, "stock"), Some(59));
    }
    assert_eq!(world.account("phone"), Some(59));
    assert_eq!(world.account("never heard of"), Some(60));
    assert_eq!(world.inspect(0).expect("up").get(&["waiting"]), None);
}

/// All acceptors name the same ballot: one round, no accept.
#[test]
fn a_read_of_equal_ballots_takes_one_round() {
    let mut world = world(1, &[]);
    world.ask(100, B, "phone", Call::Sell(1));
    world.run(200);
    let accepts = world.sent["accept"];
    world.ask(300, S, "phone", Call::Read);
    world.run(400);
    golden("read", &since(&world, 300));
    assert_eq!(world.told(S), ["59"]);
    assert_eq!(world.sent["accept"], accepts, "a read of equal ballots writes nothing");
    assert_eq!(world.sent["prepare"], 2, "and takes no ballot");
}

/// Nobody ever wrote: that is equal too.
#[test]
fn a_read_of_nothing_is_the_total() {
    let mut world = world(1, &[]);
    world.ask(100, B, "phone", Call::Read);
    world.run(200);
    assert_eq!(world.told(B), ["60"]);
    assert!(!world.sent.contains_key("accept") && !world.sent.contains_key("prepare"));
    assert!(world.files(0).is_empty(), "a read leaves nothing on the disk");
}

/// Beijing's sale reached Beijing's own acceptor alone. A read that meets it completes it, under
/// Beijing's ballot, and takes none of its own.
#[test]
fn a_read_of_differing_ballots_writes_back_under_the_unchanged_ballot() {
    let mut world = world(1, &[]);
    world.lose = Box::new(|f| f.from == 0 && f.kind == "accept");
    world.ask(100, B, "phone", Call::Sell(1));
    world.run(200);
    assert_eq!(phone(&world, 0, "ballot"), Some(1));
    assert_eq!(phone(&world, 1, "ballot"), Some(0));
    world.crash_at(201, 2);
    world.ask(210, H, "phone", Call::Read);
    world.run(300);
    golden("read_writes_back", &since(&world, 210));
    assert_eq!(world.told(H), ["59"]);
    assert_eq!((phone(&world, 1, "ballot"), phone(&world, 1, "by")), (Some(1), Some(0)));
    assert_eq!(world.sent["prepare"], 2, "only the sale's");
    assert_eq!(world.notes["read writes back"], 1);
}

/// Beijing's sale stays with Beijing; Shanghai's stays with Shanghai until `until_ms`, although
/// Hangzhou has promised it. Beijing and Shanghai do not hear each other.
fn two_minorities(world: &mut World, until_ms: u64) {
    world.lose = Box::new(move |f| {
        let beijing = f.from == 0 && f.kind == "accept";
        let apart = f.from + f.to == 2 && f.from != f.to;
        let shanghai = f.from == 2 && f.kind == "accept" && f.at_ms < until_ms;
        beijing || apart || shanghai
    });
    world.ask(100, B, "phone", Call::Sell(1));
    world.ask(200, S, "phone", Call::Sell(2));
    world.run(250);
}

/// Hangzhou has promised more than the highest ballot that it can see, and refuses its own
/// write-back, as does Shanghai. The sale that stands in the way is alive, so the read waits for it.
#[test]
fn a_read_that_is_refused_starts_over() {
    let mut world = world(1, &[("retransmit", "50ms")]);
    two_minorities(&mut world, 330);
    world.ask(300, H, "phone", Call::Read);
    world.run(600);
    assert!(world.notes["read writes back"] >= 2, "{:?}", world.notes);
    assert!(!world.notes.contains_key("read asks for a round"));
    assert_eq!((world.told(S), world.told(H)), (vec!["true".to_owned()], vec!["58".to_owned()]));
    assert_eq!(world.violations, [""; 0]);
}

/// The same, but Shanghai died: nobody will ever settle the matter. A round that changes nothing does.
#[test]
fn a_read_behind_a_dead_proposer_asks_for_a_round() {
    let mut world = world(1, &[]);
    two_minorities(&mut world, 10_000);
    world.crash_at(260, 2);
    world.ask(300, H, "phone", Call::Read);
    world.run(1_300);
    golden("read_behind_a_dead_proposer", &since(&world, 300));
    assert_eq!(world.notes["read asks for a round"], 1);
    assert_eq!(world.told(H), ["59"]);
    world.restart_at(1_400, 2);
    world.heal_at(1_400);
    world.ask(1_500, S, "phone", Call::Read);
    world.run(2_500);
    assert_eq!(world.told(S).last().map(String::as_str), Some("59"), "Shanghai's sale is dead too");
    assert_eq!(world.violations, [""; 0]);
}

/// One laggard refuses, but the other two hold the value: that is a majority.
#[test]
fn one_refusal_does_not_stop_a_read() {
    let mut world = world(1, &[]);
    // Shanghai tries to sell in vain, so that its own promise is far above what the others accept.
    world.lose =
        Box::new(|f| f.from < 3 && f.to < 3 && (f.from == 2 || f.to == 2) && f.at_ms < 4_000);
    for i in 0..3 {
        world.ask(100 + 1_100 * i, S, "phone", Call::Sell(1));
    }
    world.ask(100, B, "phone", Call::Sell(1));
    world.ask(4_100, S, "phone", Call::Read);
    world.run(4_200);
    assert_eq!(world.told(S).last().map(String::as_str), Some("59"));
    assert!(!world.notes.contains_key("read asks for a round"));
}

#[test]
fn without_a_majority_a_sale_is_refused_and_never_happens() {
    let mut world = world(1, &[]);
    world.lose =
        Box::new(|f| f.from < 3 && f.to < 3 && (f.from == 0 || f.to == 0) && f.at_ms < 3_000);
    world.ask(100, B, "phone", Call::Sell(1));
    world.ask(200, B, "phone", Call::Read);
    world.run(2_900);
    let refused = "not done: refused: no majority in time";
    assert_eq!(world.told(B), [refused, refused]);
    assert_eq!(world.sent.get("accept"), None);
    world.ask(4_000, S, "phone", Call::Read);
    world.run(5_000);
    assert_eq!(world.told(S), ["60"]);
}

/// The accept was sent: nobody can say 'no' any more.
#[test]
fn after_an_accept_the_answer_is_unknown() {
    let mut world = world(1, &[]);
    world.lose = Box::new(|f| f.kind == "accept" && f.at_ms < 3_000);
    world.ask(100, B, "phone", Call::Sell(1));
    world.run(2_000);
    assert_eq!(world.told(B), ["unknown: accepts were sent, but no majority answered in time"]);
    // It may take effect much later: Beijing's own acceptor has the vote, and a read completes it.
    world.ask(4_000, B, "phone", Call::Read);
    world.run(5_000);
    assert_eq!(world.told(B)[1], "59");
}

/// Beijing's accept reaches Hangzhou, but Hangzhou's vote is lost. Shanghai sells next: it finds
/// Beijing's sale, keeps it, and adds its own. Beijing, overtaken, tries again, and must not sell
/// twice.
#[test]
fn an_overtaken_proposer_does_not_apply_twice() {
    let mut world = world(1, &[]);
    world.lose = Box::new(|f| {
        // Beijing has the promises of all, but only Hangzhou hears its accept, and for a while
        // nobody's vote reaches Beijing.
        (f.kind == "accepted" && f.to == 0 && f.at_ms < 400)
            || (f.from == 0 && f.to == 2 && f.kind == "accept" && f.at_ms < 400)
    });
    world.ask(100, B, "phone", Call::Sell(1));
    world.ask(140, S, "phone", Call::Sell(2));
    world.run(2_000);
    golden("overtaken", &since(&world, 100));
    assert_eq!((world.told(B), world.told(S)), (vec!["true".to_owned()], vec!["true".to_owned()]));
    assert_eq!(world.notes["applied before"], 1);
    assert_eq!(world.account("phone"), Some(57));
}

#[test]
fn duelling_proposers_finish() {
    driver::seeds("duelling_proposers_finish", 200, |seed| {
        let mut world = world(seed, &[("deadline", "never")]);
        world.far.delay = (20_000, 60_000);
        for sale in 0..5 {
            for client in [B, H, S] {
                world.ask(100 + sale, client, "phone", Call::Sell(1));
            }
        }
        let done =
            |w: &World| w.history.len() == 15 && w.history.iter().all(|op| op.returned.is_some());
        world.run(110);
        assert!(world.run_until(done));
        // The customers do not wait for ever, but what they were told is true.
        let sold = world
            .history
            .iter()
            .filter(|op| matches!(&op.returned, Some((_, simlab_core::Outcome::Done(_)))));
        assert!(sold.count() >= 3);
        world.run(60_000);
        assert_eq!(world.account("phone"), Some(45), "all sales happen in the end");
        assert_eq!(world.inspect(0).expect("up").get(&["waiting"]), None);
        assert_eq!(world.violations, [""; 0]);
    });
}

#[test]
fn changes_queue_up_and_are_served_in_order() {
    let mut world = world(1, &[]);
    for _ in 0..4 {
        world.ask(100, B, "phone", Call::Sell(20));
    }
    world.run(1_000);
    assert_eq!(world.told(B), ["true", "true", "true", "false"]);
    assert_eq!(phone(&world, 0, "ballot"), Some(4), "a round for each, the one sold out too");
}

#[test]
fn other_calls_are_refused() {
    let mut world = world(1, &[]);
    world.ask(100, B, "phone", Call::Append("x".to_owned()));
    world.ask(100, B, &"x".repeat(300), Call::Read);
    world.run(200);
    assert_eq!(
        world.told(B),
        [
            "not done: refused: a shop sells, takes back and tells its stock",
            "not done: refused: the product's name is too long",
        ]
    );
}
