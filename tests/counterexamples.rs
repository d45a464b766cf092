//! Runs that are written out, and failures that are made small: what is written is the run, what is made small
//! fails in the same way and for the same reason, and the file replays it.

mod common;

use common::catalogue;
use common::cli::{Folder, exits};
use serde_json::Value;
use simlab::core::{Entry, Env, Event, Kind, NodeId, Process, Time};
use simlab::scenarios::report::{Status, judge};
use simlab::scenarios::run::{Setup, run};
use simlab::scenarios::shrink::{Budget, Replayed, Shrunk, shrink};
use simlab::scenarios::{
    Catalogue, Concrete, Fault, LESSONS, Scenario, Source, lesson, load, narrative,
};
use simlab::sim::Fault as What;
use std::{fs, io};

fn loaded(source: Source, catalogue: &Catalogue, switch: Option<&str>) -> Scenario {
    let settings = switch.map(|name| ("switch".to_owned(), name.to_owned()));
    let settings: Vec<_> = settings.into_iter().collect();
    load(source, catalogue, &settings).unwrap_or_else(|why| panic!("{}", why.render(false)))
}

/// The hash and the verdicts of a run.
fn shown(setup: Setup<'_>) -> (u64, Vec<(String, Status)>) {
    let run = run(setup).unwrap_or_else(|why| panic!("{}", why.render(false)));
    let report = judge(run);
    let verdicts = report.checks.iter().map(|check| (check.name.clone(), check.status));
    (report.trace_hash, verdicts.collect())
}

/// Every lesson with all that its seed drew written out is the same run, event by event. Where a cut comes and
/// goes it is several cuts then, each with a number of its own, so that only the verdicts are the same.
#[test]
fn a_run_that_is_written_out_is_the_same_run() {
    let catalogue = catalogue();
    let mut same = 0;
    for (name, _) in LESSONS {
        let scenario = loaded(lesson(name).expect("a lesson"), &catalogue, None);
        for variant in 0..scenario.variants.len() {
            for seed in [1, 2] {
                let catalogue = &catalogue;
                let setup =
                    Setup { scenario: &scenario, catalogue, variant, seed, recording: false };
                let text = Concrete::of(&setup).to_toml(&[], None);
                let written = loaded(Source::new(*name, &text[..]), catalogue, None);
                let again = Setup { scenario: &written, catalogue, variant: 0, seed, ..setup };
                let flaps = setup.faults().iter().any(|fault| fault.flap.is_some());
                let ((hash, verdicts), (hash_again, verdicts_again)) = (shown(setup), shown(again));
                let which = format!("{name}, variant {variant}, seed {seed}");
                assert_eq!(verdicts, verdicts_again, "{which}:\n{text}");
                if !flaps {
                    assert_eq!(hash, hash_again, "{which}:\n{text}");
                    same += 1;
                }
            }
        }
    }
    assert!(same >= 10, "only {same} runs without a flap were compared");
}

/// When which node goes down and comes up; who does so at one instant, in the order of their numbers.
fn lives(setup: Setup<'_>) -> Vec<(Time, Option<NodeId>, String)> {
    let run = run(setup).unwrap_or_else(|why| panic!("{}", why.render(false)));
    let events = run.world.trace().expect("it is recorded").iter();
    let lives = events.filter(|e| matches!(e.kind, Kind::Crashed | Kind::Restarted | Kind::Halted));
    let lives = lives.map(|event| (event.at, event.node, format!("{:?}", event.kind)));
    let mut lives: Vec<_> = lives.collect();
    lives.sort();
    lives
}

/// In a dense storm some crash falls on who is down already, and only keeps it down for longer. In a file that is a
/// mistake, so the first crash lasts as long as both; what comes out of the run is the same.
#[test]
fn a_storm_that_crashes_who_is_down_already_is_written_out_too() {
    let catalogue = catalogue();
    let text = LESSONS
        .iter()
        .find(|(name, _)| *name == STORM)
        .expect("a lesson")
        .1
        .replace("every = \"30s\"", "every = \"3s\"");
    let scenario = loaded(Source::new("dense", text), &catalogue, None);
    let (variant, catalogue) = (scenario.variant("pn-counter").expect("a variant"), &catalogue);
    let mut twice = 0;
    for seed in 0..12 {
        let setup = Setup { scenario: &scenario, catalogue, variant, seed, recording: true };
        let concrete = Concrete::of(&setup);
        let crashed = |faults: &[Fault]| -> usize {
            let nodes = faults.iter().map(|fault| match &fault.what {
                What::Crash { nodes, .. } => nodes.len(),
                _ => 0,
            });
            nodes.sum()
        };
        twice += usize::from(crashed(&concrete.faults) < crashed(&setup.faults()));
        let written = loaded(Source::new("written", concrete.to_toml(&[], None)), catalogue, None);
        let again = Setup { scenario: &written, catalogue, variant: 0, seed, ..setup };
        assert_eq!(shown(setup).1, shown(again).1, "seed {seed}");
        let (whole, written) = (lives(setup), lives(again));
        let differs = whole.iter().zip(&written).find(|(one, other)| one != other);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(whole.len(), written.len(), "seed {seed}");
    }
    assert!(twice > 0, "no storm crashed who was down");
}

