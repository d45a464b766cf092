//! Which service each node runs in each variant, and with which arguments.

use super::parameter::{Values, default};
use super::settings::Setting;
use super::stack::{self, Sources, Stacks};
use super::{Context, duplicate, machine, switches, text};
use crate::diagnostic::{Diagnostic, Problems, Span};
use crate::format::cast::{NodeTable, VariantTable};
use crate::format::machine::MachineTable;
use crate::format::part::{At, Pairs};
use crate::format::scalar::Given;
use crate::scenario::Places;
use crate::{Node, Text, Variant};
use simlab_core::{Argument, Entry, Member, NodeId, Parameter, Role};
use std::collections::BTreeMap;

/// The most variants that a scenario can have, and the most nodes in all of them together.
const VARIANTS_MAX: usize = 32;
const MEMBERS_MAX: usize = 400_000;

/// What a node is in the story.
#[derive(Clone, Copy)]
enum Part<'a> {
    /// It runs this service in every variant.
    Service(&'static Entry),
    /// Each variant says what it runs.
    Role(&'a str),
    /// That is not known, and was reported.
    Unknown,
}

/// Who plays what: the nodes' parts, and who fills the roles.
pub(super) struct Cast<'a> {
    parts: Vec<Part<'a>>,
    plans: Vec<Plan<'a>>,
    /// The roles that nodes have, each with the place of the first.
    roles: BTreeMap<&'a str, Span>,
}

/// A variant, as far as it is known.
pub(super) struct Plan<'a> {
    pub(super) name: &'a str,
    /// Where its name is; `None` for the one that is there if the scenario has none.
    pub(super) span: Option<Span>,
    title: Option<Text>,
    fills: BTreeMap<&'a str, &'static Entry>,
    with: Option<&'a Pairs<Pairs<Given>>>,
    machines: Option<&'a Pairs<MachineTable>>,
    switches: Vec<&'static str>,
    /// The services that run in it, each once, by name.
    pub(super) services: Vec<&'static Entry>,
    stacks: Stacks<'a>,
    /// The layers that they stand on, each once, by name.
    layers: Vec<&'static Entry>,
}

impl Plan<'_> {
    /// The services and layers of the variant.
    pub(super) fn entries(&self) -> impl Iterator<Item = &'static Entry> + Clone + use<'_> {
        self.services.iter().chain(&self.layers).copied()
    }
}

impl<'a> Cast<'a> {
    pub(super) fn new(context: &Context<'a>, problems: &mut Problems) -> Self {
        let mut cast = Cast { parts: Vec::new(), plans: Vec::new(), roles: BTreeMap::new() };
        let variants = context.document.variants.as_ref().map_or(&[][..], |list| &list.value);
        let mut filled: BTreeMap<&str, Span> = BTreeMap::new();
        for (role, (key, _)) in
            variants.iter().filter_map(|v| v.value.services.as_ref()).flat_map(|s| &s.value.0)
        {
            filled.entry(role).or_insert(*key);
        }
        for (_, node) in &context.names.nodes {
            let part = cast.part(node, &filled, context, problems);
            cast.parts.push(part);
        }
        for variant in variants.iter().take(VARIANTS_MAX) {
            cast.plan(&variant.value, context, problems);
        }
        if let Some(one_more) = variants.get(VARIANTS_MAX) {
            let message = format!("a scenario has at most {VARIANTS_MAX} variants");
            problems.push(Diagnostic::at(one_more.span, message));
        }
        if variants.len() * cast.parts.len() > MEMBERS_MAX
            && let Some(variants) = &context.document.variants
        {
            let message = format!("all variants together have at most {MEMBERS_MAX} nodes");
            problems.push(Diagnostic::at(variants.span, message));
            cast.plans.truncate(1);
        }
        if variants.is_empty() {
            let fills = BTreeMap::new();
            let services = cast.services(&fills);
            let stacks = Stacks::default();
            let layers = cast.layers(&fills, stacks, context);
            let all: Vec<_> = services.iter().chain(&layers).copied().collect();
            let switches = switches::of_variant(&[], &all, context, problems);
            let (name, span, title, with, machines) = ("default", None, None, None, None);
            cast.plans.push(Plan {
                name,
                span,
                title,
                fills,
                with,
                machines,
                switches,
                services,
                stacks,
                layers,
            });
        }
        cast
    }

