//! How a part of the format is declared: once, for the reader, the types and the JSON schema.

use crate::diagnostic::{Diagnostic, Origin, Problems, Span, clip};
use crate::nearest;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value of the tree that the TOML parser makes.
pub(crate) type Toml<'i> = Spanned<DeValue<'i>>;

/// The parts of the JSON schema that have names.
pub(crate) type Definitions = Map<String, Json>;

/// A part of the format.
pub(crate) trait Format: Sized {
    /// What an author should write, to follow the word "expected".
    fn expected() -> String;

    /// Reads it. What is wrong is reported, and `None` returned if nothing can be made of it.
    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self>;

    /// Describes it in JSON schema.
    fn schema(definitions: &mut Definitions) -> Json;

    /// Whether it is written as a table.
    const TABLE: bool = false;

    /// Whether it is written as an array of tables.
    const TABLES: bool = false;
}

/// A value and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// Reads one of the texts.
#[derive(Debug)]
pub(crate) struct Reader<'p> {
    pub(crate) problems: &'p mut Problems,
    pub(crate) origin: Origin,
    /// Where the parsed text begins in the text of `origin`.
    pub(crate) base: usize,
    /// Whether parts of the text were skipped, so that it proves nothing if a key is missing.
    pub(crate) partial: bool,
}

impl Reader<'_> {
    /// Where something stands.
    pub(crate) fn span<T>(&self, part: &Spanned<T>) -> Span {
        let range = part.span();
        Span { origin: self.origin, start: self.base + range.start, end: self.base + range.end }
    }

    /// Reads a value and keeps its place.
    pub(crate) fn at<T: Format>(&mut self, value: &Toml<'_>) -> Option<At<T>> {
        let span = self.span(value);
        Some(At { value: T::read(value, self)?, span })
    }

    /// Reports a mistake in `value`.
    pub(crate) fn error(&mut self, value: &Toml<'_>, message: impl Into<String>) {
        let span = self.span(value);
        self.problems.push(Diagnostic::at(span, message));
    }

    /// Reports that `value` is of the wrong kind.
    pub(crate) fn wrong(&mut self, value: &Toml<'_>, expected: &str) {
        let found = describe(value.get_ref());
        self.error(value, format!("expected {expected}, found {found}"));
    }

    /// The table that `value` is, with its keys checked against `known`; `what` says which part of
    /// the format it is, with its article.
    pub(crate) fn table<'t, 'i>(
        &mut self,
        value: &'t Toml<'i>,
        what: &'static str,
        known: &[&'static str],
    ) -> Option<Table<'t, 'i>> {
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong(value, &format!("a table ({what})"));
            return None;
        };
        let mut guessed = Vec::new();
        for key in table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let span = self.span(key);
            let name = key.get_ref();
            if self.problems.wants_names() {
                guessed.extend(nearest::nearest(name, known));
            }
            let diagnostic =
                Diagnostic::at(span, format!("unknown key `{}` in {what}", clip(name)));
            let known = known.iter().copied();
            self.problems.push_with_names(diagnostic, name, "keys", known);
        }
        Some(Table { table, span: self.span(value), what, guessed })
    }

    /// The only key of the table that `value` is, which must be one of `known`, and its value;
    /// `what` says which part of the format it is, with its article.
    pub(crate) fn choice<'t, 'i>(
        &mut self,
        value: &'t Toml<'i>,
        what: &str,
        expected: &str,
        known: &[&'static str],
    ) -> Option<(&'static str, &'t Toml<'i>)> {
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong(value, expected);
            return None;
        };
        let mut found = Vec::new();
        for (key, value) in table {
            let span = self.span(key);
            match known.iter().find(|known| **known == key.get_ref()) {
                Some(known) => found.push((span, *known, value)),
                None => {
                    let message = format!("unknown key `{}` in {what}", clip(key.get_ref()));
                    let diagnostic = Diagnostic::at(span, message);
                    let known = known.iter().copied();
                    self.problems.push_with_names(diagnostic, key.get_ref(), "keys", known);
                }
            }
        }
        found.sort_by_key(|(span, ..)| *span);
        match *found {
            [(_, known, value)] if table.len() == 1 => Some((known, value)),
            [(first, a, _), (second, b, _), ..] => {
                self.problems.push(
                    Diagnostic::at(second, format!("`{a}` and `{b}` exclude each other"))
                        .also(first, "one is here")
                        .label("another is here"),
                );
                None
            }
            [] if table.is_empty() => {
                self.wrong(value, expected);
                None
            }
            _ => None,
        }
    }
}

