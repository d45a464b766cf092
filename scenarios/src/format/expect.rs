//! What is expected of the variants.

use super::part::{Definitions, Format, Pairs, Reader, Toml, table};
use super::scalar::{Given, Name, Names, integer};
use crate::{Comparison, Expected, Text};
use serde_json::{Value as Json, json};
use toml::de::DeValue;

table! {
    /// Something that is expected, and of which seeds: exactly one of `always`, `never` and
    /// `sometimes` is given.
    ExpectTable = "an expectation" {
        /// One of the checks (`simlab list checks`), or an invariant of a service.
        "check" check: String, required;
        /// The name in the report; default: that of the check.
        "name" name: Name, optional;
        /// The variants of which it is expected; default: all.
        "variants" variants: Names, optional;
        /// Parameters of the check.
        "with" with: Pairs<Given>, optional;
        /// What every seed shows: true or false, or for a figure an integer or a string such as
        /// ">= 1".
        "always" always: Expected, optional;
        /// What no seed shows.
        "never" never: Expected, optional;
        /// What at least one seed of a sweep shows.
        "sometimes" sometimes: Expected, optional;
        /// Why it holds for every seed.
        "why" why: Text, optional;
    }
}

impl Format for Expected {
    fn expected() -> String {
        "true or false, or for a figure an integer or a string such as \">= 1\"".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let figure = |comparison, value| Expected::Figure { comparison, value };
        let expected = match value.get_ref() {
            DeValue::Boolean(truth) => Some(Expected::Truth(*truth)),
            DeValue::Integer(n) => integer(n)
                .and_then(|n| i64::try_from(n).ok())
                .map(|value| figure(Comparison::Equal, value)),
            DeValue::String(text) => compare(text).map(|(c, value)| figure(c, value)),
            _ => None,
        };
        if expected.is_none() {
            reader.wrong(value, &<Self as Format>::expected());
        }
        expected
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "anyOf": [
            { "type": ["boolean", "integer"] },
            { "type": "string", "pattern": r"^\s*(<=|>=|=|==|<|>)\s*-?[0-9][0-9_]*\s*$" },
        ]})
    }
}

/// Reads `>= 1`.
fn compare(text: &str) -> Option<(Comparison, i64)> {
    let text = text.trim();
    // The longer signs first, since the shorter begin them.
    let signs = [
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("==", Comparison::Equal),
        ("<", Comparison::Below),
        (">", Comparison::Above),
        ("=", Comparison::Equal),
    ];
    let (rest, comparison) =
        signs.iter().find_map(|(sign, c)| text.strip_prefix(sign).map(|rest| (rest, *c)))?;
    let number = rest.trim().replace('_', "");
    let plain = number.strip_prefix('-').unwrap_or(&number);
    plain
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| number.parse().ok())
        .flatten()
        .map(|n| (comparison, n))
}
