//! Choices, recorded and overridden.
//!
//! One override: `SIMLAB_SEED=17 cargo test --test decisions`. All that are asked for:
//! `SIMLAB_RUNS=1000 cargo test --test decisions`.

mod common;

use common::cli::{Folder, exits};
use common::dice::{Dice, runs};
use common::{catalogue, lessons, scenario, seeds};
use serde_json::Value;
use simlab::core::{Choice, Point, Who};
use simlab::scenarios::decisions::{Decisions, departed};
use simlab::scenarios::run::{Run, Setup, run_prepared};
use simlab::scenarios::{Catalogue, Scenario};
use simlab::sim::Script;
use std::path::Path;

fn setup<'a>(scenario: &'a Scenario, catalogue: &'a Catalogue, variant: usize) -> Setup<'a> {
    Setup { scenario, catalogue, variant, seed: scenario.seed, recording: false }
}

fn recorded<'a>(setup: Setup<'a>) -> (Run<'a>, Vec<(Point, u64)>) {
    let run = run_prepared(setup, |world| world.record_decisions()).expect("a lesson runs");
    let choices = run.world.decisions().expect("they are recorded").to_vec();
    (run, choices)
}

#[test]
fn a_recording_replays_to_the_same_hash() {
    let folder = Folder::new("recordings");
    let path = folder.path("decisions.jsonl");
    let catalogue = catalogue();
    for lesson in lessons() {
        let scenario = scenario(lesson, &catalogue);
        for variant in 0..scenario.variants.len() {
            let setup = setup(&scenario, &catalogue, variant);
            let (run, choices) = recorded(setup);
            let decisions = Decisions { seed: Some(setup.seed), ..Decisions::default() };
            decisions.write(&choices, Path::new(&path), run.world.names()).expect("it is written");
            let read = Decisions::read(Path::new(&path), &scenario);
            let read = read.unwrap_or_else(|problems| panic!("{problems}"));
            assert!(read.script.complete);
            assert_eq!(read.script.answers.len(), choices.len(), "no choice comes up twice");
            let again = run_prepared(setup, |world| world.follow(read.script)).expect("it runs");
            let name = &scenario.variants[variant].name;
            assert_eq!(again.world.trace_hash(), run.world.trace_hash(), "{lesson} {name}");
            assert!(again.world.departures().none(), "{lesson} {name}");
        }
    }
}

/// Another answer that makes sense: yes for no, no time at all, twice the time, another number.
fn other(point: Point, answer: u64, dice: &mut Dice) -> (Point, u64) {
    match point.choice {
        // What a link or a disk could do and has not been asked, since it never does.
        Choice::Delay { copy: 0 } if dice.below(3) == 0 => {
            (Point { choice: Choice::Lose, ..point }, 1)
        }
        Choice::Sync if dice.below(3) == 0 => {
            let after = dice.below(2) == 1;
            (Point { choice: Choice::CrashAtSync { after }, ..point }, 1)
        }
        Choice::Delay { .. } | Choice::Sync | Choice::Service => {
            (point, if dice.below(2) == 0 { 0 } else { answer * 2 + 1 })
        }
        _ => (point, u64::from(answer == 0)),
    }
}

