//! The variants side by side: what clients got, what became of the data and of the datagrams.

use super::super::wrap::WIDTH;
use simlab_check::Latency;
use simlab_core::{DropReason, Duration};
use simlab_scenarios::report::{Answers, FaultReport, Report, Status, VariantReport};
use simlab_sim::Stats;

pub(super) const LABEL: usize = 19;
/// How wide a column is that has room for a number of datagrams and one of bytes.
const BOTH_MIN: usize = 15;
/// So many columns of 8 have room beside the labels.
const BESIDE_MAX: usize = (WIDTH - LABEL) / 8;

/// The rows of a table, each a label and a cell for each variant.
struct Table<'r> {
    report: &'r Report<'r>,
    rows: Vec<(String, Vec<String>)>,
}

impl Table<'_> {
    fn row(&mut self, label: impl Into<String>, cell: impl Fn(&VariantReport<'_>) -> String) {
        self.rows.push((label.into(), self.report.variants.iter().map(cell).collect()));
    }
}

/// How many variants stand side by side; if there are more, the others follow below.
pub(super) fn beside(report: &Report<'_>) -> usize {
    let all = report.variants.len().max(1);
    all.div_ceil(all.div_ceil(BESIDE_MAX))
}

/// How wide a variant's column is.
pub(super) fn width(report: &Report<'_>) -> usize {
    ((WIDTH - LABEL) / beside(report)).clamp(8, 18)
}

/// Rows, each a label and a cell for each variant, as many variants side by side as there is room for.
pub(super) fn lines(report: &Report<'_>, rows: &[(String, Vec<String>)], out: &mut Vec<String>) {
    let (all, beside, width) = (report.variants.len(), beside(report), width(report));
    for start in (0..all).step_by(beside) {
        if start > 0 {
            out.push(String::new());
        }
        for (label, cells) in rows {
            out.push(line(label, &cells[start..all.min(start + beside)], width));
        }
    }
}

pub(super) fn table(report: &Report<'_>, out: &mut Vec<String>) {
    let width = width(report);
    let mut table = Table { report, rows: Vec::new() };
    // Of what is served alone it is told how it was during the faults.
    let sites = report.variants.iter().any(|v| !v.metrics.sites.is_empty() && !v.faults.is_empty());
    let legend = if sites { "(): during a fault" } else { "" };
    table.row(legend, |v| v.name.clone());
    // Of a single fault that hit, the rest of the table speaks.
    let one_hit =
        |v: &VariantReport<'_>| matches!(&v.faults[..], [] | [FaultReport { hits: 1.., .. }]);
    if !report.variants.iter().all(one_hit) {
        table.row("faults, that hit", |v| {
            let hit = v.faults.iter().filter(|fault| fault.hits > 0).count();
            format!("{}, {hit}", v.faults.len())
        });
    }
    served(&mut table);
    data(&mut table);
    network(&mut table);
    if !report.scenario.objects.is_empty() {
        let word = |v: &VariantReport<'_>| match v.linearizable_word() {
            // Where there are many variants, there is no room to say whether that was to be.
            long if long.len() >= width => long.split(' ').next().unwrap_or(long).to_owned(),
            word => word.to_owned(),
        };
        table.row("linearizable", word);
    }
    table.row("expectations met", |v| {
        let passed = v.checks.iter().filter(|c| c.status == Status::Passed).count();
        format!("{passed} of {}", v.checks.len())
    });
    // Beside other variants the hash is cut; `--format json` has it whole.
    table.row("trace hash", |v| {
        let hash = format!("{:016x}", v.trace_hash);
        if width > hash.len() { hash } else { format!("{}…", &hash[..width - 3]) }
    });
    lines(report, &table.rows, out);
}

/// A label and its cells. A label that is too long takes of the room before the first number.
fn line(label: &str, cells: &[String], width: usize) -> String {
    let mut line = format!("{label:<LABEL$}");
    let mut end = LABEL;
    for cell in cells {
        end += width;
        let room = end.saturating_sub(line.chars().count() + 1);
        line.push_str(&format!(" {cell:>room$}"));
    }
    line.trim_end().to_owned()
}

/// How the clients were served, site by site.
fn served(table: &mut Table<'_>) {
    let report = table.report;
    let faults = report.variants.iter().any(|v| !v.faults.is_empty());
    // Where the clients of one variant never began anything, those of another may have.
    let mut sites: Vec<&str> = Vec::new();
    for site in report.variants.iter().flat_map(|v| &v.metrics.sites) {
        if !sites.contains(&site.site.as_str()) {
            sites.push(&site.site);
        }
    }
    for name in sites {
        let of = |v: &'_ VariantReport<'_>| v.metrics.sites.iter().position(|s| s.site == name);
        table.row(format!("{name} served"), |v| match of(v).map(|at| &v.metrics.sites[at]) {
            Some(site) if faults => {
                format!("{} ({})", percent(&site.answers), percent(&site.during_faults))
            }
            Some(site) => percent(&site.answers),
            None => String::new(),
        });
    }
    if report.variants.iter().all(|v| v.metrics.answers.invoked == 0) {
        return;
    }
    table.row("refused, unknown", |v| {
        format!("{}, {}", v.metrics.answers.refused, v.metrics.answers.unknown)
    });
    if report.variants.iter().any(|v| v.metrics.stats.unheard > 0) {
        table.row("client was down", |v| v.metrics.stats.unheard.to_string());
    }
    let latency = |of: fn(&Latency) -> Duration| {
        move |v: &VariantReport<'_>| {
            v.metrics.latency.as_ref().map_or("-".to_owned(), |latency| span(of(latency)))
        }
    };
    table.row("latency, median", latency(|latency| latency.median));
    table.row("  99 % are below", latency(|latency| latency.p99));
}