/// A value in words: `a table`, `the integer 5`.
fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the string {:?}", clip(text)),
        DeValue::Integer(n) => format!("the integer {}", clip(&n.to_string())),
        DeValue::Float(x) => format!("the float {}", clip(x.as_str())),
        DeValue::Boolean(b) => format!("{b}"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(list) if list.is_empty() => "an empty array".to_owned(),
        DeValue::Array(_) => "an array".to_owned(),
        DeValue::Table(table) if table.is_empty() => "an empty table".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// A table whose keys are read one by one.
#[derive(Debug)]
pub(crate) struct Table<'t, 'i> {
    table: &'t DeTable<'i>,
    pub(crate) span: Span,
    what: &'static str,
    /// The keys that unknown ones were probably meant to be: those are not missing.
    guessed: Vec<&'static str>,
}

impl Table<'_, '_> {
    /// Reads a key that may be missing.
    pub(crate) fn optional<T: Format>(&self, key: &str, reader: &mut Reader<'_>) -> Option<At<T>> {
        self.table.get(key).and_then(|value| reader.at(value))
    }

    /// Reads a key and reports it if it is missing.
    pub(crate) fn required<T: Format>(&self, key: &str, reader: &mut Reader<'_>) -> Option<At<T>> {
        let missing = self.table.get(key).is_none() && !self.guessed.contains(&key);
        if missing && !reader.partial {
            let message = format!("missing `{key}` in {}", self.what);
            let label = if T::TABLES {
                format!("expected at least one `[[{key}]]`")
            } else {
                format!("expected `{key}`, {}", T::expected())
            };
            reader.problems.push(Diagnostic::at(self.span, message).label(label));
        }
        self.optional(key, reader)
    }
}

/// A list; a mistake in one element does not spoil the others.
impl<T: Format> Format for Vec<At<T>> {
    fn expected() -> String {
        let of = if T::TABLE { "an array of tables, each" } else { "an array, each element" };
        format!("{of} {}", T::expected())
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::Array(list) => Some(list.iter().filter_map(|item| reader.at(item)).collect()),
            DeValue::Table(_) if T::TABLE => {
                let span = reader.span(value);
                let message = "expected an array of tables, found a single table";
                let help = "write its name in double brackets, as in `[[nodes]]`";
                reader.problems.push(Diagnostic::at(span, message).help(help));
                reader.at(value).map(|only| vec![only])
            }
            _ => {
                reader.wrong(value, &Self::expected());
                None
            }
        }
    }

    fn schema(definitions: &mut Definitions) -> Json {
        json!({ "type": "array", "items": T::schema(definitions) })
    }

    const TABLES: bool = T::TABLE;
}

/// Entries under keys that the author chooses, each with the place of its key.
#[derive(Debug, Clone)]
pub(crate) struct Pairs<T>(pub(crate) BTreeMap<String, (Span, At<T>)>);

impl<T: Format> Format for Pairs<T> {
    fn expected() -> String {
        "a table".to_owned()
    }

    fn read(value: &Toml<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let DeValue::Table(table) = value.get_ref() else {
            reader.wrong(value, &Self::expected());
            return None;
        };
        let mut pairs = BTreeMap::new();
        for (key, value) in table {
            if let Some(value) = reader.at(value) {
                pairs.insert(key.get_ref().to_string(), (reader.span(key), value));
            }
        }
        Some(Pairs(pairs))
    }

