//! The checks that an expectation can name.
//!
//! A check looks at a run that is over and observes something: true, false, a number, or that it
//! cannot tell. Whether that is as expected is not its business.

mod evidence;
mod network;
mod promises;
mod rest;
mod serving;

pub use evidence::Evidence;

use crate::{CheckSignature, Expectation, Expected};
use simlab_core::{Argument, Duration, NodeId, Parameter, ParameterKind, Time};
use std::collections::BTreeMap;
use std::fmt;

/// What a check saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// It holds, or it does not.
    Truth(bool),
    /// A number.
    Figure(i64),
    /// It cannot tell.
    Unknown,
}

/// What a check saw, and in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The observation.
    pub observed: Observed,
    /// The same in words, with what led to it.
    pub detail: String,
}

/// A check.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// How scenarios name it.
    pub signature: CheckSignature,
    observe: fn(&Evidence<'_>, &Parameters<'_>) -> Observation,
}

/// All checks, in the order in which they are listed.
pub const CHECKS: &[Check] = &[
    promises::LINEARIZABLE,
    promises::CONVERGED,
    promises::CONSERVED,
    promises::OVERSOLD,
    promises::OWED,
    promises::STALE,
    serving::UNKNOWN,
    serving::SERVED,
    serving::REFUSED,
    serving::LATENCY_MAX,
    rest::SETTLED,
    network::DATAGRAMS,
    network::FIELD,
];

/// Observes what an expectation is about.
pub(crate) fn observe(expectation: &Expectation, evidence: &Evidence<'_>) -> Observation {
    match CHECKS.iter().find(|check| check.signature.name == expectation.check) {
        Some(check) => (check.observe)(evidence, &Parameters(&expectation.arguments)),
        None => invariant(expectation.check, evidence),
    }
}

/// An invariant of a service: its checker watched the run and objected, or did not.
fn invariant(name: &str, evidence: &Evidence<'_>) -> Observation {
    match evidence.run.world.findings().iter().find(|finding| finding.name == name) {
        Some(finding) => Observation::truth(false, finding.detail.clone()),
        None => Observation::truth(true, "held after every event"),
    }
}

impl Observation {
    fn truth(truth: bool, detail: impl Into<String>) -> Self {
        Observation { observed: Observed::Truth(truth), detail: detail.into() }
    }

    fn figure(figure: i64, detail: impl Into<String>) -> Self {
        Observation { observed: Observed::Figure(figure), detail: detail.into() }
    }

    fn unknown(detail: impl Into<String>) -> Self {
        Observation { observed: Observed::Unknown, detail: detail.into() }
    }
}

impl Observed {
    /// Whether it is what was expected; `None` if the check could not tell.
    #[must_use]
    pub fn matches(self, expected: Expected) -> Option<bool> {
        match (self, expected) {
            (Observed::Unknown, _) => None,
            (Observed::Truth(observed), Expected::Truth(expected)) => Some(observed == expected),
            (Observed::Figure(observed), Expected::Figure { comparison, value }) => {
                Some(comparison.holds(observed, value))
            }
            // The loader compares kinds; a mismatch matches nothing.
            (Observed::Truth(_), Expected::Figure { .. })
            | (Observed::Figure(_), Expected::Truth(_)) => Some(false),
        }
    }
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Observed::Truth(truth) => truth.fmt(f),
            Observed::Figure(figure) => figure.fmt(f),
            Observed::Unknown => f.write_str("unknown"),
        }
    }
}

/// The arguments of a check. A parameter that is not given and has no default is absent.
struct Parameters<'a>(&'a BTreeMap<&'static str, Argument>);

impl Parameters<'_> {
    /// A text; the empty text stands for "not given".
    fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Argument::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    fn duration(&self, name: &str) -> Option<Duration> {
        match self.0.get(name) {
            Some(Argument::Duration(duration)) => Some(*duration),
            _ => None,
        }
    }

    fn time(&self, name: &str, default: Time) -> Time {
        self.duration(name).map_or(default, |after| Time::ZERO + after)
    }

    fn node(&self, name: &str) -> Option<NodeId> {
        match self.0.get(name) {
            Some(Argument::Node(node)) => Some(*node),
            _ => None,
        }
    }
}

/// Parameters that several checks have.
const SITE: Parameter = Parameter {
    name: "site",
    kind: ParameterKind::Text,
    default: Some(""),
    help: "only operations of clients at this site (or of this node)",
};
const FROM: Parameter = Parameter {
    name: "from",
    kind: ParameterKind::Duration,
    default: Some("0s"),
    help: "only operations that begin at this time or later",
};
const UNTIL: Parameter = Parameter {
    name: "until",
    kind: ParameterKind::Timeout,
    default: Some("never"),
    help: "only operations that begin before this time",
};
const ONLY: Parameter = Parameter {
    name: "only",
    kind: ParameterKind::Choice(&["all", "reads", "writes"]),
    default: Some("all"),
    help: "which operations",
};
const OBJECT: Parameter = Parameter {
    name: "object",
    kind: ParameterKind::Text,
    default: Some(""),
    help: "only this object",
};
