//! The scenario file of a concrete run.

use super::Concrete;
use super::faults::{Cast, link};
use super::values::{
    argument, call, distribution, drift, number, offset, table, text, time, value,
};
use crate::run::Planned;
use crate::text::one_line;
use crate::{Counterexample, Expectation, Expected, Fault, Machine, Text};
use simlab_core::{Argument, Layered, Member, NodeId, Parameter, Point, Who};
use simlab_sim::{Cost, LinkSpec, Rest, Weather};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use toml::{Table, Value as Toml};

/// The longest name that a scenario can have, in bytes.
const NAME_MAX: usize = 64;

impl Concrete<'_> {
    /// The file: `about` are lines for its head, and `counterexample` is what it says of itself.
    #[must_use]
    pub fn to_toml(&self, about: &[String], counterexample: Option<&Counterexample>) -> String {
        let mut file = String::new();
        for line in about {
            let _ = writeln!(file, "{}", format!("# {}", one_line(line)).trim_end());
        }
        let writer = Writer { concrete: self, sites: self.sites() };
        writer.head(&mut file, counterexample);
        writer.stage(&mut file);
        writer.story(&mut file);
        writer.end(&mut file);
        if let Some(counterexample) = counterexample {
            header("[counterexample]", &mut file);
            line("of", &text(&counterexample.of), &mut file);
            line("seed", &number(counterexample.seed), &mut file);
            line("check", &text(&counterexample.check), &mut file);
            let hash = format!("{:016x}", counterexample.trace_hash);
            line("trace_hash", &text(hash), &mut file);
            if !counterexample.detail.is_empty() {
                line("detail", &text(&counterexample.detail), &mut file);
            }
        }
        file
    }

    /// What each site is called: where a node list names a site, all of its nodes are meant, so that a site
    /// must not have the name of one of several nodes.
    fn sites(&self) -> BTreeMap<&str, String> {
        let scenario = self.scenario;
        let names: BTreeSet<&str> = self.nodes.iter().map(|n| self.name(*n)).collect();
        let site = |site: &str| {
            let mut name = site.to_owned();
            while names.contains(name.as_str())
                || name != site && scenario.sites.contains_key(&name)
            {
                name.push_str("-site");
            }
            name
        };
        scenario.sites.keys().map(|name| (name.as_str(), site(name))).collect()
    }

    fn name(&self, node: NodeId) -> &str {
        self.scenario.nodes.get(node.index()).map_or("", |node| node.name.as_str())
    }
}

struct Writer<'c, 'a> {
    concrete: &'c Concrete<'a>,
    sites: BTreeMap<&'a str, String>,
}

fn header(name: &str, out: &mut String) {
    let _ = writeln!(out, "\n{name}");
}

fn line(key: &str, value: &Toml, out: &mut String) {
    let _ = writeln!(out, "{key} = {value}");
}

impl Writer<'_, '_> {
    fn head(&self, out: &mut String, counterexample: Option<&Counterexample>) {
        let Concrete { scenario, seed, until, .. } = self.concrete;
        let name = match counterexample {
            Some(Counterexample { of, seed, check, .. }) => {
                let check = check.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
                let mut name = format!("{of}_{}_{seed}", check.to_lowercase());
                name.truncate(NAME_MAX);
                name
            }
            None => scenario.name.clone(),
        };
        line("format", &number(1), out);
        line("name", &text(name), out);
        line("seed", &number(*seed), out);
        line("until", &time(*until), out);
        line("title", &words(&scenario.title), out);
    }

    /// The objects, the nodes and what is between them.
    fn stage(&self, out: &mut String) {
        let scenario = self.concrete.scenario;
        let wanted = self.objects();
        for object in scenario.objects.iter().filter(|object| wanted.contains(object.name.as_str()))
        {
            header("[[objects]]", out);
            line("name", &text(&object.name), out);
            line("model", &text(object.model), out);
            if let Some(initial) = value(&object.initial) {
                line("initial", &initial, out);
            }
        }
        let variant = &scenario.variants[self.concrete.variant];
        for node in &self.concrete.nodes {
            let Some(member) = variant.roster.get(node.index()) else { continue };
            self.node(member, variant.machines.get(node.index()), out);
        }
        let (usual, site) = (scenario.network.default_link(), scenario.network.same_site_link());
        let mut network = Vec::new();
        network.extend(link(&usual, &LinkSpec::default()).map(|link| ("default", link)));
        network.extend(link(&site, &usual).map(|link| ("same_site", link)));
        if !network.is_empty() {
            header("[network]", out);
        }
        for (key, value) in network {
            line(key, &value, out);
        }
        for rule in &scenario.network.rules {
            let crate::network::Rule { from, to, both, patch } = rule.clone();
            let weather = Weather { from, to, both, patch: Box::new(patch) };
            if let Some(Toml::Table(rule)) = self.cast(|cast| cast.weather(&weather)) {
                header("[[network.links]]", out);
                rule.iter().for_each(|(key, value)| line(key, value, out));
            }
        }
    }

