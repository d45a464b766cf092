//! `simlab check` from outside: histories of every format, what is refused, and the recordings of real
//! systems where they are at hand.

mod common;

use common::cli::{Folder, exits, text};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Histories in `tests/histories`: the model and its initial value, and what breaks it, if anything does.
const HISTORIES: &[(&str, &[&str], Option<&str>)] = &[
    ("register.log", &["register"], None),
    ("stale.log", &["register"], Some("read returned 1")),
    ("cas.log", &["cas-register"], None),
    ("cas_twice.log", &["cas-register"], Some("cas 3 5 returned true")),
    ("register.edn", &["cas-register", "0"], None),
    ("stale.edn", &["register", "0"], Some("read returned 0")),
    ("kv.txt", &["kv"], None),
    ("kv_lost.txt", &["kv"], Some("read returned \"x 1 0 y\"")),
    ("transactions.edn", &["multi-register", "0"], None),
    ("torn.edn", &["multi-register", "0"], Some("read x, read y returned [1, 0]")),
    ("mutex.edn", &["mutex"], None),
    ("mutex_twice.edn", &["mutex"], Some("acquire")),
    ("set.edn", &["set"], None),
    ("set_lost.edn", &["set"], Some("read returned []")),
    ("counter.edn", &["counter", "0"], None),
    ("counter_lost.edn", &["counter"], Some("read returned 4")),
    ("queue.edn", &["queue"], None),
    ("queue_order.edn", &["queue"], Some("dequeue returned \"b\"")),
];

/// The recordings of real systems: the model and its initial value, and whether they are linearizable.
const RECORDINGS: &[(&str, &[&str], bool)] = &[
    ("etcd_002.log", &["cas-register"], true),
    ("etcd_005.log", &["cas-register"], true),
    ("etcd_100.log", &["cas-register"], true),
    ("etcd_000.log", &["cas-register"], false),
    ("etcd_012.log", &["cas-register"], false),
    ("etcd_040.log", &["cas-register"], false),
    ("c01-ok.txt", &["kv"], true),
    ("c10-ok.txt", &["kv"], true),
    ("c10-bad.txt", &["kv"], false),
    ("cas-failure.edn", &["cas-register", "0"], false),
    ("rethink-fail-minimal.edn", &["cas-register", "0"], false),
    ("memstress3-0.edn", &["cas-register"], true),
    ("multi-register.edn", &["multi-register", "0"], true),
    ("mutex-etcd.edn", &["mutex"], false),
];

/// Files in `tests/histories/bad`, and the model that they are read with.
const BAD: &[(&str, &str)] = &[
    ("empty.edn", "register"),
    ("nothing.log", "register"),
    ("unknown.log", "register"),
    ("fields.edn", "cas-register"),
    ("unasked.edn", "register"),
    ("two.log", "register"),
    ("retired.log", "register"),
    ("cut.edn", "register"),
    ("brackets.edn", "cas-register"),
    ("text.edn", "register"),
    ("numbers.edn", "register"),
    ("json.edn", "register"),
    ("not_there.edn", "register"),
    ("", "register"),
];

fn arguments<'a>(file: &'a str, model: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["check", file, "--model", model[0]];
    if let Some(initial) = model.get(1) {
        arguments.extend(["--initial", initial]);
    }
    arguments
}

#[test]
fn histories_of_every_format_get_their_verdicts() {
    for (file, model, broken) in HISTORIES {
        let path = format!("tests/histories/{file}");
        let (out, err) = exits(i32::from(broken.is_some()), &arguments(&path, model));
        assert!(err.is_empty(), "{file}: {err}");
        let verdict = if broken.is_some() { "linearizable: NO\n" } else { "linearizable: yes\n" };
        assert!(out.starts_with(verdict), "{file}: {out}");
        assert!(out.contains(broken.unwrap_or("yes")), "{file}: {out}");
    }
}

