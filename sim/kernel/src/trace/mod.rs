//! The trace: the record of a run, its hash, and how it reads.

mod format;
mod store;
mod writer;

pub use format::{Describe, line};
pub use store::{Names, Payload, Trace};
pub(crate) use writer::{Body, Head, Writer};
