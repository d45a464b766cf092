//! All variants at the same moment: who is served, and what has gone wrong so far.

use super::{Goal, Line, Role, seconds};
use crate::app::App;
use crate::film::{Answering, Film, Score};

/// A row of the table: what is asked, and of each variant the answer, and whether it is a bad one.
type Row = (String, Vec<(String, bool)>);

pub(super) fn lines(app: &App<'_>, width: u16, height: u16) -> Vec<Line> {
    let films = app.films();
    let scores: Vec<Score> = (0..films.len()).map(|variant| app.score(variant)).collect();
    let rows = rows(films, &scores);
    let names: Vec<String> = films.iter().map(|film| film.variant().to_owned()).collect();
    let cells =
        rows.iter().flat_map(|(_, cells)| cells.iter().map(|(text, _)| text.chars().count()));
    let column = cells.chain(names.iter().map(|name| name.chars().count())).max().unwrap_or(0) + 2;
    let first = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut lines = if first + column * films.len() <= usize::from(width) {
        table(&names, &rows, first, column, app)
    } else {
        one_by_one(&names, &rows, app, (rows.len() + 1) * films.len() + 2 <= usize::from(height))
    };
    let partings = app.parting().into_iter();
    lines.extend(partings.map(|(text, record)| {
        let text = format!("{} {text}", app.glyphs().damaged);
        Line::new(0, Role::Faint, text).to(Goal::Record(record))
    }));
    lines
}

fn rows(films: &[Film<'_>], scores: &[Score]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let sites = scores.first().map_or(0, |score| score.served.len());
    for site in 0..sites {
        let name = scores[0].served[site].0.clone();
        let cells = scores.iter().map(|score| {
            let answering = score.served.get(site).map_or(Answering::Silent, |(_, how)| *how);
            (in_words(answering), !answering.is_fine())
        });
        rows.push((name, cells.collect()));
    }
    let judged = |film: &Film<'_>| film.verdict().is_some();
    let linearizable = films.iter().zip(scores).map(|(film, score)| match score.broken {
        Some(number) => {
            let at = film.event(number).map(|event| seconds(event.at)).unwrap_or_default();
            (format!("NO, {at}"), true)
        }
        None if judged(film) => ("so far".to_owned(), false),
        None if film.is_over() => ("not judged".to_owned(), false),
        None => ("loading".to_owned(), false),
    });
    // Where nothing is asked, nothing is answered wrongly.
    if films.iter().any(|film| !film.index().all_operations().is_empty()) {
        rows.push(("linearizable".to_owned(), linearizable.collect()));
    }
    if scores.iter().any(|score| !score.invariants.is_empty()) {
        let broken = scores.iter().map(|score| match score.invariants.as_slice() {
            [] => ("nothing".to_owned(), false),
            names => (names.join(" "), true),
        });
        rows.push(("broken".to_owned(), broken.collect()));
    }
    if scores.iter().any(|score| score.oversold.is_some()) {
        let stale = scores.iter().map(|score| match score.stale {
            Some((0, _)) => ("0".to_owned(), false),
            Some((reads, units)) => (format!("{reads}, by {units}"), true),
            None => ("loading".to_owned(), false),
        });
        rows.push(("stale reads".to_owned(), stale.collect()));
        let oversold = scores.iter().map(|score| {
            let units = score.oversold.unwrap_or(0);
            (units.to_string(), units > 0)
        });
        rows.push(("oversold".to_owned(), oversold.collect()));
    }
    let sent = scores.iter().map(|score| (score.tally.sent.to_string(), false));
    rows.push(("datagrams".to_owned(), sent.collect()));
    let lost = scores.iter().map(|score| (score.tally.lost.to_string(), false));
    rows.push(("lost".to_owned(), lost.collect()));
    rows
}

fn in_words(answering: Answering) -> String {
    match answering {
        Answering::Silent => "asked nothing".to_owned(),
        Answering::Served => "served".to_owned(),
        Answering::Refused => "REFUSED".to_owned(),
        Answering::Unknown => "UNKNOWN".to_owned(),
        Answering::Waiting(long) => format!("WAITS {} s", long.millis() / 1_000),
    }
}

fn table(names: &[String], rows: &[Row], first: usize, column: usize, app: &App<'_>) -> Vec<Line> {
    let cell = |text: &str| format!("{text:>column$}");
    let heading: String = names.iter().map(|name| cell(name)).collect();
    let mut lines = vec![Line::heading(format!("{:first$}{heading}", ""))];
    for (name, cells) in rows {
        let texts: String = cells.iter().map(|(text, _)| cell(text)).collect();
        let bad = cells.get(app.shown()).is_some_and(|(_, bad)| *bad);
        let role = if bad { Role::Fault } else { Role::Plain };
        lines.push(Line::new(0, role, format!("{name:first$}{texts}")));
    }
    lines
}

/// Where there is no room for a table: one after the other, the one that is shown first, the others whole
/// only if there is room for that.
fn one_by_one(names: &[String], rows: &[Row], app: &App<'_>, whole: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    let all = names.len();
    for variant in (0..all).map(|after| (app.shown() + after) % all) {
        let goal = Goal::Variant(variant);
        lines.push(Line::heading(names[variant].clone()).to(goal));
        for (name, cells) in rows {
            let (text, bad) = &cells[variant];
            let role = if *bad { Role::Fault } else { Role::Plain };
            // Of the variants that are not shown only what is wrong, and what they promise.
            if whole || variant == app.shown() || *bad || name == "linearizable" {
                lines.push(Line::new(1, role, format!("{name} {text}")).to(goal));
            }
        }
    }
    lines
}
