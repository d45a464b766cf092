//! The scenario file as it is written: keys and types, before names mean anything.

pub(crate) mod amount;
pub(crate) mod cast;
pub(crate) mod decisions;
pub(crate) mod expect;
pub(crate) mod fault;
pub(crate) mod goal;
mod grammar;
pub(crate) mod link;
pub(crate) mod machine;
pub(crate) mod part;
pub(crate) mod scalar;
pub(crate) mod stack;
pub(crate) mod storm;
pub(crate) mod story;
pub(crate) mod workload;

use crate::Text;
use crate::diagnostic::{Diagnostic, Origin, Problems, Span};
use part::{At, Format, Reader, Toml, table};
use scalar::{Count, Seed, Slug, Version};
use simlab_core::Duration;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

table! {
    /// A scenario of simlab: a story, the variants in which it is told, and what is expected.
    Document = "a scenario" {
        /// The version of this format: 1.
        "format" format: Version, required;
        /// The name in reports and commands: small letters, digits and `_`.
        "name" name: Slug, required;
        /// The seed of all random choices: an integer, or a string, decimal or 0x hex, up to
        /// 2^64-1; default 0.
        "seed" seed: Seed, optional;
        /// When a run ends, in virtual time.
        "until" until: Duration, required;
        /// How much earlier or later than scripted operations may begin, as the seed decides;
        /// default "0s".
        "jitter" jitter: Duration, optional;
        /// What people call it.
        "title" title: Text, required;
        /// What it is about.
        "summary" summary: Text, optional;
        /// What clients operate on.
        "objects" objects: Vec<At<cast::ObjectTable>>, optional;
        /// The nodes.
        "nodes" nodes: Vec<At<cast::NodeTable>>, required;
        /// What services stand on where nothing else is said: layers, the uppermost first; default: nothing.
        "stack" stack: stack::Steps, optional;
        /// What the links between them are like; default: perfect and instantaneous.
        "network" network: link::NetworkTable, optional;
        /// Client operations at scripted times.
        "operations" operations: Vec<At<story::OperationTable>>, optional;
        /// Raw orders for the processes of nodes.
        "commands" commands: Vec<At<story::CommandTable>>, optional;
        /// Client operations at times that the seed draws.
        "fillers" fillers: Vec<At<story::FillerTable>>, optional;
        /// Operations that the seed draws: when, who and what.
        "workloads" workloads: Vec<At<workload::WorkloadTable>>, optional;
        /// Faults at scripted times.
        "faults" faults: Vec<At<fault::FaultTable>>, optional;
        /// Faults that the seed draws.
        "storm" storm: storm::StormTable, optional;
        /// Remarks to the audience.
        "narration" narration: Vec<At<story::NarrationTable>>, optional;
        /// The variants of the story, compared side by side.
        "variants" variants: Vec<At<cast::VariantTable>>, optional;
        /// What is expected.
        "expect" expect: Vec<At<expect::ExpectTable>>, optional;
        /// What a sweep must have visited.
        "goals" goals: Vec<At<goal::GoalTable>>, optional;
        /// Limits of a run, so that a mistake is a finding and not a hang.
        "limits" limits: LimitsTable, optional;
        /// Choices that are answered here and not by the seed.
        "decisions" decisions: decisions::DecisionsTable, optional;
        /// What a counterexample is of, and what it shows.
        "counterexample" counterexample: decisions::CounterexampleTable, optional;
    }
}

table! {
    /// Limits of a run, so that a mistake is a finding and not a hang.
    LimitsTable = "the limits" {
        /// How many events a run may have.
        "events" events: Count, optional;
        /// How many bytes may be under way at once.
        "in_flight_bytes" in_flight_bytes: Count, optional;
        /// How many events one node may handle at one instant.
        "events_per_instant" events_per_instant: Count, optional;
    }
}

/// Reads the text of a scenario as far as it can be read. The second result is whether all of it was
/// grammatical; if not, then only so much is reported as is certain.
pub(crate) fn parse(text: &str, problems: &mut Problems) -> Option<(Document, bool)> {
    match DeTable::parse(text) {
        Ok(tree) if tree.get_ref().is_empty() => {
            problems.push(empty());
            None
        }
        Ok(tree) => Some((read(root(tree), false, problems)?, true)),
        Err(first) if text.len() > RECOVERED_MAX => {
            let range = first.span().unwrap_or(0..0);
            let span = visible_place(text, range.start, range.end);
            let help = "of a file of this length only the first mistake of grammar is shown";
            problems.push(grammar::mistake(first.message(), text, span).help(help));
            None
        }
        Err(_) => Some((recover(text, problems)?, false)),
    }
}

/// In longer texts only the first mistake of grammar is looked for: with one in each line, a list of
/// all of them would take a hundred times the space of the text.
const RECOVERED_MAX: usize = 128 << 10;

