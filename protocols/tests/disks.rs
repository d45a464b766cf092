//! What becomes of the services when their disks fail: they halt before anything that waited leaves,
//! and come back with what is durable.

mod driver;

use driver::World;
use proptest::prelude::*;
use simlab_core::{Call, DiskError, Outcome};

const PAXOS: &str = "shop-caspaxos";
const PN: &str = "shop-pn-counter";
const ESCROW: &str = "shop-escrow";
const B: u32 = 3;
const H: u32 = 4;

/// Three cities, and customers of the first two.
fn world(seed: u64, service: &str) -> World {
    World::new(
        seed,
        &[
            ("beijing", service, &[("share", "20")]),
            ("hangzhou", service, &[("share", "20")]),
            ("shanghai", service, &[("share", "20")]),
            ("customer-b", "shop-client", &[("server", "beijing")]),
            ("customer-h", "shop-client", &[("server", "hangzhou")]),
        ],
    )
}

/// The disk of a node fails to write, or is full, from one time to another.
fn spoil(world: &mut World, what: DiskError, of: u32, from: u64, until: u64) {
    world.spoil =
        Box::new(move |node, at_ms| (node == of && (from..until).contains(&at_ms)).then_some(what));
    world.restart_halted_after = Some(500);
}

#[test]
fn a_replica_whose_sync_fails_halts_and_tells_nothing() {
    for service in [PAXOS, PN, ESCROW] {
        for what in [DiskError::Write, DiskError::Full] {
            driver::seeds("a_replica_whose_sync_fails_halts_and_tells_nothing", 20, |seed| {
                let mut world = world(seed, service);
                spoil(&mut world, what, 0, 150, 400);
                world.ask(100, B, "phone", Call::Sell(1));
                world.ask(200, B, "phone", Call::Sell(2));
                world.run(300);
                assert_eq!(world.told(B), ["true", "open"]);
                assert!(world.halted.contains(&0));
                assert_eq!(world.notes["sync failed"], 1);
                let since = world.log.len();
                world.ask(3_000, B, "phone", Call::Sell(4));
                world.ask(5_000, B, "phone", Call::Read);
                world.run(6_000);
                let late = |line: &String| line.contains("beijing -> customer-b: reply 1");
                assert!(!world.log[since..].iter().any(late), "the sale of 2 is never told");
                let told = world.told(B);
                assert_eq!(told[..3], ["true", "unknown: timed out", "true"]);
                let left = world.account("phone").expect("an account");
                assert!(left == 55 || left == 53, "{left}: 1 and 4 are sold, perhaps 2 as well");
                assert_eq!(told[3], left.to_string());
                assert_eq!(world.violations, [""; 0]);
            });
        }
    }
}

/// An acceptor whose vote was not written has not voted: nobody hears of it, the others are majority
/// enough, and it comes back with what it had.
#[test]
fn an_acceptor_whose_sync_fails_does_not_vote() {
    let mut world = world(1, PAXOS);
    world.ask(100, B, "phone", Call::Sell(1));
    world.run(150);
    spoil(&mut world, DiskError::Write, 1, 150, 400);
    let since = world.log.len();
    world.ask(200, B, "phone", Call::Sell(2));
    world.run(690);
    assert_eq!(world.told(B), ["true", "true"]);
    let votes = ["hangzhou -> beijing: promise", "hangzhou -> beijing: accepted"];
    let said = |line: &String| votes.iter().any(|vote| line.contains(vote));
    assert!(!world.log[since..].iter().any(said), "{:#?}", &world.log[since..]);
    world.ask(1_000, H, "phone", Call::Read);
    world.run(2_000);
    assert_eq!(world.told(H), ["57"]);
    assert_eq!(world.violations, [""; 0]);
}

