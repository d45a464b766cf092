//! The choices that a scenario answers itself, and what it says of itself as a counterexample.

use super::Context;
use crate::Counterexample;
use crate::diagnostic::{Diagnostic, Problems};
use crate::format::decisions::AnswerTable;
use crate::format::part::At;
use simlab_core::{NodeId, Point, Who};
use simlab_sim::Script;
use std::collections::BTreeMap;

pub(super) fn decisions(context: &Context<'_>, problems: &mut Problems) -> Script {
    let mut script = Script::default();
    let Some(At { value: table, .. }) = &context.document.decisions else { return script };
    script.rest = table.rest.map_or(script.rest, |rest| rest.value);
    let mut seen = BTreeMap::new();
    for At { value: table, span } in table.answers.iter().flat_map(|list| &list.value) {
        let who = table.who.as_ref().and_then(|_| who(table, context, problems));
        let AnswerTable { choice, ordinal, answer, .. } = table;
        let (Some(who), Some(choice), Some(ordinal), Some(answer)) = (who, choice, ordinal, answer)
        else {
            continue;
        };
        let point = Point { who, choice: choice.value, ordinal: ordinal.value.0 };
        if let Some(first) = seen.insert(point, *span) {
            let diagnostic = Diagnostic::at(*span, "this choice is answered twice");
            problems.push(diagnostic.label("again").also(first, "first"));
        }
        script.answers.insert(point, answer.value.0);
    }
    script
}

/// Whose choice it is.
fn who(table: &AnswerTable, context: &Context<'_>, problems: &mut Problems) -> Option<Who> {
    let At { value: text, span } = table.who.as_ref()?;
    let mut node = |name: &str| -> Option<NodeId> {
        let found = context.names.node(name);
        if found.is_none() {
            let known = context.names.of_nodes();
            problems.unknown(*span, "node", "nodes", name, known);
        }
        found
    };
    match text.split_once("->") {
        Some((from, to)) => {
            let (from, to) = (node(from), node(to));
            Some(Who::Link { from: from?, to: to? })
        }
        None => Some(Who::Node(node(text)?)),
    }
}

pub(super) fn counterexample(context: &Context<'_>) -> Option<Counterexample> {
    let table = &context.document.counterexample.as_ref()?.value;
    Some(Counterexample {
        of: table.of.as_ref()?.value.0.clone(),
        seed: table.seed?.value.0,
        check: table.check.as_ref()?.value.0.clone(),
        trace_hash: table.trace_hash?.value.0,
        detail: table.detail.as_ref().map_or_else(String::new, |detail| detail.value.clone()),
    })
}
