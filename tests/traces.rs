//! Trace files from outside: written while a run goes on, replayed, printed, compared.

mod common;

use common::cli::{Folder, exits, simlab, text};
use common::dice::runs;
use common::{catalogue, lessons, scenario};
use simlab::scenarios::report::judge;
use simlab::scenarios::run::{Setup, run_prepared};
use simlab::scenarios::tracefile::{Header, Reader, TraceFile, Verdict, Writer};
use std::io::BufRead;
use std::path::Path;
use std::process::Command;

/// A trace of a lesson, and its path.
fn trace(folder: &Folder, name: &str, args: &[&str]) -> String {
    let path = folder.path(name);
    exits(0, &[&["run", "cap_partition", "--format", "json", "--trace", &path], args].concat());
    path
}

/// The same events under another header: a file that some other simlab could have written.
fn under_another_header(path: &str, change: impl FnOnce(&mut Header)) -> Vec<u8> {
    let mut reader = Reader::open(Path::new(path)).expect("a trace");
    let mut header = reader.header().clone();
    change(&mut header);
    let mut writer = Writer::new(Vec::new(), &header, None, reader.names()).expect("in memory");
    let hash = Reader::open(Path::new(path)).expect("a trace").finish().expect("whole").trace_hash;
    while reader.advance().expect("whole") {
        let event = reader.event().expect("it is there");
        writer.record(&event, reader.names(), hash).expect("in memory");
    }
    writer.finish(reader.footer().expect("the end").verdict.clone()).expect("in memory")
}

#[test]
fn every_lesson_replays_from_its_trace() {
    let folder = Folder::new("replay");
    for lesson in lessons() {
        let path = folder.path(lesson);
        let (_, note) = exits(0, &["run", lesson, "--format", "json", "--trace", &path]);
        let (out, err) = exits(0, &["replay", &path]);
        assert!(out.contains("the same hash and the same verdict"), "{lesson}: {out}");
        assert!(err.is_empty(), "{lesson}: {err}");
        // Which variant it is of is said if there are several.
        let several = scenario(lesson, &catalogue()).variants.len() > 1;
        assert_eq!(note.contains("of several variants"), several, "{lesson}: {note}");
    }
    assert_eq!(folder.names(), lessons_sorted(), "nothing else is left");
}

fn lessons_sorted() -> Vec<String> {
    let mut names: Vec<String> = lessons().map(str::to_owned).collect();
    names.sort();
    names
}

/// A trace replays with what it was made with: seed, settings, variant, script. A violation too.
#[test]
fn a_trace_brings_its_run_along() {
    let folder = Folder::new("brings");
    let lose = r#"{"who":"beijing->hangzhou","choice":"lose","ordinal":3,"answer":1}"#;
    let decisions = folder.file("lose.jsonl", lose);
    let path = folder.path("run.jsonl");
    let args = ["run", "cap_partition", "--seed", "5", "--variant", "consistent"];
    let more = ["--set", "shop.deadline=5s", "--decisions", &decisions, "--trace", &path];
    let (report, _) = exits(1, &[&args[..], &more].concat());
    assert!(report.contains("linearizable"), "the report is there as well");
    std::fs::remove_file(&decisions).expect("it is there");
    let (out, _) = exits(0, &["replay", &path]);
    assert!(out.contains("consistent · seed 5"), "{out}");
}

