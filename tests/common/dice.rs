//! Random numbers for tests, by seed.

use simlab::core::{Choice, NodeId, Point, Seeded, Who};

/// Numbers that the seed says.
pub struct Dice {
    seeded: Seeded,
    thrown: u64,
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice { seeded: Seeded::new(seed), thrown: 0 }
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        let (who, choice) = (Who::Node(NodeId(0)), Choice::Random);
        self.thrown += 1;
        let bits = self.seeded.bits(Point { who, choice, ordinal: self.thrown });
        ((u128::from(bits) * bound as u128) >> 64) as usize
    }
}

/// How often something random is done: `SIMLAB_RUNS` times, if that is set.
pub fn runs(default: u64) -> u64 {
    std::env::var("SIMLAB_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}
