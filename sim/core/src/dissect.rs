//! A datagram in words: what a dissector finds in its bytes.

use std::fmt;
use std::ops::Range;

/// A decoded datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dissection {
    /// The message's type, as in the paper: `prepare`, `accepted`, `gossip`.
    pub kind: String,
    /// The message in one short line, the type included.
    pub summary: String,
    /// Its fields with the bytes they were read from, outermost layer first.
    pub parts: Vec<Part>,
}

/// A field of a datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The field's name.
    pub name: &'static str,
    /// Its value in words.
    pub value: String,
    /// Where it stands in the datagram.
    pub bytes: Range<usize>,
}

impl Dissection {
    /// A message of this kind with this summary and no fields yet.
    pub fn new(kind: impl Into<String>, summary: impl fmt::Display) -> Self {
        Dissection { kind: kind.into(), summary: summary.to_string(), parts: Vec::new() }
    }

    /// Adds a field.
    #[must_use]
    pub fn part(mut self, name: &'static str, value: impl fmt::Display, at: Range<usize>) -> Self {
        self.parts.push(Part { name, value: value.to_string(), bytes: at });
        self
    }
}
