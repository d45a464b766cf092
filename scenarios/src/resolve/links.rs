//! What the links are like.

use super::Context;
use crate::Network;
use crate::diagnostic::{Diagnostic, Problems};
use crate::network::Rule;
use simlab_sim::LinkSpec;
use std::collections::BTreeMap;

/// How many pairs of nodes all rules can name together.
const PAIRS_MAX: usize = 1_000_000;

pub(super) fn network(context: &mut Context<'_>, problems: &mut Problems) -> Network {
    let table = context.document.network.as_ref().map(|table| &table.value);
    let mut default = LinkSpec::default();
    if let Some(link) = table.and_then(|t| t.default.as_ref()) {
        link.value.patch(problems).apply(&mut default);
    }
    for link in &context.settings.default {
        link.patch(problems).apply(&mut default);
    }
    let mut same_site = default;
    if let Some(link) = table.and_then(|t| t.same_site.as_ref()) {
        link.value.patch(problems).apply(&mut same_site);
    }
    for link in &context.settings.same_site {
        link.patch(problems).apply(&mut same_site);
    }
    let numbers: BTreeMap<String, u32> = context.names.sites().into_keys().zip(0..).collect();
    let site = |table: &crate::format::cast::NodeTable| {
        table.site.as_ref().and_then(|site| numbers.get(&site.value.0).copied())
    };
    let sites = context.names.nodes.iter().map(|(_, table)| site(table)).collect();
    let rules = rules(context, problems);
    Network { default, same_site, sites, rules }
}

fn rules(context: &mut Context<'_>, problems: &mut Problems) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut pairs = 0;
    let table = context.document.network.as_ref().and_then(|table| table.value.links.as_ref());
    for rule in table.iter().flat_map(|list| &list.value) {
        let table = &rule.value;
        let (Some(from), Some(to)) = (&table.from, &table.to) else { continue };
        let before = problems.count();
        let (from_set, to_set) =
            (context.names.set(&from.value, problems), context.names.set(&to.value, problems));
        if problems.count() > before {
            continue;
        }
        if from_set.len() == 1 && from_set == to_set {
            let message = "this rule is about the link of a node to itself, which is perfect";
            problems.push(Diagnostic::at(to.span, message));
        }
        pairs += from_set.len() * to_set.len();
        if pairs > PAIRS_MAX {
            let message = format!("the rules of this file name over {PAIRS_MAX} links");
            problems.push(Diagnostic::at(from.span, message));
            break;
        }
        let both = table.both.as_ref().is_some_and(|both| both.value);
        rules.push(Rule { from: from_set, to: to_set, both, patch: table.patch(problems) });
    }
    rules
}
