//! The client history: what clients asked and what they were told, and the record of all of it.
//!
//! ```text
//!   vocabulary   Operation = object + Call, Outcome, Value: protocols write it, scenarios spell it out
//!   record       History: a Record for each operation, with its Marks; checkers read it
//! ```

mod record;
mod vocabulary;

pub use record::{End, History, HistoryError, Mark, Record, events};
pub use vocabulary::{Access, Call, NESTED_MAX, Operation, Outcome, Value};
