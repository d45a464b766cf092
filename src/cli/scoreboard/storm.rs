//! What the seed drew for a storm, and what came of it.

use super::super::wrap::{WIDTH, width, wrap};
use simlab_core::{FaultKind, NodeId};
use simlab_scenarios::report::{FaultReport, Report};
use simlab_scenarios::{Fault, Scenario};
use simlab_sim::Fault as What;
use std::collections::BTreeSet;

/// In how many lines it is told what was drawn; `--format json` has it whole.
const LINES_MAX: usize = 6;
/// How many of the faults that hit are listed.
const FAULTS_MAX: usize = 12;
/// How to read what was drawn.
const LEGEND: &str = "(~ how often, x on how many nodes, < up to; docs/storms.md tells all of it)";

/// What the seed drew: the kinds that are on, how often each comes (`~`), on how many nodes at most
/// (`x`) and how strong, the kinds that are off, and the faults that did something.
pub(super) fn storm(report: &Report<'_>, out: &mut Vec<String>) {
    let Some(drawn) = report.storm() else { return };
    let text = format!("storm of {} faults: {}", drawn.faults.len(), drawn.options);
    out.push(String::new());
    out.extend(wrap(&text, WIDTH, LINES_MAX));
    out.extend([format!("  {LEGEND}")]);
    faults(report, out);
}

/// The faults that hit, in the order of time; if they are many, those with the most hits.
fn faults(report: &Report<'_>, out: &mut Vec<String>) {
    let Some(first) = report.variants.first() else { return };
    let all: Vec<&Fault> = first.run.plan.faults().collect();
    // All variants have the same faults; what these did differs.
    let hits = |number: usize| {
        report.variants.iter().map(move |v| v.faults.get(number).map_or(0, |fault| fault.hits))
    };
    let mut hitting: Vec<usize> = (0..all.len()).filter(|n| hits(*n).sum::<u64>() > 0).collect();
    let count = hitting.len();
    hitting.sort_by_key(|number| std::cmp::Reverse(hits(*number).sum::<u64>()));
    hitting.truncate(FAULTS_MAX);
    hitting.sort_unstable();
    out.push(String::new());
    let names: Vec<&str> = report.variants.iter().map(|v| v.name.as_str()).collect();
    out.push(match &names[..] {
        _ if hitting.is_empty() => "No fault hit anything.".to_owned(),
        [_] => "The faults that hit:".to_owned(),
        _ => format!("The faults that hit ({}):", names.join(", ")),
    });
    for number in &hitting {
        let Some(told) = first.faults.get(*number) else { continue };
        let hits: Vec<String> = hits(*number).map(|hits| hits.to_string()).collect();
        let hits = format!("  {} hits", hits.join(", "));
        let whom = whom(all[*number], report.scenario);
        let line = format!("{}  {whom}", when_and_what(told));
        let room = WIDTH.saturating_sub(width(&hits));
        let line = clipped(&line, room);
        out.push(format!("{line}{}{hits}", " ".repeat(room.saturating_sub(width(&line)))));
    }
    if count > hitting.len() {
        out.push(format!("  … {} more", count - hitting.len()));
    }
}

fn when_and_what(fault: &FaultReport) -> String {
    let seconds =
        |at: simlab_core::Time| format!("{}.{:03}", at.millis() / 1_000, at.millis() % 1_000);
    let until = fault.until.map_or("the end".to_owned(), seconds);
    let kinds: Vec<&str> = fault.kinds.iter().copied().map(FaultKind::name).collect();
    format!("{:>7} – {until:>7} s  {:<12}", seconds(fault.at), kinds.join(", "))
}

/// Whom a fault falls on.
fn whom(fault: &Fault, scenario: &Scenario) -> String {
    let name = |node: NodeId| scenario.nodes[node.index()].name.clone();
    let set = |nodes: &BTreeSet<NodeId>| {
        if nodes.len() == scenario.nodes.len() {
            return "all".to_owned();
        }
        nodes.iter().map(|node| name(*node)).collect::<Vec<_>>().join(" ")
    };
    match &fault.what {
        What::Cut(shape) => shape.in_words(&name),
        What::Links(weather) => {
            let arrow = if weather.both { "<->" } else { "->" };
            format!("{} {arrow} {}", set(&weather.from), set(&weather.to))
        }
        other => other.nodes().map(set).unwrap_or_default(),
    }
}

/// A text in so many columns at most.
fn clipped(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut cut = text.to_owned();
    while width(&cut) + 1 > columns && cut.pop().is_some() {}
    cut.trim_end().to_owned() + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_says_so() {
        assert_eq!(clipped("n1 n2 n3", 8), "n1 n2 n3");
        assert_eq!(clipped("n1 n2 n3", 7), "n1 n2…");
    }
}
