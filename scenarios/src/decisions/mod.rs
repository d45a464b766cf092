//! Files of decisions: the recorded choices of a run, or a few of one's own.
//!
//! JSON Lines, an answer each. `who` is a node or a link, `choice` what is chosen, `ordinal` which
//! one of its kind, and `answer` an outcome: 1 for yes, nanoseconds, a number of a bit.
//!
//! ```text
//! {"format":"simlab-decisions","version":1,"scenario":"cap_partition","seed":7,"variant":"available","complete":false}
//! {"who":"beijing->hangzhou","choice":"lose","ordinal":3,"answer":1}
//! ```
//!
//! The first line may be missing, as may all of its keys but `format` and `version`. A file is
//! *complete* only if it says so: then it holds every choice of one run, and a choice that it does
//! not know is a departure. Any other file is a list of overrides, and the seed answers the rest.

pub(crate) mod answer;

pub use answer::point_text;

use crate::diagnostic::{Diagnostic, Given, Problems, Span};
use crate::tracefile::{Known, Mistake, Object, parse_line};
use crate::{Diagnostics, Scenario, Source, WholeFile};
use serde_json::{Map, Value};
use simlab_core::Point;
use simlab_sim::trace::Names;
use simlab_sim::{Departures, Script};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::Path;

/// What the first line calls the file.
pub const FORMAT: &str = "simlab-decisions";
/// The version of the format that this build writes, and the newest that it reads.
pub const VERSION: u64 = 1;
/// The longest file that is read, in bytes; that is about a million answers.
pub const SIZE_MAX: usize = 64 << 20;

/// A file of decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// The scenario that they belong to, if the file says so.
    pub scenario: Option<String>,
    /// The seed that answers the rest.
    pub seed: Option<u64>,
    /// The variant.
    pub variant: Option<String>,
    /// The answers.
    pub script: Script,
}

impl Decisions {
    /// Reads a file of decisions for a scenario.
    ///
    /// # Errors
    /// All mistakes: what is no answer, unknown nodes and choices, what is answered twice, a header
    /// of another scenario.
    pub fn read(path: &Path, scenario: &Scenario) -> Result<Self, Diagnostics> {
        let name = path.display().to_string();
        let mut bytes = Vec::new();
        let limit = SIZE_MAX as u64 + 1;
        let opened = std::fs::File::open(path);
        let read = opened.and_then(|file| file.take(limit).read_to_end(&mut bytes));
        let refuse =
            |message: String| Err(Diagnostics::of_file(&name, Diagnostic::nowhere(message)));
        if let Err(error) = read {
            return refuse(format!("cannot read the file: {error}"));
        }
        if bytes.len() > SIZE_MAX {
            return refuse("the file is too long: decisions have at most 64 MiB".to_owned());
        }
        match String::from_utf8(bytes) {
            Ok(text) => Decisions::parse(Source::new(name, text), scenario),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let line = 1 + error.as_bytes()[..at].iter().filter(|b| **b == b'\n').count();
                refuse(format!("line {line} is not UTF-8"))
            }
        }
    }

    /// Reads decisions that are at hand.
    ///
    /// # Errors
    /// As [`Decisions::read`].
    pub fn parse(source: Source, scenario: &Scenario) -> Result<Self, Diagnostics> {
        let nodes = scenario.nodes.iter().map(|node| node.name.clone()).collect();
        let known = Known::new(nodes, Vec::new());
        let mut reading = Reading { scenario, known, seen: BTreeMap::new(), counted: None };
        let mut decisions = Decisions::default();
        let mut problems = Problems::default();
        let mut start = 0;
        for line in source.text.split_inclusive('\n') {
            let text = line.trim_end_matches(['\n', '\r']);
            if !text.trim().is_empty()
                && let Err(mistake) = reading.line(text, start, &mut decisions)
            {
                problems.push(mistake.diagnostic(start, text.len()));
            }
            start += line.len();
        }
        if let Some(counted) = reading.counted
            && counted != decisions.script.answers.len() as u64
            && problems.is_empty()
        {
            let there = decisions.script.answers.len();
            let message = format!("the header says {counted} answers, and there are {there}");
            problems.push(Diagnostic::at(Span::file(0, 1), message).help("the file was cut"));
        }
        if problems.is_empty() {
            return Ok(decisions);
        }
        Err(problems.finish(source, Given::default()))
    }

    /// Writes the choices of a run, in the order in which they came up.
    ///
    /// # Errors
    /// If the file cannot be written. There is none of its name then, or the one that was there.
    pub fn write(&self, choices: &[(Point, u64)], path: &Path, names: &Names) -> io::Result<()> {
        let mut file = WholeFile::create(path)?;
        let mut line = String::new();
        // The kernel asks no choice twice; a process with more draws than a choice can count could.
        let mut seen = BTreeMap::new();
        let fresh = |(point, answer): &&(Point, u64)| seen.insert(*point, *answer).is_none();
        let fresh: Vec<&(Point, u64)> = choices.iter().filter(fresh).collect();
        let mut header = Object::new(&mut line);
        header.string("format", FORMAT);
        header.plain("version", VERSION);
        if let Some(scenario) = &self.scenario {
            header.string("scenario", scenario);
        }
        if let Some(seed) = self.seed {
            header.plain("seed", seed);
        }
        if let Some(variant) = &self.variant {
            header.string("variant", variant);
        }
        header.plain("complete", true);
        header.plain("answers", fresh.len());
        header.end();
        for (point, answer) in fresh {
            line.push('\n');
            file.write_all(line.as_bytes())?;
            line.clear();
            answer::write(*point, *answer, names, &mut line);
        }
        line.push('\n');
        file.write_all(line.as_bytes())?;
        file.finish()
    }
}

