//! From the file to the scenario: what the names mean, and whether it all fits together.

mod decisions;
mod expect;
mod fault;
mod goal;
mod links;
mod machine;
mod model;
mod names;
mod parameter;
mod roster;
mod settings;
mod stack;
mod storm;
pub(crate) mod story;
mod switches;
mod workload;

use crate::diagnostic::{Diagnostic, Given, Problems, Span};
use crate::format::part::At;
use crate::format::scalar::Version;
use crate::format::{self, Document};
use crate::{Catalogue, Diagnostics, Limits, Object, Scenario, Source, Text};
use names::Names;
use settings::Settings;
use simlab_core::{Duration, Time, Value};
use std::collections::BTreeMap;

/// Loads a scenario. `overrides` are the `--set` options, key and value: `until`, `jitter`, `workloads.count`,
/// `switch` (may be given several times), `network.default.<field>`, `network.same_site.<field>`, and
/// `<role, service or node>.<parameter>`, which wins over what any variant says. What lies after an overridden `until` is left out.
///
/// # Errors
/// All mistakes that can be found at once.
pub fn load(
    source: Source,
    catalogue: &Catalogue,
    overrides: &[(String, String)],
) -> Result<Scenario, Diagnostics> {
    let mut problems = Problems::default();
    let (settings, given) = Settings::read(overrides, &mut problems);
    let scenario = read(&source, catalogue, &settings, &mut problems);
    match scenario {
        Some(mut scenario) if problems.is_empty() => {
            (scenario.source, scenario.given) = (source, given);
            Ok(scenario)
        }
        _ => {
            if problems.is_empty() {
                problems.push(Diagnostic::nowhere("the file cannot be understood"));
            }
            Err(problems.finish(source, given))
        }
    }
}

fn read(
    source: &Source,
    catalogue: &Catalogue,
    settings: &Settings,
    problems: &mut Problems,
) -> Option<Scenario> {
    let before = problems.count();
    source.vet(problems);
    if problems.count() > before {
        return None;
    }
    let (document, whole) = format::parse(&source.text, problems)?;
    whole.then(|| resolve(&document, catalogue, settings, problems)).flatten()
}

/// What the parts of a scenario need to know of each other.
struct Context<'a> {
    document: &'a Document,
    catalogue: &'a Catalogue,
    settings: &'a Settings,
    names: Names<'a>,
    objects: Objects,
    until: At<Time>,
}

/// The objects by name, each with its place.
struct Objects {
    list: Vec<(Object, Span)>,
    by_name: BTreeMap<String, usize>,
    /// Whether all of them could be read, so that a name that is not among them is unknown.
    complete: bool,
}

fn resolve(
    document: &Document,
    catalogue: &Catalogue,
    settings: &Settings,
    problems: &mut Problems,
) -> Option<Scenario> {
    let names = Names::new(document, problems);
    let objects = Objects::new(document, catalogue, problems);
    let until = end(document, problems);
    let mut context = Context { document, catalogue, settings, names, objects, until };
    let network = links::network(&mut context, problems);
    let cast = roster::Cast::new(&context, problems);
    let mut story = story::story(&mut context, &cast, problems);
    let variants = cast.variants(&context, problems);
    let mut faults = fault::faults(&mut context, &variants, problems);
    let storm = storm::storm(&context, &cast, &variants, &network, problems);
    let expectations = expect::expectations(&context, &cast, problems);
    let goals = goal::goals(&context, &cast, problems);
    let nodes = cast.nodes(&context);
    let decisions = decisions::decisions(&context, problems);
    let counterexample = decisions::counterexample(&context);
    let until = settings.until.map_or(context.until.value, |d| Time(d.value.nanos()));
    story.end(until);
    faults.retain(|fault| fault.at <= until);
    let limits = document.limits.as_ref().map(|l| &l.value);
    let limit = |count: Option<&At<format::scalar::Count>>| count.map(|n| n.value.0);
    let At { value: Version, .. } = document.format?;
    Some(Scenario {
        source: Source::new("", ""),
        given: Given::default(),
        name: document.name.as_ref()?.value.0.clone(),
        title: document.title.as_ref()?.value.clone(),
        summary: document.summary.as_ref().map(|text| text.value.clone()),
        seed: document.seed.as_ref().map_or(0, |seed| seed.value.0),
        until,
        objects: context.objects.list.into_iter().map(|(object, _)| object).collect(),
        nodes,
        sites: context.names.sites(),
        network,
        operations: story.operations,
        commands: story.commands,
        fillers: story.fillers,
        workloads: story.workloads,
        faults,
        storm,
        narration: story.narration,
        variants,
        expectations,
        goals,
        limits: Limits {
            events: limits.and_then(|l| limit(l.events.as_ref())),
            in_flight_bytes: limits.and_then(|l| limit(l.in_flight_bytes.as_ref())),
            events_per_instant: limits.and_then(|l| limit(l.events_per_instant.as_ref())),
        },
        decisions,
        counterexample,
    })
}

/// The end of the run; a missing one was reported and is then never reached.
fn end(document: &Document, problems: &mut Problems) -> At<Time> {
    let Some(until) = &document.until else {
        return At { value: Time::NEVER, span: document.span };
    };
    if until.value == Duration::ZERO {
        problems.push(Diagnostic::at(until.span, "a run must last longer than no time"));
    }
    At { value: Time(until.value.nanos()), span: until.span }
}

/// Reports a name that is given twice.
fn duplicate(problems: &mut Problems, what: &str, name: &str, first: Span, again: Span) {
    problems.push(
        Diagnostic::at(again, format!("two {what} are called `{name}`"))
            .label("again here")
            .also(first, "first here"),
    );
}

impl Objects {
    fn new(document: &Document, catalogue: &Catalogue, problems: &mut Problems) -> Self {
        let mut objects = Objects { list: Vec::new(), by_name: BTreeMap::new(), complete: true };
        for table in document.objects.iter().flat_map(|list| &list.value) {
            let table = &table.value;
            let (Some(name), Some(model)) = (&table.name, &table.model) else {
                objects.complete = false;
                continue;
            };
            if let Some(&first) = objects.by_name.get(&name.value.0) {
                let first = objects.list[first].1;
                duplicate(problems, "objects", &name.value.0, first, name.span);
                continue;
            }
            let Some(signature) = catalogue.model(&model.value) else {
                let known = catalogue.models.iter().map(|m| m.name);
                problems.unknown(model.span, "model", "models", &model.value, known);
                objects.complete = false;
                continue;
            };
            let initial = table.initial.as_ref();
            let value = initial.map_or(Value::Nil, |v| v.value.clone());
            if let Err(why) = (signature.initial)(&value) {
                let diagnostic = match initial {
                    Some(initial) => Diagnostic::at(initial.span, why),
                    None => Diagnostic::at(name.span, why)
                        .label(format!("`{}` has no `initial`", name.value.0)),
                };
                problems.push(diagnostic);
            }
            objects.by_name.insert(name.value.0.clone(), objects.list.len());
            let object =
                Object { name: name.value.0.clone(), model: signature.name, initial: value };
            objects.list.push((object, name.span));
        }
        objects
    }
}

/// A text of the file, copied.
fn text(text: Option<&At<Text>>) -> Option<Text> {
    text.map(|text| text.value.clone())
}