/// What became of the data, where it is a stock.
fn data(table: &mut Table<'_>) {
    if table.report.variants.iter().all(|v| v.metrics.stale.is_none()) {
        return;
    }
    table.row("stale reads", |v| {
        v.metrics.stale.as_ref().map_or(String::new(), |stale| stale.reads.to_string())
    });
    table.row("  too high by up to", |v| match &v.metrics.stale {
        Some(stale) if stale.reads > 0 && stale.units_max == 1 => "1 unit".to_owned(),
        Some(stale) if stale.reads > 0 => format!("{} units", stale.units_max),
        _ => "-".to_owned(),
    });
    table.row("  missing a sale of", |v| match &v.metrics.stale {
        Some(stale) if stale.reads > 0 => {
            stale.oldest_missed.map_or("-".to_owned(), |age| format!("{} ago", span(age)))
        }
        _ => "-".to_owned(),
    });
    table.row("oversold", |v| v.metrics.oversold.map_or(String::new(), |n| n.to_string()));
}

/// What became of the datagrams.
fn network(table: &mut Table<'_>) {
    let most = table.report.variants.iter().map(|v| v.metrics.stats.bytes_sent).max();
    let bytes = |v: &VariantReport<'_>| bytes(v.metrics.stats.bytes_sent, most.unwrap_or(0));
    // Beside many variants there is no room for both.
    if width(table.report) < BOTH_MIN {
        table.row("datagrams", |v| v.metrics.stats.sent.to_string());
        table.row("bytes", bytes);
    } else {
        table.row("datagrams, bytes", |v| format!("{}, {}", v.metrics.stats.sent, bytes(v)));
    }
    let report = table.report;
    let mut counted = |label: &str, count: &dyn Fn(&Stats) -> u64| {
        if report.variants.iter().any(|v| count(&v.metrics.stats) > 0) {
            table.row(label, |v| count(&v.metrics.stats).to_string());
        }
    };
    for why in DropReason::ALL {
        counted(&format!("  lost: {why}"), &|stats| stats.dropped(why));
    }
    // Where there is a story about data, what else links do is not the point.
    if report.scenario.objects.is_empty() {
        counted("  doubled", &|stats| stats.duplicated);
        counted("  damaged", &|stats| stats.corrupted);
        counted("  overtaken", &|stats| stats.reordered);
    }
    counted("  edited", &|stats| stats.edited);
    counted("  replayed", &|stats| stats.replayed);
    counted("  read by others", &|stats| stats.leaked);
}

/// Rounded, but never to 100 or 0 what is not all or nothing.
fn percent(answers: &Answers) -> String {
    let (done, all) = (answers.done, answers.invoked);
    match (done * 200 + all).checked_div(all * 2) {
        Some(100) if done < all => "99 %".to_owned(),
        Some(0) if done > 0 => "1 %".to_owned(),
        Some(percent) => format!("{percent} %"),
        None => "-".to_owned(),
    }
}

/// A length of time for people, rounded as in the words about a break: two digits at least.
fn span(duration: Duration) -> String {
    let micros = duration.nanos().saturating_add(500) / 1_000;
    let tenths = |unit: u64| {
        let tenths = micros.saturating_add(unit / 20) / (unit / 10);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match micros {
        0..1_000 => format!("{micros} us"),
        1_000..9_950 => format!("{} ms", tenths(1_000)),
        9_950..999_500 => format!("{} ms", (micros + 500) / 1_000),
        _ => format!("{} s", tenths(1_000_000)),
    }
}

/// A number of bytes, in the unit that suits the greatest number of the row.
fn bytes(count: u64, most: u64) -> String {
    let (unit, name) = match most {
        0..10_000 => return format!("{count} B"),
        10_000..10_000_000 => (1_000, "kB"),
        _ => (1_000_000, "MB"),
    };
    match count / (unit / 10) {
        0 if count > 0 => format!("<0.1 {name}"),
        tenths @ 1..100 => format!("{}.{} {name}", tenths / 10, tenths % 10),
        tenths => format!("{} {name}", tenths / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short_and_rounded() {
        let of = |micros| span(Duration::from_micros(micros));
        assert_eq!(
            [of(7), of(3_456), of(9_960), of(23_556), of(999_700), of(2_279_000)],
            ["7 us", "3.5 ms", "10 ms", "24 ms", "1.0 s", "2.3 s"]
        );
    }

    #[test]
    fn a_row_has_one_unit() {
        let of = |counts: [u64; 3]| counts.map(|count| bytes(count, counts[2]));
        assert_eq!(of([0, 7, 9_999]), ["0 B", "7 B", "9999 B"]);
        assert_eq!(of([0, 1_234, 137_500]), ["0 kB", "1.2 kB", "137 kB"]);
        assert_eq!(of([40_000, 5_744_000, 38_100_000]), ["<0.1 MB", "5.7 MB", "38 MB"]);
    }

    #[test]
    fn a_long_label_does_not_push_its_numbers_away() {
        let cells = ["2".to_owned(), "30".to_owned()];
        assert_eq!(line("  lost: cut-in-flight", &cells, 6).len(), LABEL + 12);
        assert_eq!(line("x", &cells, 6), format!("x{:>24}{:>6}", 2, 30));
    }
}
