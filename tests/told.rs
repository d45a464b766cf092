//! What reports and lessons tell a reader who knows nothing yet.

mod common;

use common::cli::exits;
use common::lessons;

fn run(args: &[&str]) -> String {
    exits(0, &[&["run"], args].concat()).0
}

/// The rows of the picture of a report.
fn picture(report: &str) -> &str {
    let (_, picture) = report.split_once("The moment of ").expect("a picture");
    picture.split_once("\n\n").map_or(picture, |(picture, _)| picture)
}

fn in_order(text: &str, words: &[&str]) {
    let mut rest = text;
    for word in words {
        let (_, after) = rest.split_once(word).unwrap_or_else(|| panic!("no {word:?} in\n{text}"));
        rest = after;
    }
}

#[test]
fn an_invariant_that_breaks_as_expected_is_told_and_drawn() {
    let report = run(&["clock_drift"]);
    in_order(
        &report,
        &[
            "no_margin breaks at 9.235 s, as expected (single_holder, alice, #",
            "wall_clock breaks at",
        ],
    );
    in_order(
        picture(&report),
        &["the cut, no_margin", "clock -50ms/s alice", "breaks single_holder"],
    );
    assert!(report.trim_end().ends_with("--variant no_margin --from 8.2s --to 9.3s"), "{report}");
    let margin = run(&["clock_drift", "--variant", "margin"]);
    assert!(!margin.contains("breaks"), "{margin}");
}

/// The event that a report names lies in the window for which it says to ask the log.
#[test]
fn the_log_that_a_report_names_has_the_break() {
    let window = ["--variant", "no_margin", "--from", "8.2s", "--to", "9.3s"];
    let (log, _) = exits(0, &[&["log", "clock_drift"], &window[..]].concat());
    assert!(log.contains("single_holder: alice acts under lease 1"), "{log}");
}

/// What shows that something is gone comes long after it went.
#[test]
fn a_picture_shows_the_crash_that_took_it() {
    let report = run(&["crash_and_disk"]);
    in_order(
        picture(&report),
        &[
            "sell 1: done",
            "20.000  ● CRASH a, b, c",
            "20.500  ● restart a, b, c",
            "✗ read: 244",
            "more",
        ],
    );
}

#[test]
fn every_kind_of_fault_has_a_row() {
    let slow = run(&["slow_node"]);
    in_order(picture(&slow), &["the slow-down", "slow shanghai", "slow is over"]);
    let outside = run(&["outside_the_model"]);
    in_order(
        picture(&outside),
        &["sell 1: done", "CRASH, WIPE hangzhou", "Beijing is away again", "✗"],
    );
    let storm = run(&["kv_storm", "--seed", "5"]);
    in_order(picture(&storm), &["storm 9: reorder", "✗ read:", "over: storm 9: reorder"]);
}

#[test]
fn a_break_that_was_to_be_is_not_told_as_a_failure() {
    for (lesson, word) in [
        ("outside_the_model", "NO (expected)"),
        ("crash_and_disk", "NO (allowed)"),
        ("slow_node", "NO (no claim)"),
    ] {
        let report = run(&[lesson]);
        let row = report.lines().find(|line| line.starts_with("linearizable")).expect("a verdict");
        assert!(row.contains(word), "{row}");
    }
}

#[test]
fn a_storm_is_told_fault_by_fault() {
    let report = run(&["kv_storm"]);
    assert!(
        report.contains("~ how often, x on how many nodes, < up to; docs/storms.md"),
        "{report}"
    );
    let row = report.lines().find(|line| line.starts_with(" 12.408 –  15.299 s")).expect("a fault");
    assert!(row.contains("slow-sync     n1 n2 ") && row.ends_with(" 24, 4 hits"), "{row}");
    assert_eq!(report.lines().filter(|line| line.ends_with(" hits")).count(), 12);
    assert!(report.contains("\n  … 4 more\n"), "{report}");
    let one = run(&["kv_storm", "--variant", "caspaxos"]);
    assert!(one.contains("\nThe faults that hit:\n") && one.contains("n1 n2"), "{one}");
}

#[test]
fn every_expectation_is_listed_with_what_was_observed() {
    let report = run(&["slow_node", "--checks"]);
    let row = |name| {
        let row = report.lines().find(|line| line.trim_start().starts_with(name));
        row.expect("a check").split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(row("slow_answers"), ["slow_answers", "always", ">=", "102", "313", "ok"]);
    assert_eq!(row("dropped_majority")[4..], ["222", "ok"]);
    assert!(!run(&["slow_node"]).contains("slow_answers"));
    let (failed, _) =
        exits(1, &["run", "slow_node", "--set", "network.default.loss=60%", "--checks"]);
    assert!(failed.contains("FAILED"), "{failed}");
}

#[test]
fn brackets_are_explained_where_there_are_brackets() {
    let report = run(&["lossy_link"]);
    assert!(!report.contains("()"), "{report}");
    let end = |start| report.lines().find(|l| l.starts_with(start)).expect("a row").len();
    assert_eq!(end("  lost: cut-in-flight"), end("  lost: loss"));
}

/// East Asian characters are two columns wide.
fn columns(line: &str) -> usize {
    line.chars().map(|c| if ('\u{2e80}'..='\u{ffef}').contains(&c) { 2 } else { 1 }).sum()
}

#[test]
fn lessons_fit_a_terminal() {
    for lesson in lessons() {
        for lang in ["en", "zh"] {
            let (shown, _) = exits(0, &["show", lesson, "--lang", lang]);
            let long: Vec<_> = shown.lines().filter(|line| columns(line) > 80).collect();
            assert!(long.is_empty(), "{lesson}: {long:#?}");
        }
        let report = run(&[lesson]);
        let long: Vec<_> = report.lines().filter(|line| columns(line) > 80).collect();
        assert!(long.is_empty(), "{lesson}: {long:#?}");
    }
}

#[test]
fn equal_nodes_share_a_line() {
    let (shown, _) = exits(0, &["show", "crash_and_disk"]);
    assert!(shown.contains("      a, b, c: shop-caspaxos "), "{shown}");
    let (shown, _) = exits(0, &["show", "clock_drift"]);
    assert!(shown.contains("      alice, bob: lease-holder "), "{shown}");
}

/// What makes the difference between two variants is on paper: services, arguments, layers, links.
#[test]
fn no_two_variants_look_the_same() {
    for lesson in lessons() {
        let (shown, _) = exits(0, &["show", lesson]);
        let (_, variants) = shown.split_once("\nVariants\n").expect("a list of variants");
        let (variants, _) = variants.split_once("\nWhat must come out").expect("expectations");
        let mut blocks: Vec<Vec<&str>> = Vec::new();
        for line in variants.lines().filter(|line| !line.is_empty()) {
            match (line.strip_prefix("      "), blocks.last_mut()) {
                (Some(words), Some(block)) => block.push(words),
                _ => blocks.push(Vec::new()),
            }
        }
        // Titles of more than a line go on further to the right.
        for block in &mut blocks {
            block.retain(|words| !words.starts_with("     "));
        }
        for (at, block) in blocks.iter().enumerate() {
            assert!(!blocks[..at].contains(block), "{lesson}: {block:#?}");
        }
    }
}
