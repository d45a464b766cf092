//! `simlab tui`: the debugger.

use super::args::{ThemeName, TuiArgs};
use super::output::{Exit, Output};
use super::story;
use simlab_scenarios::Catalogue;
use simlab_tui::app::App;
use simlab_tui::film::Film;
use simlab_tui::look::{Glyphs, Theme};
use simlab_tui::terminal;
use std::io::{IsTerminal, stdout};
use std::rc::Rc;

pub(super) fn tui(args: &TuiArgs, catalogue: &Catalogue, output: &mut Output) -> Exit {
    match try_tui(args, catalogue, output) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_tui(args: &TuiArgs, catalogue: &Catalogue, output: &mut Output) -> Result<Exit, Exit> {
    let ask = &args.scenario;
    let scenario = story::scenario(&ask.scenario, &ask.set, catalogue, output)?;
    let mut variants = story::variants(&scenario, &args.variant, output)?;
    if variants.is_empty() {
        variants = (0..scenario.variants.len()).collect();
    }
    story::switched(&scenario, &variants, &ask.set, output)?;
    if !stdout().is_terminal() {
        output.error("error: the debugger needs a terminal; `simlab log` prints the same events");
        return Err(Exit::BadInput);
    }
    let seed = ask.seed.unwrap_or(scenario.seed);
    let scenario = Rc::new(scenario);
    let mut films = Vec::new();
    for variant in variants {
        let film = Film::new(Rc::clone(&scenario), catalogue, variant, seed, None);
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
    match terminal::show(&mut app, !args.no_mouse) {
        Ok(()) => Ok(Exit::Passed),
        Err(error) => {
            output.error(&format!("error: the terminal: {error}"));
            Err(Exit::BadInput)
        }
    }
}
