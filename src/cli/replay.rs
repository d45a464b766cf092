//! `simlab replay`: a run from its trace file, once more.

use super::args::ReplayArgs;
use super::output::{Exit, Output};
use super::story;
use simlab_scenarios::report::{VariantReport, judge};
use simlab_scenarios::run::{Setup, run_prepared};
use simlab_scenarios::shrink::Replayed;
use simlab_scenarios::tracefile::{self, Compare, Difference, Footer, Header, Reader, Verdict};
use simlab_scenarios::{Catalogue, Diagnostics};
use simlab_scenarios::{Words, narrative};
use simlab_sim::Script;
use std::collections::BTreeSet;
use std::path::Path;

pub(super) fn replay(args: &ReplayArgs, catalogue: &Catalogue, output: &mut Output) -> Exit {
    let path = &args.file;
    let scenario = path.extension().is_some_and(|extension| extension == "toml");
    let exit = if scenario && !tracefile::is_one(path) {
        counterexample(path, catalogue, output)
    } else {
        try_replay(path, catalogue, output).map_err(|problems| output.refuse(&problems))
    };
    match exit {
        Ok(exit) | Err(exit) => exit,
    }
}

/// Runs a counterexample once more: it must fail as it did.
fn counterexample(path: &Path, catalogue: &Catalogue, output: &mut Output) -> Result<Exit, Exit> {
    let name = path.display().to_string();
    let scenario = story::scenario(&name, &[], catalogue, output)?;
    let replayed = Replayed::of(&scenario, catalogue);
    let Some(replayed) = replayed.map_err(|problems| output.refuse(&problems))? else {
        output.error(&format!(
            "error: {name} is neither a trace file nor a counterexample: it has no [counterexample]"
        ));
        return Err(Exit::BadInput);
    };
    let Replayed { counterexample: recorded, report, .. } = &replayed;
    output.line(&format!(
        "{} · {} · seed {} · {} events · trace hash {:016x}",
        scenario.name, report.name, scenario.seed, report.events, report.trace_hash
    ));
    let departures = replayed.departures();
    if replayed.is_same() {
        output.line(&format!("{} fails:", recorded.check));
        let story = narrative(&scenario, catalogue);
        for line in story.map_err(|problems| output.refuse(&problems))? {
            output.line(&format!("  {line}"));
        }
        output.line("the same hash and the same verdict as recorded");
        return Ok(Exit::Passed);
    }
    output.line("this run is not the recorded one");
    if report.trace_hash != recorded.trace_hash {
        output.line(&format!("trace hash: recorded {:016x}", recorded.trace_hash));
    }
    output.line(&match &replayed.detail {
        Some(detail) => format!("{} fails: {detail}", recorded.check),
        None => format!("{} does not fail any more", recorded.check),
    });
    departures.iter().for_each(|line| output.line(line));
    Ok(Exit::Failed)
}

/// What a trace file says of its run, and that all of it is as it was written.
pub(super) struct Recorded {
    pub(super) header: Header,
    pub(super) script: Option<Script>,
    pub(super) footer: Footer,
}

impl Recorded {
    /// Reads a trace file from the first line to the last.
    pub(super) fn read(path: &Path) -> Result<Self, Diagnostics> {
        let mut reader = Reader::open(path)?;
        let footer = reader.finish()?.clone();
        Ok(Recorded { header: reader.header().clone(), script: reader.script().cloned(), footer })
    }

    /// Says if another version wrote the file.
    pub(super) fn tell_version(&self, output: &mut Output) {
        if !self.header.is_of_this_version() {
            let (theirs, ours) = (&self.header.simlab, env!("CARGO_PKG_VERSION"));
            output.error(&format!("note: simlab {theirs} wrote this trace, and this is {ours}"));
        }
    }
}

fn try_replay(
    path: &Path,
    catalogue: &Catalogue,
    output: &mut Output,
) -> Result<Exit, Diagnostics> {
    let recorded = Recorded::read(path)?;
    recorded.tell_version(output);
    let Recorded { header, script, footer } = &recorded;
    let (scenario, variant) = header.load(catalogue)?;
    let seed = header.seed;
    let setup = Setup { scenario: &scenario, catalogue, variant, seed, recording: false };
    let mut compare = None;
    let run = run_prepared(setup, |world| {
        if let Some(script) = script {
            world.follow(script.clone());
        }
        compare = Some(Compare::on(world, path));
    })?;
    let difference = compare.transpose()?.map(Compare::finish).transpose()?.flatten();
    let report = judge(run);
    let Header { scenario: name, variant, .. } = header;
    output.line(&format!(
        "{name} · {variant} · seed {seed} · {} events · trace hash {:016x}",
        report.events, report.trace_hash
    ));
    let mut lines = Vec::new();
    if let Some(difference) = &difference {
        tell(difference, &report, &mut lines);
    } else if report.trace_hash != footer.trace_hash {
        lines.push("every event is the same, and the file gives another hash".to_owned());
    }
    if report.trace_hash != footer.trace_hash {
        lines.push(format!("trace hash: recorded {:016x}", footer.trace_hash));
    }
    verdicts(&footer.verdict, &Verdict::of(&report), ["recorded ", "now "], &mut lines);
    if lines.is_empty() {
        output.line("the same hash and the same verdict as recorded");
        return Ok(Exit::Passed);
    }
    output.line("this run is not the recorded one");
    for line in lines {
        output.line(&line);
    }
    Ok(Exit::Failed)
}

/// The first event that differs, as it was and as it is.
fn tell(difference: &Difference, report: &VariantReport<'_>, out: &mut Vec<String>) {
    let words = Words { names: report.run.world.names(), setup: Some(report.run.setup) };
    let shown = |record: &Option<_>| match record {
        Some(record) => words.line(&simlab_scenarios::tracefile::Record::event(record)),
        None => "nothing more".to_owned(),
    };
    out.push("the first event that differs:".to_owned());
    out.push(format!("  recorded {}", shown(&difference.file)));
    out.push(format!("  now      {}", shown(&difference.run)));
}

/// Where two verdicts differ; `labels` are words for the two.
pub(super) fn verdicts(
    first: &Verdict,
    second: &Verdict,
    labels: [&str; 2],
    out: &mut Vec<String>,
) {
    let [one, other] = labels;
    let observed = |verdict: &Verdict, name: &str| {
        let check = verdict.checks.iter().find(|(check, _)| check == name);
        check.map_or_else(|| "nothing".to_owned(), |(_, observed)| observed.to_string())
    };
    let names = first.checks.iter().chain(&second.checks).map(|(name, _)| name.as_str());
    let names: BTreeSet<&str> = names.collect();
    for name in names {
        let (a, b) = (observed(first, name), observed(second, name));
        if a != b {
            out.push(format!("{name}: {one}{a}, {other}{b}"));
        }
    }
    if first.findings != second.findings {
        let list = |verdict: &Verdict| match verdict.findings.as_slice() {
            [] => "none".to_owned(),
            findings => findings.join(", "),
        };
        out.push(format!("findings: {one}{}, {other}{}", list(first), list(second)));
    }
    if first.status != second.status {
        out.push(format!("verdict: {one}{}, {other}{}", first.word(), second.word()));
    }
}