    fn part(
        &mut self,
        node: &'a NodeTable,
        filled: &BTreeMap<&'a str, Span>,
        context: &Context<'a>,
        problems: &mut Problems,
    ) -> Part<'a> {
        let Some(At { value: name, span }) = &node.service else { return Part::Unknown };
        if let Some(entry) = context.catalogue.service(name) {
            if let Some(key) = filled.get(name.as_str()) {
                let message = format!("`{name}` is a service, so it cannot be a role as well");
                problems.push(Diagnostic::at(*key, message).also(*span, "it runs here"));
            }
            return Part::Service(entry);
        }
        if filled.contains_key(name.as_str()) {
            self.roles.entry(name).or_insert(*span);
            return Part::Role(name);
        }
        let services = context.catalogue.services.iter().map(|s| s.name);
        let known = services.chain(filled.keys().copied());
        problems.unknown(*span, "service or role", "services and roles", name, known);
        Part::Unknown
    }

    fn plan(&mut self, table: &'a VariantTable, context: &Context<'a>, problems: &mut Problems) {
        let name = table.name.as_ref().map_or("", |name| &name.value.0);
        let span = table.name.as_ref().map_or(table.span, |name| name.span);
        let earlier = self.plans.iter().find(|p| p.name == name).and_then(|p| p.span);
        if let Some(first) = earlier.filter(|_| !name.is_empty()) {
            duplicate(problems, "variants", name, first, span);
        }
        let mut fills = BTreeMap::new();
        let services = table.services.as_ref();
        for (role, (key, service)) in services.iter().flat_map(|services| &services.value.0) {
            if !self.roles.contains_key(role.as_str()) && context.catalogue.service(role).is_none()
            {
                let known = self.roles.keys().copied();
                problems.unknown(*key, "role", "roles of the nodes", role, known);
            }
            match context.catalogue.service(&service.value) {
                Some(entry) => {
                    fills.insert(role.as_str(), entry);
                }
                None => {
                    let known = context.catalogue.services.iter().map(|s| s.name);
                    problems.unknown(service.span, "service", "services", &service.value, known);
                }
            }
        }
        for (role, used) in &self.roles {
            if !services.is_some_and(|services| services.value.0.contains_key(*role)) {
                let message =
                    format!("variant `{name}` does not say which service is the `{role}`");
                problems.push(
                    Diagnostic::at(services.map_or(span, |services| services.span), message)
                        .label(format!("expected `{role} = \"…\"` in `services`"))
                        .also(*used, "the role of this node"),
                );
            }
        }
        let title = text(table.title.as_ref());
        let with = table.with.as_ref().map(|with| &with.value);
        let machines = table.machines.as_ref().map(|machines| &machines.value);
        let services = self.services(&fills);
        let stacks = Stacks::of(Some(table));
        let layers = self.layers(&fills, stacks, context);
        let own = table.switches.as_ref().map_or(&[][..], |list| &list.value);
        let all: Vec<_> = services.iter().chain(&layers).copied().collect();
        let switches = switches::of_variant(own, &all, context, problems);
        let span = Some(span);
        self.plans.push(Plan {
            name,
            span,
            title,
            fills,
            with,
            machines,
            switches,
            services,
            stacks,
            layers,
        });
    }

    /// The services of a variant, each once, by name.
    fn services(&self, fills: &BTreeMap<&str, &'static Entry>) -> Vec<&'static Entry> {
        let direct = self.parts.iter().filter_map(|part| match part {
            Part::Service(entry) => Some(*entry),
            Part::Role(_) | Part::Unknown => None,
        });
        let filling = self.roles.keys().filter_map(|role| fills.get(role).copied());
        let by_name: BTreeMap<_, _> = direct.chain(filling).map(|e| (e.name, e)).collect();
        by_name.into_values().collect()
    }

    /// The layers of a variant, each once, by name.
    fn layers(
        &self,
        fills: &BTreeMap<&str, &'static Entry>,
        stacks: Stacks<'a>,
        context: &Context<'a>,
    ) -> Vec<&'static Entry> {
        let mut by_name = BTreeMap::new();
        for (part, (name, table)) in self.parts.iter().zip(&context.names.nodes) {
            let entry = match part {
                Part::Service(entry) => Some(*entry),
                Part::Role(role) => fills.get(role).copied(),
                Part::Unknown => None,
            };
            let Some(entry) = entry else { continue };
            for step in stacks.choose(name, table, entry, context) {
                let layer = context.catalogue.layer(&step.value.layer.value);
                by_name.extend(layer.map(|layer| (layer.name, layer)));
            }
        }
        by_name.into_values().collect()
    }

    /// The variants that are known.
    pub(super) fn plans(&self) -> &[Plan<'a>] {
        &self.plans
    }

    /// What a node runs in a variant; `None` if that is not known.
    pub(super) fn entry(&self, node: NodeId, plan: &Plan<'a>) -> Option<&'static Entry> {
        match *self.parts.get(node.index())? {
            Part::Service(entry) => Some(entry),
            Part::Role(role) => plan.fills.get(role).copied(),
            Part::Unknown => None,
        }
    }

    /// The first variant in which a node runs a service that is no client, and that service.
    pub(super) fn no_client(&self, node: NodeId) -> Option<(&Plan<'a>, &'static Entry)> {
        let plans = self.plans.iter();
        plans
            .filter_map(|plan| Some((plan, self.entry(node, plan)?)))
            .find(|(_, entry)| entry.role != Role::Client)
    }

    /// The nodes for the scenario.
    pub(super) fn nodes(&self, context: &Context<'_>) -> Vec<Node> {
        let node = |(id, (name, table)): (u32, &(&str, &NodeTable))| Node {
            id: NodeId(id),
            name: (*name).to_owned(),
            site: table.site.as_ref().map(|site| site.value.0.clone()),
            service: table.service.as_ref().map_or_else(String::new, |s| s.value.clone()),
            span: table.name.as_ref().map_or(table.span, |name| name.span),
        };
        (0..).zip(&context.names.nodes).map(node).collect()
    }

    /// The variants with complete rosters.
    pub(super) fn variants(&self, context: &Context<'a>, problems: &mut Problems) -> Vec<Variant> {
        self.check_keys(context, problems);
        let mut filling = Filling {
            cast: self,
            context,
            problems,
            values: Values::default(),
            missing: BTreeMap::new(),
        };
        let variants = self.plans.iter().map(|plan| filling.variant(plan)).collect();
        filling.report_missing();
        let entries: Vec<_> = self.plans.iter().flat_map(Plan::entries).collect();
        switches::check(&entries, context, problems);
        variants
    }

    /// Reports parameters that no service of theirs has.
    fn check_keys(&self, context: &Context<'a>, problems: &mut Problems) {
        let own = self.plans.iter().filter_map(|plan| plan.machines);
        machine::check(context, own, problems);
        stack::check(context, problems);
        for (id, (_, node)) in (0..).zip(&context.names.nodes) {
            let Some(with) = &node.with else { continue };
            let entries: Vec<_> =
                self.plans.iter().filter_map(|plan| self.entry(NodeId(id), plan)).collect();
            for (parameter, (key, _)) in &with.value.0 {
                declared(&entries, parameter, *key, problems);
            }
        }
        for plan in &self.plans {
            for (target, (key, _)) in plan.machines.iter().flat_map(|machines| &machines.0) {
                let target = At { value: target.as_str(), span: *key };
                self.target(target, &[plan], false, context, problems);
            }
            for target in plan.stacks.targets() {
                self.target(target, &[plan], false, context, problems);
            }
            for (target, (key, with)) in plan.with.iter().flat_map(|with| &with.0) {
                let target = At { value: target.as_str(), span: *key };
                let Some(entries) = self.target(target, &[plan], true, context, problems) else {
                    continue;
                };
                for (parameter, (key, _)) in &with.value.0 {
                    declared(&entries, parameter, *key, problems);
                }
            }
        }
        let plans: Vec<_> = self.plans.iter().collect();
        for Setting { target, parameter, .. } in &context.settings.parameters {
            let target = At { value: target.value.as_str(), span: target.span };
            if let Some(entries) = self.target(target, &plans, true, context, problems) {
                declared(&entries, &parameter.value, parameter.span, problems);
            }
        }
    }

    /// The services that a role, service or node means in some variants, and the layer that a name
    /// is of if layers have a say.
    fn target(
        &self,
        target: At<&str>,
        plans: &[&Plan<'a>],
        layers: bool,
        context: &Context<'a>,
        problems: &mut Problems,
    ) -> Option<Vec<&'static Entry>> {
        let name = target.value;
        let mut entries: Vec<&'static Entry> = Vec::new();
        let mut known = Vec::new();
        for plan in plans {
            let named = plan.entries().filter(|entry| layers || entry.role != Role::Layer);
            entries.extend(named.clone().filter(|entry| entry.name == name));
            entries.extend(self.roles.get(name).and_then(|_| plan.fills.get(name)));
            known.extend(named.map(|entry| entry.name));
        }
        let node = context.names.node(name);
        let kind = match entries.first() {
            _ if self.roles.contains_key(name) => "role",
            Some(entry) if entry.role == Role::Layer => "layer",
            _ => "service",
        };
        if self.roles.contains_key(name) || known.contains(&name) {
            if node.is_some() {
                let message = format!("`{name}` is a {kind} and also a node");
                let help = "name the node otherwise to say which is meant";
                problems.push(Diagnostic::at(target.span, message).help(help));
                return None;
            }
            return Some(entries);
        }
        if let Some(node) = node {
            return Some(plans.iter().filter_map(|plan| self.entry(node, plan)).collect());
        }
        if !self.parts.iter().any(|part| matches!(part, Part::Unknown)) {
            let known = self.roles.keys().copied().chain(known).chain(context.names.of_nodes());
            let (what, plural) = match layers {
                true => ("role, service, layer or node", "roles, services, layers and nodes"),
                false => ("role, service or node", "roles, services and nodes"),
            };
            problems.unknown(target.span, what, plural, name, known);
        }
        None
    }
}

