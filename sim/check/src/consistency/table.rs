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
pub const CONSISTENCIES: &[Consistency] = &[
    Consistency {
        name: "linearizable",
        summary: "one order of all operations, in real time",
        source: "Herlihy, Wing: Linearizability: A Correctness Condition for Concurrent Objects, 1990",
        implies: &["sequential", "convergence", "fresh"],
    },
    Consistency {
        name: "sequential",
        summary: "one order of all operations, those of each session in its order",
        source: "Lamport: How to Make a Multiprocessor Computer That Correctly Executes \
                 Multiprocess Programs, 1979",
        implies: &["causal"],
    },
    Consistency {
        name: "causal",
        summary: "every session sees all writes in an order that puts causes before effects",
        source: "Ahamad, Neiger, Burns, Kohli, Hutto: Causal memory: definitions, implementation, \
                 and programming, 1995",
        implies: &["pram", "writes-follow-reads"],
    },
    Consistency {
        name: "pram",
        summary: "every session sees the writes of each session in its order",
        source: "Lipton, Sandberg: PRAM: A Scalable Shared Memory, 1988",
        implies: &["read-your-writes", "monotonic-writes"],
    },
    Consistency {
        name: "writes-follow-reads",
        summary: "who sees a write does not see anything older than what its writer had read",
        source: "Terry et al.: Session Guarantees for Weakly Consistent Replicated Data, 1994",
        implies: &["monotonic-reads"],
    },
    Consistency {
        name: "read-your-writes",
        summary: "a session reads what it wrote, or something newer",
        source: "Terry et al.: Session Guarantees for Weakly Consistent Replicated Data, 1994",
        implies: &[],
    },
    Consistency {
        name: "monotonic-writes",
        summary: "who sees a write has seen all that its session had written before",
        source: "Terry et al.: Session Guarantees for Weakly Consistent Replicated Data, 1994",
        implies: &["monotonic-reads"],
    },
    Consistency {
        name: "monotonic-reads",
        summary: "a session does not read something older than it read before",
        source: "Terry et al.: Session Guarantees for Weakly Consistent Replicated Data, 1994",
        implies: &[],
    },
    Consistency {
        name: "convergence",
        summary: "when nothing is written any more, all sessions read the same at last",
        source: "Vogels: Eventually Consistent, 2009",
        implies: &[],
    },
    Consistency {
        name: "fresh",
        summary: "no read misses a write that had returned before it began",
        source: "Aiyer, Alvisi, Bazzi: On the Availability of Non-strict Quorum Systems, 2005; \
                 Golab, Li, Shah: Analyzing consistency properties for fun and profit, 2011",
        implies: &[],
    },
];

impl Consistency {
    /// All weaker ones, in the order of [`CONSISTENCIES`].
    #[must_use]
    pub fn weaker(&self) -> Vec<&'static Consistency> {
        let mut implied: Vec<&str> = self.implies.to_vec();
        // A model comes after all that imply it, so that one pass finds all.
        let mut weaker = Vec::new();
        for consistency in CONSISTENCIES {
            if implied.contains(&consistency.name) {
                implied.extend(consistency.implies);
                weaker.push(consistency);
            }
        }
        weaker
    }
}

/// A consistency model by its name.
///
/// # Errors
/// If there is none of that name.
pub fn consistency(name: &str) -> Result<&'static Consistency, ModelError> {
    let found = CONSISTENCIES.iter().find(|consistency| consistency.name == name);
    found.ok_or_else(|| ModelError::Unknown { name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_comes_before_what_it_implies() {
        for (i, stronger) in CONSISTENCIES.iter().enumerate() {
            assert_eq!(consistency(stronger.name).map(|found| found.name), Ok(stronger.name));
            for name in stronger.implies {
                assert!(CONSISTENCIES[i + 1..].iter().any(|weaker| weaker.name == *name), "{name}");
            }
        }
        assert!(consistency("strong").is_err());
    }

    #[test]
    fn what_is_implied_by_what_is_implied_is_weaker_too() {
        let weaker = |name| -> Vec<&str> {
            let model = consistency(name).expect("it is in the table");
            model.weaker().iter().map(|weaker| weaker.name).collect()
        };
        assert_eq!(weaker("linearizable").len(), CONSISTENCIES.len() - 1);
        assert_eq!(weaker("writes-follow-reads"), ["monotonic-reads"]);
        assert_eq!(weaker("pram"), ["read-your-writes", "monotonic-writes", "monotonic-reads"]);
    }
}
