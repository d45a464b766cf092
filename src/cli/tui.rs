//! `simlab tui`: the debugger.

use super::args::{ThemeName, TuiArgs};
use super::output::{Exit, Output};
use super::replay::Recorded;
use super::story;
use simlab_scenarios::{Catalogue, Scenario, tracefile};
use simlab_sim::Script;
use simlab_tui::app::App;
use simlab_tui::film::Film;
use simlab_tui::look::{Glyphs, Theme};
use simlab_tui::terminal;
use std::io::{IsTerminal, stdout};
use std::path::Path;
use std::rc::Rc;

pub(super) fn tui(args: &TuiArgs, catalogue: &Catalogue, output: &mut Output) -> Exit {
    match try_tui(args, catalogue, output) {
        Ok(exit) | Err(exit) => exit,
    }
}

/// Which runs are shown.
struct Shown {
    scenario: Scenario,
    variants: Vec<usize>,
    seed: u64,
    script: Option<Script>,
    /// What the hash of the run's trace has to be, if it was recorded.
    hash: Option<u64>,
}

/// The runs of a scenario.
fn of_scenario(args: &TuiArgs, catalogue: &Catalogue, output: &mut Output) -> Result<Shown, Exit> {
    let ask = &args.scenario;
    let scenario = story::scenario(&ask.scenario, &ask.set, catalogue, output)?;
    let mut variants = story::variants(&scenario, &args.variant, output)?;
    if variants.is_empty() {
        variants = (0..scenario.variants.len()).collect();
    }
    story::switched(&scenario, &variants, &ask.set, output)?;
    let seed = ask.seed.unwrap_or(scenario.seed);
    Ok(Shown { scenario, variants, seed, script: None, hash: None })
}

/// The run that a trace file is of, made again.
fn of_trace(
    path: &Path,
    args: &TuiArgs,
    catalogue: &Catalogue,
    output: &mut Output,
) -> Result<Shown, Exit> {
    let ask = &args.scenario;
    if ask.seed.is_some() || !ask.set.is_empty() || !args.variant.is_empty() {
        let what = "--seed, --set, --switch or --variant";
        output.error(&format!("error: a trace file is of one run: it takes no {what}"));
        return Err(Exit::BadInput);
    }
    let recorded = Recorded::read(path).map_err(|problems| output.refuse(&problems))?;
    recorded.tell_version(output);
    let Recorded { header, script, footer } = recorded;
    let (scenario, variant) =
        header.load(catalogue).map_err(|problems| output.refuse(&problems))?;
    let (variants, hash) = (vec![variant], Some(footer.trace_hash));
    Ok(Shown { scenario, variants, seed: header.seed, script, hash })
}

fn try_tui(args: &TuiArgs, catalogue: &Catalogue, output: &mut Output) -> Result<Exit, Exit> {
    let ask = &args.scenario;
    let path = Path::new(&ask.scenario);
    let shown = if tracefile::is_one(path) {
        of_trace(path, args, catalogue, output)?
    } else {
        of_scenario(args, catalogue, output)?
    };
    let Shown { scenario, variants, seed, script, hash } = shown;
    if !stdout().is_terminal() {
        output.error("error: the debugger needs a terminal; `simlab log` prints the same events");
        return Err(Exit::BadInput);
    }
    let scenario = Rc::new(scenario);
    let mut films = Vec::new();
    for variant in variants {
        let film = Film::new(Rc::clone(&scenario), catalogue, variant, seed, script.as_ref());
        films.push(film.map_err(|problems| output.refuse(&problems))?);
    }
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let theme = match args.theme {
        Some(ThemeName::Dark) => Theme::DARK,
        Some(ThemeName::Light) => Theme::LIGHT,
        Some(ThemeName::Plain) => Theme::PLAIN,
        None if no_colour => Theme::PLAIN,
        None => Theme::DARK,
    };
    let glyphs = if args.ascii { Glyphs::ASCII } else { Glyphs::UNICODE };
    let lang = story::language(ask.lang.as_deref());
    let mut app = App::new(films, theme, glyphs, &lang);
    app.begin_at(args.at.map(simlab_core::Seq::get));
    app.expect(hash);
    match terminal::show(&mut app, !args.no_mouse) {
        Ok(true) => Ok(Exit::Passed),
        Ok(false) => Ok(Exit::Interrupted),
        Err(error) => {
            output.error(&format!("error: the terminal: {error}"));
            Err(Exit::BadInput)
        }
    }
}
