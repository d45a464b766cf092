//! `simlab sweep`: what it prints and how it exits, and that its result depends on nothing but the
//! scenario and the seeds.

mod common;

use common::cli::{Folder, exits, text};
use serde_json::Value;
use simlab::core::{Arguments, BuildError, Entry, Env, Event, Fields, Process, Switch};
use simlab::scenarios::report::Status;
use simlab::scenarios::sweep::{FindingTally, Seeds, Shard, Sweep, Tally};
use simlab::scenarios::{Catalogue, Source, load};

/// The JSON report, without the parts that depend on the machine.
fn report(status: i32, args: &[&str]) -> Value {
    let (out, _) = exits(status, &[&["sweep"], args, &["--format", "json"]].concat());
    let mut report: Value = serde_json::from_str(&out).expect("one JSON object");
    let object = report.as_object_mut().expect("an object");
    for part in ["wall_s", "runs_per_s"] {
        assert!(object.remove(part).is_some_and(|value| value.is_f64()), "{part}");
    }
    report
}

/// The contract that outside tools rely on.
#[test]
fn the_json_report_has_its_form_however_many_threads_there_are() {
    let of = |jobs| {
        let which = ["--variant", "consistent", "--variant", "available", "--jobs", jobs];
        report(0, &[&["cap_partition", "--seeds", "100..140"][..], &which].concat())
    };
    let one = of("1");
    assert_eq!(one, of("4"));
    assert_eq!((&one["scenario"], &one["ok"]), (&"cap_partition".into(), &true.into()));
    for (key, value) in [("from", 100), ("to", 140), ("runs", 40), ("unknown", 0)] {
        assert_eq!(one[key], value, "{key}");
    }
    assert_eq!(one["violations"], Value::Array(Vec::new()));
    assert!(one["goals"].as_object().expect("goals").is_empty());
    let variants = one["variants"].as_array().expect("variants");
    let names: Vec<&str> = variants.iter().filter_map(|v| v["name"].as_str()).collect();
    assert_eq!(names, ["consistent", "available"]);
    for variant in variants {
        assert_eq!(variant["virtual_ms"], 40 * 50_000);
        assert!(variant["ops_done"].as_u64().expect("a count") > 1_000);
        let checks = variant["checks"].as_array().expect("checks");
        assert!(checks.iter().all(|check| check["held"] == 40 && check["failed"] == 0));
    }
}

/// The first switch: it breaks what it says, the check that it names catches it, and without it the same
/// seeds pass.
#[test]
fn a_switch_breaks_a_rule_and_the_check_that_it_names_catches_it() {
    let sweep = ["crash_and_disk", "--variant", "majority", "--seeds", "0..40"];
    let control = report(0, &sweep);
    assert_eq!(control["variants"][0]["switches"], Value::Array(Vec::new()));
    let switch = ["--switch", "acknowledge-before-sync"];
    let broken = report(1, &[&sweep[..], &switch].concat());
    assert_eq!(broken["variants"][0]["switches"], Value::from(vec![switch[1]]));
    let violations = broken["violations"].as_array().expect("violations");
    let first = violations.iter().find(|v| v["check"] == "conserved").expect("it is caught");
    assert_eq!(first["variant"], "majority");
    assert!(first["counterexample"].is_null());
    let replay = first["replay"].as_str().expect("a command");
    let (out, err) = exits(1, &replay.split(' ').skip(1).collect::<Vec<_>>());
    assert!(out.contains("switched on: acknowledge-before-sync (majority)"), "{out}");
    assert!(err.contains(first["detail"].as_str().expect("words")), "{err}");
    let (out, _) = exits(1, &[&["sweep"], &sweep[..], &switch].concat());
    for words in ["switched on: acknowledge-before-sync", replay, "FAILED in", "more violations"] {
        assert!(out.contains(words), "no {words:?} in {out}");
    }
}