/// Whoever turned a switch on, it is on again.
#[test]
fn a_trace_remembers_switches() {
    let folder = Folder::new("switches");
    let path = folder.path("run.jsonl");
    let catalogue = catalogue();
    let mut scenario = scenario("cap_partition", &catalogue);
    let mut switches = catalogue.services.iter().filter(|entry| entry.name == "shop-caspaxos");
    let switches = switches.next().expect("a service").switches;
    let switch = switches.first().expect("it has a switch").name;
    scenario.variants[0].switches.push(switch);
    let (seed, variant) = (7, 0);
    let setup =
        Setup { scenario: &scenario, catalogue: &catalogue, variant, seed, recording: false };
    let file = TraceFile::create(Path::new(&path)).expect("it is created");
    let run = run_prepared(setup, |world| {
        file.observe(world, &Header::new(&setup, &[], None, world.names()));
    });
    let report = judge(run.expect("it runs"));
    file.finish(Verdict::of(&report)).expect("it is written");
    exits(0, &["replay", &path]);
    let bytes = under_another_header(&path, |header| header.switches.clear());
    exits(1, &["replay", &folder.file("without.jsonl", bytes)]);
    let bytes = under_another_header(&path, |header| header.switches = vec!["sleep".to_owned()]);
    let (_, err) = exits(2, &["replay", &folder.file("unknown.jsonl", bytes)]);
    assert!(err.contains("there is no switch `sleep`"), "{err}");
}

#[test]
fn a_replay_that_differs_says_where() {
    let folder = Folder::new("differs");
    let path = trace(&folder, "good.jsonl", &["--variant", "available"]);
    let bytes = under_another_header(&path, |header| header.seed = 8);
    let other = folder.file("other.jsonl", bytes);
    let (out, err) = exits(1, &["replay", &other]);
    assert!(out.contains("the first event that differs"), "{out}");
    assert!(out.contains("trace hash: recorded"), "{out}");
    assert!(!err.contains("note"), "{err}");

    let bytes = under_another_header(&path, |header| header.simlab = "0.0.1".to_owned());
    let old = folder.file("old.jsonl", bytes);
    let (_, err) = exits(0, &["replay", &old]);
    assert!(err.contains("simlab 0.0.1 wrote this trace"), "{err}");

    let bytes = under_another_header(&path, |header| {
        header.source.text =
            header.source.text.replace("service = \"shop\"", "service = \"shop-abacus\"");
    });
    let unknown = folder.file("unknown.jsonl", bytes);
    let (_, err) = exits(2, &["replay", &unknown]);
    assert!(err.contains("shop-abacus"), "{err}");
}

/// The log of a trace is the log of its run, with every filter.
#[test]
fn the_log_of_a_trace_is_the_log_of_its_run() {
    let folder = Folder::new("log");
    let path = trace(&folder, "run.jsonl", &["--variant", "available"]);
    let filters: [&[&str]; 7] = [
        &[],
        &["--type", "gossip"],
        &["--op", "customer-b.0"],
        &["--event", "832"],
        &["--node", "shanghai", "--node", "hangzhou"],
        &["--kind", "cut", "--kind", "heal"],
        &["--from", "12s", "--to", "13s"],
    ];
    for filter in filters {
        let run = ["log", "cap_partition", "--variant", "available"];
        let (ours, _) = exits(0, &[&run[..], filter].concat());
        let (theirs, err) = exits(0, &[&["log", path.as_str()][..], filter].concat());
        assert_eq!(ours, theirs, "{filter:?}");
        assert!(!ours.is_empty() && !err.contains("events only"), "{filter:?}: {err}");
    }
    let (_, err) = exits(2, &["log", &path, "--node", "bejing"]);
    assert!(err.contains("did you mean `beijing`?"), "{err}");
    let (_, err) = exits(2, &["log", &path, "--seed", "8"]);
    assert!(err.contains("a trace file is of one run"), "{err}");

    // If the run does not come out again, the file is all there is.
    let other = folder.file("other.jsonl", under_another_header(&path, |header| header.seed = 8));
    let (out, err) = exits(0, &["log", &other, "--kind", "return"]);
    assert!(err.contains("events only") && out.lines().count() > 100, "{err}");
    let bytes = under_another_header(&path, |header| header.source.text.clear());
    let (out, err) = exits(0, &["log", &folder.file("no.jsonl", bytes), "--type", "gossip"]);
    assert!(err.contains("events only") && err.contains("stay unread"), "{err}");
    assert!(out.is_empty(), "nobody can tell what gossip is: {out}");
}

