//! What the choices of two runs say of why they part.
//!
//! A choice has a name, and is the same choice wherever it comes up in a run. So the answers are
//! compared by name over the whole of both runs: one that is merely asked earlier in one of them
//! explains nothing.

use super::{NAMES, Trace};
use simlab_core::{Point, Time};
use simlab_scenarios::decisions::point_text;
use simlab_scenarios::run::build;
use simlab_scenarios::tracefile::{Compare, Parting};
use simlab_scenarios::{Catalogue, Diagnostics};
use simlab_sim::trace::Names;
use std::collections::BTreeMap;

/// The choices of a run that could have gone otherwise.
struct Made {
    /// Up to where the traces part, in their order.
    before: Vec<Point>,
    /// All of the run, with their answers.
    all: BTreeMap<Point, u64>,
    names: Names,
}

/// Whether a choice explains the parting, found by running both again. `others` is what else the two
/// runs were made of, as far as it differs. Nothing if this build does not make these runs.
pub(super) fn choices(
    traces: &[Trace<'_>; 2],
    catalogue: &Catalogue,
    parting: &Parting,
    others: &[&str],
) -> Result<Option<String>, Diagnostics> {
    // A choice is named by the places of nodes in their list.
    if traces[0].recorded.header.nodes != traces[1].recorded.header.nodes {
        return Ok(None);
    }
    let times = parting.events.iter().flatten().map(|record| record.event().at);
    let until = times.min().unwrap_or(Time::NEVER);
    let Some(first) = made(&traces[0], catalogue, until)? else { return Ok(None) };
    let Some(second) = made(&traces[1], catalogue, until)? else { return Ok(None) };
    let runs = [first, second];
    let because = match others {
        [] => String::new(),
        others => format!("; the two differ in: {}", others.join(", ")),
    };
    // An answer from outside explains more than what it led to; a choice that both made explains
    // more than one that only one of them came to.
    let scripted = |point: &Point| {
        let answer =
            |trace: &Trace<'_>| trace.recorded.script.as_ref()?.answers.get(point).copied();
        answer(&traces[0]) != answer(&traces[1])
    };
    let shared = |point: &Point| runs.iter().all(|run| run.all.contains_key(point));
    let differs = |point: &Point| runs[0].all.get(point) != runs[1].all.get(point);
    let differing = || in_turn(&runs).filter(|(_, point)| differs(point));
    let found = differing().find(|(_, point)| scripted(point));
    if let Some((n, point)) = found.or_else(|| differing().find(|(_, point)| shared(point))) {
        let [one, other] = [0, 1].map(|run: usize| match runs[run].all.get(&point) {
            Some(answer) => answer.to_string(),
            None => "not chosen".to_owned(),
        });
        let what = point_text(&point, &runs[n].names);
        let text = format!("in the first it is {one}, in the second it is {other}");
        return Ok(Some(format!("the first choice that differs, `{what}`: {text}{because}")));
    }
    let Some((n, point)) = differing().next() else {
        return Ok(Some(format!("no choice up to there differs{because}")));
    };
    let (what, name) = (point_text(&point, &runs[n].names), NAMES[n]);
    let answer = runs[n].all.get(&point).copied().unwrap_or_default();
    Ok(Some(format!(
        "no choice that both made up to there differs, and `{what}` (it is {answer}) is chosen in the \
         {name} alone{because}"
    )))
}

/// The choices of both runs up to the parting, the first of both before the second of both.
fn in_turn(runs: &[Made; 2]) -> impl Iterator<Item = (usize, Point)> {
    let most = runs[0].before.len().max(runs[1].before.len());
    let both = |at: usize| [0, 1].map(|n| Some((n, *runs[n].before.get(at)?)));
    (0..most).flat_map(both).flatten()
}

/// Makes a run again, and keeps its choices; nothing if another run comes out.
fn made(
    trace: &Trace<'_>,
    catalogue: &Catalogue,
    until: Time,
) -> Result<Option<Made>, Diagnostics> {
    let Some(setup) = trace.setup(catalogue) else { return Ok(None) };
    let mut world = build(setup)?;
    if let Some(script) = &trace.recorded.script {
        world.follow(script.clone());
    }
    world.record_decisions();
    let compare = Compare::on(&mut world, trace.path)?;
    let end = setup.scenario.until;
    world.run_until(until.min(end));
    let before = world.decisions().unwrap_or_default().iter().map(|(point, _)| *point).collect();
    world.run_until(end);
    if compare.finish()?.is_some() {
        return Ok(None);
    }
    let all = world.decisions().unwrap_or_default().iter().copied().collect();
    Ok(Some(Made { before, all, names: world.names().clone() }))
}