#[test]
fn a_switch_that_would_do_nothing_is_a_mistake() {
    let cases: [(&[&str], &str); 4] = [
        (
            &["sweep", "crash_and_disk", "--seeds", "0..1", "--switch", "lie"],
            "unknown switch `lie`",
        ),
        (
            &["run", "crash_and_disk", "--switch", "acknowlege-before-sync"],
            "did you mean `acknowledge-before-sync`?",
        ),
        (
            &["run", "crash_and_disk", "--switch", "lease-without-margin"],
            "a switch of lease-holder, which does not run here",
        ),
        (&["log", "lossy_link", "--switch", "acknowledge-before-sync"], "which does not run here"),
    ];
    for (args, words) in cases {
        let (out, err) = exits(2, args);
        assert!(out.is_empty() && err.contains(words), "{args:?}: {err}");
    }
}

#[test]
fn a_switch_that_none_of_the_chosen_variants_has_is_a_mistake() {
    let folder = Folder::new("switches");
    let file = folder.file(
        "story.toml",
        r#"format = 1
name = "story"
title = "A shop, or none"
until = "1s"
nodes = [{ name = "a", service = "shop" }]
variants = [
    { name = "shop", services = { shop = "shop-pn-counter" }, with.a.share = 0 },
    { name = "none", services = { shop = "lease-granter" } },
]
"#,
    );
    let switch = ["--switch", "acknowledge-before-sync"];
    exits(0, &[&["run", &file], &switch[..]].concat());
    for command in [&["run", &file][..], &["log", &file], &["sweep", &file, "--seeds", "0..1"]] {
        let (out, err) = exits(2, &[command, &["--variant", "none"], &switch].concat());
        assert!(out.is_empty(), "{out}");
        assert!(err.contains("no service of none has the switch"), "{err}");
        assert!(err.contains("variants with it: shop"), "{err}");
    }
}

/// One customer of one city, over a link that loses a fifth of everything.
fn story(more: &str) -> String {
    format!(
        r#"format = 1
name = "story"
title = "A link that loses a fifth"
until = "10s"
objects = [{{ name = "phone", model = "stock", initial = 30 }}]
nodes = [
    {{ name = "a", service = "shop-pn-counter", with = {{ share = 30 }} }},
    {{ name = "c", service = "shop-client", with = {{ server = "a" }} }},
]
network.default = {{ delay = "10ms", loss = "20%" }}
operations = [{{ at = "1s", clients = ["c"], do = {{ sell = 1 }} }}]
{more}"#
    )
}

#[test]
fn what_some_run_is_to_show_is_judged_over_the_sweep() {
    let folder = Folder::new("sweep");
    let expect = |what: &str| {
        let check = "name = \"seen\"\ncheck = \"datagrams\"";
        folder.file("story.toml", story(&format!("[[expect]]\n{check}\n{what}\n")))
    };
    let met = expect("with.fate = \"loss\"\nsometimes = \">= 1\"");
    let met = report(0, &[&met, "--seeds", "0..50"]);
    let hits = met["sometimes"][0]["hits"].as_u64().expect("hits");
    assert!((1..50).contains(&hits), "in some runs, not in all: {hits}");
    let unmet = expect("with.fate = \"duplicated\"\nsometimes = \">= 1\"");
    exits(0, &["run", &unmet]);
    let sweep = report(1, &[&unmet, "--seeds", "0..50"]);
    assert_eq!(
        sweep["sometimes"][0],
        serde_json::json!({ "variant": "default", "name": "seen", "hits": 0, "ok": false })
    );
    assert_eq!(sweep["violations"], Value::Array(Vec::new()), "no single run failed");
    let (out, _) = exits(1, &["sweep", &unmet, "--seeds", "0..50"]);
    assert!(out.contains("NEVER SEEN"), "{out}");
}

