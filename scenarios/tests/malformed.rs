//! Malformed files: every mistake is found, at its place, and shown as it should be.
//!
//! Beside each file lies the message that it gives; `SNAPSHOTS=overwrite cargo test -p
//! simlab-scenarios` writes them again. The first line of each file says where its mistakes are
//! (`SNAPSHOTS=places` fills it in for a new file; then compare it with the file by eye).

mod common;

use common::{catalogue, files};
use simlab_scenarios::{Diagnostics, Source, load};
use std::fmt::Write as _;

/// The mistakes of a text.
fn mistakes(name: &str, text: &str) -> Diagnostics {
    match load(Source::new(name, text), &catalogue(), &[]) {
        Ok(_) => panic!("{name} loads"),
        Err(diagnostics) => diagnostics,
    }
}

#[test]
fn every_mistake_is_found_at_its_place() {
    let files = files("malformed");
    assert!(files.len() >= 30, "{} files", files.len());
    for path in files {
        let name = path.file_name().expect("a file").to_string_lossy();
        let text = std::fs::read_to_string(&path).expect("a text");
        let diagnostics = mistakes(&name, &text);
        let first = text.lines().next().expect("a first line");
        let mut found = "# at".to_owned();
        for diagnostic in diagnostics.list() {
            let (line, column) = (diagnostic.line(), diagnostic.column());
            write!(found, " {line}:{column}").expect("writing to a string");
        }
        if std::env::var_os("SNAPSHOTS").is_some_and(|v| v == "places") {
            let rest = text.split_once('\n').expect("more lines").1;
            std::fs::write(&path, format!("{found}\n{rest}")).expect("writable");
            continue;
        }
        assert_eq!(found, first, "{name}:\n{diagnostics}");
        let shown = diagnostics.render(false);
        for diagnostic in diagnostics.list().iter().take(20) {
            let place = format!("--> {name}:{}:{}\n", diagnostic.line(), diagnostic.column());
            assert!(shown.contains(&place), "{place} is not in\n{shown}");
        }
        let snapshot = path.with_extension("stderr");
        snapbox::assert_data_eq!(shown, snapbox::Data::read_from(&snapshot, None));
    }
}

/// The only mistake of a text that is too odd for a file of its own: message, line, column.
fn mistake(text: &str) -> (String, usize, usize) {
    let diagnostics = mistakes("odd.toml", text);
    assert_eq!(diagnostics.list().len(), 1, "{diagnostics}");
    let only = &diagnostics.list()[0];
    (only.message().to_owned(), only.line(), only.column())
}

/// A text that is a scenario apart from `more`.
fn scenario(more: &str) -> String {
    let good = common::folder("good").join("minimal.toml");
    std::fs::read_to_string(good).expect("the file is there") + more
}

#[test]
fn nothing_is_no_scenario() {
    for text in ["", " \n\n", "\u{feff}", "# only a comment\n"] {
        assert_eq!(mistake(text), ("the file is empty".to_owned(), 1, 1));
    }
    let shown = mistakes("odd.toml", "").render(false);
    assert!(shown.contains("--> odd.toml"), "{shown}");
    assert!(shown.contains("format = 1"), "{shown}");
}

#[test]
fn odd_texts_are_refused() {
    let at = |text: String| mistake(&text);
    assert_eq!(at(scenario("x\0")), ("this is no text: it has a NUL byte".to_owned(), 9, 2));
    let deep = at(scenario(&format!("x = {}", "[".repeat(500_000))));
    assert_eq!(deep, ("brackets are nested too deeply".to_owned(), 9, 21));
    let (message, line, _) = at(scenario(&format!("{}x = 1", "x.".repeat(200))));
    assert_eq!((message.as_str(), line), ("brackets or dotted keys are nested too deeply", 9));
    let long = at(scenario(&"#".repeat(1 << 20)));
    assert_eq!(long, ("the file is too long: a scenario has at most 1 MiB".to_owned(), 1, 1));
}

/// What a terminal would obey is shown and not sent.
#[test]
fn control_characters_do_not_reach_the_terminal() {
    let text = scenario("colour\u{1b}[31m = \"\u{1b}[31m\u{202e}\"\n\"a\\u001bb\" = 1\n");
    let shown = mistakes("odd\u{1b}.toml", &text).render(false);
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
}

#[test]
fn lines_may_end_as_on_windows() {
    let text = std::fs::read_to_string(common::folder("malformed").join("unknown_service.toml"));
    let text = text.expect("the file is there").replace('\n', "\r\n");
    let diagnostics = mistakes("odd.toml", &text);
    let places: Vec<_> = diagnostics.list().iter().map(|d| (d.line(), d.column())).collect();
    assert_eq!(places, [(9, 11), (13, 11)]);
    assert!(diagnostics.render(false).contains("odd.toml:13:11"), "{diagnostics}");
}

#[test]
fn a_byte_order_mark_is_no_mistake() {
    let source = Source::new("bom.toml", format!("\u{feff}{}", scenario("")));
    load(source, &catalogue(), &[]).unwrap_or_else(|e| panic!("{e}"));
}
