//! Which choices must be other than harmless.

use super::Shrinker;
use super::trial::trial;
use simlab_core::{Choice, Point, Who};
use simlab_sim::Rest;
use std::collections::{BTreeMap, BTreeSet};

impl Shrinker<'_> {
    /// Whether the seed answers no choice any more.
    pub(super) fn is_calm(&self) -> bool {
        self.best.script.rest == Rest::Harmless
    }

    /// Tries to do without the seed altogether.
    pub(super) fn calm(&mut self) {
        if !self.is_calm() {
            let mut candidate = self.best.clone();
            candidate.script.rest = Rest::Harmless;
            self.accept(candidate);
        }
    }

    /// Gives the choices that are not harmless the answers that they had, and everything else none: from
    /// now on nothing is drawn any more, and what is taken away shifts nothing.
    pub(super) fn pin(&mut self) {
        if self.is_calm() {
            return;
        }
        let text = self.best.to_toml(&[], None);
        let Some(seen) = trial(&self.best, &text, &self.way.name, true) else { return };
        let mut candidate = self.best.clone();
        candidate.script.rest = Rest::Harmless;
        candidate.script.answers = seen.harm.into_iter().collect();
        if self.accept(candidate) {
            self.without_kinds();
            self.without_owners();
            self.fewer_answers();
        }
    }

    /// Takes all answers of one kind out at once.
    fn without_kinds(&mut self) {
        let word = |choice: Choice| choice.to_string();
        let kinds: BTreeSet<String> =
            self.best.script.answers.keys().map(|point| word(point.choice)).collect();
        for kind in kinds {
            let mut candidate = self.best.clone();
            candidate.script.answers.retain(|point, _| word(point.choice) != kind);
            self.accept(candidate);
        }
    }

    /// Takes all answers of one link or node out at once.
    fn without_owners(&mut self) {
        let owners: BTreeSet<Who> = self.best.script.answers.keys().map(|p| p.who).collect();
        for owner in owners {
            let mut candidate = self.best.clone();
            candidate.script.answers.retain(|point, _| point.who != owner);
            self.accept(candidate);
        }
    }

    pub(super) fn fewer_answers(&mut self) -> bool {
        self.thin(
            |c| c.script.answers.iter().map(|(point, answer)| (*point, *answer)).collect(),
            |c, answers: Vec<(Point, u64)>| {
                c.script.answers = answers.into_iter().collect::<BTreeMap<_, _>>();
            },
        )
    }
}
