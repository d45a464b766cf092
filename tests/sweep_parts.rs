//! `simlab sweep` in parts and `simlab merge`: whatever became of a sweep on its way, its report is that of
//! the sweep in one piece.

mod common;

use common::cli::{Folder, exits, text};
use serde_json::Value;
use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};

/// A sweep of which some seeds fail, in different variants and checks.
const SWEEP: [&str; 5] = ["sweep", "crash_and_disk", "--seeds", "5..65", "--switch"];
const SWITCH: &str = "acknowledge-before-sync";

/// The text of a report without the line that has times in it, and the JSON without them.
fn timeless(out: &str) -> String {
    match serde_json::from_str::<Value>(out) {
        Ok(mut report) => {
            let object = report.as_object_mut().expect("an object");
            assert!(object.remove("wall_s").is_some() && object.remove("runs_per_s").is_some());
            report.to_string()
        }
        Err(_) => {
            let lines = out.lines().map(|line| match line.split_once(" seeds in ") {
                Some((seeds, rest)) => {
                    let (_, rest) = rest.split_once("): ").expect("a line with times");
                    format!("{seeds} seeds: {rest}")
                }
                None => line.to_owned(),
            });
            lines.collect::<Vec<_>>().join("\n")
        }
    }
}

/// What `simlab` reports with these arguments, which fails, apart from times.
fn report(args: &[&[&str]]) -> String {
    timeless(&exits(1, &args.concat()).0)
}

fn sweep(more: &[&str]) -> String {
    report(&[&SWEEP, &[SWITCH], more])
}

/// The files of four shards.
fn shards(folder: &Folder, more: &[&str]) -> Vec<String> {
    let run = |number: u32| {
        let (file, shard) = (folder.path(&format!("{number}.jsonl")), format!("{number}/4"));
        // A shard may have no failure of its own.
        let args = [&SWEEP, &[SWITCH, "--shard", &shard, "--results", &file][..], more].concat();
        let status = common::cli::simlab(&args).status.code();
        assert!(matches!(status, Some(0 | 1)), "{shard}: {status:?}");
        file
    };
    (1..=4).map(run).collect()
}

fn strs(files: &[String]) -> Vec<&str> {
    files.iter().map(String::as_str).collect()
}

#[test]
fn a_sweep_on_any_threads_in_shards_or_killed_and_resumed_has_one_report() {
    for format in [&["--format", "json"][..], &[]] {
        let one = sweep(&[format, &["--jobs", "1"]].concat());
        assert!(one.contains("conserved") && one.contains("simlab run crash_and_disk --seed"));
        for jobs in ["2", "4"] {
            assert_eq!(one, sweep(&[format, &["--jobs", jobs]].concat()), "{jobs} threads");
        }
        let folder = Folder::new("parts");
        let mut files = shards(&folder, &[]);
        files.reverse();
        assert_eq!(one, report(&[&["merge"], &strs(&files), format]), "merged");
        let file = killed(&folder);
        let resumed = sweep(&[format, &["--results", &file]].concat());
        assert_eq!(one, resumed, "killed and resumed");
        assert_eq!(one, report(&[&["merge", &file], format]), "the file of it");
        let again = exits(1, &[&SWEEP[..], &[SWITCH, "--results", &file], format].concat());
        assert_eq!(one, timeless(&again.0), "there is nothing left to run");
        assert!(again.1.contains("the results of 60 seeds are known"), "{}", again.1);
    }
}

