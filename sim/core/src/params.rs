//! Parameters of a service: declared once, then read, checked, documented and swept.

use crate::{Duration, NodeId, ParseDurationError, ParseRatioError, Ratio};
use std::fmt;

/// A parameter that a service declares.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name in scenarios.
    pub name: &'static str,
    /// What its values are.
    pub kind: ParameterKind,
    /// The value when a scenario gives none, as it would be written there; `None` if it must.
    pub default: Option<&'static str>,
    /// What it does, in one line.
    pub help: &'static str,
}

impl Parameter {
    /// A parameter that a scenario need not give.
    #[must_use]
    pub const fn with_default(
        name: &'static str,
        kind: ParameterKind,
        default: &'static str,
        help: &'static str,
    ) -> Self {
        Parameter { name, kind, default: Some(default), help }
    }
}

/// What the values of a parameter are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// A length of time, `250ms`.
    Duration,
    /// A length of time, or `never`.
    Timeout,
    /// A whole number in a range.
    Count {
        /// The least.
        min: u64,
        /// The greatest.
        max: u64,
    },
    /// A probability, `2.5%`.
    Probability,
    /// The name of a node of the scenario.
    Node,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Any text.
    Text,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Argument {
    /// Of [`ParameterKind::Duration`] and [`ParameterKind::Timeout`].
    Duration(Duration),
    /// Of [`ParameterKind::Count`].
    Count(u64),
    /// Of [`ParameterKind::Probability`].
    Probability(Ratio),
    /// Of [`ParameterKind::Node`].
    Node(NodeId),
    /// Of [`ParameterKind::Flag`].
    Flag(bool),
    /// Of [`ParameterKind::Choice`] and [`ParameterKind::Text`].
    Text(String),
}

/// The value as what `parameter` is declared to be.
///
/// # Panics
/// If it is declared otherwise: a fault of the entry, not of the scenario.
impl Argument {
    pub(crate) fn duration(&self, parameter: &str) -> Duration {
        match self {
            Self::Duration(d) => *d,
            other => other.wrong_kind(parameter),
        }
    }

    pub(crate) fn count(&self, parameter: &str) -> u64 {
        match self {
            Self::Count(n) => *n,
            other => other.wrong_kind(parameter),
        }
    }

    pub(crate) fn probability(&self, parameter: &str) -> Ratio {
        match self {
            Self::Probability(p) => *p,
            other => other.wrong_kind(parameter),
        }
    }

    pub(crate) fn node(&self, parameter: &str) -> NodeId {
        match self {
            Self::Node(n) => *n,
            other => other.wrong_kind(parameter),
        }
    }

    pub(crate) fn flag(&self, parameter: &str) -> bool {
        match self {
            Self::Flag(b) => *b,
            other => other.wrong_kind(parameter),
        }
    }

    pub(crate) fn text(&self, parameter: &str) -> &str {
        match self {
            Self::Text(text) => text,
            other => other.wrong_kind(parameter),
        }
    }

    fn wrong_kind(&self, parameter: &str) -> ! {
        panic!("parameter {parameter:?} is declared otherwise than it is read: {self:?}")
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duration(d) => d.fmt(f),
            Self::Count(n) => n.fmt(f),
            Self::Probability(p) => p.fmt(f),
            Self::Node(node) => node.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// Why a text is no value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterError {
    /// Not a duration.
    Duration(ParseDurationError),
    /// Not a probability.
    Probability(ParseRatioError),
    /// Not a whole number within the bounds.
    Count {
        /// The least.
        min: u64,
        /// The greatest.
        max: u64,
    },
    /// Neither `true` nor `false`.
    Flag,
    /// No node of that name.
    Node,
    /// None of these words.
    Choice(&'static [&'static str]),
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duration(e) => e.fmt(f),
            Self::Probability(e) => e.fmt(f),
            Self::Count { min, max: u64::MAX } => {
                write!(f, "expected a whole number, at least {min}")
            }
            Self::Count { min, max } => write!(f, "expected a whole number from {min} to {max}"),
            Self::Flag => f.write_str("expected true or false"),
            Self::Node => f.write_str("no node has this name"),
            Self::Choice(words) => write!(f, "expected one of {}", words.join(", ")),
        }
    }
}

impl std::error::Error for ParameterError {}

impl fmt::Display for ParameterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duration => f.write_str("duration"),
            Self::Timeout => f.write_str("duration or \"never\""),
            Self::Count { min, max: u64::MAX } => write!(f, "whole number, at least {min}"),
            Self::Count { min, max } => write!(f, "whole number, {min} to {max}"),
            Self::Probability => f.write_str("probability"),
            Self::Node => f.write_str("node"),
            Self::Flag => f.write_str("true or false"),
            Self::Choice(words) => f.write_str(&words.join(", ")),
            Self::Text => f.write_str("text"),
        }
    }
}

impl ParameterKind {
    /// Reads a value; `node` looks up a node by its name.
    ///
    /// # Errors
    /// If `text` is no value of this kind.
    pub fn parse(
        &self,
        text: &str,
        node: &dyn Fn(&str) -> Option<NodeId>,
    ) -> Result<Argument, ParameterError> {
        Ok(match *self {
            Self::Timeout if text == "never" => Argument::Duration(Duration::FOREVER),
            Self::Duration | Self::Timeout => {
                Argument::Duration(text.parse().map_err(ParameterError::Duration)?)
            }
            Self::Count { min, max } => match text.replace('_', "").parse() {
                Ok(n) if (min..=max).contains(&n) => Argument::Count(n),
                _ => return Err(ParameterError::Count { min, max }),
            },
            Self::Probability => {
                Argument::Probability(text.parse().map_err(ParameterError::Probability)?)
            }
            Self::Node => Argument::Node(node(text).ok_or(ParameterError::Node)?),
            Self::Flag => match text {
                "true" => Argument::Flag(true),
                "false" => Argument::Flag(false),
                _ => return Err(ParameterError::Flag),
            },
            Self::Choice(words) if words.contains(&text) => Argument::Text(text.to_owned()),
            Self::Choice(words) => return Err(ParameterError::Choice(words)),
            Self::Text => Argument::Text(text.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_kind() {
        let parse = |kind: ParameterKind, text: &str| {
            kind.parse(text, &|name| (name == "a").then_some(NodeId(0)))
        };
        assert_eq!(
            parse(ParameterKind::Timeout, "never"),
            Ok(Argument::Duration(Duration::FOREVER))
        );
        assert!(parse(ParameterKind::Duration, "never").is_err());
        let count = ParameterKind::Count { min: 1, max: 9 };
        assert_eq!(parse(count, "9"), Ok(Argument::Count(9)));
        assert_eq!(parse(count, "10"), Err(ParameterError::Count { min: 1, max: 9 }));
        assert_eq!(parse(count, "0"), Err(ParameterError::Count { min: 1, max: 9 }));
        assert_eq!(parse(ParameterKind::Node, "a"), Ok(Argument::Node(NodeId(0))));
        assert_eq!(parse(ParameterKind::Node, "b"), Err(ParameterError::Node));
        assert_eq!(parse(ParameterKind::Flag, "yes"), Err(ParameterError::Flag));
        let choice = ParameterKind::Choice(&["reads", "writes"]);
        assert_eq!(parse(choice, "reads"), Ok(Argument::Text("reads".to_owned())));
        assert_eq!(parse(choice, "raeds"), Err(ParameterError::Choice(&["reads", "writes"])));
    }
}