#[test]
fn a_verdict_says_where_and_why() {
    let (out, _) = exits(1, &arguments("tests/histories/stale.edn", &["register", "0"]));
    snapbox::assert_data_eq!(out, snapbox::file!["golden/check_stale.txt"]);
    let (out, _) = exits(0, &arguments("tests/histories/register.log", &["register"]));
    snapbox::assert_data_eq!(out, snapbox::file!["golden/check_fine.txt"]);
}

/// The example in the documentation is what the command prints, and no model is left out.
#[test]
fn the_documentation_is_right() {
    let page = include_str!("../docs/histories.md");
    assert!(page.contains(include_str!("histories/stale.log")));
    let (out, _) = exits(1, &arguments("tests/histories/stale.log", &["register"]));
    let (said, _) = out.rsplit_once("the check took").expect("the last line");
    assert!(page.contains(said), "put this into docs/histories.md:\n{said}");
    let picture = std::env::temp_dir().join(format!("simlab-check-{}.txt", std::process::id()));
    let drawn = picture.to_string_lossy();
    let args = arguments("tests/histories/stale.log", &["register"]);
    exits(1, &[&args[..], &["--diagram", &drawn]].concat());
    let drawn = std::fs::read_to_string(&picture).expect("it was drawn");
    std::fs::remove_file(&picture).expect("it is there");
    assert!(page.contains(drawn.trim_end()), "put this into docs/histories.md:\n{drawn}");
    for model in simlab::check::MODELS {
        assert!(page.contains(&format!("| `{}` |", model.name)), "{}", model.name);
    }
}

/// Of much evidence there is a screenful, nearest to the break; JSON has all.
#[test]
fn much_evidence_is_counted() {
    let mut text = String::new();
    for _ in 0..20 {
        text.push_str("0 :invoke :inc nil\n0 :ok :inc nil\n");
    }
    text.push_str("1 :invoke :read nil\n1 :ok :read 14\n");
    let folder = Folder::new("much");
    let file = folder.file("counter.log", text);
    let (out, _) = exits(1, &["check", &file, "--model", "counter"]);
    assert!(out.contains("\nthese 16 cannot all be true"), "{out}");
    assert!(out.contains(":\n  … 4 more\n  lines "), "{out}");
    assert_eq!(out.matches(", process 0: add 1 returned nil\n").count(), 11, "{out}");
    let (out, _) = exits(1, &["check", &file, "--model", "counter", "--format", "json"]);
    let found: Value = serde_json::from_str(&out).expect("one JSON object");
    assert_eq!(found["evidence"].as_array().map(Vec::len), Some(16));
}

/// A file without times knows the order alone, and its clients are processes.
#[test]
fn nothing_is_said_that_the_file_does_not_know() {
    let all = |file: &str, model: &str| {
        let path = format!("tests/histories/{file}");
        exits(1, &["check", &path, "--model", model, "--consistency", "all"]).0
    };
    let stale = all("stale.log", "register");
    assert!(stale.contains("had\n  returned before it began\n"), "{stale}");
    assert!(!stale.contains(" ns "), "{stale}");
    let queue = all("queue_order.edn", "queue").replace("\n  ", " ");
    assert!(queue.contains("; process 1: dequeue on x (\"b\")"), "{queue}");
    assert!(queue.contains("not judged: causal, pram, "), "{queue}");
    assert!(queue.contains("not judged: convergence: a queue has no call that only"), "{queue}");
}

/// Of a value that nobody wrote, no single write is to blame.
#[test]
fn what_nobody_wrote_is_blamed_on_nobody() {
    let folder = Folder::new("thin_air");
    let said = |text: &str| {
        let file = folder.file("register.log", text);
        exits(1, &["check", &file, "--model", "register"]).0.replace("\n  ", " ")
    };
    let thin_air = said("0 :invoke :write 1\n0 :ok :write 1\n1 :invoke :read nil\n1 :ok :read 3\n");
    let why = "leaves 1 (nothing that had begun until then makes that possible)";
    assert!(thin_air.contains(why), "{thin_air}");
    let stale = said("0 :invoke :write 1\n0 :ok :write 1\n1 :invoke :read nil\n1 :ok :read nil\n");
    assert!(stale.contains("leaves 1 (write 1 had returned before the read began)"), "{stale}");
}