/// One answer of a recording is another one: the run goes another way, and comes to its end.
#[test]
fn a_single_override_ends_in_an_orderly_way() {
    let catalogue = catalogue();
    let mut recordings = Vec::new();
    let scenarios: Vec<Scenario> = lessons().map(|name| scenario(name, &catalogue)).collect();
    for scenario in &scenarios {
        for variant in 0..scenario.variants.len() {
            let setup = setup(scenario, &catalogue, variant);
            let (run, choices) = recorded(setup);
            // Where every datagram is too large there is nothing to choose.
            if !choices.is_empty() {
                recordings.push((setup, run.world.trace_hash(), choices));
            }
        }
    }
    let (mut tried, mut changed) = (0_u32, 0_u32);
    for seed in seeds(0..runs(60)) {
        let mut dice = Dice::new(seed);
        let (setup, hash, choices) = &recordings[dice.below(recordings.len())];
        let (point, answer) = choices[dice.below(choices.len())];
        let (point, answer) = other(point, answer, &mut dice);
        let unasked = Point { ordinal: u64::MAX, ..point };
        let answers = [(point, answer), (unasked, 1)].into_iter().collect();
        let script = Script { answers, ..Script::default() };
        let run = run_prepared(*setup, |world| world.follow(script)).expect("a lesson runs");
        let replay = format!(
            "{} {}: {point} {answer}\nreplay: SIMLAB_SEED={seed} cargo test --test decisions",
            setup.scenario.name, setup.scenario.variants[setup.variant].name
        );
        assert!(!run.world.ended(), "{replay}\n{:?}", run.world.findings());
        assert_eq!(run.world.now(), setup.scenario.until, "{replay}");
        let departures = run.world.departures();
        assert_eq!(departures.unasked, [unasked], "{replay}");
        assert!(departures.refused.is_empty() && departures.unknown.is_empty(), "{replay}");
        let lines = departed(&departures, run.world.names());
        assert!(lines.len() == 1 && lines[0].ends_with("nobody asked"), "{lines:?}");
        tried += 1;
        changed += u32::from(run.world.trace_hash() != *hash);
    }
    // A datagram to a client that has given up changes nothing but its own delivery; yet that shows.
    assert!(changed * 10 >= tried * 9, "{changed} of {tried} runs went another way");
}

#[test]
fn overrides_of_ones_own_are_easily_written() {
    let folder = Folder::new("overrides");
    let lose = r#"{"who":"source->clean","choice":"lose","ordinal":3,"answer":1}"#;
    let file = folder.file("lose.jsonl", format!("{lose}\n\n"));
    let (out, _) = exits(1, &["run", "lossy_link", "--decisions", &file, "--format", "json"]);
    let report: Value = serde_json::from_str(&out).expect("a report");
    let checks = report["variants"][0]["checks"].as_array().expect("checks");
    let missing = checks.iter().find(|check| check["name"] == "clean_misses_nothing");
    assert_eq!(missing.expect("it is there")["observed"], 1, "the clean link lost one");
    assert_eq!(report["variants"][0]["decisions"]["departures"], 0);

    let (_, err) = exits(1, &["run", "lossy_link", "--decisions", &file]);
    assert!(err.contains(&format!("--decisions {file}")), "how to do it again: {err}");
    let (out, _) = exits(0, &["log", "lossy_link", "--decisions", &file, "--node", "clean"]);
    assert!(out.contains("number 3 (64 B) (sent #26): loss") || out.contains(": loss"), "{out}");

    // What was not asked for is told, and is no failure of a list of overrides.
    let late = lose.replace(":3,", ":700,");
    let file = folder.file("late.jsonl", late);
    let args = ["run", "lossy_link", "--decisions", &file, "--format", "json"];
    let (out, err) = exits(0, &args);
    assert!(err.contains("source->clean lose 700: nobody asked"), "{err}");
    let report: Value = serde_json::from_str(&out).expect("a report");
    assert_eq!(report["variants"][0]["decisions"]["unasked"][0], "source->clean lose 700");
}

