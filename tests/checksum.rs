//! `simlab checksum` from outside.

mod common;

use common::cli::{Folder, exits, simlab, text};
use simlab::protocols::checksum::ALL;
use std::io::Write;
use std::process::{Command, Stdio};

/// What the command prints about what it is given on standard input.
fn piped(args: &[&str], input: &[u8]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simlab"));
    command.arg("checksum").args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("simlab runs");
    child.stdin.take().expect("a pipe").write_all(input).expect("it reads all");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    text(&output.stdout).to_owned()
}

const CHECKS: &str = "\
sum-8 dd -
internet f62a -
fletcher-16 1ede -
fletcher-32 df09d509 -
adler-32 091e01de -
crc-16-arc bb3d -
crc-16-ccitt-false 29b1 -
crc-32 cbf43926 -
crc-32c e3069283 -
";

#[test]
fn standard_input_has_every_checksum() {
    for args in [&[][..], &["-"], &["--all"], &["--all", "-"]] {
        assert_eq!(piped(args, b"123456789"), CHECKS, "{args:?}");
    }
    assert_eq!(piped(&["--algorithm", "adler-32"], b"123456789"), "adler-32 091e01de -\n");
}

/// The RFC's and the examples, in hex at full width.
#[test]
fn a_file_has_those_that_are_named() {
    let folder = Folder::new("checksum");
    let rfc_1071 = folder.file("rfc 1071", [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
    let (out, err) = exits(0, &["checksum", "--algorithm", "internet", &rfc_1071]);
    assert_eq!((out, err), (format!("internet 220d {rfc_1071}\n"), String::new()));
    let words = folder.file("words", "abcde");
    let asked = ["checksum", "--algorithm", "fletcher-32", "--algorithm", "fletcher-16", &words];
    let (out, _) = exits(0, &asked);
    assert_eq!(out, format!("fletcher-32 f04fc729 {words}\nfletcher-16 c8f0 {words}\n"));
    let (out, _) = exits(0, &["checksum", &folder.file("empty", "")]);
    let sums: Vec<&str> = out.lines().filter_map(|line| line.split(' ').nth(1)).collect();
    let empty =
        ["00", "ffff", "0000", "00000000", "00000001", "0000", "ffff", "00000000", "00000000"];
    assert_eq!(sums, empty);
}

/// A file is read in pieces, and comes from a pipe in others.
#[test]
fn a_long_file_is_read_in_pieces() {
    let long: Vec<u8> =
        (0..200_003_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 23) as u8).collect();
    let folder = Folder::new("checksum");
    let file = folder.file("long", &long);
    let (out, _) = exits(0, &["checksum", &file]);
    let expected = |name: &str| {
        let line = |checksum: &dyn simlab::protocols::checksum::Checksum| {
            let width = checksum.width() * 2;
            format!("{} {:0width$x} {name}\n", checksum.name(), checksum.reference(&long))
        };
        ALL.map(line).concat()
    };
    assert_eq!(out, expected(&file));
    assert_eq!(piped(&[], &long), expected("-"));
}

#[test]
fn what_cannot_be_is_refused() {
    let (out, err) = exits(2, &["checksum", "--algorithm", "crc32", "README.md"]);
    assert_eq!(out, "");
    assert!(err.starts_with("error: there is no checksum \"crc32\"\nhelp: did you mean `crc-32`?"));
    for checksum in ALL {
        assert!(err.contains(&format!("`{}`", checksum.name())), "{err}");
    }
    let (_, err) = exits(2, &["checksum", "--explain", "adler"]);
    assert!(err.contains("known checksums: `adler-32`"), "{err}");
    for unreadable in ["no/such/file", "src"] {
        let (out, err) = exits(2, &["checksum", unreadable]);
        assert_eq!(out, "");
        assert!(err.starts_with(&format!("error: cannot read {unreadable}: ")), "{err}");
    }
    for contradiction in
        [&["--all", "--algorithm", "crc-32"][..], &["--explain", "crc-32", "README.md"]]
    {
        let output = simlab(&[&["checksum"], contradiction].concat());
        assert_eq!(output.status.code(), Some(2), "{contradiction:?}");
    }
}

#[test]
fn checksums_are_explained() {
    let (out, _) = exits(0, &["checksum", "--explain"]);
    assert!(out.lines().all(|line| line.chars().count() <= 80));
    snapbox::assert_data_eq!(&out, snapbox::file!["golden/checksums.txt"].raw());
    let (one, _) = exits(0, &["checksum", "--explain", "crc-32c"]);
    assert!(out.ends_with(&one));
}

/// The page names every checksum, with the costs that are counted, and shows what the command prints.
#[test]
fn the_documentation_is_right() {
    let page = include_str!("../docs/checksums.md");
    assert!(page.contains(CHECKS));
    let digits = page.replace(',', "");
    for checksum in ALL {
        let (name, cost) = (checksum.name(), checksum.cost(1_024));
        let row = format!("| `{name}` | {} | {} |", cost.lookups, cost.additions);
        assert!(digits.contains(&row), "{row}");
        for up_to in checksum.claims().iter().filter_map(|claim| claim.up_to) {
            assert!(digits.contains(&format!(" {up_to}")), "{name}: up to {up_to} bytes");
        }
    }
}
