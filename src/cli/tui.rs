//! `simlab tui`: the debugger.

use super::args::{ThemeName, TuiArgs};
use super::output::{Exit, Output, program, quoted};
use super::replay::Recorded;
use super::story;
use simlab_scenarios::shrink::Replayed;
use simlab_scenarios::{Catalogue, Diagnostics, Scenario, lesson, load, tracefile};
use simlab_sim::Script;
use simlab_tui::app::library::Library;
use simlab_tui::app::{self, App, Options};
use simlab_tui::film::Film;
use simlab_tui::look::{Glyphs, Theme};
use simlab_tui::terminal::{Leave, Screen};
use std::io::{self, IsTerminal, stdout};
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
    /// What the run was, if it was recorded.
    recorded: Option<app::Recorded>,
    /// The command that shows them, without the variant and the event.
    origin: String,
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
    let (name, set) = (quoted(&ask.scenario), story::settings(&ask.set));
    let origin = format!("{} tui {name} --seed {seed}{set}", program());
    Ok(Shown { scenario, variants, seed, script: None, recorded: None, origin })
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
    let origin = format!("{} tui {}", program(), quoted(&ask.scenario));
    let recorded = Some(app::Recorded { hash: footer.trace_hash, path: path.to_owned() });
    Ok(Shown { scenario, variants: vec![variant], seed: header.seed, script, recorded, origin })
}

/// How it is shown, as far as the command line says.
fn options(args: &TuiArgs, origin: String) -> Options {
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let theme = match args.theme {
        Some(ThemeName::Dark) => Theme::DARK,
        Some(ThemeName::Light) => Theme::LIGHT,
        Some(ThemeName::Plain) => Theme::PLAIN,
        None if no_colour => Theme::PLAIN,
        None => Theme::DARK,
    };
    let glyphs = if args.ascii { Glyphs::ASCII } else { Glyphs::UNICODE };
    let lang = story::language(args.scenario.lang.as_deref());
    Options { theme, glyphs, lang, mouse: !args.no_mouse, origin, is_trace: false }
}

/// The debugger with all runs, at their begin.
fn debugger<'c>(
    shown: Shown,
    options: Options,
    catalogue: &'c Catalogue,
) -> Result<App<'c>, Diagnostics> {
    let Shown { scenario, variants, seed, script, recorded, origin: _ } = shown;
    let scenario = Rc::new(scenario);
    let film = |variant| Film::new(Rc::clone(&scenario), catalogue, variant, seed, script.as_ref());
    let films: Vec<Film<'c>> = variants.into_iter().map(film).collect::<Result<_, _>>()?;
    let mut app = App::new(films, options);
    app.expect(recorded);
    Ok(app)
}

fn try_tui(args: &TuiArgs, catalogue: &Catalogue, output: &mut Output) -> Result<Exit, Exit> {
    let ask = &args.scenario;
    let path = Path::new(&ask.scenario);
    if ask.scenario.is_empty() {
        let given = ask.seed.is_some() || !ask.set.is_empty() || args.at.is_some();
        if given || !args.variant.is_empty() {
            output.error("error: --seed, --set, --switch, --variant and --at need a scenario");
            return Err(Exit::BadInput);
        }
        needs_terminal(output)?;
        let left = library(args, catalogue);
        return ended(left, output);
    }
    let shown = if tracefile::is_one(path) {
        of_trace(path, args, catalogue, output)?
    } else {
        of_scenario(args, catalogue, output)?
    };
    needs_terminal(output)?;
    let broken = broken(&shown.scenario, catalogue).map_err(|problems| output.refuse(&problems))?;
    let is_trace = shown.recorded.is_some();
    let options = Options { is_trace, ..options(args, shown.origin.clone()) };
    let app = debugger(shown, options, catalogue);
    let mut app = app.map_err(|problems| output.refuse(&problems))?;
    app.begin_at(args.at.map_or(broken, |at| Some(at.get())));
    let left = Screen::take(!args.no_mouse).and_then(|mut screen| screen.show(&mut app));
    ended(left, output)
}

/// Where a counterexample fails: the record that shows it, or the last one.
fn broken(scenario: &Scenario, catalogue: &Catalogue) -> Result<Option<u64>, Diagnostics> {
    let replayed = Replayed::of(scenario, catalogue)?;
    Ok(replayed.filter(|replayed| replayed.detail.is_some()).map(|replayed| replayed.place()))
}

fn needs_terminal(output: &mut Output) -> Result<(), Exit> {
    if stdout().is_terminal() {
        return Ok(());
    }
    output.error("error: the debugger needs a terminal; `simlab log` prints the same events");
    Err(Exit::BadInput)
}

fn ended(left: io::Result<Leave>, output: &mut Output) -> Result<Exit, Exit> {
    match left {
        Ok(Leave::Done | Leave::Gone) => Ok(Exit::Passed),
        Ok(Leave::Ended) => Ok(Exit::Interrupted),
        Err(error) => {
            output.error(&format!("error: the terminal: {error}"));
            Err(Exit::BadInput)
        }
    }
}

/// The lessons to choose from, and each in the debugger, until the user leaves for good.
fn library(args: &TuiArgs, catalogue: &Catalogue) -> io::Result<Leave> {
    let mut library = Library::new(catalogue, options(args, String::new()));
    let mut screen = Screen::take(!args.no_mouse)?;
    loop {
        let name = match screen.browse(&mut library)? {
            Ok(name) => name,
            Err(leave) => return Ok(leave),
        };
        // It was loaded once, to be offered.
        let Some(scenario) = lesson(name).and_then(|source| load(source, catalogue, &[]).ok())
        else {
            continue;
        };
        let (variants, seed) = ((0..scenario.variants.len()).collect(), scenario.seed);
        let origin = format!("{} tui {name} --seed {seed}", program());
        let options = Options { origin: origin.clone(), ..library.options().clone() };
        let shown = Shown { scenario, variants, seed, script: None, recorded: None, origin };
        let Ok(mut app) = debugger(shown, options, catalogue) else { continue };
        match screen.show(&mut app)? {
            Leave::Done => library.set_options(app.options().clone()),
            leave => return Ok(leave),
        }
    }
}
