//! The client history: what clients asked, and what they were told.
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
}

/// What a client asks of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// Returns the value of a register, of a key, or of a stock counter.
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
}

impl Call {
    /// Whether the call can change its object.
    #[must_use]
    pub const fn writes(&self) -> bool {
        !matches!(self, Call::Read)
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
        }
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
        }
    }
}

impl Decode<'_> for Value {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match reader.u8()? {
            0 => Value::Nil,
            1 => Value::Bool(reader.bool()?),
            2 => Value::Int(reader.i64()?),
            3 => Value::Text(reader.str()?.to_owned()),
            tag => return Err(WireError::Tag { what: "value", tag }),
        })
    }
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
        prop_oneof![
            Just(Value::Nil),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            ".{0,8}".prop_map(Value::Text),
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
        ]
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            value().prop_map(Outcome::Done),
            ".{0,8}".prop_map(Outcome::NotDone),
            ".{0,8}".prop_map(Outcome::Unknown),
        ]
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(object in ".{0,8}", call in call(), outcome in outcome()) {
            let operation = Operation { object, call };
            prop_assert_eq!(Operation::from_bytes(&operation.to_bytes()), Ok(operation));
            prop_assert_eq!(Outcome::from_bytes(&outcome.to_bytes()), Ok(outcome));
        }

        #[test]
        fn no_bytes_make_decoding_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Operation::from_bytes(&bytes);
            let _ = Outcome::from_bytes(&bytes);
        }
    }
}
