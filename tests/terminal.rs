//! The debugger in a real terminal: the first lesson from its begin to its end, and what is left behind.

#![cfg(unix)]

mod common;
#[path = "common/screen.rs"]
mod screen;

use common::cli::{Folder, exits};
use screen::Terminal;
use simlab::scenarios::tracefile::{Reader, Writer};
use std::path::Path;

/// The first lesson as a student goes through it; what is seen at its main moments.
fn lesson(size: (u16, u16)) -> String {
    let mut terminal = Terminal::start(&["tui", "cap_partition"], size, &[]);
    let mut seen = String::new();
    let mut moment = |terminal: &mut Terminal, keys: &str, wait: &str, what: &str| {
        terminal.keys(keys);
        let text = terminal.until(wait);
        seen.push_str(&format!("== {what}\n{text}"));
    };
    moment(&mut terminal, "", "1/3755|event 1 of 3755 ", "the begin");
    moment(&mut terminal, "]", "781/3755|event 781 of 3755 ", "the cut");
    moment(
        &mut terminal,
        "\t",
        "620/3184|event 620 of 3184 ",
        "the same moment, where everybody goes on",
    );
    moment(&mut terminal, "v", "850/3184|event 850 of 3184 ", "Shanghai says 60");
    moment(&mut terminal, "c", "what led to it", "why");
    moment(&mut terminal, "\x1b", "? help", "and back");
    moment(&mut terminal, "55", "oversold", "all four at that moment");
    terminal.keys("w1/kind:return op:25\r");
    moment(
        &mut terminal,
        "",
        "1546/3184|event 1546 of 3184 ",
        "Shanghai sells 25 that are not there",
    );
    moment(&mut terminal, "5", "oversold 16", "sixteen too many");
    moment(&mut terminal, "]", "2582/3184|event 2582 of 3184 ", "the cable is mended");
    moment(&mut terminal, "G", "▲48.|▲49.", "the end");
    terminal.keys("q");
    assert_eq!(terminal.end(), Some(0));
    seen
}

#[test]
fn the_first_lesson_at_80_by_24() {
    snapbox::assert_data_eq!(lesson((80, 24)), snapbox::file!["golden/screen_80x24.txt"].raw());
}

#[test]
fn the_first_lesson_at_120_by_40() {
    snapbox::assert_data_eq!(lesson((120, 40)), snapbox::file!["golden/screen_120x40.txt"].raw());
}

#[test]
fn the_first_lesson_at_200_by_60() {
    snapbox::assert_data_eq!(lesson((200, 60)), snapbox::file!["golden/screen_200x60.txt"].raw());
}

/// The screen in the README is one of those above, as it is.
#[test]
fn the_readme_shows_a_real_screen() {
    let seen = include_str!("golden/screen_80x24.txt");
    let moment = seen.split("== ").find(|moment| moment.starts_with("sixteen too many"));
    let readme: String =
        include_str!("../README.md").lines().map(|line| line.trim_start()).collect();
    for line in moment.expect("it was seen").lines().skip(1) {
        assert!(readme.contains(line.trim_start()), "{line}");
    }
}

/// How often a terminal was told something.
fn told(terminal: &Terminal, what: &str) -> usize {
    let written = String::from_utf8_lossy(&terminal.written);
    written.matches(what).count()
}

/// Whatever was turned on is off in the end: the other screen, the mouse, the hidden cursor.
fn is_sane(terminal: &Terminal) {
    for mode in ["1049", "1000", "1002", "1003", "1006"] {
        let on = told(terminal, &format!("\x1b[?{mode}h"));
        let off = told(terminal, &format!("\x1b[?{mode}l"));
        assert!(on > 0 && on <= off, "mode {mode}: on {on} times, off {off} times");
    }
    let written = String::from_utf8_lossy(&terminal.written);
    let (hidden, shown) = (written.rfind("\x1b[?25l"), written.rfind("\x1b[?25h"));
    assert!(shown > hidden, "the cursor is shown again");
}

#[test]
fn however_it_ends_the_terminal_is_as_it_was() {
    for (end, status) in [("q", 0), ("\x03", 0), ("SIGTERM", 130)] {
        let mut terminal = Terminal::start(&["tui", "cap_partition"], (80, 24), &[]);
        terminal.until("1/3755");
        match end.strip_prefix("SIG") {
            Some(signal) => terminal.signal(signal),
            None => terminal.keys(end),
        }
        assert_eq!(terminal.end(), Some(status), "{end:?}");
        is_sane(&terminal);
    }
}

/// When the window is closed, it ends at once: reading from what is gone would never end.
#[test]
fn it_does_not_outlive_its_terminal() {
    let mut terminal = Terminal::start(&["tui", "cap_partition"], (80, 24), &[]);
    terminal.until("1/3755");
    terminal.signal("HUP");
    assert_eq!(terminal.end(), Some(130));
}

/// Without colours the cursor is still seen.
#[test]
fn without_colours_the_cursor_is_seen() {
    let no_colour = [("NO_COLOR", "1")];
    let mut terminal = Terminal::start(&["tui", "cap_partition"], (80, 24), &no_colour);
    terminal.until("1/3755");
    assert!(terminal.reversed() > 0, "{}", terminal.text());
    assert_eq!(told(&terminal, "\x1b[38;5;"), 0, "no colours");
    terminal.keys("]");
    terminal.until("781/3755");
    assert!(terminal.reversed() > 0, "{}", terminal.text());
}

