//! What clients asked and were told, around the cursor, and which answers are wrong.

use super::{Goal, Line, Role, seconds};
use crate::app::App;
use crate::film::Operation;
use simlab_core::wire::Decode;
use simlab_core::{OpId, Operation as Asked, Outcome};

/// So many operations before and after the cursor.
const AROUND: usize = 100;

pub(super) fn lines(app: &App<'_>) -> Vec<Line> {
    let film = app.film();
    let mut lines = Vec::new();
    match film.verdict() {
        Some(verdict) => {
            let well = verdict.linearizable == "yes";
            let role = if well { Role::Well } else { Role::Fault };
            let text = format!("linearizable: {}", verdict.linearizable);
            lines.push(Line::new(0, role, text));
            for one in &verdict.breaks {
                let what = one.invariant.unwrap_or("the history");
                let text =
                    format!("{what} breaks at {} ({}): {}", seconds(one.at), one.seq, one.why);
                lines.push(Line::new(1, Role::Fault, text).to(Goal::Record(one.seq.get())));
            }
        }
        None if film.is_over() => {
            lines.push(Line::new(0, Role::Faint, "events on paper are not judged"));
        }
        None => lines.push(Line::new(0, Role::Faint, "judged once all is loaded")),
    }
    let (all, begun) = (film.index().all_operations(), film.index().begun(app.cursor()));
    let (from, to) = (begun.saturating_sub(AROUND), (begun + AROUND).min(all.len()));
    let shown = all[from..to].iter().filter_map(|op| Some((*op, *film.index().operation_of(*op)?)));
    if from > 0 {
        lines.push(Line::new(0, Role::Faint, format!("{from} before these")));
    }
    for (op, operation) in shown {
        lines.push(line(app, op, &operation));
    }
    if to < all.len() {
        lines.push(Line::new(0, Role::Faint, format!("{} after these", all.len() - to)));
    }
    lines
}

fn line(app: &App<'_>, op: OpId, operation: &Operation) -> Line {
    let (film, cursor) = (app.film(), app.cursor());
    let invoked = film.event(operation.invoked);
    let asked = invoked.and_then(|event| Asked::from_bytes(event.bytes).ok());
    let asked = asked.map_or_else(|| "?".to_owned(), |asked| asked.to_string());
    let at = invoked.map(|event| seconds(event.at)).unwrap_or_default();
    let end = operation.returned.and_then(|number| film.event(number));
    let told = match end {
        // What the future brings is not told.
        Some(event) if event.seq.get() <= cursor => Outcome::from_bytes(event.bytes)
            .map_or_else(|error| error.to_string(), |outcome| outcome.to_string()),
        _ => "? (waits)".to_owned(),
    };
    let verdict = film.verdict();
    let returned = operation.returned.unwrap_or(u64::MAX);
    let stale = verdict.and_then(|verdict| verdict.stale(op)).map(|read| read.units);
    let broke = verdict.is_some_and(|verdict| verdict.broke_at(returned).is_some());
    let name = film.names().node(op.node());
    if operation.invoked > cursor {
        let text = format!("{at} {name}: {asked}, later");
        return Line::new(0, Role::Faint, text).to(Goal::Record(operation.invoked));
    }
    let mut text = format!("{at} {name}: {asked} = {told}");
    let seen = returned <= cursor;
    if let Some(units) = stale.filter(|_| seen) {
        text.push_str(&format!(", {units} too many"));
    }
    if broke && seen {
        text.push_str(" <- no order explains it");
    }
    let role = match () {
        () if seen && (broke || stale.is_some()) => Role::Fault,
        () if !seen => Role::Changed,
        () => Role::Plain,
    };
    let goal = if seen { returned } else { operation.invoked };
    Line::new(0, role, text).to(Goal::Record(goal))
}

impl App<'_> {
    /// Which line of the operations is that of the latest one that had begun at the cursor.
    pub(in crate::app) fn latest_operation(&self) -> usize {
        let film = self.film();
        let heading = film.verdict().map_or(0, |verdict| verdict.breaks.len()) + 1;
        let begun = film.index().begun(self.cursor());
        heading + usize::from(begun > AROUND) + begun.min(AROUND).saturating_sub(1)
    }
}
