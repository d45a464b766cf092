//! What services stand on.

use super::part::{At, Definitions, Format, Reader, Toml};
use super::scalar::Given;
use crate::diagnostic::{Diagnostic, Span};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use toml::de::DeValue;

/// One layer of a stack.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Its name.
    pub(crate) layer: At<String>,
    /// Its parameters, each with the place of its key.
    pub(crate) with: BTreeMap<String, (Span, At<Given>)>,
}

/// Layers, the uppermost first.
pub(crate) type Steps = Vec<At<Step>>;

impl Format for Step {
    fn expected() -> String {
        "a layer such as \"crc-32c\" or { layer = \"reliable\", window = 8 }".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let table = match value.get_ref() {
            DeValue::String(_) => {
                return Some(Step { layer: reader.at(value)?, with: BTreeMap::new() });
            }
            DeValue::Table(table) => table,
            _ => {
                reader.wrong(value, &Self::expected());
                return None;
            }
        };
        let Some(layer) = table.get("layer") else {
            let diagnostic = Diagnostic::at(reader.span(value), "missing `layer` in a layer");
            reader.problems.push(diagnostic.label(format!("expected {}", Self::expected())));
            return None;
        };
        let layer = reader.at(layer)?;
        let mut with = BTreeMap::new();
        for (key, value) in table.iter().filter(|(key, _)| key.get_ref() != "layer") {
            if let Some(value) = reader.at(value) {
                with.insert(key.get_ref().to_string(), (reader.span(key), value));
            }
        }
        Some(Step { layer, with })
    }

    fn schema(definitions: &mut Definitions) -> Json {
        if !definitions.contains_key("Layer") {
            let given = Given::schema(definitions);
            let about = "One of the layers (`simlab list layers`).";
            let layer = json!({ "description": "A layer under a service.", "anyOf": [
                { "type": "string", "description": about },
                {
                    "type": "object",
                    "description": "A layer with parameters.",
                    "properties": { "layer": { "type": "string", "description": about } },
                    "required": ["layer"],
                    "additionalProperties": given,
                },
            ]});
            definitions.insert("Layer".to_owned(), layer);
        }
        json!({ "$ref": "#/definitions/Layer" })
    }
}