const STORM: &str = "kv_storm";

/// A switch, the check that catches it, the lesson, its variant and a seed.
const CAUGHT: &[(&str, &str, &str, &str, u64)] = &[
    ("quorum-of-half", "linearizable", STORM, "caspaxos", 5),
    ("acknowledge-before-sync", "conserved", "crash_and_disk", "majority", 1),
    ("acknowledge-before-sync", "conserved", STORM, "pn-counter", 23),
    ("gossip-before-sync", "entry_monotone", STORM, "pn-counter", 1),
    ("gossip-overwrites", "conserved", STORM, "pn-counter", 0),
    ("retry-without-deduplication", "conserved", STORM, "pn-counter", 2),
];

fn small<'a>(
    scenario: &'a Scenario,
    catalogue: &'a Catalogue,
    (_, check, _, variant, seed): (&str, &str, &str, &str, u64),
) -> Shrunk<'a> {
    let variant = scenario.variant(variant).expect("a variant");
    let setup = Setup { scenario, catalogue, variant, seed, recording: false };
    shrink(&setup, check, Budget::default()).unwrap_or_else(|why| panic!("{check}: {why}"))
}

#[test]
fn what_a_switch_breaks_becomes_a_small_story_that_replays() {
    let catalogue = catalogue();
    for case in CAUGHT {
        let (switch, check, story, _, seed) = *case;
        let scenario = loaded(lesson(story).expect("a lesson"), &catalogue, Some(switch));
        let small = small(&scenario, &catalogue, *case);
        let which = format!("{switch}, {check}, {story}, seed {seed}");
        println!("{which}: {:?} after {} candidates", small.after, small.candidates);
        assert!(small.finished, "{which}: the budget was used up");
        let size = small.after;
        assert!(size.operations <= 4, "{which}: {size:?}");
        assert!(size.faults <= 3 && size.decisions <= 8, "{which}: {size:?}");
        assert!(small.story.len() <= 15, "{which}: {:#?}", small.story);

        // The file fails as it says, with the switch …
        let text = small.to_toml("simlab replay it.toml");
        let mut file = loaded(Source::new("it.toml", text), &catalogue, None);
        assert_eq!(narrative(&file, &catalogue).expect("it runs"), small.story, "{which}");
        let replayed = Replayed::of(&file, &catalogue).expect("it runs").expect("it is one");
        assert!(replayed.is_same(), "{which}: {:?}", replayed.detail);
        assert!(replayed.place() <= replayed.report.events);
        // … and passes without.
        file.variants[0].switches.clear();
        let control = Replayed::of(&file, &catalogue).expect("it runs").expect("it is one");
        assert_eq!(control.detail, None, "{which}");
        let passed = |name: &str| control.report.checks.iter().any(|c| c.name == name);
        assert!(passed(check), "{which}");
    }
}

#[test]
fn the_same_failure_shrinks_to_the_same_file() {
    let catalogue = catalogue();
    let case = ("quorum-of-half", "linearizable", STORM, "caspaxos", 5);
    let scenario = loaded(lesson(STORM).expect("a lesson"), &catalogue, Some(case.0));
    let [one, other] = [(); 2].map(|()| small(&scenario, &catalogue, case).to_toml("replay"));
    assert_eq!(one, other);
    // A small budget gives a bigger file that fails all the same.
    let variant = scenario.variant("caspaxos").expect("a variant");
    let catalogue = &catalogue;
    let setup = Setup { scenario: &scenario, catalogue, variant, seed: 5, recording: false };
    let hasty = shrink(&setup, case.1, Budget { candidates: 20 }).expect("it fails");
    assert!(!hasty.finished && hasty.candidates == 20);
    assert!(hasty.after.operations <= hasty.before.operations);
    let file = loaded(Source::new("it.toml", hasty.to_toml("replay")), catalogue, None);
    assert!(Replayed::of(&file, catalogue).expect("it runs").expect("it is one").is_same());
}

/// What else is broken on the way is told in its own words, and as the file itself tells it.
#[test]
fn a_story_says_what_else_is_broken_and_how() {
    let text = include_str!("regressions/promise-not-persisted-linearizable-caspaxos.toml");
    let file = loaded(Source::new("it.toml", text), &catalogue(), None);
    let story = narrative(&file, &catalogue()).expect("it runs");
    let broken = "promise_monotone is broken: n1 promised ballot 0 after ballot 1.n1.";
    assert!(story.iter().any(|sentence| sentence == broken), "{story:#?}");
    let comments: Vec<String> = story.iter().map(|sentence| format!("# {sentence}\n")).collect();
    assert!(text.contains(&comments.concat()), "{story:#?}");
}

