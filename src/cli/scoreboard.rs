//! The report for people: the variants side by side, what broke, and the moment of the cut.

mod nodes;
mod storm;
mod table;

use super::args::RunArgs;
use super::output::{program, quoted};
use super::story;
use super::wrap::{WIDTH, filled, width, wrap};
use simlab_core::Time;
use simlab_scenarios::Observed;
use simlab_scenarios::report::{Break, Claim, Report, Status, picture};
use simlab_tui::{Glyphs, draw, lines};

/// How many lines a report has, if its picture is not to be too small; what a storm did comes on top.
const LINES_MAX: usize = 40;
/// So many rows a picture has room for, however long the report is.
const ROWS_MIN: usize = 7;
/// How many faults outside the model are told of.
const OUTSIDE_MAX: usize = 3;

/// The report in about 40 lines.
pub(super) fn text(report: &Report<'_>, lang: &str, args: &RunArgs) -> Vec<String> {
    let scenario = report.scenario;
    let (title, name) = (scenario.title.get(lang), &scenario.name);
    let mut out = filled("", &format!("{title} ({name}, seed {})", report.seed), 2, WIDTH);
    switches(report, &mut out);
    out.push(String::new());
    table::table(report, &mut out);
    nodes::nodes(report, &mut out);
    outside(report, lang, &mut out);
    let before = out.len();
    storm::storm(report, &mut out);
    let stormy = out.len() - before;
    breaks(report, &mut out);
    let broken = report.variants.iter().find_map(|v| Some((v, v.breaks().into_iter().next()?)));
    let more = more(report, args, broken.as_ref().map(|(v, first)| (v.name.as_str(), first)));
    if let Some(variant) = broken.as_ref().map(|(v, _)| *v).or_else(|| report.variants.first()) {
        // A blank line, a heading, and the names of the lanes come before the rows.
        let room = (LINES_MAX + stormy).saturating_sub(out.len() + more.len() + 3);
        if let Some(picture) = picture(variant, room.max(ROWS_MIN)) {
            out.push(String::new());
            let glyphs = if args.ascii { Glyphs::ASCII } else { Glyphs::UNICODE };
            out.push(format!("The moment of the {}, {}:", picture.moment, variant.name));
            out.extend(lines(&draw(&picture, WIDTH as u16, &glyphs)));
            if picture.left_out > 0 {
                out.push(format!("         … {} more", picture.left_out));
            }
        }
    }
    out.extend(more);
    if args.ascii {
        for line in &mut out {
            *line = line.replace('…', "~").replace(['−', '–'], "-");
        }
    }
    out
}

/// The commands that tell more: where something broke, of the time around that.
fn more(report: &Report<'_>, args: &RunArgs, broken: Option<(&str, &Break)>) -> Vec<String> {
    let mut log = format!("log {}", again(report, args, broken.map(|(variant, _)| variant)));
    let mut more = vec![
        String::new(),
        format!("More: {} show {}", program(), quoted(&report.scenario.source.name)),
    ];
    if let Some((_, first)) = broken {
        let (from, to) = around(first.at);
        let window = format!("--from {from} --to {to}");
        let line = format!("      {} {log} {window}", program());
        if width(&line) > WIDTH {
            // A shell reads the two lines as one.
            more.push(format!("      {} {log} \\", program()));
            more.push(format!("        {window}"));
            return more;
        }
        log = format!("{log} {window}");
    }
    more.push(format!("      {} {log}", program()));
    more
}

/// A second before something, and just after it, as the log is asked for them.
fn around(at: Time) -> (String, String) {
    let seconds = |millis: u64| match (millis / 1_000, millis % 1_000 / 100) {
        (seconds, 0) => format!("{seconds}s"),
        (seconds, tenths) => format!("{seconds}.{tenths}s"),
    };
    (seconds(at.millis().saturating_sub(1_000)), seconds(at.millis() + 100))
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
        out.extend(wrap(&text, WIDTH, 2));
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

/// What was done on purpose although a service does not tolerate it. The faults that a scenario
/// schedules are those of all variants.
fn outside(report: &Report<'_>, lang: &str, out: &mut Vec<String>) {
    let faults = report.variants.first().map_or(&[][..], |v| &v.faults);
    let mut heading = vec![String::new()];
    let told = faults.iter().filter_map(|fault| Some((fault, fault.outside.as_ref()?)));
    for (fault, breaks) in told.take(OUTSIDE_MAX) {
        out.append(&mut heading);
        let text = format!("outside the model: {}: {}", fault.name, breaks.get(lang));
        out.extend(wrap(&text, WIDTH, 3));
    }
}

/// Where each variant broke what, and why, in three lines at most.
fn breaks(report: &Report<'_>, out: &mut Vec<String>) {
    let mut told: Option<Break> = None;
    for variant in &report.variants {
        for one in variant.breaks() {
            let (name, seq, claim) = (&variant.name, one.seq, claimed(one.claim));
            let same =
                told.as_ref().is_some_and(|t| (t.invariant, &t.why) == (one.invariant, &one.why));
            if told.is_none() {
                out.push(String::new());
            }
            let text = if same {
                format!("{name} breaks for the same reason{claim} ({seq})")
            } else {
                let seconds = format!("{}.{:03}", one.at.millis() / 1_000, one.at.millis() % 1_000);
                let who = one.node.map(|node| variant.run.world.names().node(node));
                let words = [one.invariant.map(str::to_owned), who, Some(seq.to_string())];
                let place = words.into_iter().flatten().collect::<Vec<_>>().join(", ");
                format!("{name} breaks at {seconds} s{claim} ({place}): {}", one.why)
            };
            out.extend(wrap(&text, WIDTH, 3));
            told = Some(one);
        }
    }
}

/// What a reader has to know of a break: not each is a failure.
const fn claimed(claim: Claim) -> &'static str {
    match claim {
        Claim::Denied => "",
        Claim::Expected => ", as expected",
        Claim::Allowed => ", as it may",
        Claim::Nothing => ", which is not forbidden",
    }
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
