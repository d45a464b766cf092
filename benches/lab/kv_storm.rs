//! W4: the lesson `kv_storm`, all variants of it under a few seeds, as `simlab run` and `simlab
//! sweep` run them. The events that are counted are those that `simlab run` counts: the records of
//! the trace, whether it is kept or not.

use super::trace_file::{Scratch, Streamed};
use simlab_scenarios::report::{VariantReport, judge};
use simlab_scenarios::run::{Run, Setup, run, run_prepared};
use simlab_scenarios::{Catalogue, Scenario, lesson, load};
use std::ops::RangeInclusive;

/// Each seed draws a storm of its own; five are a mixture.
const SEEDS: RangeInclusive<u64> = 1..=5;

/// The lesson, loaded.
#[derive(Debug)]
pub struct KvStorm {
    scenario: Scenario,
    catalogue: Catalogue,
}

impl KvStorm {
    /// Loads it.
    ///
    /// # Panics
    /// If it has mistakes.
    #[must_use]
    pub fn load() -> Self {
        let catalogue = Catalogue::with(&[]);
        let source = lesson("kv_storm").expect("there is such a lesson");
        let scenario = load(source, &catalogue, &[]).expect("the lessons load");
        KvStorm { scenario, catalogue }
    }

    /// Runs all.
    #[must_use]
    pub fn run(&self, recording: bool) -> Vec<Run<'_>> {
        self.setups(recording).map(|setup| run(setup).expect("the lessons run")).collect()
    }

    /// Runs all, each with a trace file.
    #[must_use]
    pub fn stream(&self) -> Vec<(Run<'_>, Scratch)> {
        self.setups(false).map(stream).collect()
    }

    /// Runs and judges all, as a sweep does.
    #[must_use]
    pub fn sweep(&self) -> Vec<VariantReport<'_>> {
        let one = |setup| judge(run(setup).expect("the lessons run"));
        self.setups(false).map(one).collect()
    }

    fn setups(&self, recording: bool) -> impl Iterator<Item = Setup<'_>> {
        let KvStorm { scenario, catalogue } = self;
        let variants = 0..scenario.variants.len();
        let of_seed = move |seed| {
            let variants = variants.clone();
            variants.map(move |variant| Setup { scenario, catalogue, variant, seed, recording })
        };
        SEEDS.flat_map(of_seed)
    }
}

fn stream(setup: Setup<'_>) -> (Run<'_>, Scratch) {
    let mut file = None;
    let run = run_prepared(setup, |world| file = Some(Streamed::of_run(&setup, world)));
    (run.expect("the lessons run"), file.expect("a run is prepared").finish())
}

/// How many events runs had.
///
/// # Panics
/// If one was ended early.
pub fn events<'a, 's: 'a>(runs: impl IntoIterator<Item = &'a Run<'s>>) -> u64 {
    let one = |run: &Run<'_>| {
        assert!(!run.world.ended(), "{:?}", run.world.findings());
        run.world.records()
    };
    runs.into_iter().map(one).sum()
}
