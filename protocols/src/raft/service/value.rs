//! Values of a history as bytes of a key, and back.

use crate::raft::kv::TAGS;
use simlab_core::Value;

/// What numbers and truth values begin with; no text that is kept does.
const INT: u8 = TAGS[0];
const BOOL: u8 = TAGS[1];

/// The bytes of a value; `None` if it is none that a key can have. Texts are kept as they are, so that they can be
/// appended to.
pub(super) fn to_bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Int(n) => Some([&[INT][..], &n.to_be_bytes()].concat()),
        Value::Bool(b) => Some(vec![BOOL, u8::from(*b)]),
        Value::Text(text) if !text.starts_with(['\u{1}', '\u{2}']) => {
            Some(text.clone().into_bytes())
        }
        Value::Text(_) | Value::Nil | Value::List(_) => None,
    }
}

/// What a key has. Bytes that are nothing that was written are told in hexadecimal digits.
pub(super) fn from_bytes(bytes: Option<&[u8]>) -> Value {
    match bytes {
        None => Value::Nil,
        Some([INT, rest @ ..]) if let Ok(n) = rest.try_into() => Value::Int(i64::from_be_bytes(n)),
        Some([BOOL, b @ (0 | 1)]) => Value::Bool(*b == 1),
        Some(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Text(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for value in [
            Value::Int(-5),
            Value::Bool(true),
            Value::Text("häh".into()),
            Value::Text(String::new()),
        ] {
            assert_eq!(from_bytes(to_bytes(&value).as_deref()), value);
        }
        assert_eq!(from_bytes(None), Value::Nil);
        assert_eq!(from_bytes(Some(&[INT, 7])), Value::Text("\u{1}\u{7}".into()));
        assert_eq!(from_bytes(Some(&[0xff])), Value::Text("ff".into()));
        for none in [Value::Nil, Value::List(Vec::new()), Value::Text("\u{1}x".into())] {
            assert_eq!(to_bytes(&none), None);
        }
    }
}