/// Reads an ungrammatical text. The tree has holes, and what is wrong then may only be so because of
/// them: of the other mistakes those are kept that stand on lines of their own, and nothing is said
/// about missing keys.
fn recover(text: &str, problems: &mut Problems) -> Option<Document> {
    let lines = Lines::new(text);
    let mut broken: BTreeMap<usize, Diagnostic> = BTreeMap::new();
    let mut readable = Cow::Borrowed(text);
    for _ in 0..REPARSES_MAX {
        let stuck = grammar(&readable, &lines, &mut broken);
        if stuck.is_empty() {
            break;
        }
        readable = Cow::Owned(without(&readable, &lines, &stuck));
    }
    let suspect = suspect(text, &lines, &broken);
    broken.into_values().for_each(|diagnostic| problems.push(diagnostic));
    let before = problems.count();
    let (tree, _) = DeTable::parse_recoverable(&readable);
    let document = read(root(tree), true, problems)?;
    problems.retain_after(before, |d| {
        // The parser puts empty values, without a place, where it could read none.
        d.span().is_some_and(|span| span.end > 0 && !suspect.contains(&lines.of(span.start)))
    });
    Some(document)
}

/// Reads the tree. Of another format than this nothing is known, so nothing else is reported.
fn read(root: Toml<'_>, partial: bool, problems: &mut Problems) -> Option<Document> {
    let mut reader = Reader { problems, origin: Origin::File, base: 0, partial };
    if let Some(format) = root.get_ref().get("format") {
        Version::read(format, &mut reader)?;
    }
    Document::read(&root, &mut reader)
}

/// The mistake of a text that says nothing.
fn empty() -> Diagnostic {
    let help = "a scenario begins with `format = 1`; `simlab show cap_partition` shows one";
    Diagnostic::nowhere("the file is empty").help(help)
}

/// Reports the mistakes of grammar, one a line, and returns the lines after which the parser gave
/// the rest of the text up.
fn grammar(text: &str, lines: &Lines, broken: &mut BTreeMap<usize, Diagnostic>) -> BTreeSet<usize> {
    let (_, errors) = DeTable::parse_recoverable(text);
    let mut stuck = BTreeSet::new();
    for error in errors.iter().take(ERRORS_MAX) {
        let range = error.span().unwrap_or(text.len()..text.len());
        let line = lines.of(range.start);
        let span = visible_place(text, range.start, range.end);
        if error.message().starts_with("key with no value") {
            stuck.insert(line);
        }
        // The parser may stumble over one mistake several times; mostly the first report is best.
        if !broken.contains_key(&line) || grammar::is_colon(text, span) {
            broken.insert(line, grammar::mistake(error.message(), text, span));
        }
    }
    stuck
}

/// The lines of which nothing more is said: those with a mistake, and after a broken header those up
/// to the next, since what they say went to another table.
fn suspect(text: &str, lines: &Lines, broken: &BTreeMap<usize, Diagnostic>) -> BTreeSet<usize> {
    let mut suspect = BTreeSet::new();
    let mut homeless = false;
    for (line, content) in text.lines().enumerate() {
        let is_broken = broken.contains_key(&line);
        if content.trim_start().starts_with('[') {
            homeless = is_broken;
        }
        if is_broken || homeless {
            suspect.insert(line);
        }
    }
    // A mistake at the very end may lie after the last line.
    suspect.insert(lines.of(text.len()));
    suspect
}

/// The text with some lines blanked out, so that all else keeps its place.
fn without(text: &str, lines: &Lines, blank: &BTreeSet<usize>) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for line in blank {
        let range = lines.range(*line, text.len());
        bytes[range].iter_mut().filter(|b| !matches!(b, b'\r' | b'\n')).for_each(|b| *b = b' ');
    }
    // Whole lines were replaced, so what is left is as good UTF-8 as before.
    String::from_utf8(bytes).unwrap_or_default()
}

/// How often a text is parsed again without the lines that stopped the parser.
const REPARSES_MAX: usize = 8;
/// More mistakes of grammar are not looked at: the file is no TOML.
const ERRORS_MAX: usize = 1_000;

/// The starts of the lines of a text.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        Lines(text.match_indices('\n').map(|(at, _)| at + 1).collect())
    }

    fn of(&self, at: usize) -> usize {
        self.0.partition_point(|start| *start <= at)
    }

    /// The bytes of a line of a text of this length.
    fn range(&self, line: usize, length: usize) -> Range<usize> {
        let start = line.checked_sub(1).and_then(|before| self.0.get(before));
        *start.unwrap_or(&0)..*self.0.get(line).unwrap_or(&length)
    }
}

/// The tree as a value. It spans the first key, where missing ones are reported.
fn root(tree: Spanned<DeTable<'_>>) -> Toml<'_> {
    let table = tree.into_inner();
    let first = table.keys().map(Spanned::span).min_by_key(|span| span.start).unwrap_or(0..0);
    Spanned::new(first, DeValue::Table(table))
}

/// A place that can be underlined: one at the end of the text moves to the end of its last line.
fn visible_place(text: &str, start: usize, end: usize) -> Span {
    let last = text.trim_end().len();
    if start >= text.len() { Span::file(last, last) } else { Span::file(start, end) }
}