/// What was found is told even where the picture cannot be kept.
#[test]
fn a_diagram_that_cannot_be_written_hides_no_verdict() {
    let args = arguments("tests/histories/stale.log", &["register"]);
    let (out, err) = exits(2, &[&args[..], &["--diagram", "/no/such/folder/x.svg"]].concat());
    assert!(out.starts_with("linearizable: NO\n"), "{out}");
    assert!(err.starts_with("error: cannot write /no/such/folder/x.svg: "), "{err}");
    let (_, err) = exits(2, &[&args[..], &["--diagram", "-"]].concat());
    assert!(err.contains("expected a file"), "{err}");
}

/// The contract that outside tools rely on.
#[test]
fn the_json_verdict_has_its_form() {
    let args = arguments("tests/histories/stale.edn", &["register", "0"]);
    let (out, _) = exits(1, &[&args[..], &["--format", "json"]].concat());
    let found: Value = serde_json::from_str(&out).expect("one JSON object");
    assert_eq!(found["file"], "tests/histories/stale.edn");
    assert_eq!(
        (&found["model"], &found["consistency"]),
        (&"register".into(), &"linearizable".into())
    );
    assert_eq!((&found["operations"], &found["processes"]), (&2.into(), &2.into()));
    assert_eq!(found["verdict"], "violation");
    assert!(found["detail"].as_str().is_some_and(|why| why.starts_with("read returned 0")));
    assert!(found["wall_ms"].is_number());
    let first = &found["first_break"];
    assert_eq!((&first["line"], &first["line_returned"]), (&3.into(), &4.into()));
    assert_eq!((&first["who"], &first["call"]), (&"process 1".into(), &"read".into()));
    let args = arguments("tests/histories/kv.txt", &["kv"]);
    let (out, _) = exits(0, &[&args[..], &["--format", "json"]].concat());
    let found: Value = serde_json::from_str(&out).expect("one JSON object");
    assert_eq!((&found["verdict"], &found["initial"]), (&"ok".into(), &"\"\"".into()));
    assert_eq!(found["first_break"], Value::Null);
}

/// Each bad file, and all that is said of it.
#[test]
fn mistakes_are_shown_where_they_are() {
    let mut said = String::new();
    for (file, model) in BAD {
        let path = format!("tests/histories/bad/{file}");
        let args = arguments(&path, std::slice::from_ref(model));
        let (out, err) = exits(2, &args);
        assert!(out.is_empty(), "{out}");
        said.push_str(&format!("$ simlab {}\n{err}\n", args.join(" ")));
    }
    snapbox::assert_data_eq!(said, snapbox::file!["golden/check_mistakes.txt"].raw());
}

#[test]
fn wrong_arguments_are_refused_with_what_is_known() {
    let file = "tests/histories/kv.txt";
    let said = |args: &[&str]| exits(2, &[&["check", file], args].concat()).1;
    assert!(said(&["--model", "kw"]).contains("help: did you mean `kv`?"));
    let unknown = said(&["--model", "kv", "--consistency", "linearisable"]);
    assert!(unknown.contains("did you mean `linearizable`?"), "{unknown}");
    assert!(said(&["--model", "kv", "--variant", "a"]).contains("this is no trace file"));
    assert!(said(&["--model", "kv", "--limit", "60"]).contains("a duration needs a unit"));
    let stock = exits(2, &["check", "tests/histories/stale.edn", "--model", "stock"]).1;
    assert!(stock.contains("a stock has no `:write`"), "{stock}");
    let set = ["check", "tests/histories/set.edn", "--model", "set", "--initial", "1"];
    assert!(exits(2, &set).1.contains("the initial value of a set is nil"));
}

