//! Coverage goals: each is reached in a run that is named here, and a sweep fails that does
//! not reach what it is asked to.
//!
//! The seeds are the first of 0..2,000 that `simlab sweep STORY --seeds 0..2000 --format json` names under
//! `goals_first_seed`. If a change of a protocol or of the storm moves them, sweep again and write down the
//! new ones.

mod common;

use common::catalogue;
use common::cli::{Folder, exits};
use serde_json::Value;
use simlab::scenarios::run::{Setup, run};
use simlab::scenarios::{Source, lesson, load};
use std::collections::BTreeSet;
use std::fs;

/// The storm of all faults that the services say they tolerate.
const STORM: &str = "kv_storm";
/// The same storm over shops that sell their own share, of which there is little.
const ESCROW: &str = "kv_storm of shop-escrow";

/// A cluster of Raft in a storm.
const RAFT: &str = "raft_storm";

/// Goal, story, variant, and the first seed that reaches it.
const REACHED: &[(&str, &str, &str, u64)] = &[
    ("finished-anothers-write", STORM, "caspaxos", 3),
    ("refused-then-chosen", STORM, "caspaxos", 3),
    ("read-completed-a-write", STORM, "caspaxos", 0),
    ("read-asked-for-a-round", STORM, "caspaxos", 1_733),
    ("promise-kept-over-a-crash", STORM, "caspaxos", 184),
    ("vote-kept-over-a-crash", STORM, "caspaxos", 0),
    ("applied-before", STORM, "caspaxos", 5),
    ("second-copy-ignored", STORM, "pn-counter", 2),
    ("merge-taught-something", STORM, "pn-counter", 0),
    ("merge-taught-by-a-third", STORM, "pn-counter", 0),
    ("merge-met-old-news", STORM, "pn-counter", 0),
    ("restarted-with-own-entry", STORM, "pn-counter", 0),
    ("share-used-up", ESCROW, "pn-counter", 0),
    ("timed-out", STORM, "caspaxos", 0),
    ("done-but-too-late", STORM, "caspaxos", 6),
    ("deposed-leader-overwritten", RAFT, "index", 2),
    ("configuration-reverted", RAFT, "index", 2),
    ("snapshot-for-conflict", RAFT, "index", 49),
    ("snapshot-of-joint", RAFT, "lease", 0),
    ("removed-leader", RAFT, "lease", 0),
    ("transfer-failed", RAFT, "lease", 0),
    ("quick-election", RAFT, "index", 0),
    ("read-after-change", RAFT, "index", 0),
    ("session-expired", RAFT, "index", 0),
    ("vote-denied", RAFT, "lease", 0),
    ("second-copy-known", RAFT, "index", 0),
];

fn source(story: &str) -> Source {
    if story != ESCROW {
        return lesson(story).expect("a lesson");
    }
    let storm = lesson(STORM).expect("a lesson");
    let escrow = storm.text.replace("shop-pn-counter", "shop-escrow");
    let little = escrow.replace("100_000_000", "5_000_000").replace("20_000_000", "1_000_000");
    Source::new(story, little)
}

#[test]
fn every_goal_is_reached_in_some_run() {
    let catalogue = catalogue();
    for &(goal, story, variant, seed) in REACHED {
        let scenario = load(source(story), &catalogue, &[]);
        let scenario = scenario.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        let variant = scenario.variant(variant).expect("a variant");
        let asked = scenario.goals.iter().find(|asked| asked.name == goal);
        assert!(asked.is_some_and(|goal| goal.variants.contains(&variant)), "{goal} is not asked");
        let (scenario, catalogue, recording) = (&scenario, &catalogue, false);
        let run = run(Setup { scenario, catalogue, variant, seed, recording });
        let run = run.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        assert!(run.world.reached(goal), "{story}, seed {seed} does not reach {goal}");
    }
    let entries = simlab::protocols::entries().iter();
    let declared: BTreeSet<&str> = entries.flat_map(|e| e.goals).map(|goal| goal.name).collect();
    assert_eq!(declared, REACHED.iter().map(|(goal, ..)| *goal).collect(), "each once");
}

