//! Whatever the bytes of a file are, loading it ends in a scenario or in mistakes that can be shown.

mod common;

use common::{catalogue, files};
use proptest::prelude::*;
use simlab_scenarios::{Source, load};

/// Loads a text. It must not panic, and its mistakes must be on lines that exist.
fn survive(text: &str) {
    let lines = text.split('\n').count();
    let Err(diagnostics) = load(Source::new("edited.toml", text), &catalogue(), &[]) else {
        return;
    };
    assert!(!diagnostics.list().is_empty());
    for diagnostic in diagnostics.list() {
        assert!((1..=lines).contains(&diagnostic.line()), "{diagnostic:?} of {lines} lines");
        assert!(!diagnostic.message().is_empty());
    }
    let shown = diagnostics.render(false);
    let first = &diagnostics.list()[0];
    assert!(shown.starts_with(&format!("error: {}", &first.message()[..1])), "{shown}");
    assert!(!diagnostics.render(true).is_empty());
}

/// The texts of all files of the tests.
fn texts() -> Vec<String> {
    let paths = ["good", "malformed"].iter().flat_map(|folder| files(folder));
    paths.map(|path| std::fs::read_to_string(path).expect("a text")).collect()
}

/// A change to a text.
#[derive(Clone, Debug)]
enum Edit {
    /// Puts these characters in place of some.
    Replace(usize, usize, String),
    /// Leaves out the rest.
    Truncate(usize),
    /// Swaps two lines.
    Swap(usize, usize),
    /// Repeats a line.
    Repeat(usize, usize),
}

impl Edit {
    fn apply(&self, text: &str) -> String {
        let chars: Vec<char> = text.chars().collect();
        let mut lines: Vec<&str> = text.lines().collect();
        let (count, length) = (lines.len().max(1), chars.len() + 1);
        match self {
            Edit::Replace(at, gone, new) => {
                let at = at % length;
                let rest = chars[at..].iter().skip(gone % 8);
                chars[..at].iter().copied().chain(new.chars()).chain(rest.copied()).collect()
            }
            Edit::Truncate(at) => chars[..at % length].iter().collect(),
            Edit::Swap(a, b) if !lines.is_empty() => {
                lines.swap(a % count, b % count);
                lines.join("\n")
            }
            Edit::Repeat(a, times) if !lines.is_empty() => {
                let line = lines[a % count];
                lines.splice(a % count..a % count, std::iter::repeat_n(line, times % 40));
                lines.join("\n")
            }
            Edit::Swap(..) | Edit::Repeat(..) => text.to_owned(),
        }
    }
}

