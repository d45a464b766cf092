//! Writing JSON in one way only: keys in the order in which they are given, no blanks.

use std::fmt::Display;

/// An object that is written key by key.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    out: &'a mut String,
    first: bool,
}

impl<'a> Object<'a> {
    /// Begins an object at the end of `out`.
    pub(crate) fn new(out: &'a mut String) -> Self {
        out.push('{');
        Object { out, first: true }
    }

    /// Writes a key; its value is to be written to what is returned.
    pub(crate) fn key(&mut self, key: &str) -> &mut String {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        string(key, self.out);
        self.out.push(':');
        self.out
    }

    /// Writes a key with a number or a truth value.
    pub(crate) fn plain(&mut self, key: &str, value: impl Display) {
        let out = self.key(key);
        plain(value, out);
    }

    /// Writes a key with a string.
    pub(crate) fn string(&mut self, key: &str, value: &str) {
        string(value, self.key(key));
    }

    /// Writes a key with an array.
    pub(crate) fn list<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        write: impl FnMut(T, &mut String),
    ) {
        list(items, self.key(key), write);
    }

    /// Ends the object.
    pub(crate) fn end(self) {
        self.out.push('}');
    }
}

/// Writes a number or a truth value.
pub(super) fn plain(value: impl Display, out: &mut String) {
    use std::fmt::Write;
    let _ = write!(out, "{value}");
}

/// Writes a string.
pub(super) fn string(text: &str, out: &mut String) {
    let simple = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\' && byte != 0x7f;
    if text.bytes().all(simple) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        // A string can always be written.
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

/// Writes an array.
pub(super) fn list<T>(
    items: impl IntoIterator<Item = T>,
    out: &mut String,
    mut write: impl FnMut(T, &mut String),
) {
    out.push('[');
    for (n, item) in items.into_iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(']');
}

/// Writes bytes as a string of hexadecimal digits.
pub(super) fn hex(bytes: &[u8], out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.reserve(2 * bytes.len() + 2);
    out.push('"');
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    out.push('"');
}

/// Reads hexadecimal digits into `bytes`. Returns whether they were such.
pub(super) fn unhex(text: &str, bytes: &mut Vec<u8>) -> bool {
    let digit = |c: u8| char::from(c).to_digit(16).map(|d| d as u8);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    bytes.clear();
    for [high, low] in pairs {
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else { return false };
        bytes.push(high << 4 | low);
    }
    rest.is_empty()
}