    /// The objects that somebody asks about; all of them, if nobody does.
    fn objects(&self) -> BTreeSet<&str> {
        let operations = &self.concrete.operations;
        let all = self.concrete.scenario.objects.iter().map(|object| object.name.as_str());
        let raw = !self.concrete.commands.is_empty() || operations.is_empty();
        let about = |name: &&str| raw || operations.iter().any(|o| o.operation.object == **name);
        all.filter(about).collect()
    }

    fn node(&self, member: &Member, machine: Option<&Machine>, out: &mut String) {
        let catalogue = self.concrete.catalogue;
        header("[[nodes]]", out);
        line("name", &text(&member.name), out);
        if let Some(site) = &member.site {
            line("site", &text(self.sites.get(site.as_str()).unwrap_or(site)), out);
        }
        line("service", &text(member.service), out);
        let parameters = catalogue.service(member.service).map_or(&[][..], |e| e.parameters);
        let given = self.given(&member.arguments, parameters);
        if !given.is_empty() {
            line("with", &Toml::Table(given), out);
        }
        if !member.stack.is_empty() {
            line("stack", &self.stack(&member.stack), out);
        }
        if let Some(machine) = machine {
            self.machine(machine, out);
        }
    }

    fn stack(&self, stack: &[Layered]) -> Toml {
        let layer = |layered: &Layered| {
            let entry = self.concrete.catalogue.layer(layered.name);
            let mut given = self.given(&layered.arguments, entry.map_or(&[], |e| e.parameters));
            if given.is_empty() {
                return text(layered.name);
            }
            given.insert("layer".to_owned(), text(layered.name));
            Toml::Table(given)
        };
        Toml::Array(stack.iter().map(layer).collect())
    }

    /// The arguments that are not the usual ones.
    fn given(
        &self,
        arguments: &BTreeMap<&'static str, Argument>,
        parameters: &[Parameter],
    ) -> Table {
        let name = |node: NodeId| self.concrete.name(node).to_owned();
        let id = |name: &str| self.concrete.scenario.node(name).map(|node| node.id);
        let usual = |key: &str| {
            let parameter = parameters.iter().find(|parameter| parameter.name == key)?;
            parameter.kind.parse(parameter.default?, &id).ok()
        };
        let given = arguments.iter().filter(|(key, value)| usual(key).as_ref() != Some(*value));
        given.map(|(key, value)| ((*key).to_owned(), argument(value, &name))).collect()
    }

    fn machine(&self, machine: &Machine, out: &mut String) {
        let Machine { joins, clock, cost, sync_delay, restart_after } = machine;
        if *joins > simlab_core::Time::ZERO {
            line("joins", &time(*joins), out);
        }
        let ahead = (clock.offset != 0).then(|| ("offset", offset(clock.offset)));
        let gains = (clock.drift != 0).then(|| ("drift", drift(clock.drift)));
        if ahead.is_some() || gains.is_some() {
            line("clock", &table(ahead.into_iter().chain(gains)), out);
        }
        if !cost.is_free() {
            let mut parts = vec![("service", distribution(&cost.service))];
            let usual = Cost::default();
            if cost.workers != usual.workers {
                parts.push(("workers", number(cost.workers.into())));
            }
            if cost.buffer != usual.buffer {
                parts.push(("buffer", number(cost.buffer.into())));
            }
            line("cost", &table(parts), out);
        }
        if *sync_delay != simlab_core::Distribution::Fixed(simlab_core::Duration::ZERO) {
            line("disk", &table([("sync", distribution(sync_delay))]), out);
        }
        let storm = self.concrete.scenario.storm.as_ref();
        if let Some(restart) = restart_after.or(storm.map(|storm| storm.restart)) {
            line("restart", &super::values::duration(restart), out);
        }
    }

