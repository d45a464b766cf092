//! The command line from outside: what it prints, where, and how it exits.

use serde_json::Value;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn simlab(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simlab"));
    command.args(args).current_dir(root()).env("LC_ALL", "en_US.UTF-8").env_remove("NO_COLOR");
    command
}

fn run(args: &[&str]) -> Output {
    simlab(args).output().expect("simlab runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn the_main_job_prints_the_comparison() {
    let output = run(&["run", "scenarios/cap_partition.toml"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stderr.is_empty());
    let report = text(&output.stdout);
    assert!(report.lines().count() <= 40, "{} lines", report.lines().count());
    assert!(report.lines().all(|line| line.chars().count() <= 80 || line.starts_with("More:")));
    snapbox::assert_data_eq!(report, snapbox::file!["golden/cap_partition.txt"].raw());
}

/// The picture in the README is what the command prints.
#[test]
fn the_readme_shows_the_report() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("it is there");
    let output = run(&["run", "scenarios/cap_partition.toml"]);
    assert!(readme.contains(text(&output.stdout).trim_end()), "put the report into README.md anew");
    for command in
        ["cargo run --release -- run scenarios/cap_partition.toml", "cargo test --workspace"]
    {
        assert!(readme.contains(command));
    }
}

#[test]
fn a_lesson_runs_by_name_from_any_folder_and_tells_the_same() {
    let here = run(&["run", "scenarios/lossy_link.toml"]);
    let there = simlab(&["run", "lossy_link"]).current_dir("/").output().expect("simlab runs");
    let path_for_name = text(&here.stdout).replace("scenarios/lossy_link.toml", "lossy_link");
    assert_eq!(path_for_name, text(&there.stdout));
    snapbox::assert_data_eq!(text(&here.stdout), snapbox::file!["golden/lossy_link.txt"].raw());
}

#[test]
fn without_a_majority_the_consistent_shop_stops() {
    let output = run(&["run", "cap_no_majority"]);
    assert_eq!(output.status.code(), Some(0));
    snapbox::assert_data_eq!(
        text(&output.stdout),
        snapbox::file!["golden/cap_no_majority.txt"].raw()
    );
}

/// The commands that a report prints work where it was printed.
#[test]
fn a_report_names_commands_that_work() {
    let here = simlab(&["run", "cap_partition", "--set", "shop.retransmit=300ms"])
        .current_dir("/")
        .output()
        .expect("simlab runs");
    let report = text(&here.stdout);
    let (_, more) = report.split_once("\nMore:").expect("commands");
    // As a shell reads a line that goes on in the next.
    let more = more.replace("\\\n", " ");
    assert!(more.contains("--set shop.retransmit=300ms") && more.contains(" --from "), "{more:?}");
    assert_eq!(more.lines().count(), 2, "{more:?}");
    for line in more.lines() {
        let words = line.split_whitespace().skip(1);
        let output = simlab(&words.collect::<Vec<_>>()).current_dir("/").output().expect("runs");
        assert_eq!(output.status.code(), Some(0), "{line}: {}", text(&output.stderr));
    }
}

#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let output = simlab(&["list"]).stdout(full).output().expect("simlab runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cannot write the result"));
}

#[test]
fn a_wrong_initial_stock_is_bad_input_and_no_broken_protocol() {
    let output = run(&["run", "cap_partition", "--set", "shop.share=5"]);
    assert_eq!(output.status.code(), Some(2));
    let complaint = text(&output.stderr);
    assert!(complaint.contains("the shares add up to 15, and phone begins with 60"), "{complaint}");
}

#[test]
fn ascii_means_ascii() {
    for lesson in ["cap_partition", "cap_no_majority", "lossy_link"] {
        let output = run(&["run", lesson, "--ascii", "--lang", "en"]);
        assert!(text(&output.stdout).is_ascii(), "{}", text(&output.stdout));
    }
}

