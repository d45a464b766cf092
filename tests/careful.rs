//! What the command line does with files and words that do not fit together.

mod common;

use common::cli::{Folder, exits};
use simlab::scenarios::run::workload;
use simlab::scenarios::{Source, load};

const STORY: &str = r#"
format = 1
name = "careful"
until = "20s"
title = "x"
[[objects]]
name = "phone"
model = "stock"
initial = 30
[[nodes]]
name = "shop"
site = "north"
service = "shop-caspaxos"
with.share = 30
[[nodes]]
name = "a"
site = "north"
service = "shop-client"
with.server = "shop"
[[nodes]]
name = "b"
site = "south"
service = "shop-client"
with.server = "shop"
[[workloads]]
clients = ["a", "b"]
count = 40
mix = { read = 1 }
"#;

#[test]
fn no_file_is_written_over_another_of_the_same_run() {
    let folder = Folder::new("careful");
    let story = folder.file("story.toml", STORY);
    let decisions = folder.file("decisions.jsonl", "");
    let out = folder.path("out.jsonl");
    for (args, says) in [
        (vec!["--trace", &story], "--trace would write over the scenario"),
        (
            vec!["--trace", &out, "--record-decisions", &out],
            "--record-decisions would write over --trace",
        ),
        (
            vec!["--decisions", &decisions, "--trace", &decisions],
            "--trace would write over --decisions",
        ),
    ] {
        let (_, err) = exits(2, &[&["run", &story], &args[..]].concat());
        assert!(err.contains(says), "{err}");
    }
    assert_eq!(std::fs::read_to_string(&story).expect("there"), STORY);
    assert_eq!(folder.names(), ["decisions.jsonl", "story.toml"]);
    // What many can write to at once is no such file.
    exits(0, &["run", &story, "--trace", "/dev/null", "--record-decisions", "/dev/null"]);
}

#[test]
fn the_log_knows_which_operations_there_can_be() {
    let folder = Folder::new("careful");
    let story = folder.file("story.toml", STORY);
    for op in ["nobody.1", "a", "a.x"] {
        let (_, err) = exits(2, &["log", &story, "--op", op]);
        assert!(err.contains(&format!("has no operation `{op}`")), "{err}");
    }
    exits(0, &["log", &story, "--op", "a.0"]);
}

/// Where the clients of a site never begin anything in one variant, the others keep their rows.
#[test]
fn each_site_is_told_under_its_own_name() {
    let folder = Folder::new("careful");
    let variants = "[[variants]]\nname = \"idle\"\nmachines.a.cost.service = \"100s\"\n\
                    [[variants]]\nname = \"busy\"\n";
    let story = folder.file("story.toml", format!("{STORY}{variants}"));
    let (out, _) = exits(0, &["run", &story]);
    let rows: Vec<Vec<&str>> = out
        .lines()
        .filter(|line| line.contains(" served "))
        .map(|line| line.split_whitespace().collect())
        .collect();
    let expected =
        [&["south", "served", "100", "%", "100", "%"][..], &["north", "served", "100", "%"]];
    assert_eq!(rows, expected, "{out}");
}

/// Two workloads that say the same are two, not the same twice.
#[test]
fn equal_workloads_draw_differently() {
    let again = "[[workloads]]\nclients = [\"a\", \"b\"]\ncount = 40\nmix = { read = 1 }\n";
    let catalogue = common::catalogue();
    let load = |text: String| load(Source::new("story.toml", text), &catalogue, &[]);
    let one = load(STORY.to_owned()).expect("a scenario");
    let two = load(format!("{STORY}{again}")).expect("a scenario");
    let (one, two) = (workload(&one, 7), workload(&two, 7));
    assert_eq!((one.len(), two.len()), (40, 80));
    assert!(one.iter().all(|planned| two.contains(planned)), "the first draws as if alone");
    assert!(two.windows(2).any(|pair| pair[0].at != pair[1].at && !one.contains(&pair[1])));
}
