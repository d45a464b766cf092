//! Events in words, wherever they come from.

use crate::run::Setup;
use simlab_core::{Dissection, NodeId, Time, TraceEvent};
use simlab_sim::trace::{Describe, Names, line};

/// Names and dissectors of a run, for the formatter. Without a setup nobody can read datagrams.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// The names of the run.
    pub names: &'a Names,
    /// Which run it is.
    pub setup: Option<Setup<'a>>,
}

impl Describe for Words<'_> {
    fn names(&self) -> &Names {
        self.names
    }
    fn dissect(&self, from: NodeId, to: NodeId, bytes: &[u8]) -> Option<Dissection> {
        self.setup.as_ref()?.dissect(from, to, bytes)
    }
    fn layer(&self, node: NodeId, place: usize) -> Option<&str> {
        let Setup { scenario, variant, .. } = self.setup.as_ref()?;
        let member = scenario.variants.get(*variant)?.roster.get(node.index())?;
        member.stack.get(place).map(|layered| layered.name)
    }
}

impl Words<'_> {
    /// An event in one line, with its time, its number and its cause.
    #[must_use]
    pub fn line(&self, event: &TraceEvent<'_>) -> String {
        let cause = event.cause.map(|cause| format!("<-{cause}")).unwrap_or_default();
        let (at, seq) = (event.at, event.seq);
        let words = line(event, self);
        format!("{:>13} {seq:>8} {cause:<10} {words}", seconds(at))
    }
}

/// A time in seconds with all digits, so that columns stand below each other.
#[must_use]
pub fn seconds(at: Time) -> String {
    format!("{}.{:09}", at.nanos() / 1_000_000_000, at.nanos() % 1_000_000_000)
}
