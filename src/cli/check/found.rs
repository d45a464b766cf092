//! What a check found, for people and for programs.

use crate::cli::wrap::{self, WIDTH};
use serde_json::json;
use simlab_check::format::Place;
use simlab_check::{
    Answer, Consistency, Evidence, Lattice, Model, Staleness, Standing, Subject,
    span as words_span, staleness,
};
use simlab_core::history::Record;
use simlab_core::{OpId, Outcome, Value};
use simlab_scenarios::Recorded;
use std::time::Duration;

/// More operations of the evidence are counted and not shown: they would fill the screen.
const SHOWN_MAX: usize = 12;
/// So much of a call or a result is shown, in characters.
const CLIPPED: usize = 60;
/// So much of a reason is told, and of a call or a result in JSON, in characters: a value may be of any size.
const WHY_MAX: usize = 1_000;

/// What was found about the other consistency models.
pub(super) enum Others {
    /// Nobody asked.
    NotAsked,
    /// They were not judged, since there are so many operations.
    TooMany,
    Judged(Option<Lattice>),
}

/// An answer, and what it is about.
pub(super) struct Found<'a> {
    pub(super) file: &'a str,
    pub(super) model: &'static Model,
    pub(super) consistency: &'a Consistency,
    pub(super) initial: Value,
    pub(super) recorded: Recorded,
    pub(super) answer: Answer,
    pub(super) others: Others,
    /// Whether all models were asked for.
    pub(super) all: bool,
    pub(super) took: Duration,
}