/// The results of a sweep that is killed when it has done some seeds.
fn killed(folder: &Folder) -> String {
    let file = folder.path("killed.jsonl");
    let mut command = Command::new(env!("CARGO_BIN_EXE_simlab"));
    command.args(SWEEP).args([SWITCH, "--jobs", "1", "--results", &file]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
    let lines = || fs::read(&file).map_or(0, |bytes| bytes.iter().filter(|b| **b == b'\n').count());
    while lines() < 10 {
        assert!(child.try_wait().expect("it is ours").is_none(), "it is killed before its end");
        std::thread::yield_now();
    }
    child.kill().expect("it is ours");
    child.wait().expect("it ends");
    assert!((10..61).contains(&lines()), "half-way: {} lines", lines());
    file
}

#[test]
fn a_torn_last_line_is_cut_off_and_its_seed_run_again() {
    let folder = Folder::new("torn");
    let file = folder.path("results.jsonl");
    let whole = sweep(&["--results", &file]);
    let bytes = fs::read(&file).expect("results");
    let header = bytes.iter().position(|b| *b == b'\n').expect("a line") + 1;
    // Within the last line, the first of a seed, and the header, and at none of them.
    for (length, said) in [(bytes.len() - 1, true), (header + 9, true), (7, false), (0, false)] {
        fs::write(&file, &bytes[..length]).expect("written");
        let args = [&SWEEP[..], &[SWITCH, "--results", &file]].concat();
        let (out, err) = exits(1, &args);
        assert_eq!(err.contains("the last line was torn and is cut off"), said, "{length}: {err}");
        assert_eq!(whole, timeless(&out));
        assert_eq!(bytes, fs::read(&file).expect("results"), "{length} bytes were left");
    }
}

#[test]
fn until_failure_is_the_lowest_failing_seed_and_all_lower_ones() {
    let all: Value = serde_json::from_str(&sweep(&["--format", "json"])).expect("JSON");
    let first = all["violations"][0]["seed"].as_u64().expect("a seed");
    let seeds = format!("5..{}", first + 1);
    let expected = report(&[&["sweep", "crash_and_disk", "--seeds", &seeds, "--switch", SWITCH]]);
    for jobs in ["1", "2", "4"] {
        assert_eq!(expected, sweep(&["--until-failure", "--jobs", jobs]), "{jobs} threads");
    }
    let folder = Folder::new("until");
    let files = shards(&folder, &["--until-failure"]);
    assert_eq!(expected, report(&[&["merge", "--until-failure"], &strs(&files)]));
    // What a file knows of later seeds does not count.
    let file = folder.path("all.jsonl");
    sweep(&["--results", &file]);
    let before = fs::read(&file).expect("results");
    assert_eq!(expected, sweep(&["--until-failure", "--results", &file]));
    assert_eq!(before, fs::read(&file).expect("results"));
}

#[test]
fn what_was_run_in_a_limited_time_is_a_sweep_of_the_seeds_that_it_states() {
    let endless = ["sweep", "lossy_link", "--seeds", "3..18446744073709551616"];
    let json = ["--format", "json"];
    for limit in ["1ns", "300ms"] {
        let (out, err) = exits(0, &[&endless[..], &["--time-limit", limit], &json].concat());
        let report: Value = serde_json::from_str(&out).expect("JSON");
        let seeds = format!("3..{}", report["to"]);
        assert!(err.contains("the time is up: seeds "), "{err}");
        let (same, _) =
            exits(0, &[&["sweep", "lossy_link", "--seeds", &seeds], &json[..]].concat());
        assert_eq!(timeless(&out), timeless(&same), "{limit}");
    }
}

/// Refused with status 2 and these words, and all files stay as they are.
fn refused(folder: &Folder, args: &[&str], words: &str) {
    let all = || {
        let names = folder.names();
        names.iter().map(|name| fs::read(folder.path(name)).expect("a file")).collect::<Vec<_>>()
    };
    let before = all();
    let (out, err) = exits(2, args);
    assert!(out.is_empty() && err.contains(words), "{args:?}: {err}");
    assert_eq!(before, all(), "{args:?}");
}

#[test]
fn results_that_do_not_make_up_a_sweep_are_refused() {
    let folder = Folder::new("refused");
    let files = shards(&folder, &[]);
    let [a, b, c, d] = &strs(&files)[..] else { panic!("four files") };
    let merge = |files: &[&str], words: &str| {
        refused(&folder, &[&["merge"], files].concat(), words);
    };
    merge(&[a, b, c, d, b], "two files are of shard 2/4");
    merge(&[a, d], "shard 2/4 is missing, shard 3/4 is missing");
    merge(&[a, &folder.path("none.jsonl")], "none.jsonl: ");
    let story = folder.file("story.toml", "format = 1\n");
    merge(&[a, &story], "story.toml is no file of results");
    let empty = folder.file("empty.jsonl", "");
    merge(&[&empty], "it is empty");
    let other = |name: &str, args: &[&str]| {
        let file = folder.path(name);
        common::cli::simlab(&[args, &["--results", &file]].concat());
        file
    };
    let shop = ["sweep", "crash_and_disk"];
    let of_two = ["--seeds", "5..65", "--switch", SWITCH, "--shard", "2/2"];
    merge(
        &[a, &other("two.jsonl", &[&shop[..], &of_two].concat())],
        "number of shards is 2, not 4",
    );
    let sober = ["--seeds", "5..65", "--shard", "2/4"];
    merge(&[a, &other("sober.jsonl", &[&shop[..], &sober].concat())], "its list of settings is ``");
    let whole =
        other("whole.jsonl", &["sweep", "crash_and_disk", "--seeds", "5..65", "--switch", SWITCH]);
    merge(&[&whole, a], "number of shards is 4, not 1");
    merge(&[&whole, &whole], "two files are of the whole sweep");
    let fewer = ["--seeds", "5..9", "--switch", SWITCH, "--shard", "2/4"];
    merge(&[a, &other("few.jsonl", &[&shop[..], &fewer].concat())], "seeds is 5..9, not 5..65");
    let link = ["sweep", "lossy_link", "--seeds", "5..65", "--shard", "2/4"];
    merge(&[a, &other("link.jsonl", &link)], "its scenario is that of");
    // A shard that was cut off in a line, and with --partial what there is of it.
    let bytes = fs::read(b).expect("results");
    let torn = folder.path("torn.jsonl");
    fs::write(&torn, &bytes[..bytes.len() - 5]).expect("written");
    merge(&[a, &torn, c, d], "shard 2/4 has 14 of 15 seeds and a torn line");
    let part = report(&[&["merge", "--partial", a, &torn, c, d]]);
    let shop = [&shop[..], &["--seeds", "5..62", "--switch", SWITCH]].concat();
    assert_eq!(part, report(&[&shop]));
    refused(&folder, &["merge", "--partial", b, c], "no results of seed 5, the first");
}

#[test]
fn a_file_that_is_damaged_or_of_something_else_is_not_written_to() {
    let folder = Folder::new("damaged");
    let file = folder.path("results.jsonl");
    sweep(&["--results", &file]);
    let bytes = fs::read(&file).expect("results");
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(n, _)| n);
    let ends: Vec<usize> = ends.collect();
    let resume = [&SWEEP[..], &[SWITCH, "--results", &file]].concat();
    let damage = |bytes: Vec<u8>, words: &str| {
        fs::write(&file, bytes).expect("written");
        refused(&folder, &resume, words);
        refused(&folder, &["merge", &file], words);
    };
    let mut flipped = bytes.clone();
    flipped[ends[6] + 20] ^= 1;
    damage(flipped, "results.jsonl, line 8 is damaged: its hash is another");
    let left_out = [&bytes[..=ends[3]], &bytes[ends[4] + 1..]].concat();
    damage(left_out, "line 5 is damaged: its hash is another");
    let torn_within = [&bytes[..ends[3] - 9], &bytes[ends[4]..]].concat();
    damage(torn_within, "line 4 is damaged");
    let mut header = bytes.clone();
    header[ends[0] - 3] ^= 1;
    damage(header, "line 1 is damaged");
    damage(b"some text\nof a user\n".to_vec(), "is no file of results");
    damage(b"some text".to_vec(), "is no file of results");
    fs::write(&file, &bytes).expect("written");
    for (more, words) in [
        (&["--variant", "majority"][..], "its list of variants is"),
        (&["--shard", "1/2"], "its number of shards is 1, not 2"),
        (&["--set", "jitter=1ms"], "its list of settings is"),
    ] {
        refused(&folder, &[&resume, more].concat(), words);
    }
    let lie = ["sweep", "crash_and_disk", "--seeds", "0..1", "--switch", "lie", "--results", &file];
    refused(&folder, &lie, "unknown switch `lie`");
    for shard in ["0/4", "5/4", "4", "1/1001"] {
        refused(&folder, &[&resume[..], &["--shard", shard]].concat(), "expected K/N");
    }
}

