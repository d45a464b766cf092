//! What the log is of: a state machine that every node has.

use std::fmt::Debug;
use std::hash::Hash;

/// A deterministic state machine: the same commands in the same order come to the same on every node (§2.1).
pub trait Machine: Clone + Debug + Hash + Send + 'static {
    /// What comes of a command.
    type Answer: Clone + Debug + Hash + Send + 'static;

    /// Applies a committed command, which has this place in the log. What cannot be read changes nothing.
    fn apply(&mut self, index: u64, command: &[u8]) -> Self::Answer;

    /// A digest of all that it is, for checks: asked for after each command, so it is kept up and not made anew.
    fn digest(&self) -> u64;

    /// All that it is; of equal states the same bytes, as a leader may go on with the parts of a snapshot that another has
    /// sent.
    fn snapshot(&self) -> Vec<u8>;

    /// Becomes what a snapshot says; whether that could be read. If not, nothing changes.
    fn restore(&mut self, snapshot: &[u8]) -> bool;
}
