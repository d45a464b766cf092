//! What services stand on: which layers, and with which arguments.

use super::Context;
use super::names::Names;
use super::parameter::{Values, default};
use super::roster::declared;
use crate::diagnostic::{Diagnostic, Problems, Span};
use crate::format::cast::{NodeTable, VariantTable};
use crate::format::part::{At, Pairs};
use crate::format::scalar::Given;
use crate::format::stack::{Step, Steps};
use crate::scenario::Places;
use simlab_core::{Argument, Entry, Layered, NodeId, Stack};
use std::collections::BTreeMap;

/// The stacks of a variant, as it gives them.
#[derive(Clone, Copy, Default)]
pub(super) struct Stacks<'a> {
    all: Option<&'a Steps>,
    own: Option<&'a Pairs<Steps>>,
}

impl<'a> Stacks<'a> {
    pub(super) fn of(table: Option<&'a VariantTable>) -> Self {
        Stacks {
            all: table.and_then(|table| table.stack.as_ref()).map(|stack| &stack.value),
            own: table.and_then(|table| table.stacks.as_ref()).map(|stacks| &stacks.value),
        }
    }

    /// The roles, services and nodes that the variant gives stacks to.
    pub(super) fn targets(&self) -> impl Iterator<Item = At<&'a str>> + use<'a> {
        let own = self.own.into_iter().flat_map(|own| &own.0);
        own.map(|(name, (span, _))| At { value: name.as_str(), span: *span })
    }

    /// What a node stands on: what the variant says of it, of its role, of its service; what the node
    /// says itself; what the variant says of all; what the scenario says of all.
    pub(super) fn choose(
        &self,
        name: &str,
        table: &'a NodeTable,
        entry: &Entry,
        context: &Context<'a>,
    ) -> &'a [At<Step>] {
        let role = table.service.as_ref().map_or("", |s| &s.value);
        let said = |target: &str| self.own.and_then(|own| Some(&own.0.get(target)?.1.value));
        let document = &context.document.stack;
        said(name)
            .or_else(|| said(role))
            .or_else(|| said(entry.name))
            .or_else(|| table.stack.as_ref().map(|stack| &stack.value))
            .or(self.all)
            .or_else(|| document.as_ref().map(|stack| &stack.value))
            .map_or(&[], Vec::as_slice)
    }
}

/// Reports what is wrong with any stack of the file: unknown layers and parameters, layers that are there
/// twice, and too many of them.
pub(super) fn check(context: &Context<'_>, problems: &mut Problems) {
    let document = context.document;
    let nodes = context.names.nodes.iter().filter_map(|(_, node)| node.stack.as_ref());
    let variants = || document.variants.iter().flat_map(|list| &list.value);
    let all = variants().filter_map(|variant| variant.value.stack.as_ref());
    let own = variants().filter_map(|variant| variant.value.stacks.as_ref());
    let own = own.flat_map(|stacks| stacks.value.0.values()).map(|(_, stack)| stack);
    for stack in document.stack.iter().chain(nodes).chain(all).chain(own) {
        check_one(stack, context, problems);
    }
}

fn check_one(stack: &At<Steps>, context: &Context<'_>, problems: &mut Problems) {
    if stack.value.len() > Stack::LAYERS_MAX {
        let message = format!("a stack has at most {} layers", Stack::LAYERS_MAX);
        problems.push(Diagnostic::at(stack.span, message));
    }
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for At { value: step, .. } in &stack.value {
        let name = step.layer.value.as_str();
        let Some(entry) = context.catalogue.layer(name) else {
            let known = context.catalogue.layers.iter().map(|layer| layer.name);
            problems.unknown(step.layer.span, "layer", "layers", name, known);
            continue;
        };
        if let Some(first) = seen.insert(name, step.layer.span) {
            let message = format!("`{name}` is twice in this stack");
            let diagnostic = Diagnostic::at(step.layer.span, message).label("again");
            problems.push(diagnostic.also(first, "first"));
        }
        for (parameter, (key, _)) in &step.with {
            declared(&[entry], parameter, *key, problems);
        }
    }
}

/// What may give a layer's parameters, the first first.
pub(super) struct Sources<'s> {
    pub(super) variant: Option<&'s Pairs<Pairs<Given>>>,
    pub(super) context: &'s Context<'s>,
}

impl Sources<'_> {
    /// The layers of a stack with their arguments; those that are not known are left out, and were
    /// reported.
    pub(super) fn layers(
        &self,
        node: NodeId,
        steps: &[At<Step>],
        places: &mut Places,
        values: &mut Values,
        problems: &mut Problems,
    ) -> Vec<Layered> {
        let catalogue = self.context.catalogue;
        let entry = |step: &Step| catalogue.layer(&step.layer.value);
        let steps = steps.iter().filter_map(|At { value, .. }| Some((value, entry(value)?)));
        let layer = |(step, entry): (&Step, &'static Entry)| {
            let mut note = |parameter, span| places.insert((node, entry.name, parameter), span);
            note(None, step.layer.span);
            let mut given = |parameter, span| {
                note(Some(parameter), span);
            };
            self.layer(step, entry, &mut given, values, problems)
        };
        steps.map(layer).collect()
    }

    fn layer(
        &self,
        step: &Step,
        entry: &'static Entry,
        note: &mut dyn FnMut(&'static str, Span),
        values: &mut Values,
        problems: &mut Problems,
    ) -> Layered {
        let names: &Names<'_> = &self.context.names;
        let variant = self.variant.and_then(|with| with.0.get(entry.name));
        let variant = variant.map(|(_, with)| &with.value.0);
        let mut arguments: BTreeMap<&'static str, Argument> = BTreeMap::new();
        for parameter in entry.parameters {
            let mut settings = self.context.settings.parameters.iter().rev();
            let set = settings.find(|setting| {
                setting.target.value == entry.name && setting.parameter.value == parameter.name
            });
            let said = || variant.and_then(|with| with.get(parameter.name));
            let own = || step.with.get(parameter.name);
            let given = set.map(|setting| &setting.value);
            let given = given.or_else(|| said().or_else(own).map(|(_, given)| given));
            if let Some(given) = given {
                note(parameter.name, given.span);
            }
            let argument = match given {
                Some(given) => values.read(given, entry.name, parameter, names, problems),
                None => default(parameter, names),
            };
            match argument {
                Some(argument) => {
                    arguments.insert(parameter.name, argument);
                }
                None if given.is_none() => {
                    let message =
                        format!("`{}` needs the parameter `{}`", entry.name, parameter.name);
                    let help =
                        format!("`{}`: {} ({})", parameter.name, parameter.help, parameter.kind);
                    problems.push(Diagnostic::at(step.layer.span, message).help(help));
                }
                None => {}
            }
        }
        Layered { name: entry.name, arguments }
    }
}
