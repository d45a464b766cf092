//! A counterexample in plain words: what had to happen so that it fails.
//!
//! ```text
//!   the run ─▶ the causal past of what fails ─▶ the messages in it that suffice ─▶ sentences
//! ```
//!
//! Which messages had to arrive is found by experiment: all that nodes tell each other is lost, but for a set of
//! messages of which none can be left out any more (minimal evidence, as for a history). What clients ask and
//! are told, what is done to the world, and the choices that the counterexample answers belong to the story in any case:
//! without them it would have become smaller.

mod past;
mod sentences;

use crate::shrink::Replayed;
use crate::{Catalogue, Diagnostics, Scenario};
use past::Message;
use simlab_core::{Choice, NodeId, Point, Who};
use simlab_sim::Script;
use std::collections::{BTreeMap, BTreeSet};

/// More sentences than these are no story any more.
pub(crate) const SENTENCES_MAX: usize = 15;

/// So many runs may be made to find out what had to be told to whom.
const RUNS_MAX: u32 = 3_000;

/// How many datagrams of a link are lost after the last one that it carried: those that would repeat them.
const REPEATED: u64 = 64;

/// The story of a counterexample, a sentence each; nothing if it does not fail any more.
///
/// # Errors
/// If a service refuses the arguments of the scenario.
pub fn narrative(scenario: &Scenario, catalogue: &Catalogue) -> Result<Vec<String>, Diagnostics> {
    let Some(replayed) = Replayed::of(scenario, catalogue)? else { return Ok(Vec::new()) };
    let Some(detail) = &replayed.detail else { return Ok(Vec::new()) };
    let messages = past::messages(&replayed.report);
    let links = past::links(&replayed.report);
    let needed = needed(scenario, catalogue, &messages, links)?;
    Ok(sentences::tell(&replayed.report, &needed, detail))
}

/// The messages without which nothing fails, when only these arrive.
fn needed(
    scenario: &Scenario,
    catalogue: &Catalogue,
    messages: &[Message],
    links: BTreeMap<(NodeId, NodeId), u64>,
) -> Result<Vec<Message>, Diagnostics> {
    let mut experiment = Experiment { scenario, catalogue, links, runs: 0 };
    let mut kept = messages.to_vec();
    if !experiment.fails_with(&kept)? {
        // What is repeated plays a part.
        return Ok(kept);
    }
    let mut chunk = kept.len();
    while chunk > 0 {
        let mut end = kept.len();
        while end > 0 && experiment.runs < RUNS_MAX {
            let begin = end.saturating_sub(chunk);
            let mut fewer = kept.clone();
            fewer.drain(begin..end);
            if experiment.fails_with(&fewer)? {
                kept = fewer;
            }
            end = begin.min(kept.len());
        }
        chunk = if chunk == 1 { 0 } else { chunk.min(kept.len()).div_ceil(2) };
    }
    Ok(kept)
}

/// The counterexample with fewer messages.
struct Experiment<'a> {
    scenario: &'a Scenario,
    catalogue: &'a Catalogue,
    /// The links between servers, each with the number of its last datagram.
    links: BTreeMap<(NodeId, NodeId), u64>,
    runs: u32,
}

impl Experiment<'_> {
    /// Whether it fails in the same way if of the messages only these arrive.
    fn fails_with(&mut self, kept: &[Message]) -> Result<bool, Diagnostics> {
        self.runs += 1;
        let kept: BTreeSet<(NodeId, NodeId, u64)> =
            kept.iter().map(|m| (m.from, m.to, m.number)).collect();
        let mut script = Script::default();
        for (&(from, to), &last) in &self.links {
            for ordinal in 0..=last + REPEATED {
                let point = Point { who: Who::Link { from, to }, choice: Choice::Lose, ordinal };
                // What the counterexample itself says of a message stays.
                let said = self.scenario.decisions.answers.contains_key(&point);
                if !said && !kept.contains(&(from, to, ordinal)) {
                    script.answers.insert(point, 1);
                }
            }
        }
        crate::shrink::fails_too(self.scenario, self.catalogue, script)
    }
}