impl Found<'_> {
    /// The verdict, its reasons, and what was judged.
    pub(super) fn text(&self) -> Vec<String> {
        let name = self.consistency.name;
        let mut lines = match &self.answer {
            Answer::Satisfied => vec![format!("{name}: yes")],
            Answer::Violated(evidence) => {
                let mut lines = vec![format!("{name}: NO")];
                self.broken(evidence, &mut lines);
                lines
            }
            Answer::Unknown { why } => filled(&format!("{name}: unknown: {why}")),
            Answer::NotApplicable { why } => filled(&format!("{name}: not applicable: {why}")),
        };
        self.other_models(&mut lines);
        let recording = &self.recorded.recording;
        let operations = count(recording.history.records().len(), "operation", "operations");
        let processes = count(recording.processes(), "process", "processes");
        let file = if self.file == "-" { "standard input" } else { self.file };
        let format = recording.format;
        let (model, initial) = (self.model.name, &self.initial);
        let judged = format!(
            "judged: {file} ({format}), {operations} of {processes}, as a {model}, initially {initial}"
        );
        lines.extend(filled(&judged));
        let summary = self.consistency.summary;
        lines.extend(filled(&format!("{name}: {summary}")));
        lines.push(format!("the check took {}", self.took()));
        lines
    }

    /// The operation that broke the model, why, and what contradicts it.
    fn broken(&self, evidence: &Evidence, out: &mut Vec<String>) {
        let history = &self.recorded.recording.history;
        let Some(record) = history.get(evidence.op) else { return };
        let at = self.place(evidence.op).map_or_else(String::new, place);
        let broke = format!(
            "first broken by {} on {:?}, {at}: {}",
            self.recorded.who(evidence.op),
            clip(&evidence.object),
            done(record)
        );
        out.extend(filled(&broke));
        out.extend(filled(&format!("why: {}", clip_to(&evidence.why, WHY_MAX))));
        let others = evidence.operations.iter().any(|op| *op != evidence.op);
        if !others {
            return;
        }
        let operations = evidence.operations.len();
        let these =
            if operations > SHOWN_MAX { format!("these {operations}") } else { "these".to_owned() };
        let least = if evidence.minimal { ", and each is needed" } else { "; fewer might do" };
        out.push(format!("{these} cannot all be true, whatever the others did{least}:"));
        self.contradictory(evidence, out);
    }

    /// The operations that cannot all be true, in the order of the file; of many those nearest to the break, and
    /// between them how many there are.
    fn contradictory(&self, evidence: &Evidence, out: &mut Vec<String>) {
        let history = &self.recorded.recording.history;
        let mut all: Vec<&Record> =
            evidence.operations.iter().filter_map(|op| history.get(*op)).collect();
        let distance = |record: &Record| {
            (evidence.mark.seq.get().abs_diff(record.invoked.seq.get()), record.op)
        };
        all.sort_by_key(|record| distance(record));
        let farthest = all.iter().take(SHOWN_MAX).next_back().map(|record| distance(record));
        all.sort_by_key(|record| record.invoked);
        let more = |n: usize| (n > 0).then(|| format!("  … {n} more"));
        let mut hidden = 0;
        for record in all {
            if Some(distance(record)) > farthest {
                hidden += 1;
                continue;
            }
            out.extend(more(std::mem::take(&mut hidden)));
            let at = self.place(record.op).map_or_else(String::new, place);
            out.push(format!("  {at}, {}: {}", self.recorded.who(record.op), done(record)));
        }
        out.extend(more(hidden));
    }

    /// Which other models hold, and what broke those that are next.
    fn other_models(&self, out: &mut Vec<String>) {
        let lattice = match &self.others {
            Others::NotAsked | Others::Judged(None) => return,
            Others::TooMany => {
                out.push("what holds instead: --consistency all".to_owned());
                return;
            }
            Others::Judged(Some(lattice)) => lattice,
        };
        let strongest: Vec<&str> = lattice.strongest().map(|s| s.consistency.name).collect();
        let strongest = if strongest.is_empty() { "none".to_owned() } else { strongest.join(", ") };
        out.extend(filled(&format!("strongest that hold: {strongest}")));
        for standing in lattice.next_broken() {
            let name = standing.consistency.name;
            // That was told.
            if name == self.consistency.name {
                continue;
            }
            if let Answer::Violated(evidence) = &standing.answer {
                let at = self.place(evidence.op).map_or_else(String::new, place);
                let who = self.recorded.who(evidence.op);
                let why = clip_to(&evidence.why, WHY_MAX);
                out.extend(filled(&format!("{name}: NO, {at}, {who}: {why}")));
            }
        }
        self.not_judged(lattice, out);
        let history = &self.recorded.recording.history;
        let subject = Subject::new(history, self.model, &self.initial);
        if let Ok(Staleness { stale: stale @ 1.., versions, time, .. }) = staleness(subject) {
            let reads = count(stale as usize, "read is", "reads are");
            let time = if self.recorded.recording.timed {
                format!(" and {}", words_span(time))
            } else {
                String::new()
            };
            let versions = count(versions as usize, "version", "versions");
            let which = if stale == 1 { "by" } else { "the worst by" };
            out.push(format!("{reads} stale, {which} at least {versions}{time}"));
        }
    }

    /// The models of which it is not known whether they hold; those for which it is for the same reason together.
    fn not_judged(&self, lattice: &Lattice, out: &mut Vec<String>) {
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, why) in unsettled(lattice) {
            match reasons.iter_mut().find(|(known, _)| *known == why) {
                Some((_, names)) => names.push(name),
                None => reasons.push((why, vec![name])),
            }
        }
        for (why, names) in reasons {
            let why = clip_to(why, WHY_MAX);
            out.extend(filled(&format!("not judged: {}: {why}", names.join(", "))));
        }
        let gave_up = |standing: &Standing| matches!(standing.answer, Answer::Unknown { .. });
        if !self.all && lattice.standings.iter().any(gave_up) {
            out.push("--consistency all searches longer".to_owned());
        }
    }

    /// One JSON object.
    pub(super) fn json(&self) -> String {
        let recording = &self.recorded.recording;
        let (verdict, detail, evidence) = match &self.answer {
            Answer::Satisfied => ("ok", format!("{}: yes", self.consistency.name), None),
            Answer::Violated(evidence) => {
                ("violation", clip_to(&evidence.why, WHY_MAX), Some(evidence))
            }
            Answer::Unknown { why } => ("unknown", why.clone(), None),
            Answer::NotApplicable { why } => ("unknown", format!("not applicable: {why}"), None),
        };
        json!({
            "file": self.file,
            "model": self.model.name,
            "consistency": self.consistency.name,
            "initial": self.initial.to_string(),
            "format": recording.format.to_string(),
            "operations": recording.history.records().len(),
            "processes": recording.processes(),
            "verdict": verdict,
            "detail": detail,
            "first_break": evidence.map(|evidence| self.operation(evidence.op)),
            "evidence": evidence.map(|evidence| {
                evidence.operations.iter().map(|op| self.operation(*op)).collect::<Vec<_>>()
            }),
            "minimal": evidence.map(|evidence| evidence.minimal),
            "strongest": self.lattice().map(|lattice| {
                lattice.strongest().map(|standing| standing.consistency.name).collect::<Vec<_>>()
            }),
            "broken": self.lattice().map(|lattice| {
                let broken = lattice.next_broken().filter_map(|standing| match &standing.answer {
                    Answer::Violated(evidence) => Some(json!({
                        "consistency": standing.consistency.name,
                        "detail": clip_to(&evidence.why, WHY_MAX),
                        "first_break": self.operation(evidence.op),
                    })),
                    _ => None,
                });
                broken.collect::<Vec<_>>()
            }),
            "not_judged": self.lattice().map(|lattice| {
                let unsettled = unsettled(lattice).map(|(name, why)| {
                    json!({ "consistency": name, "detail": clip_to(why, WHY_MAX) })
                });
                unsettled.collect::<Vec<_>>()
            }),
            "wall_ms": self.milliseconds(),
        })
        .to_string()
    }

    const fn lattice(&self) -> Option<&Lattice> {
        match &self.others {
            Others::Judged(lattice) => lattice.as_ref(),
            _ => None,
        }
    }

    fn operation(&self, op: OpId) -> serde_json::Value {
        let place = self.place(op);
        let record = self.recorded.recording.history.get(op);
        json!({
            "who": self.recorded.who(op),
            "object": record.map(|record| &record.operation.object),
            "call": record.map(|record| clip_to(&record.operation.call.to_string(), WHY_MAX)),
            "outcome": record.and_then(|record| {
                Some(clip_to(&record.returned.as_ref()?.1.to_string(), WHY_MAX))
            }),
            "line": place.map(|place| place.invoked),
            "line_returned": place.and_then(|place| place.returned),
        })
    }

    fn place(&self, op: OpId) -> Option<Place> {
        self.recorded.recording.place(op)
    }

    /// How long it took, for people.
    fn took(&self) -> String {
        if self.took.as_secs() > 0 {
            format!("{:.1} s", self.took.as_secs_f64())
        } else {
            format!("{:.3} ms", self.milliseconds())
        }
    }

    /// To the microsecond.
    fn milliseconds(&self) -> f64 {
        self.took.as_micros() as f64 / 1_000.0
    }
}

