//! The words of a client history.
//!
//! One vocabulary for everybody: protocols write it, checkers read it, scenarios spell it out. An
//! operation names an *object* (a key, a product, a lock) and a [`Call`] on it; it ends with an
//! [`Outcome`], or stays open when its client crashed.

use crate::wire::{Decode, Encode, Reader, WireError, put_bytes};
use std::fmt;

/// A value that a client writes or reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Nothing: the object was never written, or the call returns nothing.
    Nil,
    /// Yes or no: did the compare-and-set match, was there enough in stock.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
    /// Several values: what is in a set, in order, or what a transaction read. At most [`NESTED_MAX`]
    /// lists lie in each other.
    List(Vec<Value>),
}

/// So many lists may lie in each other where values are decoded.
pub const NESTED_MAX: usize = 8;

/// What a client asks of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// Returns the value of a register, of a key, or of a counter, or all that is in a set.
    Read,
    /// Sets the value. Returns [`Value::Nil`].
    Write(Value),
    /// Sets the value to `to` if it is `from`. Returns whether it was.
    Cas {
        /// The value it must have.
        from: Value,
        /// The value it then gets.
        to: Value,
    },
    /// Appends to a text. Returns [`Value::Nil`].
    Append(String),
    /// Takes so many units from a stock if there are enough. Returns whether there were.
    Sell(u32),
    /// Puts so many units back into a stock. Returns `true`.
    TakeBack(u32),
    /// Adds to a counter. Returns [`Value::Nil`].
    Add(i64),
    /// Puts an element into a set. Returns whether it was not there, or [`Value::Nil`] if that is not told.
    Insert(Value),
    /// Takes an element out of a set. Returns whether it was there, or [`Value::Nil`] if that is not told.
    Remove(Value),
    /// Returns whether an element is in a set.
    Contains(Value),
    /// Puts an element at the end of a queue. Returns [`Value::Nil`].
    Enqueue(Value),
    /// Takes the first element out of a queue. Returns it, or [`Value::Nil`] if there is none.
    Dequeue,
    /// Takes a lock, which must be free. Returns [`Value::Nil`].
    Acquire,
    /// Gives a lock back, which must be taken. Returns [`Value::Nil`].
    Release,
    /// Reads and writes several registers at one moment. Returns the [list](Value::List) of what it read,
    /// in order.
    Transaction(Vec<Access>),
}

/// A step of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Reads the register of this name.
    Read(String),
    /// Sets the register of this name.
    Write(String, Value),
}

impl Call {
    /// Whether the call can change its object.
    #[must_use]
    pub fn writes(&self) -> bool {
        match self {
            Call::Read | Call::Contains(_) => false,
            Call::Transaction(steps) => steps.iter().any(|step| matches!(step, Access::Write(..))),
            _ => true,
        }
    }
}

/// A call on an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation {
    /// The name of the object.
    pub object: String,
    /// What is asked of it.
    pub call: Call,
}

/// How an operation ended, as its client knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It took effect and returned this.
    Done(Value),
    /// It certainly did not take effect and never will; the text says why.
    NotDone(String),
    /// It may have taken effect, and may do so at any later time; the text says why it is unknown.
    Unknown(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Nil => f.write_str("nil"),
            Value::Bool(b) => write!(f, "{b}"),
            Value::Int(n) => write!(f, "{n}"),
            Value::Text(text) => write!(f, "{text:?}"),
            Value::List(values) => f.debug_list().entries(values.iter().map(Plain)).finish(),
        }
    }
}

/// As it is displayed, also in a list.
struct Plain<'a>(&'a Value);

impl fmt::Debug for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.0, f)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Call::Read => f.write_str("read"),
            Call::Write(value) => write!(f, "write {value}"),
            Call::Cas { from, to } => write!(f, "cas {from} {to}"),
            Call::Append(text) => write!(f, "append {text:?}"),
            Call::Sell(units) => write!(f, "sell {units}"),
            Call::TakeBack(units) => write!(f, "take back {units}"),
            Call::Add(n) => write!(f, "add {n}"),
            Call::Insert(value) => write!(f, "insert {value}"),
            Call::Remove(value) => write!(f, "remove {value}"),
            Call::Contains(value) => write!(f, "contains {value}"),
            Call::Enqueue(value) => write!(f, "enqueue {value}"),
            Call::Dequeue => f.write_str("dequeue"),
            Call::Acquire => f.write_str("acquire"),
            Call::Release => f.write_str("release"),
            Call::Transaction(steps) => {
                let mut sign = "";
                for step in steps {
                    write!(f, "{sign}{step}")?;
                    sign = ", ";
                }
                if steps.is_empty() { f.write_str("nothing") } else { Ok(()) }
            }
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Access::Read(name) => write!(f, "read {name}"),
            Access::Write(name, value) => write!(f, "write {name} {value}"),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.object, self.call)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Done(value) => write!(f, "{value}"),
            Outcome::NotDone(why) => write!(f, "not done: {why}"),
            Outcome::Unknown(why) => write!(f, "unknown: {why}"),
        }
    }
}