/// One customer of one city, over a link that loses a fifth of everything, and what must be visited.
fn story(folder: &Folder, more: &str) -> String {
    let text = format!(
        r#"format = 1
name = "story"
title = "A link that loses a fifth"
until = "10s"
objects = [{{ name = "phone", model = "stock", initial = 3 }}]
nodes = [
    {{ name = "a", service = "shop", with = {{ share = 3 }} }},
    {{ name = "c", service = "shop-client", with = {{ server = "a" }} }},
]
network.default = {{ delay = "10ms", loss = "20%" }}
operations = [
    {{ at = "1s", clients = ["c"], do = {{ sell = 2 }} }},
    {{ at = "2s", clients = ["c"], do = {{ sell = 2 }} }},
    {{ at = "3s", clients = ["c"], do = {{ sell = 2 }} }},
]
variants = [
    {{ name = "counter", services = {{ shop = "shop-pn-counter" }} }},
    {{ name = "escrow", services = {{ shop = "shop-escrow" }} }},
]
{more}"#
    );
    folder.file("story.toml", text)
}

/// Goals of every kind, all of which some seed of twenty reaches.
const GOALS: &str = r#"
[[goals]]
reached = "timed-out"
seeds_min = 1
[[goals]]
name = "lost"
words = "the link lost something"
dropped = "loss"
[[goals]]
name = "sold-out"
words = "the city had too few"
outcome = "done"
call = "sell"
returned = false
[[goals]]
name = "refused"
words = "the share was too small"
outcome = "refused"
variants = ["escrow"]
[[goals]]
name = "late"
words = "a reply came when nobody waited"
note = "rpc.late"
seeds_min = 1000
[[goals]]
name = "crashed"
words = "the city crashed"
fault = "crash"
[[faults]]
at = "6s"
until = "7s"
do = { crash = ["a"] }
"#;

fn json(status: i32, args: &[&str]) -> Value {
    let (out, _) = exits(status, &[args, &["--format", "json"]].concat());
    let mut report: Value = serde_json::from_str(&out).expect("one JSON object");
    for key in ["wall_s", "runs_per_s"] {
        report.as_object_mut().expect("an object").remove(key);
    }
    report
}

#[test]
fn a_sweep_counts_the_seeds_that_reach_each_goal() {
    let folder = Folder::new("goals");
    let file = story(&folder, GOALS);
    let sweep = ["sweep", &file, "--seeds", "0..20"];
    let report = json(0, &sweep);
    let hits = |name: &str| report["goals"][name].as_u64();
    assert_eq!((hits("crashed"), hits("late")), (Some(20), Some(0)));
    for goal in ["timed-out", "lost", "sold-out", "refused"] {
        let hits = hits(goal).unwrap_or_default();
        assert!((1..=20).contains(&hits), "{goal}: {hits}");
        let first = report["goals_first_seed"][goal].as_u64().expect("a seed");
        let seeds = format!("{first}..{}", first + 1);
        // That one seed may miss others.
        let one = common::cli::simlab(&["sweep", &file, "--seeds", &seeds, "--format", "json"]);
        let one: Value = serde_json::from_slice(&one.stdout).expect("one JSON object");
        assert_eq!(one["goals"][goal], 1, "{goal}");
    }
    let (out, _) = exits(0, &sweep);
    for words in [
        "coverage goals: 5 of 6 reached",
        "  not reached, and asked only of 1000 seeds: late (a reply came when nobody waited)",
    ] {
        assert!(out.contains(words), "no {words:?} in {out}");
    }
    // What is asked of a variant that is left out is not asked.
    let counter = json(0, &[&sweep[..], &["--variant", "counter"]].concat());
    assert!(counter["goals"].get("refused").is_none(), "{}", counter["goals"]);
}

