//! Workloads: operations of which the seed draws everything but how many there are.

use super::part::{At, Definitions, Format, Reader, Toml, table};
use super::scalar::{Count, Name, Names, whole};
use crate::diagnostic::{Diagnostic, Span};
use serde_json::{Value as Json, json};
use simlab_core::Duration;
use std::collections::BTreeMap;
use toml::de::DeValue;

table! {
    /// Operations that the seed draws: when, who, what and of what. Those that change something
    /// have an amount each that no other of the workload has, so that what became of them can be
    /// told from the sums.
    WorkloadTable = "a workload" {
        /// Who asks: nodes that run a client, or sites for all of their clients; which of them, is
        /// drawn for each operation.
        "clients" clients: Names, required;
        /// What it is about, drawn for each operation; default: all objects of the scenario.
        "objects" objects: Objects, optional;
        /// How many operations there are.
        "count" count: Count, required;
        /// Not before this; default "0s".
        "from" from: Duration, optional;
        /// Not after this; default: the end.
        "until" until: Duration, optional;
        /// How often each kind of operation is drawn, against the others.
        "mix" mix: MixTable, required;
        /// The smallest and the largest number that is sold, taken back or written; default
        /// [1, 1000]. There must be as many of them as there are operations.
        "amounts" amounts: Amounts, optional;
    }
}

table! {
    /// How often each kind of operation is drawn, as weights: `{ read = 1, sell = 3 }` sells three
    /// times out of four.
    MixTable = "a mix of operations" {
        /// Reads.
        "read" read: Weight, optional;
        /// Sales out of a stock.
        "sell" sell: Weight, optional;
        /// Returns into a stock.
        "take_back" take_back: Weight, optional;
        /// Writes.
        "write" write: Weight, optional;
        /// Compare-and-sets: from what another operation of the workload was to write last.
        "cas" cas: Weight, optional;
        /// Texts that are written behind what is there.
        "append" append: Weight, optional;
        /// Writes of nothing: the key is taken away.
        "delete" delete: Weight, optional;
    }
}

/// How often something is drawn, against the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weight(pub(crate) u32);

/// The largest weight: what is rarer than one in a million does not happen.
const WEIGHT_MAX: u64 = 1_000_000;

impl Format for Weight {
    fn expected() -> String {
        format!("a whole number from 1 to {WEIGHT_MAX}")
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        whole(value, reader, 1, WEIGHT_MAX).map(|n| Weight(n as u32))
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "integer", "minimum": 1, "maximum": WEIGHT_MAX })
    }
}

/// A smallest and a largest number of units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amounts {
    pub(crate) min: u32,
    pub(crate) max: u32,
}

/// An end of a range of amounts.
#[derive(Clone, Copy, Debug)]
struct Units(u32);

impl Format for Units {
    fn expected() -> String {
        "a number of units, at least 1".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        whole(value, reader, 1, u32::MAX.into()).map(|n| Units(n as u32))
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX })
    }
}

impl Format for Amounts {
    fn expected() -> String {
        "two numbers, the smallest and the largest, such as [1, 1000]".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let DeValue::Array(list) = value.get_ref() else {
            reader.wrong(value, &Self::expected());
            return None;
        };
        if list.len() != 2 {
            reader.error(value, format!("expected {}", Self::expected()));
            return None;
        }
        let ends = Vec::<At<Units>>::read(value, reader)?;
        let [min, max] = *ends else { return None };
        if min.value.0 > max.value.0 {
            let message = format!("the smallest amount, {}, is above the largest", min.value.0);
            reader.problems.push(Diagnostic::at(min.span, message).also(max.span, "the largest"));
            return None;
        }
        Some(Amounts { min: min.value.0, max: max.value.0 })
    }

    fn schema(definitions: &mut Definitions) -> Json {
        let units = Units::schema(definitions);
        json!({ "type": "array", "items": units, "minItems": 2, "maxItems": 2 })
    }
}

/// Names of objects: at least one, and none twice.
#[derive(Clone, Debug)]
pub(crate) struct Objects(pub(crate) Vec<At<Name>>);

impl Format for Objects {
    fn expected() -> String {
        "an array of objects such as [\"phone\"]".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        if value.get_ref().as_array().is_none_or(|list| list.is_empty()) {
            reader.wrong(value, &Self::expected());
            return None;
        }
        let names = Vec::<At<Name>>::read(value, reader)?;
        let mut first: BTreeMap<&str, Span> = BTreeMap::new();
        for At { value: Name(name), span } in &names {
            if let Some(earlier) = first.insert(name, *span) {
                let message = format!("`{name}` is listed twice");
                let diagnostic = Diagnostic::at(*span, message).label("again");
                reader.problems.push(diagnostic.also(earlier, "first"));
            }
        }
        Some(Objects(names))
    }

    fn schema(definitions: &mut Definitions) -> Json {
        let name = Name::schema(definitions);
        json!({ "type": "array", "items": name, "minItems": 1, "uniqueItems": true })
    }
}
