//! A user's own protocol with a mistake in it (`examples/register.rs`): a property test finds it, makes it small,
//! tells it and keeps it, and the user's own command line replays it.

#[path = "../examples/register.rs"]
#[allow(dead_code, reason = "the example's main function is called by cargo alone")]
mod register;

use simlab::property::Property;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

/// An empty folder of this test's own, with the scenario in it.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("register.toml"), SCENARIO).expect("a file");
    folder
}

const SCENARIO: &str = include_str!("../examples/register.toml");

fn property(root: &Path) -> Property {
    Property::of("register.toml").root(root).services(&[&register::SERVER, &register::CLIENT])
}

#[test]
fn a_mistake_is_found_made_small_told_kept_and_replayed() {
    let root = folder("own_protocol");
    let failure = property(&root)
        .size("workloads.count", 2..=40)
        .try_check()
        .expect_err("whoever is asked answers a read");
    assert_eq!(failure.check, "linearizable");
    let told = failure.to_string();
    println!("{told}");
    assert!(told.contains("SIMLAB_SEED=") && told.contains("cargo run -- replay"), "{told}");
    assert!(failure.story.len() <= 15, "{:#?}", failure.story);
    assert!(failure.story.last().is_some_and(|so| so.starts_with("So read returned")));

    assert!(told.contains(" SIMLAB_SET=workloads.count="), "{told}");
    // Without sizes there are none to be set: the command would be refused.
    let bare = property(&folder("own_protocol_bare")).try_check().expect_err("the same mistake");
    assert!(!bare.to_string().contains("SIMLAB_SET"), "{bare}");

    // It is kept, and is what fails first from now on.
    let file = root.join(failure.file.expect("a counterexample"));
    let text = fs::read_to_string(&file).expect("it was written");
    assert!(text.matches("[[operations]]").count() <= 4, "{text}");
    let again = property(&root).try_check().expect_err("nothing was mended").to_string();
    assert!(again.contains("fails again: linearizable"), "{again}");

    // The user's own command line replays it.
    let example =
        Path::new(env!("CARGO_BIN_EXE_simlab")).with_file_name("examples").join("register");
    let output = Command::new(example).arg("replay").arg(&file).output().expect("it runs");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(shown.contains("the same hash and the same verdict as recorded"), "{shown}");
}

/// The mistake mended: all ask the primary, since there is no other server.
#[test]
fn where_it_is_mended_the_property_holds_and_so_does_what_failed_once() {
    let root = folder("own_protocol_mended");
    let alone =
        SCENARIO.replace("name = \"s2\"\nsite = \"site2\"", "name = \"s2\"\nsite = \"site1\"");
    let alone = alone.replace("name = \"s3\"\nsite = \"site3\"", "name = \"s3\"\nsite = \"site1\"");
    fs::write(root.join("register.toml"), alone).expect("a file");
    let cases = property(&root).size("workloads.count", 2..=40).runs(50).try_check();
    assert_eq!(cases.map_err(|failure| failure.to_string()), Ok(50));
}

#[test]
fn a_scenario_that_is_wrong_is_told_with_its_place() {
    let root = folder("own_protocol_wrong");
    let wrong = SCENARIO.replace("service = \"register-client\"", "service = \"register-cleint\"");
    fs::write(root.join("register.toml"), wrong).expect("a file");
    let failure = property(&root).try_check().expect_err("there is no such service").to_string();
    assert!(failure.contains("register-cleint") && failure.contains("register.toml:"), "{failure}");
}

/// What the property says in the crate `root` under such an environment; `None` if it holds.
fn said(root: &Path, environment: &[(&str, &str)]) -> Option<String> {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.args(["--ignored", "--exact", "on_purpose", "--nocapture"]);
    for name in ["SIMLAB_SEED", "SIMLAB_RUNS", "SIMLAB_SET"] {
        command.env_remove(name);
    }
    let command = command.env("REGISTER", root).envs(environment.iter().copied());
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (!output.status.success()).then_some(said)
}

#[test]
#[ignore = "fails: the tests below run it, each with an environment of its own"]
fn on_purpose() {
    property(Path::new(&std::env::var_os("REGISTER").expect("the crate"))).check();
}