#[test]
fn a_goal_that_no_seed_reaches_fails_a_sweep_in_which_all_went_well() {
    let folder = Folder::new("missed");
    let goal = "[[goals]]\nname = \"doubled\"\nwords = \"a datagram was too large\"\ndropped = \"too-large\"\n";
    let file = story(&folder, goal);
    let report = json(1, &["sweep", &file, "--seeds", "0..9"]);
    assert_eq!((&report["ok"], &report["violations_all"]), (&false.into(), &0.into()));
    assert_eq!(report["goals"], serde_json::json!({ "doubled": 0 }));
    assert_eq!(report["goals_missed"], serde_json::json!(["doubled"]));
    let (out, _) = exits(1, &["sweep", &file, "--seeds", "0..9"]);
    let words = "coverage goals: 0 of 1 reached\n  \
                 NEVER REACHED in 9 seeds: doubled (a datagram was too large)\n";
    assert!(out.contains(words), "{out}");
    exits(0, &["run", &file]);
    let few =
        folder.file("few.toml", fs::read_to_string(&file).expect("text") + "seeds_min = 10\n");
    assert_eq!(json(0, &["sweep", &few, "--seeds", "0..9"])["goals_missed"], serde_json::json!([]));
    exits(1, &["sweep", &few, "--seeds", "0..10"]);
    exits(0, &["sweep", &few, "--seeds", "0..10", "--shard", "1/2"]);
}

#[test]
fn shards_and_what_was_resumed_count_the_same_goals() {
    let folder = Folder::new("counted");
    let file = story(&folder, GOALS);
    let sweep = ["sweep", &file, "--seeds", "0..20"];
    let whole = json(0, &sweep);
    for jobs in ["1", "4"] {
        assert_eq!(whole, json(0, &[&sweep[..], &["--jobs", jobs]].concat()), "{jobs} threads");
    }
    let shards: Vec<String> = (1..=3)
        .map(|number| {
            let (path, shard) = (folder.path(&format!("{number}.jsonl")), format!("{number}/3"));
            // A shard may miss what the others reach.
            common::cli::simlab(&[&sweep[..], &["--shard", &shard, "--results", &path]].concat());
            path
        })
        .collect();
    let files: Vec<&str> = shards.iter().map(String::as_str).collect();
    assert_eq!(whole, json(0, &[&["merge"], &files[..]].concat()), "merged");
    let path = folder.path("resumed.jsonl");
    let resumed = [&sweep[..], &["--results", &path]].concat();
    assert_eq!(whole, json(0, &resumed), "kept");
    let kept = fs::read_to_string(&path).expect("results");
    let half = kept.lines().take(9).map(|line| format!("{line}\n")).collect::<String>();
    fs::write(&path, &half).expect("written");
    assert_eq!(whole, json(0, &resumed), "resumed");
    assert_eq!(kept, fs::read_to_string(&path).expect("results"));
    fs::write(&path, &half).expect("written");
    let part = json(0, &["merge", "--partial", &path]);
    assert_eq!(part["goals"], json(0, &["sweep", &file, "--seeds", "0..8"])["goals"], "a part");
}

/// What a storm cannot reach it says, and is not asked.
#[test]
fn a_storm_asks_the_goals_of_its_services_unless_it_says_why_not() {
    let folder = Folder::new("unasked");
    let storm = |unasked: &str| {
        story(&folder, &format!("storm = {{ from = \"2s\", until = \"8s\", {unasked} }}\n"))
    };
    let goals = |file: &str| -> BTreeSet<String> {
        let report = json(0, &["sweep", file, "--seeds", "0..2"]);
        report["goals"].as_object().expect("goals").keys().cloned().collect()
    };
    let all = goals(&storm("kinds = [\"loss\"]"));
    assert!(all.contains("share-used-up") && all.contains("restarted-with-own-entry"), "{all:?}");
    let file = storm("kinds = [\"loss\"], unasked = [\"restarted-with-own-entry\"]");
    let mut fewer = all;
    fewer.remove("restarted-with-own-entry");
    assert_eq!(goals(&file), fewer);
    let file = storm("unasked = [\"restarted-with-entry\"]");
    let (_, err) = exits(2, &["sweep", &file, "--seeds", "0..2"]);
    assert!(err.contains("did you mean `restarted-with-own-entry`?"), "{err}");
    // A story that is told, not drawn, is asked nothing.
    assert_eq!(goals(&story(&folder, "")), BTreeSet::new());
}

#[test]
fn the_goals_of_all_services_are_listed() {
    let (out, _) = exits(0, &["list", "goals"]);
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    for entry in simlab::protocols::entries() {
        for goal in entry.goals {
            assert!(words.contains(goal.name) && words.contains(goal.summary), "{out}");
        }
    }
    assert!(out.contains("    asked of 1500 seeds or more"), "{out}");
}
