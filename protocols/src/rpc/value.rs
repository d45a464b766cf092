//! Marshalling: values as bytes in network byte order, and as JSON.

use serde_json::Value as Json;
use simlab_core::wire::{Reader, WireError, put_bytes};

/// What can be a parameter or a result of a remote procedure.
///
/// Integers are in network byte order (RFC 1700), texts and lists after their length. A type of one's own is
/// a record of [`service!`](crate::service).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent: it is no type of a remote procedure",
    label = "not a parameter or result",
    note = "i64, u64, u32, bool, String, Bytes, Number, Vec<T>, Option<T>, and the records of the service can be sent"
)]
pub trait Value: Sized {
    /// What people call it.
    const TYPE: &'static str;
    /// How many bytes it takes at least.
    const LEAST: usize;
    /// Whether it is a list: a procedure with one list for all parameters takes them by place in JSON.
    const LIST: bool = false;

    /// Appends it.
    fn put(&self, out: &mut Vec<u8>);

    /// Reads one.
    ///
    /// # Errors
    /// If the bytes at hand are no such value.
    fn take(reader: &mut Reader<'_>) -> Result<Self, WireError>;

    /// It in JSON.
    fn to_json(&self) -> Json;

    /// Reads one; `None` if this is no such value.
    fn from_json(json: &Json) -> Option<Self>;

    /// What stands for a parameter that is left out; `None` if it must not be.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }

    /// Reads a parameter that may be left out; `None` if it must not be, or if this is no such value.
    #[must_use]
    fn given(json: Option<&Json>) -> Option<Self> {
        json.map_or_else(Self::absent, Self::from_json)
    }
}

// No implementation is recommended by the compiler: the note above names what can be sent, and records of other
// services are no help.

macro_rules! integers {
    ($($type:ty, $as:ident, $read:ident;)*) => { $(
        #[diagnostic::do_not_recommend]
        impl Value for $type {
            const TYPE: &'static str = stringify!($type);
            const LEAST: usize = size_of::<$type>();

            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }

            fn take(reader: &mut Reader<'_>) -> Result<Self, WireError> {
                reader.$read()
            }

            fn to_json(&self) -> Json {
                Json::from(*self)
            }

            fn from_json(json: &Json) -> Option<Self> {
                json.$as()?.try_into().ok()
            }
        }
    )* };
}

integers! {
    i64, as_i64, i64;
    u64, as_u64, u64;
    u32, as_u64, u32;
}

#[diagnostic::do_not_recommend]
impl Value for bool {
    const TYPE: &'static str = "bool";
    const LEAST: usize = 1;

    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        reader.bool()
    }

    fn to_json(&self) -> Json {
        Json::from(*self)
    }

    fn from_json(json: &Json) -> Option<Self> {
        json.as_bool()
    }
}

/// Nothing: the result of a procedure that only says that it is done.
#[diagnostic::do_not_recommend]
impl Value for () {
    const TYPE: &'static str = "nothing";
    const LEAST: usize = 0;

    fn put(&self, _: &mut Vec<u8>) {}

    fn take(_: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(())
    }

    fn to_json(&self) -> Json {
        Json::Null
    }

    fn from_json(json: &Json) -> Option<Self> {
        json.is_null().then_some(())
    }
}

#[diagnostic::do_not_recommend]
impl Value for String {
    const TYPE: &'static str = "String";
    const LEAST: usize = 4;

    fn put(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.as_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        reader.str().map(str::to_owned)
    }

    fn to_json(&self) -> Json {
        Json::from(self.as_str())
    }

    fn from_json(json: &Json) -> Option<Self> {
        json.as_str().map(str::to_owned)
    }
}

/// Bytes that mean nothing to the call. In JSON they are text in hexadecimal digits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bytes(pub Vec<u8>);

#[diagnostic::do_not_recommend]
impl Value for Bytes {
    const TYPE: &'static str = "Bytes";
    const LEAST: usize = 4;

    fn put(&self, out: &mut Vec<u8>) {
        put_bytes(out, &self.0);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        reader.bytes().map(|bytes| Bytes(bytes.to_vec()))
    }

