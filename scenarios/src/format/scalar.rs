//! Names, texts and plain numbers.

use super::part::{At, Definitions, Format, Reader, Toml};
use crate::Text;
use crate::diagnostic::{Diagnostic, Span, clip};
use serde_json::{Value as Json, json};
use simlab_core::Value;
use std::collections::BTreeMap;
use toml::de::{DeInteger, DeValue};

/// A name of a node, site, object, variant or expectation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(pub(crate) String);

/// How long a name may be, in characters: tables and diagrams must hold it.
const NAME_MAX: usize = 64;

impl Format for Name {
    fn expected() -> String {
        "a name such as \"beijing\"".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = string(value, reader, &Self::expected())?;
        let good = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        if text.is_empty() || !text.chars().all(good) || text.chars().count() > NAME_MAX {
            let message = format!(
                "a name has 1 to {NAME_MAX} letters, digits, `-` and `_`, and {:?} is none",
                clip(text)
            );
            reader.error(value, message);
            return None;
        }
        Some(Name(text.to_owned()))
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "string", "pattern": r"^[^\s.,:;=/\\(){}\[\]<>]+$", "maxLength": NAME_MAX })
    }
}

/// Names of nodes, or of sites for all of their nodes: at least one, and none twice.
#[derive(Clone, Debug)]
pub(crate) struct Names(pub(crate) Vec<At<Name>>);

impl Format for Names {
    fn expected() -> String {
        "an array of nodes or sites such as [\"beijing\"]".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let DeValue::Array(list) = value.get_ref() else {
            reader.wrong(value, &Self::expected());
            return None;
        };
        if list.is_empty() {
            reader.error(value, "expected at least one node or site, found an empty array");
            return None;
        }
        let mut first: BTreeMap<Name, Span> = BTreeMap::new();
        let mut names = Vec::new();
        for item in list {
            let Some(name) = reader.at::<Name>(item) else { continue };
            match first.get(&name.value) {
                Some(earlier) => {
                    let message = format!("`{}` is listed twice", name.value.0);
                    let diagnostic = Diagnostic::at(name.span, message).label("again");
                    reader.problems.push(diagnostic.also(*earlier, "first"));
                }
                None => {
                    first.insert(name.value.clone(), name.span);
                    names.push(name);
                }
            }
        }
        Some(Names(names))
    }

    fn schema(definitions: &mut Definitions) -> Json {
        let name = Name::schema(definitions);
        json!({ "type": "array", "items": name, "minItems": 1, "uniqueItems": true })
    }
}

/// The name of the scenario itself, which is also part of commands.
#[derive(Clone, Debug)]
pub(crate) struct Slug(pub(crate) String);

impl Format for Slug {
    fn expected() -> String {
        "a name such as \"cap_partition\"".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = string(value, reader, &Self::expected())?;
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if text.is_empty() || !text.bytes().all(good) || text.len() > NAME_MAX {
            let message = format!(
                "the name of a scenario has 1 to {NAME_MAX} small letters, digits and `_`, and \
                 {:?} is none",
                clip(text)
            );
            reader.error(value, message);
            return None;
        }
        Some(Slug(text.to_owned()))
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "string", "pattern": "^[a-z0-9_]+$", "maxLength": NAME_MAX })
    }
}

fn string<'t>(value: &'t Toml<'_>, reader: &mut Reader<'_>, expected: &str) -> Option<&'t str> {
    let text = value.get_ref().as_str();
    if text.is_none() {
        reader.wrong(value, expected);
    }
    text
}

impl Format for String {
    fn expected() -> String {
        "a string".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = string(value, reader, &Self::expected())?;
        // It is printed some day, and would act on the terminal.
        if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            reader.error(value, "a text must not contain control characters");
            return None;
        }
        Some(text.to_owned())
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "string" })
    }
}

impl Format for bool {
    fn expected() -> String {
        "true or false".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let truth = value.get_ref().as_bool();
        if truth.is_none() {
            reader.wrong(value, &Self::expected());
        }
        truth
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "boolean" })
    }
}

/// A TOML integer as a number; `None` if it does not fit.
pub(crate) fn integer(n: &DeInteger<'_>) -> Option<i128> {
    i128::from_str_radix(n.as_str(), n.radix()).ok()
}

/// Reads a whole number in a range.
pub(crate) fn whole(value: &Toml<'_>, reader: &mut Reader<'_>, min: u64, max: u64) -> Option<u64> {
    let expected = match max {
        u64::MAX => format!("a whole number, at least {min}"),
        _ => format!("a whole number from {min} to {max}"),
    };
    let number = value.get_ref().as_integer().and_then(integer);
    let number = number.and_then(|n| u64::try_from(n).ok()).filter(|n| (min..=max).contains(n));
    if number.is_none() {
        reader.wrong(value, &expected);
    }
    number
}

/// A whole number, at least 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count(pub(crate) u64);

impl Format for Count {
    fn expected() -> String {
        "a whole number, at least 1".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        whole(value, reader, 1, u64::MAX).map(Count)
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "integer", "minimum": 1 })
    }
}

/// How many bits flip, 1 to 255.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bits(pub(crate) u8);

impl Format for Bits {
    fn expected() -> String {
        "a whole number from 1 to 255".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        whole(value, reader, 1, 255).map(|n| Bits(n as u8))
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "integer", "minimum": 1, "maximum": 255 })
    }
}