#[test]
fn a_failing_seed_of_a_storm_tells_what_the_storm_had_on() {
    let folder = Folder::new("storm");
    let file = folder.file("story.toml", STORM);
    let (out, _) = exits(1, &["sweep", &file, "--seeds", "0..2"]);
    let (run, _) = exits(1, &["run", &file, "--seed", "0", "--format", "json"]);
    let run: Value = serde_json::from_str(&run).expect("JSON");
    let kind = run["storm"]["on"][0]["kind"].as_str().expect("a kind");
    assert!(out.contains(&format!("  storm: {kind} ~")), "{out}");
    let (json, _) = exits(1, &["sweep", &file, "--seeds", "0..2", "--format", "json"]);
    let report: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(report["violations"][0]["storm"], run["storm"]);
}

/// Nothing that it expects comes true.
const STORM: &str = r#"format = 1
name = "story"
title = "A shop in a storm"
until = "20s"
objects = [{ name = "phone", model = "stock", initial = 30 }]
nodes = [
    { name = "a", service = "shop-pn-counter", with = { share = 30 } },
    { name = "c", service = "shop-client", with = { server = "a" } },
]
network.default = { delay = "10ms" }
operations = [{ at = "1s", clients = ["c"], do = { sell = 1 } }]
storm = { from = "2s", until = "10s" }
[[expect]]
check = "datagrams"
with.fate = "sent"
always = 0
"#;

/// Two sweeps do not write one file.
#[test]
fn a_file_that_another_sweep_writes_is_left_alone() {
    let folder = Folder::new("busy");
    let file = folder.path("results.jsonl");
    let endless = ["sweep", "lossy_link", "--seeds", "0..18446744073709551616", "--results", &file];
    let mut command = Command::new(env!("CARGO_BIN_EXE_simlab"));
    command.args(endless).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    while fs::metadata(&file).map_or(0, |there| there.len()) == 0 {
        std::thread::yield_now();
    }
    let (_, err) = exits(2, &endless);
    child.kill().expect("it is ours");
    child.wait().expect("it ends");
    let mut told = Vec::new();
    child.stderr.take().expect("piped").read_to_end(&mut told).expect("read");
    assert!(err.contains("is being written by another sweep"), "{err}{}", text(&told));
}