#[test]
fn the_title_comes_in_the_language_asked_for() {
    let first = |args: &[&str], locale: &str| {
        let output = simlab(args).env("LC_ALL", locale).output().expect("simlab runs");
        text(&output.stdout).lines().next().unwrap_or_default().to_owned()
    };
    let (english, chinese) =
        ("One shop, three cities, and a cable that breaks", "一家商店，三座城市，一条断掉的电缆");
    assert_eq!(first(&["show", "cap_partition"], "C"), english);
    assert_eq!(first(&["show", "cap_partition"], "zh_CN.UTF-8"), chinese);
    assert_eq!(first(&["show", "cap_partition", "--lang", "zh"], "C"), chinese);
    assert_eq!(first(&["show", "cap_partition", "--lang", "fr"], "zh_CN.UTF-8"), english);
}

/// The contract that outside tools rely on.
#[test]
fn the_json_report_has_its_form() {
    let output =
        run(&["run", "cap_partition", "--format", "json", "--seed", "18446744073709551615"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(report["scenario"], "cap_partition");
    assert_eq!(report["seed"], u64::MAX);
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["ok"], true);
    let variants = report["variants"].as_array().expect("variants");
    let names: Vec<&str> = variants.iter().filter_map(|v| v["name"].as_str()).collect();
    assert_eq!(names, ["consistent", "available", "wait", "escrow"]);
    for variant in variants {
        let hash = variant["trace_hash"].as_str().expect("a hash");
        assert!(hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()));
        assert!(variant["events"].as_u64().expect("events") > 100);
        assert_eq!(variant["virtual_ms"], 50_000);
        assert!(variant["metrics"]["ops_done"].is_u64());
        assert!(variant["metrics"]["ops_refused"].is_u64());
        for check in variant["checks"].as_array().expect("checks") {
            assert!(check["name"].is_string() && check["detail"].is_string());
            assert_eq!(check["quantifier"], "always");
            assert_eq!(check["ok"], true);
        }
    }
    let check = |variant: usize, name: &str| {
        let checks = variants[variant]["checks"].as_array().expect("checks");
        checks.iter().find(|c| c["name"] == name).unwrap_or_else(|| panic!("no {name}")).clone()
    };
    // Not linearizable is: always, expected false, observed false, ok.
    let linearizable = check(1, "linearizable");
    assert_eq!(
        (&linearizable["expected"], &linearizable["observed"]),
        (&false.into(), &false.into())
    );
    assert_eq!(check(1, "oversold")["observed"], 16);
    assert_eq!(check(1, "owed")["observed"], 16);
    assert_eq!(check(1, "stale")["expected"], ">= 1");
    assert!(check(1, "stale")["observed"].as_u64().expect("a figure") >= 1);
    assert_eq!(check(0, "linearizable")["observed"], true);
    for variant in [0, 2, 3] {
        assert_eq!(check(variant, "oversold")["observed"], 0);
    }
}

#[test]
fn one_variant_can_be_run_alone_and_is_the_same() {
    let hash = |args: &[&str], index: usize| {
        let output = run(args);
        let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
        report["variants"][index]["trace_hash"].clone()
    };
    let all = hash(&["run", "cap_partition", "--format", "json"], 1);
    let alone = hash(&["run", "cap_partition", "--format", "json", "--variant", "available"], 0);
    assert_eq!(all, alone);
    let hex = hash(&["run", "cap_partition", "--format", "json", "--seed", "0x7"], 1);
    assert_eq!(all, hex, "the scenario's own seed is 7");
}

#[test]
fn a_setting_takes_effect() {
    // Half a second is not enough for Shanghai, and neither is a whole one; but ten seconds after
    // the client gave up, the outcome is unknown.
    let args = ["run", "cap_partition", "--variant", "consistent", "--set", "shop.deadline=5s"];
    let output = run(&args);
    assert_eq!(output.status.code(), Some(1));
    let complaint = text(&output.stderr);
    assert!(complaint.contains("failed: consistent: unknown: expected always 0"), "{complaint}");
    let last: Vec<&str> = complaint.lines().rev().take(2).collect();
    let again = "cap_partition --seed 7 --set shop.deadline=5s --variant consistent";
    assert_eq!(last[1], format!("reproduce: simlab run {again}"));
    assert_eq!(last[0], format!("look:      simlab log {again}"));
}

