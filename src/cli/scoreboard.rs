//! The report for people: the variants side by side, what broke, and the moment of the cut.

use super::args::RunArgs;
use super::output::{program, quoted};
use super::story;
use simlab_core::{DropReason, Duration, FieldValue};
use simlab_scenarios::Observed;
use simlab_scenarios::report::{Answers, FaultReport, Report, Status, VariantReport, picture};
use simlab_sim::Stats;
use simlab_sim::check::Latency;
use simlab_tui::{Glyphs, draw, lines};

/// The width that a terminal is sure to have.
const WIDTH: u16 = 80;
const LABEL: usize = 19;
/// How many lines a report has at most.
const LINES_MAX: usize = 40;
/// How many of them at most stand before the breaks and the picture.
const NODES_LINES_MAX: usize = 32;
/// How many faults outside the model are told of.
const OUTSIDE_MAX: usize = 3;
/// How many of them at most tell what a storm drew; `--format json` has it whole.
const STORM_LINES_MAX: usize = 6;

/// The report in at most 40 lines.
pub(super) fn text(report: &Report<'_>, lang: &str, args: &RunArgs) -> Vec<String> {
    let scenario = report.scenario;
    let (title, name) = (scenario.title.get(lang), &scenario.name);
    let mut out = vec![format!("{title} ({name}, seed {})", report.seed)];
    switches(report, &mut out);
    out.push(String::new());
    table(report, &mut out);
    nodes(report, &mut out);
    outside(report, lang, &mut out);
    storm(report, &mut out);
    breaks(report, &mut out);
    let shown = report.variants.iter().find(|v| v.first_break.is_some());
    let variant = shown.map(|v| v.name.as_str());
    let more = [
        String::new(),
        format!("More: {} show {}", program(), quoted(&scenario.source.name)),
        format!("      {} log {}", program(), again(report, args, variant)),
    ];
    if let Some(variant) = shown.or_else(|| report.variants.first())
        && let Some(mut picture) = picture(variant)
    {
        // A blank line, a heading, and the names of the lanes come before the rows.
        let room = LINES_MAX.saturating_sub(out.len() + more.len() + 3);
        picture.rows.truncate(room);
        out.push(String::new());
        let glyphs = if args.ascii { Glyphs::ASCII } else { Glyphs::UNICODE };
        out.push(format!("The moment of the {}, {}:", picture.moment, variant.name));
        out.extend(lines(&draw(&picture, WIDTH, &glyphs)));
    }
    out.extend(more);
    if args.ascii {
        for line in &mut out {
            *line = line.replace('…', "~").replace('−', "-");
        }
    }
    out
}

/// What services leave out. Variants that differ in nothing else share a line.
fn switches(report: &Report<'_>, out: &mut Vec<String>) {
    let mut said: Vec<(&[&str], Vec<&str>)> = Vec::new();
    for variant in &report.variants {
        let on = &report.scenario.variants[variant.variant].switches[..];
        match said.iter_mut().find(|(same, _)| *same == on) {
            Some((_, names)) => names.push(&variant.name),
            None => said.push((on, vec![&variant.name])),
        }
    }
    for (on, names) in said.into_iter().filter(|(on, _)| !on.is_empty()) {
        let text = format!("switched on: {} ({})", on.join(", "), names.join(", "));
        out.extend(wrap(&text, usize::from(WIDTH), 2));
    }
}

/// The arguments that name this run, and a variant of it, once more.
fn again(report: &Report<'_>, args: &RunArgs, variant: Option<&str>) -> String {
    let mut words = format!("{} --seed {}", quoted(&report.scenario.source.name), report.seed);
    words.push_str(&story::settings(&args.scenario.set));
    if let Some(variant) = variant {
        words.push_str(&format!(" --variant {}", quoted(variant)));
    }
    if let Some(decisions) = &args.script.decisions {
        words.push_str(&format!(" --decisions {}", quoted(&decisions.to_string_lossy())));
    }
    words
}

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

fn table(report: &Report<'_>, out: &mut Vec<String>) {
    let width = ((usize::from(WIDTH) - LABEL) / report.variants.len().max(1)).clamp(8, 18);
    let mut table = Table { report, rows: Vec::new() };
    let faults = report.variants.iter().any(|v| !v.faults.is_empty());
    let legend = if faults { "(): during a fault" } else { "" };
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
        table.row("linearizable", |v| v.linearizable_word().to_owned());
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
    for (label, cells) in table.rows {
        let cells: String = cells.iter().map(|cell| format!("{cell:>width$}")).collect();
        out.push(format!("{label:<LABEL$}{cells}").trim_end().to_owned());
    }
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
    table.row("datagrams, bytes", |v| {
        format!("{}, {}", v.metrics.stats.sent, bytes(v.metrics.stats.bytes_sent))
    });
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
}

/// What nodes of a kind show of themselves, side by side, where there are no clients to speak.
fn nodes(report: &Report<'_>, out: &mut Vec<String>) {
    let (Some(variant), []) = (report.variants.first(), &report.scenario.objects[..]) else {
        return;
    };
    let world = &variant.run.world;
    let mut columns: Vec<String> = Vec::new();
    for node in &report.scenario.nodes {
        let Some(fields) = world.inspect(node.id) else { continue };
        let numbers = fields.iter().filter(|f| matches!(f.value, FieldValue::Int(_)));
        let names: Vec<String> = numbers.map(|f| f.name.clone()).collect();
        if names.is_empty() {
            continue;
        }
        if names != columns {
            out.push(String::new());
            let cells: String = names.iter().map(|name| format!("{name:>11}")).collect();
            out.push(format!("{:<LABEL$}{cells}", node.service));
            columns = names;
        }
        let cells: String = columns
            .iter()
            .map(|name| format!("{:>11}", fields.get_int(&[name]).unwrap_or_default()))
            .collect();
        out.push(format!("  {:<width$}{cells}", node.name, width = LABEL - 2));
    }
    out.truncate(NODES_LINES_MAX);
}

