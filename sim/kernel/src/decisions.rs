//! Who answers the choices of a run: the seed, unless someone else was asked to.

use simlab_core::{Choice, Decide, Domain, NodeId, Point, Seeded, Who, harmless};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Answers from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The answers, by choice.
    pub answers: BTreeMap<Point, u64>,
    /// Whether these are all choices of a run, so that any other one is a departure from it.
    pub complete: bool,
    /// What becomes of all other choices.
    pub rest: Rest,
    /// Nodes of which none hears another: what they send each other is lost, unless an answer says otherwise.
    pub apart: BTreeSet<NodeId>,
}

/// Who answers the choices that a [`Script`] does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rest {
    /// The seed.
    #[default]
    Seed,
    /// Nobody: nothing happens that need not ([`harmless`]).
    Harmless,
}

impl Script {
    /// Whether it says nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Script::default()
    }

    /// This script and, where both speak, `other`.
    #[must_use]
    pub fn with(mut self, other: Script) -> Self {
        let Script { answers, complete, rest, apart } = other;
        self.answers.extend(answers);
        self.complete |= complete;
        self.rest = self.rest.max(rest);
        self.apart.extend(apart);
        self
    }

    /// Whether a choice is about the loss of what nodes tell each other that are to hear nothing.
    fn loses(&self, point: Point) -> bool {
        let both = |from, to| self.apart.contains(from) && self.apart.contains(to);
        point.choice == Choice::Lose
            && matches!(&point.who, Who::Link { from, to } if both(from, to))
    }
}

/// What became of a [`Script`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Departures {
    /// Answers that nobody asked for.
    pub unasked: Vec<Point>,
    /// Answers that made no sense; the seed answered instead.
    pub refused: Vec<Point>,
    /// Choices that a complete script does not know, as far as they were counted; the seed answered.
    pub unknown: Vec<Point>,
}

impl Departures {
    /// Whether the run went as the script says.
    #[must_use]
    pub fn none(&self) -> bool {
        *self == Departures::default()
    }
}

/// More choices than these that a complete script does not know are not listed.
const UNKNOWN_MAX: usize = 1_000;

/// The one place where the choices of a run are answered.
#[derive(Clone, Debug)]
pub(crate) struct Decisions {
    seeded: Seeded,
    /// Whether there is a script or a recording: the quick way asks nothing else.
    attended: bool,
    script: Option<Arc<Script>>,
    asked: BTreeSet<Point>,
    refused: Vec<Point>,
    unknown: Vec<Point>,
    recording: Option<Vec<(Point, u64)>>,
    /// Whether only what is not harmless is recorded.
    harm_only: bool,
}

impl Decisions {
    pub(crate) fn new(seed: u64) -> Self {
        Decisions {
            seeded: Seeded::new(seed),
            attended: false,
            script: None,
            asked: BTreeSet::new(),
            refused: Vec::new(),
            unknown: Vec::new(),
            recording: None,
            harm_only: false,
        }
    }

    pub(crate) fn follow(&mut self, script: Script) {
        let known = self.script.as_deref().cloned().unwrap_or_default();
        self.script = Some(Arc::new(known.with(script)));
        self.attended = true;
    }

    pub(crate) fn record(&mut self) {
        self.recording = Some(Vec::new());
        self.attended = true;
    }

    pub(crate) fn record_harm(&mut self) {
        self.record();
        self.harm_only = true;
    }

    /// Whether someone else than the seed wants to be asked, or to know.
    #[inline]
    pub(crate) const fn attended(&self) -> bool {
        self.attended
    }

    /// What was decided so far, if it is recorded: in the order in which it was asked.
    pub(crate) fn recorded(&self) -> Option<&[(Point, u64)]> {
        self.recording.as_deref()
    }

    pub(crate) fn script(&self) -> Option<&Script> {
        self.script.as_deref()
    }

    pub(crate) fn departures(&self) -> Departures {
        let script = self.script.iter().flat_map(|script| script.answers.keys());
        Departures {
            unasked: script.filter(|point| !self.asked.contains(point)).copied().collect(),
            refused: self.refused.clone(),
            unknown: self.unknown.clone(),
        }
    }

