//! `simlab run --checks`: what was expected, beside what was observed.

use super::wrap::width;
use simlab_scenarios::report::{CheckReport, Report, Status};
use simlab_scenarios::{Expected, Observed, Quantifier};

/// The expectations of each variant, each with what was observed and its verdict.
pub(super) fn lines(report: &Report<'_>) -> Vec<String> {
    let mut out = Vec::new();
    let rows = |checks: &[CheckReport]| checks.iter().map(row).collect::<Vec<_>>();
    let all: Vec<_> = report.variants.iter().map(|v| (v.name.as_str(), rows(&v.checks))).collect();
    let header = |name: &str| [name, "expected", "observed", "verdict"].map(str::to_owned);
    // The columns of all variants stand below each other.
    let mut widths = [0; 4];
    for (name, rows) in &all {
        let named = rows.iter().map(indented).chain([header(name)]);
        for cells in named {
            for (widest, cell) in widths.iter_mut().zip(&cells) {
                *widest = width(cell).max(*widest);
            }
        }
    }
    for (name, rows) in &all {
        out.push(String::new());
        out.push(line(&header(name), &widths));
        out.extend(rows.iter().map(|cells| line(&indented(cells), &widths)));
    }
    out
}

fn indented(cells: &[String; 4]) -> [String; 4] {
    let mut cells = cells.clone();
    cells[0].insert_str(0, "  ");
    cells
}

fn row(check: &CheckReport) -> [String; 4] {
    [
        check.name.clone(),
        format!("{} {}", check.quantifier.name(), check.expected),
        check.observed.to_string(),
        verdict(check.status, check.quantifier, check.observed, check.expected).to_owned(),
    ]
}

/// What one run says of an expectation. It cannot fail what some run is to show.
fn verdict(
    status: Status,
    quantifier: Quantifier,
    observed: Observed,
    expected: Expected,
) -> &'static str {
    match (status, quantifier) {
        (Status::Failed, _) => "FAILED",
        (Status::Inconclusive, _) => "cannot tell",
        (Status::Passed, Quantifier::Sometimes) if observed.matches(expected) == Some(true) => {
            "ok, seen"
        }
        (Status::Passed, Quantifier::Sometimes) => "ok, not seen in this run",
        (Status::Passed, Quantifier::Always | Quantifier::Never) => "ok",
    }
}

fn line(cells: &[String; 4], widths: &[usize; 4]) -> String {
    let padded = cells
        .iter()
        .zip(widths)
        .map(|(cell, widest)| format!("{cell}{}", " ".repeat(widest.saturating_sub(width(cell)))));
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_does_not_show_what_some_run_shows_is_no_failure() {
        let of = |seen| {
            let observed = Observed::Truth(seen);
            verdict(Status::Passed, Quantifier::Sometimes, observed, Expected::Truth(true))
        };
        assert_eq!([of(true), of(false)], ["ok, seen", "ok, not seen in this run"]);
    }
}
