//! The names of the consistency models.

use crate::ModelError;

/// A consistency model.
#[derive(Clone, Copy, Debug)]
pub struct Consistency {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it promises, in one line.
    pub summary: &'static str,
    /// Who defined it, and where.
    pub source: &'static str,
    /// The next weaker ones.
    pub implies: &'static [&'static str],
}

/// All of them, the stronger ones first.
pub const CONSISTENCIES: &[Consistency] = &[Consistency {
    name: "linearizable",
    summary: "one order of all operations, in real time",
    source: "Herlihy, Wing: Linearizability: A Correctness Condition for Concurrent Objects, 1990",
    implies: &[],
}];

/// A consistency model by its name.
///
/// # Errors
/// If there is none of that name.
pub fn consistency(name: &str) -> Result<&'static Consistency, ModelError> {
    let found = CONSISTENCIES.iter().find(|consistency| consistency.name == name);
    found.ok_or_else(|| ModelError::Unknown { name: name.to_owned() })
}
