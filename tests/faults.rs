//! Faults of a scenario, from its text to what they did: every kind of them hits something.

mod common;

use common::catalogue;
use simlab::core::FaultKind;
use simlab::scenarios::report::{Report, report};
use simlab::scenarios::{Catalogue, Scenario, Source, load};
use std::process::Command;

/// Three shops that gossip, a customer each, and `more`.
fn story(count: u32, more: &str) -> String {
    let mut text = "format = 1\nname = \"story\"\ntitle = \"x\"\nuntil = \"30s\"\n\
         network.default = { delay = { uniform = [\"1ms\", \"9ms\"] } }\n\
         [[objects]]\nname = \"phone\"\nmodel = \"stock\"\ninitial = 99_999\n"
        .to_owned();
    for name in ["a", "b", "c"] {
        text += &format!(
            "[[nodes]]\nname = \"{name}\"\nservice = \"shop-caspaxos\"\ncost.service = \"100us\"\n\
             with.share = 33_333\n\
             disk.sync = \"2ms\"\nrestart = \"500ms\"\n\
             [[nodes]]\nname = \"of-{name}\"\nservice = \"shop-client\"\nwith.server = \"{name}\"\n"
        );
    }
    text + &format!(
        "[[workloads]]\nclients = [\"of-a\", \"of-b\", \"of-c\"]\ncount = {count}\n\
         mix = {{ read = 1, sell = 2, take_back = 1 }}\n{more}"
    )
}

fn scenario(text: String, catalogue: &Catalogue) -> Scenario {
    load(Source::new("story.toml", text), catalogue, &[]).unwrap_or_else(|e| panic!("{e}"))
}

fn run<'a>(scenario: &'a Scenario, catalogue: &'a Catalogue, seed: u64) -> Report<'a> {
    report(scenario, catalogue, seed, &[0], true).unwrap_or_else(|e| panic!("{e}"))
}