#[test]
fn the_log_is_filtered() {
    let output = run(&[
        "log",
        "cap_partition",
        "--variant",
        "available",
        "--kind",
        "return",
        "--node",
        "customer-s",
        "--from",
        "14.5s",
        "--to",
        "15.5s",
    ]);
    assert_eq!(output.status.code(), Some(0));
    let log = text(&output.stdout);
    assert!(log.lines().count() >= 1 && log.lines().all(|l| l.contains("customer-s")), "{log}");
    assert!(log.lines().any(|l| l.ends_with(" 60")), "Shanghai says 60: {log}");
    let gossip = run(&["log", "cap_partition", "--variant", "available", "--type", "gossip"]);
    assert!(text(&gossip.stdout).lines().count() > 100);
    let op = run(&["log", "cap_partition", "--variant", "available", "--op", "customer-b.0"]);
    assert_eq!(text(&op.stdout).lines().count(), 2, "{}", text(&op.stdout));
}

/// The event at which the report says that it breaks can be looked up, with what led to it.
#[test]
fn the_log_tells_what_led_to_an_event() {
    let run = |event: &str| {
        let output = run(&["log", "cap_partition", "--variant", "available", "--event", event]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout).to_owned()
    };
    let log = run("850");
    let last = log.lines().last().expect("an event");
    assert!(last.contains(" #850 ") && last.ends_with(" 60"), "{log}");
    // Each is the cause of the next, and the first has none.
    let columns = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> = log.lines().map(columns).collect();
    assert!(lines.len() > 3 && !lines[0][2].starts_with("<-"), "{log}");
    for pair in lines.windows(2) {
        assert_eq!(pair[1][2], format!("<-{}", pair[0][1]), "{log}");
    }
    assert_eq!(run("#850"), log);
}

/// Where nothing passes, the log says what could have been asked.
#[test]
fn a_filter_that_nothing_can_pass_is_explained() {
    let log = |more: &[&str]| {
        let output = run(&[&["log", "cap_partition", "--variant", "available"], more].concat());
        assert_eq!(output.status.code(), Some(0), "{more:?}");
        assert!(output.stdout.is_empty(), "{more:?}: {}", text(&output.stdout));
        text(&output.stderr).to_owned()
    };
    let err = log(&["--type", "gosip"]);
    assert!(err.contains("no datagram that was read in this run is a `gosip`"), "{err}");
    assert!(err.contains("did you mean `gossip`?"), "{err}");
    let err = log(&["--type", "gossip", "--to", "1ns"]);
    assert!(err.contains("no event passes") && !err.contains("a `gossip`"), "{err}");
    let err = log(&["--kind", "violation"]);
    assert!(err.contains("judged when the run is over"), "{err}");
    let err = log(&["--kind", "crash"]);
    assert!(!err.contains("judged"), "{err}");
}

#[test]
fn bad_usage_exits_with_2_and_says_what_was_expected() {
    let cases: [(&[&str], &str); 14] = [
        (&["run", "cap_partitoin"], "did you mean `cap_partition`?"),
        (&["run", "no/such/file.toml"], "no/such/file.toml"),
        (&["run", "cap_partition", "--variant", "avaliable"], "did you mean `available`?"),
        (&["run", "cap_partition", "--seed", "-1"], "seed"),
        (&["run", "cap_partition", "--seed", "18446744073709551616"], "from 0 to 2^64-1"),
        (&["run", "cap_partition", "--set", "shop.deadlin=1s"], "deadline"),
        (&["run", "cap_partition", "--set", "nonsense"], "KEY=VALUE"),
        (&["log", "cap_partition", "--node", "bejing"], "did you mean `beijing`?"),
        (&["log", "cap_partition", "--kind", "sned"], "send"),
        (&["log", "cap_partition", "--event", "0"], "the number of an event"),
        (&["log", "cap_partition", "--event", "1", "--kind", "send"], "cannot be used with"),
        (
            &["log", "cap_partition", "--event", "9999999"],
            "there is no event #9999999: the run has",
        ),
        (&["run", "cap_partition", "--switch", "nonsense"], "--> --switch:1:1"),
        (&["frobnicate"], "unrecognized subcommand"),
    ];
    for (args, says) in cases {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
        assert!(text(&output.stderr).contains(says), "{args:?}: {}", text(&output.stderr));
    }
}