/// The models that hold or not, nobody knows, each with what stood in the way.
fn unsettled(lattice: &Lattice) -> impl Iterator<Item = (&'static str, &str)> {
    lattice.standings.iter().filter_map(|standing| match &standing.answer {
        Answer::Unknown { why } | Answer::NotApplicable { why } => {
            Some((standing.consistency.name, why.as_str()))
        }
        Answer::Satisfied | Answer::Violated(_) => None,
    })
}

/// In lines that fit a terminal.
fn filled(text: &str) -> Vec<String> {
    wrap::filled("", text, 2, WIDTH)
}

fn place(place: Place) -> String {
    match place.returned {
        Some(returned) if returned != place.invoked => {
            format!("lines {} and {returned}", place.invoked)
        }
        _ => format!("line {}", place.invoked),
    }
}

/// What was asked and what came of it.
fn done(record: &Record) -> String {
    let call = clip(&record.operation.call.to_string());
    match &record.returned {
        Some((_, Outcome::Done(result))) => {
            format!("{call} returned {}", clip(&result.to_string()))
        }
        Some((_, outcome)) => format!("{call}: {}", clip(&outcome.to_string())),
        None => format!("{call}, never answered"),
    }
}

/// A text of the file, not too long for a line.
fn clip(text: &str) -> String {
    clip_to(text, CLIPPED)
}

fn clip_to(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}
