//! `simlab new`: the crate of a protocol of one's own, with its scenario and its property test.

use super::args::NewArgs;
use super::output::{Exit, Output};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The files of the crate. `NAME` stands for its name, `SNAKE` for that as an identifier, and `SIMLAB` for where
/// simlab is.
const FILES: [(&str, &str); 6] = [
    ("Cargo.toml", include_str!("Cargo.toml.in")),
    ("src/lib.rs", include_str!("lib.rs.in")),
    ("src/main.rs", include_str!("main.rs.in")),
    ("scenarios/SNAKE.toml", include_str!("scenario.toml.in")),
    ("tests/property.rs", include_str!("property.rs.in")),
    (".gitignore", "/target\n/counterexamples\n"),
];

/// The longest name: that of the scenario must fit as well.
const NAME_MAX: usize = 40;

/// The words that no crate can be called (The Rust Reference, "Keywords": strict and reserved ones in small
/// letters).
const KEYWORDS: [&str; 51] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

pub(super) fn new(args: &NewArgs, output: &mut Output) -> Exit {
    match try_new(args) {
        Ok(folder) => {
            let folder = folder.display();
            output.line(&format!("a protocol to start from is in {folder}; in there,"));
            let snake = args.name.replace('-', "_");
            output.line(&format!("  cargo run -- run scenarios/{snake}.toml"));
            output.line("  cargo test");
            Exit::Passed
        }
        Err(why) => {
            output.error(&format!("error: {why}"));
            Exit::BadInput
        }
    }
}

fn try_new(args: &NewArgs) -> Result<PathBuf, String> {
    let name = &args.name;
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !begins || !name.bytes().all(good) || name.ends_with('-') || name.len() > NAME_MAX {
        return Err(format!(
            "a crate is called by 1 to {NAME_MAX} small letters, digits and `-`, as in \
             `my-register`, and `{name}` is no such name"
        ));
    }
    if matches!(&name[..], "simlab" | "test" | "core" | "std" | "alloc" | "proc-macro") {
        return Err(format!("`{name}` is the name of another crate"));
    }
    if KEYWORDS.contains(&&name[..]) {
        return Err(format!("`{name}` is a word of Rust, and no crate can be called so"));
    }
    let simlab = simlab(args.simlab.as_deref())?;
    let folder = args.path.clone().unwrap_or_else(|| PathBuf::from(name));
    let failed = |error: io::Error| format!("cannot write {}: {error}", folder.display());
    // What is there is never written over, and what cannot be finished is taken away again.
    fs::create_dir(&folder).map_err(failed)?;
    write(&folder, name, &simlab).map_err(|error| {
        let _ = fs::remove_dir_all(&folder);
        failed(error)
    })?;
    Ok(folder)
}

/// Where the sources of simlab are: what is said, or where this program was built.
fn simlab(said: Option<&Path>) -> Result<String, String> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = said.unwrap_or(built);
    let whole = path.canonicalize().ok().filter(|path| path.join("Cargo.toml").is_file());
    let whole = whole.ok_or_else(|| {
        let help = "say with --simlab where the sources of simlab are";
        format!("there is no simlab in {}: {help}", path.display())
    })?;
    // A TOML string, whatever the path has in it.
    let text = whole.to_str().ok_or("the path of simlab is no text")?;
    Ok(format!("{text:?}"))
}

fn write(folder: &Path, name: &str, simlab: &str) -> io::Result<()> {
    let snake = name.replace('-', "_");
    for (file, text) in FILES {
        let path = folder.join(file.replace("SNAKE", &snake));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let text = text.replace("SIMLAB", simlab).replace("SNAKE", &snake).replace("NAME", name);
        fs::write(path, text)?;
    }
    fs::create_dir_all(folder.join("tests/regressions"))?;
    fs::write(folder.join("tests/regressions/README.md"), REGRESSIONS)
}

const REGRESSIONS: &str = "\
What failed once, made small, each a scenario that stands alone. The property test writes them here and runs
them before anything else; `cargo run -- replay FILE` tells one, `cargo run -- tui FILE` shows it.
";
