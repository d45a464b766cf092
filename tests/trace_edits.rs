//! Whatever is done to a trace file, it is refused, with the line that it was done to.
//!
//! One edit: `SIMLAB_SEED=17 cargo test --test trace_edits`. All that are asked for:
//! `SIMLAB_RUNS=100000 cargo test --test trace_edits`.

mod common;

use common::cli::{Folder, exits};
use common::dice::{Dice, runs};
use common::seeds;
use simlab::scenarios::tracefile::Reader;

/// Two seconds of a lesson, so that there is a crowd of kinds and the file is short.
fn trace() -> Vec<u8> {
    let folder = Folder::new("trace-edits");
    let path = folder.path("run.jsonl");
    let run = ["run", "cap_partition", "--variant", "consistent", "--set", "until=2s"];
    // The lesson's expectations are about all of it, and fail.
    let output = common::cli::simlab(&[&run[..], &["--trace", &path]].concat());
    assert!([Some(0), Some(1), Some(3)].contains(&output.status.code()));
    exits(0, &["replay", &path]);
    std::fs::read(path).expect("it was written")
}

/// A text with an edit, and the line in which it is.
struct Edit {
    what: String,
    bytes: Vec<u8>,
    line: usize,
}

/// The lines of the file, each with its end.
fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

fn edit(good: &[u8], dice: &mut Dice) -> Edit {
    let lines = lines(good);
    let at = dice.below(good.len());
    let line_of = |at: usize| 1 + good[..at].iter().filter(|byte| **byte == b'\n').count();
    let n = dice.below(lines.len());
    let join = |lines: Vec<&[u8]>| lines.concat();
    match dice.below(7) {
        0 => {
            let mut bytes = good.to_vec();
            bytes[at] ^= 1 << dice.below(8);
            Edit { what: format!("a flipped bit of byte {at}"), bytes, line: line_of(at) }
        }
        1 => {
            let mut bytes = good.to_vec();
            let byte = dice.below(255) as u8;
            bytes[at] = if byte >= bytes[at] { byte + 1 } else { byte };
            Edit { what: format!("another byte {at}"), bytes, line: line_of(at) }
        }
        2 => {
            let mut bytes = good.to_vec();
            let at = dice.below(good.len() + 1);
            let byte = dice.below(256) as u8;
            bytes.insert(at, byte);
            // Two ends of a line in a row are an empty line after it, whichever was there first.
            let empty = byte == b'\n' && good.get(at) == Some(&b'\n');
            let line = line_of(at) + usize::from(empty);
            Edit { what: format!("byte {byte} put in at {at}"), bytes, line }
        }
        3 => {
            let mut all = lines.clone();
            all.remove(n);
            Edit { what: format!("no line {}", n + 1), bytes: join(all), line: n + 1 }
        }
        4 => {
            let mut all = lines.clone();
            all.insert(n, lines[n]);
            // The first of the two is where it belongs.
            Edit { what: format!("line {} twice", n + 1), bytes: join(all), line: n + 2 }
        }
        5 => {
            let other = (n + 1 + dice.below(lines.len() - 1)) % lines.len();
            let mut all = lines.clone();
            all.swap(n, other);
            let what = format!("lines {} and {} swapped", n + 1, other + 1);
            Edit { what, bytes: join(all), line: n.min(other) + 1 }
        }
        // Cut between two lines, it is the next one that is missing.
        _ => Edit { what: format!("{at} bytes"), bytes: good[..at].to_vec(), line: line_of(at) },
    }
}

/// Reads the whole file; the line in which it is refused.
fn refused(bytes: &[u8]) -> Option<usize> {
    let read = Reader::new("edited", bytes).and_then(|mut reader| reader.finish().map(|_| ()));
    read.err().map(|problems| {
        assert!(problems.render(false).contains("error: "));
        problems.list()[0].line()
    })
}

#[test]
fn every_edit_is_refused_with_its_line() {
    let good = trace();
    assert_eq!(refused(&good), None);
    for seed in seeds(0..runs(1_500)) {
        let Edit { what, bytes, line } = edit(&good, &mut Dice::new(seed));
        assert_eq!(
            refused(&bytes),
            Some(line),
            "{what}\nreplay: SIMLAB_SEED={seed} cargo test --test trace_edits"
        );
    }
}

/// At every byte of the last lines, where a cut is most likely.
#[test]
fn every_cut_of_the_end_is_refused() {
    let good = trace();
    let count = lines(&good).len();
    let last = lines(&good)[count - 1].len();
    for len in good.len() - last..good.len() {
        assert_eq!(refused(&good[..len]), Some(count), "cut to {len} bytes");
    }
    let longer = [&good[..], b"{}\n"].concat();
    assert_eq!(refused(&longer), Some(count + 1));
}

/// The command line says which line and exits with 2, whatever it was to do with the file.
#[test]
fn the_command_line_refuses_a_damaged_file() {
    let folder = Folder::new("damaged");
    let good = folder.file("good.jsonl", trace());
    let mut bytes = trace();
    let at = bytes.len() / 2;
    bytes[at] ^= 4;
    let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
    let bad = folder.file("bad.jsonl", bytes);
    for args in [&["replay", &bad][..], &["log", &bad], &["diff", &good, &bad]] {
        let (out, err) = exits(2, args);
        assert!(out.is_empty(), "{args:?}: {out}");
        assert!(err.contains(&format!("bad.jsonl:{line}:")), "{args:?}: {err}");
    }
    let newer =
        String::from_utf8(trace()).expect("UTF-8").replace("\"version\":1,", "\"version\":2,");
    for (name, content, says) in [
        ("newer", newer.as_str(), "is newer"),
        ("empty", "", "no trace file"),
        ("foreign", "{\"format\":\"other\"}\n", "no trace file"),
        ("binary", "\u{1}\u{2}\n", "no trace file"),
    ] {
        let (_, err) = exits(2, &["replay", &folder.file(name, content)]);
        assert!(err.contains(says) && err.contains(&format!("{name}:1:")), "{err}");
    }
    let (_, err) = exits(2, &["replay", &folder.path("none")]);
    assert!(err.contains("cannot read the file"), "{err}");
    let (_, err) = exits(2, &["replay", folder.as_ref().to_str().expect("a plain name")]);
    assert!(err.contains("regular file"), "{err}");
}
