//! From a run that fails to the smallest one that can be found which fails in the same way.
//!
//! ```text
//!   seed ──Concrete──▶ operations, faults   which ones?  fewer nodes, a shorter run    (the seed answers choices)
//!                      choices              which must be other than harmless?         (nobody answers the rest)
//!                      what is left         fewer of all, shorter, sooner, rounder
//! ```
//!
//! Every candidate is a scenario file that is loaded, run and judged, so that what is found is what is written.
//! Lists are thinned out as by delta debugging (Zeller and Hildebrandt, "Simplifying and isolating
//! failure-inducing input", 2002, §3), complements only. Nothing is left to chance: the same failure shrinks to
//! the same file.

mod decisions;
mod passes;
mod replayed;
mod size;
mod times;
mod trial;

pub use replayed::Replayed;
pub(crate) use replayed::fails_too;
pub use size::Size;

use crate::run::Setup;
use crate::text::one_line;
use crate::{Concrete, Counterexample, Source, load, narrative};
use simlab_core::{Digest, Duration};
use std::collections::BTreeSet;
use std::fmt;
use std::hash::Hash;
use trial::{Seen, Way, is_about_a_begin, trial};

/// How much may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// So many candidates are run, each with its control.
    pub candidates: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { candidates: 5_000 }
    }
}

/// A failing run made small.
#[derive(Clone, Debug)]
pub struct Shrunk<'a> {
    /// The run.
    pub concrete: Concrete<'a>,
    /// What it shows.
    pub counterexample: Counterexample,
    /// What had to happen, a sentence each.
    pub story: Vec<String>,
    /// How big the run was.
    pub before: Size,
    /// How big it is now.
    pub after: Size,
    /// How many candidates were run.
    pub candidates: u64,
    /// Whether it ended because nothing was left to try, and not by the budget.
    pub finished: bool,
}

impl Shrunk<'_> {
    /// The counterexample as a file; `replay` is the command that replays it.
    #[must_use]
    pub fn to_toml(&self, replay: &str) -> String {
        let Counterexample { of, seed, check, .. } = &self.counterexample;
        let variant = &self.concrete.scenario.variants[self.concrete.variant].name;
        let found = format!("`{check}` fails in {of}, {variant}, seed {seed}, made small.");
        let mut about =
            vec![format!("A counterexample: {found}"), replay.to_owned(), String::new()];
        about.extend(self.story.iter().cloned());
        about.push(String::new());
        self.concrete.to_toml(&about, Some(&self.counterexample))
    }
}

/// Why a failure cannot be made smaller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShrinkError {
    /// What its seed drew has no form as a scenario.
    Unwritable {
        /// Why it is refused.
        why: String,
    },
    /// With everything written out that its seed drew, the run does not fail like that.
    Gone {
        /// The check.
        check: String,
    },
}

impl fmt::Display for ShrinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ShrinkError::Unwritable { why } => {
                write!(f, "what the seed drew cannot be written as a scenario:\n{}", why.trim_end())
            }
            ShrinkError::Gone { check } => write!(
                f,
                "`{check}` does not fail once all that the seed drew is written out, or fails without the switches too"
            ),
        }
    }
}

impl std::error::Error for ShrinkError {}

/// Makes a run small in which the check, invariant or finding `check` fails.
///
/// # Errors
/// If what its seed drew is no scenario, if it does not fail in the run that is written out, or fails without its switches as well.
pub fn shrink<'a>(
    setup: &Setup<'a>,
    check: &str,
    budget: Budget,
) -> Result<Shrunk<'a>, ShrinkError> {
    let gone = || ShrinkError::Gone { check: check.to_owned() };
    let mut whole = Concrete::of(setup);
    whole.checks.retain(|name| name == check);
    let text = whole.to_toml(&[], None);
    if let Err(problems) = load(Source::new("written out", &text[..]), setup.catalogue, &[]) {
        return Err(ShrinkError::Unwritable { why: problems.render(false) });
    }
    let seen = trial(&whole, &text, check, true).ok_or_else(gone)?;
    let before = Size::of(&whole, &seen, &seen.harm);
    let mut shrinker = Shrinker::new(setup, whole, seen, budget);
    shrinker.shrink();
    let Shrinker { best, candidates, exhausted, .. } = shrinker;
    let text = best.to_toml(&[], None);
    let seen = trial(&best, &text, check, true).ok_or_else(gone)?;
    let after = Size::of(&best, &seen, &seen.harm);
    let counterexample = Counterexample {
        of: setup.scenario.name.clone(),
        seed: setup.seed,
        check: check.to_owned(),
        trace_hash: seen.trace_hash,
        detail: one_line(&seen.detail),
    };
    let finished = !exhausted;
    let text = best.to_toml(&[], Some(&counterexample));
    let story = load(Source::new("counterexample", text), setup.catalogue, &[])
        .and_then(|scenario| narrative(&scenario, setup.catalogue))
        .map_err(|problems| ShrinkError::Unwritable { why: problems.render(false) })?;
    Ok(Shrunk { story, concrete: best, counterexample, before, after, candidates, finished })
}

