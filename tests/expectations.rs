//! Every expectation of every lesson holds for every seed, and what some seed is to show some seed
//! shows.
//!
//! One seed: `SIMLAB_SEED=17 cargo test --test expectations`. More of them:
//! `SIMLAB_RUNS=100000 cargo test --release --test expectations`.

mod common;

use common::{all_variants, asked_seed, catalogue, scenario, seeds, sweep};
use simlab::core::{Call, Duration, Time};
use simlab::scenarios::LESSONS;
use simlab::scenarios::sweep::{Seeds, Tally};

/// How many seeds each lesson gets: what the longer ones take is about the same.
const RUNS: [(&str, u64); 40] = [
    ("cap_partition", 1_000),
    ("cap_no_majority", 1_000),
    ("cap_leader", 100),
    ("lossy_link", 1_000),
    ("crash_and_disk", 100),
    ("clock_drift", 60),
    ("slow_node", 40),
    ("outside_the_model", 300),
    ("checksums", 8),
    ("lost_ack", 200),
    ("sliding_window", 4),
    ("retry_storm", 2),
    ("transport_storm", 400),
    ("fragmentation", 20),
    ("tampering", 200),
    ("end_to_end", 8),
    ("hop_by_hop", 40),
    ("rpc_call", 200),
    ("rpc_semantics", 200),
    ("rpc_restart", 200),
    ("long_call", 200),
    ("async_calls", 100),
    ("worker_pool", 40),
    ("rpc_transport", 40),
    ("version_skew", 200),
    ("rpc_mistakes", 100),
    ("discovery", 10),
    ("load_balancing", 4),
    ("overload", 2),
    ("raft_election", 20),
    ("raft_replication", 20),
    ("raft_figure7", 20),
    ("raft_figure8", 200),
    ("raft_snapshot", 10),
    ("raft_membership", 10),
    ("raft_reads", 20),
    ("raft_exactly_once", 20),
    ("rpc_storm", 200),
    ("failover_storm", 60),
    ("raft_storm", 20),
];

/// The storm has a test of its own: one seed of it takes longer than a hundred of the others.
const ELSEWHERE: [&str; 1] = ["kv_storm"];

/// The first seeds, and for each twenty of them one anywhere and one at the end.
fn many(runs: u64) -> Vec<Seeds> {
    if let Some(seed) = asked_seed() {
        return vec![Seeds { from: seed, to: u128::from(seed) + 1 }];
    }
    let few = runs.div_ceil(20);
    let anywhere = 0x9e37_79b9_7f4a_7c15;
    vec![
        Seeds { from: 0, to: runs.into() },
        Seeds { from: anywhere, to: u128::from(anywhere) + u128::from(few) },
        Seeds { from: u64::MAX - few, to: 1 << 64 },
    ]
}

/// What is wrong with a sweep, with the command that shows it.
fn wrong(lesson: &str, seeds: Seeds, tally: &Tally) -> Vec<String> {
    let told = tally.violations.iter().chain(&tally.first_unknown);
    let mut wrong: Vec<String> = told
        .map(|told| {
            let (seed, variant, check, detail) =
                (told.seed, &told.variant, &told.check, &told.detail);
            format!(
                "{check}: {detail}\nreplay: simlab run {lesson} --seed {seed} --variant {variant}"
            )
        })
        .collect();
    // A few seeds need not show what some seed does.
    if seeds.from == 0 && seeds.count() > 1 {
        wrong.extend(tally.unmet().map(|(variant, check)| {
            let (variant, check) = (&variant.name, &check.name);
            format!(
                "{variant}: no seed shows {check}\nreplay: simlab sweep {lesson} --seeds {seeds}"
            )
        }));
    }
    wrong
}

#[test]
fn every_expectation_of_every_lesson_holds_for_every_seed() {
    let catalogue = catalogue();
    let more = std::env::var("SIMLAB_RUNS").ok().and_then(|n| n.parse().ok());
    let mut all_wrong = Vec::new();
    for (lesson, runs) in RUNS {
        let scenario = scenario(lesson, &catalogue);
        for seeds in many(more.unwrap_or(runs)) {
            all_wrong.extend(wrong(lesson, seeds, &sweep(&scenario, &catalogue, seeds)));
        }
    }
    let first = all_wrong.iter().take(10).cloned().collect::<Vec<_>>().join("\n\n");
    assert!(all_wrong.is_empty(), "{} wrong\n\n{first}", all_wrong.len());
}

#[test]
fn no_lesson_is_left_out() {
    let tested: Vec<_> = RUNS.iter().map(|(lesson, _)| *lesson).chain(ELSEWHERE).collect();
    let lessons: Vec<_> = LESSONS.iter().map(|(name, _)| *name).collect();
    assert_eq!(tested, lessons, "each lesson, in the order of the library");
}

/// The first break is the first Shanghai read that was invoked after the sale of second 12 had
/// returned: the argument of the lesson, checked against the history by hand.
#[test]
fn the_history_breaks_where_the_lesson_says() {
    let catalogue = catalogue();
    let scenario = scenario("cap_partition", &catalogue);
    let node = |name| scenario.node(name).expect("a node of the lesson").id;
    let (beijing, shanghai) = (node("customer-b"), node("customer-s"));
    for seed in seeds(0..300) {
        let report = all_variants(&scenario, &catalogue, seed);
        for variant in &report.variants {
            let Some(first) = &variant.first_break else {
                assert!(["consistent", "wait"].contains(&variant.name.as_str()));
                continue;
            };
            let history = variant.run.world.history();
            let cut = Time::ZERO + Duration::from_secs(10);
            let sale = history
                .records()
                .iter()
                .find(|r| {
                    r.op.node() == beijing
                        && r.operation.call == Call::Sell(1)
                        && r.invoked.at > cut
                })
                .expect("the sale of second 12");
            let (returned, _) = sale.returned.as_ref().expect("it is answered at once");
            let read = history
                .records()
                .iter()
                .find(|r| r.op.node() == shanghai && r.invoked.seq > returned.seq)
                .expect("Shanghai asks");
            assert_eq!(first.op, read.op, "seed {seed}, {}", variant.name);
            assert!(first.why.contains("read returned 60"), "{}", first.why);
            assert!(first.why.contains("leaves 59"), "{}", first.why);
        }
    }
}