/// The library: choose, open, come back, leave.
#[test]
fn the_library_opens_lessons() {
    let mut terminal = Terminal::start(&["tui"], (80, 24), &[]);
    terminal.until("One shop, three cities");
    terminal.keys("jjj\r");
    terminal.until("lossy_link");
    terminal.until("of 9317");
    terminal.keys("q");
    terminal.until("choose");
    // There are more than fit: the page is shown that has the chosen one.
    terminal.keys("G");
    terminal.until("raft_storm");
    terminal.keys("q");
    assert_eq!(terminal.end(), Some(0));
    is_sane(&terminal);
}

/// What `sweep --shrink` has found: the debugger is where no order of the operations explains what was read.
#[test]
fn a_counterexample_opens_where_it_fails() {
    let folder = Folder::new("opened");
    let small = folder.path("small");
    let switch = ["--variant", "majority", "--switch", "acknowledge-before-sync"];
    let sweep = ["sweep", "crash_and_disk", "--seeds", "1..2", "--shrink", "--out", &small];
    exits(1, &[&sweep[..], &switch].concat());
    let file = Path::new(&small).join("crash_and_disk-1-majority-linearizable.toml");
    let path = file.to_str().expect("a plain name");
    let mut terminal = Terminal::start(&["tui", path], (120, 40), &[]);
    // The record that shows it; after it stands the objection.
    terminal.until("event 106 of 107 ");
    terminal.keys("q");
    assert_eq!(terminal.end(), Some(0));
}

/// The kept counterexamples: what fails at a moment is on the screen, what fails in the end is its end.
#[test]
fn kept_counterexamples_open_where_they_fail() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions");
    let files = std::fs::read_dir(folder).expect("it is there");
    let mut paths: Vec<_> = files.map(|file| file.expect("it can be read").path()).collect();
    paths.sort();
    for path in paths {
        let file = path.to_str().expect("a plain name");
        let mut terminal = Terminal::start(&["tui", file], (120, 40), &[]);
        let seen = terminal.until(" · paused");
        let (_, place) = seen.split_once(" event ").expect("it says which event");
        let mut place = place.split_whitespace().filter_map(|word| word.parse::<u64>().ok());
        let (at, last) = (place.next(), place.next());
        assert!(at == last || seen.contains('✗'), "{file}: {seen}");
        assert!(at > Some(1), "{file}: {seen}");
        terminal.keys("q");
        assert_eq!(terminal.end(), Some(0), "{file}");
    }
}

/// The terminal may change its size at any time, to one that is too small, and back.
#[test]
fn it_follows_the_size_of_the_terminal() {
    let mut terminal = Terminal::start(&["tui", "cap_partition"], (80, 24), &[]);
    terminal.until("1/3755");
    terminal.resize(40, 10);
    terminal.until("needs 60x16, is 40x10");
    terminal.resize(120, 40);
    terminal.until("event 1 of 3755");
}

/// What is copied is a command line that shows the same event again.
#[test]
fn what_is_copied_shows_the_same_again() {
    let mut terminal = Terminal::start(&["tui", "cap_partition"], (80, 24), &[]);
    terminal.until("1/3755");
    terminal.keys("]y");
    let said = terminal.until("copied: ");
    // OSC 52, with the text in base64.
    assert_eq!(told(&terminal, "\x1b]52;c;"), 1);
    let line =
        said.lines().find_map(|line| line.trim().strip_prefix("copied: ")).expect("it is said");
    let args: Vec<&str> = line.split_whitespace().skip(1).collect();
    assert_eq!(args[..2], ["tui", "cap_partition"]);
    let mut again = Terminal::start(&args, (80, 24), &[]);
    again.until("781 of 3755|781/3755");
}

/// A trace of a run that this build does not make is shown as it was written, without nodes.
#[test]
fn a_run_that_cannot_be_made_again_is_shown_on_paper() {
    let folder = Folder::new("paper");
    let path = folder.path("run.jsonl");
    exits(
        0,
        &["run", "cap_partition", "--variant", "available", "--format", "json", "--trace", &path],
    );
    let mut reader = Reader::open(Path::new(&path)).expect("a trace");
    let mut header = reader.header().clone();
    // As if another build had written it: from this seed this one makes other events.
    header.seed = 8;
    let mut writer = Writer::new(Vec::new(), &header, None, reader.names()).expect("in memory");
    let hash = Reader::open(Path::new(&path)).expect("a trace").finish().expect("whole").trace_hash;
    while reader.advance().expect("whole") {
        let event = reader.event().expect("it is there");
        writer.record(&event, reader.names(), hash).expect("in memory");
    }
    let verdict = reader.footer().expect("the end").verdict.clone();
    let other = folder.file("other.jsonl", writer.finish(verdict).expect("in memory"));
    let mut same = Terminal::start(&["tui", &path, "--at", "850"], (120, 40), &[]);
    let text = same.until("event 850 of 3184");
    assert!(!text.contains("another run"), "{text}");
    same.keys("y");
    assert!(!same.until("copied: ").contains("--variant"), "a trace file has one");
    let mut paper = Terminal::start(&["tui", &other, "--at", "850"], (120, 40), &[]);
    let text = paper.until("event 850 of 3184");
    assert!(text.contains("this build makes another run of it"), "{text}");
    assert!(text.contains("events on paper"), "{text}");
    paper.keys("v");
    paper.until("events on paper are not judged");
    paper.keys("\x1b[D]");
    paper.until("event 2582 of 3184");
}