    #[cold]
    fn attend(&mut self, point: Point, domain: Domain<'_>) -> u64 {
        let mut answer = None;
        if let Some(script) = &self.script {
            match script.answers.get(&point) {
                Some(scripted) => {
                    self.asked.insert(point);
                    if domain.admits(*scripted) {
                        answer = Some(*scripted);
                    } else {
                        self.refused.push(point);
                    }
                }
                None if script.loses(point) => answer = Some(1),
                None if script.complete
                    && domain.certain().is_none()
                    && self.unknown.len() < UNKNOWN_MAX =>
                {
                    self.unknown.push(point);
                }
                None => {}
            }
        }
        let rest = self.script.as_ref().map_or(Rest::Seed, |script| script.rest);
        let answer = answer.unwrap_or_else(|| match rest {
            Rest::Seed => self.seeded.decide(point, domain),
            Rest::Harmless => harmless(point, domain),
        });
        // What can only be answered in one way need not be written down, unless it was not.
        if let Some(recording) = &mut self.recording
            && domain.certain() != Some(answer)
            && !(self.harm_only && answer == harmless(point, domain))
        {
            recording.push((point, answer));
        }
        answer
    }
}

impl Decide for Decisions {
    #[inline]
    fn decide(&mut self, point: Point, domain: Domain<'_>) -> u64 {
        if self.attended { self.attend(point, domain) } else { self.seeded.decide(point, domain) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use simlab_core::Ratio;

    fn point(ordinal: u64) -> Point {
        let who = Who::Link { from: NodeId(0), to: NodeId(1) };
        Point { who, choice: Choice::Lose, ordinal }
    }

    #[test]
    fn what_is_recorded_replays_and_what_departs_is_told() {
        let half = Domain::Chance(Ratio::new(1, 2).expect("a ratio"));
        let mut seeded = Decisions::new(1);
        seeded.record();
        let answers: Vec<u64> = (0..20).map(|n| seeded.decide(point(n), half)).collect();
        let recorded = seeded.recorded().expect("it is recorded").to_vec();
        assert_eq!(recorded.len(), 20);

        let script =
            Script { answers: recorded.into_iter().collect(), complete: true, ..Script::default() };
        let mut replayed = Decisions::new(2);
        replayed.follow(script);
        let again: Vec<u64> = (0..20).map(|n| replayed.decide(point(n), half)).collect();
        assert_eq!(answers, again);
        assert!(replayed.departures().none());
        replayed.decide(point(20), half);
        assert_eq!(replayed.departures().unknown, [point(20)]);
    }

    #[test]
    fn an_override_wins_over_the_odds_but_not_over_sense() {
        let never = Domain::Chance(Ratio::ZERO);
        let answers = BTreeMap::from([(point(0), 1), (point(1), 2), (point(2), 1)]);
        let mut decisions = Decisions::new(1);
        decisions.follow(Script { answers, ..Script::default() });
        assert_eq!((decisions.decide(point(0), never), decisions.decide(point(1), never)), (1, 0));
        let departures = decisions.departures();
        assert_eq!((departures.refused, departures.unasked), (vec![point(1)], vec![point(2)]));
    }

    #[test]
    fn nodes_that_are_apart_hear_only_what_an_answer_lets_through() {
        let apart = [NodeId(0), NodeId(1)].into();
        let answers = [(point(3), 0)].into();
        let mut decisions = Decisions::new(1);
        decisions.follow(Script { answers, apart, ..Script::default() });
        let never = Domain::Chance(Ratio::ZERO);
        let lost: Vec<u64> = (0..5).map(|n| decisions.decide(point(n), never)).collect();
        assert_eq!(lost, [1, 1, 1, 0, 1]);
        let who = Who::Link { from: NodeId(0), to: NodeId(2) };
        assert_eq!(decisions.decide(Point { who, ..point(0) }, never), 0, "another link");
        let twice = Point { choice: Choice::Duplicate, ..point(0) };
        assert_eq!(decisions.decide(twice, never), 0, "another choice");
    }
}