/// What was done on purpose although a service does not tolerate it. The faults that a scenario
/// schedules are those of all variants.
fn outside(report: &Report<'_>, lang: &str, out: &mut Vec<String>) {
    let faults = report.variants.first().map_or(&[][..], |v| &v.faults);
    let mut heading = vec![String::new()];
    let told = faults.iter().filter_map(|fault| Some((fault, fault.outside.as_ref()?)));
    for (fault, breaks) in told.take(OUTSIDE_MAX) {
        out.append(&mut heading);
        let text = format!("outside the model: {}: {}", fault.name, breaks.get(lang));
        out.extend(wrap(&text, usize::from(WIDTH), 3));
    }
}

/// What the seed drew: the kinds that are on, how often each comes (`~`), on how many nodes at most
/// (`x`) and how strong, and the kinds that are off.
fn storm(report: &Report<'_>, out: &mut Vec<String>) {
    let Some(drawn) = report.storm() else { return };
    let text = format!("storm of {} faults: {}", drawn.faults.len(), drawn.options);
    out.push(String::new());
    out.extend(wrap(&text, usize::from(WIDTH), STORM_LINES_MAX));
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

/// A length of time for people: three digits at least are exact.
fn span(duration: Duration) -> String {
    let micros = duration.nanos() / 1_000;
    match micros {
        0..1_000 => format!("{micros} us"),
        1_000..10_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        10_000..1_000_000 => format!("{} ms", micros / 1_000),
        _ => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

fn bytes(count: u64) -> String {
    match count {
        0..10_000 => format!("{count} B"),
        10_000..10_000_000 => format!("{} kB", count / 1_000),
        _ => format!("{} MB", count / 1_000_000),
    }
}

/// Where each history broke, and why, in three lines at most.
fn breaks(report: &Report<'_>, out: &mut Vec<String>) {
    let broken: Vec<_> =
        report.variants.iter().filter_map(|v| Some((v, v.first_break.as_ref()?))).collect();
    for (index, (variant, first)) in broken.iter().enumerate() {
        if index == 0 {
            out.push(String::new());
        } else if broken[index - 1].1.why == first.why {
            out.push(format!("{} breaks for the same reason ({})", variant.name, first.seq));
            continue;
        }
        let who = variant.run.world.names().node(first.op.node());
        let seconds = format!("{}.{:03}", first.at.millis() / 1_000, first.at.millis() % 1_000);
        let (name, seq, why) = (&variant.name, first.seq, &first.why);
        let text = format!("{name} breaks at {seconds} s ({who}, {seq}): {why}");
        out.extend(wrap(&text, usize::from(WIDTH), 3));
    }
}

/// Breaks a text into lines at blanks; what is beyond the last line is cut off.
fn wrap(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        let used = lines[last].chars().count();
        if used == 0 {
            lines[last].push_str(word);
        } else if used + 1 + word.chars().count() <= width {
            lines[last].push(' ');
            lines[last].push_str(word);
        } else {
            lines.push(format!("  {word}"));
        }
    }
    if lines.len() > most {
        lines.truncate(most);
        lines[most - 1] = lines[most - 1].chars().take(width - 3).collect::<String>() + "...";
    }
    lines
}

/// What went wrong, and the commands that reproduce it and show it. Empty if all is well.
pub(super) fn trouble(report: &Report<'_>, args: &RunArgs) -> Vec<String> {
    let mut out = Vec::new();
    let mut failed = None;
    for variant in &report.variants {
        for check in variant.checks.iter().filter(|check| check.status != Status::Passed) {
            let verdict = match check.observed {
                Observed::Unknown => "cannot tell",
                _ => "failed",
            };
            out.push(format!(
                "{verdict}: {}: {}: expected {} {}, observed {} ({})",
                variant.name,
                check.name,
                check.quantifier.name(),
                check.expected,
                check.observed,
                check.detail
            ));
            failed = failed.or(Some(&variant.name));
        }
        for finding in &variant.findings {
            out.push(format!("failed: {}: {finding}", variant.name));
            failed = failed.or(Some(&variant.name));
        }
    }
    if let Some(variant) = failed {
        let again = again(report, args, Some(variant));
        out.push(format!("reproduce: {} run {again}", program()));
        out.push(format!("look:      {} log {again}", program()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_wrapped_and_cut() {
        assert_eq!(wrap("one two three", 8, 3), ["one two", "  three"]);
        assert_eq!(wrap("one two three four five", 9, 2), ["one two", "  thre..."]);
        assert_eq!(wrap("", 9, 2), [""]);
    }

    #[test]
    fn spans_are_short() {
        let of = |micros| span(Duration::from_micros(micros));
        assert_eq!(
            [of(7), of(3_456), of(23_456), of(24_903_000)],
            ["7 us", "3.4 ms", "23 ms", "24.9 s"]
        );
    }
}
