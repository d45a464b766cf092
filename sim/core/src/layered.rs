//! What the lab knows of a layer beside what it knows of every entry.

use crate::{Argument, Arguments, BuildError, Duration, FaultKind, Layer, Part, Ratio};
use std::collections::BTreeMap;

/// Makes a layer of one node, from what is known of the node and the layer's own arguments.
pub type BuildLayer = fn(&Arguments<'_>, &Layered) -> Result<Box<dyn Layer>, BuildError>;

/// Reads a layer's part of a frame as it came from below; `None` if it is not a frame of it. A frame
/// that is damaged should be read as far as it can be.
pub type Peel = fn(&[u8]) -> Option<Peeled>;

/// Computes anew, in a frame that was edited, whatever of the layer's needs no key: what an adversary on the
/// way can do as well. The frame may be anything, and keeps its length.
pub type Repair = fn(&mut [u8]);

/// What a layer has beside what every entry has.
#[derive(Clone, Copy, Debug)]
pub struct LayerEntry {
    /// Makes a layer of one node.
    pub build: BuildLayer,
    /// Reads its part of a frame.
    pub peel: Option<Peel>,
    /// Repairs its part of a frame; `None` if that takes a key, or there is nothing to repair.
    pub repair: Option<Repair>,
    /// The kinds of fault of links that it keeps from what stands on it, in the way that a service
    /// need not tolerate them: it may turn them into others (a damaged datagram into a lost one).
    pub shields: &'static [FaultKind],
    /// The group of fields in which it is shown; `None` for its own name. Layers that do the same in
    /// several ways are compared by a common one.
    pub shown_as: Option<&'static str>,
}

/// A frame without what a layer added to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peeled {
    /// The layer's own type of frame: `acknowledgement`, `fragment`.
    pub kind: &'static str,
    /// What the frame is to the layer, in one short line; may be empty if it only carries another.
    pub summary: String,
    /// The layer's fields with the bytes that they were read from.
    pub parts: Vec<Part>,
    /// How many of the first bytes are the frame of the layer above; `None` if there is none, or it is
    /// not to be read.
    pub inner: Option<usize>,
}

/// A layer of a node, and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layered {
    /// The name of its entry.
    pub name: &'static str,
    /// Its arguments, by parameter; complete.
    pub arguments: BTreeMap<&'static str, Argument>,
}

impl Layered {
    fn argument(&self, parameter: &str) -> &Argument {
        let value = self.arguments.get(parameter);
        value.unwrap_or_else(|| panic!("{} declares no parameter {parameter:?}", self.name))
    }

    /// A duration, or a time-out where [`Duration::FOREVER`] stands for `never`.
    ///
    /// # Panics
    /// If the entry declares no such parameter: a fault of the entry, not of the scenario. The same
    /// holds for the methods below.
    #[must_use]
    pub fn duration(&self, parameter: &str) -> Duration {
        self.argument(parameter).duration(parameter)
    }

    /// A whole number.
    #[must_use]
    pub fn count(&self, parameter: &str) -> u64 {
        self.argument(parameter).count(parameter)
    }

    /// A probability.
    #[must_use]
    pub fn probability(&self, parameter: &str) -> Ratio {
        self.argument(parameter).probability(parameter)
    }

    /// A truth value.
    #[must_use]
    pub fn flag(&self, parameter: &str) -> bool {
        self.argument(parameter).flag(parameter)
    }

    /// A text.
    #[must_use]
    pub fn text(&self, parameter: &str) -> &str {
        self.argument(parameter).text(parameter)
    }
}
