//! From one seed to many independent streams.

use crate::Digest;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// The generator for one concern of a run, named by `label`. Streams with different labels are
/// independent, so that a new concern never shifts the draws of another.
///
/// It serves rare, wholesale draws (the keys of the decision point, a workload); single decisions
/// of a run go through [`Decide`](crate::Decide).
#[must_use]
pub fn stream(seed: u64, label: &str) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&Digest::of(label.as_bytes()).to_le_bytes());
    key[16..].copy_from_slice(b"simlab stream v1");
    ChaCha8Rng::from_seed(key)
}
