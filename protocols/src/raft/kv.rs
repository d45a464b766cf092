//! What the log is for: keys and values.

use super::tally::Tally;
use simlab_core::wire::{Decode, Encode, Reader, WireError, put_bytes};
use std::collections::BTreeMap;
use std::fmt;

/// What is asked of the keys and values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// What a key has.
    Get {
        /// Which.
        key: String,
    },
    /// Gives a key a value.
    Put {
        /// Which.
        key: String,
        /// It.
        value: Vec<u8>,
    },
    /// Gives a key a value if it has a certain one now, or none.
    CompareAndSet {
        /// Which.
        key: String,
        /// What it must have; `None` for nothing.
        expected: Option<Vec<u8>>,
        /// What it has then.
        value: Vec<u8>,
    },
    /// Takes a key away.
    Delete {
        /// Which.
        key: String,
    },
    /// Writes something behind what a key has.
    Append {
        /// Which.
        key: String,
        /// What.
        value: Vec<u8>,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// What the key has, or had before it was taken away.
    Held(Option<Vec<u8>>),
    /// It is done; or, of a compare-and-set, it is not, since the key has something else.
    Done(bool),
    /// There would be more in it than there may be.
    TooLong,
    /// What it has is no text, and nothing can be written behind it.
    NoText,
}

/// How long a value may get by appending, in bytes.
pub const VALUE_MAX: usize = 1 << 16;

/// What the value of a number and that of a truth value begin with. No text does.
pub const TAGS: [u8; 2] = [1, 2];

fn is_text(value: &[u8]) -> bool {
    value.first().is_none_or(|first| !TAGS.contains(first))
}

/// Keys and values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kv {
    values: BTreeMap<String, Vec<u8>>,
    tally: Tally,
}

impl Kv {
    /// Does what is asked. The same acts in the same order come to the same on every node.
    pub fn apply(&mut self, operation: &Operation) -> Answer {
        match operation {
            Operation::Get { key } => self.get(key),
            Operation::Put { key, value } => self.set(key, value),
            Operation::CompareAndSet { key, expected, value } => {
                if self.values.get(key) != expected.as_ref() {
                    return Answer::Done(false);
                }
                self.set(key, value)
            }
            Operation::Delete { key } => {
                let held = self.values.remove(key);
                if let Some(held) = &held {
                    self.tally.take(&(key, held));
                }
                Answer::Held(held)
            }
            Operation::Append { key, value } => {
                let held = self.values.get(key).map_or(&[][..], Vec::as_slice);
                if !is_text(held) || (held.is_empty() && !is_text(value)) {
                    return Answer::NoText;
                }
                let whole = [held, value].concat();
                self.set(key, &whole)
            }
        }
    }

    /// What a key has.
    #[must_use]
    pub fn get(&self, key: &str) -> Answer {
        Answer::Held(self.values.get(key).cloned())
    }

    fn set(&mut self, key: &str, value: &[u8]) -> Answer {
        if value.len() > VALUE_MAX {
            return Answer::TooLong;
        }
        self.tally.add(&(key, value));
        if let Some(before) = self.values.insert(key.to_owned(), value.to_owned()) {
            self.tally.take(&(key, &before[..]));
        }
        Answer::Done(true)
    }

    /// A digest of all keys and what they have.
    #[must_use]
    pub const fn digest(&self) -> u64 {
        self.tally.value()
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

fn put_str(text: &str, out: &mut Vec<u8>) {
    put_bytes(out, text.as_bytes());
}

fn put_optional(value: Option<&Vec<u8>>, out: &mut Vec<u8>) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        put_bytes(out, value);
    }
}

fn take_optional(reader: &mut Reader<'_>) -> Result<Option<Vec<u8>>, WireError> {
    Ok(if reader.bool()? { Some(reader.bytes()?.to_vec()) } else { None })
}

