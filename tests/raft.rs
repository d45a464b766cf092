//! Raft as the lessons show it, in short: one seed of each lesson, with what the checks say. It is a part of what
//! `cargo mutants` runs (docs/mutants.md), so it takes seconds.

mod common;

use common::{all_variants, catalogue, lessons, scenario};
use simlab::scenarios::report::Status;
use std::fmt::Write;

/// One that no other test has.
const SEED: u64 = 20_142;

/// Golden: whoever changes Raft changes these. `SNAPSHOTS=overwrite cargo test --test raft` writes them anew.
#[test]
fn lessons_of_raft_are_as_ever() {
    let catalogue = catalogue();
    let mut out = String::new();
    for lesson in lessons().filter(|name| name.starts_with("raft_") || *name == "cap_leader") {
        let scenario = scenario(lesson, &catalogue);
        for variant in &all_variants(&scenario, &catalogue, SEED).variants {
            let (name, hash) = (&variant.name, variant.trace_hash);
            let _ = writeln!(out, "{lesson} {name} {hash:016x}");
            for check in variant.checks.iter().filter(|check| check.status != Status::Passed) {
                let _ = writeln!(out, "  {}: {:?}", check.name, check.status);
            }
        }
    }
    snapbox::assert_data_eq!(out, snapbox::file!["golden/raft.txt"]);
}
