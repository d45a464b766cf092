//! The JSON schema of scenario files.

use crate::format::Document;
use crate::format::part::{Definitions, Format as _};
use serde_json::{Value as Json, json};

/// The JSON schema (draft 7) of scenario files, for editors: each scenario names it in its first
/// line.
#[must_use]
pub fn schema() -> Json {
    let mut definitions = Definitions::new();
    let _ = Document::schema(&mut definitions);
    let mut root = definitions.remove("Document").unwrap_or_default();
    root["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    root["title"] = "simlab scenario".into();
    // The reader reports it by itself, with both places.
    if let Some(expect) = definitions.get_mut("ExpectTable") {
        let quantifiers = ["always", "never", "sometimes"];
        expect["oneOf"] = quantifiers.iter().map(|key| json!({ "required": [key] })).collect();
    }
    root["definitions"] = Json::Object(definitions);
    root
}
