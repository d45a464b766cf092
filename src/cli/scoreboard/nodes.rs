//! What nodes show of themselves in the end, where there are no clients to speak.

use super::table::{LABEL, beside, lines};
use crate::cli::output::{program, quoted};
use crate::cli::wrap::WIDTH;
use simlab_core::{FieldValue, Fields};
use simlab_scenarios::report::Report;
use simlab_sim::World;

/// How many lines of a report at most stand before the breaks and the picture.
const LINES_MAX: usize = 40;

pub(super) fn nodes(report: &Report<'_>, out: &mut Vec<String>) {
    let mut shown = Vec::new();
    match &report.variants[..] {
        _ if !report.scenario.objects.is_empty() => return,
        [variant] if fits(report, &variant.run.world) => {
            of_one(report, &variant.run.world, &mut shown);
        }
        _ => of_several(report, &mut shown),
    }
    let most = LINES_MAX * report.variants.len().div_ceil(beside(report));
    let more = shown.len().saturating_sub(most);
    // One line more is no longer than to say so.
    if more > 1 {
        shown.truncate(most);
        let (program, source) = (program(), quoted(&report.scenario.source.name));
        shown.push(format!("… and {more} lines more: `{program} tui {source}` shows all"));
    }
    out.append(&mut shown);
}

/// The variants side by side: a line for each number of a node that is not zero everywhere, and if that is
/// too much for those that differ.
fn of_several(report: &Report<'_>, out: &mut Vec<String>) {
    rows(report, |numbers| numbers.iter().any(|number| number.is_some_and(|n| n != 0)), out);
    let several = report.variants.len() > 1;
    if several && out.len() > LINES_MAX * report.variants.len().div_ceil(beside(report)) {
        out.clear();
        let differ = |numbers: &[Option<i64>]| {
            let mut known = numbers.iter().flatten();
            let first = known.next();
            known.any(|number| Some(number) != first)
        };
        rows(report, differ, out);
    }
}

fn rows(report: &Report<'_>, wanted: impl Fn(&[Option<i64>]) -> bool, out: &mut Vec<String>) {
    for node in &report.scenario.nodes {
        let mut rows: Vec<(String, Vec<Option<i64>>)> = Vec::new();
        for (column, variant) in report.variants.iter().enumerate() {
            let Some(fields) = variant.run.world.inspect(node.id) else { continue };
            let mut numbers = Vec::new();
            collect(&fields, "", &mut numbers);
            for (name, number) in numbers {
                let place = rows.iter().position(|(known, _)| *known == name);
                let place = place.unwrap_or_else(|| {
                    rows.push((name, vec![None; report.variants.len()]));
                    rows.len() - 1
                });
                rows[place].1[column] = Some(number);
            }
        }
        rows.retain(|(_, numbers)| wanted(numbers));
        if rows.is_empty() {
            continue;
        }
        out.push(String::new());
        let cell = |number: Option<i64>| number.map_or("-".to_owned(), |n| n.to_string());
        let row = |(name, numbers): (String, Vec<Option<i64>>)| {
            (format!("  {name}"), numbers.into_iter().map(cell).collect())
        };
        let mut table: Vec<(String, Vec<String>)> = rows.into_iter().map(row).collect();
        if beside(report) == report.variants.len() {
            out.push(node.name.clone());
        } else {
            // What stands below the first ones needs their names.
            let names = report.variants.iter().map(|v| v.name.clone()).collect();
            table.insert(0, (node.name.clone(), names));
        }
        lines(report, &table, out);
    }
}

/// All numbers, those of groups with the names of the groups before theirs.
fn collect(fields: &Fields, group: &str, out: &mut Vec<(String, i64)>) {
    for field in fields {
        match &field.value {
            FieldValue::Int(number) => out.push((format!("{group}{}", field.name), *number)),
            FieldValue::Group(inner) => collect(inner, &format!("{group}{}.", field.name), out),
            FieldValue::Text(_) => {}
        }
    }
}

/// How wide a number of a node is where nodes are beside each other.
const CELL: usize = 11;

/// Whether the numbers of every node, with their names above them, fit into a line.
fn fits(report: &Report<'_>, world: &World) -> bool {
    let mut shown = report.scenario.nodes.iter().filter_map(|node| world.inspect(node.id));
    shown.all(|fields| {
        let mut numbers = fields.iter().filter(|f| matches!(f.value, FieldValue::Int(_)));
        let count = numbers.clone().count();
        LABEL + count * CELL <= WIDTH && numbers.all(|field| field.name.len() < CELL)
    })
}

/// The nodes of a kind below each other.
fn of_one(report: &Report<'_>, world: &World, out: &mut Vec<String>) {
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
            let cells: String = names.iter().map(|name| format!("{name:>CELL$}")).collect();
            out.push(format!("{:<LABEL$}{cells}", node.service));
            columns = names;
        }
        let cells: String = columns
            .iter()
            .map(|name| format!("{:>CELL$}", fields.get_int(&[name]).unwrap_or_default()))
            .collect();
        out.push(format!("  {:<width$}{cells}", node.name, width = LABEL - 2));
    }
}