/// What is known while a file is read.
struct Reading<'a> {
    scenario: &'a Scenario,
    known: Known,
    /// Where each choice was answered.
    seen: BTreeMap<Point, usize>,
    counted: Option<u64>,
}

impl Reading<'_> {
    fn line(&mut self, text: &str, start: usize, into: &mut Decisions) -> Result<(), Mistake> {
        if start == 0
            && let Ok(Value::Object(header)) = parse_line(text)
            && header.contains_key("format")
        {
            return self.header(&header, text, into);
        }
        let (point, answer) = answer::read(text, &self.known)?;
        if let Some(first) = self.seen.insert(point, start) {
            let what = point_text(&point, &self.known.names);
            let mistake = Mistake::new(format!("`{what}` is answered twice"));
            return Err(mistake.also(first, "first here"));
        }
        into.script.answers.insert(point, answer);
        Ok(())
    }

    fn header(
        &mut self,
        header: &Map<String, Value>,
        text: &str,
        into: &mut Decisions,
    ) -> Result<(), Mistake> {
        let scenario = self.scenario;
        for (key, value) in header {
            let wrong = |expected: &str| {
                let at = text.find(&format!("\"{key}\"")).unwrap_or(0);
                Err(Mistake::new(format!("`{key}` must be {expected}")).at(at))
            };
            match (key.as_str(), value) {
                ("format", Value::String(format)) if format == FORMAT => {}
                ("format", _) => return wrong(&format!("\"{FORMAT}\"")),
                ("version", version) => match version.as_u64() {
                    Some(VERSION) => {}
                    Some(newer) if newer > VERSION => {
                        let message = format!("this file of decisions is newer: version {newer}");
                        let help = format!("this simlab reads version {VERSION}");
                        return Err(Mistake::new(message).help(help));
                    }
                    _ => return wrong("1"),
                },
                ("scenario", Value::String(name)) if *name == scenario.name => {
                    into.scenario = Some(name.clone());
                }
                ("scenario", _) => return wrong(&format!("\"{}\", which is run", scenario.name)),
                ("variant", Value::String(name)) if scenario.variant(name).is_some() => {
                    into.variant = Some(name.clone());
                }
                ("variant", _) => return wrong(&format!("a variant of {}", scenario.name)),
                ("complete", Value::Bool(complete)) => into.script.complete = *complete,
                ("complete", _) => return wrong("true or false"),
                ("seed" | "answers", number) => match (key.as_str(), number.as_u64()) {
                    ("seed", Some(seed)) => into.seed = Some(seed),
                    (_, Some(answers)) => self.counted = Some(answers),
                    (_, None) => return wrong("a whole number from 0 to 2^64-1"),
                },
                _ => {
                    let at = text.find(&format!("\"{key}\"")).unwrap_or(0);
                    return Err(Mistake::new(format!("unknown key `{key}`")).at(at));
                }
            }
        }
        if !header.contains_key("version") {
            return Err(Mistake::new("the `version` is missing").help("this is version 1"));
        }
        Ok(())
    }
}

/// The most departures of one sort that are named one by one.
pub const NAMED_MAX: usize = 20;

/// What became of a script, in words, a line each; nothing if the run went as it says.
#[must_use]
pub fn departed(departures: &Departures, names: &Names) -> Vec<String> {
    let sorts = [
        (&departures.unasked, "nobody asked"),
        (&departures.refused, "the answer makes no sense, and the seed answered"),
        (&departures.unknown, "the recording does not know the choice, and the seed answered"),
    ];
    let mut lines = Vec::new();
    for (points, what) in sorts {
        for point in points.iter().take(NAMED_MAX) {
            lines.push(format!("{}: {what}", point_text(point, names)));
        }
        if points.len() > NAMED_MAX {
            lines.push(format!("… and {} more: {what}", points.len() - NAMED_MAX));
        }
    }
    lines
}
