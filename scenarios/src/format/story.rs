//! What happens: operations, orders, fillers, faults, narration.

use super::part::{At, Definitions, Format, Reader, Toml, described, one_key, table};
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
    /// A fault.
    FaultTable = "a fault" {
        /// What it is called.
        "name" name: String, optional;
        /// When it begins.
        "at" at: Duration, required;
        /// When it ends: cut links heal, crashed nodes restart; default: not in this run.
        "until" until: Duration, optional;
        /// What it does.
        "do" action: ActionTable, required;
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

table! {
    /// A cut of one direction.
    OneWay = "a one-way cut" {
        /// The senders that are not heard: nodes or sites.
        "from" from: Names, required;
        /// The receivers that do not hear them: nodes or sites.
        "to" to: Names, required;
    }
}

table! {
    /// A cut between two sides with nodes between them that reach both.
    Bridge = "a bridge" {
        /// One side: nodes or sites.
        "left" left: Names, required;
        /// The other side: nodes or sites.
        "right" right: Names, required;
        /// The nodes or sites that reach both.
        "via" via: Names, required;
    }
}

/// What a fault does.
#[derive(Debug)]
pub(crate) enum ActionTable {
    Partition(Vec<At<Names>>),
    OneWay(OneWay),
    Bridge(Bridge),
    Isolate(Names),
    Crash(Names),
}

impl Format for ActionTable {
    fn expected() -> String {
        "a fault such as { partition = [[\"a\"], [\"b\"]] } or { crash = [\"a\"] }".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let kinds = ["partition", "one_way", "bridge", "isolate", "crash"];
        let (kind, value) = reader.choice(value, "a fault", &Self::expected(), &kinds)?;
        Some(match kind {
            "partition" => {
                if value.get_ref().as_array().is_some_and(|groups| groups.len() < 2) {
                    reader.error(value, "a partition has at least two groups");
                }
                ActionTable::Partition(Format::read(value, reader)?)
            }
            "one_way" => ActionTable::OneWay(Format::read(value, reader)?),
            "bridge" => ActionTable::Bridge(Format::read(value, reader)?),
            "isolate" => ActionTable::Isolate(Format::read(value, reader)?),
            _ => ActionTable::Crash(Format::read(value, reader)?),
        })
    }

    fn schema(definitions: &mut Definitions) -> Json {
        if !definitions.contains_key("Action") {
            let names = Names::schema(definitions);
            let groups = json!({ "type": "array", "items": names, "minItems": 2 });
            let action = json!({ "description": "What a fault does.", "anyOf": [
                one_key("partition", groups, "Groups of nodes or sites that cannot reach each other."),
                one_key("one_way", OneWay::schema(definitions), "Nothing passes in one direction."),
                one_key("bridge", Bridge::schema(definitions), "Two sides that only some nodes reach."),
                one_key("isolate", names.clone(), "Nodes or sites that reach nobody."),
                one_key("crash", names, "Nodes or sites that stop; at the end they restart."),
            ]});
            definitions.insert("Action".to_owned(), action);
        }
        described(json!({ "$ref": "#/definitions/Action" }), "What a fault does.")
    }
}