impl Encode for Operation {
    fn encode(&self, out: &mut Vec<u8>) {
        let (tag, key) = match self {
            Operation::Get { key } => (1, key),
            Operation::Put { key, .. } => (2, key),
            Operation::CompareAndSet { key, .. } => (3, key),
            Operation::Delete { key } => (4, key),
            Operation::Append { key, .. } => (5, key),
        };
        out.push(tag);
        put_str(key, out);
        match self {
            Operation::Get { .. } | Operation::Delete { .. } => {}
            Operation::Put { value, .. } | Operation::Append { value, .. } => put_bytes(out, value),
            Operation::CompareAndSet { expected, value, .. } => {
                put_optional(expected.as_ref(), out);
                put_bytes(out, value);
            }
        }
    }
}

impl Decode<'_> for Operation {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let (tag, key) = (reader.u8()?, reader.str()?.to_owned());
        Ok(match tag {
            1 => Operation::Get { key },
            2 => Operation::Put { key, value: reader.bytes()?.to_vec() },
            3 => {
                let (expected, value) = (take_optional(reader)?, reader.bytes()?.to_vec());
                Operation::CompareAndSet { key, expected, value }
            }
            4 => Operation::Delete { key },
            5 => Operation::Append { key, value: reader.bytes()?.to_vec() },
            tag => return Err(WireError::Tag { what: "act", tag }),
        })
    }
}

impl Encode for Answer {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Answer::Held(value) => {
                out.push(1);
                put_optional(value.as_ref(), out);
            }
            Answer::Done(done) => out.extend([2, u8::from(*done)]),
            Answer::TooLong => out.push(3),
            Answer::NoText => out.push(4),
        }
    }
}

impl Decode<'_> for Answer {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match reader.u8()? {
            1 => Answer::Held(take_optional(reader)?),
            2 => Answer::Done(reader.bool()?),
            3 => Answer::TooLong,
            4 => Answer::NoText,
            tag => return Err(WireError::Tag { what: "answer", tag }),
        })
    }
}

impl Encode for Kv {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend((self.values.len() as u64).to_be_bytes());
        for (key, value) in &self.values {
            put_str(key, out);
            put_bytes(out, value);
        }
    }
}

