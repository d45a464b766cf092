//! What a run broke, and whether anybody had promised it.

use super::{Status, VariantReport};
use crate::Quantifier;
use crate::checks::Observed;
use simlab_core::{NodeId, OpId, Seq, Time};

/// The promise of which [`Break`] speaks when a history has no order.
const LINEARIZABLE: &str = "linearizable";

/// What a scenario says of a promise that a run broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nothing: nobody promised it.
    Nothing,
    /// That some seeds may break it.
    Allowed,
    /// That it breaks.
    Expected,
    /// That it holds.
    Denied,
}

/// Where a run broke a promise, expected or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// The invariant; `None` if it is the history that has no order.
    pub invariant: Option<&'static str>,
    /// The operation that no order explains, if it is the history.
    pub op: Option<OpId>,
    /// Where, if it concerns one node.
    pub node: Option<NodeId>,
    /// When.
    pub at: Time,
    /// The record that shows it.
    pub seq: Seq,
    /// Why it is a break, in one sentence.
    pub why: String,
    /// What the scenario says of it.
    pub claim: Claim,
}

impl VariantReport<'_> {
    /// Where the history first broke, and where each invariant did, in the order of the run.
    #[must_use]
    pub fn breaks(&self) -> Vec<Break> {
        let history = self.first_break.as_ref().map(|first| Break {
            invariant: None,
            op: Some(first.op),
            node: Some(first.op.node()),
            at: first.at,
            seq: first.seq,
            why: first.why.clone(),
            claim: self.claim(LINEARIZABLE),
        });
        let mut all: Vec<Break> = history.into_iter().collect();
        // What no check speaks of is a failure, and told as one.
        for finding in self.run.world.findings() {
            let judged = self.checks.iter().any(|check| check.check == finding.name);
            // Who went along has objected where the history breaks.
            let told = finding.name == LINEARIZABLE && self.first_break.is_some();
            if judged && !told && !all.iter().any(|known| known.invariant == Some(finding.name)) {
                all.push(Break {
                    invariant: Some(finding.name),
                    op: None,
                    node: finding.node,
                    at: finding.at,
                    seq: finding.seq,
                    why: finding.detail.clone(),
                    claim: self.claim(finding.name),
                });
            }
        }
        all.sort_by_key(|one| one.seq);
        all
    }

    /// The record that shows that an expectation, an invariant or a finding of this name failed, if that was at a
    /// moment.
    pub(crate) fn broke(&self, name: &str) -> Option<Seq> {
        let check = self.checks.iter().find(|check| check.name == name).map(|check| check.check);
        let about = check.unwrap_or(name);
        let is_it = |one: &Break| one.invariant.unwrap_or(LINEARIZABLE) == about;
        let judged = self.breaks().into_iter().find(is_it).map(|one| one.seq);
        let found = || self.findings.iter().find(|finding| finding.name == name);
        judged.or_else(|| found().map(|finding| finding.seq))
    }

    /// What the scenario says of a check that was seen not to hold.
    fn claim(&self, check: &str) -> Claim {
        let broken = |c: &&super::CheckReport| c.observed == Observed::Truth(false);
        let about = || self.checks.iter().filter(|c| c.check == check).filter(broken);
        if about().any(|c| c.status == Status::Failed) {
            Claim::Denied
        } else if about().any(|c| c.quantifier != Quantifier::Sometimes) {
            Claim::Expected
        } else if about().next().is_some() {
            Claim::Allowed
        } else {
            Claim::Nothing
        }
    }

    /// The verdict on the history as words for tables: `NO` alone is a failure.
    #[must_use]
    pub fn linearizable_word(&self) -> &'static str {
        match (self.linearizable, self.claim(LINEARIZABLE)) {
            (Some(true), _) => "yes",
            (Some(false), Claim::Denied) => "NO",
            (Some(false), Claim::Expected) => "NO (expected)",
            (Some(false), Claim::Allowed) => "NO (allowed)",
            (Some(false), Claim::Nothing) => "NO (no claim)",
            (None, _) => "unknown",
        }
    }
}
