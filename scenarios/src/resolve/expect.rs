//! What is expected of which variants.

use super::parameter::{Values, default};
use super::roster::{Cast, Plan};
use super::{Context, duplicate, text};
use crate::diagnostic::{Diagnostic, Problems, Span};
use crate::format::expect::ExpectTable;
use crate::format::part::At;
use crate::format::scalar::Names;
use crate::{CheckSignature, Expectation, Expected, Quantifier};
use simlab_core::{Argument, ParameterKind};
use std::collections::BTreeMap;

pub(super) fn expectations(
    context: &Context<'_>,
    cast: &Cast<'_>,
    problems: &mut Problems,
) -> Vec<Expectation> {
    let document = context.document;
    let mut reader = Expecting { context, cast, problems, values: Values::default() };
    let mut named: BTreeMap<(usize, String), Span> = BTreeMap::new();
    let mut expectations = Vec::new();
    for table in document.expect.iter().flat_map(|list| &list.value) {
        let Some(expectation) = reader.expectation(&table.value) else { continue };
        let name = table.value.name.as_ref().map(|name| name.span);
        let check = table.value.check.as_ref().map(|check| check.span);
        let span = name.or(check).unwrap_or(table.span);
        for variant in &expectation.variants {
            let key = (*variant, expectation.name.clone());
            if let Some(first) = named.get(&key) {
                let what = "expectations of a variant";
                duplicate(reader.problems, what, &expectation.name, *first, span);
                break;
            }
            named.insert(key, span);
        }
        expectations.push(expectation);
    }
    expectations
}

/// The variants of this list, as indices; without a list all of them.
pub(super) fn variants(
    list: Option<&At<Names>>,
    cast: &Cast<'_>,
    problems: &mut Problems,
) -> Vec<usize> {
    let plans = cast.plans();
    let Some(list) = list else { return (0..plans.len()).collect() };
    let mut variants = Vec::new();
    for At { value: name, span } in &list.value.0 {
        match plans.iter().position(|plan| plan.name == name.0) {
            Some(index) => variants.push(index),
            // Only the variants that could be read are known.
            None if plans.iter().any(|plan| plan.name.is_empty()) => {}
            None => {
                let known = plans.iter().map(|plan| plan.name);
                problems.unknown(*span, "variant", "variants", &name.0, known);
            }
        }
    }
    variants.sort_unstable();
    variants
}

struct Expecting<'c, 'a> {
    context: &'c Context<'a>,
    cast: &'c Cast<'a>,
    problems: &'c mut Problems,
    values: Values,
}

impl Expecting<'_, '_> {
    fn expectation(&mut self, table: &ExpectTable) -> Option<Expectation> {
        let variants = variants(table.variants.as_ref(), self.cast, self.problems);
        let wanted = self.quantifier(table);
        let check = table.check.as_ref()?;
        let signature = self.signature(check, &variants)?;
        let arguments = self.arguments(table, &signature, check.span);
        let (quantifier, expected) = wanted?;
        match (signature.figure, expected.value) {
            (true, Expected::Truth(_)) => {
                let message = format!("`{}` is a figure", signature.name);
                let label = "expected an integer or a string such as \">= 1\"";
                self.problems.push(Diagnostic::at(expected.span, message).label(label));
            }
            (false, Expected::Figure { .. }) => {
                let message = format!("`{}` is true or false", signature.name);
                let label = "expected true or false";
                self.problems.push(Diagnostic::at(expected.span, message).label(label));
            }
            _ => {}
        }
        let name = table.name.as_ref().map_or(signature.name, |name| &name.value.0).to_owned();
        let (expected, why) = (expected.value, text(table.why.as_ref()));
        let check = signature.name;
        Some(Expectation { name, check, variants, arguments, quantifier, expected, why })
    }

