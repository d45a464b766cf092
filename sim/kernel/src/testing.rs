//! What tests of the kernel share.

use proptest::test_runner::{Config, RngSeed};

fn setting<T: std::str::FromStr>(name: &str, default: T) -> T {
    let Ok(text) = std::env::var(name) else { return default };
    text.parse().unwrap_or_else(|_| panic!("{name} is a number"))
}

/// How a property is tried: on the same cases every time, so that the failing test, run again, fails
/// again. `SIMLAB_RUNS` sets how many cases, `SIMLAB_SEED` which.
pub(crate) fn config(cases: u32) -> Config {
    Config {
        cases: setting("SIMLAB_RUNS", cases),
        rng_seed: RngSeed::Fixed(setting("SIMLAB_SEED", 1)),
        failure_persistence: None,
        ..Config::default()
    }
}