    fn to_json(&self) -> Json {
        let digit = |n: u8| char::from_digit(n.into(), 16).unwrap_or('0');
        Json::from(self.0.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect::<String>())
    }

    fn from_json(json: &Json) -> Option<Self> {
        let text = json.as_str()?.as_bytes();
        let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|n| u8::try_from(n).ok());
        let pairs = text.chunks(2).map(|pair| match pair {
            [a, b] => Some(digit(a)? << 4 | digit(b)?),
            _ => None,
        });
        pairs.collect::<Option<Vec<u8>>>().map(Bytes)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Value> Value for Vec<T> {
    const TYPE: &'static str = "list";
    const LEAST: usize = 4;
    const LIST: bool = true;

    fn put(&self, out: &mut Vec<u8>) {
        let count = u32::try_from(self.len()).expect("no list of ours comes near 2^32");
        out.extend(count.to_be_bytes());
        out.reserve(self.len() * T::LEAST);
        for value in self {
            value.put(out);
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        // What takes no room could be announced in any number.
        let count = reader.u32()? as usize;
        if count > reader.rest().len() / T::LEAST.max(1) {
            return Err(WireError::Truncated);
        }
        let mut list = Vec::with_capacity(count);
        for _ in 0..count {
            list.push(T::take(reader)?);
        }
        Ok(list)
    }

    fn to_json(&self) -> Json {
        Json::from(self.iter().map(T::to_json).collect::<Vec<Json>>())
    }

    fn from_json(json: &Json) -> Option<Self> {
        json.as_array()?.iter().map(T::from_json).collect()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Value> Value for Option<T> {
    const TYPE: &'static str = "optional";
    const LEAST: usize = 1;

    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.is_some()));
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(if reader.bool()? { Some(T::take(reader)?) } else { None })
    }

    fn to_json(&self) -> Json {
        self.as_ref().map_or(Json::Null, T::to_json)
    }

    fn from_json(json: &Json) -> Option<Self> {
        if json.is_null() { Some(None) } else { T::from_json(json).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// A number of JSON: whole where it is, and otherwise a binary fraction. Adding, multiplying and dividing these
/// is the same on all machines (IEEE 754); no other function of them is used.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// A whole number.
    Whole(i64),
    /// Any other number; never infinite, nor none.
    Fraction(f64),
}

impl Number {
    /// The number, whole if it is and fits; `None` if it is infinite or none.
    #[must_use]
    pub fn of(x: f64) -> Option<Number> {
        if !x.is_finite() {
            return None;
        }
        // Below 2^53 the conversion there and back is exact.
        let whole = x as i64;
        let exact = x.abs() < 9_007_199_254_740_992.0 && whole as f64 == x;
        Some(if exact { Number::Whole(whole) } else { Number::Fraction(x) })
    }

    /// The nearest fraction.
    #[must_use]
    pub const fn fraction(self) -> f64 {
        match self {
            Number::Whole(n) => n as f64,
            Number::Fraction(x) => x,
        }
    }

    /// What two numbers come to: exactly if both are whole and so is the result, else as fractions; `None`
    /// if it is infinite or none.
    #[must_use]
    pub fn apply(
        self,
        other: Number,
        whole: fn(i64, i64) -> Option<i64>,
        fraction: fn(f64, f64) -> f64,
    ) -> Option<Number> {
        if let (Number::Whole(a), Number::Whole(b)) = (self, other)
            && let Some(n) = whole(a, b)
        {
            return Some(Number::Whole(n));
        }
        Number::of(fraction(self.fraction(), other.fraction()))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Number::Whole(a), Number::Whole(b)) => a == b,
            (Number::Fraction(a), Number::Fraction(b)) => a.to_bits() == b.to_bits(),
            _ => false,
        }
    }
}

impl Eq for Number {}

impl std::hash::Hash for Number {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        match self {
            Number::Whole(n) => (0, *n as u64).hash(state),
            Number::Fraction(x) => (1, x.to_bits()).hash(state),
        }
    }
}

