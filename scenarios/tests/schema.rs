//! The JSON schema: it is one, it describes everything, and it takes what the loader takes.

mod common;

use common::{catalogue, files};
use serde_json::{Value, json};
use simlab_scenarios::{Source, load, schema};

/// A validator for as much of JSON schema as ours uses; an unknown word is a mistake of the test.
struct Validator(Value);

impl Validator {
    fn accepts(&self, schema: &Value, value: &Value) -> bool {
        let Value::Object(words) = schema else { return schema.as_bool().expect("a schema") };
        words.iter().all(|(word, rule)| self.holds(word, rule, schema, value))
    }

    fn holds(&self, word: &str, rule: &Value, schema: &Value, value: &Value) -> bool {
        let list = || rule.as_array().expect("an array");
        let number = || rule.as_f64().expect("a number");
        match word {
            "$schema" | "title" | "description" | "definitions" => true,
            "$ref" => {
                let path = rule.as_str().and_then(|r| r.strip_prefix('#')).expect("a reference");
                self.accepts(self.0.pointer(path).expect(path), value)
            }
            "allOf" => list().iter().all(|s| self.accepts(s, value)),
            "anyOf" => list().iter().any(|s| self.accepts(s, value)),
            "oneOf" => list().iter().filter(|s| self.accepts(s, value)).count() == 1,
            "const" => value == rule,
            "enum" => list().contains(value),
            "type" => match rule {
                Value::Array(types) => types.iter().any(|t| is_type(t, value)),
                only => is_type(only, value),
            },
            "properties" => rule
                .as_object()
                .expect("properties")
                .iter()
                .all(|(key, s)| value.get(key).is_none_or(|v| self.accepts(s, v))),
            "required" => {
                let has = |key: &Value| value.get(key.as_str().expect("a key")).is_some();
                !value.is_object() || list().iter().all(has)
            }
            "additionalProperties" => value.as_object().is_none_or(|object| {
                let known =
                    |key: &str| schema.get("properties").is_some_and(|p| p.get(key).is_some());
                object.iter().filter(|(key, _)| !known(key)).all(|(_, v)| self.accepts(rule, v))
            }),
            "items" => value.as_array().is_none_or(|a| a.iter().all(|v| self.accepts(rule, v))),
            "minItems" => value.as_array().is_none_or(|a| a.len() as f64 >= number()),
            "maxItems" => value.as_array().is_none_or(|a| a.len() as f64 <= number()),
            "minProperties" => value.as_object().is_none_or(|o| o.len() as f64 >= number()),
            "minimum" => value.as_f64().is_none_or(|n| n >= number()),
            "maximum" => value.as_f64().is_none_or(|n| n <= number()),
            "exclusiveMinimum" => value.as_f64().is_none_or(|n| n > number()),
            "maxLength" => value.as_str().is_none_or(|s| s.chars().count() as f64 <= number()),
            // Patterns, and what is decided by them, are left to the loader.
            "pattern" | "propertyNames" | "uniqueItems" => true,
            unknown => panic!("the schema uses `{unknown}`"),
        }
    }
}

fn is_type(name: &Value, value: &Value) -> bool {
    match name.as_str().expect("a type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        unknown => panic!("the schema uses the type `{unknown}`"),
    }
}

fn json_of(text: &str) -> Option<Value> {
    fn convert(value: toml::Value) -> Value {
        match value {
            toml::Value::String(s) => s.into(),
            toml::Value::Integer(n) => n.into(),
            toml::Value::Float(x) => x.into(),
            toml::Value::Boolean(b) => b.into(),
            toml::Value::Datetime(d) => json!({ "date": d.to_string() }),
            toml::Value::Array(list) => list.into_iter().map(convert).collect(),
            toml::Value::Table(table) => table.into_iter().map(|(k, v)| (k, convert(v))).collect(),
        }
    }
    text.parse::<toml::Table>().ok().map(|table| convert(toml::Value::Table(table)))
}

fn accepts(text: &str) -> bool {
    let root = schema();
    json_of(text).is_some_and(|value| Validator(root.clone()).accepts(&root, &value))
}

#[test]
fn good_files_are_accepted() {
    for path in files("good") {
        let text = std::fs::read_to_string(&path).expect("a text");
        assert!(accepts(&text), "{}", path.display());
    }
}

/// Mistakes of keys and types are found in the editor already.
#[test]
fn files_with_wrong_keys_or_types_are_refused() {
    let wrong = [
        "unknown_key",
        "wrong_type",
        "missing_keys",
        "unsupported_format",
        "quantifiers",
        "choices",
        "texts",
        "limits",
        "single_brackets",
        "empty_group",
        "amounts",
    ];
    for name in wrong {
        let path = common::folder("malformed").join(name).with_extension("toml");
        let text = std::fs::read_to_string(path).expect("a text");
        assert!(!accepts(&text), "{name}");
    }
}

/// Leaves out or changes each key of the richest good files in turn. What the schema refuses, the
/// loader must refuse too: the other way round it cannot be, since a schema knows no names.
#[test]
fn what_the_schema_refuses_the_loader_refuses() {
    let mut refused = 0;
    for name in ["every_feature.toml", "hostile.toml"] {
        let text = std::fs::read_to_string(common::folder("good").join(name)).expect("a text");
        refused += refusals(&text);
    }
    assert!(refused > 350, "{refused} changes were refused");
}

/// How many changes of a line the schema refuses; the loader must refuse each of them.
fn refusals(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let mut refused = 0;
    for (index, line) in lines.iter().enumerate() {
        let renamed = format!("x{line}");
        let number = line.split_once('=').map_or_else(String::new, |(key, _)| format!("{key}= -7"));
        let empty =
            line.split_once('=').map_or_else(String::new, |(key, _)| format!("{key}= {{}}"));
        for changed in [String::new(), renamed, number, empty] {
            let mut changed_lines = lines.clone();
            changed_lines[index] = &changed;
            let text = changed_lines.join("\n");
            if json_of(&text).is_some() && !accepts(&text) {
                refused += 1;
                let loaded = load(Source::new("changed", &*text), &catalogue(), &[]);
                assert!(loaded.is_err(), "line {}: {changed:?} loads", index + 1);
            }
        }
    }
    refused
}

#[test]
fn everything_is_described_and_nothing_unknown_allowed() {
    fn walk(schema: &Value, path: &str) {
        let Value::Object(words) = schema else { return };
        if let Some(properties) = words.get("properties").and_then(Value::as_object) {
            // A layer's parameters are known to the layer, as a service's are (`with`).
            let open = path.starts_with("/definitions/Layer/anyOf");
            let rest = words.get("additionalProperties");
            assert!(open || rest == Some(&json!(false)), "{path}");
            assert!(words.contains_key("description"), "{path} has no description");
            for (key, property) in properties {
                let description = property.get("description").and_then(Value::as_str);
                let description = description.unwrap_or_default();
                assert!(description.ends_with('.'), "{path}.{key}: {description:?}");
                assert!(!description.contains("  "), "{path}.{key}: {description:?}");
            }
        }
        for (word, below) in words {
            let path = format!("{path}/{word}");
            match below {
                Value::Array(list) => list.iter().for_each(|s| walk(s, &path)),
                below => walk(below, &path),
            }
        }
    }
    let schema = schema();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    walk(&schema, "");
}
