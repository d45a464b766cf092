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

use crate::shrink::{Replayed, fails_too};
use crate::{Catalogue, Diagnostics, Scenario};
use past::Message;
use simlab_core::{Choice, NodeId, Point, Who};
use simlab_sim::Script;
use std::collections::BTreeSet;

/// More sentences than these are no story any more.
pub(crate) const SENTENCES_MAX: usize = 15;

/// So many runs may be made to find out what had to be told to whom.
const RUNS_MAX: u32 = 3_000;

/// The story of a counterexample, a sentence each; nothing if it does not fail any more.
///
/// # Errors
/// If a service refuses the arguments of the scenario.
pub fn narrative(scenario: &Scenario, catalogue: &Catalogue) -> Result<Vec<String>, Diagnostics> {
    let Some(replayed) = Replayed::of(scenario, catalogue)? else { return Ok(Vec::new()) };
    let Some(detail) = &replayed.detail else { return Ok(Vec::new()) };
    // What a checker compares need not have met: who holds a lease knows nothing of another who does.
    let pasts = [past::causal(&replayed.report), past::earlier(&replayed.report)];
    let clients = past::clients(&replayed.report);
    let nodes = scenario.nodes.iter().map(|node| node.id);
    let servers = nodes.filter(|node| !clients.contains(node)).collect();
    let needed = needed(scenario, catalogue, pasts, servers)?;
    Ok(sentences::tell(&replayed.report, &needed, detail))
}

/// The messages without which nothing fails, when only these arrive; if switches are on, without which it is
/// not they that fail.
fn needed(
    scenario: &Scenario,
    catalogue: &Catalogue,
    pasts: [Vec<Message>; 2],
    servers: BTreeSet<NodeId>,
) -> Result<Vec<Message>, Diagnostics> {
    let mut experiment = Experiment { scenario, control: None, catalogue, servers, runs: 0 };
    let [causal, earlier] = pasts;
    let mut suffice = None;
    // Where nothing but this is said it may fail without switches too; then there is no telling by them.
    'all: for control in [control(scenario), None] {
        experiment.control = control;
        for past in [&causal, &earlier] {
            if experiment.fails_with(past)? {
                suffice = Some(past.clone());
                break 'all;
            }
        }
    }
    // Else there is more to it than what is said, as where a message that is lost is sent again.
    let Some(mut kept) = suffice else { return Ok(causal) };
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
    // Who asks again and again asks at other times when answers are lost: so many tell no story.
    Ok(if kept.len() > causal.len().max(SENTENCES_MAX) { causal } else { kept })
}

/// The same without switches, if there are some.
fn control(scenario: &Scenario) -> Option<Scenario> {
    let any = scenario.variants.iter().any(|variant| !variant.switches.is_empty());
    let mut control = scenario.clone();
    control.variants.iter_mut().for_each(|variant| variant.switches.clear());
    any.then_some(control)
}

/// The counterexample with fewer messages.
struct Experiment<'a> {
    scenario: &'a Scenario,
    /// What must not fail.
    control: Option<Scenario>,
    catalogue: &'a Catalogue,
    servers: BTreeSet<NodeId>,
    runs: u32,
}

impl Experiment<'_> {
    /// Whether it fails if of all that servers tell each other only these messages arrive.
    fn fails_with(&mut self, kept: &[Message]) -> Result<bool, Diagnostics> {
        self.runs += 1;
        let mut script = Script { apart: self.servers.clone(), ..Script::default() };
        for &Message { from, to, number: ordinal, .. } in kept {
            let point = Point { who: Who::Link { from, to }, choice: Choice::Lose, ordinal };
            // What the counterexample itself says of a message stays.
            if !self.scenario.decisions.answers.contains_key(&point) {
                script.answers.insert(point, 0);
            }
        }
        let fails = |scenario, script| fails_too(scenario, self.catalogue, script);
        Ok(fails(self.scenario, script.clone())?
            && match &self.control {
                Some(control) => !fails(control, script)?,
                None => true,
            })
    }
}
