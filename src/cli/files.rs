//! The files of a run: none may be read and written at once, and none is left half-written.

use super::args::RunArgs;
use super::output::{Exit, Output};
use simlab_scenarios::sweep::ResultsError;
use std::path::{Path, PathBuf};

/// Refuses a run that would write over a file that it reads, or over another that it writes.
pub(super) fn distinct(args: &RunArgs, output: &mut Output) -> Result<(), Exit> {
    let written = [
        ("--trace", args.trace.as_deref()),
        ("--record-decisions", args.record_decisions.as_deref()),
    ];
    let scenario = Path::new(&args.scenario.scenario);
    let read =
        [("the scenario", Some(scenario)), ("--decisions", args.script.decisions.as_deref())];
    for (n, (what, path)) in written.iter().enumerate() {
        let Some(place) = path.and_then(place) else { continue };
        let others = read.iter().chain(&written[..n]);
        let same = |other: &&(&str, Option<&Path>)| {
            other.1.and_then(self::place).is_some_and(|other| other == place)
        };
        if let Some((other, _)) = others.into_iter().find(same) {
            let path = place.display();
            output.error(&format!("error: {what} would write over {other}: both are {path}"));
            return Err(Exit::BadInput);
        }
    }
    Ok(())
}

/// Refuses to keep the results of a sweep in its scenario.
pub(super) fn apart(results: &Path, scenario: &str) -> Result<(), ResultsError> {
    match place(results) {
        Some(there) if place(Path::new(scenario)).as_ref() == Some(&there) => {
            Err(ResultsError::Foreign { file: there, why: "it is the scenario".to_owned() })
        }
        _ => Ok(()),
    }
}

/// Refuses a folder for counterexamples that cannot be one, before anything is run for them.
pub(super) fn folder(out: &Path, output: &mut Output) -> Result<(), Exit> {
    let there = out.ancestors().find(|path| path.symlink_metadata().is_ok());
    match there.filter(|path| !path.is_dir()) {
        None => Ok(()),
        Some(path) => {
            let (out, path) = (out.display(), path.display());
            output.error(&format!("error: --out {out}: {path} is no folder"));
            Err(Exit::BadInput)
        }
    }
}

/// Where a file is or would be; `None` if it is something that can be read and written by many at
/// once (a device, a pipe), or cannot be at all.
fn place(path: &Path) -> Option<PathBuf> {
    match path.canonicalize() {
        Ok(there) => there.is_file().then_some(there),
        Err(_) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
            Some(folder.join(path.file_name()?))
        }
    }
}

/// Removes an unfinished file if the user interrupts, and ends the program as an interrupt does.
pub(super) fn remove_at_interrupt(unfinished: Option<PathBuf>) {
    // Where it cannot be had, an interrupt ends the program as ever.
    let _ = ctrlc::set_handler(move || {
        if let Some(path) = &unfinished {
            let _ = std::fs::remove_file(path);
        }
        std::process::exit(Exit::Interrupted as i32);
    });
}