    fn quantifier(&mut self, table: &ExpectTable) -> Option<(Quantifier, At<Expected>)> {
        let given: Vec<_> = [
            (Quantifier::Always, &table.always),
            (Quantifier::Never, &table.never),
            (Quantifier::Sometimes, &table.sometimes),
        ]
        .into_iter()
        .filter_map(|(quantifier, expected)| Some((quantifier, (*expected)?)))
        .collect();
        match *given {
            [only] => Some(only),
            [] => {
                // One that cannot be read was reported; none at all was not.
                if !table.unread {
                    let message = "it is not said what is expected";
                    let label = "expected one of `always`, `never` and `sometimes`";
                    self.problems.push(Diagnostic::at(table.span, message).label(label));
                }
                None
            }
            [(a, first), (b, second), ..] => {
                let message = format!("`{}` and `{}` exclude each other", a.name(), b.name());
                let diagnostic = Diagnostic::at(second.span, message).label("another is here");
                self.problems.push(diagnostic.also(first.span, "one is here"));
                None
            }
        }
    }

    /// The check of this name, or the invariant that all services of the variants together have.
    fn signature<'p>(
        &'p mut self,
        check: &At<String>,
        variants: &[usize],
    ) -> Option<CheckSignature> {
        let name = check.value.as_str();
        if let Some(signature) = self.context.catalogue.check(name) {
            return Some(*signature);
        }
        let plans = self.cast.plans();
        let invariants = |plan: &'p Plan<'_>| plan.entries().flat_map(|entry| entry.invariants);
        let found = plans.iter().flat_map(invariants).find(|invariant| invariant.name == name);
        let Some(found) = found else {
            let checks = self.context.catalogue.checks.iter().map(|c| c.name);
            let known = checks.chain(plans.iter().flat_map(invariants).map(|i| i.name));
            self.problems.unknown(check.span, "check", "checks", name, known);
            return None;
        };
        let mut chosen = variants.iter().filter_map(|index| plans.get(*index));
        if let Some(without) = chosen.find(|plan| !invariants(plan).any(|i| i.name == name)) {
            let message = format!("no service of variant `{}` has this invariant", without.name);
            let help = "say of which variants it is expected: variants = […]";
            self.problems.push(Diagnostic::at(check.span, message).help(help));
        }
        let (name, summary) = (found.name, found.summary);
        Some(CheckSignature { name, summary, figure: false, parameters: &[] })
    }

    fn arguments(
        &mut self,
        table: &ExpectTable,
        check: &CheckSignature,
        span: Span,
    ) -> BTreeMap<&'static str, Argument> {
        let given = table.with.as_ref().map(|with| &with.value.0);
        for (parameter, (key, _)) in given.into_iter().flatten() {
            if !check.parameters.iter().any(|p| p.name == parameter) {
                let what = format!("parameter of `{}`:", check.name);
                let known = check.parameters.iter().map(|p| p.name);
                self.problems.unknown(*key, &what, "parameters", parameter, known);
            }
        }
        let names = &self.context.names;
        let mut arguments = BTreeMap::new();
        for parameter in check.parameters {
            let argument = match given.and_then(|given| given.get(parameter.name)) {
                Some((_, value)) => {
                    if parameter.kind == ParameterKind::Text {
                        self.check_name(parameter.name, &value.value.text, value.span);
                    }
                    self.values.read(value, check.name, parameter, names, self.problems)
                }
                None => {
                    let default = default(parameter, names);
                    if default.is_none() {
                        let message =
                            format!("`{}` needs the parameter `{}`", check.name, parameter.name);
                        self.problems.push(
                            Diagnostic::at(span, message)
                                .help(format!(
                                    "`{}`: {} ({})",
                                    parameter.name, parameter.help, parameter.kind
                                ))
                                .help(format!("give it as `with = {{ {} = … }}`", parameter.name)),
                        );
                    }
                    default
                }
            };
            arguments.extend(argument.map(|argument| (parameter.name, argument)));
        }
        arguments
    }

    /// Reports a site or object that does not exist: checks take them as texts.
    fn check_name(&mut self, parameter: &str, name: &str, span: Span) {
        let (names, objects) = (&self.context.names, &self.context.objects);
        match parameter {
            "site" if !names.is_place(name) => {
                let known = names.of_places();
                self.problems.unknown(span, "site or node", "sites and nodes", name, known);
            }
            "object" if objects.complete && !objects.by_name.contains_key(name) => {
                let known = objects.by_name.keys().map(String::as_str);
                self.problems.unknown(span, "object", "objects", name, known);
            }
            _ => {}
        }
    }
}
