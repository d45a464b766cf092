//! What tests of the kernel share.

use proptest::test_runner::{Config, RngSeed};

/// As many cases as proptest tries if nobody says otherwise.
const UNSET: u32 = 256;

/// How a property is tried: on the same cases every time, so that the failing test, run again, fails
/// again. `PROPTEST_CASES` sets how many cases instead (other than 256), `PROPTEST_RNG_SEED` which.
pub(crate) fn config(cases: u32) -> Config {
    let asked = Config::default();
    Config {
        cases: if asked.cases == UNSET { cases } else { asked.cases },
        rng_seed: match asked.rng_seed {
            RngSeed::Random => RngSeed::Fixed(1),
            given => given,
        },
        failure_persistence: None,
        ..asked
    }
}