impl Encode for Value {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Value::Nil => out.push(0),
            Value::Bool(b) => out.extend([1, u8::from(*b)]),
            Value::Int(n) => {
                out.push(2);
                out.extend(n.to_be_bytes());
            }
            Value::Text(text) => {
                out.push(3);
                put_bytes(out, text.as_bytes());
            }
            Value::List(values) => {
                out.push(4);
                put_count(out, values.len());
                values.iter().for_each(|value| value.encode(out));
            }
        }
    }
}

/// The number of things that follow.
fn put_count(out: &mut Vec<u8>, count: usize) {
    let count = u32::try_from(count).expect("a call has fewer than 2^32 parts");
    out.extend(count.to_be_bytes());
}

/// As many things as are said to follow. Each takes a byte at least, so that no more memory is asked for
/// than there is input.
fn several<'a, T>(
    reader: &mut Reader<'a>,
    one: impl Fn(&mut Reader<'a>) -> Result<T, WireError>,
) -> Result<Vec<T>, WireError> {
    let count = reader.u32()? as usize;
    if count > reader.rest().len() {
        return Err(WireError::Truncated);
    }
    (0..count).map(|_| one(reader)).collect()
}

fn value(reader: &mut Reader<'_>, nested: usize) -> Result<Value, WireError> {
    Ok(match reader.u8()? {
        0 => Value::Nil,
        1 => Value::Bool(reader.bool()?),
        2 => Value::Int(reader.i64()?),
        3 => Value::Text(reader.str()?.to_owned()),
        4 if nested == NESTED_MAX => return Err(WireError::Range("depth of lists")),
        4 => Value::List(several(reader, |reader| value(reader, nested + 1))?),
        tag => return Err(WireError::Tag { what: "value", tag }),
    })
}

impl Decode<'_> for Value {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        value(reader, 0)
    }
}

impl Encode for Access {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Access::Read(name) => {
                out.push(0);
                put_bytes(out, name.as_bytes());
            }
            Access::Write(name, value) => {
                out.push(1);
                put_bytes(out, name.as_bytes());
                value.encode(out);
            }
        }
    }
}

impl Decode<'_> for Access {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match reader.u8()? {
            0 => Access::Read(reader.str()?.to_owned()),
            1 => Access::Write(reader.str()?.to_owned(), Value::decode(reader)?),
            tag => return Err(WireError::Tag { what: "access", tag }),
        })
    }
}

fn put_tagged(out: &mut Vec<u8>, tag: u8, value: &Value) {
    out.push(tag);
    value.encode(out);
}

impl Encode for Call {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Call::Read => out.push(0),
            Call::Write(value) => {
                out.push(1);
                value.encode(out);
            }
            Call::Cas { from, to } => {
                out.push(2);
                from.encode(out);
                to.encode(out);
            }
            Call::Append(text) => {
                out.push(3);
                put_bytes(out, text.as_bytes());
            }
            Call::Sell(units) => {
                out.push(4);
                out.extend(units.to_be_bytes());
            }
            Call::TakeBack(units) => {
                out.push(5);
                out.extend(units.to_be_bytes());
            }
            Call::Add(n) => {
                out.push(6);
                out.extend(n.to_be_bytes());
            }
            Call::Insert(value) => put_tagged(out, 7, value),
            Call::Remove(value) => put_tagged(out, 8, value),
            Call::Contains(value) => put_tagged(out, 9, value),
            Call::Enqueue(value) => put_tagged(out, 10, value),
            Call::Dequeue => out.push(11),
            Call::Acquire => out.push(12),
            Call::Release => out.push(13),
            Call::Transaction(steps) => {
                out.push(14);
                put_count(out, steps.len());
                steps.iter().for_each(|step| step.encode(out));
            }
        }
    }
}