#[test]
fn traces_part_where_and_why_they_do() {
    let folder = Folder::new("diff");
    let one = trace(&folder, "one.jsonl", &["--variant", "available"]);
    let (out, _) = exits(0, &["diff", &one, &one]);
    assert!(out.contains("events are the same"), "{out}");

    let lose = r#"{"who":"beijing->hangzhou","choice":"lose","ordinal":3,"answer":1}"#;
    let decisions = folder.file("lose.jsonl", lose);
    let lost = trace(&folder, "lost.jsonl", &["--variant", "available", "--decisions", &decisions]);
    let (out, _) = exits(1, &["diff", &one, &lost]);
    for says in [
        "the same datagram (sent #208, beijing -> hangzhou): in the first it was delivered at ",
        "in the second it was lost at 4.000000000 (loss)",
        "the first choice that differs, `beijing->hangzhou lose 3`: in the first it is not chosen, \
         in the second it is 1",
        "the last common events at hangzhou:",
        "what led to it in the second",
        "gossip phone",
    ] {
        assert!(out.contains(says), "no {says:?} in\n{out}");
    }
    // The other way round it says the same the other way round.
    let (back, _) = exits(1, &["diff", &lost, &one]);
    assert!(back.contains("in the first it was lost at 4.000000000 (loss)"), "{back}");

    let seed = trace(&folder, "seed.jsonl", &["--variant", "available", "--seed", "8"]);
    let (out, _) = exits(1, &["diff", &one, &seed]);
    assert!(out.contains("seed: 7 and 8"), "{out}");
    let set = ["--variant", "available", "--set", "shop.gossip=501ms"];
    let set = trace(&folder, "set.jsonl", &set);
    let (out, _) = exits(1, &["diff", &one, &set]);
    assert!(out.contains("settings: none and shop.gossip=501ms"), "{out}");
    assert!(out.contains("the same kind of event with other `due`"), "{out}");
    let settings = "no choice up to there differs; the two differ in: settings";
    assert!(out.contains(settings), "{out}");

    let bytes =
        under_another_header(&one, |h| h.source.text = h.source.text.replacen("60", "61", 1));
    let (out, _) = exits(0, &["diff", &one, &folder.file("text.jsonl", bytes)]);
    assert!(out.contains(" of the scenario: "), "{out}");
}

/// What is the same in both runs, only later in one of them, is no reason why they part.
#[test]
fn a_switch_is_the_reason_and_what_it_only_moves_is_none() {
    let folder = Folder::new("diff-switch");
    let scenario = folder.file("slow.toml", SLOW_DISKS);
    let [one, two] = ["one.jsonl", "two.jsonl"].map(|name| folder.path(name));
    exits(0, &["run", &scenario, "--trace", &one]);
    exits(0, &["run", &scenario, "--trace", &two, "--switch", "acknowledge-before-sync"]);
    let (out, _) = exits(1, &["diff", &one, &two]);
    assert!(out.contains("switches: none and acknowledge-before-sync"), "{out}");
    assert!(!out.contains("settings:"), "the switch is told once: {out}");
    let why: Vec<&str> = out.lines().filter(|line| line.starts_with("why: ")).collect();
    let [event, choice] = why[..] else { panic!("two reasons in {out}") };
    assert!(event.starts_with("why: the next such `send` at "), "{event}");
    assert_eq!(choice, "why: no choice up to there differs; the two differ in: switches");
    // The event that it names is there in both, at the times that it says.
    let (_, places) = event.split_once(": in the first at ").expect("a time in the first");
    let (first, second) = places.split_once(", in the second at ").expect("a time in the second");
    let mut said = Vec::new();
    for (path, place) in [(&one, first), (&two, second)] {
        let (at, number) = place.split_once(" (").expect("a time and a number");
        let (number, _) = number.split_once(' ').expect("a number and a cause");
        let (log, _) = exits(0, &["log", path]);
        let line = log.lines().find(|line| line.split_whitespace().nth(1) == Some(number));
        let line = line.expect("the event is there");
        assert!(line.contains(at), "{line}");
        said.push(line.split_once(" send ").expect("it is a send").1.to_owned());
    }
    assert_eq!(said[0], said[1]);
}

