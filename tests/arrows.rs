//! The layout of the workspace: arrows between crates point one way, and what simulated code must
//! not touch it does not name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which of our crates each of our crates may use.
const ARROWS: &[(&str, &str, &[&str])] = &[
    ("sim/core", "simlab-core", &[]),
    ("sim/check", "simlab-check", &["simlab-core"]),
    ("sim/kernel", "simlab-sim", &["simlab-core"]),
    ("protocols", "simlab-protocols", &["simlab-core"]),
    (
        "scenarios",
        "simlab-scenarios",
        &["simlab-core", "simlab-check", "simlab-sim", "simlab-protocols"],
    ),
    ("tui", "simlab-tui", &["simlab-core", "simlab-check", "simlab-sim", "simlab-scenarios"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files with this ending below a folder.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder is readable") {
            let path = entry.expect("the entry is readable").path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with(".git") {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The lines of code of a crate outside its tests, with where they stand.
fn code(krate: &str) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for path in files(&root().join(krate).join("src"), "rs") {
        let text = fs::read_to_string(&path).expect("a source file");
        if path.components().any(|part| part.as_os_str() == "tests") {
            continue;
        }
        let production = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for (number, line) in (1..).zip(production.lines()) {
            if !line.trim_start().starts_with("//") {
                lines.push((format!("{}:{number}", path.display()), line.to_owned()));
            }
        }
    }
    lines
}

#[test]
fn arrows_between_crates_point_one_way() {
    for (folder, name, allowed) in ARROWS {
        let manifest =
            fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("manifest");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{folder} is {name}");
        for line in manifest.lines().filter(|line| line.starts_with("simlab")) {
            let used = line.split(['.', ' ', '=']).next().unwrap_or_default();
            assert!(allowed.contains(&used), "{name} must not use {used}");
        }
    }
}

#[test]
fn simulated_code_touches_nothing_outside() {
    let banned =
        ["std::net", "std::time", "std::fs", "std::env", "std::process", "tokio", "async "];
    for krate in ["sim/core", "sim/check", "sim/kernel", "protocols"] {
        for (place, line) in code(krate) {
            for word in banned {
                assert!(!line.contains(word), "{place} names {word}: {line}");
            }
            // Panics of handlers are caught with a hook that knows which thread it is on.
            let threads = line.contains("std::thread") || line.contains("thread_local!");
            assert!(!threads || place.contains("panics.rs"), "{place} has threads: {line}");
        }
    }
}

#[test]
fn only_the_command_line_prints() {
    for (folder, ..) in ARROWS {
        for (place, line) in code(folder) {
            // The debugger has the terminal to itself.
            if place.contains("tui/src/terminal.rs") {
                continue;
            }
            for word in ["println!", "eprintln!", "print!(", "stdout()", "stderr()"] {
                assert!(!line.contains(word), "{place} prints: {line}");
            }
        }
    }
}

#[test]
fn no_file_has_grown_over_500_lines() {
    let mut long = BTreeMap::new();
    for path in files(root(), "rs") {
        let lines = fs::read_to_string(&path).expect("a source file").lines().count();
        if lines > 500 {
            long.insert(path, lines);
        }
    }
    assert!(long.is_empty(), "split these on their own nouns: {long:#?}");
}

#[test]
fn no_crate_of_ours_has_unsafe_code() {
    for (place, line) in ARROWS.iter().flat_map(|(folder, ..)| code(folder)).chain(code(".")) {
        assert!(!line.contains("unsafe "), "{place}: {line}");
    }
}