impl Decode<'_> for Kv {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let (mut values, mut tally) = (BTreeMap::new(), Tally::default());
        for _ in 0..reader.u64()? {
            let (key, value) = (reader.str()?.to_owned(), reader.bytes()?.to_vec());
            if values.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return Err(WireError::Range("keys"));
            }
            tally.add(&(&key, &value));
            values.insert(key, value);
        }
        Ok(Kv { values, tally })
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operation::Get { key } => write!(f, "get {key}"),
            Operation::Put { key, .. } => write!(f, "put {key}"),
            Operation::CompareAndSet { key, .. } => write!(f, "compare-and-set {key}"),
            Operation::Delete { key } => write!(f, "delete {key}"),
            Operation::Append { key, .. } => write!(f, "append {key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> String {
        "k".to_owned()
    }

    fn put(value: &[u8]) -> Operation {
        Operation::Put { key: key(), value: value.to_vec() }
    }

    #[test]
    fn a_value_is_as_long_as_it_may_be() {
        let mut kv = Kv::default();
        assert!(kv.is_empty());
        assert_eq!(kv.len(), 0);
        assert_eq!(kv.apply(&put(&vec![7; VALUE_MAX])), Answer::Done(true));
        assert_eq!(kv.apply(&put(&vec![7; VALUE_MAX + 1])), Answer::TooLong);
        let append = |len| Operation::Append { key: "other".to_owned(), value: vec![7; len] };
        assert_eq!(kv.apply(&append(VALUE_MAX - 1)), Answer::Done(true));
        assert_eq!(kv.apply(&append(2)), Answer::TooLong);
        assert_eq!(kv.apply(&append(1)), Answer::Done(true));
        assert!(!kv.is_empty());
        assert_eq!(kv.len(), 2);
        for (operation, words) in [
            (Operation::Get { key: key() }, "get k"),
            (put(&[1]), "put k"),
            (
                Operation::CompareAndSet { key: key(), expected: None, value: vec![] },
                "compare-and-set k",
            ),
            (Operation::Delete { key: key() }, "delete k"),
            (Operation::Append { key: key(), value: vec![] }, "append k"),
        ] {
            assert_eq!(operation.to_string(), words);
        }
    }

    #[test]
    fn a_key_has_what_it_was_given_last() {
        let mut kv = Kv::default();
        let get = Operation::Get { key: key() };
        assert_eq!(kv.apply(&get), Answer::Held(None));
        assert_eq!(kv.apply(&put(b"one")), Answer::Done(true));
        let append = Operation::Append { key: key(), value: b"two".to_vec() };
        assert_eq!(kv.apply(&append), Answer::Done(true));
        assert_eq!(kv.apply(&get), Answer::Held(Some(b"onetwo".to_vec())));
        assert_eq!(
            kv.apply(&Operation::Delete { key: key() }),
            Answer::Held(Some(b"onetwo".to_vec()))
        );
        assert!(kv.is_empty());
    }

    /// A number is no text, and no text begins as a number does.
    #[test]
    fn nothing_is_appended_to_a_number() {
        let append = |value: &[u8]| Operation::Append { key: key(), value: value.to_vec() };
        for tag in TAGS {
            let mut kv = Kv::default();
            assert_eq!(kv.apply(&append(&[tag, 7])), Answer::NoText);
            assert!(kv.is_empty());
            assert_eq!(kv.apply(&put(&[tag, 7])), Answer::Done(true));
            assert_eq!(kv.apply(&append(b"x")), Answer::NoText);
            assert_eq!(kv.get("k"), Answer::Held(Some(vec![tag, 7])));
            assert_eq!(kv.apply(&put(b"")), Answer::Done(true));
            assert_eq!(kv.apply(&append(b"x")), Answer::Done(true));
            assert_eq!(kv.apply(&append(&[tag])), Answer::Done(true), "it is no longer first");
        }
    }

    #[test]
    fn compare_and_set_looks_first() {
        let mut kv = Kv::default();
        let set = |expected: Option<&[u8]>, value: &[u8]| Operation::CompareAndSet {
            key: key(),
            expected: expected.map(<[u8]>::to_vec),
            value: value.to_vec(),
        };
        assert_eq!(kv.apply(&set(Some(b"a"), b"b")), Answer::Done(false));
        assert_eq!(kv.apply(&set(None, b"a")), Answer::Done(true));
        assert_eq!(kv.apply(&set(None, b"c")), Answer::Done(false));
        assert_eq!(kv.apply(&set(Some(b"a"), b"b")), Answer::Done(true));
        assert_eq!(kv.get("k"), Answer::Held(Some(b"b".to_vec())));
    }

    #[test]
    fn a_value_has_a_longest_length() {
        let mut kv = Kv::default();
        assert_eq!(kv.apply(&put(&vec![0; VALUE_MAX])), Answer::Done(true));
        let append = Operation::Append { key: key(), value: vec![0] };
        assert_eq!(kv.apply(&append), Answer::TooLong);
        assert_eq!(kv.apply(&put(&vec![0; VALUE_MAX + 1])), Answer::TooLong);
    }

    fn acts() -> impl Strategy<Value = Operation> {
        let value = proptest::collection::vec(any::<u8>(), 0..4);
        (0..5_u8, "[a-c]", proptest::option::of(value.clone()), value).prop_map(
            |(kind, key, expected, value)| match kind {
                0 => Operation::Get { key },
                1 => Operation::Put { key, value },
                2 => Operation::CompareAndSet { key, expected, value },
                3 => Operation::Delete { key },
                _ => Operation::Append { key, value },
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(acts in proptest::collection::vec(acts(), 0..20), bytes: Vec<u8>) {
            let mut kv = Kv::default();
            for operation in acts {
                let answer = kv.apply(&operation);
                prop_assert_eq!(Operation::from_bytes(&operation.to_bytes()), Ok(operation));
                prop_assert_eq!(Answer::from_bytes(&answer.to_bytes()), Ok(answer));
            }
            prop_assert_eq!(Kv::from_bytes(&kv.to_bytes()), Ok(kv));
            let _ = (Operation::from_bytes(&bytes), Answer::from_bytes(&bytes));
            if let Ok(kv) = Kv::from_bytes(&bytes) {
                prop_assert_eq!(kv.to_bytes(), bytes);
            }
        }
    }
}
