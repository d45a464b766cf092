//! What a sweep's failures come to when they are made small.

use super::args::SweepArgs;
use super::output::{Output, program, quoted};
use simlab_scenarios::run::Setup;
use simlab_scenarios::shrink::{Budget, Shrunk, Size, shrink};
use simlab_scenarios::sweep::{Tally, Violation};
use simlab_scenarios::{Catalogue, Scenario, WholeFile};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The counterexamples of a sweep: one of each check of each variant.
#[derive(Debug, Default)]
pub(super) struct Counterexamples(Vec<Kept>);

/// A counterexample.
#[derive(Debug)]
struct Kept {
    of: Violation,
    /// `None` if it could not be written.
    file: Option<PathBuf>,
    /// What there is to say of it, a line each.
    told: Vec<String>,
}

impl Counterexamples {
    /// The file of a violation, if it was made small.
    pub(super) fn file(&self, violation: &Violation) -> Option<String> {
        Some(self.find(violation)?.file.as_ref()?.display().to_string())
    }

    /// What is told of it.
    pub(super) fn told(&self, violation: &Violation) -> &[String] {
        self.find(violation).map_or(&[], |kept| &kept.told)
    }

    fn find(&self, violation: &Violation) -> Option<&Kept> {
        self.0.iter().find(|kept| kept.of == *violation)
    }

    /// Makes the first violation of each check in each variant small and writes it into the folder that is
    /// asked for.
    pub(super) fn of(
        tally: &Tally,
        scenario: &Scenario,
        catalogue: &Catalogue,
        args: &SweepArgs,
        output: &mut Output,
    ) -> Self {
        let mut all = Counterexamples::default();
        if !args.shrink {
            return all;
        }
        let mut seen: Vec<(&str, &str)> = Vec::new();
        for violation in &tally.violations {
            let what = (violation.variant.as_str(), violation.check.as_str());
            let asked = args.only.is_empty() || args.only.iter().any(|check| check == what.1);
            let fresh = asked && !seen.contains(&what);
            let Some(variant) = scenario.variant(what.0).filter(|_| fresh) else { continue };
            seen.push(what);
            let setup =
                Setup { scenario, catalogue, variant, seed: violation.seed, recording: false };
            let budget = Budget { candidates: args.shrink_runs };
            let shrunk = match shrink(&setup, what.1, budget) {
                Ok(shrunk) => shrunk,
                Err(error) => {
                    let (variant, check) = what;
                    output.error(&format!("note: {variant}, {check}: not made small: {error}"));
                    continue;
                }
            };
            let file = write(&args.out, violation, &shrunk);
            if let Err(error) = &file {
                let folder = args.out.display();
                output.error(&format!("error: cannot write into {folder}: {error}"));
            }
            let file = file.ok();
            let told = told(&shrunk, file.as_deref());
            all.0.push(Kept { of: violation.clone(), file, told });
        }
        all
    }
}

/// Writes it under a name that nothing else has. If a file of its name says the same already, that is it.
fn write(folder: &Path, violation: &Violation, shrunk: &Shrunk<'_>) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let Violation { seed, variant, check, .. } = violation;
    let of = &shrunk.counterexample.of;
    for number in 1.. {
        let again = if number == 1 { String::new() } else { format!("-{number}") };
        let path = folder.join(format!("{of}-{seed}-{variant}-{check}{again}.toml"));
        let text = shrunk.to_toml(&replay(&path));
        match fs::read(&path) {
            Ok(there) if there == text.as_bytes() => return Ok(path),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut file = WholeFile::create(&path)?;
                file.write_all(text.as_bytes())?;
                file.finish()?;
                return Ok(path);
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("no name is left"))
}

/// The command that replays a counterexample.
fn replay(path: &Path) -> String {
    format!("{} replay {}", program(), quoted(&path.display().to_string()))
}

fn told(shrunk: &Shrunk<'_>, path: Option<&Path>) -> Vec<String> {
    let Shrunk { before, after, candidates, finished, .. } = shrunk;
    let mut lines = vec![format!("made small: {} (was {})", size(after), size(before))];
    let end = if *finished { "nothing was left to try" } else { "no more were to be tried" };
    lines.push(format!("after {candidates} candidates; {end}"));
    lines.extend(shrunk.story.iter().map(|sentence| format!("  {sentence}")));
    if let Some(path) = path {
        let shown = quoted(&path.display().to_string());
        lines.push(replay(path));
        lines.push(format!("{} tui {shown}", program()));
    }
    lines
}

/// `3 nodes, 2 operations, 1 fault, 0 decisions, 120 events`
fn size(size: &Size) -> String {
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    format!(
        "{}, {}, {}, {}, {} events",
        count(size.nodes, "node"),
        count(size.operations, "operation"),
        count(size.faults, "fault"),
        count(size.decisions, "decision"),
        size.events
    )
}