#[test]
fn a_verdict_that_is_unknown_is_not_passed() {
    let folder = Folder::new("sweep");
    let late = "[[expect]]\ncheck = \"served\"\nwith.from = \"5s\"\nalways = 100\n";
    let file = folder.file("story.toml", story(late));
    let unknown = report(3, &[&file, "--seeds", "0..7"]);
    assert_eq!((&unknown["unknown"], &unknown["ok"]), (&7.into(), &false.into()));
    let (out, _) = exits(3, &["sweep", &file, "--seeds", "3..7"]);
    assert!(out.contains("unknown in 4"), "{out}");
    assert!(out.contains(&format!("simlab run {file} --seed 3 --variant default")), "{out}");
    let both = "[[expect]]\ncheck = \"datagrams\"\nwith.fate = \"sent\"\nalways = 0\n";
    let file = folder.file("story.toml", story(&format!("{late}{both}")));
    let failed = report(1, &[&file, "--seeds", "0..7"]);
    assert_eq!((&failed["unknown"], &failed["violations_all"]), (&7.into(), &7.into()));
}

#[test]
fn bad_usage_exits_with_2_and_says_what_was_expected() {
    let cases: [(&[&str], &str); 9] = [
        (&["sweep", "cap_partition"], "--seeds"),
        (&["sweep", "cap_partition", "--seeds", "7"], "expected A..B"),
        (&["sweep", "cap_partition", "--seeds", "0..=7"], "expected A..B"),
        (&["sweep", "cap_partition", "--seeds", "7..7"], "B must be more than A"),
        (&["sweep", "cap_partition", "--seeds", "0..18446744073709551617"], "2^64-1"),
        (&["sweep", "cap_partition", "--seeds", "0..1", "--jobs", "0"], "from 1 to"),
        (&["sweep", "cap_partitoin", "--seeds", "0..1"], "did you mean `cap_partition`?"),
        (
            &["sweep", "cap_partition", "--seeds", "0..1", "--variant", "avaliable"],
            "did you mean `available`?",
        ),
        (&["sweep", "cap_partition", "--seeds", "0..9", "--set", "shop.share=5"], "add up to 15"),
    ];
    for (args, words) in cases {
        let (out, err) = exits(2, args);
        assert!(out.is_empty() && err.contains(words), "{args:?}: {err}");
    }
}

/// Who interrupts gets what is known by then.
#[test]
fn an_interrupt_prints_what_is_known() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_simlab"));
    let args = ["sweep", "lossy_link", "--seeds", "0..18446744073709551616", "--format", "json"];
    command.args(args).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().expect("simlab runs");
    let status = format!("/proc/{}/status", child.id());
    // It is interrupted when it is ready for it; where that cannot be seen, it is not tried.
    let ready = |text: &str| {
        let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|m| m & 2 != 0))
    };
    loop {
        match std::fs::read_to_string(&status) {
            Ok(text) if ready(&text) => break,
            Ok(_) => std::thread::yield_now(),
            Err(_) => {
                child.kill().expect("it is ours");
                child.wait().expect("it ends");
                return;
            }
        }
    }
    let pid = child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.expect("there is kill").success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(report["to"], report["runs"]);
    let left = format!("interrupted: seeds {}..18446744073709551616 were not run", report["to"]);
    assert!(text(&output.stderr).contains(&left), "{}", text(&output.stderr));
}

/// A service of a user's own that throws a die when it starts, and with the switch panics at 0.
const DICE: Entry = Entry::server("dice", "throws a die", build).switches(&[Switch {
    name: "superstition",
    breaks: "a die is only a die",
    caught_by: "panic",
}]);

#[derive(Clone, Hash)]
struct Dice {
    superstitious: bool,
    thrown: u64,
}

fn build(arguments: &Arguments<'_>) -> Result<Box<dyn Process>, BuildError> {
    Ok(Box::new(Dice { superstitious: arguments.switched("superstition"), thrown: 0 }))
}