#[test]
fn every_malformed_scenario_is_refused_with_its_place() {
    let folder = root().join("scenarios/tests/malformed");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).expect("the corpus") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        let output = run(&["run", path.to_str().expect("a plain name")]);
        let complaint = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{}: {complaint}", path.display());
        assert!(complaint.contains("error"), "{}: {complaint}", path.display());
        assert!(!complaint.contains("panicked"), "{}: {complaint}", path.display());
        seen += 1;
    }
    assert!(seen >= 25, "{seen} malformed files");
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let mut child = simlab(&["log", "cap_partition"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("simlab runs");
    let mut first = [0; 10];
    child.stdout.take().expect("a pipe").read_exact(&mut first).expect("some output");
    let output = child.wait_with_output().expect("it ends");
    assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn lists_and_completions_read_the_tables() {
    for (topic, name) in [
        ("scenarios", "cap_no_majority"),
        ("services", "shop-caspaxos"),
        ("checks", "linearizable"),
        ("models", "stock"),
        ("consistency", "implies: sequential"),
        ("switches", "leaves out the rule: an acceptor confirms"),
    ] {
        let output = run(&["list", topic]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains(name), "{topic}: {}", text(&output.stdout));
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = run(&["completions", shell]);
        assert!(text(&output.stdout).contains("simlab"), "{shell}");
    }
}

/// A user's own crate has the whole command line with its own services in it.
#[test]
fn a_users_own_protocol_runs_through_main_with() {
    let example = Path::new(env!("CARGO_BIN_EXE_simlab")).with_file_name("examples").join("echo");
    let run = |args: &[&str]| {
        Command::new(&example).args(args).current_dir(root()).output().expect("cargo built it")
    };
    let output = run(&["run", "examples/echo.toml"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&run(&["list", "services"]).stdout).contains("echo-server"));
    let log = run(&["log", "examples/echo.toml", "--type", "ping", "--to", "100ms"]);
    assert!(text(&log.stdout).contains("ping 0 of 0.000"), "{}", text(&log.stdout));
    let lines = std::fs::read_to_string(root().join("examples/echo.rs")).expect("it is there");
    assert!(lines.lines().count() < 100, "a protocol of one's own takes under 100 lines");
}

/// A crash is drawn, and what was asked of a crashed client is counted and logged.
#[test]
fn a_crash_is_seen() {
    let folder = std::env::temp_dir().join(format!("simlab-cli-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    let file = folder.join("crash.toml");
    std::fs::write(&file, CRASH).expect("a scenario");
    let path = file.to_str().expect("a plain name");
    let output = run(&["run", path]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report = text(&output.stdout);
    for seen in ["CRASH a", "restart a", "client was down", "lost: receiver-down"] {
        assert!(report.contains(seen), "no {seen:?} in {report}");
    }
    let log = run(&["log", path, "--kind", "unheard"]);
    assert!(text(&log.stdout).contains("ca"), "{}", text(&log.stdout));
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

const CRASH: &str = r#"
format = 1
name = "crash"
title = "A city crashes"
until = "20s"
objects = [{ name = "phone", model = "stock", initial = 60 }]
nodes = [
    { name = "a", service = "shop-caspaxos", with = { share = 20 } },
    { name = "b", service = "shop-caspaxos", with = { share = 20 } },
    { name = "c", service = "shop-caspaxos", with = { share = 20 } },
    { name = "ca", service = "shop-client", with = { server = "a" } },
    { name = "cb", service = "shop-client", with = { server = "b" } },
]
network.default = { delay = "10ms" }
faults = [{ at = "5s", until = "10s", do = { crash = ["a", "ca"] } }]
operations = [
    { at = "6s", clients = ["ca", "cb"], do = { sell = 1 } },
    { at = "12s", clients = ["ca", "cb"], do = "read" },
]
expect = [{ check = "linearizable", always = true }]
"#;
