//! Files that are no texts.

mod common;

use common::catalogue;
use simlab_scenarios::{Diagnostics, Source, load};
use std::path::{Path, PathBuf};

/// A file with this content, removed when it is no longer used.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, content: &[u8]) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, content).expect("writable");
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn refused(path: &Path) -> Diagnostics {
    match Source::read(path) {
        Ok(_) => panic!("{} is read", path.display()),
        Err(diagnostics) => diagnostics,
    }
}

fn only(diagnostics: &Diagnostics) -> (&str, usize, usize) {
    assert_eq!(diagnostics.list().len(), 1, "{diagnostics}");
    let only = &diagnostics.list()[0];
    (only.message(), only.line(), only.column())
}

#[test]
fn what_is_not_utf8_is_refused_at_its_first_bad_byte() {
    let file = Scratch::new("latin1.toml", b"format = 1\ntitle = \"Gr\xfc\xdfe\"\nname = 1\n");
    let diagnostics = refused(&file.0);
    assert_eq!(only(&diagnostics), ("the file is not UTF-8", 2, 12));
    let shown = diagnostics.render(false);
    assert!(shown.contains("latin1.toml:2:12") && shown.contains("0xfc"), "{shown}");
    let file = Scratch::new("truncated.toml", "title = \"北".as_bytes().split_last().unwrap().1);
    assert_eq!(only(&refused(&file.0)), ("the file is not UTF-8", 1, 10));
    let file = Scratch::new("utf16.toml", b"\xff\xfef\0o\0r\0m\0a\0t\0");
    let diagnostics = refused(&file.0);
    assert_eq!(only(&diagnostics), ("the file is not UTF-8", 1, 1));
    assert!(diagnostics.render(false).contains("UTF-16"), "{diagnostics}");
}

#[test]
fn what_cannot_be_read_says_why() {
    let diagnostics = refused(Path::new("no/such/file.toml"));
    let (message, line, column) = only(&diagnostics);
    assert!(message.starts_with("cannot read the file: "), "{message}");
    assert_eq!((line, column), (1, 1));
    assert!(diagnostics.render(false).contains("--> no/such/file.toml"), "{diagnostics}");
    let folder = refused(&common::folder("good"));
    assert!(only(&folder).0.starts_with("cannot read the file: "), "{folder}");
}

/// No more than a mebibyte of it is even read.
#[test]
fn fifty_megabytes_of_garbage_are_refused() {
    let mut state = 7_u64;
    let garbage: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    })
    .take(50_000_000)
    .collect();
    let file = Scratch::new("garbage.toml", &garbage);
    let diagnostics = refused(&file.0);
    let message = "the file is too long: a scenario has at most 1 MiB";
    assert_eq!(only(&diagnostics), (message, 1, 1));
    // A mebibyte of it is read, and is no text.
    let file = Scratch::new("less_garbage.toml", &garbage[..1 << 20]);
    assert_eq!(only(&refused(&file.0)).0, "the file is not UTF-8");
    let text = String::from_utf8_lossy(&garbage[..300_000]).into_owned();
    let refused = load(Source::new("garbage", text), &catalogue(), &[]).expect_err("garbage");
    assert!(!refused.render(false).is_empty());
}