/// The number of the format.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Version;

impl Format for Version {
    fn expected() -> String {
        "1, the only format there is".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref().as_integer().and_then(integer) {
            Some(1) => Some(Version),
            Some(other) => {
                let message = format!("format {other} is not supported");
                let help = "this simlab reads format 1; a newer one may read this file";
                let span = reader.span(value);
                reader.problems.push(Diagnostic::at(span, message).help(help));
                None
            }
            None => {
                reader.wrong(value, &Self::expected());
                None
            }
        }
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "const": 1 })
    }
}

/// A seed: any 64 bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed(pub(crate) u64);

impl Format for Seed {
    fn expected() -> String {
        "a whole number from 0 to 2^64-1".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let seed = match value.get_ref() {
            DeValue::Integer(n) => match integer(n) {
                // Editors and other TOML readers would refuse it.
                Some(large) if large > i128::from(i64::MAX) && u64::try_from(large).is_ok() => {
                    let span = reader.span(value);
                    let message = "a TOML integer ends at 2^63-1";
                    let help = format!("write the seed as a string: seed = \"{n}\"");
                    reader.problems.push(Diagnostic::at(span, message).help(help));
                    return None;
                }
                number => number.and_then(|n| u64::try_from(n).ok()),
            },
            DeValue::String(text) => {
                let text = text.replace('_', "");
                let digits = |s: &str| s.bytes().all(|b| b.is_ascii_hexdigit());
                match text.strip_prefix("0x") {
                    Some(hex) if digits(hex) => u64::from_str_radix(hex, 16).ok(),
                    None if digits(&text) => text.parse().ok(),
                    _ => None,
                }
            }
            _ => None,
        };
        if seed.is_none() {
            let expected =
                "a whole number from 0 to 2^64-1, or a string with one (decimal or 0x hex)";
            reader.wrong(value, expected);
        }
        seed.map(Seed)
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "anyOf": [
            { "type": "integer", "minimum": 0 },
            { "type": "string", "pattern": "^([0-9_]+|0x[0-9a-fA-F_]+)$" },
        ]})
    }
}

impl Format for Text {
    fn expected() -> String {
        "a text, or one for each language (`title.en = \"…\"`)".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let table = match value.get_ref() {
            DeValue::String(_) => return String::read(value, reader).map(Text::plain),
            DeValue::Table(table) if !table.is_empty() => table,
            _ => {
                reader.wrong(value, &Self::expected());
                return None;
            }
        };
        let mut languages = BTreeMap::new();
        for (key, value) in table {
            if !is_language(key.get_ref()) {
                let message = format!(
                    "expected a language such as `en` or `zh`, found `{}`",
                    clip(key.get_ref())
                );
                let span = reader.span(key);
                reader.problems.push(Diagnostic::at(span, message));
            } else if let Some(text) = String::read(value, reader) {
                languages.insert(key.get_ref().to_string(), text);
            }
        }
        Text::new(languages)
    }

    fn schema(definitions: &mut Definitions) -> Json {
        if !definitions.contains_key("Text") {
            let description = "A text for people, in one language or in several.";
            let text = json!({ "description": description, "anyOf": [
                { "type": "string", "description": "A text in English, or in any one language." },
                {
                    "type": "object",
                    "description": "A text by language, as in `title.en`.",
                    "propertyNames": { "pattern": "^[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*$" },
                    "additionalProperties": { "type": "string" },
                    "minProperties": 1,
                },
            ]});
            definitions.insert("Text".to_owned(), text);
        }
        json!({ "$ref": "#/definitions/Text" })
    }
}

fn is_language(tag: &str) -> bool {
    let mut parts = tag.split(['-', '_']);
    let first = parts.next().unwrap_or("");
    (2..=3).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// A value of an object. TOML has no null: the string "nil" stands for [`Value::Nil`].
impl Format for Value {
    fn expected() -> String {
        "an integer, a string, true or false, or \"nil\"".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let found = match value.get_ref() {
            DeValue::Boolean(b) => Some(Value::Bool(*b)),
            DeValue::String(text) if text == "nil" => Some(Value::Nil),
            DeValue::String(text) => Some(Value::Text(text.to_string())),
            DeValue::Integer(n) => integer(n).and_then(|n| i64::try_from(n).ok()).map(Value::Int),
            _ => None,
        };
        if found.is_none() {
            reader.wrong(value, &Self::expected());
        }
        found
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": ["integer", "string", "boolean"] })
    }
}

/// The value of a parameter as it is written; what it must be is known to the service.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) text: String,
    /// Whether it is a TOML string, which names and texts must be.
    pub(crate) string: bool,
}

impl Format for Given {
    fn expected() -> String {
        "an integer, a float, a string, true or false".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = match value.get_ref() {
            DeValue::Boolean(b) => b.to_string(),
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(n) => integer(n).map_or_else(|| n.to_string(), |n| n.to_string()),
            DeValue::Float(x) => x.as_str().to_owned(),
            _ => {
                reader.wrong(value, &Self::expected());
                return None;
            }
        };
        Some(Given { text, string: value.get_ref().is_str() })
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": ["integer", "number", "string", "boolean"] })
    }
}