#[test]
fn the_command_of_a_failure_runs_the_same_case() {
    let root = folder("own_protocol_command");
    let told = said(&root, &[]).expect("whoever is asked answers a read");
    let printed = told.lines().find(|line| line.contains("cargo test")).expect(&told);
    let (seed, test) = printed.trim().split_once(" cargo test ").expect(printed);
    assert_eq!(test, "on_purpose", "{told}");
    let seed = seed.strip_prefix("SIMLAB_SEED=").expect(printed);
    let first = |told: &str| {
        let line = told.lines().find(|line| line.starts_with("register ("));
        line.unwrap_or_else(|| panic!("{told}")).to_owned()
    };
    fs::remove_dir_all(root.join("tests")).expect("it was written");
    let again = said(&root, &[("SIMLAB_SEED", seed)]).expect("it fails again");
    assert_eq!(first(&told), first(&again));
}

#[test]
fn an_environment_that_makes_no_sense_is_told() {
    let root = folder("own_protocol_environment");
    for (environment, words) in [
        (&[("SIMLAB_SEED", "seven")][..], "SIMLAB_SEED: cannot make anything of `seven`"),
        (&[("SIMLAB_SEED", "")], "SIMLAB_SEED: cannot make anything of ``"),
        (&[("SIMLAB_RUNS", "-1")], "SIMLAB_RUNS: cannot make anything of `-1`"),
        (&[("SIMLAB_RUNS", "0")], "no case is to be run"),
        (&[("SIMLAB_SEED", "1"), ("SIMLAB_SET", "x")], "expected KEY=VALUE,…, found `x`"),
        (&[("SIMLAB_SEED", "1"), ("SIMLAB_SET", "no.such=1")], "no.such"),
    ] {
        let said = said(&root, environment).expect("it is refused");
        assert!(said.contains(words), "{environment:?}: {said}");
    }
    assert!(!root.join("tests").exists(), "nothing was run");
}

#[test]
fn regressions_that_cannot_be_read_are_told_and_those_of_others_passed_over() {
    let root = folder("own_protocol_regressions");
    let failure = || property(&root).try_check().expect_err("it fails").to_string();
    let refused = |words: &str| {
        let failure = failure();
        assert!(failure.contains(words), "{failure}");
    };
    fs::create_dir(root.join("tests")).expect("a folder");
    fs::write(root.join("tests/regressions"), "").expect("a file");
    refused("cannot read tests/regressions: ");
    fs::remove_file(root.join("tests/regressions")).expect("removed");
    fs::create_dir(root.join("tests/regressions")).expect("a folder");
    let broken = root.join("tests/regressions/broken.toml");
    fs::write(&broken, "format = 1\nname = ").expect("a file");
    refused("tests/regressions/broken.toml:2:");
    fs::write(&broken, [255]).expect("a file");
    refused("cannot read tests/regressions/broken.toml: ");
    // A service that only another property of the crate knows, and a scenario that is no counterexample.
    let other = SCENARIO.replace("service = \"register\"", "service = \"another\"");
    let of = "[counterexample]\nof = \"another\"\nseed = 1\ncheck = \"linearizable\"\n";
    let other = format!("{other}\n{of}trace_hash = \"0123456789abcdef\"\n");
    fs::write(&broken, &other).expect("a file");
    fs::write(root.join("tests/regressions/story.toml"), SCENARIO).expect("a file");
    refused("SIMLAB_SEED=");
}

#[test]
fn no_counterexample_is_written_over_and_two_tests_may_find_the_same() {
    let root = folder("own_protocol_twice");
    let kept = root.join("tests/regressions");
    let files = || fs::read_dir(&kept).expect("a folder").count();
    let found = || property(&root).try_check().expect_err("it fails").file.expect("a file");
    let both = thread::scope(|scope| {
        let both = [scope.spawn(found), scope.spawn(found)];
        both.map(|one| one.join().expect("no panic"))
    });
    assert_eq!(both[0].file_name(), both[1].file_name(), "the same seed fails first");
    assert_eq!(files(), 1);
    // It was of another scenario, say, and is nobody's any more.
    let first = kept.join(both[0].file_name().expect("a name"));
    fs::write(&first, SCENARIO).expect("a file");
    assert_ne!(root.join(found()), first);
    assert_eq!((files(), fs::read_to_string(&first).expect("a file").as_str()), (2, SCENARIO));
}