#[test]
fn a_history_comes_from_standard_input_too() {
    let history = std::fs::read("tests/histories/cas.log").expect("it is there");
    let mut simlab = Command::new(env!("CARGO_BIN_EXE_simlab"))
        .args(["check", "-", "--model", "cas-register"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("simlab runs");
    simlab.stdin.take().expect("a pipe").write_all(&history).expect("it reads all of it");
    let output = simlab.wait_with_output().expect("it ends");
    let out = text(&output.stdout);
    assert!(out.starts_with("linearizable: yes\njudged: standard input (Jepsen log)"), "{out}");
}

/// The history of a run is in its trace, and is judged as the run judged it.
#[test]
fn a_trace_is_checked_without_running_it_again() {
    let folder = Folder::new("check");
    for (variant, status) in [("consistent", 0), ("available", 1)] {
        let trace = folder.path(variant);
        exits(
            0,
            &["run", "cap_partition", "--variant", variant, "--format", "json", "--trace", &trace],
        );
        let check = |status: i32, more: &[&str]| {
            exits(status, &[&["check", &trace, "--model"], more].concat())
        };
        let (out, _) = check(status, &["stock", "--initial", "60", "--variant", variant]);
        assert!(out.contains("(simlab trace)"), "{out}");
        if status == 1 {
            assert!(
                out.contains("first broken by customer-s.") && out.contains("read returned 60"),
                "{out}"
            );
        }
        let (_, other) = check(2, &["stock", "--initial", "60", "--variant", "escrow"]);
        assert!(
            other.contains(&format!("this trace is of the variant `{variant}`, not of `escrow`"))
        );
        let mutex = check(2, &["mutex"]).1;
        assert!(mutex.contains("a mutex has no such call"), "{mutex}");
        assert!(mutex.contains("help: --model "), "{mutex}");
        let weaker = ["stock", "--initial", "60", "--consistency", "all"];
        let (out, _) = check(status, &weaker);
        assert_eq!(out.contains("customer-h: sell"), status == 1, "{out}");
        assert!(check(2, &["stock"]).1.contains("help: say what it was with --initial"));
    }
    let whole = std::fs::read_to_string(folder.path("available")).expect("it was written");
    let cut = folder.file("cut", &whole[..whole.len() / 2]);
    let (_, err) = exits(2, &["check", &cut, "--model", "stock", "--initial", "60"]);
    assert!(err.contains("the file is cut within this line"), "{err}");
}

/// A line of 100 MB is read, and not shown.
#[test]
fn a_line_may_be_very_long() {
    let folder = Folder::new("long");
    let long = "x".repeat(100_000_000);
    let bad = folder.file("bad.edn", format!("[{{:process 0 :f \"{long}\" :type :invoke}}]"));
    let (_, err) = exits(2, &["check", &bad, "--model", "register"]);
    assert!(err.contains("`:f` must be a keyword") && err.len() < 4_000, "{}", err.len());
    let deep = folder.file("deep.edn", "[".repeat(100_000_000));
    let (_, err) = exits(2, &["check", &deep, "--model", "register"]);
    assert!(err.contains("too much is nested here") && err.len() < 4_000, "{}", err.len());
    let bytes = folder.file("bytes.edn", b"{:process 0, :type :invoke, :f \xff}");
    let (_, err) = exits(2, &["check", &bytes, "--model", "register"]);
    assert!(err.contains("byte 0xff cannot stand here") && err.contains(":1:32"), "{err}");
}

#[test]
fn recordings_of_real_systems_get_their_verdicts() {
    let folder = Path::new("../shared/histories");
    if !folder.is_dir() {
        println!("skipped: there is no folder {}", folder.display());
        return;
    }
    for (file, model, linearizable) in RECORDINGS {
        let path = folder.join(file).display().to_string();
        let args = arguments(&path, model);
        exits(i32::from(!linearizable), &[&args[..], &["--limit", "60s"]].concat());
    }
}
