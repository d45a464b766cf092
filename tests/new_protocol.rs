//! `simlab new protocol NAME`: the crate builds, and its tests pass.

mod common;

use common::cli::{Folder, exits};
use std::path::Path;
use std::process::Command;

#[test]
fn the_crate_that_it_writes_builds_and_passes() {
    let folder = Folder::new("new");
    let path = folder.path("my-register");
    let (told, _) = exits(0, &["new", "protocol", "my-register", "--path", &path]);
    assert!(told.contains("cargo test"), "{told}");
    // What this workspace was built of is there already.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::copy(here.join("Cargo.lock"), Path::new(&path).join("Cargo.lock")).expect("copied");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let cargo = |passes: bool, args: &[&str]| {
        let mut command = Command::new(env!("CARGO"));
        command.args(args).current_dir(&path).env("CARGO_TARGET_DIR", target);
        let output = command.env_remove("SIMLAB_SEED").output().expect("cargo runs");
        let shown =
            [output.stdout, output.stderr].map(|all| String::from_utf8_lossy(&all).into_owned());
        assert_eq!(output.status.success(), passes, "cargo {args:?}\n{}\n{}", shown[0], shown[1]);
        shown.concat()
    };
    let tested = cargo(true, &["test", "--offline"]);
    assert!(tested.contains("what_the_scenario_expects_holds_for_every_seed ... ok"), "{tested}");
    let ran = cargo(true, &["run", "--offline", "--", "run", "scenarios/my_register.toml"]);
    assert!(ran.contains("linearizable"), "{ran}");

    // What the crate proposes to try is found, and the command that is printed replays it.
    let lib = Path::new(&path).join("src/lib.rs");
    let text = std::fs::read_to_string(&lib).expect("the crate");
    assert!(text.contains("links may damage what is said"), "{text}");
    let cut = "    tolerates(FaultKind::Cut, Tolerance::Any),\n";
    let more = text.replace(cut, &format!("{cut}{}", cut.replace("Cut", "Corrupt")));
    std::fs::write(&lib, more).expect("written");
    let told = cargo(false, &["test", "--offline"]);
    let replay = told.lines().find_map(|line| line.trim().strip_prefix("cargo run -- replay "));
    let file = replay.unwrap_or_else(|| panic!("{told}"));
    let ran = cargo(true, &["run", "--offline", "--", "replay", file]);
    assert!(ran.contains("the same hash and the same verdict as recorded"), "{ran}");
}

#[test]
fn what_is_there_is_not_written_over_and_names_are_names() {
    let folder = Folder::new("new-refused");
    folder.file("mine", "");
    for (name, path, why) in [
        ("my-register", folder.path("mine"), "cannot write"),
        ("My_Register", folder.path("a"), "small letters"),
        ("simlab", folder.path("b"), "another crate"),
        ("impl", folder.path("d"), "a word of Rust"),
        ("../up", folder.path("c"), "no such name"),
    ] {
        let (_, refused) = exits(2, &["new", "protocol", name, "--path", &path]);
        assert!(refused.contains(why), "{name}: {refused}");
    }
    let nowhere = folder.path("nowhere");
    let (_, refused) =
        exits(2, &["new", "protocol", "mine", "--path", &nowhere, "--simlab", &nowhere]);
    assert!(refused.contains("there is no simlab in"), "{refused}");
    assert_eq!(folder.names(), ["mine"]);
}