/// A complete recording is of one run; if that is not what happens, it is a failure.
#[test]
fn a_recording_brings_its_run_along() {
    let folder = Folder::new("recording");
    let path = folder.path("wait.jsonl");
    let run = ["run", "cap_partition", "--format", "json"];
    let with = |more: &[&str]| -> Vec<String> {
        run.iter().chain(more).map(|word| (*word).to_owned()).collect()
    };
    let call = |status, more: &[&str]| {
        let args = with(more);
        exits(status, &args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let hash = |out: &str| {
        let report: Value = serde_json::from_str(out).expect("a report");
        let variants = report["variants"].as_array().expect("variants").len();
        (variants, report["variants"][0]["trace_hash"].clone())
    };
    let (out, _) = call(0, &["--variant", "wait", "--seed", "9", "--record-decisions", &path]);
    let (again, err) = call(0, &["--decisions", &path]);
    assert_eq!((hash(&out), err.as_str()), (hash(&again), ""));
    let (_, err) = call(2, &["--decisions", &path, "--seed", "7"]);
    assert!(err.contains("is of the seed 9, and 7 is asked for"), "{err}");
    let (_, err) = call(2, &["--decisions", &path, "--variant", "escrow"]);
    assert!(err.contains("is of the variant wait, and escrow is asked for"), "{err}");

    let content = std::fs::read_to_string(&path).expect("it was written");
    let without = |skip: usize| -> String {
        let lines = content.lines().enumerate().filter(|(n, _)| *n != skip);
        lines.map(|(_, line)| format!("{line}\n")).collect()
    };
    let (_, err) = call(2, &["--decisions", &folder.file("cut.jsonl", without(5))]);
    assert!(err.contains("the file was cut"), "{err}");
    let fewer = without(5);
    let count = content.lines().count() - 1;
    let fewer = fewer.replace(&format!(",\"answers\":{count}"), "");
    let (out, err) = call(1, &["--decisions", &folder.file("fewer.jsonl", fewer)]);
    assert!(err.contains("the recording does not know the choice"), "{err}");
    let report: Value = serde_json::from_str(&out).expect("a report");
    assert_eq!(report["ok"], false);
    assert_eq!(report["variants"][0]["decisions"]["unknown"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_is_no_decision_is_refused_with_its_line() {
    let folder = Folder::new("no-decisions");
    let good = r#"{"who":"source->clean","choice":"lose","ordinal":3,"answer":1}"#;
    let cases = [
        (good.replace("clean", "claen"), "did you mean `clean`?"),
        (good.replace("lose", "loose"), "unknown choice `loose`"),
        (good.replace(":3", ":-3"), "`ordinal` must be a whole number"),
        (good.replace(":1", ":1.5"), "`answer` must be a whole number"),
        (good.replace("answer", "answers"), "unknown key `answers`"),
        (good.replace(",\"answer\":1", ""), "`answer` must be a whole number"),
        (good.replace('}', ""), "this is no JSON"),
        ("[]".to_owned(), "a line must be a JSON object"),
        (
            "{\"who\":\"source->clean\",\"choice\":\"lose\",\"ordinal\":0,\"answer\":1}".to_owned(),
            "twice",
        ),
    ];
    let first = good.replace(":3", ":0");
    for (line, says) in cases {
        let file = folder.file("bad.jsonl", format!("{first}\n{line}\n{good}\n"));
        let (out, err) = exits(2, &["run", "lossy_link", "--decisions", &file]);
        assert!(out.is_empty() && err.contains(says), "{line}: {err}");
        assert!(err.contains("bad.jsonl:2:"), "{line}: {err}");
    }
    let header = r#"{"format":"simlab-decisions","version":1,"scenario":"lossy_link"}"#;
    for (wrong, says) in [
        (header.replace(":1", ":2"), "is newer"),
        (header.replace("lossy_link", "cap_partition"), "`scenario` must be \"lossy_link\""),
        (header.replace("-decisions", "-trace"), "`format` must be"),
        (header.replace('}', ",\"more\":1}"), "unknown key `more`"),
    ] {
        let file = folder.file("bad.jsonl", format!("{wrong}\n{good}\n"));
        let (_, err) = exits(2, &["run", "lossy_link", "--decisions", &file]);
        assert!(err.contains(says) && err.contains("bad.jsonl:1:"), "{wrong}: {err}");
    }
    let file = folder.file("good.jsonl", format!("{header}\n{good}\n"));
    exits(1, &["run", "lossy_link", "--decisions", &file]);
}

/// Nobody but the link itself is asked.
#[test]
fn a_choice_says_whose_it_is() {
    let catalogue = catalogue();
    let scenario = scenario("lossy_link", &catalogue);
    let (_, choices) = recorded(setup(&scenario, &catalogue, 0));
    assert!(choices.iter().all(|(point, _)| matches!(point.who, Who::Link { .. })));
}
