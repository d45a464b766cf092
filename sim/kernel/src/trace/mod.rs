//! The trace: the record of a run, its hash, and how it reads.

mod format;
mod observer;
mod store;
mod writer;

pub use format::{Describe, line};
pub use observer::Observer;
pub use store::{Names, Payload, Trace};
pub(crate) use writer::{Body, Head, Writer};