#[test]
fn a_replica_that_cannot_read_its_files_waits_until_it_can() {
    for service in [PAXOS, PN, ESCROW] {
        let mut world = world(1, service);
        world.restart_halted_after = Some(100);
        world.ask(100, B, "phone", Call::Sell(1));
        world.run(200);
        world.unreadable_at(200, 0, true);
        world.crash_at(200, 0);
        world.restart_at(300, 0);
        world.ask(400, B, "phone", Call::Read);
        world.unreadable_at(1_000, 0, false);
        world.ask(2_000, B, "phone", Call::Read);
        world.run(4_000);
        assert!(world.notes["disk unreadable"] >= 5, "it tried again and again");
        assert_eq!(world.told(B), ["true", "unknown: timed out", "59"]);
        assert_eq!(world.violations, [""; 0]);
    }
}

/// A file that says that a city sold more than its share is not one that the city wrote.
#[test]
fn an_escrow_that_owes_units_halts() {
    use simlab_core::wire::Encode;
    let mut counter = simlab_protocols::pn_counter::PnCounter::default();
    counter.decrement(simlab_core::NodeId(0), 21);
    let mut content = counter.to_bytes();
    content.extend([0, 0]); // and no numbers of requests
    for (service, halts) in [(ESCROW, true), (PN, false)] {
        let mut world = world(1, service);
        world.crash_at(10, 0);
        world.run(10);
        world.tamper(0, "3/stock/phone", Some(&content));
        world.restart_at(20, 0);
        world.ask(100, B, "phone", Call::Read);
        world.run(200);
        assert_eq!(world.halted.contains(&0), halts, "{service}");
        assert_eq!(world.told(B), [if halts { "open" } else { "39" }]);
    }
}

/// Damage to one file.
#[derive(Clone, Debug)]
enum Damage {
    Content(Vec<u8>),
    Bit(usize),
    Cut(usize),
    Longer(u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        1 => proptest::collection::vec(any::<u8>(), 0..80).prop_map(Damage::Content),
        4 => any::<usize>().prop_map(Damage::Bit),
        1 => any::<usize>().prop_map(Damage::Cut),
        1 => any::<u8>().prop_map(Damage::Longer),
    ]
}

impl Damage {
    fn apply(&self, mut content: Vec<u8>) -> Vec<u8> {
        match *self {
            Damage::Content(ref other) => content.clone_from(other),
            Damage::Bit(bit) => {
                let bit = bit % (content.len() * 8);
                content[bit / 8] ^= 1 << (bit % 8);
            }
            Damage::Cut(len) => content.truncate(len % content.len()),
            Damage::Longer(byte) => content.push(byte),
        }
        content
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is in its files, a replica halts with a note or serves; it never panics (a panic of a
    /// process is one of this test). What it says is worth nothing, since rot is outside the model.
    #[test]
    fn no_content_of_a_file_makes_a_replica_panic(
        service in prop_oneof![Just(PAXOS), Just(PN), Just(ESCROW)],
        which: usize,
        damage in damage(),
    ) {
        let mut world = world(1, service);
        for (at, call) in [(100, Call::Sell(1)), (150, Call::Sell(90)), (200, Call::TakeBack(2))] {
            world.ask(at, B, "phone", call);
        }
        world.crash_at(300, 0);
        world.run(300);
        let files = world.files(0);
        let file = &files[which % files.len()];
        let content = damage.apply(world.content(0, file));
        world.tamper(0, file, Some(&content));
        world.restart_at(310, 0);
        for (at, who) in [(1_000, B), (1_000, H), (3_500, B), (3_500, H)] {
            world.ask(at, who, "phone", Call::Sell(1));
            world.ask(at + 10, who, "phone", Call::TakeBack(1));
            world.ask(at + 20, who, "phone", Call::Read);
        }
        world.run(9_000);
        let halted = world.halted.contains(&0);
        prop_assert_eq!(halted, world.notes.contains_key("disk unreadable"));
        let answered = |outcome: &Option<(u64, Outcome)>| outcome.is_some();
        prop_assert!(world.history.iter().all(|op| answered(&op.returned)), "all are told something");
    }
}
