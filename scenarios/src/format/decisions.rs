//! Choices of a run that a scenario answers itself, and what a counterexample says of where it is from.

use super::part::{At, Definitions, Format, Reader, Toml, table};
use super::scalar::{Name, Seed, Slug};
use serde_json::{Value as Json, json};
use simlab_core::Choice;
use simlab_sim::Rest;
use toml::de::DeValue;

table! {
    /// Choices that the scenario answers instead of the seed, in all variants.
    DecisionsTable = "the decisions" {
        /// What becomes of all others: "seed", the seed answers them, or "harmless": nothing is lost,
        /// late, damaged or crashed that need not be; default "seed".
        "rest" rest: Rest, optional;
        /// The answers, each to another choice.
        "answers" answers: Vec<At<AnswerTable>>, optional;
    }
}

table! {
    /// The answer to one choice, as in a file of decisions.
    AnswerTable = "an answer" {
        /// Whose choice it is: a node, as in "a", or a link, as in "a->b".
        "who" who: String, required;
        /// What is chosen, as in "lose" or "delay.0".
        "choice" choice: Choice, required;
        /// Which choice of its kind, from 0.
        "ordinal" ordinal: Seed, required;
        /// The answer: 1 for yes, a number of nanoseconds, or whatever it is; above 2^63-1 as a string.
        "answer" answer: Seed, required;
    }
}

table! {
    /// Where a counterexample is from, and what it must show when it is replayed.
    CounterexampleTable = "the counterexample" {
        /// The scenario that was swept.
        "of" of: Slug, required;
        /// The seed that failed.
        "seed" seed: Seed, required;
        /// The check, invariant or finding that fails here.
        "check" check: Name, required;
        /// The hash of the trace, 16 hexadecimal digits.
        "trace_hash" trace_hash: Hash, required;
        /// What fails, in words.
        "detail" detail: String, optional;
    }
}

impl Format for Rest {
    fn expected() -> String {
        "\"seed\" or \"harmless\"".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref().as_str() {
            Some("seed") => Some(Rest::Seed),
            Some("harmless") => Some(Rest::Harmless),
            _ => {
                reader.wrong(value, &Self::expected());
                None
            }
        }
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "anyOf": [{ "const": "seed" }, { "const": "harmless" }] })
    }
}

impl Format for Choice {
    fn expected() -> String {
        "a choice such as \"lose\" or \"delay.0\"".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let Some(text) = value.get_ref().as_str() else {
            reader.wrong(value, &Self::expected());
            return None;
        };
        match text.parse() {
            Ok(choice) => Some(choice),
            Err(error) => {
                reader.error(value, error.to_string());
                None
            }
        }
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "string", "pattern": format!("^({})(\\.[0-9]+)*$", Choice::WORDS.join("|")) })
    }
}

/// A trace hash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hash(pub(crate) u64);

impl Format for Hash {
    fn expected() -> String {
        "the hash of a trace: a string of 16 hexadecimal digits".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let digits = match value.get_ref() {
            DeValue::String(text) if text.len() == 16 => Some(text),
            _ => None,
        };
        let is_hex =
            |text: &&std::borrow::Cow<'_, str>| text.bytes().all(|b| b.is_ascii_hexdigit());
        let hash = digits.filter(is_hex).and_then(|text| u64::from_str_radix(text, 16).ok());
        if hash.is_none() {
            reader.wrong(value, &Self::expected());
        }
        hash.map(Hash)
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "string", "pattern": "^[0-9a-fA-F]{16}$" })
    }
}
