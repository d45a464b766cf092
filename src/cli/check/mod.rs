//! `simlab check`: what a recorded history proves about the system that it is of.

mod found;

use super::args::{CheckArgs, Format};
use super::output::{Exit, Output};
use found::Found;
use simlab_check::format::Format as Recorder;
use simlab_check::{
    Answer, Budget, CONSISTENCIES, Consistency, Limits, MODELS, Model, ModelError, Stop, Subject,
    consistency, judge, model,
};
use simlab_core::{Duration, Value};
use simlab_scenarios::{Diagnostics, Recorded, advice};
use std::fs::File;
use std::io;
#[allow(clippy::disallowed_types, reason = "a limit of people's time, and how long it took")]
use std::time::Instant;

/// What a search may make, however long it takes: some minutes' work.
const LIMITS: Limits = Limits { configurations: 100_000_000 };

/// What is checked if nothing is said.
const DEFAULT: &str = "linearizable";

pub(super) fn check(args: &CheckArgs, output: &mut Output) -> Exit {
    match try_check(args, output) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_check(args: &CheckArgs, output: &mut Output) -> Result<Exit, Exit> {
    let model = model(&args.model).map_err(|error| {
        let known = MODELS.iter().map(|model| model.name);
        refuse(&error, advice(&args.model, "models", known), output)
    })?;
    let name = args.consistency.as_deref().unwrap_or(DEFAULT);
    let consistency = consistency(name).map_err(|_| {
        let known = CONSISTENCIES.iter().map(|consistency| consistency.name);
        let error = format!("there is no consistency model {name:?}");
        refuse(&error, advice(name, "consistency models", known), output)
    })?;
    let recorded = read(args, model).map_err(|problems| output.refuse(&problems))?;
    let initial = initial(args, model, &recorded);
    let begin = now();
    let answer = answer(args.limit, model, consistency, &initial, &recorded).map_err(|error| {
        let help = args.initial.is_none().then(|| "say what it was with --initial".to_owned());
        refuse(&error, help.into_iter().collect(), output)
    })?;
    let took = begin.elapsed();
    let exit = match answer {
        Answer::Satisfied => Exit::Passed,
        Answer::Violated(_) => Exit::Failed,
        Answer::Unknown { .. } | Answer::NotApplicable { .. } => Exit::Inconclusive,
    };
    let file = args.file.as_str();
    let found = Found { file, model, consistency, initial, recorded, answer, took };
    match args.format {
        Format::Text => found.text().iter().for_each(|line| output.line(line)),
        Format::Json => output.line(&found.json()),
    }
    Ok(exit)
}

/// Says what is wrong with the arguments.
fn refuse(error: &dyn std::fmt::Display, help: Vec<String>, output: &mut Output) -> Exit {
    output.error(&format!("error: {error}"));
    for line in help {
        output.error(&format!("help: {line}"));
    }
    Exit::BadInput
}

/// Reads the file, or standard input.
fn read(args: &CheckArgs, model: &'static Model) -> Result<Recorded, Diagnostics> {
    let variant = args.variant.as_deref();
    if args.file == "-" {
        return Recorded::read("standard input", io::stdin().lock(), model, variant);
    }
    match File::open(&args.file) {
        Ok(file) => Recorded::read(&args.file, file, model, variant),
        Err(error) => Recorded::read(&args.file, Unreadable(Some(error)), model, variant),
    }
}

/// A file that cannot be opened cannot be read either, and says why.
struct Unreadable(Option<io::Error>);

impl io::Read for Unreadable {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// What objects hold at first. Nothing is nil, except that the stores whose histories are recorded answer
/// with an empty text where there is none.
fn initial(args: &CheckArgs, model: &Model, recorded: &Recorded) -> Value {
    let store = model.name == "kv" && recorded.recording.format != Recorder::Trace;
    let default = if store { Value::Text(String::new()) } else { Value::Nil };
    args.initial.clone().unwrap_or(default)
}

fn answer(
    limit: Option<Duration>,
    model: &'static Model,
    consistency: &Consistency,
    initial: &Value,
    recorded: &Recorded,
) -> Result<Answer, ModelError> {
    let begin = now();
    let spent = move |limit: Duration| begin.elapsed().as_nanos() >= u128::from(limit.nanos());
    let stop = limit.map(|limit| Stop::when(move || spent(limit)));
    let subject = Subject { history: &recorded.recording.history, model, initial };
    judge(subject, consistency, Budget { limits: LIMITS, stop: stop.as_ref() })
}

#[allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "people wait for it")]
fn now() -> Instant {
    Instant::now()
}