/// Reports a parameter that none of the services has.
pub(super) fn declared(
    entries: &[&'static Entry],
    parameter: &str,
    span: Span,
    problems: &mut Problems,
) {
    let known = || entries.iter().flat_map(|entry| entry.parameters).map(|p| p.name);
    // Without services there was a mistake already.
    if entries.is_empty() || known().any(|name| name == parameter) {
        return;
    }
    let mut names: Vec<_> = entries.iter().map(|entry| format!("`{}`", entry.name)).collect();
    names.sort_unstable();
    names.dedup();
    let what = format!("parameter of {}:", names.join(" or "));
    problems.unknown(span, &what, "parameters", parameter, known());
}

/// Fills the rosters.
struct Filling<'c, 'a> {
    cast: &'c Cast<'a>,
    context: &'c Context<'a>,
    problems: &'c mut Problems,
    values: Values,
    /// Required parameters that are given nowhere: by service and parameter the first node and how
    /// many there are.
    missing: BTreeMap<(&'static str, &'static str), (NodeId, usize, &'static Parameter)>,
}

impl Filling<'_, '_> {
    fn variant(&mut self, plan: &Plan<'_>) -> Variant {
        let (mut roster, mut machines, mut places) = (Vec::new(), Vec::new(), Places::new());
        for (id, (name, table)) in (0..).zip(&self.context.names.nodes) {
            let id = NodeId(id);
            let Some(entry) = self.cast.entry(id, plan) else { continue };
            let role = table.service.as_ref().map_or("", |s| &s.value);
            let other =
                |target: &str| plan.machines.and_then(|all| Some(&all.0.get(target)?.1.value));
            let layers = [other(name), other(role), other(entry.name)];
            machines.push(machine::machine(table, layers));
            let arguments = self.arguments(id, name, table, entry, plan, &mut places);
            let steps = plan.stacks.choose(name, table, entry, self.context);
            let sources = Sources { variant: plan.with, context: self.context };
            let stack = sources.layers(id, steps, &mut places, &mut self.values, self.problems);
            let site = table.site.as_ref().map(|site| site.value.0.clone());
            let name = (*name).to_owned();
            roster.push(Member { id, name, site, service: entry.name, arguments, stack });
        }
        let (name, title) = (plan.name.to_owned(), plan.title.clone());
        Variant { name, title, roster, machines, switches: plan.switches.clone(), places }
    }

    fn arguments(
        &mut self,
        id: NodeId,
        name: &str,
        table: &NodeTable,
        entry: &'static Entry,
        plan: &Plan<'_>,
        places: &mut Places,
    ) -> BTreeMap<&'static str, Argument> {
        let groups = [entry.name, table.service.as_ref().map_or("", |s| &s.value)];
        let with = |target: &str| plan.with.and_then(|with| with.0.get(target));
        let layers = [with(name), with(groups[1]), with(groups[0])];
        let mut arguments = BTreeMap::new();
        for parameter in entry.parameters {
            let set = |targets: &[&str]| {
                let mut all = self.context.settings.parameters.iter().rev();
                all.find(|s| {
                    s.parameter.value == parameter.name
                        && targets.contains(&s.target.value.as_str())
                })
            };
            let own = || table.with.as_ref().and_then(|with| with.value.0.get(parameter.name));
            let said = || {
                let mut layers = layers.iter().flatten();
                layers.find_map(|(_, with)| with.value.0.get(parameter.name))
            };
            let given = set(&[name])
                .or_else(|| set(&groups))
                .map(|setting| &setting.value)
                .or_else(|| said().or_else(own).map(|(_, given)| given));
            if let Some(given) = given {
                places.insert((id, entry.name, Some(parameter.name)), given.span);
            }
            let names = &self.context.names;
            let argument = match given {
                Some(given) => self.values.read(given, entry.name, parameter, names, self.problems),
                None => default(parameter, names),
            };
            match argument {
                Some(argument) => {
                    arguments.insert(parameter.name, argument);
                }
                None if given.is_none() => {
                    let key = (entry.name, parameter.name);
                    self.missing.entry(key).or_insert((id, 0, parameter)).1 += 1;
                }
                None => {}
            }
        }
        arguments
    }

    fn report_missing(self) {
        for ((service, parameter), (node, count, declared)) in self.missing {
            let Some((name, table)) = self.context.names.nodes.get(node.index()) else { continue };
            let span = table.name.as_ref().map_or(table.span, |name| name.span);
            let others = match count / self.cast.plans.len().max(1) {
                0 | 1 => String::new(),
                n => format!(" (and {} more)", n - 1),
            };
            let message = format!("node `{name}`{others} needs the parameter `{parameter}`");
            self.problems.push(
                Diagnostic::at(span, message)
                    .label(format!("`{service}` has no default for it"))
                    .help(format!("`{parameter}`: {} ({})", declared.help, declared.kind))
                    .help(format!("give it as `with = {{ {parameter} = … }}`")),
            );
        }
    }
}