impl Decode<'_> for Call {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match reader.u8()? {
            0 => Call::Read,
            1 => Call::Write(Value::decode(reader)?),
            2 => Call::Cas { from: Value::decode(reader)?, to: Value::decode(reader)? },
            3 => Call::Append(reader.str()?.to_owned()),
            4 => Call::Sell(reader.u32()?),
            5 => Call::TakeBack(reader.u32()?),
            6 => Call::Add(reader.i64()?),
            7 => Call::Insert(Value::decode(reader)?),
            8 => Call::Remove(Value::decode(reader)?),
            9 => Call::Contains(Value::decode(reader)?),
            10 => Call::Enqueue(Value::decode(reader)?),
            11 => Call::Dequeue,
            12 => Call::Acquire,
            13 => Call::Release,
            14 => Call::Transaction(several(reader, Access::decode)?),
            tag => return Err(WireError::Tag { what: "call", tag }),
        })
    }
}

impl Encode for Operation {
    fn encode(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.object.as_bytes());
        self.call.encode(out);
    }
}

impl Decode<'_> for Operation {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Operation { object: reader.str()?.to_owned(), call: Call::decode(reader)? })
    }
}

impl Encode for Outcome {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Outcome::Done(value) => {
                out.push(0);
                value.encode(out);
            }
            Outcome::NotDone(why) => {
                out.push(1);
                put_bytes(out, why.as_bytes());
            }
            Outcome::Unknown(why) => {
                out.push(2);
                put_bytes(out, why.as_bytes());
            }
        }
    }
}

impl Decode<'_> for Outcome {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match reader.u8()? {
            0 => Outcome::Done(Value::decode(reader)?),
            1 => Outcome::NotDone(reader.str()?.to_owned()),
            2 => Outcome::Unknown(reader.str()?.to_owned()),
            tag => return Err(WireError::Tag { what: "outcome", tag }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        let plain = prop_oneof![
            Just(Value::Nil),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            ".{0,8}".prop_map(Value::Text),
        ];
        plain.prop_recursive(3, 8, 4, |inner| {
            proptest::collection::vec(inner, 0..4).prop_map(Value::List)
        })
    }

    fn access() -> impl Strategy<Value = Access> {
        prop_oneof![
            ".{0,4}".prop_map(Access::Read),
            (".{0,4}", value()).prop_map(|(name, value)| Access::Write(name, value)),
        ]
    }

    fn call() -> impl Strategy<Value = Call> {
        prop_oneof![
            Just(Call::Read),
            value().prop_map(Call::Write),
            (value(), value()).prop_map(|(from, to)| Call::Cas { from, to }),
            ".{0,8}".prop_map(Call::Append),
            any::<u32>().prop_map(Call::Sell),
            any::<u32>().prop_map(Call::TakeBack),
            any::<i64>().prop_map(Call::Add),
            value().prop_map(Call::Insert),
            value().prop_map(Call::Remove),
            value().prop_map(Call::Contains),
            value().prop_map(Call::Enqueue),
            Just(Call::Dequeue),
            Just(Call::Acquire),
            Just(Call::Release),
            proptest::collection::vec(access(), 0..4).prop_map(Call::Transaction),
        ]
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            value().prop_map(Outcome::Done),
            ".{0,8}".prop_map(Outcome::NotDone),
            ".{0,8}".prop_map(Outcome::Unknown),
        ]
    }

    #[test]
    fn lists_are_displayed_as_their_values_are() {
        let list = Value::List(vec![
            Value::Int(1),
            Value::List(vec![Value::Nil]),
            Value::Text("a".into()),
        ]);
        assert_eq!(list.to_string(), "[1, [nil], \"a\"]");
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(object in ".{0,8}", call in call(), outcome in outcome()) {
            let operation = Operation { object, call };
            prop_assert_eq!(Operation::from_bytes(&operation.to_bytes()), Ok(operation));
            prop_assert_eq!(Outcome::from_bytes(&outcome.to_bytes()), Ok(outcome));
        }

        /// What claims to have more parts than there are bytes, or too many lists in each other, is refused.
        #[test]
        fn lists_are_bounded(count in any::<u32>(), depth in 0..40_usize) {
            let mut bytes = vec![4];
            bytes.extend(count.to_be_bytes());
            prop_assert_eq!(Value::from_bytes(&bytes).is_ok(), count == 0);
            let nested = [4, 0, 0, 0, 1].repeat(depth);
            let bytes = [&nested[..], &[0]].concat();
            prop_assert_eq!(Value::from_bytes(&bytes).is_ok(), depth <= NESTED_MAX);
        }

        #[test]
        fn no_bytes_make_decoding_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Operation::from_bytes(&bytes);
            let _ = Outcome::from_bytes(&bytes);
        }
    }
}
