//! Files of results that something has damaged: whatever was done to one, who goes on with it or merges it either
//! refuses it with its place and leaves it alone, or comes to the report that it would have come to.

mod common;

use common::cli::{Folder, simlab, text};
use common::dice::{Dice, runs};
use serde_json::Value;
use std::fs;

/// Seeds that fail, storms that hit something, and goals that are reached.
const STORY: &str = r#"format = 1
name = "story"
title = "A shop in a storm"
until = "20s"
objects = [{ name = "phone", model = "stock", initial = 30 }]
nodes = [
    { name = "a", service = "shop-pn-counter", with = { share = 30 } },
    { name = "c", service = "shop-client", with = { server = "a" } },
]
network.default = { delay = "10ms", loss = "20%" }
workloads = [{ clients = ["c"], count = 6, from = "1s", until = "10s", mix = { sell = 1, read = 1 } }]
storm = { from = "2s", until = "10s" }
[[expect]]
check = "unknown"
always = 0
[[expect]]
check = "served"
sometimes = 100
"#;

/// The lines of a file, with their ends.
fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// What becomes of a file; `other` is one of the same sweep.
fn edited(whole: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let (all, others) = (lines(whole), lines(other));
    let at = dice.below(bytes.len());
    let [one, two] = [dice.below(all.len()), dice.below(all.len())];
    let mut kept = all.clone();
    match dice.below(11) {
        0 => bytes[at] ^= 1 << dice.below(8),
        1 => bytes[at] = [b'\n', b'"', b'}', b'9', 0, 255][dice.below(6)],
        2 => drop(bytes.remove(at)),
        3 => bytes.insert(at, b"\n\"{}0 "[dice.below(6)]),
        4 => bytes.truncate(at),
        5 => bytes.extend_from_slice([&b"junk"[..], b"junk\n", b"\n", b"\0\0\0\0"][dice.below(4)]),
        6 => bytes[at..].fill(0),
        7 => kept.swap(one, two),
        8 => kept.insert(two, all[one].clone()),
        9 => drop(kept.remove(one)),
        _ => kept[one].clone_from(&others[one.min(others.len() - 1)]),
    }
    if bytes == whole { kept.concat() } else { bytes }
}

/// The first line in which two files differ, from 1.
fn first_change(whole: &[u8], edited: &[u8]) -> usize {
    let (whole, edited) = (lines(whole), lines(edited));
    1 + whole.iter().zip(&edited).take_while(|(a, b)| a == b).count()
}

/// Runs a command on a file that was edited. It must report `expected`, or refuse the file with its place and
/// leave it alone. Says whether it reported.
fn holds(args: &[&str], file: &str, line: usize, expected: &Value) -> bool {
    let before = fs::read(file).expect("a file");
    let output = simlab(args);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    if output.status.code() == Some(1) {
        assert_eq!(&report(out), expected, "{args:?}");
        return true;
    }
    assert_eq!((output.status.code(), out), (Some(2), ""), "{args:?}: {err}");
    assert_eq!(fs::read(file).expect("a file"), before, "{args:?}: {err}");
    let place = [
        format!("{file}, line {line} is damaged: "),
        format!("{file} is no file of results: "),
        // It has got the first line of the other.
        format!("{file} is of another sweep: its shard is 2/2, not 1/2"),
        format!("two files are of shard 2/2: {file} and "),
        "not all seeds were run: shard 1/2 has ".to_owned(),
    ];
    assert!(place.iter().any(|place| err.contains(place)), "line {line}: {err}");
    false
}

/// A report without what depends on the machine.
fn report(out: &str) -> Value {
    let mut report: Value = serde_json::from_str(out).expect("JSON");
    let object = report.as_object_mut().expect("an object");
    assert!(object.remove("wall_s").is_some() && object.remove("runs_per_s").is_some());
    report
}

#[test]
fn no_damage_of_results_is_a_wrong_report() {
    let folder = Folder::new("sweep-edits");
    let story = folder.file("story.toml", STORY);
    let files = [folder.path("1.jsonl"), folder.path("2.jsonl")];
    let shard = |number: usize| {
        let shard = ["1/2", "2/2"][number];
        let seeds = ["--seeds", "0..12", "--jobs", "1", "--format", "json"];
        let results = ["--shard", shard, "--results", &files[number]];
        [&["sweep", &story][..], &seeds, &results].concat().into_iter().map(str::to_owned).collect()
    };
    let resume: [Vec<String>; 2] = [shard(0), shard(1)];
    let run = |args: &[String]| {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        report(text(&simlab(&args).stdout))
    };
    let [expected, _] = [run(&resume[0]), run(&resume[1])];
    let merge = ["merge", "--format", "json", &files[0], &files[1]];
    let merged = report(text(&simlab(&merge).stdout));
    let resume: Vec<&str> = resume[0].iter().map(String::as_str).collect();
    let [whole, other] = files.each_ref().map(|file| fs::read(file).expect("results"));
    let (mut accepted, mut refused) = (0, 0);
    for seed in 0..runs(80) {
        let bytes = edited(&whole, &other, &mut Dice::new(seed));
        let line = first_change(&whole, &bytes);
        println!("seed {seed}, from line {line} on");
        fs::write(&files[0], &bytes).expect("written");
        let complete = holds(&merge, &files[0], line, &merged);
        if holds(&resume, &files[0], line, &expected) {
            accepted += 1;
            assert_eq!(
                fs::read(&files[0]).expect("results"),
                whole,
                "what was cut off is run again"
            );
        } else {
            refused += 1;
            assert!(!complete, "what is refused by one is refused by the other");
        }
    }
    assert!(accepted >= 10 && refused >= 10, "{accepted} accepted, {refused} refused");
}
