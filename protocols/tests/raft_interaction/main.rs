//! Raft told command by command: `testdata/*.txt`, in the manner of the tests of etcd's raft.
//!
//! Each file has blocks of commands, and behind `----` what they led to, up to an empty line; lines that begin with `#` are for
//! the reader. `testdata/README.md` says what a file can say.
//! `SNAPSHOTS=overwrite cargo test -p simlab-protocols --test raft_interaction` writes anew what is behind the lines: look at the
//! difference before you keep it.

mod cluster;
mod command;
mod disk;
mod lie;
mod words;

use command::Story;
use simlab_protocols::raft::config::Rule;
use std::fmt::Write as _;
use std::path::Path;

/// A file as it is to be: behind the lines is what the commands before them led to.
fn told(name: &str, text: &str) -> Result<String, String> {
    let (mut out, mut story, mut commands) = (String::new(), Story::default(), Vec::new());
    let mut lines = (1..).zip(text.lines());
    while let Some((place, line)) = lines.next() {
        out += line;
        out.push('\n');
        match line {
            "----" => {
                let before = out.len();
                for (place, command) in std::mem::take(&mut commands) {
                    let led_to = story.obey(command);
                    for line in led_to.map_err(|error| format!("{name}:{place}: {error}"))? {
                        writeln!(out, "{line}").expect("a text takes all");
                    }
                }
                if out.len() == before {
                    out += "nothing\n";
                }
                lines.by_ref().take_while(|(_, line)| !line.is_empty()).for_each(drop);
                out.push('\n');
            }
            "" => {}
            _ if line.starts_with('#') => {}
            _ => commands.push((place, line)),
        }
    }
    match commands.first() {
        Some((place, _)) => Err(format!("{name}:{place}: no line `----` is behind that")),
        None => Ok(format!("{}\n", out.trim_end())),
    }
}

/// Whether a check objects to a cluster that keeps all rules.
fn objects_to_all_rules(told: &str) -> bool {
    let mut keeps_all = true;
    told.lines().any(|line| {
        if line.starts_with("cluster ") {
            keeps_all = !line.contains(" without=");
        }
        keeps_all && line.starts_with("!!")
    })
}

#[test]
fn raft_does_what_the_files_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/raft_interaction/testdata");
    let files = std::fs::read_dir(&folder).expect("the folder is there");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    assert!(files.len() >= 24, "{files:?}");
    let overwrite = std::env::var_os("SNAPSHOTS").is_some_and(|how| how == "overwrite");
    let (mut wrong, mut texts) = (Vec::new(), Vec::new());
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let expected = std::fs::read_to_string(&file).expect("a text");
        match told(&name, &expected) {
            Ok(found) if objects_to_all_rules(&found) => {
                wrong.push(format!("{name}: a check objects, and no rule is left out:\n{found}"));
            }
            Ok(found) if overwrite => std::fs::write(&file, found).expect("it can be written"),
            Ok(found) if found != expected => {
                let line = found.lines().zip(expected.lines()).position(|(a, b)| a != b);
                let line =
                    line.unwrap_or_else(|| found.lines().count().min(expected.lines().count()));
                let said = found.lines().nth(line).unwrap_or("the end");
                wrong.push(format!("{name}:{}: now it is: {said}", line + 1));
            }
            Ok(_) => {}
            Err(error) => wrong.push(error),
        }
        texts.push(expected);
    }
    let told_without =
        |rule: &&Rule| texts.iter().any(|text| text.contains(&format!(" without={rule:?}")));
    let untold: Vec<&Rule> = Rule::ALL.iter().filter(|rule| !told_without(rule)).collect();
    assert!(untold.is_empty(), "no file tells what these rules are for: {untold:?}");
    assert!(
        wrong.is_empty(),
        "SNAPSHOTS=overwrite accepts what is other than it was:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn a_mistake_is_told_with_its_place() {
    let block = |lines: &str| told("a.txt", &format!("cluster 2\n{lines}\n----\n"));
    for (lines, error) in [
        ("dance n1", "a.txt:2: no such command: dance n1"),
        ("stand n1\nstand n9", "a.txt:3: there is no n9"),
        ("deliver n1->n2 append", "a.txt:2: nothing of that kind is under way: n1->n2 append"),
        ("crash n1 4", "a.txt:2: 0 writes are not synced: there is no write 4"),
        ("tick n1 soon", "a.txt:2: `soon` is no time: 100ms, 2s"),
    ] {
        assert_eq!(block(lines), Err(error.to_owned()));
    }
    assert_eq!(
        told("a.txt", "cluster 2\n"),
        Err("a.txt:1: no line `----` is behind that".to_owned())
    );
    let unknown = told("a.txt", "cluster 2 without=Sense\n----\n");
    assert_eq!(unknown, Err("a.txt:1: there is no rule Sense".to_owned()));
}
