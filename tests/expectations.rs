//! Every expectation of every lesson holds for every seed.
//!
//! One seed: `SIMLAB_SEED=17 cargo test --test expectations`. More of them:
//! `SIMLAB_RUNS=100000 cargo test --release --test expectations`.

mod common;

use common::{all_variants, catalogue, scenario, seeds};
use simlab::core::{Call, Duration, Time};
use simlab::scenarios::report::Status;

/// The first seeds, some anywhere, and the last.
fn many() -> impl Iterator<Item = u64> {
    let runs = std::env::var("SIMLAB_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000);
    let anywhere = (1..=50).map(|n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    (0..runs).chain(anywhere).chain(u64::MAX - 50..=u64::MAX)
}

fn holds_for_every_seed(lesson: &str) {
    let catalogue = catalogue();
    let scenario = scenario(lesson, &catalogue);
    for seed in seeds(many()) {
        let report = all_variants(&scenario, &catalogue, seed);
        for variant in &report.variants {
            let broken: Vec<_> =
                variant.checks.iter().filter(|c| c.status != Status::Passed).collect();
            assert!(
                broken.is_empty() && variant.findings.is_empty(),
                "{broken:#?}\n{:#?}\nreplay: simlab run {lesson} --seed {seed} --variant {}",
                variant.findings,
                variant.name,
            );
        }
    }
}

#[test]
fn cap_partition() {
    holds_for_every_seed("cap_partition");
}

#[test]
fn cap_no_majority() {
    holds_for_every_seed("cap_no_majority");
}

#[test]
fn lossy_link() {
    holds_for_every_seed("lossy_link");
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
