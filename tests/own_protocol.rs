//! A user's own protocol with a mistake in it (`examples/register.rs`): a property test finds it, makes it small,
//! tells it and keeps it, and the user's own command line replays it.

#[path = "../examples/register.rs"]
#[allow(dead_code, reason = "the example's main function is called by cargo alone")]
mod register;

use simlab::property::Property;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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
