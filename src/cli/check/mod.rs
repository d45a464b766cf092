//! `simlab check`: what a recorded history proves about the system that it is of.

mod found;

use super::args::{CheckArgs, Format};
use super::output::{Exit, Output};
use found::{Found, Others};
use simlab_check::diagram::{Glyphs, Marks, Options, SVG_WIDTH, Ticks, WIDTH, diagram};
use simlab_check::format::{Format as Recorder, Recording};
use simlab_check::{
    Answer, Budget, CONSISTENCIES, Limits, Linearizer, MODELS, Model, Stop, Subject, consistency,
    judge, lattice, model, verdict,
};
use simlab_core::history::Record;
use simlab_core::{Duration, OpId, Value};
use simlab_scenarios::{Diagnostics, Recorded, advice};
use std::fs::{self, File};
use std::io;
use std::path::Path;
#[allow(clippy::disallowed_types, reason = "a limit of people's time, and how long it took")]
use std::time::Instant;

/// What a search may make, however long it takes: some minutes' work.
const LIMITS: Limits = Limits { configurations: 20_000_000 };
/// The same for what nobody has asked for.
const ASIDE: Limits = Limits { configurations: 300_000 };

/// Asks for all consistency models.
const ALL: &str = "all";

/// Of a history of no more operations that is not linearizable it is told what it is.
const FEW: usize = 20_000;

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
    let asked = args.consistency.as_deref().unwrap_or(DEFAULT);
    // The verdict on all of them is that on the strongest.
    let name = if asked == ALL { DEFAULT } else { asked };
    let consistency = consistency(name).map_err(|_| {
        let known = CONSISTENCIES.iter().map(|consistency| consistency.name).chain([ALL]);
        let error = format!("there is no consistency model {name:?}");
        refuse(&error, advice(name, "consistency models", known), output)
    })?;
    let recorded = read(args, model).map_err(|problems| output.refuse(&problems))?;
    let initial = initial(args, model, &recorded);
    let begin = now();
    let stop = stop(args.limit);
    let history = &recorded.recording.history;
    let subject = Subject { history, model, initial: &initial, clients: recorded.clients() };
    let budget = Budget { limits: LIMITS, stop: stop.as_ref() };
    let unfit = |error| {
        let help = args.initial.is_none().then(|| "say what it was with --initial".to_owned());
        refuse(&error, help.into_iter().collect(), output)
    };
    let mut answer = verdict(subject, consistency, budget).map_err(unfit)?;
    let took = begin.elapsed();
    // What shows it takes longer than the verdict, and is not part of the time that is told.
    if name == DEFAULT
        && matches!(answer, Answer::Violated(_))
        && let Ok(shown) = judge(subject, consistency, budget)
    {
        answer = shown;
    }
    let broken = matches!(answer, Answer::Violated(_)) && args.consistency.is_none();
    let few = recorded.recording.history.records().len() <= FEW;
    let others = if asked == ALL || broken && few {
        let limits = if asked == ALL { LIMITS } else { ASIDE };
        Others::Judged(lattice(subject, Budget { limits, ..budget }).ok())
    } else if broken {
        Others::TooMany
    } else {
        Others::NotAsked
    };
    let drawn = args.diagram.as_deref().map(|path| {
        let drawn = fs::write(path, drawing(path, subject, &answer, &recorded, budget));
        drawn.map_err(|error| format!("cannot write {}: {error}", path.display()))
    });
    let exit = match answer {
        Answer::Satisfied => Exit::Passed,
        Answer::Violated(_) => Exit::Failed,
        Answer::Unknown { .. } | Answer::NotApplicable { .. } => Exit::Inconclusive,
    };
    let file = args.file.as_str();
    let all = asked == ALL;
    let found = Found { file, model, consistency, initial, recorded, answer, others, all, took };
    match args.format {
        Format::Text => found.text().iter().for_each(|line| output.line(line)),
        Format::Json => output.line(&found.json()),
    }
    // What was found may have taken long, and is told even if the picture cannot be kept.
    match drawn {
        Some(Err(error)) => Err(refuse(&error, Vec::new(), output)),
        Some(Ok(())) | None => Ok(exit),
    }
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

/// Gives up when so much time has gone by.
fn stop(limit: Option<Duration>) -> Option<Stop> {
    let begin = now();
    limit.map(|limit| Stop::when(move || begin.elapsed().as_nanos() >= u128::from(limit.nanos())))
}

/// The history as a picture, with an order that fits if it is linearizable and one is found, or with what
/// contradicts itself.
fn drawing(
    path: &Path,
    subject: Subject<'_>,
    answer: &Answer,
    recorded: &Recorded,
    budget: Budget<'_>,
) -> String {
    let history = subject.history;
    let orders: Vec<Vec<OpId>> = match (answer, subject.model.object(subject.initial)) {
        (Answer::Satisfied, Ok(object)) => {
            let mut linearizer = Linearizer::new(Limits::default());
            budget.stop.cloned().into_iter().for_each(|stop| linearizer.stop_when(stop));
            linearizer.declare_others(object);
            linearizer.witness(history).into_values().collect()
        }
        _ => Vec::new(),
    };
    let marks = match answer {
        Answer::Violated(evidence) => Marks::from(evidence),
        _ if orders.is_empty() => Marks::Nothing,
        _ => Marks::Witness(&orders),
    };
    let lane = |record: &Record| {
        let who = recorded.who(record.op);
        // A client of a run has a name of its own; its operations have numbers behind it.
        let name = who.rsplit_once('.').map_or(who.as_str(), |(client, _)| client);
        ((record.op.node(), record.session), name.to_owned())
    };
    let ticks = match recorded.recording {
        Recording { timed: true, .. } => Ticks::Seconds,
        Recording { by_line: true, .. } => Ticks::Lines,
        Recording { .. } => Ticks::Records,
    };
    let options = Options {
        names: history.records().iter().map(lane).collect(),
        ticks,
        ..Options::default()
    };
    let diagram = diagram(history, marks, &options);
    let svg = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("svg"));
    if svg { diagram.svg(SVG_WIDTH) } else { diagram.text(WIDTH, &Glyphs::UNICODE) }
}

#[allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "people wait for it")]
fn now() -> Instant {
    Instant::now()
}
