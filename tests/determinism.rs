//! One seed, one execution: twice, forked or not, recorded or not, in every build profile.

mod common;

use common::{all_variants, catalogue, lessons, scenario};
use simlab::core::{Duration, Time, TraceEvent};
use simlab::scenarios::LONG_LESSONS;
use simlab::scenarios::run::{Setup, build, run, run_prepared};
use simlab::scenarios::tracefile::Record;
use simlab::sim::Names;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::process::Command;
use std::sync::{Arc, Mutex};

/// Every datagram of it is too large for its link, so that a seed has nothing to decide.
const ALWAYS_THE_SAME: (&str, usize) = ("fragmentation", 0);

/// How many seeds of a lesson are compared.
fn seeds(lesson: &str) -> u64 {
    if LONG_LESSONS.contains(&lesson) { 3 } else { 50 }
}

/// A line for each variant of each lesson and seed: its trace hash.
fn hashes() -> String {
    let catalogue = catalogue();
    let mut out = String::new();
    for lesson in lessons() {
        let scenario = scenario(lesson, &catalogue);
        for seed in 0..seeds(lesson) {
            for variant in &all_variants(&scenario, &catalogue, seed).variants {
                let (name, hash) = (&variant.name, variant.trace_hash);
                let _ = writeln!(out, "{lesson} {name} {seed} {hash:016x}");
            }
        }
    }
    out
}

/// Golden: whoever changes these changes every trace. `SNAPSHOTS=overwrite cargo test --test
/// determinism` writes them anew.
#[test]
fn trace_hashes_are_the_same_as_ever() {
    let found = hashes();
    assert_eq!(found, hashes(), "twice the same");
    snapbox::assert_data_eq!(found, snapbox::file!["golden/trace_hashes.txt"]);
}

#[test]
fn another_seed_is_another_run() {
    let catalogue = catalogue();
    for lesson in lessons() {
        let scenario = scenario(lesson, &catalogue);
        for variant in 0..scenario.variants.len() {
            let hashes: BTreeSet<u64> = (0..seeds(lesson))
                .map(|seed| all_variants(&scenario, &catalogue, seed).variants[variant].trace_hash)
                .collect();
            let expected = if (lesson, variant) == ALWAYS_THE_SAME { 1 } else { seeds(lesson) };
            assert_eq!(hashes.len() as u64, expected, "{lesson}, variant {variant}");
        }
    }
}

#[test]
fn a_fork_that_goes_on_unchanged_is_the_straight_run() {
    let catalogue = catalogue();
    for lesson in lessons() {
        let scenario = scenario(lesson, &catalogue);
        for variant in 0..scenario.variants.len() {
            let setup = Setup {
                scenario: &scenario,
                catalogue: &catalogue,
                variant,
                seed: 5,
                recording: true,
            };
            let mut straight = build(setup).expect("builds");
            straight.run_until(scenario.until);
            let mut world = build(Setup { recording: false, ..setup }).expect("builds");
            for second in (0..).map(Duration::from_secs) {
                let at = Time::ZERO + second;
                if at > scenario.until {
                    break;
                }
                world.run_until(at);
                // The original is dropped; the fork goes on in its place.
                world = world.fork();
            }
            world.run_until(scenario.until);
            let name = &scenario.variants[variant].name;
            assert_eq!(straight.trace_hash(), world.trace_hash(), "{lesson} {name}");
            assert_eq!(straight.digest(), world.digest(), "{lesson} {name}");
        }
    }
}

/// The release build, when the gate has made one, against this build.
#[test]
fn debug_and_release_agree() {
    let Ok(binary) = std::env::var("SIMLAB_RELEASE_BINARY") else {
        assert!(std::env::var_os("CI").is_none(), "the gate must name its release build");
        eprintln!("skipped: SIMLAB_RELEASE_BINARY names no release build (.ci/run does)");
        return;
    };
    let mut found = String::new();
    for lesson in lessons() {
        for seed in 0..seeds(lesson) {
            let output = Command::new(&binary)
                .args(["run", lesson, "--format", "json", "--seed", &seed.to_string()])
                .output()
                .expect("the release build runs");
            let report: serde_json::Value =
                serde_json::from_slice(&output.stdout).expect("a report in JSON");
            for variant in report["variants"].as_array().expect("variants") {
                let field = |name: &str| variant[name].as_str().expect("a text").to_owned();
                let (name, hash) = (field("name"), field("trace_hash"));
                let _ = writeln!(found, "{lesson} {name} {seed} {hash}");
            }
        }
    }
    assert_eq!(found, hashes());
}

/// A trace that is kept, while nobody looks on, is what somebody who looks on is shown, bytes and all.
#[test]
fn what_is_kept_is_what_is_shown() {
    let catalogue = catalogue();
    for lesson in lessons() {
        let scenario = scenario(lesson, &catalogue);
        for variant in 0..scenario.variants.len() {
            let seed = scenario.seed;
            let setup = Setup {
                scenario: &scenario,
                catalogue: &catalogue,
                variant,
                seed,
                recording: true,
            };
            let shown = Arc::new(Mutex::new(Vec::new()));
            let seen = Arc::clone(&shown);
            let look = move |event: &TraceEvent<'_>, _: &Names, _: u64| {
                seen.lock().expect("one thread").push(Record::new(event));
            };
            let watched = run_prepared(setup, |world| world.observe(Box::new(look)));
            watched.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
            let kept = run(setup).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
            let shown = shown.lock().expect("one thread");
            let trace = kept.world.trace().expect("it was kept");
            assert_eq!(trace.len(), shown.len() as u64, "{lesson}");
            for (kept, shown) in trace.iter().zip(shown.iter()) {
                assert_eq!(kept, shown.event(), "simlab log {lesson} --event {}", kept.seq);
            }
        }
    }
}
