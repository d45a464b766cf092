//! What the end-to-end tests share.
#![allow(dead_code, unreachable_pub)] // Each test binary uses its own part of it.

pub mod cli;
pub mod dice;

use simlab::scenarios::report::{Report, report};
use simlab::scenarios::sweep::{Seeds, Shard, Sweep, Tally};
use simlab::scenarios::{Catalogue, LESSONS, Scenario, lesson, load};

/// The lessons and services of this build.
pub fn catalogue() -> Catalogue {
    Catalogue::with(&[])
}

/// A lesson, loaded.
pub fn scenario(name: &str, catalogue: &Catalogue) -> Scenario {
    let source = lesson(name).expect("a lesson");
    load(source, catalogue, &[]).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// All variants of a scenario, run and judged, without recording.
pub fn all_variants<'a>(scenario: &'a Scenario, catalogue: &'a Catalogue, seed: u64) -> Report<'a> {
    let variants: Vec<usize> = (0..scenario.variants.len()).collect();
    report(scenario, catalogue, seed, &variants, false)
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// The names of all lessons.
pub fn lessons() -> impl Iterator<Item = &'static str> {
    LESSONS.iter().map(|(name, _)| *name)
}

/// A sweep of all variants of a scenario on all cores.
pub fn sweep(scenario: &Scenario, catalogue: &Catalogue, seeds: Seeds) -> Tally {
    let variants: Vec<usize> = (0..scenario.variants.len()).collect();
    let (variants, shard) = (&variants[..], Shard::WHOLE);
    let sweep = Sweep { scenario, catalogue, variants, seeds, shard, jobs: 0 };
    sweep.run(|_| true).unwrap_or_else(|error| panic!("{error}"))
}

/// The only seed that is asked for, by `SIMLAB_SEED`.
pub fn asked_seed() -> Option<u64> {
    let text = std::env::var("SIMLAB_SEED").ok()?;
    Some(text.parse().expect("SIMLAB_SEED is a whole number"))
}

/// The seeds that a test takes: the one in `SIMLAB_SEED`, or those it would take anyway.
pub fn seeds(default: impl Iterator<Item = u64>) -> Vec<u64> {
    asked_seed().map_or_else(|| default.collect(), |seed| vec![seed])
}
