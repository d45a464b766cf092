//! The JSON schema of scenario files.

use crate::format::Document;
use crate::format::part::{Definitions, Format as _};
use serde_json::{Value as Json, json};

/// The tables of which exactly one of some keys is given, beside others. The reader reports that by
/// itself, with both places.
const EXACTLY_ONE: &[(&str, &[&str])] = &[
    ("ExpectTable", &["always", "never", "sometimes"]),
    ("GoalTable", &crate::format::goal::SIGHTS),
    ("Flap", &crate::format::fault::SHAPES),
    ("DiskFault", &crate::format::fault::DISK_FAULTS),
];

/// The JSON schema (draft 7) of scenario files, for editors: each scenario names it in its first
/// line.
#[must_use]
pub fn schema() -> Json {
    let mut definitions = Definitions::new();
    let _ = Document::schema(&mut definitions);
    let mut root = definitions.remove("Document").unwrap_or_default();
    root["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    root["title"] = "simlab scenario".into();
    for (table, keys) in EXACTLY_ONE {
        if let Some(table) = definitions.get_mut(*table) {
            table["oneOf"] = keys.iter().map(|key| json!({ "required": [key] })).collect();
        }
    }
    root["definitions"] = Json::Object(definitions);
    root
}
