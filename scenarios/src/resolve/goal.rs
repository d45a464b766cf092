//! What a sweep must have visited.

use super::expect::variants;
use super::roster::{Cast, Plan};
use super::{Context, duplicate};
use crate::diagnostic::{Diagnostic, Problems, Span};
use crate::format::goal::{GoalTable, SIGHTS};
use crate::format::part::At;
use crate::{Ended, Goal, Sight, Text};
use simlab_core::Goal as Declared;
use std::collections::BTreeMap;

/// The goals of the services, which a storm is to reach, and after them the scenario's own. One of its own
/// takes the place of a service's of the same name.
pub(super) fn goals(context: &Context<'_>, cast: &Cast<'_>, problems: &mut Problems) -> Vec<Goal> {
    let mut goals = Vec::new();
    if let Some(At { value: storm, .. }) = &context.document.storm {
        let unasked = storm.unasked.as_ref().map_or(&[][..], |list| &list.value);
        for name in unasked {
            find(name, cast, problems);
        }
        let all = cast.plans().iter().flat_map(Plan::entries);
        for declared in all.flat_map(|entry| entry.goals) {
            let known = goals.iter().any(|goal: &Goal| goal.name == declared.name);
            if !known && unasked.iter().all(|name| name.value != declared.name) {
                goals.push(of_service(declared, cast));
            }
        }
    }
    let mut named: BTreeMap<String, Span> = BTreeMap::new();
    for At { value: table, span } in context.document.goals.iter().flat_map(|list| &list.value) {
        let Some(goal) = own(table, *span, cast, problems) else { continue };
        let place = table.name.as_ref().map_or(*span, |name| name.span);
        if let Some(first) = named.get(&goal.name) {
            duplicate(problems, "coverage goals", &goal.name, *first, place);
            continue;
        }
        named.insert(goal.name.clone(), place);
        match goals.iter_mut().find(|known| known.name == goal.name) {
            Some(known) => *known = goal,
            None => goals.push(goal),
        }
    }
    goals
}

/// A service's goal, in the variants in which such a service runs.
fn of_service(declared: &Declared, cast: &Cast<'_>) -> Goal {
    Goal {
        name: declared.name.to_owned(),
        words: Text::plain(declared.summary),
        variants: having(declared.name, cast),
        seeds_min: declared.seeds_min,
        sight: Sight::Reached(declared.name.to_owned()),
    }
}

/// The variants in which a service runs that has this goal.
fn having(goal: &str, cast: &Cast<'_>) -> Vec<usize> {
    let plans = cast.plans().iter().enumerate();
    let has = |(index, plan): (usize, &Plan<'_>)| {
        let mut goals = plan.entries().flat_map(|entry| entry.goals);
        goals.any(|declared| declared.name == goal).then_some(index)
    };
    plans.filter_map(has).collect()
}

/// The goal of this name that some service has; it is reported if none has.
fn find<'a>(name: &At<String>, cast: &Cast<'a>, problems: &mut Problems) -> Option<&'a Declared> {
    let mut all: Vec<&Declared> = Vec::new();
    for declared in cast.plans().iter().flat_map(Plan::entries).flat_map(|entry| entry.goals) {
        if !all.iter().any(|known| known.name == declared.name) {
            all.push(declared);
        }
    }
    let found = all.iter().find(|declared| declared.name == name.value).copied();
    if found.is_none() {
        let known = all.iter().map(|declared| declared.name);
        let plural = "coverage goals of its services";
        problems.unknown(name.span, "coverage goal", plural, &name.value, known);
    }
    found
}

fn own(table: &GoalTable, span: Span, cast: &Cast<'_>, problems: &mut Problems) -> Option<Goal> {
    let chosen = variants(table.variants.as_ref(), cast, problems);
    let (sight, declared) = sight(table, span, cast, problems)?;
    let mut missing = |key: &str| {
        let message = format!("a coverage goal needs the key `{key}`");
        problems.push(Diagnostic::at(span, message));
    };
    let name = match (&table.name, declared) {
        (Some(name), _) => name.value.0.clone(),
        (None, Some(declared)) => declared.name.to_owned(),
        (None, None) => {
            missing("name");
            return None;
        }
    };
    let words = match (&table.words, declared) {
        (Some(words), _) => words.value.clone(),
        (None, Some(declared)) => Text::plain(declared.summary),
        (None, None) => {
            missing("words");
            return None;
        }
    };
    let variants = match declared {
        Some(declared) => {
            let having = having(declared.name, cast);
            let both: Vec<usize> = chosen.into_iter().filter(|v| having.contains(v)).collect();
            if let Some(list) = table.variants.as_ref().filter(|_| both.is_empty()) {
                let message =
                    format!("no service of these variants has the goal `{}`", declared.name);
                problems.push(Diagnostic::at(list.span, message));
            }
            both
        }
        None => chosen,
    };
    let seeds_min = table.seeds_min.map(|count| count.value.0);
    let seeds_min = seeds_min.or(declared.map(|declared| declared.seeds_min)).unwrap_or(1);
    Some(Goal { name, words, variants, seeds_min, sight })
}

/// What shows it, and the service's goal if it is one.
fn sight<'a>(
    table: &GoalTable,
    span: Span,
    cast: &Cast<'a>,
    problems: &mut Problems,
) -> Option<(Sight, Option<&'a Declared>)> {
    let GoalTable { reached, note, fault, dropped, outcome, call, returned, .. } = table;
    let given = [
        reached.as_ref().map(|at| at.span),
        note.as_ref().map(|at| at.span),
        fault.as_ref().map(|at| at.span),
        dropped.as_ref().map(|at| at.span),
        outcome.as_ref().map(|at| at.span),
    ];
    let given: Vec<_> =
        SIGHTS.iter().zip(given).filter_map(|(key, span)| span.map(|s| (key, s))).collect();
    match *given {
        [_] => {}
        [] => {
            if !table.unread {
                let message = "it is not said what shows that the goal is reached";
                let label = "expected one of `reached`, `note`, `fault`, `dropped` and `outcome`";
                problems.push(Diagnostic::at(span, message).label(label));
            }
            return None;
        }
        [(a, first), (b, second), ..] => {
            let message = format!("`{a}` and `{b}` exclude each other");
            let diagnostic = Diagnostic::at(second, message).label("another is here");
            problems.push(diagnostic.also(first, "one is here"));
            return None;
        }
    }
    if let Some((key, span)) = table.of_outcomes().filter(|_| outcome.is_none()) {
        problems.push(Diagnostic::at(span, format!("`{key}` goes with `outcome`")));
    }
    if let (Some(outcome), Some(returned)) = (outcome, returned)
        && outcome.value != Ended::Done
    {
        let message = "only what was done returned something";
        let diagnostic = Diagnostic::at(returned.span, message);
        problems.push(diagnostic.also(outcome.span, "expected \"done\""));
    }
    if let Some(reached) = reached {
        let declared = find(reached, cast, problems)?;
        return Some((Sight::Reached(declared.name.to_owned()), Some(declared)));
    }
    let note = note.as_ref().map(|note| Sight::Noted(note.value.clone()));
    let fault = fault.map(|kind| Sight::Hit(kind.value));
    let dropped = dropped.map(|why| Sight::Dropped(why.value));
    let outcome = outcome.map(|how| Sight::Ended {
        how: how.value,
        call: call.map(|call| call.value.0),
        returned: returned.as_ref().map(|value| value.value.clone()),
    });
    Some((note.or(fault).or(dropped).or(outcome)?, None))
}
