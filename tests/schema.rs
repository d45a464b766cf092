//! The JSON Schema in the repository is the one that the code generates, and every scenario names
//! it.

use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `SNAPSHOTS=overwrite cargo test --test schema` writes it anew.
#[test]
fn the_committed_schema_is_current() {
    let generated = format!("{:#}\n", simlab::scenarios::schema());
    snapbox::assert_data_eq!(generated, snapbox::file!["../simlab.schema.json"].raw());
}

#[test]
fn every_scenario_names_the_schema_in_its_first_line() {
    let mut seen = 0;
    for folder in ["scenarios", "examples"] {
        for entry in fs::read_dir(root().join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|e| e == "toml") && !path.ends_with("Cargo.toml") {
                let text = fs::read_to_string(&path).expect("a scenario");
                let first = text.lines().next().unwrap_or_default();
                assert_eq!(first, "#:schema ../simlab.schema.json", "{}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen >= 4, "{seen} scenarios");
}

#[test]
fn every_scenario_file_is_a_lesson() {
    for entry in fs::read_dir(root().join("scenarios")).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|e| e == "toml") && !path.ends_with("Cargo.toml") {
            let stem = path.file_stem().and_then(|s| s.to_str()).expect("a name");
            let lesson = simlab::scenarios::lesson(stem).expect("it is compiled in");
            assert_eq!(lesson.text, fs::read_to_string(&path).expect("a scenario"));
        }
    }
}