/// The smallest failing run so far, and what was tried.
struct Shrinker<'a> {
    best: Concrete<'a>,
    /// What it showed.
    seen: Seen,
    way: Way,
    budget: Budget,
    candidates: u64,
    /// Whether the budget was used up.
    exhausted: bool,
    /// The candidates that were run, by digest.
    tried: BTreeSet<u64>,
    /// With how many other seeds a candidate is tried whose own does not fail.
    reseeds: u64,
    /// How long the run goes on after the last thing that happens to it.
    rest: Duration,
    /// Whether it may go on for less.
    may_end: bool,
}

impl<'a> Shrinker<'a> {
    fn new(setup: &Setup<'a>, best: Concrete<'a>, seen: Seen, budget: Budget) -> Self {
        let scenario = setup.scenario;
        let storm = scenario.storm.as_ref().map(|storm| storm.until);
        let last = storm.into_iter().fold(best.last_event(), |last, end| last.max(end));
        let about_a_begin = is_about_a_begin(scenario, &seen.way.name);
        Shrinker {
            rest: best.until.since(last),
            may_end: about_a_begin || !best.switches.is_empty(),
            way: seen.way.clone(),
            best,
            seen,
            budget,
            candidates: 0,
            exhausted: false,
            tried: BTreeSet::new(),
            reseeds: 0,
        }
    }

    /// Runs a candidate. If it fails in the same way it is the best from now on.
    fn accept(&mut self, candidate: Concrete<'a>) -> bool {
        let candidate = candidate.without_strangers();
        if self.accept_one(candidate.clone()) {
            return true;
        }
        let seeds = (0..self.reseeds).filter(|seed| *seed != candidate.seed);
        let seeds: Vec<u64> = seeds.collect();
        seeds.into_iter().any(|seed| self.accept_one(Concrete { seed, ..candidate.clone() }))
    }

    fn accept_one(&mut self, mut candidate: Concrete<'a>) -> bool {
        let text = candidate.to_toml(&[], None);
        let mut digest = Digest::new();
        text.hash(&mut digest);
        if !self.tried.insert(digest.value()) {
            return false;
        }
        if self.candidates >= self.budget.candidates {
            self.exhausted = true;
            return false;
        }
        self.candidates += 1;
        let Some(seen) = trial(&candidate, &text, &self.way.name, false) else { return false };
        if seen.way != self.way {
            return false;
        }
        for point in &seen.unasked {
            candidate.script.answers.remove(point);
        }
        self.best = candidate;
        self.seen = seen;
        true
    }

    /// Takes as many items out of a list as the failure does without: all of them, halves, quarters … one by
    /// one, the last first. Says whether some could go.
    fn thin<T: Clone>(
        &mut self,
        get: impl Fn(&Concrete<'a>) -> Vec<T>,
        put: impl Fn(&mut Concrete<'a>, Vec<T>),
    ) -> bool {
        let mut items = get(&self.best);
        let before = items.len();
        let mut chunk = items.len();
        while chunk > 0 && !self.exhausted {
            let mut end = items.len();
            while end > 0 && !self.exhausted {
                let begin = end.saturating_sub(chunk);
                let mut fewer = items.clone();
                fewer.drain(begin..end.min(items.len()));
                let mut candidate = self.best.clone();
                put(&mut candidate, fewer);
                if self.accept(candidate) {
                    items = get(&self.best);
                }
                end = begin.min(items.len());
            }
            chunk = if chunk == 1 { 0 } else { chunk.min(items.len()).div_ceil(2) };
        }
        items.len() < before
    }
}
