//! Every expectation of every lesson holds for every seed.
//!
//! One seed: `SIMLAB_SEED=17 cargo test --test expectations`. More of them:
//! `SIMLAB_RUNS=100000 cargo test --release --test expectations`.

mod common;

use common::{all_variants, catalogue, scenario, seeds};
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
