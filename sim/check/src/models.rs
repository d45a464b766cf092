//! The kinds of object that a history can be judged by, under their names.

use super::{
    CasRegister, Counter, KeyValue, MultiRegister, Mutex, Object, Queue, Register, Set,
    Specification, Stock,
};
use crate::consistency::{Machine, numbered};
use simlab_core::Value;
use std::fmt;

/// A kind of object.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Its name in scenarios and on the command line.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// Which initial values fit it, in words.
    pub initial: &'static str,
    make: fn(&Value) -> Option<Box<dyn Kind>>,
}

/// A specification of any type, and what the checkers make of it.
trait Kind {
    fn object(&self) -> Object;
    fn machine(&self) -> Box<dyn Machine>;
}

impl<S> Kind for S
where
    S: Specification + Clone + Send + Sync + 'static,
    S::State: Send + Sync,
{
    fn object(&self) -> Object {
        Object::new(self.clone())
    }

    fn machine(&self) -> Box<dyn Machine> {
        numbered(self.clone())
    }
}

#[allow(clippy::unnecessary_wraps, reason = "an initial value may not fit")]
fn kind(spec: impl Kind + 'static) -> Option<Box<dyn Kind>> {
    Some(Box::new(spec))
}

/// All of them, in the order in which they are listed.
pub const MODELS: &[Model] = &[
    Model {
        name: "register",
        summary: "a register: read, write",
        initial: "any value",
        make: |initial| kind(Register { initial: initial.clone() }),
    },
    Model {
        name: "cas-register",
        summary: "a register with compare-and-set: read, write, cas",
        initial: "any value",
        make: |initial| kind(CasRegister { initial: initial.clone() }),
    },
    Model {
        name: "kv",
        summary: "keys with values: get, put, cas, append; each key is judged on its own",
        initial: "any value; nil if the key is missing",
        make: |initial| kind(KeyValue { initial: initial.clone() }),
    },
    Model {
        name: "multi-register",
        summary: "several registers: transactions that read and write some of them at one moment",
        initial: "any value, that of each register",
        make: |initial| kind(MultiRegister { initial: initial.clone() }),
    },
    Model {
        name: "counter",
        summary: "a counter: add, read",
        initial: "a whole number",
        make: |initial| match *initial {
            Value::Nil => kind(Counter { initial: 0 }),
            Value::Int(initial) => kind(Counter { initial }),
            _ => None,
        },
    },
    Model {
        name: "set",
        summary: "a set: insert, remove, contains, read",
        initial: "nil: it is empty",
        make: |initial| (*initial == Value::Nil).then_some(Set).and_then(kind),
    },
    Model {
        name: "queue",
        summary: "a queue, first in, first out: enqueue, dequeue",
        initial: "nil: it is empty",
        make: |initial| (*initial == Value::Nil).then_some(Queue).and_then(kind),
    },
    Model {
        name: "mutex",
        summary: "a lock: acquire, release",
        initial: "nil: it is free",
        make: |initial| (*initial == Value::Nil).then_some(Mutex).and_then(kind),
    },
    Model {
        name: "stock",
        summary: "the stock of a product, never negative: read, sell, take back",
        initial: "a whole number of units, at least 0",
        make: |initial| match *initial {
            Value::Int(initial) if initial >= 0 => kind(Stock { initial }),
            _ => None,
        },
    },
];

/// A model by its name.
///
/// # Errors
/// If there is none of that name.
pub fn model(name: &str) -> Result<&'static Model, ModelError> {
    let found = MODELS.iter().find(|model| model.name == name);
    found.ok_or_else(|| ModelError::Unknown { name: name.to_owned() })
}

impl Model {
    /// An object of this kind.
    ///
    /// # Errors
    /// If `initial` does not fit it.
    pub fn object(&self, initial: &Value) -> Result<Object, ModelError> {
        self.kind(initial).map(|kind| kind.object())
    }

    /// The same with its states numbered, for the search for one order of all objects.
    pub(crate) fn machine(&self, initial: &Value) -> Result<Box<dyn Machine>, ModelError> {
        self.kind(initial).map(|kind| kind.machine())
    }

    fn kind(&self, initial: &Value) -> Result<Box<dyn Kind>, ModelError> {
        (self.make)(initial).ok_or_else(|| ModelError::Initial {
            model: self.name,
            needs: self.initial,
            found: initial.clone(),
        })
    }
}

/// Why there is no such object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelError {
    /// No model has this name.
    Unknown {
        /// The name.
        name: String,
    },
    /// The initial value does not fit the model.
    Initial {
        /// The model.
        model: &'static str,
        /// What fits, in words.
        needs: &'static str,
        /// What was given.
        found: Value,
    },
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name } => write!(f, "there is no model {name:?}"),
            Self::Initial { model, needs, found } => {
                write!(f, "the initial value of a {model} is {needs}, not {found}")
            }
        }
    }
}

impl std::error::Error for ModelError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initial_values_are_checked() {
        let stock = model("stock").expect("it is in the table");
        assert!(stock.object(&Value::Int(60)).is_ok());
        let refused = stock.object(&Value::Text("many".into())).map(|_| ());
        let said =
            "the initial value of a stock is a whole number of units, at least 0, not \"many\"";
        assert_eq!(refused.map_err(|e| e.to_string()), Err(said.to_owned()));
        assert!(stock.object(&Value::Int(-1)).is_err());
        for name in ["register", "cas-register", "kv"] {
            assert!(model(name).expect("it is in the table").object(&Value::Nil).is_ok());
        }
    }

    #[test]
    fn names_are_unique_and_known() {
        for (i, entry) in MODELS.iter().enumerate() {
            assert!(MODELS[..i].iter().all(|other| other.name != entry.name));
            assert_eq!(model(entry.name).map(|found| found.name), Ok(entry.name));
        }
        let unknown = model("stack").map(|_| ()).map_err(|e| e.to_string());
        assert_eq!(unknown, Err("there is no model \"stack\"".to_owned()));
    }
}