/// Each kind of fault by itself, in words of the format and of the fault models. Whether a service
/// tolerates it is not asked here.
const FAULTS: &[(&str, &[FaultKind])] = &[
    (r#"partition = [["a", "of-a"], ["b", "c"]]"#, &[FaultKind::Cut]),
    (r#"one_way = { from = ["a"], to = ["b", "c"] }"#, &[FaultKind::OneWay]),
    (r#"bridge = { left = ["a"], right = ["b"], via = ["c"] }"#, &[FaultKind::Bridge]),
    (r#"isolate = ["a"]"#, &[FaultKind::Cut]),
    (
        r#"flap = { isolate = ["a"], up = "1s", down = { uniform = ["500ms", "1s"] } }"#,
        &[FaultKind::Cut, FaultKind::Flap],
    ),
    (
        r#"links = { from = ["a"], to = ["b"], both = true, loss = "30%", delay = "20ms" }"#,
        &[FaultKind::Loss, FaultKind::Delay],
    ),
    (
        r#"links = { from = ["a"], to = ["b"], reorder = { probability = "20%", by = "30ms" } }"#,
        &[FaultKind::Reorder],
    ),
    (r#"links = { from = ["a"], to = ["b"], duplicate = "20%" }"#, &[FaultKind::Duplicate]),
    (r#"crash = ["a"]"#, &[FaultKind::Crash]),
    (r#"wipe = ["a"]"#, &[FaultKind::Crash, FaultKind::Wipe]),
    (r#"crash_at_sync = { nodes = ["a", "b"], rate = "20%" }"#, &[FaultKind::Crash]),
    (r#"pause = ["a"]"#, &[FaultKind::Pause]),
    (r#"slow = { nodes = ["a"], factor = 20 }"#, &[FaultKind::Slow]),
    (
        r#"clock = { nodes = ["a"], jump = "-1s", drift = "+0.1%" }"#,
        &[FaultKind::Jump, FaultKind::Drift],
    ),
    (r#"disk = { nodes = ["a"], write_errors = "20%" }"#, &[FaultKind::WriteError]),
    (r#"disk = { nodes = ["a"], slow_sync = "20ms" }"#, &[FaultKind::SlowSync]),
    (r#"disk = { nodes = ["a"], lying_sync = true }"#, &[FaultKind::LyingSync]),
    (r#"disk = { nodes = ["a"], misdirected = "20%" }"#, &[FaultKind::Misdirect]),
    (r#"disk = { nodes = ["a"], full = 1 }"#, &[FaultKind::FullDisk]),
    (r#"disk = { nodes = ["a"], rot = 2 }"#, &[FaultKind::Rot]),
    (r#"leave = ["a"]"#, &[FaultKind::Leave]),
];

/// The scenario with one fault. It says that it is outside if the loader wants that.
fn with_fault(fault: &str, catalogue: &Catalogue) -> Scenario {
    let endless = fault.starts_with("leave") || fault.contains("rot = ");
    let until = if endless { "" } else { "until = \"20s\"\n" };
    let text = story(60, &format!("[[faults]]\nat = \"10s\"\n{until}do = {{ {fault} }}\n"));
    load(Source::new("story.toml", text.clone()), catalogue, &[])
        .or_else(|_| {
            let outside = text + "outside = \"something\"\n";
            load(Source::new("story.toml", outside), catalogue, &[])
        })
        .unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn every_fault_of_the_format_hits_something() {
    let catalogue = catalogue();
    for (fault, kinds) in FAULTS {
        let scenario = with_fault(fault, &catalogue);
        let report = run(&scenario, &catalogue, 1);
        let [done] = &report.variants[0].faults[..] else { panic!("{fault}: one fault") };
        assert_eq!(done.kinds, *kinds, "{fault}");
        assert!(done.hits > 0, "{fault} hit nothing");
        let json = report.to_json();
        let told = &json["variants"][0]["faults"][0];
        assert_eq!((&told["name"], &told["at_ms"]), (&"fault 1".into(), &10_000.into()));
        assert_eq!(told["hits"], done.hits);
        assert_eq!(told["kinds"][0], kinds[0].name());
        // The same seed draws the same flaps and the same workload.
        let again = run(&scenario, &catalogue, 1);
        assert_eq!(report.variants[0].trace_hash, again.variants[0].trace_hash, "{fault}");
    }
}

/// 300 operations are asked for, each with its own amount, whatever the seed.
#[test]
fn a_workload_is_asked_for() {
    let catalogue = catalogue();
    let scenario = scenario(story(300, ""), &catalogue);
    for seed in 0..5 {
        let report = run(&scenario, &catalogue, seed);
        assert_eq!(report.variants[0].metrics.answers.invoked, 300, "simlab run … --seed {seed}");
        assert_eq!(report.variants[0].linearizable, Some(true), "simlab run … --seed {seed}");
    }
}

/// A node that joins late hears nothing before, and one that costs time and has a small buffer drops
/// what it has no room for.
#[test]
fn machines_are_what_the_file_says() {
    let catalogue = catalogue();
    let text = story(60, "").replacen("cost.service = \"100us\"", "joins = \"10s\"", 1);
    let late = scenario(text, &catalogue);
    let report = run(&late, &catalogue, 1);
    let first = report.variants[0].run.world.trace().expect("recorded").iter().find(|event| {
        let started = matches!(event.kind, simlab::core::Kind::Started);
        started && event.node == Some(late.nodes[0].id)
    });
    assert_eq!(first.map(|event| event.at.millis()), Some(10_000));
    let text = story(60, "").replacen(
        "cost.service = \"100us\"",
        "cost = { service = \"600ms\", buffer = 2 }",
        1,
    );
    let busy = scenario(text, &catalogue);
    let report = run(&busy, &catalogue, 1);
    let json = report.to_json();
    let dropped = &json["variants"][0]["metrics"]["dropped.buffer-full"];
    assert!(dropped.as_u64().is_some_and(|n| n > 0), "{dropped}");
}

/// What a command prints about the story in `tests/stories`.
fn told(args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simlab"));
    command.args(args).arg("tests/stories/hostile.toml");
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("LC_ALL", "en_US.UTF-8");
    let output = command.output().expect("simlab runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Machines, workloads, faults and what is outside the model can be read before the run and after it.
#[test]
fn a_hostile_story_is_told_before_and_after() {
    snapbox::assert_data_eq!(told(&["show"]), snapbox::file!["golden/hostile_show.txt"].raw());
    snapbox::assert_data_eq!(told(&["run"]), snapbox::file!["golden/hostile_run.txt"].raw());
}