/// A trace that cannot be written is an error, and nothing half-written has its name.
#[test]
fn a_trace_is_there_whole_or_not_at_all() {
    let folder = Folder::new("whole");
    let run = |path: &str| simlab(&["run", "lossy_link", "--trace", path]);
    let there = folder.file("there.jsonl", "something else");
    if Path::new("/dev/full").exists() {
        let output = run("/dev/full");
        assert_eq!(output.status.code(), Some(2));
        let complaint = text(&output.stderr);
        assert!(complaint.contains("cannot write /dev/full"), "{complaint}");
        assert!(!output.stdout.is_empty(), "the report is there all the same");
    }
    let output = run(&folder.path("no/such/folder.jsonl"));
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty(), "nothing was run");
    assert_eq!(run("-").status.code(), Some(2));
    // A run that is refused leaves what was there.
    let refused = ["run", "cap_partition", "--set", "shop.share=5", "--trace", &there];
    exits(2, &refused);
    assert_eq!(std::fs::read_to_string(&there).expect("it is there"), "something else");
    assert_eq!(folder.names(), ["there.jsonl"]);
    assert_eq!(run(&there).status.code(), Some(0));
    exits(0, &["replay", &there]);
    assert_eq!(folder.names(), ["there.jsonl"]);
}

/// The memory does not grow with the trace. In 200 MiB of address space at most: 40,000 events, or
/// a million with `SIMLAB_RUNS=250000`.
#[test]
fn a_long_run_streams() {
    let folder = Folder::new("stream");
    let count = runs(10_000).min(1_000_000);
    let scenario = folder.file("long.toml", LONG.replace("COUNT", &count.to_string()));
    let path = folder.path("long.jsonl");
    let streams = |args: &[&str], into: &str| {
        let mut command = Command::new("sh");
        let limited = format!("ulimit -v 204800 && exec \"$0\" \"$@\" > '{}'", folder.path(into));
        command.args(["-c", &limited, env!("CARGO_BIN_EXE_simlab")]).args(args);
        let output = command.output().expect("there is a shell");
        assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    };
    streams(&["run", &scenario, "--trace", &path], "report");
    streams(&["log", &scenario], "run.log");
    streams(&["log", &path], "trace.log");
    streams(&["replay", &path], "replay");
    let lines = |name: &str| {
        let file = std::fs::File::open(folder.path(name)).expect("it was written");
        std::io::BufReader::new(file).lines().count() as u64
    };
    assert_eq!(lines("run.log"), 4 * count + 2, "two starts, and four events a datagram");
    assert_eq!(lines("trace.log"), lines("run.log"));
    assert_eq!(lines("long.jsonl"), lines("run.log") + 2, "a header and a footer");
}

const LONG: &str = r#"
format = 1
name = "long"
title = "Many events"
until = "1h"
nodes = [
    { name = "source", service = "stream-source", with = { count = COUNT, every = "1ms" } },
    { name = "sink", service = "stream-sink" },
]
network.default = { delay = "1ms" }
expect = [{ check = "datagrams", with = { fate = "loss" }, always = 0 }]
"#;

/// On disks that take their time it shows who does not wait for them.
const SLOW_DISKS: &str = r#"
format = 1
name = "slow"
title = "Slow disks"
until = "3s"
objects = [{ name = "phone", model = "stock", initial = 60 }]
nodes = [
    { name = "a", service = "shop-caspaxos", with = { share = 20 }, disk = { sync = "20ms" } },
    { name = "b", service = "shop-caspaxos", with = { share = 20 }, disk = { sync = "20ms" } },
    { name = "c", service = "shop-caspaxos", with = { share = 20 }, disk = { sync = "20ms" } },
    { name = "ca", service = "shop-client", with = { server = "a" } },
]
network.default = { delay = { uniform = ["5ms", "15ms"] } }
operations = [{ at = "1s", clients = ["ca"], do = { sell = 1 } }]
expect = [{ check = "linearizable", always = true }]
"#;