#[test]
fn what_does_not_fail_is_not_made_small() {
    let catalogue = catalogue();
    let scenario = loaded(lesson(STORM).expect("a lesson"), &catalogue, None);
    let catalogue = &catalogue;
    let setup = Setup { scenario: &scenario, catalogue, variant: 0, seed: 1, recording: false };
    let refused = shrink(&setup, "linearizable", Budget::default()).expect_err("it holds");
    assert!(refused.to_string().contains("does not fail"), "{refused}");
}

/// A process that panics as `assert_eq!` does, in several lines, and with what would act on a terminal.
const BRITTLE: Entry =
    Entry::server("brittle", "panics when it is ordered to", |_| Ok(Box::new(Brittle)));

#[derive(Clone, Hash)]
struct Brittle;

impl Process for Brittle {
    fn on_event(&mut self, event: Event<'_>, _: &mut Env<'_>) {
        if let Event::Command { bytes } = event {
            assert_eq!(bytes, b"no\nsuch", "\u{1b}[31mordered");
        }
    }
}

#[test]
fn what_is_said_in_several_lines_is_told_in_one() {
    let catalogue = Catalogue::with(&[&BRITTLE]);
    let story = r#"format = 1
name = "brittle"
until = "5s"
title = "Two orders"
nodes = [{ name = "a", service = "brittle" }]
commands = [{ at = "1s", node = "a", text = "no\nsuch" }, { at = "2s", node = "a", text = "go\non" }]
"#;
    let scenario = loaded(Source::new("brittle.toml", story), &catalogue, None);
    let small = small(&scenario, &catalogue, ("", "panic", "", "default", 0));
    let [order, so] = &small.story[..] else { panic!("{:#?}", small.story) };
    assert_eq!(order, "a is ordered: go on.");
    assert!(so.contains("assertion `left == right` failed: [31mordered left: "), "{so}");
    let text = small.to_toml("simlab replay 'two\nlines.toml'");
    let file = loaded(Source::new("it.toml", text), &catalogue, None);
    let replayed = Replayed::of(&file, &catalogue).expect("it runs").expect("it is one");
    assert!(replayed.is_same(), "{:?}", replayed.detail);
}

/// A sweep of one seed that fails.
const SWEEP: [&str; 9] = [
    "sweep",
    "crash_and_disk",
    "--seeds",
    "1..2",
    "--variant",
    "majority",
    "--switch",
    "acknowledge-before-sync",
    "--shrink",
];

#[test]
fn the_command_line_writes_counterexamples_and_replays_them() {
    let folder = Folder::new("counterexamples");
    let out = folder.path("small");
    let (report, _) = exits(1, &[&SWEEP[..], &["--out", &out, "--format", "json"]].concat());
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let violations = report["violations"].as_array().expect("violations");
    let files: Vec<&str> = violations.iter().filter_map(|v| v["counterexample"].as_str()).collect();
    assert_eq!(files.len(), 2, "one of each check: {violations:?}");
    for file in &files {
        let (told, _) = exits(0, &["replay", file]);
        assert!(told.contains("a, b and c crash.") || told.contains("a and c crash."), "{told}");
        assert!(told.contains("the same hash and the same verdict as recorded"), "{told}");
        // It is a scenario like any other, which fails.
        let (_, failed) = exits(1, &["run", file]);
        assert!(failed.contains("failed: majority: "), "{failed}");
        let text = fs::read_to_string(file).expect("it is there");
        assert!(text.starts_with("# A counterexample: "), "{text}");
    }

    // The same sweep finds them there, and a file that somebody has changed is not written over.
    let (told, _) = exits(1, &[&SWEEP[..], &["--out", &out]].concat());
    assert!(told.contains("made small: 4 nodes, 1 operation, 1 fault, 3 decisions"), "{told}");
    assert_eq!(fs::read_dir(&out).expect("a folder").count(), 2);
    fs::write(files[0], "# mine").expect("it is written");
    exits(1, &[&SWEEP[..], &["--out", &out]].concat());
    assert_eq!(fs::read_to_string(files[0]).expect("it is there"), "# mine");
    assert_eq!(fs::read_dir(&out).expect("a folder").count(), 3);
}

