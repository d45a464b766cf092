//! The services in storms of everything that they say they tolerate.
//!
//! `SIMLAB_RUNS=10000 cargo test --release --test storm -- --nocapture` runs ten thousand seeds and
//! prints how often each kind of fault was drawn and hit.

mod common;

use common::{all_variants, catalogue, scenario, seeds};
use simlab::scenarios::report::Status;
use simlab::scenarios::storm::FaultFigures;

/// Safety all along, liveness at the end, no verdict unknown; enough operations, enough faults that
/// hit something.
#[test]
fn what_the_services_promise_holds_in_every_storm() {
    let catalogue = catalogue();
    let scenario = scenario("kv_storm", &catalogue);
    let runs = std::env::var("SIMLAB_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    let mut figures = vec![FaultFigures::default(); scenario.variants.len()];
    for seed in seeds(0..runs) {
        for variant in &all_variants(&scenario, &catalogue, seed).variants {
            let name = &variant.name;
            let replay = format!("replay: simlab run kv_storm --seed {seed} --variant {name}");
            let bad: Vec<_> =
                variant.checks.iter().filter(|c| c.status != Status::Passed).collect();
            assert!(bad.is_empty(), "{bad:#?}\n{replay}");
            assert!(variant.findings.is_empty(), "{:#?}\n{replay}", variant.findings);
            assert!(variant.virtual_ms >= 60_000, "{} ms\n{replay}", variant.virtual_ms);
            assert!(variant.metrics.answers.invoked >= 200, "too few operations\n{replay}");
            figures[variant.variant].merge(&FaultFigures::of(&variant.run));
        }
    }
    for (figures, variant) in figures.iter().zip(&scenario.variants) {
        println!("{}: {figures}", variant.name);
        assert!(figures.median_hitting() >= 5, "{}: {figures}", variant.name);
    }
}
