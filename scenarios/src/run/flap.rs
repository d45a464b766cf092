//! When faults hold: a flap comes and goes as the seed draws it.

use super::Setup;
use crate::{Fault, Flap};
use rand::Rng;
use simlab_core::{Duration, Time, stream};

impl Setup<'_> {
    /// When a fault of this run holds: from when until when, in order, without overlap. Without an
    /// end it outlasts the run. Only a flap holds more than once; it has a stream of its own, named
    /// by what it is, so that another fault never shifts what it draws.
    #[must_use]
    pub fn spells(&self, fault: &Fault) -> Vec<(Time, Option<Time>)> {
        let Some(Flap { down, up }) = fault.flap else { return vec![(fault.at, fault.until)] };
        let name = |node: simlab_core::NodeId| {
            self.scenario.nodes.get(node.index()).map_or(String::new(), |node| node.name.clone())
        };
        let label = format!("flap from {}: {}", fault.at, fault.in_words(&name));
        let mut stream = stream(self.seed, &label);
        // A length of zero would never get to the end.
        let mut draw = |lengths: simlab_core::Distribution| {
            lengths.sample(stream.next_u64()).max(Duration::from_micros(1))
        };
        let end = fault.until.unwrap_or(self.scenario.until);
        let (mut spells, mut at) = (Vec::new(), fault.at);
        while at < end {
            let healed = at + draw(down);
            spells.push((at, if healed < end { Some(healed) } else { fault.until }));
            at = healed + draw(up);
        }
        spells
    }
}