#[diagnostic::do_not_recommend]
impl Value for Number {
    const TYPE: &'static str = "Number";
    const LEAST: usize = 9;

    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Number::Whole(n) => {
                out.push(0);
                n.put(out);
            }
            Number::Fraction(x) => {
                out.push(1);
                out.extend_from_slice(&x.to_bits().to_be_bytes());
            }
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        match reader.u8()? {
            0 => Ok(Number::Whole(reader.i64()?)),
            1 => match Number::of(f64::from_bits(reader.u64()?)) {
                Some(number @ Number::Fraction(_)) => Ok(number),
                _ => Err(WireError::Range("fraction")),
            },
            tag => Err(WireError::Tag { what: "number", tag }),
        }
    }

    fn to_json(&self) -> Json {
        match self {
            Number::Whole(n) => Json::from(*n),
            Number::Fraction(x) => Json::from(*x),
        }
    }

    fn from_json(json: &Json) -> Option<Self> {
        match json.as_i64() {
            Some(n) => Some(Number::Whole(n)),
            None => Number::of(json.as_f64()?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn there_and_back<T: Value + PartialEq + std::fmt::Debug>(value: &T) {
        let mut bytes = Vec::new();
        value.put(&mut bytes);
        assert!(bytes.len() >= T::LEAST, "{value:?}");
        let mut reader = Reader::new(&bytes);
        assert_eq!(T::take(&mut reader).as_ref(), Ok(value));
        assert_eq!(reader.finish(), Ok(()));
        assert_eq!(T::from_json(&value.to_json()).as_ref(), Some(value));
        let text = value.to_json().to_string();
        let parsed: Json = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(T::from_json(&parsed).as_ref(), Some(value), "{text}");
    }

    /// RFC 1700: the most significant byte first.
    #[test]
    fn bytes_are_in_network_order() {
        let mut bytes = Vec::new();
        0x0102_0304_u32.put(&mut bytes);
        (-2_i64).put(&mut bytes);
        "ab".to_owned().put(&mut bytes);
        let expected = [1, 2, 3, 4, 255, 255, 255, 255, 255, 255, 255, 254, 0, 0, 0, 2, 97, 98];
        assert_eq!(bytes, expected);
    }

    #[test]
    fn whole_numbers_stay_whole() {
        let divide = |a: Number, b: Number| {
            a.apply(b, |a, b| (a.checked_rem(b)? == 0).then(|| a / b), |a, b| a / b)
        };
        let whole = Number::Whole;
        assert_eq!(divide(whole(6), whole(3)), Some(whole(2)));
        assert_eq!(divide(whole(7), whole(2)), Some(Number::Fraction(3.5)));
        assert_eq!(divide(Number::Fraction(4.5), Number::Fraction(1.5)), Some(whole(3)));
        assert_eq!(divide(whole(1), whole(0)), None);
        assert_eq!(Number::of(f64::NAN), None);
        assert_eq!(Number::of(1e300), Some(Number::Fraction(1e300)));
    }

    #[test]
    fn a_list_that_cannot_be_there_is_refused() {
        let mut reader = Reader::new(&[255, 255, 0, 0]);
        assert_eq!(Vec::<u64>::take(&mut reader), Err(WireError::Truncated));
        let mut reader = Reader::new(&[255, 255]);
        assert_eq!(Vec::<()>::take(&mut reader), Err(WireError::Truncated));
    }

    proptest! {
        #[test]
        fn values_come_back(
            n: i64, m: u64, k: u32, x: f64, b: bool, text: String, bytes: Vec<u8>,
            list in proptest::collection::vec(any::<Option<u32>>(), 0..20),
        ) {
            there_and_back(&n);
            there_and_back(&m);
            there_and_back(&k);
            there_and_back(&b);
            there_and_back(&());
            there_and_back(&text);
            there_and_back(&Bytes(bytes));
            there_and_back(&list);
            there_and_back(&Some(text));
            there_and_back(&Number::Whole(n));
            if let Some(number) = Number::of(x) {
                there_and_back(&number);
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            let read = Vec::<Option<Number>>::take(&mut reader);
            if let Ok(read) = read {
                let mut again = Vec::new();
                read.put(&mut again);
                prop_assert_eq!(&again[..], &bytes[..reader.position()]);
            }
        }
    }
}
