//! A process's state as named fields, for people, checkers and reports.

use std::fmt;

/// A list of named fields; a field can be a group of fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    list: Vec<Field>,
}

/// One named field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, the protocol's own term.
    pub name: String,
    /// Its value.
    pub value: FieldValue,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// A number.
    Int(i64),
    /// Anything else, as text.
    Text(String),
    /// Fields below this one.
    Group(Fields),
}

impl Fields {
    /// No fields.
    #[must_use]
    pub const fn new() -> Self {
        Fields { list: Vec::new() }
    }

    /// Adds a number.
    pub fn int(&mut self, name: impl Into<String>, value: i64) {
        self.list.push(Field { name: name.into(), value: FieldValue::Int(value) });
    }

    /// Adds a text.
    pub fn text(&mut self, name: impl Into<String>, value: impl fmt::Display) {
        let value = FieldValue::Text(value.to_string());
        self.list.push(Field { name: name.into(), value });
    }

    /// Adds a group that `fill` fills.
    pub fn group(&mut self, name: impl Into<String>, fill: impl FnOnce(&mut Fields)) {
        let mut group = Fields::new();
        fill(&mut group);
        self.list.push(Field { name: name.into(), value: FieldValue::Group(group) });
    }

    /// All fields, in the order in which they were added.
    pub fn iter(&self) -> std::slice::Iter<'_, Field> {
        self.list.iter()
    }

    /// The field at a path of names.
    #[must_use]
    pub fn get(&self, path: &[&str]) -> Option<&FieldValue> {
        let (first, rest) = path.split_first()?;
        let value = &self.list.iter().find(|f| f.name == *first)?.value;
        match value {
            _ if rest.is_empty() => Some(value),
            FieldValue::Group(group) => group.get(rest),
            FieldValue::Int(_) | FieldValue::Text(_) => None,
        }
    }

    /// The number at a path of names.
    #[must_use]
    pub fn get_int(&self, path: &[&str]) -> Option<i64> {
        match self.get(path)? {
            FieldValue::Int(n) => Some(*n),
            FieldValue::Text(_) | FieldValue::Group(_) => None,
        }
    }
}

impl<'a> IntoIterator for &'a Fields {
    type Item = &'a Field;
    type IntoIter = std::slice::Iter<'a, Field>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A group as [`Fields`] are written.
impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FieldValue::Int(n) => write!(f, "{n}"),
            FieldValue::Text(text) => f.write_str(text),
            FieldValue::Group(group) => write!(f, "{group}"),
        }
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, field) in self.list.iter().enumerate() {
            let space = if i == 0 { "" } else { " " };
            match &field.value {
                FieldValue::Int(n) => write!(f, "{space}{}={n}", field.name)?,
                FieldValue::Text(text) => write!(f, "{space}{}={text}", field.name)?,
                FieldValue::Group(group) => write!(f, "{space}{}{{{group}}}", field.name)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_path() {
        let mut fields = Fields::new();
        fields.text("role", "leader");
        fields.group("phone", |phone| phone.int("stock", 59));
        assert_eq!(fields.get_int(&["phone", "stock"]), Some(59));
        assert_eq!(fields.get_int(&["role"]), None);
        assert_eq!(fields.get(&["phone", "stock", "deeper"]), None);
        assert_eq!(fields.to_string(), "role=leader phone{stock=59}");
    }
}