fn edit() -> impl Strategy<Value = Edit> {
    let piece = prop_oneof![
        4 => "[\\[\\]{}=\"',.#\n\r\t 0-9a-zA-Z_-]{0,3}",
        1 => any::<String>(),
        1 => prop::sample::select(vec![
            "\"\"\"", "'''", "[[", "]]", "{}", "[]", "= ", "nan", "inf", "-0", "1e400", "0x", "\\u",
            "18446744073709551616", "-9223372036854775809", "1979-05-27", "\"never\"", "\"0s\"", "é",
            "北", "\u{feff}", "\u{2028}", "nodes", "[nodes]", "[[expect]]", "format = 2", "a.b.c = 1",
        ])
        .prop_map(str::to_owned),
    ];
    let at = any::<usize>;
    prop_oneof![
        6 => (at(), at(), piece).prop_map(|(a, b, text)| Edit::Replace(a, b, text)),
        1 => at().prop_map(Edit::Truncate),
        2 => (at(), at()).prop_map(|(a, b)| Edit::Swap(a, b)),
        1 => (at(), at()).prop_map(|(a, b)| Edit::Repeat(a, b)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn edited_files_load_or_say_what_is_wrong(
        text in prop::sample::select(texts()),
        edits in prop::collection::vec(edit(), 1..5),
    ) {
        survive(&edits.iter().fold(text, |text, edit| edit.apply(&text)));
    }

    #[test]
    fn any_text_loads_or_says_what_is_wrong(text in any::<String>()) {
        survive(&text);
    }

    #[test]
    fn any_option_is_taken_or_refused(
        key in prop_oneof![
            Just("until".to_owned()), Just("jitter".to_owned()), Just("network.default.delay".to_owned()),
            Just("network.same_site.loss".to_owned()), Just("network.default.corruption".to_owned()), Just("shop.deadline".to_owned()),
            "[a-z.]{0,12}", any::<String>(),
        ],
        value in prop_oneof!["[0-9]{0,2}(ms|s|%|)", "[\\[\\]{}=\"0-9a-z]{0,9}", any::<String>()],
    ) {
        let good = common::folder("good").join("every_feature.toml");
        let source = Source::read(&good).expect("the file is there");
        if let Err(diagnostics) = load(source, &catalogue(), &[(key, value)]) {
            prop_assert!(diagnostics.render(false).contains("error: "));
        }
    }
}

/// Files of a mebibyte that are nothing but one piece, over and over: none may take long, and none
/// may overflow the stack.
#[test]
fn large_files_of_one_piece_are_survived() {
    let pieces = [
        "x",
        "x ",
        "x\n",
        "x = ",
        "x = 1\n",
        "= ",
        "=\n",
        "[",
        "{",
        "x = [",
        "x = {",
        "[x]\n",
        "[[x]]\n",
        "[[nodes]]\n",
        "\"",
        "\"\"\"",
        "'",
        "#",
        ".",
        "x.",
        "\\",
        "\r",
        "\t",
        "北",
        "[[nodes]]\nname = 1\n",
        "[[nodes]]\nname = \"a\"\n",
        "[[expect]]\nchekc = 1\n",
        "x = {a=[{",
        "a = [1,\n",
        "[[faults]]\ndo = { partition = [[\"a\"], [\"b\"]] }\n",
        "[[faults]]\ndo = { flap = { isolate = [\"a\"] } }\n",
        "[[workloads]]\nmix = { read = 1 }\n",
    ];
    for piece in pieces {
        survive(&piece.repeat((1 << 20) / piece.len()));
        survive(&format!("format = 1\nname = \"x\"\n{}", piece.repeat(1_000_000 / piece.len())));
    }
}

/// Few lines can name many nodes, many times over.
#[test]
fn sites_named_over_and_over_are_bounded() {
    let nodes: String = (0..5_000)
        .map(|n| format!("[[nodes]]\nname = \"n{n}\"\nsite = \"s\"\nservice = \"shop-caspaxos\"\n"))
        .collect();
    let head = "format = 1\nname = \"x\"\ntitle = \"x\"\nuntil = \"1h\"\n";
    for (piece, message) in [
        ("[[faults]]\nat = \"1s\"\ndo = { isolate = [\"s\"] }\n", "name over 1000000 nodes"),
        ("[[faults]]\nat = \"1s\"\ndo = { crash = [\"s\"] }\n", "is down already"),
        ("[[network.links]]\nfrom = [\"s\"]\nto = [\"s\"]\n", "name over 1000000 links"),
        ("[[variants]]\nname = \"v\"\n", "a scenario has at most 32 variants"),
    ] {
        let text = format!("{head}{nodes}{}", piece.repeat(300));
        let diagnostics =
            load(Source::new("many.toml", text), &catalogue(), &[]).expect_err("many");
        let found = diagnostics.list().iter().any(|d| d.message().contains(message));
        assert!(found, "{message} is not in\n{diagnostics}");
    }
}

/// Long faults of a large site are counted in no more time than it takes to read them.
#[test]
fn many_faults_are_judged_in_bounded_time() {
    let nodes: String = (0..5_000)
        .map(|n| format!("[[nodes]]\nname = \"n{n}\"\nsite = \"s\"\nservice = \"guard\"\n"))
        .collect();
    let head = "format = 1\nname = \"x\"\ntitle = \"x\"\nuntil = \"1h\"\n";
    for what in ["pause = [\"s\"]", "isolate = [\"n1\"]", "wipe = [\"n1\", \"n2\"]"] {
        let faults: String =
            (0..190).map(|n| format!("[[faults]]\nat = \"{n}s\"\ndo = {{ {what} }}\n")).collect();
        survive(&format!("{head}{nodes}{faults}"));
    }
}