#[test]
fn of_several_checks_that_fail_one_alone_can_be_asked_for() {
    let folder = Folder::new("counterexamples-only");
    let out = folder.path("small");
    exits(1, &[&SWEEP[..], &["--out", &out, "--only", "conserved"]].concat());
    let name = |file: io::Result<fs::DirEntry>| file.expect("a file").file_name();
    let files: Vec<_> = fs::read_dir(&out).expect("a folder").map(name).collect();
    assert_eq!(files, ["crash_and_disk-1-majority-conserved.toml"]);
    let (told, refused) = exits(2, &[&SWEEP[..], &["--out", &out, "--only", "conserve"]].concat());
    assert_eq!(told, "");
    let first = "error: crash_and_disk has no check `conserve`\nhelp: did you mean `conserved`?\n";
    assert!(refused.starts_with(first), "{refused}");
}

#[test]
fn a_folder_that_is_none_is_refused_before_anything_is_run() {
    let folder = Folder::new("counterexamples-nowhere");
    let file = folder.file("file", "mine");
    for out in [file.clone(), folder.path("file/small")] {
        let (told, refused) = exits(2, &[&SWEEP[..], &["--out", &out]].concat());
        let words = format!("error: --out {out}: {file} is no folder");
        assert_eq!((told.as_str(), refused.trim_end()), ("", words.as_str()));
    }
    // What only turns out when it is written costs the file, and not the story.
    let taken = folder.path("small");
    for check in ["conserved", "linearizable"] {
        let name = format!("{taken}/crash_and_disk-1-majority-{check}.toml");
        fs::create_dir_all(name).expect("a folder");
    }
    let (told, failed) = exits(1, &[&SWEEP[..], &["--out", &taken]].concat());
    assert!(failed.contains("cannot write into"), "{failed}");
    assert!(told.contains("    So 300 - 1 sold") && !told.contains(" replay "), "{told}");
    assert_eq!(fs::read_to_string(&file).expect("it is there"), "mine");
}

#[test]
fn a_counterexample_that_is_not_what_it_was_is_told() {
    let folder = Folder::new("counterexamples-changed");
    let out = folder.path("small");
    exits(1, &[&SWEEP[..], &["--out", &out]].concat());
    let file = fs::read_dir(&out).expect("a folder").next().expect("a file").expect("a file");
    let text = fs::read_to_string(file.path()).expect("it is there");
    let edited = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        folder.file("edited.toml", text.replace(from, to))
    };
    let mended = edited("switches = [\"acknowledge-before-sync\"]\n", "");
    let (told, _) = exits(1, &["replay", &mended]);
    assert!(told.contains("this run is not the recorded one"), "{told}");
    assert!(told.contains("does not fail any more"), "{told}");
    let (_, refused) = exits(2, &["replay", &edited("[counterexample]", "[limits]")]);
    assert!(refused.contains("unknown key"), "{refused}");
    let (_, refused) = exits(2, &["replay", &edited("rest = \"harmless\"", "rest = \"calm\"")]);
    assert!(refused.contains("\"seed\" or \"harmless\"") && refused.contains("edited.toml:"));
    let (_, refused) = exits(2, &["replay", &edited("trace_hash = \"", "trace_hash = \"0")]);
    assert!(refused.contains("16 hexadecimal digits"), "{refused}");
    let (_, refused) = exits(2, &["replay", "scenarios/cap_partition.toml"]);
    assert!(refused.contains("neither a trace file nor a counterexample"), "{refused}");
    let (_, refused) = exits(2, &[&SWEEP[..8], &["--out", &out]].concat());
    assert!(refused.contains("--shrink"), "{refused}");
}

/// Choices that a scenario answers itself: each in its place, and what is wrong with one.
#[test]
fn a_scenario_answers_choices_itself() {
    let folder = Folder::new("decisions");
    let echo = fs::read_to_string("scenarios/lossy_link.toml").expect("a lesson");
    let with = |answers: &str| {
        folder.file("answered.toml", format!("{echo}\n[decisions]\nanswers = [{answers}]\n"))
    };
    let lost = r#"{ who = "nobody->b", choice = "lose", ordinal = 0, answer = 1 }"#;
    let (_, refused) = exits(2, &["run", &with(lost)]);
    assert!(refused.contains("unknown node `nobody`"), "{refused}");
    let names = loaded(lesson("lossy_link").expect("a lesson"), &catalogue(), None);
    let [a, b] = [0, 1].map(|n| names.nodes[n].name.clone());
    let lost = format!(r#"{{ who = "{a}->{b}", choice = "lose", ordinal = 0, answer = 1 }}"#);
    let (_, refused) = exits(2, &["run", &with(&format!("{lost}, {lost}"))]);
    assert!(refused.contains("answered twice"), "{refused}");
    let wrong = lost.replace("\"lose\"", "\"loose\"");
    let (_, refused) = exits(2, &["run", &with(&wrong)]);
    assert!(refused.contains("expected one of lose, duplicate"), "{refused}");
    let (log, _) = exits(0, &["log", &with(&lost), "--kind", "drop", "--to", "1s"]);
    assert!(log.contains(&format!("<- {a}:")), "{log}");
}