impl Process for Dice {
    fn on_event(&mut self, event: Event<'_>, env: &mut Env<'_>) {
        if let Event::Start = event {
            self.thrown = env.below(6);
            assert!(self.thrown > 0 || !self.superstitious, "the die shows 0");
        }
    }
    fn inspect(&self, view: &mut Fields) {
        view.int("thrown", self.thrown as i64);
    }
}

const GAME: &str = r#"
format = 1
name = "game"
title = "A die"
until = "1s"
nodes = [{ name = "die", service = "dice" }]
[[expect]]
name = "five"
check = "field"
with = { node = "die", field = "thrown" }
sometimes = 5
"#;

fn game(switches: &[&str], jobs: usize) -> Tally {
    let catalogue = Catalogue::with(&[&DICE]);
    let set: Vec<_> =
        switches.iter().map(|name| ("switch".to_owned(), (*name).to_owned())).collect();
    let scenario = load(Source::new("game.toml", GAME), &catalogue, &set);
    let scenario = scenario.unwrap_or_else(|problems| panic!("{problems}"));
    let seeds = Seeds { from: 0, to: 600 };
    let (shard, variants) = (Shard::WHOLE, &[0]);
    let (scenario, catalogue) = (&scenario, &catalogue);
    let sweep = Sweep { scenario, catalogue, variants, seeds, shard, jobs };
    sweep.run(|_| true).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_service_of_ones_own_has_switches_and_its_panics_are_violations() {
    let sober = game(&[], 2);
    assert_eq!((sober.status(), sober.violated), (Status::Passed, 0));
    let hits = sober.variants[0].checks[0].held;
    assert!((50..200).contains(&hits), "{hits} of 600 are about a sixth");
    let superstitious = game(&["superstition"], 2);
    assert_eq!(superstitious.status(), Status::Failed);
    let [FindingTally { name, runs, first }] = &superstitious.variants[0].findings[..] else {
        panic!("one kind of finding: {:?}", superstitious.variants[0].findings);
    };
    assert_eq!((name.as_str(), *runs), ("panic", superstitious.violated));
    let told = &superstitious.violations[0];
    assert_eq!((told.seed, told.check.as_str()), (*first, "panic"));
    assert!(told.detail.contains("the die shows 0"), "{}", told.detail);
    assert!((50..200).contains(runs), "{runs} of 600 are about a sixth");
    assert_eq!(superstitious.variants[0].checks[0].held, hits, "a five is a five");
}

#[test]
fn the_threads_do_not_matter() {
    let one = game(&["superstition"], 1);
    for jobs in [2, 3, 8] {
        assert_eq!(one, game(&["superstition"], jobs), "{jobs} threads");
    }
}

/// A misspelt name is known only once the node has shown something, so no file is refused for it: the run tells.
#[test]
fn what_a_node_does_not_show_is_unknown_and_what_it_shows_is_told() {
    let detail = |story: &str| {
        let catalogue = Catalogue::with(&[&DICE]);
        let scenario =
            load(Source::new("game.toml", story.replace("sometimes", "always")), &catalogue, &[]);
        let scenario = scenario.unwrap_or_else(|problems| panic!("{problems}"));
        let report = simlab::scenarios::report::report(&scenario, &catalogue, 1, &[0], false)
            .expect("it can be run");
        let check = &report.variants[0].checks[0];
        assert_eq!(check.status, Status::Inconclusive);
        check.detail.clone()
    };
    assert_eq!(
        detail(&GAME.replace("\"thrown\"", "\"trown\"")),
        "die shows no number trown: did you mean `thrown`? known numbers: `thrown`"
    );
    let down = format!(
        "{GAME}[[faults]]\nname = \"down\"\nat = \"500ms\"\ndo = {{ crash = [\"die\"] }}\n"
    );
    assert_eq!(detail(&down), "die is down, so it shows nothing");
}