    fn cast<T>(&self, ask: impl FnOnce(&Cast<'_>) -> T) -> T {
        let name = |node: NodeId| self.concrete.name(node).to_owned();
        ask(&Cast { nodes: &self.concrete.nodes, name: &name })
    }

    /// What happens.
    fn story(&self, out: &mut String) {
        for operation in &self.concrete.operations {
            self.operation(operation, out);
        }
        for command in &self.concrete.commands {
            header("[[commands]]", out);
            line("at", &time(command.at), out);
            line("node", &text(self.concrete.name(command.node)), out);
            line("text", &text(&command.text), out);
        }
        for fault in &self.concrete.faults {
            self.fault(fault, out);
        }
        let script = &self.concrete.script;
        if !script.is_empty() {
            header("[decisions]", out);
            let rest = if script.rest == Rest::Seed { "seed" } else { "harmless" };
            line("rest", &text(rest), out);
        }
        if !script.answers.is_empty() {
            let _ = writeln!(out, "answers = [");
            for (point, answer) in &script.answers {
                let _ = writeln!(out, "  {},", self.answer(point, *answer));
            }
            let _ = writeln!(out, "]");
        }
    }

    fn operation(&self, planned: &Planned, out: &mut String) {
        // All operations of scenarios were read from one, or drawn as one of those.
        let Some(asked) = call(&planned.operation.call) else { return };
        header("[[operations]]", out);
        line("at", &time(planned.at), out);
        let client = text(self.concrete.name(planned.client));
        line("clients", &Toml::Array(vec![client]), out);
        line("object", &text(&planned.operation.object), out);
        line("do", &asked, out);
    }

    fn fault(&self, fault: &Fault, out: &mut String) {
        let Some(action) = self.cast(|cast| cast.action(&fault.what)) else { return };
        header("[[faults]]", out);
        if let Some(name) = &fault.name {
            line("name", &text(name), out);
        }
        line("at", &time(fault.at), out);
        if let Some(until) = fault.until {
            line("until", &time(until), out);
        }
        line("do", &action, out);
        if let Some(why) = &fault.outside {
            line("outside", &words(why), out);
        }
    }

    /// In the order in which one reads it, which TOML does not care for.
    fn answer(&self, point: &Point, answer: u64) -> String {
        let name = |node: NodeId| self.concrete.name(node);
        let who = match point.who {
            Who::Link { from, to } => format!("{}->{}", name(from), name(to)),
            Who::Node(node) => name(node).to_owned(),
        };
        let (who, choice) = (text(who), text(point.choice.to_string()));
        let (ordinal, answer) = (number(point.ordinal), number(answer));
        format!("{{ who = {who}, choice = {choice}, ordinal = {ordinal}, answer = {answer} }}")
    }

    /// The variant, what is expected of it, and the limits.
    fn end(&self, out: &mut String) {
        let Concrete { scenario, variant, switches, checks, .. } = self.concrete;
        header("[[variants]]", out);
        line("name", &text(&scenario.variants[*variant].name), out);
        if !switches.is_empty() {
            let names = switches.iter().map(|name| text(*name)).collect();
            line("switches", &Toml::Array(names), out);
        }
        let about = scenario.expectations.iter().filter(|e| e.variants.contains(variant));
        for expectation in about.filter(|e| checks.contains(&e.name)) {
            self.expectation(expectation, out);
        }
        let limits = &scenario.limits;
        let limits = [
            ("events", limits.events),
            ("in_flight_bytes", limits.in_flight_bytes),
            ("events_per_instant", limits.events_per_instant),
        ];
        if limits.iter().any(|(_, limit)| limit.is_some()) {
            header("[limits]", out);
        }
        for (key, limit) in limits {
            if let Some(limit) = limit {
                line(key, &number(limit), out);
            }
        }
    }

    fn expectation(&self, expectation: &Expectation, out: &mut String) {
        header("[[expect]]", out);
        line("check", &text(expectation.check), out);
        if expectation.name != expectation.check {
            line("name", &text(&expectation.name), out);
        }
        let check = crate::CHECKS.iter().find(|c| c.signature.name == expectation.check);
        let parameters = check.map_or(&[][..], |check| check.signature.parameters);
        let mut with = self.given(&expectation.arguments, parameters);
        if let Some(site) = with.get_mut("site")
            && let Some(called) = site.as_str().and_then(|site| self.sites.get(site))
        {
            *site = text(called);
        }
        if !with.is_empty() {
            line("with", &Toml::Table(with), out);
        }
        let expected = match expectation.expected {
            Expected::Truth(truth) => Toml::Boolean(truth),
            Expected::Figure { comparison, value } => {
                text(format!("{} {value}", comparison.sign()))
            }
        };
        line(expectation.quantifier.name(), &expected, out);
    }
}

/// A text in all of its languages.
fn words(words: &Text) -> Toml {
    let by_language = words.languages().map(|lang| (lang.to_owned(), text(words.get(lang))));
    Toml::Table(by_language.collect())
}