    fn schema(definitions: &mut Definitions) -> Json {
        json!({ "type": "object", "additionalProperties": T::schema(definitions) })
    }

    const TABLE: bool = true;
}

/// A schema with a description. Draft 7 ignores what stands beside a `$ref`, hence the `allOf`.
pub(crate) fn described(schema: Json, description: &str) -> Json {
    let mut object = match schema {
        Json::Object(object) if !object.contains_key("$ref") => object,
        reference => Map::from_iter([("allOf".to_owned(), json!([reference]))]),
    };
    object.insert("description".to_owned(), description.into());
    Json::Object(object)
}

/// The schema of a table with exactly one of some keys: each with its schema and description.
pub(crate) fn one_key(key: &str, schema: Json, description: &str) -> Json {
    json!({
        "type": "object",
        "description": description,
        "properties": { key: described(schema, description) },
        "required": [key],
        "additionalProperties": false,
    })
}

/// Doc comments as one line.
pub(crate) fn prose(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// Declares a table of the format: a struct, its reader and its JSON schema. Every field is an
/// `Option`, since a table with a mistake is still of use for finding others; whether a key is
/// required is known to the reader and the schema.
macro_rules! table {
    (
        $(#[doc = $doc:literal])+
        $name:ident = $what:literal {
            $(
                $(#[doc = $about:literal])+
                $key:literal $field:ident: $type:ty, $need:ident;
            )*
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub(crate) struct $name {
            /// Where it stands: its header, or all of it.
            #[allow(dead_code, reason = "of use for some tables only")]
            pub(crate) span: $crate::diagnostic::Span,
            /// Whether something in it was wrong, and reported: what is absent may be there.
            #[allow(dead_code, reason = "of use for some tables only")]
            pub(crate) unread: bool,
            $(
                $(#[doc = $about])+
                pub(crate) $field: Option<$crate::format::part::At<$type>>,
            )*
        }

        impl $crate::format::part::Format for $name {
            fn expected() -> String {
                $what.to_owned()
            }

            fn read(
                value: &$crate::format::part::Toml<'_>,
                reader: &mut $crate::format::part::Reader<'_>,
            ) -> Option<Self> {
                let before = reader.problems.count();
                let table = reader.table(value, $what, &[$($key),*])?;
                $(let $field = table.$need($key, reader);)*
                let unread = reader.problems.count() > before;
                Some($name { span: table.span, unread, $($field,)* })
            }

            fn schema(
                definitions: &mut $crate::format::part::Definitions,
            ) -> serde_json::Value {
                let name = stringify!($name);
                if !definitions.contains_key(name) {
                    let mut object = $crate::format::part::object(&[$($doc),+]);
                    $(
                        let field = <$type as $crate::format::part::Format>::schema(definitions);
                        object.$need($key, field, &[$($about),+]);
                    )*
                    definitions.insert(name.to_owned(), object.finish());
                }
                serde_json::json!({ "$ref": format!("#/definitions/{name}") })
            }

            const TABLE: bool = true;
        }
    };
}
pub(crate) use table;

/// The schema of a table under construction.
#[derive(Debug)]
pub(crate) struct Object {
    description: String,
    properties: Map<String, Json>,
    required: Vec<&'static str>,
}

/// Begins the schema of a table.
pub(crate) fn object(doc: &[&str]) -> Object {
    Object { description: prose(doc), properties: Map::new(), required: Vec::new() }
}

impl Object {
    pub(crate) fn optional(&mut self, key: &'static str, schema: Json, about: &[&str]) {
        self.properties.insert(key.to_owned(), described(schema, &prose(about)));
    }

    pub(crate) fn required(&mut self, key: &'static str, schema: Json, about: &[&str]) {
        self.optional(key, schema, about);
        self.required.push(key);
    }

    pub(crate) fn finish(self) -> Json {
        json!({
            "type": "object",
            "description": self.description,
            "properties": self.properties,
            "required": self.required,
            "additionalProperties": false,
        })
    }
}
