//! What happens: operations, orders, fillers, narration.

use super::part::{At, Definitions, Format, Reader, Toml, one_key, table};
use super::scalar::{Name, Names, whole};
use crate::Text;
use crate::diagnostic::{Diagnostic, Span};
use serde_json::{Value as Json, json};
use simlab_core::{Call, Distribution, Duration, Value};

table! {
    /// An operation of clients at a scripted time.
    OperationTable = "an operation" {
        /// When it begins.
        "at" at: Duration, required;
        /// Who asks: nodes that run a client, or sites for all of their clients.
        "clients" clients: Names, required;
        /// What it is about; may be left out if the scenario has exactly one object.
        "object" object: Name, optional;
        /// What is asked.
        "do" call: Call, required;
        /// How much earlier or later it may begin, as the seed decides; default: the scenario's
        /// `jitter`.
        "jitter" jitter: Duration, optional;
    }
}

table! {
    /// A raw order for the process of a node.
    CommandTable = "a command" {
        /// When.
        "at" at: Duration, required;
        /// For which node.
        "node" node: Name, required;
        /// The order, in the words that its service understands.
        "text" text: String, required;
    }
}

table! {
    /// Operations of clients at times that the seed draws.
    FillerTable = "a filler" {
        /// Who asks: nodes that run a client, or sites for all of their clients; each at times of
        /// its own.
        "clients" clients: Names, required;
        /// What it is about; may be left out if the scenario has exactly one object.
        "object" object: Name, optional;
        /// What is asked.
        "do" call: Call, required;
        /// Not before this; default "0s".
        "from" from: Duration, optional;
        /// Not after this; default: the end.
        "until" until: Duration, optional;
        /// The time from one operation of a client to its next.
        "every" every: Distribution, required;
        /// None within this of the start or the end of a fault; default "0s".
        "keep_off_faults" keep_off_faults: Duration, optional;
        /// None for this long after a scripted write of another client; default "0s".
        "keep_off_writes" keep_off_writes: Duration, optional;
    }
}

table! {
    /// A remark to the audience.
    NarrationTable = "a remark" {
        /// When.
        "at" at: Duration, required;
        /// What is said.
        "text" text: Text, required;
    }
}

impl Format for Call {
    fn expected() -> String {
        "an operation such as \"read\" or { sell = 1 }".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        const CALLS: [&str; 5] = ["sell", "take_back", "write", "cas", "append"];
        if let Some(word) = value.get_ref().as_str() {
            return bare_call(word, reader.span(value), &CALLS, reader);
        }
        let expected = Self::expected();
        let (call, value) = reader.choice(value, "an operation", &expected, &CALLS)?;
        let units = |reader: &mut Reader<'_>| {
            whole(value, reader, 1, u32::MAX.into()).map(|units| units as u32)
        };
        Some(match call {
            "sell" => Call::Sell(units(reader)?),
            "take_back" => Call::TakeBack(units(reader)?),
            "write" => Call::Write(Value::read(value, reader)?),
            "append" => Call::Append(String::read(value, reader)?),
            _ => {
                let values = Vec::<At<Value>>::read(value, reader)?;
                let Ok([from, to]) = <[At<Value>; 2]>::try_from(values) else {
                    if value.get_ref().as_array().is_some_and(|all| all.len() != 2) {
                        reader.error(value, "`cas` takes two values, the expected and the new one");
                    }
                    return None;
                };
                Call::Cas { from: from.value, to: to.value }
            }
        })
    }

    fn schema(definitions: &mut Definitions) -> Json {
        if !definitions.contains_key("Call") {
            let value = Value::schema(definitions);
            let two = json!({ "type": "array", "items": value, "minItems": 2, "maxItems": 2 });
            let units = json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX });
            let call = json!({ "description": "What a client asks.", "anyOf": [
                { "const": "read", "description": "Return the value." },
                one_key("sell", units.clone(), "Take so many units from a stock."),
                one_key("take_back", units, "Put so many units back into a stock."),
                one_key("write", value, "Set the value."),
                one_key("cas", two, "Set the second value if the first is there."),
                one_key("append", String::schema(definitions), "Append to a text."),
            ]});
            definitions.insert("Call".to_owned(), call);
        }
        json!({ "$ref": "#/definitions/Call" })
    }
}

/// Reads an operation that is only a word: `read` is the only one that needs no more.
fn bare_call(word: &str, span: Span, calls: &[&str], reader: &mut Reader<'_>) -> Option<Call> {
    if word == "read" {
        return Some(Call::Read);
    }
    if calls.contains(&word) {
        let example = match word {
            "sell" | "take_back" => "1",
            "write" => "5",
            "cas" => "[5, 6]",
            _ => "\"x\"",
        };
        let help = format!("write it as `do = {{ {word} = {example} }}`");
        let diagnostic = Diagnostic::at(span, format!("`{word}` needs a value"));
        reader.problems.push(diagnostic.help(help));
    } else {
        let known = calls.iter().copied().chain(["read"]);
        reader.problems.unknown(span, "operation", "operations", word, known);
    }
    None
}
